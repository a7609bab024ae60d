//! Which ops travel together: the next ready ones, as many as a request may carry.
//!
//! In a *bulk* request all ops have one verb and one kind, and no op needs another of it: the
//! appliance goes on after a failed command, so it could carry out what must not be carried out
//! then. In a *series* it stops, so that each op may need those before it.

use std::ops::Range;

use super::size::Size;
use crate::nitro::{Limits, Request};
use crate::plan::{FileContent, Op, OpId, Plan};

/// Ops that are sent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Chunk {
    /// A request of one verb on one kind.
    Bulk(Vec<OpId>),
    /// An ordered request of several kinds.
    Series(Vec<OpId>),
}

impl Chunk {
    /// The ops.
    pub(super) fn ops(&self) -> &[OpId] {
        match self {
            Self::Bulk(ops) | Self::Series(ops) => ops,
        }
    }
}

/// The chunks of a plan that are still to be sent.
pub(super) struct Chunks<'a> {
    plan: &'a Plan,
    limits: Limits,
    /// The batches and, each as one of its own, the ops of no batch.
    batches: Vec<Range<usize>>,
    /// The first op that is not sent yet.
    next: usize,
    size: Size,
    /// The ops before this one go alone.
    singly_until: usize,
    /// The ops before this one go in bulk.
    bulk_until: usize,
    /// Whether deletes and unbinds go alone.
    deletes_singly: bool,
}

/// How many requests a series must save before it is worth the question whether there are any.
const WORTH_A_PROBE: usize = 2;

impl<'a> Chunks<'a> {
    /// All of a plan.
    pub(super) fn of(plan: &'a Plan, limits: Limits) -> Self {
        let mut batches = Vec::new();
        let mut next = 0;
        for batch in &plan.batches {
            batches.extend((next..batch.start).map(|op| op..op + 1));
            batches.push(batch.clone());
            next = batch.end;
        }
        batches.extend((next..plan.ops.len()).map(|op| op..op + 1));
        let size = Size::of(limits);
        let (singly_until, bulk_until, deletes_singly) = (0, 0, false);
        Self { plan, limits, batches, next: 0, size, singly_until, bulk_until, deletes_singly }
    }

    /// How many commands a request may carry now.
    pub(super) fn size_mut(&mut self) -> &mut Size {
        &mut self.size
    }

    /// Sends the rest of the current batch op by op.
    pub(super) fn go_singly(&mut self) {
        let last = self.next.saturating_sub(1);
        self.singly_until = self.batch_of(last).end;
    }

    /// Sends what is not settled of a chunk again.
    pub(super) fn again(&mut self, ops: &[OpId]) {
        if let Some(first) = ops.first() {
            self.next = first.0;
        }
    }

    /// The same in bulk.
    pub(super) fn again_in_bulk(&mut self, ops: &[OpId]) {
        self.bulk_until = self.next;
        self.again(ops);
    }

    /// Sends what is not settled of a chunk again op by op, and all deletes and unbinds after it.
    pub(super) fn delete_singly(&mut self, ops: &[OpId]) {
        self.deletes_singly = true;
        self.again(ops);
    }

    /// How many requests a series would save now.
    fn saved_by_series(&self) -> usize {
        self.series_end().map_or(0, |(_, batches)| batches - 1)
    }

    /// Whether a series is worth a question first.
    pub(super) fn is_worth_a_probe(&self) -> bool {
        self.saved_by_series() >= WORTH_A_PROBE
    }

    /// The next ops to send together. `is_ready` says whether an op may be sent after those that it
    /// is given, and settles those that may not.
    pub(super) fn next(
        &mut self,
        series: bool,
        is_ready: &mut impl FnMut(OpId, &[OpId]) -> bool,
    ) -> Option<Chunk> {
        while self.next < self.plan.ops.len() {
            let end = if series { self.series_end() } else { None };
            let is_series = end.is_some_and(|(_, batches)| batches > 1);
            let ops = match end {
                Some((end, _)) if is_series => self.take_series(end, is_ready),
                Some(_) | None => self.take_bulk(is_ready),
            };
            match ops.len() {
                0 => {}
                // A single op has an answer of its own.
                2.. if is_series => return Some(Chunk::Series(ops)),
                _ => return Some(Chunk::Bulk(ops)),
            }
        }
        None
    }

