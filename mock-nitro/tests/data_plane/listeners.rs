//! Which sockets are open, and when.

use mock_nitro::{DataPlane, Placement};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::bench::Bench;

#[tokio::test]
async fn a_listener_is_open_as_soon_as_the_appliance_has_answered_and_no_longer() {
    let mut bench = Bench::new();
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let name = format!("front-{port}");
    for _ in 0..3 {
        assert_eq!(bench.get(port, "a.example", "/").await.unwrap().status, 200);
        let disable = json!({ "csvserver": { "name": name } });
        bench.configure([("POST", "csvserver?action=disable".to_owned(), disable.clone())]);
        assert!(bench.connect(port).await.is_err(), "nobody listens for a disabled one");
        bench.configure([("POST", "csvserver?action=enable".to_owned(), disable)]);
    }
    bench.configure([("DELETE", format!("csvserver/{name}"), Value::Null)]);
    assert!(bench.connect(port).await.is_err());
}

#[tokio::test]
async fn an_open_connection_outlives_changes_and_its_next_request_obeys_them() {
    let mut bench = Bench::new();
    let old = bench.back_end("old", "HTTP", 1).await;
    let new = bench.back_end("new", "HTTP", 1).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 2, "TRUE", "old");
    let mut stream = bench.connect(port).await.unwrap();
    let mut ask = async || {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"}\n") {
            assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "the connection ended");
        }
        String::from_utf8(read).unwrap()
    };
    assert!(ask().await.contains(&old[0].to_string()));
    bench.route(port, 1, "TRUE", "new");
    assert!(ask().await.contains(&new[0].to_string()));
}

#[tokio::test]
async fn what_cannot_be_opened_is_down_and_said_and_tried_again() {
    let bench = Bench::new();
    let taken = TcpListener::bind((bench.vip, 0)).await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let place = json!({ "ipv46": bench.vip.to_string(), "port": port });
    let mut front = json!({ "name": "front", "servicetype": "HTTP" });
    front.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
    bench.add("csvserver", &front);
    let state = || {
        let request = mock_nitro::message::Request {
            method: "GET".to_owned(),
            path: "/nitro/v1/config/csvserver/front".to_owned(),
            headers: ["X-NITRO-USER", "X-NITRO-PASS"]
                .map(|name| (name.to_owned(), "nsroot".to_owned()))
                .into(),
            ..mock_nitro::message::Request::default()
        };
        let body = bench.server.with(|faulty| faulty.appliance.handle(&request)).body;
        serde_json::from_slice::<Value>(&body).unwrap()["csvserver"][0]["curstate"].clone()
    };
    assert_eq!(state(), "DOWN");
    let log = bench.log.lock().unwrap().clone();
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].starts_with(&format!("cannot listen on {}:{port}: ", bench.vip)), "{log:?}");
    drop(taken);
    bench.add("lbvserver", &json!({ "name": "other", "servicetype": "HTTP" }));
    assert_eq!(state(), "UP");
    assert!(bench.connect(port).await.is_ok());
}

#[tokio::test]
async fn ports_can_be_moved_up_for_those_who_may_not_bind_low_ones() {
    let bench = Bench::new();
    let plane = DataPlane::new(
        Placement::Configured { port_offset: 20_000 },
        jiff::Timestamp::now,
        Box::new(|_| {}),
    );
    bench.server.carry(plane.clone());
    let front =
        json!({ "name": "f", "servicetype": "HTTP", "ipv46": bench.vip.to_string(), "port": 80 });
    bench.add("csvserver", &front);
    assert_eq!(plane.listens(bench.vip, 80), Some((bench.vip, 20_080).into()));
    assert!(bench.connect(20_080).await.is_ok());
}
