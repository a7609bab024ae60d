//! Virtual servers: their addresses, what depends on their type, and what keeps them.

use std::net::IpAddr;

use serde_json::Value;

use super::{addresses, balancing, refuse, refuse_about, service_state};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{Fields, Referrer, State, number, text};

/// The types that understand HTTP.
const HTTP_TYPES: [&str; 3] = ["HTTP", "SSL", "HTTP_QUIC"];

/// The types that carry any stream.
const TCP_TYPES: [&str; 2] = ["TCP", "SSL_TCP"];

/// Whether what speaks `inner` may stand behind what speaks `outer`: HTTP in plain text or TLS,
/// streams likewise, anything else only behind its own type (documented with codes 707 and 1304;
/// where exactly the line runs is assumed).
pub(super) fn are_compatible(outer: &str, inner: &str) -> bool {
    outer == inner
        || (HTTP_TYPES.contains(&outer) && ["HTTP", "SSL"].contains(&inner))
        || (TCP_TYPES.contains(&outer) && TCP_TYPES.contains(&inner))
}

/// Whether virtual servers of a type understand HTTP.
pub(crate) fn speaks_http(servicetype: &str) -> bool {
    HTTP_TYPES.contains(&servicetype)
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match command.verb {
        Verb::Add => {
            check_name(state, command.kind, &command.key)?;
            check_fields(state, command)
        }
        Verb::Update => check_fields(state, command),
        Verb::Rename => check_name(state, command.kind, text(&command.fields, "newname")),
        Verb::Delete if command.kind == "lbvserver" => check_delete_lb(state, &command.key),
        Verb::Delete => check_delete_cs(state, &command.key),
        Verb::Unset
        | Verb::Enable
        | Verb::Disable
        | Verb::Change
        | Verb::Link
        | Verb::Unlink
        | Verb::Bind
        | Verb::Unbind
        | Verb::Save
        | Verb::Clear
        | Verb::Other(_) => Ok(()),
    }
}

/// Virtual servers of all types share one space of names (assumed; the SSL view has one entry per
/// name).
fn check_name(state: &State, kind: &str, name: &str) -> Result<(), Refusal> {
    let taken = ["csvserver", "lbvserver"]
        .iter()
        .any(|other| *other != kind && state.object(other, name).is_some());
    if taken { refuse_about(code::EXIST, format_args!("name, {name}")) } else { Ok(()) }
}

fn check_fields(state: &State, command: &Command) -> Result<(), Refusal> {
    let current = state.object(command.kind, &command.key);
    let mut fields = current.map(|fields| Fields::clone(fields)).unwrap_or_default();
    fields.extend(command.fields.iter().map(|(&field, value)| (field, value.clone())));
    if let Some(Value::String(address)) = command.fields.get("ipv46") {
        addresses::check_form(address)?;
    }
    let address = text(&fields, "ipv46");
    let is_addressable = !address.is_empty() && !addresses::are_equal(address, addresses::NONE);
    let port = number(&fields, "port").unwrap_or(0);
    if is_addressable && port == 0 {
        return refuse_about(code::ARGMISSING, "port");
    }
    if !is_addressable && port != 0 && command.verb == Verb::Add {
        return refuse_about(code::ARGPREREQ, "port, IPAddress");
    }
    check_type(command, text(&fields, "servicetype"))?;
    balancing::check(state, command, &fields)?;
    if command.fields.contains_key("redirectfromport") && !is_addressable {
        return refuse_about(code::ARGPREREQ, "redirectFromPort, IPAddress");
    }
    if command.fields.contains_key("httpsredirecturl") && !fields.contains_key("redirectfromport") {
        return refuse_about(code::ARGPREREQ, "httpsRedirectUrl, redirectFromPort");
    }
    addresses::check_free(state, (command.kind, &command.key), &fields)
}

