//! One appliance, turn after turn: from what the cluster asks for to what the appliance has.
//!
//! A turn reads all of the cluster and, unless it is known, all of the appliance. What is known is
//! what was read last and what we wrote since; whatever casts a doubt on it makes the next turn
//! read again.

mod memory;
mod reach;

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::select;
use tokio::sync::watch::Receiver;
use tokio::time::timeout;
use tracing::Instrument;

use super::appliance::{Connection, Target, Trouble, first_wait};
use super::asked::Asked;
use super::schedule::{Blocks, Due, Schedule};
use super::tell::{Now, Told};
use super::watchful::Known;
use super::world::World;
use crate::admin::Pulse;
use crate::chain::chain;
use crate::cluster::resources::netscaler::Drift;
use crate::execute::{OpOutcome, Outcomes, Problem, execute};
use crate::fence::Fence;
use crate::metrics::{self, Stage};
use crate::observed::ObservedState;
use crate::plan::{Plan, plan};
use crate::policy::Policy;
use crate::report::{Findings, Found, Reason};
use crate::snapshot::Snapshot;
use crate::translate::Translation;
use memory::is_of_members;

/// Keeps one appliance like the cluster.
pub(super) struct Reconciler {
    world: Arc<World>,
    /// The name of its `NetScaler`; empty for that of the settings.
    name: String,
    target: Target,
    fence: Fence,
    schedule: Schedule,
    connection: Option<Connection>,
    /// The appliance as we know it; `None` if it must be read.
    observed: Option<ObservedState>,
    known: Known,
    asked: Asked,
    /// Whether whoever wrote before us can write no more.
    is_alone: bool,
    /// Whether the last turn left nothing to do, so that what is found next was done by others.
    is_converged: bool,
    told: Told,
    /// Shows that the loop goes on.
    pulse: Pulse,
}

/// What a turn was about.
#[derive(Clone, Copy)]
struct Turn<'a> {
    snapshot: &'a Snapshot,
    translation: &'a Translation,
    due: Due,
}

/// A plan, and what became of it.
struct Done {
    plan: Plan,
    outcomes: Outcomes,
}

/// How a turn ended.
enum End {
    /// There was nothing for us to do.
    Idle,
    /// Nothing is left to do.
    Rested(metrics::Turn),
    /// The appliance refused something, which may pass after this.
    Refused(Duration),
}

/// As long as a second of the appliance lasts, and a little more.
const SECOND: Duration = Duration::from_millis(1100);

/// Plans that may follow each other in one turn: one that ends after the settings of the
/// appliance, one that does the rest, one for what changed meanwhile.
const MOST_PLANS: usize = 4;

impl Reconciler {
    /// A reconciler that has not begun.
    pub(super) fn new(world: Arc<World>, name: String, target: Target, fence: Fence) -> Self {
        let schedule = Schedule::new(world.timing, Instant::now());
        let of = if name.is_empty() { "the appliance" } else { name.as_str() };
        world.metrics.added(&name);
        Self {
            pulse: world.health.pulse(format!("the loop of {of}")),
            told: Told::new(Arc::clone(&world), name.clone()),
            asked: Asked::new(name.clone()),
            world,
            name,
            target,
            fence,
            schedule,
            connection: None,
            observed: None,
            known: Known::default(),
            is_alone: false,
            is_converged: false,
        }
    }

    /// Reconciles until it is told to stop; then ends what is on its way, saves and logs out.
    /// Gives its name at the end.
    pub(super) async fn run(
        mut self,
        mut stop: Receiver<bool>,
        mut targets: Receiver<Target>,
    ) -> String {
        let mut changed = self.world.changed.subscribe();
        let mut standing = self.world.lease.standing();
        changed.mark_changed();
        loop {
            self.pulse.alive();
            let next = self.schedule.next();
            select! {
                biased;
                () = stopped(&mut stop) => break,
                Ok(()) = standing.changed() => self.schedule.try_now(Instant::now()),
                Ok(()) = targets.changed() => {
                    self.target = targets.borrow_and_update().clone();
                    self.disconnect().await;
                    self.schedule.try_now(Instant::now());
                }
                Ok(()) = changed.changed() => self.cluster_changed(),
                () = tokio::time::sleep_until(next.into()) => {}
            }
            let due = self.schedule.due(Instant::now());
            if !due.is_any() {
                continue;
            }
            let fence = self.fence.clone();
            let span = tracing::info_span!("turn", appliance = self.name, why = due.why());
            let mut turn = pin!(self.turn(due).instrument(span));
            select! {
                () = &mut turn => {}
                () = stopped(&mut stop) => {
                    // What is on its way is the last that is sent.
                    fence.stop();
                    turn.await;
                }
            }
        }
        let name = self.name.clone();
        self.close().await;
        name
    }

