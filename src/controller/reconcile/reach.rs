//! How an appliance is reached, read, and left: as the only one that writes.

use std::collections::BTreeMap;
use std::time::Instant;

use super::super::appliance::Trouble;
use super::super::watchful::{Finding, Look};
use super::Reconciler;
use crate::chain::chain;
use crate::cluster::lease::Standing;
use crate::metrics::Stage;
use crate::model::IngressId;
use crate::nitro::Request;
use crate::observe::observe;
use crate::plan::Op;
use crate::policy::{Policy, Saving};

impl Reconciler {
    /// What stands on the lease, if we may write; whoever wrote before us can write no more then.
    pub(super) async fn lead(&mut self) -> Result<Option<BTreeMap<String, String>>, Trouble> {
        let standing = self.world.lease.standing().borrow().clone();
        let now = Instant::now();
        match standing {
            Standing::Leader { term: _, taken_over, annotations } => {
                if self.is_alone {
                    return Ok(Some(annotations));
                }
                self.world.metrics.added(&self.name);
                self.told.take_over(&annotations);
                let Some(renewed) = taken_over else {
                    self.is_alone = true;
                    return Ok(Some(annotations));
                };
                let alone = renewed + self.world.lease.duration() + self.world.timing.request;
                if now < alone {
                    self.schedule.wait_until(alone);
                    return Ok(None);
                }
                self.connect().await?;
                let connection = self.connection.as_ref().expect("it was just made");
                connection.end_other_sessions().await?;
                self.is_alone = true;
                Ok(Some(annotations))
            }
            Standing::Unknown | Standing::Follower { .. } => {
                self.is_alone = false;
                self.disconnect().await;
                self.schedule.idle(now);
                Ok(None)
            }
        }
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

    /// Looks whether somebody else has changed the appliance; if so it must be read.
    pub(super) async fn look(&mut self) -> Result<bool, Trouble> {
        let connection = self.connection.as_ref().expect("a look follows a connection");
        let look = Look::take(&connection.client).await?;
        let now = Instant::now();
        let timing = self.world.timing;
        let is_other_box = look.host != connection.host;
        let is_quiet = match self.known.judge(&look, timing.settle, now) {
            _ if is_other_box => false,
            Finding::Quiet => {
                self.schedule.looked(now);
                true
            }
            Finding::TooEarly => {
                self.schedule.look_at(now + timing.settle);
                true
            }
            Finding::Changed => false,
        };
        if is_other_box {
            tracing::warn!(appliance = self.name, host = look.host, "it is another box");
            self.connection = None;
            self.connect().await?;
        }
        if !is_quiet {
            tracing::info!(appliance = self.name, change = look.change, "somebody changed it");
            self.observed = None;
        }
        Ok(is_quiet)
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
        self.schedule.observed(now);
        if observed.settings.unsaved && observed.settings.unsaved_is_ours {
            self.schedule.unsaved(now);
        }
        self.asked.forget();
        let ingresses = &observed.facts.ingresses;
        self.world.watches.forget_deletions(|key| !ingresses.contains_key(&IngressId::of(key)));
        self.observed = Some(observed);
        Ok(true)
    }

    /// Leaves the appliance to others.
    pub(super) async fn disconnect(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.client.logout().await;
        }
        (self.observed, self.is_converged) = (None, false);
    }

    /// Saves what is not saved, and logs out.
    pub(super) async fn close(mut self) {
        self.fence.resume();
        let is_unsaved = self
            .observed
            .as_ref()
            .is_some_and(|observed| observed.settings.unsaved && observed.settings.unsaved_is_ours);
        if is_unsaved
            && self.target.policy.consent.saving != Saving::Never
            && let Some(connection) = &self.connection
            && let Err(error) = connection.client.send(&Request::of_op(&Op::Save)).await
        {
            tracing::warn!(appliance = self.name, error = chain(&error), "not saved");
        }
        self.disconnect().await;
        self.world.metrics.removed(&self.name);
    }
}
