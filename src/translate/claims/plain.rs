//! A host that demands client certificates is not served in plain text, whoever asks for that.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::model::{ClientAuthentication, Host, Protocol};
use crate::snapshot::Facts;

use super::hold::demands_certificates;
use super::{Claimant, Settled, Standing, binding_of};

/// Takes plain routes away where somebody demands client certificates for their host.
pub(super) fn refuse(
    claimants: &[Claimant<'_, '_>],
    facts: &Facts,
    prefix: &str,
    settled: &mut Settled,
) {
    let demanding = demanding(claimants, facts, &settled.standings);
    if demanding.is_empty() {
        return;
    }
    for (place, claimant) in claimants.iter().enumerate() {
        match (&settled.standings[place], claimant) {
            (Standing::Accepted, Claimant::Known(reading)) if !reading.tls => {
                settled.routes[place].retain(|i| {
                    let route = &reading.routes[*i];
                    let Some(by) = find(&demanding, &route.matches.host) else { return true };
                    settled.findings[place].warning(
                        Code::PlainRouteRefused,
                        &route.field,
                        format!(
                            "{} gets no route in plain text: {} demands client certificates for \
                             this host",
                            route.matches,
                            claimants[by].object()
                        ),
                        "add spec.tls to this Ingress, or choose another host",
                    );
                    false
                });
            }
            (Standing::Held, _) => {
                let plain = claimant.observed(facts).iter().filter(|route| {
                    route.front_end.protocol == Protocol::Http
                        && find(&demanding, &route.matches.host).is_some()
                });
                settled.yielded.extend(plain.map(|route| binding_of(route, prefix)));
            }
            (
                Standing::Accepted | Standing::Closed(_) | Standing::Displaced | Standing::Absent,
                _,
            ) => (),
        }
    }
}

/// The hosts for which client certificates are demanded, and by whom.
fn demanding<'c>(
    claimants: &'c [Claimant<'_, '_>],
    facts: &'c Facts,
    standings: &[Standing],
) -> BTreeMap<&'c Host, usize> {
    let mut hosts = BTreeMap::new();
    for (place, claimant) in claimants.iter().enumerate() {
        let bound = claimant.observed(facts).iter().filter(|route| {
            route.front_end.protocol == Protocol::Ssl && standings[place] == Standing::Held
        });
        for route in bound.clone() {
            let observed = route.protection.client_authentication;
            let demands = match claimant {
                Claimant::Known(reading) => demands_certificates(reading, observed),
                Claimant::Unknown(..) => observed != ClientAuthentication::None,
            };
            if demands {
                hosts.entry(&route.matches.host).or_insert(place);
            }
        }
        let Claimant::Known(reading) = claimant else { continue };
        let counts = match standings[place] {
            Standing::Accepted | Standing::Held => true,
            Standing::Closed(_) | Standing::Displaced | Standing::Absent => false,
        };
        if counts && reading.tls && demands_certificates(reading, ClientAuthentication::None) {
            for route in &reading.routes {
                hosts.entry(&route.matches.host).or_insert(place);
            }
        }
    }
    hosts
}

/// Who demands client certificates for a host.
fn find(demanding: &BTreeMap<&Host, usize>, host: &Host) -> Option<usize> {
    let wildcard = match host {
        Host::Exact(name) => {
            name.split_once('.').map(|(_, parent)| Host::Wildcard(parent.to_owned()))
        }
        Host::Wildcard(_) | Host::Any => None,
    };
    let wildcard = wildcard.and_then(|wildcard| demanding.get(&wildcard).copied());
    demanding.get(host).copied().or(wildcard)
}
