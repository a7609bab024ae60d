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

use super::appliance::{Connection, Target, Trouble};
use super::asked::Asked;
use super::schedule::{Blocks, Due, Schedule};
use super::tell::{Now, Told};
use super::watchful::{Finding, Known};
use super::world::World;
use crate::admin::Pulse;
use crate::cluster::resources::netscaler::Drift;
use crate::execute::{Outcomes, execute};
use crate::fence::Fence;
use crate::metrics::{self, Stage};
use crate::model::IngressId;
use crate::nitro::Error;
use crate::observed::ObservedState;
use crate::plan::{Plan, plan};
use crate::policy::{Policy, Saving};
use crate::report::{Findings, Found, Reason, refused};
use crate::snapshot::Snapshot;
use crate::translate::Translation;
use memory::{changes, fingerprint, first_wait_after, is_of_members};

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
    /// The term of our lease in which whoever wrote before us can write no more.
    alone_in: Option<u64>,
    /// Whether our session was ended, and the lease has not said since that it is still ours.
    is_in_doubt: bool,
    /// Whether the last turn left nothing to do, so that what is found next was done by others.
    is_converged: bool,
    /// When a turn last found, or left, all as it should be: on the appliance, and in what is told.
    rested: Option<Instant>,
    /// What the cluster asked for when the appliance last matched it, where drift is only told.
    wish: Option<String>,
    told: Told,
    /// Shows that the loop goes on.
    pulse: Pulse,
}

/// What a turn was about.
struct Turn<'a> {
    snapshot: &'a Snapshot,
    translation: &'a Translation,
    /// What the cluster asks for, where that decides whether drift is undone.
    wish: Option<String>,
    due: Due,
}

/// What became of a plan, in short: the plan itself is as large as what it changes.
struct Done {
    /// Whether all of it was done; what it left for another plan is planned at once.
    succeeded: bool,
    /// How long to wait until what the appliance refused is tried again, if it refused something.
    wait: Option<Duration>,
    refused: BTreeMap<IngressId, String>,
}

impl Done {
    fn of(plan: &Plan, outcomes: &Outcomes) -> Self {
        let (succeeded, wait) = (outcomes.is_done(), first_wait_after(outcomes));
        Self { succeeded, wait, refused: refused(plan, outcomes) }
    }
}

/// How a turn ended.
enum End {
    /// There was nothing for us to do.
    Idle,
    /// We may not write any more, for now or because we are told to stop.
    Fenced,
    /// Nothing is left to do.
    Rested(metrics::Turn),
    /// The appliance refused something, which may pass after this.
    Refused(Duration),
}

/// How long until we look again whether we may write.
const A_MOMENT: Duration = Duration::from_secs(1);

/// As long as a second of the appliance lasts, and a little more.
const SECOND: Duration = Duration::from_millis(1100);

