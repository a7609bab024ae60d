//! The commands that read the cluster, as people run them beside the controller.

use std::collections::BTreeSet;
use std::process::Command;

use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use kube::api::{Patch, PatchParams};
use nitro_ingress::cluster::resources::netscaler::NetScaler;
use nitro_ingress::model::Kind;
use serde_json::{Value, json};

use crate::access::{User, rule};
use crate::api_server::Cluster;
use crate::programming::SHOP;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

/// How a command ended.
struct Finished {
    status: i32,
    out: String,
    err: String,
}

/// Runs a command with these arguments.
fn run(command: &str, arguments: impl IntoIterator<Item = String>) -> Finished {
    let mut program = Command::new(env!("CARGO_BIN_EXE_nitro-ingress"));
    let output = program.arg(command).args(arguments).env_clear().output().unwrap();
    Finished {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Rig<'_> {
    /// Plans for the cluster.
    fn plan(&self, more: &[&str]) -> Finished {
        let more = more.iter().map(|&text| text.to_owned());
        let named = self.of_cluster(&User::admin()).into_iter().chain(self.of_appliance());
        run("plan", named.chain(more))
    }

    /// Makes a `NetScaler` object for the appliance, and the class that names it.
    pub(crate) async fn netscaler(&self, spec: Value) -> String {
        let name = format!("{}-adc", self.namespace);
        self.apply(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "adc" },
            "stringData": { "username": "nsroot", "password": "nsroot" },
        }))
        .await;
        let mut spec = spec;
        spec["endpoints"] = json!([self.mock.url]);
        spec["credentials"] = json!({ "secretName": "adc" });
        self.apply(json!({
            "apiVersion": "nitro-ingress.dev/v1alpha1", "kind": "NetScaler",
            "metadata": { "name": name }, "spec": spec,
        }))
        .await;
        self.class_of(&self.class, &name).await;
        name
    }
}

/// The rows that the requests of a journal hold, each with its type.
fn rows(rig: &Rig<'_>) -> Vec<(String, Value)> {
    let is_of_session = |path: &str| path.ends_with("/login") || path.ends_with("/logout");
    let journal = rig.mock.journal();
    let writes = journal.iter().filter(|entry| {
        entry.method != "GET"
            && !is_of_session(&entry.path)
            && entry.query.as_deref() != Some("action=diff")
    });
    let mut rows = Vec::new();
    for entry in writes {
        if entry.method == "DELETE" {
            let kind = entry.path.split('/').nth(4).unwrap().to_owned();
            let request = format!("{}?{}", entry.path, entry.query.clone().unwrap_or_default());
            rows.push((kind, json!({ "request": request })));
        }
        for (kind, value) in entry.body.as_object().into_iter().flatten() {
            let one = std::slice::from_ref(value);
            let all = value.as_array().map_or(one, Vec::as_slice);
            rows.extend(all.iter().map(|row| (kind.clone(), row.clone())));
        }
    }
    rows
}

/// Whether an op is what a row of a request does.
fn is_row_of(op: &Value, (kind, row): &(String, Value)) -> bool {
    let request = row["request"].as_str().unwrap_or_default();
    let has = |name: &Value| {
        let is_field = row.as_object().unwrap().values().any(|one| one == name);
        is_field || name.as_str().is_some_and(|name| request.contains(name))
    };
    let of =
        if op["verb"] == "upload" { "systemfile" } else { op["kind"].as_str().unwrap_or_default() };
    let names = ["name", "file", "parent", "child"].map(|key| &op[key]);
    kind == of && names.into_iter().all(|name| name.is_null() || has(name))
}

pub(crate) async fn the_plan_for_a_cluster_is_what_its_controller_does(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    let planned = rig.plan(&["-o", "json"]);
    assert_eq!(planned.status, 0, "{}", planned.err);
    assert_eq!(rig.mock.writes(), <[String; 0]>::default());
    assert!(!planned.out.contains("PRIVATE KEY"), "{}", planned.out);
    let planned: Value = serde_json::from_str(&planned.out).unwrap();
    let journal = rig.mock.journal();
    let kinds = journal.iter().filter_map(|one| one.path.strip_prefix("/nitro/v1/"));
    let kinds = kinds.map(|path| path.strip_prefix("config/").unwrap_or(path));
    let kinds: BTreeSet<&str> = kinds.filter_map(|path| path.split('/').next()).collect();
    let beside: Vec<&str> = kinds.into_iter().filter(|kind| Kind::parse(kind).is_none()).collect();
    let wanted = ["hanode", "login", "logout", "nsconfig", "nshardware", "nsversion", "stat"];
    assert_eq!(beside, wanted, "what is new must stand in docs/nitro-user.md, and in its test");
    rig.mock.clear_journal();

    let controller = rig.controller(&[]);
    rig.report(seed::NAME, "Programmed").await;
    let mut rows = rows(&rig);
    let is_of_object = |op: &&Value| op["verb"] != "save" && op["verb"] != "enable";
    let ops: Vec<&Value> = planned["ops"].as_array().unwrap().iter().filter(is_of_object).collect();
    assert!(ops.len() > 30, "{planned:#}");
    for op in ops {
        let row = rows.iter().position(|row| is_row_of(op, row));
        rows.remove(row.unwrap_or_else(|| panic!("{op:#} was not done: {rows:#?}")));
    }
    // Features are no objects; whether requests may hold several types is asked with a login.
    rows.retain(|(kind, _)| !["nsfeature", "nsconfig", "login"].contains(&kind.as_str()));
    assert_eq!(rows, [], "what was done and not planned");

    wait_for("nothing to be left to do", SOON, async || {
        let rest = rig.plan(&["--detailed-exitcode"]);
        let is_rest = rest.status == 0 && rest.out.contains("\nno changes\n");
        if is_rest { Ok(()) } else { Err(format!("{}\n{}", rest.out, rest.err)) }
    })
    .await;
    drop(controller);
}

