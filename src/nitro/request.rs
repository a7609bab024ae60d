//! A NITRO request as a value: what to send, and whether it may be sent twice.

mod read;
mod write;
mod series;

pub(super) use series::knows_series;

use std::fmt;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, json};

use super::session::{Credentials, Token};
use super::transport::{HttpRequest, Method};
use crate::model::Redacted;

/// One request to the configuration API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The HTTP method.
    pub method: Method,
    /// The type that it is about, which is also the key of its rows in the answer.
    pub kind: &'static str,
    /// What sending it twice would do.
    pub effect: Effect,
    /// Path and query below `/nitro/v1/config/`, encoded; from the root if they begin with a slash.
    pub target: String,
    /// The body, in JSON.
    pub body: Option<Redacted<String>>,
    /// The number of commands in it.
    pub commands: usize,
}

/// What a request does to the appliance, and with it what may be done when no answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it may be repeated.
    Read,
    /// Saves what runs: it may be repeated, twice is as good as once.
    Save,
    /// Changes the configuration: without an answer nobody knows whether it was carried out, so
    /// the appliance must be looked at before anything else.
    Write,
    /// Opens or closes a session.
    Session,
}

impl Effect {
    /// Its name, as metrics use it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Save => "save",
            Self::Write => "write",
            Self::Session => "session",
        }
    }
}

/// Where the configuration API lives.
const BASE: &str = "/nitro/v1/config/";

/// Where certificates and keys lie. Certkeys name files relative to it (documented).
pub(super) const SSL_DIRECTORY: &str = "/nsconfig/ssl";

/// Everything else is encoded, in names and in arguments.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes a value of `args`. Its commas and colons would otherwise end it.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Encodes a name for the path: twice, as all vendor clients do, since the appliance's web server
/// decodes once before NITRO does (seen from clients adc-nitro-go and Ansible).
fn segment(name: &str) -> String {
    encode(&encode(name))
}

impl Request {
    /// Opens a session.
    pub fn login(credentials: &Credentials) -> Self {
        // Built from pieces, because a `serde_json::Value` would leave the password in memory.
        let quoted = |text: &str| Redacted::new(json!(text).to_string());
        let (username, password) =
            (quoted(&credentials.username), quoted(credentials.password.reveal()));
        let (username, password) = (username.reveal(), password.reveal());
        let body = format!(r#"{{"login":{{"username":{username},"password":{password}}}}}"#);
        Self::with_body(Method::Post, "login", Effect::Session, Redacted::new(body))
    }

    /// Closes the session.
    pub fn logout() -> Self {
        let body = Redacted::new(r#"{"logout":{}}"#.to_owned());
        Self::with_body(Method::Post, "logout", Effect::Session, body)
    }

    /// As it goes over the wire.
    pub(super) fn to_http(&self, token: Option<&Token>) -> HttpRequest {
        let mut headers = Vec::new();
        if self.body.is_some() {
            headers.push(("Content-Type", Redacted::new("application/json".to_owned())));
        }
        if self.commands > 1 {
            // Commands of one type are independent; of a series each may need those before it.
            let on_error = if self.is_series() { "exit" } else { "continue" };
            headers.push(("X-NITRO-ONERROR", Redacted::new(on_error.to_owned())));
        }
        if let Some(token) = token {
            headers.push(("Cookie", token.cookie()));
        }
        let base = if self.target.starts_with('/') { "" } else { BASE };
        HttpRequest {
            method: self.method,
            target: format!("{base}{}", self.target),
            headers,
            body: self.body.clone(),
            timeout: self.timeout(),
        }
    }

    /// The body with its secrets masked, for traces.
    pub fn masked_body(&self) -> Option<String> {
        let body = self.body.as_ref()?;
        Some(mask(body.reveal().as_bytes()))
    }

    /// Whether it takes a file away.
    pub(super) fn removes_file(&self) -> bool {
        self.kind == "systemfile" && self.method == Method::Delete
    }

    /// Whether an answer could repeat a secret of it.
    pub(super) fn is_secret(&self) -> bool {
        matches!(self.kind, "login" | "systemfile") && self.body.is_some()
    }

    /// A save takes seconds and grows with the configuration; the appliance takes tens of
    /// milliseconds for each other command (seen from several clients).
    fn timeout(&self) -> Duration {
        match self.effect {
            Effect::Save => Duration::from_mins(5),
            Effect::Read | Effect::Session => Duration::from_mins(1),
            Effect::Write => {
                let commands = u32::try_from(self.commands).unwrap_or(u32::MAX);
                Duration::from_mins(1).saturating_add(Duration::from_millis(60) * commands)
            }
        }
    }

    fn get(kind: &'static str, target: String) -> Self {
        Self { method: Method::Get, kind, effect: Effect::Read, target, body: None, commands: 1 }
    }

    fn delete(kind: &'static str, target: String) -> Self {
        let (method, effect) = (Method::Delete, Effect::Write);
        Self { method, kind, effect, target, body: None, commands: 1 }
    }

    fn with_body(
        method: Method,
        kind: &'static str,
        effect: Effect,
        body: Redacted<String>,
    ) -> Self {
        Self { method, kind, effect, target: kind.to_owned(), body: Some(body), commands: 1 }
    }

    /// The same, whose answer brings warnings too (documented: they are told only to who asks).
    pub(super) fn warned(&self) -> Self {
        let mark = if self.target.contains('?') { '&' } else { '?' };
        Self { target: format!("{}{mark}warning=yes", self.target), ..self.clone() }
    }

    fn with_action(mut self, action: &str) -> Self {
        self.target = format!("{}?action={action}", self.kind);
        self
    }
}

/// Names the request without its secrets, for messages and logs.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, target, commands, kind: _, effect: _, body: _ } = self;
        write!(f, "{} {target}", method.as_str())?;
        if *commands > 1 { write!(f, " ({commands} commands)") } else { Ok(()) }
    }
}

