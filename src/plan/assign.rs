//! Gives places to what desired names by content: certkeys to certificates, priorities to routes.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::FileContent;
use super::aim::{Aim, route_match};
use crate::model::{
    BindingId, CertificateId, EntityId, Fields, Host, Kind, Name, Redacted, Role, State, Value,
};
use crate::observed::{ObservedCertkey, Owned};
use crate::tls::Material;
use crate::translate::{Band, Translation};

/// Names a certkey for each certificate and puts it into the bindings.
pub(super) fn certkeys(old: &Owned, translation: &Translation, aim: &mut Aim) {
    let certificates = &translation.desired.certificates;
    let assigned = Assignment::of(old, translation, &aim.owned.state);
    let bindings = &mut aim.owned.state.bindings;
    let by_content: Vec<(BindingId, Fields)> =
        bindings.extract_if(.., |binding, _| is_of_certkey(binding.kind)).collect();
    for (mut binding, attributes) in by_content {
        if let Some(name) = CertificateId::parse(&binding.child).and_then(|id| assigned.get(&id)) {
            binding.child.clone_from(name);
        }
        bindings.insert(binding, attributes);
    }
    let desired_owners = &translation.desired.owners;
    let start = translation.mark.name_start();
    for (id, name) in &assigned {
        let material = &certificates[id];
        let issuer = material.issuer.as_ref().and_then(|issuer| assigned.get(issuer));
        add_certkey(old, aim, &start, &Certkey { name, material, issuer });
        let by_content = EntityId::new(Kind::SSLCERTKEY, id.as_str());
        if let Some(owners) = desired_owners.get(&by_content) {
            aim.owners.insert(EntityId::new(Kind::SSLCERTKEY, name.as_str()), owners.clone());
        }
    }
}

/// Keeps the certkeys that kept bindings name, and those that they are linked to.
pub(super) fn add_certkeys(old: &Owned, aim: &mut Aim) {
    let mut names: Vec<Name> = aim
        .owned
        .state
        .bindings
        .keys()
        .filter(|binding| is_of_certkey(binding.kind))
        .map(|binding| binding.child.clone())
        .collect();
    while let Some(name) = names.pop() {
        let id = EntityId::new(Kind::SSLCERTKEY, name.as_str());
        if let Some(certkey) = old.certkeys.get(&name) {
            aim.owned.certkeys.entry(name).or_insert_with(|| certkey.clone());
        }
        let Some(fields) = old.state.entities.get(&id) else { continue };
        aim.owned.state.entities.entry(id).or_insert_with(|| {
            names.extend(fields.get("linkcertkeyname").and_then(Value::as_text).map(Name::from));
            fields.clone()
        });
    }
}

struct Certkey<'a> {
    name: &'a Name,
    material: &'a Material,
    issuer: Option<&'a Name>,
}

fn add_certkey(old: &Owned, aim: &mut Aim, start: &str, certkey: &Certkey<'_>) {
    let Certkey { name, material, issuer } = *certkey;
    let id = EntityId::new(Kind::SSLCERTKEY, name.as_str());
    let certificate = &material.certificate;
    let cert = format!("{start}{}.crt", certificate.id);
    let mut fields = Fields::new();
    // A key that is there already also serves those who bring none.
    let same = old.certkeys.get(name).is_some_and(|c| c.content.as_ref() == Some(&certificate.id));
    let old_key = old.state.entities.get(&id).filter(|_| same).and_then(|old| old.get("key"));
    if let Some(key) = &material.key {
        let digest = material.key_digest().expect("the material has a key");
        let file = format!("{start}{digest}.key");
        aim.uploads.insert(file.clone(), FileContent(key.pem.clone()));
        fields.insert("key".to_owned(), file.into());
    } else if let Some(key) = old_key {
        fields.insert("key".to_owned(), key.clone());
    }
    aim.uploads.insert(cert.clone(), FileContent(Redacted::new(certificate.pem.clone())));
    fields.insert("cert".to_owned(), cert.into());
    if let Some(issuer) = issuer {
        fields.insert("linkcertkeyname".to_owned(), issuer.as_str().into());
    }
    let after = ObservedCertkey {
        content: Some(certificate.id.clone()),
        issuer_serial: Some(certificate.issuer_serial.clone()),
        names: certificate.names.clone(),
        subject: certificate.subject.clone(),
        key_type: Some(certificate.key_type),
        keyed: fields.contains_key("key"),
    };
    aim.owned.certkeys.insert(name.clone(), after);
    aim.owned.state.entities.insert(id, fields);
}

