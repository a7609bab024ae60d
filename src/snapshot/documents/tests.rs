//! Manifests as people write them, right and wrong.

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

mod old;
mod nothing;

const INGRESS: &str = r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  annotations:
    ingress.citrix.com/ca-secret: '{"apache": "tls-ca"}'
    ingress.citrix.com/frontend-ip: 192.0.2.1
  name: web-ingress
spec:
  ingressClassName: citrix
  rules:
  - host: www.guestbook.com
    http:
      paths:
      - backend:
          service:
            name: apache
            port:
              number: 443
        path: /
        pathType: ImplementationSpecific
  tls:
  - hosts:
    - www.guestbook.com
    secretName: wildcard-secret
"#;

fn reads(text: &str) -> (Snapshot, Reading) {
    let mut snapshot = Snapshot::empty(Timestamp::UNIX_EPOCH);
    let reading = read(&mut snapshot, "in.yaml", text);
    (snapshot, reading)
}

#[track_caller]
fn understood(text: &str) -> Snapshot {
    let (snapshot, reading) = reads(text);
    assert_eq!(reading.unreadable, []);
    assert_eq!(reading.diagnostics, []);
    snapshot
}

#[track_caller]
fn refused(text: &str) -> Vec<String> {
    reads(text).1.unreadable.iter().map(ToString::to_string).collect()
}

fn secret(data: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\n{data}\n")
}

fn value<'a>(snapshot: &'a Snapshot, key: &str) -> &'a [u8] {
    snapshot.secrets[&ObjectKey::new("default", "s")].data[key].reveal()
}

#[test]
fn every_part_of_an_ingress_has_its_place() {
    let snapshot = understood(INGRESS);
    let (key, ingress) = snapshot.ingresses.first_key_value().unwrap();
    assert_eq!(key, &ObjectKey::new("default", "web-ingress"));
    let at = |field: &str| {
        let place = ingress.places.at(field).unwrap();
        assert_eq!(place.file, "in.yaml");
        (place.line, place.column)
    };
    for (field, place) in [
        ("ingress.citrix.com/ca-secret", (6, 5)),
        ("ingress.citrix.com/frontend-ip", (7, 5)),
        ("spec.rules[0].host", (12, 11)),
        ("spec.rules[0].http.paths[0].backend.service.name", (17, 19)),
        ("spec.rules[0].http.paths[0].backend.service.port.number", (19, 23)),
        ("spec.rules[0].http.paths[0].path", (20, 15)),
        ("spec.tls[0]", (23, 5)),
        ("spec.tls[0].hosts[0]", (24, 7)),
        ("spec.tls[0].secretName", (25, 17)),
        ("spec.tls", (22, 3)),
        ("spec.rules[0].http.paths[0].backend.resource", (15, 9)),
        ("spec.rules[7]", (11, 3)),
        ("no such field", (2, 1)),
        ("no.such/annotation", (2, 1)),
    ] {
        assert_eq!(at(field), place, "{field}");
    }
}

