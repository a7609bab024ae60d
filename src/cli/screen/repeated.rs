//! Diagnostics that say the same of several places are shown once.

use super::told::Told;
use crate::diagnostic::{Diagnostic, Severity};

/// As many places are told of one diagnostic.
const PLACES: usize = 3;

/// One diagnostic, with all the places that it was found at.
pub(in crate::cli) struct Repeated<'a> {
    diagnostic: &'a Diagnostic,
    places: Vec<String>,
}

/// Each diagnostic once, worst last: there it is seen.
pub(in crate::cli) fn merged<'a>(
    all: impl IntoIterator<Item = &'a Diagnostic>,
) -> Vec<Repeated<'a>> {
    let mut merged: Vec<Repeated<'a>> = Vec::new();
    for diagnostic in all {
        let place = diagnostic.whereabouts();
        match merged.iter_mut().find(|known| is_same(known.diagnostic, diagnostic)) {
            Some(known) if known.places.contains(&place) => {}
            Some(known) => known.places.push(place),
            None => merged.push(Repeated { diagnostic, places: vec![place] }),
        }
    }
    merged.sort_by_key(|repeated| std::cmp::Reverse(repeated.diagnostic.severity));
    merged
}

/// An error is told of every object that it concerns: each must be mended.
fn is_same(a: &Diagnostic, b: &Diagnostic) -> bool {
    (a.severity, a.code, &a.problem, &a.remedy) == (b.severity, b.code, &b.problem, &b.remedy)
        && (a.severity != Severity::Error || a.object == b.object)
}

impl Repeated<'_> {
    /// It and the first of its places, to be shown.
    pub(in crate::cli) fn told(&self, indent: usize, width: usize) -> Told<'_> {
        let (places, rest) = self.places.split_at(self.places.len().min(PLACES));
        Told { diagnostic: self.diagnostic, places, more: rest.len(), indent, width }
    }
}
