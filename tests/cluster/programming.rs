//! From an Ingress in the cluster to the appliance, and back to its report.

use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{Patch, PatchParams};
use mock_nitro::Hardware;
use serde_json::{Value, json};

use crate::api_server::Cluster;
use crate::appliance::{Mock, OWN_ADDRESS};
use crate::rig::Rig;
use crate::wait::{SOON, wait_for};

pub(crate) const SHOP: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    ingress.citrix.com/frontend-ip: 192.0.2.10
spec:
  ingressClassName: CLASS
  rules:
  - host: shop.example
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {service: {name: shop, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: shop-1
  labels: {kubernetes.io/service-name: shop}
addressType: IPv4
ports: [{port: 8080}]
endpoints:
- addresses: [10.1.0.1]
  conditions: {ready: true}
";

pub(crate) async fn an_ingress_is_programmed_and_says_so(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&[]);
    rig.apply_all(SHOP).await;
    let report = rig.report("shop", "Programmed").await;
    assert_eq!(report.message, None);
    let shown: Vec<(&str, i32)> =
        report.front_ends.iter().map(|front| (front.address.as_str(), front.port)).collect();
    assert_eq!(shown, [("192.0.2.10", 80)]);
    assert_eq!(rig.mock.names("csvserver"), ["k8s-192.0.2.10_80_http"]);
    let ingresses: Api<Ingress> = Api::namespaced(rig.client.clone(), &rig.namespace);
    wait_for("the address of the Ingress", SOON, async || {
        let status: Value = json!(ingresses.get("shop").await.unwrap().status);
        if status["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.10" {
            Ok(())
        } else {
            Err(status)
        }
    })
    .await;
}

pub(crate) async fn what_another_controller_left_is_taken_over_when_told(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let name = "k8s-192.0.2.10_80_http";
    let place = json!({ "name": name, "servicetype": "HTTP", "ipv46": "192.0.2.10", "port": 80 });
    let features = json!({ "nsfeature": { "feature": ["CS", "LB"] } });
    for (target, body) in [
        ("nsfeature?action=enable", features),
        ("csvserver", json!({ "csvserver": place })),
        ("nsconfig?action=save", json!({ "nsconfig": {} })),
    ] {
        let answer = rig.mock.by_hand("POST", target, &body);
        assert!(answer.starts_with("20"), "{answer}");
    }
    rig.apply_all(SHOP).await;
    let controller = rig.controller(&[]);
    let report = rig.report("shop", "Invalid").await;
    let message = report.message.unwrap();
    assert!(message.contains("or take it over with --takeover"), "{message}");
    controller.terminate().await;
    let _controller = rig.controller(&["--takeover"]);
    rig.report("shop", "Programmed").await;
    assert_eq!(rig.mock.names("csvserver"), [name]);
}

pub(crate) async fn a_class_without_its_appliance_is_told_until_it_comes(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    let _controller = rig.controller(&["--nitro-url="]);
    rig.apply_all(SHOP).await;
    let report = rig.report("shop", "NoAppliance").await;
    let message = report.message.unwrap();
    assert!(message.contains("names no NetScaler"), "{message}");
    rig.event("shop", "NoAppliance").await;
    rig.appliance(&[&rig.mock.url]).await;
    rig.report("shop", "Programmed").await;
    rig.address("shop", Some("192.0.2.10")).await;
}

pub(crate) async fn a_burst_of_changes_is_looked_at_once(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&[]);
    rig.apply_all(SHOP).await;
    rig.report("shop", "Programmed").await;
    rig.saved().await;
    rig.looked(1).await;
    let looks = || controller.said("looking for Ingresses that no appliance is there for");
    let before = looks();
    let slices: Api<EndpointSlice> = Api::namespaced(rig.client.clone(), &rig.namespace);
    for last in 1..=40 {
        let endpoint = json!({ "addresses": [format!("10.1.1.{last}")] });
        let patch = Patch::Merge(json!({ "endpoints": [endpoint] }));
        slices.patch("shop-1", &PatchParams::default(), &patch).await.unwrap();
    }
    rig.has_member("10.1.1.40").await;
    wait_for("a look", SOON, async || if looks() > before { Ok(()) } else { Err("none") }).await;
    let now = looks();
    assert!(now < before + 15, "{} looks", now - before);
}

pub(crate) async fn namespaces_are_selected_by_their_labels(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    let controller = rig.controller(&["--namespace=", "--namespace-selector=served=yes"]);
    rig.apply_all(SHOP).await;
    controller.leads().await;
    rig.looked(2).await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    rig.no_report("shop").await;
    rig.label("served", Some("yes")).await;
    rig.report("shop", "Programmed").await;
    // What is no longer looked at is not proven to be gone: it stays.
    rig.label("served", None).await;
    rig.looked(2).await;
    assert_eq!(rig.mock.names("csvserver"), ["k8s-192.0.2.10_80_http"]);
}

pub(crate) async fn a_cpx_serves_on_its_own_address_and_is_a_new_one_each_time(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    rig.mock.has_own_address();
    let _controller = rig.controller(&["--cpx"]);
    rig.apply_all(&SHOP.replace("    ingress.citrix.com/frontend-ip: 192.0.2.10\n", "")).await;
    let report = rig.report("shop", "Programmed").await;
    assert_eq!(report.front_ends[0].address, OWN_ADDRESS);
    rig.mock.replace(Hardware::numbered(2));
    wait_for("the new one to be programmed", SOON, async || {
        if rig.mock.names("csvserver").is_empty() { Err("nothing") } else { Ok(()) }
    })
    .await;
}
