//! Requests to small configurations, and what becomes of them.

mod answer;
mod rewrite;

use serde_json::{Value, json};

use super::*;
use crate::command::Verb;
use crate::rules::Bench;

const ROUTE: &str = "csvserver_cspolicy_binding";
const ANSWERS: &str = "lbvserver_responderpolicy_binding";

/// A csvserver `front` of type HTTP at 192.0.2.1:80 whose default lbvserver answers 404, and the
/// lbvservers `one` and `two` with a member each.
fn bench() -> Bench {
    let mut bench = Bench::new();
    let front = json!({"name": "front", "servicetype": "HTTP", "ipv46": "192.0.2.1", "port": 80});
    bench.add("csvserver", &front).unwrap();
    for (name, address) in [("one", "10.0.0.1"), ("two", "10.0.0.2"), ("404", "192.0.2.9")] {
        back_end(&mut bench, name, address, "HTTP");
    }
    answering(&mut bench, "404", r#""HTTP/1.1 404 Not Found\r\n\r\n""#);
    bench
        .bind("csvserver_lbvserver_binding", &json!({"name": "front", "lbvserver": "404"}))
        .unwrap();
    bench
}

fn back_end(bench: &mut Bench, name: &str, address: &str, servicetype: &str) {
    bench.add("lbvserver", &json!({"name": name, "servicetype": servicetype})).unwrap();
    let group = json!({"servicegroupname": name, "servicetype": servicetype});
    bench.add("servicegroup", &group).unwrap();
    let both = json!({"name": name, "servicegroupname": name});
    bench.bind("lbvserver_servicegroup_binding", &both).unwrap();
    let member = json!({"servicegroupname": name, "ip": address, "port": 8080});
    bench.bind(MEMBERS, &member).unwrap();
}

/// Makes an lbvserver answer everything with this text.
fn answering(bench: &mut Bench, lbvserver: &str, target: &str) {
    let action = json!({"name": lbvserver, "type": "respondwith", "target": target});
    responding(bench, &action, "TRUE");
    let bound = json!({"name": lbvserver, "policyname": lbvserver, "priority": 100});
    bench.bind(ANSWERS, &bound).unwrap();
}

fn responding(bench: &mut Bench, action: &Value, rule: &str) {
    bench.add("responderaction", action).unwrap();
    let policy = json!({"name": action["name"], "rule": rule, "action": action["name"]});
    bench.add("responderpolicy", &policy).unwrap();
}

fn route(bench: &mut Bench, priority: u32, rule: &str, lbvserver: &str) {
    let name = format!("p{priority}");
    bench.add("csaction", &json!({"name": name, "targetlbvserver": lbvserver})).unwrap();
    bench.add("cspolicy", &json!({"policyname": name, "rule": rule, "action": name})).unwrap();
    let binding = json!({"name": "front", "policyname": name, "priority": priority});
    bench.bind(ROUTE, &binding).unwrap();
}

fn ask(bench: &Bench, host: &str, path: &str) -> Decision {
    decide(&bench.state, &Request::get([192, 0, 2, 1].into(), 80, host, path))
}

/// The lbvserver, and the members or the status, in words.
fn outcome(bench: &Bench, host: &str, path: &str) -> String {
    let decision = ask(bench, host, path);
    let lbvserver = decision.lbvserver.unwrap_or_default();
    let answer = match decision.outcome {
        Outcome::Refused => "refused".to_owned(),
        Outcome::Closed(policy) => format!("closed {}", policy.unwrap_or_default()),
        Outcome::Answered(Answer { status, location, .. }) => match location {
            Some(location) => format!("{status} {location}"),
            None => status.to_string(),
        },
        Outcome::Served(members) => {
            let members =
                members.iter().map(|member| format!("{}:{}", member.address, member.port));
            members.collect::<Vec<_>>().join(" ")
        }
    };
    format!("{lbvserver} {answer}").trim().to_owned()
}

const HOST: &str = r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("a.b")"#;

#[test]
fn the_first_policy_by_priority_that_holds_decides() {
    let mut bench = bench();
    route(&mut bench, 20, HOST, "two");
    let below = format!(r#"{HOST} && HTTP.REQ.URL.PATH.STARTSWITH("/x/")"#);
    route(&mut bench, 10, &below, "one");
    for (host, path, expected) in [
        ("a.b", "/x/y", "one 10.0.0.1:8080"),
        ("A.b:80", "/x", "two 10.0.0.2:8080"),
        ("c.d", "/x/y", "404 404"),
        ("", "/", "404 404"),
    ] {
        assert_eq!(outcome(&bench, host, path), expected, "{host}{path}");
    }
    assert_eq!(ask(&bench, "a.b", "/x/y").cspolicy.as_deref(), Some("p10"));
    assert_eq!(ask(&bench, "c.d", "/").cspolicy, None);
}

#[test]
fn the_member_says_how_it_is_spoken_to() {
    let mut bench = bench();
    back_end(&mut bench, "tls", "10.0.0.3", "SSL");
    route(&mut bench, 1, "TRUE", "tls");
    let Outcome::Served(members) = ask(&bench, "a", "/").outcome else { panic!("nobody serves") };
    assert_eq!(members[0].servicetype, "SSL");
}

#[test]
fn another_address_or_port_is_refused() {
    let bench = bench();
    for (vip, port) in [([192, 0, 2, 1], 81), ([192, 0, 2, 2], 80)] {
        let request = Request::get(vip.into(), port, "a.b", "/");
        assert_eq!(decide(&bench.state, &request), Decision::default());
    }
}

#[test]
fn a_vserver_that_is_down_takes_nothing() {
    let mut off = bench();
    off.run(Verb::Disable, "csvserver", &json!({"name": "front"})).unwrap();
    assert_eq!(outcome(&off, "a.b", "/"), "refused");
    let mut bare = bench();
    let front = json!({"name": "tls", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443});
    bare.add("csvserver", &front).unwrap();
    let request = Request::get([192, 0, 2, 1].into(), 443, "a.b", "/");
    assert_eq!(decide(&bare.state, &request).outcome, Outcome::Refused);
}

#[test]
fn only_members_in_service_serve() {
    let mut bench = bench();
    route(&mut bench, 1, "TRUE", "one");
    let more = json!({"servicegroupname": "one", "ip": "10.0.0.4", "port": 8080});
    bench.bind(MEMBERS, &more).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "one 10.0.0.1:8080 10.0.0.4:8080");
    let member = |server| json!({"servicegroupname": "one", "servername": server, "port": 8080, "graceful": "YES", "delay": 30});
    bench.run(Verb::Disable, "servicegroup", &member("10.0.0.1")).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "one 10.0.0.4:8080");
    bench.run(Verb::Disable, "server", &json!({"name": "10.0.0.4"})).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "one 503");
}

