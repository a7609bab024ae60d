//! What must be so between the parts of one Ingress.

use std::collections::BTreeSet;

use crate::annotations::{self, IngressSettings};
use crate::diagnostic::{Code, Findings};
use crate::model::{ClientAuthentication, Host};

use super::super::entrances::{Entrances, Insecure};
use super::super::front_end::{FrontEndText, ServedCertificate};
use super::super::keys::Keys;
use super::super::rules::Rule;
use super::super::services::Unroutable;

pub(super) fn unroutable(error: &Unroutable, field: &str, findings: &mut Findings) {
    let place = format!("{field}.backend.service");
    let (code, field, remedy) = match error {
        Unroutable::NoService(_) => {
            (Code::ServiceMissing, format!("{place}.name"), "create it, or name another".to_owned())
        }
        Unroutable::NoPort { nearest, .. } => (
            Code::ServicePortMissing,
            format!("{place}.port"),
            nearest.as_ref().map_or_else(
                || "write one of its TCP ports".to_owned(),
                |nearest| format!("did you mean {nearest:?}?"),
            ),
        ),
        Unroutable::NotTcp { .. } => (
            Code::ServicePortMissing,
            format!("{place}.port"),
            "write one of its TCP ports: HTTP needs TCP".to_owned(),
        ),
        Unroutable::ExternalName(_) => (
            Code::RuleUnsupported,
            format!("{place}.name"),
            "make it a Service without a selector, and write an EndpointSlice with the addresses \
             of that host"
                .to_owned(),
        ),
        Unroutable::NoNodePort { .. } => (
            Code::NodePortMissing,
            format!("{place}.name"),
            "make it a Service of type NodePort, or run with --members endpoints".to_owned(),
        ),
        Unroutable::NodePortUnknown { .. } => (
            Code::NodePortMissing,
            format!("{place}.port"),
            "give the Service as the cluster has it, or write its \"nodePort\"".to_owned(),
        ),
        Unroutable::NoNodes => (
            Code::NodesMissing,
            format!("{place}.name"),
            "give the Nodes as well, or run with --members endpoints".to_owned(),
        ),
    };
    findings.error(code, &field, error.to_string(), remedy);
}

/// Whether the Ingress is to stay as it is, which is said.
pub(super) fn tell_of_pause(
    settings: &IngressSettings,
    keys: Keys<'_>,
    findings: &mut Findings,
) -> bool {
    let is_paused = settings.paused.value() == Some(&true);
    if is_paused {
        let problem = "the Ingress is paused, so nothing is changed for it";
        let remedy = "remove the annotation to let it follow its text again";
        findings.warning(
            Code::IngressPaused,
            annotations::spelling("nitro-ingress.dev/paused", keys.0),
            problem,
            remedy,
        );
    }
    is_paused
}

/// Says that what `ca-secret` is keyed with means nothing, to whoever may think that it does.
pub(super) fn note_ca_keys(
    settings: &IngressSettings,
    services: &BTreeSet<&str>,
    keys: Keys<'_>,
    findings: &mut Findings,
) {
    if services.is_empty() {
        // An Ingress without rules has no Service that it could name.
        return;
    }
    let secrets = settings.ca_secret.value().into_iter().flatten();
    for (key, _) in secrets.filter(|(key, _)| !services.contains(key.as_str())) {
        findings.note(
            Code::AnnotationServiceUnknown,
            &keys.of("ca-secret"),
            format!(
                "the Ingress does not use a Service {key:?}; the CA counts all the same, for \
                 everything on the front end"
            ),
            "write the name of a Service that the rules use",
        );
    }
}

/// A host that demands client certificates is not served without TLS.
pub(super) fn refuse_plain_beside_certificates(
    front: &FrontEndText,
    entrances: &Entrances,
    keys: Keys<'_>,
    findings: &mut Findings,
) {
    let serves_plain = entrances.secure.is_some() && entrances.insecure == Some(Insecure::Served);
    if serves_plain && front.at_least != ClientAuthentication::None {
        findings.error(
            Code::FieldRefused,
            &keys.of("insecure-termination"),
            "client certificates are demanded, and without TLS nobody could show one",
            "write \"redirect\" or \"disallow\"",
        );
    }
}

/// Every host of a rule must have a certificate, or no client could reach it. Where certificates
/// come from elsewhere too, that shows when all of the front end is known.
pub(super) fn require_coverage(
    rules: &[Rule],
    (certificates, brings_others): (&[ServedCertificate], bool),
    entrances: &Entrances,
    findings: &mut Findings,
) {
    let ends_tls = entrances.secure.is_some_and(|secure| secure.protocol.is_tls());
    if !ends_tls
        || certificates.is_empty()
        || brings_others
        || certificates.iter().any(|one| one.is_default)
    {
        return;
    }
    let mut told = BTreeSet::new();
    for rule in rules {
        let host = match &rule.matches.host {
            Host::Exact(name) => name.clone(),
            Host::Wildcard(suffix) => format!("*.{suffix}"),
            Host::Any => continue,
        };
        let covered = certificates.iter().any(|one| one.served.pair.leaf.covers(&host));
        if covered || !told.insert(host.clone()) {
            continue;
        }
        let field = rule.field.split(".http").next().unwrap_or_default();
        findings.error(
            Code::CertificateHostUncovered,
            &format!("{field}.host"),
            format!("no certificate of spec.tls covers the host {host:?}"),
            "add it to spec.tls with a Secret whose certificate covers it, or give it an Ingress \
             without TLS",
        );
    }
}
