//! TLS towards back ends: which it is, whom it trusts, and what makes it another back end.

use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::model::{Kind, Role, State};
use nitro_ingress::translate::Translation;

use super::ask::{accepted, children, error, routes, text, told, translated};
use crate::objects::{Cluster, IngressBuilder, authorities, cluster, ingress, pair};

const HTTP: &str = "k8s-192.0.2.10_80_http";

fn web() -> IngressBuilder {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10");
    web.host("a.example").path("/", "apache", 443)
}

fn secrets() -> Cluster {
    cluster()
        .with(authorities("ca", &["ca-one"]))
        .with(authorities("cas", &["ca-one", "ca-two"]))
        .with(pair("client", "client-1"))
}

/// The profile of the only service group in TLS.
#[track_caller]
fn profile<'t>(translation: &'t Translation, field: &str) -> Option<&'t str> {
    let state = &translation.desired.state;
    let group = group(state);
    state.text(Kind::SSLPROFILE, text(state, Kind::SSLSERVICEGROUP, group, "sslprofile"), field)
}

#[track_caller]
fn group(state: &State) -> &str {
    let groups: Vec<&str> = state.names(Kind::SSLSERVICEGROUP).collect();
    let [group] = groups[..] else { panic!("{groups:?}") };
    group
}

#[test]
fn a_secure_back_end_is_spoken_to_in_tls_and_not_verified() {
    for value in ["True", "true", r#"{"apache": "True"}"#, r#"{"apache": true}"#] {
        let translation = accepted(&secrets().with(web().annotated("secure-backend", value)));
        assert_eq!(profile(&translation, "serverauth"), Some("DISABLED"));
        assert_eq!(profile(&translation, "snienable"), Some("DISABLED"));
        assert_eq!(profile(&translation, "commonname"), None);
    }
    let translation = accepted(&secrets().with(web().annotated("secure-backend", "False")));
    assert_eq!(translation.desired.state.names(Kind::SSLSERVICEGROUP).count(), 0);
}

