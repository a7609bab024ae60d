//! What is known about every NITRO type, as data: `schema.json` and the questions we ask of it.
//!
//! The facts are those of release 14.1. They say which fields a type has, their types, enums,
//! ranges, defaults, and what they refer to. What they cannot say (conditional rules) only the
//! appliance knows.

mod managed;
mod nearest;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::model::{Fields, Kind, Value};
pub use managed::managed_fields;
pub use nearest::{distance, nearest};

/// The facts about one type.
#[derive(Debug, Deserialize)]
pub struct TypeFacts {
    /// The fields that name an object of the type.
    #[serde(default)]
    pub key: Vec<String>,
    /// Everything that can be set or read.
    pub fields: BTreeMap<String, FieldFacts>,
    /// The fields that each verb takes.
    #[serde(default)]
    pub actions: BTreeMap<String, Vec<String>>,
}

/// The facts about one field.
#[derive(Debug, Deserialize)]
pub struct FieldFacts {
    /// `string`, `int`, `double` (always a whole number), `bool`, `string[]`, `object[]`.
    #[serde(rename = "type")]
    pub wire_type: String,
    /// The values of an enum, in NITRO's case.
    #[serde(default, rename = "enum")]
    pub allowed: Vec<String>,
    /// What an unset field reads back as (documented).
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// What an unset field reads back as, if it does, where the reference names no default (seen
    /// from dumps and configurations, or documented elsewhere).
    #[serde(default)]
    pub absent: Option<serde_json::Value>,
    /// The types that its value may name, with `|` between them.
    #[serde(default)]
    pub refers_to: Option<String>,
    /// Words that name no object though the field is a reference.
    #[serde(default)]
    pub ref_literals: Vec<String>,
    /// Smallest number.
    #[serde(default)]
    pub min: Option<i64>,
    /// Greatest number.
    #[serde(default)]
    pub max: Option<i64>,
    /// Longest text, in bytes.
    #[serde(default)]
    pub max_len: Option<usize>,
    /// Output only.
    #[serde(default)]
    pub readonly: bool,
    /// Accepted at creation and never again.
    #[serde(default)]
    pub immutable: bool,
    /// Unknown to appliances of late 2022: sent only when an annotation asks for it.
    #[serde(default)]
    pub recent: bool,
    /// The side of TLS that a field of `sslprofile` belongs to (`frontend`, `backend`).
    #[serde(default)]
    pub applies_to: Option<String>,
}

/// Why a value does not fit its field. The text makes sense after "because ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// The type has no such field.
    #[error("{kind} has no field {field:?}")]
    UnknownField {
        /// The type.
        kind: Kind,
        /// The name as written.
        field: String,
        /// The field that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The field is output only.
    #[error("{field:?} of {kind} can only be read")]
    ReadOnly {
        /// The type.
        kind: Kind,
        /// The field.
        field: &'static str,
    },
    /// Not one of the enum's values.
    #[error("{value:?} is not a value of {field:?}")]
    NotAllowed {
        /// The field.
        field: &'static str,
        /// The value as written.
        value: String,
        /// What may stand there.
        allowed: &'static [String],
    },
    /// A number out of range.
    #[error("{value} is out of the range of {field:?}: {min} to {max}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The value.
        value: i64,
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// A text that is too long.
    #[error("the value of {field:?} is longer than {max} bytes")]
    TooLong {
        /// The field.
        field: &'static str,
        /// The limit.
        max: usize,
    },
    /// Another type of value is wanted.
    #[error("{value} is not a {wanted}, as {field:?} wants")]
    WrongType {
        /// The field.
        field: &'static str,
        /// The value as written, in JSON.
        value: String,
        /// What the field takes.
        wanted: &'static str,
    },
}

static TYPES: LazyLock<BTreeMap<String, TypeFacts>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("schema.json")).expect("schema.json is part of the program")
});

/// The facts about a type.
pub fn facts(kind: Kind) -> &'static TypeFacts {
    TYPES.get(kind.name()).expect("every Kind is in schema.json")
}

