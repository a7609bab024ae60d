//! The servers themselves: what the other tests take for granted.

use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use k8s_openapi::api::networking::v1::Ingress;
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::{Api, Client, Error};
use serde_json::json;

use crate::access::{User, object, rule};
use crate::api_server::{ApiServer, Cluster};
use crate::programs;
use crate::wait::{SOON, try_wait_for, wait_for};

pub(crate) async fn the_server_says_its_version(cluster: &Cluster) {
    let version = cluster.server.client().apiserver_version().await.unwrap();
    assert_eq!(version.major, "1");
    assert!(version.minor.trim_end_matches('+').parse::<u32>().unwrap() >= 33, "{version:?}");
}

pub(crate) async fn a_missing_program_is_named_with_what_to_do(_: &Cluster) {
    let missing = programs::find_in("kube-apiserver", &["/nowhere".into()]).unwrap_err();
    assert_eq!(
        missing,
        "there is no kube-apiserver (/nowhere/kube-apiserver): run `make test`, or \
         tests/tools/kubernetes.sh, or set KUBEBUILDER_ASSETS to the folder that has it"
    );
}

pub(crate) async fn what_never_comes_is_told_with_what_is_there_instead(_: &Cluster) {
    let wait = Duration::from_millis(50);
    let never = try_wait_for("an answer", wait, async || Err::<(), _>("a question")).await;
    assert_eq!(never.unwrap_err(), "waited 0.05 s for an answer; seen last: a question");
    let hanging = try_wait_for("an end", wait, async || {
        std::future::pending::<()>().await;
        Err::<(), _>("never seen")
    });
    assert_eq!(hanging.await.unwrap_err(), "waited 0.05 s for an end; seen last: nothing");
}

pub(crate) async fn who_has_no_rights_is_refused(cluster: &Cluster) {
    let client = cluster.server.client_as(&User::nobody());
    let refused = Api::<Secret>::all(client).list(&ListParams::default()).await;
    assert_eq!(status(refused.map(|_| ())), 403);
    let stranger = User { name: "stranger".to_owned(), token: "unknown".to_owned() };
    let unknown = Api::<Secret>::all(cluster.server.client_as(&stranger)).get("any").await;
    assert!(matches!(unknown, Err(Error::Api(status)) if status.code == 401));
}

pub(crate) async fn a_user_may_do_what_its_rules_say_and_nothing_else(cluster: &Cluster) {
    let server = &cluster.server;
    let namespace = server.namespace().await;
    let rules = [rule("", &["configmaps"], &["get", "list"])];
    let reader = server.user(&namespace, "reader", &rules).await;
    assert_eq!(reader.name, format!("system:serviceaccount:{namespace}:reader"));
    let client = server.client_as(&reader);
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), &namespace);
    config_maps.list(&ListParams::default()).await.unwrap();
    let delete = config_maps.delete("any", &DeleteParams::default()).await;
    assert_eq!(status(delete.map(|_| ())), 403);
    let secret = Api::<Secret>::namespaced(client, &namespace).get("any").await;
    assert_eq!(status(secret.map(|_| ())), 403);
}

pub(crate) async fn a_secret_is_given_back_as_it_was_made(cluster: &Cluster) {
    let namespace = cluster.server.namespace().await;
    let secrets: Api<Secret> = Api::namespaced(cluster.server.client(), &namespace);
    let made = object(json!({
        "metadata": { "name": "one" },
        "stringData": { "key": "value" },
    }));
    secrets.create(&PostParams::default(), &made).await.unwrap();
    let read = secrets.get("one").await.unwrap();
    assert_eq!(read.data.unwrap()["key"], ByteString(b"value".to_vec()));
}

pub(crate) async fn kubectl_reads_what_a_client_wrote(cluster: &Cluster) {
    let namespace = cluster.server.namespace().await;
    config_map(cluster.server.client(), &namespace, "one", None).await;
    let mut kubectl = cluster.server.command("kubectl", &User::admin());
    let output = kubectl.args(["get", "cm", "-o", "name", "-n", &namespace]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "configmap/one\n", "{:?}", output.stderr);
}

pub(crate) async fn the_audit_log_tells_who_did_what(cluster: &Cluster) {
    let server = &cluster.server;
    let namespace = server.namespace().await;
    let rules = [rule("networking.k8s.io", &["ingresses"], &["list"])];
    let reader = server.user(&namespace, "auditee", &rules).await;
    let client = server.client_as(&reader);
    let ingresses: Api<Ingress> = Api::all(client.clone());
    ingresses.list(&ListParams::default()).await.unwrap();
    let refused = Api::<Secret>::namespaced(client, &namespace).get("any").await;
    assert_eq!(status(refused.map(|_| ())), 403);
    wait_for("the audit log", SOON, async || {
        let (used, refused) = (server.used_by(&reader), server.refused_to(&reader));
        let is_told = used.contains("list networking.k8s.io/ingresses")
            && refused == ["get secrets".to_owned()].into();
        if is_told { Ok(()) } else { Err(format!("{used:?}, refused {refused:?}")) }
    })
    .await;
}

pub(crate) async fn objects_survive_a_restart_of_the_server(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let namespace = server.namespace().await;
    config_map(server.client(), &namespace, "one", None).await;
    server.kill();
    let config_maps: Api<ConfigMap> = Api::namespaced(server.client(), &namespace);
    assert!(config_maps.get("one").await.is_err(), "it answers although it was killed");
    server.start_again().await;
    // The same client goes on.
    config_maps.get("one").await.unwrap();
}

pub(crate) async fn a_paused_server_answers_when_it_goes_on(cluster: &Cluster) {
    let server: ApiServer = cluster.own_server().await;
    let client = server.client();
    server.pause();
    // A request that was on its way when the signal came may still be answered.
    wait_for("the server to be silent", SOON, async || {
        let answer = tokio::time::timeout(Duration::from_millis(500), client.apiserver_version());
        match answer.await {
            Err(_silent) => Ok(()),
            Ok(answer) => Err(format!("{answer:?}")),
        }
    })
    .await;
    server.resume();
    client.apiserver_version().await.unwrap();
}

pub(crate) async fn what_an_owner_leaves_behind_is_collected(cluster: &Cluster) {
    let server = &cluster.server;
    let _controllers = server.controllers();
    let namespace = server.namespace().await;
    let owner = config_map(server.client(), &namespace, "owner", None).await;
    let left = config_map(server.client(), &namespace, "owned", Some(&owner)).await;
    let config_maps: Api<ConfigMap> = Api::namespaced(server.client(), &namespace);
    config_maps.delete("owner", &DeleteParams::default()).await.unwrap();
    wait_for("the owned object to go", SOON, async || {
        match config_maps.get_opt(left.metadata.name.as_deref().unwrap()).await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

async fn config_map(
    client: Client,
    namespace: &str,
    name: &str,
    owner: Option<&ConfigMap>,
) -> ConfigMap {
    let owners: Vec<_> = owner
        .map(|owner| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap",
                "name": owner.metadata.name, "uid": owner.metadata.uid,
            })
        })
        .into_iter()
        .collect();
    let made = object(json!({ "metadata": { "name": name, "ownerReferences": owners } }));
    let config_maps: Api<ConfigMap> = Api::namespaced(client, namespace);
    config_maps.create(&PostParams::default(), &made).await.unwrap()
}

#[track_caller]
fn status(answer: Result<(), Error>) -> u16 {
    match answer {
        Err(Error::Api(status)) => status.code,
        other => panic!("{other:?}"),
    }
}
