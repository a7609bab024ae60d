//! How a certificate is named before it has a name: by its content.

use std::fmt;

use sha2::{Digest, Sha256};

use super::owner::base32;

/// The content of one certificate: the first 32 base32 characters of the SHA-256 of its DER form.
/// The file of a certkey is called after it, so content can be read back from the appliance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CertificateId(String);

/// The algorithm of a key pair. A vserver has one default certificate per key type (documented).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyType {
    /// RSA.
    Rsa,
    /// ECDSA on a NIST curve.
    Ecdsa,
}

impl CertificateId {
    /// The id of a certificate in DER form.
    pub fn of_der(der: &[u8]) -> Self {
        Self(base32(&Sha256::digest(der), 32))
    }

    /// Reads an id as it stands in a file name.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed =
            text.len() == 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The 32 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Issuer and serial number of a certificate, which together name it in the whole world. In a form
/// that is the same whether it was read from a certificate or from an appliance's answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssuerSerial {
    issuer: String,
    serial: String,
}

impl IssuerSerial {
    /// From a distinguished name (`C=US, O=Shop, CN=Root`) and a serial number in hexadecimal.
    pub fn new(issuer: &str, serial: &str) -> Self {
        let mut parts: Vec<String> = issuer
            .split([',', '/'])
            .filter_map(|part| part.split_once('='))
            .map(|(name, value)| format!("{}={}", name.trim().to_uppercase(), value.trim()))
            .collect();
        parts.sort();
        let digits: String = serial.chars().filter(char::is_ascii_hexdigit).collect();
        let serial = digits.trim_start_matches('0').to_ascii_uppercase();
        Self { issuer: parts.join(","), serial }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuer_and_serial_are_the_same_in_every_spelling() {
        let one = IssuerSerial::new("C=US, O=Shop, CN=Root", "01:AB");
        assert_eq!(one, IssuerSerial::new("CN=Root,O=Shop,C=US", "1ab"));
        assert_ne!(one, IssuerSerial::new("CN=Root,O=Shop,C=US", "1AC"));
    }
}
