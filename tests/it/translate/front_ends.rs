//! Front ends: ports, types, what happens to requests without TLS, and who speaks for whom.

use k8s_openapi::api::networking::v1::IngressTLS;
use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::model::{Kind, Role, State};
use nitro_ingress::plan::{Op, OpId, plan};
use nitro_ingress::translate::translate;

use super::ask::{CSVSERVER, accepted, children, error, id, routes, text, told, translated};
use crate::objects::{Cluster, IngressBuilder, authorities, cluster, ingress, pair, policy};
use crate::turns::Turns;

const HTTP: &str = "k8s-192.0.2.10_80_http";

fn at(name: &str) -> IngressBuilder {
    ingress(name).annotated("frontend-ip", "192.0.2.10")
}

fn plain(name: &str) -> IngressBuilder {
    at(name).host("a.example").path("/", "web", 80)
}

fn tls(name: &str) -> IngressBuilder {
    plain(name).tls(&["a.example"], "tls")
}

/// An Ingress without rules.
fn speaker(name: &str) -> IngressBuilder {
    at(name).changed(|spec| spec.tls = Some(vec![IngressTLS::default()]))
}

fn shop() -> Cluster {
    cluster()
        .with(pair("tls", "a-1"))
        .with(pair("wild", "wild-1"))
        .with(authorities("ca", &["ca-one"]))
}

fn rules<'s>(state: &'s State, csvserver: &str) -> Vec<&'s str> {
    routes(state, csvserver).into_iter().map(|(rule, _)| rule).collect()
}

fn csvservers(state: &State) -> Vec<&str> {
    state.names(Kind::CSVSERVER).collect()
}

#[test]
fn ports_are_those_of_the_annotations() {
    let web = tls("web")
        .annotated("secure-port", "8443")
        .annotated("insecure-port", "8080")
        .annotated("insecure-termination", "allow");
    let translation = accepted(&shop().with(web));
    let state = &translation.desired.state;
    assert_eq!(csvservers(state), ["k8s-192.0.2.10_8080_http", "k8s-192.0.2.10_8443_ssl"]);
    assert_eq!(rules(state, "k8s-192.0.2.10_8080_http"), rules(state, "k8s-192.0.2.10_8443_ssl"));
    // One back end, however many front ends lead to it.
    let back_ends = state.names(Kind::LBVSERVER).filter(|name| name.contains("_lbv_"));
    assert_eq!(back_ends.count(), 1);
}

#[test]
fn without_a_word_requests_without_tls_are_not_listened_to() {
    for web in [tls("web"), tls("web").annotated("insecure-termination", "disallow")] {
        let translation = accepted(&shop().with(web));
        assert_eq!(csvservers(&translation.desired.state), [CSVSERVER]);
    }
}

