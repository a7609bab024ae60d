//! Taking over: objects of others under names that desired ones need become ours by their comment.
//!
//! What is bound to them is known when they are read as ours. So the Ingresses that need them wait
//! for the next plan, and the others go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Op;
use crate::model::{Fields, IngressId};
use crate::observed::ObservedState;
use crate::translate::Translation;

/// What is taken over.
#[derive(Default)]
pub(super) struct Takeover {
    /// Each with the Ingresses that need it.
    pub(super) ops: Vec<(Op, Arc<BTreeSet<IngressId>>)>,
    waiting: BTreeSet<IngressId>,
}

impl Takeover {
    /// The guard of names let through only what can be taken over.
    pub(super) fn of(observed: &ObservedState, translation: &Translation) -> Self {
        let mut takeover = Self::default();
        if !translation.consent.takeover {
            return takeover;
        }
        let desired = &translation.desired;
        for entity in observed.facts.adoptable.keys() {
            let fields = desired.state.entities.get(entity);
            let Some(comment) = fields.and_then(|fields| fields.get("comment")) else { continue };
            let fields = Fields::from([("comment".to_owned(), comment.clone())]);
            let owners = desired.owners.get(entity).cloned().unwrap_or_default();
            takeover.waiting.extend(owners.iter().copied());
            takeover.ops.push((Op::Set { entity: entity.clone(), fields }, owners));
        }
        takeover
    }

    /// Whether an op is for Ingresses that wait, and for no other.
    pub(super) fn holds(&self, ingresses: &BTreeSet<IngressId>) -> bool {
        !ingresses.is_empty() && ingresses.is_subset(&self.waiting)
    }
}
