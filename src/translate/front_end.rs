//! What one Ingress asks of its front end: address, certificates, and what clients must show.

mod refusal;

use std::collections::BTreeSet;
use std::rc::Rc;

use k8s_openapi::api::networking::v1::IngressTLS;

use crate::annotations::{
    CertkeyRole, FrontEndDefaults, IngressSettings, ParseError, ProfileChoice, Refusal, Setting,
};
use crate::diagnostic::{Code, Findings};
use crate::model::{AcceptedCa, ClientAuthentication, Fields, Host, Name, ObjectKey, Value};
use crate::policy::Policy;
use crate::snapshot::Facts;

use super::certificates::{Authorities, Certificates, Served, ShownTo};
use super::installed::{self, Installed};
use super::keys::Keys;
use super::named::{self, Attached, Named, Side};
use super::profile::Profile;
use super::tuning;

/// What an Ingress says about its front end.
#[derive(Debug)]
pub(super) struct FrontEndText {
    /// Fields of the profile that it asks for, in so many words or by naming a CA.
    pub(super) fields: Fields,
    /// The ciphers that it asks for; none is no wish.
    pub(super) ciphers: Vec<String>,
    /// The profile that it would give a front end of its own, if TLS is on and all is understood.
    pub(super) profile: Option<Attached>,
    /// What it demands of clients; `None` if that cannot be read.
    pub(super) client_authentication: Option<ClientAuthentication>,
    /// What it demands at least, even if the rest cannot be read.
    pub(super) at_least: ClientAuthentication,
    /// How it wants clients turned away, if it says so.
    pub(super) refusal: Option<Refusal>,
    /// Whether it demands certificates and says nothing about how clients are turned away.
    pub(super) leaves_refusal_open: bool,
    /// The CAs that it names; `None` if there are some that cannot be read.
    pub(super) authorities: Option<Vec<Rc<Authorities>>>,
    /// The certkeys of somebody else that it names; `None` if that cannot be read.
    pub(super) installed: Option<Vec<Installed>>,
}

/// A server certificate and the hosts that it is given for.
#[derive(Debug)]
pub(super) struct ServedCertificate {
    pub(super) served: Rc<Served>,
    /// The part of the Ingress that names its Secret.
    pub(super) field: String,
    /// Whether it is served to clients that ask for no host, or for one that nobody has.
    pub(super) is_default: bool,
    /// Whether it is served to those that ask for its names.
    pub(super) is_named: bool,
}

impl FrontEndText {
    /// The CAs.
    pub(super) fn accepted(&self) -> Option<BTreeSet<AcceptedCa>> {
        let authorities = self.authorities.as_ref()?;
        let materials = authorities.iter().flat_map(|one| &one.materials);
        let known = materials.map(|material| AcceptedCa::Known(material.certificate.id.clone()));
        let installed = self.installed.as_ref()?.iter().filter(|one| one.role == CertkeyRole::Ca);
        Some(known.chain(installed.map(|one| AcceptedCa::Foreign(one.name.clone()))).collect())
    }

    /// What it demands of clients: what is bound, where that cannot be read.
    pub(super) fn demand(&self, bound: ClientAuthentication) -> ClientAuthentication {
        self.client_authentication.unwrap_or(bound).max(self.at_least)
    }

    /// The profile of somebody else that it names.
    pub(super) fn named(&self) -> Option<&str> {
        match self.profile.as_ref()? {
            Attached::Named(name) => Some(name),
            Attached::Made(_) => None,
        }
    }

    /// Whether it sets anything of TLS beside what a CA asks for.
    pub(super) fn sets_more_than_client_authentication(&self) -> bool {
        let more = |name: &Name| !matches!(name.as_str(), "clientauth" | "clientcert");
        !self.ciphers.is_empty() || self.fields.keys().any(more)
    }

    /// The certkeys of somebody else, as far as they can be read.
    pub(super) fn installed(&self) -> &[Installed] {
        self.installed.as_deref().unwrap_or_default()
    }
}

