//! Tells how an appliance is.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::super::appliance::Connection;
use super::{Now, Told, tone};
use crate::chain::chain;
use crate::cluster::resources::netscaler::{Counts, NetScalerStatus, PendingDeletions};
use crate::cluster::status::{Tone, reference};
use crate::model::ObjectKey;
use crate::report::{Reason, find, set};

/// The deletions that a status shows.
const SHOWN_DELETIONS: usize = 10;

impl Told {
    /// Tells what a turn found out about the appliance itself. Whether it could be told.
    pub(super) async fn tell_appliance(&mut self, counts: Counts, now: Now<'_>) -> bool {
        let Now { settings, held_back, in_the_way, is_converged } = now;
        let mut status = self.status.clone();
        let time = Time(seconds(Timestamp::now()));
        let yes = |kind, message: &str| Reason {
            kind,
            holds: true,
            reason: kind.to_owned(),
            message: message.to_owned(),
        };
        self.put(&mut status, &yes("Reachable", "the appliance answers"));
        let profile = if settings.default_profile {
            yes("DefaultProfileEnabled", "the default SSL profile is enabled")
        } else {
            Reason {
                kind: "DefaultProfileEnabled",
                holds: false,
                reason: "Disabled".to_owned(),
                message: "the default SSL profile is not enabled: TLS needs it".to_owned(),
            }
        };
        self.put(&mut status, &profile);
        let waiting = held_back.map(|held| Reason {
            kind: "Synced",
            holds: false,
            reason: "DeletionsPending".to_owned(),
            message: format!(
                "{} deletions wait for an approval: nitro-ingress approve {}",
                held.deletions.len(),
                held.digest
            ),
        });
        let synced = in_the_way.cloned().or(waiting).unwrap_or_else(|| {
            if is_converged {
                yes("Synced", "the appliance matches the cluster")
            } else {
                Reason {
                    kind: "Synced",
                    holds: false,
                    reason: "Pending".to_owned(),
                    message: "not all that the cluster asks for is on the appliance".to_owned(),
                }
            }
        });
        let is_synced = synced.holds;
        self.put(&mut status, &synced);
        status.version = Some(settings.version.clone());
        status.counts = Some(counts);
        // The time of each turn would be a write each time.
        if is_synced && !self.was("Synced") {
            status.last_sync = Some(time.clone());
        }
        status.unsaved_since =
            if settings.unsaved { self.status.unsaved_since.clone().or(Some(time)) } else { None };
        status.pending_deletions = held_back.map(|held| PendingDeletions {
            digest: held.digest.clone(),
            count: u32::try_from(held.deletions.len()).unwrap_or(u32::MAX),
            first: held.deletions.iter().take(SHOWN_DELETIONS).cloned().collect(),
        });
        status.host_ids = self.hosts.entries();
        self.measure(&status, settings.unsaved_is_ours);
        self.write(status).await
    }

    fn measure(&self, status: &NetScalerStatus, unsaved_is_ours: bool) {
        let (metrics, name) = (&self.world.metrics, self.name.as_str());
        metrics.reachable(name, true);
        let unsaved = status.unsaved_since.as_ref().filter(|_| unsaved_is_ours);
        metrics.unsaved_since(name, unsaved.map(|time| time.0));
        let pending = status.pending_deletions.as_ref().map_or(0, |pending| pending.count);
        metrics.pending_deletions(name, usize::try_from(pending).unwrap_or(usize::MAX));
        if find(&status.conditions, "Synced").is_some_and(|one| one.status == "True") {
            metrics.last_sync(name, Timestamp::now());
        }
    }

    /// Notes which node is used.
    pub(in crate::controller) fn connected(&mut self, connection: &Connection) {
        self.status.endpoint = Some(connection.url.clone());
        self.status.role = Some(connection.role.clone());
    }

    fn was(&self, kind: &str) -> bool {
        find(&self.status.conditions, kind).is_some_and(|condition| condition.status == "True")
    }

    pub(super) fn put(&self, status: &mut NetScalerStatus, reason: &Reason) {
        let object = self.world.watches.netscalers.get(&ObjectKey::new("", self.name.as_str()));
        let generation = object.and_then(|object| object.metadata.generation);
        set(&mut status.conditions, reason, generation, Timestamp::now());
    }

    /// Writes the status of the appliance if it differs, and Events of what is news in it. Whether the
    /// status could be written.
    pub(super) async fn write(&mut self, status: NetScalerStatus) -> bool {
        let about = self.about();
        for condition in &status.conditions {
            let before = find(&self.status.conditions, &condition.type_);
            let is_news = match before {
                Some(before) => {
                    (&before.status, &before.reason) != (&condition.status, &condition.reason)
                }
                None => true,
            };
            if is_news && !["Pending", "DeletionsPending"].contains(&condition.reason.as_str()) {
                let tone = tone(condition);
                let news = (condition.reason.as_str(), condition.message.as_str());
                self.event(&about, tone, news).await;
            }
        }
        if let Some(pending) = &status.pending_deletions
            && self.status.pending_deletions.as_ref().map(|one| &one.digest)
                != Some(&pending.digest)
        {
            let note = format!(
                "{} deletions wait for an approval, the first of them: {}; if they are meant, run \
                 nitro-ingress approve {}",
                pending.count,
                pending.first.first().map(String::as_str).unwrap_or_default(),
                pending.digest
            );
            self.event(&about, Tone::Warning, ("DeletionsPending", &note)).await;
        }
        let mut is_written = true;
        if !self.name.is_empty()
            && status != self.written()
            && let Err(error) = self.world.writer.appliance(&self.name, &status).await
        {
            let error = chain(&error);
            tracing::warn!(appliance = self.name, error, "its status is not written");
            is_written = false;
        }
        self.status = status;
        is_written
    }

    /// The status that the cluster has.
    fn written(&self) -> NetScalerStatus {
        let object = self.world.watches.netscalers.get(&ObjectKey::new("", self.name.as_str()));
        object.and_then(|object| object.status.clone()).unwrap_or_default()
    }

    /// What Events about the appliance are about.
    fn about(&self) -> ObjectReference {
        let object = self.world.watches.netscalers.get(&ObjectKey::new("", self.name.as_str()));
        object.map_or_else(|| self.world.lease.reference(), |object| reference(object.as_ref()))
    }
}

fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
