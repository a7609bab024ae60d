//! How an Ingress wants its back ends spoken to, and the back ends that this makes.
//!
//! A back end is one Service port of one Ingress with all of its protection. What makes its
//! protection is its identity: with another identity it is another back end, beside the old one.

mod tls;

use std::collections::{BTreeMap, BTreeSet};

use crate::annotations::{
    IngressSettings, MISSPELLING, ProfileChoice, SecureBackEnds, Setting, SslSettings,
};
use crate::diagnostic::Code;
use crate::model::{BackEndTransport, CertificateId, Host, Value};
use crate::schema;

use super::entrances::Carries;
use super::front_end::Context;
use super::names;
pub(super) use tls::BackEndTls;
use tls::TlsText;

/// How the back ends of one Service are to be spoken to.
#[derive(Debug)]
pub(super) struct ServiceText<'s> {
    /// How, as far as it can be read.
    pub(super) transport: Option<BackEndTransport>,
    /// How at least, even if the rest cannot be read.
    pub(super) at_least: BackEndTransport,
    /// The name that is given for it.
    commonname: Setting<String>,
    /// The settings of TLS, if it is on.
    tls: Option<TlsText<'s>>,
    /// Whether all of it is understood.
    understood: bool,
}

/// Reads how each of the Services of an Ingress is to be spoken to.
pub(super) fn read<'s, 'a: 's>(
    settings: &'s IngressSettings,
    services: &BTreeSet<&str>,
    context: &mut Context<'_, 'a>,
) -> BTreeMap<String, ServiceText<'s>> {
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
    profile: Setting<&'s ProfileChoice<SslSettings>>,
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
            profile: about(&settings.backend_sslprofile, service, services),
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

fn read_one<'s, 'a: 's>(
    asked: &Asked<'s>,
    service: &str,
    context: &mut Context<'_, 'a>,
) -> ServiceText<'s> {
    let secure = match asked.secure {
        Setting::Absent => Some(false),
        Setting::Unreadable => None,
        Setting::Is(secure) => Some(secure),
    };
    let secret = asked.secret.value().copied();
    let ca = asked.ca.value().copied();
    let profile = asked.profile.value().copied();
    let fields = profile.and_then(ProfileChoice::settings).map(|settings| &settings.fields);
    let serverauth = fields.and_then(|fields| fields.get("serverauth")).and_then(Value::as_text);
    let verifies = ca.is_some() || serverauth == Some("ENABLED");
    let readable = !asked.ca.is_unreadable() && !asked.profile.is_unreadable();
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
        _ if asked.profile.is_unreadable() => Setting::Unreadable,
        Some(name) => Setting::Is(name.to_ascii_lowercase()),
        None => Setting::Absent,
    };
    let understood = !unreadable;
    let mut text = ServiceText { transport, at_least, commonname, tls: None, understood };
    if secure == Some(true) {
        let contradicts = contradicts(service, (ca.is_some(), serverauth), context);
        let (tls, is_whole) = TlsText::read(asked, service, context);
        text.understood &= !contradicts && is_whole;
        text.tls = Some(tls);
    } else if secure == Some(false) {
        let given = [
            ("backend-secret", secret.is_some()),
            ("backend-ca-secret", ca.is_some()),
            ("backend-sslprofile", profile.is_some()),
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

impl ServiceText<'_> {
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
