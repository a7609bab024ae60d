//! How an Ingress wants its back ends spoken to, and the back ends that this makes.
//!
//! A back end is one Service port of one Ingress with all of its protection. What makes its
//! protection is its identity: with another identity it is another back end, beside the old one.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::annotations::{IngressSettings, MISSPELLING, ProfileChoice, SecureBackEnds, Setting};
use crate::diagnostic::Code;
use crate::model::{BackEndTransport, CertificateId, Fields, Host, ObjectKey, Value};
use crate::schema;

use super::certificates::{Authorities, Served, ShownTo};
use super::entrances::Carries;
use super::front_end::Context;
use super::names;
use super::profile::Profile;

/// How the back ends of one Service are to be spoken to.
#[derive(Debug)]
pub(super) struct ServiceText {
    /// How, as far as it can be read.
    pub(super) transport: Option<BackEndTransport>,
    /// How at least, even if the rest cannot be read.
    pub(super) at_least: BackEndTransport,
    /// The name that is given for it.
    commonname: Setting<String>,
    /// The settings of TLS, if it is on.
    tls: Option<TlsText>,
    /// Whether all of it is understood.
    understood: bool,
}

#[derive(Debug, Default)]
struct TlsText {
    fields: Fields,
    authorities: Option<Rc<Authorities>>,
    client: Option<(ObjectKey, Rc<Served>)>,
}

/// TLS towards one back end.
#[derive(Debug)]
pub(super) struct BackEndTls {
    /// What tells it apart from others of its Service port.
    pub(super) identity: String,
    pub(super) profile: Profile,
    pub(super) authorities: Option<Rc<Authorities>>,
    pub(super) client: Option<Rc<Served>>,
}

/// Reads how each of the Services of an Ingress is to be spoken to.
pub(super) fn read(
    settings: &IngressSettings,
    services: &BTreeSet<&str>,
    context: &mut Context<'_, '_>,
) -> BTreeMap<String, ServiceText> {
    refuse_unused(settings, services, context);
    services
        .iter()
        .map(|service| {
            let asked = Asked::of(settings, service, services);
            ((*service).to_owned(), read_one(&asked, service, context))
        })
        .collect()
}

/// What tells the back end of a Service port apart from others of the same: how it is spoken to, if
/// that is not plain HTTP.
pub(super) fn identity(carries: Carries, tls: Option<&str>) -> Option<String> {
    match (carries, tls) {
        (Carries::Http, tls) => tls.map(str::to_owned),
        (Carries::Bytes, tls) => Some(names::digest(&["TCP", tls.unwrap_or_default()], 8)),
        (Carries::Tls, _) => Some(names::digest(&["TCP", "TLS is passed on"], 8)),
    }
}

/// How every back end of an Ingress is to be spoken to at least, if it is not said readably to
/// which ones that applies.
pub(super) fn at_least(settings: &IngressSettings) -> BackEndTransport {
    if settings.backend_ca_secret.is_unreadable() {
        BackEndTransport::Verified
    } else if settings.secure_backend.is_unreadable() {
        BackEndTransport::Tls
    } else {
        BackEndTransport::Plain
    }
}

/// What the annotations say about one Service.
struct Asked<'s> {
    secure: Setting<bool>,
    secret: Setting<&'s String>,
    ca: Setting<&'s String>,
    fields: Setting<&'s Fields>,
}

impl<'s> Asked<'s> {
    fn of(settings: &'s IngressSettings, service: &str, services: &BTreeSet<&str>) -> Self {
        let secure = match &settings.secure_backend {
            Setting::Absent => Setting::Absent,
            Setting::Unreadable => Setting::Unreadable,
            Setting::Is(SecureBackEnds::All(secure)) => Setting::Is(*secure),
            Setting::Is(SecureBackEnds::Listed(listed)) => match entry(listed, service, services) {
                Setting::Absent => Setting::Absent,
                Setting::Unreadable => Setting::Unreadable,
                Setting::Is(secure) => Setting::Is(*secure),
            },
        };
        Self {
            secure,
            secret: about(&settings.backend_secret, service, services),
            ca: about(&settings.backend_ca_secret, service, services),
            fields: match about(&settings.backend_sslprofile, service, services) {
                Setting::Absent => Setting::Absent,
                Setting::Is(ProfileChoice::Settings(settings)) => Setting::Is(&settings.fields),
                // Named profiles are refused before.
                Setting::Unreadable | Setting::Is(ProfileChoice::Named(_)) => Setting::Unreadable,
            },
        }
    }
}

fn about<'s, T>(
    setting: &'s Setting<BTreeMap<String, T>>,
    service: &str,
    services: &BTreeSet<&str>,
) -> Setting<&'s T> {
    match setting {
        Setting::Absent => Setting::Absent,
        Setting::Unreadable => Setting::Unreadable,
        Setting::Is(listed) => entry(listed, service, services),
    }
}

