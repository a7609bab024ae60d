//! The safety predicate: whether a state between two others is one that users may be served from.
//!
//! | judged | between `before` and `after` |
//! |---|---|
//! | each component of a bound route's protection | as before or as after, never weaker than both |
//! | who is turned away after the handshake | as before or as after; never everyone |
//! | accepted CAs | within before and after together; never none while certificates are demanded |
//! | a leaving route | only as before |
//! | a coming route | only as after |
//! | a host and path served before and after | served, unless it passes to another Ingress while its front end's protection changes, or its Ingress is closed |
//! | its members | at least one that takes new clients, if there was one before and is one after |
//! | a TLS host | served a certificate that covers it, but for the gap of a swap |
//!
//! A route is (front end, host, path, Ingress). The predicate speaks of new full handshakes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::aim::route_match;
use super::protection::{self, Demand};
use crate::model::{
    AcceptedCa, BackEndTransport, ClientAuthentication, Host, IngressId, Kind, Mark, Name,
    PathMatch, Protection, Role,
};
use crate::observed::Owned;

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The front end, host and path.
    pub route: String,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { route, problem } = self;
        write!(f, "{route}: {problem}")
    }
}

/// The two ends of a transition, prepared for judging many states between them.
#[derive(Debug)]
pub struct Judge<'a> {
    mark: &'a Mark,
    closed: &'a BTreeSet<IngressId>,
    before: View,
    after: View,
}

/// What a state means for its users.
#[derive(Debug, Default)]
struct View {
    routes: BTreeMap<Key, Vec<Bound>>,
    front_ends: BTreeMap<Name, FrontEnd>,
    /// The hosts of TLS front ends that have a route, and whether a certificate covers them.
    hosts: BTreeMap<(String, Host), bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: Place,
    ingress: Option<IngressId>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    csvserver: Name,
    host: Host,
    path: String,
}

#[derive(Debug)]
struct Bound {
    protection: Protection,
    demand: Demand,
    has_member: bool,
}

#[derive(Debug, PartialEq, Eq)]
struct FrontEnd {
    protection: Protection,
    demand: Demand,
}

impl<'a> Judge<'a> {
    /// Prepares to judge the states of one transition. The Ingresses in `closed` lose their routes
    /// by intent.
    pub fn new(
        mark: &'a Mark,
        closed: &'a BTreeSet<IngressId>,
        before: &Owned,
        after: &Owned,
    ) -> Self {
        Self { mark, closed, before: View::of(before, mark), after: View::of(after, mark) }
    }

    /// Judges one state. In the gap of a swap, between the unbind and the bind of two SNI
    /// certificates for one name, nothing is said about certificates.
    pub fn judge(&self, now: &Owned, is_in_gap: bool) -> Result<(), Violation> {
        let now = View::of(now, self.mark);
        for (key, bound) in &now.routes {
            let sides = (self.before.routes.get(key), self.after.routes.get(key));
            for bound in bound {
                judge_route(bound, sides)
                    .map_err(|problem| Violation { route: key.place.to_string(), problem })?;
            }
        }
        self.judge_service(&now)?;
        if is_in_gap { Ok(()) } else { self.judge_certificates(&now) }
    }

    fn judge_service(&self, now: &View) -> Result<(), Violation> {
        let (before, now, after) = (self.before.places(), now.places(), self.after.places());
        for (place, old) in &before {
            let Some(new) = after.get(place) else { continue };
            let passes = old.ingresses != new.ingresses;
            let changes = self.before.front_ends.get(&place.csvserver)
                != self.after.front_ends.get(&place.csvserver);
            let is_closed = old.ingresses.iter().flatten().any(|id| self.closed.contains(id));
            let is_excused = is_closed || (passes && changes);
            let violation = |problem: &str| {
                Err(Violation { route: place.to_string(), problem: problem.to_owned() })
            };
            match now.get(place) {
                None if !is_excused => {
                    return violation("served before and after, and not in between");
                }
                Some(now) if old.has_member && new.has_member && !now.has_member && !is_excused => {
                    return violation("has members before and after, and none in between");
                }
                None | Some(_) => {}
            }
        }
        Ok(())
    }

    fn judge_certificates(&self, now: &View) -> Result<(), Violation> {
        for ((csvserver, host), is_covered) in &now.hosts {
            let key = (csvserver.clone(), host.clone());
            let (before, after) = (self.before.hosts.get(&key), self.after.hosts.get(&key));
            let must_be = before.or(after).copied().unwrap_or(false)
                && after.or(before).copied().unwrap_or(false);
            if must_be && !is_covered {
                let place = Place {
                    csvserver: csvserver.as_str().into(),
                    host: host.clone(),
                    path: "/".to_owned(),
                };
                let problem = "no certificate covers the host".to_owned();
                return Err(Violation { route: place.to_string(), problem });
            }
        }
        Ok(())
    }
}

