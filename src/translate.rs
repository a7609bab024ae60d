//! From the cluster's wishes to the appliance's configuration: pure and total.
//!
//! A bad Ingress becomes a diagnostic and an entry of [`Translation::unmet`]; the others go on.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Diagnostic;
use crate::model::{BindingId, CertificateId, EntityId, IngressId, Mark, ObjectKey, State};
use crate::policy::Consent;
use crate::snapshot::Proof;
use crate::tls::Material;

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

/// A range of priorities for rules that cannot match the same request at different strength:
/// (exact host, wildcard, none) x (exact path, prefix by length, default back end), first match
/// first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Band(u32);

/// Prefixes are told apart up to this length.
const LONGEST_PREFIX: u32 = 1023;
/// Bands for one kind of host: exact path, prefix lengths 0 to [`LONGEST_PREFIX`], default.
const BANDS_PER_HOST: u32 = LONGEST_PREFIX + 3;

impl Band {
    /// The number of priorities in a band. 3 x 1 026 bands of 2^19 stay below 2^31 (the greatest
    /// priority is documented as 2^31 - 1).
    pub const SLOTS: u32 = 1 << 19;

    /// The band of a rule.
    pub fn of(matches: &crate::model::RouteMatch) -> Self {
        use crate::model::{Host, PathMatch};
        let host = match matches.host {
            Host::Exact(_) => 0,
            Host::Wildcard(_) => 1,
            Host::Any => 2,
        };
        let path = match &matches.path {
            PathMatch::Exact(_) => 0,
            PathMatch::Prefix(path) => {
                let length = u32::try_from(path.trim_end_matches('/').len()).unwrap_or(u32::MAX);
                1 + LONGEST_PREFIX - length.min(LONGEST_PREFIX)
            }
        };
        Self(host * BANDS_PER_HOST + path)
    }

    /// The band of a default back end.
    pub const fn default_back_end() -> Self {
        Self(3 * BANDS_PER_HOST - 1)
    }

    /// The priorities of the band.
    pub const fn priorities(self) -> std::ops::Range<u32> {
        let start = self.0 * Self::SLOTS + 1;
        start..start + Self::SLOTS
    }
}
