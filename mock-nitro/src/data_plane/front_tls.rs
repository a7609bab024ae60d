//! TLS with clients: which certificate they are shown, and which one they must show.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::server::NoServerSessionStorage;
use rustls::sign::SingleCertAndKey;
use rustls::{AlertDescription, ServerConfig, ServerConnection, SignatureScheme};
use rustls_pki_types::CertificateDer;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::StartHandshake;
use tokio_rustls::server::TlsStream;

use super::front::Arrival;
use super::hello::{Failure, hello};
use super::terms::{Terms, Unspeakable, is_on, parameters};
use crate::eval::{ClientCertificate, Tls};
use crate::state::{Fields, State, flag, number, text};
use crate::tls::clients::{ClientVerifier, Demand};
use crate::tls::{self, HandshakeFailure, identity, suites};
use crate::x509::{Certificate, KeyType, Material};

/// What is known of a client since its handshake.
pub(super) struct Session {
    pub(super) sni: Option<String>,
    /// The certificate that it was shown.
    served: Arc<Material>,
    /// What it agreed on with the appliance.
    pub(super) tls: Tls,
    /// The certificate that it proved to have, good or bad.
    pub(super) certificate: Option<ClientCertificate>,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// The client went away before it said anything.
    #[error("the client said nothing")]
    Silent,
    #[error("it does not speak TLS that this appliance knows")]
    NotTls(#[source] rustls::Error),
    #[error("no certificate is bound for the name {0:?}")]
    UnknownName(String),
    #[error("no default certificate is bound, and the client asks for no name")]
    NoName,
    #[error(transparent)]
    Unspeakable(#[from] Unspeakable),
    #[error("the library does not take the configuration")]
    Configuration(#[source] rustls::Error),
    #[error("the handshake ended")]
    Handshake(#[source] HandshakeFailure),
}

/// Carries out a handshake as a vserver says.
pub(super) async fn accept(
    arrival: &Arrival,
    (state, vserver): (&State, &str),
    mut client: TcpStream,
) -> Result<(TlsStream<TcpStream>, Session), Refusal> {
    let accepted = match hello(&mut client, &mut Vec::new()).await {
        Ok(accepted) => accepted,
        Err(Failure::Gone) => return Err(Refusal::Silent),
        Err(Failure::NotTls(error, mut alert)) => {
            let mut said = Vec::new();
            if alert.write_all(&mut said).is_ok() {
                tell(&mut client, &said).await;
            }
            return Err(Refusal::NotTls(error));
        }
    };
    let greeting = accepted.client_hello();
    let sni = greeting.server_name().map(str::to_owned);
    let terms = Terms::of(state, "sslvserver", vserver)?;
    let asked = Asked { sni: sni.as_deref(), schemes: greeting.signature_schemes() };
    let Some((certkey, served)) = certkey(state, vserver, &terms, &asked) else {
        // Documented for a name that no certificate is bound for; without a name assumed.
        tell(&mut client, &fatal(AlertDescription::UnrecognisedName)).await;
        return Err(sni.map_or(Refusal::NoName, Refusal::UnknownName));
    };
    let verifier = verifier(arrival, state, vserver, &terms);
    let config = config(state, &terms, certkey, verifier.clone())?;
    let stream = StartHandshake::from_parts(accepted, client).into_stream(Arc::new(config)).await;
    let stream = stream.map_err(|error| Refusal::Handshake(error.into()))?;
    let connection = stream.get_ref().1;
    let shown = connection.peer_certificates().unwrap_or_default();
    let certificate = judged(shown, verifier.as_deref(), (arrival.plane.clock)());
    let tls = agreed(connection);
    Ok((stream, Session { sni, served, tls, certificate }))
}

/// The version and the cipher suite of a connection.
fn agreed(connection: &ServerConnection) -> Tls {
    let suite = connection.negotiated_cipher_suite();
    let (cipher, bits) = suite.and_then(suites::name_of).unwrap_or_default();
    let version = connection.protocol_version().map_or(0, u16::from);
    Tls { version, cipher: cipher.to_owned(), bits }
}

/// What a client has shown, good or bad.
fn judged(
    shown: &[CertificateDer<'_>],
    verifier: Option<&ClientVerifier>,
    now: Timestamp,
) -> Option<ClientCertificate> {
    let (first, verifier) = (shown.first()?, verifier?);
    let is_valid = verifier.check(shown).is_ok();
    Some(ClientCertificate::read(first.as_ref(), is_valid, now))
}

/// What TLS means for the requests on a connection.
pub(super) struct Manners {
    /// `Strict-Transport-Security`, for the answers.
    pub(super) hsts: Option<String>,
    /// Whether the request gets no answer: its host is not the one that the client asked for when it
    /// opened TLS. Such a connection is closed (assumed: the documentation says that the request is
    /// not forwarded).
    pub(super) is_misdirected: bool,
}

impl Session {
    /// Those of a vserver for a request with this host, if it has one.
    pub(super) fn manners(&self, state: &State, vserver: &str, host: Option<&str>) -> Manners {
        let Some(fields) = parameters(state, "sslvserver", vserver) else {
            return Manners { hsts: None, is_misdirected: true };
        };
        let name = |host: &str| match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
            Some(_) | None => host.to_owned(),
        };
        let host = host.map(|host| name(host).to_ascii_lowercase());
        // The check runs for clients that asked for a name alone (assumed).
        let asked = self.sni.as_deref().filter(|_| is_on(fields, "snienable"));
        let is_misdirected = match (asked, &host, text(fields, "snihttphostmatch")) {
            (None, _, _) | (Some(_), Some(_), "NO") => false,
            (Some(_), None, _) => text(fields, "dropreqwithnohostheader") == "YES",
            (Some(sni), Some(host), "STRICT") => !host.eq_ignore_ascii_case(sni),
            (Some(_), Some(host), _) => !self.served.certificate.stands_for(host),
        };
        Manners { hsts: hsts(fields), is_misdirected }
    }
}

fn hsts(fields: &Fields) -> Option<String> {
    if !is_on(fields, "hsts") {
        return None;
    }
    let mut value = format!("max-age={}", number(fields, "maxage").unwrap_or(0));
    for (field, word) in [("includesubdomains", "; includeSubDomains"), ("preload", "; preload")] {
        if text(fields, field) == "YES" {
            value.push_str(word);
        }
    }
    Some(value)
}

/// Who lets clients in, if they are asked for certificates.
fn verifier(
    arrival: &Arrival,
    state: &State,
    vserver: &str,
    terms: &Terms<'_>,
) -> Option<Arc<ClientVerifier>> {
    if !terms.is_on("clientauth") {
        return None;
    }
    let demand = match text(terms.fields, "clientcert") {
        "Optional" => Demand::Optional,
        // Left out, it means Mandatory (assumed).
        _ => Demand::Mandatory,
    };
    let bindings = state.bindings("sslvserver_sslcertkey_binding", vserver);
    let trusted = bindings.filter_map(|(_, binding)| tls::trusted(state, binding)).collect();
    let verifier = ClientVerifier::new(demand, trusted, arrival.plane.clock());
    Some(Arc::new(if terms.is_on("clientauthuseboundcachain") {
        verifier.with_bound_chain_only()
    } else {
        verifier
    }))
}

/// Sessions are never resumed, whatever `sessreuse` and `sessionticket` say: each handshake is a full
/// one.
fn config(
    state: &State,
    terms: &Terms<'_>,
    certkey: &str,
    verifier: Option<Arc<ClientVerifier>>,
) -> Result<ServerConfig, Refusal> {
    let identity = identity::identity(state, certkey).map_err(Unspeakable::from)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(terms.provider()))
        .with_protocol_versions(terms.versions())
        .map_err(Refusal::Configuration)?;
    let builder = match verifier {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(identity)));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.ignore_client_order = true;
    Ok(config)
}

/// What a client asks for.
struct Asked<'a> {
    sni: Option<&'a str>,
    schemes: &'a [SignatureScheme],
}

/// The certkey that a client is shown: the one bound for the name that it asks for, by the name
/// itself before a wildcard; the default one if it asks for none, if SNI is off, or if unknown names
/// are allowed. Of several the first one counts that the client can verify.
fn certkey<'a>(
    state: &'a State,
    vserver: &'a str,
    terms: &Terms<'_>,
    asked: &Asked<'_>,
) -> Option<(&'a str, Arc<Material>)> {
    let candidates = || {
        state.bindings("sslvserver_sslcertkey_binding", vserver).filter_map(|(_, binding)| {
            let certkey = text(binding, "certkeyname");
            let material = state.material(certkey).filter(|material| material.has_key())?;
            (!flag(binding, "ca")).then_some((certkey, flag(binding, "snicert"), material))
        })
    };
    let suits = |certificate: &Certificate| {
        asked.schemes.iter().any(|scheme| is_of(*scheme, certificate.key_type()))
    };
    let best = |names: &dyn Fn(&Certificate) -> bool, snicert: bool| {
        let mut fitting = candidates()
            .filter(|(_, is_sni, material)| *is_sni == snicert && names(&material.certificate))
            .map(|(certkey, _, material)| (certkey, Arc::clone(material)))
            .peekable();
        let first = fitting.peek().cloned();
        fitting.find(|(_, material)| suits(&material.certificate)).or(first)
    };
    let default = || best(&|_| true, false);
    let Some(sni) = asked.sni.filter(|_| terms.is_on("snienable")) else { return default() };
    let sni = sni.to_ascii_lowercase();
    let exact = |certificate: &Certificate| certificate.names().contains(&sni);
    let covering = |certificate: &Certificate| certificate.stands_for(&sni);
    best(&exact, true)
        .or_else(|| best(&covering, true))
        .or_else(|| default().filter(|_| terms.is_on("allowunknownsni")))
}

