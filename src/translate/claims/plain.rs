//! A host that demands client certificates, or that is redirected to TLS, is not served in plain
//! text, whoever asks for that.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::model::{ClientAuthentication, FrontEndId, Host, Protocol, RouteMatch};
use crate::snapshot::{Facts, ObservedRoute};

use super::super::reading::Reading;
use super::{Claim, Claimant, Settled, Standing, binding_of};

/// Takes plain routes away where somebody demands that their host is not served so. Gives the
/// claims that are free again.
pub(super) fn refuse(
    claimants: &[Claimant<'_, '_>],
    facts: &Facts,
    prefix: &str,
    settled: &mut Settled,
) -> Vec<Claim> {
    let demands = Demands::of(claimants, facts, settled);
    let mut freed = Vec::new();
    if demands.is_empty() {
        return freed;
    }
    for (place, claimant) in claimants.iter().enumerate() {
        match (&settled.standings[place], claimant) {
            (Standing::Accepted, Claimant::Known(reading)) => {
                let Settled { routes, findings, .. } = settled;
                routes[place].retain(|(front_end, i)| {
                    let route = &reading.routes[*i];
                    let Some((by, why)) = demands.find(*front_end, &route.matches) else {
                        return true;
                    };
                    let (matches, by) = (&route.matches, claimants[by].object());
                    findings[place].warning(
                        Code::PlainRouteRefused,
                        &route.field,
                        format!("{matches} gets no route in plain text: {by} {why}"),
                        "add spec.tls to this Ingress, or choose another host",
                    );
                    freed.push((*front_end, matches.clone()));
                    false
                });
            }
            (Standing::Held, _) => {
                let plain = claimant.observed(facts).iter().filter(|route| {
                    !route.answers && demands.find(route.front_end, &route.matches).is_some()
                });
                settled.yielded.extend(plain.map(|route| binding_of(route, prefix)));
            }
            (
                Standing::Accepted | Standing::Closed(_) | Standing::Displaced | Standing::Absent,
                _,
            ) => (),
        }
    }
    freed
}

/// Who demands what of hosts.
#[derive(Debug, Default)]
struct Demands<'c> {
    /// Client certificates.
    certificates: Hosts<'c>,
    /// That requests are sent to TLS, but for challenges of a certificate authority: on all front
    /// ends, but those for any host on one.
    redirects: BTreeMap<(&'c Host, Option<FrontEndId>), usize>,
}

/// Where a redirect counts.
fn scope(host: &Host, front_end: FrontEndId) -> Option<FrontEndId> {
    (*host == Host::Any).then_some(front_end)
}

impl<'c> Demands<'c> {
    fn of(claimants: &'c [Claimant<'_, '_>], facts: &'c Facts, settled: &Settled) -> Self {
        let mut demands = Self::default();
        for (place, claimant) in claimants.iter().enumerate() {
            let standing = &settled.standings[place];
            let bound = claimant.observed(facts).iter().filter(|_| *standing == Standing::Held);
            for route in bound {
                demands.add_bound(claimant, route, place);
            }
            let Claimant::Known(reading) = claimant else { continue };
            match standing {
                Standing::Accepted | Standing::Held => demands.add_text(claimant, reading, place),
                Standing::Closed(_) | Standing::Displaced | Standing::Absent => (),
            }
        }
        demands.add_protected(claimants, facts, settled);
        demands
    }

    fn add_bound(&mut self, claimant: &Claimant<'_, '_>, route: &'c ObservedRoute, place: usize) {
        let Some(host) = route.matches.served_host() else { return };
        let is_tls = route.front_end.protocol.is_tls();
        if !is_tls && route.answers {
            self.redirects.entry((host, scope(host, route.front_end))).or_insert(place);
        }
        let authentication = route.protection.client_authentication;
        if is_tls && claimant.demands_certificates(authentication) {
            self.certificates.add(host, place);
        }
    }

    fn add_text(&mut self, claimant: &Claimant<'_, '_>, reading: &'c Reading<'_>, place: usize) {
        let demands = reading.tls && claimant.demands_certificates(ClientAuthentication::None);
        let redirect = reading.entrances.redirect();
        for host in reading.routes.iter().filter_map(|route| route.matches.served_host()) {
            // Challenges pass where a redirect says so.
            if let Some((front_end, _)) = redirect {
                self.redirects.entry((host, scope(host, front_end))).or_insert(place);
            } else if demands {
                self.certificates.add(host, place);
            }
        }
    }

    /// What an Ingress without rules demands it demands for all hosts of its front end.
    fn add_protected(
        &mut self,
        claimants: &'c [Claimant<'_, '_>],
        facts: &'c Facts,
        settled: &Settled,
    ) {
        let mut protected: BTreeMap<FrontEndId, usize> = BTreeMap::new();
        for (place, claimant) in claimants.iter().enumerate() {
            if !matches!(settled.standings[place], Standing::Accepted | Standing::Held) {
                continue;
            }
            let mut add = |front_end, authentication| {
                if claimant.demands_certificates(authentication) {
                    protected.entry(front_end).or_insert(place);
                }
            };
            for route in claimant.observed(facts) {
                if route.matches.served_host().is_none() {
                    add(route.front_end, route.protection.client_authentication);
                }
            }
            if let Claimant::Known(reading) = claimant
                && reading.routes.iter().all(|route| route.matches.served_host().is_none())
                && let Some(front_end) = reading.entrances.secure
            {
                add(front_end, ClientAuthentication::None);
            }
        }
        if protected.is_empty() {
            return;
        }
        for (place, claimant) in claimants.iter().enumerate() {
            if let Claimant::Known(reading) = claimant {
                for (front_end, i) in &settled.routes[place] {
                    if let Some(by) = protected.get(front_end) {
                        self.certificates.add(&reading.routes[*i].matches.host, *by);
                    }
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.certificates.oldest.is_none() && self.redirects.is_empty()
    }

    /// The oldest who demands that requests are not served on a front end, and why.
    fn find(&self, front_end: FrontEndId, matches: &RouteMatch) -> Option<(usize, &'static str)> {
        let host = matches.served_host().filter(|_| front_end.protocol == Protocol::Http)?;
        if let Some(by) = self.certificates.find(host) {
            return Some((by, "demands client certificates for a host that it would serve"));
        }
        let by = self.redirects.get(&(host, scope(host, front_end)))?;
        let passes = matches.path.is_acme_challenge();
        (!passes).then_some((*by, "sends requests for a host that it would serve to TLS"))
    }
}

/// Hosts for which client certificates are demanded, each with the oldest who demands that.
#[derive(Debug, Default)]
struct Hosts<'c> {
    oldest: Option<usize>,
    same: BTreeMap<&'c Host, usize>,
    /// The exact hosts, by what stands behind their first label.
    exact_below: BTreeMap<&'c str, usize>,
}

impl<'c> Hosts<'c> {
    /// Adds a host. Claimants come in order of age.
    fn add(&mut self, host: &'c Host, place: usize) {
        self.oldest.get_or_insert(place);
        self.same.entry(host).or_insert(place);
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
                .and_then(|(_, parent)| self.same.get(&Host::Wildcard(parent.to_owned()))),
        };
        [self.same.get(host), met, self.same.get(&Host::Any)].into_iter().flatten().min().copied()
    }
}
