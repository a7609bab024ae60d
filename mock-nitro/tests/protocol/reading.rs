//! GET: filters, counts, pages, attributes, singletons, statistics.

use serde_json::{Value, json};

use crate::client::Client;

fn with_servers() -> Client {
    let mut client = Client::new();
    for number in 1..=5 {
        let server =
            format!(r#"{{"server":{{"name":"k8s-s{number}","ipaddress":"192.0.2.{number}"}}}}"#);
        client.done("POST server", &server);
    }
    client.done(
        "POST server",
        r#"{"server":{"name":"other","ipaddress":"192.0.2.6","comment":"a, b"}}"#,
    );
    client
}

fn names(client: &mut Client, query: &str) -> Vec<Value> {
    let answer = client.ask(&format!("GET server?{query}"), "");
    answer.is("200 OK", "Done");
    answer.rows("server").iter().map(|row| row["name"].clone()).collect()
}

#[test]
fn a_filter_compares_values_or_patterns_however_it_is_encoded() {
    let mut client = with_servers();
    for (query, expected) in [
        ("filter=name:k8s-s2", json!(["k8s-s2"])),
        ("filter=name:K8S-S2", json!(["k8s-s2"])),
        ("filter=ipaddress:192.0.2.3,name:k8s-s3", json!(["k8s-s3"])),
        ("filter=ipaddress:192.0.2.3,name:k8s-s4", json!([])),
        ("filter=name:/^k8s[-_]s[12]$/", json!(["k8s-s1", "k8s-s2"])),
        ("filter=name%3A%2F%5Ek8s%5B-_%5Ds5%2F", json!(["k8s-s5"])),
        ("filter=name:%2F%5Eo%2F", json!(["other"])),
        ("filter=comment:a%2C%20b", json!(["other"])),
        ("filter=state:enabled,name:other", json!(["other"])),
        ("args=name:other", json!(["other"])),
        ("args=ipaddress:192.0.2.6", json!(["other"])),
    ] {
        assert_eq!(json!(names(&mut client, query)), expected, "{query}");
    }
    assert_eq!(names(&mut client, "filter=").len(), 6);
    client.expect(&[
        ("GET server?filter=colour:red", "", "400 Bad Request", "278"),
        ("GET server?filter=name:/(/", "", "400 Bad Request", "278"),
        ("GET server?args=comment:x", "", "400 Bad Request", "278"),
    ]);
}

#[test]
fn a_filter_of_bindings_knows_flags_that_are_not_set() {
    let mut client = Client::new();
    client.done(
        "POST csvserver",
        r#"{"csvserver":{"name":"c","servicetype":"HTTP","ipv46":"192.0.2.1","port":80}}"#,
    );
    client.done("POST lbvserver", r#"{"lbvserver":{"name":"l","servicetype":"HTTP"}}"#);
    client.done("POST csaction", r#"{"csaction":{"name":"a","targetlbvserver":"l"}}"#);
    client.done("POST cspolicy", r#"{"cspolicy":{"policyname":"p","rule":"TRUE","action":"a"}}"#);
    client.done(
        "PUT csvserver_cspolicy_binding",
        r#"{"csvserver_cspolicy_binding":{"name":"c","policyname":"p","priority":7}}"#,
    );
    let line = "GET csvserver_cspolicy_binding/c?filter=policyname:p,invoke:";
    assert_eq!(client.ask(&format!("{line}false"), "").rows("csvserver_cspolicy_binding").len(), 1);
    client.ask(&format!("{line}true"), "").is("200 OK", r#""severity": "NONE" }"#);
}

#[test]
fn counts_pages_attributes_and_views() {
    let mut client = with_servers();
    client.expect(&[
        ("GET server?count=yes", "", "200 OK", r#"{ "errorcode": 0, "message": "Done", "severity": "NONE", "server": [ { "__count": 6 } ] }"#),
        ("GET server?count=yes&filter=name:/^k8s/", "", "200 OK", r#"[ { "__count": 5 } ]"#),
        ("GET lbvserver?count=yes", "", "200 OK", r#"[ { "__count": 0 } ]"#),
        ("GET server/k8s-s1?attrs=ipaddress,state", "", "200 OK", r#"[ { "ipaddress": "192.0.2.1", "state": "ENABLED" } ]"#),
    ]);
    assert_eq!(names(&mut client, "pagesize=4&pageno=1").len(), 4);
    assert_eq!(json!(names(&mut client, "pagesize=4;pageno=2")), json!(["k8s-s5", "other"]));
    client.expect(&[("GET server?pagesize=4&pageno=3", "", "200 OK", r#""severity": "NONE" }"#)]);
    client.done(
        "POST csvserver",
        r#"{"csvserver":{"name":"c","servicetype":"HTTP","ipv46":"192.0.2.1","port":80}}"#,
    );
    let keys = |line: &str, client: &mut Client| {
        client.ask(line, "").rows("csvserver")[0].as_object().unwrap().len()
    };
    let summary = keys("GET csvserver/c?view=summary", &mut client);
    assert!(summary < keys("GET csvserver/c?view=detail", &mut client));
}

#[test]
fn singletons_are_objects_and_nothing_is_no_array() {
    let mut client = Client::new();
    for kind in ["nsversion", "nsfeature", "nsmode", "nsconfig", "nshardware", "sslparameter"] {
        let answer = client.ask(&format!("GET {kind}"), "");
        assert!(answer.json()[kind].is_object(), "{}", answer.text());
    }
    client.expect(&[
        (
            "GET lbvserver",
            "",
            "200 OK",
            r#"{ "errorcode": 0, "message": "Done", "severity": "NONE" }"#,
        ),
        (
            "GET clusterinstance",
            "",
            "200 OK",
            r#"{ "errorcode": 0, "message": "Done", "severity": "NONE" }"#,
        ),
        ("GET nsversion", "", "200 OK", r#""version": "NetScaler NS14.1: Build 47.48.nc, "#),
        ("GET hanode", "", "200 OK", r#"[ { "id": "0""#),
        ("GET hanode/0", "", "200 OK", r#""state": "Primary""#),
        ("GET sslparameter", "", "200 OK", r#""defaultprofile": "ENABLED""#),
        ("GET login", "", "599 Netscaler specific error", "1088"),
    ]);
}

#[test]
fn statistics_say_who_is_primary_and_what_is_up() {
    let mut client = Client::new();
    client.done("POST lbvserver", r#"{"lbvserver":{"name":"l","servicetype":"HTTP"}}"#);
    client.expect(&[
        ("GET /nitro/v1/stat/hanode", "", "200 OK", r#""hacurmasterstate": "Primary""#),
        ("GET /nitro/v1/stat/lbvserver", "", "200 OK", r#""lbvserver": [ { "#),
        ("GET /nitro/v1/stat/lbvserver/l", "", "200 OK", r#""name": "l""#),
        ("GET /nitro/v1/stat/lbvserver/x", "", "404 Not Found", "258"),
        (
            "GET /nitro/v1/stat/lbvserver_binding",
            "",
            "400 Bad Request",
            "Invalid object name [lbvserver_binding]",
        ),
        ("GET /menu/neo", "", "404 Not Found", "<html>"),
    ]);
    client.appliance.set_secondary(true);
    client.expect(&[
        ("GET /nitro/v1/stat/hanode", "", "200 OK", r#""hacurmasterstate": "Secondary""#),
        ("GET hanode/0", "", "200 OK", r#""state": "Secondary""#),
        (
            "POST server?warning=yes",
            r#"{"server":{"name":"s","ipaddress":"192.0.2.1"}}"#,
            "209 X-NITRO-WARNING",
            "1028",
        ),
    ]);
}
