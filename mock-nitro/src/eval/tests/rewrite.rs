//! What becomes of messages on their way.

use serde_json::{Value, json};

use super::super::*;
use super::{bench, route};
use crate::rules::Bench;

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
    let rule = more.get("rule").cloned().unwrap_or_else(|| "TRUE".into());
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
        let names = edits.iter().filter_map(|edit| {
            if let Edit::Insert(name, _) = edit { Some(name.as_str()) } else { None }
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
