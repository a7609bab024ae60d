//! What one op says about the object that it changes, as pairs of label and value.

use super::{Mark, Row, compared, words};
use crate::model::{BindingId, EntityId, Fields, Kind, Role};
use crate::plan::{Op, Plan};

const ISSUER: &str = "issuer";

/// The pairs of one op. `alone` says that no heading tells of it: the object was there before, and
/// stays.
pub(super) fn pairs(plan: &Plan, op: &Op, alone: bool) -> Vec<(String, String)> {
    let one = |label: &str, value: String| vec![(label.to_owned(), value)];
    match op {
        // A part of what the block is about, such as the action of a route.
        Op::Create { entity, .. } | Op::Delete { entity, .. } if alone => {
            one(entity.kind.name(), entity.name.to_string())
        }
        Op::Create { entity, fields } => match plan.before.get(entity) {
            Some(before) => compared::replacing(plan, entity, fields, before),
            None => shown(entity, fields),
        },
        Op::Set { entity, fields } => {
            let pairs = shown(entity, fields).into_iter();
            pairs.map(|(name, new)| compared::changed(plan, entity, name, &new)).collect()
        }
        Op::Unset { entity, fields } => {
            let names = fields.iter();
            names.map(|name| compared::unset(plan, entity, name)).collect()
        }
        Op::Bind { binding, .. } if compared::has_cipher_before(plan, binding) => Vec::new(),
        Op::Bind { binding, attributes } | Op::Rebind { binding, attributes } => {
            one(words::binding(binding), words::bound(plan, binding, attributes))
        }
        Op::Unbind { binding } => {
            one(words::binding(binding), words::bound(plan, binding, &Fields::new()))
        }
        Op::EnableMember { member } => {
            one(words::ENABLED_MEMBER, words::bound(plan, member, &Fields::new()))
        }
        Op::DisableMember { member, delay_secs: _ } => {
            one(words::DRAINED_MEMBER, words::bound(plan, member, &Fields::new()))
        }
        Op::Change { certkey, cert, key } => {
            let entity = EntityId::new(Kind::SSLCERTKEY, certkey.as_str());
            let files = [Some(("cert", cert)), key.as_ref().map(|key| ("key", key))];
            let changed = |(name, new): (&str, &String)| {
                compared::changed(plan, &entity, name.to_owned(), new)
            };
            let mut pairs: Vec<_> = files.into_iter().flatten().map(changed).collect();
            pairs.extend(words::valid_until(plan, &entity));
            pairs
        }
        Op::Link { certkey: _, issuer } => one(ISSUER, words::certkey(plan, issuer)),
        Op::Unlink { certkey: _ } => one(ISSUER, "no longer linked".to_owned()),
        Op::Delete { .. }
        | Op::Upload { .. }
        | Op::RemoveFile { .. }
        | Op::Enable { .. }
        | Op::Verify { .. }
        | Op::VerifyBinding { .. }
        | Op::Save => Vec::new(),
    }
}

/// The fields that tell a reader something: not the mark of ownership, nor that a policy has the
/// action of its own name, nor the address that is in the name of a server.
fn shown(entity: &EntityId, fields: &Fields) -> Vec<(String, String)> {
    let tells = |name: &str, text: Option<&str>| match name {
        "comment" => false,
        "action" => text != Some(&entity.name),
        "ipaddress" => !text.is_some_and(|address| entity.name.ends_with(&format!("-{address}"))),
        _ => true,
    };
    let told = fields.iter().filter(|(name, value)| tells(name, value.as_text()));
    told.map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// Where an op stands among those on one object: what it is, then what is bound to it.
pub(super) fn place(op: &Op) -> (u8, usize, Option<Role>, i64) {
    let of_binding = |binding: &BindingId, attributes: Option<&Fields>| {
        let order = attributes.and_then(|fields| fields.get("cipherpriority")?.as_number());
        (3, binding.kind.rank(), Some(binding.role), order.unwrap_or_default())
    };
    match op {
        Op::Create { entity, .. } | Op::Delete { entity, .. } => (0, entity.kind.rank(), None, 0),
        Op::Set { entity, .. } | Op::Unset { entity, .. } => (1, entity.kind.rank(), None, 0),
        Op::Change { .. } => (1, 0, None, 0),
        Op::Link { .. } | Op::Unlink { .. } => (2, 0, None, 0),
        Op::Bind { binding, attributes } | Op::Rebind { binding, attributes } => {
            of_binding(binding, Some(attributes))
        }
        Op::Unbind { binding }
        | Op::EnableMember { member: binding }
        | Op::DisableMember { member: binding, .. } => of_binding(binding, None),
        Op::Upload { .. }
        | Op::RemoveFile { .. }
        | Op::Enable { .. }
        | Op::Verify { .. }
        | Op::VerifyBinding { .. }
        | Op::Save => (4, 0, None, 0),
    }
}

/// Puts together what is one thing for a reader.
pub(super) fn tidied(rows: Vec<Row>) -> Vec<Row> {
    join_lists(relinked(rows))
}

/// A link that is taken away and made again is one change.
fn relinked(mut rows: Vec<Row>) -> Vec<Row> {
    let is = |row: &Row, mark| row.label == ISSUER && row.mark == Some(mark);
    if rows.iter().any(|row| is(row, Mark::Remove)) && rows.iter().any(|row| is(row, Mark::Add)) {
        rows.retain(|row| !is(row, Mark::Remove));
        for row in &mut rows {
            if is(row, Mark::Add) {
                row.mark = Some(Mark::Change);
            }
        }
    }
    rows
}

/// Rows of one label that are a list by nature (ciphers, curves, members) become one row.
fn join_lists(rows: Vec<Row>) -> Vec<Row> {
    let mut joined: Vec<Row> = Vec::new();
    for row in rows {
        let is_same = |other: &&mut Row| other.label == row.label && other.mark == row.mark;
        match joined.iter_mut().find(|other| words::is_list(&row.label) && is_same(other)) {
            Some(list) => {
                list.value.push_str(", ");
                list.value.push_str(&row.value);
            }
            None => joined.push(row),
        }
    }
    joined
}
