//! What clients and back ends meet on an appliance: of a whole configuration, the part that the
//! predicate looks at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::x509;

/// All front ends by the name of their csvserver.
pub(super) type View = BTreeMap<Arc<str>, Arc<Front>>;

/// One csvserver, with its SSL settings and everything behind it. The front end that is not there
/// is the default one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Front {
    pub(super) transport: Transport,
    /// What its profile or its own parameters demand.
    pub(super) authentication: ClientAuthentication,
    /// The client CAs bound, in effect or not.
    pub(super) cas: BTreeSet<Content>,
    /// The policies that turn away clients without a valid certificate.
    pub(super) refusals: BTreeSet<Arc<str>>,
    pub(super) floor: Floor,
    /// The names, in lower case, for which a client that asks by SNI is served a certificate.
    pub(super) names: BTreeSet<String>,
    /// The certkeys bound as SNI certificates.
    pub(super) sni: BTreeSet<Arc<str>>,
    /// The routes by place and policy. A disabled csvserver has none.
    pub(super) routes: BTreeMap<Place, BTreeMap<Arc<str>, Route>>,
    /// References to what does not exist.
    pub(super) dangling: BTreeSet<String>,
}

/// Whether a connection is encrypted.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    #[default]
    Plain,
    Tls,
    /// TLS that the appliance passes on unread.
    Bridge,
}

/// What a front end demands of clients, in rising order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ClientAuthentication {
    #[default]
    None,
    Optional,
    Mandatory,
}

/// A certificate by its content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Content {
    pub(super) digest: [u8; 32],
    pub(super) subject: String,
}

/// How weak the weakest connection may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Floor {
    /// The lowest protocol version, as its place in [`VERSIONS`].
    pub(super) version: usize,
    pub(super) ciphers: BTreeSet<Arc<str>>,
    /// Whether browsers are told to stay with TLS.
    pub(super) hsts: bool,
}

/// The switches of the protocol versions, in rising order.
pub(super) const VERSIONS: [&str; 5] = ["ssl3", "tls1", "tls11", "tls12", "tls13"];

/// The host and path that a route is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) host: Host,
    /// Without a slash at its end, but `/` for the root.
    pub(super) path: String,
}

/// The host of a route, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Host {
    Any,
    Exact(String),
    /// The domain behind `*.`.
    Wildcard(String),
    /// A condition that is not understood.
    Text(String),
}

/// What a bound policy leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    /// Whose it is: the comment of its action, or else the name of its policy.
    pub(super) owner: Arc<str>,
    /// Responder policies turn away clients without a valid certificate.
    pub(super) refused: bool,
    /// Responder policies turn away everyone.
    pub(super) closed: bool,
    /// Its lbvserver answers every request itself, with a redirect for example.
    pub(super) answered: bool,
    pub(super) back: Arc<BackEnd>,
}

/// One lbvserver with its groups and services.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct BackEnd {
    /// The weakest of its groups.
    pub(super) level: Level,
    /// Whom it takes for its server over TLS.
    pub(super) accepts: BTreeSet<Peer>,
    /// Every group in TLS has a client certificate.
    pub(super) presents: bool,
    /// Enabled members that are spoken to in plain text.
    pub(super) plain: BTreeSet<Endpoint>,
    /// Enabled members that are spoken to in TLS.
    pub(super) tls: BTreeSet<Endpoint>,
    pub(super) dangling: BTreeSet<String>,
}

/// How a back end is spoken to, in rising order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    Plain,
    Tls,
    Verified,
    /// Not at all: nothing is bound.
    #[default]
    Nothing,
}

/// A server as TLS identifies it: the name that is verified or sent, and the CA, if one is asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Peer {
    pub(super) name: Option<String>,
    pub(super) ca: Option<Content>,
}

/// Address and port of a member.
pub(super) type Endpoint = (String, i64);

impl Front {
    /// The client CAs in effect.
    pub(super) fn accepted(&self) -> &BTreeSet<Content> {
        static NONE: BTreeSet<Content> = BTreeSet::new();
        if self.authentication == ClientAuthentication::None { &NONE } else { &self.cas }
    }

    /// Whether it demands certificates of clients and would accept none, for somebody who is served.
    pub(super) fn is_locked(&self) -> bool {
        self.authentication > ClientAuthentication::None
            && self.cas.is_empty()
            && !self.routes.is_empty()
    }

    /// Whether clients meet another demand here than there.
    pub(super) fn demands_as(&self, other: &Self) -> bool {
        self.authentication == other.authentication
            && self.accepted() == other.accepted()
            && self.refusals == other.refusals
    }

    /// Whether a client that asks for this host is served a certificate for it. Nothing if the host
    /// is not one that certificates can name.
    pub(super) fn covers(&self, host: &Host) -> Option<bool> {
        match host {
            Host::Exact(host) => Some(x509::cover(&self.names, host)),
            Host::Wildcard(domain) => Some(self.names.contains(&format!("*.{domain}"))),
            Host::Any | Host::Text(_) => None,
        }
    }

    /// Whether it has a route for this host.
    pub(super) fn routes_host(&self, host: &Host) -> bool {
        self.routes.keys().any(|place| place.host == *host)
    }
}

impl Default for Floor {
    fn default() -> Self {
        Self { version: VERSIONS.len(), ciphers: BTreeSet::new(), hsts: true }
    }
}

impl Transport {
    /// The transport of a virtual server or group of this `servicetype`.
    pub(super) fn of(service_type: &str) -> Self {
        match service_type {
            "SSL_BRIDGE" => Self::Bridge,
            "DTLS" | "DOT" | "HTTP_QUIC" | "MONGO_TLS" | "MQTT_TLS" => Self::Tls,
            other if other.starts_with("SSL") || other.ends_with("_SSL") => Self::Tls,
            _ => Self::Plain,
        }
    }
}

impl Route {
    /// How the back end is spoken to. Where the lbvserver answers, nobody speaks to it.
    pub(super) fn level(&self) -> Level {
        if self.answered { Level::Nothing } else { self.back.level }
    }

    /// Whom it takes for the back end.
    pub(super) fn accepts(&self) -> &BTreeSet<Peer> {
        static NOBODY: BTreeSet<Peer> = BTreeSet::new();
        if self.answered { &NOBODY } else { &self.back.accepts }
    }

    /// Whether it shows a client certificate to the back end.
    pub(super) fn presents(&self) -> bool {
        !self.answered && self.back.presents
    }
}

impl BackEnd {
    /// Whether anybody answers.
    pub(super) fn has_member(&self) -> bool {
        !self.plain.is_empty() || !self.tls.is_empty()
    }
}

impl fmt::Display for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Optional => "optional",
            Self::Mandatory => "mandatory",
        })
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "plain text",
            Self::Tls => "TLS without verification",
            Self::Verified => "verified TLS",
            Self::Nothing => "nothing",
        })
    }
}

impl fmt::Display for Content {
    /// Subjects repeat (a renewed CA keeps its own), so a few digits of the digest stand behind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second, ..] = self.digest;
        write!(f, "{} ({first:02x}{second:02x})", self.subject.trim())
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or("any name");
        match &self.ca {
            Some(ca) => write!(f, "{name} by {ca}"),
            None => write!(f, "{name} by anybody"),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::Exact(host) => f.write_str(host),
            Self::Wildcard(domain) => write!(f, "*.{domain}"),
            Self::Text(text) => write!(f, "<{text}>"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host, self.path)
    }
}

/// A set in words.
pub(super) fn listed<T: fmt::Display>(set: &BTreeSet<T>) -> String {
    if set.is_empty() {
        return "none".to_owned();
    }
    set.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
