//! What a front end was like before an Ingress entered that is then refused: to copy all of it for
//! each Ingress would take a time that grows with the square of their number.

use std::collections::BTreeSet;

use crate::model::{AcceptedCa, CertificateId, Host};

use super::super::reading::Reading;
use super::certificates::Certificate;
use super::front::Front;

/// What an Ingress may change about a front end, as it was before that entered. Names are not kept:
/// they say themselves who brought them, and there may be tens of thousands.
pub(super) struct Before {
    accepted: BTreeSet<AcceptedCa>,
    relied_on_by: Option<usize>,
    default: Option<(usize, Certificate)>,
    covers_unknown: bool,
    /// The hosts that it brings.
    hosts: Vec<Host>,
    /// The certificates that it brings.
    claimed: Vec<CertificateId>,
}

impl Front {
    /// What is to be kept before an Ingress enters.
    pub(super) fn before(&self, reading: &Reading<'_>) -> Before {
        let hosts = reading.routes.iter().filter_map(|route| route.matches.served_host());
        let leaves = reading.certificates.iter().map(|one| &one.served.pair.leaf.id);
        Before {
            accepted: self.accepted.clone(),
            relied_on_by: self.relied_on_by,
            default: self.default.clone(),
            covers_unknown: self.covers_unknown,
            hosts: hosts.filter(|host| !self.hosts.contains(host)).cloned().collect(),
            claimed: leaves.filter(|id| !self.claimed.contains(id)).cloned().collect(),
        }
    }

    /// Puts the front end back as it was before an Ingress entered.
    pub(super) fn leave(&mut self, place: usize, reading: &Reading<'_>, before: Before) {
        let Before { accepted, relied_on_by, default, covers_unknown, hosts, claimed } = before;
        (self.accepted, self.relied_on_by, self.default) = (accepted, relied_on_by, default);
        self.covers_unknown = covers_unknown;
        for host in &hosts {
            self.hosts.remove(host);
        }
        for id in &claimed {
            self.claimed.remove(id);
        }
        let installed = reading.front.installed().iter().filter_map(|one| one.names.as_ref());
        let brought = reading.certificates.iter().map(|one| &one.served.pair.leaf.names);
        for name in brought.chain(installed).flatten() {
            if self.names.get(name).is_some_and(|holder| holder.is_of(place)) {
                self.names.remove(name);
            }
        }
    }
}
