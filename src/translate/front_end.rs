//! What one Ingress asks of its front end: address, certificates, and what clients must show.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::rc::Rc;

use k8s_openapi::api::networking::v1::IngressTLS;

use crate::annotations::{IngressSettings, Setting};
use crate::diagnostic::{Code, Findings};
use crate::model::{CertificateId, ClientAuthentication, Fields, ObjectKey, Value};

use super::certificates::{Authorities, Certificates, Served, ShownTo};
use super::profile::Profile;
use super::rules::unsupported;

/// What an Ingress says about its front end.
#[derive(Debug)]
pub(super) struct FrontEndText {
    /// Fields of the profile that it asks for, in so many words or by naming a CA.
    pub(super) fields: Fields,
    /// The profile that it would give a front end of its own, if TLS is on and all is understood.
    pub(super) profile: Option<Profile>,
    /// What it demands of clients; `None` if that cannot be read.
    pub(super) client_authentication: Option<ClientAuthentication>,
    /// What it demands at least, even if the rest cannot be read.
    pub(super) at_least: ClientAuthentication,
    /// The CAs that it names; `None` if there are some that cannot be read.
    pub(super) authorities: Option<Vec<Rc<Authorities>>>,
}

/// A server certificate and the hosts that it is given for.
#[derive(Debug)]
pub(super) struct ServedCertificate {
    pub(super) served: Rc<Served>,
    /// The part of the Ingress that names its Secret.
    pub(super) field: String,
}

impl FrontEndText {
    /// The contents of the CAs.
    pub(super) fn accepted(&self) -> Option<BTreeSet<CertificateId>> {
        let ids = |all: &Vec<Rc<Authorities>>| {
            let materials = all.iter().flat_map(|one| &one.materials);
            materials.map(|material| material.certificate.id.clone()).collect()
        };
        self.authorities.as_ref().map(ids)
    }
}

/// Everything that reading one Ingress needs beside its text.
pub(super) struct Context<'c, 'a> {
    pub(super) certificates: &'c mut Certificates<'a>,
    pub(super) findings: &'c mut Findings,
    pub(super) namespace: &'a str,
}

impl Context<'_, '_> {
    /// A Secret of the namespace of the Ingress.
    pub(super) fn secret(&self, name: &str) -> ObjectKey {
        ObjectKey::new(self.namespace, name)
    }

    pub(super) fn authorities(&mut self, name: &str, field: &str) -> Option<Rc<Authorities>> {
        let key = self.secret(name);
        self.certificates.authorities(&key, field, self.findings)
    }

    pub(super) fn served(
        &mut self,
        name: &str,
        shown_to: ShownTo,
        field: &str,
    ) -> Option<Rc<Served>> {
        let key = self.secret(name);
        self.certificates.served(&key, shown_to, field, self.findings)
    }
}

/// The address of the front end.
pub(super) fn vip(
    settings: &IngressSettings,
    default: Option<IpAddr>,
    findings: &mut Findings,
) -> Option<IpAddr> {
    match settings.frontend_ip {
        Setting::Is(vip) => Some(vip),
        Setting::Unreadable => None,
        Setting::Absent => {
            if default.is_none() {
                findings.error(
                    Code::VipMissing,
                    "",
                    "the Ingress names no address for its front end, and the controller has none",
                    "add the annotation ingress.citrix.com/frontend-ip, or start with --default-vip",
                );
            }
            default
        }
    }
}

/// Reads what clients must show, and the profile.
pub(super) fn read(
    settings: &IngressSettings,
    tls: bool,
    (ca_field, profile_field): (&str, &str),
    context: &mut Context<'_, '_>,
) -> FrontEndText {
    let mut text = demands(settings);
    if !tls {
        refuse_without_tls(settings, (ca_field, profile_field), context.findings);
        return text;
    }
    text.authorities = authorities(settings, ca_field, context);
    if contradicts(settings, (ca_field, profile_field), context.findings)
        || settings.frontend_sslprofile.is_unreadable()
        || settings.ca_secret.is_unreadable()
    {
        return text;
    }
    match Profile::front_end(&text.fields) {
        Ok(profile) => text.profile = Some(profile),
        Err(error) => context.findings.error(
            Code::FieldRefused,
            profile_field,
            error.to_string(),
            error.remedy(),
        ),
    }
    text
}

