//! Whose Ingresses are whose.

use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::model::ObjectKey;
use nitro_ingress::policy::{Policy, UnknownClass};
use nitro_ingress::snapshot::Proof;
use nitro_ingress::translate::{Unmet, translate};

use super::ask::{id, told};
use crate::objects::{Cluster, IngressBuilder, cluster, ingress, policy};

fn web() -> IngressBuilder {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10");
    web.host("a.example").path("/", "web", 80)
}

fn in_cluster() -> Policy {
    Policy { unknown_class: UnknownClass::Unmet, ..policy() }
}

fn observed(mut cluster: Cluster, name: &str) -> Cluster {
    let key = ObjectKey::new("default", name);
    cluster.0.facts.ingresses.insert(id(name), Some(key));
    cluster
}

#[test]
fn a_class_of_another_controller_is_left_alone() {
    let translation = translate(&cluster().with(web().class("nginx")).0, &policy());
    assert!(translation.desired.state.entities.is_empty());
    assert_eq!(translation.diagnostics, []);
    let cluster = observed(cluster().with(web().class("nginx")), "web");
    let translation = translate(&cluster.0, &policy());
    assert_eq!(translation.gone, [(id("web"), Proof::OtherClass)].into());
}

#[test]
fn among_files_an_unknown_class_counts_as_ours_with_a_note() {
    for web in [web().class("elsewhere"), web().changed(|spec| spec.ingress_class_name = None)] {
        let cluster = cluster().with(web);
        let translation = translate(&cluster.0, &policy());
        assert_eq!(told(&translation, "web"), [(Severity::Note, Code::ClassAssumed)]);
        assert!(!translation.desired.state.entities.is_empty());

        let translation = translate(&cluster.0, &in_cluster());
        assert!(translation.desired.state.entities.is_empty() && translation.unmet.is_empty());
    }
}

#[test]
fn in_a_cluster_a_missing_class_holds_what_is_programmed_and_no_class_lets_it_go() {
    let missing = observed(cluster().with(web().class("elsewhere")), "web");
    let translation = translate(&missing.0, &in_cluster());
    assert!(matches!(translation.unmet[&id("web")], Unmet::Closed(_)), "it has no routes");
    assert_eq!(told(&translation, "web"), [(Severity::Error, Code::ClassMissing)]);
    let none = cluster().with(web().changed(|spec| spec.ingress_class_name = None));
    let translation = translate(&observed(none, "web").0, &in_cluster());
    assert_eq!(translation.gone, [(id("web"), Proof::OtherClass)].into());
}

#[test]
fn the_annotation_decides_before_the_field() {
    let mut cluster = cluster().with(web());
    let key = ObjectKey::new("default", "web");
    let web = cluster.0.ingresses.get_mut(&key).unwrap();
    let annotations =
        std::sync::Arc::make_mut(&mut web.object).metadata.annotations.as_mut().unwrap();
    annotations.insert("kubernetes.io/ingress.class".to_owned(), "nginx".to_owned());
    let translation = translate(&cluster.0, &policy());
    assert!(translation.desired.state.entities.is_empty());
}

#[test]
fn what_is_gone_is_gone_with_its_proof() {
    let mut cluster = observed(observed(cluster().with(web()), "web"), "old");
    cluster = observed(cluster, "lost");
    cluster.0.snapshot_gone("old", Proof::Vanished);
    cluster.0.snapshot_gone("web", Proof::Deleted);
    let translation = translate(&cluster.0, &policy());
    assert_eq!(translation.gone, [(id("old"), Proof::Vanished)].into(), "web is there again");
    assert_eq!(translation.unmet, [(id("lost"), Unmet::Held)].into());
    assert_eq!(told(&translation, "lost"), [(Severity::Warning, Code::IngressUnknown)]);

    let mut policy = policy();
    policy.consent.prune = true;
    let translation = translate(&cluster.0, &policy);
    assert_eq!(translation.gone[&id("lost")], Proof::Pruned);
    assert!(translation.unmet.is_empty());
}

trait SnapshotGone {
    fn snapshot_gone(&mut self, ingress: &str, proof: Proof);
}

impl SnapshotGone for nitro_ingress::snapshot::Snapshot {
    fn snapshot_gone(&mut self, ingress: &str, proof: Proof) {
        self.gone.insert(id(ingress), proof);
    }
}
