//! What is ours, in the form that plans are made from.

use std::collections::BTreeMap;

use super::world::World;
use super::{Error, Reading, certificates};
use crate::model::{BindingId, EntityId, Fields, Kind, Name, Value};
use crate::nitro::Row;
use crate::nitro::row::{file_name, text};
use crate::observed::{ObservedCertkey, Owned};
use crate::schema;

/// Everything of ours.
pub(super) fn owned(world: &World<'_>, reading: &Reading) -> Result<Owned, Error> {
    let mut owned = Owned::default();
    // Files are listed by themselves below.
    for id in world.owned.keys().filter(|id| id.kind != Kind::SYSTEMFILE) {
        let row = world.entities[id];
        owned.state.entities.insert(id.clone(), fields(id.kind, row));
    }
    for (id, row) in &world.bindings {
        if !world.owned.contains_key(&id.parent_id()) || is_default_monitor(id) {
            continue;
        }
        if is_foreign_child(world, id) {
            owned.foreign_children.insert(id.clone());
        }
        owned.state.bindings.insert(id.clone(), fields(id.kind, row));
    }
    owned.certkeys = certkeys(world);
    let kind = Kind::SYSTEMFILE.name();
    for row in reading.of(kind) {
        let name = text(row, "filename").ok_or(Error::Row { kind, field: "filename" })?;
        if world.mark.owns_name(name) {
            owned.files.insert(name.to_owned());
        }
    }
    Ok(owned)
}

/// The fields that we manage, without those at their default.
fn fields(kind: Kind, row: &Row) -> Fields {
    let managed = schema::managed_fields(kind);
    let mut fields = schema::read_fields(kind, row.iter(), |name| managed.contains(&name));
    fields.retain(|name, value| {
        schema::reset_value(kind, name).as_ref() != Some(value) && value.as_text() != Some("")
    });
    if kind == Kind::SSLCERTKEY {
        for name in ["cert", "key"] {
            if let Some(Value::Text(path)) = fields.get_mut(name) {
                *path = file_name(path).into();
            }
        }
    }
    fields
}

/// A group's own monitor comes and goes by itself (documented: 2164, 2165).
fn is_default_monitor(id: &BindingId) -> bool {
    id.kind == Kind::SERVICEGROUP_LBMONITOR && id.child.ends_with("-default")
}

/// Members, monitors, ciphers and curves count as ours whatever they refer to.
fn is_foreign_child(world: &World<'_>, id: &BindingId) -> bool {
    match id.child_id() {
        None => false,
        Some(child) if matches!(child.kind, Kind::SERVER | Kind::LBMONITOR) => false,
        Some(child) => !world.owned.contains_key(&child),
    }
}

/// All certkeys; what those of others hold is not ours to know by content.
fn certkeys(world: &World<'_>) -> BTreeMap<Name, ObservedCertkey> {
    let read = |(id, row): (&EntityId, &Row)| {
        let mut certkey = certificates::read(row, world.mark);
        if !world.owned.contains_key(id) {
            certkey.content = None;
        }
        (id.name.clone(), certkey)
    };
    world.of(Kind::SSLCERTKEY).map(read).collect()
}
