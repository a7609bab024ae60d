//! Who we are to the appliance, and the token that it gives us for that.

use super::code::Code;
use super::error::Error;
use super::request::Request;
use crate::model::Redacted;

/// A user of the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub username: String,
    /// The password.
    pub password: Redacted<String>,
}

/// What a login gives: whoever holds it is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token(Redacted<String>);

/// How we stand with the appliance.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// There while we are logged in.
    pub(super) token: Option<Token>,
    /// Whether a write to a pair has happened of which nobody knows whether the primary has it.
    pub(super) is_in_doubt: bool,
    /// How the appliance ended it for good.
    end: Option<(u16, Code, String)>,
}

impl Session {
    /// Whether an error says that the session has ended; then we are logged out, and if it is for
    /// good, stay so.
    pub(super) fn ends_with(&mut self, error: &Error, for_good: bool) -> bool {
        let Error::Refused { request: _, status, code, message } = error else { return false };
        if !code.ends_session() {
            return false;
        }
        self.token = None;
        if for_good {
            self.end = Some((*status, *code, message.clone()));
        }
        true
    }

    /// What becomes of a request after the session has ended for good.
    pub(super) fn refusal(&self, request: &Request) -> Option<Error> {
        let (status, code, message) = self.end.clone()?;
        Some(Error::Refused { request: request.to_string(), status, code, message })
    }
}

impl Credentials {
    /// Names a user.
    pub fn new(username: impl Into<String>, password: Redacted<String>) -> Self {
        Self { username: username.into(), password }
    }
}

impl Token {
    /// Takes a session id as the answer to a login spells it. `None` if it could not stand in a
    /// header.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_graphic() && !matches!(b, b';' | b',' | b'"' | b'\\');
        let well_formed = !text.is_empty() && text.bytes().all(plain);
        well_formed.then(|| Self(Redacted::new(text.to_owned())))
    }

    /// The value of a `Cookie` header (seen from client Ansible: the token as it is, not encoded).
    pub(super) fn cookie(&self) -> Redacted<String> {
        Redacted::new(format!("NITRO_AUTH_TOKEN={}", self.0.reveal()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_stands_in_a_header_and_nowhere_else() {
        let token = Token::parse("##2A3F").unwrap();
        assert_eq!(token.cookie().reveal(), "NITRO_AUTH_TOKEN=##2A3F");
        assert!(!format!("{token:?}").contains("2A3F"));
        for text in ["", "a b", "a;b", "a\r\nX: y"] {
            assert_eq!(Token::parse(text), None, "{text:?}");
        }
    }
}
