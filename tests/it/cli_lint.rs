//! `nitro-ingress lint`: what is found in manifests, in each form, and with which status it ends.

use std::fs;

use serde_json::Value;

use crate::command::{Finished, nitro_ingress};
use crate::tidy::top;

const FOLDER: &str = "tests/fixtures/lint";

fn lint(arguments: &[&str]) -> Finished {
    nitro_ingress(&[&["lint"], arguments].concat()).within(&top().join(FOLDER)).end()
}

fn lint_text(manifest: &str) -> Finished {
    nitro_ingress(&["lint", "-f", "-"]).stdin(manifest).end()
}

/// Compares the findings in one form with what is committed; `make bless` rewrites them.
#[track_caller]
fn golden(form: &str) -> String {
    let finished = lint(&["-f", "shop", "-f", "broken.yaml", "-o", form]).with_status(1);
    assert_eq!(finished.err, "");
    let extension = if form == "text" { "txt" } else { form };
    let file = top().join(FOLDER).join(format!("findings.{extension}"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &finished.out).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(finished.out, committed, "{} is stale: make bless", file.display());
    finished.out
}

#[test]
fn findings_are_shown_by_file_and_object() {
    golden("text");
}

#[test]
fn findings_come_as_json() {
    let report: Value = serde_json::from_str(&golden("json")).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let count = |severity| findings.iter().filter(|one| one["severity"] == severity).count();
    assert_eq!(report["errors"], count("error"));
    assert_eq!(report["warnings"], count("warning"));
    assert_eq!(report["notes"], count("note"));
}

#[test]
fn findings_come_as_sarif() {
    let log: Value = serde_json::from_str(&golden("sarif")).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 5, "{log:#}");
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        let rule = &run["tool"]["driver"]["rules"][index];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let place = &result["locations"][0]["physicalLocation"];
        assert!(!place["artifactLocation"]["uri"].as_str().unwrap().starts_with('/'));
        assert!(place["region"]["startLine"].as_u64() >= Some(1), "{result:#}");
        assert!(place["region"]["startColumn"].as_u64() >= Some(1), "{result:#}");
    }
}

#[test]
fn colours_are_for_those_who_ask_for_them() {
    let arguments = ["-f", "shop"];
    let plain = lint(&arguments).out;
    assert!(!plain.contains('\u{1b}'), "{plain}");
    let coloured = lint(&[&["--color=always"], arguments.as_slice()].concat()).out;
    assert!(coloured.contains('\u{1b}'));
    let words: String = coloured
        .split('\u{1b}')
        .enumerate()
        .map(|(i, part)| if i == 0 { part } else { part.split_once('m').unwrap().1 })
        .collect();
    assert_eq!(words, plain, "colours do not move a word");
}

#[test]
fn what_has_no_error_ends_well() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let finished = lint_text(service).with_status(0);
    assert_eq!(finished.out, "nothing to mend; no Ingress was read\n");
}

#[test]
fn what_may_be_elsewhere_is_noted_only_if_that_is_said() {
    let ingress = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: shop}\nspec:\n  \
                   tls: [{hosts: [shop.example], secretName: shop-tls}]\n  rules:\n  \
                   - host: shop.example\n    http:\n      paths:\n      - path: /\n        \
                   pathType: Prefix\n        \
                   backend: {service: {name: web, port: {number: 80}}}\n";
    let arguments = ["lint", "-f", "-", "--default-vip", "192.0.2.10"];
    let whole = nitro_ingress(&arguments).stdin(ingress).end().with_status(1);
    assert!(whole.out.contains("error[secret-missing]"), "{}", whole.out);
    assert!(whole.out.ends_with("--partial.\n"), "{}", whole.out);

    let arguments = [&arguments[..], &["--partial"]].concat();
    let partial = nitro_ingress(&arguments).stdin(ingress).end().with_status(0);
    for missing in ["Secret \"default/shop-tls\"", "Service \"default/web\""] {
        let note = format!("{missing} is not among the files");
        assert!(partial.out.contains(&note), "{note}\n{}", partial.out);
    }
    assert!(partial.out.ends_with("1 Ingress: served\n"), "{}", partial.out);

    let wrong = ingress.replace(
        "metadata: {name: shop}",
        "metadata: {name: shop, annotations: {\
                                 ingress.citrix.com/secure-port: none}}",
    );
    let partial = nitro_ingress(&arguments).stdin(&wrong).end().with_status(1);
    assert!(partial.out.ends_with("1 Ingress: not served\n"), "{}", partial.out);
}

#[test]
fn what_cannot_be_opened_is_no_finding() {
    let finished = lint(&["-f", "shop", "-f", "nowhere.yaml"]).with_status(1);
    assert_eq!(finished.out, "");
    finished.saying("cannot read \"nowhere.yaml\"");
}

#[test]
fn no_appliance_is_asked_even_if_one_is_named() {
    let finished = nitro_ingress(&["lint", "-f", "-"]).env("NITRO_URL", "http://127.0.0.1:1");
    finished.stdin("").end().with_status(0);
}
