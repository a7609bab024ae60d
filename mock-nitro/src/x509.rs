//! Reads certificate and key files as the appliance does: what NITRO shows of a certificate,
//! whether a key belongs to it, and whether it issued another one.

mod cache;
mod key;
mod name;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp, civil};
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::oid_registry::{self, Oid};
use x509_parser::pem::Pem;
use x509_parser::prelude::{FromDer, X509Version};
use x509_parser::public_key::PublicKey as ParsedKey;

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
    /// The modulus is shorter than 512 bits.
    TooSmall,
    /// The length of the modulus is no multiple of 512 bits.
    OddSize,
}

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

/// Whether a certificate is within its dates (`sslcertkey.status`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    NotYetValid,
    Valid,
    Expired,
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
    not_before: i64,
    not_after: i64,
    /// Subject and issuer in the form in which names are compared.
    canonical_subject: String,
    canonical_issuer: String,
    subject_key_id: Option<Vec<u8>>,
    authority_key_id: Option<Vec<u8>>,
    der: Vec<u8>,
}

/// What the extended key usage of a certificate allows; without one, everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) client: bool,
    pub(crate) server: bool,
}

/// What a certkey holds: the certificate, and whether its private key came with it. It stays in
/// use when the files are gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Material {
    pub(crate) certificate: Certificate,
    pub(crate) has_key: bool,
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
    if let Some(key) = key {
        let key = key::PrivateKey::read(key, encoding).ok_or(Fault::Key)?;
        if !key.belongs_to(&certificate.public_key) {
            return Err(Fault::Mismatch);
        }
    }
    certificate.public_key.check_size()?;
    Ok(Material { certificate, has_key: key.is_some() })
}

impl Certificate {
    fn read(file: &[u8], encoding: Encoding) -> Result<Self, Fault> {
        match encoding {
            Encoding::Pem => {
                let der = first_pem_block(file, &["CERTIFICATE", "X509 CERTIFICATE"])
                    .ok_or(Fault::Certificate)?;
                Self::parse(&der)
            }
            Encoding::Der => Self::parse(file),
        }
    }

    fn parse(der: &[u8]) -> Result<Self, Fault> {
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
            serial: hex(strip_zeros(parsed.raw_serial())),
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

    /// Whether `issuer` issued this one: its subject is named, its key is meant, and the signature
    /// is its own where the algorithm is one that can be checked.
    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        let key_is_meant = match (&self.authority_key_id, &issuer.subject_key_id) {
            (Some(meant), Some(held)) => meant == held,
            (None, _) | (_, None) => true,
        };
        self.canonical_issuer == issuer.canonical_subject
            && key_is_meant
            && cache::issued((self.digest, issuer.digest), || self.is_signed_by(issuer))
    }

    fn is_signed_by(&self, issuer: &Self) -> bool {
        let (Ok((_, child)), Ok((_, parent))) =
            (X509Certificate::from_der(&self.der), X509Certificate::from_der(&issuer.der))
        else {
            return false;
        };
        verifies(&child, &parent).unwrap_or(true)
    }

    pub(crate) fn key_type(&self) -> KeyType {
        match self.public_key {
            PublicKey::Rsa { .. } => KeyType::Rsa,
            PublicKey::Ecdsa { .. } => KeyType::Ecdsa,
        }
    }

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

impl PublicKey {
    fn of(certificate: &X509Certificate<'_>) -> Result<Self, Fault> {
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

    /// Its name in OpenSSL's words, which NITRO shows.
    pub(crate) fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "rsaEncryption",
            Self::Ecdsa { .. } => "id-ecPublicKey",
        }
    }

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

    /// The sizes that the appliance takes (documented with codes 1562, 3590 and 3645).
    fn check_size(&self) -> Result<(), Fault> {
        match self {
            Self::Ecdsa { .. } => Ok(()),
            Self::Rsa { .. } => match self.bits() {
                0..512 => Err(Fault::TooSmall),
                4097.. => Err(Fault::TooLarge),
                bits if bits % 512 != 0 => Err(Fault::OddSize),
                _ => Ok(()),
            },
        }
    }
}

impl Curve {
    fn of(oid: &Oid<'_>) -> Option<Self> {
        match oid.to_id_string().as_str() {
            "1.3.132.0.33" => Some(Self::P224),
            "1.2.840.10045.3.1.7" => Some(Self::P256),
            "1.3.132.0.34" => Some(Self::P384),
            "1.3.132.0.35" => Some(Self::P521),
            _ => None,
        }
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

/// The content of the first PEM block with one of these labels.
fn first_pem_block(file: &[u8], labels: &[&str]) -> Option<Vec<u8>> {
    Pem::iter_from_buffer(file)
        .map_while(Result::ok)
        .find(|block| labels.contains(&block.label.as_str()))
        .map(|block| block.contents)
}

/// Whether `child` carries the signature of `parent`; nothing if its algorithm is unknown here.
fn verifies(child: &X509Certificate<'_>, parent: &X509Certificate<'_>) -> Option<bool> {
    use x509_parser::error::X509Error;
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
    let Ok(Some(extension)) = certificate.subject_alternative_name() else {
        return (Vec::new(), Vec::new());
    };
    let names = &extension.value.general_names;
    let dns = names.iter().filter_map(|name| match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        _ => None,
    });
    let ip = names.iter().filter_map(|name| match name {
        GeneralName::IPAddress(ip) => match ip.len() {
            4 => <[u8; 4]>::try_from(*ip).ok().map(IpAddr::from),
            16 => <[u8; 16]>::try_from(*ip).ok().map(IpAddr::from),
            _ => None,
        },
        _ => None,
    });
    (dns.collect(), ip.collect())
}

fn subject_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

fn authority_key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(id) => {
            id.key_identifier.as_ref().map(|id| id.0.to_vec())
        }
        _ => None,
    })
}

/// OpenSSL's name of a signature algorithm, or its number.
fn algorithm_name(oid: &Oid<'_>) -> String {
    let registry = oid_registry::OidRegistry::default().with_crypto();
    registry.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
}

fn strip_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    &bytes[zeros.min(bytes.len().saturating_sub(1))..]
}

/// Upper case, two digits a byte: how OpenSSL prints a serial number.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn openssl_date(seconds: i64) -> String {
    let epoch = civil::date(1970, 1, 1).at(0, 0, 0, 0);
    let date =
        epoch.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(civil::DateTime::MAX);
    date.strftime("%b %e %H:%M:%S %Y GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(p256.san_ip, ["192.0.2.7".parse::<IpAddr>().unwrap()]);
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
            assert!(load(certificate, Some(key), Encoding::Pem).unwrap().has_key);
        }
        let der = load(fixture!("leaf-v1.der.crt"), Some(fixture!("leaf-v1.der.key")), Encoding::Der);
        assert_eq!(der.unwrap().certificate, certificate(LEAF));
        let pair = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
        let (pem, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        assert!(load(pem.as_bytes(), Some(key.as_bytes()), Encoding::Pem).is_ok());
    }

    #[test]
    fn certificate_and_key_may_stand_in_one_file_and_the_first_certificate_counts() {
        let all = [LEAF, ROOT, LEAF_KEY].concat();
        let loaded = load(&all, Some(&all), Encoding::Pem).unwrap();
        assert_eq!(loaded.certificate, certificate(LEAF));
    }

    #[test]
    fn each_fault_of_a_file_has_its_own_answer() {
        let cases: [(&str, &[u8], Option<&[u8]>, Fault); 9] = [
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
