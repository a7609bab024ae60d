//! Which ops travel together: the next ready ones of a batch, as many as a request may carry.
//!
//! Invariant: no op of a chunk needs another of it. The appliance goes on after a failed command,
//! so it could carry out what must not be carried out then.

use std::ops::Range;

use crate::nitro::{Limits, Request};
use crate::plan::{FileContent, Op, OpId, Plan};

/// The chunks of a plan that are still to be sent.
pub(super) struct Chunks<'a> {
    plan: &'a Plan,
    limits: Limits,
    /// What is left of the batches; the ops of no batch go alone.
    batches: Vec<Range<usize>>,
    /// The number of batches that are left, when the rest of one goes op by op.
    singly: Option<usize>,
}

impl<'a> Chunks<'a> {
    /// All of a plan. Batches are taken from the end of a list.
    pub(super) fn of(plan: &'a Plan, limits: Limits) -> Self {
        let mut batches = Vec::new();
        let mut next = 0;
        for batch in &plan.batches {
            batches.extend((next..batch.start).map(|op| op..op + 1));
            batches.push(batch.clone());
            next = batch.end;
        }
        batches.extend((next..plan.ops.len()).map(|op| op..op + 1));
        batches.reverse();
        Self { plan, limits, batches, singly: None }
    }

    /// Sends the rest of the current batch op by op.
    pub(super) fn go_singly(&mut self) {
        self.singly = Some(self.batches.len());
    }

    /// The next ops to send together. `is_ready` says whether an op may be sent, and settles those
    /// that may not.
    pub(super) fn next(&mut self, is_ready: &mut impl FnMut(OpId) -> bool) -> Option<Vec<OpId>> {
        while let Some(mut batch) = self.batches.pop() {
            // `go_singly` was said after the rest of this very batch was put back.
            let limit =
                if self.singly == Some(self.batches.len() + 1) { 1 } else { self.limits.commands };
            let chunk = self.take(&mut batch, limit, is_ready);
            self.batches.push(batch);
            if !chunk.is_empty() {
                return Some(chunk);
            }
            self.batches.pop();
        }
        None
    }

    fn take(
        &self,
        batch: &mut Range<usize>,
        limit: usize,
        is_ready: &mut impl FnMut(OpId) -> bool,
    ) -> Vec<OpId> {
        let (mut chunk, mut upload) = (Vec::new(), 0);
        while batch.start < batch.end {
            let planned = &self.plan.ops[batch.start];
            let size = upload_size(&planned.op);
            let full = chunk.len() >= limit.max(1) || upload + size > self.limits.upload;
            let needs_chunk = chunk.iter().any(|id| planned.needs.contains(id));
            let alone = !Request::is_bulk(&planned.op);
            let other = chunk.first().is_some_and(|first| !self.is_alike(*first, &planned.op));
            if !chunk.is_empty() && (full || needs_chunk || alone || other) {
                break;
            }
            let id = OpId(batch.start);
            batch.start += 1;
            if !is_ready(id) {
                continue;
            }
            chunk.push(id);
            upload += size;
            if alone {
                break;
            }
        }
        chunk
    }

    fn is_alike(&self, first: OpId, op: &Op) -> bool {
        let first = &self.plan.ops[first.0].op;
        (first.verb(), first.kind()) == (op.verb(), op.kind())
    }
}

fn upload_size(op: &Op) -> usize {
    if let Op::Upload { content: FileContent(content), .. } = op {
        content.reveal().len()
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::iter;

    use super::*;
    use crate::model::{EntityId, Fields, Kind};
    use crate::plan::PlannedOp;

    fn create(name: usize, needs: &[usize]) -> PlannedOp {
        let entity = EntityId::new(Kind::SERVER, name.to_string());
        let needs = needs.iter().map(|need| OpId(*need)).collect();
        PlannedOp {
            op: Op::Create { entity, fields: Fields::new() },
            needs,
            ingresses: BTreeSet::new(),
        }
    }

    fn delete(name: usize) -> PlannedOp {
        let entity = EntityId::new(Kind::SERVER, name.to_string());
        PlannedOp { op: Op::Delete { entity }, needs: BTreeSet::new(), ingresses: BTreeSet::new() }
    }

    fn chunks(plan: &Plan, commands: usize, skipped: &[usize]) -> Vec<Vec<usize>> {
        let mut chunks = Chunks::of(plan, Limits { commands, ..Limits::default() });
        let mut found = Vec::new();
        while let Some(chunk) = chunks.next(&mut |id| !skipped.contains(&id.0)) {
            found.push(chunk.into_iter().map(|id| id.0).collect());
        }
        found
    }

    #[test]
    fn a_batch_is_cut_where_it_is_too_long_and_where_one_needs_another() {
        let ops = vec![create(0, &[]), create(1, &[]), create(2, &[1]), create(3, &[])];
        let plan = Plan { ops, batches: iter::once(0..4).collect(), ..Plan::default() };
        assert_eq!(chunks(&plan, 100, &[]), [vec![0, 1], vec![2, 3]]);
        assert_eq!(chunks(&plan, 1, &[]), [[0], [1], [2], [3]]);
        assert_eq!(chunks(&plan, 3, &[1]), [vec![0, 2, 3]]);
    }

    #[test]
    fn what_has_no_bulk_form_goes_alone() {
        let ops = vec![create(0, &[]), delete(1), delete(2), create(3, &[])];
        let plan = Plan { ops, batches: vec![0..1, 1..3], ..Plan::default() };
        assert_eq!(chunks(&plan, 100, &[]), [[0], [1], [2], [3]]);
    }

    #[test]
    fn after_a_partial_failure_the_rest_of_the_batch_goes_alone() {
        let ops = (0..6).map(|name| create(name, &[])).collect();
        let plan = Plan { ops, batches: vec![0..4, 4..6], ..Plan::default() };
        let mut chunks = Chunks::of(&plan, Limits { commands: 2, ..Limits::default() });
        let mut next = || chunks.next(&mut |_| true).unwrap().len();
        assert_eq!(next(), 2);
        chunks.go_singly();
        let mut next = || chunks.next(&mut |_| true).unwrap().len();
        assert_eq!([next(), next(), next()], [1, 1, 2]);
    }
}
