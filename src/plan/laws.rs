//! The laws of planning, as property tests over generated transitions of an abstract appliance.
//!
//! Each case is a chain of worlds. For each step: the plan leads to the aim (convergence), a
//! second plan is empty (rest), and in a *random* order that respects `needs`, with ops that fail
//! and a cut, every state is safe (safety) and the next plan converges all the same (interruption).
//! `LAWS_TRANSITIONS` is the least number of transitions.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::model::{
    BindingId, CertificateId, ClusterId, EntityId, Fields, FrontEndId, Host, IssuerSerial, KeyType,
    Kind, Mark, OwnerComment, PathMatch, Protocol, Redacted, Role, RouteMatch, State, Value,
    is_disabled,
};
use crate::observed::Owned;
use crate::policy::Consent;
use crate::snapshot::Proof;
use crate::tls::{Certificate, Material, PrivateKey};
use crate::translate::{Band, Desired, Draining};

/// One world: what each front end demands, and what each Ingress asks for.
#[derive(Debug, Clone)]
struct World {
    front_ends: [FrontEnd; 2],
    ingresses: [Wish; 3],
    /// The version of the certificate of each host; 2 is a wildcard, 3 on
    /// either is one with both names.
    certificates: [u8; 2],
    /// The version of the client certificate towards back ends, and of the issuer of all.
    client_certificate: u8,
    issuer: u8,
    /// Whether profiles of somebody else are attached instead of our own, to front ends and to back
    /// ends.
    names_profiles: [bool; 2],
    /// Whether somebody else took all demands out of theirs before this world came. Nobody asks
    /// for them then.
    has_lax_profiles: bool,
}

#[derive(Debug, Clone)]
struct FrontEnd {
    client_authentication: u8,
    cas: [bool; 3],
    /// A part of the profile that is not protection.
    hsts: bool,
    /// Whether its oldest claim cannot be read, so that it stays as it is.
    is_kept: bool,
    /// Whether somebody else bound a CA of theirs before this world came.
    has_foreign_ca: bool,
}

#[derive(Debug, Clone)]
struct Wish {
    /// 0 and 1: gone; 2: held; 3: closed; else accepted.
    fate: u8,
    front_end: usize,
    routes: Vec<(usize, usize, bool, usize)>,
    /// For each of two Services: transport, CA, name, endpoints.
    back_ends: [(u8, usize, usize, [Phase; 3]); 2],
}

impl World {
    /// Whether profiles of somebody else are attached on this side.
    fn names(&self, side: usize) -> bool {
        self.names_profiles[side] && !self.has_lax_profiles
    }
}

/// What an endpoint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Absent,
    Serving,
    Terminating,
}

use Phase::{Absent, Serving, Terminating};

fn worlds() -> impl Strategy<Value = Vec<World>> {
    prop::collection::vec(world(), 2..4)
}

