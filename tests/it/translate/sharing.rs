//! Ingresses that share a front end: who holds it, who must agree, who wins.

use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::model::{Kind, Role};

use super::ask::{CSVSERVER, accepted, children, error, id, routes, text, told, translated};
use crate::objects::{Cluster, IngressBuilder, authorities, cluster, ingress, pair, service};

fn tls(name: &str, age: i64) -> IngressBuilder {
    ingress(name).created(age).annotated("frontend-ip", "192.0.2.10").tls(&["shop.example"], "tls")
}

fn at(name: &str, age: i64, host: &str) -> IngressBuilder {
    tls(name, age).host(host).path("/", "web", 80)
}

fn with_ca(ingress: IngressBuilder, secret: &str) -> IngressBuilder {
    ingress.annotated("ca-secret", &format!(r#"{{"web": "{secret}"}}"#))
}

fn shop() -> Cluster {
    cluster()
        .with(pair("tls", "wild-1"))
        .with(authorities("one", &["ca-one"]))
        .with(authorities("two", &["ca-two"]))
        .with(pair("tls", "wild-1").namespace("other"))
        .with(authorities("one", &["ca-one"]).namespace("other"))
        .with(authorities("two", &["ca-two"]).namespace("other"))
        .with(service("web").namespace("other").port(80))
}

fn cas(cluster: &Cluster) -> usize {
    let translation = translated(cluster);
    let bound = children(&translation.desired.state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    bound.into_iter().filter(|(_, role)| *role == Role::Ca).count()
}

#[test]
fn who_is_silent_takes_what_the_oldest_set() {
    let cluster = shop().with(with_ca(at("older", 1, "a.shop.example"), "one")).with(at(
        "silent",
        2,
        "b.shop.example",
    ));
    let translation = accepted(&cluster);
    assert_eq!(routes(&translation.desired.state, CSVSERVER).len(), 2);
    assert_eq!(translation.desired.state.names(Kind::SSLPROFILE).count(), 1);
}

#[test]
fn age_decides_and_then_the_name() {
    let older = at("z", 1, "a.shop.example");
    let younger = with_ca(at("a", 2, "b.shop.example"), "one");
    let translation = translated(&shop().with(older).with(younger));
    assert_eq!(translation.unmet.keys().collect::<Vec<_>>(), [&id("a")]);
    assert_eq!(error(&translation, "a").code, Code::FrontEndConflict);
    assert!(error(&translation, "a").problem.contains("Ingress default/z"));

    let ageless = |name| at(name, 0, "a.shop.example").path("/y", "web", 80);
    let translation = accepted(&shop().with(ageless("b")).with(ageless("a")));
    assert_eq!(told(&translation, "a"), []);
    assert_eq!(told(&translation, "b"), [(Severity::Warning, Code::RouteTaken); 2]);
}

#[test]
fn a_route_belongs_to_the_oldest_and_the_loser_keeps_its_others() {
    let older = at("older", 1, "a.shop.example");
    let younger = at("younger", 2, "a.shop.example").path("/more", "apache", 443);
    let translation = accepted(&shop().with(older).with(younger));
    let routes = routes(&translation.desired.state, CSVSERVER);
    assert_eq!(routes.len(), 2);
    let root = routes.iter().find(|(rule, _)| !rule.contains("/more")).unwrap();
    assert!(root.1.starts_with("k8s-web_80_lbv_"), "{root:?}");
    let one = translation.diagnostics.iter().find(|one| one.code == Code::RouteTaken).unwrap();
    assert!(one.problem.contains("Ingress default/older"), "{}", one.problem);
    // The match type is part of a route.
    let exact = tls("exact", 3).host("a.shop.example").exact("/", "web", 80);
    let older = at("older", 1, "a.shop.example");
    assert_eq!(told(&accepted(&shop().with(older).with(exact)), "exact"), []);
}

#[test]
fn settings_must_be_the_same_and_not_more() {
    let profile =
        |ingress: IngressBuilder, json: &str| ingress.annotated("frontend-sslprofile", json);
    let older = || profile(at("older", 1, "a.shop.example"), r#"{"tls12": "disabled"}"#);
    let same =
        profile(at("same", 2, "b.shop.example"), r#"{"tls12": "DISABLED", "hsts": "disabled"}"#);
    let other = profile(at("other", 3, "c.shop.example"), r#"{"tls12": "enabled"}"#);
    let translation = translated(&shop().with(older()).with(same).with(other));
    assert_eq!(translation.unmet.keys().collect::<Vec<_>>(), [&id("other")]);
    assert_eq!(error(&translation, "other").code, Code::FrontEndConflict);
}

#[test]
fn optional_beside_mandatory_is_a_conflict() {
    let older = with_ca(at("older", 1, "a.shop.example"), "one");
    let optional = with_ca(at("younger", 2, "b.shop.example"), "one")
        .annotated("frontend-sslprofile", r#"{"clientcert": "optional"}"#);
    let translation = translated(&shop().with(older).with(optional));
    assert_eq!(error(&translation, "younger").code, Code::FrontEndConflict);
}

#[test]
fn optional_is_what_it_says() {
    let optional = with_ca(at("web", 1, "a.shop.example"), "one")
        .annotated("frontend-sslprofile", r#"{"clientcert": "optional"}"#);
    let translation = accepted(&shop().with(optional));
    let state = &translation.desired.state;
    let profile = text(state, Kind::SSLVSERVER, CSVSERVER, "sslprofile");
    assert_eq!(text(state, Kind::SSLPROFILE, profile, "clientauth"), "ENABLED");
    assert_eq!(text(state, Kind::SSLPROFILE, profile, "clientcert"), "Optional");
}

#[test]
fn the_namespace_of_the_holder_may_add_cas_and_others_not() {
    let older = || with_ca(at("older", 1, "a.shop.example"), "one");
    let younger = || with_ca(at("younger", 2, "b.shop.example"), "two");
    assert_eq!(cas(&shop().with(older()).with(younger())), 2);
    let foreign = shop().with(older()).with(younger().namespace("other"));
    assert_eq!(cas(&foreign), 1);
    assert_eq!(translated(&foreign).unmet.len(), 1);
    let same = with_ca(at("younger", 2, "b.shop.example"), "one").namespace("other");
    let agreed = shop().with(older()).with(same);
    drop(accepted(&agreed));
    // Now somebody relies on what is accepted.
    let late = with_ca(at("late", 3, "c.shop.example"), "two");
    let translation = translated(&agreed.with(late));
    assert_eq!(translation.unmet.keys().collect::<Vec<_>>(), [&id("late")]);
    assert!(error(&translation, "late").problem.contains("Ingress other/younger"));
}

#[test]
fn every_certificate_of_a_bundle_is_accepted() {
    let bundle = authorities("bundle", &["ca-one", "ca-two", "ca-one"]);
    let web = with_ca(at("web", 1, "a.shop.example"), "bundle");
    assert_eq!(cas(&shop().with(bundle).with(web)), 2);
}

#[test]
fn a_host_that_demands_certificates_is_not_served_in_plain_text() {
    let plain = |host| {
        let plain = ingress("plain").created(1).annotated("frontend-ip", "192.0.2.20").host(host);
        plain.path("/", "web", 80).host("free.example").path("/", "web", 80)
    };
    let secure = |host| with_ca(at("secure", 2, host), "one");
    for (demanded, asked) in [
        ("a.shop.example", "a.shop.example"),
        ("*.shop.example", "a.shop.example"),
        ("*.shop.example", "*.shop.example"),
        // The broader one goes too, and so does what a broader one covers.
        ("a.shop.example", "*.shop.example"),
        ("a.shop.example", ""),
        ("*.shop.example", ""),
    ] {
        let translation = accepted(&shop().with(plain(asked)).with(secure(demanded)));
        let state = &translation.desired.state;
        assert_eq!(routes(state, "k8s-192.0.2.20_80_http").len(), 1, "{demanded} {asked}");
        assert_eq!(told(&translation, "plain"), [(Severity::Warning, Code::PlainRouteRefused)]);
    }
    for (demanded, asked) in [
        ("a.shop.example", "b.example"),
        ("a.shop.example", "*.example"),
        ("*.shop.example", "shop.example"),
        ("*.shop.example", "x.a.shop.example"),
    ] {
        let translation = accepted(&shop().with(plain(asked)).with(secure(demanded)));
        assert_eq!(told(&translation, "plain"), [], "{demanded} {asked}");
    }
}

#[test]
fn whoever_demands_certificates_for_any_host_leaves_none_in_plain_text() {
    let plain = ingress("plain").created(1).annotated("frontend-ip", "192.0.2.20");
    let plain = plain.host("a.example").path("/", "web", 80).host("*.b.example");
    let plain = plain.path("/", "web", 80).host("").path("/", "web", 80);
    let secure = with_ca(at("secure", 2, ""), "one");
    let translation = accepted(&shop().with(plain).with(secure));
    assert_eq!(told(&translation, "plain"), [(Severity::Warning, Code::PlainRouteRefused); 3]);
}

#[test]
fn front_ends_at_other_addresses_have_nothing_to_do_with_each_other() {
    let one = at("one", 1, "a.shop.example");
    let two = with_ca(at("two", 2, "a.shop.example"), "one").annotated("frontend-ip", "192.0.2.20");
    let translation = accepted(&shop().with(one).with(two));
    assert_eq!(translation.desired.state.names(Kind::CSVSERVER).count(), 2);
    assert_eq!(translation.diagnostics, []);
}