#[test]
fn documents_lists_and_json_give_the_same_objects() {
    let class = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: citrix}\n";
    let json = |name| {
        format!(r#"{{"apiVersion": "v1", "kind": "Service", "metadata": {{"name": "{name}"}}}}"#)
    };
    let text = format!("# first\n---\n{INGRESS}\n---\n---\n# nothing\n---\n{class}---\n");
    let snapshot = understood(&text);
    assert_eq!(snapshot.ingresses.len(), 1);
    assert!(snapshot.ingress_classes.contains_key("citrix"));
    assert_eq!(
        snapshot.ingresses.first_key_value().unwrap().1.places.object.as_ref().unwrap().line,
        4
    );

    let stream = format!("{}\n{}{}\n", json("a"), json("b"), json("c"));
    assert_eq!(understood(&stream).services.len(), 3);
    let list =
        format!(r#"{{"apiVersion":"v1","kind":"List","items":[{},{}]}}"#, json("a"), json("b"));
    assert_eq!(understood(&list).services.len(), 2);
    let typed = "apiVersion: v1\nkind: ServiceList\nitems:\n- metadata: {name: a, namespace: b}\n";
    let key = ObjectKey::new("b", "a");
    assert!(understood(typed).services.contains_key(&key));
}

#[test]
fn what_kubectl_reads_is_read() {
    for text in [
        INGRESS.replace('\n', "\r\n"),
        format!("\u{feff}{}", INGRESS.trim_start()),
        INGRESS.replace("path: /\n", "path: /\t\n"),
        INGRESS.replace("192.0.2.1\n", "192.0.2.1\t# the VIP\n"),
        INGRESS.replace("frontend-ip:", "frontend-ip :"),
        INGRESS.replace("  tls:\n", "  tls: null\n  x:\n").split("  x:").next().unwrap().to_owned(),
        INGRESS.replace("secretName: wildcard-secret", "secretName:"),
        INGRESS.replace("  name: web-ingress", "  name: web-ingress\n  creationTimestamp: null"),
        INGRESS
            .replace("metadata:", "metadata: &m")
            .replace("www.guestbook.com\n    http", "&h www.guestbook.com\n    http")
            .replace("- www.guestbook.com", "- *h"),
        format!("{INGRESS}...\n"),
    ] {
        assert_eq!(understood(&text).ingresses.len(), 1, "{text}");
    }
    for text in ["", "\n\n", "# comment\n", "---\n", "--- # x\n...\n", "\u{feff}"] {
        understood(text);
    }
}

#[test]
fn what_an_apiserver_adds_is_read_too() {
    let text = INGRESS.replace(
        "metadata:\n",
        "metadata:\n  creationTimestamp: \"2026-01-02T03:04:05Z\"\n  generation: 2\n  \
         resourceVersion: \"71\"\n  uid: 0b5c1d2e-0000-4000-8000-000000000001\n  \
         managedFields:\n  - apiVersion: networking.k8s.io/v1\n    fieldsType: FieldsV1\n    \
         fieldsV1:\n      f:metadata:\n        f:annotations:\n          .: {}\n    \
         manager: kubectl-client-side-apply\n    operation: Update\n    \
         time: \"2026-01-02T03:04:05Z\"\n",
    ) + "status:\n  loadBalancer:\n    ingress:\n    - ip: 192.0.2.1\n";
    let snapshot = understood(&text);
    let ingress = &snapshot.ingresses[&ObjectKey::new("default", "web-ingress")].object;
    assert_eq!(ingress.metadata.generation, Some(2));
}

#[test]
fn every_error_of_a_file_is_reported_with_its_place() {
    let text = format!(
        "a: [1\n---\n{}---\n{}",
        INGRESS.replace("pathType:", "pathtype:"),
        secret("data: {k: '***'}")
    );
    let refused = refused(&text);
    assert_eq!(refused.len(), 3, "{refused:#?}");
    assert!(refused[0].starts_with("in.yaml:"), "{}", refused[0]);
    assert_eq!(
        refused[1],
        "in.yaml:23:9: unknown field \"pathtype\", did you mean \"pathType\"? \
         (Ingress default/web-ingress)"
    );
    assert_eq!(
        refused[2],
        "in.yaml:32:11: the value of \"k\" in data is not base64: encode it with `base64 -w0`, \
         or move it to stringData (Secret default/s)"
    );
}

#[test]
fn what_does_not_fit_is_said_in_plain_words() {
    for (from, to, message) in [
        (
            "192.0.2.1",
            "true",
            "in.yaml:7:37: expected a text, found the boolean true: put it in quotes",
        ),
        (
            "number: 443",
            "number: https",
            "in.yaml:19:23: expected a whole number, found the text \"https\"",
        ),
        (
            "  rules:",
            "  rules: none\n  x:",
            "in.yaml:11:10: expected a list, found the text \"none\"",
        ),
        (
            "name: web-ingress",
            "name: Web Ingress",
            "in.yaml:8:9: \"Web Ingress\" is not a valid name",
        ),
        (
            "name: web-ingress",
            "nam: x",
            "in.yaml:8:3: unknown field \"nam\", did you mean \"name\"?",
        ),
        (
            "  name: web-ingress",
            "  name: a\n  name: b",
            "in.yaml:9:3: the key \"name\" stands twice in one mapping",
        ),
        (
            "kind: Ingress",
            "kind: Ingress\nkind: Ingress",
            "in.yaml:4:1: the key \"kind\" stands twice in one mapping: separate documents with ---",
        ),
        (
            "kind: Ingress",
            "king: Ingress",
            "in.yaml:2:1: this is no Kubernetes object: it has no kind",
        ),
    ] {
        let refused = refused(&INGRESS.replacen(from, to, 1));
        let hit = refused.iter().any(|line| line.starts_with(message));
        assert!(hit, "{message}\n{refused:#?}");
    }
}

#[test]
fn what_is_not_read_is_noted_and_the_rest_goes_on() {
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\n---\n\
         apiVersion: networking.k8s.io/v2\nkind: Ingress\nmetadata: {{name: old}}\n---\n{INGRESS}"
    );
    let (snapshot, reading) = reads(&text);
    assert_eq!(snapshot.ingresses.len(), 1);
    let shown: Vec<String> = reading.diagnostics.iter().map(ToString::to_string).collect();
    assert!(shown[0].starts_with("note[document-skipped]: Deployment of API version \"apps/v1\""));
    assert!(shown[0].contains("in.yaml:1:1 (Deployment default/web)"), "{}", shown[0]);
    assert!(shown[1].ends_with("fix: write it for networking.k8s.io/v1"), "{}", shown[1]);
}

