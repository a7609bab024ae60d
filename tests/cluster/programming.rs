//! From an Ingress in the cluster to the appliance, and back to its report.

use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use serde_json::{Value, json};

use crate::api_server::Cluster;
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
