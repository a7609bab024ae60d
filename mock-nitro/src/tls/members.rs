//! Which servers a back end takes for its members.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::signature::{self, BareKey};
use super::{Clock, refusal};
use crate::x509::chain::{self, Purpose, Reason, Rejection, Trusted};

/// Whether servers are verified (`serverauth`).
#[derive(Debug)]
pub(crate) enum Verification {
    /// Every server is taken.
    Off,
    /// Those that lead to one of the CAs and have the name, if there is one (`commonname`). Without
    /// a CA, no server is taken (assumed), and names of hosts in the certificate count beside its
    /// common name (assumed).
    On { trusted: Vec<Trusted>, common_name: Option<String> },
}

/// Judges the certificates of servers. Which name was sent to them does not matter.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    verification: Verification,
    clock: Clock,
}

impl ServerVerifier {
    pub(crate) fn new(verification: Verification, clock: Clock) -> Self {
        Self { verification, clock }
    }

    fn check(&self, shown: &[&CertificateDer<'_>]) -> Result<(), Rejection> {
        let Verification::On { trusted, common_name } = &self.verification else { return Ok(()) };
        let server = chain::check(shown, trusted, Purpose::Server, self.clock.now())?;
        match common_name {
            Some(name) if !server.stands_for(name) => Err(Rejection::of(&server, Reason::Host)),
            Some(_) | None => Ok(()),
        }
    }
}

fn key<'a>(certificate: &'a CertificateDer<'_>) -> Result<BareKey<'a>, Error> {
    BareKey::of(certificate).ok_or_else(|| rustls::CertificateError::BadEncoding.into())
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _sent: &ServerName<'_>,
        _stapled: &[u8],
        _wall_clock: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let shown: Vec<_> = std::iter::once(own).chain(others).collect();
        self.check(&shown).map_err(refusal)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        key(certificate)?.verify_tls12(message, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        key(certificate)?.verify_tls13(message, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature::schemes()
    }
}
