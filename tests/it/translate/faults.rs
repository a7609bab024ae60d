//! Faults that make an Ingress unmet and are none of a single value of an annotation; those are in
//! the fault table.

use nitro_ingress::annotations::ANNOTATIONS;
use nitro_ingress::diagnostic::Severity;

use super::ask::{told, translated};
use crate::objects::{
    Cluster, IngressBuilder, authorities, cluster, fixture, ingress, pair, secret,
};

/// An Ingress that uses every annotation, and everything that it needs.
fn sound() -> IngressBuilder {
    ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("ca-secret", r#"{"apache": "ca"}"#)
        .annotated("frontend-sslprofile", r#"{"clientauth": "enabled"}"#)
        .annotated("secure-backend", r#"{"apache": "True"}"#)
        .annotated("backend-ca-secret", r#"{"apache": "ca"}"#)
        .annotated("backend-secret", r#"{"apache": "client"}"#)
        .annotated("backend-sslprofile", r#"{"apache": {"serverauth": "enabled"}}"#)
        .host("a.example")
        .path("/", "apache", 443)
        .tls(&["a.example"], "server")
}

fn secrets() -> Cluster {
    cluster()
        .with(pair("server", "a-1"))
        .with(pair("client", "client-1"))
        .with(authorities("ca", &["ca-one"]))
        .with(secret("wrong-keys").value("certificate", "x"))
        .with(secret("empty").value("tls.crt", "").value("ca.crt", "").value("tls.key", ""))
        .with(
            secret("bad-pem")
                .value("ca.crt", "no PEM")
                .value("tls.crt", "no PEM")
                .value("tls.key", fixture("a-1.key")),
        )
        .with(
            secret("key-mismatch")
                .value("tls.crt", fixture("a-1.crt"))
                .value("tls.key", fixture("a-2.key")),
        )
        .with(secret("leaf").value("ca.crt", fixture("a-1.crt")))
}

#[test]
fn the_sound_ingress_is_accepted() {
    let translation = translated(&secrets().with(sound()));
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
}

#[track_caller]
fn assert_unmet(cluster: &Cluster, what: &str) {
    let translation = translated(cluster);
    assert_eq!(translation.unmet.len(), 1, "{what}: {:#?}", translation.diagnostics);
    assert!(translation.desired.state.entities.is_empty(), "{what} is programmed");
    assert!(told(&translation, "web").iter().any(|(s, _)| *s == Severity::Error), "{what}");
    for one in &translation.diagnostics {
        assert!(!one.problem.is_empty() && !one.remedy.is_empty(), "{what}");
    }
}

#[test]
fn a_misspelled_name_of_an_annotation_that_protects_makes_its_ingress_unmet() {
    for annotation in ANNOTATIONS.iter().filter(|annotation| annotation.security.is_some()) {
        let name = annotation.name();
        for misspelled in [format!("{name}s"), name[1..].to_owned(), name.replace('-', "")] {
            let broken = sound().annotated(&misspelled, annotation.example);
            assert_unmet(&secrets().with(broken), &misspelled);
        }
    }
}

#[test]
fn faults_of_the_server_certificate_make_the_ingress_unmet() {
    for name in ["nowhere", "wrong-keys", "empty", "bad-pem", "key-mismatch", "client", "other/x"] {
        let broken = sound().changed(|spec| {
            spec.tls.as_mut().unwrap()[0].secret_name = Some(name.to_owned());
        });
        assert_unmet(&secrets().with(broken), name);
    }
}

#[test]
fn a_leaf_is_no_ca() {
    for name in ["ca-secret", "backend-ca-secret"] {
        let broken = sound().annotated(name, r#"{"apache": "leaf"}"#);
        assert_unmet(&secrets().with(broken), name);
    }
}

#[test]
fn tls_settings_without_tls_are_refused() {
    let broken = sound().changed(|spec| spec.tls = None);
    assert_unmet(&secrets().with(broken), "no spec.tls");
}

#[test]
fn a_broken_ingress_leaves_the_others_as_they_were() {
    let other = ingress("other")
        .annotated("frontend-ip", "192.0.2.10")
        .host("b.example")
        .path("/", "web", 80);
    let alone = translated(&secrets().with(other.clone()));
    let broken = sound().annotated("ca-secret", "{");
    let both = translated(&secrets().with(other).with(broken));
    assert_eq!(both.desired.state, alone.desired.state);
}
