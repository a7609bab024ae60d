//! Reads certificate and key files as the appliance does: what NITRO shows of a certificate,
//! whether a key belongs to it, whether it issued another one, and whether it leads to a CA that is
//! accepted.

mod cache;
mod certificate;
pub(crate) mod chain;
mod key;
mod name;
mod public_key;
mod revocation;

use std::sync::Arc;

use rustls_pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};
use x509_parser::pem::Pem;

pub(crate) use certificate::{Certificate, Status};
pub(crate) use name::{cover, slashed};
pub(crate) use public_key::KeyType;
pub(crate) use revocation::{Revocation, RevocationList, Strictness};

/// SHA-256 of what it identifies.
pub(crate) type ContentDigest = [u8; 32];

/// How certificate and key files are encoded (`sslcertkey.inform`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Text with `-----BEGIN`.
    Pem,
    /// The bare bytes.
    Der,
}

/// Why the appliance does not take a certificate or its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The file holds no certificate.
    Certificate,
    /// Its public key is neither RSA nor ECDSA.
    KeyType,
    /// Its elliptic curve is not one of P-224, P-256, P-384 and P-521.
    Curve,
    /// The file holds no private key, or one that needs a pass phrase.
    Key,
    /// The private key belongs to another certificate.
    Mismatch,
    /// The modulus is longer than 4096 bits.
    TooLarge,
    /// The same, of a CA.
    TooLargeCa,
    /// The modulus is shorter than 512 bits.
    TooSmall,
    /// The length of the modulus is no multiple of 512 bits.
    OddSize,
}

/// What a certkey holds: the certificate, and its private key if that came with it. It stays in use
/// when the files are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Material {
    pub(crate) certificate: Certificate,
    /// Its `Debug` shows nothing of it.
    key: Option<Arc<PrivateKeyDer<'static>>>,
}

impl Material {
    /// The private key, in the form in which it came.
    pub(crate) fn key(&self) -> Option<&PrivateKeyDer<'static>> {
        self.key.as_deref()
    }

    /// Whether the private key came with the certificate.
    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }
}

/// Reads a certificate file and, where there is one, its key file. Of several certificates in one
/// file the first counts (assumed). Answers are remembered by content.
pub(crate) fn load(
    certificate: &[u8],
    key: Option<&[u8]>,
    encoding: Encoding,
) -> Result<Arc<Material>, Fault> {
    let mut content = Sha256::new();
    content.update([encoding as u8, u8::from(key.is_some())]);
    content.update(certificate.len().to_be_bytes());
    content.update(certificate);
    content.update(key.unwrap_or_default());
    cache::material(content.finalize().into(), || read(certificate, key, encoding).map(Arc::new))
}

fn read(certificate: &[u8], key: Option<&[u8]>, encoding: Encoding) -> Result<Material, Fault> {
    let certificate = Certificate::read(certificate, encoding)?;
    let key = key.map(|file| private_key(file, encoding, &certificate)).transpose()?.map(Arc::new);
    certificate.public_key.check_size(certificate.is_ca)?;
    Ok(Material { certificate, key })
}

fn private_key(
    file: &[u8],
    encoding: Encoding,
    certificate: &Certificate,
) -> Result<PrivateKeyDer<'static>, Fault> {
    let (key, der) = key::PrivateKey::read(file, encoding).ok_or(Fault::Key)?;
    if key.belongs_to(&certificate.public_key) { Ok(der) } else { Err(Fault::Mismatch) }
}

/// The content of the first PEM block with one of these labels.
fn first_pem_block(file: &[u8], labels: &[&str]) -> Option<Vec<u8>> {
    Pem::iter_from_buffer(file)
        .map_while(Result::ok)
        .find(|block| labels.contains(&block.label.as_str()))
        .map(|block| block.contents)
}

/// A number without its leading zero bytes.
fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros.min(bytes.len().saturating_sub(1))..]
}

