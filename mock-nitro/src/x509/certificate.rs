//! One certificate: everything that the appliance shows of it or decides by.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp, civil};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::extensions::{GeneralName, ParsedExtension, X509Extension};
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::prelude::{FromDer, X509Version};

use super::public_key::{KeyType, PublicKey};
use super::{ContentDigest, Encoding, Fault, cache, first_pem_block, name, strip_zeros};

/// Whether a certificate is within its dates (`sslcertkey.status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    NotYetValid,
    Valid,
    Expired,
}

/// What the extended key usage of a certificate allows; without one, everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) client: bool,
    pub(crate) server: bool,
}

/// What a CA may issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// How many CAs may stand between it and the certificate of a peer, if that is limited.
    pub(super) path_length: Option<u32>,
    /// Whether its key may sign certificates, by its key usage; without one, it may.
    pub(super) may_sign: bool,
}

/// One certificate, with everything that the appliance shows of it or decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    /// Identifies the content: the appliance keeps each only once.
    pub(crate) digest: ContentDigest,
    pub(crate) serial: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) common_name: Option<String>,
    pub(crate) san_dns: Vec<String>,
    pub(crate) san_ip: Vec<IpAddr>,
    pub(crate) signature_algorithm: String,
    pub(crate) public_key: PublicKey,
    /// 1 or 3.
    pub(crate) version: u32,
    pub(crate) is_ca: bool,
    pub(crate) is_self_signed: bool,
    /// For which side it may be used, by its extended key usage.
    pub(crate) usage: Usage,
    /// Seconds since 1970.
    pub(super) not_before: i64,
    pub(super) not_after: i64,
    pub(super) limits: Limits,
    /// Whether it demands to be understood where it is not.
    pub(super) has_unknown_demand: bool,
    /// Subject and issuer in the form in which names are compared.
    pub(super) canonical_subject: String,
    pub(super) canonical_issuer: String,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    der: Vec<u8>,
}

impl Certificate {
    /// The first certificate of a file.
    pub(super) fn read(file: &[u8], encoding: Encoding) -> Result<Self, Fault> {
        match encoding {
            Encoding::Pem => {
                let der = first_pem_block(file, &["CERTIFICATE", "X509 CERTIFICATE"])
                    .ok_or(Fault::Certificate)?;
                Self::parse(&der)
            }
            Encoding::Der => Self::parse(file),
        }
    }

    /// The certificate that these bytes open with.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, Fault> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| Fault::Certificate)?;
        let der = &der[..der.len() - rest.len()];
        let public_key = PublicKey::of(&parsed)?;
        let canonical_subject = name::canonical(parsed.subject());
        let canonical_issuer = name::canonical(parsed.issuer());
        let is_self_signed =
            canonical_subject == canonical_issuer && verifies(&parsed, &parsed).unwrap_or(true);
        let (san_dns, san_ip) = alternative_names(&parsed);
        Ok(Self {
            digest: Sha256::digest(der).into(),
            serial: serial(parsed.raw_serial()),
            issuer: name::shown(parsed.issuer()),
            subject: name::shown(parsed.subject()),
            common_name: name::common_name(parsed.subject()),
            san_dns,
            san_ip,
            signature_algorithm: algorithm_name(&parsed.signature_algorithm.algorithm),
            public_key,
            version: parsed.version().0 + 1,
            is_ca: is_ca(&parsed, is_self_signed),
            is_self_signed,
            usage: usage(&parsed),
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            limits: limits(&parsed),
            has_unknown_demand: has_unknown_demand(&parsed),
            canonical_subject,
            canonical_issuer,
            subject_key_id: subject_key_id(&parsed),
            authority_key_id: authority_key_id(&parsed),
            der: der.to_vec(),
        })
    }

    /// The host names that it stands for, in lower case: its common name and its DNS names.
    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.common_name.iter().chain(&self.san_dns).map(|name| name.to_ascii_lowercase()).collect()
    }

    /// Whether it is for this host, which its names say: `*.` stands for one label.
    pub(crate) fn stands_for(&self, host: &str) -> bool {
        name::cover(&self.names(), &host.to_ascii_lowercase())
    }

    /// Its bytes.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether `issuer` issued this one: its subject is named, its key is meant, and the signature
    /// is its own where the algorithm is one that can be checked.
    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        self.canonical_issuer == issuer.canonical_subject
            && self.means_key_of(issuer)
            && self.carries_signature_of(issuer).unwrap_or(true)
    }

    /// Whether it can mean the key of this issuer, by the ids of keys where both state one.
    pub(super) fn means_key_of(&self, issuer: &Self) -> bool {
        match (&self.authority_key_id, &issuer.subject_key_id) {
            (Some(meant), Some(held)) => meant == held,
            (None, _) | (_, None) => true,
        }
    }

    /// Whether `issuer` signed it; nothing if the algorithm is one that cannot be checked here.
    pub(super) fn carries_signature_of(&self, issuer: &Self) -> Option<bool> {
        cache::signed((self.digest, issuer.digest), || {
            let (_, child) = X509Certificate::from_der(&self.der).ok()?;
            let (_, parent) = X509Certificate::from_der(&issuer.der).ok()?;
            verifies(&child, &parent)
        })
    }

    /// Which of the default-certificate slots it takes.
    pub(crate) fn key_type(&self) -> KeyType {
        self.public_key.key_type()
    }

    /// Whether it is within its dates.
    pub(crate) fn status(&self, now: Timestamp) -> Status {
        let now = now.as_second();
        if now < self.not_before {
            Status::NotYetValid
        } else if now > self.not_after {
            Status::Expired
        } else {
            Status::Valid
        }
    }

    /// Whole days until it expires, 0 when it has (documented).
    pub(crate) fn days_to_expiration(&self, now: Timestamp) -> i64 {
        (self.not_after - now.as_second()).max(0) / 86_400
    }

    /// Its first moment in NITRO's form: `Jan  1 00:00:00 2026 GMT`.
    pub(crate) fn not_before(&self) -> String {
        openssl_date(self.not_before)
    }

    /// Its last moment.
    pub(crate) fn not_after(&self) -> String {
        openssl_date(self.not_after)
    }
}

