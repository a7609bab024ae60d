//! A front end changes its protection without a moment in which a route has less than it had and
//! than it gets (5a-5c, 6a-6c, 7a-7b, 11a-11b).
//!
//! Per front end: leaving routes, the change, coming routes. Inside the change the *observed*
//! profile decides: what has no effect yet is put right before the pointer that gives it effect.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::route::target;
use super::{Draft, service};
use crate::model::{BindingId, ClientAuthentication, EntityId, Kind, Protection, Role};
use crate::plan::Op;
use crate::plan::protection::{self, Demand};

/// Adds the edges 5, 6, 7 and 11.
pub(super) fn add(draft: &mut Draft<'_>) {
    let changes = Change::all(draft);
    for (csvserver, change) in &changes {
        change.order(draft, csvserver);
    }
    routes(draft, &changes);
    back_ends(draft, &changes);
    service::add(draft, &|csvserver| {
        changes.get(csvserver).is_some_and(Change::changes_protection)
    });
}

/// What changes on one front end.
struct Change {
    /// Sets of the profile, or of its fields where somebody else altered them.
    profile: Vec<usize>,
    ca_binds: Vec<usize>,
    ca_unbinds: Vec<usize>,
    /// With the looks whether they are bound indeed.
    refusing_binds: Vec<usize>,
    refusing_unbinds: Vec<usize>,
    before: Protection,
    after: Protection,
    /// Whether clients are asked for certificates, or turned away without, in another way.
    demands_otherwise: bool,
    /// Whether the front end is there now.
    is_live: bool,
}

