//! Turns what a client wrote into what the appliance stores: right type, canonical spelling,
//! within its limits. Numbers may come as text and text as numbers, and enum values in any case
//! (documented); answers are strict.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::spelling;
use crate::code;
use crate::command::Refusal;
use crate::schema::{Field, FieldKind, Kind};
use crate::state::Fields;

/// Checks and normalises the fields of a body or of `args`, whatever the operation.
pub(crate) fn fields(kind: &'static Kind, given: &Map<String, Value>) -> Result<Fields, Refusal> {
    let mut fields = Fields::new();
    for (name, value) in given {
        let Some((name, field)) = kind.field(name) else {
            return Err(Refusal::about(code::NOSUCHARG, spelling::argument(name)));
        };
        fields.insert(name, value_of(name, field, value)?);
    }
    Ok(fields)
}

/// Checks and normalises one value.
pub(crate) fn value_of(name: &str, field: &Field, value: &Value) -> Result<Value, Refusal> {
    match field.kind {
        FieldKind::Text => text(name, field, value).map(Value::String),
        FieldKind::Integer | FieldKind::Double => number(name, field, value).map(Value::from),
        FieldKind::Boolean => boolean(name, value).map(Value::Bool),
        FieldKind::Texts => list(value, |item| text(name, field, item).map(Value::String)),
        FieldKind::Integers | FieldKind::Doubles => {
            list(value, |item| number(name, field, item).map(Value::from))
        }
        FieldKind::Objects => list(value, |item| object(name, field, item)),
    }
}

/// Whether a name of an object is legal (documented, code 1075). Servers may be named by address.
pub(crate) fn is_name(name: &str) -> bool {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    let rest = |c: char| c.is_ascii_alphanumeric() || "_#. :@=-".contains(c);
    (first && chars.all(rest)) || name.parse::<IpAddr>().is_ok()
}

fn text(name: &str, field: &Field, value: &Value) -> Result<String, Refusal> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(wrong_type(name));
        }
    };
    if !field.values.is_empty() {
        return canonical(name, field, &text);
    }
    let length = text.chars().count();
    if field.min_len.is_some_and(|least| length < least) {
        return Err(Refusal::about(code::STRMINLEN, spelling::argument(name)));
    }
    if field.max_len.is_some_and(|most| length > most) {
        return Err(Refusal::about(code::STRMAXLEN, spelling::argument(name)));
    }
    Ok(text)
}

fn canonical(name: &str, field: &Field, text: &str) -> Result<String, Refusal> {
    field.values.iter().find(|value| value.eq_ignore_ascii_case(text)).cloned().ok_or_else(|| {
        Refusal::about(code::ARGVALBAD, format_args!("{}, {text}", spelling::argument(name)))
    })
}

fn number(name: &str, field: &Field, value: &Value) -> Result<i64, Refusal> {
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            return Err(wrong_type(name));
        }
    };
    let about = |code| Refusal::about(code, spelling::argument(name));
    let number = number.ok_or_else(|| about(code::ARGVALBAD))?;
    if field.min.is_some_and(|least| number < least) {
        return Err(about(code::INTMINVAL));
    }
    if field.max.is_some_and(|most| number > most) {
        return Err(about(code::INTMAXVAL));
    }
    Ok(number)
}

/// `1.0` counts as 1: the vendor's Ansible collection sends numbers so.
fn whole(number: f64) -> Option<i64> {
    let exact = number.fract() == 0.0 && number.abs() < 9.0e15;
    exact.then(|| format!("{number:.0}").parse().ok()).flatten()
}

fn boolean(name: &str, value: &Value) -> Result<bool, Refusal> {
    let spelled = |text: &str, words: [&str; 2]| words.iter().any(|w| w.eq_ignore_ascii_case(text));
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if spelled(text, ["true", "yes"]) => Ok(true),
        Value::String(text) if spelled(text, ["false", "no"]) => Ok(false),
        Value::String(text) => Err(Refusal::about(
            code::ARGVALBAD,
            format_args!("{}, {text}", spelling::argument(name)),
        )),
        Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            Err(wrong_type(name))
        }
    }
}

/// A list, or one value in its place.
fn list(value: &Value, item: impl Fn(&Value) -> Result<Value, Refusal>) -> Result<Value, Refusal> {
    match value {
        Value::Array(items) => items.iter().map(item).collect::<Result<_, _>>().map(Value::Array),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Ok(Value::Array(vec![item(value)?]))
        }
    }
}

fn object(name: &str, field: &Field, value: &Value) -> Result<Value, Refusal> {
    let given = value.as_object().ok_or_else(|| wrong_type(name))?;
    let mut members = Map::new();
    for (member, default) in &field.item_fields {
        members.extend(default.default.clone().map(|value| (member.clone(), value)));
    }
    for (member, value) in given {
        let known = field
            .item_fields
            .get(member)
            .ok_or_else(|| Refusal::about(code::NOSUCHARG, spelling::argument(member)))?;
        members.insert(member.clone(), value_of(member, known, value)?);
    }
    Ok(Value::Object(members))
}

fn wrong_type(name: &str) -> Refusal {
    Refusal::about(code::NITRO_INVALID_JSON_DATATYPE, spelling::argument(name))
}
