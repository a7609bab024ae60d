//! A host that demands client certificates, or that is redirected to TLS, is not served in plain
//! text, whoever asks for that.

use std::collections::BTreeMap;

use crate::diagnostic::Code;
use crate::model::{ClientAuthentication, FrontEndId, Host, Protocol, RouteMatch};
use crate::snapshot::{Facts, ObservedRoute};

use super::super::entrances::Insecure;
use super::super::reading::Reading;
use super::redirect::is_redirect;
use super::{Claim, Claimant, Settled, Standing, binding_of};

/// Takes plain routes away where somebody demands that their host is not served so. Gives the
/// claims that are free again, and whose they were.
pub(super) fn refuse(
    claimants: &[Claimant<'_, '_>],
    facts: &Facts,
    prefix: &str,
    settled: &mut Settled,
) -> Vec<(Claim, usize)> {
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
                    freed.push(((*front_end, matches.clone()), place));
                    false
                });
            }
            (Standing::Held, _) => {
                let claims = claims_of(claimant, facts);
                let refused = claims
                    .filter(|(front_end, matches)| demands.find(*front_end, matches).is_some());
                freed.extend(refused.map(|claim| (claim, place)));
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

/// What a held Ingress may claim: what is bound for it and what its text asks for, but for what the
/// appliance answers itself.
fn claims_of<'c>(
    claimant: &'c Claimant<'_, '_>,
    facts: &'c Facts,
) -> impl Iterator<Item = Claim> + 'c {
    let observed = claimant.observed(facts);
    let answers = |(front_end, matches): &Claim| {
        observed.iter().any(|route| {
            route.answers && route.front_end == *front_end && route.matches == *matches
        })
    };
    let bound = observed.iter().map(|route| (route.front_end, route.matches.clone()));
    let text = match claimant {
        Claimant::Known(reading) => Some(*reading),
        Claimant::Unknown(..) => None,
    };
    let text = text.into_iter().flat_map(|reading| {
        let fronts = reading.entrances.serving();
        fronts.flat_map(|front_end| {
            reading.routes.iter().map(move |route| (front_end, route.matches.clone()))
        })
    });
    bound.chain(text).filter(move |claim| !answers(claim))
}

/// Who demands what of hosts.
#[derive(Debug, Default)]
struct Demands<'c> {
    /// Client certificates.
    certificates: Hosts<'c>,
    /// The same of hosts that are redirected, so that challenges of a certificate authority pass.
    redirected: Hosts<'c>,
    /// That requests are sent to TLS, but for such challenges: on all front ends, but those for
    /// any host on one.
    redirects: BTreeMap<(&'c Host, Option<FrontEndId>), usize>,
}

/// Where a redirect counts.
fn scope(host: &Host, front_end: FrontEndId) -> Option<FrontEndId> {
    (*host == Host::Any).then_some(front_end)
}

impl<'c> Demands<'c> {
    fn of(claimants: &'c [Claimant<'_, '_>], facts: &'c Facts, settled: &Settled) -> Self {
        let mut demands = Self::default();
        let protected = protected(claimants, facts, settled);
        for (place, claimant) in claimants.iter().enumerate() {
            let observed = claimant.observed(facts);
            match &settled.standings[place] {
                Standing::Accepted => {}
                Standing::Held => {
                    for route in observed {
                        let authentication = stays_demanded(route, settled);
                        demands.add_bound((claimant, place), (route, authentication), observed);
                    }
                }
                Standing::Closed(_) | Standing::Displaced | Standing::Absent => continue,
            }
            let Claimant::Known(reading) = claimant else { continue };
            demands.add_text(claimant, reading, place);
        }
        demands.add_protected(claimants, facts, (settled, &protected));
        demands
    }