impl Status {
    /// In NITRO's words.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::NotYetValid => "Not yet valid",
            Self::Valid => "Valid",
            Self::Expired => "Expired",
        }
    }
}

/// Whether `child` carries the signature of `parent`; nothing if its algorithm is unknown here.
fn verifies(child: &X509Certificate<'_>, parent: &X509Certificate<'_>) -> Option<bool> {
    match child.verify_signature(Some(parent.public_key())) {
        Ok(()) => Some(true),
        Err(X509Error::SignatureUnsupportedAlgorithm) => None,
        Err(_) => Some(false),
    }
}

/// A CA says so in its basic constraints. Version 1 has no extensions: there the self-signed one
/// counts as a root (assumed; OpenSSL does the same).
fn is_ca(certificate: &X509Certificate<'_>, is_self_signed: bool) -> bool {
    if certificate.version() == X509Version::V1 { is_self_signed } else { certificate.is_ca() }
}

/// A key usage that cannot be read allows nothing.
fn limits(certificate: &X509Certificate<'_>) -> Limits {
    let constraints = certificate.basic_constraints().ok().flatten();
    Limits {
        path_length: constraints.and_then(|constraints| constraints.value.path_len_constraint),
        may_sign: certificate
            .key_usage()
            .is_ok_and(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign())),
    }
}

/// What is marked as critical must be understood, and what is there at all be readable and there
/// once (RFC 5280, 4.2). Name constraints and policies are not looked at here, so a certificate that
/// demands them is not accepted (assumed).
fn has_unknown_demand(certificate: &X509Certificate<'_>) -> bool {
    let is_understood = |extension: &X509Extension<'_>| {
        matches!(
            extension.parsed_extension(),
            ParsedExtension::BasicConstraints(_)
                | ParsedExtension::KeyUsage(_)
                | ParsedExtension::ExtendedKeyUsage(_)
                | ParsedExtension::SubjectAlternativeName(_)
                | ParsedExtension::SubjectKeyIdentifier(_)
                | ParsedExtension::AuthorityKeyIdentifier(_)
        )
    };
    certificate.extensions_map().is_err()
        || certificate.iter_extensions().any(|extension| {
            extension.parsed_extension().error().is_some()
                || (extension.critical && !is_understood(extension))
        })
}

fn usage(certificate: &X509Certificate<'_>) -> Usage {
    match certificate.extended_key_usage() {
        Ok(Some(usage)) => Usage {
            client: usage.value.any || usage.value.client_auth,
            server: usage.value.any || usage.value.server_auth,
        },
        Ok(None) | Err(_) => Usage { client: true, server: true },
    }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> (Vec<String>, Vec<IpAddr>) {
    let (mut dns, mut ip) = (Vec::new(), Vec::new());
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return (dns, ip);
    };
    for name in &extension.value.general_names {
        if let GeneralName::DNSName(name) = name {
            dns.push((*name).to_owned());
        } else if let GeneralName::IPAddress(bytes) = name {
            ip.extend(<[u8; 4]>::try_from(*bytes).ok().map(IpAddr::from));
            ip.extend(<[u8; 16]>::try_from(*bytes).ok().map(IpAddr::from));
        }
    }
    (dns, ip)
}

fn subject_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| {
        let ParsedExtension::SubjectKeyIdentifier(id) = extension.parsed_extension() else {
            return None;
        };
        Some(id.0.to_vec())
    })
}

fn authority_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| {
        let ParsedExtension::AuthorityKeyIdentifier(id) = extension.parsed_extension() else {
            return None;
        };
        id.key_identifier.as_ref().map(|id| id.0.to_vec())
    })
}

/// OpenSSL's name of a signature algorithm, or its number.
fn algorithm_name(oid: &Oid<'_>) -> String {
    let registry = OidRegistry::default().with_crypto();
    registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
}

/// Upper case, two digits a byte: how OpenSSL prints a serial number.
pub(super) fn serial(bytes: &[u8]) -> String {
    let bytes = strip_zeros(bytes);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02X}").expect("a String takes everything");
    }
    text
}

/// The form in which OpenSSL prints a time: `Jan  1 00:00:00 2026 GMT`.
pub(super) fn openssl_date(seconds: i64) -> String {
    let epoch = civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let date =
        epoch.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(civil::DateTime::MAX);
    date.strftime("%b %e %H:%M:%S %Y GMT").to_string()
}
