//! A host that demands client certificates is not served in plain text, whoever asks for that.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::model::{ClientAuthentication, Host, Protocol};
use crate::snapshot::Facts;

use super::{Claimant, Settled, Standing, binding_of};

/// Takes plain routes away where somebody demands client certificates for their host.
pub(super) fn refuse(
    claimants: &[Claimant<'_, '_>],
    facts: &Facts,
    prefix: &str,
    settled: &mut Settled,
) {
    let demanding = Demanding::of(claimants, facts, &settled.standings);
    if demanding.oldest.is_none() {
        return;
    }
    for (place, claimant) in claimants.iter().enumerate() {
        match (&settled.standings[place], claimant) {
            (Standing::Accepted, Claimant::Known(reading)) if !reading.tls => {
                settled.routes[place].retain(|i| {
                    let route = &reading.routes[*i];
                    let Some(by) = demanding.find(&route.matches.host) else { return true };
                    settled.findings[place].warning(
                        Code::PlainRouteRefused,
                        &route.field,
                        format!(
                            "{} gets no route in plain text: {} demands client certificates for \
                             a host that it would serve",
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
                        && demanding.find(&route.matches.host).is_some()
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

/// The hosts for which client certificates are demanded, each with the oldest who demands that.
#[derive(Debug, Default)]
struct Demanding<'c> {
    oldest: Option<usize>,
    hosts: BTreeMap<&'c Host, usize>,
    /// The exact hosts, by what stands behind their first label.
    exact_below: BTreeMap<&'c str, usize>,
}

impl<'c> Demanding<'c> {
    fn of(claimants: &'c [Claimant<'_, '_>], facts: &'c Facts, standings: &[Standing]) -> Self {
        let mut demanding = Self::default();
        for (place, claimant) in claimants.iter().enumerate() {
            let bound = claimant.observed(facts).iter().filter(|route| {
                route.front_end.protocol == Protocol::Ssl && standings[place] == Standing::Held
            });
            for route in bound {
                if claimant.demands_certificates(route.protection.client_authentication) {
                    demanding.add(&route.matches.host, place);
                }
            }
            let Claimant::Known(reading) = claimant else { continue };
            let counts = match standings[place] {
                Standing::Accepted | Standing::Held => true,
                Standing::Closed(_) | Standing::Displaced | Standing::Absent => false,
            };
            if counts && reading.tls && claimant.demands_certificates(ClientAuthentication::None) {
                for route in &reading.routes {
                    demanding.add(&route.matches.host, place);
                }
            }
        }
        demanding
    }

    /// Adds a host. Claimants come in order of age.
    fn add(&mut self, host: &'c Host, place: usize) {
        self.oldest.get_or_insert(place);
        self.hosts.entry(host).or_insert(place);
        if let Host::Exact(name) = host
            && let Some((_, parent)) = name.split_once('.')
        {
            self.exact_below.entry(parent).or_insert(place);
        }
    }

    /// The oldest who demands client certificates for a host that has requests in common with
    /// this one: hosts meet if they are equal, if one covers the other, or if either is any.
    fn find(&self, host: &Host) -> Option<usize> {
        let met = match host {
            Host::Any => return self.oldest,
            Host::Wildcard(parent) => self.exact_below.get(parent.as_str()),
            Host::Exact(name) => name
                .split_once('.')
                .and_then(|(_, parent)| self.hosts.get(&Host::Wildcard(parent.to_owned()))),
        };
        [self.hosts.get(host), met, self.hosts.get(&Host::Any)].into_iter().flatten().min().copied()
    }
}