impl Change {
    fn all<'a>(draft: &Draft<'a>) -> BTreeMap<&'a str, Self> {
        let new = &draft.aim.owned;
        new.state.names(Kind::CSVSERVER).map(|name| (name, Self::of(draft, name))).collect()
    }

    fn of(draft: &Draft<'_>, csvserver: &str) -> Self {
        let index = &draft.index;
        let (certificates, refusing) =
            (Kind::SSLVSERVER_SSLCERTKEY, Kind::CSVSERVER_RESPONDERPOLICY);
        let mut profile = index.sets(&EntityId::new(Kind::SSLVSERVER, csvserver)).to_vec();
        if let Some(attached) = draft.old.state.text(Kind::SSLVSERVER, csvserver, "sslprofile") {
            profile.extend(index.sets(&EntityId::new(Kind::SSLPROFILE, attached)));
        }
        let is_ca = |(binding, _): &(&BindingId, usize)| binding.role == Role::Ca;
        let numbers = |(_, i): (&BindingId, usize)| i;
        Self {
            profile,
            ca_binds: index.binds_to(certificates, csvserver).filter(is_ca).map(numbers).collect(),
            ca_unbinds: index
                .unbinds_from(certificates, csvserver)
                .filter(is_ca)
                .map(numbers)
                .collect(),
            refusing_binds: index
                .binds_to(refusing, csvserver)
                .chain(index.verifies_on(refusing, csvserver))
                .map(numbers)
                .collect(),
            refusing_unbinds: index.unbinds_from(refusing, csvserver).map(numbers).collect(),
            before: protection::of_front_end(draft.old, csvserver),
            after: protection::of_front_end(&draft.aim.owned, csvserver),
            demands_otherwise: Demand::of(draft.old, csvserver)
                != Demand::of(&draft.aim.owned, csvserver),
            is_live: draft.old.state.fields(Kind::CSVSERVER, csvserver).is_some(),
        }
    }

    /// All ops of the change.
    fn ops(&self) -> Vec<usize> {
        [
            &self.profile,
            &self.ca_binds,
            &self.ca_unbinds,
            &self.refusing_binds,
            &self.refusing_unbinds,
        ]
        .into_iter()
        .flatten()
        .copied()
        .collect()
    }

    /// The ops of those parts that change in one direction.
    fn parts(
        &self,
        demand: Option<Direction>,
        accepted: Option<Direction>,
        direction: Direction,
    ) -> Vec<usize> {
        let mut ops = Vec::new();
        if demand == Some(direction) {
            ops.extend(&self.profile);
            ops.extend(self.refusing_binds.iter().chain(&self.refusing_unbinds));
        }
        if accepted == Some(direction) {
            ops.extend(self.ca_binds.iter().chain(&self.ca_unbinds));
        }
        ops
    }

    fn changes_protection(&self) -> bool {
        self.is_live && (self.before != self.after || self.demands_otherwise)
    }

    /// The order inside the change.
    fn order(&self, draft: &mut Draft<'_>, csvserver: &str) {
        let authenticated = protection::authenticates(draft.old, csvserver);
        let will_authenticate = protection::authenticates(&draft.aim.owned, csvserver);
        let demand = demand(&self.before, &self.after);
        match accepted(&self.before, &self.after) {
            // What tightens comes before what loosens, so that routes can move in between.
            Some(Direction::Loosens) if demand == Some(Direction::Tightens) && authenticated => {
                draft.need_all(&self.ca_binds, &self.profile);
                draft.need_all(&self.ca_binds, &self.refusing_binds);
            }
            Some(Direction::Tightens) if demand == Some(Direction::Loosens) && authenticated => {
                draft.need_all(&self.profile, &self.ca_unbinds);
                draft.need_all(&self.refusing_unbinds, &self.ca_unbinds);
            }
            Some(_) | None => {
                draft.need_all(&self.profile, &self.ca_binds); // 5a
                if authenticated {
                    draft.need_all(&self.ca_unbinds, &self.profile); // 5b
                } else {
                    draft.need_all(&self.profile, &self.ca_unbinds); // 5c
                }
            }
        }
        if authenticated {
            draft.need_all(&self.ca_unbinds, &self.ca_binds); // 5b
            draft.need_all(&self.profile, &self.refusing_binds); // 7a
        } else {
            draft.need_all(&self.refusing_binds, &self.profile); // 7a
        }
        if authenticated && will_authenticate {
            draft.need_all(&self.refusing_unbinds, &self.profile); // 7b
        } else {
            draft.need_all(&self.profile, &self.refusing_unbinds); // 7b
        }
        let sni: Vec<usize> = draft
            .index
            .binds_to(Kind::SSLVSERVER_SSLCERTKEY, csvserver)
            .filter(|(binding, _)| binding.role == Role::Sni)
            .map(|(_, bind)| bind)
            .collect();
        let serves_default = |owned| protection::serves_default(owned, csvserver);
        if !protection::enables_sni(draft.old, csvserver) {
            // SNI certificates can only be bound where the profile enables SNI (documented: 3627).
            draft.need_all(&sni, &self.profile);
        } else if serves_default(draft.old) && !serves_default(&draft.aim.owned) {
            // A host may have had the default one only, as when a swap was interrupted.
            draft.need_all(&self.profile, &sni); // 8c
        }
    }
}

/// 6: leaving routes go before the change, coming ones come after it; where no protection changes,
/// an heir comes before the other goes.
fn routes(draft: &mut Draft<'_>, changes: &BTreeMap<&str, Change>) {
    let leaving: Vec<_> = draft.routes.leaving.iter().copied().collect();
    for route in leaving {
        let (Some(unbind), Some(change)) =
            (draft.index.unbind(route), changes.get(route.parent.as_str()))
        else {
            continue;
        };
        let heirs: Vec<usize> =
            draft.routes.heirs(route).iter().filter_map(|heir| draft.index.bind(heir)).collect();
        if change.changes_protection() || heirs.is_empty() {
            draft.need_all(&change.ops(), &[unbind]); // 6a
        } else if !draft.routes.closing.contains(route) {
            draft.need_all(&[unbind], &heirs); // 6c
        }
    }
    let coming: Vec<_> = draft.routes.coming.iter().copied().collect();
    for route in coming {
        if let (Some(bind), Some(change)) =
            (draft.index.bind(route), changes.get(route.parent.as_str()))
        {
            draft.need_all(&[bind], &change.ops()); // 6b
        }
    }
    let replaced = draft.routes.replaced.clone();
    for (old, new) in replaced {
        if let (Some(unbind), Some(bind)) = (draft.index.unbind(old), draft.index.bind(new)) {
            draft.need(unbind, bind);
        }
    }
}

