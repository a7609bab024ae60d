//! Random clusters, small and dense: few hosts, addresses and Secrets, so that Ingresses meet; some
//! of them broken.

use nitro_ingress::snapshot::Snapshot;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::objects::{
    Cluster, EndpointsBuilder, IngressBuilder, Object, SecretBuilder, ServiceBuilder, authorities,
    cluster, endpoints, ingress, pair, secret, service,
};

const NAMES: &[&str] = &["one", "two", "three", "four", "five"];
const HOSTS: &[&str] =
    &["a.example", "b.example", "shop.example", "x.shop.example", "*.shop.example", ""];
const PATHS: &[&str] = &["/", "/x", "/x/y"];
const SERVICES: &[(&str, u16)] = &[("web", 80), ("apache", 443)];

/// The Secrets that Ingresses name, and what may be in each: fixtures, or something broken.
const SERVER_SECRETS: &[(&str, &[&str])] = &[
    ("tls-a", &["a-1", "a-1", "a-2", "ab-1", "b-1", ""]),
    ("tls-b", &["b-1", "b-1", "b-2", "ab-1", "a-1", ""]),
    ("tls-shop", &["wild-1", "wild-1", "wild-2"]),
    ("client", &["client-1", "client-1", "client-2", ""]),
];
const CA_SECRETS: &[(&str, &[&[&str]])] = &[
    ("ca", &[&["ca-one"], &["ca-one"], &["ca-two"], &["ca-one", "ca-two"], &[]]),
    ("more", &[&["ca-two"], &["ca-two"], &["ca-three"], &["a-1"]]),
];

/// A cluster with some Ingresses, Services and Secrets.
pub(crate) fn world() -> impl Strategy<Value = Cluster> {
    let names = subsequence(NAMES, 0..=NAMES.len());
    let ingresses = names.prop_flat_map(|names| {
        names.into_iter().map(|name| an_ingress(name).boxed()).collect::<Vec<_>>()
    });
    let objects = (secrets("default"), secrets("other"), services("default"), services("other"));
    (ingresses, objects).prop_map(|(ingresses, (mine, others, services, other_services))| {
        let mut world = cluster();
        world.0.services.clear();
        world.0.endpoint_slices.clear();
        let things = [mine, others, services, other_services].into_iter().flatten().flatten();
        ingresses.into_iter().fold(things.fold(world, Cluster::with), Cluster::with)
    })
}

