//! What becomes of others when an Ingress beside them cannot be understood any more.

use k8s_openapi::api::networking::v1::IngressTLS;
use nitro_ingress::diagnostic::{Code, Diagnostic, Severity};
use nitro_ingress::model::{Kind, Role};
use nitro_ingress::translate::Unmet;

use super::ask::{CSVSERVER, accepted, children, id, routes, text, told};
use crate::objects::{Cluster, IngressBuilder, authorities, cluster, ingress, pair};
use crate::turns::Turns;

const HTTP: &str = "k8s-192.0.2.10_80_http";
const HTTP_ELSEWHERE: &str = "k8s-192.0.2.20_80_http";

fn at(name: &str, age: i64) -> IngressBuilder {
    ingress(name).created(age).annotated("frontend-ip", "192.0.2.10")
}

fn plain(name: &str, age: i64, host: &str) -> IngressBuilder {
    at(name, age).host(host).path("/", "web", 80)
}

fn tls(name: &str, age: i64, host: &str) -> IngressBuilder {
    plain(name, age, host).tls(&["shop.example"], "tls")
}

fn with_ca(ingress: IngressBuilder) -> IngressBuilder {
    ingress.annotated("ca-secret", r#"{"web": "ca"}"#)
}

fn elsewhere(ingress: IngressBuilder) -> IngressBuilder {
    ingress.annotated("frontend-ip", "192.0.2.20")
}

fn redirecting(ingress: IngressBuilder) -> IngressBuilder {
    ingress.annotated("insecure-termination", "redirect")
}

/// The same with something in it that nobody understands.
fn broken(ingress: IngressBuilder) -> IngressBuilder {
    ingress.annotated("backend-sslprofile", "{")
}

fn shop() -> Cluster {
    cluster().with(pair("tls", "wild-1")).with(authorities("ca", &["ca-one"]))
}

#[track_caller]
fn programmed(cluster: &Cluster) -> Turns {
    let turns = Turns::new();
    let translation = turns.converge(cluster);
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    turns
}

/// How many routes there are on a front end when all is done.
#[track_caller]
fn routes_after(turns: &Turns, cluster: &Cluster, csvserver: &str) -> usize {
    drop(turns.converge(cluster));
    routes(&turns.observe().owned.state, csvserver).len()
}

#[test]
fn a_redirect_of_a_host_that_demands_certificates_does_not_open_it_at_other_addresses() {
    let secure = redirecting(with_ca(tls("secure", 1, "a.shop.example")));
    for host in ["*.shop.example", ""] {
        let open = elsewhere(plain("open", 2, host));
        let translation = accepted(&shop().with(secure.clone()).with(open));
        assert_eq!(told(&translation, "open"), [(Severity::Warning, Code::PlainRouteRefused)]);
    }
}

#[test]
fn challenges_pass_while_the_ingress_that_redirects_is_held() {
    let secure = redirecting(with_ca(tls("secure", 1, "a.shop.example")));
    let challenge = at("challenge", 2).host("a.shop.example");
    let challenge = challenge.path("/.well-known/acme-challenge/token", "web", 80);
    let turns = programmed(&shop().with(secure.clone()).with(challenge.clone()));
    assert_eq!(routes(&turns.observe().owned.state, HTTP).len(), 2);
    let cluster = shop().with(broken(secure)).with(challenge);
    assert_eq!(routes_after(&turns, &cluster, HTTP), 2);
}

#[test]
fn a_held_ingress_keeps_its_host_out_of_plain_text_where_another_demands_certificates_for_it() {
    let speaker =
        with_ca(at("front", 1)).changed(|spec| spec.tls = Some(vec![IngressTLS::default()]));
    let web = tls("web", 2, "a.shop.example");
    let open = elsewhere(plain("open", 3, "a.shop.example"));
    let turns = programmed(&shop().with(speaker.clone()).with(web.clone()));
    let cluster = shop().with(speaker).with(broken(web)).with(open);
    assert_eq!(routes_after(&turns, &cluster, HTTP_ELSEWHERE), 0);
}

#[test]
fn what_an_ingress_without_rules_demands_it_demands_for_the_hosts_of_its_front_end_only() {
    let speaker =
        with_ca(at("front", 1)).changed(|spec| spec.tls = Some(vec![IngressTLS::default()]));
    let open = elsewhere(plain("open", 2, "b.example"));
    let translation = accepted(&shop().with(speaker).with(open));
    assert_eq!(told(&translation, "open"), []);
}

#[test]
fn rules_that_cannot_be_read_are_not_no_rules() {
    let typo = |spec: &mut k8s_openapi::api::networking::v1::IngressSpec| {
        spec.rules.as_mut().unwrap()[0].http.as_mut().unwrap().paths[0].path_type =
            "prefix".to_owned();
    };
    let secure = with_ca(tls("secure", 1, "a.shop.example"));
    // A new one has no place and takes none from others.
    let web = tls("web", 2, "b.shop.example");
    let cluster = shop().with(secure.clone().changed(typo)).with(web.clone());
    assert_eq!(told(&super::ask::translated(&cluster), "web"), []);
    // One that is held speaks for its own host only.
    let open = elsewhere(plain("open", 3, "b.shop.example"));
    let turns = programmed(&shop().with(secure.clone()).with(web.clone()).with(open.clone()));
    let cluster = shop().with(secure.changed(typo)).with(web).with(open);
    assert_eq!(routes_after(&turns, &cluster, HTTP_ELSEWHERE), 1);
}

#[test]
fn a_redirect_takes_the_place_of_a_plain_route_that_a_held_ingress_loses() {
    let open = plain("open", 1, "a.shop.example").host("b.example").path("/", "web", 80);
    let turns = programmed(&shop().with(open.clone()));
    let secure = redirecting(with_ca(tls("secure", 2, "a.shop.example")));
    let cluster = shop().with(broken(open)).with(secure);
    assert_eq!(routes_after(&turns, &cluster, HTTP), 2);
    let state = turns.observe().owned.state;
    let redirects = routes(&state, HTTP).into_iter().filter(|(_, to)| to.ends_with("-https-443"));
    assert_eq!(redirects.count(), 1);
}

#[test]
fn a_front_end_goes_with_the_last_plain_route_that_a_held_ingress_loses() {
    let open = tls("open", 2, "a.shop.example").annotated("insecure-termination", "allow");
    let turns = programmed(&shop().with(open.clone()));
    let secure = at("secure", 1).host("a.shop.example").path("/x", "web", 80);
    let secure = with_ca(secure.tls(&["a.shop.example"], "tls"));
    let cluster = shop().with(secure).with(broken(open));
    drop(turns.settle(&cluster));
    assert!(turns.observe().owned.state.fields(Kind::CSVSERVER, HTTP).is_none());
}

#[test]
fn an_ingress_that_is_to_hand_tls_on_and_cannot_is_not_left_in_plain_text() {
    let open = plain("web", 1, "a.shop.example");
    let turns = programmed(&shop().with(open));
    let passing = broken(tls("web", 1, "a.shop.example")).annotated("ssl-passthrough", "true");
    let (translation, _) = turns.turn(&shop().with(passing));
    assert!(
        matches!(&translation.unmet[&id("web")], Unmet::Closed(why) if why.contains("TLS")),
        "{:?}",
        translation.unmet
    );
}

#[test]
fn a_held_ingress_keeps_the_settings_of_its_front_end_in_plain_text() {
    let holder = plain("web", 1, "a.shop.example")
        .annotated("frontend-httpprofile", r#"{"websocket": "ENABLED"}"#)
        .annotated("csvserver", r#"{"redirectportrewrite": "ENABLED"}"#)
        .annotated("default-response-code", "503");
    let younger = plain("younger", 2, "b.example");
    let turns = programmed(&shop().with(holder.clone()).with(younger.clone()));
    let front_end = || {
        let state = turns.observe().owned.state;
        let fields = state.fields(Kind::CSVSERVER, HTTP).cloned();
        let default = children(&state, Kind::CSVSERVER_LBVSERVER, HTTP).len();
        let unavailable = children(&state, Kind::CSVSERVER_LBVSERVER, HTTP)[0].0.ends_with("-503");
        (fields, default, unavailable)
    };
    let before = front_end();
    assert!(before.2);
    drop(turns.converge(&shop().with(broken(holder)).with(younger)));
    assert_eq!(front_end(), before);
}

#[test]
fn a_held_ingress_without_a_host_keeps_its_default_certificate() {
    let web = at("web", 1).host("").path("/", "web", 80).tls(&[], "tls");
    let turns = programmed(&shop().with(web.clone()));
    let (_, plan) = turns.turn(&shop().with(broken(web.clone())));
    assert!(plan.is_empty(), "{:#?}", plan.ops);
    // Nor does a younger one take its place.
    let younger = at("younger", 2).host("b.example").path("/", "web", 80).tls(&[], "other");
    let cluster = shop().with(broken(web)).with(younger).with(pair("other", "b-1"));
    let before = default_certificates(&turns);
    let translation = turns.converge(&cluster);
    assert_eq!(told(&translation, "younger"), [(Severity::Warning, Code::CertificateTaken)]);
    assert_eq!(default_certificates(&turns), before);
}

#[test]
fn a_default_certificate_beside_that_of_a_held_host_leaves_with_its_ingress() {
    let web = tls("web", 1, "shop.example");
    let other = at("other", 2).host("b.example").path("/", "web", 80).tls(&[], "both");
    let cluster = shop().with(pair("both", "wild-2"));
    let turns = programmed(&cluster.clone().with(web.clone()).with(other));
    assert_eq!(default_certificates(&turns).len(), 1);
    drop(turns.converge(&cluster.with(broken(web))));
    assert_eq!(default_certificates(&turns), <[String; 0]>::default());
}

#[test]
fn a_default_certificate_goes_with_the_one_for_sni_that_an_older_ingress_replaces() {
    let web = tls("web", 2, "shop.example");
    let other = at("other", 3).host("b.example").path("/", "web", 80).tls(&[], "tls");
    let turns = programmed(&shop().with(web.clone()).with(other));
    assert_eq!(default_certificates(&turns).len(), 1);
    let older = plain("older", 1, "a.shop.example").tls(&["a.shop.example"], "newer");
    let cluster = shop().with(pair("newer", "wild-2")).with(older).with(broken(web));
    drop(turns.settle(&cluster));
    assert_eq!(default_certificates(&turns), <[String; 0]>::default());
}

#[test]
fn a_default_certificate_does_not_become_that_of_a_held_host_when_its_certificate_changes() {
    let web = tls("web", 2, "shop.example");
    let other = at("other", 3).host("b.example").path("/", "web", 80).tls(&[], "newer");
    let shop = shop().with(pair("newer", "wild-2"));
    let turns = programmed(&shop.clone().with(web.clone()).with(other));
    assert_eq!(default_certificates(&turns).len(), 1);
    let older = plain("older", 1, "a.shop.example").tls(&["a.shop.example"], "newer");
    let cluster = shop.with(older).with(broken(web));
    drop(turns.settle(&cluster));
    assert_eq!(default_certificates(&turns), <[String; 0]>::default());
}

#[test]
fn a_default_certificate_of_another_has_no_names_for_a_held_route_of_any_host() {
    let web = tls("web", 1, "shop.example").host("").path("/", "web", 80);
    let turns = programmed(&shop().with(web.clone()));
    let younger = at("younger", 2).host("shop.example").path("/x", "web", 80);
    let younger = younger.tls(&[], "newer").tls(&["shop.example"], "newer");
    let cluster = shop().with(pair("newer", "wild-2")).with(broken(web)).with(younger);
    drop(turns.settle(&cluster));
}

#[test]
fn what_was_demanded_for_a_front_end_that_an_older_ingress_has_now_is_demanded_no_more() {
    let speaker =
        with_ca(at("speaker", 2)).changed(|spec| spec.tls = Some(vec![IngressTLS::default()]));
    let turns = programmed(&shop().with(speaker));
    let older = tls("older", 1, "a.shop.example");
    let open = plain("open", 3, "a.shop.example").annotated("path-match-method", "exact");
    let broken = tls("speaker", 2, "b.shop.example").annotated("frontend-sslprofile", "{");
    let cluster = shop().with(older).with(broken).with(open);
    drop(turns.settle(&cluster));
}

#[test]
fn a_held_redirect_gives_way_to_an_older_route_once_its_text_asks_for_it_no_more() {
    let open = tls("web", 2, "shop.example");
    let turns = programmed(&shop().with(redirecting(open.clone())));
    let older = plain("older", 1, "shop.example");
    let cluster = shop().with(older.clone()).with(broken(redirecting(open.clone())));
    let (translation, plan) = turns.turn(&cluster);
    assert_eq!(told(&translation, "older"), [(Severity::Warning, Code::PlainRouteRefused)]);
    assert!(plan.is_empty(), "{:#?}", plan.ops);
    let cluster = shop().with(older).with(broken(open));
    let translation = turns.settle(&cluster);
    assert_eq!(told(&translation, "older"), []);
    let is_held = |one: &&Diagnostic| one.code == Code::IngressHeld;
    let held = translation.diagnostics.iter().find(is_held).expect("who is held is told so");
    assert!(held.problem.ends_with(": 1 route"), "{held:?}");
}

fn default_certificates(turns: &Turns) -> Vec<String> {
    let state = turns.observe().owned.state;
    let bound = children(&state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    let defaults = bound.into_iter().filter(|(_, role)| *role == Role::Plain);
    defaults
        .map(|(certkey, _)| text(&state, Kind::SSLCERTKEY, certkey, "cert").to_owned())
        .collect()
}
