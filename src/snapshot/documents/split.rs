//! Cuts a file into documents before anything is parsed, so that an error in one does not hide
//! those in the others.

/// One document, still as text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chunk<'a> {
    pub(super) text: &'a str,
    /// The line of the file that it starts in, from 1.
    pub(super) first_line: usize,
}

/// Cuts a YAML file at its `---` lines, or a stream of JSON values between them.
pub(super) fn split(text: &str) -> Vec<Chunk<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let starts = json_starts(text).unwrap_or_else(|| document_starts(text));
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let mut line = 1;
    let mut chunks = Vec::new();
    for (start, end) in starts.iter().copied().zip(ends) {
        let text = &text[start..end];
        chunks.push(Chunk { text, first_line: line });
        line += text.matches('\n').count();
    }
    chunks
}

/// Where the documents of a YAML file start. A `---` line after nothing but comments and
/// directives belongs to what stands before it.
fn document_starts(text: &str) -> Vec<usize> {
    let mut starts = vec![0];
    let mut offset = 0;
    let mut has_content = false;
    for line in text.split_inclusive('\n') {
        let marker = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace));
        if marker && has_content {
            starts.push(offset);
        }
        let is_bare = line.trim().is_empty() || line.trim_start().starts_with('#');
        has_content = marker || has_content || !(is_bare || line.starts_with('%'));
        offset += line.len();
    }
    starts
}

/// Where the values of a JSON stream start; `None` if the text is none, or holds only one value.
fn json_starts(text: &str) -> Option<Vec<usize>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde::de::IgnoredAny>();
    let mut starts = vec![0];
    while let Some(value) = values.next() {
        value.ok()?;
        starts.push(values.byte_offset());
    }
    // What follows the last value is blank.
    starts.pop();
    (starts.len() > 1).then_some(starts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<(usize, &str)> {
        split(text).into_iter().map(|chunk| (chunk.first_line, chunk.text.trim())).collect()
    }

    #[test]
    fn a_file_is_cut_at_its_document_markers() {
        assert_eq!(
            lines("a: 1\n---\nb: 2\n--- # two\nc: 3\n---\n"),
            [(1, "a: 1"), (2, "---\nb: 2"), (4, "--- # two\nc: 3"), (6, "---")]
        );
        assert_eq!(lines("---x: 1\n----\n"), [(1, "---x: 1\n----")]);
    }

    #[test]
    fn directives_and_comments_stay_with_their_document() {
        assert_eq!(lines("# one\n%YAML 1.2\n---\na: 1\n"), [(1, "# one\n%YAML 1.2\n---\na: 1")]);
    }

    #[test]
    fn a_json_stream_is_cut_between_its_values() {
        assert_eq!(lines("{\"a\": 1}\n{\"b\": 2}\n"), [(1, "{\"a\": 1}"), (1, "{\"b\": 2}")]);
        assert_eq!(lines("{\"a\": 1}\n"), [(1, "{\"a\": 1}")]);
        assert_eq!(lines("{a: 1}\n---\n{b: 2}\n"), [(1, "{a: 1}"), (2, "---\n{b: 2}")]);
    }
}
