//! What the appliance shows of its state: the rows of every type, stored or derived.

mod mirror;

use std::sync::Arc;

use serde_json::Value;

use crate::schema::{self, FieldKind, Kind};
use crate::state::{Fields, State};

/// One element of an answer.
pub(crate) type Row = Arc<Fields>;

/// The rows of a type: all of them, or those of one name (of the parent, for a binding).
pub(crate) fn rows(state: &State, kind: &'static Kind, name: Option<&str>) -> Vec<Row> {
    if kind.is_binding() {
        return bindings(state, kind, name);
    }
    if let Some(rows) = mirror::objects(state, &kind.name, name) {
        return rows;
    }
    match name {
        Some(name) => state.object(&kind.name, name).cloned().into_iter().collect(),
        None => state.objects(&kind.name).map(|(_, fields)| Arc::clone(fields)).collect(),
    }
}

/// The rows of a binding type, of one parent or of all.
fn bindings(state: &State, kind: &'static Kind, parent: Option<&str>) -> Vec<Row> {
    if let Some(rows) = mirror::bindings(state, &kind.name, parent) {
        return rows;
    }
    let show = |fields: &Row| shown(kind, fields);
    match parent {
        Some(parent) => state.bindings(&kind.name, parent).map(|(_, row)| show(row)).collect(),
        None => state.bindings_of(&kind.name).map(|(_, row)| show(row)).collect(),
    }
}

/// A stored binding as it is shown: flags that were not given are false, and a cipher of a profile
/// appears under another name than it was bound with (both seen from clients).
fn shown(kind: &'static Kind, fields: &Row) -> Row {
    let flags = kind
        .fields
        .iter()
        .filter(|(name, field)| field.kind == FieldKind::Boolean && kind.takes("add", name))
        .filter(|(name, _)| !fields.contains_key(name.as_str()));
    let is_cipher = kind.name == "sslprofile_sslcipher_binding";
    let mut missing = flags.peekable();
    if missing.peek().is_none() && !is_cipher {
        return Arc::clone(fields);
    }
    let mut row = Fields::clone(fields);
    row.extend(missing.map(|(name, _)| (name.as_str(), Value::Bool(false))));
    if is_cipher && let Some(name) = row.remove("ciphername") {
        row.insert("cipheraliasname", name);
    }
    Arc::new(row)
}

/// The binding types that an umbrella (`csvserver_binding`) shows.
pub(crate) fn under(umbrella: &'static Kind) -> impl Iterator<Item = &'static Kind> {
    umbrella.bindings.iter().filter_map(|name| schema::kind(name))
}

/// The type of the objects that have bindings of this type.
pub(crate) fn parent_of(binding: &Kind) -> Option<&'static Kind> {
    schema::kind(binding.name.split('_').next().unwrap_or_default())
}
