//! What is on the appliance and not ours.

use nitro_ingress::diagnostic::Code;
use nitro_ingress::model::{BindingId, EntityId, Kind, Role};
use nitro_ingress::snapshot::{ForeignCertificate, Listener};
use nitro_ingress::translate::{Translation, translate};

use super::ask::{accepted, error, translated};
use crate::objects::{Cluster, cluster, ingress, pair, policy};

fn both() -> Cluster {
    let plain = ingress("plain").annotated("frontend-ip", "192.0.2.10");
    let tls = ingress("secure").annotated("frontend-ip", "192.0.2.20").host("a.example");
    cluster()
        .with(pair("tls", "a-1"))
        .with(plain.host("a.example").path("/", "web", 80))
        .with(tls.path("/", "web", 80).tls(&["a.example"], "tls"))
}

#[track_caller]
fn only_error(translation: &Translation, ingress: &str, code: Code) {
    assert_eq!(error(translation, ingress).code, code);
    assert_eq!(translation.unmet.len(), 1, "{:#?}", translation.diagnostics);
}

#[test]
fn a_foreign_listener_keeps_its_place() {
    let mut cluster = both();
    let holder = EntityId::new(Kind::LBVSERVER, "theirs");
    let place = ("192.0.2.10".parse().unwrap(), 80);
    cluster.0.facts.listeners.insert(place, Listener { holder, ours: false });
    only_error(&translated(&cluster), "plain", Code::FrontEndForeign);
}

#[test]
fn a_foreign_object_keeps_its_name() {
    let mut cluster = both();
    let name = accepted(&cluster).desired.state.names(Kind::CSVSERVER).next().unwrap().to_owned();
    let id = EntityId::new(Kind::CSVSERVER, name.as_str());
    cluster.0.facts.foreign_names.insert(id);
    only_error(&translated(&cluster), "plain", Code::NameForeign);
}

#[test]
fn a_foreign_object_keeps_the_name_of_a_redirect() {
    let secure = ingress("secure")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("insecure-termination", "redirect")
        .host("a.example")
        .path("/shop", "web", 80)
        .tls(&["a.example"], "tls");
    let mut cluster = cluster().with(pair("tls", "a-1")).with(secure);
    let desired = accepted(&cluster).desired.state;
    let (policy, _) =
        desired.bound(Kind::CSVSERVER_CSPOLICY, "k8s-192.0.2.10_80_http").next().unwrap();
    for kind in [Kind::CSPOLICY, Kind::CSACTION] {
        let id = EntityId::new(kind, policy.child.as_str());
        cluster.0.facts.foreign_names = [id].into();
        only_error(&translated(&cluster), "secure", Code::NameForeign);
    }
}

#[test]
fn a_certificate_that_somebody_installed_is_theirs() {
    let mut cluster = both();
    let translation = accepted(&cluster);
    let material = translation.desired.certificates.values().next().unwrap();
    let foreign = ForeignCertificate { name: "theirs".to_owned(), key_type: None };
    let id = material.certificate.issuer_serial.clone();
    cluster.0.facts.foreign_certificates.insert(id, foreign);
    only_error(&translated(&cluster), "secure", Code::CertificateForeign);
}

#[test]
fn the_default_profile_is_not_enabled_over_the_heads_of_others() {
    let mut cluster = both();
    cluster.0.facts.foreign_ssl.insert(EntityId::new(Kind::SSLVSERVER, "shop"));
    cluster.0.facts.internal_ssl.insert("nshttps-127.0.0.1-443".to_owned());
    let translation = translated(&cluster);
    only_error(&translation, "secure", Code::DefaultProfileRefused);
    let problem = &error(&translation, "secure").problem;
    assert!(problem.contains("shop") && problem.contains("nshttps-127.0.0.1-443"), "{problem}");

    let allowed = nitro_ingress::policy::Policy { enable_default_profile: true, ..policy() };
    assert!(translate(&cluster.0, &allowed).unmet.is_empty());
    cluster.0.facts.unsaved_by_others = true;
    only_error(&translate(&cluster.0, &allowed), "secure", Code::DefaultProfileRefused);
    cluster.0.facts.default_profile = true;
    assert!(translated(&cluster).unmet.is_empty());
}

#[test]
fn back_ends_in_tls_need_the_default_profile_too() {
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("secure-backend", "True")
        .host("a.example")
        .path("/", "apache", 443);
    let mut cluster = cluster().with(web);
    cluster.0.facts.foreign_ssl.insert(EntityId::new(Kind::SSLVSERVER, "shop"));
    only_error(&translated(&cluster), "web", Code::DefaultProfileRefused);
}

#[test]
fn what_others_bound_to_our_objects_is_told() {
    let mut cluster = both();
    let csvserver = "k8s-192.0.2.10_80_http";
    let thief = BindingId::new(Kind::CSVSERVER_CSPOLICY, csvserver, "theirs", Role::Plain);
    cluster.0.facts.foreign_children.insert(thief);
    let translation = translated(&cluster);
    let told = translation.diagnostics.iter().find(|one| one.code == Code::ChildForeign).unwrap();
    assert_eq!(told.object.to_string(), format!("csvserver {csvserver}"));
    assert!(told.problem.starts_with("\"theirs\", which is not ours"), "{told}");
}
