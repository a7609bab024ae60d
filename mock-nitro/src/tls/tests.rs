//! Handshakes in memory, in each version of TLS that the library has.

use std::sync::Arc;

use jiff::Timestamp;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose};
use rustls::crypto::ring;
use rustls::server::danger::ClientCertVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, PeerIncompatible, ServerConfig,
    ServerConnection, SupportedProtocolVersion,
};
use rustls_pki_types::CertificateDer;
use serde_json::json;

use super::clients::{ClientVerifier, Demand};
use super::identity::{Unusable, identity};
use super::members::{ServerVerifier, Verification};
use super::{Clock, trusted};
use crate::rules::Bench;
use crate::state::{Fields, State};
use crate::x509::chain::{Reason, Rejection, Trusted};
use crate::x509::{Authority, Encoding, Made, Revocation, expired, load, only_for};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn clock(now: &str) -> Clock {
    let now: Timestamp = now.parse().unwrap();
    Clock::new(move || now)
}

fn trust(authorities: &[&Made]) -> Vec<Trusted> {
    let trusted = |made: &&Made| Trusted {
        authority: Arc::clone(&made.material),
        revocation: Revocation::Unchecked,
        is_announced: true,
    };
    authorities.iter().map(trusted).collect()
}

fn verifier(demand: Demand, authorities: &[&Made]) -> Arc<ClientVerifier> {
    Arc::new(ClientVerifier::new(demand, trust(authorities), clock("2030-06-01T00:00:00Z")))
}

/// Root and leaf of version 1, without SAN, the way openssl makes them for people.
fn version_1() -> (Made, Made) {
    let root = include_bytes!("../../tests/fixtures/root-v1.crt");
    let leaf = include_bytes!("../../tests/fixtures/leaf-v1.crt");
    let key = include_bytes!("../../tests/fixtures/leaf-v1.key");
    let root = Made { material: load(root, None, Encoding::Pem).unwrap() };
    (root, Made { material: load(leaf, Some(key), Encoding::Pem).unwrap() })
}

/// The first with its key, and the others beside it.
fn identity_of(own: &Made, others: &[&Made]) -> Arc<CertifiedKey> {
    let mut state = State::default();
    state.put_material("own", Arc::clone(&own.material));
    let mut identity = Arc::unwrap_or_clone(identity(&state, "own").unwrap());
    identity.cert.extend(others.iter().map(|made| CertificateDer::from(made.der())));
    Arc::new(identity)
}

/// A certificate that says something else than its key does.
fn with_key_of(certificate: Vec<u8>, key: &Made) -> Arc<CertifiedKey> {
    let key = Arc::clone(&identity_of(key, &[]).key);
    Arc::new(CertifiedKey::new(vec![certificate.into()], key))
}

fn server(
    version: &'static SupportedProtocolVersion,
    own: Arc<CertifiedKey>,
    clients: Option<Arc<ClientVerifier>>,
) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = match clients {
        Some(clients) => builder.with_client_cert_verifier(clients),
        None => builder.with_no_client_auth(),
    };
    Arc::new(builder.with_cert_resolver(Arc::new(SingleCertAndKey::from(own))))
}

fn client(
    version: &'static SupportedProtocolVersion,
    servers: Verification,
    own: Option<Arc<CertifiedKey>>,
) -> Arc<ClientConfig> {
    let verifier = ServerVerifier::new(servers, clock("2030-06-01T00:00:00Z"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Arc::new(match own {
        Some(own) => builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(own))),
        None => builder.with_no_client_auth(),
    })
}

/// Whose side a handshake failed on, and why; or the server's side of the connection.
#[derive(Debug)]
enum Failure {
    Server(Error),
    Client(Error),
}

fn handshake(
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
) -> Result<ServerConnection, Failure> {
    let mut server = ServerConnection::new(server).unwrap();
    let name = "sent.example".try_into().unwrap();
    let mut client = ClientConnection::new(client, name).unwrap();
    loop {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        let mut to_read = flight.as_slice();
        while !to_read.is_empty() {
            server.read_tls(&mut to_read).unwrap();
            server.process_new_packets().map_err(Failure::Server)?;
        }
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).unwrap();
        }
        if flight.is_empty() && !client.wants_write() {
            assert!(!server.is_handshaking() && !client.is_handshaking());
            return Ok(server);
        }
        let mut to_read = flight.as_slice();
        while !to_read.is_empty() {
            client.read_tls(&mut to_read).unwrap();
            client.process_new_packets().map_err(Failure::Client)?;
        }
    }
}