fn judge_route(
    bound: &Bound,
    (before, after): (Option<&Vec<Bound>>, Option<&Vec<Bound>>),
) -> Result<(), String> {
    let ends: Vec<&Bound> = before.into_iter().chain(after).flatten().collect();
    let sides: Vec<&Protection> = ends.iter().map(|bound| &bound.protection).collect();
    let Bound { protection: now, demand, has_member: _ } = bound;
    if ends.is_empty() {
        return Err("bound although it is wanted neither before nor after".to_owned());
    }
    let is_one_of = |same: &dyn Fn(&Protection) -> bool, what: &str| {
        let found = sides.iter().any(|side| same(side));
        if found { Ok(()) } else { Err(format!("{what} is neither as before nor as after")) }
    };
    judge_demand(demand, &ends)?;
    is_one_of(&|side| side.plain_text_allowed == now.plain_text_allowed, "plain text")?;
    is_one_of(&|side| back_end(side) == back_end(now), "the back end")?;
    if now.client_authentication != ClientAuthentication::None {
        let allowed: BTreeSet<&AcceptedCa> =
            sides.iter().flat_map(|side| &side.accepted_cas).collect();
        if now.accepted_cas.is_empty() {
            return Err("certificates are demanded and no CA is accepted".to_owned());
        }
        if let Some(other) = now.accepted_cas.iter().find(|ca| !allowed.contains(ca)) {
            return Err(format!("accepts {other:?}, which neither side accepts"));
        }
    }
    if before.is_none() || after.is_none() {
        // A leaving or coming route has one side only, and is just so.
        is_one_of(&|side| side == now, "the protection")?;
        let is_same = ends.iter().any(|end| end.demand == *demand);
        return if is_same { Ok(()) } else { Err("the demand is another".to_owned()) };
    }
    if sides.iter().all(|side| is_weaker(now, side)) {
        return Err("weaker than before and weaker than after".to_owned());
    }
    Ok(())
}

/// Whether clients are asked, and turned away after the handshake, as before or as after. From one
/// way of demanding to another both may be in effect at once, or the one that lets everyone in;
/// whether that is weaker is another question.
fn judge_demand(now: &Demand, ends: &[&Bound]) -> Result<(), String> {
    if !ends.iter().any(|end| end.demand.asked == now.asked) {
        return Err("client authentication is neither as before nor as after".to_owned());
    }
    let known = ends.iter().flat_map(|end| &end.demand.turned_away).collect::<BTreeSet<_>>();
    let is_known = now.turned_away.iter().all(|fault| known.contains(fault));
    if is_known { Ok(()) } else { Err("clients are turned away, as at no end".to_owned()) }
}

/// Whether a protection is weaker, accepted CAs aside: between two states both sets count.
fn is_weaker(now: &Protection, side: &Protection) -> bool {
    let now = Protection { accepted_cas: side.accepted_cas.clone(), ..now.clone() };
    side.is_at_least(&now) && !now.is_at_least(side)
}

fn back_end(protection: &Protection) -> (BackEndTransport, &BTreeSet<AcceptedCa>, Option<&String>) {
    (protection.back_end, &protection.back_end_cas, protection.back_end_name.as_ref())
}

#[derive(Default)]
struct Service<'a> {
    ingresses: BTreeSet<Option<&'a IngressId>>,
    has_member: bool,
}

impl View {
    fn of(owned: &Owned, mark: &Mark) -> Self {
        let state = &owned.state;
        let mut view = Self::default();
        for csvserver in state.names(Kind::CSVSERVER) {
            let front_end = protection::of_front_end(owned, csvserver);
            let demand = Demand::of(owned, csvserver);
            for (binding, _) in state.bound(Kind::CSVSERVER_CSPOLICY, csvserver) {
                let Some(matches) = route_match(state, &binding.child) else { continue };
                view.add_host(owned, csvserver, &matches.host);
                let target = state
                    .text(Kind::CSPOLICY, &binding.child, "action")
                    .and_then(|action| state.text(Kind::CSACTION, action, "targetlbvserver"));
                let Some(target) = target else { continue };
                let path = matches.path.path().to_owned();
                let place = Place { csvserver: csvserver.into(), host: matches.host, path };
                let back_end = protection::of_back_end(owned, target);
                let bound = Bound {
                    protection: protection::join(&front_end, &back_end),
                    demand: demand.clone(),
                    has_member: has_member(owned, target),
                };
                let ingress = mark.ingress_of_name(&binding.child);
                view.routes.entry(Key { place, ingress }).or_default().push(bound);
            }
            let front_end = FrontEnd { protection: front_end, demand };
            view.front_ends.insert(csvserver.into(), front_end);
        }
        view
    }

    fn add_host(&mut self, owned: &Owned, csvserver: &str, host: &Host) {
        if owned.state.text(Kind::CSVSERVER, csvserver, "servicetype") != Some("SSL")
            || *host == Host::Any
        {
            return;
        }
        let is_covered = owned.state.bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver).any(|(b, _)| {
            let names = owned.certkeys.get(&b.child).map(|certkey| &certkey.names);
            b.role != Role::Ca
                && names.is_some_and(|names| names.iter().any(|name| host.is_covered_by(name)))
        });
        self.hosts.insert((csvserver.to_owned(), host.clone()), is_covered);
    }

    fn places(&self) -> BTreeMap<&Place, Service<'_>> {
        let mut places: BTreeMap<&Place, Service<'_>> = BTreeMap::new();
        let is_closed = |bound: &Bound| bound.demand.is_closed();
        for (key, bound) in &self.routes {
            if bound.iter().all(is_closed) {
                continue;
            }
            let service = places.entry(&key.place).or_default();
            service.ingresses.insert(key.ingress.as_ref());
            service.has_member |= bound.iter().any(|bound| bound.has_member);
        }
        places
    }
}

fn has_member(owned: &Owned, lbvserver: &str) -> bool {
    owned
        .state
        .bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver)
        .any(|(group, _)| owned.state.has_serving_member(&group.child))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { csvserver, host, path } = self;
        let path = PathMatch::Prefix(path.clone());
        let matches = crate::model::RouteMatch { host: host.clone(), path };
        write!(f, "{csvserver} {matches}")
    }
}
