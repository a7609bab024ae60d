//! From what is and what should be to an ordered list of changes: pure, and safe in any order that
//! its `needs` allow.
//!
//! A plan leaves no choice to whoever executes it.

mod op;
pub(crate) mod reference;
mod protection;
mod slot;
mod aim;
mod assign;
mod difference;
mod needs;
mod brake;
mod settings;
mod sort;
mod takeover;
mod labels;
mod assemble;
mod safety;
mod simulate;
pub mod render;
#[cfg(test)]
mod laws;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::model::{EntityId, Fields, IngressId, Name, ObjectKey};
use crate::observed::ObservedState;
use crate::translate::{Translation, Unmet};
pub use aim::{Aim, aim};
pub use op::{FileContent, Op};
pub use safety::{Judge, Violation};
pub use simulate::simulate;

/// Plans the way from what was observed to what is desired and pinned.
pub fn plan(observed: &ObservedState, translation: &Translation) -> Plan {
    let aim = aim(observed, translation);
    let ops = difference::difference(&observed.owned, &aim);
    let closed: BTreeSet<IngressId> = translation
        .unmet
        .iter()
        .filter(|(_, unmet)| matches!(unmet, Unmet::Closed(_)))
        .map(|(id, _)| *id)
        .collect();
    let needs = needs::needs(&observed.owned, &aim, &ops, &translation.mark, &closed);
    assemble::assemble(observed, translation, &aim, assemble::Draft { ops, needs })
}

/// Ordered changes to one appliance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a plan is there to be shown or executed"]
pub struct Plan {
    /// The changes, each after everything that it needs.
    pub ops: Vec<PlannedOp>,
    /// How many of them, from the first, change settings that the whole appliance shares.
    pub settings: usize,
    /// How many of those that follow make objects of others ours. The Ingresses that need them wait
    /// for the next plan.
    pub takeovers: usize,
    /// Consecutive ops of one verb on one kind: one request each, unless it grows too large.
    pub batches: Vec<Range<usize>>,
    /// Whether more is left to do than this plan may do at once: the appliance must be observed
    /// again after the settings.
    pub ends_after_settings: bool,
    /// Deletions that the brake holds until somebody approves them.
    pub held_back: Option<HeldBack>,
    /// The digest of the deletions that the brake would hold if they were not approved.
    pub approved: Option<String>,
    /// Adjacent ops that swap SNI certificates for one name: from the first unbind to the last
    /// bind a TLS host is served no certificate. There is no other gap.
    pub swaps: Vec<Range<usize>>,
    /// Ops that need each other in a circle, and those that need them: a fault of planning, after
    /// which they are left out. What they are about stays as it is.
    pub unordered: Vec<Op>,
    /// The names of the Ingresses that ops are for.
    pub ingresses: BTreeMap<IngressId, ObjectKey>,
    /// What objects are whose names do not tell: routes by their `cspolicy`, and certkeys.
    pub labels: BTreeMap<EntityId, Label>,
    /// What was observed of objects that ops set or change, and of SSL profiles that new ones replace, by
    /// the new one.
    pub before: BTreeMap<EntityId, Before>,
}

/// What people call an object whose name on the appliance is a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// The host and path of a route; the names that a certificate covers, or its subject.
    pub what: String,
    /// Where it is used when the plan is done, such as `SNI certificate of k8s-192.0.2.10_443_ssl`.
    pub uses: Vec<String>,
    /// Until when the certificate is valid that a certkey has when the plan is done, where known.
    pub not_after: Option<jiff::Timestamp>,
}

/// An object as it was observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// Its name.
    pub name: Name,
    /// Its fields.
    pub fields: Fields,
    /// The ciphers of an SSL profile.
    pub ciphers: BTreeSet<String>,
}

/// The place of an op in its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpId(pub usize);

/// One change, with what must have succeeded before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedOp {
    /// The change.
    pub op: Op,
    /// The ops that must have succeeded. Any order that respects these is safe.
    pub needs: BTreeSet<OpId>,
    /// The Ingresses that it is for; empty for what all share.
    pub ingresses: Arc<BTreeSet<IngressId>>,
}

/// What the brake holds back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldBack {
    /// What would go, one line each, sorted.
    pub deletions: Vec<String>,
    /// What an approval must name: the digest of that list.
    pub digest: String,
}

impl Plan {
    /// How many ops, from the first, are settings and takeovers.
    pub(crate) fn preliminaries(&self) -> usize {
        self.settings + self.takeovers
    }

    /// The objects of somebody else that are made ours.
    pub fn taken_over(&self) -> impl Iterator<Item = &EntityId> {
        let takeovers = &self.ops[self.settings..self.preliminaries()];
        takeovers.iter().filter_map(|planned| {
            if let Op::Set { entity, .. } = &planned.op { Some(entity) } else { None }
        })
    }

    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}
