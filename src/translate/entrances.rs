//! Where clients reach an Ingress: its front ends, and what happens to requests without TLS.

use std::net::IpAddr;

use crate::annotations::{IngressSettings, InsecureType, SecureType, Setting, Termination};
use crate::diagnostic::{Code, Findings};
use crate::model::{FrontEndId, Protocol};
use crate::policy::Policy;

use super::keys::Keys;

/// The front ends of an Ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entrances {
    /// The one in TLS.
    pub(super) secure: Option<FrontEndId>,
    /// The one without.
    pub(super) plain: Option<FrontEndId>,
    /// What happens to requests without TLS; `None` if that cannot be read.
    pub(super) insecure: Option<Insecure>,
    /// What the front ends carry.
    pub(super) carries: Carries,
}

/// What happens to requests without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Insecure {
    /// They are served like others.
    Served,
    /// They are sent to the front end in TLS.
    Redirected,
    /// There is no front end for them.
    Refused,
}

/// By what the front ends of an Ingress can tell requests apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    /// Hosts and paths.
    Http,
    /// Nothing.
    Bytes,
    /// Nothing: TLS is passed on as it comes.
    Tls,
}

const SECURE_PORT: u16 = 443;
const INSECURE_PORT: u16 = 80;

impl Entrances {
    /// The front ends on which routes are served.
    pub(super) fn serving(&self) -> impl Iterator<Item = FrontEndId> + use<> {
        let plain = self.plain.filter(|_| self.insecure == Some(Insecure::Served));
        self.secure.into_iter().chain(plain)
    }

    /// All front ends, that of TLS first.
    pub(super) fn all(&self) -> impl Iterator<Item = FrontEndId> + use<> {
        self.secure.into_iter().chain(self.plain)
    }

    /// The front end on which requests are redirected, and the port that they are sent to.
    pub(super) fn redirect(&self) -> Option<(FrontEndId, u16)> {
        let redirects = self.insecure == Some(Insecure::Redirected);
        self.plain.zip(self.secure).filter(|_| redirects).map(|(from, to)| (from, to.port))
    }
}

