//! A configuration: entities and bindings, as desired, as observed, or between two commands.

use std::collections::BTreeMap;

use super::{BindingId, EntityId, Fields, Kind, Value};

/// Entities with their fields and bindings with their attributes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// Named objects. Derived objects (`sslvserver`, `sslservicegroup`) stand here under their own
    /// kind, with the fields that we set.
    pub entities: BTreeMap<EntityId, Fields>,
    /// Bindings.
    pub bindings: BTreeMap<BindingId, Fields>,
}

impl State {
    /// The fields of an entity.
    pub fn fields(&self, kind: Kind, name: &str) -> Option<&Fields> {
        self.entities.get(&EntityId::new(kind, name))
    }

    /// One text field of an entity.
    pub fn text(&self, kind: Kind, name: &str, field: &str) -> Option<&str> {
        self.fields(kind, name)?.get(field)?.as_text()
    }

    /// Adds an entity.
    pub fn insert<const N: usize>(&mut self, id: EntityId, fields: [(&str, Value); N]) {
        self.entities.insert(id, fields.into());
    }

    /// Adds a binding.
    pub fn bind<const N: usize>(&mut self, id: BindingId, attributes: [(&str, Value); N]) {
        self.bindings.insert(id, attributes.into());
    }

    /// The names of all entities of a kind.
    pub fn names(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.entities
            .range(EntityId::new(kind, "")..)
            .take_while(move |(id, _)| id.kind == kind)
            .map(|(id, _)| id.name.as_str())
    }

    /// All bindings of a kind to one parent.
    pub fn bound(&self, kind: Kind, parent: &str) -> impl Iterator<Item = (&BindingId, &Fields)> {
        let start = BindingId::new(kind, parent, "", super::Role::Plain);
        self.bindings
            .range(start.clone()..)
            .take_while(move |(id, _)| id.kind == kind && id.parent == start.parent)
    }

    /// Whether a service group has a member that takes new clients.
    pub fn has_serving_member(&self, group: &str) -> bool {
        self.bound(Kind::SERVICEGROUP_MEMBER, group).any(|(_, attributes)| !is_disabled(attributes))
    }

    /// All bindings of a kind.
    pub fn bindings_of(&self, kind: Kind) -> impl Iterator<Item = (&BindingId, &Fields)> {
        self.bindings
            .range(BindingId::new(kind, "", "", super::Role::Plain)..)
            .take_while(move |(id, _)| id.kind == kind)
    }
}

/// Whether a member with these attributes takes no new clients: it is, or was, drained. The
/// attribute `state` reads as what was asked for (assumed); how far it has come is `svrstate`
/// (documented).
pub fn is_disabled(attributes: &Fields) -> bool {
    attributes.get(MEMBER_STATE).and_then(Value::as_text) == Some(DISABLED)
}

/// The attributes of a member that takes no new clients.
pub fn disabled() -> Fields {
    Fields::from([(MEMBER_STATE, DISABLED.into())])
}

const MEMBER_STATE: &str = "state";
const DISABLED: &str = "DISABLED";
