//! What would be otherwise: one configuration compared with another of the same Ingress.

use std::collections::BTreeMap;

use super::{Effect, Subject};
use crate::model::{BindingId, EntityId, Fields, Name, State, Value};

/// What one configuration has that the other has not, or has otherwise. Objects whose name alone
/// differs are taken for the same.
pub(super) fn difference(with: &State, without: &State) -> Vec<Effect> {
    let renamed = renamed(with, without);
    let name = |name: &str| {
        let other = renamed.iter().find(|(entity, _)| entity.name == name);
        other.map_or_else(|| Name::from(name), |(_, other)| other.name.clone())
    };
    let mut effects = Vec::new();
    for (entity, fields) in &with.entities {
        let other = renamed.get(entity).unwrap_or(entity);
        match without.entities.get(other) {
            None => effects.push(Effect::There(Subject::Entity(entity.clone()))),
            Some(others) => effects.extend(fields_that_differ(entity, fields, others, &name)),
        }
    }
    for binding in with.bindings.keys() {
        let (parent, child) = (name(&binding.parent), name(&binding.child));
        let other = BindingId { parent, child, ..binding.clone() };
        // An object has with it what the appliance has built in.
        let comes_along = binding.child_id().is_none()
            && effects.contains(&Effect::There(Subject::Entity(binding.parent_id())));
        if !comes_along && !without.bindings.contains_key(&other) {
            effects.push(Effect::There(Subject::Binding(binding.clone())));
        }
    }
    effects
}

/// All that one configuration has and the other has not, by name.
pub(super) fn missing(with: &State, without: &State) -> Vec<Effect> {
    let entities = with.entities.keys().filter(|id| !without.entities.contains_key(id));
    let bindings = with.bindings.keys().filter(|id| !without.bindings.contains_key(id));
    let entities = entities.cloned().map(Subject::Entity);
    entities.chain(bindings.cloned().map(Subject::Binding)).map(Effect::There).collect()
}

fn fields_that_differ(
    entity: &EntityId,
    fields: &Fields,
    others: &Fields,
    name: &dyn Fn(&str) -> Name,
) -> Vec<Effect> {
    let is_told = |field: &str, value: &Value| {
        let other = others.get(field);
        let same = other.is_some_and(|other| match (value.as_text(), other.as_text()) {
            (Some(text), Some(other)) => text == other || name(text) == other,
            (_, _) => value == other,
        });
        // It says who owns the object, in other words.
        !same && field != "comment"
    };
    let told = fields.iter().filter(|(field, value)| is_told(field, value));
    told.map(|(field, value)| Effect::Set {
        entity: entity.clone(),
        field: field.to_string(),
        value: value.clone(),
        otherwise: others.get(field).cloned(),
    })
    .collect()
}

/// Pairs of objects of one kind of which each stands in one configuration only: the most alike
/// first.
fn renamed(with: &State, without: &State) -> BTreeMap<EntityId, EntityId> {
    let only = |one: &State, other: &State| -> Vec<EntityId> {
        one.entities.keys().filter(|id| !other.entities.contains_key(id)).cloned().collect()
    };
    let (gone, come) = (only(with, without), only(without, with));
    let mut pairs = Vec::new();
    for one in &gone {
        for other in come.iter().filter(|other| other.kind == one.kind) {
            let (fields, others) = (&with.entities[one], &without.entities[other]);
            let alike = fields.iter().filter(|(name, value)| others.get(name) == Some(value));
            pairs.push((std::cmp::Reverse(alike.count()), one, other));
        }
    }
    pairs.sort();
    let mut renamed: BTreeMap<EntityId, EntityId> = BTreeMap::new();
    for (_, one, other) in pairs {
        if !renamed.contains_key(one) && !renamed.values().any(|taken| taken == other) {
            renamed.insert(one.clone(), other.clone());
        }
    }
    renamed
}
