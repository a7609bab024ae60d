//! What rewrite policies make of requests and responses.
//!
//! All rules and texts are evaluated on the message as it came; then the actions of the policies that
//! held are carried out in turn (documented).

use std::sync::Arc;

use super::Decision;
use super::answer::{Answer, one_line};
use super::bank::Bank;
use crate::expression::{Exchange, Expression, Place, Request, Response};
use crate::state::{Fields, State, text};

/// One change of a message, to be carried out in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// The target of the request line becomes this.
    Url(String),
    /// A header comes behind those that are there.
    Insert(String, String),
    /// All headers of this name go.
    Delete(String),
    /// All headers of the first name get the second.
    Rename(String, String),
    /// The last header of this name gets this value.
    Replace(String, String),
    /// The status of the response becomes this.
    Status(u16),
    /// The reason of the response becomes this.
    Reason(String),
    /// The whole response becomes this.
    Answer(Answer),
    /// The connection is closed without an answer.
    Close,
}

/// What the appliance changes in a request before a member gets it.
pub(crate) fn rewrite_request(state: &State, decision: &Decision, request: &Request) -> Vec<Edit> {
    let mut message = Message {
        url: request.url.clone(),
        host: request.host_header.clone(),
        headers: request.headers.clone(),
        ..Message::default()
    };
    message.rewrite(state, decision, request.into());
    message.edits
}

/// What the appliance changes in the response of a member before the client gets it.
pub(crate) fn rewrite_response(
    state: &State,
    decision: &Decision,
    request: &Request,
    response: &Response,
) -> Vec<Edit> {
    let mut message = Message {
        status: response.status,
        reason: response.reason.clone(),
        headers: response.headers.clone(),
        ..Message::default()
    };
    message.rewrite(state, decision, Exchange { request, response: Some(response) });
    message.edits
}

/// The policies in their order: first those of the lbvserver, then those of the csvserver
/// (documented). `END` ends all of it.
fn actions(state: &State, decision: &Decision, exchange: Exchange<'_>) -> Vec<String> {
    let mut actions = Vec::new();
    if !state.has_feature("REWRITE") {
        return actions;
    }
    let csvserver = decision.vserver.as_ref().filter(|_| decision.vserver != decision.lbvserver);
    let banks = [
        (&decision.lbvserver.as_ref(), "lbvserver_rewritepolicy_binding"),
        (&csvserver, "csvserver_rewritepolicy_binding"),
    ];
    for (vserver, bindings) in banks {
        let Some(vserver) = vserver else { continue };
        let is_response = exchange.response.is_some();
        let bank: Arc<Bank> = Bank::of(state, (bindings, "rewritepolicy"), vserver, is_response);
        let mut holding = bank.holding(exchange);
        actions.extend(holding.by_ref().map(|entry| text(&entry.policy, "action").to_owned()));
        if holding.is_ended {
            break;
        }
    }
    actions
}

/// A message while it is changed.
#[derive(Debug, Default)]
struct Message {
    url: String,
    host: Option<String>,
    status: u16,
    reason: String,
    headers: Vec<(String, String)>,
    edits: Vec<Edit>,
}

impl Message {
    fn rewrite(&mut self, state: &State, decision: &Decision, exchange: Exchange<'_>) {
        for action in actions(state, decision, exchange) {
            match action.as_str() {
                "NOREWRITE" => {}
                "RESET" | "DROP" => {
                    self.edits = vec![Edit::Close];
                    return;
                }
                name => {
                    if let Some(action) = state.object("rewriteaction", name) {
                        self.act(action, exchange);
                    }
                }
            }
        }
    }

    /// Carries out an action. All that can be written are carried out: others were refused.
    fn act(&mut self, action: &Fields, exchange: Exchange<'_>) {
        let target = text(action, "target");
        let evaluated = |text: &str| {
            Expression::compile(text).map(|built| built.text(exchange)).unwrap_or_default()
        };
        let built = || evaluated(text(action, "stringbuilderexpr"));
        match text(action, "type") {
            "insert_http_header" => self.edit(Edit::Insert(target.to_owned(), one_line(&built()))),
            "delete_http_header" => self.edit(Edit::Delete(target.to_owned())),
            "corrupt_http_header" => {
                self.edit(Edit::Rename(target.to_owned(), corrupted(target)));
            }
            "replace_http_res" => self.edit(Edit::Answer(Answer::read(&evaluated(target)))),
            kind => {
                let compiled = Expression::compile(target);
                let Some(place) = compiled.as_ref().ok().and_then(|target| target.place()) else {
                    return;
                };
                // What is not there is not changed (assumed).
                let Some(old) = self.at(place) else { return };
                let new = match kind {
                    "replace" => built(),
                    "insert_before" => built() + &old,
                    "insert_after" => old + &built(),
                    "delete" => String::new(),
                    _ => return,
                };
                self.put(place, &new);
            }
        }
    }

