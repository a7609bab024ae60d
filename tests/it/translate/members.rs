//! Who the members of a back end are: which endpoints of which slices, and in which condition.

use k8s_openapi::api::core::v1::ServicePort;
use k8s_openapi::api::discovery::v1::EndpointConditions;
use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::translate::Translation;

use super::ask::{accepted, error, members, told, translated};
use crate::objects::{Cluster, EndpointsBuilder, cluster, endpoints, ingress, policy, service};

/// A cluster with an Ingress for port 80 of `web`.
fn web() -> Cluster {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    cluster().with(web.path("/", "web", 80))
}

/// The addresses of the members of `web`: those that serve, and those that would be drained.
#[track_caller]
fn addresses(cluster: &Cluster) -> (Vec<String>, Vec<String>) {
    let translation = accepted(cluster);
    let bare = |member: &str| member.split(' ').next().unwrap().to_owned();
    let serving = members(&translation.desired.state, "k8s-web_");
    let start = policy().mark.name_start();
    let draining = translation.draining.members.iter().map(|member| &member.child);
    (
        serving.iter().map(|member| bare(member)).collect(),
        draining.map(|server| server.strip_prefix(&start).unwrap().to_owned()).collect(),
    )
}

fn slice() -> EndpointsBuilder {
    endpoints("web").port("", 8080)
}

fn conditions(
    ready: Option<bool>,
    serving: Option<bool>,
    ends: Option<bool>,
) -> EndpointConditions {
    EndpointConditions { ready, serving, terminating: ends }
}

