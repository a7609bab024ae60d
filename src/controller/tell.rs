//! Tells the cluster what a turn found out: reports, addresses, the state of the appliance, and
//! Events where something has changed.

mod appliance;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use super::appliance::{Connection, Target, Trouble};
use super::approvals;
use super::hosts::{self, Hosts};
use super::world::World;
use crate::chain::chain;
use crate::cluster::resources::netscaler::{Counts, NetScalerStatus};
use crate::cluster::resources::report::IngressReportStatus;
use crate::cluster::status::{Tone, owns_addresses, reference};
use crate::cluster::watch::key_of;
use crate::metrics;
use crate::model::{IngressId, ObjectKey};
use crate::nitro::Credentials;
use crate::observed::ApplianceSettings;
use crate::plan::HeldBack;
use crate::report::{Findings, Programmed, Reason, find};

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

/// Writes at once.
const AT_ONCE: usize = 8;

/// How long one of them may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long we tell of a turn at least before we turn to what has changed since.
const LEAST: Duration = Duration::from_secs(1);

/// The deletions that a status shows.
const SHOWN_DELETIONS: usize = 10;

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
    /// is told after the next turn. Says whether the API server answered.
    pub(super) async fn tell(&mut self, findings: &Findings<'_>, now: Now<'_>) -> bool {
        let (counts, end) = self.tell_ingresses(findings).await;
        if end == Telling::Told {
            self.retire(findings).await;
        }
        self.tell_appliance(counts, now).await;
        end != Telling::Unanswered
    }

    /// Writes the reports and addresses that differ from those that there are.
    async fn tell_ingresses(&self, findings: &Findings<'_>) -> (Counts, Telling) {
        let mut counts = metrics::Counts::default();
        for (_, id, _) in findings.ingresses() {
            counts.add(&findings.standing(&id));
        }
        // Where the API server does not answer, one write shows it as well as thousands.
        let telling = Cell::new(Telling::Told);
        let certificates = RefCell::new(BTreeMap::new());
        let (begun, now) = (Instant::now(), Timestamp::now());
        // One after the other, since all reports together are large.
        let writes = findings.ingresses().filter_map(|of| {
            let write = self.due(findings, of, now);
            note_expiry(&mut certificates.borrow_mut(), &write.after);
            (telling.get() == Telling::Told && write.is_due()).then_some(write)
        });
        let writes = stream::iter(writes).map(|write| async {
            let is_old = begun.elapsed() > LEAST && self.news.has_changed().unwrap_or_default();
            if is_old {
                telling.set(Telling::Interrupted);
            } else if !self.write_ingress(write).await {
                telling.set(Telling::Unanswered);
            }
        });
        writes.buffer_unordered(AT_ONCE).for_each(async |()| ()).await;
        self.world.metrics.ingresses(&self.name, &counts);
        self.world.metrics.certificates(&self.name, &Vec::from_iter(certificates.into_inner()));
        let metrics::Counts { programmed, waiting, refused, held, closed, never } = counts;
        let ingresses = programmed + waiting + refused + held + closed + never;
        (Counts { ingresses, programmed, held, closed }, telling.get())
    }

    /// What is to be written of one Ingress.
    fn due<'f>(
        &self,
        findings: &Findings<'f>,
        of: (&'f ObjectKey, IngressId, &'f Ingress),
        now: Timestamp,
    ) -> Write<'f> {
        let (key, id, ingress) = of;
        let standing = findings.standing(&id);
        let report = self.world.watches.reports.get(key);
        let before = report.as_ref().and_then(|report| report.status.clone());
        let is_new = report.is_none_or(|report| report.spec.appliance != self.name);
        let before = before.unwrap_or_default();
        let after = findings.report(of, &before, now);
        let addresses = addresses(ingress, &standing, &after);
        Write { key, ingress, is_new, before, after, addresses }
    }

    /// Writes of one Ingress. Whether the API server answers.
    async fn write_ingress(&self, write: Write<'_>) -> bool {
        let Write { key, ingress, is_new, before, after, addresses } = write;
        let writer = &self.world.writer;
        let all = async {
            if is_new || after != before {
                let ours = self.world.lease.key().to_string();
                writer.report(ingress, (&self.name, &ours, is_new), &after).await?;
            }
            if let Some(addresses) = addresses {
                writer.addresses(key, &addresses).await?;
            }
            Ok::<(), kube::Error>(())
        };
        let (is_answered, problem) = match timeout(PATIENCE, all).await {
            Ok(Ok(())) => (true, None),
            Ok(Err(error)) => (matches!(error, kube::Error::Api(_)), Some(chain(&error))),
            Err(_) => (false, Some("the API server does not answer".to_owned())),
        };
        if let Some(error) = problem {
            // A later turn finds the difference again.
            tracing::warn!(ingress = %key, error, "its report is not written");
            return is_answered;
        }
        if let Some((tone, reason, note)) = news(&before, &after) {
            let mut about = reference(ingress);
            about.namespace = ingress.namespace();
            return self.event(&about, tone, (&reason, &note)).await;
        }
        true
    }

    /// Publishes an Event. Whether the API server answered.
    async fn event(&self, about: &ObjectReference, tone: Tone, news: (&str, &str)) -> bool {
        let published = timeout(PATIENCE, self.world.writer.event(about, tone, news)).await;
        if !matches!(published, Ok(true)) {
            self.world.metrics.event_lost();
        }
        published.is_ok()
    }

    /// Takes back what was told of Ingresses that are no longer ours: they are there, and of another
    /// class, or proven to be gone. Of others, and of namespaces that are not looked at, nothing is
    /// known.
    async fn retire(&self, findings: &Findings<'_>) {
        let ours: BTreeSet<&ObjectKey> = findings.ingresses().map(|(key, _, _)| key).collect();
        let controller = self.world.lease.key().to_string();
        for report in self.world.watches.reports.all() {
            let key = key_of(report.as_ref());
            let is_told_by_us =
                report.spec.appliance == self.name && report.spec.controller == controller;
            if !is_told_by_us || ours.contains(&key) {
                continue;
            }
            let ingress = self.world.watches.ingresses.get(&key);
            let is_elsewhere = ingress.is_some() && findings.sees(&key);
            let is_gone = ingress.is_none()
                && (self.world.watches.has_seen_deletion(&key) || findings.is_gone(&key));
            if !is_elsewhere && !is_gone {
                continue;
            }
            let retired = timeout(PATIENCE, self.world.writer.retire(&key, ingress.as_deref()));
            match retired.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let error = chain(&error);
                    tracing::warn!(ingress = %key, error, "its report is not removed");
                }
                // The others would not be answered either.
                Err(_) => return,
            }
        }
    }
}