    /// Takes note of a change of the cluster. New credentials are tried at once.
    fn cluster_changed(&mut self) {
        self.schedule.changed(Instant::now());
        let Some(connection) = &self.connection else {
            if self.schedule.failures() > 0 && self.told.has_other_credentials(&self.target) {
                self.schedule.try_now(Instant::now());
            }
            return;
        };
        let now = self.target.credentials.read(&self.world.secrets);
        if now.is_ok_and(|now| now != connection.credentials) {
            (self.connection, self.observed) = (None, None);
            self.schedule.try_now(Instant::now());
        }
    }

    /// One turn, whatever comes of it.
    async fn turn(&mut self, due: Due) {
        self.schedule.begun();
        let outcome = self.try_turn(due).await;
        let now = Instant::now();
        let end = match outcome {
            Ok(End::Idle) => return,
            Ok(End::Rested(end)) => {
                self.schedule.succeeded();
                end
            }
            Ok(End::Refused(first)) => {
                self.schedule.failed((Blocks::Some, first), fraction(), now);
                metrics::Turn::Unfinished
            }
            Err(trouble) => {
                self.suffer(&trouble).await;
                metrics::Turn::Failed
            }
        };
        self.world.metrics.turn(&self.name, end);
    }

    /// Puts a failure off, and casts a doubt on everything.
    async fn suffer(&mut self, trouble: &Trouble) {
        // Whoever answers next may be another node, or another box.
        (self.connection, self.observed, self.is_converged) = (None, None, false);
        if trouble.is_session_loss() {
            // Another controller may have ended it, because it is the one that writes now.
            self.world.lease.confirm().await;
        }
        let passes_at_once = trouble.is_session_loss() || trouble.is_login();
        let first = if passes_at_once && self.schedule.failures() == 0 {
            Duration::ZERO
        } else {
            trouble.first_wait()
        };
        let now = Instant::now();
        let wait = self.schedule.failed((Blocks::All, first), fraction(), now);
        tracing::warn!(
            appliance = self.name,
            error = chain(trouble),
            retry_ms = wait.as_millis(),
            "the appliance cannot be used"
        );
        if first > Duration::ZERO {
            self.told.trouble(trouble).await;
        }
    }

    async fn try_turn(&mut self, due: Due) -> Result<End, Trouble> {
        let Some(annotations) = self.lead().await? else { return Ok(End::Idle) };
        self.asked.follow(self.world.sources(), self.target.secrets()).await;
        self.connect().await?;
        if due.observe {
            self.observed = None;
        } else if due.look {
            self.look().await?;
        }
        let policy = self.policy(&annotations, due.save);
        let connection = self.connection.as_ref().expect("it was just made");
        let in_the_way = if self.target.is_sidecar {
            None
        } else {
            self.told.unknown_box(connection, &policy.consent.approved).await
        };
        let mut done: Option<Done> = None;
        for plans_left in (0..MOST_PLANS).rev() {
            let is_fresh = self.observe(&policy).await?;
            let (snapshot, translation) = self.translate(&policy).await;
            let observed = self.observed.as_ref().expect("it was just observed");
            let begun = Instant::now();
            let left = plan(observed, &translation);
            self.measure(Stage::Plan, begun);
            let was_complete = done.as_ref().is_none_or(|done| done.outcomes.is_complete());
            let is_drift = is_fresh && self.is_converged && !due.changes && !left.is_empty();
            if is_drift {
                tracing::warn!(appliance = self.name, drift = true, ops = left.ops.len(), "drift");
                self.world.metrics.drift(&self.name, left.ops.len());
            }
            let in_the_way = in_the_way.clone().or_else(|| {
                (is_drift && self.target.drift == Drift::Report).then(drift_is_only_told)
            });
            let stops = left.is_empty() || in_the_way.is_some() || !was_complete || plans_left == 0;
            let turn = Turn { snapshot: &snapshot, translation: &translation, due };
            if stops {
                return Ok(self.conclude(turn, &left, done, in_the_way).await);
            }
            // What is written must not be planned on what somebody has changed since.
            if !is_fresh && self.known.is_settled() && !self.look().await? {
                continue;
            }
            let begun = Instant::now();
            let mut outcomes = self.carry_out(&left).await;
            self.measure(Stage::Execute, begun);
            self.pulse.alive();
            let lost = outcomes.lost.take();
            let is_known = lost.is_none() && outcomes.is_complete() && is_of_members(&left);
            self.remember(&left, &outcomes);
            let now = Done { plan: left, outcomes };
            if let Some(lost) = lost {
                self.observed = None;
                return Err(lost.into());
            }
            if is_known {
                self.take_in(&now.plan, &translation);
                return Ok(self.conclude(turn, &Plan::default(), Some(now), None).await);
            }
            self.observed = None;
            done = Some(now);
            self.let_the_second_pass().await;
        }
        // The last plan of a turn is concluded above.
        Ok(End::Idle)
    }