/// The reason that the log is told.
fn reason(error: &Error) -> Option<Reason> {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return None };
    other.0.downcast_ref::<Rejection>().map(|rejection| rejection.reason)
}

/// A front end and the clients that come to it.
struct Scene {
    root: Authority,
    own: Made,
}

impl Scene {
    fn new() -> Self {
        let root = Authority::new("Clients");
        Self { root, own: Authority::new("Servers").leaf("front.example") }
    }

    /// Why a client who shows this is not let in during the handshake.
    fn mandatory(
        &self,
        version: &'static SupportedProtocolVersion,
        authorities: &[&Made],
        shown: &Arc<CertifiedKey>,
    ) -> Option<Reason> {
        let server = server(
            version,
            identity_of(&self.own, &[]),
            Some(verifier(Demand::Mandatory, authorities)),
        );
        let client = client(version, Verification::Off, Some(Arc::clone(shown)));
        match handshake(server, client) {
            Ok(_) => None,
            Err(Failure::Server(error)) => Some(reason(&error).unwrap()),
            Err(Failure::Client(error)) => panic!("{error}"),
        }
    }

    /// What is thought afterwards of a client who shows this.
    fn optional(
        &self,
        version: &'static SupportedProtocolVersion,
        authorities: &[&Made],
        shown: Option<&Arc<CertifiedKey>>,
    ) -> Option<Reason> {
        let verifier = verifier(Demand::Optional, authorities);
        let server = server(version, identity_of(&self.own, &[]), Some(Arc::clone(&verifier)));
        let client = client(version, Verification::Off, shown.map(Arc::clone));
        let connection = handshake(server, client).unwrap();
        let shown = connection.peer_certificates().unwrap_or_default();
        verifier.check(shown).err().map(|rejection| rejection.reason)
    }
}

#[test]
fn a_client_is_let_in_with_a_good_certificate_and_no_other() {
    let scene = Scene::new();
    let root = &scene.root;
    let (middle, foreign, namesake) =
        (root.below("Middle"), Authority::new("Foreign"), Authority::new("Clients"));
    let (root_v1, leaf_v1) = version_1();
    let garbage = with_key_of(b"garbage".to_vec(), &foreign.leaf("a"));
    let cases = [
        ("good", identity_of(&root.leaf("a"), &[]), None),
        ("below", identity_of(&middle.leaf("a"), &[&root.made, &middle.made]), None),
        ("version 1", identity_of(&leaf_v1, &[]), None),
        ("incomplete", identity_of(&middle.leaf("a"), &[]), Some(Reason::UnknownIssuer)),
        ("foreign CA", identity_of(&foreign.leaf("a"), &[]), Some(Reason::UnknownIssuer)),
        (
            "CA of the same name",
            identity_of(&namesake.leaf("a"), &[&namesake.made]),
            Some(Reason::Namesake),
        ),
        ("copied issuer", identity_of(&root.copied_by("a"), &[]), Some(Reason::SelfSigned)),
        ("expired", identity_of(&root.leaf_with("a", expired), &[]), Some(Reason::Expired)),
        ("garbage", garbage, Some(Reason::Unreadable)),
    ];
    let authorities = [&root.made, &root_v1];
    for version in VERSIONS {
        for (what, shown, outcome) in &cases {
            let mandatory = scene.mandatory(version, &authorities, shown);
            assert_eq!(mandatory, *outcome, "{version:?} {what}");
            let optional = scene.optional(version, &authorities, Some(shown));
            assert_eq!(optional, *outcome, "{version:?} {what}");
        }
    }
}

#[test]
fn without_a_certificate_a_handshake_ends_where_one_is_mandatory() {
    let scene = Scene::new();
    for version in VERSIONS {
        let verifier = verifier(Demand::Mandatory, &[&scene.root.made]);
        let server = server(version, identity_of(&scene.own, &[]), Some(verifier));
        let Err(Failure::Server(error)) =
            handshake(server, client(version, Verification::Off, None))
        else {
            panic!("let in")
        };
        assert_eq!(error, Error::NoCertificatesPresented);
        let optional = scene.optional(version, &[&scene.root.made], None);
        assert_eq!(optional, Some(Reason::None));
    }
}

