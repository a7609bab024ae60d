//! Nodes as members: which nodes, on which port, and what a Service needs for it.

use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::policy::{MemberSource, Policy};
use nitro_ingress::translate::{Translation, translate};

use super::ask::{error, members, told};
use crate::objects::{Cluster, ServiceBuilder, cluster, endpoints, ingress, node, policy, service};

fn translated(cluster: &Cluster) -> Translation {
    translate(&cluster.0, &Policy { members: MemberSource::NodePort, ..policy() })
}

/// A Service of type `NodePort`; its port 80 is 30080 on the nodes.
fn web() -> ServiceBuilder {
    service("web").port(80).changed(|spec| {
        spec.type_ = Some("NodePort".to_owned());
        spec.ports.as_mut().unwrap()[0].node_port = Some(30080);
    })
}

fn local() -> ServiceBuilder {
    web().changed(|spec| spec.external_traffic_policy = Some("Local".to_owned()))
}

/// A cluster with an Ingress for `web` and three nodes.
fn nodes() -> Cluster {
    let one = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    cluster()
        .with(web())
        .with(one.path("/", "web", 80))
        .with(node("a", &["10.1.0.1", "2001:db8::1"]))
        .with(node("b", &["10.1.0.2", "2001:db8::2"]))
        .with(node("c", &["10.1.0.3", "2001:db8::3"]))
}

#[track_caller]
fn serving(cluster: &Cluster) -> Vec<String> {
    let translation = translated(cluster);
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    members(&translation.desired.state, "k8s-web_")
}

#[test]
fn every_node_is_a_member_on_the_port_that_all_nodes_have() {
    let expected = ["10.1.0.1 port 30080", "10.1.0.2 port 30080", "10.1.0.3 port 30080"];
    assert_eq!(serving(&nodes()), expected);
}

#[test]
fn nodes_have_the_address_of_the_first_family_of_the_service() {
    let six = nodes().with(web().families(&["IPv6", "IPv4"])).with(node("b", &["10.1.0.2"]));
    assert_eq!(serving(&six), ["2001:db8::1 port 30080", "2001:db8::3 port 30080"]);
}

#[test]
fn nodes_that_are_not_ready_or_not_for_load_balancers_are_left_out() {
    let label = "node.kubernetes.io/exclude-from-external-load-balancers";
    let cluster = nodes()
        .with(node("a", &["10.1.0.1"]).ready("False"))
        .with(node("b", &["10.1.0.2"]).labelled(label))
        .with(node("d", &["10.1.0.4"]).ready("Unknown"));
    assert_eq!(serving(&cluster), ["10.1.0.3 port 30080"]);
}

#[test]
fn with_the_traffic_policy_local_nodes_without_endpoints_are_left_out() {
    let slice = endpoints("web")
        .port("", 8080)
        .address("10.0.0.1", None)
        .on_node("a")
        .address("10.0.0.2", Some(false))
        .on_node("b")
        .address("10.0.0.3", None)
        .on_node("unknown")
        .address("10.0.0.4", None);
    assert_eq!(serving(&nodes().with(local()).with(slice)), ["10.1.0.1 port 30080"]);
}

#[test]
fn a_node_is_drained_when_all_of_its_endpoints_terminate() {
    let slice = endpoints("web")
        .port("", 8080)
        .address("10.0.0.1", None)
        .on_node("a")
        .terminating("10.0.0.2", true)
        .on_node("a")
        .terminating("10.0.0.3", true)
        .on_node("b");
    let cluster = nodes().with(local()).with(slice);
    assert_eq!(serving(&cluster), ["10.1.0.1 port 30080"]);
    let draining = translated(&cluster).draining.members;
    let draining: Vec<_> = draining.iter().map(|member| member.child.as_str()).collect();
    assert!(matches!(draining[..], [server] if server.ends_with("-10.1.0.2")), "{draining:?}");
}

#[test]
fn a_service_without_a_node_port_is_refused_with_a_way_out() {
    let without_number = web().changed(|spec| {
        spec.ports.as_mut().unwrap()[0].node_port = None;
    });
    for (service, part) in
        [(service("web").port(80), "type ClusterIP has none"), (without_number, "has none yet")]
    {
        let translation = translated(&nodes().with(service));
        let error = error(&translation, "web");
        assert_eq!(error.code, Code::NodePortMissing);
        assert!(error.problem.ends_with(part), "{}", error.problem);
        assert!(translation.desired.state.entities.is_empty());
    }
}

#[test]
fn without_any_node_nothing_is_a_member_and_the_ingress_is_unmet() {
    let mut cluster = nodes();
    cluster.0.nodes.clear();
    assert_eq!(error(&translated(&cluster), "web").code, Code::NodesMissing);
    let unready = nodes()
        .with(node("a", &["10.1.0.1"]).ready("False"))
        .with(node("b", &[]))
        .with(node("c", &["10.1.0.3"]).ready("False"));
    let translation = translated(&unready);
    assert_eq!(told(&translation, "web"), [(Severity::Warning, Code::ServiceWithoutMembers)]);
    assert!(translation.diagnostics[0].problem.starts_with("no node takes connections"));
}