#[cfg(test)]
mod workshop;
#[cfg(test)]
pub(crate) use workshop::{Authority, Made, expired, only_for};

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::certificate::openssl_date;
    use super::*;

    /// Made with openssl, because rcgen makes neither version 1 nor RSA: `openssl x509 -req` without
    /// extensions gives version 1, `openssl rsa -traditional` PKCS#1, `openssl ecparam -genkey` SEC1.
    macro_rules! fixture {
        ($name:literal) => {
            include_bytes!(concat!("../tests/fixtures/", $name))
        };
    }

    const ROOT: &[u8] = fixture!("root-v1.crt");
    const LEAF: &[u8] = fixture!("leaf-v1.crt");
    const LEAF_KEY: &[u8] = fixture!("leaf-v1.key");

    #[track_caller]
    fn certificate(file: &[u8]) -> Certificate {
        load(file, None, Encoding::Pem).unwrap().certificate.clone()
    }

    #[test]
    fn it_shows_a_certificate_in_the_words_of_nitro() {
        let leaf = certificate(LEAF);
        assert_eq!(leaf.subject, " O=Example,CN=shop.example");
        assert_eq!(leaf.issuer, " C=US,O=Example,CN=Example Root");
        assert_eq!(leaf.serial, "80F2");
        assert_eq!(leaf.version, 1);
        assert_eq!(leaf.signature_algorithm, "sha256WithRSAEncryption");
        assert_eq!(leaf.public_key.algorithm(), "rsaEncryption");
        assert_eq!(leaf.public_key.bits(), 2048);
        let p256 = certificate(fixture!("p256.crt"));
        assert_eq!(p256.san_dns, ["p256.example", "*.p256.example"]);
        assert_eq!(p256.san_ip, ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!(p256.signature_algorithm, "ecdsa-with-SHA256");
        assert_eq!((p256.version, p256.public_key.bits()), (3, 256));
    }

    #[test]
    fn dates_have_the_form_of_openssl() {
        assert_eq!(openssl_date(1_767_225_600), "Jan  1 00:00:00 2026 GMT");
        assert_eq!(openssl_date(253_402_300_799), "Dec 31 23:59:59 9999 GMT");
    }

    #[test]
    fn a_certificate_is_valid_between_its_dates() {
        let leaf = certificate(LEAF);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(leaf.status(at(leaf.not_before - 1)), Status::NotYetValid);
        assert_eq!(leaf.status(at(leaf.not_before)), Status::Valid);
        assert_eq!(leaf.status(at(leaf.not_after + 1)), Status::Expired);
        assert_eq!(leaf.days_to_expiration(at(leaf.not_after - 86_400)), 1);
        assert_eq!(leaf.days_to_expiration(at(leaf.not_after + 86_400)), 0);
    }

    #[test]
    fn a_self_signed_version_1_certificate_is_a_ca_and_another_is_not() {
        assert!(certificate(ROOT).is_ca);
        assert!(!certificate(LEAF).is_ca);
        assert!(certificate(LEAF).is_issued_by(&certificate(ROOT)));
        assert!(!certificate(ROOT).is_issued_by(&certificate(LEAF)));
    }

    #[test]
    fn names_are_equal_whatever_their_case_and_string_type() {
        use rcgen::{CertificateParams, DnType, DnValue, KeyPair};
        let name = |value: DnValue| {
            let mut params = CertificateParams::default();
            params.distinguished_name = rcgen::DistinguishedName::new();
            params.distinguished_name.push(DnType::OrganizationName, value);
            let file = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
            certificate(file.as_bytes()).canonical_subject
        };
        let text = name(DnValue::Utf8String("Example  Org".into()));
        assert_eq!(text, name(DnValue::PrintableString("example org".try_into().unwrap())));
        assert_ne!(text, name(DnValue::Utf8String("ExampleOrg".into())));
    }

    #[test]
    fn a_certificate_with_the_issuers_name_and_another_signature_is_not_its_issuer() {
        use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
        let ca = || {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, "CA");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let file = params.self_signed(&key).unwrap().pem();
            (certificate(file.as_bytes()), Issuer::new(params, key))
        };
        let ((meant, issuer), (namesake, _)) = (ca(), ca());
        let params = CertificateParams::new(["shop.example".to_owned()]).unwrap();
        let leaf = params.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().pem();
        let leaf = certificate(leaf.as_bytes());
        assert!(meant.is_ca && leaf.is_issued_by(&meant));
        assert!(!leaf.is_issued_by(&namesake));
    }

    #[test]
    fn a_key_is_taken_in_each_form_that_openssl_writes() {
        let pem: [(&[u8], &[u8]); 5] = [
            (LEAF, LEAF_KEY),
            (LEAF, fixture!("leaf-v1.pkcs1.key")),
            (fixture!("p256.crt"), fixture!("p256.sec1.key")),
            (fixture!("p521.crt"), fixture!("p521.key")),
            (fixture!("rsa1024.crt"), fixture!("rsa1024.key")),
        ];
        for (certificate, key) in pem {
            assert!(load(certificate, Some(key), Encoding::Pem).unwrap().has_key());
        }
        let der =
            load(fixture!("leaf-v1.der.crt"), Some(fixture!("leaf-v1.der.key")), Encoding::Der);
        assert_eq!(der.unwrap().certificate, certificate(LEAF));
        let pair = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (pem, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        assert!(load(pem.as_bytes(), Some(key.as_bytes()), Encoding::Pem).is_ok());
    }

    #[test]
    fn the_key_is_kept_in_the_form_in_which_it_came_and_not_printed() {
        let kept = |certificate, key| load(certificate, Some(key), Encoding::Pem).unwrap();
        let pkcs8 = kept(LEAF, LEAF_KEY);
        assert!(matches!(pkcs8.key(), Some(PrivateKeyDer::Pkcs8(_))));
        let pkcs1 = kept(LEAF, fixture!("leaf-v1.pkcs1.key"));
        assert!(matches!(pkcs1.key(), Some(PrivateKeyDer::Pkcs1(_))));
        let sec1 = kept(fixture!("p256.crt"), fixture!("p256.sec1.key"));
        assert!(matches!(sec1.key(), Some(PrivateKeyDer::Sec1(_))));
        let without = load(LEAF, None, Encoding::Pem).unwrap();
        assert!(without.key().is_none());
        let key = sec1.key().unwrap().secret_der();
        let printed = format!("{sec1:?}");
        assert!(printed.contains("elided") && !printed.contains(&format!("{:?}", &key[..8])[1..]));
    }

    #[test]
    fn certificate_and_key_may_stand_in_one_file_and_the_first_certificate_counts() {
        let all = [LEAF, ROOT, LEAF_KEY].concat();
        let loaded = load(&all, Some(&all), Encoding::Pem).unwrap();
        assert_eq!(loaded.certificate, certificate(LEAF));
    }

    #[test]
    fn each_fault_of_a_file_has_its_own_answer() {
        type Case<'a> = (&'a str, &'a [u8], Option<&'a [u8]>, Fault);
        let cases: [Case<'_>; 9] = [
            ("no PEM", b"shop.example", None, Fault::Certificate),
            ("a key as certificate", LEAF_KEY, None, Fault::Certificate),
            ("DER said to be PEM", fixture!("leaf-v1.der.crt"), None, Fault::Certificate),
            ("ed25519", fixture!("ed25519.crt"), None, Fault::KeyType),
            ("secp256k1", fixture!("secp256k1.crt"), None, Fault::Curve),
            ("a certificate as key", LEAF, Some(ROOT), Fault::Key),
            ("encrypted", LEAF, Some(fixture!("leaf-v1.encrypted.key")), Fault::Key),
            ("another's key", ROOT, Some(LEAF_KEY), Fault::Mismatch),
            ("2000 bits", fixture!("rsa2000.crt"), None, Fault::OddSize),
        ];
        for (what, certificate, key, fault) in cases {
            assert_eq!(load(certificate, key, Encoding::Pem).err(), Some(fault), "{what}");
        }
        let ec = load(fixture!("p256.crt"), Some(fixture!("p521.key")), Encoding::Pem);
        assert_eq!(ec.err(), Some(Fault::Mismatch));
        let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let ec = load(fixture!("p256.crt"), Some(other.as_bytes()), Encoding::Pem);
        assert_eq!(ec.err(), Some(Fault::Mismatch));
    }

    #[test]
    fn an_rsa_key_whose_factors_are_not_its_own_is_none() {
        let mut der = fixture!("leaf-v1.der.key").to_vec();
        let middle = der.len() * 3 / 5;
        der[middle] ^= 1;
        let broken = load(fixture!("leaf-v1.der.crt"), Some(&der), Encoding::Der);
        assert_eq!(broken.err(), Some(Fault::Key));
    }
}
