//! Whether the other side of a handshake has the private key of the certificate that it shows. The
//! library reads certificates more strictly than we do, so it is given the bare key.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key};
use rustls::{DigitallySignedStruct, Error, PeerMisbehaved, SignatureScheme};
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use x509_parser::asn1_rs::Any;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

/// The public key of a certificate, as the certificate has it.
pub(super) struct BareKey<'a> {
    info: SubjectPublicKeyInfoDer<'a>,
    /// What is inside the sequence that says of which kind it is.
    algorithm: &'a [u8],
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
        let (rest, algorithm) = Any::from_der(outer.data).ok()?;
        let (_, bits) = Any::from_der(rest).ok()?;
        // A bit string opens with the number of its unused bits.
        let bits = bits.data.get(1..)?;
        Some(Self { info: SubjectPublicKeyInfoDer::from(info), algorithm: algorithm.data, bits })
    }

    /// Whether its private half signed the handshake of TLS 1.2, where a scheme does not say which
    /// curve the key is on.
    pub(super) fn verify_tls12(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = algorithms();
        let mut of_scheme =
            algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
        let fitting = of_scheme.next().and_then(|(_, algorithms)| {
            algorithms.iter().find(|known| known.public_key_alg_id().as_ref() == self.algorithm)
        });
        let fitting = fitting.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        fitting
            .verify_signature(self.bits, message, signed.signature())
            .map(|()| HandshakeSignatureValid::assertion())
            .map_err(|_| rustls::CertificateError::BadSignature.into())
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