#[test]
fn conditions_that_are_not_known_count_as_kubernetes_says() {
    let (yes, no) = (Some(true), Some(false));
    let cases = [
        ((None, None, None), "serves"),
        ((yes, None, None), "serves"),
        ((no, None, None), "is left out"),
        ((no, yes, no), "is left out"),
        ((yes, yes, yes), "is drained"),
        ((no, yes, yes), "is drained"),
        ((no, no, yes), "is drained"),
        ((None, None, yes), "is drained"),
    ];
    for ((ready, serving, terminating), expected) in cases {
        let slice = slice()
            .address("10.0.0.1", yes)
            .endpoint("10.0.0.2", conditions(ready, serving, terminating));
        let (serving, draining) = addresses(&web().with(slice));
        let found = match (serving.len(), draining.len()) {
            (2, 0) => "serves",
            (1, 1) => "is drained",
            (1, 0) => "is left out",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{ready:?} {serving:?} {terminating:?}");
    }
}

#[test]
fn while_none_is_ready_those_that_terminate_and_serve_are_members() {
    let leaving = slice()
        .terminating("10.0.0.1", true)
        .terminating("10.0.0.2", false)
        .address("10.0.0.3", Some(false));
    let (serving, draining) = addresses(&web().with(leaving));
    assert_eq!(serving, ["10.0.0.1"]);
    assert_eq!(draining, ["10.0.0.2"]);
}

#[test]
fn addresses_that_are_not_ready_serve_a_service_that_publishes_them() {
    let publishing = || {
        service("web").port(80).changed(|spec| {
            spec.publish_not_ready_addresses = Some(true);
        })
    };
    let starting = slice().address("10.0.0.1", Some(false)).terminating("10.0.0.2", false);
    let (serving, draining) = addresses(&web().with(publishing()).with(starting));
    assert_eq!((serving, draining), (vec!["10.0.0.1".into()], vec!["10.0.0.2".into()]));
    let (serving, _) =
        addresses(&web().with(publishing()).with(slice().terminating("10.0.0.2", false)));
    assert_eq!(serving, ["10.0.0.2"]);
}

#[test]
fn an_endpoint_that_is_ready_in_one_slice_is_not_drained_for_another() {
    let moved = slice().slice("web-2").terminating("10.0.0.1", true);
    let (serving, draining) = addresses(&web().with(slice().address("10.0.0.1", None)).with(moved));
    assert_eq!(serving, ["10.0.0.1"]);
    assert!(draining.is_empty());
}

#[test]
fn slices_of_one_service_may_have_different_numbers_for_a_port() {
    let old = endpoints("web").port("http", 8080).port("admin", 9000).address("10.0.0.1", None);
    let new = endpoints("web").slice("web-2").port("http", 8081).address("10.0.0.2", None);
    let web = web().with(service("web").named_port("admin", 81).named_port("http", 80));
    let translation = accepted(&web.with(old).with(new));
    let found = members(&translation.desired.state, "k8s-web_");
    assert_eq!(found, ["10.0.0.1 port 8080", "10.0.0.2 port 8081"]);
}

#[test]
fn a_slice_without_usable_ports_has_no_members() {
    let without_ports = endpoints("web").address("10.0.0.1", None);
    let without_number = slice().address("10.0.0.1", None).changed(|slice| {
        slice.ports.as_mut().unwrap()[0].port = None;
    });
    let of_another_name = endpoints("web").port("http", 8080).address("10.0.0.1", None);
    let over_udp = slice().address("10.0.0.1", None).changed(|slice| {
        slice.ports.as_mut().unwrap()[0].protocol = Some("UDP".to_owned());
    });
    for slice in [without_ports, without_number, of_another_name, over_udp] {
        let translation = accepted(&web().with(slice));
        assert!(members(&translation.desired.state, "k8s-web_").is_empty());
        assert_eq!(told(&translation, "web"), [(Severity::Warning, Code::ServiceWithoutMembers)]);
    }
}

#[test]
fn slices_of_another_namespace_or_service_or_family_do_not_count() {
    let six = endpoints("web").slice("web-6").ipv6().port("", 8080).address("2001:db8::1", None);
    let cluster = web()
        .with(slice().address("10.0.0.1", None))
        .with(endpoints("web").namespace("other").port("", 8080).address("10.0.0.2", None))
        .with(endpoints("other").port("", 8080).address("10.0.0.3", None))
        .with(six.clone());
    assert_eq!(addresses(&cluster).0, ["10.0.0.1"]);
    let mut only_six = web();
    only_six.0.endpoint_slices.clear();
    assert_eq!(addresses(&only_six.with(six)).0, ["2001:db8::1"]);
}

#[test]
fn a_headless_service_has_its_endpoints() {
    let headless = service("web").port(80).changed(|spec| {
        spec.cluster_ip = Some("None".to_owned());
    });
    let (serving, _) = addresses(&web().with(headless));
    assert_eq!(serving, ["10.0.0.1", "10.0.0.2"]);
}

#[track_caller]
fn refusal(translation: &Translation) -> (Code, String, String) {
    let error = error(translation, "web");
    (error.code, error.problem.clone(), error.remedy.clone())
}

#[test]
fn a_service_of_type_external_name_is_refused_with_a_way_out() {
    let external = service("web").port(80).changed(|spec| {
        spec.type_ = Some("ExternalName".to_owned());
        spec.external_name = Some("elsewhere.example".to_owned());
    });
    let (code, problem, remedy) = refusal(&translated(&web().with(external)));
    assert_eq!(code, Code::RuleUnsupported);
    assert!(problem.contains("names a host"), "{problem}");
    assert!(remedy.contains("EndpointSlice"), "{remedy}");
}

#[test]
fn a_port_for_udp_is_refused_unless_tcp_has_it_too() {
    let port = |protocol: &str| ServicePort {
        name: Some(protocol.to_lowercase()),
        port: 80,
        protocol: Some(protocol.to_owned()),
        ..ServicePort::default()
    };
    let udp = service("web").changed(|spec| spec.ports = Some(vec![port("UDP")]));
    let (code, problem, _) = refusal(&translated(&web().with(udp)));
    assert_eq!(code, Code::ServicePortMissing);
    assert_eq!(problem, "port \"80\" of Service \"default/web\" is for UDP, not for TCP");
    let both = service("web").changed(|spec| spec.ports = Some(vec![port("UDP"), port("TCP")]));
    let slice = endpoints("web").port("tcp", 8080).address("10.0.0.1", None);
    assert_eq!(addresses(&web().with(both).with(slice)).0, ["10.0.0.1"]);
}
