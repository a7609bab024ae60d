//! Writing down what the accepted Ingresses ask for, as entities and bindings.

mod answers;
mod front_end;
mod members;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::{
    Alone, BindingId, CertificateId, EntityId, Fields, FrontEndId, IngressId, Kind, Mark, Name,
    OwnerComment, Protocol, Role, RouteMatch, Value,
};
use crate::snapshot::Facts;
use crate::tls::Material;

use super::claims::{Claimant, Redirect, Settled, Standing};
use super::entrances::Carries;
use super::named::Attached;
use super::names::{self, Answer};
use super::reading::{BackEnd, Reading, Target};
use super::tuning::{self, FrontEndTuning};
use super::{Band, Desired};
pub(super) use members::{Group, group};

/// Writes everything.
pub(super) fn write(
    claimants: &[Claimant<'_, '_>],
    settled: &Settled,
    mark: &Mark,
    facts: &Facts,
) -> (Desired, BTreeSet<BindingId>) {
    let mut writer = Writer {
        mark,
        facts,
        desired: Desired::default(),
        draining: BTreeSet::new(),
        alone: Alone::default(),
    };
    for (place, claimant) in claimants.iter().enumerate() {
        let Claimant::Known(reading) = claimant else { continue };
        if settled.standings[place] == Standing::Accepted {
            writer.write_ingress(reading, &settled.routes[place], settled);
            for redirect in &settled.redirects[place] {
                writer.write_redirect(reading, redirect, settled);
            }
        }
    }
    for (place, claimant) in claimants.iter().enumerate() {
        let Claimant::Known(reading) = claimant else { continue };
        if settled.standings[place] == Standing::Accepted {
            let served = (&*settled.certificates[place], &*settled.installed[place]);
            writer.write_front_end(reading, settled, served);
        }
    }
    for (front_end, front) in &settled.fronts {
        // One that only held Ingresses have stays with their routes, if those stay.
        let id = EntityId::new(Kind::CSVSERVER, front_end.csvserver(&mark.prefix));
        if front.tuning.is_none() && writer.desired.state.entities.contains_key(&id) {
            writer.desired.kept_front_ends.insert(id.name.to_string());
        }
    }
    writer.desired.yielded.clone_from(&settled.yielded);
    writer.desired.kept_cas.clone_from(&settled.kept_cas);
    (writer.desired, writer.draining)
}

fn shared_comment(mark: &Mark) -> Value {
    mark.comment(&OwnerComment { ingress: None, service: None }).into()
}

struct Writer<'w> {
    mark: &'w Mark,
    facts: &'w Facts,
    desired: Desired,
    draining: BTreeSet<BindingId>,
    alone: Alone,
}

