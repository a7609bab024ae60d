//! What the predicate sees of one state, in words for people.

use super::back;
use super::front;
use super::memory::Memory;
use super::read::Reader;
use super::view::{ClientAuthentication, Front, Level, Transport, VERSIONS, listed};
use crate::state::{State, number, text};

/// A virtual server as clients meet it.
pub(crate) struct FrontEnd {
    /// What it demands of clients; nothing where it does not speak TLS itself.
    pub(crate) clients: Option<String>,
    /// The versions that it speaks.
    pub(crate) versions: Option<String>,
    /// Where it sends what, in the order in which that is decided.
    pub(crate) routes: Vec<Route>,
    /// What it refers to and does not exist.
    pub(crate) dangling: Vec<String>,
}

/// One way through a csvserver.
pub(crate) struct Route {
    /// Host and path.
    pub(crate) place: String,
    /// The policy; none where everything else goes.
    pub(crate) policy: Option<String>,
    /// The comment of its action, if that has one.
    pub(crate) owner: Option<String>,
    pub(crate) lbvserver: String,
    /// What responder policies do there.
    pub(crate) notes: Vec<&'static str>,
}

/// Reads the virtual server of this type and name.
pub(crate) fn front_end(state: &State, kind: &str, name: &str) -> FrontEnd {
    let reader = Reader::new(state);
    let mut memory = Memory::default();
    let front = if kind == "csvserver" {
        front::front(&reader, name, &mut memory)
    } else {
        let service_type = state.object(kind, name).map_or("", |own| text(own, "servicetype"));
        let mut front = Front { transport: Transport::of(service_type), ..Front::default() };
        if front.transport == Transport::Tls {
            front::security(&reader, name, &mut front);
        }
        front
    };
    let is_tls = front.transport == Transport::Tls;
    FrontEnd {
        clients: match front.transport {
            Transport::Tls => Some(clients(&front)),
            Transport::Bridge => Some("TLS is passed on to the members unread".to_owned()),
            Transport::Plain => None,
        },
        versions: is_tls.then(|| versions(&front)),
        routes: routes(&reader, name, &front),
        dangling: front.dangling.into_iter().collect(),
    }
}

/// Who must show a certificate, and of whom.
fn clients(front: &Front) -> String {
    let cas = listed(&front.cas);
    match front.authentication {
        ClientAuthentication::None => "clients show no certificate".to_owned(),
        _ if front.cas.is_empty() => {
            "clients are asked for a certificate, and no CA is bound that could accept one"
                .to_owned()
        }
        ClientAuthentication::Mandatory => {
            format!("every client must show a certificate issued by {cas}")
        }
        ClientAuthentication::Optional if front.refusals.is_empty() => {
            format!("clients may show a certificate issued by {cas}, and are let in without")
        }
        ClientAuthentication::Optional => format!(
            "clients are asked for a certificate issued by {cas}; policies refuse requests ({})",
            listed(&front.refusals)
        ),
    }
}

fn versions(front: &Front) -> String {
    let lowest = match VERSIONS.get(front.floor.version) {
        Some(&"ssl3") => "SSL 3.0 and later",
        Some(&"tls1") => "TLS 1.0 and later",
        Some(&"tls11") => "TLS 1.1 and later",
        Some(&"tls12") => "TLS 1.2 and later",
        Some(_) => "TLS 1.3",
        None => "no version of TLS",
    };
    format!("{lowest}{}", if front.floor.hsts { ", HSTS" } else { "" })
}

fn routes<'a>(reader: &Reader<'a>, name: &'a str, front: &Front) -> Vec<Route> {
    let mut bound: Vec<(i64, &str, &str)> = reader
        .bindings("csvserver_cspolicy_binding", name)
        .filter_map(|(_, binding)| {
            let policy = text(binding, "policyname");
            let fields = reader.object("cspolicy", policy)?;
            let lbvserver = front::target(reader, binding, fields).ok()?;
            Some((number(binding, "priority").unwrap_or(i64::MAX), policy, lbvserver))
        })
        .collect();
    bound.sort_unstable();
    let default = reader
        .bindings("csvserver_lbvserver_binding", name)
        .map(|(_, binding)| (i64::MAX, front::DEFAULT, text(binding, "lbvserver")));
    bound.extend(default);
    bound.into_iter().filter_map(|bound| route(front, bound)).collect()
}

/// Nothing for a policy that never holds.
fn route(front: &Front, (_, policy, lbvserver): (i64, &str, &str)) -> Option<Route> {
    let mut places = front.routes.iter();
    let (place, route) = places.find_map(|(place, of)| Some((place, of.get(policy)?)))?;
    let notes = [
        (route.closed, "everybody is turned away"),
        (route.refused, "clients without a valid certificate are refused"),
        (route.answered, "answered by the appliance itself"),
    ];
    Some(Route {
        place: place.to_string(),
        policy: Some(policy.to_owned()).filter(|_| policy != front::DEFAULT),
        owner: Some(route.owner.as_ref().to_owned()).filter(|owner| owner != policy),
        lbvserver: lbvserver.to_owned(),
        notes: notes.into_iter().filter(|(holds, _)| *holds).map(|(_, note)| note).collect(),
    })
}

/// How the members of a `servicegroup` or `service` are spoken to, and whom it takes for them.
pub(crate) fn members(state: &State, kind: &'static str, name: &str) -> Option<String> {
    let fields = state.object(kind, name)?;
    let reader = Reader::new(state);
    // What dangles here is told where the front end is shown.
    let leg = back::leg(&reader, kind, name, fields, &mut std::collections::BTreeSet::new());
    Some(match leg.level {
        Level::Verified => {
            format!("TLS; members must show a certificate for {}", listed(&leg.accepts))
        }
        Level::Tls => "TLS; the certificates of members are not verified".to_owned(),
        Level::Plain | Level::Nothing => "plain text".to_owned(),
    })
}
