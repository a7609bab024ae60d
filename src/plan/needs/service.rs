//! Where several policies serve one host and path (an exact path beside a prefix), what takes
//! service away waits for what brings it (6c and 10, for routes that stay).

use std::collections::BTreeMap;

use super::Draft;
use super::route::{Place, target};
use crate::model::{BindingId, EntityId, Kind, State};

/// Adds the edges from ops that end service at a place to those that begin it.
pub(super) fn add(draft: &mut Draft<'_>, changes_protection: &dyn Fn(&str) -> bool) {
    let mut places: BTreeMap<&Place, Vec<&BindingId>> = BTreeMap::new();
    for (route, place) in draft.routes.places() {
        places.entry(place).or_default().push(route);
    }
    let mut edges = Vec::new();
    for routes in places.values().filter(|routes| routes.len() > 1) {
        let changes = changes_protection(&routes[0].parent);
        let (mut ends, mut begins) = (Vec::new(), Vec::new());
        for route in routes {
            // A front end that changes puts leaving routes first and coming ones last.
            let is_placed =
                draft.routes.leaving.contains(route) || draft.routes.coming.contains(route);
            if changes && is_placed {
                continue;
            }
            let (had, has) =
                (serves(&draft.old.state, route), serves(&draft.aim.owned.state, route));
            match (had, has) {
                (true, false) => ends.extend(ending(draft, route)),
                (false, true) => begins.extend(beginning(draft, route)),
                (true, true) | (false, false) => {}
            }
        }
        edges.push((ends, begins));
    }
    for (ends, begins) in edges {
        draft.need_all(&ends, &begins);
    }
}

/// Whether a route is bound and its back end has a member.
fn serves(state: &State, route: &BindingId) -> bool {
    state.bindings.contains_key(route)
        && target(state, &route.child).is_some_and(|lbvserver| {
            groups(state, lbvserver)
                .any(|group| state.bound(Kind::SERVICEGROUP_MEMBER, group).next().is_some())
        })
}

fn groups<'a>(state: &'a State, lbvserver: &str) -> impl Iterator<Item = &'a str> {
    state.bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver).map(|(id, _)| id.child.as_str())
}

/// The ops that begin what a route serves: its bind, the set of its action, binds of members.
fn beginning(draft: &Draft<'_>, route: &BindingId) -> Vec<usize> {
    let state = &draft.aim.owned.state;
    let members = target(state, &route.child).into_iter().flat_map(|to| groups(state, to));
    let members = members
        .flat_map(|group| draft.index.binds_to(Kind::SERVICEGROUP_MEMBER, group))
        .map(|(_, bind)| bind);
    draft.index.bind(route).into_iter().chain(members).chain(sets(draft, state, route)).collect()
}

/// The ops that end what a route serves: its unbind, the set of its action, unbinds of members.
fn ending(draft: &Draft<'_>, route: &BindingId) -> Vec<usize> {
    let state = &draft.old.state;
    let members = target(state, &route.child).into_iter().flat_map(|to| groups(state, to));
    let members = members
        .flat_map(|group| draft.index.unbinds_from(Kind::SERVICEGROUP_MEMBER, group))
        .map(|(_, unbind)| unbind);
    draft.index.unbind(route).into_iter().chain(members).chain(sets(draft, state, route)).collect()
}

fn sets(draft: &Draft<'_>, state: &State, route: &BindingId) -> Vec<usize> {
    let action = state.text(Kind::CSPOLICY, &route.child, "action");
    let action = action.map(|action| EntityId::new(Kind::CSACTION, action));
    action.map(|action| draft.index.sets(&action).to_vec()).unwrap_or_default()
}