/// What is listed for a Service. Under the name of a Service that the Ingress does not use may
/// stand what was meant for one that is not listed.
fn entry<'s, T>(
    listed: &'s BTreeMap<String, T>,
    service: &str,
    services: &BTreeSet<&str>,
) -> Setting<&'s T> {
    match listed.get(service) {
        Some(value) => Setting::Is(value),
        None if listed.keys().any(|key| !services.contains(key.as_str())) => Setting::Unreadable,
        None => Setting::Absent,
    }
}

fn read_one(asked: &Asked<'_>, service: &str, context: &mut Context<'_, '_>) -> ServiceText {
    let secure = match asked.secure {
        Setting::Absent => Some(false),
        Setting::Unreadable => None,
        Setting::Is(secure) => Some(secure),
    };
    let secret = asked.secret.value().copied();
    let ca = asked.ca.value().copied();
    let fields = asked.fields.value().copied();
    let serverauth = fields.and_then(|fields| fields.get("serverauth")).and_then(Value::as_text);
    let verifies = ca.is_some() || serverauth == Some("ENABLED");
    let readable = !asked.ca.is_unreadable() && !asked.fields.is_unreadable();
    // What cannot be read asks for all that it could.
    let at_least = match (verifies || asked.ca.is_unreadable(), secure) {
        (true, _) => BackEndTransport::Verified,
        (false, Some(true) | None) => BackEndTransport::Tls,
        (false, Some(false)) => BackEndTransport::Plain,
    };
    let transport = (readable && (secure.is_some() || verifies)).then_some(at_least);
    let unreadable = secure.is_none() || !readable || asked.secret.is_unreadable();
    let commonname = fields.and_then(|fields| fields.get("commonname")).and_then(Value::as_text);
    let commonname = match commonname {
        _ if asked.fields.is_unreadable() => Setting::Unreadable,
        Some(name) => Setting::Is(name.to_ascii_lowercase()),
        None => Setting::Absent,
    };
    let understood = !unreadable;
    let mut text = ServiceText { transport, at_least, commonname, tls: None, understood };
    if secure == Some(true) {
        let contradicts = contradicts(service, (ca.is_some(), serverauth), context);
        let mut tls = TlsText { fields: fields.cloned().unwrap_or_default(), ..TlsText::default() };
        tls.authorities =
            ca.and_then(|name| context.authorities(name, &context.keys.of("backend-ca-secret")));
        tls.client = secret.and_then(|name| {
            context
                .served(name, ShownTo::BackEnds, &context.keys.of("backend-secret"))
                .map(|served| (context.secret(name), served))
        });
        text.understood &= !contradicts
            && tls.authorities.is_some() == ca.is_some()
            && tls.client.is_some() == secret.is_some();
        text.tls = Some(tls);
    } else if secure == Some(false) {
        let given = [
            ("backend-secret", secret.is_some()),
            ("backend-ca-secret", ca.is_some()),
            ("backend-sslprofile", fields.is_some()),
        ];
        for (name, _) in given.into_iter().filter(|(_, given)| *given) {
            text.understood = false;
            let field = context.keys.of(name);
            context.findings.error(
                Code::BackEndNotSecure,
                &field,
                format!(
                    "{field:?} is about TLS towards Service {service:?}, which is spoken to in \
                     plain text"
                ),
                format!("add ingress.citrix.com/secure-backend: '{{\"{service}\": \"True\"}}'"),
            );
        }
    }
    text
}

/// Whether the profile and the CA say different things.
fn contradicts(
    service: &str,
    (has_ca, serverauth): (bool, Option<&str>),
    context: &mut Context<'_, '_>,
) -> bool {
    let (ca, profile) =
        (context.keys.of("backend-ca-secret"), context.keys.of("backend-sslprofile"));
    match (has_ca, serverauth) {
        (true, Some("DISABLED")) => context.findings.error(
            Code::FieldRefused,
            &profile,
            format!("\"serverauth\" of {service:?} is DISABLED, but {ca:?} asks to verify it"),
            format!("remove \"serverauth\", or {service:?} from {ca:?}"),
        ),
        (false, Some("ENABLED")) => context.findings.error(
            Code::CaRequired,
            &profile,
            format!(
                "the certificate of {service:?} is to be verified, but no CA to verify it with is \
                 named"
            ),
            format!(
                "name one: ingress.citrix.com/backend-ca-secret: '{{\"{service}\": \"SECRET\"}}'"
            ),
        ),
        _ => return false,
    }
    true
}

impl ServiceText {
    /// The CAs that verify the back end; `None` if that cannot be read.
    pub(super) fn accepted(&self) -> Option<BTreeSet<CertificateId>> {
        let authorities = self.tls.as_ref()?.authorities.as_ref()?;
        let ids = authorities.materials.iter().map(|material| material.certificate.id.clone());
        Some(ids.collect())
    }

