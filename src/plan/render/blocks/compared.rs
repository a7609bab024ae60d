//! What was there beside what will be.

use std::collections::BTreeSet;

use crate::model::{BindingId, EntityId, Fields, Kind, Name};
use crate::plan::{Before, Plan};
use crate::schema;

/// A field that is set.
pub(super) fn changed(plan: &Plan, entity: &EntityId, name: String, new: &str) -> (String, String) {
    let value = match plan.before.get(entity) {
        Some(before) => format!("{} -> {new}", old(entity.kind, before, &name)),
        None => new.to_owned(),
    };
    (name, value)
}

/// A field that goes back to its default.
pub(super) fn unset(plan: &Plan, entity: &EntityId, name: &str) -> (String, String) {
    changed(plan, entity, name.to_owned(), &default(entity.kind, name))
}

/// An SSL profile that takes the place of another: what differs.
pub(super) fn replacing(
    plan: &Plan,
    profile: &EntityId,
    fields: &Fields,
    before: &Before,
) -> Vec<(String, String)> {
    let kind = profile.kind;
    let same = format!("{}, and the same but for", before.name);
    let mut pairs = vec![("in place of".to_owned(), same)];
    let names: BTreeSet<&Name> = fields.keys().chain(before.fields.keys()).collect();
    for name in names {
        let new = fields.get(name).map_or_else(|| default(kind, name), ToString::to_string);
        let old = old(kind, before, name);
        if old != new {
            pairs.push((name.to_string(), format!("{old} -> {new}")));
        }
    }
    let bound = plan.ops.iter().filter_map(|planned| planned.op.as_bind());
    let bound = bound.filter(|binding| binding.parent_id() == *profile);
    let kept: BTreeSet<&str> = bound.map(|binding| binding.child.as_str()).collect();
    let lost = before.ciphers.iter().filter(|cipher| !kept.contains(cipher.as_str()));
    pairs.extend(lost.map(|cipher| ("without cipher".to_owned(), cipher.clone())));
    pairs
}

/// Whether a cipher was in the SSL profile that a new one replaces.
pub(super) fn has_cipher_before(plan: &Plan, binding: &BindingId) -> bool {
    let before = plan.before.get(&binding.parent_id());
    binding.kind == Kind::SSLPROFILE_SSLCIPHER
        && before.is_some_and(|before| before.ciphers.contains(binding.child.as_str()))
}

fn old(kind: Kind, before: &Before, name: &str) -> String {
    before.fields.get(name).map_or_else(|| default(kind, name), ToString::to_string)
}

fn default(kind: Kind, name: &str) -> String {
    let reset = schema::reset_value(kind, name).map(|value| value.to_string());
    reset.filter(|value| !value.is_empty()).unwrap_or_else(|| "not set".to_owned())
}