const fn is_of_certkey(kind: Kind) -> bool {
    matches!(kind, Kind::SSLVSERVER_SSLCERTKEY | Kind::SSLSERVICEGROUP_SSLCERTKEY)
}

/// Which certkey gets which certificate: one that has it; else, as a rotation, the one that is
/// bound at its place and that nobody else needs; else a new one.
struct Assignment<'a> {
    old: &'a Owned,
    translation: &'a Translation,
    /// The configuration aimed at, certificates still by content, pinned ones by certkey.
    state: &'a State,
    /// The bindings of each certificate.
    uses: BTreeMap<&'a str, Vec<&'a BindingId>>,
    /// The observed bindings of each certkey.
    old_uses: BTreeMap<&'a str, Vec<&'a BindingId>>,
    names: BTreeMap<CertificateId, Name>,
    taken: BTreeSet<Name>,
}

impl<'a> Assignment<'a> {
    fn of(
        old: &'a Owned,
        translation: &'a Translation,
        state: &'a State,
    ) -> BTreeMap<CertificateId, Name> {
        let mut assignment = Self {
            old,
            translation,
            state,
            uses: uses(state),
            old_uses: uses(&old.state),
            names: BTreeMap::new(),
            taken: BTreeSet::new(),
        };
        assignment.keep();
        assignment.rotate();
        assignment.add();
        assignment.names
    }

    fn give(&mut self, id: &CertificateId, name: Name) {
        self.taken.insert(name.clone());
        self.names.insert(id.clone(), name);
    }

    fn keep(&mut self) {
        for (name, certkey) in &self.old.certkeys {
            let is_ours = self.old.state.fields(Kind::SSLCERTKEY, name).is_some();
            if let Some(id) = certkey.content.as_ref().filter(|_| is_ours)
                && self.translation.desired.certificates.contains_key(id)
            {
                self.give(id, name.clone());
            }
        }
    }

    fn rotate(&mut self) {
        for (id, material) in &self.translation.desired.certificates {
            if self.names.contains_key(id) || material.key.is_none() {
                continue;
            }
            let uses = self.uses.get(id.as_str()).cloned().unwrap_or_default();
            let candidates: BTreeSet<&str> = uses
                .iter()
                .flat_map(|place| self.old.state.bound(place.kind, &place.parent))
                .filter(|(bound, _)| uses.iter().any(|place| same_place(place, bound)))
                .map(|(bound, _)| bound.child.as_str())
                .collect();
            let found = candidates.into_iter().find(|name| self.may_change(name, id, material));
            if let Some(name) = found.map(Name::from) {
                self.give(id, name);
            }
        }
    }

    /// Whether a certkey may get another certificate in place: nobody wants what it has, all its
    /// bindings want the new one, and no name is lost or gained that matters elsewhere.
    fn may_change(&self, name: &str, id: &CertificateId, material: &Material) -> bool {
        let Some(certkey) = self.old.certkeys.get(name) else { return false };
        let is_ours = self.old.state.fields(Kind::SSLCERTKEY, name).is_some();
        let is_pinned = self.uses.contains_key(name);
        let has_other_role = |uses: &Vec<&BindingId>| uses.iter().any(|b| b.role == Role::Ca);
        let new_uses = self.uses.get(id.as_str());
        let old_uses = self.old_uses.get(name);
        let is_issuer = self.old.state.entities.iter().any(|(id, fields)| {
            id.kind == Kind::SSLCERTKEY
                && fields.get("linkcertkeyname").and_then(Value::as_text) == Some(name)
        }) || self
            .translation
            .desired
            .certificates
            .values()
            .any(|other| other.issuer.as_ref() == Some(id));
        let all_want_it = old_uses.is_some_and(|old_uses| {
            old_uses.iter().all(|bound| {
                new_uses.is_some_and(|new| new.iter().any(|place| same_place(place, bound)))
            })
        });
        is_ours
            && certkey.keyed
            && certkey.key_type.is_none_or(|old| old == material.certificate.key_type)
            && !self.taken.contains(name)
            && !is_pinned
            && !is_issuer
            && !old_uses.is_some_and(has_other_role)
            && !new_uses.is_some_and(has_other_role)
            && all_want_it
            && self.names_fit(old_uses, certkey, material)
    }