fn world() -> impl Strategy<Value = World> {
    let front_end = || {
        (0..3u8, any::<[bool; 3]>(), any::<bool>(), 0..5u8, 0..5u8).prop_map(
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

fn mark() -> Mark {
    Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("laws").unwrap() }
}

fn ingress(number: usize) -> ObjectKey {
    ObjectKey::new("default", format!("ingress-{number}"))
}

fn material(name: &str, hosts: &[&str], issuer: Option<CertificateId>, keyed: bool) -> Material {
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
struct Build<'a> {
    old: &'a Owned,
    mark: Mark,
    translation: Translation,
}

impl<'a> Build<'a> {
    fn of(world: &World, old: &'a Owned) -> Translation {
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

    fn state(&mut self) -> &mut State {
        &mut self.translation.desired.state
    }

    fn not_found(&mut self) {
        let name = self.mark.shared_name("404");
        let state = self.state();
        state.insert(EntityId::new(Kind::LBVSERVER, &*name), [("servicetype", "HTTP".into())]);
        state.insert(EntityId::new(Kind::RESPONDERPOLICY, &*name), [("rule", "TRUE".into())]);
        let policy = BindingId::new(Kind::LBVSERVER_RESPONDERPOLICY, &*name, &*name, Role::Request);
        state.bind(policy, [("priority", Value::Number(100))]);
    }

    fn csvserver(number: usize) -> (FrontEndId, String) {
        let vip = format!("192.0.2.{}", number + 1).parse().unwrap();
        let protocol = if number == 0 { Protocol::Ssl } else { Protocol::Http };
        let id = FrontEndId { vip, port: 443, protocol };
        (id, id.csvserver("k8s"))
    }

    fn front_end(&mut self, world: &World, number: usize) {
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

    fn profile(
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

    fn certificate(&mut self, material: Material) -> String {
        let id = material.certificate.id.clone();
        self.translation.desired.certificates.insert(id.clone(), material);
        id.as_str().to_owned()
    }

    fn route(
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

    fn back_end(&mut self, world: &World, number: usize, wish: &Wish, service: usize) -> String {
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
    fn members(&mut self, group: &str, endpoints: [Phase; 3]) -> State {
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
    fn pinned_members(&mut self, id: &IngressId, wish: &Wish) {
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

    fn back_end_tls(
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

const BACK_END_NAMES: [&str; 2] = ["one.internal", "two.internal"];

fn front_end_fields(client_authentication: u8, hsts: bool) -> Vec<(&'static str, &'static str)> {
    let mut fields = vec![("sslprofiletype", "FrontEnd"), ("snienable", "ENABLED")];
    if hsts {
        fields.push(("hsts", "ENABLED"));
    }
    if client_authentication > 0 {
        fields.push(("clientauth", "ENABLED"));
        let level = if client_authentication == 1 { "Optional" } else { "Mandatory" };
        fields.push(("clientcert", level));
    }
    fields
}

/// Those of a profile that verifies back ends by this name, or verifies nobody.
fn back_end_fields(name: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let verified = name.into_iter().flat_map(|n| [("serverauth", "ENABLED"), ("commonname", n)]);
    [("sslprofiletype", "BackEnd")].into_iter().chain(verified).collect()
}

fn digest(fields: &[(&str, &str)]) -> String {
    CertificateId::of_der(format!("{fields:?}").as_bytes()).as_str()[..12].to_owned()
}

/// The profiles of somebody else: each that could be one of ours, with or without what it demands.
fn foreign_ssl_profiles(is_lax: bool) -> BTreeMap<Name, Fields> {
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

/// An appliance on which only we are: what runs, and what would be there after a reboot.
#[derive(Clone, Default)]
struct Machine {
    running: Owned,
    saved: Owned,
}

fn observe(machine: &Machine) -> ObservedState {
    let mut observed = ObservedState { owned: machine.running.clone(), ..ObservedState::default() };
    observed.settings.unsaved = machine.running.state != machine.saved.state;
    observed.settings.unsaved_is_ours = observed.settings.unsaved;
    observed.settings.default_profile = true;
    observed.settings.features = ["LB", "CS", "SSL", "RESPONDER"].map(str::to_owned).into();
    observed
}

/// A small generator of numbers, so that the random orders of a case repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A random order that respects `needs` and keeps the halves of swaps together.
fn random_order(plan: &Plan, dice: &mut Dice) -> Vec<(usize, bool)> {
    let mut order: Vec<(usize, bool)> = Vec::new();
    let mut done = vec![false; plan.ops.len()];
    // The save and the removals behind it are the executor's end, whatever the order.
    let last = |op: &Op| matches!(op, Op::Save | Op::RemoveFile { .. });
    while order.len() < plan.ops.len() {
        let ready =
            |i: usize, done: &[bool]| !done[i] && plan.ops[i].needs.iter().all(|need| done[need.0]);
        let mut candidates: Vec<usize> = (0..plan.ops.len()).filter(|i| ready(*i, &done)).collect();
        if candidates.iter().any(|i| !last(&plan.ops[*i].op)) {
            candidates.retain(|i| !last(&plan.ops[*i].op));
        }
        let next = candidates[dice.below(candidates.len())];
        let swap = plan.swaps.iter().find(|swap| swap.contains(&next));
        let together = swap.cloned().unwrap_or(next..next + 1);
        for op in together.clone() {
            done[op] = true;
            order.push((op, op + 1 < together.end));
        }
    }
    order
}

/// The planned order, with whether a state lies in the gap of a swap.
fn planned_order(plan: &Plan) -> Vec<(usize, bool)> {
    let is_in_gap = |op: usize| plan.swaps.iter().any(|s| s.contains(&op) && op + 1 < s.end);
    (0..plan.ops.len()).map(|op| (op, is_in_gap(op))).collect()
}

/// Executes a plan on an abstract appliance in the given order, and judges every state.
fn run(
    machine: &Machine,
    translation: &Translation,
    order: &[(usize, bool)],
    fails: &mut dyn FnMut(usize) -> bool,
) -> Result<Machine, String> {
    let observed = observe(machine);
    let (aim, plan) = (aim(&observed, translation), plan(&observed, translation));
    if !plan.unordered.is_empty() {
        return Err(format!("these wait for each other: {:#?}", plan.unordered));
    }
    let mark = mark();
    let closed: BTreeSet<IngressId> = translation
        .unmet
        .iter()
        .filter(|(_, unmet)| matches!(unmet, Unmet::Closed(_)))
        .map(|(id, _)| *id)
        .collect();
    let judge = Judge::new(&mark, &closed, &machine.running, &aim.owned);
    let mut now = machine.clone();
    let mut failed: BTreeSet<OpId> = BTreeSet::new();
    for (i, is_in_gap) in order {
        let planned = &plan.ops[*i];
        if planned.needs.iter().any(|need| failed.contains(need)) || fails(*i) {
            failed.insert(OpId(*i));
            // The other half of a swap fails only with the appliance.
            continue;
        }
        refused(&planned.op, &now.running, &aim)
            .map_or(Ok(()), |why| Err(format!("{} is refused: {why}", planned.op)))?;
        simulate(&planned.op, &mut now.running, &aim);
        if planned.op == Op::Save {
            now.saved = now.running.clone();
        }
        let broken = dangling(&now.running).or_else(|| lost_at_boot(&now));
        broken.map_or(Ok(()), |what| Err(format!("after {}: {what}", planned.op)))?;
        judge.judge(&now.running, *is_in_gap).map_err(|violation| {
            let so_far = order.iter().take_while(|(other, _)| other != i);
            let so_far: Vec<String> =
                so_far.map(|(other, _)| plan.ops[*other].op.to_string()).collect();
            format!("after {so_far:#?} and {}: {violation}", planned.op)
        })?;
    }
    Ok(now)
}

/// Somebody else binds a CA to a front end of ours, and changes profiles.
fn meddle(world: &World, owned: &mut Owned) {
    owned.foreign_ssl_profiles = foreign_ssl_profiles(world.has_lax_profiles);
    let (_, csvserver) = Build::csvserver(0);
    let is_live = owned.state.fields(Kind::SSLVSERVER, &csvserver).is_some();
    if world.front_ends[0].has_foreign_ca && is_live {
        let kind = Kind::SSLVSERVER_SSLCERTKEY;
        let binding = BindingId::new(kind, csvserver, "foreign-ca", Role::Ca);
        owned.foreign_children.insert(binding.clone());
        owned.state.bindings.insert(binding, Fields::new());
    }
}

/// A certkey of the saved configuration whose file is gone.
fn lost_at_boot(machine: &Machine) -> Option<String> {
    let certkeys =
        machine.saved.state.entities.iter().filter(|(id, _)| id.kind == Kind::SSLCERTKEY);
    certkeys
        .flat_map(|(id, fields)| ["cert", "key"].map(|field| (id, fields.get(field))))
        .find(|(_, file)| {
            file.and_then(Value::as_text).is_some_and(|file| !machine.running.files.contains(file))
        })
        .map(|(id, _)| format!("the file of {id} would be missing at the next boot"))
}

/// Why the appliance would refuse a bind: its slot is taken. A member changes its state only if it
/// is bound in the other one.
fn refused(op: &Op, now: &Owned, aim: &Aim) -> Option<String> {
    if let Some(member) = op.as_member_state() {
        let is_disabled = now.state.bindings.get(member).map(is_disabled);
        let must_be = matches!(op, Op::EnableMember { .. });
        return (is_disabled != Some(must_be)).then(|| "it is so, or not bound".to_owned());
    }
    let Op::Bind { binding, .. } = op else { return None };
    let mut others = now.state.bound(binding.kind, &binding.parent).map(|(other, _)| other);
    let taken = others.find(|other| slot::is_occupied_by(now, &aim.owned, binding, other))?;
    Some(format!("its slot is taken by {taken}"))
}

/// Something that names what does not exist.
fn dangling(owned: &Owned) -> Option<String> {
    let state = &owned.state;
    let mut named = state
        .entities
        .iter()
        .flat_map(|(id, fields)| reference::references(id, fields))
        .chain(state.bindings.keys().flat_map(reference::ends));
    named
        .find(|id| !state.entities.contains_key(id) && !id.name.starts_with("foreign-"))
        .map(|id| format!("{id} does not exist"))
}

fn check(worlds: &[World], seed: u64) -> Result<(), String> {
    let mut dice = Dice(seed);
    let mut machine = Machine::default();
    for world in worlds {
        meddle(world, &mut machine.running);
        let translation = Build::of(world, &machine.running);
        let first = plan(&observe(&machine), &translation);
        closings_need_nothing(&first, &translation)?;
        let order = planned_order(&first);
        let clean = run(&machine, &translation, &order, &mut |_| false)?;
        held_stay(&machine, &clean, &translation)?;
        draining_stay(&machine, &clean, &translation)?;
        no_foreign_ca(&clean.running)?;
        let second = plan(&observe(&clean), &translation);
        let moves: Vec<String> = second.ops.iter().map(|planned| planned.op.to_string()).collect();
        if !moves.is_empty() {
            return Err(format!("the second plan is not empty: {moves:#?}"));
        }
        // A random order, ops that fail, a cut; then the plan from there.
        let order = random_order(&first, &mut dice);
        let cut = dice.below(order.len() + 1);
        let trouble = dice.below(4);
        let broken = run(&machine, &translation, &order[..cut], &mut |i| {
            let is_in_swap = first.swaps.iter().any(|swap| swap.contains(&i));
            trouble > 1 && !is_in_swap && dice.below(8) == 0
        })?;
        let retry = plan(&observe(&broken), &translation);
        let order = random_order(&retry, &mut dice);
        let mended = run(&broken, &translation, &order, &mut |_| false)?;
        let last = plan(&observe(&mended), &translation);
        if let Some(planned) = last.ops.first() {
            let done: Vec<String> =
                order.iter().map(|(i, _)| retry.ops[*i].op.to_string()).collect();
            return Err(format!("after an interruption and {done:#?}, {} is left", planned.op));
        }
        machine = if dice.below(2) == 0 { clean } else { mended };
    }
    Ok(())
}

/// A held Ingress keeps every route that it has.
fn held_stay(before: &Machine, after: &Machine, translation: &Translation) -> Result<(), String> {
    let mark = mark();
    let is_held = |route: &BindingId| {
        let ingress = mark.ingress_of_name(&route.child);
        ingress.is_some_and(|id| translation.unmet.get(&id) == Some(&Unmet::Held))
    };
    let mut routes = before.running.state.bindings_of(Kind::CSVSERVER_CSPOLICY);
    let lost = routes
        .find(|(route, _)| is_held(route) && !after.running.state.bindings.contains_key(*route));
    lost.map_or(Ok(()), |(route, _)| Err(format!("{route} is held and gone")))
}

/// What is terminating and was bound stays bound: without new clients if others serve, else as it
/// was. What was not bound stays so.
fn draining_stay(
    before: &Machine,
    after: &Machine,
    translation: &Translation,
) -> Result<(), String> {
    let (before, after) = (&before.running.state, &after.running.state);
    let is_draining = |member: &BindingId| translation.draining.members.contains(member);
    for member in &translation.draining.members {
        let observed = before
            .bindings
            .get(member)
            .filter(|_| after.entities.contains_key(&member.parent_id()));
        let others_serve = after
            .bound(Kind::SERVICEGROUP_MEMBER, &member.parent)
            .any(|(other, attributes)| !is_disabled(attributes) && !is_draining(other));
        let wanted = observed.map(|observed| others_serve || is_disabled(observed));
        if after.bindings.get(member).map(is_disabled) != wanted {
            return Err(format!("{member} is terminating; disabled must be {wanted:?}"));
        }
    }
    Ok(())
}

/// Nobody's CA but ours is accepted where clients are authenticated.
fn no_foreign_ca(after: &Owned) -> Result<(), String> {
    let mut cas = after.foreign_children.iter().filter(|binding| binding.role == Role::Ca);
    let accepted = cas.find(|ca| protection::authenticates(after, &ca.parent));
    accepted.map_or(Ok(()), |ca| Err(format!("{ca} is accepted and not ours")))
}

/// What closes an Ingress waits for nothing.
fn closings_need_nothing(plan: &Plan, translation: &Translation) -> Result<(), String> {
    let is_closed = |id: &IngressId| matches!(translation.unmet.get(id), Some(Unmet::Closed(_)));
    let waiting = plan.ops.iter().find(|planned| {
        planned.op.as_unbind().is_some_and(|binding| binding.kind == Kind::CSVSERVER_CSPOLICY)
            && planned.ingresses.iter().any(is_closed)
            && !planned.needs.is_empty()
    });
    waiting.map_or(Ok(()), |planned| Err(format!("{} waits, although it closes", planned.op)))
}

/// One Ingress with one route on the TLS front end, as all directed cases start.
fn simple() -> World {
    let front_end = FrontEnd {
        client_authentication: 0,
        cas: [false; 3],
        hsts: false,
        is_kept: false,
        has_foreign_ca: false,
    };
    let wish = Wish {
        fate: 9,
        front_end: 0,
        routes: vec![(0, 0, false, 0)],
        back_ends: [(0, 0, 0, [Serving, Absent, Absent]); 2],
    };
    let gone = Wish { fate: 0, routes: Vec::new(), ..wish };
    World {
        front_ends: [front_end.clone(), front_end],
        ingresses: [wish, gone.clone(), gone],
        certificates: [0, 0],
        client_certificate: 0,
        issuer: 0,
        names_profiles: [false; 2],
        has_lax_profiles: false,
    }
}

/// Tries a chain of worlds in many random orders.
#[track_caller]
fn holds(worlds: &[World]) {
    for seed in 0..1000 {
        // Small seeds alone give much the same first numbers.
        let seed = u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15);
        assert_eq!(check(worlds, seed), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_back_end_whose_members_all_change_is_never_empty() {
    let mut other = simple();
    other.ingresses[0].back_ends[0].3 = [Absent, Serving, Absent];
    holds(&[simple(), other]);
}

#[test]
fn a_member_is_drained_only_when_another_serves() {
    let mut replaced = simple();
    replaced.ingresses[0].back_ends[0].3 = [Terminating, Serving, Absent];
    let mut back = simple();
    back.ingresses[0].back_ends[0].3 = [Serving, Terminating, Terminating];
    holds(&[simple(), replaced, back]);
}

#[test]
fn a_ca_that_was_left_over_is_gone_before_clients_are_authenticated() {
    let mut strict = simple();
    strict.front_ends[0].client_authentication = 2;
    strict.front_ends[0].cas = [true, false, false];
    strict.front_ends[0].has_foreign_ca = true;
    holds(&[simple(), strict]);
}

#[test]
fn a_foreign_ca_goes_and_comes_back_only_where_nobody_is_authenticated() {
    let mut strict = simple();
    strict.front_ends[0].client_authentication = 2;
    strict.front_ends[0].cas = [true, false, false];
    let mut meddled = strict.clone();
    meddled.front_ends[0].has_foreign_ca = true;
    holds(&[strict, meddled]);
}

#[test]
fn a_profile_of_somebody_else_protects_as_one_of_ours() {
    let mut named = simple();
    named.front_ends[0].client_authentication = 2;
    named.front_ends[0].cas = [true, false, false];
    named.ingresses[0].back_ends[0].0 = 2;
    named.names_profiles = [true; 2];
    let mut open = simple();
    open.ingresses[0].back_ends[0].0 = 1;
    holds(&[named, open]);
}

#[test]
fn a_profile_that_somebody_else_made_lax_gives_way_before_the_front_end_loosens() {
    let mut strict = simple();
    strict.front_ends[0].client_authentication = 2;
    strict.front_ends[0].cas = [true, false, false];
    strict.ingresses[0].back_ends[0].0 = 2;
    let mut named = World { names_profiles: [false, true], ..strict.clone() };
    named.ingresses[0].back_ends[0].0 = 2;
    let mut lax = World { has_lax_profiles: true, ..strict };
    lax.front_ends[0].client_authentication = 0;
    holds(&[named, lax]);
}

#[test]
fn plans_are_safe_in_every_order_converge_and_rest() {
    // Two worlds a case at least, each reached as planned and by a detour of two.
    const TRANSITIONS_PER_CASE: u32 = 6;
    let cases = transitions().div_ceil(TRANSITIONS_PER_CASE);
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&(worlds(), any::<u64>()), |(worlds, seed)| {
            check(&worlds, seed).map_err(TestCaseError::fail)
        })
        .unwrap();
}

fn transitions() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "a test reads how long it may take")]
    let transitions = std::env::var("LAWS_TRANSITIONS");
    transitions.ok().and_then(|number| number.parse().ok()).unwrap_or(3000)
}
