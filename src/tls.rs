//! X.509 as far as Ingresses need it: PEM bundles, key match, CA checks, host coverage, expiry.

mod certificate;
mod chain;
mod fault;
mod key;
mod pem;
mod public_key;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use crate::model::{CertificateId, IssuerSerial, KeyType, Redacted};
use certificate::{BadCertificate, Parsed};
pub use fault::{BlockProblem, Encoding, Fault, Finding};
use key::BadKey;
use pem::Block;

/// The values of a Secret, as [`crate::snapshot::Secret`] holds them.
pub type SecretData = BTreeMap<String, Redacted<Vec<u8>>>;

/// Reads a certificate with its key: `tls.crt` and `tls.key`. The certificate that the key belongs
/// to may stand anywhere in the bundle.
pub fn server_pair(data: &SecretData) -> Result<KeyPair, Fault> {
    let mut certificates = certificates("tls.crt", value(data, &["tls.crt"])?.1)?;
    let key_block = key_block("tls.key", value(data, &["tls.key"])?.1)?;
    let mut leaf = None;
    for (index, certificate) in certificates.iter().enumerate() {
        if belongs("tls.key", &key_block, certificate)? {
            leaf = Some(index);
            break;
        }
    }
    let Some(leaf) = leaf else {
        return Err(Fault::KeyMismatch { subject: certificates[0].certificate.subject.clone() });
    };
    let leaf = certificates.remove(leaf);
    let chain = chain::take(&leaf, &mut certificates);
    let mut findings: Vec<Finding> = naming(&leaf).into_iter().collect();
    findings.extend(
        certificates
            .into_iter()
            .map(|unused| Finding::Unused { key: "tls.crt", subject: unused.certificate.subject }),
    );
    Ok(KeyPair {
        leaf: leaf.certificate,
        key: PrivateKey {
            pem: Redacted::new(pem::write(&key_block.label, key_block.der.reveal())),
        },
        chain: chain.into_iter().map(|link| link.certificate).collect(),
        findings,
    })
}

/// Reads the authorities of a Secret: all certificates of `ca.crt`, or else of `tls.crt`.
pub fn authorities(data: &SecretData) -> Result<Authorities, Fault> {
    let (key, bundle) = value(data, &["ca.crt", "tls.crt"])?;
    let mut read = Authorities { key, certificates: Vec::new(), findings: Vec::new() };
    for Parsed { certificate, .. } in certificates(key, bundle)? {
        let subject = certificate.subject.clone();
        if !certificate.is_ca {
            return Err(Fault::NotCa { key, subject, version: certificate.version });
        }
        if certificate.version == 1 {
            read.findings.push(Finding::Version1 { subject, as_ca: true });
        }
        read.certificates.push(certificate);
    }
    Ok(read)
}

/// A certificate with its key and the way to its root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// The certificate that the key belongs to.
    pub leaf: Certificate,
    /// The key.
    pub key: PrivateKey,
    /// The issuer of the leaf, then that one's issuer, as far as the bundle goes.
    pub chain: Vec<Certificate>,
    /// What is to be said about the bundle, dates and hosts aside.
    pub findings: Vec<Finding>,
}

/// Certificates to verify others against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities {
    /// The key of the Secret that holds them: `ca.crt` or `tls.crt`.
    pub key: &'static str,
    /// The certificates, each once. There is at least one.
    pub certificates: Vec<Certificate>,
    /// What is to be said about them, dates aside.
    pub findings: Vec<Finding>,
}

/// One certificate, read and understood. Its `Debug` form names it and does not hold it.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its content.
    pub id: CertificateId,
    /// Itself as one PEM block, ready for a file.
    pub pem: String,
    /// The DNS names that it covers, in lower case: its SANs, or else its common name.
    pub names: BTreeSet<String>,
    /// The subject as text, for messages.
    pub subject: String,
    /// Issuer and serial number.
    pub issuer_serial: IssuerSerial,
    /// The subject in DER, to find issuers.
    pub subject_der: Vec<u8>,
    /// The issuer's subject in DER.
    pub issuer_der: Vec<u8>,
    /// The algorithm of its key.
    pub key_type: KeyType,
    /// Whether it may issue certificates: `cA` is set, or it is a self-signed X.509 v1 certificate.
    pub is_ca: bool,
    /// Its X.509 version, 1 to 3.
    pub version: u32,
    /// When it starts to be valid.
    pub not_before: Timestamp,
    /// When it ends to be valid.
    pub not_after: Timestamp,
}

/// A private key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// One PEM block, ready for a file.
    pub pem: Redacted<String>,
}