    fn names_fit(
        &self,
        old_uses: Option<&Vec<&BindingId>>,
        old: &ObservedCertkey,
        new: &Material,
    ) -> bool {
        let fronts =
            old_uses.into_iter().flatten().filter(|b| b.kind == Kind::SSLVSERVER_SSLCERTKEY);
        let (lost, gained): (BTreeSet<_>, BTreeSet<_>) = (
            old.names.difference(&new.certificate.names).collect(),
            new.certificate.names.difference(&old.names).collect(),
        );
        fronts.into_iter().all(|place| {
            let meets = place.role == Role::Plain || !old.names.is_disjoint(&new.certificate.names);
            let routes = |state: &'a State| {
                state
                    .bound(Kind::CSVSERVER_CSPOLICY, &place.parent)
                    .filter_map(|(route, _)| Some(route_match(state, &route.child)?.host))
            };
            let needed = |host: &Host| lost.iter().any(|name| host.is_covered_by(name));
            let others =
                self.old.state.bound(place.kind, &place.parent).filter(|(b, _)| *b != *place);
            let is_free = others.into_iter().all(|(other, _)| {
                let names = self.old.certkeys.get(&other.child).map(|certkey| &certkey.names);
                names.is_none_or(|names| gained.iter().all(|name| !names.contains(*name)))
            });
            is_free
                && meets
                && !routes(&self.old.state).any(|host| needed(&host))
                && !routes(self.state).any(|host| needed(&host))
        })
    }

    fn add(&mut self) {
        for id in self.translation.desired.certificates.keys() {
            if self.names.contains_key(id) {
                continue;
            }
            let first = self.translation.mark.shared_name(&id.as_str()[..12]);
            let mut name = first.clone();
            let mut counter = 1;
            while self.taken.contains(name.as_str())
                || self.old.state.fields(Kind::SSLCERTKEY, &name).is_some()
            {
                counter += 1;
                name = format!("{first}-{counter}");
            }
            self.give(id, name.into());
        }
    }
}

fn uses(state: &State) -> BTreeMap<&str, Vec<&BindingId>> {
    let mut uses: BTreeMap<&str, Vec<&BindingId>> = BTreeMap::new();
    for binding in state.bindings.keys().filter(|binding| is_of_certkey(binding.kind)) {
        uses.entry(&binding.child).or_default().push(binding);
    }
    uses
}

/// Whether two bindings of certkeys mean the same place, whichever certkey stands there.
fn same_place(one: &BindingId, other: &BindingId) -> bool {
    one.kind == other.kind
        && one.parent == other.parent
        && one.role == other.role
        && one.role != Role::Ca
}

/// Numbers the routes: an observed priority that lies in its band stays; a new route takes the
/// slot of its digest, or the next that is free in old and new.
pub(super) fn priorities(old: &State, bands: &BTreeMap<BindingId, Band>, state: &mut State) {
    let mut taken: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
    for (route, attributes) in old.bindings_of(Kind::CSVSERVER_CSPOLICY) {
        if let Some(priority) = priority(attributes) {
            taken.entry(&route.parent).or_default().insert(priority);
        }
    }
    for (route, band) in bands {
        let range = band.priorities();
        let kept = old.bindings.get(route).and_then(priority).filter(|p| range.contains(p));
        let taken = taken.entry(&route.parent).or_default();
        let chosen = kept.unwrap_or_else(|| {
            let digest = Sha256::digest(route.child.as_bytes());
            let first = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
            (0..Band::SLOTS)
                .map(|step| range.start + first.wrapping_add(step) % Band::SLOTS)
                .find(|priority| !taken.contains(priority))
                .expect("a front end has fewer routes of one band than the band has slots")
        });
        taken.insert(chosen);
        if let Some(attributes) = state.bindings.get_mut(route) {
            attributes.insert("priority".to_owned(), Value::Number(chosen.into()));
        }
    }
}

fn priority(attributes: &Fields) -> Option<u32> {
    u32::try_from(attributes.get("priority")?.as_number()?).ok()
}
