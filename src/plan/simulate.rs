//! What an op does to the objects that are ours, for judging a plan without an appliance.

use super::difference::born_with_profile;
use super::reference::origin;
use super::{Aim, Op};
use crate::model::{BindingId, EntityId, Fields, Kind, Role, disabled};
use crate::observed::Owned;

/// Carries one op out. What certkeys hold afterwards is known to the aim.
pub fn simulate(op: &Op, owned: &mut Owned, aim: &Aim) {
    match op {
        Op::Upload { file, .. } => drop(owned.files.insert(file.clone())),
        Op::RemoveFile { file } => drop(owned.files.remove(file)),
        Op::Create { entity, fields } => create(entity, fields, owned, aim),
        Op::Set { entity, fields } => {
            owned.state.entities.entry(entity.clone()).or_default().extend(fields.clone());
        }
        Op::Unset { entity, fields } => {
            if let Some(of) = owned.state.entities.get_mut(entity) {
                of.retain(|name, _| !fields.iter().any(|field| field == name));
            }
        }
        Op::Bind { binding, attributes } | Op::Rebind { binding, attributes } => {
            owned.state.bindings.insert(binding.clone(), attributes.clone());
            overwrite(binding, owned);
        }
        Op::EnableMember { member } => {
            owned.state.bindings.insert(member.clone(), Fields::new());
        }
        Op::DisableMember { member, delay_secs: _ } => {
            owned.state.bindings.insert(member.clone(), disabled());
        }
        Op::Unbind { binding } => {
            owned.state.bindings.remove(binding);
            owned.foreign_children.remove(binding);
        }
        Op::Change { certkey, cert, key } => {
            let id = EntityId::new(Kind::SSLCERTKEY, certkey.as_str());
            let fields = owned.state.entities.entry(id).or_default();
            fields.insert("cert".to_owned(), cert.as_str().into());
            if let Some(key) = key {
                fields.insert("key".to_owned(), key.as_str().into());
            }
            learn(certkey, owned, aim);
        }
        Op::Link { certkey, issuer } => {
            let id = EntityId::new(Kind::SSLCERTKEY, certkey.as_str());
            let fields = owned.state.entities.entry(id).or_default();
            fields.insert("linkcertkeyname".to_owned(), issuer.as_str().into());
        }
        Op::Unlink { certkey } => {
            let id = EntityId::new(Kind::SSLCERTKEY, certkey.as_str());
            if let Some(fields) = owned.state.entities.get_mut(&id) {
                fields.remove("linkcertkeyname");
            }
        }
        Op::Delete { entity, .. } => delete(entity, owned),
        Op::Enable { .. } | Op::Verify { .. } | Op::VerifyBinding { .. } | Op::Save => {}
    }
}

fn create(entity: &EntityId, fields: &Fields, owned: &mut Owned, aim: &Aim) {
    owned.state.entities.insert(entity.clone(), fields.clone());
    match entity.kind {
        Kind::SSLPROFILE => {
            owned.state.bindings.extend(born_with_profile(&entity.name, fields));
        }
        Kind::SSLCERTKEY => learn(&entity.name, owned, aim),
        _ => {}
    }
}

/// Takes away what the bind replaced in an overwriting slot.
fn overwrite(binding: &BindingId, owned: &mut Owned) {
    let is_overwriting = binding.role == Role::Plain
        && matches!(binding.kind, Kind::SSLVSERVER_SSLCERTKEY | Kind::SSLSERVICEGROUP_SSLCERTKEY);
    if !is_overwriting {
        return;
    }
    let Owned { state, certkeys, .. } = owned;
    let key_type = |name: &str| certkeys.get(name).and_then(|certkey| certkey.key_type);
    let coming = key_type(&binding.child);
    state.bindings.retain(|other, _| {
        other.kind != binding.kind
            || other.parent != binding.parent
            || other.role != Role::Plain
            || other == binding
            || coming.is_none()
            || key_type(&other.child) != coming
    });
}

fn learn(certkey: &str, owned: &mut Owned, aim: &Aim) {
    if let Some(after) = aim.owned.certkeys.get(certkey) {
        owned.certkeys.insert(certkey.into(), after.clone());
    }
}

fn delete(entity: &EntityId, owned: &mut Owned) {
    owned.state.entities.retain(|id, _| origin(id) != *entity);
    owned.state.bindings.retain(|id, _| origin(&id.parent_id()) != *entity);
    owned.foreign_children.retain(|id| origin(&id.parent_id()) != *entity);
    if entity.kind == Kind::SSLCERTKEY {
        owned.certkeys.remove(&entity.name);
    }
}