/// The fact about one field, under its own spelling.
pub fn field(kind: Kind, name: &str) -> Option<(&'static str, &'static FieldFacts)> {
    facts(kind).fields.get_key_value(name).map(|(name, facts)| (name.as_str(), facts))
}

/// The value that a field has when nobody sets it; only such fields may be set, since only they
/// can be taken back.
pub fn reset_value(kind: Kind, name: &str) -> Option<Value> {
    let (name, facts) = field(kind, name)?;
    let value = facts.default.as_ref().or(facts.absent.as_ref())?;
    normalise_value(name, facts, value).ok()
}

/// The field of a kind that a word was probably meant as.
pub fn nearest_field(kind: Kind, word: &str) -> Option<&'static str> {
    nearest(&word.to_ascii_lowercase(), facts(kind).fields.keys().map(String::as_str))
}

/// The objects that fields name: each field that names one, and its name.
pub fn references(kind: Kind, fields: &Fields) -> impl Iterator<Item = (&str, &str)> {
    fields.iter().filter_map(move |(name, value)| {
        let (_, facts) = field(kind, name)?;
        let object = value.as_text()?;
        let is_own = facts.ref_literals.iter().any(|literal| literal == object);
        (facts.refers_to.is_some() && !is_own).then_some((name.as_str(), object))
    })
}

/// Reads one field as a person or the appliance wrote it: any case of name and enum, numbers and
/// booleans in quotes. Gives NITRO's own spelling of both.
pub fn normalise(
    kind: Kind,
    name: &str,
    value: &serde_json::Value,
) -> Result<(&'static str, Value), Mismatch> {
    let folded = name.to_ascii_lowercase();
    let Some((name, facts)) = field(kind, &folded) else {
        let nearest = nearest_field(kind, name);
        return Err(Mismatch::UnknownField { kind, field: name.to_owned(), nearest });
    };
    Ok((name, normalise_value(name, facts, value)?))
}

