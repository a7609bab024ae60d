//! What was made of earlier states of a transition and still holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::back;
use super::expression::Expression;
use super::place;
use super::read::{Reader, Reads};
use super::view::{BackEnd, Place};
use crate::state::State;

/// Back ends by lbvserver, with what each was read from; places and expressions by their rule.
#[derive(Default)]
pub(super) struct Memory {
    backs: BTreeMap<Arc<str>, (Arc<BackEnd>, Arc<Reads>)>,
    places: BTreeMap<Box<str>, Place>,
    expressions: BTreeMap<Box<str>, Arc<Expression>>,
}

impl Memory {
    /// The back end of an lbvserver.
    pub(super) fn back<'a>(
        &mut self,
        state: &'a State,
        lbvserver: &'a str,
    ) -> (Arc<BackEnd>, Arc<Reads>) {
        if let Some((back, reads)) = self.backs.get(lbvserver) {
            return (Arc::clone(back), Arc::clone(reads));
        }
        let reader = Reader::new(state);
        let back = Arc::new(back::read(&reader, lbvserver));
        let reads = Arc::new(reader.into_sources().own);
        self.backs.insert(lbvserver.into(), (Arc::clone(&back), Arc::clone(&reads)));
        (back, reads)
    }

    /// Forgets what was read from things that have changed.
    pub(super) fn forget(&mut self, changes: &Reads) {
        self.backs.retain(|_, (_, reads)| !changes.iter().any(|change| reads.contains(change)));
    }

    /// The place that a rule is for.
    pub(super) fn place(&mut self, rule: &str) -> Place {
        if let Some(place) = self.places.get(rule) {
            return place.clone();
        }
        let place = place::place(&Expression::parse(rule));
        self.places.insert(rule.into(), place.clone());
        place
    }

    /// A rule that was read.
    pub(super) fn expression(&mut self, rule: &str) -> Arc<Expression> {
        if let Some(expression) = self.expressions.get(rule) {
            return Arc::clone(expression);
        }
        let expression = Arc::new(Expression::parse(rule));
        self.expressions.insert(rule.into(), Arc::clone(&expression));
        expression
    }
}
