//! Hosts whose requests without TLS are sent to TLS.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::model::{FrontEndId, Host, PathMatch, RouteMatch};
use crate::snapshot::ObservedRoute;

use super::super::reading::Reading;
use super::{Claimant, Round, Standing, binding_of, plain};

/// A host whose requests without TLS are sent to TLS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::translate) struct Redirect {
    pub(in crate::translate) front_end: FrontEndId,
    pub(in crate::translate) host: Host,
    /// The port of the front end in TLS.
    pub(in crate::translate) port: u16,
}

impl Redirect {
    /// All that an Ingress asks for.
    pub(in crate::translate) fn of(reading: &Reading<'_>) -> BTreeSet<Self> {
        let Some((front_end, port)) = reading.entrances.redirect() else { return BTreeSet::new() };
        let hosts = reading.routes.iter().filter_map(|route| route.matches.served_host());
        hosts.map(|host| Self { front_end, host: host.clone(), port }).collect()
    }

    /// The requests that it takes.
    pub(in crate::translate) fn matches(&self) -> RouteMatch {
        RouteMatch { host: self.host.clone(), path: PathMatch::prefix("/") }
    }
}

/// Whether a bound route redirects a host for an Ingress that still wants that.
pub(super) fn is_redirect(
    claimant: &Claimant<'_, '_>,
    route: &ObservedRoute,
    observed: &[ObservedRoute],
) -> bool {
    let host = route.matches.served_host();
    route.answers && host.is_some_and(|host| plain::redirects(claimant, host, observed))
}

impl Round<'_, '_, '_> {
    /// Leaves held Ingresses the redirects that are bound for them, unless somebody has all paths
    /// of the host there.
    pub(super) fn hold_redirects(&mut self) {
        for (place, claimant) in self.claimants.iter().enumerate() {
            if self.settled.standings[place] != Standing::Held {
                continue;
            }
            let observed = claimant.observed(self.facts);
            for route in observed.iter().filter(|route| is_redirect(claimant, route, observed)) {
                let claim = (route.front_end, route.matches.clone());
                if *self.taken.entry(claim).or_insert(place) != place {
                    self.settled.yielded.insert(binding_of(route, self.prefix));
                }
            }
        }
    }

    /// Gives each host that is redirected to the oldest Ingress that asks for that, unless somebody
    /// has all its paths there. Others are told if their clients are sent to another port.
    pub(super) fn redirect(&mut self) {
        for (place, claimant) in self.claimants.iter().enumerate() {
            let Claimant::Known(reading) = claimant else { continue };
            if self.settled.standings[place] != Standing::Accepted {
                continue;
            }
            for redirect in Redirect::of(reading) {
                let claim = (redirect.front_end, redirect.matches());
                match self.taken.get(&claim) {
                    None => {
                        self.taken.insert(claim, place);
                        self.settled.redirects[place].push(redirect);
                    }
                    Some(winner) => self.tell_redirected_elsewhere(place, *winner, &redirect),
                }
            }
        }
    }

    fn tell_redirected_elsewhere(&mut self, place: usize, winner: usize, redirect: &Redirect) {
        let Claimant::Known(reading) = &self.claimants[place] else { return };
        let holder = &self.claimants[winner];
        if let Claimant::Known(other) = holder
            && other.entrances.redirect() == reading.entrances.redirect()
        {
            return;
        }
        let why = if winner < place { holder.goes_before(reading) } else { "which is held" };
        let Redirect { front_end, host: _, port } = redirect;
        self.settled.findings[place].warning(
            Code::RouteTaken,
            &reading.keys.of("insecure-termination"),
            format!(
                "{} on {front_end} is not redirected to port {port}: it belongs to {}, {why}",
                redirect.matches(),
                holder.object()
            ),
            "give both the same secure-port, or use another address",
        );
    }
}
