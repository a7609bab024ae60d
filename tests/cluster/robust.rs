//! What clusters do to controllers: restarts, servers that go away, rights that are taken away.

use k8s_openapi::api::networking::v1::Ingress;
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use mock_nitro::JournalEntry;
use serde_json::json;

use crate::access::rule;
use crate::api_server::Cluster;
use crate::appliance::Mock;
use crate::door::{Door, Mood};
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

/// The Ingress and what it refers to, programmed, and nothing left to do or to save.
async fn programmed(rig: &Rig<'_>) {
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
    rig.saved().await;
}

/// Waits until a change of the endpoints has reached the appliance: the controller is at work.
async fn follows(rig: &Rig<'_>, address: &str) {
    rig.apply(seed::endpoints(&[address])).await;
    rig.has_member(address).await;
}

/// The requests that delete or unbind something.
fn deletes(rig: &Rig<'_>) -> Vec<String> {
    let is_delete = |line: &String| line.starts_with("DELETE") || line.contains("unbind");
    rig.mock.writes().into_iter().filter(is_delete).collect()
}

pub(crate) async fn a_restart_on_a_converged_appliance_writes_nothing(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&[]);
    programmed(&rig).await;
    controller.terminate().await;
    rig.mock.clear_journal();
    let controller = rig.controller(&[]);
    rig.observed().await;
    // It follows the cluster, so it has seen everything there was to do.
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    drop(controller);
    // Killed, it leaves its lease behind.
    rig.mock.clear_journal();
    let _controller = rig.controller(&[]);
    rig.observed().await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
}

pub(crate) async fn a_graceful_stop_saves_logs_out_and_gives_the_lease_up(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&["--save-delay=10m"]);
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
    let saves = |rig: &Rig<'_>| {
        rig.mock.writes().iter().filter(|line| line.contains("action=save")).count()
    };
    assert_eq!(saves(&rig), 0);
    controller.terminate().await;
    assert_eq!(saves(&rig), 1);
    assert!(rig.mock.journal().last().unwrap().path.ends_with("/logout"));
    assert_eq!(rig.lease_holder().await, None);
}

pub(crate) async fn an_api_server_that_goes_away_costs_nothing(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    let _controller = rig.controller(&[]);
    programmed(&rig).await;
    rig.mock.clear_journal();
    server.kill();
    // It does not know whether it may write any more.
    rig.left().await;
    server.start_again().await;
    follows(&rig, "10.1.0.9").await;
    // What changes while nobody watches is found by listing again.
    rig.mock.clear_journal();
    server.pause();
    rig.left().await;
    server.resume();
    follows(&rig, "10.1.0.10").await;
    let deleted = deletes(&rig);
    let members =
        deleted.iter().filter(|line| line.contains("servicegroup_") || line.contains("/server/"));
    assert_eq!(members.count(), deleted.len(), "{deleted:#?}");
}

pub(crate) async fn who_loses_its_session_asks_whether_it_still_leads(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, Mock::start()).await;
    // Long enough that it may write all the while.
    let controller = rig.controller(&["--lease-duration=2m"]);
    programmed(&rig).await;
    rig.looked(2).await;
    server.kill();
    rig.mock.clear_journal();
    // Another controller could have done this, with a lease that was made anew.
    rig.mock.act(|node| node.appliance.expire_sessions());
    wait_for("it to ask", SOON, async || {
        let asked = controller.said("the lease is not renewed");
        if asked >= 3 { Ok(()) } else { Err(format!("{asked} times")) }
    })
    .await;
    let is_login = |one: &&JournalEntry| one.path.ends_with("/login");
    assert_eq!(rig.mock.journal().iter().filter(is_login).count(), 0);
    server.start_again().await;
    follows(&rig, "10.1.0.9").await;
}

pub(crate) async fn an_api_server_that_speaks_nonsense_costs_nothing(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let door = Door::to(rig.server).await;
    let way = door.argument();
    let controller = rig.controller(&[&way]);
    programmed(&rig).await;
    rig.mock.clear_journal();
    // Every watch is closed, again and again, and what it would go on from is forgotten.
    door.set(Mood::Gone);
    door.refuses(10).await;
    rig.looked(2).await;
    door.set(Mood::Good);
    follows(&rig, "10.1.0.9").await;
    // Its token expires. It does not know any more whether it may write.
    door.set(Mood::Unauthorized);
    rig.left().await;
    door.set(Mood::Good);
    follows(&rig, "10.1.0.10").await;
    // All Ingresses are missing from a list, as it goes on and when it begins.
    door.set(Mood::Empty);
    door.refuses(10).await;
    rig.looked(2).await;
    controller.terminate().await;
    rig.mock.clear_journal();
    let _controller = rig.controller(&[&way]);
    rig.observed().await;
    rig.looked(2).await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    door.set(Mood::Good);
    follows(&rig, "10.1.0.11").await;
    assert!(deletes(&rig).iter().all(|line| line.contains("server")), "{:#?}", deletes(&rig));
    rig.report(seed::NAME, "Programmed").await;
}