/// Reads those of `wanted` fields that an answer holds. A value that does not fit the schema is
/// left out: it then differs from whatever is desired, which is the truth.
pub fn read_fields<'a>(
    kind: Kind,
    answer: impl Iterator<Item = (&'a str, &'a serde_json::Value)>,
    wanted: impl Fn(&str) -> bool,
) -> Fields {
    let known = answer.filter(|(name, _)| wanted(name));
    known
        .filter_map(|(name, value)| normalise(kind, name, value).ok())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn normalise_value(
    field: &'static str,
    facts: &'static FieldFacts,
    value: &serde_json::Value,
) -> Result<Value, Mismatch> {
    let wrong = |wanted| Mismatch::WrongType { field, value: value.to_string(), wanted };
    match facts.wire_type.as_str() {
        "int" | "double" => {
            let quoted = value.as_str().and_then(|text| text.trim().parse().ok());
            let number = value.as_i64().or(quoted).ok_or_else(|| wrong("whole number"))?;
            number_in_range(field, facts, number)
        }
        "bool" => {
            let quoted = value.as_str().map(str::to_ascii_lowercase);
            match (value.as_bool(), quoted.as_deref()) {
                (Some(flag), _) => Ok(Value::Flag(flag)),
                (None, Some("true" | "yes")) => Ok(Value::Flag(true)),
                (None, Some("false" | "no")) => Ok(Value::Flag(false)),
                (None, _) => Err(wrong("boolean")),
            }
        }
        "string[]" => {
            let one = text_of(value).map(|text| vec![text]);
            let many = value.as_array().and_then(|items| items.iter().map(text_of).collect());
            one.or(many).map(Value::List).ok_or_else(|| wrong("list of texts"))
        }
        "object[]" => Err(wrong("list of objects")),
        _ => normalise_text(field, facts, value),
    }
}

fn normalise_text(
    field: &'static str,
    facts: &'static FieldFacts,
    value: &serde_json::Value,
) -> Result<Value, Mismatch> {
    let Some(text) = text_of(value) else {
        return Err(Mismatch::WrongType { field, value: value.to_string(), wanted: "text" });
    };
    if let Some(max) = facts.max_len.filter(|max| text.len() > *max) {
        return Err(Mismatch::TooLong { field, max });
    }
    if facts.allowed.is_empty() {
        let literal = facts.ref_literals.iter().find(|word| word.eq_ignore_ascii_case(&text));
        return Ok(Value::from(literal.cloned().unwrap_or(text)));
    }
    let exact = facts.allowed.iter().find(|allowed| allowed.eq_ignore_ascii_case(&text));
    exact
        .or_else(|| switch(facts, &text))
        .map(|allowed| Value::from(allowed.clone()))
        .ok_or(Mismatch::NotAllowed { field, value: text, allowed: &facts.allowed })
}

/// The value that `ENABLE`, `on` or `yes` means for a field with two positions, whichever words it
/// has for them.
fn switch(facts: &'static FieldFacts, word: &str) -> Option<&'static String> {
    const POSITIONS: [&[&str]; 2] = [
        &["ENABLED", "YES", "ON", "TRUE", "ENABLE"],
        &["DISABLED", "NO", "OFF", "FALSE", "DISABLE"],
    ];
    let is_one = |words: &&[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let words = POSITIONS.into_iter().find(|words| is_one(words))?;
    let mut meant = facts.allowed.iter().filter(|allowed| words.contains(&allowed.as_str()));
    // Where two values could be meant, none is.
    meant.next().filter(|_| meant.next().is_none())
}

/// A text, or the text of a number.
fn text_of(value: &serde_json::Value) -> Option<String> {
    let number = value.as_number().map(ToString::to_string);
    value.as_str().map(str::to_owned).or(number)
}

fn number_in_range(field: &'static str, facts: &FieldFacts, value: i64) -> Result<Value, Mismatch> {
    let (min, max) = (facts.min.unwrap_or(i64::MIN), facts.max.unwrap_or(i64::MAX));
    if (min..=max).contains(&value) {
        return Ok(Value::Number(value));
    }
    Err(Mismatch::OutOfRange { field, value, min, max })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_is_in_the_schema() {
        for kind in Kind::ALL {
            assert!(!facts(*kind).fields.is_empty(), "{kind}");
        }
    }

    #[test]
    fn every_managed_field_is_in_the_schema() {
        for kind in Kind::ALL {
            for name in managed_fields(*kind) {
                assert!(field(*kind, name).is_some_and(|(_, f)| !f.readonly), "{kind} {name}");
            }
        }
    }

    #[test]
    fn a_field_reads_the_same_however_it_is_written() {
        let read = |name, value| normalise(Kind::SSLPROFILE, name, &value).unwrap();
        for value in ["ENABLED", "enabled", "Enable", "on"] {
            assert_eq!(read("TLS13", json!(value)), ("tls13", Value::from("ENABLED")));
        }
        assert_eq!(read("sesstimeout", json!("120")), ("sesstimeout", Value::Number(120)));
        assert_eq!(read("denysslreneg", json!("nonsecure")).1, Value::from("NONSECURE"));
    }

    #[test]
    fn what_does_not_fit_says_what_would() {
        let refuse = |name, value| normalise(Kind::SSLPROFILE, name, &value).unwrap_err();
        assert_eq!(
            refuse("clientaut", json!("enabled")),
            Mismatch::UnknownField {
                kind: Kind::SSLPROFILE,
                field: "clientaut".to_owned(),
                nearest: Some("clientauth")
            }
        );
        assert_eq!(
            refuse("clientauth", json!("maybe")).to_string(),
            r#""maybe" is not a value of "clientauth""#
        );
        assert_eq!(
            refuse("encrypttriggerpktcount", json!(9)).to_string(),
            r#"9 is out of the range of "encrypttriggerpktcount": 10 to 50"#
        );
        assert_eq!(
            refuse("sesstimeout", json!("soon")).to_string(),
            r#""soon" is not a whole number, as "sesstimeout" wants"#
        );
    }
}
