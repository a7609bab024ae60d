//! Carries a plan out: in its order, in as few requests as it goes, and no further than is safe.
//!
//! An op that fails takes exactly those with it that need it. A write without an answer is looked
//! for on the appliance before anything else is made of it: what is there is done, what is not is
//! sent once more. When the appliance is lost in the middle, everything that was not sent waits.

mod outcome;
mod size;
mod chunk;
mod look;

use crate::nitro::{Answer, Class, Client, Code, Error, Item, Request, Transport};
use crate::plan::{Op, OpId, Plan};
use chunk::{Chunk, Chunks};
pub use outcome::{Event, IngressOutcome, OpOutcome, Outcomes, Problem};

/// Carries out a plan. Each op is told to `on_event` when it is sent and when it is settled.
pub async fn execute<T: Transport>(
    client: &Client<T>,
    plan: &Plan,
    on_event: &mut (impl FnMut(Event<'_>) + ?Sized),
) -> Outcomes {
    let outcomes = plan.ops.iter().map(|_| None).collect();
    let tried = vec![false; plan.ops.len()];
    let (lost, series_refused) = (None, false);
    let mut execution = Execution { client, plan, outcomes, tried, series_refused, lost, on_event };
    let mut chunks = Chunks::of(plan, *client.limits());
    loop {
        let next = chunks.next(execution.may_use_series(&chunks).await, &mut |op, before| {
            execution.is_ready(op, before)
        });
        let Some(chunk) = next else { break };
        match execution.send(&chunk).await {
            Sent::Complete => chunks.size_mut().succeeded(chunk.ops().len()),
            Sent::InPart => {}
            Sent::Unknown => {
                chunks.size_mut().unanswered(chunk.ops().len());
                chunks.go_singly();
            }
            Sent::TooLarge => {
                chunks.size_mut().too_large(chunk.ops().len());
                chunks.again(chunk.ops());
            }
            Sent::Stopped => chunks.again_in_bulk(chunk.ops()),
            Sent::NoBulkDelete => chunks.delete_singly(chunk.ops()),
        }
    }
    let Execution { outcomes, lost, .. } = execution;
    let outcomes = outcomes.into_iter().map(|o| o.unwrap_or(OpOutcome::Waiting)).collect();
    Outcomes::new(plan, outcomes, lost)
}

struct Execution<'a, T, F: ?Sized> {
    client: &'a Client<T>,
    plan: &'a Plan,
    /// What became of the ops so far.
    outcomes: Vec<Option<OpOutcome>>,
    /// Which ops were part of a request that may have carried them out without saying so.
    tried: Vec<bool>,
    /// Whether the appliance refused a series that it should know.
    series_refused: bool,
    /// Why there is no use in sending anything more.
    lost: Option<Error>,
    on_event: &'a mut F,
}

/// What an answer says about one op.
enum Verdict {
    /// It is as the op wants it.
    Done,
    /// It is not, and sending the op again would not help.
    Failed(Problem),
    /// Nobody knows whether it was carried out.
    Unknown(Error),
    /// It was not sent.
    Lost(Error),
}

/// What became of a request as a whole.
enum Sent {
    /// All of its ops are done.
    Complete,
    /// Each of its ops is settled, not all as done.
    InPart,
    /// It said too little, so its ops were sent one by one.
    Unknown,
    /// The appliance did not take it in, and none of its ops is settled.
    TooLarge,
    /// It stopped at an op, and those after it are not settled.
    Stopped,
    /// The appliance does not know deletes in bulk, and none of its ops is settled.
    NoBulkDelete,
}

impl<T: Transport, F: FnMut(Event<'_>) + ?Sized> Execution<'_, T, F> {
    /// Whether the next request may be a series. The appliance is asked when there is something to
    /// be gained by it, so never where there is nothing to do.
    async fn may_use_series(&self, chunks: &Chunks<'_>) -> bool {
        if self.lost.is_some() || self.series_refused {
            return false;
        }
        self.client.is_known_for_series()
            || (chunks.is_worth_a_probe() && self.client.has_series().await)
    }

    /// Whether an op may be sent now, after those of `before` in the same request. One that may not
    /// is settled on the spot.
    fn is_ready(&mut self, id: OpId, before: &[OpId]) -> bool {
        if self.outcomes[id.0].is_some() {
            return false;
        }
        if self.lost.is_some() {
            self.settle(id, OpOutcome::Waiting);
            return false;
        }
        let needs = self.plan.ops[id.0].needs.iter();
        // The places of `before` are sorted.
        let needs = needs.filter(|need| before.binary_search(need).is_err());
        let in_the_way =
            needs.map(|need| (*need, &self.outcomes[need.0])).find_map(|(need, outcome)| {
                match outcome {
                    Some(OpOutcome::Done) => None,
                    Some(OpOutcome::Skipped { because_of }) => {
                        Some(OpOutcome::Skipped { because_of: *because_of })
                    }
                    Some(OpOutcome::Failed(_) | OpOutcome::Unknown(_)) => {
                        Some(OpOutcome::Skipped { because_of: need })
                    }
                    Some(OpOutcome::Waiting) | None => Some(OpOutcome::Waiting),
                }
            });
        match in_the_way {
            Some(outcome) => {
                self.settle(id, outcome);
                false
            }
            None => true,
        }
    }

    fn op(&self, id: OpId) -> &Op {
        &self.plan.ops[id.0].op
    }

    fn settle(&mut self, id: OpId, outcome: OpOutcome) {
        let planned = &self.plan.ops[id.0];
        match &outcome {
            OpOutcome::Done => tracing::info!(op = %planned.op, "done"),
            OpOutcome::Failed(problem) => {
                tracing::warn!(op = %planned.op, error = problem.chain(), "failed");
            }
            OpOutcome::Unknown(error) => {
                tracing::warn!(op = %planned.op, error = error.chain(), "nobody knows if done");
            }
            OpOutcome::Skipped { because_of } => {
                tracing::debug!(op = %planned.op, because_of = because_of.0, "skipped");
            }
            OpOutcome::Waiting => tracing::debug!(op = %planned.op, "waiting"),
        }
        (self.on_event)(Event::Settled { op: id, planned, outcome: &outcome });
        self.outcomes[id.0] = Some(outcome);
    }

    fn conclude(&mut self, id: OpId, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Done => OpOutcome::Done,
            Verdict::Failed(problem) => OpOutcome::Failed(problem),
            Verdict::Unknown(error) => OpOutcome::Unknown(error),
            Verdict::Lost(error) => {
                tracing::warn!(error = error.chain(), "the appliance is lost");
                self.lost = Some(error);
                OpOutcome::Waiting
            }
        };
        self.settle(id, outcome);
    }

    /// Sends a chunk and settles its ops.
    async fn send(&mut self, chunk: &Chunk) -> Sent {
        let ids = chunk.ops();
        (self.on_event)(Event::Sent { ops: ids });
        let [first, _, ..] = ids else {
            let first = ids[0];
            let verdict = self.send_one(first, self.tried[first.0]).await;
            self.conclude(first, verdict);
            return Sent::Complete;
        };
        let ops: Vec<&Op> = ids.iter().map(|id| self.op(*id)).collect();
        let request = match chunk {
            Chunk::Bulk(_) => Request::of_ops(&ops),
            Chunk::Series(_) => Request::series(&ops),
        };
        let error = match self.client.send(&request).await {
            Ok(answer) if answer.items.is_empty() => {
                for id in ids {
                    self.conclude(*id, Verdict::Done);
                }
                return Sent::Complete;
            }
            Ok(answer) => {
                return match chunk {
                    Chunk::Bulk(_) => self.read_items(ids, &answer).await,
                    Chunk::Series(_) => self.read_series(ids, &answer).await,
                };
            }
            Err(error) => error,
        };
        if is_lost(&error) {
            self.conclude(*first, Verdict::Lost(error));
            for id in &ids[1..] {
                self.settle(*id, OpOutcome::Waiting);
            }
            return Sent::InPart;
        }
        if matches!(error, Error::Unavailable { status: 413, .. }) {
            return Sent::TooLarge;
        }
        // Refused as a whole: what has no form that the appliance surely knows is sent in another.
        match (chunk, self.op(*first)) {
            (Chunk::Series(_), _) if !error.is_unknown() => {
                self.series_refused = true;
                // That nothing of it was carried out is not documented.
                for id in ids {
                    self.tried[id.0] = true;
                }
                Sent::Stopped
            }
            (Chunk::Bulk(_), Op::Delete { .. } | Op::Unbind { .. }) if !error.is_unknown() => {
                tracing::debug!(error = error.chain(), "deleting one by one");
                Sent::NoBulkDelete
            }
            // Nobody knows how far it came, or which command was refused.
            _ => {
                self.send_each(ids).await;
                Sent::Unknown
            }
        }
    }

    /// Settles the ops of a bulk request that failed in part. What was not tried, or may succeed
    /// when it is tried again, is sent alone.
    async fn read_items(&mut self, ids: &[OpId], answer: &Answer) -> Sent {
        let again = self.settle_items(ids, answer).await;
        self.send_each(&again).await;
        if answer.items.len() < ids.len() { Sent::Unknown } else { Sent::InPart }
    }

    /// Settles the ops of a series as far as it came. That it goes no further after a failure is
    /// documented; what it should not have done after all is found when it is sent again.
    async fn read_series(&mut self, ids: &[OpId], answer: &Answer) -> Sent {
        for id in self.settle_items(ids, answer).await {
            self.tried[id.0] = true;
        }
        Sent::Stopped
    }

    /// Settles the ops whose outcomes are told, and gives the others.
    async fn settle_items(&mut self, ids: &[OpId], answer: &Answer) -> Vec<OpId> {
        let mut others = Vec::new();
        for (place, id) in ids.iter().enumerate() {
            match answer.items.get(place) {
                Some(Item { code: Code::DONE, .. }) => self.conclude(*id, Verdict::Done),
                Some(item) if !is_passing(item.code) => {
                    let error = item_error(self.op(*id), item);
                    let verdict = self.refused(*id, error, self.tried[id.0]).await;
                    self.conclude(*id, verdict);
                }
                Some(_) | None => others.push(*id),
            }
        }
        others
    }

    /// Sends ops one by one that may have been carried out already.
    async fn send_each(&mut self, ops: &[OpId]) {
        for id in ops {
            if self.is_ready(*id, &[]) {
                let verdict = self.send_looking(*id).await;
                self.conclude(*id, verdict);
            }
        }
    }

    /// Sends one op that may have been carried out already, unless it shows that it was.
    async fn send_looking(&mut self, id: OpId) -> Verdict {
        match self.look(id).await {
            Ok(true) => Verdict::Done,
            Ok(false) => self.send_one(id, true).await,
            Err(error) => Verdict::Lost(error),
        }
    }

    /// Sends one op. `again` says that it may have been carried out before.
    async fn send_one(&mut self, id: OpId, again: bool) -> Verdict {
        let op = self.op(id);
        let request = Request::of_op(op);
        let error = match self.client.send(&request).await {
            Ok(answer) => match answer.items.first() {
                Some(item) if item.code != Code::DONE => item_error(op, item),
                Some(_) | None => return look::verify(op, &answer),
            },
            Err(error) => error,
        };
        if is_lost(&error) {
            return Verdict::Lost(error);
        }
        if !error.is_unknown() {
            return self.refused(id, error, again).await;
        }
        match self.look(id).await {
            Ok(true) => Verdict::Done,
            Ok(false) if again => match &error {
                Error::NoAnswer { .. } => Verdict::Unknown(error),
                Error::NotSent { .. }
                | Error::Fenced { .. }
                | Error::NotPrimary { .. }
                | Error::Synchronising { .. }
                | Error::Unavailable { .. }
                | Error::Refused { .. }
                | Error::Login { .. }
                | Error::Decode { .. } => Verdict::Failed(error.into()),
            },
            Ok(false) => Box::pin(self.send_one(id, true)).await,
            Err(lost) => {
                self.lost = Some(lost);
                Verdict::Unknown(error)
            }
        }
    }

    /// What a refusal means. "Exists" and "no such resource" may mean that all is as the op wants
    /// it, but only a look proves that.
    async fn refused(&mut self, id: OpId, error: Error, again: bool) -> Verdict {
        if look::may_be_so(self.op(id), &error, again) && matches!(self.look(id).await, Ok(true)) {
            return Verdict::Done;
        }
        Verdict::Failed(error.into())
    }

    /// Whether the appliance shows what the op was for.
    async fn look(&self, id: OpId) -> Result<bool, Error> {
        let op = self.op(id);
        match self.client.send(&look::request(op)).await {
            Ok(answer) => Ok(look::shows(op, &answer.rows)),
            Err(error) if error.class() == Class::Missing => Ok(look::shows(op, &[])),
            Err(error) => Err(error),
        }
    }
}

/// Whether an error says that the op was not sent and that the next would not be either.
fn is_lost(error: &Error) -> bool {
    error.is_lost() && !error.is_unknown()
}

/// Whether an error of one command may go away when the command is sent again.
fn is_passing(code: Code) -> bool {
    matches!(code.class(), Some(Class::Transient | Class::Busy))
}

fn item_error(op: &Op, item: &Item) -> Error {
    let Item { code, message } = item.clone();
    // The status of the command itself: one that nothing follows from.
    Error::Refused { request: Request::of_op(op).to_string(), status: 599, code, message }
}