/// Reads the front ends of an Ingress in the given namespace.
pub(super) fn read(
    settings: &IngressSettings,
    (tls, namespace): (bool, &str),
    (policy, keys): (&Policy, Keys<'_>),
    findings: &mut Findings,
) -> Entrances {
    let vip = vip(settings, (policy, keys), namespace, findings);
    let passes_on = settings.ssl_passthrough.value() == Some(&true);
    let secure_protocol = match (passes_on, settings.secure_service_type.value()) {
        (true, _) => Protocol::Tcp,
        (false, Some(SecureType::SslTcp)) => Protocol::SslTcp,
        (false, Some(SecureType::Ssl) | None) => Protocol::Ssl,
    };
    let plain_protocol = match settings.insecure_service_type.value() {
        Some(InsecureType::Tcp) => Protocol::Tcp,
        Some(InsecureType::Http) | None => Protocol::Http,
    };
    let insecure = match (tls, &settings.insecure_termination) {
        (false, _) | (true, Setting::Is(Termination::Allow)) => Some(Insecure::Served),
        (true, Setting::Is(Termination::Redirect)) => Some(Insecure::Redirected),
        (true, Setting::Is(Termination::Disallow) | Setting::Absent) => Some(Insecure::Refused),
        (true, Setting::Unreadable) => None,
    };
    let front_end = |port: &Setting<u16>, usual, protocol| match (vip, port) {
        (Some(vip), Setting::Absent) => Some(FrontEndId { vip, port: usual, protocol }),
        (Some(vip), Setting::Is(port)) => Some(FrontEndId { vip, port: *port, protocol }),
        (None, _) | (_, Setting::Unreadable) => None,
    };
    let protocol_is_read =
        |setting: bool, front_end: Option<FrontEndId>| front_end.filter(|_| !setting);
    let secure = protocol_is_read(
        settings.secure_service_type.is_unreadable() || settings.ssl_passthrough.is_unreadable(),
        front_end(&settings.secure_port, SECURE_PORT, secure_protocol).filter(|_| tls),
    );
    let plain = protocol_is_read(
        settings.insecure_service_type.is_unreadable(),
        front_end(&settings.insecure_port, INSECURE_PORT, plain_protocol)
            .filter(|_| matches!(insecure, Some(Insecure::Served | Insecure::Redirected))),
    );
    let carries = match (tls, passes_on) {
        (true, true) => Carries::Tls,
        (true, false) if secure_protocol == Protocol::SslTcp => Carries::Bytes,
        (false, _) if plain_protocol == Protocol::Tcp => Carries::Bytes,
        (true | false, _) => Carries::Http,
    };
    let entrances = Entrances { secure, plain, insecure, carries };
    note_without_effect(settings, tls, keys, findings);
    refuse_mixtures(settings, entrances, keys, findings);
    entrances
}

/// The address of the front ends.
fn vip(
    settings: &IngressSettings,
    (policy, keys): (&Policy, Keys<'_>),
    namespace: &str,
    findings: &mut Findings,
) -> Option<IpAddr> {
    let vip = match settings.frontend_ip {
        Setting::Is(vip) => vip,
        Setting::Unreadable => return None,
        Setting::Absent => {
            if policy.default_vip.is_none() {
                findings.error(
                    Code::VipMissing,
                    "",
                    "the Ingress names no address for its front end, and the controller has none",
                    "add the annotation ingress.citrix.com/frontend-ip, or start with --default-vip",
                );
            }
            policy.default_vip?
        }
    };
    if let Some(allowed) = policy.vip_namespaces.get(&vip)
        && !allowed.contains(namespace)
    {
        let allowed = allowed.iter().cloned().collect::<Vec<_>>().join(", ");
        findings.error(
            Code::VipRefused,
            &keys.of("frontend-ip"),
            format!("the address {vip} is for Ingresses of {allowed} only"),
            "name another address, or have the operator allow the namespace with --vip-namespace",
        );
    }
    Some(vip)
}

/// Tells about settings of TLS front ends on an Ingress that has none.
fn note_without_effect(
    settings: &IngressSettings,
    tls: bool,
    keys: Keys<'_>,
    findings: &mut Findings,
) {
    if tls {
        return;
    }
    if settings.ssl_passthrough.value() == Some(&true) {
        findings.error(
            Code::TlsRequired,
            &keys.of("ssl-passthrough"),
            "TLS is to be passed on, but the Ingress has no spec.tls",
            "add spec.tls with the hosts",
        );
    }
    let redirects = matches!(
        settings.insecure_termination,
        Setting::Is(Termination::Redirect | Termination::Disallow)
    );
    if redirects {
        findings.error(
            Code::TlsRequired,
            &keys.of("insecure-termination"),
            "requests without TLS are not to be served, but the Ingress has no spec.tls",
            "add spec.tls with the hosts, or remove the annotation",
        );
    }
    let without_effect = [
        ("secure-port", settings.secure_port.value().is_some()),
        ("secure-service-type", settings.secure_service_type.value().is_some()),
    ];
    for (name, _) in without_effect.into_iter().filter(|(_, given)| *given) {
        let key = keys.of(name);
        findings.warning(
            Code::AnnotationWithoutEffect,
            &key,
            format!("{key:?} has no effect, since the Ingress has no spec.tls"),
            "remove it, or add spec.tls",
        );
    }
}

/// Refuses front ends that do not go together.
fn refuse_mixtures(
    settings: &IngressSettings,
    entrances: Entrances,
    keys: Keys<'_>,
    findings: &mut Findings,
) {
    let Entrances { secure: Some(secure), plain: Some(plain), .. } = entrances else { return };
    if secure.port == plain.port {
        findings.error(
            Code::FrontEndConflict,
            &keys.of("insecure-port"),
            format!("requests with and without TLS are both to come to port {}", plain.port),
            "give insecure-port and secure-port different values",
        );
    }
    let termination = keys.of("insecure-termination");
    if settings.insecure_termination.value() == Some(&Termination::Redirect) {
        if !plain.protocol.speaks_http() || entrances.carries == Carries::Bytes {
            findings.error(
                Code::FieldRefused,
                &termination,
                "only HTTP can be redirected, and the front ends are of another type",
                "write \"disallow\", or leave the service types out",
            );
        }
    } else if entrances.carries == Carries::Tls {
        findings.error(
            Code::FieldRefused,
            &termination,
            "back ends that TLS is passed on to cannot be reached without it",
            "write \"redirect\" or \"disallow\"",
        );
    } else if secure.protocol.speaks_http() != plain.protocol.speaks_http() {
        findings.error(
            Code::FieldRefused,
            &termination,
            "one front end would carry HTTP and the other would not",
            "set secure-service-type and insecure-service-type alike, or write \"disallow\"",
        );
    }
}