    /// Tells what came of a turn, and when the next must come.
    async fn conclude(
        &mut self,
        turn: Turn<'_>,
        left: &Plan,
        done: Option<Done>,
        in_the_way: Option<Reason>,
    ) -> End {
        let Turn { snapshot, translation, due } = turn;
        let observed = self.observed.as_ref().expect("a turn ends with what was seen");
        let now = Instant::now();
        let settings = &observed.settings;
        if !settings.unsaved || !settings.unsaved_is_ours {
            self.schedule.saved();
        } else if due.save {
            self.schedule.save_later(now);
        } else {
            self.schedule.unsaved(now);
        }
        let outcomes = done.as_ref().map(|done| (&done.plan, &done.outcomes));
        let found = Found { snapshot, translation, observed, left, outcomes };
        let problems = done.iter().flat_map(|done| &done.outcomes.ops);
        let refused = problems.filter_map(|outcome| match outcome {
            OpOutcome::Failed(Problem::Nitro(error)) | OpOutcome::Unknown(error) => {
                Some(first_wait(error))
            }
            OpOutcome::Failed(Problem::Differs { .. }) => Some(Duration::from_secs(30)),
            OpOutcome::Done | OpOutcome::Skipped { .. } | OpOutcome::Waiting => None,
        });
        let refused = refused.max();
        self.is_converged = left.is_empty() && refused.is_none();
        let told = Now {
            settings,
            held_back: left.held_back.as_ref(),
            in_the_way,
            is_converged: self.is_converged,
        };
        let begun = Instant::now();
        let is_told = self.told.tell(&Findings::of(found), told).await;
        self.measure(Stage::Report, begun);
        match refused {
            Some(first) => End::Refused(first),
            None if !is_told => End::Refused(Duration::from_secs(1)),
            None if left.is_empty() && done.is_some() => End::Rested(metrics::Turn::Changed),
            None if left.is_empty() => End::Rested(metrics::Turn::Converged),
            // What could not be finished in one turn goes on in another.
            None => End::Refused(Duration::from_secs(30)),
        }
    }

    /// What the cluster asks of the appliance.
    async fn translate(&mut self, policy: &Policy) -> (Snapshot, Translation) {
        let observed = self.observed.as_mut().expect("the appliance was read");
        let secrets = self.target.secrets();
        let asked = self.asked.translate(self.world.sources(), &secrets, (observed, policy)).await;
        self.world.metrics.stage(&self.name, Stage::Translate, self.asked.took());
        asked
    }

    /// Waits until what we wrote can be told from what others write: the appliance counts in seconds.
    /// A change of the cluster does not wait.
    async fn let_the_second_pass(&self) {
        let mut changed = self.world.changed.subscribe();
        let _at_most = timeout(SECOND, changed.changed()).await;
    }

    /// A part of a turn has ended.
    fn measure(&self, stage: Stage, begun: Instant) {
        self.world.metrics.stage(&self.name, stage, begun.elapsed());
    }

    async fn carry_out(&self, plan: &Plan) -> Outcomes {
        tracing::info!(appliance = self.name, ops = plan.ops.len(), "carrying out a plan");
        let connection = self.connection.as_ref().expect("a plan follows a connection");
        execute(&connection.client, plan, &mut |_| ()).await
    }

    /// What the plan may do: what the operator says, and what was approved since.
    fn policy(&self, annotations: &BTreeMap<String, String>, is_save_due: bool) -> Policy {
        let mut policy = self.target.policy.clone();
        let approved = self.told.approvals(annotations);
        policy.consent.approved.extend(approved);
        policy.consent.defers_save = !is_save_due;
        policy
    }
}

fn drift_is_only_told() -> Reason {
    Reason {
        kind: "Synced",
        holds: false,
        reason: "Drift".to_owned(),
        message: "somebody else has changed objects of ours; the next change of an Ingress \
                  undoes it"
            .to_owned(),
    }
}

/// Ends when it is told to stop.
async fn stopped(stop: &mut Receiver<bool>) {
    // Whoever could tell has gone: that is the end as well.
    let _told = stop.wait_for(|stop| *stop).await;
}

/// A random part of a whole, so that those who failed together do not come back together.
fn fraction() -> f64 {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 4];
    // Without randomness the whole wait is as good.
    if ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        return 1.0;
    }
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}
