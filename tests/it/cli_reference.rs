//! The commands that write about the program itself: its annotations, and completions for shells.

use nitro_ingress::annotations::ANNOTATIONS;
use serde_json::Value;

use crate::command::nitro_ingress;
use crate::tidy::top;

#[test]
fn the_annotations_are_written_as_they_are_committed() {
    let page = std::fs::read_to_string(top().join("docs/annotations.md")).unwrap();
    assert_eq!(nitro_ingress(&["annotations"]).end().with_status(0).out, page);
}

#[test]
fn the_annotations_come_as_json() {
    let text = nitro_ingress(&["annotations", "-o", "json"]).end().with_status(0).out;
    let list: Vec<Value> = serde_json::from_str(&text).unwrap();
    let honoured = list.iter().filter(|one| one["supported"] == true);
    let keys: Vec<&str> = honoured.map(|one| one["key"].as_str().unwrap()).collect();
    let registry: Vec<&str> = ANNOTATIONS.iter().map(|one| one.key).collect();
    assert_eq!(keys, registry);
    let ca = list.iter().find(|one| one["key"] == "ingress.citrix.com/ca-secret").unwrap();
    assert_eq!(ca["faults"]["missing-secret"], "unmet");
    assert_eq!(ca["faults"].get("key-mismatch"), None, "a CA has no key");
    let range = list.iter().find(|one| one["key"] == "ingress.citrix.com/ipam-range").unwrap();
    assert_eq!((&range["supported"], &range["decisive"]), (&false.into(), &true.into()));
}

#[test]
fn every_shell_gets_completions_of_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = nitro_ingress(&["completions", shell]).end().with_status(0).out;
        for command in ["plan", "apply", "approve", "purge", "lint", "annotations", "completions"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
    }
    let refused = nitro_ingress(&["completions", "sh"]).end().with_status(1);
    refused.saying("invalid value 'sh'").saying("bash");
}
