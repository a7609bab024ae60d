//! From what is and what should be to an ordered list of changes: pure, and safe in any order that
//! its `needs` allow.
//!
//! A plan leaves no choice to whoever executes it.

mod op;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::model::{IngressId, ObjectKey};
pub use op::{FileContent, Op};

/// Ordered changes to one appliance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use = "a plan is there to be shown or executed"]
pub struct Plan {
    /// The changes, each after everything that it needs.
    pub ops: Vec<PlannedOp>,
    /// How many of them, from the first, change settings that the whole appliance shares.
    pub settings: usize,
    /// Consecutive ops of one verb on one kind: one request each, unless it grows too large.
    pub batches: Vec<Range<usize>>,
    /// Whether more is left to do than this plan may do at once: the appliance must be observed
    /// again after the settings.
    pub ends_after_settings: bool,
    /// Deletions that the brake holds until somebody approves them.
    pub held_back: Option<HeldBack>,
    /// Moments in which one TLS host is served no certificate: between the adjacent unbind and
    /// bind of two SNI certificates for one name.
    pub gaps: usize,
    /// The names of the Ingresses that ops are for.
    pub ingresses: BTreeMap<IngressId, ObjectKey>,
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
    pub ingresses: BTreeSet<IngressId>,
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
    /// Whether there is nothing to do.
    pub const fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }
}