#[test]
fn an_lbvserver_without_members_answers_503_whatever_its_policies_say() {
    let mut bench = bench();
    let member = json!({"servicegroupname": "404", "servername": "192.0.2.9", "port": 8080});
    bench.unbind(MEMBERS, &member).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "404 503");
    let redirect = json!({"name": "404", "redirurl": "https://sorry.example"});
    bench.set("lbvserver", &redirect).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "404 302 https://sorry.example");
    bench.set("lbvserver", &json!({"name": "404", "backupvserver": "two"})).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "404 10.0.0.2:8080");
}

#[test]
fn a_csvserver_that_leads_nowhere_answers_503() {
    let mut bench = bench();
    let default = json!({"name": "front", "lbvserver": "404"});
    bench.unbind("csvserver_lbvserver_binding", &default).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "503");
}

#[test]
fn a_new_default_takes_the_place_of_the_old() {
    let mut bench = bench();
    let default = json!({"name": "front", "lbvserver": "one"});
    bench.bind("csvserver_lbvserver_binding", &default).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "one 10.0.0.1:8080");
}

#[test]
fn a_redirect_keeps_host_path_and_query() {
    let mut bench = bench();
    let target = r#""https://" + HTTP.REQ.HOSTNAME.SERVER.HTTP_URL_SAFE + ":8443" + HTTP.REQ.URL.PATH_AND_QUERY.HTTP_URL_SAFE"#;
    let action =
        json!({"name": "r", "type": "redirect", "target": target, "responsestatuscode": 308});
    responding(&mut bench, &action, "TRUE");
    back_end(&mut bench, "secure", "192.0.2.8", "HTTP");
    bench.bind(ANSWERS, &json!({"name": "secure", "policyname": "r", "priority": 1})).unwrap();
    route(&mut bench, 1, HOST, "secure");
    for (host, path, expected) in [
        ("a.b", "/x?y=1", "secure 308 https://a.b:8443/x?y=1"),
        ("A.B:80", "/%2f//..", "secure 308 https://A.B:8443/%2f//.."),
        ("a.b", "/a b\"<>", "secure 308 https://a.b:8443/a%20b%22%3C%3E"),
        ("c.d", "/", "404 404"),
    ] {
        assert_eq!(outcome(&bench, host, path), expected, "{host}{path}");
    }
    let action = json!({"name": "r", "responsestatuscode": 301});
    bench.set("responderaction", &action).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "secure 301 https://a.b:8443/");
}

#[test]
fn responders_of_the_csvserver_come_before_content_switching() {
    let mut bench = bench();
    route(&mut bench, 1, "TRUE", "one");
    let deny = json!({"name": "deny", "type": "respondwith", "target": "\"HTTP/1.1 400 Bad Request\\r\\n\\r\\n\""});
    responding(&mut bench, &deny, "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT");
    let pass = json!({"name": "pass", "rule": "HTTP.REQ.URL.PATH.EQ(\"/p\")", "action": "NOOP"});
    bench.add("responderpolicy", &pass).unwrap();
    let drop = json!({"name": "drop", "rule": "HTTP.REQ.URL.PATH.EQ(\"/d\")", "action": "DROP"});
    bench.add("responderpolicy", &drop).unwrap();
    for (policy, priority) in [("drop", 5), ("pass", 10), ("deny", 20)] {
        let bound = json!({"name": "front", "policyname": policy, "priority": priority});
        bench.bind("csvserver_responderpolicy_binding", &bound).unwrap();
    }
    assert_eq!(outcome(&bench, "a.b", "/"), "400");
    assert_eq!(outcome(&bench, "a.b", "/p"), "one 10.0.0.1:8080");
    assert_eq!(outcome(&bench, "a.b", "/d"), "closed drop");
}

