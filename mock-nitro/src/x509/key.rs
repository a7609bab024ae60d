//! Private keys, read only as far as it takes to tell which certificate they belong to.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag};

use super::public_key::{Curve, PublicKey};
use super::{Encoding, first_pem_block, strip_zeros};

/// A private key in one of the three forms in which openssl writes them: PKCS#8, PKCS#1 (RSA) and
/// SEC1 (EC). It has no `Debug`: it is a secret.
pub(super) enum PrivateKey {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { curve: Curve, scalar: Vec<u8>, point: Option<Vec<u8>> },
}

impl PrivateKey {
    /// The key and the bytes that hold it; nothing if the file holds no key that can be read without
    /// a pass phrase.
    pub(super) fn read(file: &[u8], encoding: Encoding) -> Option<(Self, PrivateKeyDer<'static>)> {
        let der = match encoding {
            Encoding::Der => file.to_vec(),
            Encoding::Pem => {
                first_pem_block(file, &["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])?
            }
        };
        let fields = sequence(&der)?;
        if fields.get(1).is_some_and(|field| field.tag() == Tag::Sequence) {
            let key = Self::pkcs8(&fields)?;
            Some((key, PrivatePkcs8KeyDer::from(der).into()))
        } else if fields.get(1).is_some_and(|field| field.tag() == Tag::OctetString) {
            let key = Self::sec1(&fields, None)?;
            Some((key, PrivateSec1KeyDer::from(der).into()))
        } else {
            let key = Self::pkcs1(&fields)?;
            Some((key, PrivatePkcs1KeyDer::from(der).into()))
        }
    }

    /// `version, { algorithm, parameters }, key`.
    fn pkcs8(fields: &[Any<'_>]) -> Option<Self> {
        let algorithm = elements(fields.get(1)?.data)?;
        let inner = fields.get(2).filter(|field| field.tag() == Tag::OctetString)?.data;
        let inner = sequence(inner)?;
        match oid(algorithm.first()?)?.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => Self::pkcs1(&inner),
            "1.2.840.10045.2.1" => Self::sec1(&inner, Some(Curve::of(&oid(algorithm.get(1)?)?)?)),
            _ => None,
        }
    }

    /// `version, n, e, d, p, q, ...`: a key whose n is not p times q is none.
    fn pkcs1(fields: &[Any<'_>]) -> Option<Self> {
        let integers: Option<Vec<&[u8]>> = fields
            .iter()
            .map(|field| (field.tag() == Tag::Integer).then(|| strip_zeros(field.data)))
            .collect();
        let [_, modulus, exponent, _, p, q, ..] = integers?[..] else {
            return None;
        };
        (product(p, q) == modulus)
            .then(|| Self::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    }

    /// `version, scalar, [0] curve, [1] point`, where the latter two may be missing.
    fn sec1(fields: &[Any<'_>], curve: Option<Curve>) -> Option<Self> {
        let scalar = fields.get(1).filter(|field| field.tag() == Tag::OctetString)?.data.to_vec();
        let tagged =
            |number| fields.iter().find(|field| field.tag() == Tag(number)).map(|field| field.data);
        let named = tagged(0).and_then(|data| Curve::of(&oid(elements(data)?.first()?)?));
        // A bit string opens with the number of its unused bits.
        let point = tagged(1)
            .and_then(|data| elements(data)?.first().and_then(|bits| bits.data.get(1..)))
            .map(<[u8]>::to_vec);
        Some(Self::Ec { curve: curve.or(named)?, scalar, point })
    }

    /// Whether it is the private half of `public`.
    pub(super) fn belongs_to(&self, public: &PublicKey) -> bool {
        match (self, public) {
            (
                Self::Rsa { modulus, exponent },
                PublicKey::Rsa { modulus: certified, exponent: certified_exponent },
            ) => modulus == certified && exponent == certified_exponent,
            (
                Self::Ec { curve, scalar, point },
                PublicKey::Ecdsa { curve: certified, point: certified_point },
            ) => {
                curve == certified
                    && match curve {
                        // ring computes the point; it can't for the other two curves, where the
                        // key's own word stands, as it does on the appliance.
                        Curve::P256 | Curve::P384 => computes(*curve, scalar, certified_point),
                        Curve::P224 | Curve::P521 => point.as_ref() == Some(certified_point),
                    }
            }
            (Self::Rsa { .. }, PublicKey::Ecdsa { .. })
            | (Self::Ec { .. }, PublicKey::Rsa { .. }) => false,
        }
    }
}

fn computes(curve: Curve, scalar: &[u8], point: &[u8]) -> bool {
    let algorithm = match curve {
        Curve::P384 => &ECDSA_P384_SHA384_ASN1_SIGNING,
        Curve::P224 | Curve::P256 | Curve::P521 => &ECDSA_P256_SHA256_ASN1_SIGNING,
    };
    EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point, &SystemRandom::new())
        .is_ok()
}

/// The elements of the sequence that these bytes are.
fn sequence(der: &[u8]) -> Option<Vec<Any<'_>>> {
    let (_, outer) = Any::from_der(der).ok()?;
    if outer.tag() == Tag::Sequence { elements(outer.data) } else { None }
}

/// The values that stand one after the other.
fn elements(mut bytes: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (rest, element) = Any::from_der(bytes).ok()?;
        found.push(element);
        bytes = rest;
    }
    Some(found)
}

fn oid<'a>(element: &Any<'a>) -> Option<Oid<'a>> {
    element.clone().oid().ok()
}

/// Schoolbook multiplication of two big-endian numbers; the result has no leading zeros.
fn product(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut digits = vec![0_u8; left.len() + right.len()];
    for (i, &a) in left.iter().rev().enumerate() {
        let mut carry = 0_u16;
        for (j, &b) in right.iter().rev().enumerate() {
            // At most 255 + 255 * 255 + 255, which fits.
            let sum = u16::from(digits[i + j]) + u16::from(a) * u16::from(b) + carry;
            let [high, low] = sum.to_be_bytes();
            digits[i + j] = low;
            carry = u16::from(high);
        }
        let [_, carry] = carry.to_be_bytes();
        digits[i + right.len()] = carry;
    }
    digits.reverse();
    strip_zeros(&digits).to_vec()
}
