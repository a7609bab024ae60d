//! What is noted of every request. Secrets never reach the journal.

use std::net::SocketAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::body::Body;
use super::cost::Cost;
use crate::message::Request;
use crate::schema;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// Names that hide a value wherever they stand; types of the schema mark further ones.
const SECRET: [&str; 5] = ["password", "new_password", "passplain", "sessionid", "filecontent"];

/// One request and what became of it, with secrets masked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JournalEntry {
    /// The HTTP method.
    pub method: String,
    /// The path, as sent.
    pub path: String,
    /// The query, as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The HTTP status of the answer; 0 if none was sent.
    pub status: u16,
    /// The error number in the answer.
    pub errorcode: u32,
    /// What it cost.
    #[serde(flatten)]
    pub cost: Cost,
    /// How long it would have taken on an appliance of the chosen profile, in milliseconds.
    pub time_ms: f64,
    /// The client that sent it, if it came over a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<SocketAddr>,
    /// The number of its session, as `systemsession` lists it; for a login the one that it opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<u64>,
    /// The body of the request.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

/// The last requests.
#[derive(Debug, Clone)]
pub(super) struct Journal {
    entries: Vec<JournalEntry>,
    /// How many are kept at least. Twice as many are never held.
    most: usize,
    /// How many there ever were.
    noted: u64,
}

impl Journal {
    /// An empty one that forgets what is older than so many requests.
    pub(super) fn new(most: usize) -> Self {
        Self { entries: Vec::new(), most, noted: 0 }
    }

    pub(super) fn push(&mut self, entry: JournalEntry) {
        if self.entries.len() / 2 >= self.most {
            self.entries.drain(..self.entries.len() - self.most);
        }
        self.entries.push(entry);
        self.noted += 1;
    }

    pub(super) fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// Those that came after the first so many, as far as they are still held, and how many there
    /// ever were.
    pub(super) fn after(&self, noted: u64) -> (&[JournalEntry], u64) {
        let new = usize::try_from(self.noted - noted.min(self.noted)).unwrap_or(usize::MAX);
        let from = self.entries.len() - new.min(self.entries.len());
        (&self.entries[from..], self.noted)
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Notes a request, without its sender and its answer. A body that is no JSON is left out: it might hold anything.
pub(super) fn entry(request: &Request, body: Option<&Body>) -> JournalEntry {
    JournalEntry {
        method: request.method.clone(),
        path: request.path.clone(),
        query: request.query.clone(),
        client: None,
        session: None,
        status: 0,
        errorcode: 0,
        cost: Cost::default(),
        time_ms: 0.0,
        body: body.map_or(Value::Null, masked),
    }
}

fn masked(body: &Body) -> Value {
    if body.entries.is_empty() {
        return Value::Null;
    }
    let entries = body.entries.iter();
    Value::Object(entries.map(|(name, value)| (name.clone(), hide(name, value))).collect())
}

fn hide(kind: &str, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| hide(kind, item)).collect(),
        Value::Object(fields) => Value::Object(hide_fields(kind, fields)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn hide_fields(kind: &str, fields: &Map<String, Value>) -> Map<String, Value> {
    let facts = schema::kind(&kind.to_ascii_lowercase());
    let secret = |name: &str| {
        let field = facts.and_then(|facts| facts.field(name));
        // `sslcertkey.password` only says that there is one.
        let is_flag = field.is_some_and(|(_, field)| field.kind == schema::FieldKind::Boolean);
        !is_flag
            && (SECRET.contains(&name.to_ascii_lowercase().as_str())
                || field.is_some_and(|(_, field)| field.secret))
    };
    let shown = fields.iter().map(|(name, value)| {
        let value = if secret(name) { Value::from(MASK) } else { hide(kind, value) };
        (name.clone(), value)
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_secret_reaches_the_journal() {
        let body = Body {
            entries: vec![
                ("login".to_owned(), json!({"username": "u", "password": "s3cret"})),
                ("systemfile".to_owned(), json!([{"filename": "a", "filecontent": "s3cret"}])),
                ("lbmonitor".to_owned(), json!({"monitorname": "m", "radkey": "s3cret"})),
                ("sslcertkey".to_owned(), json!({"password": true, "passplain": "s3cret"})),
                ("batchapi".to_owned(), json!([{"properties": {"passplain": "s3cret"}}])),
            ],
            ..Body::default()
        };
        let entry = entry(&Request::default(), Some(&body));
        let text = serde_json::to_string(&entry).unwrap();
        assert!(!text.contains("s3cret"), "{text}");
        assert!(
            text.contains(r#""username":"u""#) && text.contains(r#""password":true"#),
            "{text}"
        );
    }
}
