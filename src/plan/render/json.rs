//! A plan for programs, in its order of execution.

use serde_json::{Map, Value, json as object};

use super::blocks::{Totals, groups, totals};
use super::{Header, Target};
use crate::model::{BindingId, EntityId, Fields, Kind, Role};
use crate::plan::{HeldBack, Op, Plan, PlannedOp};

/// The whole plan. Each op has its number as `id`; `needs` lists the ops that must have succeeded
/// before it; ops of one `batch` travel in one request.
pub fn json(plan: &Plan, header: &Header) -> Value {
    let Header { cluster, appliance } = header;
    let Plan { ops, settings, ends_after_settings, takeovers, held_back, swaps, unordered, .. } =
        plan;
    let Totals { add, change, remove } = totals(plan, &groups(plan));
    object!({
        "cluster": cluster.as_str(),
        "appliance": match appliance {
            Target::Offline => Value::Null,
            Target::Live { url, version } => object!({ "url": url, "version": version }),
        },
        "totals": { "add": add, "change": change, "remove": remove },
        "settings": settings,
        "ends_after_settings": ends_after_settings,
        "takeovers": takeovers,
        "gaps": swaps.len(),
        "held_back": held_back.as_ref().map(|HeldBack { deletions, digest }| {
            object!({ "deletions": deletions, "digest": digest })
        }),
        "unordered": unordered.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "ops": ops.iter().enumerate().map(|(id, op)| planned(plan, id, op)).collect::<Vec<_>>(),
    })
}

fn planned(plan: &Plan, id: usize, planned: &PlannedOp) -> Value {
    let PlannedOp { op, needs, ingresses } = planned;
    let names = ingresses
        .iter()
        .map(|id| plan.ingresses.get(id).map_or_else(|| id.to_string(), ToString::to_string));
    let mut out = Map::new();
    out.insert("id".into(), id.into());
    let batch = plan.batches.partition_point(|batch| batch.end <= id);
    out.insert("batch".into(), batch.into());
    out.insert("verb".into(), op.verb().into());
    if let Some(kind) = op.kind() {
        out.insert("kind".into(), kind.name().into());
    }
    describe(&mut out, op);
    if let Some(what) = what(plan, op) {
        out.insert("what".into(), what.into());
    }
    out.insert("needs".into(), needs.iter().map(|id| id.0).collect());
    out.insert("ingresses".into(), names.collect());
    Value::Object(out)
}

fn describe(out: &mut Map<String, Value>, op: &Op) {
    let mut put = |name: &str, value: Value| drop(out.insert(name.to_owned(), value));
    match op {
        // Of a file nothing but its name.
        Op::Upload { file, content: _ } | Op::RemoveFile { file } => put("file", object!(file)),
        Op::Create { entity, fields }
        | Op::Set { entity, fields }
        | Op::Verify { entity, fields } => {
            put("name", name(entity));
            put("fields", values(fields));
        }
        Op::Unset { entity, fields } => {
            put("name", name(entity));
            put("fields", object!(fields));
        }
        Op::Delete { entity, .. } => put("name", name(entity)),
        Op::Bind { binding, attributes }
        | Op::Rebind { binding, attributes }
        | Op::VerifyBinding { binding, attributes } => {
            ends(&mut put, binding);
            put("attributes", values(attributes));
        }
        Op::Unbind { binding } | Op::EnableMember { member: binding } => ends(&mut put, binding),
        Op::DisableMember { member, delay_secs } => {
            ends(&mut put, member);
            put("delay_secs", object!(delay_secs));
        }
        Op::Enable { features } => put("features", object!(features)),
        Op::Change { certkey, cert, key } => {
            put("name", object!(certkey));
            put("fields", object!({ "cert": cert, "key": key }));
        }
        Op::Link { certkey, issuer } => {
            put("name", object!(certkey));
            put("issuer", object!(issuer));
        }
        Op::Unlink { certkey } => put("name", object!(certkey)),
        Op::Save => {}
    }
}

/// The host and path of the route, or the names in the certificate, that an op is about.
fn what<'a>(plan: &'a Plan, op: &Op) -> Option<&'a str> {
    let certkey = |name: &str| EntityId::new(Kind::SSLCERTKEY, name);
    let id = match op {
        Op::Create { entity, .. }
        | Op::Set { entity, .. }
        | Op::Unset { entity, .. }
        | Op::Verify { entity, .. }
        | Op::Delete { entity, .. } => match entity.kind {
            Kind::CSACTION => EntityId::new(Kind::CSPOLICY, entity.name.as_str()),
            _ => entity.clone(),
        },
        Op::Bind { binding, .. }
        | Op::Rebind { binding, .. }
        | Op::Unbind { binding }
        | Op::VerifyBinding { binding, .. }
        | Op::EnableMember { member: binding }
        | Op::DisableMember { member: binding, .. } => binding.child_id()?,
        Op::Change { certkey: name, .. }
        | Op::Link { certkey: name, .. }
        | Op::Unlink { certkey: name } => certkey(name),
        Op::Upload { .. } | Op::Enable { .. } | Op::Save | Op::RemoveFile { .. } => return None,
    };
    plan.labels.get(&id).map(|label| label.what.as_str())
}

fn name(entity: &EntityId) -> Value {
    entity.name.as_str().into()
}

fn values(fields: &Fields) -> Value {
    fields.iter().map(|(name, value)| (name.clone(), value.to_json())).collect()
}

fn ends(put: &mut impl FnMut(&str, Value), binding: &BindingId) {
    let BindingId { kind: _, parent, child, role } = binding;
    put("parent", object!(parent));
    put("child", object!(child));
    match role {
        Role::Plain => {}
        Role::Ca => put("role", object!("ca")),
        Role::Sni => put("role", object!("sni")),
        Role::Port(port) => put("port", object!(port)),
        Role::Request => put("role", object!("request")),
        Role::Response => put("role", object!("response")),
    }
}