pub(crate) async fn what_could_not_be_told_is_told_without_a_change_or_a_look(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let door = Door::to(rig.server).await;
    let _controller = rig.controller(&[&door.argument(), "--look=10m"]);
    programmed(&rig).await;
    rig.settled().await;
    door.set(Mood::Failing);
    rig.apply(seed::secret("server", &json!({ "tls.crt": "", "tls.key": "" }))).await;
    door.refuses(1).await;
    door.set(Mood::Good);
    rig.report(seed::NAME, "Held").await;
    rig.event(seed::NAME, "Held").await;
}

pub(crate) async fn rights_that_are_taken_away_cost_nothing(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let all = [rule("*", &["*"], &["*"])];
    let user = rig.server.user(&rig.namespace, "controller", &all).await;
    let _controller = rig.controller_as(&user, &[]);
    programmed(&rig).await;
    rig.mock.clear_journal();
    let roles: Api<ClusterRole> = Api::all(rig.client.clone());
    let role = format!("{}-controller", rig.namespace);
    let before = roles.get(&role).await.unwrap();
    let mut without = before.clone();
    without.rules = Some(vec![rule("coordination.k8s.io", &["leases"], &["*"])]);
    roles.replace(&role, &PostParams::default(), &without).await.unwrap();
    // Its watches end by themselves within a minute; nothing may go on the way.
    rig.looked(2).await;
    let mut again = roles.get(&role).await.unwrap();
    again.rules = before.rules;
    roles.replace(&role, &PostParams::default(), &again).await.unwrap();
    follows(&rig, "10.1.0.9").await;
    assert!(deletes(&rig).iter().all(|line| line.contains("server")), "{:#?}", deletes(&rig));
}

pub(crate) async fn what_vanished_while_nobody_watched_goes_up_to_a_limit(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&[]);
    for object in seed::references() {
        rig.apply(object).await;
    }
    let name = |number: usize| format!("web-{number}");
    for number in 0..8 {
        let mut ingress = seed::ingress(&rig.class);
        ingress["metadata"]["name"] = json!(name(number));
        ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(format!("/{number}"));
        rig.apply(ingress).await;
    }
    for number in 0..8 {
        rig.report(&name(number), "Programmed").await;
    }
    rig.saved().await;
    controller.terminate().await;
    // Nobody sees them go.
    let ingresses: Api<Ingress> = Api::namespaced(rig.client.clone(), &rig.namespace);
    for number in 0..7 {
        ingresses.delete(&name(number), &DeleteParams::default()).await.unwrap();
    }
    rig.mock.clear_journal();
    let _controller = rig.controller(&[]);
    let note = rig.lease_event("DeletionsPending").await;
    assert!(note.contains("7 deletions wait"), "{note}");
    assert_eq!(deletes(&rig), Vec::<String>::new());
    let digest = note.rsplit(' ').next().unwrap().to_owned();
    rig.approve(&digest).await;
    wait_for("the approved deletions", SOON, async || {
        let policies = rig.mock.names("cspolicy");
        if policies.len() == 1 { Ok(()) } else { Err(format!("{policies:?}")) }
    })
    .await;
    rig.report(&name(7), "Programmed").await;
}

pub(crate) async fn a_secret_is_read_by_name_where_it_may_not_be_listed(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let watch = ["get", "list", "watch"];
    let rules = [
        rule("networking.k8s.io", &["ingresses", "ingressclasses"], &watch),
        rule("networking.k8s.io", &["ingresses/status"], &["patch"]),
        rule("", &["services"], &watch),
        rule("discovery.k8s.io", &["endpointslices"], &watch),
        rule("nitro-ingress.dev", &["*"], &["*"]),
        rule("coordination.k8s.io", &["leases"], &["*"]),
        rule("events.k8s.io", &["events"], &["create", "patch"]),
        rule("", &["secrets"], &["get"]),
    ];
    let user = rig.server.user(&rig.namespace, "reader", &rules).await;
    let _controller = rig.controller_as(&user, &["--secrets-mode=get"]);
    programmed(&rig).await;
    let rights = rig.server.used_by(&user);
    let of_secrets: Vec<_> = rights.iter().filter(|right| right.ends_with(" secrets")).collect();
    assert_eq!(of_secrets, ["get secrets"]);
}

pub(crate) async fn a_paused_ingress_stays_as_it_is(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&[]);
    programmed(&rig).await;
    let mut paused = seed::ingress(&rig.class);
    paused["metadata"]["annotations"]["nitro-ingress.dev/paused"] = json!("true");
    paused["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/shop");
    rig.apply(paused.clone()).await;
    let report = rig.report(seed::NAME, "Held").await;
    assert!(report.conditions.iter().any(|one| one.reason == "IngressPaused"), "{report:?}");
    // Its members follow all the same.
    follows(&rig, "10.1.0.9").await;
    let rules = rig.mock.act(|node| node.appliance.dump()["objects"]["cspolicy"].to_string());
    assert!(!rules.contains("/shop"), "{rules}");
    paused["metadata"]["annotations"]["nitro-ingress.dev/paused"] = json!("false");
    rig.apply(paused).await;
    rig.report(seed::NAME, "Programmed").await;
}