#[test]
fn where_no_ca_is_bound_nobody_is_let_in() {
    let scene = Scene::new();
    let shown = identity_of(&scene.root.leaf("a"), &[]);
    for version in VERSIONS {
        assert_eq!(scene.mandatory(version, &[], &shown), Some(Reason::UnknownIssuer));
        assert_eq!(scene.optional(version, &[], Some(&shown)), Some(Reason::UnknownIssuer));
    }
}

#[test]
fn who_has_not_the_key_of_his_certificate_is_not_let_in_at_all() {
    let scene = Scene::new();
    let (root_v1, leaf_v1) = version_1();
    let thief = scene.root.leaf("thief");
    for stolen in [scene.root.leaf("a"), leaf_v1] {
        let shown = with_key_of(stolen.der(), &thief);
        for version in VERSIONS {
            for demand in [Demand::Mandatory, Demand::Optional] {
                let verifier = verifier(demand, &[&scene.root.made, &root_v1]);
                let server = server(version, identity_of(&scene.own, &[]), Some(verifier));
                let client = client(version, Verification::Off, Some(Arc::clone(&shown)));
                let outcome = handshake(server, client);
                let Err(Failure::Server(error)) = outcome else { panic!("{version:?} {demand:?}") };
                assert_eq!(reason(&error), None, "{error}");
            }
        }
    }
}

#[test]
fn what_clients_send_beside_their_own_certificate_may_be_left_out_of_account() {
    let root = Authority::new("Root");
    let (middle, other) = (root.below("Middle"), root.below("Other"));
    let bound_only = |authorities: &[&Made], issuer: &Authority| {
        let now = clock("2030-06-01T00:00:00Z");
        let verifier = ClientVerifier::new(Demand::Mandatory, trust(authorities), now);
        let chain = [issuer.leaf("a").der().into(), issuer.made.der().into()];
        verifier.with_bound_chain_only().check(&chain).err().map(|rejection| rejection.reason)
    };
    assert_eq!(bound_only(&[&root.made, &middle.made], &middle), None);
    assert_eq!(bound_only(&[&root.made, &middle.made], &other), Some(Reason::UnknownIssuer));
}

#[test]
fn the_clock_of_the_appliance_says_who_has_expired() {
    let scene = Scene::new();
    let until = |params: &mut CertificateParams| {
        params.not_after = rcgen::date_time_ymd(2040, 1, 1);
    };
    let shown = identity_of(&scene.root.leaf_with("a", until), &[]);
    for version in VERSIONS {
        for (now, outcome) in
            [("2039-12-31T00:00:00Z", None), ("2040-01-02T00:00:00Z", Some(Reason::Expired))]
        {
            let trusted = trust(&[&scene.root.made]);
            let verifier = ClientVerifier::new(Demand::Mandatory, trusted, clock(now));
            let server = server(version, identity_of(&scene.own, &[]), Some(Arc::new(verifier)));
            let client = client(version, Verification::Off, Some(Arc::clone(&shown)));
            let refused = match handshake(server, client) {
                Ok(_) => None,
                Err(Failure::Server(error) | Failure::Client(error)) => reason(&error),
            };
            assert_eq!(refused, outcome, "{now}");
        }
    }
}

#[test]
fn clients_are_told_the_names_of_cas_unless_one_is_to_be_kept_back() {
    let (one, two) = (Authority::new("One"), Authority::new("Two"));
    let mut trusted = trust(&[&one.made, &two.made]);
    trusted[1].is_announced = false;
    let verifier = ClientVerifier::new(Demand::Optional, trusted, clock("2030-06-01T00:00:00Z"));
    let mut expected = vec![0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 6, 3, 0x55, 4, 3, 0x0c, 3];
    expected.extend(b"One");
    let names: Vec<&[u8]> = verifier.root_hint_subjects().iter().map(AsRef::as_ref).collect();
    assert_eq!(names, [expected.as_slice()]);
    assert!(verifier.check(&[two.leaf("a").der().into()]).is_ok());
}

