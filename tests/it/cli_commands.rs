//! The commands on the walkthrough: what they do, print and exit with.

use std::path::Path;

use crate::authority::{self, Authority};
use crate::command::{Finished, Manifests, Served, nitro_ingress};

const HOST: &str = "www.guestbook.com";

fn walkthrough() -> Manifests {
    let authority = Authority::new("My Cert Authority");
    Manifests::walkthrough(&authority::walkthrough(&authority, &authority.issue(HOST)))
}

fn plan(manifests: &Path, arguments: &[&str], served: &Served) -> Finished {
    nitro_ingress(&[&["plan"], arguments].concat()).on(served).files(manifests).end()
}

fn apply(manifests: &Path, arguments: &[&str], served: &Served) -> Finished {
    nitro_ingress(&[&["apply"], arguments].concat()).on(served).files(manifests).end()
}

#[test]
fn a_plan_writes_nothing_and_an_applied_plan_leaves_nothing_to_do() {
    let (served, manifests) = (Served::start(), walkthrough());
    let path = manifests.path();
    let first = plan(&path, &["--detailed-exitcode"], &served).with_status(2);
    assert!(first.out.contains("csvserver"), "{}", first.out);
    assert_eq!(served.writes(), 0);

    let applied = apply(&path, &[], &served).with_status(0);
    assert!(applied.out.contains("Ingress default/web-ingress: done"), "{}", applied.out);
    let writes = served.writes();
    assert!(writes > 0);

    let second = plan(&path, &["--detailed-exitcode"], &served).with_status(0);
    assert!(second.out.contains("\nno changes\n"), "{}", second.out);
    let again = apply(&path, &[], &served).with_status(0);
    assert!(again.out.contains("\nno changes\n"), "{}", again.out);
    assert_eq!(served.writes(), writes);
}

#[test]
fn without_an_appliance_an_empty_one_is_planned_for() {
    let manifests = walkthrough();
    let offline = nitro_ingress(&["plan"]).files(&manifests.path()).end().with_status(0);
    assert!(offline.out.contains("an empty appliance (offline)"), "{}", offline.out);
    nitro_ingress(&["apply"])
        .files(&manifests.path())
        .end()
        .with_status(1)
        .saying("error: no appliance is named: set --nitro-url or NITRO_URL");
}

#[test]
fn a_plan_comes_as_text_json_and_commands() {
    let manifests = walkthrough();
    let path = manifests.path();
    let form = |form| nitro_ingress(&["plan", "-o", form]).files(&path).end().with_status(0).out;
    let json: serde_json::Value = serde_json::from_str(&form("json")).unwrap();
    assert!(json["ops"].as_array().is_some_and(|ops| ops.len() > 20), "{json:#}");
    assert!(form("nscli").lines().any(|line| line.starts_with("add cs vserver ")));
    assert_eq!(form("text"), form("text"), "the same input gives the same text");
}

#[test]
fn manifests_come_from_standard_input_too() {
    let authority = Authority::new("My Cert Authority");
    let secrets = authority::walkthrough(&authority, &authority.issue(HOST));
    let ingress = include_str!("../../examples/mutual-authentication/ingress.yaml");
    let run = nitro_ingress(&["plan", "-f", "-", "--detailed-exitcode"]);
    run.stdin(&format!("{ingress}{secrets}")).end().with_status(2);
}

#[test]
fn what_is_not_in_the_files_stays_unless_it_is_pruned() {
    let (served, manifests) = (Served::start(), walkthrough());
    apply(&manifests.path(), &[], &served).with_status(0);
    let ingress = manifests.path().join("ingress.yaml");
    std::fs::remove_file(ingress).unwrap();

    let kept = plan(&manifests.path(), &["--detailed-exitcode"], &served).with_status(0);
    assert!(kept.out.contains("\nno changes\n"), "{}", kept.out);
    apply(&manifests.path(), &["--prune"], &served).with_status(0);
    let clean = plan(&manifests.path(), &["--prune", "--detailed-exitcode"], &served);
    assert!(clean.with_status(0).out.contains("\nno changes\n"));
}

#[test]
fn every_help_text_shows_an_example() {
    for command in ["plan", "apply"] {
        for flag in ["-h", "--help"] {
            let help = nitro_ingress(&[command, flag]).end().with_status(0).out;
            assert!(help.contains(&format!("Example:\n  nitro-ingress {command} -f ")), "{help}");
        }
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let manifests = walkthrough();
    let run = |arguments: &[&str]| nitro_ingress(arguments).files(&manifests.path()).end().out;
    assert!(!run(&["plan"]).contains('\u{1b}'));
    assert!(run(&["plan", "--color=always"]).contains('\u{1b}'));
}
