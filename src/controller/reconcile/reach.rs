//! How an appliance is reached, read, and left: as the only one that writes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::super::appliance::Trouble;
use super::super::schedule::{Blocks, Due};
use super::super::watchful::{Finding, Look};
use super::memory::changes;
use super::{A_MOMENT, Reconciler};
use crate::chain::chain;
use crate::cluster::lease::Standing;
use crate::metrics::Stage;
use crate::nitro::Request;
use crate::observe::observe;
use crate::plan::{Op, Plan};
use crate::policy::{Policy, Saving};
use crate::report::Reason;

impl Reconciler {
    /// The term in which we may write, and what stands on the lease.
    pub(super) async fn lead(&mut self) -> Option<(u64, BTreeMap<String, String>)> {
        let now = Instant::now();
        // Who ended our session may be another controller, and the fence does not know.
        if self.is_in_doubt && !self.world.lease.confirm().await {
            self.schedule.wait_until(now + A_MOMENT);
        } else {
            self.is_in_doubt = false;
        }
        let standing = self.world.lease.standing().borrow().clone();
        match standing {
            Standing::Leader { term, taken_over, annotations } => {
                if self.is_in_doubt {
                    return None;
                }
                if self.alone_in == Some(term) {
                    return Some((term, annotations));
                }
                if self.alone_in.take().is_some() {
                    // Somebody else may have written between our terms.
                    self.disconnect().await;
                }
                self.world.metrics.added(&self.name);
                self.told.take_over(&annotations);
                let longest = self.world.lease.duration() + self.world.timing.request;
                if let Some(alone) = taken_over.map(|renewed| renewed + longest)
                    && now < alone
                {
                    self.schedule.wait_until(alone);
                    return None;
                }
                Some((term, annotations))
            }
            Standing::Unknown | Standing::Follower { .. } => {
                self.alone_in = None;
                self.disconnect().await;
                self.schedule.idle(now);
                None
            }
        }
    }

    /// Makes sure that whoever wrote before us can write no more in this term of ours. That nobody
    /// is known to have written does not mean that nobody did: somebody may have deleted the lease.
    /// On a box that we only read there is nothing to be alone for.
    pub(super) async fn be_alone(&mut self, term: u64, policy: &Policy) -> Result<(), Trouble> {
        if self.alone_in != Some(term) && self.only_reads(policy).await.is_none() {
            let connection = self.connection.as_ref().expect("who writes is connected");
            connection.end_other_sessions().await?;
            self.alone_in = Some(term);
        }
        Ok(())
    }

    pub(super) async fn connect(&mut self) -> Result<(), Trouble> {
        if self.connection.is_none() {
            self.observed = None;
            self.told.use_credentials(&self.target);
            let connection = self
                .target
                .connect(&self.world.secrets, (&self.world.metrics, &self.fence))
                .await?;
            tracing::info!(
                appliance = self.name,
                url = connection.url,
                role = connection.role,
                "connected"
            );
            self.told.connected(&connection);
            self.target.suit(&connection).await?;
            self.connection = Some(connection);
        }
        Ok(())
    }

    /// Finds out whether what we know of the appliance holds still. Whether more is to be done then.
    pub(super) async fn refresh(&mut self, due: Due) -> Result<bool, Trouble> {
        if due.observe {
            self.observed = None;
        } else if due.look || due.save {
            let finding = self.look().await?;
            // What is saved must not hold what others have changed.
            if due.save && finding != Finding::Quiet {
                self.observed = None;
            }
            return Ok(!due.is_look() || finding == Finding::Changed || !self.has_just_rested());
        }
        Ok(true)
    }

    /// Whether all was well a moment ago, so that a look which follows a write of ours need not compare
    /// all again. Those that come by themselves do: others may have changed what we told.
    fn has_just_rested(&self) -> bool {
        let a_moment = self.world.timing.look / 2;
        self.is_converged && self.rested.is_some_and(|rested| rested.elapsed() < a_moment)
    }

    /// Looks whether somebody else has changed the appliance; if so it must be read.
    pub(super) async fn look(&mut self) -> Result<Finding, Trouble> {
        let connection = self.connection.as_ref().expect("a look follows a connection");
        let look = Look::take(&connection.client).await?;
        let now = Instant::now();
        let timing = self.world.timing;
        if let Some(why) = connection.running.turned(&look.running) {
            tracing::warn!(appliance = self.name, why, now = ?look.running, "it is not as it was");
            self.disconnect().await;
            self.connect().await?;
            return Ok(Finding::Changed);
        }
        let finding = self.known.judge(&look, (timing.settle, timing.look), now);
        match finding {
            Finding::Quiet => self.schedule.looked(now),
            Finding::TooEarly => self.schedule.look_at(now + timing.settle),
            Finding::Changed => {
                tracing::info!(appliance = self.name, change = look.change, "somebody changed it");
                self.observed = None;
            }
        }
        Ok(finding)
    }

