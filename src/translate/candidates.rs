//! Sorting a snapshot's Ingresses into ours, gone, and nobody's business.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Findings, ObjectRef};
use crate::model::{IngressId, ObjectKey};
use crate::policy::Policy;
use crate::snapshot::{Proof, Snapshot};

use super::class::{self, Class};
use super::reading::{Reader, Reading};

/// The Ingresses of a snapshot, sorted.
pub(super) struct Candidates<'a> {
    /// Ours.
    pub(super) ours: Vec<Candidate<'a>>,
    /// Those that are on the appliance and gone from here.
    pub(super) gone: BTreeMap<IngressId, Proof>,
    /// About those that are not ours.
    pub(super) findings: Vec<Findings>,
}

/// An Ingress that is ours, or was.
pub(super) struct Candidate<'a> {
    key: &'a ObjectKey,
    class: Class<'a>,
    class_field: &'static str,
}

/// Sorts.
pub(super) fn candidates<'a>(snapshot: &'a Snapshot, policy: &Policy) -> Candidates<'a> {
    let observed = &snapshot.facts.ingresses;
    let mut sorted = Candidates { ours: Vec::new(), gone: BTreeMap::new(), findings: Vec::new() };
    let mut present = BTreeSet::new();
    for (key, source) in &snapshot.ingresses {
        let id = IngressId::of(key);
        let class = class::of(&source.object, snapshot, policy);
        let class_field = class::field(&source.object);
        match class {
            Class::Other | Class::Elsewhere => {
                let proof =
                    if class == Class::Other { Proof::OtherClass } else { Proof::OtherAppliance };
                if observed.contains_key(&id) {
                    sorted.gone.insert(id, proof);
                }
            }
            Class::Missing(name) if !observed.contains_key(&id) => {
                sorted.findings.push(missing_class(key, name, class_field));
            }
            Class::Ours | Class::Assumed(_) | Class::Missing(_) => {
                sorted.ours.push(Candidate { key, class, class_field });
            }
        }
        present.insert(id);
    }
    for id in observed.keys().filter(|id| !present.contains(*id)) {
        let pruned = policy.consent.prune.then_some(Proof::Pruned);
        if let Some(proof) = snapshot.gone.get(id).copied().or(pruned) {
            sorted.gone.insert(*id, proof);
        }
    }
    sorted
}

/// It may be anybody's, so nothing is wrong yet.
fn missing_class(key: &ObjectKey, name: &str, field: &str) -> Findings {
    let mut findings = Findings::about(ObjectRef { kind: "Ingress".to_owned(), key: key.clone() });
    findings.note(
        Code::ClassMissing,
        field,
        format!("the IngressClass {name:?} does not exist, so the Ingress is nobody's"),
        "create the IngressClass, or name one that exists",
    );
    findings
}

impl<'a> Candidate<'a> {
    /// Reads it.
    pub(super) fn read(&self, reader: &mut Reader<'a>) -> Reading<'a> {
        let mut reading = reader.read(self.key);
        match self.class {
            Class::Ours | Class::Other | Class::Elsewhere => (),
            Class::Assumed(Some(name)) if name.contains(TYPOGRAPHIC_QUOTES) => {
                reading.understood = false;
                reading.findings.error(
                    Code::ClassMissing,
                    self.class_field,
                    format!(
                        "the class {name:?} contains typographic quotes, as no IngressClass can"
                    ),
                    "write its name without them",
                );
            }
            Class::Assumed(Some(name)) => reading.findings.note(
                Code::ClassAssumed,
                self.class_field,
                format!(
                    "the IngressClass {name:?} is not among the objects; the Ingress counts as ours"
                ),
                "give its IngressClass as well",
            ),
            Class::Assumed(None) => reading.findings.note(
                Code::ClassAssumed,
                "",
                "the Ingress names no class; it counts as ours",
                "write spec.ingressClassName",
            ),
            Class::Missing(name) => {
                reading.understood = false;
                reading.findings.error(
                    Code::ClassMissing,
                    self.class_field,
                    format!("the IngressClass {name:?} does not exist"),
                    "create the IngressClass, or name one that exists",
                );
            }
        }
        reading
    }
}

const TYPOGRAPHIC_QUOTES: [char; 4] = ['\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}'];
