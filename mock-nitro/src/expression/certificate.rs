//! What is known of a client by its certificate.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use crate::x509;

/// The certificate of a client that proved to have its key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Whether a front end where client authentication is mandatory would accept it.
    pub is_valid: bool,
    /// The subject: `/C=US/CN=Ann` (documented).
    pub subject: String,
    /// The issuer.
    pub issuer: String,
    /// The serial number in hexadecimal digits.
    pub serial: String,
    /// 1 or 3.
    pub version: u32,
    /// The algorithm of the signature, for example `sha256WithRSAEncryption`.
    pub signature_algorithm: String,
    /// The algorithm of the public key, for example `rsaEncryption`.
    pub key_algorithm: String,
    /// The size of the public key in bits.
    pub key_size: u32,
    /// Whole days until it expires; -1 when it has (documented).
    pub days_to_expire: i64,
    /// The certificate in DER.
    pub der: Vec<u8>,
}

impl ClientCertificate {
    /// What a certificate says of itself. One that cannot be read says nothing.
    pub fn read(der: &[u8], is_valid: bool, now: Timestamp) -> Self {
        let unread = Self { is_valid, der: der.to_vec(), days_to_expire: -1, ..Self::default() };
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return unread };
        let key = parsed.public_key();
        let left = parsed.validity().not_after.timestamp() - now.as_second();
        Self {
            subject: x509::slashed(parsed.subject()),
            issuer: x509::slashed(parsed.issuer()),
            serial: hexadecimal(parsed.raw_serial()),
            version: parsed.version().0 + 1,
            signature_algorithm: name_of(&parsed.signature_algorithm.algorithm),
            key_algorithm: name_of(&key.algorithm.algorithm),
            key_size: key.parsed().map_or(0, |key| size_of(&key)),
            days_to_expire: if left < 0 { -1 } else { left / 86_400 },
            ..unread
        }
    }

    /// In PEM, on one line for each 64 characters.
    pub(super) fn pem(&self) -> String {
        let encoded = STANDARD.encode(&self.der);
        let lines = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy);
        let lines: Vec<_> = lines.collect();
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
    }
}

fn size_of(key: &PublicKey<'_>) -> u32 {
    u32::try_from(key.key_size()).unwrap_or_default()
}

/// Two digits a byte, without the zeros in front that only DER needs.
fn hexadecimal(number: &[u8]) -> String {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut digits = String::with_capacity(2 * number.len());
    for byte in &number[zeros..] {
        write!(digits, "{byte:02X}").expect("a String takes everything");
    }
    digits
}

/// The name that OpenSSL gives an algorithm.
fn name_of(algorithm: &Oid<'_>) -> String {
    let registry = OidRegistry::default().with_crypto();
    registry.get(algorithm).map_or_else(|| algorithm.to_id_string(), |entry| entry.sn().to_owned())
}
