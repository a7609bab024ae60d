//! Who refers to whom: the fields and bindings through which one entity needs another.

use crate::model::{BindingId, EntityId, Fields, Kind};

/// The fields that name another entity of ours.
const REFERENCES: &[(Kind, &str, Kind)] = &[
    (Kind::SSLCERTKEY, "linkcertkeyname", Kind::SSLCERTKEY),
    (Kind::SSLSERVICEGROUP, "sslprofile", Kind::SSLPROFILE),
    (Kind::RESPONDERPOLICY, "action", Kind::RESPONDERACTION),
    (Kind::REWRITEPOLICY, "action", Kind::REWRITEACTION),
    (Kind::CSACTION, "targetlbvserver", Kind::LBVSERVER),
    (Kind::CSPOLICY, "action", Kind::CSACTION),
    (Kind::SSLVSERVER, "sslprofile", Kind::SSLPROFILE),
];

/// The field through which a kind refers to another, if it has one, with the kind referred to.
fn reference_of(kind: Kind) -> Option<(&'static str, Kind)> {
    REFERENCES.iter().find(|(from, _, _)| *from == kind).map(|(_, field, to)| (*field, *to))
}

/// What an entity refers to through its fields. A built-in object that is named so is in no state
/// of ours and thus found by nobody.
pub(crate) fn references(id: &EntityId, fields: &Fields) -> Option<EntityId> {
    let (field, kind) = reference_of(id.kind)?;
    Some(EntityId::new(kind, fields.get(field)?.as_text()?))
}

/// The entity whose creation brings this one into being: itself, unless it is derived.
pub(crate) fn origin(id: &EntityId) -> EntityId {
    EntityId::new(id.kind.derived_from().unwrap_or(id.kind), id.name.as_str())
}

/// The entities at both ends of a binding, derived ones as what they derive from.
pub(super) fn ends(binding: &BindingId) -> impl Iterator<Item = EntityId> {
    std::iter::once(binding.parent_id()).chain(binding.child_id()).map(|id| origin(&id))
}