/// Why a server that shows this is not taken for a member.
fn refused(
    version: &'static SupportedProtocolVersion,
    shown: Arc<CertifiedKey>,
    servers: Verification,
) -> Option<Error> {
    match handshake(server(version, shown, None), client(version, servers, None)) {
        Ok(_) => None,
        Err(Failure::Client(error)) => Some(error),
        Err(Failure::Server(error)) => panic!("{error}"),
    }
}

#[test]
fn a_server_is_taken_if_it_leads_to_the_bound_ca_and_has_the_name() {
    type Case<'a> = (&'a str, &'a Made, &'a [&'a Made], Option<&'a str>, Option<Reason>);
    let (root, foreign) = (Authority::new("Servers"), Authority::new("Servers"));
    let (root_v1, leaf_v1) = version_1();
    let named = |params: &mut CertificateParams| {
        let name = "*.san.example".try_into().unwrap();
        params.subject_alt_names = vec![rcgen::SanType::DnsName(name)];
    };
    let (good, alone) = (root.leaf_with("cn.example", named), Authority::new("Alone"));
    let for_clients = root.leaf_with("a", only_for(ExtendedKeyUsagePurpose::ClientAuth));
    let both = [&root.made, &root_v1];
    let cases: [Case<'_>; 11] = [
        ("no name", &good, &both, None, None),
        ("common name", &good, &both, Some("CN.example"), None),
        ("wildcard", &good, &both, Some("a.san.example"), None),
        ("another name", &good, &both, Some("sent.example"), Some(Reason::Host)),
        ("version 1", &leaf_v1, &both, Some("shop.example"), None),
        ("version 1, another name", &leaf_v1, &both, Some("a.example"), Some(Reason::Host)),
        ("for clients", &for_clients, &both, None, Some(Reason::Purpose)),
        ("no CA", &good, &[], None, Some(Reason::UnknownIssuer)),
        ("foreign CA", &good, &[&foreign.made], Some("cn.example"), Some(Reason::Namesake)),
        ("self-signed", &alone.made, &both, None, Some(Reason::SelfSigned)),
        ("self-signed and bound", &alone.made, &[&alone.made], Some("Alone"), None),
    ];
    for version in VERSIONS {
        for (what, shown, authorities, name, outcome) in cases {
            let servers = Verification::On {
                trusted: trust(authorities),
                common_name: name.map(str::to_owned),
            };
            let error = refused(version, identity_of(shown, &[]), servers);
            assert_eq!(error.map(|error| reason(&error).unwrap()), outcome, "{version:?} {what}");
        }
    }
}

#[test]
fn without_verification_every_server_is_taken_that_has_the_key_of_its_certificate() {
    let root = Authority::new("Servers");
    let shown = root.leaf_with("a", expired);
    for version in VERSIONS {
        assert_eq!(refused(version, identity_of(&shown, &[]), Verification::Off), None);
        let stolen = with_key_of(shown.der(), &root.leaf("thief"));
        let error = refused(version, stolen, Verification::Off).unwrap();
        assert_eq!(error, CertificateError::BadSignature.into());
        let garbage = with_key_of(b"garbage".to_vec(), &shown);
        let error = refused(version, garbage, Verification::Off).unwrap();
        assert_eq!(error, CertificateError::BadEncoding.into());
    }
}

#[test]
fn a_version_that_only_one_side_speaks_is_none() {
    let own = Authority::new("Servers").leaf("a");
    let outcome = handshake(
        server(&TLS12, identity_of(&own, &[]), None),
        client(&TLS13, Verification::Off, None),
    );
    let Err(Failure::Server(error)) = outcome else { panic!("they spoke") };
    assert!(matches!(
        error,
        Error::PeerIncompatible(
            PeerIncompatible::SupportedVersionsExtensionRequired
                | PeerIncompatible::Tls12NotOfferedOrEnabled
        )
    ));
}

#[test]
fn a_certkey_is_shown_with_those_it_is_linked_to() {
    let root = Authority::new("Root");
    let middle = root.below("Middle");
    let leaf = middle.leaf("a");
    let mut state = State::default();
    for (name, made, link) in
        [("leaf", &leaf, "middle"), ("middle", &middle.made, "root"), ("root", &root.made, "")]
    {
        state.put_material(name, Arc::clone(&made.material));
        let fields = Fields::from([("certkey", name.into()), ("linkcertkeyname", link.into())]);
        state.put_object("sslcertkey", name, fields);
    }
    let shown = identity(&state, "leaf").unwrap();
    let expected = [&leaf, &middle.made, &root.made].map(|made| CertificateDer::from(made.der()));
    assert_eq!(shown.cert, expected);
    assert_eq!(identity(&state, "root").unwrap().cert.len(), 1);
}

