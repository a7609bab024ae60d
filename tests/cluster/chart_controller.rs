//! A controller that has the rights of the chart, and no others, at work.

use std::collections::BTreeSet;

use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use nitro_ingress::cluster::resources::netscaler::NetScaler;
use nitro_ingress::model::Kind;
use serde_json::{Value, json};

use crate::access::User;
use crate::api_server::{ApiServer, Cluster};
use crate::appliance::Mock;
use crate::helm::CHART;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

/// What nobody is seen to ask for, though it is needed: where a watch says nothing of an Ingress
/// that is observed; where a watch of Secrets was there before somebody referred to one; for an
/// Event that comes again; and together with a patch that makes a report.
const UNSEEN: [&str; 4] = [
    "get networking.k8s.io/ingresses",
    "get secrets",
    "patch events.k8s.io/events",
    "create nitro-ingress.dev/ingressreports",
];

/// What concerns NetScaler objects.
const OF_NETSCALERS: &str = "patch nitro-ingress.dev/netscalers/status";

/// A world in which the chart is installed.
struct World<'a> {
    rig: Rig<'a>,
    account: User,
    granted: BTreeSet<String>,
}

impl<'a> World<'a> {
    async fn on(server: &'a ApiServer, sets: &[&str]) -> Self {
        let rig = Rig::on(server, Mock::start()).await;
        let namespace = rig.namespace.as_str();
        let own = [
            format!("namespaces={{{namespace}}}"),
            format!("controller.clusterId={namespace}"),
            "ingressClass.create=false".to_owned(),
        ];
        let mut rest = vec!["edge", CHART, "-n", namespace];
        let sets = own.iter().map(String::as_str).chain(sets.iter().copied());
        rest.extend(sets.flat_map(|set| ["--set", set]));
        server.helm(&[&["install"], &rest[..]].concat()).content();
        let account = server.service_account(namespace, "edge-nitro-ingress").await;
        let granted = granted(&server.helm(&[&["template"], &rest[..]].concat()).content());
        Self { rig, account, granted }
    }

    /// Serves an Ingress of this class, and takes it away again.
    async fn serve(&self, class: &str) {
        for object in seed::references() {
            self.rig.apply(object).await;
        }
        self.rig.apply(seed::ingress(class)).await;
        self.rig.report(seed::NAME, "Programmed").await;
        self.rig.address(seed::NAME, Some(seed::VIP)).await;
        self.rig.delete::<Ingress>(seed::NAME).await;
        self.rig.no_report(seed::NAME).await;
    }

    /// Nothing was refused, and everything that it may was asked for, save what is unseen.
    async fn judge(&self, unseen: &[&str]) {
        let server = self.rig.server;
        wait_for("all rights to be asked for", SOON, async || {
            let used = server.used_by(&self.account);
            let unused = self.granted.difference(&used);
            let unused: Vec<_> = unused.filter(|right| !unseen.contains(&right.as_str())).collect();
            if unused.is_empty() { Ok(()) } else { Err(format!("not used: {unused:?}")) }
        })
        .await;
        assert_eq!(server.refused_to(&self.account), BTreeSet::new());
        let used = server.used_by(&self.account);
        let beyond: Vec<&String> = used.difference(&self.granted).collect();
        assert!(beyond.is_empty(), "{beyond:?}");
    }
}

const LEASE: &str = "--lease-name=edge-nitro-ingress";

pub(crate) async fn it_needs_all_rights_of_the_chart_and_no_more(cluster: &Cluster) {
    let world = World::on(&cluster.server, &[]).await;
    let _controller = world.rig.controller_as(&world.account, &[LEASE]);
    world.serve(&world.rig.class).await;
    world.judge(&[&UNSEEN[..], &[OF_NETSCALERS]].concat()).await;
}

pub(crate) async fn in_get_mode_it_needs_no_right_to_list_secrets(cluster: &Cluster) {
    let world = World::on(&cluster.server, &["controller.secretsMode=get"]).await;
    let _controller = world.rig.controller_as(&world.account, &[LEASE, "--secrets-mode=get"]);
    world.serve(&world.rig.class).await;
    let unseen = UNSEEN.into_iter().filter(|right| *right != "get secrets");
    world.judge(&unseen.chain([OF_NETSCALERS]).collect::<Vec<_>>()).await;
}

