//! The appliance itself: version, hardware, features, configuration as a whole, files, sessions.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::reply::{Content, Reply};
use super::request::Call;
use super::{Appliance, Hardware};
use crate::code;
use crate::command::Refusal;
use crate::engine::files;
use crate::rules;
use crate::schema::{self, FieldKind, Kind};
use crate::state::{Fields, State};
use crate::view::Row;

/// Answers what is no object of the configuration. Nothing if the type is one.
pub(super) fn get(appliance: &Appliance, call: &Call) -> Option<Result<Reply, Refusal>> {
    let value = |name: &str, value| Ok(Reply::holding(Content::Value(name.to_owned(), value)));
    match call.kind_name() {
        // An appliance that is no member of a cluster (seen from client Terraform).
        "clusterinstance" => Some(Ok(Reply::done(200))),
        "nsrunningconfig" => {
            let text = listing(&appliance.running).into_iter().collect::<Vec<_>>().join("\n");
            Some(value("nsrunningconfig", json!({ "response": text })))
        }
        "nssavedconfig" => {
            let text = listing(&appliance.saved).into_iter().collect::<Vec<_>>().join("\n");
            Some(value("nssavedconfig", json!({ "textblob": text })))
        }
        "systemsession" => {
            let mut rows = appliance.sessions.rows(call.caller);
            if let Some(name) = &call.target.name {
                rows.retain(|row| row["sid"] == name.as_str());
                if rows.is_empty() {
                    return Some(Err(Refusal::about(code::NOENT, format_args!("sid, {name}"))));
                }
            }
            if call.target.query.count {
                return Some(value("systemsession", json!([{ "__count": rows.len() }])));
            }
            Some(if rows.is_empty() {
                Ok(Reply::done(200))
            } else {
                value("systemsession", Value::Array(rows))
            })
        }
        _ => None,
    }
}

/// A fresh configuration, as the appliance comes from the factory.
pub(super) fn fresh(default_profile: bool) -> State {
    let mut state = State::default();
    rules::install(&mut state, default_profile);
    // The local node is always there, with or without a peer.
    let kind = schema::kind("hanode").expect("the schema has nodes");
    let mut node: Fields = kind.defaults().map(|(name, value)| (name, value.clone())).collect();
    node.extend([
        ("id", Value::from(0)),
        ("name", Value::from("mock-nitro")),
        ("ipaddress", Value::from("127.0.0.1")),
        ("hastatus", Value::from("ENABLED")),
    ]);
    state.put_object("hanode", "0", node);
    state
}

/// The one object of a singleton.
pub(super) fn singleton(appliance: &Appliance, kind: &'static Kind) -> Row {
    let state = &appliance.running;
    let mut row: Fields = kind.defaults().map(|(field, value)| (field, value.clone())).collect();
    row.extend(state.singleton(&kind.name).cloned().unwrap_or_default());
    match kind.name.as_str() {
        "nsversion" => row.extend([
            ("installedversion", Value::Bool(true)),
            ("version", Value::from(appliance.options.version.as_str())),
            ("mode", Value::from(1)),
        ]),
        "nshardware" => row.extend(hardware(&appliance.options.hardware)),
        "nsfeature" => row = features(kind, state),
        "nsmode" => row = modes(kind, state),
        "nslicense" => row = licenses(kind),
        "nsconfig" => row.extend(configuration(appliance)),
        _ => {}
    }
    Arc::new(row)
}

fn hardware(hardware: &Hardware) -> Fields {
    let Hardware { host, hostid, serialno, netscaleruuid } = hardware;
    Fields::from([
        ("hwdescription", Value::from("NetScaler Virtual Appliance")),
        ("host", Value::from(host.as_str())),
        ("hostid", Value::from(*hostid)),
        ("serialno", Value::from(serialno.as_str())),
        ("netscaleruuid", Value::from(netscaleruuid.as_str())),
        ("sysid", Value::from(450_070)),
    ])
}

/// The enabled features by name, and every feature as a flag under its name in lower case.
fn features(kind: &'static Kind, state: &State) -> Fields {
    let enabled: Vec<Value> = state.features().map(Value::from).collect();
    let mut row =
        flags(kind, |name| state.features().any(|feature| feature.eq_ignore_ascii_case(name)));
    // Never an empty array: a client indexes its first element.
    if !enabled.is_empty() {
        row.insert("feature", Value::Array(enabled));
    }
    row
}

fn modes(kind: &'static Kind, state: &State) -> Fields {
    let modes = state.singleton("nsmode").cloned().unwrap_or_default();
    let on = |name: &str| {
        modes.iter().any(|(mode, on)| mode.eq_ignore_ascii_case(name) && *on == Value::Bool(true))
    };
    let mut row = flags(kind, on);
    let enabled = modes.iter().filter(|(_, on)| **on == Value::Bool(true));
    let enabled: Vec<_> = enabled.map(|(mode, _)| Value::from(*mode)).collect();
    if !enabled.is_empty() {
        row.insert("mode", Value::Array(enabled));
    }
    row
}

