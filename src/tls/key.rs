//! Private keys, understood as far as it takes to say whether one belongs to a certificate.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair,
};
use x509_parser::asn1_rs::{Any, FromDer, Oid, Tag};

use super::pem::Block;
use super::public_key::{Curve, PublicKey};
use crate::model::Redacted;

/// Why a block holds no key that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadKey {
    /// It needs a pass phrase.
    Encrypted,
    /// Its algorithm is none that the appliance serves TLS with.
    Algorithm,
    /// It is not what its label says.
    Malformed,
    /// It is on P-521 and does not say its public part, so that nobody here can tell whose it is.
    WithoutPublicPart,
}

/// What identifies a private key.
enum Parts {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    Ec { curve: Option<Curve>, scalar: Redacted<Vec<u8>>, point: Option<Vec<u8>> },
}

/// Whether a block is a private key, in any form.
pub(super) fn is_key(block: &Block) -> bool {
    block.label.ends_with("PRIVATE KEY")
}

/// Whether a private key belongs to a public one.
pub(super) fn belongs_to(block: &Block, public: &PublicKey) -> Result<bool, BadKey> {
    match (parts(block)?, public) {
        (Parts::Rsa { modulus, exponent }, PublicKey::Rsa { modulus: n, exponent: e }) => {
            Ok(modulus == *n && exponent == *e)
        }
        (Parts::Ec { curve, scalar, point }, PublicKey::Ec { curve: wanted, point: whole }) => {
            let same_curve = curve.is_none_or(|curve| curve == *wanted);
            Ok(same_curve && ec_belongs(*wanted, scalar.reveal(), point.as_deref(), whole)?)
        }
        (Parts::Rsa { .. }, PublicKey::Ec { .. }) | (Parts::Ec { .. }, PublicKey::Rsa { .. }) => {
            Ok(false)
        }
    }
}

/// ring checks a private against a public part where it knows the curve. For P-521, and for points
/// that are written compressed, the key's own public part has to answer.
fn ec_belongs(
    curve: Curve,
    scalar: &[u8],
    point: Option<&[u8]>,
    whole: &[u8],
) -> Result<bool, BadKey> {
    let algorithm = match curve {
        Curve::P256 => Some((&ECDSA_P256_SHA256_ASN1_SIGNING, 32)),
        Curve::P384 => Some((&ECDSA_P384_SHA384_ASN1_SIGNING, 48)),
        Curve::P521 => None,
    };
    if let Some((algorithm, length)) = algorithm
        && whole.len() == 2 * length + 1
    {
        let scalar = strip_zeros(scalar);
        let Some(missing) = length.checked_sub(scalar.len()) else {
            return Ok(false);
        };
        let padded = Redacted::new([&vec![0; missing][..], scalar].concat());
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_private_key_and_public_key;
        return Ok(pair(algorithm, padded.reveal(), whole, &random).is_ok());
    }
    point.map(|point| point == whole).ok_or(BadKey::WithoutPublicPart)
}

fn parts(block: &Block) -> Result<Parts, BadKey> {
    if block.is_encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
        return Err(BadKey::Encrypted);
    }
    let fields = sequence(block.der.reveal()).ok_or(BadKey::Malformed)?;
    match block.label.as_str() {
        "PRIVATE KEY" => pkcs8(&fields),
        "RSA PRIVATE KEY" => pkcs1(&fields).ok_or(BadKey::Malformed),
        "EC PRIVATE KEY" => sec1(&fields, None),
        _ => Err(BadKey::Algorithm),
    }
}

/// `version, { algorithm, parameters }, key` (RFC 5208).
fn pkcs8(fields: &[Any<'_>]) -> Result<Parts, BadKey> {
    let algorithm = fields.get(1).and_then(|field| elements(field.data)).unwrap_or_default();
    let key = fields.get(2).filter(|field| field.tag() == Tag::OctetString);
    let identifier = algorithm.first().and_then(oid).ok_or(BadKey::Malformed)?.to_id_string();
    let inner = key.and_then(|key| sequence(key.data));
    match identifier.as_str() {
        "1.2.840.113549.1.1.1" => inner.and_then(|key| pkcs1(&key)).ok_or(BadKey::Malformed),
        "1.2.840.10045.2.1" => {
            let curve = algorithm.get(1).and_then(oid).and_then(|oid| Curve::of(&oid));
            sec1(&inner.ok_or(BadKey::Malformed)?, Some(curve.ok_or(BadKey::Algorithm)?))
        }
        _ => Err(BadKey::Algorithm),
    }
}

/// `version, n, e, d, ...` (RFC 8017).
fn pkcs1(fields: &[Any<'_>]) -> Option<Parts> {
    let integer = |index: usize| {
        let field = fields.get(index).filter(|field| field.tag() == Tag::Integer)?;
        Some(strip_zeros(field.data).to_vec())
    };
    let is_whole = (0..9).all(|index| integer(index).is_some());
    is_whole.then_some(())?;
    Some(Parts::Rsa { modulus: integer(1)?, exponent: integer(2)? })
}

/// `version, scalar, [0] curve, [1] point`, where the latter two may be missing (RFC 5915).
fn sec1(fields: &[Any<'_>], curve: Option<Curve>) -> Result<Parts, BadKey> {
    let scalar = fields.get(1).filter(|field| field.tag() == Tag::OctetString);
    let scalar = Redacted::new(scalar.ok_or(BadKey::Malformed)?.data.to_vec());
    let tagged = |number| {
        let field = fields.iter().skip(2).find(|field| field.tag() == Tag(number))?;
        elements(field.data)?.into_iter().next()
    };
    let named = tagged(0).as_ref().and_then(oid);
    let named = named.map(|oid| Curve::of(&oid).ok_or(BadKey::Algorithm)).transpose()?;
    // A bit string opens with the number of its unused bits.
    let point = tagged(1).and_then(|bits| bits.data.get(1..).map(<[u8]>::to_vec));
    Ok(Parts::Ec { curve: curve.or(named), scalar, point })
}

fn sequence(der: &[u8]) -> Option<Vec<Any<'_>>> {
    let (rest, outer) = Any::from_der(der).ok()?;
    (outer.tag() == Tag::Sequence && rest.is_empty()).then(|| elements(outer.data))?
}

fn elements(mut der: &[u8]) -> Option<Vec<Any<'_>>> {
    let mut elements = Vec::new();
    while !der.is_empty() {
        let (rest, element) = Any::from_der(der).ok()?;
        elements.push(element);
        der = rest;
    }
    Some(elements)
}

fn oid<'a>(any: &Any<'a>) -> Option<Oid<'a>> {
    any.clone().oid().ok()
}

/// An unsigned number without the zeros that DER or a fixed width put before it.
pub(super) fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros..]
}
