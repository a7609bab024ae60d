//! The configuration as a page to look at: from each virtual server with an address to its routes,
//! their back ends and members, with who must show a certificate to whom and when it expires.

use askama::Template;
use jiff::Timestamp;
use serde_json::Value;

use crate::check::words;
use crate::eval;
use crate::rules::{self, MEMBERS};
use crate::state::{Fields, State, flag, number, text};
use crate::x509::Status;

#[derive(Template)]
#[template(path = "page.html")]
struct Page {
    now: String,
    vservers: Vec<Vserver>,
}

struct Vserver {
    kind: &'static str,
    name: String,
    address: String,
    servicetype: String,
    comment: String,
    state: String,
    /// Why nobody listens, though somebody should.
    unopened: Option<String>,
    front: words::FrontEnd,
    /// The responder policies that it asks first, with their actions.
    responders: Vec<(String, String)>,
    certificates: Vec<Certificate>,
    /// Behind a csvserver the back ends stand with its routes.
    backs: Vec<Back>,
}

/// A certificate that one side shows or accepts.
struct Certificate {
    role: &'static str,
    certkey: String,
    subject: String,
    validity: String,
    is_valid: bool,
}

/// What a route leads to.
struct Back {
    /// Where it stands in the routes of the front end; none for an lbvserver with an address.
    route: Option<words::Route>,
    name: String,
    state: String,
    groups: Vec<Group>,
}

struct Group {
    kind: &'static str,
    name: String,
    spoken: String,
    certificates: Vec<Certificate>,
    members: Vec<Member>,
}

struct Member {
    address: String,
    state: String,
}

/// The page of a configuration.
pub(crate) fn page(state: &State, now: Timestamp) -> String {
    let vservers = ["csvserver", "lbvserver"].into_iter().flat_map(|kind| {
        let with_address = state.objects(kind).filter_map(move |(name, fields)| {
            rules::address(fields).map(|_| vserver(state, kind, name, now))
        });
        with_address.collect::<Vec<_>>()
    });
    let page = Page { now: now.to_string(), vservers: vservers.collect() };
    page.render().expect("a page is written to memory")
}

fn vserver(state: &State, kind: &'static str, name: &str, now: Timestamp) -> Vserver {
    let none = Fields::new();
    let fields = state.object(kind, name).map_or(&none, AsRef::as_ref);
    let place = rules::address(fields);
    let mut front = words::front_end(state, kind, name);
    let backs = if kind == "csvserver" {
        let routes = std::mem::take(&mut front.routes);
        routes
            .into_iter()
            .map(|route| {
                let lbvserver = route.lbvserver.clone();
                back(state, Some(route), &lbvserver, now)
            })
            .collect()
    } else {
        vec![back(state, None, name, now)]
    };
    let responders = if kind == "csvserver" {
        "csvserver_responderpolicy_binding"
    } else {
        "lbvserver_responderpolicy_binding"
    };
    Vserver {
        kind,
        name: name.to_owned(),
        address: place
            .map_or_else(String::new, |place| std::net::SocketAddr::from(place).to_string()),
        servicetype: text(fields, "servicetype").to_owned(),
        comment: text(fields, "comment").to_owned(),
        state: shown(rules::shown(state, kind, name, now), "curstate"),
        unopened: place.and_then(|place| state.unopened(place)).map(str::to_owned),
        front,
        responders: responder_policies(state, responders, name),
        certificates: certificates(state, "sslvserver_sslcertkey_binding", name, now),
        backs,
    }
}

/// By their priorities.
fn responder_policies(state: &State, kind: &'static str, vserver: &str) -> Vec<(String, String)> {
    let bound = state.bindings(kind, vserver).map(|(_, binding)| binding);
    let mut bound: Vec<_> =
        bound.map(|binding| (number(binding, "priority"), text(binding, "policyname"))).collect();
    bound.sort_unstable();
    let named = bound.into_iter().map(|(_, policy)| {
        let fields = state.object("responderpolicy", policy);
        let action = fields.map_or("", |fields| text(fields, "action"));
        (policy.to_owned(), action.to_owned())
    });
    named.collect()
}

fn back(state: &State, route: Option<words::Route>, lbvserver: &str, now: Timestamp) -> Back {
    let bound = |kind: &'static str| state.bindings(kind, lbvserver).map(|(_, binding)| binding);
    let groups = bound("lbvserver_servicegroup_binding")
        .map(|binding| group(state, "servicegroup", text(binding, "servicegroupname"), now));
    let services = bound("lbvserver_service_binding")
        .map(|binding| group(state, "service", text(binding, "servicename"), now));
    let groups: Vec<Group> = groups.chain(services).collect();
    let word = shown(rules::shown(state, "lbvserver", lbvserver, now), "curstate");
    Back { route, name: lbvserver.to_owned(), state: word, groups }
}

fn group(state: &State, kind: &'static str, name: &str, now: Timestamp) -> Group {
    let none = Fields::new();
    let fields = state.object(kind, name).map_or(&none, AsRef::as_ref);
    let member = |row: &Fields, of_row: Vec<(&'static str, Value)>| {
        let eval::Member { address, port, .. } = eval::member(state, row, (name, fields));
        let address = if address.contains(':') { format!("[{address}]") } else { address };
        Member { address: format!("{address}:{port}"), state: shown(of_row, "svrstate") }
    };
    let (bindings, members) = if kind == "service" {
        let of_service = rules::shown(state, kind, name, now);
        ("sslservice_sslcertkey_binding", vec![member(fields, of_service)])
    } else {
        let members = state.bindings(MEMBERS, name);
        let members =
            members.map(|(_, row)| member(row, rules::shown_bound(state, MEMBERS, row, now)));
        ("sslservicegroup_sslcertkey_binding", members.collect())
    };
    Group {
        kind,
        name: name.to_owned(),
        spoken: words::members(state, kind, name).unwrap_or_default(),
        certificates: certificates(state, bindings, name, now),
        members,
    }
}

/// The certificates that are bound to one side of TLS.
fn certificates(state: &State, kind: &'static str, name: &str, now: Timestamp) -> Vec<Certificate> {
    let is_front = kind == "sslvserver_sslcertkey_binding";
    let bound = state.bindings(kind, name).filter_map(|(_, binding)| {
        let certkey = text(binding, "certkeyname");
        let certificate = &state.material(certkey)?.certificate;
        let status = certificate.status(now);
        Some(Certificate {
            role: match (flag(binding, "ca"), flag(binding, "snicert"), is_front) {
                (true, _, true) => "accepts clients of",
                (true, _, false) => "accepts members of",
                (_, true, _) => "shown for its names",
                (_, _, true) => "shown by default",
                (_, _, false) => "shown to members",
            },
            certkey: certkey.to_owned(),
            subject: certificate.subject.trim().to_owned(),
            validity: match status {
                Status::Valid => format!(
                    "valid until {}, {} days left",
                    certificate.not_after(),
                    certificate.days_to_expiration(now)
                ),
                Status::Expired => format!("expired on {}", certificate.not_after()),
                Status::NotYetValid => format!("not valid before {}", certificate.not_before()),
            },
            is_valid: status == Status::Valid,
        })
    });
    bound.collect()
}

/// A word that an answer shows beyond what is stored.
fn shown(fields: Vec<(&'static str, Value)>, wanted: &str) -> String {
    let mut found = fields.into_iter().filter(|(field, _)| *field == wanted);
    found.next().and_then(|(_, word)| word.as_str().map(str::to_owned)).unwrap_or_default()
}
