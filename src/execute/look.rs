//! Whether the appliance has what an op was for: what to read, what it must show, and after which
//! refusals it is worth a look.

use super::Verdict;
use super::outcome::Problem;
use crate::model::{BindingId, EntityId, Fields, Kind, Name, Value, disabled};
use crate::nitro::row::{self, file_name, read, text};
use crate::nitro::{Answer, Class, Code, Error, Request, Row};
use crate::plan::Op;
use crate::schema;

/// Whether a refusal may mean that everything is as the op wants it, so that a look is worth it.
/// `again` says that the op was sent before and may have met its own work.
pub(super) fn may_be_so(op: &Op, error: &Error, again: bool) -> bool {
    let class = error.class();
    match op {
        // Files are named by their content, so one that is there is the right one.
        Op::Upload { .. } => error.code() == Some(Code::FILE_EXISTS),
        Op::Create { .. } => again && class == Class::Conflict,
        Op::Bind { .. } | Op::Rebind { .. } | Op::Link { .. } => class == Class::Conflict,
        Op::Delete { .. } | Op::Unbind { .. } | Op::Unlink { .. } | Op::RemoveFile { .. } => {
            class == Class::Missing
        }
        // To ask again for the state that a member has may be refused or not (assumed).
        Op::EnableMember { .. } | Op::DisableMember { .. } => again,
        Op::Set { .. }
        | Op::Unset { .. }
        | Op::Enable { .. }
        | Op::Change { .. }
        | Op::Verify { .. }
        | Op::VerifyBinding { .. }
        | Op::Save => false,
    }
}

/// What to read to see whether an op was carried out.
pub(super) fn request(op: &Op) -> Request {
    let certkey = |name: &Name| Request::entity(&EntityId::new(Kind::SSLCERTKEY, name.clone()));
    match op {
        // The list, because a single file would come with its content.
        Op::Upload { .. } | Op::RemoveFile { .. } => Request::files(),
        Op::Create { entity, .. }
        | Op::Set { entity, .. }
        | Op::Unset { entity, .. }
        | Op::Delete { entity, .. }
        | Op::Verify { entity, .. } => Request::entity(entity),
        Op::Bind { binding, .. }
        | Op::Rebind { binding, .. }
        | Op::Unbind { binding }
        | Op::VerifyBinding { binding, .. }
        | Op::EnableMember { member: binding }
        | Op::DisableMember { member: binding, .. } => {
            Request::bindings_of(binding.kind, &binding.parent)
        }
        Op::Enable { .. } => Request::singleton(Kind::NSFEATURE.name()),
        Op::Change { certkey: name, .. }
        | Op::Link { certkey: name, .. }
        | Op::Unlink { certkey: name } => certkey(name),
        Op::Save => Request::singleton("nsconfig"),
    }
}

