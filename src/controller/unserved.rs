//! Tells Ingresses of ours that no appliance is there for them: their class names one that does not
//! exist, or none where the settings name none either.

use std::collections::BTreeSet;

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::Ingress;
use kube::ResourceExt;

use super::world::World;
use crate::chain::chain;
use crate::cluster::lease::Standing;
use crate::cluster::resources::report::{IngressReport, IngressReportStatus};
use crate::cluster::status::{Tone, reference};
use crate::cluster::watch::key_of;
use crate::policy::{ApplianceClasses, Policy};
use crate::report::{Reason, set};
use crate::snapshot::Snapshot;
use crate::translate::{appliance_of, is_ours};

/// Tells them, and takes back what was told of others. `served` are the appliances that there are.
pub(super) async fn tell(world: &World, policy: &Policy, served: &BTreeSet<&str>) {
    if !matches!(*world.lease.standing().borrow(), Standing::Leader { .. }) {
        return;
    }
    tracing::debug!("looking for Ingresses that no appliance is there for");
    let policy = Policy { appliance_classes: ApplianceClasses::All, ..policy.clone() };
    let mut classes = Snapshot::empty(Timestamp::now());
    for class in world.watches.classes.all() {
        classes.ingress_classes.insert(class.name_any(), class.as_ref().clone());
    }
    let selected = world.watches.selected_namespaces();
    let mut unserved = BTreeSet::new();
    for ingress in world.watches.ingresses.all() {
        let key = key_of(ingress.as_ref());
        let is_selected =
            selected.as_ref().is_none_or(|namespaces| namespaces.contains(&key.namespace));
        if !is_selected || !is_ours(&ingress, &classes, &policy) {
            continue;
        }
        let wanted = appliance_of(&ingress, &classes).unwrap_or_default();
        if served.contains(wanted.as_str()) {
            continue;
        }
        let report = world.watches.reports.get(&key);
        tell_one(world, &ingress, &wanted, report.as_deref()).await;
        unserved.insert(key);
    }
    for report in world.watches.reports.all() {
        let key = key_of(report.as_ref());
        let is_told_by_us = report.spec.controller == world.lease.key().to_string();
        let is_served = served.contains(report.spec.appliance.as_str());
        if !is_told_by_us || is_served || unserved.contains(&key) {
            continue;
        }
        // What its appliance has stays, and so does what was told of it, unless it is of another
        // class now.
        let ingress = world.watches.ingresses.get(&key);
        let is_ours = ingress.as_ref().is_none_or(|one| is_ours(one, &classes, &policy));
        if is_ours {
            continue;
        }
        if let Err(error) = world.writer.retire(&key, ingress.as_deref()).await {
            tracing::warn!(ingress = %key, error = chain(&error), "its report is not removed");
        }
    }
}

async fn tell_one(world: &World, ingress: &Ingress, wanted: &str, report: Option<&IngressReport>) {
    let message = if wanted.is_empty() {
        "its IngressClass names no NetScaler, and the controller has no appliance of its own"
            .to_owned()
    } else {
        format!("its IngressClass names the NetScaler {wanted:?}, which does not exist")
    };
    let reason = |kind| Reason {
        kind,
        holds: false,
        reason: "NoAppliance".to_owned(),
        message: message.clone(),
    };
    let before = report.and_then(|report| report.status.clone()).unwrap_or_default();
    let mut conditions = before.conditions.clone();
    for kind in ["Accepted", "Programmed"] {
        set(&mut conditions, &reason(kind), ingress.metadata.generation, Timestamp::now());
    }
    let after =
        IngressReportStatus { conditions, message: Some(message.clone()), ..before.clone() };
    let is_new = report.is_none_or(|report| report.spec.appliance != wanted);
    if after == before && !is_new {
        return;
    }
    let ours = world.lease.key().to_string();
    match world.writer.report(ingress, (wanted, &ours, is_new), &after).await {
        Ok(()) => {
            let about = reference(ingress);
            let told = world.writer.event(&about, Tone::Warning, ("NoAppliance", &message)).await;
            if !told {
                world.metrics.event_lost();
            }
        }
        Err(error) => {
            let ingress = key_of(ingress);
            tracing::warn!(%ingress, error = chain(&error), "its report is not written");
        }
    }
}
