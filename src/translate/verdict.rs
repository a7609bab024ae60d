//! Putting settled claims into the words of a [`Translation`](super::Translation): who is unmet, who
//! is gone, and what people are told.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Diagnostic, Findings, ObjectRef};
use crate::model::{BindingId, IngressId, Kind, Name, ObjectKey};
use crate::policy::Policy;
use crate::snapshot::{Facts, ObservedBackEnd, Snapshot};

use super::Unmet;
use super::claims::{Claimant, Settled, Standing, binding_of};
use super::desired::{self, Group};
use super::services::{PortReference, Services};

/// The Ingresses that are not accepted.
pub(super) fn unmet(
    claimants: &[Claimant<'_, '_>],
    settled: &Settled,
) -> BTreeMap<IngressId, Unmet> {
    let unmet = claimants.iter().zip(&settled.standings).filter_map(|(claimant, standing)| {
        let unmet = match standing {
            Standing::Accepted => return None,
            Standing::Held | Standing::Displaced => Unmet::Held,
            Standing::Closed(reason) => Unmet::Closed(reason.clone()),
            Standing::Absent => Unmet::Closed("it has no route on the appliance".to_owned()),
        };
        Some((*claimant.id(), unmet))
    });
    unmet.collect()
}

/// Tells what became of unmet Ingresses.
pub(super) fn tell(
    claimants: &[Claimant<'_, '_>],
    settled: &mut Settled,
    facts: &Facts,
    policy: &Policy,
) {
    for (place, claimant) in claimants.iter().enumerate() {
        let findings = &mut settled.findings[place];
        match (&settled.standings[place], claimant) {
            (Standing::Held, Claimant::Known(reading)) => {
                let remedy = if reading.findings.has_errors() {
                    "mend the errors of this Ingress"
                } else {
                    "remove the annotation that pauses this Ingress"
                };
                let routes = facts.routes.get(&reading.id).into_iter().flatten();
                let prefix = &policy.mark.prefix;
                let kept = routes.filter(|one| !settled.yielded.contains(&binding_of(one, prefix)));
                let served = kept.filter(|one| one.matches.served_host().is_some());
                findings.warning(
                    Code::IngressHeld,
                    "",
                    format!(
                        "its last good configuration stays on the appliance: {}",
                        count(served.count())
                    ),
                    remedy,
                );
            }
            (Standing::Closed(reason), Claimant::Known(_)) => findings.warning(
                Code::IngressClosed,
                "",
                format!("its routes are withdrawn, since {reason}"),
                "mend the errors of this Ingress",
            ),
            (Standing::Held, Claimant::Unknown(..)) => findings.warning(
                Code::IngressUnknown,
                "",
                "the appliance has configuration of this Ingress, which is not among the input; it \
                 stays as it is",
                "give its manifest as well, or delete what it left with --prune",
            ),
            (Standing::Displaced, _) => findings.warning(
                Code::IngressHeld,
                "",
                "others have all the routes that it had on the appliance",
                "mend the errors of this Ingress",
            ),
            (Standing::Accepted | Standing::Absent | Standing::Closed(_), _) => (),
        }
    }
}

fn count(routes: usize) -> String {
    match routes {
        0 => "what it says of its front end".to_owned(),
        1 => "1 route".to_owned(),
        _ => format!("{routes} routes"),
    }
}

/// Tells what others have bound to objects of ours: a policy may take requests from our routes, a
/// certificate may be served in place of ours.
pub(super) fn foreign_children(facts: &Facts, policy: &Policy) -> impl Iterator<Item = Findings> {
    // Those that annotations may name come and go with them.
    let strange = |binding: &&BindingId| !policy.consent.allows_reference(&binding.child);
    facts.foreign_children.iter().filter(strange).map(|binding| {
        let key = ObjectKey::new("", binding.parent.as_str());
        let kind = binding.parent_id().kind.to_string();
        let mut findings = Findings::about(ObjectRef { kind, key });
        let effect = match binding.kind {
            Kind::CSVSERVER_CSPOLICY => ": requests that it takes first do not get to our routes",
            _ => "",
        };
        findings.warning(
            Code::ChildForeign,
            "",
            format!(
                "{:?}, which is not ours, is bound to it ({}{}) and stays{effect}",
                binding.child, binding.kind, binding.role
            ),
            "unbind it, unless it is meant to act on the requests of these Ingresses",
        );
        findings
    })
}

/// Everything that was found, with its places, sorted.
pub(super) fn diagnostics(
    all: impl Iterator<Item = Findings>,
    snapshot: &Snapshot,
) -> Vec<Diagnostic> {
    let mut diagnostics: Vec<Diagnostic> = all.flat_map(Findings::into_diagnostics).collect();
    for diagnostic in &mut diagnostics {
        let Diagnostic { object: ObjectRef { kind, key }, field, place, .. } = diagnostic;
        let places = match kind.as_str() {
            "ConfigMap" => {
                *place = snapshot.config_maps.get(key).and_then(|settings| settings.place.clone());
                continue;
            }
            "Service" => snapshot.services.get(key).map(|source| &source.places),
            "Ingress" => snapshot.ingresses.get(key).map(|source| &source.places),
            _ => None,
        };
        let field = field.as_deref().unwrap_or_default();
        *place = places.and_then(|places| places.at(field)).cloned();
    }
    diagnostics.sort();
    diagnostics.dedup();
    diagnostics
}

/// The members that the back ends of unmet Ingresses should have now, by group. While a Service is
/// missing its back ends keep what they have.
pub(super) fn pinned_members(
    unmet: &BTreeMap<IngressId, Unmet>,
    services: &Services<'_>,
    facts: &Facts,
    policy: &Policy,
) -> BTreeMap<Name, Group> {
    let groups =
        facts.back_ends.iter().filter(|(_, observed)| unmet.contains_key(&observed.ingress));
    let pinned = groups.filter_map(|(group, observed)| {
        let ObservedBackEnd { ingress: _, key, service } = observed;
        let (service, port) = service.rsplit_once(':')?;
        let service = ObjectKey::new(key.namespace.as_str(), service);
        let members = services.members(&service, &PortReference::parse(port)).ok()?;
        Some((group.clone(), desired::group(group, &members, &policy.mark, facts)))
    });
    pinned.collect()
}
