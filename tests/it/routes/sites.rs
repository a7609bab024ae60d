//! Generated Ingresses on one address.

use k8s_openapi::api::networking::v1::{IngressBackend, IngressServiceBackend, ServiceBackendPort};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::meaning::{Meaning, Path, Route};
use crate::objects::{Cluster, IngressBuilder, cluster, ingress, pair};

const HOSTS: [&str; 7] =
    ["a.example", "a.example", "b.example", "shop.example", "x.shop.example", "*.shop.example", ""];
const PATHS: [&str; 7] = [
    "/",
    "/x",
    "/x/",
    "/x/y",
    "/X",
    "/.well-known/acme-challenge/",
    "/.well-known/acme-challenge/token",
];
const TYPES: [&str; 3] = ["Prefix", "Exact", "ImplementationSpecific"];
const SERVICES: [(&str, u16); 2] = [("web", 80), ("apache", 443)];

/// Ingresses that share an address.
#[derive(Debug, Clone)]
pub(super) struct Site(Vec<One>);

#[derive(Debug, Clone)]
struct One {
    name: &'static str,
    age: i64,
    tls: Option<Termination>,
    /// Whether what is not said is exact.
    is_exact: bool,
    /// Host, path, type, Service.
    routes: Vec<(&'static str, &'static str, &'static str, usize)>,
    default: Option<usize>,
}

/// What becomes of requests without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Termination {
    Disallow,
    Allow,
    Redirect,
}

pub(super) fn sites() -> impl Strategy<Value = Site> {
    let names = subsequence(vec!["one", "two", "three", "four"], 1..=4);
    let all = names.prop_flat_map(|names| names.into_iter().map(one).collect::<Vec<_>>());
    all.prop_map(Site)
}

fn one(name: &'static str) -> impl Strategy<Value = One> {
    use Termination::{Allow, Disallow, Redirect};
    let tls = select(vec![None, None, Some(Disallow), Some(Allow), Some(Redirect)]);
    let route = (select(&HOSTS[..]), select(&PATHS[..]), select(&TYPES[..]), 0..2_usize);
    let routes = prop::collection::vec(route, 1..5);
    let default = prop_oneof![3 => Just(None), 1 => (0..2_usize).prop_map(Some)];
    (0..3_i64, tls, any::<bool>(), routes, default).prop_map(
        move |(age, tls, is_exact, routes, default)| One {
            name,
            age,
            tls,
            is_exact,
            routes,
            default,
        },
    )
}

impl Site {
    /// The Ingresses, their Services and Secrets.
    pub(super) fn cluster(&self) -> Cluster {
        let secrets = [("tls-a", "a-1"), ("tls-b", "b-1"), ("tls-shop", "wild-1")];
        let cluster =
            secrets.iter().fold(cluster(), |all, (name, from)| all.with(pair(name, from)));
        self.0.iter().fold(cluster, |cluster, one| cluster.with(one.ingress()))
    }

    /// What the front end at this port means.
    pub(super) fn meaning(&self, port: u16) -> Meaning {
        let mut all: Vec<&One> = self.0.iter().collect();
        all.sort_by_key(|one| (one.age, one.name));
        let redirected: Vec<&str> = all
            .iter()
            .filter(|one| one.tls == Some(Termination::Redirect))
            .flat_map(|one| one.meant().into_iter().map(|route| route.host))
            .collect();
        let is_there = |one: &&&One| match (port, one.tls) {
            (443, tls) => tls.is_some(),
            (_, tls) => tls != Some(Termination::Disallow),
        };
        let mut meaning =
            Meaning { is_there: all.iter().any(|one| is_there(&one)), routes: Vec::new() };
        let serves = |one: &&One| port == 443 || one.tls != Some(Termination::Redirect);
        for one in all.into_iter().filter(|one| is_there(&one)).filter(serves) {
            let passes = |route: &Route| {
                port == 443 || !redirected.contains(&route.host) || is_challenge(route.path)
            };
            meaning.routes.extend(one.meant().into_iter().filter(passes));
        }
        if port == 80 {
            let path = Path::Prefix("/");
            let to_tls = redirected.into_iter().map(|host| Route { host, path, to: None });
            meaning.routes.extend(to_tls);
        }
        meaning
    }
}

/// Whether a certificate authority asks for this path (RFC 8555, 8.3).
fn is_challenge(path: Path) -> bool {
    match path {
        Path::Exact(path) | Path::Prefix(path) => path.starts_with("/.well-known/acme-challenge"),
        Path::Rest => false,
    }
}

impl One {
    /// Its routes, in the order of its text.
    fn meant(&self) -> Vec<Route> {
        let rules = self.routes.iter().map(|(host, path, kind, to)| {
            let is_exact = *kind == "Exact" || (*kind == "ImplementationSpecific" && self.is_exact);
            let path = if is_exact { Path::Exact(path) } else { Path::Prefix(path) };
            Route { host, path, to: Some((self.name, SERVICES[*to].0)) }
        });
        let default = self.default.map(|to| {
            let to = Some((self.name, SERVICES[to].0));
            Route { host: "", path: Path::Rest, to }
        });
        rules.chain(default).collect()
    }

    fn ingress(&self) -> IngressBuilder {
        let mut built = ingress(self.name).annotated("frontend-ip", "192.0.2.10").created(self.age);
        for (host, path, kind, to) in &self.routes {
            let (service, port) = SERVICES[*to];
            built = built.host(host).path(path, service, port).changed(|spec| {
                let rule = spec.rules.as_mut().unwrap().last_mut().unwrap();
                let path = &mut rule.http.as_mut().unwrap().paths[0];
                (*kind).clone_into(&mut path.path_type);
            });
        }
        if let Some(to) = self.default {
            let (name, port) = SERVICES[to];
            let port = ServiceBackendPort { number: Some(i32::from(port)), name: None };
            let service = IngressServiceBackend { name: name.to_owned(), port: Some(port) };
            built = built.changed(|spec| {
                spec.default_backend =
                    Some(IngressBackend { service: Some(service), resource: None });
            });
        }
        if self.is_exact {
            built = built.annotated("path-match-method", "exact");
        }
        let Some(termination) = self.tls else { return built };
        let built = built.tls(&["a.example"], "tls-a").tls(&["b.example"], "tls-b");
        let built = built.tls(&["shop.example", "*.shop.example"], "tls-shop");
        match termination {
            Termination::Disallow => built,
            Termination::Allow => built.annotated("insecure-termination", "allow"),
            Termination::Redirect => built.annotated("insecure-termination", "redirect"),
        }
    }
}