/// 11: a front end that lowers something waits for back ends that only strengthen, and back ends
/// that only weaken wait for a front end that raises something, so that no route is for a moment
/// weaker than before and after.
fn back_ends(draft: &mut Draft<'_>, changes: &BTreeMap<&str, Change>) {
    for Retarget { old, new, moves, ends } in retargets(draft) {
        let Some(change) = changes.get(old.parent.as_str()) else { continue };
        let (Some(from), Some(to)) =
            (target(&draft.old.state, &old.child), target(&draft.aim.owned.state, &new.child))
        else {
            continue;
        };
        let from = protection::of_back_end(draft.old, from);
        let to = protection::of_back_end(&draft.aim.owned, to);
        let demand = demand(&change.before, &change.after);
        let accepted = accepted(&change.before, &change.after);
        if is_weaker(&from, &to) {
            let waiting = change.parts(demand, accepted, Direction::Loosens);
            draft.need_all(&waiting, moves.as_slice()); // 11a
            draft.need_all(&waiting, ends.as_slice());
        } else if is_weaker(&to, &from) {
            let needed = change.parts(demand, accepted, Direction::Tightens);
            draft.need_all(moves.as_slice(), &needed); // 11b
        }
    }
}

/// Whether one protection is weaker than another and in nothing stronger.
fn is_weaker(one: &Protection, other: &Protection) -> bool {
    other.is_at_least(one) && !one.is_at_least(other)
}

/// Which way a part of what a front end demands changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Tightens,
    Loosens,
}

/// How what a front end demands of clients changes.
fn demand(before: &Protection, after: &Protection) -> Option<Direction> {
    match before.client_authentication.cmp(&after.client_authentication) {
        Ordering::Less => Some(Direction::Tightens),
        Ordering::Equal => None,
        Ordering::Greater => Some(Direction::Loosens),
    }
}

/// How the set of accepted CAs changes where clients are authenticated before and after; `None`
/// if neither set holds the other.
fn accepted(before: &Protection, after: &Protection) -> Option<Direction> {
    let asks = |end: &Protection| end.client_authentication != ClientAuthentication::None;
    let (old, new) = (&before.accepted_cas, &after.accepted_cas);
    if !asks(before) || !asks(after) || old == new {
        None
    } else if old.is_subset(new) {
        Some(Direction::Loosens)
    } else {
        new.is_subset(old).then_some(Direction::Tightens)
    }
}

/// A route that stays and gets another back end.
struct Retarget<'a> {
    /// Its binding before and after: one, if its action is set; two, if another policy serves it.
    old: &'a BindingId,
    new: &'a BindingId,
    /// The op that sends it to the new back end.
    moves: Option<usize>,
    /// The op after which the old back end serves it no more.
    ends: Option<usize>,
}

fn retargets<'a>(draft: &Draft<'a>) -> Vec<Retarget<'a>> {
    let mut retargets = Vec::new();
    let state = &draft.aim.owned.state;
    for (route, _) in state.bindings_of(Kind::CSVSERVER_CSPOLICY) {
        let Some(action) = state.text(Kind::CSPOLICY, &route.child, "action") else { continue };
        let is_target = |op: &&usize| matches!(&draft.ops[**op], Op::Set { fields, .. } if fields.contains_key("targetlbvserver"));
        let action = EntityId::new(Kind::CSACTION, action);
        if let Some(set) = draft.index.sets(&action).iter().find(is_target) {
            retargets.push(Retarget { old: route, new: route, moves: Some(*set), ends: None });
        }
    }
    for (old, new) in draft.routes.replaced.iter().chain(&draft.routes.joined).copied() {
        let (moves, ends) = (draft.index.bind(new), draft.index.unbind(old));
        retargets.push(Retarget { old, new, moves, ends });
    }
    retargets
}
