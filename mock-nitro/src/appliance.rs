//! The appliance as a client sees it: requests in, responses out.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::check::{self, Step, Violation};
use crate::message::{Request, Response, reason};
use crate::state::State;

/// How an appliance starts.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who may log in.
    pub username: String,
    /// With which password.
    pub password: String,
    /// Whether the default SSL profile is enabled from the start.
    pub default_profile: bool,
    /// The time, until [`Appliance::set_now`] says otherwise.
    pub now: Timestamp,
}

impl Default for Options {
    /// A classic image: nsroot/nsroot, default SSL profile disabled.
    fn default() -> Self {
        Self {
            username: "nsroot".to_owned(),
            password: "nsroot".to_owned(),
            default_profile: false,
            now: Timestamp::UNIX_EPOCH,
        }
    }
}

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
    /// The HTTP status of the answer.
    pub status: u16,
    /// The error number in the answer.
    pub errorcode: u32,
    /// The body of the request.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub body: Value,
}

/// A NetScaler appliance.
///
/// Clones share what they have in common, so that a test can fork it at every command.
#[derive(Debug, Clone)]
pub struct Appliance {
    options: Options,
    running: State,
    saved: State,
    journal: Option<Vec<JournalEntry>>,
    transition: Option<(State, Vec<Step>)>,
    gaps: usize,
}

impl Appliance {
    /// A fresh appliance.
    pub fn new(options: Options) -> Self {
        let running = State::default();
        Self {
            options,
            saved: running.clone(),
            running,
            journal: Some(Vec::new()),
            transition: None,
            gaps: 0,
        }
    }

    /// Answers one request.
    pub fn handle(&mut self, _request: &Request) -> Response {
        Response { status: 503, reason: reason(503), headers: Vec::new(), body: Vec::new() }
    }

    /// Restarts from the saved configuration: what was not saved is lost, and so is a certkey whose
    /// file is gone.
    pub fn reboot(&mut self) {
        self.running = self.saved.clone();
    }

    /// All requests since the start or the last [`Appliance::clear_journal`].
    pub fn journal(&self) -> &[JournalEntry] {
        self.journal.as_deref().unwrap_or_default()
    }

    /// Forgets the journal so far.
    pub fn clear_journal(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.clear();
        }
    }

    /// Keeps no journal from now on.
    pub fn journal_off(&mut self) {
        self.journal = None;
    }

    /// Marks the start of a transition, whose every state [`Appliance::end`] judges.
    pub fn begin(&mut self) {
        self.transition = Some((self.running.clone(), Vec::new()));
    }

    /// Ends a transition and judges every state of it, between that at [`Appliance::begin`] and
    /// that now. Nothing is returned if all were safe.
    pub fn end(&mut self) -> Vec<Violation> {
        let verdict = self
            .transition
            .take()
            .map(|(old, steps)| check::judge(&old, &steps))
            .unwrap_or_default();
        self.gaps = verdict.gaps;
        verdict.violations
    }

    /// How often, in the transition that ended last, a host was without a certificate between the
    /// two halves of a swap: the one gap that is no violation.
    pub fn certificate_gaps(&self) -> usize {
        self.gaps
    }

    /// The whole running configuration in a canonical form.
    pub fn dump(&self) -> Value {
        Value::Null
    }

    /// A digest of [`Appliance::dump`].
    pub fn digest(&self) -> String {
        self.dump().to_string()
    }

    /// Sets the clock.
    pub fn set_now(&mut self, now: Timestamp) {
        self.options.now = now;
    }
}
