//! Whether the other side of a handshake has the private key of the certificate that it shows. The
//! library reads certificates more strictly than we do, so it is given the bare key.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use x509_parser::asn1_rs::Any;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// The public key of a certificate, as the certificate has it.
pub(super) struct BareKey<'a> {
    info: SubjectPublicKeyInfoDer<'a>,
    /// The key itself, without its kind.
    bits: &'a [u8],
}

fn algorithms() -> WebPkiSupportedAlgorithms {
    ring::default_provider().signature_verification_algorithms
}

/// The signatures that can be verified.
pub(super) fn schemes() -> Vec<SignatureScheme> {
    algorithms().supported_schemes()
}

impl<'a> BareKey<'a> {
    /// Nothing if these bytes are no certificate.
    pub(super) fn of(certificate: &'a CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let info = parsed.tbs_certificate.subject_pki.raw;
        let (_, outer) = Any::from_der(info).ok()?;
        let (bits, _kind) = Any::from_der(outer.data).ok()?;
        let (_, bits) = Any::from_der(bits).ok()?;
        // A bit string opens with the number of its unused bits.
        let bits = bits.data.get(1..)?;
        Some(Self { info: SubjectPublicKeyInfoDer::from(info), bits })
    }

    /// Whether its private half signed the handshake of TLS 1.2.
    pub(super) fn verify_tls12(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if is_signed(self.bits, message, signed.scheme, signed.signature()) {
            Ok(HandshakeSignatureValid::assertion())
        } else {
            Err(rustls::CertificateError::BadSignature.into())
        }
    }

    /// The same of TLS 1.3.
    pub(super) fn verify_tls13(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature_with_raw_key(message, &self.info, signed, &algorithms())
    }
}

/// In TLS 1.2 a scheme does not say which curve a key is on: each that it may be on is tried.
fn is_signed(key: &[u8], message: &[u8], scheme: SignatureScheme, signature: &[u8]) -> bool {
    let all = algorithms();
    let of_scheme = all.mapping.iter().filter(|(known, _)| *known == scheme);
    of_scheme
        .flat_map(|(_, algorithms)| *algorithms)
        .any(|algorithm| algorithm.verify_signature(key, message, signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key on P-384 and its signature of `handshake` with SHA-256, which ring verifies and does not
    /// make: `openssl dgst -sha256 -sign`.
    const KEY: &str = "048f4984f368e7f62221d4b3fa23b45d70eb80fd5caebb7e4e6d5aed0d14415414c564c3fdcec991\
        b1b550f2f489fd8ea8d12401435a5d28acebfe9d9e2ef61f36e6752ba71cdf9bcc646462d134a189\
        75e501e9c996fc68824b93b75a702743ed";
    const SIGNATURE: &str = "306502303f97c9e1dba0d0d1753c546234a5a2b32e99db9e1050916d06f59d64297e4e0feebbb3be\
        43f407ac3dfb9d72f715f6d9023100eaddf6ce29467876bfd7d25425a870b95a1ae542504b6f3243\
        7b1a2d100afd37fbbef3bfbed9decbc3f413a531614659";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> =
            hex.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
        digits.chunks(2).map(|pair| 16 * pair[0] + pair[1]).collect()
    }

    #[test]
    fn in_tls_1_2_a_scheme_does_not_say_on_which_curve_a_key_is() {
        let signed =
            |message: &[u8], scheme| is_signed(&bytes(KEY), message, scheme, &bytes(SIGNATURE));
        assert!(signed(b"handshake", SignatureScheme::ECDSA_NISTP256_SHA256));
        assert!(!signed(b"another", SignatureScheme::ECDSA_NISTP256_SHA256));
        assert!(!signed(b"handshake", SignatureScheme::ECDSA_NISTP384_SHA384));
        assert!(!signed(b"handshake", SignatureScheme::RSA_PKCS1_SHA256));
        assert!(!signed(b"handshake", SignatureScheme::ECDSA_SHA1_Legacy));
    }
}
