//! The workbench under `/mock/`: what a test of any client does to the appliance, and looks at.

use jiff::Timestamp;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::Server;
use serde_json::{Value, json};

use crate::bench::{Bench, upload};
use crate::client::Client;
use crate::http;
use crate::mutual::Setup;

#[tokio::test]
async fn the_journal_is_read_and_cleared_and_holds_no_secret() {
    let bench = Bench::new().await;
    let login = r#"{"login":{"username":"nsroot","password":"nsroot"}}"#;
    bench.ask("POST /nitro/v1/config/login", login).await;
    bench.ask("POST /nitro/v1/config/systemfile", &upload("a.key", "s3cret")).await;
    let journal = bench.json("GET journal", "").await;
    let paths: Vec<_> = journal.as_array().unwrap().iter().map(|entry| &entry["path"]).collect();
    assert_eq!(paths, ["/nitro/v1/config/login", "/nitro/v1/config/systemfile"]);
    let text = journal.to_string();
    assert!(!text.contains("nsroot\",\"username") && !text.contains("czNjcmV0"), "{text}");
    bench.json("DELETE journal", "").await;
    assert_eq!(bench.json("GET journal", "").await, json!([]));
}

#[tokio::test]
async fn the_state_is_shown_without_secrets_and_the_digest_counts_them() {
    let [one, other, third] = [Bench::new().await, Bench::new().await, Bench::new().await];
    for (bench, password) in [(&one, "s3cret"), (&other, "s3cret"), (&third, "another")] {
        let monitor = json!({"lbmonitor": {
            "monitorname": "m", "type": "RADIUS", "username": "u", "password": "p",
            "radkey": password,
        }});
        let (status, answer) =
            bench.ask("POST /nitro/v1/config/lbmonitor", &monitor.to_string()).await;
        assert_eq!(status, 201, "{answer}");
    }
    let state = one.json("GET state", "").await;
    assert_eq!(state["objects"]["lbmonitor"]["m"]["type"], "RADIUS");
    assert!(!state.to_string().contains("s3cret"));
    assert_eq!(state, third.json("GET state", "").await);
    let digest = one.json("GET digest", "").await;
    assert_eq!(digest["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(digest, other.json("GET digest", "").await);
    assert_ne!(digest, third.json("GET digest", "").await);
}

#[tokio::test]
async fn a_reboot_loses_what_was_not_saved_and_a_reset_everything() {
    let bench = Bench::new().await;
    let fresh = bench.json("GET digest", "").await;
    bench.add("kept").await;
    bench.save().await;
    bench.add("lost").await;
    bench.ask("POST /nitro/v1/config/systemfile", &upload("a.txt", "a")).await;
    bench.json("POST reboot", "").await;
    assert!(bench.has("kept").await && !bench.has("lost").await);
    bench.json("PUT faults", r#"[{"fault":{"refused":603}}]"#).await;
    bench.json("PUT clock", r#"{"now":"2030-01-01T00:00:00Z"}"#).await;
    bench.json("POST reset", "").await;
    assert_eq!(bench.json("GET digest", "").await, fresh);
    assert_eq!(bench.json("GET journal", "").await, json!([]));
    assert_eq!(bench.json("GET faults", "").await, json!([]));
    assert_eq!(bench.json("GET clock", "").await["is_set"], false);
    bench.json("POST reboot", "").await;
    assert!(!bench.has("kept").await, "the saved configuration is reset too");
}

#[tokio::test]
async fn the_clock_is_set_and_goes_on_and_follows_the_machine_again() {
    let server =
        Server::new(Faulty::new(Client::new().appliance, Faults::none()), None, Timestamp::now);
    let bench = Bench::of(server).await;
    assert_eq!(bench.json("GET clock", "").await["is_set"], false);
    bench.json("PUT clock", r#"{"now":"2040-01-01T00:00:00Z"}"#).await;
    let time = |clock: &Value| clock["now"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let first = time(&bench.json("GET clock", "").await);
    let second = time(&bench.json("GET clock", "").await);
    assert!(first.to_string().starts_with("2040-01-01T00:0") && first < second, "{first}");
    let (_, shown) = bench.ask("GET /nitro/v1/config/nsconfig", "").await;
    assert!(shown.contains("Jan  1 00:0") && shown.contains("2040"), "{shown}");
    let followed = bench.json("DELETE clock", "").await;
    assert_eq!(followed["is_set"], false);
    assert!(time(&followed) < first);
    for wrong in ["{}", r#"{"now":"noon"}"#, r#"{"now":"2040-01-01T00:00:00Z","speed":2}"#, "x"] {
        let (status, why) = bench.ask("PUT clock", wrong).await;
        assert_eq!(status, 400);
        assert!(why.contains("the clock takes"), "{why}");
    }
}

#[tokio::test]
async fn a_transition_is_judged_between_begin_and_end() {
    let bench = Bench::new().await;
    let (status, why) = bench.ask("POST check/end", "").await;
    assert_eq!(status, 409);
    assert!(why.contains("/mock/check/begin"), "{why}");
    bench.json("POST check/begin", "").await;
    bench.add("a").await;
    let verdict = bench.json("POST check/end", "").await;
    assert_eq!(verdict, json!({"violations": [], "gaps": 0}));

    let mutual = Setup::new();
    let bench = Bench::with(mutual.client.appliance, None).await;
    bench.json("POST check/begin", "").await;
    let unbind = "/nitro/v1/config/sslvserver_sslcertkey_binding/fe?args=certkeyname:ca,ca:true";
    assert_eq!(bench.ask(&format!("DELETE {unbind}"), "").await.0, 200);
    let bound = json!({"sslvserver_sslcertkey_binding": {
        "vservername": "fe", "certkeyname": "ca", "ca": true,
    }});
    let line = "PUT /nitro/v1/config/sslvserver_sslcertkey_binding";
    assert_eq!(bench.ask(line, &bound.to_string()).await.0, 201);
    let verdict = bench.json("POST check/end", "").await;
    assert_eq!(verdict["violations"][0]["rule"], "no-ca", "{verdict}");
    assert_eq!(verdict["violations"][0]["step"], 1);
}

#[tokio::test]
async fn scripts_in_a_browser_and_unknown_operations_are_refused() {
    let bench = Bench::new().await;
    bench.add("a").await;
    let script = "POST /mock/reset HTTP/1.1\r\nOrigin: http://evil.example\r\nX-Rest:";
    let answer = http::ask(&bench.address, script, "").await;
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
    assert!(bench.has("a").await);
    for line in ["GET nothing", "POST state", "GET reset", "POST begin"] {
        assert_eq!(bench.ask(line, "").await.0, 404, "{line}");
    }
}
