//! The walkthrough that the product exists for: mutual TLS on both sides of the appliance.

use std::fs;

use serde_json::{Value, json};

/// The name of its Ingress.
pub(crate) const NAME: &str = "web";

/// The address that it is served on.
pub(crate) const VIP: &str = "192.0.2.10";

/// Its Ingress, of this class.
pub(crate) fn ingress(class: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": NAME,
            "annotations": {
                "ingress.citrix.com/frontend-ip": VIP,
                "ingress.citrix.com/ca-secret": r#"{"web": "clients"}"#,
                "ingress.citrix.com/secure-backend": r#"{"web": "True"}"#,
                "ingress.citrix.com/backend-secret": r#"{"web": "client"}"#,
                "ingress.citrix.com/backend-ca-secret": r#"{"web": "servers"}"#,
            },
        },
        "spec": {
            "ingressClassName": class,
            "tls": [{ "hosts": ["a.example"], "secretName": "server" }],
            "rules": [{
                "host": "a.example",
                "http": { "paths": [{
                    "path": "/", "pathType": "Prefix",
                    "backend": { "service": { "name": "web", "port": { "number": 443 } } },
                }] },
            }],
        },
    })
}

/// What it refers to: Service, endpoints and Secrets.
pub(crate) fn references() -> Vec<Value> {
    vec![
        json!({
            "apiVersion": "v1", "kind": "Service", "metadata": { "name": "web" },
            "spec": { "ports": [{ "port": 443, "targetPort": 8443 }] },
        }),
        endpoints(&["10.1.0.1", "10.1.0.2"]),
        pair("server", "a-1"),
        pair("client", "client-1"),
        authority("clients", "ca-one"),
        authority("servers", "ca-two"),
    ]
}

/// The endpoints of its Service.
pub(crate) fn endpoints(addresses: &[&str]) -> Value {
    let endpoints: Vec<Value> = addresses
        .iter()
        .map(|address| json!({ "addresses": [address], "conditions": { "ready": true } }))
        .collect();
    json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": { "name": "web-1", "labels": { "kubernetes.io/service-name": "web" } },
        "addressType": "IPv4", "ports": [{ "port": 8443 }], "endpoints": endpoints,
    })
}

/// A Secret with a certificate of the fixtures and its key.
pub(crate) fn pair(name: &str, fixture: &str) -> Value {
    secret(
        name,
        &json!({
            "tls.crt": text(&format!("{fixture}.crt")), "tls.key": text(&format!("{fixture}.key")),
        }),
    )
}

/// A Secret with an authority of the fixtures.
pub(crate) fn authority(name: &str, fixture: &str) -> Value {
    secret(name, &json!({ "ca.crt": text(&format!("{fixture}.crt")) }))
}

/// A Secret with these values.
pub(crate) fn secret(name: &str, values: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": values,
    })
}

fn text(file: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/world");
    fs::read_to_string(format!("{folder}/{file}")).unwrap()
}
