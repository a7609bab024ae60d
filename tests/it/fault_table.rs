//! Every fault that an annotation can have, on the whole way: through translating, planning and
//! executing onto the strict appliance, which judges every state. None fails open.
//!
//! The table is made of the registry: each annotation without which an Ingress means something
//! else, by each fault that is not impossible. A faulty text is unmet, and for clients it changes
//! nothing, or takes service away.

mod seen;
mod subject;
mod values;

use std::collections::BTreeMap;

use mock_nitro::Appliance;
use nitro_ingress::annotations::{ANNOTATIONS, Annotation};
use nitro_ingress::diagnostic::Severity;
use nitro_ingress::translate::{Translation, Unmet};

use self::seen::{Seen, seen};
use self::subject::Subject;
use self::values::{Cell, cells};
use crate::objects::Cluster;
use crate::turns::Turns;

/// What an appliance shows before the faulty text comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    /// Nothing.
    Nothing,
    /// Others, who share its front ends or its host and say nothing about protection.
    Others,
    /// The same Ingress, understood.
    Sound,
    /// Both.
    SoundAmongOthers,
}

use Before::{Nothing, Others, Sound, SoundAmongOthers};

/// The annotations of one run, which are tried in several threads.
fn run(part: usize) {
    const PARTS: usize = 3;
    let decisive = ANNOTATIONS.iter().filter(|annotation| annotation.is_decisive());
    let mut tried: BTreeMap<&str, usize> = BTreeMap::new();
    for annotation in decisive.enumerate().filter(|(i, _)| i % PARTS == part).map(|(_, one)| one) {
        *tried.entry(annotation.key).or_default() += Row::new(annotation).run();
    }
    assert!(tried.len() > 3, "{tried:?}");
    for (annotation, cells) in tried {
        assert!(cells > 1, "{annotation} has {cells} cells");
    }
}

#[test]
fn no_fault_of_any_annotation_fails_open() {
    run(0);
}

#[test]
fn no_fault_of_any_annotation_fails_open_second_part() {
    run(1);
}

#[test]
fn no_fault_of_any_annotation_fails_open_third_part() {
    run(2);
}

/// One annotation.
struct Row {
    annotation: &'static Annotation,
    subject: Subject,
    starts: BTreeMap<Before, Start>,
}

/// An appliance that was configured, and what clients get from it.
struct Start {
    appliance: Appliance,
    seen: Seen,
}

impl Row {
    fn new(annotation: &'static Annotation) -> Self {
        let subject = Subject::of(annotation);
        let all = [Nothing, Others, Sound, SoundAmongOthers];
        let starts = all.map(|before| (before, Start::of(&cluster(&subject, before, None))));
        let row = Self { annotation, subject, starts: starts.into() };
        for before in [Sound, SoundAmongOthers] {
            let seen = &row.starts[&before].seen;
            assert!(subject::is_served(seen), "{}: {before:?}: {seen:#?}", annotation.key);
        }
        row
    }

    /// Tries all cells, and says how many there are.
    fn run(&self) -> usize {
        let cells = cells(self.annotation);
        for cell in &cells {
            for (number, value) in cell.values.iter().enumerate() {
                self.meets(cell, value, SoundAmongOthers);
                self.meets(cell, value, Nothing);
                if number == 0 {
                    self.meets(cell, value, Sound);
                    self.meets(cell, value, Others);
                }
            }
        }
        cells.len()
    }

    /// The faulty text comes to an appliance.
    #[track_caller]
    fn meets(&self, cell: &Cell, value: &str, before: Before) {
        let what = format!("{} {} {value:?} after {before:?}", self.annotation.key, cell.fault);
        let start = &self.starts[&before];
        let turns = Turns::of(start.appliance.clone());
        let translation = turns.converge(&cluster(&self.subject, before, Some(value)));
        assert_told(&translation, self.annotation.key, &what);
        let after = seen(&turns.appliance());
        for (probe, was) in &start.seen {
            let is = &after[probe];
            let is_closed = was.is_by(subject::NAME) && is.is_by_nobody();
            assert!(is == was || is_closed, "{what}: {probe:?}: {is:#?} and not {was:#?}");
        }
        let unmet = &translation.unmet[&subject::id()];
        if *unmet == Unmet::Held && matches!(before, Sound | SoundAmongOthers) {
            assert!(subject::is_served(&after), "{what}: held, and gone");
        }
    }
}

impl Start {
    fn of(cluster: &Cluster) -> Self {
        let turns = Turns::new();
        let translation = turns.converge(cluster);
        assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
        let mut appliance = turns.appliance();
        appliance.journal_off();
        let seen = seen(&appliance);
        Self { appliance, seen }
    }
}

/// The cluster before the faulty text comes, or with it.
fn cluster(subject: &Subject, before: Before, faulty: Option<&str>) -> Cluster {
    let mut cluster = subject::secrets();
    if matches!(before, Others | SoundAmongOthers) {
        cluster = subject.others().into_iter().fold(cluster, Cluster::with);
    }
    match (faulty, before) {
        (Some(value), _) => cluster.with(subject.with(value)),
        (None, Sound | SoundAmongOthers) => cluster.with(subject.sound()),
        (None, Nothing | Others) => cluster,
    }
}

/// The Ingress alone is unmet, with an error that names the annotation.
#[track_caller]
fn assert_told(translation: &Translation, key: &str, what: &str) {
    let unmet: Vec<_> = translation.unmet.keys().collect();
    assert_eq!(unmet, [&subject::id()], "{what}: {:#?}", translation.diagnostics);
    let mut errors = translation
        .diagnostics
        .iter()
        .filter(|one| one.severity == Severity::Error && one.object.key.name == subject::NAME);
    let names = |field: &Option<String>| field.as_deref().is_some_and(|field| field.contains(key));
    assert!(
        errors.any(|one| names(&one.field) && !one.problem.is_empty() && !one.remedy.is_empty()),
        "{what}: {:#?}",
        translation.diagnostics
    );
}