#[test]
fn a_policy_that_only_passes_goes_on_where_its_binding_says() {
    for (goto, expected) in [("NEXT", "410"), ("END", "404"), ("30", "451")] {
        let mut bench = bench();
        let pass = json!({"name": "pass", "rule": "TRUE", "action": "NOOP"});
        bench.add("responderpolicy", &pass).unwrap();
        let bound = json!({"name": "front", "policyname": "pass", "priority": 10, "gotopriorityexpression": goto});
        bench.bind("csvserver_responderpolicy_binding", &bound).unwrap();
        for (name, priority) in [("410", 20), ("451", 30)] {
            let target = format!("\"HTTP/1.1 {name} X\\r\\n\\r\\n\"");
            responding(
                &mut bench,
                &json!({"name": name, "type": "respondwith", "target": target}),
                "TRUE",
            );
            let bound = json!({"name": "front", "policyname": name, "priority": priority});
            bench.bind("csvserver_responderpolicy_binding", &bound).unwrap();
        }
        let Outcome::Answered(answer) = ask(&bench, "a.b", "/").outcome else { panic!("{goto}") };
        assert_eq!(answer.status.to_string(), expected, "{goto}");
    }
}

#[test]
fn a_target_may_be_named_by_the_binding_or_by_an_expression() {
    let mut bench = bench();
    bench.add("cspolicy", &json!({"policyname": "bare", "rule": HOST})).unwrap();
    let bound =
        json!({"name": "front", "policyname": "bare", "priority": 1, "targetlbvserver": "one"});
    bench.bind(ROUTE, &bound).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "one 10.0.0.1:8080");
    let action = json!({"name": "by", "targetvserverexpr": "HTTP.REQ.URL.PATH.GET(1)"});
    bench.add("csaction", &action).unwrap();
    bench.add("cspolicy", &json!({"policyname": "by", "rule": "TRUE", "action": "by"})).unwrap();
    bench.bind(ROUTE, &json!({"name": "front", "policyname": "by", "priority": 2})).unwrap();
    assert_eq!(outcome(&bench, "c.d", "/two"), "two 10.0.0.2:8080");
    assert_eq!(outcome(&bench, "c.d", "/three"), "404 404");
}

#[test]
fn an_lbvserver_with_an_address_takes_requests_itself() {
    let mut bench = bench();
    let own = json!({"name": "own", "servicetype": "HTTP", "ipv46": "2001:db8::1", "port": 80});
    bench.add("lbvserver", &own).unwrap();
    let request = Request::get("2001:db8::1".parse().unwrap(), 80, "a.b", "/");
    let decision = decide(&bench.state, &request);
    assert_eq!(decision.vserver.as_deref(), Some("own"));
    assert_eq!(decision.outcome, unavailable(true));
    let both = json!({"name": "own", "servicegroupname": "one"});
    bench.bind("lbvserver_servicegroup_binding", &both).unwrap();
    assert!(matches!(decide(&bench.state, &request).outcome, Outcome::Served(_)));
}

#[test]
fn a_stream_is_told_apart_by_the_name_in_its_first_message() {
    let mut bench = Bench::new();
    let front = json!({"name": "front", "servicetype": "TCP", "ipv46": "192.0.2.1", "port": 443});
    bench.add("csvserver", &front).unwrap();
    back_end(&mut bench, "one", "10.0.0.1", "TCP");
    route(&mut bench, 1, r#"CLIENT.SSL.CLIENT_HELLO.SNI.TO_LOWER.EQ("a.b")"#, "one");
    let ask = |host: &str| {
        let request = Request::get([192, 0, 2, 1].into(), 443, host, "/");
        decide(&bench.state, &request).outcome
    };
    assert!(matches!(ask("A.b"), Outcome::Served(_)));
    assert_eq!(ask("c.d"), Outcome::Closed(None));
}

#[test]
fn a_changed_configuration_is_followed_at_once() {
    let mut bench = bench();
    route(&mut bench, 20, "TRUE", "one");
    assert_eq!(outcome(&bench, "a.b", "/"), "one 10.0.0.1:8080");
    let before = bench.clone();
    bench.set("cspolicy", &json!({"policyname": "p20", "rule": "FALSE"})).unwrap();
    assert_eq!(outcome(&bench, "a.b", "/"), "404 404");
    route(&mut bench, 10, "TRUE", "two");
    assert_eq!(outcome(&bench, "a.b", "/"), "two 10.0.0.2:8080");
    assert_eq!(outcome(&before, "a.b", "/"), "one 10.0.0.1:8080");
}
