//! The way from a certificate to its root through what a bundle holds.

use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;

use super::certificate::Parsed;

/// Takes the chain of `leaf` out of `others`: its issuer first, then that one's issuer. What does
/// not belong to it stays behind.
pub(super) fn take(leaf: &Parsed, others: &mut Vec<Parsed>) -> Vec<Parsed> {
    let mut chain: Vec<Parsed> = Vec::new();
    loop {
        let last = chain.last().unwrap_or(leaf);
        let Some(issuer) = issuer(last, others) else {
            return chain;
        };
        chain.push(others.remove(issuer));
    }
}

/// The place of the issuer of a certificate. Where several have the right name (a CA that changed
/// its key), the one that signed it.
fn issuer(certificate: &Parsed, others: &[Parsed]) -> Option<usize> {
    if certificate.certificate.is_self_issued() {
        return None;
    }
    let named = (0..others.len())
        .filter(|i| others[*i].certificate.subject_der == certificate.certificate.issuer_der);
    named
        .map(|i| (signed(certificate, &others[i]), i))
        .filter(|(verdict, _)| *verdict != Verdict::No)
        .max_by_key(|(verdict, i)| (*verdict, std::cmp::Reverse(*i)))
        .map(|(_, i)| i)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    No,
    Unknown,
    Yes,
}

fn signed(certificate: &Parsed, issuer: &Parsed) -> Verdict {
    let parsed = X509Certificate::from_der(&certificate.der);
    let (Ok((_, certificate)), Ok((_, issuer))) = (parsed, X509Certificate::from_der(&issuer.der))
    else {
        return Verdict::Unknown;
    };
    let issuer_is_short = issuer
        .public_key()
        .parsed()
        .is_ok_and(|key| matches!(key, PublicKey::RSA(_)) && key.key_size() < 2048);
    match certificate.verify_signature(Some(issuer.public_key())) {
        Ok(()) => Verdict::Yes,
        Err(X509Error::SignatureUnsupportedAlgorithm) => Verdict::Unknown,
        // ring checks no signature of a shorter key, whatever it is worth.
        Err(_) if issuer_is_short => Verdict::Unknown,
        Err(_) => Verdict::No,
    }
}
