//! What is empty, null or ends in a tab, as templates and editors leave it.

use super::*;

fn with_spec(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web}}\nspec: {spec}\n"
    )
}

#[test]
fn an_empty_part_is_read_as_absent_and_keeps_the_ingress() {
    for spec in [
        "",
        "{}",
        "{tls: null, rules: null, defaultBackend: null, ingressClassName: null}",
        "{tls: []}",
        "{tls: [{}]}",
        "{tls: [{hosts: null, secretName: null}]}",
        "{rules: []}",
        "{rules: [{}]}",
        "{rules: [{host: null, http: null}]}",
        "{rules: [{http: {}}]}",
        "{rules: [{http: {paths: null}}]}",
        "{rules: [{http: {paths: [{path: null, pathType: null, backend: null}]}}]}",
        "{rules: [{http: {paths: [{backend: {service: {name: null, port: null}}}]}}]}",
        "{rules: [{http: {paths: [{backend: {service: {name: a, port: {number: null}}}}]}}]}",
    ] {
        let snapshot = understood(&with_spec(spec));
        assert_eq!(snapshot.ingresses.len(), 1, "{spec}");
    }
}

#[test]
fn an_empty_item_of_a_list_is_refused_where_it_stands() {
    for spec in [
        "{tls: [null]}",
        "{tls: [{hosts: [null]}]}",
        "{rules: [null]}",
        "{rules: [{http: {paths: [null]}}]}",
    ] {
        let [one] = refused(&with_spec(spec)).try_into().unwrap();
        let column = "spec: ".len() + spec.find("[null").unwrap() + 2;
        assert!(one.starts_with(&format!("in.yaml:4:{column}: expected a ")), "{spec}: {one}");
        assert!(one.ends_with("found nothing (Ingress default/web)"), "{spec}: {one}");
    }
}

#[test]
fn an_annotation_without_a_value_is_refused_and_none_at_all_is_none() {
    let text = INGRESS.replace(": 192.0.2.1", ":");
    assert_eq!(
        refused(&text),
        ["in.yaml:7:35: expected a text, found nothing (Ingress default/web-ingress)"]
    );
    let none = "apiVersion: networking.k8s.io/v1\nkind: Ingress\n\
                metadata: {name: web, namespace: null, annotations: null, labels: null}\n";
    assert_eq!(understood(none).ingresses.len(), 1);
}

#[test]
fn tabs_and_blanks_after_a_value_do_not_count() {
    let plain = understood(INGRESS);
    let ends = |end: &str| INGRESS.replace('\n', &format!("{end}\n")).replacen(end, "", 1);
    for end in ["\t", " \t", "  ", "\t# a comment", "\r"] {
        let snapshot = understood(&ends(end));
        let objects = |snapshot: &Snapshot| {
            snapshot.ingresses.values().map(|one| one.object.clone()).collect::<Vec<_>>()
        };
        assert_eq!(objects(&snapshot), objects(&plain), "{end:?}");
    }
    let indented = INGRESS.replace("  rules:", "\trules:");
    assert!(refused(&indented)[0].contains("tab"), "{:?}", refused(&indented));
}
