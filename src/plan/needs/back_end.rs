//! No half-built back end is routed to (9), and none loses its members before it gets others (10).

use std::collections::BTreeMap;

use super::Draft;
use super::route::target;
use crate::model::{BindingId, EntityId, Kind, Value};
use crate::plan::Op;

/// Adds the edges 9 and 10.
pub(super) fn add(draft: &mut Draft<'_>) {
    let building = Building::of(draft);
    let serving = serving(draft);
    let ops = draft.ops;
    for (i, op) in ops.iter().enumerate() {
        let mut needed = Vec::new();
        if let Some(binding) = op.as_bind() {
            if binding.kind == Kind::CSVSERVER_CSPOLICY {
                needed = routed(draft, &building, binding);
            } else if binding.kind == Kind::CSVSERVER_LBVSERVER {
                needed = building.of_lbvserver(&binding.child);
            }
        }
        if let Some((entity, fields)) = op.as_set()
            && entity.kind == Kind::CSACTION
            && let Some(target) = fields.get("targetlbvserver").and_then(Value::as_text)
        {
            needed = building.of_lbvserver(target);
        }
        if let Some(binding) = op.as_unbind()
            && binding.kind == Kind::SERVICEGROUP_MEMBER
        {
            needed = emptied(draft, &serving, &binding.parent);
        }
        if let Op::DisableMember { member, .. } = op {
            needed = draft.index.joining(&member.parent);
        }
        draft.need_all(&[i], &needed);
    }
}

fn routed(draft: &Draft<'_>, building: &Building<'_>, route: &BindingId) -> Vec<usize> {
    let state = &draft.aim.owned.state;
    let mut needed: Vec<usize> =
        target(state, &route.child).map(|to| building.of_lbvserver(to)).unwrap_or_default();
    needed.extend(draft.index.sets(&EntityId::new(Kind::CSPOLICY, route.child.as_str())));
    if let Some(action) = state.text(Kind::CSPOLICY, &route.child, "action") {
        needed.extend(draft.index.sets(&EntityId::new(Kind::CSACTION, action)));
    }
    needed
}

/// What must be done before a member leaves a group: others that join it, and the routes that go
/// elsewhere.
fn emptied(draft: &Draft<'_>, serving: &Serving<'_>, group: &str) -> Vec<usize> {
    let old = &draft.old.state;
    let mut needed = draft.index.joining(group);
    for route in serving.get(group).into_iter().flatten() {
        needed.extend(draft.index.unbind(route));
        let action = old.text(Kind::CSPOLICY, &route.child, "action");
        let moved = action
            .filter(|_| target(old, &route.child) != target(&draft.aim.owned.state, &route.child));
        if let Some(action) = moved {
            needed.extend(draft.index.sets(&EntityId::new(Kind::CSACTION, action)));
        }
    }
    needed
}

/// The observed routes to each service group.
type Serving<'a> = BTreeMap<&'a str, Vec<&'a BindingId>>;

fn serving<'a>(draft: &Draft<'a>) -> Serving<'a> {
    let old = &draft.old.state;
    let mut serving = Serving::new();
    for (route, _) in old.bindings_of(Kind::CSVSERVER_CSPOLICY) {
        let Some(lbvserver) = target(old, &route.child) else { continue };
        for (binding, _) in old.bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver) {
            serving.entry(&binding.child).or_default().push(route);
        }
    }
    serving
}

/// The ops that make a back end whole, by lbvserver and by service group.
struct Building<'a> {
    lbvservers: BTreeMap<&'a str, Vec<usize>>,
    groups: BTreeMap<&'a str, Vec<usize>>,
    groups_of: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Building<'a> {
    fn of(draft: &Draft<'a>) -> Self {
        let mut building = Self {
            lbvservers: BTreeMap::new(),
            groups: BTreeMap::new(),
            groups_of: BTreeMap::new(),
        };
        for (binding, _) in draft.aim.owned.state.bindings_of(Kind::LBVSERVER_SERVICEGROUP) {
            building.groups_of.entry(&binding.parent).or_default().push(&binding.child);
        }
        for (i, op) in draft.ops.iter().enumerate() {
            building.add(i, op);
        }
        building
    }

    fn add(&mut self, i: usize, op: &'a Op) {
        // What is unbound from a back end strengthens it, unless it is a member.
        let unbound = op.as_unbind().filter(|b| b.kind != Kind::SERVICEGROUP_MEMBER);
        let enabled = if let Op::EnableMember { member } = op { Some(member) } else { None };
        let (kind, name) = if let Some(binding) = op.as_bind().or(unbound).or(enabled) {
            (binding.kind, &binding.parent)
        } else if let Op::Create { entity, .. }
        | Op::Set { entity, .. }
        | Op::Unset { entity, .. } = op
        {
            (entity.kind, &entity.name)
        } else {
            return;
        };
        let map = match kind {
            Kind::LBVSERVER | Kind::LBVSERVER_SERVICEGROUP | Kind::LBVSERVER_RESPONDERPOLICY => {
                &mut self.lbvservers
            }
            Kind::SERVICEGROUP
            | Kind::SSLSERVICEGROUP
            | Kind::SSLSERVICEGROUP_SSLCERTKEY
            | Kind::SERVICEGROUP_LBMONITOR
            | Kind::SERVICEGROUP_MEMBER => &mut self.groups,
            _ => return,
        };
        map.entry(name).or_default().push(i);
    }

    fn of_lbvserver(&self, lbvserver: &str) -> Vec<usize> {
        let own = self.lbvservers.get(lbvserver).into_iter().flatten();
        let groups = self.groups_of.get(lbvserver).into_iter().flatten();
        own.chain(groups.filter_map(|group| self.groups.get(group)).flatten()).copied().collect()
    }
}