#[test]
fn naming_a_ca_verifies_the_back_end_and_its_name() {
    let web = web()
        .annotated("secure-backend", "True")
        .annotated("backend-ca-secret", r#"{"apache": "cas"}"#);
    let translation = accepted(&secrets().with(web.clone()));
    assert_eq!(profile(&translation, "serverauth"), Some("ENABLED"));
    assert_eq!(profile(&translation, "commonname"), Some("a.example"));
    let state = &translation.desired.state;
    let bound = children(state, Kind::SSLSERVICEGROUP_SSLCERTKEY, group(state));
    assert_eq!(bound.iter().map(|(_, role)| *role).collect::<Vec<_>>(), [Role::Ca, Role::Ca]);

    let named = web.annotated("backend-sslprofile", r#"{"apache": {"commonName": "in.example"}}"#);
    let translation = accepted(&secrets().with(named));
    assert_eq!(profile(&translation, "commonname"), Some("in.example"));
}

#[test]
fn a_name_is_sent_with_sni() {
    let web = web()
        .annotated("secure-backend", "True")
        .annotated("backend-sslprofile", r#"{"apache": {"sni": "enabled"}}"#);
    let translation = accepted(&secrets().with(web));
    assert_eq!(profile(&translation, "commonname"), Some("a.example"));
    assert_eq!(profile(&translation, "serverauth"), Some("DISABLED"));
}

#[test]
fn without_a_usable_host_the_name_must_be_given() {
    for host in ["", "*.shop.example"] {
        let web = || {
            ingress("web")
                .annotated("frontend-ip", "192.0.2.10")
                .annotated("secure-backend", "True")
                .annotated("backend-ca-secret", r#"{"apache": "ca"}"#)
                .host(host)
                .path("/", "apache", 443)
        };
        let translation = translated(&secrets().with(web()));
        assert_eq!(error(&translation, "web").code, Code::BackEndNameRequired);
        let named =
            web().annotated("backend-sslprofile", r#"{"apache": {"commonname": "in.example"}}"#);
        assert_eq!(profile(&accepted(&secrets().with(named)), "commonname"), Some("in.example"));
    }
}

#[test]
fn hosts_that_are_verified_by_name_have_back_ends_of_their_own() {
    let secure =
        web().annotated("secure-backend", "True").host("b.example").path("/", "apache", 443);
    let translation = accepted(&secrets().with(secure.clone()));
    assert_eq!(translation.desired.state.names(Kind::SSLSERVICEGROUP).count(), 1);
    let verified = secure.annotated("backend-ca-secret", r#"{"apache": "ca"}"#);
    let translation = accepted(&secrets().with(verified));
    let state = &translation.desired.state;
    assert_eq!(state.names(Kind::SSLSERVICEGROUP).count(), 2);
    let [(_, one), (_, other)] = routes(state, HTTP)[..] else { panic!() };
    assert_ne!(one, other);
}

#[test]
fn a_client_certificate_rotates_without_another_back_end() {
    let web = web()
        .annotated("secure-backend", "True")
        .annotated("backend-secret", r#"{"apache": "client"}"#);
    let before = accepted(&secrets().with(web.clone()));
    let after = accepted(&secrets().with(pair("client", "client-2")).with(web.clone()));
    let (before, after) = (&before.desired.state, &after.desired.state);
    assert_eq!(group(before), group(after));
    let certificate = |state| children(state, Kind::SSLSERVICEGROUP_SSLCERTKEY, group(state));
    assert_ne!(certificate(before), certificate(after));
    let other = pair("another", "client-1");
    let web = web.annotated("backend-secret", r#"{"apache": "another"}"#);
    let moved = accepted(&secrets().with(other).with(web));
    assert_ne!(group(before), group(&moved.desired.state));
}

#[test]
fn protection_of_a_back_end_in_plain_text_is_refused() {
    for (name, value) in [
        ("backend-ca-secret", r#"{"apache": "ca"}"#),
        ("backend-secret", r#"{"apache": "client"}"#),
        ("backend-sslprofile", r#"{"apache": {"tls13": "enabled"}}"#),
    ] {
        let translation = translated(&secrets().with(web().annotated(name, value)));
        assert_eq!(error(&translation, "web").code, Code::BackEndNotSecure, "{name}");
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let secure = || web().annotated("secure-backend", "True");
    let profile = |value: &str| format!(r#"{{"apache": {{{value}}}}}"#);
    let without_ca = secure().annotated("backend-sslprofile", &profile(r#""serverauth": "on""#));
    assert_eq!(error(&translated(&secrets().with(without_ca)), "web").code, Code::CaRequired);
    let both = secure()
        .annotated("backend-ca-secret", r#"{"apache": "ca"}"#)
        .annotated("backend-sslprofile", &profile(r#""serverauth": "disabled""#));
    assert_eq!(error(&translated(&secrets().with(both)), "web").code, Code::FieldRefused);
    let name = secure().annotated("backend-sslprofile", &profile(r#""commonname": "x""#));
    let translation = translated(&secrets().with(name));
    assert_eq!(error(&translation, "web").code, Code::FieldRefused);
}

#[test]
fn settings_for_a_service_that_is_not_used_are_an_error_while_one_that_is_used_has_none() {
    let profile = |key: &str| format!(r#"{{"{key}": {{"tls13": "enabled"}}}}"#);
    let listed = |key: &str, value: &str| format!(r#"{{"{key}": "{value}"}}"#);
    for key in ["another-one", "apcahe", "apache-service"] {
        for (name, value) in [
            ("secure-backend", listed(key, "True")),
            ("backend-secret", listed(key, "client")),
            ("backend-ca-secret", listed(key, "ca")),
            ("backend-sslprofile", profile(key)),
        ] {
            let web = web().annotated("secure-backend", "True").annotated(name, &value);
            let translation = translated(&secrets().with(web));
            let first = (Severity::Error, Code::AnnotationServiceUnknown);
            assert_eq!(told(&translation, "web")[0], first, "{name} {key}");
            assert_eq!(translation.unmet.len(), 1, "{name} {key}");
        }
    }
}

#[test]
fn settings_for_the_services_of_several_ingresses_are_a_warning() {
    let web = web()
        .annotated("secure-backend", r#"{"apache": "True", "another": "True"}"#)
        .annotated("backend-ca-secret", r#"{"apache": "ca", "another": "ca"}"#);
    let translation = accepted(&secrets().with(web));
    let warning = (Severity::Warning, Code::AnnotationServiceUnknown);
    assert_eq!(told(&translation, "web"), [warning, warning]);
    assert_eq!(profile(&translation, "serverauth"), Some("ENABLED"));
}
