//! TLS with members: whom the appliance takes for one, and what it shows for itself.

use mock_nitro::backend::Tls;
use serde_json::{Value, json};

use crate::authority::Authority;
use crate::bench::Bench;
use crate::client::of_server;

#[tokio::test]
async fn members_are_verified_and_shown_a_certificate_as_their_profile_says() {
    let mut bench = Bench::new();
    let (servers, clients, foreign) = (
        Authority::new("Servers CA"),
        Authority::new("Appliances CA"),
        Authority::new("Servers CA"),
    );
    let (server, own) = (servers.issue("web.internal"), clients.issue("appliance"));
    let tls = Tls::new(&of_server(&server), Some(&clients.pem)).unwrap();
    bench.back_end_tls("web", tls).await;
    let port = bench.front("HTTP").await;
    bench.route(port, 1, "TRUE", "web");
    let get = async || {
        let answer = bench.get(port, "shop.example", "/").await.unwrap();
        if answer.status == 200 { answer.seen()["tls"].clone() } else { json!(answer.status) }
    };
    assert_eq!(get().await, 503, "the member wants a certificate");
    bench.show("web", "own", &own);
    let plain =
        json!({ "version": "TLSv1.2", "sni": Value::Null, "client_certificate": "CN=appliance" });
    assert_eq!(get().await, plain);

    bench.back_profile(
        "web",
        &json!({ "serverauth": "ENABLED", "snienable": "ENABLED", "commonname": "web.internal" }),
    );
    assert_eq!(get().await, 503, "no CA verifies it");
    bench.trust("web", "foreign", &foreign);
    assert_eq!(get().await, 503, "it is not of that CA");
    let log = bench.log.lock().unwrap().join("\n");
    assert!(log.contains("of web: no TLS with it: "), "{log}");
    bench.trust("web", "servers", &servers);
    let verified = get().await;
    assert_eq!(verified["sni"], "web.internal");
    bench.set_back_profile("web", &json!({ "commonname": "other.internal" }));
    assert_eq!(get().await, 503, "it has another name");
    bench.set_back_profile("web", &json!({ "serverauth": "DISABLED" }));
    assert_eq!(get().await["sni"], "other.internal");
}
