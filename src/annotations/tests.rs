//! What keys mean, and that no value is too strange to be read.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::{Diagnostic, ObjectRef, Severity};
use crate::model::ObjectKey;

fn read_all(annotations: &[(&str, &str)]) -> (IngressSettings, Vec<Diagnostic>) {
    let key = ObjectKey::new("default", "web");
    let mut findings = Findings::about(ObjectRef { kind: "Ingress".to_owned(), key });
    let annotations = annotations.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let settings = read(&annotations, &mut findings);
    (settings, findings.into_diagnostics())
}

#[test]
fn hyphens_underscores_and_case_of_a_key_are_the_same() {
    for key in ["secure-backend", "secure_backend", "Secure_Backend"] {
        let key = format!("Ingress.citrix.com/{key}");
        let (settings, diagnostics) = read_all(&[(&key, "True")]);
        assert_eq!(settings.secure_backend.value(), Some(&SecureBackEnds::All(true)));
        assert_eq!(diagnostics, []);
    }
}

#[test]
fn two_spellings_of_one_annotation_are_an_error_that_names_both() {
    let (settings, diagnostics) = read_all(&[
        ("ingress.citrix.com/ca-secret", r#"{"a": "ca"}"#),
        ("ingress.citrix.com/ca_secret", r#"{"a": "ca"}"#),
    ]);
    assert!(settings.ca_secret.is_unreadable());
    let [one] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!(one.severity, Severity::Error);
    assert!(one.problem.contains("ca-secret\"") && one.problem.contains("ca_secret\""));
}

#[test]
fn what_protects_on_another_controller_is_not_passed_over() {
    for key in ["auth-tls-secret", "auth-url", "proxy-ssl-verify", "whitelist-source-range"] {
        let key = format!("nginx.ingress.kubernetes.io/{key}");
        let (_, diagnostics) = read_all(&[(&key, "default/ca")]);
        let [one] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
        assert_eq!((one.severity, one.code), (Severity::Error, Code::AnnotationForeign));
    }
    for (key, value) in [
        ("ingress.kubernetes.io/auth-tls-secret", "ca"),
        ("nginx.ingress.kubernetes.io/backend-protocol", "HTTPS"),
        ("alb.ingress.kubernetes.io/backend-protocol", "HTTPS"),
        ("appgw.ingress.kubernetes.io/backend-protocol", "https"),
        ("nginx.ingress.kubernetes.io/secure-backends", "true"),
        ("nginx.ingress.kubernetes.io/ssl-passthrough", "true"),
        ("nginx.ingress.kubernetes.io/force-ssl-redirect", "true"),
    ] {
        let (_, diagnostics) = read_all(&[(key, value)]);
        assert_eq!(diagnostics[0].code, Code::AnnotationForeign, "{key}");
    }
    for (key, value) in [
        ("nginx.ingress.kubernetes.io/rewrite-target", "/"),
        ("nginx.ingress.kubernetes.io/backend-protocol", "HTTP"),
        ("alb.ingress.kubernetes.io/backend-protocol", "HTTP"),
        ("alb.ingress.kubernetes.io/backend-protocol-version", "GRPC"),
        ("appgw.ingress.kubernetes.io/backend-protocol", "http"),
        ("nginx.ingress.kubernetes.io/force-ssl-redirect", "false"),
        ("example.com/auth-tls-secret", "ca"),
    ] {
        assert_eq!(read_all(&[(key, value)]).1, [], "{key}");
    }
}

#[test]
fn a_misspelled_security_annotation_is_an_error_and_counts_as_unreadable() {
    for key in ["ca-secert", "ca_secrets", "casecret"] {
        let (settings, diagnostics) =
            read_all(&[(&format!("ingress.citrix.com/{key}"), r#"{"a": "ca"}"#)]);
        assert!(settings.ca_secret.is_unreadable(), "{key}");
        assert_eq!(diagnostics[0].severity, Severity::Error, "{key}");
        assert_eq!(diagnostics[0].remedy, "did you mean \"ingress.citrix.com/ca-secret\"?");
    }
}

#[test]
fn a_known_annotation_under_another_prefix_is_an_error_if_it_protects() {
    for prefix in ["nitro-ingress.dev", "ingress.netscaler.com"] {
        let (_, diagnostics) = read_all(&[(&format!("{prefix}/ca-secret"), r#"{"a": "ca"}"#)]);
        assert_eq!(diagnostics[0].severity, Severity::Error, "{prefix}");
    }
}

#[test]
fn what_protects_is_an_error_under_a_misspelled_prefix_too() {
    for key in [
        "ingress.citix.com/ca-secret",
        "ingress.citrix.co/ca_secrets",
        "nitro-ingres.dev/ca-secret",
        "ingress.citrix.com.ca-secret",
        "ingress.citrix.com.ca_secret",
        "service.citrix.com/CA_secret",
        "citrix.com/ca-secret",
        "ingress.k8s.netscaler.com/ca-secret",
    ] {
        let (settings, diagnostics) = read_all(&[(key, r#"{"a": "ca"}"#)]);
        assert!(settings.ca_secret.is_unreadable(), "{key}");
        assert_eq!(diagnostics[0].severity, Severity::Error, "{key}");
        assert_eq!(diagnostics[0].remedy, "did you mean \"ingress.citrix.com/ca-secret\"?");
    }
}

#[test]
fn what_others_call_alike_is_theirs() {
    for key in [
        "example.com/ca-secret",
        "ingress.example.com/secure-backend",
        "notcitrix.com/ca-secret",
        "ca-secret",
        "example.citrix.com/frontend-ip",
        "example.com.ca-secret",
        "haproxy.org/backend-secret",
    ] {
        assert_eq!(read_all(&[(key, r#"{"a": "ca"}"#)]).1, [], "{key}");
    }
}

#[test]
fn a_misspelled_front_end_is_an_error_and_not_the_default_one() {
    for key in ["frontend-ipp", "frontendip", "frontend_i"] {
        let (settings, diagnostics) =
            read_all(&[(&format!("ingress.citrix.com/{key}"), "192.0.2.10")]);
        assert!(settings.frontend_ip.is_unreadable(), "{key}");
        assert_eq!(diagnostics[0].severity, Severity::Error, "{key}");
    }
}

#[test]
fn what_is_not_supported_says_what_to_do() {
    use Code::AnnotationUnsupported as Unsupported;
    use Severity::{Error, Warning};
    let told = |key: &str| {
        let (_, diagnostics) = read_all(&[(key, "x")]);
        let [one] = diagnostics.as_slice() else { panic!("{key}: {diagnostics:?}") };
        (one.severity, one.code, one.remedy.clone())
    };
    let remedy = |text: &str| text.to_owned();
    assert_eq!(
        told("ingress.citrix.com/ipam-range"),
        (Error, Unsupported, remedy("give the address itself: ingress.citrix.com/frontend-ip"))
    );
    assert_eq!(
        told("ingress.citrix.com/analyticsprofile"),
        (Warning, Unsupported, remedy("remove it: analytics profiles are set on the appliance"))
    );
    for key in ["waf_crd", "rewrite-responder_crd", "service_weights", "canary-weight"] {
        assert_eq!(told(&format!("ingress.citrix.com/{key}")).1, Unsupported, "{key}");
    }
}

#[test]
fn what_is_for_services_says_what_to_write_on_an_ingress() {
    for (key, meant) in [
        ("service.citrix.com/frontend-ip", Some("frontend-ip")),
        ("service.citrix.com/service-type-0", Some("insecure-service-type")),
        ("service.citrix.com/service_type", Some("insecure-service-type")),
        ("service.citrix.com/ssl-termination-1", Some("secure-backend")),
        ("route.citrix.com/lbvserver", Some("lbvserver")),
        ("service.citrix.com/dns-hostname", None),
    ] {
        let (_, diagnostics) = read_all(&[(key, "x")]);
        let [one] = diagnostics.as_slice() else { panic!("{key}: {diagnostics:?}") };
        assert_eq!((one.severity, one.code), (Severity::Warning, Code::AnnotationUnsupported));
        let remedy = meant.map_or_else(
            || "remove it".to_owned(),
            |name| format!("write ingress.citrix.com/{name} if the Ingress is to have it"),
        );
        assert_eq!(one.remedy, remedy, "{key}");
    }
}

#[test]
fn what_nobody_knows_is_told_with_what_it_is_near_to() {
    for (key, remedy) in [
        ("cloud", "remove it"),
        ("lb-vservers", "did you mean \"ingress.citrix.com/lbvserver\"?"),
        ("analyticprofiles", "did you mean \"ingress.citrix.com/analyticsprofile\"?"),
    ] {
        let (_, diagnostics) = read_all(&[(&format!("ingress.citrix.com/{key}"), "x")]);
        let [one] = diagnostics.as_slice() else { panic!("{key}: {diagnostics:?}") };
        assert_eq!((one.severity, one.code), (Severity::Warning, Code::AnnotationUnknown));
        assert_eq!(one.remedy, remedy, "{key}");
    }
}

proptest! {
    /// No text makes a reader fail in another way than by saying why, and what is refused is as
    /// unreadable as if it had been misspelled.
    #[test]
    fn no_value_is_too_strange_to_be_read(text in strange(), row in 0..ANNOTATIONS.len()) {
        let annotation = &ANNOTATIONS[row];
        let (settings, diagnostics) = read_all(&[(annotation.key, &text)]);
        if diagnostics.is_empty() {
            return Ok(());
        }
        let [one] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
        prop_assert!(one.severity == Severity::Error && !one.problem.is_empty());
        prop_assert!(!one.remedy.is_empty());
        let mut unreadable = IngressSettings::default();
        make_unreadable(annotation, &mut unreadable);
        prop_assert_eq!(settings, unreadable);
    }
}

/// Any text, the pieces that values are made of in any order, and examples with something changed.
fn strange() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        ":",
        ",",
        " ",
        "\\",
        "\u{201c}",
        "apache",
        "True",
        "null",
        "certs",
        "name",
        "type",
        "sni",
        "ciphers",
        "ciphername",
        "cipherpriority",
        "response-code",
        "404",
        "-1",
        "1e9",
        "99999999999999999999",
        "lbmethod",
        "timeout",
        "cookiename",
        "HTTP",
        "respcode",
        "interval",
        "retries",
        "\u{0}",
        "é",
        "enabled",
        "{}",
        "[]",
        "{\"a\":",
    ];
    let pieces = proptest::collection::vec(proptest::sample::select(PIECES), 0..24);
    let examples: Vec<&str> = ANNOTATIONS.iter().map(|annotation| annotation.example).collect();
    let changed = (proptest::sample::select(examples), any::<usize>(), ".{0,3}");
    prop_oneof![
        ".{0,40}",
        pieces.prop_map(|pieces| pieces.concat()),
        changed.prop_map(|(example, at, piece)| {
            let mut text: Vec<char> = example.chars().collect();
            let at = at % text.len();
            text.splice(at..=at, piece.chars());
            text.into_iter().collect()
        }),
    ]
}
