//! A clock that a test sets counts for the certificates of clients.

use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

use crate::authority::Authority;
use crate::bench::{Bench, ask};
use crate::client::Hello;

#[tokio::test]
async fn certificates_are_judged_by_the_clock_of_the_workbench() {
    let mut bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let workbench = listener.local_addr().unwrap();
    let serving = tokio::spawn(bench.server.clone().serve(listener, None));
    let ca = Authority::new("CA");
    let later = ca.issue_with("later", |params| {
        params.not_before = rcgen::date_time_ymd(2040, 1, 1);
        params.not_after = rcgen::date_time_ymd(2041, 1, 1);
    });
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("SSL").await;
    bench.profile(port, &json!({ "clientauth": "ENABLED", "clientcert": "Mandatory" }));
    bench.route(port, 1, "TRUE", "web");
    bench.certificate(port, "shop", &ca.issue("shop.example"), "");
    bench.authority(port, "clients", &ca);
    for (request, body, status) in [
        ("DELETE", "", None),
        ("PUT", r#"{"now":"2040-06-01T00:00:00Z"}"#, Some(200)),
        ("PUT", r#"{"now":"2042-06-01T00:00:00Z"}"#, None),
    ] {
        let text = format!(
            "{request} /mock/clock HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = TcpStream::connect(workbench).await.unwrap();
        assert_eq!(ask(stream, &text).await.unwrap().status, 200);
        let hello = Hello::to("shop.example").showing(&later);
        let answer = bench.get_tls(port, &hello, "shop.example").await;
        assert_eq!(answer.map(|answer| answer.status), status, "{body}");
    }
    serving.abort();
}
