//! Monitors: which fields go together, which are built in, and the default one that a group has
//! until it is given another.

use serde_json::Value;

use super::builtins::MONITORS;
use super::endpoints::has_default_profiles;
use super::{refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::schema;
use crate::state::{BindingKey, Fields, Referrer, State, number, text};

/// The monitors that the appliance binds by itself.
const DEFAULTS: [&str; 2] = ["tcp-default", "ping-default"];

/// The types of services that a connection attempt says nothing about.
const WITHOUT_CONNECTION: [&str; 8] =
    ["UDP", "DNS", "ANY", "SIP_UDP", "TFTP", "RADIUS", "DTLS", "HTTP_QUIC"];

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match (command.kind, &command.verb) {
        ("lbmonitor", Verb::Add | Verb::Update) => check_fields(state, command),
        ("lbmonitor", Verb::Delete) => check_delete(state, command),
        ("lbmonitor", Verb::Enable | Verb::Disable) if is_default(&command.key) => {
            refuse(code::MONITOR_DEFAULT)
        }
        ("lbmonitor", _) => Ok(()),
        (_, Verb::Bind) => {
            let monitor = text(&command.fields, "monitor_name");
            if is_default(monitor) {
                return refuse(code::MONITOR_BIND_DEFAULT);
            }
            match state.binding(command.kind, &command.key, &command.child) {
                Some(_) => refuse(code::MONITOR_BOUND),
                None => Ok(()),
            }
        }
        (_, Verb::Unbind) if is_default(text(&command.fields, "monitor_name")) => {
            refuse(code::MONITOR_UNBIND_DEFAULT)
        }
        _ => Ok(()),
    }
}

fn is_default(monitor: &str) -> bool {
    DEFAULTS.contains(&monitor)
}

/// Fields that are for some types only: what is asked, and what is expected (documented; the code
/// is assumed).
const OF_TYPES: [(&str, &[&str]); 6] = [
    ("httprequest", &["HTTP", "HTTP-INLINE", "HTTP2"]),
    ("respcode", &["HTTP", "HTTP-INLINE", "HTTP2"]),
    ("customheaders", &["HTTP", "HTTP-ECV", "HTTP-INLINE", "HTTP2", "MQTT-ECV"]),
    ("send", &["TCP-ECV", "HTTP-ECV", "UDP-ECV"]),
    ("recv", &["TCP-ECV", "HTTP-ECV", "UDP-ECV"]),
    ("query", &["DNS", "DNS-TCP", "LDNS-DNS"]),
];

fn check_fields(state: &State, command: &Command) -> Result<(), Refusal> {
    let current = state.object("lbmonitor", &command.key);
    let kind = text(&command.fields, "type");
    if current.is_some_and(|current| !kind.is_empty() && text(current, "type") != kind) {
        return refuse(code::MONITOR_WRONG_TYPE);
    }
    if is_default(&command.key) {
        return refuse(code::MONITOR_DEFAULT);
    }
    let mut fields = current.map(|fields| Fields::clone(fields)).unwrap_or_default();
    fields.extend(command.fields.iter().map(|(&field, value)| (field, value.clone())));
    let kind = text(&fields, "type");
    for (field, types) in OF_TYPES {
        if command.fields.contains_key(field) && !types.contains(&kind) {
            return refuse_about(code::INVAL, field);
        }
    }
    check_kind(command, &fields, kind)?;
    let interval = milliseconds(&fields, "interval", "units3", 5);
    if milliseconds(&fields, "resptimeout", "units4", 2) >= interval {
        return refuse(code::MONITOR_INTERVAL);
    }
    let retries = number(&fields, "retries").unwrap_or(3);
    if number(&fields, "failureretries").is_some_and(|failures| failures != 0 && failures > retries)
    {
        return refuse(code::MONITOR_FAILURERETRIES);
    }
    let codes = command.fields.get("respcode").and_then(Value::as_array).map_or(0, Vec::len);
    if codes > 16 {
        return refuse(code::MONITOR_CODES);
    }
    check_profile(state, &fields, text(&command.fields, "sslprofile"))
}

