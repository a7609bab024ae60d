//! Who refers to an object, by the references of the schema.

use super::{BindingKey, ObjectKey, State, text};
use crate::schema;

/// Who refers to an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Referrer {
    /// An object, by a field.
    Object(ObjectKey, &'static str),
    /// A binding, by a field: as its parent or as its bound side.
    Binding(BindingKey, &'static str),
}

impl State {
    /// Everything that refers to an object, by the references of the schema.
    pub(crate) fn referrers(&self, kind: &str, name: &str) -> Vec<Referrer> {
        let mut referrers = Vec::new();
        for &(holder, field) in schema::references_to(kind) {
            let is_parent = holder.is_binding() && holder.key() == Some(field);
            if is_parent {
                let bindings = self.bindings(&holder.name, name);
                referrers.extend(bindings.map(|(key, _)| Referrer::Binding(key.clone(), field)));
            } else if holder.is_binding() {
                let bindings = self.bindings_of(&holder.name);
                let bindings = bindings.filter(|(_, fields)| text(fields, field) == name);
                referrers.extend(bindings.map(|(key, _)| Referrer::Binding(key.clone(), field)));
            } else if holder.name != kind || holder.key() != Some(field) {
                let key = |name: &str| ObjectKey { kind: &holder.name, name: name.into() };
                let objects = self.objects(&holder.name);
                let objects = objects.filter(|(_, fields)| text(fields, field) == name);
                referrers.extend(objects.map(|(name, _)| Referrer::Object(key(name), field)));
            }
        }
        referrers
    }
}
