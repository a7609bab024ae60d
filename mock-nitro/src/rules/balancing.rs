//! How a virtual server shares requests out: persistence, methods, backups and spillover, and which
//! of their fields need which.

use serde_json::Value;

use super::vservers::speaks_http;
use super::{expression, parameters, refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal};
use crate::state::{Fields, State, number, text};

/// Types of persistence that only some types of virtual servers can have (documented; which types
/// those are is partly assumed). The others are for all.
fn suits(persistence: &str, servicetype: &str) -> bool {
    match persistence {
        "COOKIEINSERT" | "URLPASSIVE" | "CUSTOMSERVERID" => speaks_http(servicetype),
        "SSLSESSION" => servicetype.starts_with("SSL"),
        // What is passed on unread can't be looked into.
        "RULE" => servicetype != "SSL_BRIDGE",
        "RTSPSID" => servicetype == "RTSP",
        "CALLID" => servicetype.starts_with("SIP_"),
        "DIAMETER" => servicetype.ends_with("DIAMETER"),
        "FIXSESSION" => servicetype.ends_with("FIX"),
        _ => true,
    }
}

/// Judges the fields of a virtual server as they will be: `fields`, of which `command` gives some.
pub(super) fn check(state: &State, command: &Command, fields: &Fields) -> Result<(), Refusal> {
    check_persistence(command, fields)?;
    check_method(command, fields)?;
    check_spillover(command, fields)?;
    check_backup(state, command)
}

fn check_persistence(command: &Command, fields: &Fields) -> Result<(), Refusal> {
    let given = &command.fields;
    let says = |field: &str| parameters::says_something(command.kind, given, field);
    let persistence = match text(fields, "persistencetype") {
        "" => "NONE",
        other => other,
    };
    if !suits(persistence, text(fields, "servicetype")) {
        return refuse(code::INVALID_PERSISTENCE);
    }
    // Documented, with the code.
    if says("cookiename") && persistence != "COOKIEINSERT" {
        return refuse(code::COOKIEINSERT_NOTSET);
    }
    // Two minutes at least, but for cookies, which may last as long as the browser (documented).
    let too_short = number(given, "timeout").is_some_and(|timeout| timeout < 2);
    if too_short && persistence != "COOKIEINSERT" {
        return refuse(code::TIMEOUT_RANGE);
    }
    if says("resrule") && !has_rule(fields) {
        return refuse(code::REQ_RULE_MISSING);
    }
    let needs_rule = persistence == "RULE" || text(fields, "lbmethod") == "TOKEN";
    if needs_rule && !has_rule(fields) {
        // Documented that they need one; the code is assumed.
        return refuse_about(code::ARGMISSING, "rule");
    }
    match given.get("rule") {
        // The other way round there is `resrule`; the code is assumed.
        Some(Value::String(rule)) if has_rule(given) => {
            expression::for_requests(&*expression::check_text(rule)?, code::TAR_FLOWTYPE_NRES)
        }
        Some(_) | None => Ok(()),
    }
}

fn has_rule(fields: &Fields) -> bool {
    !["", "none"].contains(&text(fields, "rule"))
}

/// Methods that look into requests are for those who understand them (documented; the code is
/// assumed), and a backup that was chosen is another method (documented).
fn check_method(command: &Command, fields: &Fields) -> Result<(), Refusal> {
    let given = &command.fields;
    let method = text(fields, "lbmethod");
    let servicetype = text(fields, "servicetype");
    let suits = match method {
        "URLHASH" => speaks_http(servicetype),
        "DOMAINHASH" => speaks_http(servicetype) || servicetype.contains("DNS"),
        "CALLIDHASH" => servicetype.starts_with("SIP_"),
        _ => true,
    };
    if !suits {
        return refuse_about(code::INVAL, format_args!("lbMethod, {method}"));
    }
    if given.contains_key("backuplbmethod") && text(given, "backuplbmethod") == method {
        return refuse(code::LB_METHOD_SAMEAS_BACKUP_METHOD);
    }
    Ok(())
}

