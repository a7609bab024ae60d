//! Whom a front end that authenticates clients lets in.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::signature::{self, BareKey};
use super::{Clock, refusal};
use crate::x509::Certificate;
use crate::x509::chain::{self, Purpose, Rejection, Trusted};

/// What becomes of clients without a good certificate (documented).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// The handshake ends.
    Mandatory,
    /// The handshake goes on, with none and with a bad one.
    Optional,
}

/// Asks clients for certificates, and judges those that they show: in the handshake where they are
/// mandatory, and afterwards whoever asks.
#[derive(Debug)]
pub(crate) struct ClientVerifier {
    demand: Demand,
    trusted: Vec<Trusted>,
    announced: Vec<DistinguishedName>,
    /// `clientauthuseboundcachain`: what clients send beside their own certificate is not used, only
    /// what is bound (documented).
    bound_chain_only: bool,
    clock: Clock,
}

impl ClientVerifier {
    /// Lets in whoever leads to one of these CAs. Without any, nobody does (documented).
    pub(crate) fn new(demand: Demand, trusted: Vec<Trusted>, clock: Clock) -> Self {
        let announced = trusted
            .iter()
            .filter(|trusted| trusted.is_announced)
            .filter_map(|trusted| subject(&trusted.authority.certificate))
            .collect();
        Self { demand, trusted, announced, bound_chain_only: false, clock }
    }

    /// The same, using only what is bound.
    pub(crate) fn with_bound_chain_only(self) -> Self {
        Self { bound_chain_only: true, ..self }
    }

    /// Whether the client that showed these certificates is one that is let in where a certificate is
    /// mandatory, and which is its own: those of `peer_certificates()`, or none.
    pub(crate) fn check(&self, shown: &[CertificateDer<'_>]) -> Result<Certificate, Rejection> {
        let used = if self.bound_chain_only { shown.len().min(1) } else { shown.len() };
        let now = self.clock.now();
        chain::check(&shown[..used], &self.trusted, Purpose::Client, now)
    }

    /// The key of a client. Where there is none, because its certificate cannot be read, the
    /// handshake goes on if it would with any other bad certificate (assumed).
    fn verify(
        &self,
        certificate: &CertificateDer<'_>,
        signed: impl FnOnce(&BareKey<'_>) -> Result<HandshakeSignatureValid, Error>,
    ) -> Result<HandshakeSignatureValid, Error> {
        match (BareKey::of(certificate), self.demand) {
            (Some(key), _) => signed(&key),
            (None, Demand::Optional) => Ok(HandshakeSignatureValid::assertion()),
            (None, Demand::Mandatory) => Err(rustls::CertificateError::BadEncoding.into()),
        }
    }
}

/// The name of a CA as clients are told it.
fn subject(authority: &Certificate) -> Option<DistinguishedName> {
    let (_, parsed) = X509Certificate::from_der(authority.der()).ok()?;
    Some(parsed.subject().as_raw().to_vec().into())
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.demand == Demand::Mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.announced
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _wall_clock: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.demand == Demand::Mandatory {
            let shown: Vec<_> = std::iter::once(own).chain(others).cloned().collect();
            self.check(&shown).map_err(refusal)?;
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(certificate, |key| key.verify_tls12(message, signed))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(certificate, |key| key.verify_tls13(message, signed))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature::schemes()
    }
}
