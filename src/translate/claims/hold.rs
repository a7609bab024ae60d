//! Unmet Ingresses: whether what is bound for one is at least what its text asks for.

use std::collections::BTreeSet;

use crate::annotations::CertkeyRole;
use crate::model::{
    AcceptedCa, BackEndTransport, BindingId, CertificateId, FrontEndId, Kind, Protection, Protocol,
    Role,
};
use crate::snapshot::{Facts, ObservedRoute};

use super::super::entrances::{Carries, Entrances, Insecure};
use super::super::reading::{BackEndText, Reading};
use super::settings::word;
use super::{AllBrought, Claimant, Round, Settings, Settled, Standing, binding_of};

/// The CAs that Ingresses bring to front ends, without those of `excluded`.
pub(super) fn brought<'c>(
    claimants: &'c [Claimant<'_, '_>],
    facts: &Facts,
    excluded: &BTreeSet<usize>,
) -> AllBrought<'c> {
    let mut brought = AllBrought::new();
    if facts.routes.is_empty() {
        // Nobody is held on an empty appliance.
        return brought;
    }
    for (place, claimant) in claimants.iter().enumerate() {
        let Some(namespace) = claimant.namespace().filter(|_| !excluded.contains(&place)) else {
            continue;
        };
        let observed = claimant.observed(facts);
        let text = match claimant {
            Claimant::Known(reading) if reading.understood || !observed.is_empty() => {
                reading.entrances.secure.zip(reading.front.accepted())
            }
            Claimant::Known(_) => continue,
            Claimant::Unknown(..) => None,
        };
        if let Some((front_end, own)) = text {
            brought.entry((front_end, namespace)).or_default().named.extend(own);
            continue;
        }
        for route in observed {
            let brought = brought.entry((route.front_end, namespace)).or_default();
            for ca in &route.protection.accepted_cas {
                brought.bound.entry(ca.clone()).or_insert(place);
            }
        }
    }
    brought
}

/// The CAs of somebody else that a held Ingress names, or may name in what cannot be read, on front
/// ends that stay as they are bound. That they are not allowed any more is no reason to take them
/// from under its routes.
pub(super) fn kept_cas(
    claimants: &[Claimant<'_, '_>],
    facts: &Facts,
    prefix: &str,
    settled: &Settled,
) -> BTreeSet<BindingId> {
    let mut kept = BTreeSet::new();
    for (claimant, standing) in claimants.iter().zip(&settled.standings) {
        let is_named = |name: &str| match claimant {
            Claimant::Known(reading) => reading.front.installed.as_ref().is_none_or(|all| {
                all.iter().any(|one| one.role == CertkeyRole::Ca && one.name == name)
            }),
            Claimant::Unknown(..) => true,
        };
        for route in claimant.observed(facts).iter().filter(|_| *standing == Standing::Held) {
            let front = settled.fronts.get(&route.front_end);
            let is_kept = front.is_some_and(|front| matches!(front.settings, Settings::Bound(_)));
            if !is_kept || settled.yielded.contains(&binding_of(route, prefix)) {
                continue;
            }
            for ca in &route.protection.accepted_cas {
                if let AcceptedCa::Foreign(name) = ca
                    && is_named(name)
                {
                    let (kind, csvserver) =
                        (Kind::SSLVSERVER_SSLCERTKEY, route.front_end.csvserver(prefix));
                    kept.insert(BindingId::new(kind, csvserver, name.as_str(), Role::Ca));
                }
            }
        }
    }
    kept
}

