//! Safety through real sockets: states between and inside of transitions, carried by the simulated
//! appliance itself, let in whom their protection says, and nobody else.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::Server;
use mock_nitro::{Appliance, DataPlane, Placement};
use nitro_ingress::model::{
    AcceptedCa, CertificateId, ClientAuthentication, FrontEndId, Host, PathMatch,
};
use nitro_ingress::snapshot::ObservedRoute;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Stream};

use super::{Dice, Turn, connect, fresh, look, others, random_order, world};
use crate::anybody::Anybody;
use crate::objects::{fixture, now};

/// How many transitions are cut.
const PAIRS: usize = 300;

const PATIENCE: Duration = Duration::from_secs(20);

/// A client with what it shows for itself, and the CA that this leads to.
struct Client {
    name: &'static str,
    authority: Option<CertificateId>,
    config: Arc<ClientConfig>,
}

/// Those who try every front end: without a certificate, with one of each CA that worlds have
/// clients of, and with one of a foreign CA of the same name.
static CLIENTS: LazyLock<[Client; 4]> = LazyLock::new(|| {
    let authority = |name: &str| {
        let pem = fixture(&format!("{name}.crt"));
        Some(CertificateId::of_der(&CertificateDer::from_pem_slice(&pem).unwrap()))
    };
    let of = |name, leaf: &str, ca: &str| {
        let (certificate, key) = (fixture(&format!("{leaf}.crt")), fixture(&format!("{leaf}.key")));
        Client { name, authority: authority(ca), config: config(Some((&certificate, &key))) }
    };
    let (certificate, key) = foreign();
    let foreign = config(Some((certificate.as_bytes(), key.as_bytes())));
    [
        Client { name: "without a certificate", authority: None, config: config(None) },
        of("of Root One", "wild-1", "ca-one"),
        of("of Root Two", "client-1", "ca-two"),
        Client { name: "of a foreign Root One", authority: None, config: foreign },
    ]
});

/// A certificate of a CA that nobody knows, though its name is known.
fn foreign() -> (String, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Root One");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(params, KeyPair::generate().unwrap());
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    (leaf.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
}

fn config(identity: Option<(&[u8], &[u8])>) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody::new()));
    Arc::new(match identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    })
}

/// The status of the answer to a GET; nothing if there is none.
fn status(stream: &mut (impl Read + Write), host: &str, path: &str) -> Option<u16> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // What came before the connection broke counts.
    let _ended = stream.read_to_end(&mut answer);
    let line = String::from_utf8_lossy(&answer);
    line.split(' ').nth(1)?.parse().ok()
}

fn stream(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn ask_tls(at: SocketAddr, client: &Client, host: &str, path: &str) -> Option<u16> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::clone(&client.config), name).unwrap();
    let mut socket = stream(at);
    status(&mut Stream::new(&mut connection, &mut socket), host, path)
}

/// What was tried, so that the test can tell whether it tried enough.
#[derive(Debug, Default)]
struct Tally {
    let_in: usize,
    turned_away: usize,
    plain: usize,
}

/// A state that is carried, and what it should do.
struct Carried<'a> {
    plane: &'a DataPlane,
    routes: &'a [ObservedRoute],
}

