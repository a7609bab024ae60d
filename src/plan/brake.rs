//! The brake: when suspiciously much would go at once, exactly that waits until somebody approves.
//!
//! It counts Ingresses that vanished from a list or whose class leads to another appliance now, and
//! back ends that lose all their members. Unmet
//! Ingresses and closings are never counted, and closings never wait.

use std::collections::BTreeSet;

use sha2::{Digest, Sha256};

use super::{HeldBack, Op};
use crate::model::{IngressId, Kind, Name, base32};
use crate::observed::{ObservedState, Owned};
use crate::policy::BrakeLimits;
use crate::snapshot::{Facts, ObservedBackEnd, Proof};
use crate::translate::Translation;

/// What waits.
pub(super) struct Brake {
    ingresses: BTreeSet<IngressId>,
    groups: BTreeSet<Name>,
    /// What to tell people; `None` if nothing waits.
    pub(super) held_back: Option<HeldBack>,
    /// The digest of what would wait if it were not approved.
    pub(super) approved: Option<String>,
}

impl Brake {
    pub(super) fn of(observed: &ObservedState, aim: &Owned, translation: &Translation) -> Self {
        let facts = &observed.facts;
        let vanished: BTreeSet<IngressId> = translation
            .gone
            .iter()
            .filter(|(id, proof)| is_counted(**proof) && facts.ingresses.contains_key(*id))
            .map(|(id, _)| *id)
            .collect();
        let emptied: BTreeSet<Name> = emptied(&observed.owned, aim);
        let limits = translation.consent.brake;
        let ingresses = beyond(limits, vanished, facts.ingresses.len());
        let groups = beyond(limits, emptied, facts.back_ends.len());
        let held_back = held_back(&ingresses, &groups, facts);
        match held_back {
            Some(held) if !translation.consent.approved.contains(&held.digest) => {
                Self { ingresses, groups, held_back: Some(held), approved: None }
            }
            held => {
                let (ingresses, groups) = (BTreeSet::new(), BTreeSet::new());
                Self { ingresses, groups, held_back: None, approved: held.map(|held| held.digest) }
            }
        }
    }

    /// Whether an op is one of those that wait.
    pub(super) fn holds(&self, op: &Op, ingresses: &BTreeSet<IngressId>) -> bool {
        let empties = op.as_unbind().is_some_and(|binding| {
            binding.kind == Kind::SERVICEGROUP_MEMBER && self.groups.contains(&binding.parent)
        });
        let removes = op.as_unbind().is_some() || op.as_delete().is_some();
        let is_of_vanished = !ingresses.is_empty() && ingresses.is_subset(&self.ingresses);
        empties || (removes && is_of_vanished)
    }
}

/// Whether many that went in this way look like a mistake.
const fn is_counted(proof: Proof) -> bool {
    match proof {
        Proof::Vanished | Proof::OtherAppliance => true,
        Proof::Deleted | Proof::OtherClass | Proof::Pruned => false,
    }
}

fn beyond<T>(limits: BrakeLimits, set: BTreeSet<T>, observed: usize) -> BTreeSet<T> {
    let limit = limits.count.max(observed * limits.percent / 100);
    if set.len() > limit { set } else { BTreeSet::new() }
}

/// The service groups that stay and lose all their members.
fn emptied(old: &Owned, aim: &Owned) -> BTreeSet<Name> {
    let members = |owned: &Owned, group: &str| {
        owned.state.bound(Kind::SERVICEGROUP_MEMBER, group).next().is_some()
    };
    old.state
        .names(Kind::SERVICEGROUP)
        .filter(|group| aim.state.fields(Kind::SERVICEGROUP, group).is_some())
        .filter(|group| members(old, group) && !members(aim, group))
        .map(Name::from)
        .collect()
}

fn held_back(
    ingresses: &BTreeSet<IngressId>,
    groups: &BTreeSet<Name>,
    facts: &Facts,
) -> Option<HeldBack> {
    let ingress = |id: &IngressId| match facts.ingresses.get(id) {
        Some(Some(key)) => format!("Ingress {key}"),
        Some(None) | None => format!("Ingress with id {id}"),
    };
    let members = |group: &Name| match facts.back_ends.get(group) {
        Some(ObservedBackEnd { ingress: _, key, service }) => {
            format!("all members of Service {}/{service} for Ingress {key}", key.namespace)
        }
        None => format!("all members of servicegroup {group}"),
    };
    // An Ingress may have several back ends of one Service: one line, and one approval.
    let deletions = ingresses.iter().map(ingress).chain(groups.iter().map(members));
    let deletions: BTreeSet<String> = deletions.collect();
    if deletions.is_empty() {
        return None;
    }
    let deletions = Vec::from_iter(deletions);
    let digest = base32(&Sha256::digest(deletions.join("\n").as_bytes()), 10);
    Some(HeldBack { deletions, digest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectKey;

    #[test]
    fn what_is_held_back_has_the_names_that_people_gave_it() {
        let key = ObjectKey::new("shop", "web");
        let ingress = IngressId::of(&key);
        let service = "apache:443".to_owned();
        let back_end = ObservedBackEnd { ingress, key: key.clone(), service };
        let facts = Facts {
            ingresses: [(ingress, Some(key))].into(),
            back_ends: [("a".into(), back_end.clone()), ("b".into(), back_end)].into(),
            ..Facts::default()
        };
        let groups = ["a", "b", "c"].map(Name::from).into();
        let held_back = held_back(&[ingress].into(), &groups, &facts).unwrap();
        assert_eq!(
            held_back.deletions,
            [
                "Ingress shop/web",
                "all members of Service shop/apache:443 for Ingress shop/web",
                "all members of servicegroup c",
            ]
        );
    }
}
