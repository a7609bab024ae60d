//! What becomes of an Ingress, in the words of its `IngressReport`: pure.
//!
//! It says what the appliance was seen to have, never what we hope for.

mod condition;
mod front_end;
pub mod reasons;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use crate::cluster::resources::report::{Certificate, IngressReportStatus, NitroObject};
use crate::diagnostic::{Diagnostic, Severity};
use crate::execute::{OpOutcome, Outcomes};
use crate::model::{EntityId, IngressId, ObjectKey};
use crate::observed::ObservedState;
use crate::plan::Plan;
use crate::snapshot::Snapshot;
use crate::translate::{Translation, Unmet};
pub use condition::{Reason, condition, set};
use reasons::is_documented;

/// What one turn found out about an appliance.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// The cluster.
    pub snapshot: &'a Snapshot,
    /// What it asks for.
    pub translation: &'a Translation,
    /// The appliance as it was seen last.
    pub observed: &'a ObservedState,
    /// What is left to do.
    pub left: &'a Plan,
    /// What the appliance refused, and of which Ingress.
    pub refused: &'a BTreeMap<IngressId, String>,
}

/// The same, by Ingress.
#[derive(Debug)]
pub struct Findings<'a> {
    found: Found<'a>,
    diagnostics: BTreeMap<&'a ObjectKey, Vec<&'a Diagnostic>>,
    /// Those with something left to do.
    open: BTreeSet<IngressId>,
    objects: BTreeMap<IngressId, Vec<&'a EntityId>>,
}

/// How an Ingress stands with the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Programmed {
    /// It is on the appliance as it asks.
    Yes,
    /// It is understood, and not all of it is done yet.
    Waiting,
    /// The appliance refused something of it: what and why.
    Refused(String),
    /// It is not understood, and what was there stays.
    Held,
    /// It is not understood, and its routes are withdrawn: why.
    Closed(String),
    /// It is not understood, and nothing of it is there.
    Never,
}

/// The objects that a report lists at most.
const MOST_OBJECTS: usize = 300;

impl<'a> Findings<'a> {
    /// Sorts what was found out.
    pub fn of(found: Found<'a>) -> Self {
        let Found { translation, observed, left, .. } = found;
        let mut diagnostics: BTreeMap<&ObjectKey, Vec<&Diagnostic>> = BTreeMap::new();
        for one in translation.diagnostics.iter().filter(|one| one.object.kind == "Ingress") {
            diagnostics.entry(&one.object.key).or_default().push(one);
        }
        let open = left.ops.iter().flat_map(|op| op.ingresses.iter().copied()).collect();
        let mut objects: BTreeMap<IngressId, Vec<&EntityId>> = BTreeMap::new();
        for entity in observed.owned.state.entities.keys() {
            let owners = translation.desired.owners.get(entity).map(Arc::as_ref);
            let back_end = observed.facts.back_ends.get(&entity.name).map(|one| one.ingress);
            let named = translation.mark.ingress_of_name(&entity.name).or(back_end);
            let named = named.filter(|_| owners.is_none());
            for id in owners.into_iter().flatten().copied().chain(named) {
                objects.entry(id).or_default().push(entity);
            }
        }
        Self { found, diagnostics, open, objects }
    }

    /// The Ingresses that are for this appliance and in the cluster, with their ids.
    pub fn ingresses(&self) -> impl Iterator<Item = (&'a ObjectKey, IngressId, &'a Ingress)> {
        let Found { snapshot, translation, .. } = self.found;
        translation.ingresses.iter().filter_map(|(id, key)| {
            let source = snapshot.ingresses.get(key)?;
            let is_ours = !translation.gone.contains_key(id);
            is_ours.then(|| (key, *id, source.object.as_ref()))
        })
    }

    /// Whether an Ingress is in the cluster, in a namespace that is looked at.
    pub fn sees(&self, key: &ObjectKey) -> bool {
        self.found.snapshot.ingresses.contains_key(key)
    }

    /// Whether an Ingress is proven to be gone.
    pub fn is_gone(&self, key: &ObjectKey) -> bool {
        self.found.translation.gone.contains_key(&IngressId::of(key))
    }

