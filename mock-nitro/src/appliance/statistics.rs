//! Statistics: as much of `stat/` as clients need that ask who is primary and what is up.

use serde_json::{Value, json};

use super::Appliance;
use super::reply::{Content, Reply};
use super::request::Call;
use super::system::date;
use crate::code;
use crate::command::Refusal;
use crate::rules;
use crate::schema;
use crate::state::text;

/// Answers a GET of statistics. A type without statistics is refused by name (seen from clients).
pub(super) fn get(appliance: &Appliance, call: &Call) -> Result<Reply, Refusal> {
    let kind = call.target.kind.as_str();
    let value = match kind {
        "hanode" => json!({
            "hacurstatus": "YES",
            "hacurstate": "UP",
            "hacurmasterstate": appliance.role(),
            "transtime": appliance.role_since().map_or_else(|| "0".to_owned(), date),
        }),
        "ns" => system(appliance),
        "ssl" => json!({ "sslcards": "0", "sslsessions": "0", "ssltransactions": "0" }),
        "csvserver" | "lbvserver" | "servicegroup" | "service" => {
            return objects(appliance, call, kind);
        }
        _ => return Err(Refusal::about(code::NITRO_INVALID_OBJECTNAME, kind)),
    };
    Ok(Reply::holding(Content::Value(kind.to_owned(), value)))
}

/// The time of the last start is shown as the appliance writes dates (assumed; documented in the
/// vendor's SDK: `starttime`). Its clock runs in UTC.
fn system(appliance: &Appliance) -> Value {
    let started = date(appliance.started);
    json!({
        "cpuusagepcnt": "1",
        "memusagepcnt": "10",
        "numcpus": "2",
        "starttime": started,
    })
}

fn objects(appliance: &Appliance, call: &Call, kind: &str) -> Result<Reply, Refusal> {
    let facts = schema::kind(kind).expect("statistics are of types of the schema");
    let key = facts.key().unwrap_or("name");
    let name = call.target.name.as_deref();
    let wanted = |other: &str| name.is_none_or(|name| name == other);
    let all = appliance.running.objects(kind).filter(|(other, _)| wanted(other));
    let rows = all.map(|(other, fields)| {
        json!({ key: other, "state": state(appliance, kind, other), "type": text(fields, "servicetype") })
    });
    let rows: Vec<Value> = rows.collect();
    match name {
        Some(name) if rows.is_empty() => Err(Refusal::about(
            rules::missing(&appliance.running, kind, name),
            format_args!("{key}, {name}"),
        )),
        _ if rows.is_empty() => Ok(Reply::done(200)),
        _ => Ok(Reply::holding(Content::Value(kind.to_owned(), Value::Array(rows)))),
    }
}

fn state(appliance: &Appliance, kind: &str, name: &str) -> Value {
    let shown = rules::shown(&appliance.running, kind, name, appliance.now);
    let current = shown.into_iter().find(|(field, _)| *field == "curstate");
    current.map_or_else(|| Value::from("UP"), |(_, state)| state)
}
