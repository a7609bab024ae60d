//! Judges how bound routes are protected.

use std::collections::BTreeSet;
use std::fmt;

use super::Findings;
use super::history::Moment;
use super::view::{
    ClientAuthentication, Content, Endpoint, Front, Place, Route, Transport, listed,
};

/// The rules about components of protection, client CAs, and what front ends allow at least.
pub(super) fn judge(moment: &Moment<'_>, findings: &mut Findings) {
    let Moment { now, old, new, .. } = *moment;
    let mut stays = false;
    for (place, policy, route) in routes(now) {
        let id = format!("{} {place} by policy {policy:?}", moment.name);
        let here = Protection { front: now, route };
        let (before, after) = (sides(old, place, policy, route), sides(new, place, policy, route));
        stays |= !before.is_empty() && !after.is_empty();
        let found = judge_route(&id, here, &before, &after);
        for (rule, text) in found.broken {
            findings.broken(rule, text);
        }
        let in_plain =
            route.back.plain.iter().filter(|member| in_tls_only([old, new], place, member));
        for (address, port) in in_plain {
            let text = format!("{id} speaks to {address}:{port} in plain text");
            findings.broken("plain-back-end", text);
        }
    }
    if stays {
        accepted(moment, findings);
    }
    if now.is_locked() && !old.is_locked() {
        let text = format!("{} demands client certificates and accepts no CA", moment.name);
        findings.broken("no-ca", text);
    }
    if !now.routes.is_empty() {
        floor(moment, findings);
    }
    for dangling in now.dangling.difference(&old.dangling) {
        findings.broken("dangling", format!("{dangling} does not exist"));
    }
}

fn routes(front: &Front) -> impl Iterator<Item = (&Place, &str, &Route)> {
    front.routes.iter().flat_map(|(place, policies)| {
        policies.iter().map(move |(policy, route)| (place, &**policy, route))
    })
}

/// What a route is at one end: the same policy, or else those of the same owner at its place.
fn sides<'a>(front: &'a Front, place: &Place, policy: &str, route: &Route) -> Vec<Protection<'a>> {
    let Some(routes) = front.routes.get(place) else { return Vec::new() };
    let same: Vec<&Route> = match routes.get(policy) {
        Some(same) => vec![same],
        None => routes.values().filter(|other| other.owner == route.owner).collect(),
    };
    same.into_iter().map(|route| Protection { front, route }).collect()
}

/// Judges a route by what it is at both ends. Where an end has several policies of its owner, one
/// that fits is enough.
fn judge_route(
    id: &str,
    here: Protection<'_>,
    before: &[Protection<'_>],
    after: &[Protection<'_>],
) -> Findings {
    let mut verdicts = Vec::new();
    match (before, after) {
        ([], []) => {
            let mut verdict = Findings::default();
            verdict.broken("transient", format!("{id} is bound for a while only"));
            verdicts.push(verdict);
        }
        (before, []) => {
            verdicts.extend(before.iter().map(|end| as_one(id, here, *end, "leaving")));
        }
        ([], after) => {
            verdicts.extend(after.iter().map(|end| as_one(id, here, *end, "coming")));
        }
        (before, after) => {
            for old in before {
                verdicts.extend(after.iter().map(|new| staying(id, here, *old, *new)));
            }
        }
    }
    let fits = verdicts.iter().position(|verdict| verdict.broken.is_empty()).unwrap_or(0);
    verdicts.swap_remove(fits)
}

/// Whether both ends lead to this member from this place, and only in TLS.
fn in_tls_only(ends: [&Front; 2], place: &Place, member: &Endpoint) -> bool {
    ends.iter().all(|end| {
        let backs = || end.routes.get(place).into_iter().flatten().map(|(_, route)| &route.back);
        backs().any(|back| back.tls.contains(member))
            && !backs().any(|back| back.plain.contains(member))
    })
}

/// What a route demands of clients and of its back end.
#[derive(Clone, Copy)]
struct Protection<'a> {
    front: &'a Front,
    route: &'a Route,
}

/// One part of it.
#[derive(Clone, Copy)]
enum Component {
    ClientAuthentication,
    Refusal,
    ClientCas,
    Transport,
    BackEnd,
    BackEndPeers,
    BackEndCertificate,
}

const COMPONENTS: [Component; 7] = [
    Component::ClientAuthentication,
    Component::Refusal,
    Component::ClientCas,
    Component::Transport,
    Component::BackEnd,
    Component::BackEndPeers,
    Component::BackEndCertificate,
];

impl Protection<'_> {
    /// Whether one component is as in another state.
    fn is_as(self, other: Self, component: Component) -> bool {
        let (route, other_route) = (self.route, other.route);
        match component {
            Component::ClientAuthentication => {
                self.front.authentication == other.front.authentication
            }
            Component::Refusal => route.refused == other_route.refused,
            Component::ClientCas => self.front.accepted() == other.front.accepted(),
            Component::Transport => self.front.transport == other.front.transport,
            Component::BackEnd => route.level() == other_route.level(),
            Component::BackEndPeers => route.accepts() == other_route.accepts(),
            Component::BackEndCertificate => route.presents() == other_route.presents(),
        }
    }

    /// Whether one component is as in one of two states, or between them where it is a set.
    fn is_between(self, old: Self, new: Self, component: Component) -> bool {
        match component {
            // Judged once a front end, as `accepted-ca`.
            Component::ClientCas => true,
            Component::BackEndPeers => {
                let [old, new] = [old, new].map(|end| end.route.accepts());
                self.route.accepts().iter().all(|peer| old.contains(peer) || new.contains(peer))
            }
            Component::ClientAuthentication
            | Component::Refusal
            | Component::Transport
            | Component::BackEnd
            | Component::BackEndCertificate => {
                self.is_as(old, component) || self.is_as(new, component)
            }
        }
    }

    /// Client authentication in effect.
    fn authentication(self) -> ClientAuthentication {
        let asked = self.front.authentication;
        if asked == ClientAuthentication::Optional && self.route.refused {
            ClientAuthentication::Mandatory
        } else {
            asked
        }
    }

    fn shown(self, component: Component) -> String {
        let Self { front, route } = self;
        match component {
            Component::ClientAuthentication => front.authentication.to_string(),
            Component::Refusal => (if route.refused { "refused" } else { "let in" }).to_owned(),
            Component::ClientCas => listed(front.accepted()),
            Component::Transport => match front.transport {
                Transport::Plain => "in plain text",
                Transport::Tls => "in TLS",
                Transport::Bridge => "passed on",
            }
            .to_owned(),
            Component::BackEnd => route.level().to_string(),
            Component::BackEndPeers => listed(route.accepts()),
            Component::BackEndCertificate => {
                (if route.presents() { "presented" } else { "not presented" }).to_owned()
            }
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientAuthentication => "client authentication",
            Self::Refusal => "a client without a valid certificate",
            Self::ClientCas => "the set of accepted client CAs",
            Self::Transport => "the front end",
            Self::BackEnd => "the connection to the back end",
            Self::BackEndPeers => "whom it takes for the back end",
            Self::BackEndCertificate => "the client certificate for the back end",
        })
    }
}

