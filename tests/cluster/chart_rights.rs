//! What the chart lets the controller do, asked of an API server where it is installed.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{ListParams, PostParams};
use kube::{Api, Client};
use nitro_ingress::cluster::resources::netscaler::NetScaler;
use nitro_ingress::cluster::watch::{Listener, Namespaces, Scope, Watches};
use nitro_ingress::model::ObjectKey;
use serde_json::json;
use tokio::task::JoinSet;

use crate::access::{User, object};
use crate::api_server::{ApiServer, Cluster};
use crate::helm::{CHART, Values, file};
use crate::wait::{SOON, wait_for};

/// An installed chart, and its ServiceAccount.
struct Installed {
    values: Values,
    account: User,
    client: Client,
}

impl Installed {
    async fn on(server: &ApiServer, values: &str, sets: &[&str]) -> Self {
        let values = Values::of(server, values).await;
        let name = values.release.as_str();
        let mut arguments = vec!["install", "edge", CHART, "-n", name, "-f", &values.path];
        // Objects of the whole cluster need names of their own.
        let class = format!("ingressClass.name={name}");
        arguments.extend(["--set", &class]);
        arguments.extend(sets.iter().flat_map(|set| ["--set-json", set]));
        let said = server.helm(&arguments).content();
        assert!(said.contains("nitro-ingress"), "{said}");
        let account = server.service_account(name, "edge-nitro-ingress").await;
        let client = server.client_as(&account);
        let installed = Self { values, account, client };
        let name = installed.values.release.as_str();
        let shop = installed.values.shop.as_str();
        wait_for("the rights of the chart", SOON, async || {
            let is_there = installed.may("list", "networking.k8s.io/ingressclasses", "").await
                && installed.may("create", "coordination.k8s.io/leases", name).await
                && installed.may("get", "networking.k8s.io/ingresses", shop).await;
            if is_there { Ok(()) } else { Err("not yet in force") }
        })
        .await;
        installed
    }

    /// Whether the controller may do that: of a `GROUP/RESOURCE` or a `RESOURCE:NAME`, in a
    /// namespace or, if that is empty, everywhere.
    async fn may(&self, verb: &str, what: &str, namespace: &str) -> bool {
        let (what, name) = what.split_once(':').unwrap_or((what, ""));
        let (group, resource) = what.split_once('/').unwrap_or(("", what));
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let wanted = object(json!({ "spec": { "resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "subresource": subresource,
            "name": name, "namespace": namespace,
        } } }));
        let reviews: Api<SelfSubjectAccessReview> = Api::all(self.client.clone());
        reviews.create(&PostParams::default(), &wanted).await.unwrap().status.unwrap().allowed
    }

    async fn assert_may(&self, verbs: &str, what: &str, namespace: &str) {
        for verb in verbs.split(' ') {
            assert!(self.may(verb, what, namespace).await, "may not {verb} {what} {namespace}");
        }
    }

    async fn assert_may_not(&self, verbs: &str, what: &str, namespace: &str) {
        for verb in verbs.split(' ') {
            assert!(!self.may(verb, what, namespace).await, "may {verb} {what} {namespace}");
        }
    }
}

const WRITE: &str = "create update patch delete deletecollection";

pub(crate) async fn everywhere_the_controller_reads_and_writes_little(cluster: &Cluster) {
    let it = Installed::on(&cluster.server, "appliance", &[]).await;
    it.assert_may("get list watch", "networking.k8s.io/ingresses", "").await;
    it.assert_may_not(WRITE, "networking.k8s.io/ingresses", "").await;
    it.assert_may("patch", "networking.k8s.io/ingresses/status", "").await;
    it.assert_may("get list watch", "secrets", "").await;
    it.assert_may_not(WRITE, "secrets", "").await;
    it.assert_may("list watch", "services", "").await;
    it.assert_may("list watch", "discovery.k8s.io/endpointslices", "").await;
    it.assert_may("create patch", "events.k8s.io/events", "").await;
    it.assert_may("list watch create patch delete", "nitro-ingress.dev/ingressreports", "").await;
    it.assert_may("patch", "nitro-ingress.dev/ingressreports/status", "").await;
    it.assert_may("list watch", "nitro-ingress.dev/netscalers", "").await;
    it.assert_may_not(WRITE, "nitro-ingress.dev/netscalers", "").await;
    it.assert_may("get", "namespaces:kube-system", "").await;
    it.assert_may_not("get list watch", "namespaces", "").await;
    it.assert_may_not("get list watch", "nodes", "").await;
    it.assert_may_not("get list watch", "configmaps", "").await;
    it.assert_may_not("get list watch", "pods", "").await;
    let own = it.values.release.as_str();
    it.assert_may("get update", "coordination.k8s.io/leases:edge-nitro-ingress", own).await;
    it.assert_may_not("get update", "coordination.k8s.io/leases:other", own).await;
    it.assert_may_not("create", "coordination.k8s.io/leases", "kube-system").await;
}

