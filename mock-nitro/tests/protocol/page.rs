//! The page of the configuration.

use mock_nitro::{DataPlane, Placement};
use serde_json::json;
use tokio::net::TcpListener;

use crate::bench::Bench;
use crate::client::noon;
use crate::http;
use crate::mutual::Setup;

/// What a person reads on a page: its text, without markup and style.
fn read(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split('<') {
        let shown = part.split_once('>').map_or("", |(_, shown)| shown).trim_start_matches('\n');
        text.push_str(shown);
    }
    text.replace("&#60;", "<").replace("&#62;", ">")
}

#[tokio::test]
async fn the_page_says_who_demands_what_of_whom() {
    let bench = Bench::with(Setup::new().client.appliance, None).await;
    let (status, page) = bench.ask("GET ui", "").await;
    assert_eq!(status, 200);
    let text = read(&page);
    for line in [
        "192.0.2.1:443 UP",
        "csvserver fe, SSL",
        "Clients: every client must show a certificate issued by CN=Clients CA (",
        "TLS 1.2 and later",
        "accepts clients of: ca (CN=Clients CA), valid until ",
        "shown for its names: web (CN=shop.example), valid until Dec 31 00:00:00 2026 GMT, 304 days left",
        "shop.example/cart",
        "cspolicy shop, <script>alert(1)</script>",
        "lbvserver app UP",
        "servicegroup app: TLS; members must show a certificate for app.internal by CN=Members CA (",
        "accepts members of: members-ca (CN=Members CA), valid until ",
        "shown to members: own (CN=appliance.example), expired on Dec 31 00:00:00 2025 GMT",
        "10.0.0.1:8443 UP",
        "10.0.0.1:8444 UP",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
}

#[tokio::test]
async fn names_are_text_on_the_page_and_nothing_is_loaded() {
    let bench = Bench::with(Setup::new().client.appliance, None).await;
    let answer = http::ask(&bench.address, "GET /mock/ui", "").await;
    assert!(answer.contains("content-type: text/html; charset=utf-8"), "{answer}");
    assert!(answer.contains("content-security-policy: default-src 'none';"), "{answer}");
    assert!(answer.contains("&#60;script&#62;alert(1)"), "{answer}");
    for loaded in ["<script", "http://", "https://", "src=", "href=", "PRIVATE KEY"] {
        assert!(!answer.contains(loaded), "{loaded}");
    }
    assert!(answer.contains("<title>mock-nitro: the running configuration</title>"));
    assert!(answer.contains(r#"<meta name="viewport" content="width=device-width"#));
}

#[tokio::test]
async fn the_page_says_what_is_out_of_service_or_missing() {
    let mut setup = Setup::new();
    setup.client.done(
        "POST servicegroup?action=disable",
        r#"{"servicegroup":{"servicegroupname":"app","servername":"10.0.0.1","port":8443}}"#,
    );
    setup.add("lbvserver", &json!({
        "name": "alone", "servicetype": "TCP", "ipv46": "192.0.2.2", "port": 25, "comment": "mail",
    }));
    setup
        .client
        .done("PUT sslprofile", r#"{"sslprofile":{"name":"mutual","clientcert":"Optional"}}"#);
    for (kind, fields) in [
        (
            "csvserver",
            json!({"name": "old", "servicetype": "HTTP", "ipv46": "192.0.2.3", "port": 80}),
        ),
        ("responderpolicy", json!({"name": "away", "rule": "TRUE", "action": "RESET"})),
        (
            "csvserver_responderpolicy_binding",
            json!({"name": "old", "policyname": "away", "priority": 1}),
        ),
    ] {
        setup.add(kind, &fields);
    }
    let bench = Bench::with(setup.client.appliance, None).await;
    let text = read(&bench.ask("GET ui", "").await.1);
    for line in [
        "responderpolicy away: RESET",
        "no route is served",
        "10.0.0.1:8443 OUT OF SERVICE",
        "192.0.2.2:25 DOWN",
        "lbvserver alone, TCP, mail",
        "nothing is bound to it",
        "Clients: clients may show a certificate issued by CN=Clients CA (",
    ] {
        assert!(text.contains(line), "no {line:?} in:\n{text}");
    }
    assert!(!text.contains("must show a certificate issued"), "{text}");
}

#[tokio::test]
async fn the_page_of_a_fresh_appliance_says_that_there_is_nothing() {
    let bench = Bench::new().await;
    let text = read(&bench.ask("GET ui", "").await.1);
    assert!(text.contains("Nothing is configured yet"), "{text}");
}

#[tokio::test]
async fn the_page_names_a_listener_that_could_not_be_opened() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = taken.local_addr().unwrap();
    let bench = Bench::new().await;
    bench.server.carry(DataPlane::new(
        Placement::Configured { port_offset: 0 },
        noon,
        Box::new(|_| {}),
    ));
    let vserver = json!({"lbvserver": {
        "name": "v", "servicetype": "HTTP", "ipv46": place.ip().to_string(), "port": place.port(),
    }});
    bench.ask("POST /nitro/v1/config/lbvserver", &vserver.to_string()).await;
    let text = read(&bench.ask("GET ui", "").await.1);
    let why = format!("cannot listen on {place}: ");
    assert!(text.contains(&format!("{place} DOWN")) && text.contains(&why), "{text}");
}
