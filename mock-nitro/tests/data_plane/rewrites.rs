//! What policies change on the way, and what the appliance answers by itself.

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::bench::Bench;
use crate::client::Hello;

/// Binds a rewrite to a front end.
fn rewrite(bench: &Bench, port: u16, (name, priority, point): (&str, u32, &str), action: &Value) {
    let mut action = action.clone();
    action["name"] = name.into();
    bench.add("rewriteaction", &action);
    bench.add("rewritepolicy", &json!({ "name": name, "rule": "TRUE", "action": name }));
    let bound = json!({
        "name": format!("front-{port}"), "policyname": name, "priority": priority,
        "bindpoint": point, "gotopriorityexpression": "NEXT",
    });
    bench.add("csvserver_rewritepolicy_binding", &bound);
}

#[tokio::test]
async fn members_learn_who_the_client_is_and_cannot_be_told_lies() {
    let mut bench = Bench::new();
    let ca = Authority::new("CA");
    bench.enable("REWRITE");
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("SSL").await;
    bench.profile(
        port,
        &json!({ "snienable": "ENABLED", "clientauth": "ENABLED", "clientcert": "Mandatory" }),
    );
    bench.certificate(port, "shop", &ca.issue("shop.example"), "snicert");
    bench.authority(port, "clients", &ca);
    bench.route(port, 1, "TRUE", "web");
    rewrite(
        &bench,
        port,
        ("strip", 1, "REQUEST"),
        &json!({ "type": "delete_http_header", "target": "X-Client" }),
    );
    let subject = json!({
        "type": "insert_http_header", "target": "X-Client",
        "stringbuilderexpr": "CLIENT.SSL.CLIENT_CERT.SUBJECT",
    });
    rewrite(&bench, port, ("insert", 2, "REQUEST"), &subject);
    let client = ca.issue("ann");
    let stream = bench.handshake(port, &Hello::to("shop.example").showing(&client)).await.unwrap();
    let text =
        "GET / HTTP/1.1\r\nHost: shop.example\r\nX-Client: /CN=root\r\nConnection: close\r\n\r\n";
    let seen = crate::bench::ask(stream, text).await.unwrap().seen();
    assert_eq!(seen["headers"]["x-client"], "/CN=ann");
}

#[tokio::test]
async fn answers_of_members_are_changed_and_those_of_the_appliance_are_not() {
    let mut bench = Bench::new();
    bench.enable("REWRITE");
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let added = json!({
        "type": "insert_http_header", "target": "X-Served-By", "stringbuilderexpr": "\"mock\"",
    });
    rewrite(&bench, port, ("served", 1, "RESPONSE"), &added);
    rewrite(
        &bench,
        port,
        ("type", 2, "RESPONSE"),
        &json!({ "type": "delete_http_header", "target": "Content-Type" }),
    );
    let answer = bench.get(port, "a", "/").await.unwrap();
    assert_eq!(answer.headers("x-served-by"), ["mock"]);
    assert!(answer.headers("content-type").is_empty(), "{answer:?}");
    bench.respond(port, "HTTP.REQ.URL.PATH.EQ(\"/gone\")", 410);
    let answer = bench.get(port, "a", "/gone").await.unwrap();
    assert_eq!((answer.status, answer.headers("x-served-by").len()), (410, 0));
}

#[tokio::test]
async fn a_page_of_the_appliance_is_sent_as_the_expression_gives_it() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let target = "\"HTTP/1.1 400 No Good\\r\\nContent-Type: text/plain\\r\\nConnection: close\\r\\n\\r\\nnot \" + HTTP.REQ.METHOD";
    bench.add(
        "responderaction",
        &json!({ "name": "page", "type": "respondwith", "target": target }),
    );
    bench.add("responderpolicy", &json!({ "name": "page", "rule": "TRUE", "action": "page" }));
    let bound = json!({ "name": format!("front-{port}"), "policyname": "page", "priority": 1 });
    bench.add("csvserver_responderpolicy_binding", &bound);
    let answer = bench.get(port, "a", "/").await.unwrap();
    assert!(answer.head.starts_with("HTTP/1.1 400 No Good\r\n"), "{answer:?}");
    assert_eq!(answer.headers("content-type"), ["text/plain"]);
    assert_eq!(answer.body, "not GET");
}

#[tokio::test]
async fn members_learn_the_address_of_the_client_where_their_group_says_so() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let cip =
        json!({ "servicegroupname": "web", "cip": "ENABLED", "cipheader": "X-Forwarded-For" });
    bench.configure([("PUT", "servicegroup".to_owned(), json!({ "servicegroup": cip }))]);
    let seen = bench.get(port, "a", "/").await.unwrap().seen();
    assert_eq!(seen["headers"]["x-forwarded-for"], "127.0.0.1");
}