pub(crate) async fn with_namespaces_listed_it_sees_no_secret_of_another(cluster: &Cluster) {
    let it = Installed::on(&cluster.server, "namespaces", &[]).await;
    let (shop, bank) = (it.values.shop.as_str(), it.values.bank.as_str());
    for served in [shop, bank] {
        it.assert_may("get list watch", "secrets", served).await;
        it.assert_may("get list watch", "networking.k8s.io/ingresses", served).await;
        it.assert_may("patch", "networking.k8s.io/ingresses/status", served).await;
        it.assert_may("create patch", "events.k8s.io/events", served).await;
    }
    for elsewhere in [it.values.release.as_str(), "default", "kube-system", ""] {
        it.assert_may_not("get list watch", "secrets", elsewhere).await;
        it.assert_may_not("get list watch", "networking.k8s.io/ingresses", elsewhere).await;
    }
    // There are Events about NetScalers and the Lease.
    it.assert_may("create patch", "events.k8s.io/events", "default").await;
    it.assert_may("create patch", "events.k8s.io/events", &it.values.release).await;
    it.assert_may_not("create patch", "events.k8s.io/events", "kube-system").await;
    it.assert_may("get list watch", "configmaps:defaults", shop).await;
    it.assert_may_not("get list watch", "configmaps:other", shop).await;
    it.assert_may_not("get list watch", "configmaps:defaults", bank).await;
    // The cluster's id is given.
    it.assert_may_not("get", "namespaces:kube-system", "").await;
}

pub(crate) async fn with_a_netscaler_object_it_reads_the_secret_that_this_names(cluster: &Cluster) {
    // Controllers of other tests would look at it.
    let server = cluster.own_server().await;
    server.crds().await;
    let sets = ["netScaler.create=true", r#"netScaler.name="rights""#];
    let it = Installed::on(&server, "namespaces", &sets).await;
    let release = it.values.release.as_str();
    it.assert_may("get", "secrets:netscaler", release).await;
    it.assert_may_not("get", "secrets:other", release).await;
    it.assert_may_not("list watch", "secrets", release).await;
    let netscalers: Api<NetScaler> = Api::all(server.client());
    let made = netscalers.get("rights").await.unwrap();
    assert_eq!(made.spec.endpoints, ["https://192.0.2.2"]);
}

pub(crate) async fn in_get_mode_it_lists_no_secrets(cluster: &Cluster) {
    let it = Installed::on(&cluster.server, "selector", &[]).await;
    it.assert_may("get", "secrets", "").await;
    it.assert_may_not("list watch", "secrets", "").await;
    it.assert_may("list watch", "namespaces", "").await;
}

pub(crate) async fn with_node_ports_it_reads_nodes(cluster: &Cluster) {
    let it = Installed::on(&cluster.server, "nodeport", &[]).await;
    it.assert_may("list watch", "nodes", "").await;
    it.assert_may_not(WRITE, "nodes", "").await;
}

pub(crate) async fn what_is_watched_needs_no_more_rights(cluster: &Cluster) {
    cluster.server.crds().await;
    for values in ["appliance", "namespaces", "selector", "nodeport"] {
        let it = Installed::on(&cluster.server, values, &[]).await;
        let namespaces = match values {
            "namespaces" => {
                Namespaces::Listed([it.values.shop.clone(), it.values.bank.clone()].into())
            }
            "selector" => Namespaces::Labelled("team=shop,tier!=test".to_owned()),
            _ => Namespaces::All,
        };
        let config_map = ObjectKey::new(&it.values.shop, "defaults");
        let scope = Scope {
            config_map: (values == "namespaces").then_some(config_map),
            nodes: values == "nodeport",
            namespaces,
            own_resources: true,
        };
        let changed = tokio::sync::watch::Sender::new(());
        let told = Listener { changed, interrupted: Arc::new(|_| ()) };
        let mut tasks = JoinSet::new();
        let watches = Watches::start(&it.client, scope, &told, &mut tasks);
        wait_for(&format!("the watches with {values}"), SOON, async || {
            let refused = cluster.server.refused_to(&it.account);
            let synced = tokio::time::timeout(Duration::from_millis(200), watches.synced());
            synced.await.map_err(|_elapsed| format!("refused: {refused:?}"))
        })
        .await;
        let used = cluster.server.used_by(&it.account);
        assert!(used.contains("watch services") || used.contains("list services"), "{used:?}");
    }
}

pub(crate) async fn an_upgrade_changes_and_an_uninstall_leaves_nothing(cluster: &Cluster) {
    let server = &cluster.server;
    let it = Installed::on(&cluster.server, "appliance", &[]).await;
    let name = it.values.release.as_str();
    let class = format!("ingressClass.name={name}");
    let rest = ["edge", CHART, "-n", name, "-f", &it.values.path, "--set", &class];
    let modes = ["--set", "controller.secretsMode=get"];
    server.helm(&[&["upgrade"], &rest[..], &modes].concat()).content();
    wait_for("the right to list Secrets to go", SOON, async || {
        if it.may("list", "secrets", "").await { Err("it is there") } else { Ok(()) }
    })
    .await;
    server.helm(&["uninstall", "edge", "-n", name]).content();
    let left = format!("{name}-edge-nitro-ingress");
    let all = ListParams::default();
    let roles = Api::<ClusterRole>::all(server.client()).list(&all).await.unwrap();
    let bindings = Api::<ClusterRoleBinding>::all(server.client()).list(&all).await.unwrap();
    let names = roles.items.iter().map(|role| &role.metadata.name);
    let names = names.chain(bindings.items.iter().map(|binding| &binding.metadata.name));
    let found: Vec<_> = names.flatten().filter(|name| name.starts_with(&left)).collect();
    assert!(found.is_empty(), "{found:?}");
}

pub(crate) async fn the_chart_is_of_the_version_of_the_program(_: &Cluster) {
    let chart = file("Chart.yaml");
    assert_eq!(chart["appVersion"], env!("CARGO_PKG_VERSION"));
    assert_eq!(chart["version"], env!("CARGO_PKG_VERSION"));
}
