//! Our custom resources, as an API server judges them.

use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Api, Error};
use serde_json::{Value, json};

use crate::access::object;
use crate::api_server::{ApiServer, Cluster};

/// Our appliances, with fields that no type of ours would take.
async fn netscalers(server: &ApiServer) -> Api<DynamicObject> {
    server.crds().await;
    let kind = GroupVersionKind::gvk("nitro-ingress.dev", "v1alpha1", "NetScaler");
    Api::all_with(server.client(), &ApiResource::from_gvk(&kind))
}

fn netscaler(name: &str, change: (&str, Value)) -> DynamicObject {
    let mut whole = json!({
        "apiVersion": "nitro-ingress.dev/v1alpha1",
        "kind": "NetScaler",
        "metadata": { "name": name },
        "spec": {
            "endpoints": ["https://192.0.2.2"],
            "credentials": { "secretName": "netscaler" },
            "prefix": "k8s",
        },
    });
    whole["spec"][change.0] = change.1;
    object(whole)
}

pub(crate) async fn a_netscaler_with_a_wrong_value_is_refused(cluster: &Cluster) {
    let netscalers = netscalers(&cluster.server).await;
    let dry_run = PostParams { dry_run: true, field_manager: None };
    let sound = netscaler("refusals", ("insecure", true.into()));
    netscalers.create(&dry_run, &sound).await.unwrap();
    let beside_controller = ("endpoints", json!(["http://127.0.0.1:9080"]));
    netscalers.create(&dry_run, &netscaler("refusals", beside_controller)).await.unwrap();
    for (field, value, said) in [
        ("endpoints", json!([]), "spec.endpoints"),
        ("endpoints", json!(["https://a", "https://b", "https://c"]), "spec.endpoints"),
        ("endpoints", json!(["http://192.0.2.2"]), "must be https://HOST"),
        ("endpoints", json!(["https://nsroot:secret@192.0.2.2"]), "must be https://HOST"),
        ("endpoints", json!(["https://192.0.2.2/nitro"]), "must be https://HOST"),
        ("credentials", json!({}), "secretName"),
        ("prefix", json!("k8s-one"), "spec.prefix"),
        ("defaultVip", json!("vip.example"), "must be an IP address"),
        ("vipNamespaces", json!({ "vip": ["shop"] }), "must be IP addresses"),
        ("brake", json!({ "count": 5, "percent": 101 }), "spec.brake.percent"),
        ("drift", json!("Ignore"), "spec.drift"),
        ("save", json!("Always"), "spec.save"),
    ] {
        let wrong = netscaler("refusals", (field, value));
        let refused = netscalers.create(&dry_run, &wrong).await;
        let Err(Error::Api(status)) = refused else { panic!("{wrong:?} is accepted") };
        assert!(status.message.contains(said), "{said:?} is not in: {}", status.message);
    }
}

pub(crate) async fn a_netscaler_keeps_its_prefix(cluster: &Cluster) {
    // Controllers of other tests would look at it.
    let server = cluster.own_server().await;
    let netscalers = netscalers(&server).await;
    let made = netscaler("prefix", ("drift", "Report".into()));
    netscalers.create(&PostParams::default(), &made).await.unwrap();
    let change = async |spec: Value| {
        let patch = Patch::Merge(json!({ "spec": spec }));
        netscalers.patch("prefix", &PatchParams::default(), &patch).await
    };
    change(json!({ "defaultVip": "192.0.2.10" })).await.unwrap();
    for prefix in [json!("other"), Value::Null] {
        let refused = change(json!({ "prefix": prefix })).await.unwrap_err().to_string();
        assert!(refused.contains("cannot be changed"), "{prefix}: {refused}");
    }
    let unset = Patch::Merge(json!({ "spec": { "prefix": null } }));
    netscalers.delete("prefix", &DeleteParams::default()).await.unwrap();
    netscalers
        .create(&PostParams::default(), &netscaler("prefix", ("prefix", Value::Null)))
        .await
        .unwrap();
    change(json!({ "defaultVip": "192.0.2.10" })).await.unwrap();
    netscalers.patch("prefix", &PatchParams::default(), &unset).await.unwrap();
    let refused = change(json!({ "prefix": "abc" })).await.unwrap_err().to_string();
    assert!(refused.contains("cannot be changed"), "{refused}");
}
