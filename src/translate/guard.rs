//! What is on the appliance already and not ours: where it stands in the way of an Ingress, that
//! Ingress is unmet, and what is not ours stays as it is.

use crate::annotations::Refusal;
use crate::diagnostic::{Code, Findings};
use crate::model::{EntityId, FrontEndId, Kind, Protocol};
use crate::policy::{Policy, Saving};
use crate::snapshot::Facts;

use super::claims::Redirect;
use super::desired::servicetypes;
use super::names::{self, Answer};
use super::reading::{BackEnd, Reading};
use super::refusing;

/// Checks one Ingress against the facts.
pub(super) fn check(reading: &mut Reading<'_>, facts: &Facts, policy: &Policy) {
    if !reading.understood {
        return;
    }
    check_listener(reading, facts, policy);
    check_names(reading, facts, policy);
    let ends_tls = reading.entrances.all().any(|front_end| front_end.protocol.is_tls());
    if ends_tls || reading.back_ends.iter().any(|back_end| back_end.tls.is_some()) {
        check_default_profile(facts, policy, &mut reading.findings);
    }
    reading.understood = !reading.findings.has_errors();
}

fn check_listener(reading: &mut Reading<'_>, facts: &Facts, policy: &Policy) {
    for front_end in reading.entrances.all() {
        let FrontEndId { vip, port, protocol: _ } = front_end;
        let Some(listener) = facts.listeners.get(&(vip, port)).filter(|one| !one.ours) else {
            continue;
        };
        // One that could be taken over has a name that is needed, too.
        if listener.holder == csvserver(front_end, policy) {
            continue;
        }
        reading.findings.error(
            Code::FrontEndForeign,
            &reading.keys.of("frontend-ip"),
            format!("{vip}:{port} belongs to {}, which is not ours", listener.holder),
            "name another address, or remove what listens there",
        );
    }
}

fn check_names(reading: &mut Reading<'_>, facts: &Facts, policy: &Policy) {
    if facts.foreign_names.is_empty() {
        return;
    }
    let needed = names_of(reading, policy);
    let mut taken = needed.into_iter().filter(|(id, _)| facts.foreign_names.contains(id));
    let Some((EntityId { kind, name }, why_not)) = taken.find_map(|(id, servicetype)| {
        let why_not = obstacle(&id, servicetype, facts);
        (!policy.consent.takeover || why_not.is_some()).then_some((id, why_not))
    }) else {
        return;
    };
    let whose = match &why_not {
        Some(why_not) if policy.consent.takeover => {
            format!(
                "which is not ours and cannot be taken over ({why_not}), and whose name is needed"
            )
        }
        Some(_) | None => "which is not ours and whose name is needed".to_owned(),
    };
    let otherwise = match why_not {
        None => ", or take it over with --takeover",
        Some(_) => "",
    };
    reading.findings.error(
        Code::NameForeign,
        "",
        format!("the appliance has a {kind} {name:?}, {whose}"),
        format!("remove or rename it, or choose another --prefix{otherwise}"),
    );
}

/// Why a foreign object cannot be made ours, if it is needed with this `servicetype`.
fn obstacle(id: &EntityId, servicetype: Option<Protocol>, facts: &Facts) -> Option<String> {
    let Some(wanted) = servicetype else {
        return Some(format!("no {} is", id.kind));
    };
    let Some(found) = facts.adoptable.get(id) else {
        let why = match id.kind {
            Kind::SERVICEGROUP => "or finds its members by itself",
            _ => "or has another address",
        };
        return Some(format!("it is another cluster's, {why}"));
    };
    let wanted = wanted.servicetype();
    (found != wanted).then(|| format!("its servicetype is {found}, not {wanted}"))
}

fn csvserver(front_end: FrontEndId, policy: &Policy) -> EntityId {
    EntityId::new(Kind::CSVSERVER, front_end.csvserver(&policy.mark.prefix))
}

