//! What reports say of Ingresses, as the appliance has them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::IngressTLS;
use nitro_ingress::cluster::resources::report::{IngressReportStatus, Usage};
use nitro_ingress::model::{IngressId, ObjectKey};
use nitro_ingress::plan::plan;
use nitro_ingress::report::{Findings, Found};

use crate::fixture::{Hand, Made};
use crate::objects::{
    Cluster, IngressBuilder, authorities, cluster, fixture, ingress, now, pair, secret,
};
use crate::turns::Turns;

/// An Ingress with mutual TLS on both sides, with different certificates for everything.
fn web(host: &str, secret: &str) -> IngressBuilder {
    ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("ca-secret", r#"{"apache": "clients"}"#)
        .annotated("secure_backend", r#"{"apache": "True"}"#)
        .annotated("backend-secret", r#"{"apache": "client"}"#)
        .annotated("backend-ca-secret", r#"{"apache": "servers"}"#)
        .host(host)
        .path("/", "apache", 443)
        .tls(&[host], secret)
}

fn secrets() -> Cluster {
    let chain = [fixture("chained.crt"), fixture("intermediate.crt")].concat();
    cluster()
        .with(pair("server", "a-1"))
        .with(pair("other", "b-1"))
        .with(secret("chained").value("tls.crt", chain).value("tls.key", fixture("chained.key")))
        .with(pair("client", "client-1"))
        .with(authorities("clients", &["ca-one"]))
        .with(authorities("servers", &["ca-two"]))
}

#[track_caller]
fn converge(turns: &Turns, cluster: &Cluster) {
    let translation = turns.converge(cluster);
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
}

/// The report of an Ingress of the namespace `default`.
fn report(turns: &Turns, cluster: &Cluster, name: &str) -> IngressReportStatus {
    let (observed, translation) = (turns.observe(), turns.translate(cluster));
    let (left, refused) = (plan(&observed, &translation), BTreeMap::new());
    let findings = Findings::of(Found {
        snapshot: &cluster.0,
        translation: &translation,
        observed: &observed,
        left: &left,
        refused: &refused,
        in_the_way: None,
    });
    let key = ObjectKey::new("default", name);
    let ingress = &cluster.0.ingresses[&key].object;
    let before = IngressReportStatus::default();
    findings.report((&key, IngressId::of(&key), ingress), &before, now())
}

/// Certificates by what they are for, with their names or subjects.
fn certificates(report: &IngressReportStatus) -> Vec<(Usage, String)> {
    let name = |names: &[String], subject: &str| {
        if names.is_empty() { subject.to_owned() } else { names.join(" ") }
    };
    report.certificates.iter().map(|one| (one.usage, name(&one.names, &one.subject))).collect()
}

fn certkeys(report: &IngressReportStatus) -> Vec<&str> {
    let certkeys = report.objects.iter().filter(|one| one.kind == "sslcertkey");
    certkeys.map(|one| one.name.as_str()).collect()
}

/// Our certkeys on an appliance.
fn all_certkeys(turns: &Turns) -> Vec<String> {
    let dump = turns.appliance().dump();
    dump["objects"]["sslcertkey"]
        .as_object()
        .unwrap()
        .keys()
        .filter(|name| name.starts_with("k8s-"))
        .cloned()
        .collect()
}

#[test]
fn all_certificates_that_an_ingress_uses_stand_in_its_report() {
    let (turns, cluster) = (Turns::new(), secrets().with(web("a.example", "server")));
    converge(&turns, &cluster);
    let report = report(&turns, &cluster, "web");
    let found = certificates(&report);
    let usages: Vec<Usage> = found.iter().map(|(usage, _)| *usage).collect();
    assert_eq!(usages, Usage::ALL, "{report:#?}");
    assert_eq!(found[0].1, "a.example");
    assert!(found[2].1.contains("CN=") && found[3].1.contains("CN="), "{found:?}");
    assert_ne!(found[2].1, found[3].1);
    let ends: Vec<Timestamp> =
        report.certificates.iter().map(|one| one.not_after.clone().unwrap().0).collect();
    assert_eq!(report.next_expiry.unwrap().0, *ends.iter().min().unwrap());
}

#[test]
fn the_certkeys_that_an_ingress_uses_are_among_its_objects() {
    let other = ingress("other")
        .annotated("frontend-ip", "192.0.2.11")
        .host("b.example")
        .path("/", "apache", 443)
        .tls(&["b.example"], "other");
    let turns = Turns::new();
    let cluster = secrets().with(web("c.example", "chained")).with(other);
    converge(&turns, &cluster);
    let (web, other) = (report(&turns, &cluster, "web"), report(&turns, &cluster, "other"));
    assert_eq!(certkeys(&other).len(), 1, "{other:#?}");
    // Its certificate and the intermediate one, the one for back ends, and two authorities.
    assert_eq!(certkeys(&web).len(), 5, "{web:#?}");
    let mut both = [certkeys(&web), certkeys(&other)].concat();
    both.sort_unstable();
    assert_eq!(both, all_certkeys(&turns));
}

#[test]
fn a_certkey_of_somebody_else_is_named_without_its_end() {
    let mut hand = Hand::new(true);
    Made::leaf("a.example").install(&mut hand, "theirs", true);
    hand.save();
    let mut turns = Turns::of(hand.0);
    turns.policy.consent.references.insert("theirs".to_owned());
    let cluster = secrets().with(
        ingress("web")
            .annotated("frontend-ip", "192.0.2.10")
            .annotated("preconfigured-certkey", r#"{"certs": [{"name": "theirs", "type": "sni"}]}"#)
            .host("a.example")
            .path("/", "apache", 443)
            .changed(|spec| spec.tls = Some(vec![IngressTLS::default()])),
    );
    converge(&turns, &cluster);
    let report = report(&turns, &cluster, "web");
    assert_eq!(certificates(&report), [(Usage::Server, "a.example".to_owned())], "{report:#?}");
    assert_eq!((&report.certificates[0].not_after, &report.next_expiry), (&None, &None));
    assert_eq!(certkeys(&report), ["theirs"]);
}