/// Everything that reading one Ingress needs beside its text.
pub(super) struct Context<'c, 'a> {
    pub(super) certificates: &'c mut Certificates<'a>,
    pub(super) findings: &'c mut Findings,
    pub(super) namespace: &'a str,
    pub(super) keys: Keys<'a>,
    pub(super) policy: &'a Policy,
    pub(super) facts: &'a Facts,
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

/// Reads what clients must show, and the profile. `any_host` is whether the rest of the Ingress serves
/// clients that ask for hosts that nobody has.
pub(super) fn read(
    settings: &IngressSettings,
    (tls, any_host): (bool, bool),
    defaults: &FrontEndDefaults,
    context: &mut Context<'_, '_>,
) -> FrontEndText {
    let name = settings.frontend_sslprofile.value().and_then(ProfileChoice::name);
    let ends_tls = tls && settings.ssl_passthrough.value() != Some(&true);
    let named = name.filter(|_| ends_tls).map(|name| named::find(name, Side::FrontEnd, context));
    let mut text = demands(settings, named.as_ref());
    text.installed = installed::read(settings, context);
    if !tls {
        refuse_without_tls(settings, context);
        return text;
    }
    if settings.ssl_passthrough.value() == Some(&true) {
        refuse_passed_on(settings, context);
        return text;
    }
    text.authorities = authorities(settings, context);
    if contradicts(settings, context)
        || settings.frontend_sslprofile.is_unreadable()
        || refusal::is_refused(settings, names_ca(settings), context)
        || settings.ca_secret.is_unreadable()
        || settings.preconfigured_certkey.is_unreadable()
    {
        return text;
    }
    if let Some(named) = named {
        let by_certkey = settings.ca_secret.is_absent();
        let ca = if by_certkey { "preconfigured-certkey" } else { "ca-secret" };
        let any_host = any_host || text.installed().iter().any(Installed::is_default);
        named.check_front_end(names_ca(settings).then_some(ca), any_host, context);
        text.profile = Some(Attached::Named(named.name.to_owned()));
        return text;
    }
    if defaults.ssl.is_unreadable() {
        tuning::refuse_defaults(context);
        return text;
    }
    let defaults = defaults.ssl.value().cloned().unwrap_or_default();
    let mut fields = defaults.fields;
    fields.extend(text.fields.clone());
    match Profile::front_end(&fields) {
        Ok(profile) => {
            let profile = profile.with_ciphers(&defaults.ciphers).with_ciphers(&text.ciphers);
            text.profile = Some(Attached::Made(profile));
        }
        Err(error) => context.findings.error(
            Code::FieldRefused,
            &context.keys.of("frontend-sslprofile"),
            error.to_string(),
            error.remedy(),
        ),
    }
    text
}

/// Whether an Ingress names a CA of clients.
fn names_ca(settings: &IngressSettings) -> bool {
    installed::names_ca(settings) || !settings.ca_secret.is_absent()
}

/// What the text demands of clients, as far as it can be read. Naming a CA asks for verification,
/// also by a profile of somebody else.
fn demands(settings: &IngressSettings, named: Option<&Named<'_>>) -> FrontEndText {
    use ClientAuthentication::{Mandatory, Optional};
    let mut fields = settings.frontend_sslprofile.fields().cloned().unwrap_or_default();
    let names_ca = names_ca(settings);
    if names_ca {
        fields.insert_if_absent("clientauth", "ENABLED");
    }
    let field = |name: &str| fields.get(name).and_then(Value::as_text);
    let refusal = &settings.client_certificate_refusal;
    // Whoever says how clients are turned away wants them turned away.
    let is_optional = field("clientcert") == Some("Optional") && refusal.is_absent();
    let strictness = if is_optional { Optional } else { Mandatory };
    let leaves_refusal_open = !fields.contains_key("clientcert") && refusal.is_absent();
    let asks = names_ca || field("clientauth") == Some("ENABLED");
    // One that names no CA leaves open what the profile demands, if that cannot be attached.
    let is_open = |named: &Named<'_>| named.is_refused() || named.is("clientauth", "ENABLED");
    let is_unread = settings.frontend_sslprofile.is_unreadable()
        || (!names_ca && named.is_some_and(is_open))
        || settings.preconfigured_certkey.is_unreadable();
    let (demanded, at_least) = match (is_unread, asks) {
        (true, true) => (None, Optional),
        (true, false) => (None, ClientAuthentication::None),
        (false, true) => (Some(strictness), strictness),
        (false, false) => (Some(ClientAuthentication::None), ClientAuthentication::None),
    };
    if asks && demanded.is_some() {
        let lets_in = strictness == Optional || refusal.value() == Some(&Refusal::Http);
        let clientcert = if lets_in { "Optional" } else { "Mandatory" };
        fields.insert("clientcert".to_owned(), clientcert.into());
    }
    let profile = settings.frontend_sslprofile.value().and_then(ProfileChoice::settings);
    FrontEndText {
        fields,
        ciphers: profile.map(|profile| profile.ciphers.clone()).unwrap_or_default(),
        profile: None,
        client_authentication: demanded,
        at_least,
        refusal: refusal.value().copied(),
        leaves_refusal_open: asks && leaves_refusal_open,
        authorities: if asks { None } else { Some(Vec::new()) },
        installed: None,
    }
}

/// Whether the profile and the CAs say different things.
fn contradicts(settings: &IngressSettings, context: &mut Context<'_, '_>) -> bool {
    let (ca_field, profile_field) =
        (context.keys.of("ca-secret"), context.keys.of("frontend-sslprofile"));
    let fields = settings.frontend_sslprofile.fields();
    let clientauth = fields.and_then(|fields| fields.get("clientauth")).and_then(Value::as_text);
    match (names_ca(settings), clientauth) {
        (true, Some("DISABLED")) => context.findings.error(
            Code::FieldRefused,
            &profile_field,
            format!("\"clientauth\" is DISABLED, but {ca_field:?} asks for client certificates"),
            format!("remove \"clientauth\", or {ca_field:?}"),
        ),
        (false, Some("ENABLED")) => context.findings.error(
            Code::CaRequired,
            &profile_field,
            "client certificates are asked for, but no CA to verify them with is named",
            "name one: ingress.citrix.com/ca-secret: '{\"SERVICE\": \"SECRET\"}'",
        ),
        _ => return false,
    }
    true
}

fn authorities(
    settings: &IngressSettings,
    context: &mut Context<'_, '_>,
) -> Option<Vec<Rc<Authorities>>> {
    let field = context.keys.of("ca-secret");
    match &settings.ca_secret {
        Setting::Absent => Some(Vec::new()),
        Setting::Unreadable => None,
        Setting::Is(secrets) => {
            let names: BTreeSet<&String> = secrets.values().collect();
            let read: Vec<_> =
                names.into_iter().map(|name| context.authorities(name, &field)).collect();
            read.into_iter().collect()
        }
    }
}

fn refuse_without_tls(settings: &IngressSettings, context: &mut Context<'_, '_>) {
    for (name, _) in given_for_tls(settings).into_iter().filter(|(_, given)| *given) {
        let field = context.keys.of(name);
        context.findings.error(
            Code::TlsRequired,
            &field,
            format!("{field:?} is about TLS towards clients, but the Ingress has no spec.tls"),
            "add spec.tls with the hosts and a Secret with their certificate",
        );
    }
}

/// What is about TLS that ends here, where TLS is passed on.
fn refuse_passed_on(settings: &IngressSettings, context: &mut Context<'_, '_>) {
    let of_back_ends = [
        ("backend-secret", !settings.backend_secret.is_absent()),
        ("backend-ca-secret", !settings.backend_ca_secret.is_absent()),
        ("backend-sslprofile", !settings.backend_sslprofile.is_absent()),
    ];
    let all = given_for_tls(settings).into_iter().chain(of_back_ends);
    for (name, _) in all.filter(|(_, given)| *given) {
        let field = context.keys.of(name);
        let passthrough = context.keys.of("ssl-passthrough");
        context.findings.error(
            Code::FieldRefused,
            &field,
            format!(
                "{field:?} cannot be honoured: {passthrough:?} hands TLS on to the back end as it \
                 comes"
            ),
            format!("remove {field:?}, or {passthrough:?}"),
        );
    }
}

/// The annotations about TLS towards clients, and whether they are there.
fn given_for_tls(settings: &IngressSettings) -> [(&'static str, bool); 4] {
    [
        ("client-certificate-refusal", !settings.client_certificate_refusal.is_absent()),
        ("ca-secret", !settings.ca_secret.is_absent()),
        ("frontend-sslprofile", !settings.frontend_sslprofile.is_absent()),
        ("preconfigured-certkey", !settings.preconfigured_certkey.is_absent()),
    ]
}

/// Reads the server certificates of `spec.tls`. `None` if one of them cannot be used. An entry
/// without a Secret says that TLS is on, with certificates from elsewhere.
pub(super) fn certificates(
    entries: &[IngressTLS],
    hosts: &BTreeSet<Host>,
    context: &mut Context<'_, '_>,
) -> Option<Vec<ServedCertificate>> {
    // All of them, so that everything wrong is told at once.
    let read: Vec<Option<ServedCertificate>> = entries
        .iter()
        .enumerate()
        .filter_map(|(i, entry)| {
            let name = entry.secret_name.as_deref().filter(|name| !name.is_empty())?;
            Some(certificate(entry, name, (&format!("spec.tls[{i}]"), hosts), context))
        })
        .collect();
    read.into_iter().collect()
}

fn certificate(
    entry: &IngressTLS,
    name: &str,
    (field, hosts): (&str, &BTreeSet<Host>),
    context: &mut Context<'_, '_>,
) -> Option<ServedCertificate> {
    let field = format!("{field}.secretName");
    if name.contains('/') {
        let fault = ParseError::SecretNamespace { value: name.to_owned() };
        context.findings.error(fault.code(), &field, fault.to_string(), fault.remedy(""));
        return None;
    }
    let served = context.served(name, ShownTo::Clients, &field)?;
    let leaf = &served.pair.leaf;
    let named = entry.hosts.as_deref().unwrap_or_default();
    if named.is_empty() {
        let covers = |host: &&Host| leaf.names.iter().any(|name| host.is_covered_by(name));
        let is_named = hosts.iter().any(|host| covers(&host));
        return Some(ServedCertificate { served, field, is_default: true, is_named });
    }
    let uncovered: Vec<_> = named.iter().filter_map(|host| leaf.check_host(host)).collect();
    for finding in &uncovered {
        let problem = format!("in Secret \"{}\", {finding}", context.secret(name));
        context.findings.error(finding.code(), &field, problem, finding.remedy());
    }
    let served = ServedCertificate { served, field, is_default: false, is_named: true };
    uncovered.is_empty().then_some(served)
}