/// How telling went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    /// All was told.
    Told,
    /// There is something newer to see to first.
    Interrupted,
    /// The API server does not answer.
    Unanswered,
}

/// What is written of one Ingress.
struct Write<'a> {
    key: &'a ObjectKey,
    ingress: &'a Ingress,
    is_new: bool,
    before: IngressReportStatus,
    after: IngressReportStatus,
    addresses: Option<Vec<String>>,
}

impl Write<'_> {
    /// Whether it differs from what is there.
    fn is_due(&self) -> bool {
        self.is_new || self.after != self.before || self.addresses.is_some()
    }
}

/// When the certificates of a report end. Two of the same names count by the one that ends first.
fn note_expiry(ends: &mut BTreeMap<metrics::InUse, Timestamp>, report: &IngressReportStatus) {
    for one in &report.certificates {
        if let Some(end) = &one.not_after {
            let names = one.names.join(" ");
            let name = if names.is_empty() { one.subject.clone() } else { names };
            let first = ends.entry((one.usage, name)).or_insert(end.0);
            *first = (*first).min(end.0);
        }
    }
}

/// The addresses to write into the status of an Ingress, if others stand there. None are written
/// where there should be none and those that stand there are somebody else's.
fn addresses(
    ingress: &Ingress,
    standing: &Programmed,
    report: &IngressReportStatus,
) -> Option<Vec<String>> {
    let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = status.and_then(|status| status.ingress.as_deref()).unwrap_or_default();
    let before: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.ip.as_deref()).collect();
    let after: BTreeSet<&str> = match standing {
        Programmed::Yes => report.front_ends.iter().map(|front| front.address.as_str()).collect(),
        Programmed::Closed(_) | Programmed::Never => BTreeSet::new(),
        // What was there is there still.
        Programmed::Waiting
        | Programmed::Blocked(..)
        | Programmed::Refused(_)
        | Programmed::Held => return None,
    };
    let differs = if after.is_empty() { owns_addresses(ingress) } else { before != after };
    differs.then(|| after.into_iter().map(str::to_owned).collect())
}

