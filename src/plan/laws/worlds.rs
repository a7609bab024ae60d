//! Random worlds and what each asks of the appliance, written down as translating would.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::model::{
    BindingId, CertificateFault, CertificateId, ClusterId, EntityId, Fields, FrontEndId, Host,
    IngressId, IssuerSerial, KeyType, Kind, Mark, Name, ObjectKey, OwnerComment, PathMatch,
    Protocol, Redacted, Role, RouteMatch, State, Value,
};
use crate::observed::Owned;
use crate::plan::difference;
use crate::policy::Consent;
use crate::snapshot::Proof;
use crate::tls::{Certificate, Material, PrivateKey};
use crate::translate::{Band, Desired, Draining, Translation, Unmet};

/// One world: what each front end demands, and what each Ingress asks for.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) front_ends: [FrontEnd; 2],
    pub(super) ingresses: [Wish; 3],
    /// The version of the certificate of each host; 2 is a wildcard, 3 on
    /// either is one with both names.
    pub(super) certificates: [u8; 2],
    /// The version of the client certificate towards back ends, and of the issuer of all.
    pub(super) client_certificate: u8,
    pub(super) issuer: u8,
    /// Whether profiles of somebody else are attached instead of our own, to front ends and to back
    /// ends.
    pub(super) names_profiles: [bool; 2],
    /// Whether somebody else took all demands out of theirs before this world came. Nobody asks
    /// for them then.
    pub(super) has_lax_profiles: bool,
}

#[derive(Debug, Clone)]
pub(super) struct FrontEnd {
    /// 0: none; 1: optional; 2: mandatory; 3: optional, with policies that refuse.
    pub(super) client_authentication: u8,
    pub(super) cas: [bool; 3],
    /// A part of the profile that is not protection.
    pub(super) hsts: bool,
    /// Whether its oldest claim cannot be read, so that it stays as it is.
    pub(super) is_kept: bool,
    /// Whether somebody else bound a CA of theirs before this world came.
    pub(super) has_foreign_ca: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Wish {
    /// 0 and 1: gone; 2: held; 3: closed; else accepted.
    pub(super) fate: u8,
    pub(super) front_end: usize,
    pub(super) routes: Vec<(usize, usize, bool, usize)>,
    /// For each of two Services: transport, CA, name, endpoints.
    pub(super) back_ends: [(u8, usize, usize, [Phase; 3]); 2],
}

impl World {
    /// Whether profiles of somebody else are attached on this side.
    pub(super) fn names(&self, side: usize) -> bool {
        self.names_profiles[side] && !self.has_lax_profiles
    }
}

/// What an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Absent,
    Serving,
    Terminating,
}

pub(super) use Phase::{Absent, Serving, Terminating};

pub(super) fn worlds() -> impl Strategy<Value = Vec<World>> {
    prop::collection::vec(world(), 2..4)
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let front_end = || {
        (0..4u8, any::<[bool; 3]>(), any::<bool>(), 0..5u8, 0..5u8).prop_map(
            |(client_authentication, cas, hsts, kept, foreign)| FrontEnd {
                client_authentication,
                cas,
                hsts,
                is_kept: kept == 0,
                has_foreign_ca: foreign == 0,
            },
        )
    };
    let phase = || prop::sample::select(vec![Absent, Serving, Terminating]);
    let back_end = move || (0..3u8, 0..2usize, 0..2usize, [phase(), phase(), phase()]);
    let wish = move || {
        let routes = prop::collection::vec((0..2usize, 0..2usize, any::<bool>(), 0..2usize), 0..3);
        (0..10u8, 0..2usize, routes, [back_end(), back_end()]).prop_map(
            |(fate, front_end, routes, back_ends)| Wish { fate, front_end, routes, back_ends },
        )
    };
    let others =
        (prop::sample::select(vec![[false; 2], [false, true], [true, false], [true; 2]]), 0..4u8);
    ([front_end(), front_end()], [wish(), wish(), wish()], [0..4u8, 0..4u8], 0..2u8, 0..2u8, others)
        .prop_map(
            |(front_ends, ingresses, certificates, client_certificate, issuer, (named, lax))| {
                World {
                    front_ends,
                    ingresses,
                    certificates,
                    client_certificate,
                    issuer,
                    names_profiles: named,
                    has_lax_profiles: lax == 0,
                }
            },
        )
}

