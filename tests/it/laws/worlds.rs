//! Random clusters: what Ingresses may ask for, a little of everything.

use k8s_openapi::api::networking::v1::{
    IngressBackend, IngressServiceBackend, IngressTLS, ServiceBackendPort,
};
use proptest::prelude::*;

use super::others;
use crate::objects::{
    Cluster, IngressBuilder, authorities, cluster, endpoints, ingress, pair, service,
};

const CAS: [&str; 3] = ["ca-one", "ca-two", "ca-three"];
const REFUSAL: &str = "nitro-ingress.dev/client-certificate-refusal";
const SERVICES: [&str; 2] = ["one", "two"];

/// What one moment of the cluster holds.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) ingresses: [Wish; 3],
    /// The endpoints behind each Service.
    pub(super) members: [[Phase; 3]; 2],
    /// The certificates of the hosts `a.example` and `b.example`.
    pub(super) certificates: usize,
    pub(super) client_certificate: usize,
    /// Whether somebody has turned the profiles of others round: what they demanded they do not.
    pub(super) has_turned_profiles: bool,
}

/// What an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Absent,
    Serving,
    Terminating,
}

pub(super) use Phase::{Absent, Serving, Terminating};

#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// 0, 1: not there; 2: an annotation that cannot be read; 3: a Secret that is missing; else
    /// understood.
    pub(super) fate: u8,
    pub(super) is_plain: bool,
    /// 0: no client authentication; 1: optional; 2: mandatory; 3: optional, and refused with a page.
    pub(super) client_authentication: u8,
    pub(super) cas: [bool; 3],
    pub(super) hsts: bool,
    /// Host, path, exact, Service.
    pub(super) routes: Vec<(usize, usize, bool, usize)>,
    /// For each Service: plain, TLS, or verified with this CA and name.
    pub(super) back_ends: [(u8, usize, usize); 2],
    pub(super) extras: Extras,
}

/// What most Ingresses do not ask for: each number is a choice, 0 that of saying nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Extras {
    /// What becomes of plain HTTP beside TLS: allowed, redirected, refused.
    insecure_termination: u8,
    /// The Service of the default back end, from 1.
    default_back_end: u8,
    /// Without rules.
    without_rules: u8,
    /// The certificate of `spec.tls` without hosts, that of `a.example` or of `b.example`.
    default_certificate: u8,
    /// A profile of somebody else for the front end, one that fits or one that does not; and whether
    /// the back ends have some.
    names_profiles: [u8; 2],
    /// Fields of the front end, and what answers what matches nothing.
    front_end: [u8; 5],
    /// The same of each Service.
    back_ends: [[u8; 5]; 2],
}

/// A choice that is seldom made, among so many.
fn seldom(choices: u8) -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0), 1 => 1..=choices]
}

fn extras() -> BoxedStrategy<Extras> {
    let field = || seldom(2);
    let fields = move || [field(), field(), field(), field(), field()];
    let names = || prop_oneof![16 => Just(0), 3 => Just(1), 1 => Just(2)];
    let names = [names(), names()];
    (seldom(3), seldom(2), seldom(1), seldom(2), names, fields(), [fields(), fields()])
        .prop_map(
            |(
                insecure,
                default_back_end,
                without_rules,
                default_certificate,
                names_profiles,
                front_end,
                back_ends,
            )| {
                Extras {
                    insecure_termination: insecure,
                    default_back_end,
                    without_rules,
                    default_certificate,
                    names_profiles,
                    front_end,
                    back_ends,
                }
            },
        )
        .boxed()
}