/// What is worth an Event in a report.
fn news(
    before: &IngressReportStatus,
    after: &IngressReportStatus,
) -> Option<(Tone, String, String)> {
    let now = find(&after.conditions, "Programmed")?;
    let said = |status: &IngressReportStatus| {
        let condition = find(&status.conditions, "Programmed")?;
        Some((condition.reason.clone(), status.message.clone()))
    };
    if said(before) == said(after) || now.reason == "Pending" {
        return None;
    }
    // What is on the appliance may still be worth a warning.
    let tone = if after.message.is_some() { Tone::Warning } else { tone(now) };
    let note = after.message.clone().unwrap_or_else(|| now.message.clone());
    Some((tone, now.reason.clone(), note))
}

fn tone(condition: &Condition) -> Tone {
    if condition.status == "True" { Tone::Normal } else { Tone::Warning }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::resources::report::{ClientAuthentication, FrontEnd};

    /// An Ingress with this address, which this manager wrote.
    fn ingress(address: &str, manager: &str) -> Ingress {
        let addresses = json!({ "loadBalancer": { "ingress": [{ "ip": address }] } });
        let fields = json!([{
            "manager": manager, "operation": "Apply", "subresource": "status",
            "fieldsV1": { "f:status": { "f:loadBalancer": { "f:ingress": {} } } },
        }]);
        let metadata = json!({ "name": "web", "managedFields": fields });
        serde_json::from_value(json!({ "metadata": metadata, "status": addresses })).unwrap()
    }

    fn report(address: &str) -> IngressReportStatus {
        let front_end = FrontEnd {
            address: address.to_owned(),
            port: 443,
            protocol: "SSL".to_owned(),
            client_authentication: ClientAuthentication::Off,
            client_authorities: Vec::new(),
            back_ends: None,
        };
        IngressReportStatus { front_ends: vec![front_end], ..IngressReportStatus::default() }
    }

    #[test]
    fn only_an_address_of_ours_is_taken_back() {
        let ours = ingress("192.0.2.1", "nitro-ingress");
        let theirs = ingress("192.0.2.1", "other");
        let none = IngressReportStatus::default();
        for standing in [Programmed::Never, Programmed::Closed("why".to_owned())] {
            assert_eq!(addresses(&ours, &standing, &none), Some(Vec::new()), "{standing:?}");
            assert_eq!(addresses(&theirs, &standing, &none), None, "{standing:?}");
        }
        assert_eq!(addresses(&ours, &Programmed::Held, &none), None);
    }

    #[test]
    fn an_address_is_written_where_another_stands() {
        let theirs = ingress("192.0.2.1", "other");
        let written = addresses(&theirs, &Programmed::Yes, &report("192.0.2.2"));
        assert_eq!(written, Some(vec!["192.0.2.2".to_owned()]));
        assert_eq!(addresses(&theirs, &Programmed::Yes, &report("192.0.2.1")), None);
    }
}