/// A certificate as it goes onto the appliance: one certkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key, where a Secret holds it.
    pub key: Option<PrivateKey>,
    /// The certificate that its certkey is linked to: its issuer in the chain.
    pub issuer: Option<CertificateId>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, subject, .. } = self;
        f.debug_struct("Certificate")
            .field("id", id)
            .field("subject", subject)
            .finish_non_exhaustive()
    }
}

impl KeyPair {
    /// The certkeys that it becomes: the leaf with its key, linked to its issuer, and so on.
    pub fn materials(&self) -> Vec<Material> {
        let certificates: Vec<&Certificate> = [&self.leaf].into_iter().chain(&self.chain).collect();
        let issuers = certificates.iter().skip(1).map(|issuer| Some(issuer.id.clone()));
        let keys = [Some(self.key.clone())].into_iter().chain(std::iter::repeat(None));
        certificates
            .iter()
            .zip(issuers.chain([None]))
            .zip(keys)
            .map(|((certificate, issuer), key)| Material {
                certificate: (*certificate).clone(),
                key,
                issuer,
            })
            .collect()
    }
}

impl Material {
    /// What names the file of its key: the digest of certificate and key.
    pub fn key_digest(&self) -> Option<String> {
        let key = self.key.as_ref()?.pem.reveal();
        let both = Redacted::new([self.certificate.pem.as_bytes(), key.as_bytes()].concat());
        Some(CertificateId::of_der(both.reveal()).to_string())
    }
}

/// The first of `wanted` that is there. An empty one counts: who empties a bundle of authorities
/// means to trust nobody, not whatever else the Secret holds.
fn value<'a>(
    data: &'a SecretData,
    wanted: &'static [&'static str],
) -> Result<(&'static str, &'a [u8]), Fault> {
    let mut present = wanted.iter().filter_map(|key| Some((*key, data.get(*key)?)));
    let (key, value) = present
        .next()
        .ok_or_else(|| Fault::KeyMissing { wanted, present: data.keys().cloned().collect() })?;
    Ok((key, value.reveal()))
}

/// All certificates of a bundle, each once. At least one comes back.
fn certificates(key: &'static str, bundle: &[u8]) -> Result<Vec<Parsed>, Fault> {
    let wanted = "CERTIFICATE";
    let blocks =
        pem::read(bundle).map_err(|found| Fault::NotPem { key, wanted, found: found.into() })?;
    let mut certificates: Vec<Parsed> = Vec::new();
    for block in blocks.iter().filter(|block| is_certificate(block)) {
        let parsed = certificate::read(block.der.reveal()).map_err(|bad| Fault::BadBlock {
            key,
            line: block.line,
            problem: match bad {
                BadCertificate::Malformed => BlockProblem::NoCertificate,
                BadCertificate::Algorithm => BlockProblem::Algorithm,
            },
        })?;
        if certificates.iter().all(|known| known.certificate.id != parsed.certificate.id) {
            certificates.push(parsed);
        }
    }
    if certificates.is_empty() {
        let found = blocks.into_iter().map(|block| block.label).collect();
        return Err(Fault::BlockMissing { key, wanted, found });
    }
    Ok(certificates)
}

/// The names under which openssl has written certificates.
fn is_certificate(block: &Block) -> bool {
    matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE")
}

fn key_block(key: &'static str, bytes: &[u8]) -> Result<Block, Fault> {
    let wanted = "PRIVATE KEY";
    let blocks =
        pem::read(bytes).map_err(|found| Fault::NotPem { key, wanted, found: found.into() })?;
    let found = blocks.iter().map(|block| block.label.clone()).collect();
    let first = blocks.into_iter().find(key::is_key);
    first.ok_or(Fault::BlockMissing { key, wanted, found })
}

fn belongs(key: &'static str, block: &Block, certificate: &Parsed) -> Result<bool, Fault> {
    key::belongs_to(block, &certificate.public_key).map_err(|bad| Fault::BadBlock {
        key,
        line: block.line,
        problem: match bad {
            BadKey::Encrypted => BlockProblem::Encrypted,
            BadKey::Algorithm => BlockProblem::Algorithm,
            BadKey::Malformed => BlockProblem::NoKey,
            BadKey::WithoutPublicPart => BlockProblem::WithoutPublicPart,
        },
    })
}

fn naming(leaf: &Parsed) -> Option<Finding> {
    let subject = leaf.certificate.subject.clone();
    if leaf.certificate.version == 1 {
        return Some(Finding::Version1 { subject, as_ca: false });
    }
    leaf.is_named_by_common_name.then_some(Finding::CommonNameOnly { subject })
}

#[cfg(test)]
mod tests;