pub(crate) async fn it_serves_a_netscaler_object_with_the_rights_of_the_chart(cluster: &Cluster) {
    // A controller looks at all NetScalers of its cluster, so those of other tests are elsewhere.
    let server = cluster.own_server().await;
    let world = World::on(&server, &["appliance.credentialsSecret=netscaler"]).await;
    let (rig, mock) = (&world.rig, Mock::start());
    let name = netscaler(rig, &mock).await;
    let _controller = rig.controller_as(&world.account, &[LEASE]);
    world.serve(&name).await;
    world.judge(&UNSEEN).await;
}

pub(crate) async fn it_reads_credentials_where_it_serves_nothing(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let shop = server.namespace().await;
    let namespaces = format!("namespaces={{{shop}}}");
    let sets = ["appliance.credentialsSecret=netscaler", &namespaces];
    let world = World::on(&server, &sets).await;
    let (rig, mock) = (&world.rig, Mock::start());
    let name = netscaler(rig, &mock).await;
    let arguments = [LEASE, &format!("--namespace={shop}")];
    let _controller = rig.controller_as(&world.account, &arguments);
    let netscalers: Api<NetScaler> = Api::all(rig.client.clone());
    wait_for("the appliance to be reached", SOON, async || {
        let status = netscalers.get(&name).await.map_err(|error| error.to_string())?.status;
        let conditions = status.unwrap_or_default().conditions;
        let is_reached =
            conditions.iter().any(|one| one.type_ == "Reachable" && one.status == "True");
        if is_reached { Ok(()) } else { Err(format!("{conditions:?}")) }
    })
    .await;
    // It has no right to list Secrets there, and reads the one by its name.
    assert_eq!(server.refused_to(&world.account), BTreeSet::new());
}

/// Makes a NetScaler object for this appliance, its Secret and its class, which has its name.
async fn netscaler(rig: &Rig<'_>, mock: &Mock) -> String {
    let name = format!("{}-other", rig.namespace);
    rig.apply(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "netscaler" },
        "stringData": { "username": "nsroot", "password": "nsroot" },
    }))
    .await;
    rig.apply(json!({
        "apiVersion": "nitro-ingress.dev/v1alpha1", "kind": "NetScaler",
        "metadata": { "name": name },
        "spec": { "endpoints": [mock.url], "credentials": { "secretName": "netscaler" } },
    }))
    .await;
    rig.class_of(&name, &name).await;
    name
}

pub(crate) async fn what_it_asks_of_an_appliance_stands_on_the_page_of_its_user(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let first = rig.controller(&[]);
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
    // It does not give up its lease, so the next one takes it.
    drop(first);
    let _second = rig.controller(&[]);
    let wanted = [
        "hanode",
        "login",
        "macroapi",
        "nsconfig",
        "nshardware",
        "nsversion",
        "stat",
        "systemsession",
    ];
    wait_for("the requests of a takeover", SOON, async || {
        let journal = rig.mock.journal();
        let paths = journal.iter().filter_map(|one| one.path.strip_prefix("/nitro/v1/"));
        let paths = paths.map(|path| path.strip_prefix("config/").unwrap_or(path));
        let kinds: BTreeSet<&str> = paths.filter_map(|path| path.split('/').next()).collect();
        let beside: Vec<&str> =
            kinds.into_iter().filter(|kind| Kind::parse(kind).is_none()).collect();
        let advice = "what is new must stand in docs/nitro-user.md, and in its test";
        if beside == wanted { Ok(()) } else { Err(format!("{beside:?}; {advice}")) }
    })
    .await;
}

/// The rights that the Roles of the chart give.
fn granted(rendered: &str) -> BTreeSet<String> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(rendered).unwrap();
    let texts = |list: &Value| -> Vec<String> { serde_json::from_value(list.clone()).unwrap() };
    let mut granted = BTreeSet::new();
    for rule in objects.iter().filter_map(|object| object["rules"].as_array()).flatten() {
        for group in texts(&rule["apiGroups"]) {
            let group = if group.is_empty() { String::new() } else { format!("{group}/") };
            for resource in texts(&rule["resources"]) {
                let verbs = texts(&rule["verbs"]);
                granted.extend(verbs.iter().map(|verb| format!("{verb} {group}{resource}")));
            }
        }
    }
    granted
}