/// The objects that an Ingress needs and whose ownership their name alone does not prove; those
/// that can be made ours with their type.
fn names_of(reading: &Reading<'_>, policy: &Policy) -> Vec<(EntityId, Option<Protocol>)> {
    let mark = &policy.mark;
    let mut answers = vec![Answer::NotFound, Answer::Unavailable];
    answers.extend(reading.entrances.redirect().map(|(_, port)| Answer::Secure(port)));
    let mut never: Vec<EntityId> = Vec::new();
    for name in answers.into_iter().map(|answer| names::answer(mark, answer)) {
        let kinds = [Kind::LBVSERVER, Kind::RESPONDERACTION, Kind::RESPONDERPOLICY];
        never.extend(kinds.map(|kind| EntityId::new(kind, name.as_str())));
    }
    let answering = names::answering(mark);
    never.extend(
        [Kind::SERVER, Kind::SERVICEGROUP].map(|kind| EntityId::new(kind, answering.as_str())),
    );
    if reading.front.refusal == Some(Refusal::Http) {
        never.extend(refusing::all(mark).into_iter().flat_map(|one| [one.policy, one.action]));
    }
    let mut adopted = Vec::new();
    for BackEnd { names, members, tls, .. } in &reading.back_ends {
        let (balanced, spoken) = servicetypes(reading.entrances.carries, tls.is_some());
        adopted.push((EntityId::new(Kind::LBVSERVER, names.lbvserver.clone()), balanced));
        adopted.push((EntityId::new(Kind::SERVICEGROUP, names.servicegroup.clone()), spoken));
        let servers = members.serving.iter().map(|(address, _)| names::server(mark, *address));
        never.extend(servers.map(|name| EntityId::new(Kind::SERVER, name)));
    }
    for front_end in reading.entrances.all() {
        adopted.push((csvserver(front_end, policy), front_end.protocol));
    }
    let redirects = Redirect::of(reading);
    let redirected = redirects.iter().map(|redirect| (redirect.front_end, redirect.matches()));
    let served = reading.entrances.serving().flat_map(|front_end| {
        reading.routes.iter().map(move |route| (front_end, route.matches.clone()))
    });
    for (front_end, matches) in served.chain(redirected) {
        let name = names::route(mark, &reading.id, front_end, &matches);
        never.push(EntityId::new(Kind::CSACTION, name.as_str()));
        never.push(EntityId::new(Kind::CSPOLICY, name));
    }
    let never = never.into_iter().map(|id| (id, None));
    never.chain(adopted.into_iter().map(|(id, servicetype)| (id, Some(servicetype)))).collect()
}

/// SSL profiles need the default profile, and enabling that resets the SSL settings of everything.
fn check_default_profile(facts: &Facts, policy: &Policy, findings: &mut Findings) {
    if facts.default_profile {
        return;
    }
    if !facts.foreign_ssl.is_empty() && !policy.enable_default_profile {
        let others = list(facts.foreign_ssl.iter().map(ToString::to_string));
        let internal = if facts.internal_ssl.is_empty() {
            String::new()
        } else {
            format!(
                ", and those of the built-in services {}",
                list(facts.internal_ssl.iter().cloned())
            )
        };
        findings.error(
            Code::DefaultProfileRefused,
            "",
            format!(
                "TLS needs the default SSL profile of the appliance, and enabling it would reset \
                 the SSL settings of {others}{internal}, for good"
            ),
            "enable it yourself when those are prepared, or allow it with --enable-default-profile",
        );
    }
    if facts.unsaved_by_others && policy.consent.saving != Saving::All {
        findings.error(
            Code::DefaultProfileRefused,
            "",
            "TLS needs the default SSL profile of the appliance; before it is enabled the \
             configuration is saved, and it holds unsaved changes of somebody else",
            "save the configuration yourself, or allow it with --save-foreign",
        );
    }
}

/// As many names as a person reads.
fn list(names: impl Iterator<Item = String>) -> String {
    const SHOWN: usize = 5;
    let all: Vec<String> = names.collect();
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