/// Whether what was read is what the op was for.
pub(super) fn shows(op: &Op, rows: &[Row]) -> bool {
    let row = rows.first();
    let has_file =
        |name: &String| rows.iter().any(|row| text(row, "filename") == Some(name.as_str()));
    match op {
        Op::Upload { file, .. } => has_file(file),
        Op::RemoveFile { file } => !has_file(file),
        Op::Create { entity, fields }
        | Op::Set { entity, fields }
        | Op::Verify { entity, fields } => {
            row.is_some_and(|row| difference(entity.kind, row, fields).is_none())
        }
        Op::Unset { entity, fields } => row.is_some_and(|row| {
            fields.iter().all(|name| {
                let value = read(entity.kind, row, name).filter(|value| value != &"".into());
                value.is_none() || value == schema::reset_value(entity.kind, name)
            })
        }),
        Op::Delete { .. } => rows.is_empty(),
        Op::Bind { binding, attributes }
        | Op::Rebind { binding, attributes }
        | Op::VerifyBinding { binding, attributes } => bound(binding, rows)
            .is_some_and(|row| difference(binding.kind, row, attributes).is_none()),
        Op::EnableMember { member } => is_member_disabled(member, rows) == Some(false),
        Op::DisableMember { member, .. } => is_member_disabled(member, rows) == Some(true),
        Op::Unbind { binding } => bound(binding, rows).is_none(),
        Op::Enable { features } => {
            let wanted = Fields::from([("feature".to_owned(), Value::List(features.clone()))]);
            row.is_some_and(|row| difference(Kind::NSFEATURE, row, &wanted).is_none())
        }
        Op::Change { cert, key, certkey: _ } => row.is_some_and(|row| {
            text(row, "cert").map(file_name) == Some(cert)
                && key.as_ref().is_none_or(|key| text(row, "key").map(file_name) == Some(key))
        }),
        Op::Link { issuer, certkey: _ } => {
            row.is_some_and(|row| text(row, "linkcertkeyname") == Some(issuer))
        }
        Op::Unlink { .. } => row.is_none_or(|row| text(row, "linkcertkeyname").is_none()),
        Op::Save => row.is_some_and(|row| {
            row.get("configchanged").and_then(serde_json::Value::as_bool) == Some(false)
        }),
    }
}

/// The verdict on an op that was answered with success. Only a verify has more to it.
pub(super) fn verify(op: &Op, answer: &Answer) -> Verdict {
    let empty = Row::default();
    let (kind, what, fields, row) = match op {
        Op::Verify { entity, fields } => {
            (entity.kind, entity.to_string(), fields, answer.rows.first())
        }
        Op::VerifyBinding { binding, attributes } => {
            (binding.kind, binding.to_string(), attributes, bound(binding, &answer.rows))
        }
        Op::Upload { .. }
        | Op::Create { .. }
        | Op::Set { .. }
        | Op::Unset { .. }
        | Op::Bind { .. }
        | Op::Rebind { .. }
        | Op::Unbind { .. }
        | Op::Enable { .. }
        | Op::EnableMember { .. }
        | Op::DisableMember { .. }
        | Op::Change { .. }
        | Op::Link { .. }
        | Op::Unlink { .. }
        | Op::Delete { .. }
        | Op::Save
        | Op::RemoveFile { .. } => return Verdict::Done,
    };
    let row = row.unwrap_or(&empty);
    match difference(kind, row, fields) {
        None => Verdict::Done,
        Some((field, wanted)) => Verdict::Failed(Problem::Differs {
            entity: what,
            field: field.to_string(),
            wanted: wanted.to_string(),
            found: read(kind, row, field).map(|found| found.to_string()).unwrap_or_default(),
        }),
    }
}

/// The first field that is not as wanted. What an answer leaves out is at its default; a list must
/// hold at least what is wanted.
fn difference<'f>(kind: Kind, row: &Row, wanted: &'f Fields) -> Option<(&'f Name, &'f Value)> {
    wanted.iter().find(|(name, value)| {
        let found = read(kind, row, name).or_else(|| schema::reset_value(kind, name));
        match (value, found) {
            (Value::List(wanted), Some(Value::List(found))) => !wanted
                .iter()
                .all(|item| found.iter().any(|found| found.eq_ignore_ascii_case(item))),
            (Value::Text(wanted), Some(Value::Text(found))) if kind == Kind::SSLCERTKEY => {
                file_name(&found) != file_name(wanted)
            }
            (Value::Text(_) | Value::Number(_) | Value::Flag(_) | Value::List(_), found) => {
                found.as_ref() != Some(*value)
            }
        }
    })
}

fn is_member_disabled(member: &BindingId, rows: &[Row]) -> Option<bool> {
    let row = bound(member, rows)?;
    Some(difference(member.kind, row, &disabled()).is_none())
}

fn bound<'r>(binding: &BindingId, rows: &'r [Row]) -> Option<&'r Row> {
    let shape = binding.shape();
    rows.iter().find(|row| row::binding(shape, row).as_ref() == Ok(binding))
}
