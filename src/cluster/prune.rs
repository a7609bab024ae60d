//! What is kept of each object that arrives: what translating and reporting read, and no more.
//!
//! Most of an object in memory is what others noted on it. What is dropped here cannot change
//! anything either: an event that only changes that is no news.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::resources::netscaler::NetScaler;
use super::resources::report::IngressReport;
use super::status::is_our_status;

/// An object that can be told what it is kept for.
pub(super) trait Prune {
    /// Drops everything that nobody reads.
    fn prune(&mut self);

    /// Whether it says something else than before that must be acted upon. What we tell ourselves is
    /// no reason to think again; whoever changes that is put right with the next turn.
    fn is_news(&self, before: Option<&Self>) -> bool
    where
        Self: PartialEq,
    {
        before.is_none_or(|before| self != before)
    }
}

/// The annotation in which kubectl keeps what was applied: a copy of the object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The part of a name, and what says who is older.
fn prune_metadata(metadata: &mut ObjectMeta) {
    let ObjectMeta { name, namespace, uid, generation, creation_timestamp, annotations, .. } =
        std::mem::take(metadata);
    let annotations = annotations.map(|mut all| {
        all.remove(LAST_APPLIED);
        all
    });
    *metadata = ObjectMeta {
        name,
        namespace,
        uid,
        generation,
        creation_timestamp,
        annotations,
        ..ObjectMeta::default()
    };
}

impl Prune for Ingress {
    fn prune(&mut self) {
        // Whether the address is ours.
        let managed = self.metadata.managed_fields.take();
        prune_metadata(&mut self.metadata);
        self.metadata.managed_fields = managed.map(|mut all| {
            all.retain(is_our_status);
            for entry in &mut all {
                entry.time = None;
            }
            all
        });
    }

    fn is_news(&self, before: Option<&Self>) -> bool {
        // The address, and whose it is, we tell ourselves.
        let asked = |one: &Self| {
            let metadata = ObjectMeta { managed_fields: None, ..one.metadata.clone() };
            (metadata, one.spec.clone())
        };
        before.is_none_or(|before| asked(self) != asked(before))
    }
}

impl Prune for IngressClass {
    fn prune(&mut self) {
        prune_metadata(&mut self.metadata);
    }
}

impl Prune for Service {
    fn prune(&mut self) {
        prune_metadata(&mut self.metadata);
        self.status = None;
        if let Some(spec) = &mut self.spec {
            spec.selector = None;
        }
    }
}

impl Prune for EndpointSlice {
    fn prune(&mut self) {
        // The label says whose it is.
        let labels = self.metadata.labels.take();
        prune_metadata(&mut self.metadata);
        self.metadata.annotations = None;
        self.metadata.labels = labels.map(|mut all| {
            all.retain(|key, _| key == "kubernetes.io/service-name");
            all
        });
        for endpoint in &mut self.endpoints {
            endpoint.target_ref = None;
            endpoint.hostname = None;
            endpoint.hints = None;
            endpoint.zone = None;
            endpoint.deprecated_topology = None;
        }
    }
}

impl Prune for Node {
    fn prune(&mut self) {
        // Labels keep nodes away from balancers.
        let labels = self.metadata.labels.take();
        prune_metadata(&mut self.metadata);
        self.metadata.annotations = None;
        self.metadata.labels = labels;
        if let Some(status) = &mut self.status {
            let (conditions, addresses) = (status.conditions.take(), status.addresses.take());
            *status = k8s_openapi::api::core::v1::NodeStatus {
                addresses,
                // Their times change with every sign of life.
                conditions: conditions.map(|all| {
                    let ready = all.into_iter().filter(|one| one.type_ == "Ready");
                    ready
                        .map(|one| k8s_openapi::api::core::v1::NodeCondition {
                            type_: one.type_,
                            status: one.status,
                            ..Default::default()
                        })
                        .collect()
                }),
                ..Default::default()
            };
        }
    }
}

impl Prune for Namespace {
    fn prune(&mut self) {
        prune_metadata(&mut self.metadata);
        self.metadata.annotations = None;
        (self.spec, self.status) = (None, None);
    }
}

impl Prune for ConfigMap {
    fn prune(&mut self) {
        prune_metadata(&mut self.metadata);
        self.metadata.annotations = None;
        self.binary_data = None;
    }
}

impl Prune for NetScaler {
    fn prune(&mut self) {
        prune_metadata(&mut self.metadata);
    }

    fn is_news(&self, before: Option<&Self>) -> bool {
        before.is_none_or(|one| (&self.metadata, &self.spec) != (&one.metadata, &one.spec))
    }
}

impl Prune for IngressReport {
    fn prune(&mut self) {
        prune_metadata(&mut self.metadata);
        self.metadata.annotations = None;
    }