    fn add_bound(
        &mut self,
        (claimant, place): (&Claimant<'_, '_>, usize),
        (route, authentication): (&'c ObservedRoute, ClientAuthentication),
        observed: &[ObservedRoute],
    ) {
        let Some(host) = route.matches.served_host() else { return };
        let is_tls = route.front_end.protocol.is_tls();
        if !is_tls && is_redirect(claimant, route, observed) {
            self.redirects.entry((host, scope(host, route.front_end))).or_insert(place);
        }
        if is_tls && claimant.demands_certificates(authentication) {
            self.add_certificates(host, place, redirects(claimant, host, observed));
        }
    }

    fn add_text(&mut self, claimant: &Claimant<'_, '_>, reading: &'c Reading<'_>, place: usize) {
        let demands = reading.tls && claimant.demands_certificates(ClientAuthentication::None);
        let redirect = reading.entrances.redirect();
        for host in reading.routes.iter().filter_map(|route| route.matches.served_host()) {
            if let Some((front_end, _)) = redirect {
                self.redirects.entry((host, scope(host, front_end))).or_insert(place);
            }
            if demands {
                self.add_certificates(host, place, redirect.is_some());
            }
        }
    }

    /// What an Ingress without rules demands it demands for all hosts of its front end.
    fn add_protected(
        &mut self,
        claimants: &'c [Claimant<'_, '_>],
        facts: &'c Facts,
        (settled, protected): (&Settled, &BTreeMap<FrontEndId, usize>),
    ) {
        if protected.is_empty() {
            return;
        }
        for (place, claimant) in claimants.iter().enumerate() {
            let observed = claimant.observed(facts);
            let bound = observed.iter().filter(|_| settled.standings[place] == Standing::Held);
            let bound = bound.map(|route| (route.front_end, &route.matches));
            let text = match claimant {
                Claimant::Known(reading) => settled.routes[place]
                    .as_slice()
                    .iter()
                    .map(|(front_end, i)| (*front_end, &reading.routes[*i].matches))
                    .collect(),
                Claimant::Unknown(..) => Vec::new(),
            };
            for (front_end, matches) in bound.chain(text) {
                if let (Some(by), Some(host)) = (protected.get(&front_end), matches.served_host()) {
                    self.add_certificates(host, *by, redirects(claimant, host, observed));
                }
            }
        }
    }

    fn add_certificates(&mut self, host: &'c Host, place: usize, redirected: bool) {
        if redirected {
            self.redirected.add(host, place);
        } else {
            self.certificates.add(host, place);
        }
    }

    fn is_empty(&self) -> bool {
        self.certificates.oldest.is_none()
            && self.redirected.oldest.is_none()
            && self.redirects.is_empty()
    }

    /// The oldest who demands that requests are not served on a front end, and why.
    fn find(&self, front_end: FrontEndId, matches: &RouteMatch) -> Option<(usize, &'static str)> {
        let host = matches.served_host().filter(|_| front_end.protocol == Protocol::Http)?;
        let passes = matches.path.is_acme_challenge();
        let certificates = [self.certificates.find(host), self.redirected.find(host)];
        let certificates = certificates.into_iter().take(if passes { 1 } else { 2 });
        if let Some(by) = certificates.flatten().min() {
            return Some((by, "demands client certificates for a host that it would serve"));
        }
        let by = self.redirects.get(&(host, scope(host, front_end)))?;
        (!passes).then_some((*by, "sends requests for a host that it would serve to TLS"))
    }
}

/// Whether an Ingress sends requests for a host to TLS: as its text says, or as is bound where that
/// cannot be read.
pub(super) fn redirects(
    claimant: &Claimant<'_, '_>,
    host: &Host,
    observed: &[ObservedRoute],
) -> bool {
    let insecure = match claimant {
        Claimant::Known(reading) => reading.entrances.insecure,
        Claimant::Unknown(..) => None,
    };
    let is_bound = || {
        let mut answers = observed.iter().filter(|route| route.answers);
        answers.any(|route| route.matches.served_host() == Some(host))
    };
    insecure.map_or_else(is_bound, |insecure| insecure == Insecure::Redirected)
}

/// What is demanded of the clients of a bound route, now and when all is done: an older Ingress may
/// have its front end.
fn stays_demanded(route: &ObservedRoute, settled: &Settled) -> ClientAuthentication {
    let front = settled.fronts.get(&route.front_end);
    front.map_or(route.protection.client_authentication, |front| {
        front.settings.client_authentication()
    })
}

/// The front ends on which an Ingress without rules demands client certificates, each with the
/// oldest.
fn protected(
    claimants: &[Claimant<'_, '_>],
    facts: &Facts,
    settled: &Settled,
) -> BTreeMap<FrontEndId, usize> {
    let mut protected = BTreeMap::new();
    for (place, claimant) in claimants.iter().enumerate() {
        // Of an accepted one, what is bound and not in its text is about to go.
        let observed = match settled.standings[place] {
            Standing::Accepted => &[],
            Standing::Held => claimant.observed(facts),
            Standing::Closed(_) | Standing::Displaced | Standing::Absent => continue,
        };
        let mut add = |front_end, bound| {
            if claimant.demands_certificates(bound) {
                protected.entry(front_end).or_insert(place);
            }
        };
        for route in observed.iter().filter(|route| route.front_end.protocol.is_tls()) {
            if route.matches.served_host().is_none() {
                add(route.front_end, stays_demanded(route, settled));
            }
        }
        if let Claimant::Known(reading) = claimant
            && reading.is_without_rules()
            && let Some(front_end) = reading.entrances.secure
        {
            add(front_end, ClientAuthentication::None);
        }
    }
    protected
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