    /// The text of a part.
    fn at(&self, place: &Place) -> Option<String> {
        let request = self.as_request();
        Some(match place {
            Place::Url => self.url.clone(),
            Place::Path => request.path().to_owned(),
            Place::PathAndQuery => request.path_and_query().to_owned(),
            Place::Query => request.query().to_owned(),
            Place::Hostname => request.host().to_owned(),
            Place::Status => self.status.to_string(),
            Place::Reason => self.reason.clone(),
            Place::RequestHeader(name) if name.eq_ignore_ascii_case("host") => self.host.clone()?,
            Place::RequestHeader(name) | Place::ResponseHeader(name) => {
                let mut named = self.headers.iter().rev().filter(|(other, _)| is(other, name));
                named.next()?.1.clone()
            }
        })
    }

    /// Gives a part another text. A URL without a path or a status that is none stays as it is
    /// (assumed).
    fn put(&mut self, place: &Place, new: &str) {
        let new = one_line(new);
        let (authority, scheme_end) = {
            let request = self.as_request();
            let (authority, rest) = request.split_url();
            (authority.map(str::to_owned), self.url.len().saturating_sub(rest.len()))
        };
        let base = self.url.get(..scheme_end).unwrap_or_default().to_owned();
        let base = if authority.is_some() { base } else { String::new() };
        let request = self.as_request();
        let (path, query) = (request.path().to_owned(), request.path_and_query().to_owned());
        let behind = query[path.len()..].to_owned();
        match place {
            Place::Url => self.edit(Edit::Url(new)),
            Place::Path => self.edit(Edit::Url(base + &new + &behind)),
            Place::PathAndQuery => self.edit(Edit::Url(base + &new)),
            Place::Query if new.is_empty() => self.edit(Edit::Url(base + &path)),
            Place::Query => self.edit(Edit::Url(base + &path + "?" + &new)),
            Place::Hostname => match authority {
                Some(old) => self.edit(Edit::Url(self.url.replacen(&old, &new, 1))),
                None => self.edit(Edit::Replace("Host".to_owned(), new)),
            },
            Place::Status => {
                let status = new.trim().parse().ok().filter(|status| (100..=999).contains(status));
                if let Some(status) = status {
                    self.edit(Edit::Status(status));
                }
            }
            Place::Reason => self.edit(Edit::Reason(new)),
            Place::RequestHeader(name) | Place::ResponseHeader(name) => {
                self.edit(Edit::Replace(name.clone(), new));
            }
        }
    }

    /// Carries out an edit, so that the next action meets what this one left.
    fn edit(&mut self, edit: Edit) {
        match &edit {
            Edit::Url(url) if !is_target(url) => return,
            Edit::Url(url) => self.url.clone_from(url),
            Edit::Insert(name, value) => self.headers.push((name.clone(), value.clone())),
            Edit::Delete(name) => {
                self.headers.retain(|(other, _)| !is(other, name));
                self.host = self.host.take().filter(|_| !is(name, "host"));
            }
            Edit::Rename(name, new) => {
                for (other, _) in &mut self.headers {
                    if is(other, name) {
                        other.clone_from(new);
                    }
                }
            }
            Edit::Replace(name, value) => {
                if is(name, "host") {
                    self.host = Some(value.clone());
                }
                let mut named = self.headers.iter_mut().rev().filter(|(other, _)| is(other, name));
                if let Some((_, old)) = named.next() {
                    old.clone_from(value);
                }
            }
            Edit::Status(status) => self.status = *status,
            Edit::Reason(reason) => self.reason.clone_from(reason),
            Edit::Answer(answer) => {
                self.status = answer.status;
                self.reason.clone_from(&answer.reason);
                self.headers.clone_from(&answer.headers);
            }
            Edit::Close => {}
        }
        self.edits.push(edit);
    }

    /// What of it says where it goes.
    fn as_request(&self) -> Request {
        let host = self.host.clone();
        let vip = std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        Request { host_header: host, ..Request::get(vip, 0, "", &self.url) }
    }
}

fn is(name: &str, other: &str) -> bool {
    name.eq_ignore_ascii_case(other)
}

/// Whether a text can be the target of a request line.
fn is_target(url: &str) -> bool {
    !url.is_empty() && !url.contains(|c: char| c.is_ascii_whitespace() || c.is_ascii_control())
}

/// A name that nobody knows: two letters change places with the next two, as in `MHEY_ADER` for
/// `MY_HEADER` (documented by this example). Of a shorter name, or one that stays the same so, the
/// last letter goes to the front (assumed).
fn corrupted(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    if letters.len() >= 5 {
        letters.swap(1, 3);
        letters.swap(2, 4);
    }
    if letters.iter().copied().eq(name.chars()) {
        letters.rotate_right(1);
    }
    letters.into_iter().collect()
}