#[test]
fn of_an_object_given_twice_the_later_counts() {
    let text = format!("{}---\n{}", secret("stringData: {k: a}"), secret("stringData: {k: b}"));
    let (snapshot, reading) = reads(&text);
    assert_eq!(value(&snapshot, "k"), b"b");
    assert_eq!(
        reading.diagnostics[0].problem,
        "Secret default/s is given twice, first at in.yaml:1:1; this one counts"
    );
}

#[test]
fn string_data_wins_over_data() {
    let text = secret("data: {a: Zmlyc3Q=, b: \"c2Vjb\\n25k\"}\nstringData: {a: third}");
    let snapshot = understood(&text);
    assert_eq!(value(&snapshot, "a"), b"third");
    assert_eq!(value(&snapshot, "b"), b"second");
}

#[test]
fn a_template_is_called_one() {
    assert_eq!(
        refused("kind: {{ .Values.kind }}\n"),
        ["in.yaml:1:8: this is a template, not a manifest: render it first"]
    );
}

#[test]
fn no_message_quotes_a_secret() {
    let canary = "c4n4ryc4n4ry";
    for data in [
        format!("data: {canary}"),
        format!("data: {{k: {canary}*}}"),
        format!("data: [{canary}]"),
        format!("data:\n  k: {canary}: x"),
        format!("data:\n  k: |\n  {canary}\n"),
        format!("data:\n  k: \"{canary}\n"),
        format!("data:\n  k: {canary}\n{canary}\n"),
        format!("data: {{k: &a {canary}*, j: *b}}"),
        format!("data: {{k: !x {canary}*}}"),
        format!("data: {{k: @{canary}}}"),
        format!("data: {{k: %{canary}}}"),
        format!("data: {{k: [{canary}, {canary}}}"),
        format!("data: {{k: \"\\{canary}\"}}"),
        format!("data: {{k: !!binary {canary}*}}"),
        format!("data: {{k: !!int {canary}*}}"),
        format!("stringData: {{k: [{canary}]}}"),
    ] {
        let text = secret(&data);
        let refused = refused(&text);
        assert!(!refused.is_empty(), "{text}");
        assert!(!refused.concat().contains("c4n4ry"), "{text}\n{refused:#?}");
    }
}

#[test]
fn an_alias_bomb_is_refused() {
    let lines = (1..40).map(|i| format!("a{i}: &a{i} [*a{0}, *a{0}, *a{0}, *a{0}]\n", i - 1));
    let text: String = ["a0: &a0 x\n".to_owned()].into_iter().chain(lines).collect();
    assert_eq!(refused(&text).len(), 1);
    let deep = "[".repeat(100_000);
    assert_eq!(refused(&deep).len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = reads(&text);
    }

    #[test]
    fn any_damage_to_a_manifest_is_read_or_refused(
        at in 0..INGRESS.len(),
        cut in 0..40usize,
        insert in "[-:\\[\\]{}&*!|>'\"%@`#?, \t\n\\\\a0]{0,6}",
    ) {
        let end = (at + cut).min(INGRESS.len());
        let _ = reads(&format!("{}{insert}{}", &INGRESS[..at], &INGRESS[end..]));
    }
}
