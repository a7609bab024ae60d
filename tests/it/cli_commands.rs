//! The commands on the walkthrough: what they do, print and exit with.

use std::path::Path;

use clap::{Args, Command};
use nitro_ingress::settings::{OutputSettings, Settings};

use crate::authority::{self, Authority};
use crate::command::{Finished, Manifests, Served, nitro_ingress};

const HOST: &str = "www.guestbook.com";

/// An Ingress of another controller.
const ELSEWHERE: &str = "\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: elsewhere}
spec: {controller: example.com/other}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: other}
spec:
  ingressClassName: elsewhere
  defaultBackend: {service: {name: apache, port: {number: 443}}}
";

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
    std::fs::remove_file(manifests.path().join("ingress.yaml")).unwrap();
    manifests.write("elsewhere.yaml", ELSEWHERE);

    let kept = plan(&manifests.path(), &["--detailed-exitcode"], &served).with_status(0);
    assert!(kept.out.contains("\nno changes\n"), "{}", kept.out);
    let pruned = apply(&manifests.path(), &["--prune"], &served).with_status(0);
    assert!(pruned.out.contains("\nIngress default/web-ingress: removed\n"), "{}", pruned.out);
    let clean = plan(&manifests.path(), &["--prune", "--detailed-exitcode"], &served);
    assert!(clean.with_status(0).out.contains("\nno changes\n"));
}

#[test]
fn a_list_without_ingresses_deletes_nothing_unless_that_is_asked_for() {
    let (served, manifests) = (Served::start(), walkthrough());
    apply(&manifests.path(), &[], &served).with_status(0);
    let writes = served.writes();
    let prune = |arguments: &[&str]| {
        let arguments = [&["apply", "-f", "-", "--prune"], arguments].concat();
        nitro_ingress(&arguments).on(&served).stdin("").end()
    };
    prune(&[]).with_status(1).saying("error: the input holds no Ingress").saying("--allow-empty");
    assert_eq!(served.writes(), writes);
    prune(&["--allow-empty"]).with_status(0);
    assert!(served.writes() > writes);
}

#[test]
fn nothing_is_pruned_while_an_ingress_of_the_input_is_passed_over() {
    let old =
        "apiVersion: networking.k8s.io/v2\nkind: Ingress\nmetadata: {name: web-ingress}\n---\n";
    let new = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: other}\n";
    let arguments = ["plan", "-f", "-", "--prune"];
    let run = nitro_ingress(&arguments).stdin(&format!("{old}{new}")).end();
    run.with_status(1).saying("error: Ingress default/web-ingress is in the input and was passed");
}

#[test]
fn an_empty_variable_counts_as_absent() {
    let (served, manifests) = (Served::start(), walkthrough());
    let command = OutputSettings::augment_args(Settings::augment_args(Command::new("settings")));
    let variables = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let variables: Vec<&str> = variables.chain(["NITRO_PASSWORD"]).collect();
    assert!(variables.len() > 15, "{variables:?}");
    for empty in variables {
        let run = nitro_ingress(&["plan"]).on(&served).env("NS_IP", "127.0.0.1");
        let port = served.address.port().to_string();
        let run = run.env("NS_PROTOCOL", "http").env("NS_PORT", &port).env("NS_USER", "nsroot");
        let run = run.env("NS_PASSWORD", "nsroot").env(empty, "").files(&manifests.path());
        let Finished { status, out, err } = run.end();
        assert_eq!(status, 0, "{empty}: {err}");
        assert!(out.contains(&served.url()), "{empty}: {out}");
    }
}

#[test]
fn an_approval_of_nothing_is_pointed_out() {
    let (served, manifests) = (Served::start(), walkthrough());
    plan(&manifests.path(), &["--approve", "abc"], &served)
        .with_status(0)
        .saying("warning: --approve abc: no deletions with this digest wait\n");
}

#[test]
fn every_help_text_shows_an_example() {
    for (arguments, command) in
        [(&[][..], "plan"), (&["plan"][..], "plan"), (&["apply"][..], "apply")]
    {
        for flag in ["-h", "--help"] {
            let help = nitro_ingress(&[arguments, &[flag]].concat()).end().with_status(0).out;
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

#[test]
fn nobody_complains_when_a_reader_has_read_enough() {
    for arguments in [&["plan", "--help"][..], &["annotations"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().expect("the system has pipes");
        // Before the program starts, so that its first write fails already.
        drop(reader);
        let program = env!("CARGO_BIN_EXE_nitro-ingress");
        let ended = std::process::Command::new(program)
            .args(arguments)
            .stdout(writer)
            .output()
            .expect("it is built");
        let said = String::from_utf8(ended.stderr).expect("messages are UTF-8");
        assert_eq!((ended.status.code(), said.as_str()), (Some(0), ""), "{arguments:?}");
    }
}