    /// The name that a back end must show for requests to `host`; `None` if there is none, or none
    /// that can be read.
    pub(super) fn name_for(&self, host: &Host) -> Option<String> {
        match (&self.commonname, host) {
            (Setting::Is(name), _) => Some(name.clone()),
            (Setting::Absent, Host::Exact(host)) => Some(host.clone()),
            (Setting::Absent, Host::Wildcard(_) | Host::Any) | (Setting::Unreadable, _) => None,
        }
    }

    /// Whether a back end of this Service can be made.
    pub(super) const fn is_understood(&self) -> bool {
        self.understood
    }

    /// TLS towards the back end for requests to `host`. An error says why there cannot be any.
    pub(super) fn tls_for(
        &self,
        host: &Host,
    ) -> Option<Result<BackEndTls, (Code, String, String)>> {
        self.tls.as_ref().map(|tls| tls.for_name(self.name_for(host)))
    }
}

impl TlsText {
    fn for_name(&self, name: Option<String>) -> Result<BackEndTls, (Code, String, String)> {
        let mut fields = self.fields.clone();
        let sends_name = fields.get("snienable").and_then(Value::as_text) == Some("ENABLED");
        let verifies = self.authorities.is_some();
        if verifies {
            fields.insert("serverauth".to_owned(), "ENABLED".into());
        }
        let name = if verifies || sends_name {
            let name = name.ok_or_else(|| {
                let use_ = if verifies { "verify" } else { "name to the back end" };
                (
                    Code::BackEndNameRequired,
                    format!("there is no host to {use_}, since the rule has none or a wildcard"),
                    "give the name in ingress.citrix.com/backend-sslprofile as \"commonname\""
                        .to_owned(),
                )
            })?;
            fields.insert("commonname".to_owned(), name.as_str().into());
            Some(name)
        } else {
            None
        };
        let profile = Profile::back_end(&fields)
            .map_err(|error| (Code::FieldRefused, error.to_string(), error.remedy()))?;
        Ok(BackEndTls {
            identity: self.identity(name.as_deref()),
            profile,
            authorities: self.authorities.clone(),
            client: self.client.as_ref().map(|(_, served)| Rc::clone(served)),
        })
    }

    /// What a back end is, apart from its Service port: the name, the CAs and whose client
    /// certificate it is shown. The content of that one is not part of it: it rotates in place.
    fn identity(&self, name: Option<&str>) -> String {
        let authorities = self.authorities.iter().flat_map(|one| &one.materials);
        let ids: BTreeSet<&str> =
            authorities.map(|material| material.certificate.id.as_str()).collect();
        let ids = ids.into_iter().collect::<Vec<_>>().join(",");
        let client = self.client.as_ref().map(|(secret, _)| secret.to_string());
        let (name, client) = (name.unwrap_or_default(), client.unwrap_or_default());
        names::digest(&["SSL", name, &ids, &client], 8)
    }
}

/// Tells about settings for Services that the Ingress does not use. One that may have been meant
/// for a Service that it uses would leave that without protection; only where all of these are
/// listed is it another's, in annotations that several Ingresses share.
fn refuse_unused(
    settings: &IngressSettings,
    services: &BTreeSet<&str>,
    context: &mut Context<'_, '_>,
) {
    fn keys<T>(setting: &Setting<BTreeMap<String, T>>) -> Vec<&str> {
        setting.value().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }
    let secure = match settings.secure_backend.value() {
        Some(SecureBackEnds::Listed(listed)) => listed.keys().map(String::as_str).collect(),
        Some(SecureBackEnds::All(_)) | None => Vec::new(),
    };
    let all = [
        ("secure-backend", secure),
        ("backend-secret", keys(&settings.backend_secret)),
        ("backend-ca-secret", keys(&settings.backend_ca_secret)),
        ("backend-sslprofile", keys(&settings.backend_sslprofile)),
    ];
    for (name, keys) in all {
        let field = context.keys.of(name);
        let findings = &mut *context.findings;
        for key in keys.iter().filter(|key| !services.contains(**key)) {
            let others = services.iter().filter(|service| !keys.contains(service));
            let nearest = others.min_by_key(|service| schema::distance(key, service));
            let problem = format!("the Ingress does not use a Service {key:?}");
            let Some(nearest) = nearest else {
                findings.warning(
                    Code::AnnotationServiceUnknown,
                    &field,
                    format!("{problem}, so its settings have no effect"),
                    format!("remove {key:?}"),
                );
                continue;
            };
            if schema::distance(key, nearest) <= MISSPELLING {
                let remedy = format!("did you mean {nearest:?}?");
                findings.error(Code::AnnotationServiceUnknown, &field, problem, remedy);
            } else {
                findings.error(
                    Code::AnnotationServiceUnknown,
                    &field,
                    format!("{problem}, and says nothing about Service {nearest:?}, which it uses"),
                    format!("remove {key:?}, or write {nearest:?} instead"),
                );
            }
        }
    }
}
