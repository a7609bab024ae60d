//! X.509 as far as Ingresses need it: PEM bundles, key match, CA checks, host coverage, expiry.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::{CertificateId, IssuerSerial, KeyType, Redacted};

/// One certificate, read and understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its content.
    pub id: CertificateId,
    /// Itself as one PEM block, ready for a file.
    pub pem: String,
    /// The DNS names that it covers, in lower case: its SANs, or else its common name.
    pub names: BTreeSet<String>,
    /// The subject as text, for messages.
    pub subject: String,
    /// Issuer and serial number.
    pub issuer_serial: IssuerSerial,
    /// The subject in DER, to find issuers.
    pub subject_der: Vec<u8>,
    /// The issuer's subject in DER.
    pub issuer_der: Vec<u8>,
    /// The algorithm of its key.
    pub key_type: KeyType,
    /// Whether it may issue certificates: `cA` is set, or it is a self-signed X.509 v1 certificate.
    pub is_ca: bool,
    /// Its X.509 version, 1 to 3.
    pub version: u32,
    /// When it starts to be valid.
    pub not_before: Timestamp,
    /// When it ends to be valid.
    pub not_after: Timestamp,
}

/// A private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// One PEM block, ready for a file.
    pub pem: Redacted<String>,
}

/// A certificate as it goes onto the appliance: one certkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key, where a Secret holds it.
    pub key: Option<PrivateKey>,
    /// The certificate that its certkey is linked to: its issuer in the chain.
    pub issuer: Option<CertificateId>,
}
