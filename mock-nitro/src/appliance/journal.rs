//! What is noted of every request. Secrets never reach the journal.

use std::net::SocketAddr;

use serde::Serialize;
use serde_json::{Map, Value};

use super::Appliance;
use super::body::{self, Body};
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
    /// How many are kept at least, if any are. Twice as many are never held.
    pub(super) most: Option<usize>,
    /// How many of them were shown to whoever writes them down.
    shown: usize,
}

impl Journal {
    /// An empty one that forgets nothing.
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), most: Some(usize::MAX), shown: 0 }
    }

    pub(super) fn push(&mut self, entry: JournalEntry) {
        let Some(most) = self.most else { return };
        if self.entries.len() / 2 >= most {
            let old = self.entries.len() - most;
            self.entries.drain(..old);
            self.shown = self.shown.saturating_sub(old);
        }
        self.entries.push(entry);
    }

    pub(super) fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// Those that came since this was asked last.
    pub(super) fn new_entries(&mut self) -> &[JournalEntry] {
        let from = std::mem::replace(&mut self.shown, self.entries.len());
        &self.entries[from..]
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.shown = 0;
    }
}

impl Appliance {
    /// All requests since the start or the last [`Appliance::clear_journal`].
    pub fn journal(&self) -> &[JournalEntry] {
        self.journal.entries()
    }

    /// The requests that came since this was asked last.
    pub(crate) fn new_in_journal(&mut self) -> &[JournalEntry] {
        self.journal.new_entries()
    }

    /// Forgets the journal so far.
    pub fn clear_journal(&mut self) {
        self.journal.clear();
    }

    /// Keeps a journal from now on, as it does from the start.
    pub fn journal_on(&mut self) {
        self.journal.most.get_or_insert(usize::MAX);
    }

    /// Keeps a journal of the last requests alone from now on: of so many at least, and never of
    /// twice as many.
    pub fn journal_last(&mut self, most: usize) {
        self.journal.most = Some(most);
    }

    /// Keeps no journal from now on.
    pub fn journal_off(&mut self) {
        self.journal.clear();
        self.journal.most = None;
    }

    /// Notes a request that never reached the appliance, or whose answer never left it.
    pub(crate) fn note(&mut self, request: &Request, (status, errorcode): (u16, u32)) {
        // A body that cannot be read has its own answer; the journal shows the rest.
        let body = body::parse(request).ok();
        let entry = self.entry(request, body.as_ref());
        self.journal.push(JournalEntry { status, errorcode, ..entry });
    }

    /// A request and its sender, for the journal.
    pub(super) fn entry(&self, request: &Request, body: Option<&Body>) -> JournalEntry {
        let token = body.and_then(|body| body.session.as_deref());
        let session = self.sessions.of(request, token, self.now);
        JournalEntry { client: self.client, session, ..entry(request, body) }
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
    fn the_oldest_are_forgotten_and_none_is_shown_as_new_twice() {
        let mut journal = Journal { most: Some(2), ..Journal::new() };
        let mut seen = Vec::new();
        for status in 0..9 {
            journal.push(JournalEntry { status, ..entry(&Request::default(), None) });
            if status % 3 == 0 {
                seen.extend(journal.new_entries().iter().map(|entry| entry.status));
            }
            assert!((1..=4).contains(&journal.entries().len()));
        }
        assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(journal.entries().last().unwrap().status, 8);
        journal.clear();
        assert!(journal.new_entries().is_empty());
    }

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
