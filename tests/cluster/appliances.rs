//! Several appliances in one controller, and what their objects say may be done.

use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use nitro_ingress::cluster::resources::netscaler::NetScaler;
use serde_json::{Value, json};

use crate::api_server::Cluster;
use crate::appliance::Mock;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

async fn applied(rig: &Rig<'_>) {
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
}

/// A second `NetScaler` with these fields over those of the first.
async fn second(rig: &Rig<'_>, fields: &Value) -> String {
    let name = format!("{}-second", rig.namespace);
    let mut spec = json!({
        "endpoints": [rig.mock.url], "credentials": { "secretName": "appliance" },
    });
    spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    rig.apply(json!({
        "apiVersion": "nitro-ingress.dev/v1alpha1", "kind": "NetScaler",
        "metadata": { "name": name }, "spec": spec,
    }))
    .await;
    name
}

/// Waits until the condition `Synced` of an appliance has this reason.
async fn synced(rig: &Rig<'_>, name: &str, reason: &str) {
    wait_for(&format!("{name} to say {reason}"), SOON, async || {
        let status = rig.described(name).await.status.unwrap_or_default();
        let synced = status.conditions.iter().find(|one| one.type_ == "Synced");
        match synced {
            Some(condition) if condition.reason == reason => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

pub(crate) async fn two_of_one_mark_on_one_box_do_not_delete_each_other(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    rig.appliance(&[&rig.mock.url]).await;
    let _controller = rig.controller(&["--nitro-url="]);
    applied(&rig).await;
    rig.saved().await;
    rig.mock.clear_journal();
    // The same address, and the same box by another name.
    let name = second(&rig, &json!({})).await;
    synced(&rig, &name, "SharedBox").await;
    says_why(&rig, &name).await;
    let other = rig.mock.url.replace("127.0.0.1", "localhost");
    second(&rig, &json!({ "endpoints": [other] })).await;
    synced(&rig, &name, "SharedBox").await;
    rig.looked(4).await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    assert_eq!(rig.mock.ended_sessions(), 0, "whom nothing is written for ends a session");
    // With a prefix of its own it is another appliance; one that is there keeps what it has.
    let netscalers: Api<NetScaler> = Api::all(rig.client.clone());
    netscalers.delete(&name, &DeleteParams::default()).await.unwrap();
    second(&rig, &json!({ "endpoints": [other], "prefix": "other" })).await;
    synced(&rig, &name, "Synced").await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
}

/// An Ingress of an appliance that is not written to says why it is not there.
async fn says_why(rig: &Rig<'_>, appliance: &str) {
    let class = format!("{}-second", rig.class);
    rig.class_of(&class, appliance).await;
    let mut ingress = seed::ingress(&class);
    ingress["metadata"]["name"] = json!("second");
    ingress["spec"]["rules"][0]["host"] = json!("b.example");
    ingress["spec"]["tls"] = json!([]);
    ingress["metadata"]["annotations"] = json!({ "ingress.citrix.com/frontend-ip": "192.0.2.11" });
    rig.apply(ingress).await;
    let message = rig.report("second", "SharedBox").await.message.unwrap();
    assert!(message.contains("nothing is written to its appliance now"), "{message}");
    assert!(message.contains("remove one of the two"), "{message}");
    rig.event("second", "SharedBox").await;
    rig.delete::<Ingress>("second").await;
    rig.no_report("second").await;
}

pub(crate) async fn drift_that_is_only_told_stays_until_the_cluster_changes(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    let name = rig.appliance(&[&rig.mock.url]).await;
    let netscalers: Api<NetScaler> = Api::all(rig.client.clone());
    let patch = json!({ "spec": { "drift": "Report" } });
    netscalers.patch(&name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let _controller = rig.controller(&["--nitro-url="]);
    applied(&rig).await;
    rig.saved().await;
    rig.looked(2).await;
    let dump = rig.mock.act(|node| node.appliance.dump());
    let lbvserver = dump["objects"]["lbvserver"].as_object().unwrap().keys().next().unwrap();
    let body = json!({ "lbvserver": { "name": lbvserver, "lbmethod": "ROUNDROBIN" } });
    let answer = rig.mock.by_hand("PUT", "lbvserver", &body);
    assert!(answer.starts_with("200"), "{answer}");
    let drifted = rig.mock.act(|node| node.appliance.dump());
    synced(&rig, &name, "Drift").await;
    rig.looked(4).await;
    assert_eq!(rig.mock.act(|node| node.appliance.dump()), drifted);
    // The next change undoes it.
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    rig.has_member("10.1.0.9").await;
    synced(&rig, &name, "Synced").await;
    let now = rig.mock.act(|node| node.appliance.dump());
    assert_eq!(now["objects"]["lbvserver"], dump["objects"]["lbvserver"]);
}

pub(crate) async fn an_ingress_moves_from_one_appliance_to_another(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    rig.appliance(&[&rig.mock.url]).await;
    let _controller = rig.controller(&["--nitro-url="]);
    applied(&rig).await;
    let other = Mock::start();
    let name = second(&rig, &json!({ "endpoints": [other.url] })).await;
    let class = format!("{}-second", rig.class);
    rig.class_of(&class, &name).await;
    rig.apply(seed::ingress(&class)).await;
    for (mock, expected) in [(&other, 1), (&rig.mock, 0)] {
        wait_for("the Ingress to move", SOON, async || {
            let names = mock.names("cspolicy");
            if names.len() == expected { Ok(()) } else { Err(format!("{names:?}")) }
        })
        .await;
    }
    rig.report(seed::NAME, "Programmed").await;
}

pub(crate) async fn a_stop_in_the_middle_of_a_plan_saves_what_was_done(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&["--save-delay=10m"]);
    applied(&rig).await;
    // Every request takes a while, so that the signal comes in the middle.
    rig.mock.slow_down();
    rig.mock.clear_journal();
    let mut ingress = seed::ingress(&rig.class);
    ingress["metadata"]["name"] = json!("second");
    ingress["metadata"]["annotations"]["ingress.citrix.com/frontend-ip"] = json!("192.0.2.11");
    rig.apply(ingress).await;
    wait_for("the first write", SOON, async || {
        if rig.mock.writes().is_empty() { Err("none") } else { Ok(()) }
    })
    .await;
    controller.terminate().await;
    let writes = rig.mock.writes();
    assert!(writes.last().unwrap().contains("action=save"), "{writes:#?}");
    assert!(rig.mock.journal().last().unwrap().path.ends_with("/logout"));
    assert_eq!(rig.lease_holder().await, None);
    rig.mock.act(|node| node.faults = mock_nitro::fault::Faults::none());
    let _controller = rig.controller(&[]);
    rig.report("second", "Programmed").await;
    rig.report(seed::NAME, "Programmed").await;
}