/// Whether keys of a type make signatures of a scheme.
const fn is_of(scheme: SignatureScheme, key_type: KeyType) -> bool {
    use SignatureScheme as Scheme;
    match key_type {
        KeyType::Rsa => matches!(
            scheme,
            Scheme::RSA_PKCS1_SHA1
                | Scheme::RSA_PKCS1_SHA256
                | Scheme::RSA_PKCS1_SHA384
                | Scheme::RSA_PKCS1_SHA512
                | Scheme::RSA_PSS_SHA256
                | Scheme::RSA_PSS_SHA384
                | Scheme::RSA_PSS_SHA512
        ),
        KeyType::Ecdsa => matches!(
            scheme,
            Scheme::ECDSA_SHA1_Legacy
                | Scheme::ECDSA_NISTP256_SHA256
                | Scheme::ECDSA_NISTP384_SHA384
                | Scheme::ECDSA_NISTP521_SHA512
        ),
    }
}

/// An alert that ends a handshake, in plain text, as it is before keys are known.
fn fatal(alert: AlertDescription) -> [u8; 7] {
    [21, 3, 3, 0, 2, 2, alert.into()]
}

/// The connection ends anyhow, whether or not the client hears why.
async fn tell(client: &mut TcpStream, said: &[u8]) {
    let _said = client.write_all(said).await;
    let _closed = client.shutdown().await;
}
