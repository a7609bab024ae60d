//! Writing down what the accepted Ingresses ask for, as entities and bindings.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{
    BindingId, CertificateId, EntityId, Fields, FrontEndId, IngressId, Kind, Mark, OwnerComment,
    Protocol, Role, State, Value,
};
use crate::snapshot::Facts;
use crate::tls::Material;

use super::claims::{Claimant, Settings, Settled, Standing};
use super::names;
use super::reading::{BackEnd, Reading, RouteText};
use super::services::Members;
use super::{Band, Desired};

/// Writes everything.
pub(super) fn write(
    claimants: &[Claimant<'_, '_>],
    settled: &Settled,
    mark: &Mark,
    facts: &Facts,
) -> (Desired, BTreeSet<BindingId>) {
    let mut writer = Writer { mark, facts, desired: Desired::default(), draining: BTreeSet::new() };
    for (place, claimant) in claimants.iter().enumerate() {
        let Claimant::Known(reading) = claimant else { continue };
        if settled.standings[place] == Standing::Accepted {
            writer.write_ingress(reading, &settled.routes[place]);
        }
    }
    for (place, claimant) in claimants.iter().enumerate() {
        let Claimant::Known(reading) = claimant else { continue };
        if settled.standings[place] == Standing::Accepted {
            writer.write_front_end(reading, settled, &settled.certificates[place]);
        }
    }
    for (front_end, front) in &settled.fronts {
        if let Settings::Bound(_) = front.settings {
            writer.desired.kept_front_ends.insert(front_end.csvserver(&mark.prefix));
        }
    }
    writer.desired.yielded.clone_from(&settled.yielded);
    (writer.desired, writer.draining)
}

/// The members of one service group.
pub(super) struct Group {
    /// Those that it should have: servers and bindings.
    pub(super) members: State,
    /// Those that are to be drained if it has them.
    pub(super) draining: BTreeSet<BindingId>,
}

/// The members that a service group should have and not have.
pub(super) fn group(group: &str, members: &Members, mark: &Mark, facts: &Facts) -> Group {
    let foreign = |address: &IpAddr| facts.foreign_servers.get(address);
    let member = |(address, port): &(IpAddr, u16)| {
        let server = foreign(address).cloned().unwrap_or_else(|| names::server(mark, *address));
        BindingId::new(Kind::SERVICEGROUP_MEMBER, group, server, Role::Port(*port))
    };
    let Members { serving, draining } = members;
    let mut state = State::default();
    for endpoint in serving {
        let (id, (address, _)) = (member(endpoint), endpoint);
        if foreign(address).is_none() {
            state.insert(
                EntityId::new(Kind::SERVER, id.child.as_str()),
                [("ipaddress", address.to_string().into()), ("comment", shared_comment(mark))],
            );
        }
        state.bind(id, []);
    }
    Group { members: state, draining: draining.iter().map(member).collect() }
}

fn shared_comment(mark: &Mark) -> Value {
    mark.comment(&OwnerComment { ingress: None, service: None }).into()
}

struct Writer<'w> {
    mark: &'w Mark,
    facts: &'w Facts,
    desired: Desired,
    draining: BTreeSet<BindingId>,
}

