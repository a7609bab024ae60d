//! Public keys, by what tells two of them apart, and which of them the appliance takes.

use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::Oid;
use x509_parser::public_key::PublicKey as ParsedKey;

use super::{Fault, strip_zeros};

/// The public key of a certificate, by what tells two apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PublicKey {
    /// Modulus and exponent without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// Curve and the encoded point.
    Ecdsa { curve: Curve, point: Vec<u8> },
}

/// The elliptic curves that the appliance takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

/// The kinds of keys that have a default-certificate slot each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyType {
    Rsa,
    Ecdsa,
}

impl PublicKey {
    /// The key of a certificate, if it is of a kind that the appliance takes.
    pub(super) fn of(certificate: &X509Certificate<'_>) -> Result<Self, Fault> {
        let info = certificate.public_key();
        match info.parsed().map_err(|_| Fault::Certificate)? {
            ParsedKey::RSA(rsa) => Ok(Self::Rsa {
                modulus: strip_zeros(rsa.modulus).to_vec(),
                exponent: strip_zeros(rsa.exponent).to_vec(),
            }),
            ParsedKey::EC(point) => {
                let parameters = info.algorithm.parameters.as_ref().ok_or(Fault::Curve)?;
                let curve = parameters.as_oid().ok().and_then(|oid| Curve::of(&oid));
                Ok(Self::Ecdsa { curve: curve.ok_or(Fault::Curve)?, point: point.data().to_vec() })
            }
            ParsedKey::DSA(_)
            | ParsedKey::GostR3410(_)
            | ParsedKey::GostR3410_2012(_)
            | ParsedKey::Unknown(_) => Err(Fault::KeyType),
        }
    }

    /// Which of the default-certificate slots a certificate with it takes.
    pub(super) fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ecdsa { .. } => KeyType::Ecdsa,
        }
    }

    /// Its name in OpenSSL's words, which NITRO shows.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "rsaEncryption",
            Self::Ecdsa { .. } => "id-ecPublicKey",
        }
    }

    /// Its size as people state it.
    pub(crate) fn bits(&self) -> usize {
        match self {
            Self::Rsa { modulus, .. } => {
                let unused = modulus.first().map_or(0, |first| first.leading_zeros() as usize);
                modulus.len() * 8 - unused
            }
            Self::Ecdsa { curve, .. } => match curve {
                Curve::P224 => 224,
                Curve::P256 => 256,
                Curve::P384 => 384,
                Curve::P521 => 521,
            },
        }
    }

    /// The sizes that the appliance takes (documented with codes 1562, 3590, 3617 and 3645).
    pub(super) fn check_size(&self, is_ca: bool) -> Result<(), Fault> {
        match self {
            Self::Ecdsa { .. } => Ok(()),
            Self::Rsa { .. } => match self.bits() {
                0..512 => Err(Fault::TooSmall),
                4097.. if is_ca => Err(Fault::TooLargeCa),
                4097.. => Err(Fault::TooLarge),
                bits if bits % 512 != 0 => Err(Fault::OddSize),
                _ => Ok(()),
            },
        }
    }
}

impl Curve {
    /// The curve with this number.
    pub(super) fn of(oid: &Oid<'_>) -> Option<Self> {
        match oid.to_id_string().as_str() {
            "1.3.132.0.33" => Some(Self::P224),
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
    }
}
