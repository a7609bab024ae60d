//! Tells the cluster what a turn found out: reports, addresses, the state of the appliance, and
//! Events where something has changed.

mod appliance;
mod ingresses;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use super::appliance::{Connection, Target, Trouble};
use super::approvals;
use super::hosts::{self, Hosts};
use super::world::World;
use crate::chain::chain;
use crate::cluster::resources::netscaler::NetScalerStatus;
use crate::cluster::status::Tone;
use crate::model::ObjectKey;
use crate::nitro::Credentials;
use crate::observed::ApplianceSettings;
use crate::plan::HeldBack;
use crate::report::{Findings, Reason};
use ingresses::Telling;

/// What was told of one appliance last.
pub(super) struct Told {
    world: Arc<World>,
    /// The name of its `NetScaler`; empty for that of the settings.
    name: String,
    status: NetScalerStatus,
    hosts: Hosts,
    /// The credentials that were tried last.
    tried: Option<Credentials>,
    /// What changes in the cluster during a turn.
    news: Receiver<()>,
}

/// What is told of an appliance after a turn.
pub(super) struct Now<'a> {
    pub(super) settings: &'a ApplianceSettings,
    pub(super) held_back: Option<&'a HeldBack>,
    /// What is in the way of writing.
    pub(super) in_the_way: Option<&'a Reason>,
    pub(super) is_converged: bool,
}

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(10);

impl Told {
    /// Nothing yet.
    pub(super) fn new(world: Arc<World>, name: String) -> Self {
        let (status, hosts, tried) = (NetScalerStatus::default(), Hosts::default(), None);
        let news = world.changed.subscribe();
        Self { world, name, status, hosts, tried, news }
    }

    /// A turn begins: what changes from now on, it does not know of.
    pub(super) fn begun(&mut self) {
        self.news.mark_unchanged();
    }

    /// Begins with what was told by whoever wrote before us.
    pub(super) fn take_over(&mut self, annotations: &BTreeMap<String, String>) {
        if self.name.is_empty() {
            self.hosts = Hosts::of_lease(annotations);
            return;
        }
        let object = self.world.watches.netscalers.get(&ObjectKey::new("", self.name.as_str()));
        self.status = object.and_then(|object| object.status.clone()).unwrap_or_default();
        self.hosts = Hosts::parse(self.status.host_ids.iter().map(String::as_str));
    }

    /// Notes which credentials are tried.
    pub(super) fn use_credentials(&mut self, target: &Target) {
        self.tried = target.credentials.read(&self.world.secrets).ok();
    }

    /// Whether the credentials are others than those that were tried last.
    pub(super) fn has_other_credentials(&self, target: &Target) -> bool {
        let now = target.credentials.read(&self.world.secrets).ok();
        now.is_some() && now != self.tried
    }

    /// The digests that were approved since the start: on the `NetScaler`, or else on the lease.
    pub(super) fn approvals(&self, of_lease: &BTreeMap<String, String>) -> BTreeSet<String> {
        if self.name.is_empty() {
            return approvals::of(of_lease);
        }
        let object = self.world.watches.netscalers.get(&ObjectKey::new("", self.name.as_str()));
        let annotations = object.and_then(|object| object.metadata.annotations.clone());
        annotations.as_ref().map(approvals::of).unwrap_or_default()
    }

    /// Why nothing may be written, if the box behind a connection is not the one that is meant.
    pub(super) async fn unknown_box(
        &mut self,
        connection: &Connection,
        approved: &BTreeSet<String>,
    ) -> Option<Reason> {
        let stranger = |message| Reason {
            kind: "Synced",
            holds: false,
            reason: "WrongBox".to_owned(),
            message,
        };
        let Some(host) = &connection.host else {
            // It may be one that never tells; but not one that told before.
            let is_known = self.hosts.knows_any(&connection.url);
            return is_known.then(|| stranger(hosts::nameless(&connection.url)));
        };
        let before = self.hosts.clone();
        let mut is_known = self.hosts.knows(&connection.url, host, connection.nodes);
        if !is_known && approved.contains(&Hosts::approval(host)) {
            self.hosts.confirm(&connection.url, host);
            is_known = true;
        }
        if self.hosts != before && self.name.is_empty() {
            self.world.lease.note(hosts::KEPT, self.hosts.entries().join(",")).await;
        }
        (!is_known).then(|| stranger(hosts::stranger(&connection.url, host)))
    }

    /// Tells that the appliance cannot be used.
    pub(super) async fn trouble(&mut self, trouble: &Trouble) {
        let message = chain(trouble);
        let reason = Reason {
            kind: "Reachable",
            holds: false,
            reason: trouble.reason().to_owned(),
            message,
        };
        let mut status = self.status.clone();
        self.put(&mut status, &reason);
        self.world.metrics.reachable(&self.name, false);
        self.write(status).await;
    }

    /// Tells everything that a turn found out, unless the cluster has changed meanwhile: then the rest
    /// is told after the next turn. Says whether nothing went wrong.
    pub(super) async fn tell(&mut self, findings: &Findings<'_>, now: Now<'_>) -> bool {
        let (counts, end) = self.tell_ingresses(findings).await;
        let is_told = matches!(end, Telling::Told | Telling::Interrupted);
        // Where nobody answers, nobody answers this either.
        let is_retired = end != Telling::Unanswered && self.retire(findings).await;
        let is_written = self.tell_appliance(counts, now).await;
        is_told && is_retired && is_written
    }

    /// Publishes an Event. Whether the API server answered.
    async fn event(&self, about: &ObjectReference, tone: Tone, news: (&str, &str)) -> bool {
        let published = timeout(PATIENCE, self.world.writer.event(about, tone, news)).await;
        if !matches!(published, Ok(true)) {
            self.world.metrics.event_lost();
        }
        published.is_ok()
    }
}

fn tone(condition: &Condition) -> Tone {
    if condition.status == "True" { Tone::Normal } else { Tone::Warning }
}
