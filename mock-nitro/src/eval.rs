//! What an appliance does with a request, without a socket: which virtual server takes it, which
//! policy sends it where, and who answers.
//!
//! | step | what happens |
//! |---|---|
//! | 1 | the csvserver or lbvserver at that address and port; a disabled one, or one in TLS without a certificate, takes nothing |
//! | 2 | responder policies of a csvserver, by priority; the first that answers ends it |
//! | 3 | content-switching policies, by priority; the first that holds leads to an lbvserver, else the default lbvserver |
//! | 4 | an lbvserver without a member in service: its backup, its `redirurl`, or 503 |
//! | 5 | responder policies of the lbvserver, by priority |
//! | 6 | its members in service |
//!
//! Lower numbers come first, and the first rule that holds decides (documented). Assumed are: that
//! responder policies come before content switching; that an lbvserver that is DOWN evaluates no
//! policies; that a csvserver that leads nowhere answers 503, and one of streams closes the
//! connection. TLS itself is not judged: neither certificates nor client authentication.

mod listener;
mod target;

use crate::expression::Expression;
use crate::rules::{self, MEMBERS};
use crate::state::{Fields, State, flag, number, text};

pub use crate::expression::{ClientCertificate, Request};
pub(crate) use listener::{Listener, at, listeners};

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

/// What the appliance answers by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The responder policy that says so, or none where nobody else can answer.
    pub policy: Option<String>,
    /// The status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
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
            url => Outcome::Answered(Answer {
                policy: None,
                status: 302,
                location: Some(url.to_owned()),
            }),
        };
    }
    if let Some(outcome) = respond(state, "lbvserver", name, request) {
        return outcome;
    }
    Outcome::Served(members)
}

fn unavailable(is_http: bool) -> Outcome {
    if is_http {
        Outcome::Answered(Answer { policy: None, status: 503, location: None })
    } else {
        Outcome::Closed(None)
    }
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
    walk(state, (bindings, "responderpolicy"), name, request, |binding, policy| {
        let policy_name = text(binding, "policyname");
        answer(state, policy_name, text(policy, "action"), request)
    })
}

/// Evaluates the bound policies of a virtual server by priority, until one that holds has a result.
/// One that holds and has none goes on where its binding says (documented): `NEXT`, a priority, or
/// else `END`.
fn walk<'a, T>(
    state: &'a State,
    (bindings, policies): (&'a str, &str),
    vserver: &'a str,
    request: &Request,
    result: impl Fn(&'a Fields, &'a Fields) -> Option<T>,
) -> Option<T> {
    let priority = |binding: &Fields| number(binding, "priority").unwrap_or(i64::MAX);
    let mut bound: Vec<&Fields> =
        state.bindings(bindings, vserver).map(|(_, binding)| binding.as_ref()).collect();
    bound.sort_by_key(|binding| priority(binding));
    let mut from = i64::MIN;
    for binding in bound {
        if priority(binding) < from || text(binding, "bindpoint") == "RESPONSE" {
            continue;
        }
        let Some(policy) = state.object(policies, text(binding, "policyname")) else { continue };
        // Every rule was compiled when it was written.
        let rule = Expression::compile(text(policy, "rule"));
        if flag(binding, "invoke") || !rule.is_ok_and(|rule| rule.holds(request)) {
            continue;
        }
        if let Some(result) = result(binding, policy) {
            return Some(result);
        }
        match text(binding, "gotopriorityexpression") {
            "NEXT" => {}
            goto => from = goto.parse().ok()?,
        }
    }
    None
}

/// What a responder action answers; nothing if it lets the request pass.
fn answer(state: &State, policy: &str, action: &str, request: &Request) -> Option<Outcome> {
    match action {
        "NOOP" => return None,
        "DROP" | "RESET" => return Some(Outcome::Closed(Some(policy.to_owned()))),
        _ => {}
    }
    let action = state.object("responderaction", action)?;
    let target =
        Expression::compile(text(action, "target")).map(|target| target.text(request)).ok();
    let target = target.unwrap_or_default();
    let status = number(action, "responsestatuscode").and_then(|status| u16::try_from(status).ok());
    let (status, location) = match text(action, "type") {
        "noop" => return None,
        // Documented: 302 unless said otherwise.
        "redirect" => (status.unwrap_or(302), Some(target)),
        "respondwithhtmlpage" => (status.unwrap_or(200), None),
        _ => (status_of(&target), None),
    };
    Some(Outcome::Answered(Answer { policy: Some(policy.to_owned()), status, location }))
}

/// The status of a whole response. One without a status line is a body that clients take for an
/// answer of HTTP/0.9 (assumed: 200).
fn status_of(response: &str) -> u16 {
    let rest = response.strip_prefix("HTTP/").and_then(|line| line.split_once(' '));
    let status = rest.and_then(|(_, rest)| rest.get(..3)).and_then(|status| status.parse().ok());
    status.unwrap_or(200)
}

#[cfg(test)]
mod tests;