    /// Where a series from the next op would end, and over how many batches it would go.
    fn series_end(&self) -> Option<(usize, usize)> {
        let start = self.next;
        if start < self.bulk_until || start < self.singly_until {
            return None;
        }
        let end = self.plan.ops.len().min(start + self.size.commands());
        let first = self.batches.partition_point(|batch| batch.end <= start);
        let mut kinds = Vec::new();
        let mut reached = start;
        for batch in self.batches[first..].iter().take_while(|batch| batch.start < end) {
            let op = &self.plan.ops[batch.start].op;
            // A second batch of a kind is one whose ops need some of the first, or come later.
            if !Request::is_of_series(op) || kinds.contains(&op.kind()) {
                break;
            }
            kinds.push(op.kind());
            reached = batch.end.min(end);
        }
        (reached > start).then_some((reached, kinds.len()))
    }

    fn take_series(
        &mut self,
        end: usize,
        is_ready: &mut impl FnMut(OpId, &[OpId]) -> bool,
    ) -> Vec<OpId> {
        let mut ops = Vec::new();
        for id in (self.next..end).map(OpId) {
            if is_ready(id, &ops) {
                ops.push(id);
            }
        }
        self.next = end;
        ops
    }

    fn take_bulk(&mut self, is_ready: &mut impl FnMut(OpId, &[OpId]) -> bool) -> Vec<OpId> {
        let limit = if self.next < self.singly_until { 1 } else { self.size.commands() };
        let end = self.batch_of(self.next).end;
        let (mut chunk, mut upload): (Vec<OpId>, usize) = (Vec::new(), 0);
        while self.next < end {
            let planned = &self.plan.ops[self.next];
            let size = upload_size(&planned.op);
            let full = chunk.len() >= limit || upload + size > self.limits.upload;
            // The places of a chunk are sorted.
            let needs_chunk = planned.needs.iter().any(|need| chunk.binary_search(need).is_ok());
            let alone = !self.is_bulk(&planned.op);
            let other = chunk.first().is_some_and(|first| !self.is_alike(*first, &planned.op));
            if !chunk.is_empty() && (full || needs_chunk || alone || other) {
                break;
            }
            let id = OpId(self.next);
            self.next += 1;
            if !is_ready(id, &[]) {
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

    fn batch_of(&self, op: usize) -> Range<usize> {
        let place = self.batches.partition_point(|batch| batch.end <= op);
        self.batches.get(place).cloned().unwrap_or(op..op)
    }

    fn is_bulk(&self, op: &Op) -> bool {
        let single = self.deletes_singly && matches!(op, Op::Delete { .. } | Op::Unbind { .. });
        Request::is_bulk(op) && !single
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
    use std::sync::Arc;

    use super::*;
    use crate::model::{EntityId, Fields, Kind};
    use crate::plan::PlannedOp;

    fn create(name: usize, needs: &[usize]) -> PlannedOp {
        let entity = EntityId::new(Kind::SERVER, name.to_string());
        let needs = needs.iter().map(|need| OpId(*need)).collect();
        PlannedOp {
            op: Op::Create { entity, fields: Fields::new() },
            needs,
            ingresses: Arc::default(),
        }
    }

    fn delete(name: usize) -> PlannedOp {
        let entity = EntityId::new(Kind::SERVER, name.to_string());
        PlannedOp {
            op: Op::Delete { entity, also: Fields::new() },
            needs: BTreeSet::new(),
            ingresses: Arc::default(),
        }
    }

    fn remove_file(name: usize) -> PlannedOp {
        let op = Op::RemoveFile { file: name.to_string() };
        PlannedOp { op, needs: BTreeSet::new(), ingresses: Arc::default() }
    }

    fn chunks(plan: &Plan, commands: usize, skipped: &[usize]) -> Vec<Vec<usize>> {
        let mut chunks = Chunks::of(plan, Limits { commands, ..Limits::default() });
        let mut found = Vec::new();
        while let Some(chunk) = chunks.next(false, &mut |id, _| !skipped.contains(&id.0)) {
            found.push(places(&chunk));
        }
        found
    }

    fn places(chunk: &Chunk) -> Vec<usize> {
        chunk.ops().iter().map(|id| id.0).collect()
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
        let ops = vec![create(0, &[]), remove_file(1), remove_file(2), create(3, &[])];
        let plan = Plan { ops, batches: vec![0..1, 1..3], ..Plan::default() };
        assert_eq!(chunks(&plan, 100, &[]), [[0], [1], [2], [3]]);
    }

    #[test]
    fn deletes_go_alone_once_the_appliance_has_refused_them_together() {
        let plan = Plan {
            ops: (0..3).map(delete).collect(),
            batches: iter::once(0..3).collect(),
            ..Plan::default()
        };
        let mut chunks = Chunks::of(&plan, Limits::default());
        let mut next = || chunks.next(false, &mut |_, _| true);
        let refused = next().unwrap();
        assert_eq!(places(&refused), [0, 1, 2]);
        chunks.delete_singly(refused.ops());
        let mut next = || places(&chunks.next(false, &mut |_, _| true).unwrap());
        assert_eq!([next(), next(), next()], [[0], [1], [2]]);
    }

    #[test]
    fn a_series_goes_over_batches_until_a_kind_comes_again() {
        let vserver = |name: usize, needs: &[usize]| {
            let mut planned = create(name, needs);
            let Op::Create { entity, .. } = &mut planned.op else { unreachable!() };
            entity.kind = Kind::LBVSERVER;
            planned
        };
        let ops = vec![
            create(0, &[]),
            create(1, &[]),
            vserver(2, &[1]),
            vserver(3, &[0]),
            create(4, &[2]),
            delete(5),
        ];
        let plan = Plan { ops, batches: vec![0..2, 2..4, 4..5, 5..6], ..Plan::default() };
        let mut chunks = Chunks::of(&plan, Limits::default());
        assert!(!chunks.is_worth_a_probe());
        let mut known = Vec::new();
        let mut next = || {
            chunks.next(true, &mut |id, before| {
                known.push((id.0, before.len()));
                id.0 != 3
            })
        };
        assert_eq!(next(), Some(Chunk::Series([0, 1, 2].map(OpId).to_vec())));
        assert_eq!(next(), Some(Chunk::Bulk(vec![OpId(4)])));
        assert_eq!(next(), Some(Chunk::Bulk(vec![OpId(5)])));
        assert_eq!(next(), None);
        assert_eq!(known, [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0), (5, 0)]);
        let mut chunks = Chunks::of(&plan, Limits::default());
        let series = chunks.next(true, &mut |_, _| true).unwrap();
        chunks.again_in_bulk(series.ops());
        let next = chunks.next(true, &mut |_, _| true);
        assert_eq!(next, Some(Chunk::Bulk(vec![OpId(0), OpId(1)])));
    }

    #[test]
    fn after_an_answer_that_says_too_little_the_rest_of_the_batch_goes_alone() {
        let ops = (0..6).map(|name| create(name, &[])).collect();
        let plan = Plan { ops, batches: vec![0..4, 4..6], ..Plan::default() };
        let mut chunks = Chunks::of(&plan, Limits { commands: 2, ..Limits::default() });
        let mut next = || places(&chunks.next(false, &mut |_, _| true).unwrap()).len();
        assert_eq!(next(), 2);
        chunks.go_singly();
        let mut next = || places(&chunks.next(false, &mut |_, _| true).unwrap()).len();
        assert_eq!([next(), next(), next()], [1, 1, 2]);
    }
}
