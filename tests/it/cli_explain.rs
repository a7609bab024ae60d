//! `nitro-ingress explain`: what parts of an Ingress do, and what objects are there for.

use std::fs;

use jiff::Timestamp;
use nitro_ingress::explain::{Effect, Explanation, Standing, Subject, explain};
use nitro_ingress::model::{ObjectKey, Role};
use nitro_ingress::snapshot::{Facts, Snapshot, documents};
use serde_json::Value;

use crate::command::{Finished, nitro_ingress};
use crate::objects;
use crate::tidy::top;

const WALKTHROUGH: &str = "mutual-authentication";

fn snapshot(scenario: &str) -> Snapshot {
    let file = top().join("tests/scenarios").join(scenario).join("cluster.yaml");
    let now: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
    let mut snapshot = Snapshot::empty(now);
    let reading = documents::read(&mut snapshot, "in.yaml", &fs::read_to_string(file).unwrap());
    assert_eq!(reading.unreadable, []);
    snapshot.facts = Facts { default_profile: true, ..Facts::default() };
    snapshot
}

fn walkthrough() -> Explanation {
    let key = ObjectKey::new("default", "web-ingress");
    explain(&snapshot(WALKTHROUGH), &objects::policy(), &key).unwrap()
}

fn effects<'a>(explanation: &'a Explanation, part: &str) -> &'a [Effect] {
    let found = explanation.sources.iter().find(|source| source.part.to_string() == part);
    &found.unwrap_or_else(|| panic!("{part} is not in {:#?}", explanation.sources)).effects
}

/// The fields that a part sets, as `kind.field value otherwise`.
fn sets(explanation: &Explanation, part: &str) -> Vec<String> {
    let set = |effect: &Effect| match effect {
        Effect::Set { entity, field, value, otherwise } => {
            let otherwise = otherwise.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
            Some(format!("{}.{field} {value} {otherwise}", entity.kind))
        }
        Effect::Needed(_) | Effect::Read(_) | Effect::There(_) => None,
    };
    effects(explanation, part).iter().filter_map(set).collect()
}

fn roles(explanation: &Explanation, part: &str) -> Vec<(String, Role)> {
    let role = |effect: &Effect| match effect {
        Effect::There(Subject::Binding(binding)) => {
            Some((binding.parent_id().kind.to_string(), binding.role))
        }
        Effect::There(Subject::Entity(_))
        | Effect::Needed(_)
        | Effect::Read(_)
        | Effect::Set { .. } => None,
    };
    effects(explanation, part).iter().filter_map(role).collect()
}

#[test]
fn an_annotation_does_what_would_be_otherwise_without_it() {
    let explanation = walkthrough();
    let ca = sets(&explanation, "ingress.citrix.com/ca-secret");
    assert!(ca.contains(&"sslprofile.clientauth ENABLED DISABLED".to_owned()), "{ca:?}");
    let back_end = sets(&explanation, "ingress.citrix.com/backend-ca-secret");
    assert!(back_end.contains(&"sslprofile.serverauth ENABLED DISABLED".to_owned()));
    let secure = sets(&explanation, "ingress.citrix.com/secure_backend");
    assert!(secure.contains(&"servicegroup.servicetype SSL HTTP".to_owned()), "{secure:?}");
}

#[test]
fn of_a_secret_with_authorities_the_key_is_told_that_they_were_read_from() {
    let snapshot = snapshot("ca-under-either-key");
    for (ingress, secret, key) in
        [("a-under-tls", "under-tls", "tls.crt"), ("b-under-both", "under-both", "ca.crt")]
    {
        let ingress = ObjectKey::new("default", ingress);
        let explanation = explain(&snapshot, &objects::policy(), &ingress).unwrap();
        let effects = effects(&explanation, &format!("Secret default/{secret}"));
        assert!(effects.contains(&Effect::Read(key)), "{secret} {effects:?}");
    }
}

