//! Hosts, paths, Service ports and members.

use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::model::Kind;

use super::ask::{accepted, error, members, routes, told, translated};
use crate::objects::{cluster, endpoints, ingress, policy, service};

const HTTP: &str = "k8s-192.0.2.10_80_http";

#[test]
fn an_ingress_without_tls_is_served_in_plain_text() {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let translation = accepted(&cluster().with(web.path("/", "web", 80)));
    let state = &translation.desired.state;
    assert_eq!(routes(state, HTTP).len(), 1);
    assert_eq!(state.names(Kind::SSLPROFILE).count(), 0);
}

#[test]
fn hosts_and_paths_become_policies_of_their_own() {
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .host("A.example")
        .path("/", "web", 80)
        .exact("/exact", "web", 80)
        .path("/apache/", "apache", 443)
        .host("*.b.example")
        .path("/", "web", 80)
        .host("")
        .path("/any", "web", 80);
    let translation = accepted(&cluster().with(web));
    let state = &translation.desired.state;
    let rules: Vec<&str> = routes(state, HTTP).into_iter().map(|(rule, _)| rule).collect();
    let host = "HTTP.REQ.HOSTNAME.SERVER.TO_LOWER";
    let path = "HTTP.REQ.URL.PATH";
    let mut expected = [
        format!(r#"{host}.EQ("a.example")"#),
        format!(r#"{host}.EQ("a.example") && {path}.EQ("/exact")"#),
        format!(
            r#"{host}.EQ("a.example") && ({path}.EQ("/apache") || {path}.STARTSWITH("/apache/"))"#
        ),
        format!(r#"{host}.AFTER_STR(".").PREPEND(".").EQ(".b.example")"#),
        format!(r#"({path}.EQ("/any") || {path}.STARTSWITH("/any/"))"#),
    ];
    expected.sort_unstable();
    assert_eq!(rules, expected);
    assert_eq!(translation.desired.bands.len(), 5);
    // One back end for each Service port, however many routes lead to it.
    assert_eq!(
        state.names(Kind::LBVSERVER).filter(|name| name.starts_with("k8s-web_80")).count(),
        1
    );
}

#[test]
fn a_port_is_found_by_number_or_by_name() {
    let shop = service("shop").named_port("http", 80).named_port("admin", 81);
    let slices = endpoints("shop").port("http", 8080).port("admin", 8081).address("10.0.2.1", None);
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .host("a.example")
        .path("/", "shop", 80)
        .named_path("/admin", "shop", "admin");
    let translation = accepted(&cluster().with(shop).with(slices).with(web));
    let state = &translation.desired.state;
    assert_eq!(members(state, "k8s-shop_80_"), ["10.0.2.1 port 8080"]);
    assert_eq!(members(state, "k8s-shop_admin_"), ["10.0.2.1 port 8081"]);
}

#[test]
fn members_are_the_ready_endpoints_of_all_slices_each_once() {
    let one = endpoints("web")
        .port("", 8080)
        .address("10.0.0.1", None)
        .address("10.0.0.2", Some(true))
        .address("10.0.0.3", Some(false));
    let two = endpoints("web")
        .slice("web-2")
        .port("", 8080)
        .address("10.0.0.2", Some(true))
        .address("10.0.0.4", Some(true));
    let other = endpoints("web").namespace("other").port("", 8080).address("10.0.0.9", None);
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let cluster = cluster().with(one).with(two).with(other).with(web.path("/", "web", 80));
    let translation = accepted(&cluster);
    assert_eq!(
        members(&translation.desired.state, "k8s-web_"),
        ["10.0.0.1 port 8080", "10.0.0.2 port 8080", "10.0.0.4 port 8080"]
    );
}

#[test]
fn of_a_dual_stack_service_the_first_family_counts() {
    for (families, expected) in
        [(["IPv6", "IPv4"], "2001:db8::1 port 8080"), (["IPv4", "IPv6"], "10.0.0.1 port 8080")]
    {
        let four = endpoints("web").port("", 8080).address("10.0.0.1", None);
        let six =
            endpoints("web").slice("web-6").ipv6().port("", 8080).address("2001:db8::1", None);
        let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
        let cluster = cluster()
            .with(service("web").port(80).families(&families))
            .with(four)
            .with(six)
            .with(web.path("/", "web", 80));
        assert_eq!(members(&accepted(&cluster).desired.state, "k8s-web_"), [expected]);
    }
}

#[test]
fn a_service_without_endpoints_is_a_back_end_without_members() {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let cluster = cluster().with(service("idle").port(80)).with(web.path("/", "idle", 80));
    let translation = accepted(&cluster);
    assert_eq!(members(&translation.desired.state, "k8s-idle_"), [""; 0]);
    assert_eq!(told(&translation, "web"), [(Severity::Warning, Code::ServiceWithoutMembers)]);
}

#[test]
fn a_missing_service_or_port_makes_the_ingress_unmet() {
    for (name, port, code) in
        [("nowhere", 80, Code::ServiceMissing), ("web", 81, Code::ServicePortMissing)]
    {
        let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
        let translation = translated(&cluster().with(web.path("/", name, port)));
        assert_eq!(error(&translation, "web").code, code);
        assert!(translation.desired.state.entities.is_empty());
    }
}

#[test]
fn a_server_that_is_not_ours_is_bound_and_not_made() {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let mut cluster = cluster().with(web.path("/", "web", 80));
    let address = "10.0.0.1".parse().unwrap();
    cluster.0.facts.foreign_servers.insert(address, "somebody's".to_owned());
    let translation = accepted(&cluster);
    let state = &translation.desired.state;
    assert_eq!(members(state, "k8s-web_"), ["10.0.0.2 port 8080", "somebody's port 8080"]);
    assert_eq!(state.names(Kind::SERVER).count(), 2, "404 and 10.0.0.2");
}

#[test]
fn the_address_behind_404_has_one_server() {
    let slice = endpoints("web").port("", 8080).address("192.0.2.1", None);
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let translation = accepted(&cluster().with(slice).with(web.path("/", "web", 80)));
    assert_eq!(members(&translation.desired.state, "k8s-web_"), ["404 port 8080"]);
}

#[test]
fn the_default_vip_serves_who_names_none() {
    let web = ingress("web").host("a.example").path("/", "web", 80);
    let cluster = cluster().with(web);
    assert_eq!(error(&translated(&cluster), "web").code, Code::VipMissing);
    let vip = Some("2001:db8::10".parse().unwrap());
    let policy = nitro_ingress::policy::Policy { default_vip: vip, ..policy() };
    let translation = nitro_ingress::translate::translate(&cluster.0, &policy);
    let names: Vec<_> = translation.desired.state.names(Kind::CSVSERVER).collect();
    assert_eq!(names, ["k8s-2001:db8::10_80_http"]);
}

#[test]
fn a_placeholder_is_quoted() {
    let web = ingress("web").annotated("frontend-ip", "A.B.C.D").host("a.example");
    let translation = translated(&cluster().with(web.path("/", "web", 80)));
    assert_eq!(error(&translation, "web").problem, "\"A.B.C.D\" is not an IP address");
}

#[test]
fn a_rule_that_cannot_be_makes_the_ingress_unmet() {
    let sound = || ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let broken = [
        sound().path("no-slash", "web", 80),
        sound().path("/", "web", 80).host("*.*.example").path("/", "web", 80),
        sound().path("/", "web", 80).changed(|spec| {
            let rule = &mut spec.rules.as_mut().unwrap()[0];
            rule.http.as_mut().unwrap().paths[0].path_type = "Regex".to_owned();
        }),
    ];
    for one in broken {
        let translation = translated(&cluster().with(one.clone()));
        assert_eq!(error(&translation, "web").code, Code::RuleUnsupported, "{one:?}");
    }
}

#[test]
fn of_two_equal_routes_of_one_ingress_the_first_counts() {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let web = web.path("/x", "web", 80).path("/x/", "apache", 443);
    let translation = accepted(&cluster().with(web));
    let [(_, target)] = routes(&translation.desired.state, HTTP)[..] else { panic!() };
    assert!(target.starts_with("k8s-web_80_"));
    assert_eq!(told(&translation, "web"), [(Severity::Warning, Code::RouteTaken)]);
}

#[test]
fn a_default_back_end_takes_what_no_rule_takes() {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let web = web.path("/x", "web", 80).changed(|spec| {
        let paths = spec.rules.as_ref().unwrap()[0].http.as_ref().unwrap();
        spec.default_backend = Some(paths.paths[0].backend.clone());
    });
    let translation = accepted(&cluster().with(web));
    let state = &translation.desired.state;
    assert_eq!(routes(state, HTTP).len(), 2);
    assert!(routes(state, HTTP).iter().any(|(rule, _)| *rule == "TRUE"));
    let last = translation.desired.bands.values().max().unwrap();
    assert!(last.priorities().end > 1_500_000_000);
}

#[test]
fn a_host_without_paths_and_without_a_default_back_end_is_pointed_out() {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    let translation = accepted(&cluster().with(web));
    assert_eq!(told(&translation, "web"), [(Severity::Warning, Code::RuleWithoutPaths)]);
}

#[test]
fn a_path_of_unsaid_type_means_what_the_annotation_says() {
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .annotated("path-match-method", "exact")
        .host("a.example")
        .path("/x", "web", 80)
        .changed(|spec| {
            let rule = &mut spec.rules.as_mut().unwrap()[0];
            rule.http.as_mut().unwrap().paths[0].path_type = "ImplementationSpecific".to_owned();
        });
    let translation = accepted(&cluster().with(web));
    let [(rule, _)] = routes(&translation.desired.state, HTTP)[..] else { panic!() };
    assert!(rule.ends_with(r#"HTTP.REQ.URL.PATH.EQ("/x")"#), "{rule}");
}
