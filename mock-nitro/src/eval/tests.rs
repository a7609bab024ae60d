//! Requests to small configurations, and what becomes of them.

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

/// What is answered at `/` of the front end, as it goes over the wire.
fn answered(bench: &Bench) -> Answer {
    let Outcome::Answered(answer) = ask(bench, "a.b", "/").outcome else { panic!("no answer") };
    answer
}

fn as_text(answer: &Answer) -> String {
    let headers = answer.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
    let headers: String = headers.collect();
    format!("{} {}\n{headers}\n{}", answer.status, answer.reason, answer.body)
}

#[test]
fn an_answer_is_what_the_expression_gives() {
    for (target, expected) in [
        (r#""HTTP/1.1 404 Not Found\r\n\r\n""#, "404 Not Found\n\n"),
        (
            r#""HTTP/1.1 404 Not Found\r\nX-A: b\r\nContent-Length: 9\r\n\r\nno\r\n\r\nmore""#,
            "404 Not Found\nX-A: b\n\nno\r\n\r\nmore",
        ),
        (r#""HTTP/1.1 200 OK\n\n" + HTTP.REQ.HOSTNAME"#, "200 OK\n\na.b"),
        (r#""HTTP/1.1 204\r\n\r\n""#, "204 \n\n"),
        (r#""HTTP/1.1 204""#, "204 \n\n"),
        // No response at all (assumed).
        (r#""nothing""#, "200 OK\n\nnothing"),
        (r#""HTTP/1.1 two OK""#, "200 OK\n\nHTTP/1.1 two OK"),
        (r#""HTTP/1.1 099 OK""#, "200 OK\n\nHTTP/1.1 099 OK"),
    ] {
        let mut bench = bench();
        answering(&mut bench, "one", target);
        route(&mut bench, 1, "TRUE", "one");
        let answer = answered(&bench);
        assert_eq!(as_text(&answer), expected, "{target}");
        assert_eq!((answer.policy.as_deref(), answer.location), (Some("one"), None));
    }
}

#[test]
fn what_a_redirect_and_a_page_say() {
    const REST: &str = "Connection: close\nCache-Control: no-cache\nPragma: no-cache\n\n";
    for (fields, expected) in [
        (
            json!({"type": "redirect", "target": "\"/b\""}),
            format!("302 Found : Moved Temporarily\nLocation: /b\n{REST}"),
        ),
        (
            json!({"type": "redirect", "target": "\"/b\\r\\nX: y\"", "responsestatuscode": 308}),
            format!("308 Permanent Redirect\nLocation: /bX: y\n{REST}"),
        ),
        (
            json!({"type": "redirect", "target": "\"/b\"", "responsestatuscode": 301, "reasonphrase": "\"Gone there\""}),
            format!("301 Gone there\nLocation: /b\n{REST}"),
        ),
        (
            json!({"type": "respondwith", "target": "\"HTTP/1.1 302 X\\r\\nlocation: /c\\r\\n\\r\\n\""}),
            "302 X\nlocation: /c\n\n".to_owned(),
        ),
    ] {
        let mut bench = bench();
        let mut fields = fields;
        fields["name"] = "r".into();
        responding(&mut bench, &fields, "TRUE");
        let bound = json!({"name": "front", "policyname": "r", "priority": 1});
        bench.bind("csvserver_responderpolicy_binding", &bound).unwrap();
        let answer = answered(&bench);
        assert_eq!(as_text(&answer), expected, "{fields}");
        assert!(answer.location.is_some());
    }
}

#[test]
fn where_nobody_can_answer_the_appliance_says_so() {
    let mut bench = bench();
    let default = json!({"name": "front", "lbvserver": "404"});
    bench.unbind("csvserver_lbvserver_binding", &default).unwrap();
    let answer = answered(&bench);
    let page = "<html><body><b>Http/1.1 Service Unavailable</b></body> </html>";
    assert_eq!(
        as_text(&answer),
        format!("503 Service Unavailable\nContent-Type: text/html\n\n{page}")
    );
    assert_eq!(answer, Answer::unavailable());
}

/// Adds an action, a policy with it and its binding to a vserver.
fn rewriting(
    bench: &mut Bench,
    (vserver, priority): (&str, u32),
    (kind, target, builder): (&str, &str, &str),
    more: &Value,
) {
    let name = format!("{vserver}-{priority}");
    let mut action = json!({"name": name, "type": kind, "target": target});
    if !builder.is_empty() {
        action["stringbuilderexpr"] = builder.into();
    }
    bench.add("rewriteaction", &action).unwrap();
    let rule = more.get("rule").cloned().unwrap_or("TRUE".into());
    let policy = json!({"name": name, "rule": rule, "action": name});
    bench.add("rewritepolicy", &policy).unwrap();
    let mut binding = json!({"name": vserver, "policyname": name, "priority": priority});
    for field in ["bindpoint", "gotopriorityexpression"] {
        if let Some(value) = more.get(field) {
            binding[field] = value.clone();
        }
    }
    let kind = if vserver == "front" { "csvserver" } else { "lbvserver" };
    bench.bind(&format!("{kind}_rewritepolicy_binding"), &binding).unwrap();
}

fn sent(url: &str) -> Request {
    let mut request = Request::get([192, 0, 2, 1].into(), 80, "a.b", url);
    let headers = [("X-A", "1"), ("x-a", "2"), ("X-B", "3")];
    request.headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    request
}

fn text_of(text: &str) -> String {
    text.to_owned()
}

#[test]
fn requests_are_changed_as_actions_say() {
    let replace = |name: &str, value: &str| vec![Edit::Replace(text_of(name), text_of(value))];
    let url = |url: &str| vec![Edit::Url(text_of(url))];
    for (kind, target, builder, edits) in [
        (
            "insert_http_header",
            "X-C",
            "CLIENT.IP.SRC",
            vec![Edit::Insert(text_of("X-C"), text_of("198.51.100.1"))],
        ),
        (
            "insert_http_header",
            "X-C",
            "\"a\\r\\nX: y\"",
            vec![Edit::Insert(text_of("X-C"), text_of("aX: y"))],
        ),
        ("delete_http_header", "X-A", "", vec![Edit::Delete(text_of("X-A"))]),
        (
            "corrupt_http_header",
            "MY_HEADER",
            "",
            vec![Edit::Rename(text_of("MY_HEADER"), text_of("MHEY_ADER"))],
        ),
        ("corrupt_http_header", "X-A", "", vec![Edit::Rename(text_of("X-A"), text_of("AX-"))]),
        ("replace", "HTTP.REQ.HEADER(\"X-A\")", "\"9\"", replace("X-A", "9")),
        ("insert_before", "HTTP.REQ.HEADER(\"X-A\")", "\"9\"", replace("X-A", "92")),
        ("insert_after", "HTTP.REQ.HEADER(\"X-A\")", "\"9\"", replace("X-A", "29")),
        ("delete", "HTTP.REQ.HEADER(\"X-A\")", "", replace("X-A", "")),
        ("replace", "HTTP.REQ.HEADER(\"None\")", "\"9\"", vec![]),
        ("replace", "HTTP.REQ.HOSTNAME", "\"c.d\"", replace("Host", "c.d")),
        ("replace", "HTTP.REQ.HEADER(\"host\")", "\"c.d\"", replace("host", "c.d")),
        ("replace", "HTTP.REQ.URL", "\"/z\"", url("/z")),
        ("replace", "HTTP.REQ.URL", "\"/z z\"", vec![]),
        ("replace", "HTTP.REQ.URL", "\"\"", vec![]),
        ("replace", "HTTP.REQ.URL.PATH", "\"/z\"", url("/z?q=1")),
        ("insert_before", "HTTP.REQ.URL.PATH", "\"/z\"", url("/z/x/y?q=1")),
        ("replace", "HTTP.REQ.URL.QUERY", "\"r=2\"", url("/x/y?r=2")),
        ("delete", "HTTP.REQ.URL.QUERY", "", url("/x/y")),
        ("replace", "HTTP.REQ.URL.PATH_AND_QUERY", "\"/z\"", url("/z")),
    ] {
        let mut bench = bench();
        route(&mut bench, 1, "TRUE", "one");
        rewriting(&mut bench, ("front", 1), (kind, target, builder), &json!({}));
        let request = sent("/x/y?q=1");
        let decision = decide(&bench.state, &request);
        assert_eq!(
            rewrite_request(&bench.state, &decision, &request),
            edits,
            "{kind} {target} {builder}"
        );
        bench.state.set_feature("REWRITE", false);
        assert_eq!(rewrite_request(&bench.state, &decision, &request), []);
    }
}

#[test]
fn the_host_of_a_whole_url_stays_where_it_is() {
    let mut bench = bench();
    route(&mut bench, 1, "TRUE", "one");
    let next = json!({"gotopriorityexpression": "NEXT"});
    rewriting(&mut bench, ("front", 1), ("replace", "HTTP.REQ.URL.PATH", "\"/z\""), &next);
    rewriting(&mut bench, ("front", 2), ("replace", "HTTP.REQ.HOSTNAME", "\"c.d\""), &next);
    let request = sent("http://a.b:80/x?q=1");
    let decision = decide(&bench.state, &request);
    let urls = ["http://a.b:80/z?q=1", "http://c.d/z?q=1"];
    let edits = rewrite_request(&bench.state, &decision, &request);
    assert_eq!(edits, urls.map(|url| Edit::Url(text_of(url))));
}

#[test]
fn responses_are_changed_as_actions_say() {
    let moved = Answer { policy: None, ..Answer::read("HTTP/1.1 302 X\r\nLocation: /c\r\n\r\n") };
    for (kind, target, builder, edits) in [
        (
            "insert_http_header",
            "X-Was",
            "HTTP.RES.STATUS + HTTP.REQ.URL",
            vec![Edit::Insert(text_of("X-Was"), text_of("404/"))],
        ),
        ("delete_http_header", "Server", "", vec![Edit::Delete(text_of("Server"))]),
        ("replace", "HTTP.RES.STATUS", "\"200\"", vec![Edit::Status(200)]),
        ("replace", "HTTP.RES.STATUS", "\"none\"", vec![]),
        ("replace", "HTTP.RES.STATUS_MSG", "\"OK\"", vec![Edit::Reason(text_of("OK"))]),
        (
            "insert_after",
            "HTTP.RES.HEADER(\"Server\")",
            "\"2\"",
            vec![Edit::Replace(text_of("Server"), text_of("x2"))],
        ),
        (
            "replace_http_res",
            "\"HTTP/1.1 302 X\\r\\nLocation: /c\\r\\n\\r\\n\"",
            "",
            vec![Edit::Answer(moved)],
        ),
    ] {
        let mut bench = bench();
        route(&mut bench, 1, "TRUE", "one");
        let more = json!({"bindpoint": "RESPONSE", "rule": "HTTP.RES.STATUS.EQ(404)"});
        rewriting(&mut bench, ("one", 1), (kind, target, builder), &more);
        let request = sent("/");
        let decision = decide(&bench.state, &request);
        let response = Response {
            status: 404,
            reason: text_of("Not Found"),
            headers: vec![(text_of("server"), text_of("x"))],
            ..Response::default()
        };
        let rewritten =
            |response: &Response| rewrite_response(&bench.state, &decision, &request, response);
        assert_eq!(rewritten(&response), edits, "{kind} {target} {builder}");
        assert_eq!(rewritten(&Response { status: 200, ..response }), []);
        assert_eq!(rewrite_request(&bench.state, &decision, &request), []);
    }
}

#[test]
fn all_rewrites_that_hold_are_made_first_those_of_the_lbvserver_until_one_ends() {
    let inserted = |edits: &[Edit]| -> String {
        let names = edits.iter().map(|edit| match edit {
            Edit::Insert(name, _) => name.as_str(),
            _ => "?",
        });
        names.collect::<Vec<_>>().join(" ")
    };
    for (goto, expected) in [
        // What nobody said ends it (assumed).
        (json!({}), "L10"),
        (json!({"gotopriorityexpression": "END"}), "L10"),
        (json!({"gotopriorityexpression": "NEXT"}), "L10 L20 L30 F10"),
        (json!({"gotopriorityexpression": "30"}), "L10 L30 F10"),
    ] {
        let mut bench = bench();
        route(&mut bench, 1, "TRUE", "one");
        let next = json!({"gotopriorityexpression": "NEXT"});
        let never = json!({"rule": "FALSE"});
        for (place, name, more) in [
            (("one", 10), "L10", &goto),
            (("one", 20), "L20", &next),
            (("one", 25), "L25", &never),
            (("one", 30), "L30", &next),
            (("front", 10), "F10", &json!({})),
            (("front", 20), "F20", &json!({})),
        ] {
            rewriting(&mut bench, place, ("insert_http_header", name, "\"1\""), more);
        }
        let request = sent("/");
        let decision = decide(&bench.state, &request);
        let edits = rewrite_request(&bench.state, &decision, &request);
        assert_eq!(inserted(&edits), expected, "{goto}");
    }
}

#[test]
fn texts_are_those_of_the_message_as_it_came_and_changes_add_up() {
    let mut bench = bench();
    route(&mut bench, 1, "TRUE", "one");
    let next = json!({"gotopriorityexpression": "NEXT"});
    let path = "HTTP.REQ.URL.PATH";
    rewriting(&mut bench, ("one", 1), ("replace", path, "\"/a\""), &next);
    rewriting(&mut bench, ("one", 2), ("insert_after", path, path), &next);
    let last = json!({"rule": "HTTP.REQ.URL.PATH.EQ(\"/x\")"});
    rewriting(&mut bench, ("one", 3), ("delete", "HTTP.REQ.URL.QUERY", ""), &last);
    let request = sent("/x?q");
    let decision = decide(&bench.state, &request);
    let urls = ["/a?q", "/a/x?q", "/a/x"].map(|url| Edit::Url(text_of(url)));
    assert_eq!(rewrite_request(&bench.state, &decision, &request), urls);
}

#[test]
fn a_rewrite_policy_may_close_the_connection_or_do_nothing() {
    for (action, edits) in
        [("RESET", vec![Edit::Close]), ("DROP", vec![Edit::Close]), ("NOREWRITE", vec![])]
    {
        let mut bench = bench();
        route(&mut bench, 1, "TRUE", "one");
        bench
            .add("rewritepolicy", &json!({"name": "p", "rule": "TRUE", "action": action}))
            .unwrap();
        bench
            .bind(
                "lbvserver_rewritepolicy_binding",
                &json!({"name": "one", "policyname": "p", "priority": 1}),
            )
            .unwrap();
        let request = sent("/");
        let decision = decide(&bench.state, &request);
        assert_eq!(rewrite_request(&bench.state, &decision, &request), edits, "{action}");
    }
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