/// Plans that may follow each other in one turn: one that takes objects over, one that ends after the
/// settings of the appliance, one that does the rest, one for what changed meanwhile, and the last
/// look.
const MOST_PLANS: usize = 5;

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
            alone_in: None,
            is_in_doubt: false,
            is_converged: false,
            rested: None,
            wish: None,
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
                Ok(()) = changed.changed() => self.cluster_changed().await,
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

    /// One turn, whatever comes of it.
    async fn turn(&mut self, due: Due) {
        self.schedule.begun();
        self.told.begun();
        let outcome = self.try_turn(due).await;
        let now = Instant::now();
        let end = match outcome {
            Ok(End::Idle) => return,
            Ok(End::Fenced) => {
                // Nothing is lost: what was to be done is done when we may write again.
                (self.observed, self.is_converged) = (None, false);
                self.schedule.changed(now);
                self.schedule.wait_until(now + A_MOMENT);
                return;
            }
            Ok(End::Rested(end)) => {
                self.schedule.succeeded();
                end
            }
            Ok(End::Refused(first)) => {
                self.schedule.failed((Blocks::Some, first), reach::fraction(), now);
                metrics::Turn::Unfinished
            }
            Err(trouble) => {
                self.suffer(&trouble).await;
                metrics::Turn::Failed
            }
        };
        self.world.metrics.turn(&self.name, end);
    }

    async fn try_turn(&mut self, due: Due) -> Result<End, Trouble> {
        let Some((term, annotations)) = self.lead().await else { return Ok(End::Idle) };
        self.asked.follow(self.world.sources(), self.target.secrets()).await;
        self.connect().await?;
        let policy = self.policy(&annotations, due.save);
        self.be_alone(term, &policy).await?;
        if !self.refresh(due).await? {
            return Ok(End::Rested(metrics::Turn::Converged));
        }
        let mut done: Option<Done> = None;
        for plans_left in (0..MOST_PLANS).rev() {
            let is_fresh = self.observe(&policy).await?;
            if !self.fence.is_open() {
                return Ok(End::Fenced);
            }
            let (snapshot, translation) = self.translate(&policy).await;
            let observed = self.observed.as_ref().expect("it was just observed");
            let begun = Instant::now();
            let left = plan(observed, &translation);
            self.measure(Stage::Plan, begun);
            let had_success = done.as_ref().is_none_or(|done| done.succeeded);
            let is_drift = is_fresh && self.is_converged && !due.pending && changes(&left);
            if is_drift {
                tracing::warn!(appliance = self.name, drift = true, ops = left.ops.len(), "drift");
                self.world.metrics.drift(&self.name, left.ops.len());
            }
            let wish = (self.target.drift == Drift::Report).then(|| fingerprint(&translation));
            let turn = Turn { snapshot: &snapshot, translation: &translation, wish, due };
            let in_the_way = self.in_the_way(&policy, turn.wish.as_ref(), &left).await;
            let stops = left.is_empty() || in_the_way.is_some() || !had_success || plans_left == 0;
            if stops {
                return Ok(self.conclude(turn, &left, done, in_the_way).await);
            }
            if self.alone_in != Some(term) {
                // We may write only now, and others may have until now.
                self.be_alone(term, &policy).await?;
                self.observed = None;
                continue;
            }
            // What is written must not be planned on what somebody has changed since.
            if !is_fresh && self.known.is_settled() && self.look().await? == Finding::Changed {
                continue;
            }
            let begun = Instant::now();
            let mut outcomes = self.carry_out(&left).await;
            self.measure(Stage::Execute, begun);
            self.pulse.alive();
            let lost = outcomes.lost.take();
            let is_known = lost.is_none() && outcomes.is_complete() && is_of_members(&left);
            self.remember(&left, &outcomes);
            let now = Done::of(&left, &outcomes);
            match lost {
                Some(Error::Fenced { .. }) => return Ok(End::Fenced),
                Some(lost) => return Err(lost.into()),
                None => (),
            }
            if is_known {
                self.take_in(&left, &translation);
                // What waits goes on waiting.
                let left = Plan { held_back: left.held_back, ..Plan::default() };
                return Ok(self.conclude(turn, &left, Some(now), None).await);
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
        let Turn { snapshot, translation, wish, due } = turn;
        let observed = self.observed.as_ref().expect("a turn ends with what was seen");
        let now = Instant::now();
        let settings = &observed.settings;
        let never = self.target.policy.consent.saving == Saving::Never;
        if never || !settings.unsaved || !settings.unsaved_is_ours {
            self.schedule.saved();
        } else if due.save {
            self.schedule.save_later(now);
        } else {
            self.schedule.unsaved(now);
        }
        let has_changed = done.is_some();
        let (wait, refused) = done.map(|done| (done.wait, done.refused)).unwrap_or_default();
        let (refused, in_the_way) = (&refused, in_the_way.as_ref());
        let found = Found { snapshot, translation, observed, left, refused, in_the_way };
        self.is_converged = left.is_empty() && wait.is_none();
        if self.is_converged {
            self.wish = wish;
        }
        if !self.fence.is_open() {
            // What is so is told by who may write.
            return End::Fenced;
        }
        let told = Now {
            settings,
            held_back: left.held_back.as_ref(),
            in_the_way,
            is_converged: self.is_converged,
        };
        let begun = Instant::now();
        let is_told = self.told.tell(&Findings::of(found), told).await;
        self.measure(Stage::Report, begun);
        let is_well = self.is_converged && in_the_way.is_none() && is_told;
        self.rested = is_well.then_some(now);
        match wait {
            Some(first) => End::Refused(first),
            None if !is_told => End::Refused(Duration::from_secs(1)),
            // Somebody must do something first.
            None if in_the_way.is_some() => End::Rested(metrics::Turn::Unfinished),
            None if left.is_empty() && has_changed => End::Rested(metrics::Turn::Changed),
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
        for entity in plan.taken_over() {
            tracing::warn!(appliance = self.name, %entity, "taking over an object of somebody else");
        }
        let connection = self.connection.as_ref().expect("a plan follows a connection");
        execute(&connection.client, plan, &mut |_| self.pulse.alive()).await
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

/// Ends when it is told to stop.
async fn stopped(stop: &mut Receiver<bool>) {
    // Whoever could tell has gone: that is the end as well.
    let _told = stop.wait_for(|stop| *stop).await;
}
