//! What the appliance answers, as it goes over the wire.

use serde_json::json;

use super::super::*;
use super::{answering, ask, bench, responding, route};
use crate::rules::Bench;

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
