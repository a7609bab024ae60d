//! Certificates: one is served before its host is routed (8a), none leaves a host that is still
//! served (8b), and slots are empty before they are taken (3).

use std::collections::{BTreeMap, BTreeSet};

use super::Draft;
use crate::model::{BindingId, BindingShape, Kind, Role};
use crate::plan::{Op, slot};

/// Adds the edges 3, 8a and 8b, and those of links and changes.
pub(super) fn add(draft: &mut Draft<'_>) {
    slots(draft);
    bindings_of_certkeys(draft);
    routes(draft);
    leaving_certificates(draft);
}

/// 3: a bind in an exclusive slot needs the op that empties it.
fn slots(draft: &mut Draft<'_>) {
    let has_slots = |kind| {
        kind == Kind::SSLVSERVER_SSLCERTKEY
            || BindingShape::of(kind).is_some_and(|shape| shape.priority_field.is_some())
    };
    let ops = draft.ops;
    for (i, op) in ops.iter().enumerate() {
        let (Op::Bind { binding, .. } | Op::Rebind { binding, .. }) = op else { continue };
        if !has_slots(binding.kind) {
            continue;
        }
        let needed: Vec<usize> = draft
            .index
            .unbinds_from(binding.kind, &binding.parent)
            .filter(|(going, _)| slot::is_occupied_by(draft.old, &draft.aim.owned, binding, going))
            .map(|(_, unbind)| unbind)
            .collect();
        draft.need_all(&[i], &needed);
        if !is_of_certkey(binding.kind) {
            continue;
        }
        // A certificate that is changed in place gives up names, too.
        let old = draft.old.state.bound(binding.kind, &binding.parent).map(|(other, _)| other);
        let giving: Vec<usize> = old
            .filter(|other| slot::is_occupied_by(draft.old, &draft.aim.owned, binding, other))
            .filter_map(|other| draft.index.change(&other.child))
            .collect();
        draft.need_all(&[i], &giving);
    }
}

/// A certkey is bound with the content and the chain that it is bound for.
fn bindings_of_certkeys(draft: &mut Draft<'_>) {
    let ops = draft.ops;
    for (i, op) in ops.iter().enumerate() {
        if let Some(binding) = op.as_bind()
            && is_of_certkey(binding.kind)
        {
            let (change, link) =
                (draft.index.change(&binding.child), draft.index.link(&binding.child));
            let needed: Vec<usize> = change.into_iter().chain(link).collect();
            draft.need_all(&[i], &needed);
        }
        // A client certificate that no bind overwrites goes after the new one has come.
        if let Some(binding) = op.as_unbind()
            && is_of_certkey(binding.kind)
            && binding.role == Role::Plain
        {
            let binds: Vec<usize> = draft
                .index
                .binds_to(binding.kind, &binding.parent)
                .filter(|(bind, _)| bind.role == Role::Plain)
                .map(|(_, bind)| bind)
                .collect();
            draft.need_all(&[i], &binds);
        }
    }
}

const fn is_of_certkey(kind: Kind) -> bool {
    matches!(kind, Kind::SSLVSERVER_SSLCERTKEY | Kind::SSLSERVICEGROUP_SSLCERTKEY)
}

/// 8a: a route is bound when the certificates that cover its host are.
fn routes(draft: &mut Draft<'_>) {
    let ops = draft.ops;
    let serving = serving(draft);
    for (i, op) in ops.iter().enumerate() {
        let Op::Bind { binding, .. } = op else { continue };
        if binding.kind != Kind::CSVSERVER_CSPOLICY {
            continue;
        }
        let Some(host) = draft.routes.host(binding) else { continue };
        let names = host.covering_names();
        let covering = names.iter().filter_map(|name| {
            serving.get(&(binding.parent.as_str(), name.as_str())).map(Vec::as_slice)
        });
        let needed: Vec<usize> = covering.flatten().copied().collect();
        draft.need_all(&[i], &needed);
    }
}

/// The ops that bring each front end its certificates for each name.
fn serving<'a>(draft: &Draft<'a>) -> BTreeMap<(&'a str, &'a str), Vec<usize>> {
    let new = &draft.aim.owned;
    let mut serving: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (certificate, _) in new.state.bindings_of(Kind::SSLVSERVER_SSLCERTKEY) {
        let Some(certkey) = new.certkeys.get(&certificate.child) else { continue };
        let bind = draft.index.bind(certificate);
        let ops: Vec<usize> =
            bind.into_iter().chain(draft.index.change(&certificate.child)).collect();
        if certificate.role == Role::Ca || ops.is_empty() {
            continue;
        }
        for name in &certkey.names {
            serving.entry((&certificate.parent, name)).or_default().extend(&ops);
        }
    }
    serving
}