pub(super) fn mark() -> Mark {
    Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("laws").unwrap() }
}

pub(super) fn ingress(number: usize) -> ObjectKey {
    ObjectKey::new("default", format!("ingress-{number}"))
}

pub(super) fn material(
    name: &str,
    hosts: &[&str],
    issuer: Option<CertificateId>,
    keyed: bool,
) -> Material {
    let id = CertificateId::of_der(name.as_bytes());
    let now = jiff::Timestamp::UNIX_EPOCH;
    let certificate = Certificate {
        id,
        pem: format!("certificate {name}"),
        names: hosts.iter().map(|host| (*host).to_owned()).collect(),
        subject: name.to_owned(),
        issuer_serial: IssuerSerial::new("CN=issuer", name),
        subject_der: Vec::new(),
        issuer_der: Vec::new(),
        key_type: KeyType::Rsa,
        is_ca: hosts.is_empty(),
        version: 3,
        not_before: now,
        not_after: now,
    };
    let key = keyed.then(|| PrivateKey { pem: Redacted::new(format!("key {name}")) });
    Material { certificate, key, issuer }
}

/// Builds the translation of a world, as translating would.
pub(super) struct Build<'a> {
    pub(super) old: &'a Owned,
    pub(super) mark: Mark,
    pub(super) translation: Translation,
}

impl<'a> Build<'a> {
    pub(super) fn of(world: &World, old: &'a Owned) -> Translation {
        let mark = mark();
        let translation = Translation {
            mark: mark.clone(),
            desired: Desired::default(),
            unmet: BTreeMap::new(),
            gone: BTreeMap::new(),
            pinned_members: BTreeMap::new(),
            draining: Draining::default(),
            consent: Consent::default(),
            ingresses: BTreeMap::new(),
            secrets: BTreeSet::new(),
            diagnostics: Vec::new(),
        };
        let mut build = Self { old, mark, translation };
        build.not_found();
        let mut taken = BTreeSet::new();
        for (number, wish) in world.ingresses.iter().enumerate() {
            let id = IngressId::of(&ingress(number));
            build.translation.ingresses.insert(id, ingress(number));
            match wish.fate {
                0 | 1 => drop(build.translation.gone.insert(id, Proof::Deleted)),
                2 => {
                    build.pinned_members(&id, wish);
                    build.translation.unmet.insert(id, Unmet::Held);
                }
                3 => drop(build.translation.unmet.insert(id, Unmet::Closed("test".to_owned()))),
                _ => {
                    for route in &wish.routes {
                        if taken.insert((wish.front_end, route.0, route.1, route.2)) {
                            build.route(world, number, wish, *route);
                        }
                    }
                }
            }
        }
        // Held Ingresses keep front ends, which others may have changed.
        for number in 0..2 {
            build.front_end(world, number);
        }
        build.translation
    }

    pub(super) fn state(&mut self) -> &mut State {
        &mut self.translation.desired.state
    }

    pub(super) fn not_found(&mut self) {
        let name = self.mark.shared_name("404");
        let state = self.state();
        state.insert(EntityId::new(Kind::LBVSERVER, &*name), [("servicetype", "HTTP".into())]);
        state.insert(EntityId::new(Kind::RESPONDERPOLICY, &*name), [("rule", "TRUE".into())]);
        let policy = BindingId::new(Kind::LBVSERVER_RESPONDERPOLICY, &*name, &*name, Role::Request);
        state.bind(policy, [("priority", Value::Number(100))]);
    }

    pub(super) fn csvserver(number: usize) -> (FrontEndId, String) {
        let vip = format!("192.0.2.{}", number + 1).parse().unwrap();
        let protocol = if number == 0 { Protocol::Ssl } else { Protocol::Http };
        let id = FrontEndId { vip, port: 443, protocol };
        (id, id.csvserver("k8s"))
    }

