//! Ingresses that were programmed and cannot be understood any more, on a live appliance.

use k8s_openapi::api::networking::v1::IngressBackend;
use nitro_ingress::diagnostic::Code;
use nitro_ingress::model::{Kind, Role, State};
use nitro_ingress::snapshot::Proof;
use nitro_ingress::translate::Unmet;

use super::ask::{CSVSERVER, children, id, members, routes, text};
use crate::objects::{
    Cluster, IngressBuilder, authorities, cluster, endpoints, ingress, pair, secret,
};
use crate::turns::Turns;

fn web(age: i64) -> IngressBuilder {
    ingress("web")
        .created(age)
        .annotated("frontend-ip", "192.0.2.10")
        .host("a.shop.example")
        .path("/", "apache", 443)
        .tls(&["shop.example"], "tls")
}

fn guarded(age: i64) -> IngressBuilder {
    web(age).annotated("ca-secret", r#"{"apache": "one"}"#)
}

fn other(age: i64) -> IngressBuilder {
    ingress("other")
        .created(age)
        .annotated("frontend-ip", "192.0.2.10")
        .host("b.shop.example")
        .path("/", "web", 80)
        .tls(&["shop.example"], "tls")
}

fn shop() -> Cluster {
    cluster()
        .with(pair("tls", "wild-1"))
        .with(authorities("one", &["ca-one"]))
        .with(authorities("two", &["ca-two"]))
}

/// An appliance on which these are programmed.
fn programmed(cluster: &Cluster) -> Turns {
    let turns = Turns::new();
    let translation = turns.converge(cluster);
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    turns
}

fn state(turns: &Turns) -> State {
    turns.observe().owned.state
}

#[track_caller]
fn assert_closed(turns: &Turns, cluster: &Cluster, reason: &str) {
    let (translation, _) = turns.turn(cluster);
    match &translation.unmet[&id("web")] {
        Unmet::Closed(text) => assert!(text.contains(reason), "{text}"),
        Unmet::Held => panic!("held: {:#?}", translation.diagnostics),
    }
    drop(turns.converge(cluster));
}

#[track_caller]
fn assert_held(turns: &Turns, cluster: &Cluster) {
    let before = turns.observe();
    let (translation, plan) = turns.turn(cluster);
    assert_eq!(translation.unmet[&id("web")], Unmet::Held, "{:#?}", translation.diagnostics);
    assert!(plan.is_empty(), "{:#?}", plan.ops);
    assert_eq!(turns.observe().owned, before.owned);
}

#[test]
fn an_ingress_that_is_broken_keeps_its_last_good_configuration() {
    let turns = programmed(&shop().with(guarded(1)));
    for broken in [
        guarded(1).annotated("frontend-sslprofile", "{"),
        guarded(1).annotated("backend-sslprofile", "{"),
        guarded(1).annotated("backend-secrets", "{}"),
        guarded(1).annotated("frontend-ip", "A.B.C.D"),
        guarded(1).annotated("ca-secret", "{"),
        guarded(1).annotated("ca-secret", r#"{"apache": "nowhere"}"#),
        web(1).annotated("ca-secert", r#"{"apache": "one"}"#),
        guarded(1).changed(|spec| spec.default_backend = Some(IngressBackend::default())),
    ] {
        assert_held(&turns, &shop().with(broken));
    }
}

#[test]
fn bad_new_material_keeps_the_old() {
    let turns = programmed(&shop().with(guarded(1)));
    for broken in [secret("tls"), pair("tls", "a-1"), secret("tls").value("tls.crt", "x")] {
        assert_held(&turns, &shop().with(guarded(1)).with(broken));
    }
    assert_held(&turns, &shop().with(guarded(1)).with(secret("one").value("ca.crt", "x")));
}

#[test]
fn who_asks_for_more_than_it_has_is_closed_until_it_is_understood() {
    let turns = programmed(&shop().with(web(1)).with(other(2)));
    for stricter in [
        web(1).annotated("ca-secret", r#"{"apache": "nowhere"}"#),
        web(1).annotated("ca-secret", "{"),
        web(1).annotated("ca-secrets", r#"{"apache": "one"}"#),
    ] {
        let turns = Turns::of(turns.appliance());
        assert_closed(&turns, &shop().with(stricter).with(other(2)), "client certificates");
        assert_eq!(routes(&state(&turns), CSVSERVER).len(), 1, "the other's");
        // Closed is not gone: its objects wait.
        assert_eq!(state(&turns).names(Kind::CSACTION).count(), 2);
        let translation = turns.converge(&shop().with(web(1)).with(other(2)));
        assert!(translation.unmet.is_empty());
        assert_eq!(routes(&state(&turns), CSVSERVER).len(), 2);
    }
}

#[test]
fn closing_follows_every_component_of_protection() {
    let secure = web(1).annotated("secure-backend", "True");
    let verified = secure.clone().annotated("backend-ca-secret", r#"{"apache": "one"}"#);
    let cases = [
        (web(1), secure.clone().annotated("backend-secret", "{"), "in TLS"),
        (secure.clone(), secure.clone().annotated("backend-ca-secret", "{"), "verified"),
        (
            secure.clone(),
            secure.annotated("backend-ca-secret", r#"{"apache": "nowhere"}"#),
            "verified",
        ),
        (web(1), web(1).annotated("secure-backend", "perhaps"), "in TLS"),
        (web(1), web(1).annotated("secure-backends", "True"), "in TLS"),
        (web(1), web(1).annotated("secure-backend", r#"{"apache-service": "True"}"#), "in TLS"),
        (web(1), web(1).annotated("backend-ca-secret", "{"), "verified"),
        (
            verified.clone(),
            verified
                .clone()
                .annotated("backend-ca-secret", r#"{"apache": "two"}"#)
                .annotated("frontend-sslprofile", "{"),
            "CAs",
        ),
        (
            verified.clone(),
            verified
                .annotated("backend-sslprofile", r#"{"apache": {"commonname": "x.example"}}"#)
                .annotated("frontend-sslprofile", "{"),
            "name",
        ),
        (
            guarded(1),
            web(1).annotated("ca-secret", r#"{"apache": "two"}"#).annotated("backend-secret", "{"),
            "CAs",
        ),
    ];
    for (before, after, reason) in cases {
        let turns = programmed(&shop().with(before));
        assert_closed(&turns, &shop().with(after), reason);
    }
}

#[test]
fn what_cannot_be_read_of_a_back_end_is_had_where_it_is_bound_in_full() {
    let secure = web(1).annotated("secure-backend", "True");
    let turns = programmed(&shop().with(secure.clone()));
    assert_held(&turns, &shop().with(secure.clone().annotated("secure-backend", "perhaps")));
    let verified = secure.annotated("backend-ca-secret", r#"{"apache": "one"}"#);
    let turns = programmed(&shop().with(verified.clone()));
    assert_held(&turns, &shop().with(verified.clone().annotated("backend-ca-secret", "{")));
    // One verified back end says nothing about another.
    let both = verified.path("/web", "web", 80);
    let turns = programmed(&shop().with(both.clone()));
    let broken = both.annotated("backend-ca-secret", "{");
    assert_closed(&turns, &shop().with(broken), "verified");
}

#[test]
fn adding_tls_that_cannot_be_had_closes_the_plain_route() {
    let plain = web(1).changed(|spec| spec.tls = None);
    let turns = programmed(&shop().with(plain));
    let broken = web(1).tls(&["shop.example"], "nowhere");
    assert_closed(&turns, &shop().with(broken), "TLS");
}

#[test]
fn a_held_ingress_keeps_its_front_end_against_younger_ones() {
    let turns = programmed(&shop().with(guarded(1)));
    // The text no longer asks for certificates, but it is not understood.
    let broken = web(1).annotated("backend-sslprofile", "{");
    let cluster = shop().with(broken).with(other(2));
    let translation = turns.converge(&cluster);
    assert_eq!(translation.unmet, [(id("web"), Unmet::Held)].into());
    let state = state(&turns);
    assert_eq!(routes(&state, CSVSERVER).len(), 2);
    let profile = text(&state, Kind::SSLVSERVER, CSVSERVER, "sslprofile");
    assert_eq!(text(&state, Kind::SSLPROFILE, profile, "clientauth"), "ENABLED");
    let bound = children(&state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    assert!(bound.iter().any(|(_, role)| *role == Role::Ca));
    // And against those who disagree.
    let optional = other(2)
        .annotated("ca-secret", r#"{"web": "one"}"#)
        .annotated("frontend-sslprofile", r#"{"clientcert": "optional"}"#);
    let translation = turns.translate(&cluster.with(optional));
    assert!(translation.diagnostics.iter().any(|one| one.code == Code::FrontEndConflict));
}

#[test]
fn a_held_ingress_keeps_its_routes_against_younger_ones_and_not_against_older() {
    let broken = || web(5).annotated("backend-sslprofile", "{");
    let rival = |age| other(age).host("a.shop.example").path("/", "web", 80);
    let turns = programmed(&shop().with(web(5)));
    let fork = Turns::of(turns.appliance());
    let translation = fork.converge(&shop().with(broken()).with(rival(9)));
    assert!(translation.diagnostics.iter().any(|one| one.code == Code::RouteTaken));
    let observed = state(&fork);
    let target = |state: &State| {
        let routes = routes(state, CSVSERVER);
        let root = routes.iter().find(|(rule, _)| rule.contains("a.shop.example")).unwrap();
        root.1.split('_').next().unwrap().to_owned()
    };
    assert_eq!(target(&observed), "k8s-apache");
    let fork = Turns::of(turns.appliance());
    let translation = fork.converge(&shop().with(broken()).with(rival(1)));
    assert_eq!(translation.desired.yielded.len(), 0, "it has no route any more");
    let observed = state(&fork);
    assert_eq!(routes(&observed, CSVSERVER).len(), 2);
    assert_eq!(target(&observed), "k8s-web");
}

#[test]
fn an_older_ingress_that_loosens_the_front_end_closes_who_relied_on_it() {
    let holder = |ca: bool| {
        let holder = other(1);
        if ca { holder.annotated("ca-secret", r#"{"web": "one"}"#) } else { holder }
    };
    let turns = programmed(&shop().with(holder(true)).with(guarded(2)));
    let cluster = shop().with(holder(false)).with(guarded(2));
    assert_closed(&turns, &cluster, "client certificates");
    assert_eq!(routes(&state(&turns), CSVSERVER).len(), 1);
}

#[test]
fn closing_the_holder_frees_the_front_end_for_the_next() {
    let turns = programmed(&shop().with(web(1)).with(other(2)));
    let broken = web(1).annotated("ca-secret", r#"{"apache": "nowhere"}"#);
    let guarded = other(2).annotated("ca-secret", r#"{"web": "one"}"#);
    let cluster = shop().with(broken).with(guarded);
    let (translation, _) = turns.turn(&cluster);
    assert!(matches!(translation.unmet[&id("web")], Unmet::Closed(_)));
    assert_eq!(translation.unmet.len(), 1, "{:#?}", translation.diagnostics);
    drop(turns.converge(&cluster));
    assert_eq!(routes(&state(&turns), CSVSERVER).len(), 1);
}

#[test]
fn members_of_a_held_back_end_follow_their_service() {
    let turns = programmed(&shop().with(guarded(1)));
    let broken = guarded(1).annotated("backend-sslprofile", "{");
    let moved = endpoints("apache").port("", 8443).address("10.0.1.9", None);
    let cluster = shop().with(broken.clone()).with(moved);
    let translation = turns.converge(&cluster);
    assert_eq!(translation.unmet[&id("web")], Unmet::Held);
    assert_eq!(members(&state(&turns), "k8s-apache"), ["10.0.1.9 port 8443"]);
    // While the Service is not there, they stay.
    let mut gone = shop().with(broken);
    gone.0.services.clear();
    drop(turns.converge(&gone));
    assert_eq!(members(&state(&turns), "k8s-apache"), ["10.0.1.9 port 8443"]);
}

#[test]
fn what_is_not_among_the_input_stays_and_holds_its_place() {
    let turns = programmed(&shop().with(guarded(5)));
    let rival = other(1).host("a.shop.example").path("/", "web", 80);
    let translation = turns.converge(&shop().with(rival.clone()));
    assert_eq!(translation.unmet, [(id("web"), Unmet::Held)].into());
    assert!(translation.diagnostics.iter().any(|one| one.code == Code::IngressUnknown));
    assert!(translation.diagnostics.iter().any(|one| one.code == Code::RouteTaken));
    let mut cluster = shop().with(rival);
    cluster.0.gone.insert(id("web"), Proof::Deleted);
    let translation = turns.converge(&cluster);
    assert!(translation.unmet.is_empty());
    let observed = turns.observe();
    assert_eq!(routes(&observed.owned.state, CSVSERVER).len(), 2);
    assert_eq!(observed.facts.ingresses.keys().collect::<Vec<_>>(), [&id("other")]);
}

#[test]
fn a_held_plain_route_goes_when_its_host_demands_certificates() {
    let plain = || web(1).changed(|spec| spec.tls = None).annotated("frontend-ip", "192.0.2.20");
    let turns = programmed(&shop().with(plain()));
    let broken = plain().annotated("backend-sslprofile", "{");
    let secure = other(2)
        .annotated("ca-secret", r#"{"web": "one"}"#)
        .host("a.shop.example")
        .path("/", "web", 80);
    let cluster = shop().with(broken).with(secure);
    let (translation, _) = turns.turn(&cluster);
    assert_eq!(translation.desired.yielded.len(), 1);
    drop(turns.converge(&cluster));
    assert_eq!(routes(&state(&turns), "k8s-192.0.2.20_80_http").len(), 0);
}

#[test]
fn a_route_whose_match_type_changes_comes_as_its_text_says() {
    let exact = |ingress: IngressBuilder| {
        ingress.changed(|spec| {
            let paths = spec.rules.as_mut().unwrap()[0].http.as_mut().unwrap();
            paths.paths[0].path = Some("/x".to_owned());
            paths.paths[0].path_type = "Exact".to_owned();
        })
    };
    let prefix = |ingress: IngressBuilder| {
        ingress.changed(|spec| {
            let paths = spec.rules.as_mut().unwrap()[0].http.as_mut().unwrap();
            paths.paths[0].path = Some("/x".to_owned());
        })
    };
    let turns = programmed(&shop().with(exact(web(1))));
    drop(turns.converge(&shop().with(prefix(guarded(1)))));
}
