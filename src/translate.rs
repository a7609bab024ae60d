//! From the cluster's wishes to the appliance's configuration: pure and total.
//!
//! A bad Ingress becomes a diagnostic and an entry of [`Translation::unmet`]; the others go on.

mod back_end;
mod band;
mod certificates;
mod class;
mod front_end;
mod names;
mod profile;
mod reading;
mod rules;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::model::{BindingId, CertificateId, EntityId, IngressId, Mark, ObjectKey, State};
use crate::policy::Consent;
use crate::snapshot::Proof;
use crate::tls::Material;
pub use band::Band;

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
    pub pinned_members: BTreeMap<String, State>,
    /// What the plan may do.
    pub consent: Consent,
    /// The names of all Ingresses that are mentioned by id, for people.
    pub ingresses: BTreeMap<IngressId, ObjectKey>,
    /// What people must be told.
    pub diagnostics: Vec<Diagnostic>,
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
    /// The front ends (by csvserver) whose profile, CAs and refusing policies stay as bound, since
    /// their oldest claim could not be read.
    pub kept_front_ends: BTreeSet<String>,
    /// The Ingresses that each entity is there for.
    pub owners: BTreeMap<EntityId, BTreeSet<IngressId>>,
}