    pub(super) fn front_end(&mut self, world: &World, number: usize) {
        let (id, name) = Self::csvserver(number);
        let front_end = &world.front_ends[number];
        let not_found = self.mark.shared_name("404");
        let state = &mut self.translation.desired.state;
        let servicetype = id.protocol.servicetype();
        let csvserver = EntityId::new(Kind::CSVSERVER, &*name);
        state.insert(
            csvserver,
            [("servicetype", servicetype.into()), ("ipv46", id.vip.to_string().into())],
        );
        state.bind(BindingId::new(Kind::CSVSERVER_LBVSERVER, &*name, &*not_found, Role::Plain), []);
        if id.protocol == Protocol::Http {
            return;
        }
        if front_end.is_kept && self.old.state.fields(Kind::CSVSERVER, &name).is_some() {
            self.translation.desired.kept_front_ends.insert(name);
            return;
        }
        let authenticates = front_end.client_authentication > 0 && front_end.cas.contains(&true);
        let demand = if authenticates { front_end.client_authentication } else { 0 };
        let profile = self.profile(world.names(0), None, &front_end_fields(demand, front_end.hsts));
        if demand == 3 {
            self.refuse(&name);
        }
        let state = &mut self.translation.desired.state;
        state.insert(EntityId::new(Kind::SSLVSERVER, &*name), [("sslprofile", profile.into())]);
        for (ca, _) in
            front_end.cas.iter().enumerate().filter(|(_, is_on)| **is_on && authenticates)
        {
            let ca = self.certificate(material(&format!("ca-{ca}"), &[], None, false));
            let binding = BindingId::new(Kind::SSLVSERVER_SSLCERTKEY, &*name, ca, Role::Ca);
            self.state().bind(binding, []);
        }
    }

    /// The policies that turn clients away who have no valid certificate.
    fn refuse(&mut self, csvserver: &str) {
        for fault in CertificateFault::ALL {
            let name = self.mark.shared_name(&format!("{fault:?}").to_lowercase());
            let state = self.state();
            let action = EntityId::new(Kind::RESPONDERACTION, &*name);
            state.insert(action, [("type", "respondwith".into()), ("target", "\"400\"".into())]);
            let policy = EntityId::new(Kind::RESPONDERPOLICY, &*name);
            state.insert(policy, [("rule", fault.rule().into()), ("action", (*name).into())]);
            let kind = Kind::CSVSERVER_RESPONDERPOLICY;
            let binding = BindingId::new(kind, csvserver, &*name, Role::Request);
            state.bind(binding, [("priority", Value::Number(fault.priority()))]);
        }
    }

    pub(super) fn profile(
        &mut self,
        is_named: bool,
        ingress: Option<&IngressId>,
        fields: &[(&str, &str)],
    ) -> String {
        let digest = digest(fields);
        if is_named {
            return format!("foreign-{digest}");
        }
        let name = match ingress {
            Some(id) => self.mark.ingress_name(id, &digest),
            None => self.mark.shared_name(&digest),
        };
        let state = self.state();
        let entity = EntityId::new(Kind::SSLPROFILE, &*name);
        let fields: Fields =
            fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let born = difference::born_with_profile(&name, &fields);
        let curves = born.into_iter().filter(|(id, _)| id.kind == Kind::SSLPROFILE_ECCCURVE);
        state.bindings.extend(curves);
        state.entities.insert(entity, fields);
        let cipher =
            BindingId::new(Kind::SSLPROFILE_SSLCIPHER, &*name, "TLS1.3-AES256", Role::Plain);
        state.bind(cipher, [("cipherpriority", Value::Number(10))]);
        name
    }

    pub(super) fn certificate(&mut self, material: Material) -> String {
        let id = material.certificate.id.clone();
        self.translation.desired.certificates.insert(id.clone(), material);
        id.as_str().to_owned()
    }

