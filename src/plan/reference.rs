//! Who refers to whom: the fields and bindings through which one entity needs another.

use crate::model::{BindingId, EntityId, Fields, Kind};

/// The fields that name another entity of ours.
const REFERENCES: &[(Kind, &str, Kind)] = &[
    (Kind::SSLCERTKEY, "linkcertkeyname", Kind::SSLCERTKEY),
    (Kind::SERVICEGROUP, "httpprofilename", Kind::NSHTTPPROFILE),
    (Kind::SERVICEGROUP, "tcpprofilename", Kind::NSTCPPROFILE),
    (Kind::SSLSERVICEGROUP, "sslprofile", Kind::SSLPROFILE),
    (Kind::RESPONDERPOLICY, "action", Kind::RESPONDERACTION),
    (Kind::REWRITEPOLICY, "action", Kind::REWRITEACTION),
    (Kind::CSACTION, "targetlbvserver", Kind::LBVSERVER),
    (Kind::CSPOLICY, "action", Kind::CSACTION),
    (Kind::CSVSERVER, "httpprofilename", Kind::NSHTTPPROFILE),
    (Kind::CSVSERVER, "tcpprofilename", Kind::NSTCPPROFILE),
    (Kind::SSLVSERVER, "sslprofile", Kind::SSLPROFILE),
];

/// The fields through which a kind refers to others, with the kinds referred to.
fn references_of(kind: Kind) -> impl Iterator<Item = (&'static str, Kind)> {
    let rows = REFERENCES.iter().filter(move |(from, _, _)| *from == kind);
    rows.map(|(_, field, to)| (*field, *to))
}

/// What an entity refers to through its fields. A built-in object that is named so is in no state
/// of ours and thus found by nobody.
pub(crate) fn references(id: &EntityId, fields: &Fields) -> impl Iterator<Item = EntityId> {
    references_of(id.kind).filter_map(|(field, kind)| {
        Some(EntityId::new(kind, fields.get(field)?.as_name()?.clone()))
    })
}

/// Whether a set or unset of these fields changes what an entity refers to in one kind.
pub(super) fn repoints(kind: Kind, to: Kind, mut is_touched: impl FnMut(&str) -> bool) -> bool {
    references_of(kind).any(|(field, referred)| referred == to && is_touched(field))
}

/// The entity whose creation brings this one into being: itself, unless it is derived.
pub(crate) fn origin(id: &EntityId) -> EntityId {
    EntityId::new(id.kind.derived_from().unwrap_or(id.kind), id.name.clone())
}

/// The entities at both ends of a binding, derived ones as what they derive from.
pub(super) fn ends(binding: &BindingId) -> impl Iterator<Item = EntityId> {
    std::iter::once(binding.parent_id()).chain(binding.child_id()).map(|id| origin(&id))
}
