//! Connections to members, in TLS where their group or service says so.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::sign::SingleCertAndKey;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::terms::{Terms, Unspeakable};
use super::{Placement, Plane};
use crate::eval::Member;
use crate::state::{State, flag, text};
use crate::tls::members::{ServerVerifier, Verification};
use crate::tls::{self, HandshakeFailure, identity};

/// How long a member may take to answer a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection, with or without TLS.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("no connection")]
    Connect(#[source] io::Error),
    #[error("no TLS with it")]
    Tls(#[source] HandshakeFailure),
    #[error(transparent)]
    Unspeakable(#[from] Unspeakable),
    #[error("the library does not take the configuration")]
    Configuration(#[source] rustls::Error),
}

/// Connects to a member as its group or service says.
pub(super) async fn connect(
    plane: &Plane,
    state: &State,
    member: &Member,
) -> Result<Box<dyn Io>, Error> {
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    let connecting = async {
        match plane.placement {
            Placement::Configured { .. } => {
                TcpStream::connect((member.address.as_str(), member.port)).await
            }
            Placement::Elsewhere { members } => TcpStream::connect(members).await,
        }
    };
    let stream = timeout(PATIENCE, connecting).await.map_err(late).flatten();
    let stream = stream.map_err(Error::Connect)?;
    // Only a matter of speed.
    let _set = stream.set_nodelay(true);
    if !matches!(member.servicetype.as_str(), "SSL" | "SSL_TCP") {
        return Ok(Box::new(stream));
    }
    let (config, name) = config(plane, state, &member.group)?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = timeout(PATIENCE, handshake).await.map_err(late).flatten();
    Ok(Box::new(stream.map_err(|error| Error::Tls(error.into()))?))
}

/// How TLS is spoken to the members of a group, or to a service, and the name that is sent to them:
/// `commonname`, if SNI is on (documented). Without one none is sent (assumed).
fn config(
    plane: &Plane,
    state: &State,
    group: &str,
) -> Result<(ClientConfig, ServerName<'static>), Error> {
    let kind = match state.object("sslservicegroup", group) {
        Some(_) => "sslservicegroup",
        None => "sslservice",
    };
    let terms = Terms::of(state, kind, group)?;
    let bindings: Vec<_> = match kind {
        "sslservicegroup" => state.bindings("sslservicegroup_sslcertkey_binding", group).collect(),
        _ => state.bindings("sslservice_sslcertkey_binding", group).collect(),
    };
    let common_name = Some(text(terms.fields, "commonname")).filter(|name| !name.is_empty());
    let verification = if terms.is_on("serverauth") {
        let trusted = bindings.iter().filter_map(|(_, binding)| tls::trusted(state, binding));
        let common_name = common_name.map(str::to_owned);
        Verification::On { trusted: trusted.collect(), common_name }
    } else {
        Verification::Off
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(terms.provider()))
        .with_protocol_versions(terms.versions())
        .map_err(Error::Configuration)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ServerVerifier::new(
            verification,
            plane.clock(),
        )));
    // Of several, as there may be one for each type of key, the first one is shown.
    let own = bindings.iter().find(|(_, binding)| !flag(binding, "ca"));
    let mut config = match own {
        Some((_, binding)) => {
            let identity = identity::identity(state, text(binding, "certkeyname"));
            let identity = identity.map_err(Unspeakable::from)?;
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::disabled();
    let sent = common_name.filter(|_| terms.is_on("snienable"));
    let sent = sent.and_then(|name| ServerName::try_from(name.to_owned()).ok());
    config.enable_sni = sent.is_some();
    // The library wants a name in any case.
    let nobody = ServerName::IpAddress(IpAddr::V4(Ipv4Addr::UNSPECIFIED).into());
    Ok((config, sent.unwrap_or(nobody)))
}