pub(crate) async fn an_ingress_of_a_cluster_is_explained_for_the_appliance_of_its_class(
    cluster: &Cluster,
) {
    let rig = Rig::new(cluster).await;
    let name = rig.netscaler(json!({ "defaultVip": "192.0.2.77" })).await;
    rig.apply_all(
        &SHOP.replace("    ingress.citrix.com/frontend-ip: 192.0.2.10\n", "    x: text\n"),
    )
    .await;
    let arguments = rig.of_cluster(&User::admin());
    let explained = run("explain", ["shop".to_owned()].into_iter().chain(arguments));
    assert_eq!(explained.status, 0, "{}\n{}", explained.out, explained.err);
    assert!(explained.out.contains("k8s-192.0.2.77_80_http"), "{}", explained.out);

    // Which appliance is meant is a question where they have objects, unless it is answered.
    let arguments = || rig.of_cluster(&User::admin()).into_iter();
    let unclear = run("plan", arguments());
    assert_eq!(unclear.status, 1, "{}", unclear.out);
    assert!(unclear.err.contains(&name) && unclear.err.contains("--appliance"), "{}", unclear.err);
    let named = [format!("--lease-namespace={}", rig.namespace), format!("--appliance={name}")];
    let planned = run("plan", arguments().chain(named));
    assert_eq!(planned.status, 0, "{}\n{}", planned.out, planned.err);
    assert!(planned.out.contains("k8s-192.0.2.77_80_http"), "{}", planned.out);
    let elsewhere = run("plan", arguments().chain([format!("--appliance={name}")]));
    assert!(elsewhere.err.starts_with("error: Secret \"default/adc\""), "{}", elsewhere.err);
    let other = run("plan", arguments().chain(["--appliance=no-such".to_owned()]));
    assert!(other.err.starts_with("error: there is no NetScaler \"no-such\""), "{}", other.err);
}

pub(crate) async fn a_cluster_that_cannot_be_read_is_told_with_both_ways(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let refused = run("plan", rig.of_cluster(&User::nobody()));
    assert_eq!(refused.status, 1, "{}", refused.out);
    for part in ["-f", "--kubeconfig", "cannot be listed", "forbidden"] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
    // It needs no more rights than it uses: our custom resources are none of its business.
    let rules = [
        rule("networking.k8s.io", &["ingresses", "ingressclasses"], &["list", "watch"]),
        rule("", &["services"], &["list", "watch"]),
        rule("discovery.k8s.io", &["endpointslices"], &["list", "watch"]),
    ];
    let reader = rig.server.user(&rig.namespace, "reader", &rules).await;
    rig.apply_all(SHOP).await;
    let named = rig.of_cluster(&reader).into_iter().chain(rig.of_appliance());
    let planned = run("plan", named);
    assert_eq!(planned.status, 0, "{}\n{}", planned.out, planned.err);
    assert!(planned.err.contains("approvals on it do not count here"), "{}", planned.err);
    assert!(planned.out.contains("k8s-192.0.2.10_80_http"), "{}", planned.out);
}

pub(crate) async fn an_approval_is_added_where_the_controller_reads_it(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let approve = |arguments: &[&str]| {
        let kubeconfig =
            format!("--kubeconfig={}", rig.server.kubeconfig(&User::admin()).display());
        let arguments = arguments.iter().map(|&text| text.to_owned());
        run("approve", arguments.chain([kubeconfig]))
    };
    let on_lease = format!("--lease-namespace={}", rig.namespace);
    let missing = approve(&["abc", &on_lease]);
    assert_eq!(missing.status, 1);
    assert!(missing.err.contains("there is no Lease"), "{}", missing.err);
    rig.apply(json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
        "metadata": { "name": "nitro-ingress", "annotations": { "nitro-ingress.dev/hosts": "x 1" } },
    }))
    .await;
    assert_eq!(approve(&["abc", &on_lease]).status, 0);
    let both = approve(&["abc,def", &on_lease]);
    assert!(both.out.contains("abc is approved already on Lease"), "{}", both.out);
    let leases: Api<Lease> = Api::namespaced(rig.client.clone(), &rig.namespace);
    let annotations = leases.get("nitro-ingress").await.unwrap().metadata.annotations.unwrap();
    assert_eq!(annotations["nitro-ingress.dev/approve"], "abc,def");
    assert_eq!(annotations["nitro-ingress.dev/hosts"], "x 1");

    let name = rig.netscaler(json!({})).await;
    let appliance = format!("--appliance={name}");
    let netscalers: Api<NetScaler> = Api::all(rig.client.clone());
    let status = json!({ "status": {
        "pendingDeletions": { "digest": "abc", "count": 12, "first": ["Ingress a/b"] },
    } });
    let post = PatchParams::default();
    netscalers.patch_status(&name, &post, &Patch::Merge(&status)).await.unwrap();
    let refused = approve(&["abd", &appliance]);
    assert_eq!(refused.status, 1, "{}", refused.out);
    assert!(refused.err.contains("this waits: abc (12 deletions: Ingress a/b"), "{}", refused.err);
    let approved = approve(&["abc", &appliance]);
    assert_eq!(approved.status, 0, "{}", approved.err);
    assert!(approved.out.contains("12 deletions"), "{}", approved.out);
    assert_eq!(approve(&["host-7", &appliance, "--force"]).status, 0);
    let annotations = netscalers.get(&name).await.unwrap().metadata.annotations.unwrap();
    assert_eq!(annotations["nitro-ingress.dev/approve"], "abc,host-7");
}
