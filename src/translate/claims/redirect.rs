//! Hosts whose requests without TLS are sent to TLS.

use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use crate::model::{FrontEndId, Host, PathMatch, RouteMatch};

use super::super::reading::Reading;
use super::{Claimant, Round, Standing};

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

impl Round<'_, '_, '_> {
    /// Gives each host that is redirected to the oldest Ingress that asks for that, unless somebody
    /// has all its paths there.
    pub(super) fn redirect(&mut self) {
        for (place, claimant) in self.claimants.iter().enumerate() {
            let Claimant::Known(reading) = claimant else { continue };
            if self.settled.standings[place] != Standing::Accepted {
                continue;
            }
            for redirect in Redirect::of(reading) {
                let claim = (redirect.front_end, redirect.matches());
                if let Entry::Vacant(entry) = self.taken.entry(claim) {
                    entry.insert(place);
                    self.settled.redirects[place].push(redirect);
                }
            }
        }
    }
}
