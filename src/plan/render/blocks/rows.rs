//! What one op says about the object that it changes, as pairs of label and value.

use super::{Mark, Row, words};
use crate::model::{EntityId, Fields, Kind};
use crate::plan::{Op, Plan};

const ISSUER: &str = "issuer";

/// The pairs of one op. `alone` says that no heading tells of it: the object was there before, and
/// stays.
pub(super) fn pairs(plan: &Plan, op: &Op, alone: bool) -> Vec<(String, String)> {
    let one = |label: &str, value: String| vec![(label.to_owned(), value)];
    match op {
        Op::Upload { file, content: _ } | Op::RemoveFile { file } => one("file", file.clone()),
        // A part of what the block is about, such as the action of a route.
        Op::Create { entity, .. } | Op::Delete { entity } if alone => {
            one(entity.kind.name(), entity.name.clone())
        }
        Op::Create { entity, fields } | Op::Set { entity, fields } => shown(entity, fields),
        Op::Unset { entity: _, fields } => {
            let default = |name: &String| (name.clone(), "back to the default".to_owned());
            fields.iter().map(default).collect()
        }
        Op::Bind { binding, attributes } | Op::Rebind { binding, attributes } => {
            one(words::binding(binding), words::bound(plan, binding, attributes))
        }
        Op::Unbind { binding } => {
            one(words::binding(binding), words::bound(plan, binding, &Fields::new()))
        }
        Op::Change { certkey: _, cert, key } => {
            let mut pairs = one("cert", cert.clone());
            pairs.extend(key.iter().map(|key| ("key".to_owned(), key.clone())));
            pairs
        }
        Op::Link { certkey: _, issuer } => one(ISSUER, words::certkey(plan, issuer)),
        Op::Unlink { certkey: _ } => one(ISSUER, "no longer linked".to_owned()),
        Op::Delete { .. } | Op::Enable { .. } | Op::Verify { .. } | Op::Save => Vec::new(),
    }
}

/// The fields that tell a reader something: not the mark of ownership, nor that a policy has the
/// action of its own name.
fn shown(entity: &EntityId, fields: &Fields) -> Vec<(String, String)> {
    let tells = |name: &str, text: Option<&str>| match name {
        "comment" => false,
        "action" if entity.kind == Kind::CSPOLICY => text != Some(&entity.name),
        _ => true,
    };
    let told = fields.iter().filter(|(name, value)| tells(name, value.as_text()));
    told.map(|(name, value)| (name.clone(), value.to_string())).collect()
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

/// Rows of one label that are a list by nature (ciphers, curves, members, files) become one row.
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
