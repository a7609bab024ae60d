//! Slots: the place that a binding takes on its parent, and who may take it next.
//!
//! An *overwriting* slot is never emptied when it gets a new holder: the appliance replaces the
//! binding in one command (documented: default certificate per key
//! type; assumed: default lbvserver of a csvserver). An *exclusive* one must
//! be empty first (policy priority: 3041; SNI certificate for one name: 3629).

use crate::model::{BindingId, Kind, Role};
use crate::observed::Owned;

/// The binding of the aim that overwrites an observed one, if there is one.
pub(super) fn overwriter(old: &Owned, new: &Owned, observed: &BindingId) -> Option<BindingId> {
    let is_overwriting = observed.role == Role::Plain
        && matches!(
            observed.kind,
            Kind::SSLVSERVER_SSLCERTKEY
                | Kind::SSLSERVICEGROUP_SSLCERTKEY
                | Kind::CSVSERVER_LBVSERVER
        );
    if !is_overwriting || new.state.bindings.contains_key(observed) {
        return None;
    }
    if observed.kind == Kind::CSVSERVER_LBVSERVER {
        let mut defaults = new.state.bound(observed.kind, &observed.parent);
        return defaults.next().map(|(binding, _)| binding.clone());
    }
    let key_type = |owned: &Owned, name: &str| owned.certkeys.get(name).and_then(|c| c.key_type);
    let held = key_type(old, &observed.child);
    new.state
        .bound(observed.kind, &observed.parent)
        .map(|(binding, _)| binding)
        .find(|binding| {
            binding.role == Role::Plain
                && !old.state.bindings.contains_key(*binding)
                && held.is_some()
                && key_type(new, &binding.child) == held
        })
        .cloned()
}

/// Whether a coming binding needs the slot of an observed one that goes.
pub(super) fn is_occupied_by(
    old: &Owned,
    new: &Owned,
    coming: &BindingId,
    going: &BindingId,
) -> bool {
    if coming.kind != going.kind || coming.parent != going.parent || coming == going {
        return false;
    }
    match coming.kind {
        Kind::SSLVSERVER_SSLCERTKEY => {
            coming.role == Role::Sni && going.role == Role::Sni && {
                let names = |owned: &Owned, name: &str| {
                    owned.certkeys.get(name).map(|certkey| certkey.names.clone())
                };
                let (coming, going) = (names(new, &coming.child), names(old, &going.child));
                coming.zip(going).is_some_and(|(coming, going)| !coming.is_disjoint(&going))
            }
        }
        kind => {
            let Some(field) = crate::model::BindingShape::of(kind).and_then(|s| s.priority_field)
            else {
                return false;
            };
            let priority =
                |owned: &Owned, id: &BindingId| owned.state.bindings.get(id)?.get(field).cloned();
            coming.role == going.role
                && priority(new, coming).is_some()
                && priority(new, coming) == priority(old, going)
        }
    }
}
