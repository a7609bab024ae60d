//! Tells how the Ingresses are: their reports, their addresses, and Events where something changed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::networking::v1::Ingress;
use kube::ResourceExt;
use tokio::time::timeout;

use super::{PATIENCE, Told, tone};
use crate::chain::chain;
use crate::cluster::resources::netscaler::Counts;
use crate::cluster::resources::report::IngressReportStatus;
use crate::cluster::status::{Tone, owns_addresses, reference};
use crate::cluster::watch::key_of;
use crate::metrics;
use crate::model::{IngressId, ObjectKey};
use crate::report::{Findings, Programmed, find};

/// Writes at once.
const AT_ONCE: usize = 8;

/// How long we tell of a turn at least before we turn to what has changed since.
const LEAST: Duration = Duration::from_secs(1);

impl Told {
    /// Writes the reports and addresses that differ from those that there are.
    pub(super) async fn tell_ingresses(&self, findings: &Findings<'_>) -> (Counts, Telling) {
        let mut counts = metrics::Counts::default();
        for (_, id, _) in findings.ingresses() {
            counts.add(&findings.standing(&id));
        }
        // Where the API server does not answer, one write shows it as well as thousands.
        let telling = Cell::new(Telling::Told);
        let untold = Cell::new(0);
        let certificates = RefCell::new(BTreeMap::new());
        let (started, now) = (Cell::new(None), Timestamp::now());
        // One after the other, since all reports together are large.
        let writes = findings.ingresses().filter_map(|of| {
            let write = self.due(findings, of, now);
            note_expiry(&mut certificates.borrow_mut(), &write.after);
            if write.is_due() {
                untold.set(untold.get() + 1);
            }
            (telling.get() == Telling::Told && write.is_due()).then_some(write)
        });
        let writes = stream::iter(writes).map(|write| async {
            // From the first write on: finding out what is to be written takes long by itself.
            let begun = started.get().unwrap_or_else(Instant::now);
            started.set(Some(begun));
            let is_old = begun.elapsed() > LEAST && self.news.has_changed().unwrap_or_default();
            if is_old {
                telling.set(Telling::Interrupted);
                return;
            }
            match self.write_ingress(write).await {
                Answer::Yes => untold.set(untold.get() - 1),
                Answer::No => (),
                Answer::Silence => telling.set(Telling::Unanswered),
            }
        });
        writes.buffer_unordered(AT_ONCE).for_each(async |()| ()).await;
        self.world.metrics.ingresses(&self.name, &counts);
        self.world.metrics.untold(&self.name, untold.get());
        self.world.metrics.certificates(&self.name, &Vec::from_iter(certificates.into_inner()));
        let metrics::Counts { programmed, waiting, refused, held, closed, never } = counts;
        let ingresses = programmed + waiting + refused + held + closed + never;
        if telling.get() == Telling::Told && untold.get() > 0 {
            telling.set(Telling::Refused);
        }
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

    /// Writes of one Ingress, and says what the API server says to that.
    async fn write_ingress(&self, write: Write<'_>) -> Answer {
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
        let (answer, error) = match timeout(PATIENCE, all).await {
            Ok(Ok(())) => (Answer::Yes, String::new()),
            Ok(Err(error @ kube::Error::Api(_))) => (Answer::No, chain(&error)),
            Ok(Err(error)) => (Answer::Silence, chain(&error)),
            Err(_) => (Answer::Silence, "the API server does not answer".to_owned()),
        };
        if answer != Answer::Yes {
            // A later turn finds the difference again.
            tracing::warn!(ingress = %key, error, "its report is not written");
            return answer;
        }
        if let Some((tone, reason, note)) = news(&before, &after) {
            let mut about = reference(ingress);
            about.namespace = ingress.namespace();
            if !self.event(&about, tone, (&reason, &note)).await {
                return Answer::Silence;
            }
        }
        Answer::Yes
    }

    /// Takes back what was told of Ingresses that are no longer ours: they are there, and of another
    /// class, or proven to be gone. Of others, and of namespaces that are not looked at, nothing is
    /// known. Whether all of it could be taken back.
    pub(super) async fn retire(&self, findings: &Findings<'_>) -> bool {
        let ours: BTreeSet<&ObjectKey> = findings.ingresses().map(|(key, _, _)| key).collect();
        let controller = self.world.lease.key().to_string();
        let mut are_retired = true;
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
                    are_retired = false;
                }
                // The others would not be answered either.
                Err(_) => return false,
            }
        }
        are_retired
    }
}

/// How telling went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// All was told.
    Told,
    /// The API server refused some of it.
    Refused,
    /// There is something newer to see to first.
    Interrupted,
    /// The API server does not answer.
    Unanswered,
}

/// What the API server says to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// It is done.
    Yes,
    /// It is refused.
    No,
    /// Nothing.
    Silence,
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
