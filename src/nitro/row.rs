//! Reading the objects of answers: fields as the schema spells them, bindings by their identity.

use serde_json::Value as Json;

use super::request::SSL_DIRECTORY;
use super::response::Row;
use crate::model::{BindingId, BindingShape, Kind, Role, Value};
use crate::schema;

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
