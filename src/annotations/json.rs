//! JSON as people write it into annotations: with messages for typographic quotes and positions,
//! and without losing a member that is given twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::ParseError;

/// A JSON value that keeps the members of objects in the order and number in which they stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// An object.
    Object(Vec<(String, Self)>),
    /// A list.
    List(Vec<Self>),
    /// Anything else.
    Plain(serde_json::Value),
}

/// Reads a JSON value.
pub(super) fn parse(text: &str) -> Result<Node, ParseError> {
    if text.trim().is_empty() {
        return Err(ParseError::Empty);
    }
    refuse_typographic_quotes(text)?;
    serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        ParseError::Json { line, column, reason: reason(&error, text) }
    })
}

/// What is wrong, in words for people who do not write JSON every day.
fn reason(error: &serde_json::Error, text: &str) -> String {
    if error.is_eof() {
        return "a quote or bracket is still open".to_owned();
    }
    let whole = error.to_string();
    let reason = whole.split(" at line ").next().unwrap_or_default();
    match reason {
        "expected value" => match word_at(text, error.line(), error.column()) {
            "" => "a value is missing".to_owned(),
            word => format!("{word:?} is no value and stands in no quotes"),
        },
        "key must be a string" => "a name stands in no double quotes".to_owned(),
        "trailing characters" => "more follows after its end".to_owned(),
        other => other.to_owned(),
    }
}

/// The word that stands at a place, in part if it is long.
fn word_at(text: &str, line: usize, column: usize) -> &str {
    let line = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let rest = line.get(column.saturating_sub(1)..).unwrap_or_default();
    let is_end = |c: char| c.is_whitespace() || "{}[],:".contains(c);
    let word = rest.split(is_end).next().unwrap_or_default();
    word.char_indices().nth(LONGEST_WORD).map_or(word, |(end, _)| &word[..end])
}

const LONGEST_WORD: usize = 24;

/// Reads an object with at least one member; no name may occur twice, whatever its case, if `fold`
/// makes no difference between cases.
pub(super) fn object(
    node: Node,
    (wanted, example): (&'static str, &'static str),
    fold: impl Fn(&str) -> String,
) -> Result<Vec<(String, Node)>, ParseError> {
    let Node::Object(members) = node else {
        return Err(ParseError::Shape { wanted, example });
    };
    if members.is_empty() {
        return Err(ParseError::Empty);
    }
    let mut seen = std::collections::BTreeSet::new();
    for (name, _) in &members {
        if !seen.insert(fold(name)) {
            return Err(ParseError::MemberRepeated { member: name.clone() });
        }
    }
    Ok(members)
}

/// Says so if a word processor has been at work.
pub(super) fn refuse_typographic_quotes(text: &str) -> Result<(), ParseError> {
    let typographic = |c: &char| matches!(c, '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}');
    match text.chars().find(typographic) {
        Some(quote) => Err(ParseError::TypographicQuotes { quote }),
        None => Ok(()),
    }
}

impl Node {
    /// As JSON, for messages.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Object(members) => {
                members.iter().map(|(name, node)| (name.clone(), node.to_json())).collect()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Plain(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Plain(serde_json::Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_json_says_where_it_breaks() {
        let error = parse(r#"{"sessreuse" : "enabled", "sesstimeout : "120"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the value is not JSON: expected `:` at line 1, column 43");
    }

    #[test]
    fn broken_json_is_explained() {
        for (text, reason) in [
            ("{\"a\": \"b\"", "a quote or bracket is still open at line 1, column 9"),
            ("{\"a\": True}", "\"True\" is no value and stands in no quotes at line 1, column 7"),
            (
                "{\"a\": <name>}",
                "\"<name>\" is no value and stands in no quotes at line 1, column 7",
            ),
            ("{\"a\": }", "a value is missing at line 1, column 7"),
            (
                "profile_name",
                "\"profile_name\" is no value and stands in no quotes at line 1, column 1",
            ),
            ("{'a': 'b'}", "a name stands in no double quotes at line 1, column 2"),
            ("{\"a\": 1} }", "more follows after its end at line 1, column 10"),
            ("{\"a\": é}", "\"é\" is no value and stands in no quotes at line 1, column 7"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert_eq!(error, format!("the value is not JSON: {reason}"), "{text}");
        }
    }

    #[test]
    fn typographic_quotes_are_called_by_their_name() {
        let error = parse("{\u{201c}apache\u{201d}: \u{201c}True\u{201d}}").unwrap_err();
        assert!(error.to_string().contains("typographic quotes"), "{error}");
    }

    #[test]
    fn a_member_that_is_given_twice_is_noticed() {
        let shape = ("an object", "{}");
        let read = |text, fold: fn(&str) -> String| object(parse(text).unwrap(), shape, fold);
        let twice = r#"{"HSTS": "on", "hsts": "off"}"#;
        assert!(read(twice, str::to_lowercase).is_err());
        assert!(read(twice, str::to_owned).is_ok());
        assert!(read(r#"{"a": 1, "a": 1}"#, str::to_owned).is_err());
    }
}
