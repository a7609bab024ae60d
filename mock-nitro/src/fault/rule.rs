//! A fault of some requests: those of a type and verb, one by its number or as a seed decides.

use serde::Deserialize;

use super::{Fault, Seeded};
use crate::appliance::subject;
use crate::message::Request;

/// Which requests meet a fault. What is left out restricts nothing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// The type that the path names.
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    /// The method, followed by the action if there is one: `POST`, `POST enable`.
    pub(super) verb: Option<String>,
    /// Only the one of this number among the requests of that type and verb, counted from 1.
    pub(super) nth: Option<u64>,
    /// Only those that a seed picks.
    pub(super) seeded: Option<Chance>,
    /// What they meet.
    pub(super) fault: Fault,
    /// How many requests of that type and verb there were.
    #[serde(skip)]
    count: u64,
    #[serde(skip)]
    draws: Option<Seeded>,
}

/// How often a seed picks a request.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chance {
    pub(super) seed: u64,
    pub(super) per_mille: u64,
}

impl Rule {
    /// Counts a request, and says what goes wrong with it.
    pub(super) fn next(&mut self, request: &Request) -> Option<Fault> {
        let (verb, kind) = subject(request);
        let is = |wanted: &Option<String>, actual: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == actual)
        };
        if !is(&self.kind, kind) || !is(&self.verb, &verb) {
            return None;
        }
        self.count += 1;
        let is_drawn = match self.seeded {
            None => true,
            Some(Chance { seed, per_mille }) => {
                let first = || Seeded { state: seed, per_mille, choice: vec![self.fault.clone()] };
                self.draws.get_or_insert_with(first).draw().is_some()
            }
        };
        let is_meant = self.nth.is_none_or(|nth| nth == self.count);
        (is_drawn && is_meant).then(|| self.fault.clone())
    }
}