/// 8b: an SNI certificate leaves after the others have come, and after the routes have left that
/// only it serves.
fn leaving_certificates(draft: &mut Draft<'_>) {
    let hosts_after: BTreeSet<(&str, _)> = draft
        .aim
        .owned
        .state
        .bindings_of(Kind::CSVSERVER_CSPOLICY)
        .filter_map(|(route, _)| Some((route.parent.as_str(), draft.routes.host(route)?.clone())))
        .collect();
    let mut last_routes: BTreeMap<&str, Vec<&BindingId>> = BTreeMap::new();
    for route in draft.routes.leaving.iter().copied() {
        let host = draft.routes.host(route);
        if host.is_none_or(|host| !hosts_after.contains(&(route.parent.as_str(), host.clone()))) {
            last_routes.entry(&route.parent).or_default().push(route);
        }
    }
    let ops = draft.ops;
    for (i, op) in ops.iter().enumerate() {
        let Op::Unbind { binding } = op else { continue };
        if binding.kind != Kind::SSLVSERVER_SSLCERTKEY || binding.role == Role::Ca {
            continue;
        }
        let mut needed: Vec<usize> = draft
            .index
            .binds_to(binding.kind, &binding.parent)
            .filter(|(coming, _)| coming.role != Role::Ca)
            .filter(|(coming, _)| {
                !slot::is_occupied_by(draft.old, &draft.aim.owned, coming, binding)
            })
            .map(|(_, bind)| bind)
            .collect();
        // A certificate that stays and gets more names in place comes to serve them too.
        let staying = draft.aim.owned.state.bound(binding.kind, &binding.parent);
        needed.extend(staying.filter_map(|(staying, _)| draft.index.change(&staying.child)));
        let names = draft.old.certkeys.get(&binding.child).map(|certkey| &certkey.names);
        for route in last_routes.get(binding.parent.as_str()).into_iter().flatten() {
            let is_served = draft.routes.host(route).is_some_and(|host| {
                names.is_some_and(|names| names.iter().any(|name| host.is_covered_by(name)))
            });
            if is_served {
                needed.extend(draft.index.unbind(route));
            }
        }
        draft.need_all(&[i], &needed);
    }
}

/// SNI certificates that change places: some go, and others take the names that they leave.
pub(in crate::plan) struct Swap {
    /// All needed by each of the binds, and by nothing less ready than these.
    pub(in crate::plan) unbinds: BTreeSet<usize>,
    pub(in crate::plan) binds: BTreeSet<usize>,
}

/// The swaps of a draft. Each unbind takes over what all of its swap needs, so that the binds can
/// follow at once: a bind that fails must not leave a host without a certificate.
pub(super) fn swaps(draft: &mut Draft<'_>) -> Vec<Swap> {
    let mut swaps: Vec<Swap> = Vec::new();
    let ops = draft.ops;
    for (bind, op) in ops.iter().enumerate() {
        let Some(binding) = op.as_bind() else { continue };
        if binding.kind != Kind::SSLVSERVER_SSLCERTKEY || binding.role != Role::Sni {
            continue;
        }
        let unbinds: BTreeSet<usize> = draft
            .index
            .unbinds_from(binding.kind, &binding.parent)
            .filter(|(going, _)| slot::is_occupied_by(draft.old, &draft.aim.owned, binding, going))
            .map(|(_, unbind)| unbind)
            .collect();
        if unbinds.is_empty() {
            continue;
        }
        let mut whole = Swap { unbinds, binds: BTreeSet::from([bind]) };
        swaps.retain(|other| {
            let is_apart = other.unbinds.is_disjoint(&whole.unbinds);
            if !is_apart {
                whole.unbinds.extend(&other.unbinds);
                whole.binds.extend(&other.binds);
            }
            is_apart
        });
        swaps.push(whole);
    }
    for Swap { unbinds, binds } in &swaps {
        let inside = |op: &usize| unbinds.contains(op) || binds.contains(op);
        let all = unbinds.iter().chain(binds).flat_map(|op| draft.needs[*op].clone());
        let outside: BTreeSet<usize> = all.filter(|need| !inside(need)).collect();
        for bind in binds {
            draft.needs[*bind] = unbinds | &outside;
        }
        for unbind in unbinds {
            draft.needs[*unbind].clone_from(&outside);
        }
    }
    swaps
}
