//! What is on the appliance already and not ours: where it stands in the way of an Ingress, that
//! Ingress is unmet, and what is not ours stays as it is.

use crate::diagnostic::{Code, Findings};
use crate::model::{EntityId, FrontEndId, Kind};
use crate::policy::{Policy, Saving};
use crate::snapshot::Facts;

use super::claims::Redirect;
use super::names::{self, Answer};
use super::reading::Reading;

/// Checks one Ingress against the facts.
pub(super) fn check(reading: &mut Reading<'_>, facts: &Facts, policy: &Policy) {
    if !reading.understood {
        return;
    }
    check_listener(reading, facts);
    check_names(reading, facts, policy);
    let ends_tls = reading.entrances.all().any(|front_end| front_end.protocol.is_tls());
    if ends_tls || reading.back_ends.iter().any(|back_end| back_end.tls.is_some()) {
        check_default_profile(facts, policy, &mut reading.findings);
    }
    reading.understood = !reading.findings.has_errors();
}

fn check_listener(reading: &mut Reading<'_>, facts: &Facts) {
    for FrontEndId { vip, port, protocol: _ } in reading.entrances.all() {
        let Some(listener) = facts.listeners.get(&(vip, port)).filter(|one| !one.ours) else {
            continue;
        };
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
    let taken = names_of(reading, policy).into_iter().find(|id| facts.foreign_names.contains(id));
    let Some(EntityId { kind, name }) = taken else { return };
    reading.findings.error(
        Code::NameForeign,
        "",
        format!("the appliance has a {kind} {name:?}, which is not ours and whose name is needed"),
        "remove or rename it, or choose another --prefix",
    );
}

/// The objects that an Ingress needs and whose ownership their name alone does not prove.
fn names_of(reading: &Reading<'_>, policy: &Policy) -> Vec<EntityId> {
    let mark = &policy.mark;
    let mut answers = vec![Answer::NotFound, Answer::Unavailable];
    answers.extend(reading.entrances.redirect().map(|(_, port)| Answer::Secure(port)));
    let mut all: Vec<EntityId> = Vec::new();
    for name in answers.into_iter().map(|answer| names::answer(mark, answer)) {
        let kinds = [Kind::LBVSERVER, Kind::RESPONDERACTION, Kind::RESPONDERPOLICY];
        all.extend(kinds.map(|kind| EntityId::new(kind, name.as_str())));
    }
    let answering = names::answering(mark);
    all.extend(
        [Kind::SERVER, Kind::SERVICEGROUP].map(|kind| EntityId::new(kind, answering.as_str())),
    );
    for back_end in &reading.back_ends {
        all.push(EntityId::new(Kind::LBVSERVER, back_end.names.lbvserver.clone()));
        all.push(EntityId::new(Kind::SERVICEGROUP, back_end.names.servicegroup.clone()));
        let servers =
            back_end.members.serving.iter().map(|(address, _)| names::server(mark, *address));
        all.extend(servers.map(|name| EntityId::new(Kind::SERVER, name)));
    }
    for front_end in reading.entrances.all() {
        all.push(EntityId::new(Kind::CSVSERVER, front_end.csvserver(&mark.prefix)));
    }
    let redirects = Redirect::of(reading);
    let redirected = redirects.iter().map(|redirect| (redirect.front_end, redirect.matches()));
    let served = reading.entrances.serving().flat_map(|front_end| {
        reading.routes.iter().map(move |route| (front_end, route.matches.clone()))
    });
    for (front_end, matches) in served.chain(redirected) {
        let name = names::route(mark, &reading.id, front_end, &matches);
        all.push(EntityId::new(Kind::CSACTION, name.as_str()));
        all.push(EntityId::new(Kind::CSPOLICY, name));
    }
    all
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