/// Everything is licensed.
fn licenses(kind: &'static Kind) -> Fields {
    flags(kind, |_| true)
}

fn flags(kind: &'static Kind, on: impl Fn(&str) -> bool) -> Fields {
    let flags = kind.fields.iter().filter(|(_, field)| field.kind == FieldKind::Boolean);
    flags.map(|(name, _)| (name.as_str(), Value::Bool(on(name)))).collect()
}

fn configuration(appliance: &Appliance) -> Fields {
    let system = if appliance.role_since().is_some() { "HA" } else { "Stand-alone" };
    Fields::from([
        ("configchanged", Value::Bool(appliance.changed)),
        ("lastconfigchangedtime", Value::from(date(appliance.last_change))),
        ("lastconfigsavetime", Value::from(date(appliance.last_save))),
        ("currentsytemtime", Value::from(date(appliance.now))),
        ("systemtime", Value::from(appliance.now.as_second())),
        ("systemtype", Value::from(system)),
        ("primaryip", Value::from(appliance.primary_address().to_string())),
    ])
}

/// A date as the appliance writes it, for example `Tue Dec 19 10:34:02 2023` (seen from clients).
pub(super) fn date(time: Timestamp) -> String {
    time.strftime("%a %b %e %H:%M:%S %Y").to_string()
}

/// The files that are asked for: one with its content, or the list of a directory without.
pub(super) fn files(
    appliance: &Appliance,
    call: &Call,
    name: Option<&str>,
) -> Result<Vec<Row>, Refusal> {
    let pairs = || call.target.query.args.iter().chain(&call.target.query.filter);
    let given = |key: &str| pairs().find(|(k, _)| k == key).map(|(_, value)| value.as_str());
    let location = given("filelocation").map(|location| location.trim_end_matches('/'));
    let Some(location) = location else {
        return Err(Refusal::about(code::ARGMISSING, "fileLocation"));
    };
    if !files::is_directory(location) {
        return Err(Refusal::new(code::NO_DIR));
    }
    let date = date(appliance.last_change);
    let describe = |file: &str, content: &[u8]| {
        Fields::from([
            ("filename", Value::from(file)),
            ("filelocation", Value::from(location)),
            ("fileaccesstime", Value::from(date.as_str())),
            ("filemodifiedtime", Value::from(date.as_str())),
            ("filesize", Value::from(content.len())),
        ])
    };
    let Some(name) = name.or_else(|| given("filename")) else {
        let all = appliance.running.files(location);
        return Ok(all.map(|(file, content)| Arc::new(describe(file, content))).collect());
    };
    let content = appliance.running.file(location, name);
    let content =
        content.ok_or_else(|| Refusal::about(code::NOENT, format_args!("fileName, {name}")))?;
    let mut row = describe(name, content);
    row.insert("filecontent", Value::from(STANDARD.encode(content.as_slice())));
    row.insert("fileencoding", Value::from("BASE64"));
    Ok(vec![Arc::new(row)])
}

/// What differs between the saved and the running configuration, one object a line.
pub(super) fn difference(appliance: &Appliance) -> String {
    let (saved, running) = (listing(&appliance.saved), listing(&appliance.running));
    let removed = saved.difference(&running).map(|line| format!("< {line}"));
    let added = running.difference(&saved).map(|line| format!("> {line}"));
    removed.chain(added).collect::<Vec<_>>().join("\n")
}

/// What nobody typed: bindings that the appliance makes by itself for an endpoint.
const BY_ITSELF: [&str; 2] = ["_ecccurve_binding", "_sslciphersuite_binding"];

/// A configuration as text, one object, binding or setting a line, without secrets and without what
/// the appliance has built in (assumed: as in the configuration file).
fn listing(state: &State) -> BTreeSet<String> {
    let line = |verb: &str, kind: &'static str, name: &str, fields: &Fields| {
        let kind_facts = schema::kind(kind).expect("objects are of types of the schema");
        format!("{verb} {kind} {name:?} {}", super::reply::shown(kind_facts, fields))
    };
    let objects = state
        .all_objects()
        .filter(|(key, _)| !rules::is_built_in(key.kind, &key.name))
        .map(|(key, f)| line("add", key.kind, &key.name, f));
    let bindings = state
        .all_bindings()
        .filter(|(key, _)| !rules::is_built_in("", &key.parent))
        .filter(|(key, _)| {
            key.kind.starts_with("sslprofile_")
                || !BY_ITSELF.iter().any(|end| key.kind.ends_with(end))
        })
        .map(|(key, f)| line("bind", key.kind, &key.parent, f));
    let features = state.features().map(|feature| format!("enable nsfeature {feature}"));
    let settings = state.all_singletons().flat_map(|(kind, fields)| {
        let defaults: Fields = schema::kind(kind)
            .into_iter()
            .flat_map(Kind::defaults)
            .map(|(field, value)| (field, value.clone()))
            .collect();
        let set = fields.iter().filter(move |(field, value)| defaults.get(*field) != Some(*value));
        set.map(move |(field, value)| format!("set {kind} -{field} {value}"))
    });
    objects.chain(bindings).chain(features).chain(settings).collect()
}