/// Fields that mean something for some types only (the codes are documented; which fields they
/// guard follows from what the fields mean).
fn check_type(command: &Command, servicetype: &str) -> Result<(), Refusal> {
    let given =
        |field: &str| command.fields.get(field).is_some_and(|value| value.as_str() != Some(""));
    let redirects_to_tls = given("redirectfromport") || given("httpsredirecturl");
    if redirects_to_tls && !["SSL", "HTTP_QUIC"].contains(&servicetype) {
        return refuse(code::REDIRECT_URL_NOT_APPLICABLE);
    }
    if speaks_http(servicetype) {
        return Ok(());
    }
    if given("redirecturl") || given("redirurl") {
        return refuse(code::REDIRECT_URL_NOT_APPLICABLE);
    }
    let of_http = ["httpprofilename", "vipheader", "casesensitive", "cacheable"];
    let says =
        |field: &&str| super::parameters::says_something(command.kind, &command.fields, field);
    if of_http.iter().any(says) { refuse(code::SETVS_INVAL_PROTOCOL_PARAMS) } else { Ok(()) }
}

/// What refers to a load-balancing vserver keeps it; the services bound to it don't (documented).
fn check_delete_lb(state: &State, name: &str) -> Result<(), Refusal> {
    let refusal = |referrer: Referrer| match referrer {
        Referrer::Object(key, _) => match key.kind {
            "csaction" => Some(code::BOUNDTO_CSACT),
            "sslaction" => Some(code::SSL_BOUNDTO_SSLACTION),
            // As the backup or push vserver of another one (assumed).
            "lbvserver" | "csvserver" if &*key.name != name => Some(code::TOOMANYREFS),
            _ => None,
        },
        Referrer::Binding(key, _) => {
            let is_switching =
                ["csvserver_lbvserver_binding", "csvserver_cspolicy_binding"].contains(&key.kind);
            is_switching.then_some(code::LBREFFERED_IN_CSBINDING)
        }
    };
    match state.referrers("lbvserver", name).into_iter().find_map(refusal) {
        Some(code) => refuse(code),
        None => Ok(()),
    }
}

/// Its own bindings vanish with a content-switching vserver (documented); what names it elsewhere
/// keeps it (assumed).
fn check_delete_cs(state: &State, name: &str) -> Result<(), Refusal> {
    let refusal = |referrer: Referrer| match referrer {
        Referrer::Object(key, _) => match key.kind {
            "sslaction" => Some(code::SSL_BOUNDTO_SSLACTION),
            "csvserver" if &*key.name != name => Some(code::TOOMANYREFS),
            _ => None,
        },
        Referrer::Binding(..) => None,
    };
    match state.referrers("csvserver", name).into_iter().find_map(refusal) {
        Some(code) => refuse(code),
        None => Ok(()),
    }
}

/// What a vserver says of itself when it was not told, or is told to forget it (seen from a dump of
/// one; the timeout of streams is documented).
pub(super) fn after(state: &mut State, command: &Command) {
    if !matches!(command.verb, Verb::Add | Verb::Unset) {
        return;
    }
    let Some(fields) = state.object_mut(command.kind, &command.key) else { return };
    // Never returned (as with profiles).
    fields.remove("nodefaultbindings");
    let timeout = if speaks_http(text(fields, "servicetype")) { 180 } else { 9000 };
    for (field, value) in [
        ("ipv46", Value::from(addresses::NONE)),
        ("port", 0.into()),
        ("td", 0.into()),
        ("clttimeout", timeout.into()),
        ("persistencetype", "NONE".into()),
        ("somethod", "NONE".into()),
        ("insertvserveripport", "OFF".into()),
        ("l2conn", "OFF".into()),
    ] {
        fields.entry(field).or_insert(value);
    }
}

/// Whether a vserver is up: it takes connections, and a load-balancing one has a member in service.
pub(super) fn is_up(state: &State, kind: &str, name: &str) -> bool {
    state.object(kind, name).is_some_and(|vserver| {
        takes_connections(state, name, vserver)
            && address(vserver).is_none_or(|place| state.unopened(place).is_none())
            && (kind == "csvserver" || has_enabled_member(state, name))
    })
}

/// Whether a vserver takes connections: it is enabled, and an SSL vserver has a certificate
/// (documented; that one bound for SNI suffices is assumed).
pub(crate) fn takes_connections(state: &State, name: &str, vserver: &Fields) -> bool {
    let is_certified = || {
        let mut bindings = state.bindings("sslvserver_sslcertkey_binding", name);
        bindings.any(|(_, binding)| !crate::state::flag(binding, "ca"))
    };
    text(vserver, "state") == "ENABLED"
        && (state.object("sslvserver", name).is_none() || is_certified())
}

