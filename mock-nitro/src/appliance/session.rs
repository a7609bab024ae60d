//! Who asks: sessions, and the ways in which credentials arrive.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Options;
use super::target::decode;
use crate::code;
use crate::command::Refusal;
use crate::message::Request;

/// Idle time after which a session ends unless its login said otherwise (documented).
const IDLE: SignedDuration = SignedDuration::from_mins(30);

/// All sessions.
#[derive(Debug, Clone, Default)]
pub(super) struct Sessions {
    open: Vec<Session>,
    /// Counts logins: ids and tokens follow from it, so that a run can be repeated.
    logins: u64,
}

/// One session.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: u64,
    token: String,
    user: String,
    since: Timestamp,
    last_activity: Timestamp,
    idle: SignedDuration,
}

/// Who sent an accepted request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    /// Credentials came with the request; no session is kept.
    Credentials,
    /// The session of this id.
    Session(u64),
}

impl Sessions {
    /// Opens a session. Returns its token.
    pub(super) fn login(
        &mut self,
        (options, now): (&Options, Timestamp),
        fields: &serde_json::Map<String, Value>,
    ) -> Result<String, Refusal> {
        let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or_default();
        let (user, password) = (text("username"), text("password"));
        if user.is_empty() {
            return Err(Refusal::about(code::ARGMISSING, "userName"));
        }
        admit(options, user, password)?;
        let given = ["timeout", "session_timeout"].into_iter().find_map(|name| fields.get(name));
        let seconds =
            given.and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok()));
        let idle = seconds.filter(|s| *s > 0).map_or(IDLE, SignedDuration::from_secs);
        self.forget_idle(now);
        if self.open.iter().filter(|session| session.user == user).count() >= options.most_sessions
        {
            return Err(Refusal::new(code::SESSION_EXCEEDED));
        }
        self.logins += 1;
        let token = token(options, now, self.logins);
        self.open.push(Session {
            id: self.logins,
            token: token.clone(),
            user: user.to_owned(),
            since: now,
            last_activity: now,
            idle,
        });
        Ok(token)
    }

    /// Finds out who sent a request, and notes that its session is alive.
    pub(super) fn authenticate(
        &mut self,
        (options, now): (&Options, Timestamp),
        request: &Request,
        body_token: Option<&str>,
    ) -> Result<Caller, Refusal> {
        self.forget_idle(now);
        if let Some(user) = request.header("X-NITRO-USER") {
            admit(options, user, request.header("X-NITRO-PASS").unwrap_or_default())?;
            return Ok(Caller::Credentials);
        }
        if let Some(token) = sent_token(request, body_token) {
            let session = self.open.iter_mut().find(|session| session.token == token);
            let session = session.ok_or_else(|| Refusal::new(code::SESSION_EXPIRED))?;
            session.last_activity = now;
            return Ok(Caller::Session(session.id));
        }
        let basic = request.header("Authorization").and_then(|value| value.strip_prefix("Basic "));
        let Some(basic) = basic else { return Err(Refusal::new(code::AUTHTIMEOUT)) };
        let (user, password) = basic_credentials(basic).unwrap_or_default();
        admit(options, &user, &password)?;
        Ok(Caller::Credentials)
    }

    /// The session that a request belongs to, if it is open.
    pub(super) fn of(
        &self,
        request: &Request,
        body_token: Option<&str>,
        now: Timestamp,
    ) -> Option<u64> {
        // Credentials go before a session.
        let token =
            sent_token(request, body_token).filter(|_| request.header("X-NITRO-USER").is_none())?;
        let session = self.open.iter().find(|session| session.token == token)?;
        (!session.is_over(now)).then_some(session.id)
    }

    /// How many logins there were: the number of the last session.
    pub(super) fn logins(&self) -> u64 {
        self.logins
    }

    /// Ends the sessions that were idle for too long: they are neither listed nor killed.
    fn forget_idle(&mut self, now: Timestamp) {
        self.open.retain(|session| !session.is_over(now));
    }

    /// Ends one session.
    pub(super) fn end(&mut self, id: u64) {
        self.open.retain(|session| session.id != id);
    }

    /// Ends all sessions: a restart, or a fault.
    pub(super) fn end_all(&mut self) {
        self.open.clear();
    }

    /// Whether there is such a session.
    pub(super) fn has(&self, id: u64) -> bool {
        self.open.iter().any(|session| session.id == id)
    }

    /// Ends all sessions but one.
    pub(super) fn end_others(&mut self, caller: Caller) {
        self.open.retain(|session| Caller::Session(session.id) == caller);
    }

    /// The sessions as `systemsession` shows them.
    pub(super) fn rows(&self, caller: Caller) -> Vec<Value> {
        let row = |session: &Session| {
            json!({
                "sid": session.id.to_string(),
                "username": session.user,
                "logintime": session.since.to_string(),
                "lastactivitytime": session.last_activity.to_string(),
                "expirytime": session.idle.as_secs(),
                "numofconnections": "1",
                "currentconn": Caller::Session(session.id) == caller,
                "clienttype": "API",
                "partitionname": "default",
            })
        };
        self.open.iter().map(row).collect()
    }
}

impl Session {
    fn is_over(&self, now: Timestamp) -> bool {
        now.duration_since(self.last_activity) > self.idle
    }
}

/// The values of the cookies that log a client in.
pub(super) fn cookies(token: &str) -> Vec<(String, String)> {
    let encoded = token.replace('#', "%23");
    vec![
        ("Set-Cookie".to_owned(), format!("sessionid={encoded}; path=/nitro/v1")),
        ("Set-Cookie".to_owned(), format!("NITRO_AUTH_TOKEN={encoded}; path=/nitro/v1")),
    ]
}

fn admit(options: &Options, user: &str, password: &str) -> Result<(), Refusal> {
    if user == options.username && password == options.password {
        Ok(())
    } else {
        Err(Refusal::new(code::NOUSER))
    }
}

/// The token of a request: in a cookie, else in its body.
fn sent_token(request: &Request, body_token: Option<&str>) -> Option<String> {
    cookie_token(request).or_else(|| body_token.map(decode))
}

/// The token in a cookie. Some clients send it back in a `Set-Cookie` header (seen from client
/// adc-nitro-go); one sends an empty `sessionid` before it has logged in.
fn cookie_token(request: &Request) -> Option<String> {
    ["Cookie", "Set-Cookie"].into_iter().find_map(|header| {
        ["NITRO_AUTH_TOKEN", "sessionid"].into_iter().find_map(|name| {
            let headers = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(header));
            let cookies = headers.flat_map(|(_, value)| value.split(';'));
            let mut pairs = cookies.filter_map(|cookie| cookie.trim().split_once('='));
            let (_, token) = pairs.find(|(other, token)| *other == name && !token.is_empty())?;
            Some(decode(token))
        })
    })
}

fn basic_credentials(encoded: &str) -> Option<(String, String)> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// `##` and 256 hexadecimal digits, as a real token looks.
fn token(options: &Options, now: Timestamp, login: u64) -> String {
    let mut token = "##".to_owned();
    for block in 0..4_u64 {
        let mut digest = Sha256::new();
        digest.update(options.password.as_bytes());
        digest.update(now.as_nanosecond().to_be_bytes());
        digest.update(login.to_be_bytes());
        digest.update(block.to_be_bytes());
        for byte in digest.finalize() {
            write!(token, "{byte:02X}").expect("a string takes what is written");
        }
    }
    token
}