/// The fields that hold secrets, in requests and in answers.
const SECRET: &[&str] = &["password", "new_password", "passplain", "filecontent", "sessionid"];

/// A JSON text whose secrets are masked. What is not JSON is masked whole.
pub(super) fn mask(json: &[u8]) -> String {
    serde_json::from_slice(json)
        .map_or_else(|_| format!("<{} bytes>", json.len()), |json| masked(json).to_string())
}

fn masked(json: serde_json::Value) -> serde_json::Value {
    match json {
        serde_json::Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let secret = SECRET.iter().any(|secret| name.eq_ignore_ascii_case(secret));
                let value = if secret { "***".into() } else { masked(value) };
                (name, value)
            })
            .collect::<Map<_, _>>()
            .into(),
        serde_json::Value::Array(items) => items.into_iter().map(masked).collect(),
        plain @ (serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_)) => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_shows_its_password_nowhere_but_in_the_body() {
        let credentials = Credentials::new("nsroot", Redacted::new("canary\"1".to_owned()));
        let request = Request::login(&credentials);
        let body = request.body.as_ref().unwrap().reveal();
        assert_eq!(body, r#"{"login":{"username":"nsroot","password":"canary\"1"}}"#);
        let shown = format!("{request} {request:?} {:?}", request.to_http(None));
        assert!(!shown.contains("canary"), "{shown}");
        let masked = request.masked_body().unwrap();
        assert_eq!(masked, r#"{"login":{"password":"***","username":"nsroot"}}"#);
    }

    #[test]
    fn names_are_encoded_twice_and_arguments_once() {
        assert_eq!(segment("a/b c"), "a%252Fb%2520c");
        assert_eq!(segment("k8s-192.0.2.1_443_ssl"), "k8s-192.0.2.1_443_ssl");
        assert_eq!(encode("/nsconfig/ssl"), "%2Fnsconfig%2Fssl");
    }

    #[test]
    fn what_is_no_json_is_masked_whole() {
        assert_eq!(mask(b"<html>secret</html>"), "<19 bytes>");
    }
}
