//! The certificates that an Ingress uses, and what for, as the appliance has them.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::cluster::resources::report::{Certificate, Usage};
use crate::model::{AcceptedCa, BindingId, CertificateId, Host, Kind, Name, Role};
use crate::observed::{ObservedCertkey, ObservedState};
use crate::snapshot::ObservedRoute;
use crate::tls::Material;

/// The certkeys of an appliance, also by what they hold.
#[derive(Debug)]
pub(super) struct Certkeys<'a> {
    observed: &'a ObservedState,
    /// The first part of the names of our csvservers.
    prefix: &'a str,
    by_content: BTreeMap<&'a CertificateId, &'a Name>,
}

/// The certkeys that an Ingress uses, each with what for.
pub(super) type Used<'a> = BTreeSet<(Usage, &'a Name)>;

impl<'a> Certkeys<'a> {
    /// Those that were seen.
    pub(super) fn of(observed: &'a ObservedState, prefix: &'a str) -> Self {
        let certkeys = observed.owned.certkeys.iter();
        let by_content = certkeys.filter_map(|(name, one)| Some((one.content.as_ref()?, name)));
        Self { observed, prefix, by_content: by_content.collect() }
    }

    /// The certkeys that routes use themselves; what those are linked to is not among them.
    pub(super) fn used(&self, routes: &[ObservedRoute]) -> Used<'a> {
        let mut used = Used::new();
        for route in routes {
            let protection = &route.protection;
            for (usage, names) in [
                (Usage::Server, self.served(route)),
                (Usage::Client, self.shown(route)),
                (Usage::ClientCa, self.names(&protection.accepted_cas)),
                (Usage::BackEndCa, self.names(&protection.back_end_cas)),
            ] {
                used.extend(names.into_iter().map(|name| (usage, name)));
            }
        }
        used
    }

    /// The same, and what they are linked to: the whole chains.
    pub(super) fn with_chains(&self, used: &Used<'a>) -> BTreeSet<&'a str> {
        let state = &self.observed.owned.state;
        let mut all = BTreeSet::new();
        for (_, name) in used {
            let mut next = Some(name.as_str());
            while let Some(name) = next.filter(|name| all.insert(*name)) {
                next = state.text(Kind::SSLCERTKEY, name, "linkcertkeyname");
            }
        }
        all
    }

    /// What is known of certkeys in use, for people. The end of one that is not ours is not known.
    pub(super) fn described(
        &self,
        used: &Used<'a>,
        known: &BTreeMap<CertificateId, Material>,
    ) -> Vec<Certificate> {
        let described = used.iter().filter_map(|(usage, name)| {
            let certkey = self.observed.owned.certkeys.get(*name)?;
            let material = certkey.content.as_ref().and_then(|content| known.get(content));
            let names = match usage {
                Usage::Server | Usage::Client => certkey.names.iter().cloned().collect(),
                // What it might be called by means nothing to who trusts it.
                Usage::ClientCa | Usage::BackEndCa => Vec::new(),
            };
            Some(Certificate {
                usage: *usage,
                names,
                subject: subject(name, certkey),
                not_after: material.map(|one| Time(one.certificate.not_after)),
            })
        });
        described.collect()
    }

    /// What an authority calls itself, or else what the appliance calls it.
    pub(super) fn subject(&self, ca: &AcceptedCa) -> String {
        let found = self.name(ca);
        let found = found.and_then(|name| Some((name, self.observed.owned.certkeys.get(name)?)));
        match (found, ca) {
            (Some((name, certkey)), _) => subject(name, certkey),
            (None, AcceptedCa::Known(id)) => id.to_string(),
            (None, AcceptedCa::Foreign(name)) => name.clone(),
        }
    }

    fn names(&self, cas: &BTreeSet<AcceptedCa>) -> Vec<&'a Name> {
        cas.iter().filter_map(|ca| self.name(ca)).collect()
    }

    fn name(&self, ca: &AcceptedCa) -> Option<&'a Name> {
        match ca {
            AcceptedCa::Known(content) => self.by_content.get(content).copied(),
            AcceptedCa::Foreign(name) => {
                self.observed.owned.certkeys.get_key_value(name.as_str()).map(|(name, _)| name)
            }
        }
    }

    /// What the clients of a route are served. Of certkeys that are not ours the route does not tell.
    fn served(&self, route: &ObservedRoute) -> Vec<&'a Name> {
        let ours = route.certificates.keys();
        let mut served: Vec<&Name> =
            ours.filter_map(|content| self.by_content.get(content).copied()).collect();
        let csvserver = route.front_end.csvserver(self.prefix);
        let kind = Kind::SSLVSERVER_SSLCERTKEY;
        let start = BindingId::new(kind, csvserver, "", Role::Plain);
        let bound = self.observed.owned.foreign_children.range(start.clone()..);
        let bound = bound.take_while(|id| id.kind == kind && id.parent == start.parent);
        let covers = |id: &BindingId| match (&route.matches.host, id.role) {
            (_, Role::Ca) => false,
            (Host::Any, role) => role == Role::Plain,
            (host, _) => {
                let certkey = self.observed.owned.certkeys.get(&id.child);
                certkey.is_some_and(|one| one.names.iter().any(|name| host.is_covered_by(name)))
            }
        };
        let covering = bound.filter(|id| covers(id));
        // A default certificate beside one for SNI is there for other hosts.
        let (defaults, named): (Vec<_>, Vec<_>) = covering.partition(|id| id.role == Role::Plain);
        let is_named = !served.is_empty() || !named.is_empty();
        let defaults = defaults.into_iter().filter(|_| !is_named);
        served.extend(named.into_iter().chain(defaults).map(|id| &id.child));
        served
    }

    /// What the back end of a route is shown.
    fn shown(&self, route: &ObservedRoute) -> Vec<&'a Name> {
        let state = &self.observed.owned.state;
        let action = state.text(Kind::CSPOLICY, &route.policy, "action");
        let lbvserver =
            action.and_then(|action| state.text(Kind::CSACTION, action, "targetlbvserver"));
        let Some(lbvserver) = lbvserver else { return Vec::new() };
        let groups = state.bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver);
        let bound = groups
            .flat_map(|(group, _)| state.bound(Kind::SSLSERVICEGROUP_SSLCERTKEY, &group.child));
        bound.filter(|(id, _)| id.role == Role::Plain).map(|(id, _)| &id.child).collect()
    }
}

fn subject(name: &Name, certkey: &ObservedCertkey) -> String {
    let subject = certkey.subject.trim();
    if subject.is_empty() { name.to_string() } else { subject.to_owned() }
}
