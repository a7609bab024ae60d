//! A back end to look through: it answers every request with what it saw of it, as JSON.
//!
//! ```json
//! {
//!   "backend": "127.0.0.1:8443",
//!   "client": "127.0.0.1:51234",
//!   "method": "GET",
//!   "path": "/",
//!   "headers": { "host": "shop.example" },
//!   "body": "",
//!   "tls": { "version": "TLSv1.3", "sni": "shop.example", "client_certificate": "CN=appliance" }
//! }
//! ```
//!
//! `tls` is null in plain text, and so is `sni` or `client_certificate` where the client gave none. A
//! request that asks to go on with another protocol gets its way, and every byte back after that.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, upgrade};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use rustls::crypto::ring;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ProtocolVersion, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncRead, AsyncWrite, copy, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::server::tls::{Error, Identity};
use crate::tls::Clock;
use crate::tls::clients::{ClientVerifier, Demand};
use crate::x509::chain::Trusted;
use crate::x509::{self, Certificate, Encoding, Revocation};

/// How much of a body is shown.
const LARGEST_BODY: usize = 1024 * 1024;

/// What a connection is, for the answer.
struct Seen {
    backend: SocketAddr,
    client: SocketAddr,
    tls: Value,
}

/// TLS as a back end speaks it.
#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    /// With this certificate. With CAs in PEM, clients must show a certificate that leads to one of
    /// them; it may be of version 1, like any other here.
    pub fn new(identity: &Identity, client_cas: Option<&str>) -> Result<Self, Error> {
        let chain = certificates(&identity.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).map_err(Error::Key)?;
        let key = any_supported_type(&key).map_err(Error::Use)?;
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Error::Use)?;
        let builder = match client_cas {
            Some(cas) => builder.with_client_cert_verifier(Arc::new(verifier(cas)?)),
            None => builder.with_no_client_auth(),
        };
        let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key));
        Ok(Self(Arc::new(builder.with_cert_resolver(Arc::new(shown))).into()))
    }
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    all.map_err(Error::Certificate)
}

fn verifier(cas: &str) -> Result<ClientVerifier, Error> {
    let trusted = certificates(cas)?.into_iter().map(|der| {
        let authority = x509::load(&der, None, Encoding::Der).map_err(|_| Error::Authority)?;
        Ok(Trusted { authority, revocation: Revocation::Unchecked, is_announced: true })
    });
    let trusted = trusted.collect::<Result<Vec<_>, Error>>()?;
    Ok(ClientVerifier::new(Demand::Mandatory, trusted, Clock::new(Timestamp::now)))
}

/// Serves connections until the task ends.
pub async fn serve(listener: TcpListener, tls: Option<Tls>) -> io::Result<()> {
    let backend = listener.local_addr()?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that ends before it is accepted is no reason to stop.
                let Ok((stream, client)) = accepted else { continue };
                connections.spawn(connection(stream, (backend, client), tls.clone()));
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn connection(
    stream: TcpStream,
    (backend, client): (SocketAddr, SocketAddr),
    tls: Option<Tls>,
) {
    let Some(Tls(acceptor)) = tls else {
        return requests(Arc::new(Seen { backend, client, tls: Value::Null }), stream).await;
    };
    // Whoever is turned away knows it.
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let session = stream.get_ref().1;
    let shown = session.peer_certificates().and_then(|shown| shown.first());
    let shown = shown.and_then(|own| Certificate::parse(own).ok());
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        Some(_) | None => "TLSv1.2",
    };
    let tls = json!({
        "version": version,
        "sni": session.server_name(),
        "client_certificate": shown.map(|certificate| certificate.subject.trim().to_owned()),
    });
    requests(Arc::new(Seen { backend, client, tls }), stream).await;
}

async fn requests(seen: Arc<Seen>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let answer = service_fn(|request| answer(Arc::clone(&seen), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    // An error is a client that went away.
    let _ended = connection.with_upgrades().await;
}

async fn answer(
    seen: Arc<Seen>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    if let Some(protocol) = request.headers().get(UPGRADE).cloned() {
        tokio::spawn(echo(upgrade::on(&mut request)));
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(UPGRADE, protocol);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        return Ok(response);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut headers = Map::new();
    for name in head.headers.keys() {
        let values: Vec<String> = head.headers.get_all(name).iter().map(text).collect();
        headers.insert(name.to_string(), values.join(", ").into());
    }
    let shown = json!({
        "backend": seen.backend.to_string(),
        "client": seen.client.to_string(),
        "method": head.method.as_str(),
        "path": head.uri.to_string(),
        "headers": headers,
        "body": String::from_utf8_lossy(&body.to_bytes()),
        "tls": seen.tls,
    });
    let mut response = Response::new(Full::from(format!("{shown:#}\n")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Sends back what comes, once the protocol has changed.
async fn echo(upgraded: upgrade::OnUpgrade) {
    let Ok(upgraded) = upgraded.await else { return };
    let (mut read, mut write) = split(TokioIo::new(upgraded));
    // A client that goes away ends it.
    let _ended = copy(&mut read, &mut write).await;
}
