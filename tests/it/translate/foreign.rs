//! What is on the appliance and not ours.

use nitro_ingress::diagnostic::Code;
use nitro_ingress::model::{BindingId, EntityId, Fields, Kind, Name, Role, Value};
use nitro_ingress::policy::Policy;
use nitro_ingress::snapshot::{ForeignCertificate, Listener};
use nitro_ingress::translate::{Translation, translate};

use super::ask::{CSVSERVER, accepted, error, text, translated};
use crate::objects::{Cluster, authorities, cluster, ingress, pair, policy};

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

    let allowed = Policy { enable_default_profile: true, ..policy() };
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

/// An Ingress that names SSL profiles on both sides.
fn naming() -> Cluster {
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("ca-secret", r#"{"apache": "ca"}"#)
        .annotated("frontend-sslprofile", "strict")
        .annotated("secure-backend", "True")
        .annotated("backend-ca-secret", r#"{"apache": "ca"}"#)
        .annotated("backend-sslprofile", r#"{"apache": "verifying"}"#)
        .host("a.example")
        .path("/", "apache", 443);
    let web = web.tls(&["a.example"], "tls");
    cluster().with(pair("tls", "a-1")).with(authorities("ca", &["ca-one"])).with(web)
}

fn allowing() -> Policy {
    let mut policy = policy();
    policy.consent.references.insert("*".to_owned());
    policy
}

fn fields(fields: &[(&'static str, &'static str)]) -> Fields {
    fields.iter().map(|(name, value)| (Name::from(*name), Value::from(*value))).collect()
}

const STRICT: [(&str, &str); 4] = [
    ("sslprofiletype", "FrontEnd"),
    ("snienable", "ENABLED"),
    ("clientauth", "ENABLED"),
    ("clientcert", "Mandatory"),
];
const VERIFYING: [(&str, &str); 3] =
    [("sslprofiletype", "BackEnd"), ("serverauth", "ENABLED"), ("commonname", "A.Example")];

#[test]
fn where_no_appliance_is_looked_at_a_named_profile_is_taken_at_its_word() {
    let cluster = naming();
    assert_eq!(error(&translated(&cluster), "web").code, Code::ReferenceRefused);
    let translation = translate(&cluster.0, &allowing());
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    let state = &translation.desired.state;
    assert_eq!(state.names(Kind::SSLPROFILE).count(), 0);
    assert_eq!(text(state, Kind::SSLVSERVER, CSVSERVER, "sslprofile"), "strict");
    let group = state.names(Kind::SSLSERVICEGROUP).next().expect("the back end speaks TLS");
    assert_eq!(text(state, Kind::SSLSERVICEGROUP, group, "sslprofile"), "verifying");
}

#[test]
fn a_named_profile_must_demand_each_part_of_what_is_asked_for() {
    let mut cluster = naming();
    let facts = &mut cluster.0.facts;
    (facts.is_read, facts.default_profile) = (true, true);
    facts.foreign_ssl_profiles.insert("strict".into(), fields(&STRICT));
    facts.foreign_ssl_profiles.insert("verifying".into(), fields(&VERIFYING));
    let translation = translate(&cluster.0, &allowing());
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    for (name, sound) in [("strict", &STRICT[..]), ("verifying", &VERIFYING[..])] {
        for missing in 0..sound.len() {
            let mut cluster = cluster.clone();
            let mut lacking = sound.to_vec();
            lacking.remove(missing);
            cluster.0.facts.foreign_ssl_profiles.insert(name.into(), fields(&lacking));
            only_error(&translate(&cluster.0, &allowing()), "web", Code::ProfileUnfit);
        }
        let mut cluster = cluster.clone();
        cluster.0.facts.foreign_ssl_profiles.remove(name);
        only_error(&translate(&cluster.0, &allowing()), "web", Code::ProfileMissing);
    }
}

#[test]
fn a_named_profile_verifies_no_back_end_without_a_host() {
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("secure-backend", "True")
        .annotated("backend-sslprofile", r#"{"apache": "verifying"}"#)
        .host("")
        .path("/", "apache", 443);
    let unverified = cluster().with(web.clone());
    assert!(translate(&unverified.0, &allowing()).unmet.is_empty());
    let verified = web.annotated("backend-ca-secret", r#"{"apache": "ca"}"#);
    let cluster = cluster().with(authorities("ca", &["ca-one"])).with(verified);
    only_error(&translate(&cluster.0, &allowing()), "web", Code::BackEndNameRequired);
}
