//! HTTP in plain text: content switching, balancing, what goes on to the member and what comes back.

use std::collections::BTreeSet;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::bench::{Bench, ask};

#[tokio::test]
async fn requests_go_where_policies_lead() {
    let mut bench = Bench::new();
    let shop = bench.back_end("shop", "HTTP", 1).await;
    let blog = bench.back_end("blog", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "HTTP.REQ.URL.PATH.STARTSWITH(\"/blog/\")", "blog");
    bench.route(port, 2, "HTTP.REQ.HOSTNAME.SERVER.EQ(\"shop.example\")", "shop");
    let seen = bench.get(port, "shop.example:8080", "/blog/?q=%2F").await.unwrap().seen();
    assert_eq!(seen["backend"], blog[0].to_string());
    assert_eq!(seen["path"], "/blog/?q=%2F");
    assert_eq!(seen["tls"], json!(null));
    let seen = bench.get(port, "shop.example", "/").await.unwrap().seen();
    assert_eq!(seen["backend"], shop[0].to_string());
    assert_eq!(seen["headers"]["host"], "shop.example");
    let nowhere = bench.get(port, "other.example", "/").await.unwrap();
    assert_eq!(nowhere.status, 503, "no policy, no default: {nowhere:?}");
}

#[tokio::test]
async fn a_body_goes_through_both_ways() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let body = "x".repeat(300_000);
    let chunked = format!(
        "POST /in HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    let answer = ask(bench.connect(port).await.unwrap(), &chunked).await.unwrap();
    let seen = answer.seen();
    assert_eq!((seen["method"].as_str(), seen["body"].as_str()), (Some("POST"), Some(&*body)));
}

#[tokio::test]
async fn what_is_about_one_connection_stays_on_it() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nX-Kept: 2\r\n\
                   Keep-Alive: 5\r\nTE: trailers\r\n\r\n";
    let seen = ask(bench.connect(port).await.unwrap(), request).await.unwrap().seen();
    assert_eq!(seen["headers"], json!({ "host": "a", "x-kept": "2" }));
}

#[tokio::test]
async fn members_take_turns_and_a_dead_one_is_an_error() {
    let mut bench = Bench::new();
    let members = bench.back_end("web", "HTTP", 3).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let mut met = BTreeSet::new();
    for _ in 0..3 {
        let seen = bench.get(port, "a", "/").await.unwrap().seen();
        met.insert(seen["backend"].as_str().unwrap().to_owned());
    }
    assert_eq!(met, members.iter().map(ToString::to_string).collect());

    bench.back_end("dead", "HTTP", 0).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    bench.member("dead", closed);
    bench.route(port, 3, "TRUE", "dead");
    let front = format!("front-{port}");
    let away = format!("csvserver_cspolicy_binding/{front}?args=policyname:p-{port}-1");
    bench.configure([("DELETE", away, serde_json::Value::Null)]);
    assert_eq!(bench.get(port, "a", "/").await.unwrap().status, 503);
    let log = bench.log.lock().unwrap().join("\n");
    assert!(log.contains(&format!("member {closed} of dead: no connection")), "{log}");
}

#[tokio::test]
async fn a_cookie_keeps_a_client_with_its_member() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 3).await;
    let sticky = json!({ "name": "web", "persistencetype": "COOKIEINSERT", "timeout": 0 });
    bench.configure([("PUT", "lbvserver".to_owned(), json!({ "lbvserver": sticky }))]);
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let first = bench.get(port, "a", "/").await.unwrap();
    let cookie = first.headers("set-cookie")[0].split(';').next().unwrap().to_owned();
    for _ in 0..3 {
        let text = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nCookie: x=y; {cookie}\r\nConnection: close\r\n\r\n"
        );
        let again = ask(bench.connect(port).await.unwrap(), &text).await.unwrap();
        assert_eq!(again.seen()["backend"], first.seen()["backend"]);
        assert!(again.headers("set-cookie").is_empty(), "{again:?}");
    }
}

#[tokio::test]
async fn a_connection_can_go_on_with_another_protocol() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let mut stream = bench.connect(port).await.unwrap();
    let request =
        "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
    let head = String::from_utf8(read).unwrap();
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.to_ascii_lowercase().contains("upgrade: websocket"), "{head}");
    for text in [b"ping", b"pong"] {
        stream.write_all(text).await.unwrap();
        let mut back = [0; 4];
        stream.read_exact(&mut back).await.unwrap();
        assert_eq!(&back, text);
    }
}