fn staying(id: &str, now: Protection<'_>, old: Protection<'_>, new: Protection<'_>) -> Findings {
    let mut findings = Findings::default();
    for component in COMPONENTS {
        if !now.is_between(old, new, component) {
            let [now, old, new] = [now, old, new].map(|end| end.shown(component));
            let text = format!("{id}: {component} is {now}, was {old} and becomes {new}");
            findings.broken("protection", text);
        }
    }
    if is_weaker(now, old, new) {
        let text = format!(
            "{id} is weaker than before and after: client authentication {}, accepted CAs {}, back end {}",
            now.authentication(),
            listed(now.front.accepted()),
            now.route.level()
        );
        findings.broken("weaker", text);
    }
    findings
}

/// Whether a state is neither at least as protected as the old one nor as the new one.
///
/// Client authentication is weighed with the back end, and so are the accepted CAs where both ends
/// demand certificates and there are fewer in new than in old. More of them say nothing: a change
/// from one CA to another that was interrupted looks the same. The two are not weighed with each
/// other: they change in the one order in which the set is never empty.
fn is_weaker(now: Protection<'_>, old: Protection<'_>, new: Protection<'_>) -> bool {
    let asks = |one: Protection<'_>| one.front.authentication > ClientAuthentication::None;
    let fewer = new.front.accepted().is_subset(old.front.accepted());
    let plain =
        |one: Protection<'_>| one.front.transport == Transport::Plain && !one.route.answered;
    let level = |one: Protection<'_>| one.route.level();
    let rest = |end| plain(now) <= plain(end) && level(now) >= level(end);
    let by_authentication = |end: Protection<'_>| now.authentication() >= end.authentication();
    let by_cas = |end: Protection<'_>| now.front.accepted().is_subset(end.front.accepted());
    let ends = [old, new];
    ends.iter().all(|end| !(by_authentication(*end) && rest(*end)))
        || fewer && asks(old) && asks(new) && ends.iter().all(|end| !(by_cas(*end) && rest(*end)))
}

fn as_one(id: &str, now: Protection<'_>, end: Protection<'_>, rule: &'static str) -> Findings {
    let mut findings = Findings::default();
    for component in COMPONENTS {
        if !now.is_as(end, component) {
            let [now, end] = [now, end].map(|state| state.shown(component));
            let when = if rule == "leaving" { "was" } else { "shall be" };
            findings.broken(rule, format!("{id}: {component} is {now}, {when} {end}"));
        }
    }
    let has_member = |one: Protection<'_>| one.route.back.has_member();
    if rule == "coming" && has_member(end) && !has_member(now) {
        findings.broken("coming", format!("{id} has no member yet"));
    }
    findings
}

fn accepted(moment: &Moment<'_>, findings: &mut Findings) {
    let (old, new) = (moment.old.accepted(), moment.new.accepted());
    let strange: BTreeSet<Content> = moment
        .now
        .accepted()
        .iter()
        .filter(|ca| !old.contains(ca) && !new.contains(ca))
        .cloned()
        .collect();
    if !strange.is_empty() {
        let text = format!("{} accepts clients of {}", moment.name, listed(&strange));
        findings.broken("accepted-ca", text);
    }
}

/// Versions, ciphers and HSTS are at least what one of the ends that have routes allows.
fn floor(moment: &Moment<'_>, findings: &mut Findings) {
    let Moment { name, now, .. } = *moment;
    let ends = [moment.old, moment.new];
    let ends = || ends.iter().filter(|end| !end.routes.is_empty()).map(|end| &end.floor);
    let floor = &now.floor;
    if ends().next().is_none() {
        return;
    }
    if ends().all(|end| floor.version < end.version) {
        let version = super::view::VERSIONS[floor.version];
        findings.broken("downgrade", format!("{name} allows {version}"));
    }
    let strange: BTreeSet<_> = floor
        .ciphers
        .iter()
        .filter(|cipher| !ends().any(|end| end.ciphers.contains(*cipher)))
        .collect();
    if !strange.is_empty() {
        findings.broken("downgrade", format!("{name} offers {}", listed(&strange)));
    }
    if !floor.hsts && ends().all(|end| end.hsts) {
        findings.broken("downgrade", format!("{name} sends no HSTS"));
    }
}