    fn is_news(&self, _before: Option<&Self>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pruned<T>(object: Value) -> Value
    where
        T: Prune + serde::Serialize + serde::de::DeserializeOwned,
    {
        let mut object: T = serde_json::from_value(object).unwrap();
        object.prune();
        serde_json::to_value(object).unwrap()
    }

    fn metadata(extra: &Value) -> Value {
        let mut metadata = json!({
            "name": "web", "namespace": "shop", "uid": "u", "resourceVersion": "7",
            "creationTimestamp": "2026-11-25T00:00:00Z",
            "managedFields": [{ "manager": "kubectl", "operation": "Apply" }],
            "labels": { "app": "web", "kubernetes.io/service-name": "web" },
            "finalizers": ["x"],
        });
        metadata.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        metadata
    }

    #[test]
    fn an_ingress_keeps_its_annotations_spec_and_address_and_whether_that_is_ours() {
        let annotations = json!({ "a": "b", LAST_APPLIED: "{}" });
        let status = json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.10" }] } });
        let spec = json!({ "ingressClassName": "citrix" });
        let ours = json!({
            "manager": "nitro-ingress", "operation": "Apply", "subresource": "status",
            "fieldsV1": { "f:status": { "f:loadBalancer": { "f:ingress": {} } } },
        });
        let mut timed = ours.clone();
        timed["time"] = json!("2026-11-25T00:00:00Z");
        let other = json!({ "manager": "other", "operation": "Update", "subresource": "status" });
        let extra = json!({
            "annotations": annotations, "generation": 3, "managedFields": [other, timed],
        });
        let ingress = pruned::<Ingress>(json!({
            "metadata": metadata(&extra),
            "spec": spec, "status": status,
        }));
        let expected = json!({
            "name": "web", "namespace": "shop", "uid": "u", "generation": 3,
            "creationTimestamp": "2026-11-25T00:00:00Z", "annotations": { "a": "b" },
            "managedFields": [ours],
        });
        assert_eq!(ingress["metadata"], expected);
        assert_eq!((&ingress["spec"], &ingress["status"]), (&spec, &status));
    }

    #[test]
    fn what_we_tell_ourselves_is_no_news() {
        let ingress = |address: Option<&str>, path: &str| -> Ingress {
            let mut ingress: Ingress = serde_json::from_value(json!({
                "metadata": metadata(&json!({})),
                "spec": { "rules": [{ "host": path }] },
            }))
            .unwrap();
            if let Some(address) = address {
                let status = json!({ "loadBalancer": { "ingress": [{ "ip": address }] } });
                ingress.status = Some(serde_json::from_value(status).unwrap());
                let ours = json!({
                    "manager": "nitro-ingress", "operation": "Apply", "subresource": "status",
                    "fieldsV1": { "f:status": { "f:loadBalancer": { "f:ingress": {} } } },
                });
                ingress.metadata.managed_fields = Some(vec![serde_json::from_value(ours).unwrap()]);
            }
            ingress.prune();
            ingress
        };
        let before = ingress(None, "a.example");
        assert!(before.is_news(None));
        assert!(!ingress(Some("192.0.2.10"), "a.example").is_news(Some(&before)));
        assert!(ingress(Some("192.0.2.10"), "b.example").is_news(Some(&before)));
    }

    #[test]
    fn a_slice_keeps_whose_it_is_and_who_serves() {
        let endpoint = json!({
            "addresses": ["10.0.0.1"], "conditions": { "ready": true }, "nodeName": "n1",
            "targetRef": { "kind": "Pod", "name": "p" }, "zone": "z", "hostname": "h",
        });
        let slice = pruned::<EndpointSlice>(json!({
            "metadata": metadata(&json!({})), "addressType": "IPv4", "endpoints": [endpoint],
            "ports": [{ "port": 80 }],
        }));
        assert_eq!(slice["metadata"]["labels"], json!({ "kubernetes.io/service-name": "web" }));
        let kept = json!({
            "addresses": ["10.0.0.1"], "conditions": { "ready": true }, "nodeName": "n1",
        });
        assert_eq!(slice["endpoints"], json!([kept]));
    }

    #[test]
    fn the_signs_of_life_of_a_node_are_no_news() {
        let node = |time: &str| {
            pruned::<Node>(json!({
                "metadata": { "name": "n1", "labels": { "l": "" }, "resourceVersion": time },
                "status": {
                    "addresses": [{ "type": "InternalIP", "address": "10.1.0.1" }],
                    "conditions": [
                        { "type": "Ready", "status": "True", "lastHeartbeatTime": time },
                        { "type": "DiskPressure", "status": "False", "lastHeartbeatTime": time },
                    ],
                    "images": [{ "names": ["x"] }],
                },
            }))
        };
        assert_eq!(node("2026-11-25T00:00:00Z"), node("2026-11-25T00:00:10Z"));
        assert_eq!(node("2026-11-25T00:00:00Z")["status"]["conditions"][0]["status"], "True");
    }
}