/// The address and port of a vserver; those behind a csvserver have none.
pub(crate) fn address(vserver: &Fields) -> Option<(IpAddr, u16)> {
    let address: IpAddr = text(vserver, "ipv46").parse().ok()?;
    let port = number(vserver, "port").and_then(|port| u16::try_from(port).ok())?;
    (!address.is_unspecified() && port != 0).then_some((address, port))
}

/// What an answer shows of a vserver beyond what is stored.
pub(super) fn shown(state: &State, kind: &str, name: &str) -> Vec<(&'static str, Value)> {
    let Some(fields) = state.object(kind, name) else { return Vec::new() };
    let word = match (text(fields, "state"), is_up(state, kind, name)) {
        ("DISABLED", _) => "OUT OF SERVICE",
        (_, true) => "UP",
        (_, false) => "DOWN",
    };
    let mut shown = vec![("curstate", Value::from(word)), ("type", "ADDRESS".into())];
    if kind == "csvserver" {
        shown[1] = ("type", "CONTENT".into());
    } else {
        shown.push(("effectivestate", word.into()));
    }
    shown
}

/// Whether a load-balancing vserver has somebody who takes requests.
fn has_enabled_member(state: &State, lbvserver: &str) -> bool {
    let in_group =
        state.bindings("lbvserver_servicegroup_binding", lbvserver).any(|(_, binding)| {
            let group = text(binding, "servicegroupname");
            let mut members = state.bindings(service_state::MEMBERS, group);
            members.any(|(_, member)| service_state::serves(state, group, member))
        });
    let as_service = || {
        state.bindings("lbvserver_service_binding", lbvserver).any(|(_, binding)| {
            let service = state.object("service", text(binding, "servicename"));
            service.is_some_and(|service| service_state::service_serves(state, service))
        })
    };
    in_group || as_service()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::Bench;
    use crate::code;

    fn vserver(name: &str, servicetype: &str, own: &Value) -> Value {
        let mut fields = own.clone();
        fields["name"] = name.into();
        fields["servicetype"] = servicetype.into();
        fields
    }

    fn at(address: &str, port: u16) -> Value {
        json!({"ipv46": address, "port": port})
    }

    #[test]
    fn an_address_and_port_is_held_by_one_vserver() {
        let mut bench = Bench::new();
        let here = at("192.0.2.1", 443);
        assert_eq!(bench.add("csvserver", &vserver("a", "SSL", &here)), Ok(vec![]));
        assert_eq!(bench.add("csvserver", &vserver("b", "HTTP", &here)), Err(code::EXIST));
        assert_eq!(bench.add("lbvserver", &vserver("b", "HTTP", &here)), Err(code::EXIST));
        let port = at("192.0.2.1", 80);
        assert_eq!(bench.add("csvserver", &vserver("b", "HTTP", &port)), Ok(vec![]));
        bench.add("csvserver", &vserver("c", "SSL", &at("2001:db8::1", 443))).unwrap();
        let same = at("2001:DB8:0::1", 443);
        assert_eq!(bench.add("csvserver", &vserver("d", "SSL", &same)), Err(code::EXIST));
        let moved = json!({"name": "c", "ipv46": "192.0.2.1"});
        assert_eq!(bench.set("csvserver", &moved), Err(code::EXIST));
        bench.delete("csvserver", &json!({"name": "a"})).unwrap();
        assert_eq!(bench.set("csvserver", &moved), Ok(vec![]));
    }

    #[test]
    fn vservers_of_all_types_share_one_space_of_names() {
        let mut bench = Bench::new();
        bench.add("lbvserver", &vserver("a", "HTTP", &json!({}))).unwrap();
        let twin = vserver("a", "HTTP", &at("192.0.2.1", 80));
        assert_eq!(bench.add("csvserver", &twin), Err(code::EXIST));
        bench.add("csvserver", &vserver("b", "HTTP", &at("192.0.2.1", 80))).unwrap();
        let rename = json!({"name": "b", "newname": "a"});
        let outcome = bench.run(crate::command::Verb::Rename, "csvserver", &rename);
        assert_eq!(outcome, Err(code::EXIST));
    }

    #[test]
    fn any_number_of_vservers_have_no_address() {
        let mut bench = Bench::new();
        for name in ["a", "b"] {
            bench.add("lbvserver", &vserver(name, "HTTP", &json!({}))).unwrap();
            assert_eq!(bench.field("lbvserver", name, "ipv46"), "0.0.0.0");
            assert_eq!(bench.field("lbvserver", name, "port"), 0);
        }
    }

    #[test]
    fn a_redirected_port_is_held_too() {
        let mut bench = Bench::new();
        let mut redirecting = at("192.0.2.1", 443);
        redirecting["redirectfromport"] = 80.into();
        bench.add("csvserver", &vserver("a", "SSL", &redirecting)).unwrap();
        let plain = vserver("b", "HTTP", &at("192.0.2.1", 80));
        assert_eq!(bench.add("csvserver", &plain), Err(code::EXIST));
    }

    #[test]
    fn fields_must_suit_the_address_and_the_type() {
        for (kind, servicetype, own, code) in [
            ("csvserver", "SSL", json!({"ipv46": "shop.example", "port": 443}), code::INVALIDIP),
            ("csvserver", "SSL", json!({"ipv46": "192.0.2.1"}), code::ARGMISSING),
            ("lbvserver", "HTTP", json!({"port": 80}), code::ARGPREREQ),
            (
                "csvserver",
                "HTTP",
                json!({"ipv46": "192.0.2.1", "port": 80, "redirectfromport": 8080}),
                code::REDIRECT_URL_NOT_APPLICABLE,
            ),
            (
                "csvserver",
                "SSL_TCP",
                json!({"ipv46": "192.0.2.1", "port": 443, "redirecturl": "https://a.example"}),
                code::REDIRECT_URL_NOT_APPLICABLE,
            ),
            (
                "lbvserver",
                "TCP",
                json!({"httpprofilename": "nshttp_default_profile"}),
                code::SETVS_INVAL_PROTOCOL_PARAMS,
            ),
        ] {
            let outcome = Bench::new().add(kind, &vserver("v", servicetype, &own));
            assert_eq!(outcome, Err(code), "{servicetype} {own}");
        }
    }

    #[test]
    fn a_target_stays_while_something_leads_to_it() {
        let mut bench = Bench::new();
        bench.add("csvserver", &vserver("c", "HTTP", &at("192.0.2.1", 80))).unwrap();
        for name in ["acted", "bound", "default", "backup"] {
            bench.add("lbvserver", &vserver(name, "HTTP", &json!({}))).unwrap();
        }
        bench.add("csaction", &json!({"name": "a", "targetlbvserver": "acted"})).unwrap();
        bench.add("cspolicy", &json!({"policyname": "p", "rule": "TRUE"})).unwrap();
        let binding =
            json!({"name": "c", "policyname": "p", "priority": 1, "targetlbvserver": "bound"});
        bench.bind("csvserver_cspolicy_binding", &binding).unwrap();
        let default = json!({"name": "c", "lbvserver": "default"});
        bench.bind("csvserver_lbvserver_binding", &default).unwrap();
        bench.set("lbvserver", &json!({"name": "default", "backupvserver": "backup"})).unwrap();
        for (name, code) in [
            ("acted", code::BOUNDTO_CSACT),
            ("bound", code::LBREFFERED_IN_CSBINDING),
            ("default", code::LBREFFERED_IN_CSBINDING),
            ("backup", code::TOOMANYREFS),
        ] {
            assert_eq!(bench.delete("lbvserver", &json!({"name": name})), Err(code), "{name}");
        }
        bench.delete("csvserver", &json!({"name": "c"})).unwrap();
        assert_eq!(bench.delete("lbvserver", &json!({"name": "bound"})), Ok(vec![]));
    }

    #[test]
    fn an_ssl_vserver_is_down_without_a_certificate() {
        let mut bench = Bench::new();
        bench.add("csvserver", &vserver("v", "SSL", &at("192.0.2.1", 443))).unwrap();
        let state = |bench: &Bench| super::shown(&bench.state, "csvserver", "v")[0].1.clone();
        assert_eq!(state(&bench), "DOWN");
        let leaf = super::super::bench::authority("CA").leaf(&["a.example"]);
        bench.upload("a.crt", &leaf.pem);
        bench.upload("a.key", &leaf.key);
        let certkey = json!({"certkey": "a", "cert": "a.crt", "key": "a.key"});
        bench.add("sslcertkey", &certkey).unwrap();
        let binding = json!({"vservername": "v", "certkeyname": "a"});
        bench.bind("sslvserver_sslcertkey_binding", &binding).unwrap();
        assert_eq!(state(&bench), "UP");
    }
}
