//! One YAML or JSON document as a tree in which everything knows where it stands.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::model::Redacted;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) spot: Spot,
}

/// What a document is made of. Texts may be secrets, so they do not show and are wiped.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Flag(bool),
    Whole(i64),
    Unsigned(u64),
    Fraction(f64),
    Text(Redacted<String>),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The name of a member of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) spot: Spot,
}

/// A line and column, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// Why a text is no YAML.
#[derive(Debug)]
pub(super) struct SyntaxError {
    pub(super) problem: String,
    pub(super) spot: Spot,
}

/// Reads the documents of one text whose first line is number `first_line` of its file.
pub(super) fn parse(text: &str, first_line: usize) -> Result<Vec<Node>, SyntaxError> {
    // Snippets would quote the input, and the input holds keys.
    let options = serde_saphyr::options! {
        with_snippet: false,
        emit_comments: false,
        budget: serde_saphyr::budget! {
            // What `kubectl get --all-namespaces -o yaml` writes for 20 000 Ingresses is one
            // document of 2 million nodes.
            max_events: 10_000_000,
            max_nodes: 5_000_000,
            max_documents: 100_000,
            max_total_scalar_bytes: 512 * 1024 * 1024,
            max_depth: 64,
        },
    };
    let documents: Result<Vec<Spanned<Value>>, _> =
        serde_saphyr::from_multiple_with_options(text, options);
    match documents {
        Ok(documents) => Ok(documents.into_iter().map(|node| settle(node, first_line)).collect()),
        Err(error) => {
            let spot = Spot::read(error.location().unwrap_or(Location::UNKNOWN));
            let is_template =
                text.lines().nth(spot.line - 1).is_some_and(|line| line.contains("{{"));
            let problem = if is_template {
                "this is a template, not a manifest: render it first".to_owned()
            } else {
                problem(error.without_snippet())
            };
            Err(SyntaxError { problem, spot: spot.below(first_line) })
        }
    }
}

/// The message of the parser, without what it says to programmers. Keys are the only part of the
/// input that a message quotes.
fn problem(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::{Error, UserMessageFormatter};
    if let Error::DuplicateMappingKey { key, .. } = error {
        let is_at_top = error.location().is_some_and(|location| location.column() == 1);
        return match key.as_deref() {
            Some(key @ ("apiVersion" | "kind")) if is_at_top => {
                format!("the key {key:?} stands twice in one mapping: separate documents with ---")
            }
            Some(key) => format!("the key {key:?} stands twice in one mapping"),
            None => "one key stands twice in one mapping".to_owned(),
        };
    }
    let mut rendered = error.render_with_formatter(&UserMessageFormatter);
    if let Some(place) = rendered.find(" at line ") {
        rendered.truncate(place);
    }
    let known = IN_PLAIN_WORDS.iter().find(|(theirs, _)| rendered.starts_with(theirs));
    known.map_or(rendered, |(_, ours)| (*ours).to_owned())
}

/// What the parser says most often, in words that say where to look.
const IN_PLAIN_WORDS: [(&str, &str); 3] = [
    (
        "mapping values are not allowed",
        "no key may stand here: look at the indentation, and for a colon without a blank after it, \
         here and in the line above",
    ),
    (
        "simple key expect",
        "this line or the one above is no key with its value: it lacks a colon with a blank after \
         it, or goes on where it should not",
    ),
    (
        "invalid trailing content after",
        "text follows a closing quote: put the whole value into one pair of quotes",
    ),
];

/// Moves the lines of a tree from those of its text to those of its file.
fn settle(node: Spanned<Value>, first_line: usize) -> Node {
    let spot = Spot::read(node.referenced).below(first_line);
    let mut node = Node { value: node.value, spot };
    node.value.move_below(first_line);
    node
}

impl Spot {
    /// The start of a file.
    pub(super) const START: Self = Self { line: 1, column: 1 };

    fn read(location: Location) -> Self {
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).max(1);
        Self { line: number(location.line()), column: number(location.column()) }
    }

    const fn below(self, first_line: usize) -> Self {
        Self { line: self.line.saturating_add(first_line - 1), column: self.column }
    }
}

impl Value {
    fn move_below(&mut self, first_line: usize) {
        match self {
            Self::Null
            | Self::Flag(_)
            | Self::Whole(_)
            | Self::Unsigned(_)
            | Self::Fraction(_)
            | Self::Text(_) => {}
            Self::List(items) => items.iter_mut().for_each(|item| item.move_below(first_line)),
            Self::Map(members) => {
                for (key, node) in members {
                    key.spot = key.spot.below(first_line);
                    node.move_below(first_line);
                }
            }
        }
    }

    /// What it is, in words.
    pub(super) const fn noun(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Flag(_) => "a boolean",
            Self::Whole(_) | Self::Unsigned(_) | Self::Fraction(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}

impl Node {
    fn move_below(&mut self, first_line: usize) {
        self.spot = self.spot.below(first_line);
        self.value.move_below(first_line);
    }

    /// The members, if it is a mapping.
    pub(super) fn members(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(members) => members,
            Value::Null
            | Value::Flag(_)
            | Value::Whole(_)
            | Value::Unsigned(_)
            | Value::Fraction(_)
            | Value::Text(_)
            | Value::List(_) => &[],
        }
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null
            | Value::Flag(_)
            | Value::Whole(_)
            | Value::Unsigned(_)
            | Value::Fraction(_)
            | Value::Text(_)
            | Value::Map(_) => &[],
        }
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text.reveal()),
            Value::Null
            | Value::Flag(_)
            | Value::Whole(_)
            | Value::Unsigned(_)
            | Value::Fraction(_)
            | Value::List(_)
            | Value::Map(_) => None,
        }
    }

    /// One member of a mapping.
    pub(super) fn member(&self, name: &str) -> Option<&Self> {
        self.members().iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// Whether there is nothing in it.
    pub(super) const fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Whole(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Unsigned(number), Value::Whole))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Fraction(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Redacted::new(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::Text(Redacted::new(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Spanned { value, referenced, .. }) = seq.next_element::<Spanned<Value>>()? {
            items.push(Node { value, spot: Spot::read(referenced) });
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let Spanned { value, referenced, .. } = map.next_value::<Spanned<Value>>()?;
            members.push((
                Key { name: key.value, spot: Spot::read(key.referenced) },
                Node { value, spot: Spot::read(referenced) },
            ));
        }
        Ok(Value::Map(members))
    }
}