impl Writer<'_> {
    fn write_ingress(&mut self, reading: &Reading<'_>, routes: &[usize]) {
        let Some(front_end) = reading.front_end.filter(|_| !routes.is_empty()) else { return };
        self.write_not_found(&reading.id);
        self.write_csvserver(front_end, &reading.id);
        let routes: Vec<&RouteText> = routes.iter().map(|i| &reading.routes[*i]).collect();
        let used: BTreeSet<usize> = routes.iter().filter_map(|route| route.back_end).collect();
        for back_end in used.into_iter().map(|i| &reading.back_ends[i]) {
            self.write_back_end(reading, back_end);
        }
        for route in routes {
            let back_end = route.back_end.expect("an Ingress that is understood has back ends");
            self.write_route(reading, front_end, route, &reading.back_ends[back_end]);
        }
    }

    /// What answers requests that nobody takes. The member is always up, since a vserver that is
    /// down may not run its policies (assumed).
    fn write_not_found(&mut self, ingress: &IngressId) {
        let name = names::not_found(self.mark);
        let comment = || shared_comment(self.mark);
        let entities: [(Kind, Vec<(&str, Value)>); 5] = [
            (Kind::LBVSERVER, vec![("servicetype", "HTTP".into())]),
            (
                Kind::SERVICEGROUP,
                vec![("servicetype", "HTTP".into()), ("healthmonitor", "NO".into())],
            ),
            (Kind::SERVER, vec![("ipaddress", names::NOT_FOUND_ADDRESS.to_string().into())]),
            (
                Kind::RESPONDERACTION,
                vec![("type", "respondwith".into()), ("target", NOT_FOUND_ANSWER.into())],
            ),
            (
                Kind::RESPONDERPOLICY,
                vec![("rule", "TRUE".into()), ("action", name.as_str().into())],
            ),
        ];
        let foreign = self.facts.foreign_servers.get(&names::NOT_FOUND_ADDRESS);
        for (kind, fields) in entities {
            if kind == Kind::SERVER && foreign.is_some() {
                continue;
            }
            let fields = fields.into_iter().chain([("comment", comment())]);
            let fields = fields.map(|(field, value)| (field.to_owned(), value)).collect();
            self.entity(EntityId::new(kind, name.as_str()), fields, ingress);
        }
        let server = foreign.map_or(name.as_str(), String::as_str);
        let member = Role::Port(80);
        let state = &mut self.desired.state;
        state.bind(BindingId::new(Kind::SERVICEGROUP_MEMBER, name.as_str(), server, member), []);
        let group = BindingId::new(Kind::LBVSERVER_SERVICEGROUP, &*name, &*name, Role::Plain);
        state.bind(group, []);
        let policy = BindingId::new(Kind::LBVSERVER_RESPONDERPOLICY, &*name, &*name, Role::Request);
        let attributes = [("priority", 100.into()), ("gotopriorityexpression", "END".into())];
        state.bind(policy, attributes);
    }

    fn write_csvserver(&mut self, front_end: FrontEndId, ingress: &IngressId) {
        let name = front_end.csvserver(&self.mark.prefix);
        let fields = [
            ("servicetype", front_end.protocol.servicetype().into()),
            ("ipv46", front_end.vip.to_string().into()),
            ("port", i64::from(front_end.port).into()),
            ("comment", shared_comment(self.mark)),
        ];
        self.entity(EntityId::new(Kind::CSVSERVER, name.as_str()), fields_of(fields), ingress);
        let not_found = names::not_found(self.mark);
        let default = BindingId::new(Kind::CSVSERVER_LBVSERVER, name, not_found, Role::Plain);
        self.desired.state.bind(default, []);
    }

    fn write_back_end(&mut self, reading: &Reading<'_>, back_end: &BackEnd) {
        let BackEnd { service, names, members: endpoints, tls } = back_end;
        let ingress = &reading.id;
        let comment = Value::from(self.mark.comment(&OwnerComment {
            ingress: Some((ingress.clone(), reading.key.clone())),
            service: Some(service.clone()),
        }));
        let (lbvserver, group) = (names.lbvserver.as_str(), names.servicegroup.as_str());
        let fields = [("servicetype", "HTTP".into()), ("comment", comment.clone())];
        self.entity(EntityId::new(Kind::LBVSERVER, lbvserver), fields_of(fields), ingress);
        let servicetype = if tls.is_some() { "SSL" } else { "HTTP" };
        let fields = [("servicetype", servicetype.into()), ("comment", comment)];
        self.entity(EntityId::new(Kind::SERVICEGROUP, group), fields_of(fields), ingress);
        let bound = BindingId::new(Kind::LBVSERVER_SERVICEGROUP, lbvserver, group, Role::Plain);
        self.desired.state.bind(bound, []);
        let Group { members, draining } = self::group(group, endpoints, self.mark, self.facts);
        for (id, fields) in members.entities {
            self.entity(id, fields, ingress);
        }
        self.desired.state.bindings.extend(members.bindings);
        self.draining.extend(draining);
        let Some(tls) = tls else { return };

        let profile = self.mark.ingress_name(ingress, &tls.profile.digest());
        tls.profile.write(&profile, &mut self.desired.state);
        self.own(EntityId::new(Kind::SSLPROFILE, profile.as_str()), ingress);
        let fields = fields_of([("sslprofile", profile.into())]);
        self.entity(EntityId::new(Kind::SSLSERVICEGROUP, group), fields, ingress);
        let client = tls.client.iter().map(|served| (&served.materials, Role::Plain, 1));
        let authorities =
            tls.authorities.iter().map(|one| (&one.materials, Role::Ca, one.materials.len()));
        for (materials, role, bound) in client.chain(authorities) {
            self.certificates(materials, ingress);
            for material in &materials[..bound] {
                let id = material.certificate.id.as_str();
                let id = BindingId::new(Kind::SSLSERVICEGROUP_SSLCERTKEY, group, id, role);
                self.desired.state.bind(id, []);
            }
        }
    }

    fn write_route(
        &mut self,
        reading: &Reading<'_>,
        front_end: FrontEndId,
        route: &RouteText,
        back_end: &BackEnd,
    ) {
        let ingress = &reading.id;
        let name = names::route(self.mark, ingress, front_end, &route.matches);
        let owner = Some((ingress.clone(), reading.key.clone()));
        let comment = self.mark.comment(&OwnerComment { ingress: owner, service: None });
        let fields = [
            ("targetlbvserver", back_end.names.lbvserver.as_str().into()),
            ("comment", comment.into()),
        ];
        self.entity(EntityId::new(Kind::CSACTION, name.as_str()), fields_of(fields), ingress);
        let fields = [("rule", route.matches.rule().into()), ("action", name.as_str().into())];
        self.entity(EntityId::new(Kind::CSPOLICY, name.as_str()), fields_of(fields), ingress);
        let csvserver = front_end.csvserver(&self.mark.prefix);
        let id = BindingId::new(Kind::CSVSERVER_CSPOLICY, csvserver, name, Role::Plain);
        self.desired.state.bind(id.clone(), []);
        self.desired.bands.insert(id, Band::of(&route.matches));
    }

    /// What an Ingress brings to its TLS front end, if that has any route.
    fn write_front_end(&mut self, reading: &Reading<'_>, settled: &Settled, served: &[usize]) {
        let Some(front_end) = reading.front_end.filter(|id| id.protocol == Protocol::Ssl) else {
            return;
        };
        let csvserver = front_end.csvserver(&self.mark.prefix);
        let csvserver_id = EntityId::new(Kind::CSVSERVER, csvserver.as_str());
        if !self.desired.state.entities.contains_key(&csvserver_id) {
            return;
        }
        if let Settings::Text(profile) = &settled.fronts[&front_end].settings {
            let name = profile.shared_name(self.mark);
            let profile_id = EntityId::new(Kind::SSLPROFILE, name.as_str());
            if !self.desired.state.entities.contains_key(&profile_id) {
                profile.write(&name, &mut self.desired.state);
            }
            self.own(profile_id, &reading.id);
            let fields = fields_of([("sslprofile", name.into())]);
            self.entity(EntityId::new(Kind::SSLVSERVER, csvserver.as_str()), fields, &reading.id);
        }
        let bind = |state: &mut State, material: &Material, role| {
            let id = material.certificate.id.as_str();
            state.bind(
                BindingId::new(Kind::SSLVSERVER_SSLCERTKEY, csvserver.as_str(), id, role),
                [],
            );
        };
        for certificate in served.iter().map(|i| &reading.certificates[*i]) {
            let materials = &certificate.served.materials;
            self.certificates(materials, &reading.id);
            bind(&mut self.desired.state, &materials[0], Role::Sni);
        }
        for authorities in reading.front.authorities.iter().flatten() {
            self.certificates(&authorities.materials, &reading.id);
            for material in &authorities.materials {
                bind(&mut self.desired.state, material, Role::Ca);
            }
        }
    }

    fn entity(&mut self, id: EntityId, fields: Fields, ingress: &IngressId) {
        self.own(id.clone(), ingress);
        self.desired.state.entities.entry(id).or_insert(fields);
    }

    fn own(&mut self, id: EntityId, ingress: &IngressId) {
        self.desired.owners.entry(id).or_default().insert(ingress.clone());
    }

    /// Adds certificates. One content is one certkey: what an older Ingress says about its key and
    /// issuer stays, and what it does not say is added.
    fn certificates(&mut self, materials: &[Material], ingress: &IngressId) {
        for material in materials {
            let id = &material.certificate.id;
            // The certkey is owned under the name of its content until it has one.
            self.own(EntityId::new(Kind::SSLCERTKEY, id.as_str()), ingress);
            let all = &mut self.desired.certificates;
            let known = all
                .entry(id.clone())
                .or_insert_with(|| Material { issuer: None, ..material.clone() });
            if known.key.is_none() {
                known.key.clone_from(&material.key);
            }
            let Some(issuer) = material.issuer.as_ref().filter(|_| known.issuer.is_none()) else {
                continue;
            };
            if !leads_to(all, issuer, id) {
                all.get_mut(id).expect("it was added above").issuer = Some(issuer.clone());
            }
        }
    }
}

/// Whether the chain that starts at one certificate comes to another. Two authorities that have
/// certified each other must not be linked in a circle.
fn leads_to(
    all: &BTreeMap<CertificateId, Material>,
    start: &CertificateId,
    end: &CertificateId,
) -> bool {
    let next = |id: &&CertificateId| all.get(*id)?.issuer.as_ref();
    std::iter::successors(Some(start), next).any(|id| id == end)
}

/// The answer to a request that nobody takes, as a text of the policy language.
const NOT_FOUND_ANSWER: &str =
    "\"HTTP/1.1 404 Not Found\\r\\nContent-Length: 0\\r\\nConnection: close\\r\\n\\r\\n\"";

fn fields_of<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
