//! One certificate: read from DER, asked which hosts it covers and whether its dates hold.

use std::collections::BTreeSet;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::public_key::PublicKey;
use super::{Certificate, Finding, pem};
use crate::model::{CertificateId, IssuerSerial};

/// A certificate with what only its neighbours in a bundle need.
#[derive(Debug, Clone)]
pub(super) struct Parsed {
    pub(super) certificate: Certificate,
    pub(super) der: Vec<u8>,
    pub(super) public_key: PublicKey,
    /// Whether it names no host in its alternative names.
    pub(super) is_named_by_common_name: bool,
}

/// Why a block is no certificate that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadCertificate {
    /// It is not an X.509 certificate.
    Malformed,
    /// Its key is neither RSA nor on a NIST curve.
    Algorithm,
}

/// Reads a certificate.
pub(super) fn read(der: &[u8]) -> Result<Parsed, BadCertificate> {
    let (rest, x509) = X509Certificate::from_der(der).map_err(|_| BadCertificate::Malformed)?;
    if !rest.is_empty() {
        return Err(BadCertificate::Malformed);
    }
    let public_key = PublicKey::read(x509.public_key()).ok_or(BadCertificate::Algorithm)?;
    let alternative_names = alternative_names(&x509);
    let is_named_by_common_name = alternative_names.is_empty();
    let names = if is_named_by_common_name { common_names(&x509) } else { alternative_names };
    let certificate = Certificate {
        id: CertificateId::of_der(der),
        pem: pem::write("CERTIFICATE", der),
        names,
        subject: x509.subject().to_string(),
        issuer_serial: IssuerSerial::new(
            &x509.issuer().to_string(),
            &x509.tbs_certificate.raw_serial_as_string(),
        ),
        subject_der: x509.subject().as_raw().to_vec(),
        issuer_der: x509.issuer().as_raw().to_vec(),
        key_type: public_key.key_type(),
        is_ca: is_ca(&x509),
        version: x509.version().0 + 1,
        not_before: timestamp(x509.validity().not_before),
        not_after: timestamp(x509.validity().not_after),
    };
    Ok(Parsed { certificate, der: der.to_vec(), public_key, is_named_by_common_name })
}

fn alternative_names(x509: &X509Certificate<'_>) -> BTreeSet<String> {
    let extension = x509.subject_alternative_name().ok().flatten();
    let names = extension.map(|extension| extension.value.general_names.as_slice());
    let names = names.unwrap_or_default().iter().filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::OtherName(..)
        | GeneralName::RFC822Name(_)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::URI(_)
        | GeneralName::IPAddress(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    });
    names.collect()
}

fn common_names(x509: &X509Certificate<'_>) -> BTreeSet<String> {
    let names = x509.subject().iter_common_name();
    names.filter_map(|name| name.as_str().ok()).map(str::to_ascii_lowercase).collect()
}

/// From version 3 on a certificate says itself whether it may issue others. Before that it could
/// not; one that is its own issuer was made to be a root.
fn is_ca(x509: &X509Certificate<'_>) -> bool {
    if x509.version().0 < 2 {
        return x509.subject().as_raw() == x509.issuer().as_raw();
    }
    let basic = x509.basic_constraints().ok().flatten();
    let may_sign = x509.key_usage().ok().flatten().is_none_or(|usage| usage.value.key_cert_sign());
    basic.is_some_and(|basic| basic.value.ca) && may_sign
}

/// Years go up to 9999, where "never" is written; what a [`Timestamp`] cannot say is its last
/// moment.
fn timestamp(time: ASN1Time) -> Timestamp {
    let limit = if time.timestamp() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(time.timestamp()).unwrap_or(limit)
}

/// How long before its end a certificate is worth a warning.
const SOON_DAYS: i64 = 14;
const DAY_SECONDS: i64 = 24 * 60 * 60;

impl Certificate {
    /// Whether a client that asks for `host` accepts this certificate: by name, or by a wildcard
    /// for its first label. A wildcard host is covered by the same wildcard only.
    pub fn covers(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        self.names.contains(&host)
            || wildcard
                .is_some_and(|wildcard| !host.starts_with('*') && self.names.contains(&wildcard))
    }

    /// What is to be said if it does not cover `host`.
    pub fn check_host(&self, host: &str) -> Option<Finding> {
        (!self.covers(host)).then(|| Finding::HostUncovered {
            subject: self.subject.clone(),
            host: host.to_owned(),
            names: self.names.iter().cloned().collect(),
        })
    }

    /// What is to be said about its dates at the moment `now`.
    pub fn check_dates(&self, now: Timestamp) -> Option<Finding> {
        let subject = self.subject.clone();
        let left = self.not_after.as_second().saturating_sub(now.as_second());
        if now < self.not_before {
            Some(Finding::NotYetValid { subject, from: self.not_before })
        } else if left < 0 {
            Some(Finding::Expired { subject, on: self.not_after })
        } else if left < SOON_DAYS * DAY_SECONDS {
            Some(Finding::ExpiresSoon { subject, on: self.not_after, days: left / DAY_SECONDS })
        } else {
            None
        }
    }

    /// Whether it is its own issuer, by name.
    pub fn is_self_issued(&self) -> bool {
        self.subject_der == self.issuer_der
    }
}