    pub(super) fn route(
        &mut self,
        world: &World,
        number: usize,
        wish: &Wish,
        (host, path, exact, service): (usize, usize, bool, usize),
    ) {
        let id = IngressId::of(&ingress(number));
        let (front_end, csvserver) = Self::csvserver(wish.front_end);
        let host_name = ["a.example", "b.example"][host];
        let path = ["/", "/x"][path];
        let path = if exact { PathMatch::Exact(path.to_owned()) } else { PathMatch::prefix(path) };
        let matches = RouteMatch { host: Host::Exact(host_name.to_owned()), path };
        let digest = CertificateId::of_der(format!("{csvserver} {matches:?}").as_bytes());
        let name = self.mark.ingress_name(&id, &digest.as_str()[..12]);
        let target = self.back_end(world, number, wish, service);
        let state = self.state();
        state.insert(EntityId::new(Kind::CSACTION, &*name), [("targetlbvserver", target.into())]);
        state.insert(
            EntityId::new(Kind::CSPOLICY, &*name),
            [("rule", matches.rule().into()), ("action", name.as_str().into())],
        );
        let route = BindingId::new(Kind::CSVSERVER_CSPOLICY, &*csvserver, &*name, Role::Plain);
        state.bind(route.clone(), []);
        self.translation.desired.bands.insert(route, Band::of(&matches));
        if front_end.protocol == Protocol::Ssl {
            let issuer = material(&format!("issuer-{}", world.issuer), &[], None, false);
            let issuer = Some(CertificateId::parse(&self.certificate(issuer)).unwrap());
            let both = world.certificates.contains(&3);
            let version = if both { 3 } else { world.certificates[host] };
            let covered: &[&str] = match version {
                2 => &["*.example"],
                3 => &["a.example", "b.example"],
                _ => &[host_name],
            };
            let name = format!("{}-{version}-{}", covered[0], world.issuer);
            let certificate = self.certificate(material(&name, covered, issuer, true));
            let binding =
                BindingId::new(Kind::SSLVSERVER_SSLCERTKEY, &*csvserver, certificate, Role::Sni);
            self.state().bind(binding, []);
        }
    }

    pub(super) fn back_end(
        &mut self,
        world: &World,
        number: usize,
        wish: &Wish,
        service: usize,
    ) -> String {
        let key = ingress(number);
        let id = IngressId::of(&key);
        let (transport, ca, common_name, members) = wish.back_ends[service];
        let suffix = match transport {
            0 => String::new(),
            1 => "_tls".to_owned(),
            _ => format!("_verified{ca}{common_name}"),
        };
        let named = if transport > 0 && world.names(1) { "_named" } else { "" };
        let name = format!("k8s-service{service}_{number}{suffix}{named}");
        let comment = self.mark.comment(&OwnerComment {
            ingress: Some((id, key)),
            service: Some(format!("service{service}:80")),
        });
        let servicetype = if transport == 0 { "HTTP" } else { "SSL" };
        let state = self.state();
        state.insert(
            EntityId::new(Kind::LBVSERVER, &*name),
            [("servicetype", "HTTP".into()), ("comment", comment.as_str().into())],
        );
        state.insert(
            EntityId::new(Kind::SERVICEGROUP, &*name),
            [("servicetype", servicetype.into()), ("comment", comment.into())],
        );
        state.bind(BindingId::new(Kind::LBVSERVER_SERVICEGROUP, &*name, &*name, Role::Plain), []);
        let State { entities, bindings } = self.members(&name, members);
        let state = self.state();
        state.entities.extend(entities);
        state.bindings.extend(bindings);
        if transport > 0 {
            self.back_end_tls(world, &id, &name, (transport, ca, common_name));
        }
        name
    }

    /// The members of a group. Those that are terminating are said to drain.
    pub(super) fn members(&mut self, group: &str, endpoints: [Phase; 3]) -> State {
        let mut state = State::default();
        for (number, phase) in endpoints.iter().enumerate() {
            let address = format!("10.0.0.{number}");
            let server = self.mark.shared_name(&address);
            let member = BindingId::new(Kind::SERVICEGROUP_MEMBER, group, &*server, Role::Port(80));
            match phase {
                Absent => {}
                Serving => {
                    let server = EntityId::new(Kind::SERVER, server);
                    state.insert(server, [("ipaddress", address.into())]);
                    state.bind(member, []);
                }
                Terminating => drop(self.translation.draining.members.insert(member)),
            }
        }
        state
    }

