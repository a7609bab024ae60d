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
        let (mut moves, mut drains) = (Vec::new(), Vec::new());
        let (mut begins, mut begins_in_time) = (Vec::new(), Vec::new());
        for route in routes {
            // A front end that changes puts leaving routes first and coming ones last, so what has
            // to come before the change cannot wait for them. Members can.
            let is_placed = changes
                && (draft.routes.leaving.contains(route) || draft.routes.coming.contains(route));
            let (had, has) =
                (serves(&draft.old.state, route), serves(&draft.aim.owned.state, route));
            match (had, has) {
                (true, false) => {
                    drains.extend(departing(draft, route));
                    if !is_placed {
                        moves.extend(draft.index.unbind(route));
                        moves.extend(sets(draft, &draft.old.state, route));
                    }
                }
                (false, true) => {
                    let mut ops = joining(draft, route);
                    ops.extend(draft.index.bind(route));
                    ops.extend(sets(draft, &draft.aim.owned.state, route));
                    if !is_placed {
                        begins_in_time.extend(ops.iter().copied());
                    }
                    begins.extend(ops);
                }
                (true, true) | (false, false) => {}
            }
        }
        edges.push((drains, begins));
        edges.push((moves, begins_in_time));
    }
    for (ends, begins) in edges {
        draft.need_all(&ends, &begins);
    }
}

/// Whether a route is bound and its back end has a member that takes new clients.
fn serves(state: &State, route: &BindingId) -> bool {
    state.bindings.contains_key(route)
        && target(state, &route.child).is_some_and(|lbvserver| {
            groups(state, lbvserver).any(|group| state.has_serving_member(group))
        })
}

fn groups<'a>(state: &'a State, lbvserver: &str) -> impl Iterator<Item = &'a str> {
    state.bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver).map(|(id, _)| id.child.as_str())
}

/// The ops that bring members to a route.
fn joining(draft: &Draft<'_>, route: &BindingId) -> Vec<usize> {
    let state = &draft.aim.owned.state;
    let groups = target(state, &route.child).into_iter().flat_map(|to| groups(state, to));
    groups.flat_map(|group| draft.index.joining(group)).collect()
}

/// The ops that take members from a route.
fn departing(draft: &Draft<'_>, route: &BindingId) -> Vec<usize> {
    let state = &draft.old.state;
    let groups = target(state, &route.child).into_iter().flat_map(|to| groups(state, to));
    groups.flat_map(|group| draft.index.departing(group)).collect()
}

fn sets(draft: &Draft<'_>, state: &State, route: &BindingId) -> Vec<usize> {
    let action = state.text(Kind::CSPOLICY, &route.child, "action");
    let action = action.map(|action| EntityId::new(Kind::CSACTION, action));
    action.map(|action| draft.index.sets(&action).to_vec()).unwrap_or_default()
}
