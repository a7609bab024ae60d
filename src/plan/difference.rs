//! The difference of two states as ops, without an order.

use std::collections::{BTreeMap, BTreeSet};

use super::aim::Aim;
use super::reference::origin;
use super::{Op, slot};
use crate::model::{BindingId, EntityId, Fields, Kind, Role, State, Value, is_disabled};
use crate::observed::Owned;
use crate::schema;

/// All changes from `old` to the aim, kinds in the order of creation.
pub(super) fn difference(old: &Owned, aim: &Aim) -> Vec<Op> {
    let mut ops = Vec::new();
    let new = &aim.owned;
    for (id, fields) in &new.state.entities {
        match old.state.entities.get(id) {
            Some(observed) if id.kind == Kind::SSLCERTKEY => {
                certkey(id, observed, fields, &mut ops);
            }
            Some(observed) => changed(id, observed, fields, &mut ops),
            None if id.kind.derived_from().is_some() => {
                changed(id, &Fields::new(), fields, &mut ops);
            }
            None => create(id, fields, &mut ops),
        }
    }
    let born = born_with(old, new);
    for (id, attributes) in &new.state.bindings {
        match old.state.bindings.get(id).or_else(|| born.get(id)) {
            None => {
                let (binding, attributes) = (id.clone(), attributes.clone());
                ops.push(Op::Bind { binding, attributes });
                ops.extend(read_back(id, &new.state));
            }
            Some(observed) if id.kind == Kind::SERVICEGROUP_MEMBER => {
                ops.extend(member(id, observed, attributes, aim.drain_delay_secs));
            }
            Some(observed) if differ(id.kind, observed, attributes) => {
                ops.push(Op::Rebind { binding: id.clone(), attributes: attributes.clone() });
                ops.extend(read_back(id, &new.state));
            }
            Some(_) => {}
        }
    }
    for id in old.state.bindings.keys().chain(born.keys()) {
        let parent_stays = new.state.entities.contains_key(&origin(&id.parent_id()));
        if parent_stays
            && !new.state.bindings.contains_key(id)
            && slot::overwriter(old, new, id).is_none()
        {
            ops.push(Op::Unbind { binding: id.clone() });
        }
    }
    for (id, fields) in old.state.entities.iter().rev() {
        if !new.state.entities.contains_key(id) && id.kind.derived_from().is_none() {
            if fields.contains_key("linkcertkeyname") {
                ops.push(Op::Unlink { certkey: id.name.clone() });
            }
            ops.push(Op::Delete { entity: id.clone(), also: also_named(id.kind, fields) });
        }
    }
    uploads(old, aim, &mut ops);
    ops
}

/// Policies that turn clients away are read back before anybody relies on them.
fn read_back(binding: &BindingId, new: &State) -> Option<Op> {
    let attributes = new.bindings.get(binding)?.clone();
    (binding.kind == Kind::CSVSERVER_RESPONDERPOLICY)
        .then(|| Op::VerifyBinding { binding: binding.clone(), attributes })
}

/// The files that certkeys of the aim have and that are not there yet. A certkey that does not
/// change needs none: its files were there when it was made.
fn uploads(old: &Owned, aim: &Aim, ops: &mut Vec<Op>) {
    let named: BTreeSet<String> =
        ops.iter().flat_map(Op::certkey_files).map(str::to_owned).collect();
    for file in named.difference(&old.files) {
        if let Some(content) = aim.uploads.get(file) {
            ops.push(Op::Upload { file: file.clone(), content: content.clone() });
        }
    }
}

fn create(id: &EntityId, fields: &Fields, ops: &mut Vec<Op>) {
    let mut fields = fields.clone();
    let link = if id.kind == Kind::SSLCERTKEY { fields.remove("linkcertkeyname") } else { None };
    ops.push(Op::Create { entity: id.clone(), fields });
    if let Some(issuer) = link {
        ops.push(Op::Link { certkey: id.name.clone(), issuer: issuer.to_string().into() });
    }
}

