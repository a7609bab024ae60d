//! Requests that speak of several types: `macroapi` and `batchapi`.

use serde_json::{Map, Value, json};

use super::Appliance;
use super::body::Body;
use super::change::{Item, Manner, reply, run};
use super::query;
use super::reply::{Content, Reply, entry, shown};
use super::request::{Call, OnError, objects};
use crate::code;
use crate::command::{Refusal, Verb};
use crate::schema;

/// `macroapi`: one kind of operation on several types, in the order of the document.
pub(super) fn macroapi(appliance: &mut Appliance, call: &Call) -> Result<Reply, Refusal> {
    let action = call.action();
    let mut items: Vec<Item> = Vec::new();
    for (name, content) in &call.body.entries {
        // The documentation itself writes `serviceGroup` here.
        let kind = schema::kind(&name.to_ascii_lowercase())
            .ok_or_else(|| Refusal::about(code::NITRO_INVALID_OBJECTNAME, name))?;
        let verb = match (call.method.as_str(), action.as_deref()) {
            ("POST" | "PUT", None) if kind.is_binding() => Verb::Bind,
            ("POST", None) => Verb::Add,
            ("PUT", None) => Verb::Update,
            ("POST", Some("remove")) if kind.is_binding() => Verb::Unbind,
            ("POST", Some("remove")) => Verb::Delete,
            _ => return Err(Refusal::new(code::NITRO_INVALID_ACTION)),
        };
        let (objects, _) = objects(content)?;
        items.extend(objects.into_iter().map(|object| (kind, verb.clone(), object)));
    }
    if items.is_empty() {
        return Err(Refusal::new(code::NITRO_INVALID_JSON_INPUT));
    }
    reply(appliance, call, &items, true)
}

/// `batchapi`: mixed operations on mixed types. The names of the actions beside `REMOVE` and `GET`
/// are not documented, so the likely ones are taken (assumed).
pub(super) fn batchapi(appliance: &mut Appliance, call: &Call) -> Result<Reply, Refusal> {
    let (operations, _) = call.items("batchapi")?;
    let read = call.action().as_deref() == Some("get");
    let mut entries = Vec::new();
    let mut failed = false;
    for operation in &operations {
        let outcome = if read {
            batch_read(appliance, call, operation)
        } else {
            batch_write(appliance, call, operation)
        };
        failed |= outcome.is_err();
        entries.push(outcome.unwrap_or_else(|refusal| entry(Some(&refusal))));
        if failed && call.on_error() != OnError::Continue {
            break;
        }
    }
    let content = Content::Value("batchapi".to_owned(), Value::Array(entries));
    let whole = if failed {
        Reply::refused(Refusal::new(code::NITRO_BULK_FAILED).with_status(207))
    } else {
        Reply::done(if read { 200 } else { 201 })
    };
    Ok(Reply { content, ..whole })
}

fn batch_write(
    appliance: &mut Appliance,
    call: &Call,
    operation: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str).unwrap_or_default();
    let name = text("type");
    let kind =
        schema::kind(name).ok_or_else(|| Refusal::about(code::NITRO_INVALID_OBJECTNAME, name))?;
    let action = text("action").to_ascii_uppercase();
    let verb = match action.as_str() {
        "ADD" | "BIND" if kind.is_binding() => Verb::Bind,
        "ADD" => Verb::Add,
        "SET" | "UPDATE" => Verb::Update,
        "UNSET" => Verb::Unset,
        "REMOVE" | "UNBIND" if kind.is_binding() => Verb::Unbind,
        "REMOVE" => Verb::Delete,
        _ => return Err(Refusal::about(code::NITRO_INVALID_ACTION, action)),
    };
    let properties = operation.get("properties").and_then(Value::as_object);
    let properties = properties.cloned().unwrap_or_default();
    let manner = Manner { idempotent: false, overwrite: false, on_error: OnError::Exit };
    run(appliance, call, (kind, &verb, &properties), manner).map(|_| entry(None))
}

fn batch_read(
    appliance: &Appliance,
    call: &Call,
    operation: &Map<String, Value>,
) -> Result<Value, Refusal> {
    let mut target = call.target.clone();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    target.kind = operation.get("type").map(text).unwrap_or_default();
    target.query.action = None;
    let params = operation.get("query_params").and_then(Value::as_object);
    let filter = params.and_then(|params| params.get("filter")).and_then(Value::as_object);
    let pairs = filter.into_iter().flatten();
    target.query.filter = pairs.map(|(name, value)| (name.clone(), text(value))).collect();
    let call = Call {
        method: "GET".to_owned(),
        target,
        body: Body::default(),
        caller: call.caller,
        onerror: None,
    };
    let reply = query::get(appliance, &call)?;
    Ok(match reply.content {
        Content::Rows(kind, rows, _) => {
            let rows: Value = rows.iter().map(|row| shown(kind, row)).collect();
            json!({ &kind.name: rows })
        }
        Content::Object(kind, row, _) => json!({ &kind.name: shown(kind, &row) }),
        Content::Value(name, value) => json!({ name: value }),
        Content::None => json!({}),
    })
}