impl Round<'_, '_, '_> {
    /// What becomes of an Ingress that is not understood, or refused.
    pub(super) fn hold_or_close(&mut self, place: usize, reading: &Reading<'_>) -> Standing {
        let observed = self.claimants[place].observed(self.facts);
        if observed.is_empty() {
            return Standing::Absent;
        }
        // What the appliance answers itself goes nowhere, so that nothing has to protect it.
        for route in observed.iter().filter(|route| !route.answers) {
            let mut actual = route.protection.clone();
            if let Some(front) = self.settled.fronts.get(&route.front_end)
                && let Settings::Text(..) | Settings::Named(..) = front.settings
            {
                actual.client_authentication = front.settings.client_authentication();
                actual.accepted_cas.clone_from(&front.accepted);
            }
            let demand = self.demand(reading, route);
            if !actual.is_at_least(&demand) {
                return Standing::Closed(shortfall(&actual, &demand));
            }
            if let Some(reason) = self.unguarded(route.front_end, &actual) {
                return Standing::Closed(reason);
            }
        }
        Standing::Held
    }

    /// Whether a front end demands less of clients than an older Ingress without rules asks there
    /// for those of others, as when somebody has changed the SSL profile that it names.
    fn unguarded(&self, front_end: FrontEndId, actual: &Protection) -> Option<String> {
        let guard = &self.claimants[*self.blocked.get(&front_end)?];
        let Claimant::Known(reading) = guard else { return None };
        let front = &reading.front;
        let asked = front.client_authentication.unwrap_or(front.at_least).max(front.at_least);
        (actual.client_authentication < asked).then(|| {
            format!(
                "{} asks for client certificates ({}) on its front end, and that asks for {}",
                guard.object(),
                word(asked),
                word(actual.client_authentication)
            )
        })
    }

    /// What the text asks for a bound route; what cannot be read is as it is bound.
    fn demand(&mut self, reading: &Reading<'_>, route: &ObservedRoute) -> Protection {
        let bound = &route.protection;
        let front = &reading.front;
        let back_end = reading.routes.iter().find(|text| text.matches == route.matches);
        let back_end = back_end.map(|text| &text.back_end_text);
        let unread = BackEndText::default();
        let BackEndText { transport, at_least, accepted, name } = back_end.unwrap_or(&unread);
        let mut accepted_cas = front.accepted().unwrap_or_else(|| bound.accepted_cas.clone());
        accepted_cas.extend(self.brought_by_others(reading, route.front_end));
        Protection {
            client_authentication: front.demand(bound.client_authentication),
            plain_text_allowed: match reading.entrances.insecure {
                // TLS that is passed on is no plain text, though its front end cannot tell.
                _ if passes_tls_on(reading, route.front_end) => bound.plain_text_allowed,
                Some(insecure) => insecure == Insecure::Served,
                None => bound.plain_text_allowed,
            },
            accepted_cas,
            back_end: transport
                .unwrap_or(bound.back_end)
                .max(*at_least)
                .max(reading.back_ends_at_least),
            back_end_cas: known(accepted.clone()).unwrap_or_else(|| bound.back_end_cas.clone()),
            back_end_name: name.clone().or_else(|| bound.back_end_name.clone()),
        }
    }

    /// The CAs that those may add who share the namespace of an Ingress and of the holder of its
    /// front end.
    fn brought_by_others(
        &mut self,
        reading: &Reading<'_>,
        front_end: FrontEndId,
    ) -> Vec<AcceptedCa> {
        let namespace = reading.key.namespace.as_str();
        let holder = self.settled.fronts.get(&front_end).map(|front| front.holder);
        let held_by_own =
            holder.is_none_or(|holder| self.claimants[holder].namespace() == Some(namespace));
        if !held_by_own {
            return Vec::new();
        }
        self.asked_for_brought = true;
        let Some(brought) = self.brought.get(&(front_end, namespace)) else { return Vec::new() };
        brought.named.iter().chain(brought.bound.keys()).cloned().collect()
    }
}

/// Whether what comes to a front end is TLS that an Ingress has passed on.
fn passes_tls_on(reading: &Reading<'_>, front_end: FrontEndId) -> bool {
    let Entrances { carries, secure, .. } = reading.entrances;
    carries == Carries::Tls
        && front_end.protocol == Protocol::Tcp
        && secure.is_none_or(|secure| secure == front_end)
}

fn known(ids: Option<BTreeSet<CertificateId>>) -> Option<BTreeSet<AcceptedCa>> {
    ids.map(|ids| ids.into_iter().map(AcceptedCa::Known).collect())
}

/// In which component `actual` is not at least `demand`.
fn shortfall(actual: &Protection, demand: &Protection) -> String {
    let only = |component: fn(&mut Protection, &Protection)| {
        let mut other = demand.clone();
        component(&mut other, actual);
        !other.is_at_least(demand)
    };
    if only(|other, actual| other.client_authentication = actual.client_authentication) {
        return format!(
            "its text asks for client certificates ({}), and its front end for {}",
            word(demand.client_authentication),
            word(actual.client_authentication)
        );
    }
    if only(|other, actual| other.plain_text_allowed = actual.plain_text_allowed) {
        return "its text asks for TLS, and it is reachable without".to_owned();
    }
    if only(|other, actual| other.accepted_cas.clone_from(&actual.accepted_cas)) {
        return "its front end accepts clients of CAs that its text does not name".to_owned();
    }
    if only(|other, actual| other.back_end = actual.back_end) {
        let asked = match demand.back_end {
            BackEndTransport::Plain => "in plain text",
            BackEndTransport::Tls => "in TLS",
            BackEndTransport::Verified => "in TLS, verified",
        };
        return format!("its text asks to speak to a back end {asked}, and that is not so");
    }
    if only(|other, actual| other.back_end_name.clone_from(&actual.back_end_name)) {
        return "its text asks to verify another name of a back end".to_owned();
    }
    "a back end is verified with CAs that its text does not name".to_owned()
}
