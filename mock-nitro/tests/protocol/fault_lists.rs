//! Faults that a test asks for over HTTP.

use std::time::Duration;

use serde_json::json;

use crate::bench::{Bench, upload};
use crate::http;

#[tokio::test]
async fn faults_are_met_by_type_verb_and_number() {
    let bench = Bench::new().await;
    let list = r#"[
        {"type": "server", "verb": "POST", "nth": 2, "fault": {"refused": 603}},
        {"type": "server", "verb": "POST", "nth": 3, "fault": "reset_before"},
        {"type": "server", "verb": "POST", "nth": 4, "fault": "reset_after"},
        {"verb": "POST save", "fault": "unavailable"}
    ]"#;
    let put = bench.json("PUT faults", list).await;
    assert_eq!(put, bench.json("GET faults", "").await);
    assert_eq!(put.as_array().unwrap().len(), 4);
    let mut statuses = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        assert!(!bench.has(name).await, "reading is not counted");
        statuses.push(bench.add(name).await);
    }
    assert_eq!(statuses, [201, 599, 0, 0, 201]);
    for (name, there) in [("a", true), ("b", false), ("c", false), ("d", true), ("e", true)] {
        assert_eq!(bench.has(name).await, there, "{name}");
    }
    let line = "POST /nitro/v1/config/nsconfig?action=save";
    assert_eq!(bench.ask(line, r#"{"nsconfig":{}}"#).await.0, 503);
    bench.json("DELETE faults", "").await;
    bench.save().await;
    assert_eq!(bench.add("f").await, 201);
}

#[tokio::test]
async fn each_fault_can_be_asked_for() {
    let two =
        r#"{"server":[{"name":"a","ipaddress":"192.0.2.1"},{"name":"b","ipaddress":"192.0.2.2"}]}"#;
    for (fault, status, text) in [
        (r#"{"latency_ms":1}"#, 201, "Done"),
        (r#""unavailable""#, 503, "<html>"),
        (r#""reset_before""#, 0, ""),
        (r#""reset_after""#, 0, ""),
        (r#"{"reset_within":1}"#, 0, ""),
        (r#""session_expired""#, 201, "Done"),
        (r#"{"fails":{"command":1,"code":1072}}"#, 207, r#""errorcode": 1072"#),
        (r#"{"refused":293}"#, 599, "Operation already in progress"),
        (r#"{"refused_within":{"commands":1,"code":603}}"#, 599, r#""errorcode": 603"#),
        (r#""disk_full""#, 201, "Done"),
        (r#"{"hidden_error":1056}"#, 200, r#""errorcode": 1056"#),
        (r#""failover""#, 201, "Done"),
        (r#""hand_over""#, 201, "Done"),
        (r#""reboot""#, 503, "<html>"),
    ] {
        let bench = Bench::new().await;
        bench.json("PUT faults", &format!(r#"[{{"nth": 1, "fault": {fault}}}]"#)).await;
        let (got, answer) = bench.ask("POST /nitro/v1/config/server", two).await;
        assert_eq!(got, status, "{fault}: {answer}");
        assert!(answer.contains(text), "{fault}: {answer}");
        assert_eq!(bench.add("z").await, 201, "{fault}: the second request meets none");
    }
}

#[tokio::test]
async fn a_login_beyond_the_limit_of_sessions_is_refused_on_demand() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"type":"login","fault":{"refused":445}}]"#).await;
    let login = r#"{"login":{"username":"nsroot","password":"nsroot"}}"#;
    let (status, answer) = bench.ask("POST /nitro/v1/config/login", login).await;
    assert_eq!(status, 599);
    assert!(answer.contains("Session limit exceeded"), "{answer}");
    assert_eq!(bench.add("a").await, 201);
}

#[tokio::test]
async fn a_full_disk_takes_no_upload_and_every_other_command() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"fault":"disk_full"}]"#).await;
    let (status, answer) =
        bench.ask("POST /nitro/v1/config/systemfile", &upload("a.crt", "a")).await;
    assert_eq!(status, 599);
    assert!(
        answer.contains(r#""errorcode": 284, "message": "No space left on device"#),
        "{answer}"
    );
    let nowhere = upload("a.crt", "a").replace("/nsconfig/ssl", "/nowhere");
    let (_, answer) = bench.ask("POST /nitro/v1/config/systemfile", &nowhere).await;
    assert!(answer.contains(r#""errorcode": 3440"#), "{answer}");
    assert_eq!(bench.add("a").await, 201);
    bench.json("DELETE faults", "").await;
    let uploaded = bench.ask("POST /nitro/v1/config/systemfile", &upload("a.crt", "a")).await;
    assert_eq!(uploaded.0, 201, "nothing of the refused file was left: {}", uploaded.1);
}

#[tokio::test]
async fn a_truncated_answer_is_shorter_than_it_said() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"type":"nsversion","nth":1,"fault":"truncated"}]"#).await;
    let mut lengths = Vec::new();
    for _ in 0..2 {
        let answer = http::ask(&bench.address, "GET /nitro/v1/config/nsversion", "").await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        lengths.push((announced.unwrap().parse::<usize>().unwrap(), body.len()));
    }
    let [(announced, there), whole] = lengths[..] else { panic!("{lengths:?}") };
    assert_eq!((announced, announced), whole);
    assert_eq!(there, announced / 2);
}

#[tokio::test]
async fn a_seed_picks_the_same_requests_each_time() {
    let bench = Bench::new().await;
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let rule = json!([{
            "type": "server", "seeded": {"seed": seed, "per_mille": 300}, "fault": "unavailable",
        }]);
        bench.json("PUT faults", &rule.to_string()).await;
        let mut run = Vec::new();
        for _ in 0..60 {
            run.push(bench.ask("GET /nitro/v1/config/server", "").await.0);
            assert_eq!(bench.ask("GET /nitro/v1/config/nsversion", "").await.0, 200);
        }
        runs.push(run);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    let met = runs[0].iter().filter(|status| **status == 503).count();
    assert!((6..40).contains(&met), "{met} of 60");
}

#[tokio::test]
async fn a_wrong_list_of_faults_is_refused_whole_and_says_where() {
    let bench = Bench::new().await;
    bench.json("PUT faults", r#"[{"fault":"unavailable","type":"server"}]"#).await;
    let good = r#"{"fault":"truncated"}"#;
    for (rule, why) in [
        (r#"{"fault":"explode"}"#, "unknown variant `explode`"),
        (r#"{"fault":"truncated","typ":"server"}"#, "unknown field `typ`"),
        (r#"{"fault":"truncated","type":"sever"}"#, "there is no type \\\"sever\\\""),
        (r#"{"fault":"truncated","verb":"FETCH"}"#, "verb \\\"FETCH\\\" does not begin with"),
        (r#"{"fault":"truncated","nth":0}"#, "counts from 1"),
        (r#"{"fault":"truncated","seeded":{"seed":1,"per_mille":1001}}"#, "at most 1000"),
        (r#"{"fault":"truncated","seeded":{"seed":1}}"#, "missing field `per_mille`"),
        (r#"{"fault":{"refused":99999}}"#, "there is no error code 99999"),
        (r#"{"fault":{"fails":{"command":1,"kode":2}}}"#, "unknown field `kode`"),
        (r#"{"type":"server"}"#, "missing field `fault`"),
        ("3", "invalid type"),
    ] {
        let (status, answer) = bench.ask("PUT faults", &format!("[{good},{rule}]")).await;
        assert_eq!(status, 400, "{rule}");
        assert!(
            answer.contains("fault 2 of the list: ") && answer.contains(why),
            "{rule}: {answer}"
        );
    }
    let (status, answer) = bench.ask("PUT faults", "{}").await;
    assert_eq!(status, 400);
    assert!(answer.contains("no JSON array"), "{answer}");
    assert_eq!(bench.add("a").await, 503, "the list before them still counts");
}

#[tokio::test]
async fn what_is_held_goes_on_when_other_faults_are_put() {
    for fault in ["held_before", "held_after"] {
        let bench = Bench::new().await;
        bench
            .json("PUT faults", &format!(r#"[{{"type":"server","nth":1,"fault":"{fault}"}}]"#))
            .await;
        let release = async {
            while !bench.server.with(|node| node.faults.are_holding()) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let is_done = bench.server.with(|node| node.appliance.journal().len()) == 1;
            bench.json("DELETE faults", "").await;
            is_done
        };
        let (status, is_done) = tokio::join!(bench.add("a"), release);
        assert_eq!((status, is_done), (201, fault == "held_after"));
    }
}
