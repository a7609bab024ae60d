//! From the cluster's wishes to the appliance's configuration: pure and total.
//!
//! A bad Ingress becomes a diagnostic and an entry of [`Translation::unmet`]; the others go on.

mod back_end;
mod band;
mod candidates;
mod certificates;
mod claims;
mod class;
mod desired;
mod entrances;
mod front_end;
mod guard;
mod installed;
mod keys;
mod named;
mod names;
mod profile;
mod reading;
mod refusing;
mod rules;
mod services;
mod suited;
mod tuning;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::model::{BindingId, CertificateId, EntityId, IngressId, Mark, Name, ObjectKey, State};
use crate::policy::{Consent, Policy};
use crate::snapshot::{Proof, Snapshot};
use crate::tls::Material;
pub use band::Band;
use candidates::{Candidates, candidates};
use claims::Claimant;
pub use class::{appliance_of, is_ours};
use reading::{Reader, Reading};

/// Translates a whole snapshot.
pub fn translate(snapshot: &Snapshot, policy: &Policy) -> Translation {
    let facts = &*refusing::trusted(&snapshot.facts, policy);
    let mut reader = Reader::new(snapshot, policy);
    let Candidates { ours, gone, mut findings } = candidates(snapshot, policy);
    findings.extend(reader.read_defaults());
    let mut readings: Vec<Reading<'_>> =
        ours.iter().map(|candidate| candidate.read(&mut reader)).collect();
    for reading in &mut readings {
        guard::check(reading, facts, policy);
    }
    readings
        .sort_by_cached_key(|reading| (reading.created.is_none(), reading.created, reading.key));

    let known: BTreeSet<&IngressId> = readings.iter().map(|reading| &reading.id).collect();
    let observed = facts.ingresses.keys().chain(facts.routes.keys()).collect::<BTreeSet<_>>();
    let unknown = observed.into_iter().filter(|id| !known.contains(id) && !gone.contains_key(id));
    let unknown = unknown.map(|id| {
        let key = facts.ingresses.get(id).cloned().flatten();
        Claimant::Unknown(*id, key)
    });
    // What has no text has no age, and counts as the oldest.
    let claimants: Vec<Claimant<'_, '_>> =
        unknown.chain(readings.iter().map(Claimant::Known)).collect();
    let mut settled = claims::settle(&claimants, facts, &policy.mark.prefix);
    verdict::tell(&claimants, &mut settled, facts, policy);
    let (desired, mut draining) = desired::write(&claimants, &settled, &policy.mark, facts);
    let unmet = verdict::unmet(&claimants, &settled);
    let pinned = verdict::pinned_members(&unmet, &reader.services, facts, policy);
    draining.extend(pinned.values().flat_map(|group| &group.draining).cloned());
    let pinned_members = pinned.into_iter().map(|(name, group)| (name, group.members)).collect();
    findings.extend(reader.tell_of_services());
    let observed = facts.ingresses.iter().filter_map(|(id, key)| Some((*id, key.clone()?)));
    let ingresses = readings.iter().map(|reading| (reading.id, reading.key.clone()));
    let ingresses = observed.chain(ingresses).collect();
    findings.extend(verdict::foreign_children(facts, policy));
    findings.extend(settled.findings);
    findings.extend(readings.into_iter().map(|reading| reading.findings));
    Translation {
        mark: policy.mark.clone(),
        desired,
        unmet,
        gone,
        pinned_members,
        draining: Draining { members: draining, delay_secs: policy.drain_delay_secs },
        consent: policy.consent.clone(),
        ingresses,
        secrets: reader.certificates.wanted,
        diagnostics: verdict::diagnostics(findings.into_iter(), snapshot),
    }
}

/// What the cluster asks of the appliance.
#[derive(Debug, Clone)]
#[must_use = "a translation is there to be planned"]
pub struct Translation {
    /// Prefix of names and cluster id, from [`crate::policy::Policy`].
    pub mark: Mark,
    /// What the accepted Ingresses ask for.
    pub desired: Desired,
    /// The Ingresses that could not be translated and are on the appliance, or would be.
    pub unmet: BTreeMap<IngressId, Unmet>,
    /// The Ingresses that are gone.
    pub gone: BTreeMap<IngressId, Proof>,
    /// The members that the service groups of held and closed Ingresses should have now, by group:
    /// server entities and member bindings. A group that is not here keeps the members it has.
    pub pinned_members: BTreeMap<Name, State>,
    /// The members whose endpoints are terminating.
    pub draining: Draining,
    /// What the plan may do.
    pub consent: Consent,
    /// The names of all Ingresses that are mentioned by id, for people.
    pub ingresses: BTreeMap<IngressId, ObjectKey>,
    /// The Secrets that the Ingresses refer to, whether or not they are there.
    pub secrets: BTreeSet<ObjectKey>,
    /// What people must be told.
    pub diagnostics: Vec<Diagnostic>,
}

/// Members to take out of service, if they are bound: their endpoints are terminating. Of those that
/// are not bound, none is bound for this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draining {
    /// Which, of accepted and of unmet Ingresses.
    pub members: BTreeSet<BindingId>,
    /// How long they may finish what they have.
    pub delay_secs: u32,
}

/// What becomes of the objects of an unmet Ingress that are on the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unmet {
    /// They stay as they are.
    Held,
    /// Its routes are unbound, its other objects stay: its text asks for more protection than
    /// its routes would have. The reason, for people.
    Closed(String),
}

/// A configuration in which certificates are named by content and priorities by band; planning
/// assigns certkeys and numbers.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    /// Entities and bindings. Bindings of certkeys name the certificate's id as their child; there
    /// are no `sslcertkey` and `systemfile` entities; `csvserver_cspolicy_binding` has no priority.
    pub state: State,
    /// All certificates that bindings name, and what those are linked to.
    pub certificates: BTreeMap<CertificateId, Material>,
    /// The band of each `csvserver_cspolicy_binding`.
    pub bands: BTreeMap<BindingId, Band>,
    /// The front ends (by csvserver) whose settings, CAs and refusing policies stay as bound, since
    /// their oldest claim could not be read. Where all Ingresses are held, all stays with their routes.
    pub kept_front_ends: BTreeSet<String>,
    /// Bound routes of held Ingresses that are theirs no longer: an older Ingress has the host and
    /// path, or the host is not to be served in plain text.
    pub yielded: BTreeSet<BindingId>,
    /// CAs of somebody else that stay bound to such front ends though no Ingress may name them any
    /// more, since held ones do.
    pub kept_cas: BTreeSet<BindingId>,
    /// The Ingresses that each entity is there for.
    pub owners: BTreeMap<EntityId, Arc<BTreeSet<IngressId>>>,
}
