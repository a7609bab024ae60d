//! Puts ops into the order of execution: what needs nothing undone goes by rank, so that ops of
//! one verb on one kind stand together and travel in one request.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::ops::Range;

use super::Op;
use super::needs::{Needs, Swap};
use crate::model::{BindingId, EntityId};

/// The order of execution, as indices into the draft. Ops that need each other in a circle, and
/// those that need them, are not in it: to leave them out is safe, as if they had failed.
pub(super) fn sort(ops: &[Op], needs: &Needs) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.of.iter().map(BTreeSet::len).collect();
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); ops.len()];
    for (op, needed) in needs.of.iter().enumerate() {
        for needed in needed {
            dependents[*needed].push(op);
        }
    }
    // The unbinds of a swap become ready together; the first that is taken brings all the others.
    let swap_of: BTreeMap<usize, &Swap> = needs
        .swaps
        .iter()
        .flat_map(|swap| swap.unbinds.iter().chain(&swap.binds).map(move |op| (*op, swap)))
        .collect();
    // Numbers are quicker to compare than names, and ops come nearly sorted.
    let rank_of = |op: &usize| Rank::of(&ops[*op], needs.closing.contains(op));
    let mut ranked: Vec<usize> = (0..ops.len()).collect();
    ranked.sort_by(|one, other| rank_of(one).cmp(&rank_of(other)));
    let mut places = vec![0; ops.len()];
    for (place, op) in ranked.iter().enumerate() {
        places[*op] = place;
    }
    let rank = |op: usize| Reverse(places[op]);
    let mut ready: BinaryHeap<_> =
        (0..ops.len()).filter(|op| waiting[*op] == 0).map(&rank).collect();
    let mut order = Vec::with_capacity(ops.len());
    let mut done = vec![false; ops.len()];
    while let Some(Reverse(place)) = ready.pop() {
        let first = ranked[place];
        let together = match swap_of.get(&first) {
            Some(swap) => swap.unbinds.iter().chain(&swap.binds).copied().collect(),
            None => vec![first],
        };
        for op in together {
            if std::mem::replace(&mut done[op], true) {
                continue;
            }
            order.push(op);
            for dependent in &dependents[op] {
                waiting[*dependent] -= 1;
                if waiting[*dependent] == 0 {
                    ready.push(rank(*dependent));
                }
            }
        }
    }
    order
}

/// Consecutive ops of one verb on one kind, none of which needs another of the same batch.
pub(super) fn batches(ops: &[super::PlannedOp]) -> Vec<Range<usize>> {
    let mut batches: Vec<Range<usize>> = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        let joins = batches.last().is_some_and(|batch| {
            let first = &ops[batch.start].op;
            first.verb() == op.op.verb()
                && first.kind() == op.op.kind()
                && !op.needs.iter().any(|need| batch.contains(&need.0))
        });
        match batches.last_mut() {
            Some(batch) if joins => batch.end = i + 1,
            _ => batches.push(i..i + 1),
        }
    }
    batches
}

/// What goes first among ops that are ready.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    verb: u8,
    kind: usize,
    entity: Option<&'a EntityId>,
    binding: Option<&'a BindingId>,
}

impl<'a> Rank<'a> {
    fn of(op: &'a Op, closes: bool) -> Self {
        let kind = op.kind().map_or(0, crate::model::Kind::rank);
        let (verb, kind) = match op {
            Op::Unbind { .. } if closes => (0, kind),
            Op::Enable { .. } | Op::Verify { .. } | Op::Upload { .. } => (1, kind),
            Op::Create { .. } => (2, kind),
            Op::Unlink { .. } => (3, kind),
            Op::Change { .. } => (4, kind),
            Op::Link { .. } => (5, kind),
            Op::Bind { .. } => (6, kind),
            Op::Rebind { .. } | Op::VerifyBinding { .. } => (7, kind),
            Op::Set { .. } => (8, kind),
            Op::Unset { .. } => (9, kind),
            Op::EnableMember { .. } => (10, kind),
            Op::DisableMember { .. } => (11, kind),
            Op::Unbind { .. } => (12, usize::MAX - kind),
            Op::Delete { .. } => (13, usize::MAX - kind),
            Op::Save => (14, kind),
            Op::RemoveFile { .. } => (15, kind),
        };
        let (entity, binding) = match op {
            Op::Create { entity, .. }
            | Op::Set { entity, .. }
            | Op::Unset { entity, .. }
            | Op::Delete { entity, .. }
            | Op::Verify { entity, .. } => (Some(entity), None),
            Op::Bind { binding, .. }
            | Op::Rebind { binding, .. }
            | Op::VerifyBinding { binding, .. }
            | Op::Unbind { binding }
            | Op::EnableMember { member: binding }
            | Op::DisableMember { member: binding, .. } => (None, Some(binding)),
            Op::Upload { .. }
            | Op::Enable { .. }
            | Op::Change { .. }
            | Op::Link { .. }
            | Op::Unlink { .. }
            | Op::Save
            | Op::RemoveFile { .. } => (None, None),
        };
        Self { verb, kind, entity, binding }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_that_need_each_other_are_left_out_with_what_needs_them() {
        let ops = [Op::Save, Op::Save, Op::Save, Op::Save];
        let of = [vec![1], vec![0], vec![1], vec![]];
        let of = of.map(BTreeSet::from_iter).to_vec();
        let needs = Needs { of, swaps: Vec::new(), closing: BTreeSet::new() };
        assert_eq!(sort(&ops, &needs), [3]);
    }
}
