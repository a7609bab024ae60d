//! The mutual-TLS walkthrough, object by object.

use nitro_ingress::model::{BindingId, Kind, Role, State, Value};
use nitro_ingress::translate::{Translation, translate};

use crate::objects::{Cluster, authorities, cluster, ingress, pair, policy};
use crate::turns::Turns;

fn walkthrough() -> Cluster {
    cluster().with(pair("wildcard-secret", "a-1")).with(authorities("tls-ca", &["ca-one"])).with(
        ingress("web-ingress")
            .annotated("backend-ca-secret", r#"{"apache": "tls-ca"}"#)
            .annotated("backend-secret", r#"{"apache": "wildcard-secret"}"#)
            .annotated(
                "backend-sslprofile",
                r#"{"apache":{"serverauth": "enabled", "sni": "enabled"}}"#,
            )
            .annotated("ca-secret", r#"{"apache": "tls-ca"}"#)
            .annotated("frontend-ip", "192.0.2.10")
            .annotated("frontend-sslprofile", r#"{"clientauth": "enabled", "sni": "enabled" }"#)
            .annotated("secure_backend", r#"{"apache": "True"}"#)
            .host("a.example")
            .path("/", "apache", 443)
            .tls(&["a.example"], "wildcard-secret"),
    )
}

const CSVSERVER: &str = "k8s-192.0.2.10_443_ssl";

fn translated() -> Translation {
    let translation = translate(&walkthrough().0, &policy());
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    assert_eq!(translation.diagnostics, []);
    translation
}

fn children<'s>(state: &'s State, kind: Kind, parent: &str) -> Vec<(&'s str, Role)> {
    state.bound(kind, parent).map(|(id, _)| (id.child.as_str(), id.role)).collect()
}

#[track_caller]
fn text<'s>(state: &'s State, kind: Kind, name: &str, field: &str) -> &'s str {
    state.text(kind, name, field).unwrap_or_else(|| panic!("no {kind} {name} {field}"))
}

#[test]
fn the_front_end_demands_client_certificates() {
    let Translation { desired, .. } = translated();
    let state = &desired.state;
    assert_eq!(text(state, Kind::CSVSERVER, CSVSERVER, "servicetype"), "SSL");
    assert_eq!(text(state, Kind::CSVSERVER, CSVSERVER, "ipv46"), "192.0.2.10");
    let profile = text(state, Kind::SSLVSERVER, CSVSERVER, "sslprofile");
    for (field, value) in [
        ("sslprofiletype", "FrontEnd"),
        ("clientauth", "ENABLED"),
        ("clientcert", "Mandatory"),
        ("snienable", "ENABLED"),
        ("snihttphostmatch", "STRICT"),
        ("tls1", "DISABLED"),
        ("tls13", "ENABLED"),
        ("sessreuse", "DISABLED"),
    ] {
        assert_eq!(text(state, Kind::SSLPROFILE, profile, field), value, "{field}");
    }
    let mut roles: Vec<Role> =
        children(state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER).into_iter().map(|c| c.1).collect();
    roles.sort();
    assert_eq!(roles, [Role::Ca, Role::Sni]);
}

#[test]
fn the_back_end_is_verified_and_is_shown_a_certificate() {
    let Translation { desired, .. } = translated();
    let state = &desired.state;
    let group = state.names(Kind::SSLSERVICEGROUP).next().unwrap();
    let hash = "267pneiak5rw6hoygvrqrzpm4k6thz2p";
    assert!(group.starts_with(&format!("k8s-apache_443_sgp_{hash}_")), "{group}");
    assert_eq!(text(state, Kind::SERVICEGROUP, group, "servicetype"), "SSL");
    let profile = text(state, Kind::SSLSERVICEGROUP, group, "sslprofile");
    for (field, value) in [
        ("sslprofiletype", "BackEnd"),
        ("serverauth", "ENABLED"),
        ("snienable", "ENABLED"),
        ("commonname", "a.example"),
    ] {
        assert_eq!(text(state, Kind::SSLPROFILE, profile, field), value, "{field}");
    }
    let mut roles: Vec<Role> =
        children(state, Kind::SSLSERVICEGROUP_SSLCERTKEY, group).into_iter().map(|c| c.1).collect();
    roles.sort();
    assert_eq!(roles, [Role::Plain, Role::Ca]);
    let members = children(state, Kind::SERVICEGROUP_MEMBER, group);
    let policy = policy();
    let tag = policy.mark.cluster.tag();
    let server = |ip| format!("k8s-{tag}-{ip}");
    let (one, two) = (server("10.0.1.1"), server("10.0.1.2"));
    assert_eq!(members, [(one.as_str(), Role::Port(8443)), (two.as_str(), Role::Port(8443))]);
}

#[test]
fn one_certificate_is_one_certkey_in_all_its_roles() {
    let Translation { desired, .. } = translated();
    assert_eq!(desired.certificates.len(), 2);
    let keyed = desired.certificates.values().filter(|material| material.key.is_some());
    assert_eq!(keyed.count(), 1);
}

#[test]
fn requests_for_the_host_go_to_the_back_end_and_others_to_404() {
    let Translation { desired, .. } = translated();
    let state = &desired.state;
    let [(policy_name, Role::Plain)] = children(state, Kind::CSVSERVER_CSPOLICY, CSVSERVER)[..]
    else {
        panic!("{state:#?}");
    };
    let rule = text(state, Kind::CSPOLICY, policy_name, "rule");
    assert_eq!(rule, r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("a.example")"#);
    let target = text(state, Kind::CSACTION, policy_name, "targetlbvserver");
    assert!(target.starts_with("k8s-apache_443_lbv_"), "{target}");
    let default = children(state, Kind::CSVSERVER_LBVSERVER, CSVSERVER);
    let not_found = policy().mark.shared_name("404");
    assert_eq!(default, [(not_found.as_str(), Role::Plain)]);
    let responder = BindingId::new(
        Kind::LBVSERVER_RESPONDERPOLICY,
        not_found.as_str(),
        not_found.as_str(),
        Role::Request,
    );
    assert_eq!(state.bindings[&responder]["priority"], Value::Number(100));
}

#[test]
fn every_object_has_its_owner() {
    let Translation { desired, ingresses, .. } = translated();
    for id in desired.state.entities.keys() {
        let owners = desired.owners.get(id).unwrap_or_else(|| panic!("{id} has no owner"));
        assert!(owners.iter().all(|owner| ingresses.contains_key(owner)));
    }
}

#[test]
fn the_appliance_takes_it_and_a_second_turn_has_nothing_to_do() {
    let turns = Turns::new();
    let (translation, plan) = turns.turn(&walkthrough());
    assert!(translation.unmet.is_empty() && !plan.is_empty());
    let translation = turns.converge(&walkthrough());
    assert!(translation.unmet.is_empty());
    assert_eq!(translation.gone, [].into());
}