/// What the text demands of clients, as far as it can be read. Naming a CA asks for verification.
fn demands(settings: &IngressSettings) -> FrontEndText {
    use ClientAuthentication::{Mandatory, Optional};
    let mut fields = settings.frontend_sslprofile.fields().cloned().unwrap_or_default();
    let names_ca = !settings.ca_secret.is_absent();
    if names_ca {
        fields.insert_if_absent("clientauth", "ENABLED");
    }
    let field = |name: &str| fields.get(name).and_then(Value::as_text);
    let strictness = if field("clientcert") == Some("Optional") { Optional } else { Mandatory };
    let asks = names_ca || field("clientauth") == Some("ENABLED");
    let (demanded, at_least) = match (settings.frontend_sslprofile.is_unreadable(), asks) {
        (true, true) => (None, Optional),
        (true, false) => (None, ClientAuthentication::None),
        (false, true) => (Some(strictness), strictness),
        (false, false) => (Some(ClientAuthentication::None), ClientAuthentication::None),
    };
    if asks && demanded.is_some() {
        let strictness = if strictness == Optional { "Optional" } else { "Mandatory" };
        fields.insert("clientcert".to_owned(), strictness.into());
    }
    FrontEndText {
        fields,
        profile: None,
        client_authentication: demanded,
        at_least,
        authorities: if asks { None } else { Some(Vec::new()) },
    }
}

/// Whether the profile and the CAs say different things.
fn contradicts(
    settings: &IngressSettings,
    (ca_field, profile_field): (&str, &str),
    findings: &mut Findings,
) -> bool {
    let fields = settings.frontend_sslprofile.fields();
    let clientauth = fields.and_then(|fields| fields.get("clientauth")).and_then(Value::as_text);
    match (settings.ca_secret.is_absent(), clientauth) {
        (false, Some("DISABLED")) => findings.error(
            Code::FieldRefused,
            profile_field,
            format!("\"clientauth\" is DISABLED, but {ca_field:?} asks for client certificates"),
            format!("remove \"clientauth\", or {ca_field:?}"),
        ),
        (true, Some("ENABLED")) => findings.error(
            Code::CaRequired,
            profile_field,
            "client certificates are asked for, but no CA to verify them with is named",
            "name one: ingress.citrix.com/ca-secret: '{\"SERVICE\": \"SECRET\"}'",
        ),
        _ => return false,
    }
    true
}

fn authorities(
    settings: &IngressSettings,
    field: &str,
    context: &mut Context<'_, '_>,
) -> Option<Vec<Rc<Authorities>>> {
    match &settings.ca_secret {
        Setting::Absent => Some(Vec::new()),
        Setting::Unreadable => None,
        Setting::Is(secrets) => {
            let names: BTreeSet<&String> = secrets.values().collect();
            let read: Vec<_> =
                names.into_iter().map(|name| context.authorities(name, field)).collect();
            read.into_iter().collect()
        }
    }
}

fn refuse_without_tls(
    settings: &IngressSettings,
    (ca_field, profile_field): (&str, &str),
    findings: &mut Findings,
) {
    let present = [
        (ca_field, settings.ca_secret.is_absent()),
        (profile_field, settings.frontend_sslprofile.is_absent()),
    ];
    for (field, _) in present.into_iter().filter(|(_, absent)| !absent) {
        findings.error(
            Code::TlsRequired,
            field,
            format!("{field:?} is about TLS towards clients, but the Ingress has no spec.tls"),
            "add spec.tls with the hosts and a Secret with their certificate",
        );
    }
}

/// Reads the server certificates of `spec.tls`. `None` if one of them cannot be used.
pub(super) fn certificates(
    entries: &[IngressTLS],
    context: &mut Context<'_, '_>,
) -> Option<Vec<ServedCertificate>> {
    // All of them, so that everything wrong is told at once.
    let read: Vec<Option<ServedCertificate>> = entries
        .iter()
        .enumerate()
        .map(|(i, entry)| certificate(entry, &format!("spec.tls[{i}]"), context))
        .collect();
    read.into_iter().collect()
}

fn certificate(
    entry: &IngressTLS,
    field: &str,
    context: &mut Context<'_, '_>,
) -> Option<ServedCertificate> {
    let hosts = entry.hosts.as_deref().unwrap_or_default();
    if hosts.is_empty() {
        unsupported(field, "an entry of spec.tls without hosts", context.findings);
        return None;
    }
    let name = entry.secret_name.as_deref().filter(|name| !name.is_empty());
    let Some(name) = name else {
        unsupported(field, "an entry of spec.tls without secretName", context.findings);
        return None;
    };
    let field = format!("{field}.secretName");
    let served = context.served(name, ShownTo::Clients, &field)?;
    let uncovered: Vec<_> =
        hosts.iter().filter_map(|host| served.pair.leaf.check_host(host)).collect();
    for finding in &uncovered {
        let problem = format!("in Secret \"{}\", {finding}", context.secret(name));
        context.findings.error(finding.code(), &field, problem, finding.remedy());
    }
    uncovered.is_empty().then_some(ServedCertificate { served, field })
}
