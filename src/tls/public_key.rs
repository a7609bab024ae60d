//! The public key of a certificate, in the form in which private keys are compared with it.

use x509_parser::asn1_rs::Oid;
use x509_parser::public_key::PublicKey as Parsed;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::key::strip_zeros;
use crate::model::KeyType;

/// A public key of an algorithm that the appliance serves TLS with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
}

/// The NIST curves (documented: ECDSA certificates on P-256, P-384 and P-521).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) fn of(oid: &Oid<'_>) -> Option<Self> {
        match oid.to_id_string().as_str() {
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
    }
}

impl PublicKey {
    /// Nothing for other algorithms, such as Ed25519.
    pub(super) fn read(info: &SubjectPublicKeyInfo<'_>) -> Option<Self> {
        match info.parsed().ok()? {
            Parsed::RSA(key) => Some(Self::Rsa {
                modulus: strip_zeros(key.modulus).to_vec(),
                exponent: strip_zeros(key.exponent).to_vec(),
            }),
            Parsed::EC(point) => {
                let curve = info.algorithm.parameters.as_ref()?.as_oid().ok()?;
                Some(Self::Ec { curve: Curve::of(&curve)?, point: point.data().to_vec() })
            }
            Parsed::DSA(_)
            | Parsed::GostR3410(_)
            | Parsed::GostR3410_2012(_)
            | Parsed::Unknown(_) => None,
        }
    }

    pub(super) const fn key_type(&self) -> KeyType {
        match self {
            Self::Rsa { .. } => KeyType::Rsa,
            Self::Ec { .. } => KeyType::Ecdsa,
        }
    }
}
