//! The certificate of the management port, and TLS as the appliance offers it: without HTTP/2, which
//! has no reason phrases.

use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate file holds no certificate.
    #[error("no certificate in the certificate file")]
    Certificate(#[source] rustls_pki_types::pem::Error),
    /// The key file holds no private key.
    #[error("no private key in the key file")]
    Key(#[source] rustls_pki_types::pem::Error),
    /// No certificate could be made.
    #[error("a certificate could not be made")]
    Make(#[source] rcgen::Error),
    /// A CA for clients cannot be used.
    #[error("a CA that clients are verified by is no certificate that this appliance takes")]
    Authority,
    /// The certificate and the key cannot be used together.
    #[error("the certificate and the key cannot be used")]
    Use(#[source] rustls::Error),
}

/// A certificate with its key, both in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, and its chain if it has one.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// Makes a self-signed certificate for this machine and further names.
pub fn self_signed(names: &[String]) -> Result<Identity, Error> {
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let names = local.into_iter().chain(names.iter().cloned()).collect::<Vec<_>>();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(names).map_err(Error::Make)?;
    Ok(Identity { certificate: cert.pem(), key: signing_key.serialize_pem() })
}

/// TLS with this certificate.
pub fn acceptor(identity: &Identity) -> Result<TlsAcceptor, Error> {
    let chain = CertificateDer::pem_slice_iter(identity.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(Error::Certificate)?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(Error::Key)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(Error::Use)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
