//! What an Ingress says in its annotations: the registry of every annotation that is honoured, and
//! reading them.
//!
//! Nothing that protects is ever ignored: what is misspelled, malformed or not supported is an
//! error, and its Ingress is unmet.

mod address;
mod certkeys;
mod fields;
mod json;
mod key;
mod listener;
mod monitor;
mod parse_error;
mod profile;
mod registry;
mod rows;
mod servers;
mod services;
mod settings;
mod ssl;
mod tuning;
mod unsupported;
mod value;

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Findings};
pub use address::Vip;
pub use fields::{Dependant, FieldSet};
pub use parse_error::ParseError;
pub use registry::{Annotation, Faults, Outcome, Scope, Weight};
pub use rows::ANNOTATIONS;
pub use settings::{
    CertkeyRole, IngressSettings, InsecureType, PathMatchMethod, PreconfiguredCertkey,
    ProfileChoice, SecureBackEnds, SecureType, Setting, SslSettings, Termination,
};
pub use unsupported::{UNSUPPORTED, Unsupported};

use key::Meaning;

/// Reads the annotations of an Ingress. What is wrong with them goes to `findings`.
pub fn read(annotations: &BTreeMap<String, String>, findings: &mut Findings) -> IngressSettings {
    let mut settings = IngressSettings::default();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (written, value) in annotations {
        let folded = key::fold(written);
        let meaning = key::meaning(&folded);
        if matches!(meaning, Meaning::Foreign) {
            continue;
        }
        if let Some(first) = seen.insert(folded, written) {
            repeated(first, written, meaning, (&mut settings, findings));
            continue;
        }
        read_one(written, value, meaning, (&mut settings, findings));
    }
    settings
}

/// The key of an annotation as it stands on an Ingress, for messages: that of the registry unless
/// it is spelled otherwise.
pub fn spelling<'a>(key: &'a str, annotations: &'a BTreeMap<String, String>) -> &'a str {
    annotations.keys().map(String::as_str).find(|written| key::fold(written) == key).unwrap_or(key)
}

/// How close a word must be to one that protects to count as meant by it.
pub(crate) const MISSPELLING: usize = key::MISSPELLING;

fn repeated(
    first: &str,
    second: &str,
    meaning: Meaning,
    (settings, findings): (&mut IngressSettings, &mut Findings),
) {
    if let Meaning::Known(annotation) = meaning {
        make_unreadable(annotation, settings);
    }
    findings.error(
        Code::AnnotationRepeated,
        second,
        format!("{first:?} and {second:?} are two spellings of one annotation"),
        "keep one of the two",
    );
}

fn read_one(
    written: &str,
    value: &str,
    meaning: Meaning,
    (settings, findings): (&mut IngressSettings, &mut Findings),
) {
    match meaning {
        Meaning::Known(annotation) => {
            if let Err(error) = (annotation.read)(value, settings) {
                let remedy = error.remedy(annotation.example);
                findings.error(error.code(), written, error.to_string(), remedy);
            }
        }
        Meaning::Unsupported(unsupported) => tell_unsupported(written, unsupported, findings),
        Meaning::Elsewhere(owners, meant) => findings.warning(
            Code::AnnotationUnsupported,
            written,
            format!("{written:?} is for {owners} and has no effect on an Ingress"),
            meant.map_or_else(
                || "remove it".to_owned(),
                |meant| format!("write {meant} if the Ingress is to have it"),
            ),
        ),
        Meaning::Misspelled(meant, annotation) => {
            if let Some(annotation) = annotation {
                make_unreadable(annotation, settings);
            }
            let protects = annotation.is_some_and(|annotation| annotation.security.is_some());
            let does = if protects { "protects" } else { "changes what the Ingress means" };
            findings.error(
                Code::AnnotationUnknown,
                written,
                format!("{written:?} is no annotation, but nearly one that {does}"),
                format!("did you mean {meant:?}?"),
            );
        }
        Meaning::Unknown(nearest) => findings.warning(
            Code::AnnotationUnknown,
            written,
            format!("{written:?} is not known and has no effect"),
            nearest.map_or_else(
                || "remove it".to_owned(),
                |nearest| format!("did you mean {nearest:?}?"),
            ),
        ),
        Meaning::ForeignProtection => findings.error(
            Code::AnnotationForeign,
            written,
            format!("{written:?} protects this Ingress on another controller and is not read here"),
            "say the same with ingress.citrix.com/ca-secret or backend-ca-secret and remove it, or \
             leave this Ingress to that controller",
        ),
        Meaning::Foreign => (),
    }
}

fn tell_unsupported(written: &str, unsupported: &Unsupported, findings: &mut Findings) {
    let code = Code::AnnotationUnsupported;
    match unsupported.weight {
        Weight::Decisive => {
            let problem = format!(
                "{written:?} is not supported, and the Ingress means something else without it"
            );
            findings.error(code, written, problem, unsupported.advice);
        }
        Weight::Harmless => {
            let problem = format!("{written:?} is not supported and has no effect");
            findings.warning(code, written, problem, unsupported.advice);
        }
    }
}

/// Leaves a setting as present and not understood: every reader refuses an empty value.
fn make_unreadable(annotation: &Annotation, settings: &mut IngressSettings) {
    let refused = (annotation.read)("", settings);
    debug_assert!(refused.is_err(), "{} accepts an empty value", annotation.key);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, ObjectRef, Severity};
    use crate::model::ObjectKey;

    fn read_all(annotations: &[(&str, &str)]) -> (IngressSettings, Vec<Diagnostic>) {
        let key = ObjectKey::new("default", "web");
        let mut findings = Findings::about(ObjectRef { kind: "Ingress".to_owned(), key });
        let annotations =
            annotations.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
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
        let harmless = "nginx.ingress.kubernetes.io/rewrite-target";
        assert_eq!(read_all(&[(harmless, "/")]).1, []);
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
            (
                Warning,
                Unsupported,
                remedy("remove it: analytics profiles are set on the appliance")
            )
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
}
