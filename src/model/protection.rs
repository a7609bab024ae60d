//! What a route demands of its clients and of its back end, and when one demand is at least
//! another.

use std::collections::BTreeSet;

use super::CertificateId;

/// Everything that protects a route, component by component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// What the front end demands of a client.
    pub client_authentication: ClientAuthentication,
    /// Whether the route is reachable without TLS.
    pub plain_text_allowed: bool,
    /// The authorities whose client certificates are accepted. Means nothing where clients are
    /// not authenticated.
    pub accepted_cas: BTreeSet<AcceptedCa>,
    /// How the back end is spoken to.
    pub back_end: BackEndTransport,
    /// The authorities that the back end's certificate is verified against.
    pub back_end_cas: BTreeSet<AcceptedCa>,
    /// The name that the back end's certificate must have.
    pub back_end_name: Option<String>,
}

/// What a front end demands of a client, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientAuthentication {
    /// No certificate is asked for.
    None,
    /// A certificate is asked for; the connection goes on without a valid one.
    Optional,
    /// No connection without a valid certificate.
    Mandatory,
}

/// How a back end is spoken to, weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackEndTransport {
    /// In plain text.
    Plain,
    /// In TLS with whoever answers.
    Tls,
    /// In TLS with a back end whose certificate and name are verified.
    Verified,
}

/// A certificate authority that is bound.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum AcceptedCa {
    /// One that we know by content.
    Known(CertificateId),
    /// A certkey that is not ours, by name: its content is somebody else's.
    Foreign(String),
}

impl Protection {
    /// Whether each component is at least as strong as that of `other`. What cannot be compared is
    /// not "at least".
    pub fn is_at_least(&self, other: &Self) -> bool {
        let cas = other.client_authentication == ClientAuthentication::None
            || self.accepted_cas.is_subset(&other.accepted_cas);
        let back_end_cas = other.back_end < BackEndTransport::Verified
            || self.back_end_cas.is_subset(&other.back_end_cas);
        let back_end_name = other.back_end < BackEndTransport::Verified
            || self.back_end_name == other.back_end_name;
        self.client_authentication >= other.client_authentication
            && self.plain_text_allowed <= other.plain_text_allowed
            && cas
            && self.back_end >= other.back_end
            && back_end_cas
            && back_end_name
    }
}