#[test]
fn a_certkey_without_a_key_that_signs_is_not_shown() {
    let file = |name: &str| std::fs::read(format!("tests/fixtures/{name}")).unwrap();
    let mut state = State::default();
    for (name, certificate, key) in [
        ("keyless", "leaf-v1.crt", None),
        ("p521", "p521.crt", Some("p521.key")),
        ("rsa1024", "rsa1024.crt", Some("rsa1024.key")),
        ("pkcs1", "leaf-v1.crt", Some("leaf-v1.pkcs1.key")),
        ("sec1", "p256.crt", Some("p256.sec1.key")),
    ] {
        let key = key.map(file);
        let material = load(&file(certificate), key.as_deref(), Encoding::Pem).unwrap();
        state.put_material(name, material);
    }
    assert!(matches!(identity(&state, "gone"), Err(Unusable::Empty(name)) if name == "gone"));
    assert!(matches!(identity(&state, "keyless"), Err(Unusable::NoKey(_))));
    assert!(matches!(identity(&state, "p521"), Err(Unusable::Key(..))));
    assert!(matches!(identity(&state, "rsa1024"), Err(Unusable::Key(..))));
    assert!(identity(&state, "pkcs1").is_ok());
    assert!(identity(&state, "sec1").is_ok());
}

#[test]
fn a_binding_says_whom_it_trusts_and_how_revocation_is_checked() {
    let (root, namesake) = (Authority::new("Root"), Authority::new("Root"));
    let (good, bad) = (root.leaf("good"), root.leaf("bad"));
    let mut bench = Bench::new();
    bench.state.put_material("root", Arc::clone(&root.made.material));
    let refused = |bench: &Bench, made: &Made, check: &[(&'static str, &str)]| {
        let mut fields = Fields::from([("certkeyname", "root".into()), ("ca", true.into())]);
        fields.extend(check.iter().map(|&(field, value)| (field, value.into())));
        let trusted = vec![trusted(&bench.state, &fields).unwrap()];
        let now = clock("2030-06-01T00:00:00Z");
        let verifier = ClientVerifier::new(Demand::Mandatory, trusted, now);
        verifier.check(&[made.der().into()]).err().map(|rejection| rejection.reason)
    };
    let unknown = Some(Reason::RevocationUnknown);
    let [mandatory, optional] = ["Mandatory", "Optional"].map(|value| [("crlcheck", value)]);
    assert_eq!(refused(&bench, &bad, &[]), None);
    assert_eq!(refused(&bench, &good, &mandatory), unknown);
    assert_eq!(refused(&bench, &bad, &optional), None);
    assert_eq!(refused(&bench, &good, &[("ocspcheck", "Mandatory")]), unknown);
    assert_eq!(refused(&bench, &good, &[("ocspcheck", "Optional")]), None);
    // Of another CA, an older one, and one that is no list.
    for (name, content) in [
        ("a", namesake.list(&[], (2030, 2031))),
        ("b", root.list(&[], (2029, 2031))),
        ("c", "no list".to_owned()),
        ("d", root.list(&[&bad], (2030, 2031))),
    ] {
        bench.state.put_file("/var/netscaler/ssl", name, content.into_bytes());
        bench.add("sslcrl", &json!({"crlname": name, "crlpath": name})).unwrap();
    }
    for check in [&mandatory, &optional] {
        assert_eq!(refused(&bench, &good, check), None);
        assert_eq!(refused(&bench, &bad, check), Some(Reason::Revoked));
    }
}

#[test]
fn what_is_not_bound_as_a_ca_is_not_trusted() {
    let root = Authority::new("Root");
    let mut state = State::default();
    state.put_material("root", root.made.material);
    let binding = |certkey: &str, ca: bool| {
        Fields::from([
            ("certkeyname", certkey.into()),
            ("ca", ca.into()),
            ("skipcaname", ca.into()),
        ])
    };
    assert!(trusted(&state, &binding("root", false)).is_none());
    assert!(trusted(&state, &binding("gone", true)).is_none());
    assert!(!trusted(&state, &binding("root", true)).unwrap().is_announced);
}
