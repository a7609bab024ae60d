//! Reading the objects of answers: fields as the schema spells them, bindings by their identity.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use super::request::SSL_DIRECTORY;
use crate::model::{BindingId, BindingShape, Kind, Role, Value};
use crate::schema;

/// One object of an answer. A whole appliance is tens of thousands of them, so that they are kept
/// small: names of fields that the schema knows are not copied.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row(Box<[(Cow<'static, str>, Json)]>);

impl Row {
    /// The value of a field, as it was sent.
    pub fn get(&self, field: &str) -> Option<&Json> {
        // Of two that are called the same, the last counts, as in most readers of JSON.
        self.0.iter().rfind(|(name, _)| name == field).map(|(_, value)| value)
    }

    /// All fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value))
    }

    /// Drops all other fields.
    pub(crate) fn keep(&mut self, is_kept: impl Fn(&str) -> bool) {
        let mut fields = std::mem::take(&mut self.0).into_vec();
        fields.retain(|(name, _)| is_kept(name));
        self.0 = fields.into_boxed_slice();
    }
}

impl From<Map<String, Json>> for Row {
    fn from(fields: Map<String, Json>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect())
    }
}

/// Reads one row of a type.
#[derive(Clone, Copy)]
struct RowOf(&'static str);

impl<'de> DeserializeSeed<'de> for RowOf {
    type Value = Row;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for RowOf {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object of type {}", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
        let kind = Kind::parse(self.0);
        let mut fields: Vec<(Cow<'static, str>, Json)> = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let known = kind.and_then(|kind| schema::field(kind, &name));
            let name = known.map_or_else(|| Cow::Owned(name.into_owned()), |(name, _)| name.into());
            fields.push((name, map.next_value()?));
        }
        Ok(Row(fields.into_boxed_slice()))
    }
}

/// Reads all rows of a type: a list of objects, or the object that a singleton is.
#[derive(Clone, Copy)]
pub(super) struct RowsOf(pub(super) &'static str);

impl<'de> DeserializeSeed<'de> for RowsOf {
    type Value = Vec<Row>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Row>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowsOf {
    type Value = Vec<Row>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list of objects of type {}", self.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<Row>, A::Error> {
        Ok(vec![RowOf(self.0).visit_map(map)?])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Row>, A::Error> {
        let mut rows = Vec::new();
        while let Some(row) = list.next_element_seed(RowOf(self.0))? {
            rows.push(row);
        }
        Ok(rows)
    }
}

/// A text that is there and not empty.
pub(crate) fn text<'a>(row: &'a Row, field: &str) -> Option<&'a str> {
    row.get(field).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// A whole number, with or without quotes.
pub(crate) fn number(row: &Row, field: &str) -> Option<i64> {
    match row.get(field)? {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    }
}

/// A value as text, whether it is one, a number or a flag.
pub(crate) fn shown(row: &Row, field: &str) -> Option<String> {
    match row.get(field)? {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// One field as the schema spells it.
pub(crate) fn read(kind: Kind, row: &Row, field: &str) -> Option<Value> {
    schema::normalise(kind, field, row.get(field)?).ok().map(|(_, value)| value)
}

/// One text field as the schema spells it, if it is not empty.
pub(crate) fn read_text(kind: Kind, row: &Row, field: &str) -> Option<String> {
    let value = read(kind, row, field)?;
    value.as_text().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Which binding a row is; the field that it lacks, if it is none.
pub(crate) fn binding(shape: &BindingShape, row: &Row) -> Result<BindingId, &'static str> {
    let parent = text(row, shape.parent_field).ok_or(shape.parent_field)?;
    let child = text(row, shape.answered_as).ok_or(shape.answered_as)?;
    Ok(BindingId::new(shape.kind, parent, child, role(shape.kind, row)?))
}

fn role(kind: Kind, row: &Row) -> Result<Role, &'static str> {
    let flag = |field| matches!(read(kind, row, field), Some(Value::Flag(true)));
    match kind {
        Kind::SSLVSERVER_SSLCERTKEY | Kind::SSLSERVICEGROUP_SSLCERTKEY => {
            Ok(match (flag("ca"), flag("snicert")) {
                (true, _) => Role::Ca,
                (false, true) => Role::Sni,
                (false, false) => Role::Plain,
            })
        }
        Kind::SERVICEGROUP_MEMBER => {
            let port = read(kind, row, "port").as_ref().and_then(Value::as_number);
            port.and_then(|port| u16::try_from(port).ok()).map(Role::Port).ok_or("port")
        }
        Kind::CSVSERVER_REWRITEPOLICY => match read_text(kind, row, "bindpoint").as_deref() {
            Some("RESPONSE") => Ok(Role::Response),
            _ => Ok(Role::Request),
        },
        Kind::CSVSERVER_RESPONDERPOLICY | Kind::LBVSERVER_RESPONDERPOLICY => Ok(Role::Request),
        _ => Ok(Role::Plain),
    }
}

/// A file as certkeys of ours name it: relative to `/nsconfig/ssl`, whether or not it is written so.
pub(crate) fn file_name(path: &str) -> &str {
    path.strip_prefix(SSL_DIRECTORY).and_then(|rest| rest.strip_prefix('/')).unwrap_or(path)
}