impl Carried<'_> {
    fn at(&self, FrontEndId { vip, port, .. }: FrontEndId) -> Result<SocketAddr, String> {
        self.plane.listens(vip, port).ok_or_else(|| format!("nobody listens at {vip}:{port}"))
    }

    /// Everybody tries a route in TLS.
    fn try_tls(&self, route: &ObservedRoute, host: &str, tally: &mut Tally) -> Result<(), String> {
        let at = self.at(route.front_end)?;
        let path = match &route.matches.path {
            PathMatch::Exact(path) | PathMatch::Prefix(path) => path,
            PathMatch::Default | PathMatch::Nothing => "/",
        };
        for client in CLIENTS.iter() {
            let protection = &route.protection;
            let authority = client.authority.clone().map(AcceptedCa::Known);
            let is_accepted = authority.is_some_and(|ca| protection.accepted_cas.contains(&ca));
            let expected = match protection.client_authentication {
                ClientAuthentication::None | ClientAuthentication::Optional => true,
                ClientAuthentication::Mandatory => is_accepted,
            };
            let answer = ask_tls(at, client, host, path);
            // 400 is what clients without a good certificate are told where the handshake goes on.
            let is_let_in = answer.is_some_and(|status| status != 400);
            if is_let_in != expected {
                return Err(format!(
                    "a client {} gets {answer:?} from {host} at {}, which has {protection:?}",
                    client.name, route.front_end
                ));
            }
            *if is_let_in { &mut tally.let_in } else { &mut tally.turned_away } += 1;
        }
        Ok(())
    }

    /// In plain text nobody gets to the back end of a host that demands certificates.
    fn try_plain(&self, host: &str, tally: &mut Tally) -> Result<(), String> {
        let demands = |route: &&ObservedRoute| {
            route.protection.client_authentication == ClientAuthentication::Mandatory
                && route.matches.host == Host::Exact(host.to_owned())
        };
        let vip: IpAddr = "192.0.2.10".parse().unwrap();
        let Some(at) = self.plane.listens(vip, 80) else { return Ok(()) };
        let answer = status(&mut stream(at), host, "/");
        tally.plain += 1;
        match answer {
            // Nobody takes it, or it is sent to TLS.
            Some(404 | 301 | 302 | 307 | 308) | None => Ok(()),
            Some(_) if self.routes.iter().find(demands).is_none() => Ok(()),
            Some(status) => {
                Err(format!("{host} demands certificates, and answers {status} in plain text"))
            }
        }
    }
}

/// Carries a state and lets everybody try.
fn try_all(appliance: Appliance, world: &super::World, tally: &mut Tally) -> Result<(), String> {
    let (observed, _) = look(&connect(&appliance), world)?;
    let routes: Vec<ObservedRoute> = observed.facts.routes.into_values().flatten().collect();
    // Nobody is there: who is let in learns that.
    let members = (std::net::Ipv4Addr::LOCALHOST, 1).into();
    let plane = DataPlane::new(Placement::Elsewhere { members }, now, Box::new(|_| {}));
    let server = Server::new(Faulty::new(appliance, Faults::none()), None, now);
    server.carry(plane.clone());
    let carried = Carried { plane: &plane, routes: &routes };
    let mut hosts: BTreeSet<&str> = BTreeSet::new();
    for route in &routes {
        let Host::Exact(host) = &route.matches.host else { continue };
        hosts.insert(host);
        let is_covered = route.certificates.values().flatten().any(|name| name == host);
        if route.front_end.protocol.is_tls() && is_covered {
            carried.try_tls(route, host, tally)?;
        }
    }
    hosts.into_iter().try_for_each(|host| carried.try_plain(host, tally))
}

#[test]
fn at_every_cut_sockets_let_in_whom_the_protection_says() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let _in_runtime = runtime.enter();
    let mut runner = TestRunner::deterministic();
    let mut tally = Tally::default();
    let mut appliance = fresh();
    let mut dice = Dice(1);
    for _ in 0..PAIRS {
        let world = world().new_tree(&mut runner).unwrap().current();
        others::change(&mut appliance, world.has_turned_profiles);
        let turn = Turn::of(&appliance, &world).unwrap();
        let planned: Vec<usize> = (0..turn.plan.ops.len()).collect();
        let clean = turn.perform(&appliance, &planned).unwrap();
        let order = random_order(&turn.plan, &mut dice);
        let cut = dice.below(order.len() + 1);
        let cut = turn.attempt(&appliance, &order[..cut], &mut |_| false, &clean).unwrap();
        if let Err(error) = try_all(cut, &world, &mut tally) {
            panic!("{error}\nafter a cut towards {world:#?}");
        }
        appliance = clean;
        // Each look logs in anew, and an appliance has so many sessions only.
        appliance.expire_sessions();
    }
    let Tally { let_in, turned_away, plain } = tally;
    let is_enough = let_in > PAIRS / 2 && turned_away > PAIRS / 4 && plain > PAIRS / 8;
    assert!(is_enough, "{let_in} let in, {turned_away} turned away, {plain} in plain text");
}