/// What monitors of a type must have, or cannot (documented by the texts of the codes; which types
/// speak TLS is assumed).
fn check_kind(command: &Command, fields: &Fields, kind: &str) -> Result<(), Refusal> {
    const WITHOUT_TLS: [&str; 8] =
        ["PING", "UDP-ECV", "DNS", "ARP", "ND6", "LDNS-PING", "LDNS-DNS", "SNMP"];
    let is_on = |field: &str| text(fields, field) == "YES";
    if is_on("secure") && WITHOUT_TLS.contains(&kind) {
        return refuse(code::SECURE_UDP);
    }
    let elsewhere = ["transparent", "iptunnel", "tos"].into_iter().any(is_on);
    if elsewhere && text(fields, "destip").is_empty() {
        return refuse(code::MONITOR_DESTIP);
    }
    let no_codes = command.fields.get("respcode").and_then(Value::as_array);
    if no_codes.is_some_and(Vec::is_empty) {
        return refuse(code::MONITOR_NOCODES);
    }
    Ok(())
}

/// The profile of a monitor is a back-end one, and only a secure monitor has one (documented).
fn check_profile(state: &State, fields: &Fields, profile: &str) -> Result<(), Refusal> {
    let Some(profile) = state.object("sslprofile", profile) else { return Ok(()) };
    if text(profile, "sslprofiletype") != "BackEnd" {
        return refuse(code::SSL_PROFILE_FE);
    }
    if text(fields, "secure") != "YES" {
        return refuse_about(code::ARGPREREQ, "sslProfile, secure==YES");
    }
    Ok(())
}

fn milliseconds(fields: &Fields, field: &str, unit: &str, default: i64) -> i64 {
    let factor = match text(fields, unit) {
        "MSEC" => 1,
        "MIN" => 60_000,
        _ => 1_000,
    };
    number(fields, field).unwrap_or(default) * factor
}

/// The type must be given and right; built-in monitors and bound ones stay (documented).
fn check_delete(state: &State, command: &Command) -> Result<(), Refusal> {
    let Some(monitor) = state.object("lbmonitor", &command.key) else { return Ok(()) };
    let kind = text(&command.fields, "type");
    if kind.is_empty() {
        return refuse_about(code::ARGMISSING, "type");
    }
    if text(monitor, "type") != kind {
        return refuse(code::MONITOR_WRONG_TYPE);
    }
    if MONITORS.iter().any(|(name, _)| *name == command.key) {
        return refuse(code::MONITOR_BUILTIN);
    }
    let is_bound = |referrer: &Referrer| matches!(referrer, Referrer::Binding(..));
    if state.referrers("lbmonitor", &command.key).iter().any(is_bound) {
        return refuse(code::MONITOR_REF);
    }
    Ok(())
}

pub(super) fn after(state: &mut State, command: &Command) {
    match (command.kind, &command.verb) {
        ("lbmonitor", Verb::Add | Verb::Update) => {
            settle(state, &command.key);
            if has_default_profiles(state) {
                attach_default_profile(state, &command.key);
            }
        }
        (
            "servicegroup_lbmonitor_binding" | "service_lbmonitor_binding",
            Verb::Bind | Verb::Unbind,
        ) => {
            keep_default(state, command.kind, &command.key);
        }
        _ => {}
    }
}

/// What an answer shows of a monitor: whole minutes as minutes (seen from Ansible), and what an
/// HTTP monitor asks and expects by default (documented).
fn settle(state: &mut State, name: &str) {
    let Some(fields) = state.object_mut("lbmonitor", name) else { return };
    for (field, unit) in [("interval", "units3"), ("downtime", "units2"), ("resptimeout", "units4")]
    {
        let seconds = number(fields, field).filter(|_| text(fields, unit) == "SEC");
        if let Some(minutes) = seconds.filter(|n| *n > 0 && n % 60 == 0).map(|n| n / 60) {
            fields.insert(field, minutes.into());
            fields.insert(unit, "MIN".into());
        }
    }
    if text(fields, "type") == "HTTP" {
        fields.entry("httprequest").or_insert_with(|| "HEAD /".into());
        fields.entry("respcode").or_insert_with(|| vec!["200"].into());
    }
}

