//! A client that speaks TLS and takes every server, but looks at what it is shown.

use std::io;
use std::sync::Arc;

use mock_nitro::server::tls::Identity as ServerIdentity;
use rustls::crypto::ring;
use rustls::{ClientConfig, SupportedProtocolVersion};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::anybody::Anybody;
use crate::authority::Identity;
use crate::bench::{Answer, Bench, PATIENCE, ask};

/// How a client opens TLS.
#[derive(Clone)]
pub(crate) struct Hello<'a> {
    /// The name that it asks for.
    pub(crate) sni: Option<&'a str>,
    /// What it shows for itself.
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) version: &'static SupportedProtocolVersion,
}

impl<'a> Hello<'a> {
    pub(crate) fn to(sni: &'a str) -> Self {
        Self { sni: Some(sni), identity: None, version: &rustls::version::TLS13 }
    }

    pub(crate) fn showing(self, identity: &'a Identity) -> Self {
        Self { identity: Some(identity), ..self }
    }

    fn config(&self) -> ClientConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[self.version])
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody::new()));
        let mut config = match self.identity {
            None => builder.with_no_client_auth(),
            Some(Identity { pem, key }) => {
                let chain: Result<Vec<_>, _> =
                    CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(chain.unwrap(), key).unwrap()
            }
        };
        config.enable_sni = self.sni.is_some();
        config
    }
}

impl Bench {
    /// Opens TLS.
    pub(crate) async fn handshake(
        &self,
        port: u16,
        hello: &Hello<'_>,
    ) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(hello.sni.unwrap_or("nobody").to_owned()).unwrap();
        let stream = self.connect(port).await?;
        let handshake = TlsConnector::from(Arc::new(hello.config())).connect(name, stream);
        timeout(PATIENCE, handshake).await.unwrap()
    }

    /// Opens TLS and sends a GET with this host; nothing if there is no answer.
    pub(crate) async fn get_tls(&self, port: u16, hello: &Hello<'_>, host: &str) -> Option<Answer> {
        let stream = self.handshake(port, hello).await.ok()?;
        let text = format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        ask(stream, &text).await
    }

    /// Whether a client that asks for this name is shown this certificate; nothing if it is shown
    /// none.
    pub(crate) async fn shows(&self, port: u16, hello: &Hello<'_>) -> Option<Vec<u8>> {
        let stream = self.handshake(port, hello).await.ok()?;
        let shown = stream.get_ref().1.peer_certificates().unwrap();
        Some(shown[0].to_vec())
    }
}

/// A certificate in the form in which it is shown.
pub(crate) fn der(identity: &Identity) -> Vec<u8> {
    CertificateDer::from_pem_slice(identity.pem.as_bytes()).unwrap().to_vec()
}

/// A certificate as back ends take it.
pub(crate) fn of_server(identity: &Identity) -> ServerIdentity {
    ServerIdentity { certificate: identity.pem.clone(), key: identity.key.clone() }
}
