//! What the annotations of one Ingress say, as values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::Fields;

/// What one annotation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Setting<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is there, or something that was probably meant as it, and its value was refused.
    Unreadable,
    /// It is there and understood.
    Is(T),
}

/// Everything that the annotations of one Ingress say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressSettings {
    /// `frontend-ip`.
    pub frontend_ip: Setting<IpAddr>,
    /// `secure-port`.
    pub secure_port: Setting<u16>,
    /// `insecure-port`.
    pub insecure_port: Setting<u16>,
    /// `secure-service-type`.
    pub secure_service_type: Setting<SecureType>,
    /// `insecure-service-type`.
    pub insecure_service_type: Setting<InsecureType>,
    /// `insecure-termination`.
    pub insecure_termination: Setting<Termination>,
    /// `ssl-passthrough`.
    pub ssl_passthrough: Setting<bool>,
    /// `path-match-method`.
    pub path_match_method: Setting<PathMatchMethod>,
    /// `default-response-code`: 404 or 503.
    pub default_response_code: Setting<u16>,
    /// `preconfigured-certkey`, in the order of the text.
    pub preconfigured_certkey: Setting<Vec<PreconfiguredCertkey>>,
    /// `secure-backend`.
    pub secure_backend: Setting<SecureBackEnds>,
    /// `ca-secret`: Secrets by what they are keyed with, which means nothing.
    pub ca_secret: Setting<BTreeMap<String, String>>,
    /// `backend-secret`: Secrets by Service.
    pub backend_secret: Setting<BTreeMap<String, String>>,
    /// `backend-ca-secret`: Secrets by Service.
    pub backend_ca_secret: Setting<BTreeMap<String, String>>,
    /// `frontend-sslprofile`.
    pub frontend_sslprofile: Setting<ProfileChoice<SslSettings>>,
    /// `backend-sslprofile`, by Service.
    pub backend_sslprofile: Setting<BTreeMap<String, ProfileChoice<SslSettings>>>,
    /// `frontend-tcpprofile`: fields of `nstcpprofile`.
    pub frontend_tcpprofile: Setting<ProfileChoice<Fields>>,
    /// `backend-tcpprofile`: fields of `nstcpprofile` by Service.
    pub backend_tcpprofile: Setting<BTreeMap<String, ProfileChoice<Fields>>>,
    /// `frontend-httpprofile`: fields of `nshttpprofile`.
    pub frontend_httpprofile: Setting<ProfileChoice<Fields>>,
    /// `backend-httpprofile`: fields of `nshttpprofile` by Service.
    pub backend_httpprofile: Setting<BTreeMap<String, ProfileChoice<Fields>>>,
    /// `csvserver`: fields of the type.
    pub csvserver: Setting<Fields>,
    /// `lbvserver`: fields of the type by Service.
    pub lbvserver: Setting<BTreeMap<String, Fields>>,
    /// `servicegroup`: fields of the type by Service.
    pub servicegroup: Setting<BTreeMap<String, Fields>>,
    /// `client-certificate-refusal`.
    pub client_certificate_refusal: Setting<Refusal>,
    /// `paused`.
    pub paused: Setting<bool>,
    /// `monitor`: fields of `lbmonitor` by Service, `type` always among them.
    pub monitor: Setting<BTreeMap<String, Fields>>,
}

/// What becomes of plain HTTP where there is TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Termination {
    /// It is served as well.
    Allow,
    /// It is redirected to HTTPS.
    Redirect,
    /// It is not listened to.
    Disallow,
}

/// How clients are turned away that have no valid certificate where one is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The handshake ends.
    Handshake,
    /// The handshake goes on, and every request is answered with 400 and the reason.
    Http,
}

/// What is spoken inside of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecureType {
    /// HTTP.
    Ssl,
    /// Anything.
    SslTcp,
}

/// What is spoken where there is no TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsecureType {
    /// HTTP.
    Http,
    /// Anything.
    Tcp,
}

/// How paths match that do not say so themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathMatchMethod {
    /// With everything below them.
    Prefix,
    /// Exactly.
    Exact,
}

/// A certkey that somebody else has put on the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreconfiguredCertkey {
    /// Its name there.
    pub name: String,
    /// What it is for.
    pub role: CertkeyRole,
}

/// What a preconfigured certkey is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertkeyRole {
    /// Served to clients that name no host, or one without a certificate of its own.
    Default,
    /// Served to clients that name a host that it covers.
    Sni,
    /// To verify client certificates with.
    Ca,
}

/// A profile: its settings, or the name of one that somebody else has put on the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileChoice<S> {
    /// What is to be set over the defaults.
    Settings(S),
    /// Its name on the appliance.
    Named(String),
}

/// Settings of an SSL profile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SslSettings {
    /// Fields of `sslprofile`.
    pub fields: Fields,
    /// Cipher suites and groups, the most wanted first; none is no wish.
    pub ciphers: Vec<String>,
}

/// Which back ends are spoken to in TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecureBackEnds {
    /// All of the Ingress, or none.
    All(bool),
    /// As listed by Service; others are not.
    Listed(BTreeMap<String, bool>),
}

impl<T> Setting<T> {
    /// The value, if it is there and understood.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// Whether it is not there.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether it is there and could not be understood.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }

    /// Takes in what reading gave: a refused value leaves it unreadable.
    pub(super) fn take<E>(&mut self, read: Result<T, E>) -> Result<(), E> {
        match read {
            Ok(value) => {
                *self = Self::Is(value);
                Ok(())
            }
            Err(error) => {
                *self = Self::Unreadable;
                Err(error)
            }
        }
    }
}

impl<S> ProfileChoice<S> {
    /// The settings, if it is given by them.
    pub const fn settings(&self) -> Option<&S> {
        match self {
            Self::Settings(settings) => Some(settings),
            Self::Named(_) => None,
        }
    }

    /// The name, if it is given by that.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Settings(_) => None,
            Self::Named(name) => Some(name),
        }
    }
}

impl Setting<ProfileChoice<SslSettings>> {
    /// The fields of the profile, if it is given by them.
    pub fn fields(&self) -> Option<&Fields> {
        self.value().and_then(ProfileChoice::settings).map(|settings| &settings.fields)
    }
}

impl SecureBackEnds {
    /// Whether the back ends of a Service are spoken to in TLS.
    pub fn includes(&self, service: &str) -> bool {
        match self {
            Self::All(secure) => *secure,
            Self::Listed(services) => services.get(service).copied().unwrap_or(false),
        }
    }
}