#[test]
fn an_annotation_that_changes_nothing_is_said_to_do_nothing() {
    let explanation = walkthrough();
    assert_eq!(effects(&explanation, "ingress.citrix.com/frontend-sslprofile"), []);
}

#[test]
fn what_an_ingress_cannot_be_without_says_why() {
    let explanation = walkthrough();
    let Effect::Needed(problem) = &effects(&explanation, "ingress.citrix.com/frontend-ip")[0]
    else {
        panic!("{explanation:#?}");
    };
    assert!(problem.contains("names no address"), "{problem}");
    assert!(
        sets(&explanation, "ingress.citrix.com/frontend-ip")
            .contains(&"csvserver.ipv46 192.0.2.10 -".to_owned())
    );
}

#[test]
fn a_secret_is_where_its_certificates_are_bound() {
    let explanation = walkthrough();
    let told = |name| roles(&explanation, &format!("Secret default/{name}"));
    let (group, front) = ("sslservicegroup".to_owned(), "sslvserver".to_owned());
    assert_eq!(told("tls-ca"), [(group.clone(), Role::Ca), (front.clone(), Role::Ca)]);
    assert_eq!(told("wildcard-secret"), [(group, Role::Plain), (front, Role::Sni)]);
}

#[test]
fn every_object_of_every_scenario_has_a_reason() {
    let mut served = 0;
    for folder in fs::read_dir(top().join("tests/scenarios")).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.join("cluster.yaml").exists() {
            continue;
        }
        let name = folder.file_name().unwrap().to_str().unwrap();
        let snapshot = snapshot(name);
        for key in snapshot.ingresses.keys() {
            let explanation = explain(&snapshot, &objects::policy(), key).unwrap();
            served += usize::from(explanation.standing == Standing::Served);
            for object in &explanation.objects {
                let is_explained = !object.sources.is_empty() || !object.users.is_empty();
                assert!(is_explained, "{name}: {key}: {}", object.entity);
            }
        }
    }
    assert!(served > 20, "{served}");
}

fn run(arguments: &[&str]) -> Finished {
    let folder = top().join("tests/scenarios").join(WALKTHROUGH);
    nitro_ingress(&[&["explain"], arguments, &["-f", "cluster.yaml"]].concat())
        .within(&folder)
        .end()
}

#[test]
fn an_ingress_is_found_by_any_of_its_names() {
    let text = run(&["ingress/web-ingress"]).with_status(0).out;
    for name in ["web-ingress", "default/web-ingress", "ingress/default/web-ingress"] {
        assert_eq!(run(&[name]).with_status(0).out, text);
    }
    assert!(text.starts_with("Ingress default/web-ingress is served\n"), "{text}");
    assert!(text.contains("\n        clientauth ENABLED, otherwise DISABLED\n"), "{text}");
    assert!(text.contains("(www.guestbook.com/)\n    because of spec.rules[0].http.paths[0]\n"));
    run(&["shop"]).with_status(1).saying(
        "error: there is no Ingress \"shop\" in the input, which holds default/web-ingress",
    );
}

#[test]
fn an_explanation_comes_as_json() {
    let value: Value =
        serde_json::from_str(&run(&["web-ingress", "-o", "json"]).with_status(0).out).unwrap();
    assert_eq!(value["standing"], "served");
    let sources = value["sources"].as_array().unwrap();
    let path = sources.iter().find(|one| one["kind"] == "path").unwrap();
    assert_eq!(path["place"]["line"], 21);
    let objects = value["objects"].as_array().unwrap();
    assert!(objects.iter().any(|one| one["object"]["kind"] == "csvserver"), "{value:#}");
}

#[test]
fn an_ingress_that_is_not_served_is_explained_by_its_errors() {
    let broken = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\n";
    let finished = nitro_ingress(&["explain", "web", "-f", "-"]).stdin(broken).end();
    assert_eq!(finished.out, "Ingress default/web is not served: see its errors\n");
    finished.with_status(1).saying("error[");
}