/// A secure monitor has a profile as every TLS endpoint has (documented).
pub(super) fn attach_default_profile(state: &mut State, name: &str) {
    let Some(fields) = state.object_mut("lbmonitor", name) else { return };
    if text(fields, "secure") == "YES" {
        let default = || "ns_default_ssl_profile_backend".into();
        fields.entry("sslprofile").or_insert_with(default);
    }
}

/// A new group or service has the default monitor of its type (documented).
pub(super) fn derive(state: &mut State, command: &Command) {
    if command.verb != Verb::Add {
        return;
    }
    let Some(fields) = state.object_mut(command.kind, &command.key) else { return };
    // Never returned (as with profiles).
    fields.remove("nodefaultbindings");
    let kind = match command.kind {
        "service" => "service_lbmonitor_binding",
        _ => "servicegroup_lbmonitor_binding",
    };
    keep_default(state, kind, &command.key);
}

/// The default monitor is bound exactly while no other one is (documented).
fn keep_default(state: &mut State, kind: &'static str, parent: &str) {
    let (base, key) = match kind {
        "service_lbmonitor_binding" => ("service", "name"),
        _ => ("servicegroup", "servicegroupname"),
    };
    let servicetype = state.object(base, parent).map_or("", |fields| text(fields, "servicetype"));
    let default =
        if WITHOUT_CONNECTION.contains(&servicetype) { "ping-default" } else { "tcp-default" };
    let defaults = schema::kind(kind).into_iter().flat_map(schema::Kind::defaults);
    let mut fields: Fields = defaults.map(|(field, value)| (field, value.clone())).collect();
    fields.extend([
        (key, Value::from(parent)),
        ("monitor_name", default.into()),
        ("state", "ENABLED".into()),
    ]);
    let own = BindingKey::of(kind, &fields);
    let has_other =
        state.bindings(kind, parent).any(|(_, binding)| !is_default(text(binding, "monitor_name")));
    if has_other {
        state.remove_binding(&own);
    } else {
        state.put_binding(own, fields);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::Bench;
    use crate::code;

    const BINDING: &str = "servicegroup_lbmonitor_binding";

    fn bench() -> Bench {
        let mut bench = Bench::new();
        bench
            .add("servicegroup", &json!({"servicegroupname": "g", "servicetype": "HTTP"}))
            .unwrap();
        bench.add("lbmonitor", &json!({"monitorname": "m", "type": "HTTP"})).unwrap();
        bench
    }

    fn bound(bench: &Bench) -> Vec<Value> {
        bench.bound(BINDING, "g", "monitor_name")
    }

    #[test]
    fn the_default_monitor_is_there_while_no_other_is() {
        let mut bench = bench();
        assert_eq!(bound(&bench), ["tcp-default"]);
        let own = json!({"servicegroupname": "g", "monitor_name": "m"});
        assert_eq!(bench.bind(BINDING, &own), Ok(vec![]));
        assert_eq!(bound(&bench), ["m"]);
        assert_eq!(bench.bind(BINDING, &own), Err(code::MONITOR_BOUND));
        assert_eq!(bench.unbind(BINDING, &own), Ok(vec![]));
        assert_eq!(bound(&bench), ["tcp-default"]);
        assert_eq!(bench.unbind(BINDING, &own), Err(code::MONITOR_NOT_BOUND));
        bench.add("servicegroup", &json!({"servicegroupname": "u", "servicetype": "UDP"})).unwrap();
        assert_eq!(bench.bound(BINDING, "u", "monitor_name"), ["ping-default"]);
    }

    #[test]
    fn the_default_monitor_is_not_for_clients_to_bind() {
        let mut bench = bench();
        let default = json!({"servicegroupname": "g", "monitor_name": "tcp-default"});
        assert_eq!(bench.bind(BINDING, &default), Err(code::MONITOR_BIND_DEFAULT));
        assert_eq!(bench.unbind(BINDING, &default), Err(code::MONITOR_UNBIND_DEFAULT));
    }

    #[test]
    fn a_monitor_stays_while_it_is_bound_and_a_built_in_one_forever() {
        let mut bench = bench();
        bench.bind(BINDING, &json!({"servicegroupname": "g", "monitor_name": "m"})).unwrap();
        let delete = |name: &str, kind: &str| json!({"monitorname": name, "type": kind});
        assert_eq!(bench.delete("lbmonitor", &json!({"monitorname": "m"})), Err(code::ARGMISSING));
        let wrong = bench.delete("lbmonitor", &delete("m", "TCP"));
        assert_eq!(wrong, Err(code::MONITOR_WRONG_TYPE));
        assert_eq!(bench.delete("lbmonitor", &delete("m", "HTTP")), Err(code::MONITOR_REF));
        let built_in = bench.delete("lbmonitor", &delete("http", "HTTP"));
        assert_eq!(built_in, Err(code::MONITOR_BUILTIN));
        bench.delete("servicegroup", &json!({"servicegroupname": "g"})).unwrap();
        assert_eq!(bench.delete("lbmonitor", &delete("m", "HTTP")), Ok(vec![]));
    }

    #[test]
    fn fields_must_suit_the_type_and_each_other() {
        for (fields, code) in [
            (json!({"type": "HTTP", "interval": 2, "resptimeout": 2}), code::MONITOR_INTERVAL),
            (json!({"type": "TCP", "httprequest": "GET /"}), code::INVAL),
            (json!({"type": "HTTP", "send": "x"}), code::INVAL),
            (
                json!({"type": "HTTP", "retries": 2, "failureretries": 3}),
                code::MONITOR_FAILURERETRIES,
            ),
            (
                json!({"type": "HTTP", "secure": "YES", "sslprofile": "ns_default_ssl_profile_frontend"}),
                code::SSL_PROFILE_FE,
            ),
            (
                json!({"type": "HTTP", "sslprofile": "ns_default_ssl_profile_backend"}),
                code::ARGPREREQ,
            ),
            (json!({"type": "PING", "secure": "YES"}), code::SECURE_UDP),
            (json!({"type": "TCP", "transparent": "YES"}), code::MONITOR_DESTIP),
            (json!({"type": "HTTP", "respcode": []}), code::MONITOR_NOCODES),
            (json!({"type": "TCP-ECV", "customheaders": "x"}), code::INVAL),
        ] {
            let mut monitor = fields.clone();
            monitor["monitorname"] = "new".into();
            assert_eq!(bench().add("lbmonitor", &monitor), Err(code), "{fields}");
        }
        let mut bench = bench();
        let other = json!({"monitorname": "m", "type": "TCP", "interval": 9});
        assert_eq!(bench.set("lbmonitor", &other), Err(code::MONITOR_WRONG_TYPE));
    }

    #[test]
    fn monitors_of_the_usual_types_are_made_and_bound() {
        for fields in [
            json!({"type": "PING"}),
            json!({"type": "TCP", "interval": 10, "retries": 4}),
            json!({"type": "HTTP", "httprequest": "GET /health", "respcode": ["200", "300-399"]}),
            json!({"type": "HTTP-ECV", "send": "GET /health", "recv": "ok", "secure": "YES"}),
            json!({"type": "TCP-ECV", "send": "ping", "recv": "pong"}),
            json!({"type": "TCP", "transparent": "YES", "destip": "192.0.2.1", "destport": 80}),
        ] {
            let mut monitor = fields.clone();
            monitor["monitorname"] = "new".into();
            let mut bench = bench();
            assert_eq!(bench.add("lbmonitor", &monitor), Ok(vec![]), "{fields}");
            let binding = json!({"servicegroupname": "g", "monitor_name": "new"});
            assert_eq!(bench.bind(BINDING, &binding), Ok(vec![]), "{fields}");
            assert_eq!(bench.bound(BINDING, "g", "monitor_name"), ["new"], "{fields}");
        }
    }

    #[test]
    fn whole_minutes_are_shown_as_minutes_and_a_secure_monitor_has_a_profile() {
        let mut bench = bench();
        let monitor = json!({"monitorname": "n", "type": "HTTP", "interval": 60, "secure": "YES"});
        bench.add("lbmonitor", &monitor).unwrap();
        assert_eq!(bench.field("lbmonitor", "n", "interval"), 1);
        assert_eq!(bench.field("lbmonitor", "n", "units3"), "MIN");
        assert_eq!(bench.field("lbmonitor", "n", "respcode"), json!(["200"]));
        let profile = "ns_default_ssl_profile_backend";
        assert_eq!(bench.field("lbmonitor", "n", "sslprofile"), profile);
    }
}