/// The two values that an annotation may have here, for the front end.
const FRONT_END: [(&str, [&str; 2]); 5] = [
    ("frontend-tcpprofile", [r#"{"ws": "enabled"}"#, r#"{"sack": "enabled"}"#]),
    ("frontend-httpprofile", [r#"{"websocket": "enabled"}"#, r#"{"http2": "enabled"}"#]),
    ("csvserver", [r#"{"stateupdate": "ENABLED"}"#, r#"{"l2conn": "ON"}"#]),
    ("default-response-code", ["404", "503"]),
    ("path-match-method", ["prefix", "exact"]),
];

/// The same for a Service.
const BACK_END: [(&str, [&str; 2]); 5] = [
    ("backend-tcpprofile", [r#"{"nagle": "enabled"}"#, r#"{"ws": "enabled"}"#]),
    ("backend-httpprofile", [r#"{"http2": "enabled"}"#, r#"{"websocket": "enabled"}"#]),
    (
        "lbvserver",
        [
            r#"{"persistencetype": "COOKIEINSERT", "timeout": "20"}"#,
            r#"{"lbmethod": "ROUNDROBIN"}"#,
        ],
    ),
    ("servicegroup", [r#"{"cip": "ENABLED", "cipheader": "X-From"}"#, r#"{"maxclient": "10"}"#]),
    (
        "monitor",
        [r#"{"type": "TCP", "interval": "7"}"#, r#"{"type": "HTTP", "respcode": ["200"]}"#],
    ),
];

/// The names of `tests/fixtures/world` that cover `a.example` and `b.example`.
const CERTIFICATES: [[&str; 2]; 5] =
    [["a-1", "b-1"], ["a-2", "b-1"], ["a-2", "b-2"], ["a-1", "b-2"], ["ab-1", "ab-1"]];

pub(super) fn world() -> impl Strategy<Value = World> {
    let back_end = || (0..3u8, 0..2usize, 0..2usize);
    let host = prop_oneof![4 => 0..2usize, 1 => Just(2)];
    let route = (host, 0..2usize, any::<bool>(), 0..2usize);
    let wish = move || {
        (
            0..10u8,
            0..4u8,
            0..4u8,
            any::<[bool; 3]>(),
            any::<bool>(),
            prop::collection::vec(route.clone(), 1..3),
            [back_end(), back_end()],
            extras(),
        )
            .prop_map(
                |(fate, plain, client_authentication, cas, hsts, routes, back_ends, extras)| Wish {
                    fate,
                    is_plain: plain == 0,
                    client_authentication,
                    cas,
                    hsts,
                    routes,
                    back_ends,
                    extras,
                },
            )
    };
    let phase = || prop::sample::select(vec![Absent, Serving, Terminating]);
    let members = [[phase(), phase(), phase()], [phase(), phase(), phase()]];
    let lax = seldom(1);
    ([wish(), wish(), wish()], members, 0..CERTIFICATES.len(), 1..3usize, lax).prop_map(
        |(ingresses, members, certificates, client_certificate, lax)| World {
            ingresses,
            members,
            certificates,
            client_certificate,
            has_turned_profiles: lax > 0,
        },
    )
}

impl World {
    pub(super) fn cluster(&self) -> Cluster {
        let [a, b] = CERTIFICATES[self.certificates];
        let mut cluster = cluster()
            .with(pair("a", a))
            .with(pair("b", b))
            .with(pair("client", &format!("client-{}", self.client_certificate)));
        for (ca, fixture) in CAS.iter().enumerate() {
            cluster = cluster.with(authorities(&format!("back-end-ca-{ca}"), &[fixture]));
        }
        // Each Service has pods of its own: a port speaks TLS or does not.
        for (number, (name, members)) in SERVICES.iter().zip(self.members).enumerate() {
            let mut slice = endpoints(name).port("", 8080);
            for (member, phase) in members.iter().enumerate() {
                let address = format!("10.0.{number}.{member}");
                slice = match phase {
                    Absent => slice,
                    Serving => slice.address(&address, None),
                    // One of them stops at once.
                    Terminating => slice.terminating(&address, member > 0),
                };
            }
            cluster = cluster.with(service(name).port(80)).with(slice);
        }
        for (number, wish) in self.ingresses.iter().enumerate().filter(|(_, w)| w.fate > 1) {
            let secret = format!("accepted-{number}");
            let accepted: Vec<&str> =
                CAS.iter().zip(wish.cas).filter(|(_, is_on)| *is_on).map(|(ca, _)| *ca).collect();
            if !accepted.is_empty() && wish.fate != 3 {
                cluster = cluster.with(authorities(&secret, &accepted));
            }
            cluster = cluster.with(wish.ingress(number, &secret, !accepted.is_empty()));
        }
        cluster
    }
}

impl World {
    /// The same with only these Ingresses.
    pub(super) fn only(&self, ingresses: &[usize]) -> Self {
        let mut world = self.clone();
        for (number, wish) in world.ingresses.iter_mut().enumerate() {
            if !ingresses.contains(&number) {
                wish.fate = 0;
            }
        }
        world
    }

    /// The same when what was terminating is gone.
    pub(super) fn settled(&self) -> Self {
        let settle = |phase| if phase == Terminating { Absent } else { phase };
        Self { members: self.members.map(|members| members.map(settle)), ..self.clone() }
    }
}

impl Wish {
    /// Makes it one that is there and can be read.
    pub(super) const fn mend(&mut self) {
        self.fate = 4;
    }

    fn ingress(&self, number: usize, secret: &str, has_cas: bool) -> IngressBuilder {
        let hosts = ["a.example", "b.example", ""];
        let mut builder =
            ingress(&format!("ingress-{number}")).annotated("frontend-ip", "192.0.2.10");
        for (host, path, exact, to) in self.routes() {
            let path = ["/", "/x"][*path];
            builder = builder.host(hosts[*host]);
            builder = if *exact {
                builder.exact(path, SERVICES[*to], 80)
            } else {
                builder.path(path, SERVICES[*to], 80)
            };
        }
        if !self.is_plain {
            builder = builder.tls(&["a.example"], "a").tls(&["b.example"], "b");
            builder = self.front_end(builder, secret, has_cas);
        }
        builder = self.back_ends(builder);
        builder = self.extras(builder);
        if self.fate == 2 { builder.annotated("ca-secret", "{") } else { builder }
    }

    fn routes(&self) -> &[(usize, usize, bool, usize)] {
        if self.extras.without_rules > 0 { &[] } else { &self.routes }
    }

    /// The Service that serves what no rule takes.
    fn default_back_end(&self) -> Option<usize> {
        usize::from(self.extras.default_back_end).checked_sub(1)
    }

    fn uses(&self, service: usize) -> bool {
        self.default_back_end() == Some(service)
            || self.routes().iter().any(|route| route.3 == service)
    }

    fn extras(&self, builder: IngressBuilder) -> IngressBuilder {
        let mut builder = builder;
        let extras = &self.extras;
        let termination = ["", "allow", "redirect", "disallow"];
        if !self.is_plain && extras.insecure_termination > 0 {
            let value = termination[usize::from(extras.insecure_termination)];
            builder = builder.annotated("insecure-termination", value);
        }
        if !self.is_plain && extras.default_certificate > 0 {
            let secret = ["", "a", "b"][usize::from(extras.default_certificate)].to_owned();
            let entry = IngressTLS { hosts: None, secret_name: Some(secret) };
            builder = builder.changed(|spec| spec.tls.get_or_insert_default().push(entry));
        }
        if let Some(number) = self.default_back_end() {
            let port = ServiceBackendPort { name: None, number: Some(80) };
            let name = SERVICES[number].to_owned();
            let service = IngressServiceBackend { name, port: Some(port) };
            let back_end = IngressBackend { resource: None, service: Some(service) };
            builder = builder.changed(|spec| spec.default_backend = Some(back_end));
        }
        for ((name, values), choice) in FRONT_END.iter().zip(extras.front_end) {
            if let Some(choice) = usize::from(choice).checked_sub(1) {
                builder = builder.annotated(name, values[choice]);
            }
        }
        for (field, (name, values)) in BACK_END.iter().enumerate() {
            let of = |service: usize| usize::from(extras.back_ends[service][field]).checked_sub(1);
            let chosen = (0..SERVICES.len()).filter(|service| self.uses(*service));
            let fields = chosen.filter_map(|service| {
                Some(format!(r#""{}": {}"#, SERVICES[service], values[of(service)?]))
            });
            let fields: Vec<String> = fields.collect();
            if !fields.is_empty() {
                builder = builder.annotated(name, &format!("{{{}}}", fields.join(", ")));
            }
        }
        builder
    }

    fn front_end(&self, builder: IngressBuilder, secret: &str, has_cas: bool) -> IngressBuilder {
        let mut profile = serde_json::Map::new();
        if self.hsts {
            profile.insert("hsts".to_owned(), "enabled".into());
            profile.insert("maxage".to_owned(), 100.into());
        }
        let mut builder = builder;
        if self.fate == 3 || (self.client_authentication > 0 && has_cas) {
            builder = builder.annotated("ca-secret", &format!(r#"{{"one": "{secret}"}}"#));
            // What a profile of somebody else demands, no page goes with.
            if self.client_authentication == 3 && self.extras.names_profiles[0] == 0 {
                builder = builder.annotated(REFUSAL, "http");
            }
            if self.client_authentication == 1 {
                profile.insert("clientcert".to_owned(), "Optional".into());
                profile.insert("clientauth".to_owned(), "enabled".into());
            }
        }
        if let Some(is_other) = usize::from(self.extras.names_profiles[0]).checked_sub(1) {
            let fitting = usize::from(self.client_authentication == 0 || !has_cas);
            let name = others::FRONT_END[fitting ^ is_other];
            return builder.annotated("frontend-sslprofile", name);
        }
        if profile.is_empty() {
            return builder;
        }
        builder.annotated("frontend-sslprofile", &serde_json::Value::from(profile).to_string())
    }

    fn back_ends(&self, builder: IngressBuilder) -> IngressBuilder {
        let mut maps: [serde_json::Map<String, serde_json::Value>; 4] = Default::default();
        for (number, (transport, ca, name)) in self.back_ends.iter().enumerate() {
            let service = SERVICES[number].to_owned();
            if *transport == 0 || !self.uses(number) {
                continue;
            }
            maps[0].insert(service.clone(), "True".into());
            maps[1].insert(service.clone(), "client".into());
            let is_named = self.extras.names_profiles[1] > 0;
            if is_named {
                let profile = if *transport == 2 { *name } else { 2 };
                maps[3].insert(service.clone(), others::BACK_END[profile].into());
            }
            if *transport == 2 {
                maps[2].insert(service.clone(), format!("back-end-ca-{ca}").into());
            }
            if *transport == 2 && !is_named {
                let name = ["one.internal", "two.internal"][*name];
                maps[3].insert(service, serde_json::json!({ "commonname": name }));
            }
        }
        let names = ["secure-backend", "backend-secret", "backend-ca-secret", "backend-sslprofile"];
        let mut builder = builder;
        for (name, map) in names.iter().zip(maps).filter(|(_, map)| !map.is_empty()) {
            builder = builder.annotated(name, &serde_json::Value::from(map).to_string());
        }
        builder
    }
}
