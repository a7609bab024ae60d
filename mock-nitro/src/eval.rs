//! What an appliance does with a request, and with the response to it, without a socket: which
//! virtual server takes it, which policy sends it where, who answers, and what is changed on the way.
//!
//! | step | what happens |
//! |---|---|
//! | | **the request**, by [`decide`] |
//! | 1 | the csvserver or lbvserver at that address and port; a disabled one, or one in TLS without a certificate, takes nothing |
//! | 2 | responder policies of a csvserver, by priority; the first that answers ends it |
//! | 3 | content-switching policies, by priority; the first that holds leads to an lbvserver, else the default lbvserver |
//! | 4 | an lbvserver without a member in service: its backup, its `redirurl`, or 503 |
//! | 5 | responder policies of the lbvserver, by priority |
//! | 6 | its members in service |
//! | | **what the member gets**, by [`rewrite_request`] |
//! | 7 | rewrite policies bound for requests to the lbvserver, by priority, then those of the csvserver; all that hold, up to one that says `END` |
//! | | **what the client gets**, by [`rewrite_response`] |
//! | 8 | rewrite policies bound for responses to the lbvserver, then those of the csvserver, in the same way |
//!
//! Lower numbers come first, and the first rule that holds decides (documented). That the rewrites of
//! the lbvserver come before those of the csvserver is documented, too. Assumed are: that
//! responder policies come before content switching; that an lbvserver that is DOWN evaluates no
//! policies; that a csvserver that leads nowhere answers 503, and one of streams closes the
//! connection; that what the appliance answers by itself is not rewritten. TLS itself is not judged:
//! neither certificates nor client authentication.

mod answer;
mod bank;
mod listener;
mod rewrite;
mod target;

use self::bank::Bank;
use crate::expression::{Exchange, Expression};
use crate::rules::{self, MEMBERS};
use crate::state::{Fields, State, number, text};

pub use self::answer::Answer;
pub(crate) use self::listener::{Listener, at, listeners};
pub(crate) use self::rewrite::{Edit, rewrite_request, rewrite_response};
pub use crate::expression::{ClientCertificate, Request, Response, Tls};

/// What becomes of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decision {
    /// The virtual server that takes it.
    pub vserver: Option<String>,
    /// The content-switching policy that holds. There is none where the default lbvserver is taken.
    pub cspolicy: Option<String>,
    /// The lbvserver that it is sent to.
    pub lbvserver: Option<String>,
    /// Who answers.
    pub outcome: Outcome,
}

/// Who answers a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Outcome {
    /// Nobody listens there.
    #[default]
    Refused,
    /// The connection is closed without an answer, by this responder policy or because a stream
    /// leads nowhere.
    Closed(Option<String>),
    /// The appliance answers.
    Answered(Answer),
    /// One of these members answers, as `address:port`, in order. An lbvserver sends each request
    /// to one of them.
    Served(Vec<Member>),
}

/// A member that takes requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Its address, or the domain name of its server.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// How it is spoken to: the `servicetype` of its group or service.
    pub servicetype: String,
    /// That group or service.
    pub group: String,
}

/// What a policy expression gives for a request, and for the response to it if there is one, as a
/// text; or where the text stops being an expression.
pub fn evaluate(
    expression: &str,
    request: &Request,
    response: Option<&Response>,
) -> Result<String, usize> {
    Expression::compile(expression).map(|compiled| compiled.text(Exchange { request, response }))
}

/// What this state does with a request.
pub(crate) fn decide(state: &State, request: &Request) -> Decision {
    let Some(listener) = at(state, (request.vip, request.port)) else {
        return Decision::default();
    };
    let Listener { kind, name, fields: vserver } = listener;
    let mut decision = Decision { vserver: Some(name.to_owned()), ..Decision::default() };
    if kind == "lbvserver" {
        decision.lbvserver = Some(name.to_owned());
        decision.outcome = balance(state, name, request);
        return decision;
    }
    let is_http = rules::speaks_http(text(vserver, "servicetype"));
    if let Some(outcome) = respond(state, "csvserver", name, request) {
        decision.outcome = outcome;
        return decision;
    }
    let (policy, lbvserver) = target::of(state, name, request);
    decision.outcome = match &lbvserver {
        Some(lbvserver) => balance(state, lbvserver, request),
        None => unavailable(is_http),
    };
    Decision { cspolicy: policy, lbvserver, ..decision }
}

/// Steps 4 to 6. Backups of backups never lead back: that is refused when they are set.
fn balance(state: &State, name: &str, request: &Request) -> Outcome {
    let Some(lbvserver) = state.object("lbvserver", name) else { return Outcome::Refused };
    let is_http = rules::speaks_http(text(lbvserver, "servicetype"));
    let members = members(state, name);
    if text(lbvserver, "state") == "DISABLED" || members.is_empty() {
        let backup = text(lbvserver, "backupvserver");
        if !backup.is_empty() {
            return balance(state, backup, request);
        }
        return match text(lbvserver, "redirurl") {
            "" => unavailable(is_http),
            url => Outcome::Answered(Answer::redirect(302, "", url)),
        };
    }
    if let Some(outcome) = respond(state, "lbvserver", name, request) {
        return outcome;
    }
    Outcome::Served(members)
}

fn unavailable(is_http: bool) -> Outcome {
    if is_http { Outcome::Answered(Answer::unavailable()) } else { Outcome::Closed(None) }
}

/// The members of an lbvserver that take new requests.
fn members(state: &State, lbvserver: &str) -> Vec<Member> {
    let mut members = Vec::new();
    for (_, binding) in state.bindings("lbvserver_servicegroup_binding", lbvserver) {
        let group = text(binding, "servicegroupname");
        let Some(fields) = state.object("servicegroup", group) else { continue };
        let serving = state
            .bindings(MEMBERS, group)
            .filter(|(_, member)| rules::serves(state, group, member))
            .map(|(_, row)| member(state, row, (group, fields)));
        members.extend(serving);
    }
    for (_, binding) in state.bindings("lbvserver_service_binding", lbvserver) {
        let name = text(binding, "servicename");
        let Some(service) = state.object("service", name) else { continue };
        if rules::service_serves(state, service) {
            members.push(member(state, service, (name, service)));
        }
    }
    members.sort();
    members
}

/// A member of a group, or a service, by its row, in service or not.
pub(crate) fn member(state: &State, row: &Fields, (group, of_group): (&str, &Fields)) -> Member {
    let server = state.object("server", text(row, "servername"));
    let of_server = server
        .into_iter()
        .flat_map(|server| ["ipaddress", "domain"].map(|field| text(server, field)));
    let own = [text(row, "ip"), text(row, "ipaddress")];
    let address = of_server.chain(own).find(|address| !address.is_empty()).unwrap_or_default();
    let port = number(row, "port").and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
    let servicetype = text(of_group, "servicetype").to_owned();
    Member { address: address.to_owned(), port, servicetype, group: group.to_owned() }
}

/// The answer of the responder policies of a virtual server, if one answers.
fn respond(state: &State, kind: &str, name: &str, request: &Request) -> Option<Outcome> {
    let bindings = if kind == "csvserver" {
        "csvserver_responderpolicy_binding"
    } else {
        "lbvserver_responderpolicy_binding"
    };
    let bank = Bank::of(state, (bindings, "responderpolicy"), name, false);
    bank.holding(request.into())
        .find_map(|entry| answer::of(state, entry.name(), text(&entry.policy, "action"), request))
}

#[cfg(test)]
mod tests;