/// A certkey that is there: its content changes in place, its link by two verbs of its own.
fn certkey(id: &EntityId, observed: &Fields, desired: &Fields, ops: &mut Vec<Op>) {
    let certkey = id.name.clone();
    let (old_link, new_link) = (observed.get("linkcertkeyname"), desired.get("linkcertkeyname"));
    let changes = ["cert", "key"].iter().any(|field| observed.get(field) != desired.get(field));
    let relinks = old_link != new_link;
    if relinks && old_link.is_some() {
        ops.push(Op::Unlink { certkey: certkey.clone() });
    }
    if changes && let Some(cert) = desired.get("cert") {
        let key = desired.get("key").map(Value::to_string);
        ops.push(Op::Change { certkey: certkey.clone(), cert: cert.to_string(), key });
    }
    if let (true, Some(issuer)) = (relinks, new_link) {
        ops.push(Op::Link { certkey, issuer: issuer.to_string().into() });
    }
}

fn changed(id: &EntityId, observed: &Fields, desired: &Fields, ops: &mut Vec<Op>) {
    let reset = |name: &str| schema::reset_value(id.kind, name);
    let set: Fields = desired
        .iter()
        .filter(|(name, value)| {
            observed.get(name).cloned().or_else(|| reset(name)).as_ref() != Some(*value)
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    // A field without a known default cannot be taken back, so it is left alone.
    let unset: Vec<String> = observed
        .iter()
        .filter(|(name, value)| {
            !desired.contains_key(name) && reset(name).is_some_and(|reset| reset != **value)
        })
        .map(|(name, _)| name.to_string())
        .collect();
    if !set.is_empty() {
        ops.push(Op::Set { entity: id.clone(), fields: set });
    }
    if !unset.is_empty() {
        ops.push(Op::Unset { entity: id.clone(), fields: unset });
    }
}

/// A member that is there: whether it takes new clients changes by two verbs of its own, since
/// binding it again would not let it finish what it has. It has no other attribute of ours.
fn member(id: &BindingId, observed: &Fields, desired: &Fields, delay_secs: u32) -> Option<Op> {
    match (is_disabled(observed), is_disabled(desired)) {
        (false, true) => Some(Op::DisableMember { member: id.clone(), delay_secs }),
        (true, false) => Some(Op::EnableMember { member: id.clone() }),
        (true, true) | (false, false) => None,
    }
}

fn differ(kind: Kind, observed: &Fields, desired: &Fields) -> bool {
    desired.iter().any(|(name, value)| {
        observed.get(name).cloned().or_else(|| schema::reset_value(kind, name)).as_ref()
            != Some(value)
    })
}

/// What the creates of a plan bring along: a new SSL profile its default cipher group and curves
/// (documented for release 14.1 with the default profile enabled).
pub(super) fn born_with(old: &Owned, new: &Owned) -> BTreeMap<BindingId, Fields> {
    let mut born = BTreeMap::new();
    for (id, fields) in &new.state.entities {
        if id.kind == Kind::SSLPROFILE && !old.state.entities.contains_key(id) {
            born.extend(born_with_profile(&id.name, fields));
        }
    }
    born
}

/// What the delete of an entity has to tell beside its name (documented: the type of a monitor).
fn also_named(kind: Kind, fields: &Fields) -> Fields {
    let named = |name: &str| kind == Kind::LBMONITOR && name == "type";
    fields.iter().filter(|(name, _)| named(name)).map(|(n, v)| (n.clone(), v.clone())).collect()
}

/// The bindings that a profile is born with.
pub(super) fn born_with_profile(name: &str, fields: &Fields) -> BTreeMap<BindingId, Fields> {
    let is_back_end = fields.get("sslprofiletype").and_then(Value::as_text) == Some("BackEnd");
    let group = if is_back_end { "DEFAULT_BACKEND" } else { "DEFAULT" };
    let cipher = BindingId::new(Kind::SSLPROFILE_SSLCIPHER, name, group, Role::Plain);
    let priority = Fields::from([("cipherpriority", Value::Number(1))]);
    let curves = ["P_256", "P_384", "P_224", "P_521"].map(|curve| {
        (BindingId::new(Kind::SSLPROFILE_ECCCURVE, name, curve, Role::Plain), Fields::new())
    });
    curves.into_iter().chain([(cipher, priority)]).collect()
}
