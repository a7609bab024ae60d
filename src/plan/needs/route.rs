//! Routes before and after: which stay, leave, come, and who inherits a host and path.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{BindingId, Host, IngressId, Kind, Mark, Name, State};
use crate::plan::aim::route_match;

/// A route as rule 3 means it: front end, host, path, Ingress. The match type is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RouteKey {
    place: Place,
    ingress: Option<IngressId>,
}

/// Where a route is served: front end, host and path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    csvserver: Name,
    /// `None` for a rule that we did not write; the path is then the name of its policy.
    host: Option<Host>,
    path: String,
}

/// What becomes of the routes of all front ends.
pub(super) struct Routes<'a> {
    /// Bound now and not at the end.
    pub(super) leaving: BTreeSet<&'a BindingId>,
    /// Bound at the end and not now.
    pub(super) coming: BTreeSet<&'a BindingId>,
    /// One route whose policy is replaced by another: the old binding and the new one.
    pub(super) replaced: Vec<(&'a BindingId, &'a BindingId)>,
    /// One route that a further policy will serve: a binding that it has and the one it gets.
    pub(super) joined: Vec<(&'a BindingId, &'a BindingId)>,
    /// Leaving, because their Ingress is closed.
    pub(super) closing: BTreeSet<&'a BindingId>,
    /// Where each binding serves, now or at the end.
    places: BTreeMap<&'a BindingId, Place>,
    coming_at: BTreeMap<Place, Vec<&'a BindingId>>,
}

impl<'a> Routes<'a> {
    pub(super) fn of(
        old: &'a State,
        new: &'a State,
        mark: &Mark,
        closed: &BTreeSet<IngressId>,
    ) -> Self {
        let (old_keys, new_keys) = (keys(old, mark), keys(new, mark));
        let by_key = |keys: &BTreeMap<&'a BindingId, RouteKey>| {
            let mut bindings: BTreeMap<RouteKey, Vec<&'a BindingId>> = BTreeMap::new();
            for (binding, key) in keys {
                bindings.entry(key.clone()).or_default().push(binding);
            }
            bindings
        };
        let (old_by_key, new_by_key) = (by_key(&old_keys), by_key(&new_keys));
        let mut routes = Self {
            leaving: BTreeSet::new(),
            coming: BTreeSet::new(),
            replaced: Vec::new(),
            joined: Vec::new(),
            closing: BTreeSet::new(),
            places: BTreeMap::new(),
            coming_at: BTreeMap::new(),
        };
        for (binding, key) in old_keys.iter().filter(|(b, _)| !new_keys.contains_key(*b)) {
            match new_by_key.get(key) {
                Some(heirs) => routes.replaced.extend(heirs.iter().map(|heir| (*binding, *heir))),
                None => drop(routes.leaving.insert(*binding)),
            }
            if key.ingress.as_ref().is_some_and(|ingress| closed.contains(ingress)) {
                routes.closing.insert(*binding);
            }
        }
        for (binding, key) in new_keys.iter().filter(|(b, _)| !old_keys.contains_key(*b)) {
            if let Some(others) = old_by_key.get(key) {
                routes.joined.extend(others.iter().map(|old| (*old, *binding)));
            } else {
                routes.coming.insert(*binding);
                routes.coming_at.entry(key.place.clone()).or_default().push(binding);
            }
        }
        routes.places.extend(old_keys.into_iter().map(|(binding, key)| (binding, key.place)));
        routes.places.extend(new_keys.into_iter().map(|(binding, key)| (binding, key.place)));
        routes
    }

    /// Where each binding serves, now or at the end.
    pub(super) fn places(&self) -> impl Iterator<Item = (&'a BindingId, &Place)> {
        self.places.iter().map(|(route, place)| (*route, place))
    }

    /// The host of a route's binding.
    pub(super) fn host(&self, route: &BindingId) -> Option<&Host> {
        self.places.get(route)?.host.as_ref()
    }

    /// The coming routes that serve what a leaving one served.
    pub(super) fn heirs(&self, leaving: &BindingId) -> &[&'a BindingId] {
        let place = self.places.get(leaving);
        place.and_then(|place| self.coming_at.get(place)).map_or(&[], Vec::as_slice)
    }
}

fn keys<'a>(state: &'a State, mark: &Mark) -> BTreeMap<&'a BindingId, RouteKey> {
    state
        .bindings_of(Kind::CSVSERVER_CSPOLICY)
        .map(|(binding, _)| {
            let (host, path) = match route_match(state, &binding.child) {
                Some(matches) => {
                    let path = matches.path.path().to_owned();
                    (Some(matches.host), path)
                }
                None => (None, binding.child.to_string()),
            };
            let place = Place { csvserver: binding.parent.clone(), host, path };
            (binding, RouteKey { place, ingress: mark.ingress_of_name(&binding.child) })
        })
        .collect()
}

/// The lbvserver that a policy sends to, in a state.
pub(super) fn target<'a>(state: &'a State, policy: &str) -> Option<&'a str> {
    let action = state.text(Kind::CSPOLICY, policy, "action")?;
    state.text(Kind::CSACTION, action, "targetlbvserver")
}