    /// The groups of a held Ingress follow the endpoints of their Services.
    pub(super) fn pinned_members(&mut self, id: &IngressId, wish: &Wish) {
        let mark = self.mark.clone();
        for group in self.old.state.names(Kind::SERVICEGROUP) {
            let comment = self.old.state.text(Kind::SERVICEGROUP, group, "comment");
            let comment = comment.and_then(|comment| mark.parse_comment(comment));
            let Some(OwnerComment { ingress: Some((ingress, _)), service }) = comment else {
                continue;
            };
            if ingress == *id {
                let number = usize::from(service.as_deref() == Some("service1:80"));
                let members = self.members(group, wish.back_ends[number].3);
                self.translation.pinned_members.insert(group.into(), members);
            }
        }
    }

    pub(super) fn back_end_tls(
        &mut self,
        world: &World,
        id: &IngressId,
        group: &str,
        (transport, ca, common_name): (u8, usize, usize),
    ) {
        let name = (transport > 1).then(|| BACK_END_NAMES[common_name]);
        let profile = self.profile(world.names(1), Some(id), &back_end_fields(name));
        let endpoint = EntityId::new(Kind::SSLSERVICEGROUP, group);
        self.state().insert(endpoint, [("sslprofile", profile.into())]);
        let client = format!("client-{}", world.client_certificate);
        let client = self.certificate(material(&client, &["client"], None, true));
        let kind = Kind::SSLSERVICEGROUP_SSLCERTKEY;
        self.state().bind(BindingId::new(kind, group, client, Role::Plain), []);
        if transport > 1 {
            let ca = self.certificate(material(&format!("ca-{ca}"), &[], None, false));
            self.state().bind(BindingId::new(kind, group, ca, Role::Ca), []);
        }
    }
}

pub(super) const BACK_END_NAMES: [&str; 2] = ["one.internal", "two.internal"];

pub(super) fn front_end_fields(
    client_authentication: u8,
    hsts: bool,
) -> Vec<(&'static str, &'static str)> {
    let mut fields = vec![("sslprofiletype", "FrontEnd"), ("snienable", "ENABLED")];
    if hsts {
        fields.push(("hsts", "ENABLED"));
    }
    if client_authentication > 0 {
        fields.push(("clientauth", "ENABLED"));
        let level = if client_authentication == 2 { "Mandatory" } else { "Optional" };
        fields.push(("clientcert", level));
    }
    fields
}

/// Those of a profile that verifies back ends by this name, or verifies nobody.
pub(super) fn back_end_fields(name: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let verified = name.into_iter().flat_map(|n| [("serverauth", "ENABLED"), ("commonname", n)]);
    [("sslprofiletype", "BackEnd")].into_iter().chain(verified).collect()
}

pub(super) fn digest(fields: &[(&str, &str)]) -> String {
    CertificateId::of_der(format!("{fields:?}").as_bytes()).as_str()[..12].to_owned()
}

/// The profiles of somebody else: each that could be one of ours, with or without what it demands.
pub(super) fn foreign_ssl_profiles(is_lax: bool) -> BTreeMap<Name, Fields> {
    let front = (0..3).flat_map(|level| [false, true].map(|hsts| front_end_fields(level, hsts)));
    let names = BACK_END_NAMES.into_iter().map(Some).chain([None]);
    let demands = ["clientauth", "clientcert", "serverauth", "commonname"];
    let profiles = front.chain(names.map(back_end_fields)).map(|fields| {
        let kept = fields.iter().filter(|(name, _)| !(is_lax && demands.contains(name)));
        let kept = kept.map(|(name, value)| ((*name).to_owned(), (*value).into()));
        (format!("foreign-{}", digest(&fields)).into(), kept.collect())
    });
    profiles.collect()
}