impl Writer<'_> {
    fn write_ingress(
        &mut self,
        reading: &Reading<'_>,
        routes: &[(FrontEndId, usize)],
        settled: &Settled,
    ) {
        let fronts: BTreeSet<FrontEndId> = routes.iter().map(|(front_end, _)| *front_end).collect();
        for front_end in fronts {
            self.write_csvserver(front_end, reading, settled);
        }
        let targets = routes.iter().map(|(_, i)| reading.routes[*i].target);
        let used: BTreeSet<usize> = targets
            .filter_map(|target| match target {
                Some(Target::BackEnd(i)) => Some(i),
                Some(Target::NotFound) | None => None,
            })
            .collect();
        for back_end in used.into_iter().map(|i| &reading.back_ends[i]) {
            self.write_back_end(reading, back_end);
        }
        for (front_end, i) in routes {
            let route = &reading.routes[*i];
            let lbvserver = match route.target.expect("an Ingress that is understood has targets") {
                Target::BackEnd(i) => reading.back_ends[i].names.lbvserver.clone(),
                Target::NotFound => self.write_answer(Answer::NotFound, &reading.id),
            };
            self.write_route(reading, *front_end, &route.matches, &lbvserver);
        }
    }

    fn write_redirect(&mut self, reading: &Reading<'_>, redirect: &Redirect, settled: &Settled) {
        self.write_csvserver(redirect.front_end, reading, settled);
        let lbvserver = self.write_answer(Answer::Secure(redirect.port), &reading.id);
        self.write_route(reading, redirect.front_end, &redirect.matches(), &lbvserver);
    }

    fn write_csvserver(&mut self, front_end: FrontEndId, reading: &Reading<'_>, settled: &Settled) {
        let ingress = &reading.id;
        let name = front_end.csvserver(&self.mark.prefix);
        let mut fields = fields_of([
            ("servicetype", front_end.protocol.servicetype().into()),
            ("ipv46", front_end.vip.to_string().into()),
            ("port", i64::from(front_end.port).into()),
            ("comment", shared_comment(self.mark)),
        ]);
        let tuning = settled.fronts.get(&front_end).and_then(|front| front.tuning.clone());
        // What answers on a front end that is kept is bound to it.
        let is_kept = tuning.is_none();
        let FrontEndTuning { csvserver, tcpprofile, httpprofile, answer } =
            tuning.unwrap_or_default();
        fields.extend(csvserver);
        fields.extend(self.write_profiles(
            tcpprofile.as_ref(),
            httpprofile.as_ref(),
            (ingress, true),
        ));
        self.entity(EntityId::new(Kind::CSVSERVER, name.as_str()), fields, ingress);
        if front_end.protocol.speaks_http() && !is_kept {
            let answer = self.write_answer(answer.unwrap_or(Answer::NotFound), ingress);
            let default = BindingId::new(Kind::CSVSERVER_LBVSERVER, name, answer, Role::Plain);
            self.desired.state.bind(default, []);
        }
    }

    /// Writes profiles and gives the fields that point to them. Those of front ends are shared.
    fn write_profiles(
        &mut self,
        tcp: Option<&tuning::Profile>,
        http: Option<&tuning::Profile>,
        (ingress, is_shared): (&IngressId, bool),
    ) -> Fields {
        let mut fields = Fields::new();
        for (field, kind, profile) in [
            ("tcpprofilename", Kind::NSTCPPROFILE, tcp),
            ("httpprofilename", Kind::NSHTTPPROFILE, http),
        ] {
            let Some(profile) = profile else { continue };
            let owner = (self.mark, (!is_shared).then_some(ingress));
            let (name, ours) = tuning::name_of(profile, kind, owner);
            if let Some((id, content)) = ours {
                self.entity(id, content, ingress);
            }
            fields.insert(field.to_owned(), name.into());
        }
        fields
    }

    fn write_back_end(&mut self, reading: &Reading<'_>, back_end: &BackEnd) {
        let BackEnd { service, names, members: endpoints, tls } = back_end;
        let ingress = &reading.id;
        let comment = Value::from(self.mark.comment(&OwnerComment {
            ingress: Some((*ingress, reading.key.clone())),
            service: Some(service.clone()),
        }));
        let (lbvserver, group) = (&names.lbvserver, &names.servicegroup);
        let (balanced, spoken) = servicetypes(reading.entrances.carries, tls.is_some());
        let tuning = reading.tunings.get(service.rsplit_once(':').map_or("", |(name, _)| name));
        let tuning = tuning.cloned().unwrap_or_default();
        let mut fields = fields_of([
            ("servicetype", balanced.servicetype().into()),
            ("comment", comment.clone()),
        ]);
        fields.extend(tuning.lbvserver);
        self.entity(EntityId::new(Kind::LBVSERVER, lbvserver.clone()), fields, ingress);
        let servicetype = spoken.servicetype();
        let mut fields = fields_of([("servicetype", servicetype.into()), ("comment", comment)]);
        fields.extend(tuning.servicegroup);
        let (tcp, http) = (tuning.tcpprofile.as_ref(), tuning.httpprofile.as_ref());
        fields.extend(self.write_profiles(tcp, http, (ingress, false)));
        self.entity(EntityId::new(Kind::SERVICEGROUP, group.clone()), fields, ingress);
        if let Some(content) = tuning.monitor {
            let name = tuning::monitor_name(self.mark, &content);
            let monitor =
                BindingId::new(Kind::SERVICEGROUP_LBMONITOR, group.clone(), &*name, Role::Plain);
            self.entity(EntityId::new(Kind::LBMONITOR, name), content, ingress);
            self.desired.state.bind(monitor, []);
        }
        let bound = BindingId::new(
            Kind::LBVSERVER_SERVICEGROUP,
            lbvserver.clone(),
            group.clone(),
            Role::Plain,
        );
        self.desired.state.bind(bound, []);
        let Group { members, draining } = self::group(group, endpoints, self.mark, self.facts);
        for (id, fields) in members.entities {
            self.entity(id, fields, ingress);
        }
        self.desired.state.bindings.extend(members.bindings);
        self.draining.extend(draining);
        let Some(tls) = tls else { return };

        let profile = match &tls.profile {
            Attached::Named(name) => Name::from(name.as_str()),
            Attached::Made(made) => {
                let name = Name::from(self.mark.ingress_name(ingress, &made.digest()));
                made.write(&name, &mut self.desired.state);
                self.own(EntityId::new(Kind::SSLPROFILE, name.clone()), ingress);
                name
            }
        };
        let fields = fields_of([("sslprofile", profile.into())]);
        self.entity(EntityId::new(Kind::SSLSERVICEGROUP, group.clone()), fields, ingress);
        let client = tls.client.iter().map(|served| (&served.materials, Role::Plain, 1));
        let authorities =
            tls.authorities.iter().map(|one| (&one.materials, Role::Ca, one.materials.len()));
        for (materials, role, bound) in client.chain(authorities) {
            self.certificates(materials, ingress);
            for material in &materials[..bound] {
                let id = material.certificate.id.as_str();
                let id = BindingId::new(Kind::SSLSERVICEGROUP_SSLCERTKEY, group.clone(), id, role);
                self.desired.state.bind(id, []);
            }
        }
    }

    fn write_route(
        &mut self,
        reading: &Reading<'_>,
        front_end: FrontEndId,
        matches: &RouteMatch,
        lbvserver: &Name,
    ) {
        let ingress = &reading.id;
        let name = Name::from(names::route(self.mark, ingress, front_end, matches));
        let owner = Some((*ingress, reading.key.clone()));
        let comment = self.mark.comment(&OwnerComment { ingress: owner, service: None });
        let fields = [("targetlbvserver", lbvserver.clone().into()), ("comment", comment.into())];
        self.entity(EntityId::new(Kind::CSACTION, name.clone()), fields_of(fields), ingress);
        let fields = [("rule", matches.rule().into()), ("action", name.clone().into())];
        self.entity(EntityId::new(Kind::CSPOLICY, name.clone()), fields_of(fields), ingress);
        let csvserver = front_end.csvserver(&self.mark.prefix);
        let id = BindingId::new(Kind::CSVSERVER_CSPOLICY, csvserver, name, Role::Plain);
        self.desired.state.bind(id.clone(), []);
        self.desired.bands.insert(id, Band::of(matches));
    }

    fn entity(&mut self, id: EntityId, fields: Fields, ingress: &IngressId) {
        self.own(id.clone(), ingress);
        self.desired.state.entities.entry(id).or_insert(fields);
    }

    /// Whether entities are written already, for another Ingress; they are there for this one too.
    fn shares(&mut self, ids: &[EntityId], ingress: &IngressId) -> bool {
        let are_there = ids.iter().all(|id| self.desired.state.entities.contains_key(id));
        for id in ids.iter().filter(|_| are_there) {
            self.own(id.clone(), ingress);
        }
        are_there
    }

    fn own(&mut self, id: EntityId, ingress: &IngressId) {
        let alone = &mut self.alone;
        let owners = self.desired.owners.entry(id).or_insert_with(|| alone.of(Some(*ingress)));
        if !owners.contains(ingress) {
            Arc::make_mut(owners).insert(*ingress);
        }
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

/// What the lbvserver of a back end and its service group are.
pub(super) const fn servicetypes(carries: Carries, tls: bool) -> (Protocol, Protocol) {
    match (carries, tls) {
        (Carries::Http, false) => (Protocol::Http, Protocol::Http),
        (Carries::Http, true) => (Protocol::Http, Protocol::Ssl),
        (Carries::Bytes, false) | (Carries::Tls, _) => (Protocol::Tcp, Protocol::Tcp),
        (Carries::Bytes, true) => (Protocol::Tcp, Protocol::SslTcp),
    }
}

fn fields_of<'f>(fields: impl IntoIterator<Item = (&'f str, Value)>) -> Fields {
    fields.into_iter().collect()
}