/// An Ingress that is broken in one way or another, whatever the cluster holds.
pub(crate) fn broken(name: &'static str) -> impl Strategy<Value = IngressBuilder> {
    let fault = select(vec![
        ("ca-secret", "{"),
        ("ca-secert", "x"),
        ("secure-backend", ""),
        ("frontend-ip", "A.B.C.D"),
        ("backend-ca-secret", r#"{"web": "nowhere", "apache": "nowhere"}"#),
        ("frontend-sslprofile", r#"{"clientaut": "on"}"#),
        ("ipam-range", "Dev"),
    ]);
    (sound(name), fault).prop_map(|(ingress, (key, value))| {
        let ingress = ingress.annotated("secure-backend", "True");
        ingress.annotated(key, value)
    })
}

fn an_ingress(name: &'static str) -> impl Strategy<Value = IngressBuilder> {
    prop_oneof![5 => sound(name).boxed(), 1 => broken(name).boxed()]
}

/// An Ingress that is well formed; whether it is accepted depends on the others.
fn sound(name: &'static str) -> impl Strategy<Value = IngressBuilder> {
    let namespace = prop_oneof![3 => Just("default"), 1 => Just("other")];
    let vip = prop_oneof![3 => Just("192.0.2.10"), 1 => Just("192.0.2.20")];
    let route = (select(HOSTS), select(PATHS), any::<bool>(), select(SERVICES));
    let routes = prop::collection::vec(route, 1..4);
    let annotations = (front_end(), back_end());
    (namespace, vip, 0..4_i64, routes, any::<bool>(), annotations).prop_map(
        move |(namespace, vip, age, routes, tls, (front, back))| {
            let mut one =
                ingress(name).namespace(namespace).created(age).annotated("frontend-ip", vip);
            let hosts: Vec<&str> = routes.iter().map(|(host, ..)| *host).collect();
            for (host, path, exact, (service, port)) in routes {
                one = one.host(host);
                one = if exact {
                    one.exact(path, service, port)
                } else {
                    one.path(path, service, port)
                };
            }
            let front = front.into_iter().filter(|_| tls);
            for (key, value) in front.chain(back) {
                one = one.annotated(key, value);
            }
            if tls { with_certificates(one, &hosts) } else { one }
        },
    )
}

/// Adds the entries of `spec.tls` that the hosts need.
fn with_certificates(mut ingress: IngressBuilder, hosts: &[&str]) -> IngressBuilder {
    for (secret, covered) in [
        ("tls-a", &["a.example"][..]),
        ("tls-b", &["b.example"]),
        ("tls-shop", &["shop.example", "x.shop.example", "*.shop.example"]),
    ] {
        let used: Vec<&str> = covered.iter().copied().filter(|one| hosts.contains(one)).collect();
        if !used.is_empty() {
            ingress = ingress.tls(&used, secret);
        }
    }
    if hosts.iter().all(|host| host.is_empty()) {
        ingress = ingress.tls(&["shop.example"], "tls-shop");
    }
    ingress
}

type Annotations = Vec<(&'static str, &'static str)>;

fn front_end() -> impl Strategy<Value = Annotations> {
    select(vec![
        vec![],
        vec![],
        vec![("ca-secret", r#"{"web": "ca"}"#)],
        vec![("ca-secret", r#"{"web": "ca"}"#)],
        vec![("ca-secret", r#"{"web": "ca", "apache": "more"}"#)],
        vec![
            ("ca-secret", r#"{"web": "ca"}"#),
            ("frontend-sslprofile", r#"{"clientcert": "optional"}"#),
        ],
        vec![("frontend-sslprofile", r#"{"hsts": "enabled", "maxage": "600"}"#)],
    ])
}

fn back_end() -> impl Strategy<Value = Annotations> {
    let name = (
        "backend-sslprofile",
        r#"{"web": {"commonname": "in.example"}, "apache": {"commonname": "in.example"}}"#,
    );
    let both = |secret: &'static str| match secret {
        "ca" => ("backend-ca-secret", r#"{"web": "ca", "apache": "ca"}"#),
        _ => ("backend-ca-secret", r#"{"web": "more", "apache": "more"}"#),
    };
    let secure = ("secure-backend", "True");
    select(vec![
        vec![],
        vec![],
        vec![secure],
        vec![secure, both("ca")],
        vec![secure, both("ca"), name],
        vec![secure, both("more"), name],
        vec![secure, both("ca"), name, ("backend-secret", r#"{"web": "client"}"#)],
    ])
}

/// What a cluster holds beside Ingresses.
#[derive(Debug, Clone)]
enum Thing {
    Secret(SecretBuilder),
    Service(Box<ServiceBuilder>),
    Endpoints(Box<EndpointsBuilder>),
}

impl Object for Thing {
    fn put(self, snapshot: &mut Snapshot) {
        match self {
            Self::Secret(secret) => secret.put(snapshot),
            Self::Service(service) => service.put(snapshot),
            Self::Endpoints(endpoints) => endpoints.put(snapshot),
        }
    }
}

fn secrets(namespace: &'static str) -> impl Strategy<Value = Vec<Vec<Thing>>> {
    let servers = SERVER_SECRETS.iter().map(move |(name, contents)| {
        let content = select(*contents).prop_map(move |content| match content {
            "" => secret(name).value("tls.crt", "x"),
            content => pair(name, content),
        });
        content.boxed()
    });
    let authorities = CA_SECRETS
        .iter()
        .map(|(name, contents)| select(*contents).prop_map(|all| authorities(name, all)).boxed());
    let all: Vec<_> = servers.chain(authorities).collect();
    let put = move |secret: SecretBuilder| vec![Thing::Secret(secret.namespace(namespace))];
    all.prop_map(move |all| all.into_iter().map(put).collect())
}

fn services(namespace: &'static str) -> impl Strategy<Value = Vec<Vec<Thing>>> {
    let one = SERVICES.iter().map(move |(name, port)| {
        let there = prop_oneof![9 => Just(true), 1 => Just(false)];
        let members = subsequence(vec!["10.0.0.1", "10.0.0.2", "10.0.0.3"], 0..=3);
        let leaving = subsequence(vec!["10.0.0.3", "10.0.0.4"], 0..=2);
        let things = (there, members, leaving).prop_map(move |(there, members, leaving)| {
            let slice = endpoints(name).namespace(namespace).port("", port + 8000);
            let slice = members.iter().fold(slice, |slice, one| slice.address(one, None));
            let slice = leaving.iter().fold(slice, |slice, one| slice.terminating(one, true));
            let service = service(name).namespace(namespace).port(*port);
            if there {
                vec![Thing::Service(Box::new(service)), Thing::Endpoints(Box::new(slice))]
            } else {
                Vec::new()
            }
        });
        things.boxed()
    });
    one.collect::<Vec<_>>()
}
