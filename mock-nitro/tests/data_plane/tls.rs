//! TLS at the front: which certificate clients are shown, and which one they must show.

use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::bench::Bench;
use crate::client::{Hello, der};

/// A front end in TLS with this profile that leads everything to one back end.
async fn front(bench: &mut Bench, profile: &Value) -> u16 {
    bench.back_end("web", "HTTP", 1).await;
    let port = bench.front("SSL").await;
    bench.profile(port, profile);
    bench.route(port, 1, "TRUE", "web");
    port
}

#[tokio::test]
async fn clients_are_shown_the_certificate_of_the_name_that_they_ask_for() {
    let mut bench = Bench::new();
    let ca = Authority::new("CA");
    let [exact, wildcard, default] =
        ["shop.example", "*.shop.example", "default.example"].map(|name| ca.issue(name));
    let port = front(&mut bench, &json!({ "snienable": "ENABLED" })).await;
    bench.certificate(port, "exact", &exact, "snicert");
    bench.certificate(port, "wildcard", &wildcard, "snicert");
    let shown = async |name| bench.shows(port, &Hello::to(name)).await;
    assert_eq!(shown("shop.example").await, Some(der(&exact)));
    assert_eq!(shown("SHOP.example").await, Some(der(&exact)));
    assert_eq!(shown("a.shop.example").await, Some(der(&wildcard)));
    assert_eq!(shown("a.b.shop.example").await, None, "a wildcard covers one label");
    assert_eq!(shown("other.example").await, None);
    let nameless = Hello { sni: None, ..Hello::to("") };
    assert_eq!(bench.shows(port, &nameless).await, None, "there is no default certificate");

    bench.certificate(port, "default", &default, "");
    assert_eq!(bench.shows(port, &nameless).await, Some(der(&default)));
    assert_eq!(shown("other.example").await, None, "unknown names are not allowed");
    bench.set_profile(port, &json!({ "allowunknownsni": "ENABLED" }));
    assert_eq!(shown("other.example").await, Some(der(&default)));
}

#[tokio::test]
async fn without_sni_everybody_is_shown_the_default_certificate() {
    let mut bench = Bench::new();
    let default = Authority::new("CA").issue("default.example");
    let port = front(&mut bench, &json!({ "snienable": "DISABLED" })).await;
    bench.certificate(port, "default", &default, "");
    let shown = bench.shows(port, &Hello::to("shop.example")).await;
    assert_eq!(shown, Some(der(&default)));
}

#[tokio::test]
async fn an_unknown_name_is_told_to_be_unknown() {
    let mut bench = Bench::new();
    let ca = Authority::new("CA");
    let port = front(&mut bench, &json!({ "snienable": "ENABLED" })).await;
    bench.certificate(port, "shop", &ca.issue("shop.example"), "snicert");
    let error = bench.handshake(port, &Hello::to("other.example")).await.unwrap_err();
    assert!(error.to_string().contains("UnrecognisedName"), "{error}");
    let log = bench.log.lock().unwrap().join("\n");
    assert!(log.contains("no certificate is bound for the name \"other.example\""), "{log}");
}

#[tokio::test]
async fn versions_are_those_of_the_profile() {
    let mut bench = Bench::new();
    let ca = Authority::new("CA");
    let port = front(
        &mut bench,
        &json!({ "snienable": "ENABLED", "tls12": "DISABLED", "tls13": "ENABLED" }),
    )
    .await;
    bench.certificate(port, "shop", &ca.issue("shop.example"), "snicert");
    let with = async |version| {
        bench.shows(port, &Hello { version, ..Hello::to("shop.example") }).await.is_some()
    };
    assert_eq!((with(&TLS12).await, with(&TLS13).await), (false, true));
    bench.set_profile(port, &json!({ "tls12": "ENABLED", "tls13": "DISABLED" }));
    assert_eq!((with(&TLS12).await, with(&TLS13).await), (true, false));
}

