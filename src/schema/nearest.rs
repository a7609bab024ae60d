//! "Did you mean": the known word that a mistyped one is closest to.

/// The candidate with the smallest edit distance to `word`, if it is close enough to be meant:
/// within a third of the word's length, at least 2.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// The number of characters to insert, delete or replace to turn one word into the other
/// (Levenshtein).
pub fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_edits() {
        for (left, right, edits) in
            [("", "", 0), ("ca-secret", "ca-secrets", 1), ("kitten", "sitting", 3), ("", "ab", 2)]
        {
            assert_eq!(distance(left, right), edits, "{left} {right}");
        }
    }

    #[test]
    fn a_word_that_is_like_nothing_has_no_nearest() {
        assert_eq!(nearest("cloud", ["ca-secret", "frontend-ip"].into_iter()), None);
        assert_eq!(
            nearest("ca_secrt", ["ca_secret", "frontend_ip"].into_iter()),
            Some("ca_secret")
        );
    }
}
