//! What the appliance answers by itself.

use super::Outcome;
use crate::expression::{Expression, Request};
use crate::state::{State, number, text};

/// An answer of the appliance, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The responder policy that says so, or none where nobody else can answer.
    pub policy: Option<String>,
    /// The status.
    pub status: u16,
    /// The reason that stands behind it.
    pub reason: String,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// The headers, `Location` among them, but for those that say how long the body is.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// What clients of appliances show in their logs where nobody can answer (assumed to be the whole).
const UNAVAILABLE: &str = "<html><body><b>Http/1.1 Service Unavailable</b></body> </html>";

impl Answer {
    /// Nobody can answer.
    pub(crate) fn unavailable() -> Self {
        Self::page(503, "Service Unavailable", UNAVAILABLE.to_owned())
    }

    fn page(status: u16, reason: &str, body: String) -> Self {
        let headers = vec![("Content-Type".to_owned(), "text/html".to_owned())];
        let reason = reason.to_owned();
        Self { policy: None, status, reason, location: None, headers, body }
    }

    /// A redirect. The reason of a 302 and the headers are those that clients of appliances show in
    /// their logs; the other reasons are usual ones (assumed).
    pub(super) fn redirect(status: u16, reason: &str, location: &str) -> Self {
        let reason = match (reason, status) {
            ("", 301) => "Moved Permanently",
            ("", 302) => "Found : Moved Temporarily",
            ("", 303) => "See Other",
            ("", 307) => "Temporary Redirect",
            ("", 308) => "Permanent Redirect",
            ("", _) => "Moved",
            (given, _) => given,
        };
        // A location is one line, whatever a request puts into it (assumed).
        let location = one_line(location);
        let headers = [
            ("Location", location.as_str()),
            ("Connection", "close"),
            ("Cache-Control", "no-cache"),
            ("Pragma", "no-cache"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let (reason, body) = (reason.to_owned(), String::new());
        Self { policy: None, status, reason, location: Some(location), headers, body }
    }

    /// A whole response as an expression gives it: status line, headers, an empty line, the body.
    /// What has no status line is a body that clients take for an answer of HTTP/0.9 (assumed: 200).
    pub(super) fn read(response: &str) -> Self {
        let Some((status, reason, rest)) = status_line(response) else {
            let (reason, body) = ("OK".to_owned(), response.to_owned());
            return Self {
                policy: None,
                status: 200,
                reason,
                location: None,
                headers: vec![],
                body,
            };
        };
        let mut headers = Vec::new();
        let mut rest = rest;
        while let Some((line, more)) = next_line(rest) {
            rest = more;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
        headers.retain(|(name, _)| !is_length(name));
        let location = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        let location = location.map(|(_, value)| value.clone());
        let (reason, body) = (reason.to_owned(), rest.to_owned());
        Self { policy: None, status, reason, location, headers, body }
    }
}

/// Whoever sends an answer says how long its body is.
fn is_length(name: &str) -> bool {
    ["content-length", "transfer-encoding"].contains(&name.to_ascii_lowercase().as_str())
}

/// Status, reason, and what follows the line.
fn status_line(response: &str) -> Option<(u16, &str, &str)> {
    let (line, rest) = next_line(response).unwrap_or((response, ""));
    let (_, line) = line.strip_prefix("HTTP/")?.split_once(' ')?;
    let (status, reason) = line.split_at_checked(3)?;
    let status = status.parse().ok().filter(|status| (100..=999).contains(status))?;
    Some((status, reason.trim(), rest))
}

/// A line without its end, and what follows it; the last may have no end.
fn next_line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    let (line, rest) = text.split_once('\n').unwrap_or((text, ""));
    Some((line.strip_suffix('\r').unwrap_or(line), rest))
}

/// A text without line breaks and what else may not stand in a header.
pub(super) fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_control() || *c == '\t').collect()
}

/// What a responder action does; nothing if it lets the request pass.
pub(super) fn of(state: &State, policy: &str, action: &str, request: &Request) -> Option<Outcome> {
    match action {
        "NOOP" => return None,
        "DROP" | "RESET" => return Some(Outcome::Closed(Some(policy.to_owned()))),
        _ => {}
    }
    let action = state.object("responderaction", action)?;
    let target = || {
        let target = Expression::compile(text(action, "target"));
        target.map(|target| target.text(request.into())).unwrap_or_default()
    };
    let status = number(action, "responsestatuscode").and_then(|status| u16::try_from(status).ok());
    let reason = text(action, "reasonphrase").trim_matches('"');
    let answer = match text(action, "type") {
        "noop" => return None,
        // Documented: 302 unless said otherwise.
        "redirect" => Answer::redirect(status.unwrap_or(302), reason, &target()),
        // Pages are not imported here, so only the name is told (assumed).
        "respondwithhtmlpage" => {
            let reason = if reason.is_empty() { "OK" } else { reason };
            let page = text(action, "htmlpage");
            Answer::page(status.unwrap_or(200), reason, format!("page {page}\n"))
        }
        _ => Answer::read(&target()),
    };
    Some(Outcome::Answered(Answer { policy: Some(policy.to_owned()), ..answer }))
}