#[tokio::test]
async fn client_certificates_are_demanded_as_the_profile_says() {
    for version in [&TLS12, &TLS13] {
        let mut bench = Bench::new();
        let (ca, foreign) = (Authority::new("Clients CA"), Authority::new("Clients CA"));
        let (good, bad) = (ca.issue("customer"), foreign.issue("customer"));
        let expired =
            ca.issue_with("late", |params| params.not_after = rcgen::date_time_ymd(2020, 1, 1));
        let profile =
            json!({ "snienable": "ENABLED", "clientauth": "ENABLED", "clientcert": "Mandatory" });
        let port = front(&mut bench, &profile).await;
        bench.certificate(port, "shop", &ca.issue("shop.example"), "snicert");
        let hello = Hello { version, ..Hello::to("shop.example") };
        let get = async |hello: Hello<'_>| {
            bench.get_tls(port, &hello, "shop.example").await.map(|answer| answer.status)
        };
        assert_eq!(get(hello.clone().showing(&good)).await, None, "no CA is bound");
        bench.authority(port, "clients", &ca);
        assert_eq!(get(hello.clone()).await, None);
        assert_eq!(get(hello.clone().showing(&bad)).await, None);
        assert_eq!(get(hello.clone().showing(&expired)).await, None);
        assert_eq!(get(hello.clone().showing(&good)).await, Some(200));

        bench.set_profile(port, &json!({ "clientcert": "Optional" }));
        for shown in [None, Some(&bad), Some(&expired), Some(&good)] {
            let hello = Hello { identity: shown, ..hello.clone() };
            assert_eq!(get(hello).await, Some(200));
        }
        // What policies see of them.
        bench.respond(port, "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT", 418);
        assert_eq!(get(hello.clone()).await, Some(418));
        assert_eq!(get(hello.clone().showing(&bad)).await, Some(200), "it exists");
        bench.respond(port, "!CLIENT.SSL.CLIENT_CERT.IS_VALID", 419);
        for shown in [&bad, &expired] {
            assert_eq!(get(hello.clone().showing(shown)).await, Some(419));
        }
        assert_eq!(get(hello.clone().showing(&good)).await, Some(200));
    }
}

#[tokio::test]
async fn requests_for_another_host_than_that_of_the_handshake_get_no_answer() {
    let mut bench = Bench::new();
    let ca = Authority::new("CA");
    let port =
        front(&mut bench, &json!({ "snienable": "ENABLED", "snihttphostmatch": "STRICT" })).await;
    bench.certificate(port, "shop", &ca.issue("*.shop.example"), "snicert");
    let get = async |sni, host| {
        bench.get_tls(port, &Hello::to(sni), host).await.map(|answer| answer.status)
    };
    assert_eq!(get("a.shop.example", "A.shop.example:8443").await, Some(200));
    assert_eq!(get("a.shop.example", "b.shop.example").await, None);
    bench.set_profile(port, &json!({ "snihttphostmatch": "CERT" }));
    assert_eq!(get("a.shop.example", "b.shop.example").await, Some(200));
    assert_eq!(get("a.shop.example", "other.example").await, None);
    bench.set_profile(port, &json!({ "snihttphostmatch": "NO" }));
    assert_eq!(get("a.shop.example", "other.example").await, Some(200));
}

#[tokio::test]
async fn answers_say_that_tls_is_wanted_from_now_on() {
    let mut bench = Bench::new();
    let ca = Authority::new("CA");
    let hsts = json!({
        "snienable": "ENABLED", "hsts": "ENABLED", "maxage": 300, "includesubdomains": "YES",
    });
    let port = front(&mut bench, &hsts).await;
    bench.certificate(port, "shop", &ca.issue("shop.example"), "snicert");
    let answer = bench.get_tls(port, &Hello::to("shop.example"), "shop.example").await.unwrap();
    assert_eq!(answer.headers("strict-transport-security"), ["max-age=300; includeSubDomains"]);
    bench.respond(port, "TRUE", 404);
    let answer = bench.get_tls(port, &Hello::to("shop.example"), "shop.example").await.unwrap();
    assert_eq!((answer.status, answer.headers("strict-transport-security").len()), (404, 1));
}

#[tokio::test]
async fn what_policies_see_of_a_client_and_what_they_answer_arrives_whole() {
    let mut bench = Bench::new();
    let ca = Authority::new("Clients CA");
    let profile =
        json!({ "snienable": "ENABLED", "clientauth": "ENABLED", "clientcert": "Optional" });
    let port = front(&mut bench, &profile).await;
    bench.certificate(port, "shop", &ca.issue("shop.example"), "snicert");
    bench.authority(port, "clients", &ca);
    let target = r#""HTTP/1.1 403 Not you\r\nX-TLS: " + CLIENT.SSL.VERSION + " " + CLIENT.SSL.CIPHER_NAME + "\r\n\r\n" + CLIENT.SSL.CLIENT_CERT.SUBJECT.VALUE("CN") + HTTP.REQ.VERSION"#;
    bench
        .add("responderaction", &json!({ "name": "say", "type": "respondwith", "target": target }));
    bench.add("responderpolicy", &json!({ "name": "say", "rule": "TRUE", "action": "say" }));
    let bound = json!({ "name": format!("front-{port}"), "policyname": "say", "priority": 1 });
    bench.add("csvserver_responderpolicy_binding", &bound);
    let customer = ca.issue("customer");
    let hello = Hello { version: &TLS12, ..Hello::to("shop.example") }.showing(&customer);
    let answer = bench.get_tls(port, &hello, "shop.example").await.unwrap();
    assert!(answer.head.starts_with("HTTP/1.1 403 Not you\r\n"), "{}", answer.head);
    assert_eq!(answer.body, "customerHTTP/1.1");
    let tls = answer.headers("x-tls").join(",");
    assert!(tls.starts_with("771 TLS1.2-ECDHE-ECDSA-"), "{tls}");
}