    /// How an Ingress stands.
    pub fn standing(&self, id: &IngressId) -> Programmed {
        let Found { translation, observed, left, refused, .. } = self.found;
        let facts = &observed.facts;
        match translation.unmet.get(id) {
            Some(_) if !facts.ingresses.contains_key(id) => return Programmed::Never,
            Some(Unmet::Held) => return Programmed::Held,
            Some(Unmet::Closed(reason)) => return Programmed::Closed(reason.clone()),
            None => (),
        }
        if let Some(problem) = refused.get(id) {
            return Programmed::Refused(problem.clone());
        }
        let is_waiting = self.open.contains(id)
            || left.ends_after_settings
            || !left.unordered.is_empty()
            || !facts.routes.contains_key(id);
        if is_waiting { Programmed::Waiting } else { Programmed::Yes }
    }

    /// The whole report of an Ingress. `before` is the one that there is.
    pub fn report(
        &self,
        (key, id, ingress): (&ObjectKey, IngressId, &Ingress),
        before: &IngressReportStatus,
        now: Timestamp,
    ) -> IngressReportStatus {
        let standing = self.standing(&id);
        let diagnostics = self.diagnostics.get(key).map(Vec::as_slice).unwrap_or_default();
        let reasons = condition::reasons(&standing, diagnostics);
        let generation = ingress.metadata.generation;
        let mut conditions = before.conditions.clone();
        for reason in &reasons {
            set(&mut conditions, reason, generation, now);
        }
        let Found { translation, observed, .. } = self.found;
        let routes = observed.facts.routes.get(&id).map(Vec::as_slice).unwrap_or_default();
        let mut certificates = BTreeMap::new();
        for route in routes {
            certificates.extend(&route.certificates);
        }
        let known = &translation.desired.certificates;
        let certificates: Vec<Certificate> = certificates
            .into_iter()
            .map(|(id, names)| Certificate {
                names: names.iter().cloned().collect(),
                not_after: known.get(id).map(|one| Time(one.certificate.not_after)),
            })
            .collect();
        let next_expiry = certificates.iter().filter_map(|one| one.not_after.clone()).min();
        IngressReportStatus {
            conditions,
            message: message(&standing, diagnostics),
            front_ends: front_end::front_ends(routes, observed),
            certificates,
            next_expiry,
            objects: self.objects(&id),
        }
    }

    /// The objects that are there for an Ingress.
    fn objects(&self, id: &IngressId) -> Vec<NitroObject> {
        let its = self.objects.get(id).map(Vec::as_slice).unwrap_or_default();
        let object = |entity: &&EntityId| NitroObject {
            kind: entity.kind.name().to_owned(),
            name: entity.name.to_string(),
        };
        its.iter().take(MOST_OBJECTS).map(object).collect()
    }
}

/// Why the first op failed that was for each Ingress.
pub fn refused(plan: &Plan, outcomes: &Outcomes) -> BTreeMap<IngressId, String> {
    let mut refused = BTreeMap::new();
    let why = |outcome: &OpOutcome| match outcome {
        OpOutcome::Failed(problem) => Some(problem.chain()),
        OpOutcome::Unknown(error) => Some(error.chain()),
        OpOutcome::Skipped { .. } | OpOutcome::Done | OpOutcome::Waiting => None,
    };
    for (planned, outcome) in plan.ops.iter().zip(&outcomes.ops) {
        let place = if let OpOutcome::Skipped { because_of } = outcome {
            plan.ops.get(because_of.0).zip(outcomes.ops.get(because_of.0))
        } else {
            Some((planned, outcome))
        };
        let Some((cause, why)) = place.and_then(|(cause, end)| Some((cause, why(end)?))) else {
            continue;
        };
        for id in planned.ingresses.iter() {
            refused.entry(*id).or_insert_with(|| format!("{}: {why}", cause.op));
        }
    }
    refused
}

/// What is wrong with an Ingress, in a sentence.
fn message(standing: &Programmed, diagnostics: &[&Diagnostic]) -> Option<String> {
    let refused = match standing {
        Programmed::Refused(problem) => Some(format!("the appliance refused {problem}")),
        Programmed::Closed(reason) => Some(format!("its routes are withdrawn, since {reason}")),
        Programmed::Yes | Programmed::Waiting | Programmed::Held | Programmed::Never => None,
    };
    let mut errors = diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let first = errors.next().map(|one| one.sentence());
    let more = errors.count();
    let first = first.map(|first| match more {
        0 => first,
        1 => format!("{first} (and 1 more error)"),
        more => format!("{first} (and {more} more errors)"),
    });
    let mut warnings = diagnostics.iter().filter(|one| one.severity == Severity::Warning);
    first.or(refused).or_else(|| warnings.next().map(|one| one.sentence()))
}

/// The condition of a kind among others.
pub fn find<'a>(conditions: &'a [Condition], kind: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}