    /// Why the box behind our connection may only be read, if that is so.
    async fn only_reads(&mut self, policy: &Policy) -> Option<Reason> {
        let connection = self.connection.as_ref().expect("a box follows a connection");
        if let Some(refusal) = &self.target.refusal {
            return Some(not_synced("SharedBox", refusal.clone()));
        }
        let place = connection.host.clone().unwrap_or_else(|| connection.url.clone());
        if let Some(other) = self.world.claim(&self.name, (place, policy.mark.prefix.clone())) {
            let message = format!(
                "{} is the appliance of {other:?} too, with the same prefix: nothing is written to \
                 it; remove one of the two, or make it anew with another prefix",
                connection.url
            );
            return Some(not_synced("SharedBox", message));
        }
        if self.target.is_sidecar {
            return None;
        }
        self.told.unknown_box(connection, &policy.consent.approved).await
    }

    /// What keeps us from writing, though there is something to write.
    pub(super) async fn in_the_way(
        &mut self,
        policy: &Policy,
        wish: Option<&String>,
        left: &Plan,
    ) -> Option<Reason> {
        let only_reads = self.only_reads(policy).await;
        if only_reads.is_some() {
            return only_reads;
        }
        let is_drift = wish.is_some() && wish == self.wish.as_ref() && changes(left);
        is_drift.then(|| {
            let message = "somebody else has changed objects of ours; the next change of what the \
                           cluster asks for undoes it";
            not_synced("Drift", message.to_owned())
        })
    }

    /// Reads the appliance unless it is known. Whether it was read.
    pub(super) async fn observe(&mut self, policy: &Policy) -> Result<bool, Trouble> {
        if self.observed.is_some() {
            return Ok(false);
        }
        let connection = self.connection.as_ref().expect("reading follows a connection");
        let begun = Instant::now();
        let observed = observe(&connection.client, &policy.mark).await?;
        let now = Instant::now();
        self.measure(Stage::Observe, begun);
        let change = &observed.settings.last_change;
        self.known.observed(&change.time, change.is_past);
        self.schedule.observed(now, change.is_past);
        if observed.settings.unsaved && observed.settings.unsaved_is_ours {
            self.schedule.unsaved(now);
        }
        self.asked.forget();
        self.observed = Some(observed);
        Ok(true)
    }

    /// Takes note of a change of the cluster. New credentials are tried at once.
    pub(super) async fn cluster_changed(&mut self) {
        self.schedule.changed(Instant::now());
        let Some(connection) = &self.connection else {
            if self.schedule.failures() > 0 && self.told.has_other_credentials(&self.target) {
                self.schedule.try_now(Instant::now());
            }
            return;
        };
        let now = self.target.credentials.read(&self.world.secrets);
        if now.is_ok_and(|now| now != connection.credentials) {
            self.disconnect().await;
            self.schedule.try_now(Instant::now());
        }
    }

    /// Puts a failure off, and casts a doubt on everything.
    pub(super) async fn suffer(&mut self, trouble: &Trouble) {
        // Whoever answers next may be another node, or another box.
        if trouble.is_silence() || trouble.is_session_loss() {
            self.connection = None;
        }
        self.disconnect().await;
        if trouble.is_session_loss() {
            // Another controller may have ended it, because it is the one that writes now.
            self.is_in_doubt = !self.world.lease.confirm().await;
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
        if first > Duration::ZERO && self.fence.is_open() {
            self.told.trouble(trouble).await;
        }
    }

    /// Leaves the appliance to others.
    pub(super) async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            // A session that is not closed expires.
            let _in_time = timeout(LOGOUT, connection.client.logout()).await;
        }
        self.world.give_back(&self.name);
        (self.observed, self.is_converged) = (None, false);
    }

    /// Saves what is not saved, and logs out.
    pub(super) async fn close(mut self) {
        self.fence.resume();
        let saving = self.target.policy.consent.saving;
        if self.schedule.awaits_save() && saving != Saving::Never && self.fence.is_open() {
            let outcome = timeout(CLOSE, self.save()).await;
            if !matches!(outcome, Ok(Ok(()))) {
                tracing::warn!(appliance = self.name, "what was changed last is not saved");
            }
        }
        self.disconnect().await;
        self.world.secrets.forget(&self.name);
        self.world.metrics.removed(&self.name);
    }

    /// Saves, unless somebody else's changes would be saved with ours.
    async fn save(&self) -> Result<(), Trouble> {
        let Some(connection) = &self.connection else { return Ok(()) };
        let policy = &self.target.policy;
        let settings = observe(&connection.client, &policy.mark).await?.settings;
        let may_save = settings.unsaved_is_ours || policy.consent.saving == Saving::All;
        if settings.unsaved && may_save {
            connection.client.send(&Request::of_op(&Op::Save)).await?;
        }
        Ok(())
    }
}

/// How long closing a session may take.
const LOGOUT: Duration = Duration::from_secs(5);

/// How long the last save may take, with the look before it.
const CLOSE: Duration = Duration::from_secs(20);

fn not_synced(reason: &str, message: String) -> Reason {
    Reason { kind: "Synced", holds: false, reason: reason.to_owned(), message }
}

/// A random part of a whole, so that those who failed together do not come back together.
pub(super) fn fraction() -> f64 {
    use ring::rand::SecureRandom;
    let mut bytes = [0; 4];
    // Without randomness the whole wait is as good.
    if ring::rand::SystemRandom::new().fill(&mut bytes).is_err() {
        return 1.0;
    }
    f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
}