/// Documented by the texts of the codes.
fn check_spillover(command: &Command, fields: &Fields) -> Result<(), Refusal> {
    let method = text(&command.fields, "somethod");
    match (method, command.kind) {
        ("DYNAMICCONNECTION", "csvserver") => refuse(code::LB_SO_ADDRVIP),
        ("HEALTH", "csvserver") => refuse(code::LB_SO_HEALTH),
        ("CONNECTION" | "BANDWIDTH", "csvserver") if !fields.contains_key("sothreshold") => {
            refuse(code::CS_SOTHRESHOLD)
        }
        ("DYNAMICCONNECTION", _) if command.fields.contains_key("sothreshold") => {
            refuse(code::LB_SO_DYNAMICCON_THRESHOLD)
        }
        _ => Ok(()),
    }
}

/// Backups of backups never lead back (documented, 2144).
fn check_backup(state: &State, command: &Command) -> Result<(), Refusal> {
    let mut next = text(&command.fields, "backupvserver");
    while !next.is_empty() {
        if next == command.key {
            return refuse(code::BACKUP_LOOP);
        }
        // So far there is no loop, so that this ends.
        next = state.object("lbvserver", next).map_or("", |backup| text(backup, "backupvserver"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, Outcome};
    use crate::code;

    fn add(kind: &str, servicetype: &str, own: &Value) -> Outcome {
        let mut fields = own.clone();
        fields["name"] = "v".into();
        fields["servicetype"] = servicetype.into();
        if kind == "csvserver" {
            fields["ipv46"] = "192.0.2.1".into();
            fields["port"] = 80.into();
        }
        Bench::new().add(kind, &fields)
    }

    #[test]
    fn persistence_suits_the_type() {
        for (persistence, types) in [
            ("SOURCEIP", &["HTTP", "SSL", "TCP", "SSL_TCP", "SSL_BRIDGE"][..]),
            ("COOKIEINSERT", &["HTTP", "SSL"]),
            ("URLPASSIVE", &["HTTP", "SSL"]),
            ("SSLSESSION", &["SSL", "SSL_TCP", "SSL_BRIDGE"]),
            ("NONE", &["HTTP", "SSL", "TCP", "SSL_TCP", "SSL_BRIDGE"]),
        ] {
            for servicetype in ["HTTP", "SSL", "TCP", "SSL_TCP", "SSL_BRIDGE"] {
                let expected = if types.contains(&servicetype) {
                    Ok(vec![])
                } else {
                    Err(code::INVALID_PERSISTENCE)
                };
                let own = json!({"persistencetype": persistence});
                assert_eq!(add("lbvserver", servicetype, &own), expected, "{servicetype} {own}");
            }
        }
        let cookie = json!({"persistencetype": "COOKIEINSERT"});
        assert_eq!(add("csvserver", "HTTP", &cookie), Ok(vec![]));
        assert_eq!(add("csvserver", "TCP", &cookie), Err(code::INVALID_PERSISTENCE));
        let session = json!({"persistencetype": "SSLSESSION"});
        assert_eq!(add("csvserver", "HTTP", &session), Err(code::INVALID_PERSISTENCE));
    }

    #[test]
    fn fields_of_balancing_need_each_other() {
        let cookie = |timeout: u32| json!({"persistencetype": "COOKIEINSERT", "cookiename": "c", "timeout": timeout});
        for (own, expected) in [
            (cookie(0), Ok(vec![])),
            (cookie(1440), Ok(vec![])),
            (json!({"cookiename": "c"}), Err(code::COOKIEINSERT_NOTSET)),
            (json!({"cookiename": ""}), Ok(vec![])),
            (json!({"persistencetype": "SOURCEIP", "timeout": 2}), Ok(vec![])),
            (json!({"persistencetype": "SOURCEIP", "timeout": 1}), Err(code::TIMEOUT_RANGE)),
            (json!({"persistencetype": "RULE"}), Err(code::ARGMISSING)),
            (json!({"persistencetype": "RULE", "rule": "none"}), Err(code::ARGMISSING)),
            (json!({"persistencetype": "RULE", "rule": "HTTP.REQ.HEADER(\"X\")"}), Ok(vec![])),
            (
                json!({"persistencetype": "RULE", "rule": "HTTP.REQ.COOKIE.VALUE(\"X\")"}),
                Ok(vec![]),
            ),
            (json!({"persistencetype": "RULE", "rule": "X"}), Err(code::INVALPISEXPR)),
            (json!({"lbmethod": "TOKEN"}), Err(code::ARGMISSING)),
            (json!({"lbmethod": "TOKEN", "rule": "HTTP.REQ.URL"}), Ok(vec![])),
            (json!({"resrule": "HTTP.REQ.URL"}), Err(code::REQ_RULE_MISSING)),
            (json!({"lbmethod": "ROUNDROBIN"}), Ok(vec![])),
            (
                json!({"lbmethod": "ROUNDROBIN", "backuplbmethod": "ROUNDROBIN"}),
                Err(code::LB_METHOD_SAMEAS_BACKUP_METHOD),
            ),
            (
                json!({"somethod": "DYNAMICCONNECTION", "sothreshold": 5}),
                Err(code::LB_SO_DYNAMICCON_THRESHOLD),
            ),
            (json!({"backupvserver": "v"}), Err(code::NOENT)),
        ] {
            assert_eq!(add("lbvserver", "HTTP", &own), expected, "{own}");
        }
    }

    #[test]
    fn methods_that_look_into_requests_are_for_http() {
        for (method, servicetype, expected) in [
            ("URLHASH", "HTTP", Ok(vec![])),
            ("URLHASH", "TCP", Err(code::INVAL)),
            ("DOMAINHASH", "SSL_BRIDGE", Err(code::INVAL)),
            ("SOURCEIPHASH", "SSL_BRIDGE", Ok(vec![])),
        ] {
            let own = json!({"lbmethod": method});
            assert_eq!(add("lbvserver", servicetype, &own), expected, "{servicetype} {method}");
        }
    }

    #[test]
    fn a_csvserver_spills_over_by_what_it_can_count() {
        for (own, expected) in [
            (json!({"somethod": "CONNECTION"}), Err(code::CS_SOTHRESHOLD)),
            (json!({"somethod": "CONNECTION", "sothreshold": 5}), Ok(vec![])),
            (json!({"somethod": "HEALTH", "sothreshold": 5}), Err(code::LB_SO_HEALTH)),
            (json!({"somethod": "DYNAMICCONNECTION"}), Err(code::LB_SO_ADDRVIP)),
            (json!({"somethod": "NONE"}), Ok(vec![])),
        ] {
            assert_eq!(add("csvserver", "HTTP", &own), expected, "{own}");
        }
    }

    #[test]
    fn a_backup_never_leads_back() {
        let mut bench = Bench::new();
        for name in ["a", "b", "c"] {
            bench.add("lbvserver", &json!({"name": name, "servicetype": "HTTP"})).unwrap();
        }
        let backup = |name: &str, backup: &str| json!({"name": name, "backupvserver": backup});
        assert_eq!(bench.set("lbvserver", &backup("a", "a")), Err(code::BACKUP_LOOP));
        assert_eq!(bench.set("lbvserver", &backup("a", "b")), Ok(vec![]));
        assert_eq!(bench.set("lbvserver", &backup("b", "c")), Ok(vec![]));
        assert_eq!(bench.set("lbvserver", &backup("c", "a")), Err(code::BACKUP_LOOP));
    }

    #[test]
    fn what_was_set_before_counts() {
        let mut bench = Bench::new();
        let cookies =
            json!({"name": "v", "servicetype": "HTTP", "persistencetype": "COOKIEINSERT"});
        bench.add("lbvserver", &cookies).unwrap();
        let named = json!({"name": "v", "cookiename": "c"});
        assert_eq!(bench.set("lbvserver", &named), Ok(vec![]));
        let by_address = json!({"name": "v", "persistencetype": "SOURCEIP"});
        assert_eq!(bench.set("lbvserver", &by_address), Ok(vec![]));
        assert_eq!(bench.set("lbvserver", &named), Err(code::COOKIEINSERT_NOTSET));
    }
}