#[test]
fn a_redirect_is_a_route_to_what_answers_by_itself() {
    let web = tls("web").path("/more", "apache", 443).annotated("insecure-termination", "redirect");
    let translation = accepted(&shop().with(web));
    let state = &translation.desired.state;
    let [(rule, target)] = routes(state, HTTP)[..] else { panic!("{:?}", routes(state, HTTP)) };
    assert_eq!(rule, r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("a.example")"#);
    let answers = children(state, Kind::LBVSERVER_RESPONDERPOLICY, target);
    let [(policy, Role::Request)] = answers[..] else { panic!("{answers:?}") };
    let action = text(state, Kind::RESPONDERPOLICY, policy, "action");
    assert_eq!(text(state, Kind::RESPONDERACTION, action, "type"), "redirect");
    assert_eq!(
        text(state, Kind::RESPONDERACTION, action, "target"),
        "\"https://\" + HTTP.REQ.HOSTNAME.SERVER.HTTP_URL_SAFE + \
         HTTP.REQ.URL.PATH_AND_QUERY.HTTP_URL_SAFE"
    );
    // No policy that takes everything is ever bound to a front end.
    assert_eq!(children(state, Kind::CSVSERVER_RESPONDERPOLICY, HTTP), []);
}

#[test]
fn a_redirect_names_the_port_that_is_not_the_usual_one() {
    let web =
        tls("web").annotated("insecure-termination", "redirect").annotated("secure-port", "8443");
    let translation = accepted(&shop().with(web));
    let state = &translation.desired.state;
    let [(_, target)] = routes(state, HTTP)[..] else { panic!() };
    assert!(text(state, Kind::RESPONDERACTION, target, "target").contains(" + \":8443\" + "));
}

#[test]
fn a_host_that_is_redirected_has_no_route_in_plain_text_but_for_challenges() {
    let other = at("other")
        .created(1)
        .host("a.example")
        .path("/", "web", 80)
        .path("/.well-known/acme-challenge/token", "web", 80)
        .host("b.example")
        .path("/", "web", 80);
    let web = tls("web").created(2).annotated("insecure-termination", "redirect");
    let translation = accepted(&shop().with(other).with(web));
    let state = &translation.desired.state;
    assert_eq!(told(&translation, "other"), [(Severity::Warning, Code::PlainRouteRefused)]);
    let mut targets: Vec<&str> = routes(state, HTTP).into_iter().map(|(_, to)| to).collect();
    targets.sort_unstable();
    let [redirect, challenge, other_host] = targets[..] else { panic!("{targets:?}") };
    assert!(redirect.ends_with("-https-443"), "{redirect}");
    assert_eq!(challenge, other_host);
    assert_ne!(challenge, redirect);
}

#[test]
fn challenges_do_not_pass_where_only_client_certificates_are_demanded() {
    let challenge =
        at("challenge").host("a.example").path("/.well-known/acme-challenge/token", "web", 80);
    let secret = r#"{"web": "ca"}"#;
    let demanding = tls("web").annotated("ca-secret", secret);
    let translation = accepted(&shop().with(challenge.clone()).with(demanding.clone()));
    assert_eq!(told(&translation, "challenge"), [(Severity::Warning, Code::PlainRouteRefused)]);
    let redirecting = demanding.annotated("insecure-termination", "redirect");
    let translation = accepted(&shop().with(challenge).with(redirecting));
    assert_eq!(told(&translation, "challenge"), []);
}

#[test]
fn two_ingresses_that_redirect_one_host_do_not_conflict() {
    let redirecting = |name: &str, path: &str| {
        at(name)
            .host("a.example")
            .path(path, "web", 80)
            .tls(&["a.example"], "tls")
            .annotated("insecure-termination", "redirect")
    };
    let both = shop().with(redirecting("one", "/one")).with(redirecting("two", "/two"));
    let translation = accepted(&both);
    assert_eq!(translation.diagnostics, []);
    assert_eq!(routes(&translation.desired.state, HTTP).len(), 1);
}

#[test]
fn client_certificates_and_plain_text_exclude_each_other() {
    let web = tls("web")
        .annotated("ca-secret", r#"{"web": "ca"}"#)
        .annotated("insecure-termination", "allow");
    let translation = translated(&shop().with(web));
    assert_eq!(error(&translation, "web").code, Code::FieldRefused);
    assert_eq!(csvservers(&translation.desired.state), [""; 0]);
}

#[test]
fn what_is_about_tls_needs_spec_tls() {
    for (name, value) in
        [("insecure-termination", "redirect"), ("insecure-termination", "disallow")]
    {
        let translation = translated(&shop().with(plain("web").annotated(name, value)));
        assert_eq!(error(&translation, "web").code, Code::TlsRequired, "{name} {value}");
    }
    let translation = accepted(&shop().with(plain("web").annotated("secure-port", "8443")));
    assert_eq!(told(&translation, "web"), [(Severity::Warning, Code::AnnotationWithoutEffect)]);
}

#[test]
fn bytes_go_to_the_default_back_end() {
    let to_web = |builder: IngressBuilder| {
        builder.host("").path("/", "web", 80).changed(|spec| {
            let rules = spec.rules.take().unwrap();
            spec.default_backend = Some(rules[0].http.clone().unwrap().paths[0].backend.clone());
        })
    };
    let tcp = to_web(
        at("tcp").annotated("insecure-service-type", "tcp").annotated("insecure-port", "6379"),
    );
    let translation = accepted(&shop().with(tcp));
    let state = &translation.desired.state;
    let csvserver = "k8s-192.0.2.10_6379_tcp";
    let [(rule, target)] = routes(state, csvserver)[..] else { panic!() };
    assert_eq!(rule, "TRUE");
    assert_eq!(text(state, Kind::LBVSERVER, target, "servicetype"), "TCP");
    let group = target.replace("_lbv_", "_sgp_");
    assert_eq!(text(state, Kind::SERVICEGROUP, &group, "servicetype"), "TCP");
    // There is no 404 for bytes.
    assert_eq!(children(state, Kind::CSVSERVER_LBVSERVER, csvserver), []);

    let secure = to_web(at("tcp").tls(&["a.example"], "tls"))
        .annotated("secure-service-type", "ssl_tcp")
        .annotated("secure-backend", "True");
    let translation = accepted(&shop().with(secure));
    let state = &translation.desired.state;
    let [(_, target)] = routes(state, "k8s-192.0.2.10_443_ssl_tcp")[..] else { panic!() };
    let group = target.replace("_lbv_", "_sgp_");
    assert_eq!(text(state, Kind::SERVICEGROUP, &group, "servicetype"), "SSL_TCP");

    let with_path = plain("tcp").annotated("insecure-service-type", "tcp");
    let translation = translated(&shop().with(with_path));
    assert_eq!(error(&translation, "tcp").code, Code::RuleUnsupported);
}

#[test]
fn tls_that_is_passed_on_goes_to_one_back_end() {
    let web = tls("web")
        .annotated("ssl-passthrough", "True")
        .annotated("secure-backend", "True")
        .annotated("insecure-termination", "redirect");
    let translation = accepted(&shop().with(web.clone()));
    let state = &translation.desired.state;
    let [(rule, target)] = routes(state, "k8s-192.0.2.10_443_tcp")[..] else { panic!() };
    assert_eq!(rule, "TRUE");
    assert_eq!(text(state, Kind::LBVSERVER, target, "servicetype"), "TCP");
    assert_eq!(
        text(state, Kind::SERVICEGROUP, &target.replace("_lbv_", "_sgp_"), "servicetype"),
        "TCP"
    );
    assert_eq!(routes(state, HTTP).len(), 1);
    // Nothing of TLS ends here.
    assert_eq!(state.names(Kind::SSLPROFILE).count(), 0);
    assert_eq!(translation.desired.certificates.len(), 0);

    for (name, value) in [
        ("ca-secret", r#"{"web": "ca"}"#),
        ("backend-ca-secret", r#"{"web": "ca"}"#),
        ("frontend-sslprofile", r#"{"hsts": "enabled"}"#),
    ] {
        let translation = translated(&shop().with(web.clone().annotated(name, value)));
        let told = error(&translation, "web");
        assert_eq!(told.code, Code::FieldRefused);
        assert_eq!(told.field, Some(format!("ingress.citrix.com/{name}")));
    }
    let of_two = web.host("b.example").path("/", "apache", 443);
    let translation = translated(&shop().with(of_two));
    assert_eq!(error(&translation, "web").code, Code::RuleUnsupported);
}

#[test]
fn an_address_and_port_are_of_one_type() {
    let bytes = tls("bytes").annotated("ssl-passthrough", "True").created(2);
    let translation = translated(&shop().with(tls("web").created(1)).with(bytes));
    let told = error(&translation, "bytes");
    assert_eq!(told.code, Code::FrontEndConflict);
    assert!(told.problem.contains("192.0.2.10:443 as SSL, and TCP"), "{}", told.problem);
    assert_eq!(csvservers(&translation.desired.state), [CSVSERVER]);
}

#[test]
fn an_address_can_be_for_some_namespaces() {
    let mut policy = policy();
    let vip = "192.0.2.10".parse().unwrap();
    policy.vip_namespaces.insert(vip, ["shop".to_owned()].into());
    let cluster = shop().with(plain("web"));
    let translation = translate(&cluster.0, &policy);
    assert_eq!(error(&translation, "web").code, Code::VipRefused);
    policy.vip_namespaces.insert(vip, ["default".to_owned()].into());
    assert!(translate(&cluster.0, &policy).unmet.is_empty());
}

#[test]
fn an_ingress_without_rules_speaks_for_its_front_end() {
    let demanding = speaker("front").created(1).annotated("ca-secret", r#"{"x": "ca"}"#);
    let translation = accepted(&shop().with(demanding).with(tls("web").created(2)));
    let state = &translation.desired.state;
    let bound = children(state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    assert_eq!(bound.iter().filter(|(_, role)| *role == Role::Ca).count(), 1);
    // It is bound by a policy that takes nothing.
    assert_eq!(
        rules(state, CSVSERVER),
        ["FALSE", r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("a.example")"#]
    );
}

#[test]
fn what_an_ingress_without_rules_demands_keeps_its_hosts_out_of_plain_text() {
    let demanding = speaker("front").created(1).annotated("ca-secret", r#"{"x": "ca"}"#);
    let cluster = shop().with(demanding).with(tls("web").created(2));
    let translation = accepted(&cluster.with(plain("open").created(3)));
    assert_eq!(told(&translation, "open"), [(Severity::Warning, Code::PlainRouteRefused)]);
}

#[test]
fn while_an_ingress_without_rules_is_not_understood_nobody_comes_to_what_it_protects() {
    let broken = speaker("front").created(1).annotated("ca-secret", r#"{"x": "missing"}"#);
    let translation = translated(&shop().with(broken).with(tls("web").created(2)));
    assert_eq!(error(&translation, "front").code, Code::SecretMissing);
    let told = error(&translation, "web");
    assert_eq!(told.code, Code::FrontEndKept);
    assert_eq!(told.remedy, "mend Ingress default/front");
    assert_eq!(csvservers(&translation.desired.state), [""; 0]);
    assert_eq!(translation.unmet.keys().collect::<Vec<_>>().len(), 2);
    assert!(translation.unmet.contains_key(&id("web")));
}

#[test]
fn an_entry_without_hosts_gives_the_default_certificate() {
    let web = plain("web").tls(&[], "tls");
    let translation = accepted(&shop().with(web));
    let state = &translation.desired.state;
    let roles: Vec<Role> = children(state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER)
        .into_iter()
        .map(|(_, role)| role)
        .collect();
    assert_eq!(roles, [Role::Plain, Role::Sni]);
    assert_eq!(unknown_hosts(state), "ENABLED");
    assert_eq!(unknown_hosts(&accepted(&shop().with(tls("web"))).desired.state), "DISABLED");
}

/// Whether clients may ask for hosts that nobody has.
fn unknown_hosts(state: &State) -> &str {
    let profile = text(state, Kind::SSLVSERVER, CSVSERVER, "sslprofile");
    text(state, Kind::SSLPROFILE, profile, "allowunknownsni")
}

#[test]
fn the_oldest_gives_the_default_certificate() {
    let older = plain("older").created(1).tls(&[], "tls");
    let younger =
        at("younger").created(2).host("b.shop.example").path("/", "web", 80).tls(&[], "wild");
    let translation = accepted(&shop().with(older).with(younger));
    let state = &translation.desired.state;
    let bound = children(state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    assert_eq!(bound.iter().filter(|(_, role)| *role == Role::Plain).count(), 1);
    assert_eq!(bound.iter().filter(|(_, role)| *role == Role::Sni).count(), 2);
    assert_eq!(told(&translation, "younger"), [(Severity::Warning, Code::CertificateTaken)]);
}

#[test]
fn where_client_certificates_are_demanded_a_default_certificate_is_for_one_host_only() {
    let demanding = |builder: IngressBuilder| builder.annotated("ca-secret", r#"{"web": "ca"}"#);
    let one = demanding(plain("one").created(1).tls(&[], "tls"));
    assert!(translated(&shop().with(one.clone())).unmet.is_empty());
    let two = demanding(at("two").created(2).host("b.shop.example").path("/", "web", 80));
    let two = two.tls(&["b.shop.example"], "wild");
    let translation = translated(&shop().with(one).with(two));
    assert_eq!(error(&translation, "two").code, Code::FrontEndConflict);
}

#[test]
fn an_entry_without_a_secret_needs_a_certificate_from_elsewhere() {
    let bare = |name: &str, age| {
        plain(name).created(age).changed(|spec| spec.tls = Some(vec![IngressTLS::default()]))
    };
    let translation = translated(&shop().with(bare("web", 1)));
    assert_eq!(error(&translation, "web").code, Code::CertificateHostUncovered);
    let older = at("older").host("a.example").path("/older", "web", 80).created(1);
    let translation = accepted(&shop().with(older.tls(&["a.example"], "tls")).with(bare("web", 2)));
    assert_eq!(routes(&translation.desired.state, CSVSERVER).len(), 2);
}

#[test]
fn routes_without_an_heir_go_before_their_front_end_sends_no_hsts() {
    let turns = Turns::new();
    let strict = r#"{"hsts": "enabled", "maxage": "100"}"#;
    drop(turns.converge(&shop().with(tls("web").annotated("frontend-sslprofile", strict))));
    let (_, plan) = turns.turn(&shop().with(speaker("web")));
    let number = |is_it: &dyn Fn(&Op) -> bool| plan.ops.iter().position(|op| is_it(&op.op));
    let leaves =
        |op: &Op| matches!(op, Op::Unbind { binding } if binding.kind == Kind::CSVSERVER_CSPOLICY);
    let changes = |op: &Op| matches!(op, Op::Set { entity, .. } if entity.kind == Kind::SSLVSERVER);
    let unbind = number(&leaves).expect("the route leaves");
    let set = number(&changes).expect("the profile changes");
    assert!(plan.ops[set].needs.contains(&OpId(unbind)), "{:#?}", plan.ops);
}

#[test]
fn a_default_certificate_is_served_until_those_for_sni_are_bound() {
    let turns = Turns::new();
    drop(turns.converge(&shop().with(tls("web").tls(&[], "tls"))));
    // A swap was interrupted: the one for SNI is unbound.
    let mut observed = turns.observe();
    observed.owned.state.bindings.retain(|binding, _| binding.role != Role::Sni);
    let plan = plan(&observed, &turns.translate(&shop().with(tls("web"))));
    let number = |is_it: &dyn Fn(&Op) -> bool| plan.ops.iter().position(|op| is_it(&op.op));
    let binds = |op: &Op| op.as_bind().is_some_and(|binding| binding.role == Role::Sni);
    let changes = |op: &Op| matches!(op, Op::Set { entity, .. } if entity.kind == Kind::SSLVSERVER);
    let bind = number(&binds).expect("the certificate for SNI comes back");
    let set = number(&changes).expect("the profile changes");
    assert!(plan.ops[set].needs.contains(&OpId(bind)), "{:#?}", plan.ops);
}
