//! Answers: the envelope, the wire types of values, and the status line.
//!
//! The text has a blank after every colon, because clients search it for `"errorcode": 258`.

use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::ser::Formatter;

use crate::command::Refusal;
use crate::message::{Response, reason};
use crate::schema::{Field, FieldKind, Kind};
use crate::state::Fields;
use crate::view::Row;

/// An answer before it is written.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) code: u32,
    pub(super) message: String,
    pub(super) content: Content,
    pub(super) headers: Vec<(String, String)>,
    /// The rows of tables that were looked through to answer.
    pub(super) rows_read: usize,
}

/// What an answer holds beside the envelope.
#[derive(Debug)]
pub(super) enum Content {
    /// Nothing.
    None,
    /// Rows of a type, under its name. No rows: no key.
    Rows(&'static Kind, Vec<Row>, Vec<String>),
    /// The one object of a singleton.
    Object(&'static Kind, Row, Vec<String>),
    /// Anything else, under its name.
    Value(String, Value),
}

impl Reply {
    /// A success.
    pub(super) fn done(status: u16) -> Self {
        Self {
            status,
            code: 0,
            message: "Done".to_owned(),
            content: Content::None,
            headers: Vec::new(),
            rows_read: 0,
        }
    }

    /// A success that holds something.
    pub(super) fn holding(content: Content) -> Self {
        Self { content, ..Self::done(200) }
    }

    /// A refusal.
    pub(super) fn refused(refusal: Refusal) -> Self {
        Self {
            status: refusal.http_status(),
            code: refusal.code,
            message: refusal.message,
            content: Content::None,
            headers: Vec::new(),
            rows_read: 0,
        }
    }

    /// A success that warns, for a client that asked for warnings.
    pub(super) fn warned(warning: Refusal) -> Self {
        let header = format!("{} - {}", warning.code, warning.message);
        Self {
            status: 209,
            headers: vec![("X-NITRO-WARNING".to_owned(), header)],
            ..Self::refused(warning)
        }
    }

    /// The answer as it is sent.
    pub(super) fn into_response(self) -> Response {
        let body = written(&self);
        let mut headers = vec![
            ("Server".to_owned(), "Apache".to_owned()),
            ("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned()),
            ("Cache-Control".to_owned(), "no-store, no-cache, must-revalidate".to_owned()),
        ];
        headers.extend(self.headers);
        Response { status: self.status, reason: reason(self.status), headers, body }
    }

    fn severity(&self) -> &'static str {
        match (self.code, self.status) {
            (0, _) => "NONE",
            (_, 209) => "WARNING",
            (_, _) => "ERROR",
        }
    }
}

/// Whether the answer was refused, warned or done, as one entry of the answer to a bulk request.
pub(super) fn entry(outcome: Option<&Refusal>) -> Value {
    match outcome {
        None => serde_json::json!({ "errorcode": 0, "message": "Done", "severity": "NONE" }),
        Some(refusal) => serde_json::json!({
            "errorcode": refusal.code,
            "message": refusal.message,
            "severity": "ERROR",
        }),
    }
}

/// A row as a JSON value, as answers show it.
pub(super) fn shown(kind: &'static Kind, row: &Fields) -> Value {
    serde_json::to_value(Shown(kind, row, &[])).expect("a row has text keys")
}

/// A value as answers write it, for comparing with what a client wants.
pub(super) fn on_wire(kind: &Kind, field: &str, value: &Value) -> Value {
    let facts = kind.fields.get(field);
    serde_json::to_value(Wire(facts, value)).expect("a value has text keys")
}

/// A value in the JSON type that answers have for its field.
struct Wire<'a>(Option<&'a Field>, &'a Value);

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(facts, value) = self;
        let as_text = facts.is_some_and(|facts| {
            matches!(facts.kind, FieldKind::Double | FieldKind::Doubles) && facts.wire.is_none()
        });
        match value {
            Value::Number(number) if as_text => serializer.collect_str(number),
            Value::Array(items) => {
                serializer.collect_seq(items.iter().map(|item| Wire(*facts, item)))
            }
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_)
            | Value::Object(_) => value.serialize(serializer),
        }
    }
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut envelope = serializer.serialize_map(None)?;
        envelope.serialize_entry("errorcode", &self.code)?;
        envelope.serialize_entry("message", &self.message)?;
        envelope.serialize_entry("severity", self.severity())?;
        match &self.content {
            Content::None => {}
            Content::Rows(_, rows, _) if rows.is_empty() => {}
            Content::Rows(kind, rows, attrs) => {
                let rows: Vec<_> = rows.iter().map(|row| Shown(kind, row, attrs)).collect();
                envelope.serialize_entry(&kind.name, &rows)?;
            }
            Content::Object(kind, row, attrs) => {
                envelope.serialize_entry(&kind.name, &Shown(kind, row, attrs))?;
            }
            Content::Value(name, value) => envelope.serialize_entry(name, value)?,
        }
        envelope.end()
    }
}

/// A row as it is shown: the key first, no secrets, only the wanted attributes.
struct Shown<'a>(&'static Kind, &'a Fields, &'a [String]);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(kind, fields, attrs) = self;
        let is_key = |field: &str| kind.key.iter().any(|key| key == field);
        let wanted = |field: &str| attrs.is_empty() || attrs.iter().any(|attr| attr == field);
        let mut row = serializer.serialize_map(None)?;
        let keys = kind.key.iter().filter_map(|key| fields.get_key_value(key.as_str()));
        let others = fields.iter().filter(|(field, _)| !is_key(field));
        for (field, value) in keys.chain(others).filter(|(field, _)| wanted(field)) {
            let facts = kind.fields.get(*field);
            // The content of a file is a secret to the journal, but readable for whoever logs in.
            if *field == "filecontent" || !facts.is_some_and(|facts| facts.secret) {
                row.serialize_entry(field, &Wire(facts, value))?;
            }
        }
        row.end()
    }
}

fn written(reply: &Reply) -> Vec<u8> {
    let mut text = Vec::with_capacity(128);
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Spaced);
    reply.serialize(&mut serializer).expect("an answer has text keys and a buffer takes it");
    text
}

/// Blanks after colons and commas and inside brackets, as the appliance writes.
struct Spaced;

impl Formatter for Spaced {
    fn begin_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"{ ")
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" }")
    }

    fn begin_object_key<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn begin_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b"[ ")
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b" ]")
    }

    fn begin_array_value<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}
