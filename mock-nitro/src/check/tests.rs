//! For every rule a transition that breaks it and the safe order of the same change.

mod orders;
mod scene;

use scene::{Edit, Scene, broken, judged};

use super::Violation;

/// A front end in plain text beside `fe`, and an lbvserver `moved` that redirects everything.
fn with_redirect() -> Scene {
    let mut scene = Scene::new();
    scene.front_end("plain", "HTTP");
    scene.back_end("moved", "HTTP", "", &[]);
    scene.bind_responder("moved", "move", "TRUE", "redirect");
    scene
}

#[test]
fn a_redirect_takes_the_place_of_a_route_and_the_other_way_round() {
    let mut served = with_redirect();
    served.route("plain", "p2", "shop.example/", "lb");
    let redirect = |s: &mut Scene| s.set_target("p2", "moved");
    assert_eq!(broken(&served, &[&redirect]), [""; 0]);
    let mut redirected = served.clone();
    redirect(&mut redirected);
    let serve = |s: &mut Scene| s.set_target("p2", "lb");
    assert_eq!(broken(&redirected, &[&serve]), [""; 0]);
    assert_eq!(
        broken(
            &served,
            &[&|s: &mut Scene| s.unbind_route("plain", "p2"), &|s| {
                s.set_target("p2", "moved");
                s.bind_route("plain", "p2");
            }]
        ),
        ["not-found"]
    );
}

#[test]
fn what_is_redirected_before_and_after_is_never_served_between() {
    let mut old = with_redirect();
    old.route("plain", "p2", "shop.example/", "moved");
    let serve = |s: &mut Scene| s.set_target("p2", "lb");
    let redirect = |s: &mut Scene| s.set_target("p2", "moved");
    assert_eq!(broken(&old, &[&serve, &redirect]), ["protection", "weaker"]);
    let pass = |s: &mut Scene| s.object("responderpolicy", "move", &[("rule", "FALSE")]);
    let answer = |s: &mut Scene| s.object("responderpolicy", "move", &[("rule", "TRUE")]);
    assert_eq!(broken(&old, &[&pass, &answer]), ["protection", "weaker"]);
    let release = |s: &mut Scene| s.unbind_member("moved", "10.0.0.1", 80);
    let again = |s: &mut Scene| s.bind_member("moved", "10.0.0.1", 80);
    assert_eq!(broken(&old, &[&release, &again]), ["no-member"]);
}

#[test]
fn a_disabled_member_is_none() {
    let old = Scene::new();
    let disable = |s: &mut Scene| s.switch_member("lb", "10.0.0.1", "DISABLED");
    let enable = |s: &mut Scene| s.switch_member("lb", "10.0.0.1", "ENABLED");
    let another = |s: &mut Scene| s.bind_member("lb", "10.0.0.2", 80);
    assert_eq!(broken(&old, &[&disable, &enable]), ["no-member"]);
    assert_eq!(broken(&old, &[&disable, &another]), ["no-member"]);
    assert_eq!(broken(&old, &[&another, &disable]), [""; 0]);
    assert_eq!(broken(&old, &[&disable]), [""; 0]);
}

#[test]
fn a_wildcard_host_is_served_its_certificate_too() {
    let mut old = Scene::new();
    old.bind_sni("fe", "wild");
    let rule = "HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.AFTER_STR(\".\").PREPEND(\".\").EQ(\".example\")";
    old.route("fe", "w", "any/", "lb");
    old.object("cspolicy", "w", &[("rule", rule)]);
    let unbind = |s: &mut Scene| s.unbind_sni("fe", "wild");
    let bind = |s: &mut Scene| s.bind_sni("fe", "wild");
    let elsewhere = |s: &mut Scene| s.set_profile("fe", "strict");
    assert_eq!(broken(&old, &[&unbind, &elsewhere, &bind]), ["certificate"]);
}

#[test]
fn tls_that_is_passed_on_is_not_plain_text() {
    let mut old = Scene::new();
    old.front_end("stream", "TCP");
    old.route("stream", "s", "any/", "lb");
    old.object("cspolicy", "s", &[("rule", "CLIENT.SSL.CLIENT_HELLO.SNI.EQ(\"a.b\")")]);
    old.route("stream", "t", "any/", "lb");
    old.object("cspolicy", "t", &[("rule", "CLIENT.SSL.CLIENT_HELLO.SNI.EQ(\"c.d\")")]);
    let everything = |s: &mut Scene| s.object("cspolicy", "t", &[("rule", "TRUE")]);
    let back = |s: &mut Scene| {
        s.object("cspolicy", "t", &[("rule", "CLIENT.SSL.CLIENT_HELLO.SNI.EQ(\"c.d\")")]);
    };
    let rules = broken(&old, &[&everything, &back]);
    assert!(rules.contains(&"protection") && rules.contains(&"weaker"), "{rules:?}");
}

#[test]
fn nothing_to_do_is_safe() {
    assert_eq!(broken(&Scene::new(), &[&|_| {}]), [""; 0]);
}

#[test]
fn a_profile_without_its_cas_locks_everyone_out() {
    let bind = |s: &mut Scene| s.bind_ca("fe", "ca-a");
    let demand = |s: &mut Scene| s.set_profile("fe", "mandatory");
    assert_eq!(broken(&Scene::new(), &[&bind, &demand]), [""; 0]);
    assert_eq!(broken(&Scene::new(), &[&demand, &bind]), ["no-ca"]);
}

#[test]
fn a_ca_of_neither_side_must_not_become_accepted() {
    let mut left_over = Scene::new();
    left_over.bind_ca("fe", "ca-b");
    let bind = |s: &mut Scene| s.bind_ca("fe", "ca-a");
    let unbind = |s: &mut Scene| s.unbind_ca("fe", "ca-b");
    let demand = |s: &mut Scene| s.set_profile("fe", "mandatory");
    assert_eq!(broken(&left_over, &[&bind, &unbind, &demand]), [""; 0]);
    assert_eq!(broken(&left_over, &[&bind, &demand, &unbind]), ["accepted-ca"]);
}

#[test]
fn the_cas_of_a_front_end_change_by_bind_before_unbind() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.set_profile("fe", "mandatory");
    let bind = |s: &mut Scene| s.bind_ca("fe", "ca-b");
    let unbind = |s: &mut Scene| s.unbind_ca("fe", "ca-a");
    assert_eq!(broken(&old, &[&bind, &unbind]), [""; 0]);
    assert_eq!(broken(&old, &[&unbind, &bind]), ["no-ca"]);
}

#[test]
fn protection_never_dips_between_two_equal_ends() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.set_profile("fe", "mandatory");
    let open = |s: &mut Scene| s.set_profile("fe", "open");
    let ask = |s: &mut Scene| s.set_profile("fe", "optional");
    let demand = |s: &mut Scene| s.set_profile("fe", "mandatory-too");
    assert_eq!(broken(&old, &[&demand]), [""; 0]);
    assert_eq!(broken(&old, &[&open, &demand]), ["protection", "weaker"]);
    assert_eq!(broken(&old, &[&ask, &demand]), ["protection", "weaker"]);
}

#[test]
fn endpoint_parameters_count_where_no_profile_is_attached() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.object("sslvserver", "fe", &[("clientauth", "ENABLED"), ("clientcert", "Mandatory")]);
    old.object("sslvserver", "fe", &[("snienable", "ENABLED"), ("sslprofile", "")]);
    let relax = |s: &mut Scene| s.object("sslvserver", "fe", &[("clientauth", "DISABLED")]);
    let demand = |s: &mut Scene| s.object("sslvserver", "fe", &[("clientauth", "ENABLED")]);
    assert_eq!(broken(&old, &[&relax, &demand]), ["protection", "weaker"]);
}

#[test]
fn a_front_end_weakens_only_after_its_back_end_is_stronger() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.set_profile("fe", "mandatory");
    old.back_end("verified", "SSL", "verifying", &["ca-b"]);
    let point = |s: &mut Scene| s.set_target("p", "verified");
    let open = |s: &mut Scene| s.set_profile("fe", "open");
    assert_eq!(broken(&old, &[&point, &open]), [""; 0]);
    assert_eq!(broken(&old, &[&open, &point]), ["weaker"]);
}

#[test]
fn a_back_end_weakens_only_after_its_front_end_is_stronger() {
    let mut old = Scene::new();
    old.back_end("verified", "SSL", "verifying", &["ca-b"]);
    old.set_target("p", "verified");
    old.bind_ca("fe", "ca-a");
    let point = |s: &mut Scene| s.set_target("p", "lb");
    let demand = |s: &mut Scene| s.set_profile("fe", "mandatory");
    assert_eq!(broken(&old, &[&demand, &point]), [""; 0]);
    assert_eq!(broken(&old, &[&point, &demand]), ["weaker"]);
}

#[test]
fn one_ca_less_is_a_strengthening_too() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.bind_ca("fe", "ca-b");
    old.set_profile("fe", "mandatory");
    old.back_end("verified", "SSL", "verifying", &["ca-b"]);
    old.set_target("p", "verified");
    let point = |s: &mut Scene| s.set_target("p", "lb");
    let unbind = |s: &mut Scene| s.unbind_ca("fe", "ca-b");
    assert_eq!(broken(&old, &[&unbind, &point]), [""; 0]);
    assert_eq!(broken(&old, &[&point, &unbind]), ["weaker"]);
}

#[test]
fn a_refusing_policy_makes_optional_mandatory() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.set_profile("fe", "mandatory");
    let refuse = |s: &mut Scene| s.bind_refusal("fe", "r");
    let ask = |s: &mut Scene| s.set_profile("fe", "optional");
    let open = |s: &mut Scene| s.set_profile("fe", "open");
    let release = |s: &mut Scene| s.unbind_refusal("fe", "r");
    assert_eq!(broken(&old, &[&refuse, &ask]), [""; 0]);
    assert_eq!(broken(&old, &[&ask, &refuse]), ["weaker"]);
    let mut http = old.clone();
    http.bind_refusal("fe", "r");
    http.set_profile("fe", "optional");
    assert_eq!(broken(&http, &[&|s| s.set_profile("fe", "mandatory"), &release]), [""; 0]);
    assert_eq!(
        broken(&http, &[&release, &|s| s.set_profile("fe", "mandatory")]),
        ["weaker"],
        "the refusal is needed until the profile demands certificates"
    );
    assert_eq!(broken(&http, &[&release, &open]), [""; 0]);
    assert_eq!(broken(&http, &[&open, &release]), ["closed"]);
}

#[test]
fn a_policy_that_tests_existence_only_refuses_nobody() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.set_profile("fe", "mandatory");
    let refuse = |s: &mut Scene| {
        s.bind_responder("fe", "r", "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT", "respondwith");
    };
    let ask = |s: &mut Scene| s.set_profile("fe", "optional");
    let demand = |s: &mut Scene| s.set_profile("fe", "mandatory-too");
    assert_eq!(broken(&old, &[&refuse, &ask, &demand]), ["protection", "weaker"]);
}

#[test]
fn nobody_is_turned_away_before_certificates_are_asked_for() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    let refuse = |s: &mut Scene| s.bind_refusal("fe", "r");
    let ask = |s: &mut Scene| s.set_profile("fe", "optional");
    assert_eq!(broken(&old, &[&ask, &refuse]), [""; 0]);
    assert_eq!(broken(&old, &[&refuse, &ask]), ["closed"]);
}

#[test]
fn a_leaving_route_never_meets_the_newcomers_cas() {
    let mut old = Scene::new();
    old.bind_ca("fe", "ca-a");
    old.set_profile("fe", "mandatory");
    old.route("fe", "q", "other.example/", "lb");
    old.bind_sni("fe", "other");
    let leave = |s: &mut Scene| s.unbind_route("fe", "q");
    let bind = |s: &mut Scene| s.bind_ca("fe", "ca-b");
    assert_eq!(broken(&old, &[&leave, &bind]), [""; 0]);
    assert_eq!(broken(&old, &[&bind, &leave]), ["leaving"]);
}

#[test]
fn a_coming_route_is_as_its_text_from_the_first_moment() {
    let mut old = Scene::new();
    old.bind_sni("fe", "other");
    let bind = |s: &mut Scene| s.bind_ca("fe", "ca-a");
    let demand = |s: &mut Scene| s.set_profile("fe", "mandatory");
    let come = |s: &mut Scene| s.route("fe", "q", "other.example/", "lb");
    assert_eq!(broken(&old, &[&bind, &demand, &come]), [""; 0]);
    assert_eq!(broken(&old, &[&bind, &come, &demand]), ["coming"]);
}

#[test]
fn a_coming_route_finds_its_back_end_complete() {
    let old = Scene::new();
    let make = |s: &mut Scene| s.back_end("two", "HTTP", "", &[]);
    let empty = |s: &mut Scene| s.unbind_member("two", "10.0.0.1", 80);
    let fill = |s: &mut Scene| s.bind_member("two", "10.0.0.1", 80);
    let come = |s: &mut Scene| s.route("fe", "q", "shop.example/two", "two");
    assert_eq!(broken(&old, &[&make, &empty, &fill, &come]), [""; 0]);
    assert_eq!(broken(&old, &[&make, &empty, &come, &fill]), ["coming"]);
}

#[test]
fn a_route_for_a_while_only_is_none_that_anybody_asked_for() {
    let come = |s: &mut Scene| s.route("fe", "q", "shop.example/two", "lb");
    let leave = |s: &mut Scene| s.unbind_route("fe", "q");
    assert_eq!(broken(&Scene::new(), &[&come]), [""; 0]);
    assert_eq!(broken(&Scene::new(), &[&come, &leave]), ["transient"]);
}

#[test]
fn a_back_end_in_tls_is_not_half_verified_while_it_is_routed() {
    let mut old = Scene::new();
    old.back_end("verified", "SSL", "verifying", &["ca-a"]);
    old.set_target("p", "verified");
    let bind = |s: &mut Scene| s.bind_back_ca("verified", "ca-b");
    let unbind = |s: &mut Scene| s.unbind_back_ca("verified", "ca-a");
    let rename =
        |s: &mut Scene| s.object("sslservicegroup", "verified", &[("sslprofile", "other-name")]);
    assert_eq!(broken(&old, &[&bind, &unbind]), [""; 0]);
    assert_eq!(broken(&old, &[&unbind, &bind]), ["protection", "weaker"]);
    assert_eq!(broken(&old, &[&rename]), [""; 0]);
    assert_eq!(
        broken(&old, &[&bind, &rename, &unbind]),
        ["protection"],
        "in between the new name is accepted of the old CA"
    );
}

#[test]
fn a_client_certificate_for_the_back_end_is_not_missing_for_a_while() {
    let mut old = Scene::new();
    old.back_end("verified", "SSL", "verifying", &["ca-a"]);
    old.bind_client_certificate("verified", "web");
    old.set_target("p", "verified");
    let unbind = |s: &mut Scene| s.unbind_client_certificate("verified", "web");
    let bind = |s: &mut Scene| s.bind_client_certificate("verified", "other");
    assert_eq!(broken(&old, &[&bind, &unbind]), [""; 0]);
    assert_eq!(broken(&old, &[&unbind, &bind]), ["protection"]);
}

#[test]
fn a_member_in_tls_is_never_spoken_to_in_plain_text() {
    let mut old = Scene::new();
    old.back_end("one", "SSL", "verifying", &["ca-a"]);
    old.back_end("two", "SSL", "verifying", &["ca-b"]);
    old.back_end("plain", "HTTP", "", &[]);
    old.bind_member("one", "10.0.0.9", 443);
    old.bind_member("two", "10.0.0.9", 443);
    old.bind_member("plain", "10.0.0.9", 443);
    old.set_target("p", "one");
    let two = |s: &mut Scene| s.set_target("p", "two");
    let plain = |s: &mut Scene| s.set_target("p", "plain");
    assert_eq!(broken(&old, &[&two]), [""; 0]);
    assert_eq!(broken(&old, &[&plain, &two]), ["plain-back-end", "protection", "weaker"]);
    assert_eq!(broken(&old, &[&plain]), [""; 0], "asked for");
}

#[test]
fn a_route_that_stays_is_never_away() {
    let unbind = |s: &mut Scene| s.unbind_route("fe", "p");
    let bind = |s: &mut Scene| s.route("fe", "p", "shop.example/", "lb");
    assert_eq!(broken(&Scene::new(), &[&unbind, &bind]), ["not-found"]);
    assert_eq!(broken(&Scene::new(), &[&unbind]), [""; 0], "gone for good");
}

#[test]
fn a_disabled_front_end_serves_nothing() {
    let off = |s: &mut Scene| s.object("csvserver", "fe", &[("state", "DISABLED")]);
    let on = |s: &mut Scene| s.object("csvserver", "fe", &[("state", "ENABLED")]);
    assert_eq!(broken(&Scene::new(), &[&off, &on]), ["not-found"]);
    let mut old = Scene::new();
    old.object("csvserver", "fe", &[("state", "DISABLED")]);
    let unlock = |s: &mut Scene| s.set_profile("fe", "mandatory");
    let bind = |s: &mut Scene| s.bind_ca("fe", "ca-a");
    assert_eq!(broken(&old, &[&unlock, &bind, &on]), [""; 0], "what nobody reaches is safe");
}

#[test]
fn a_path_is_handed_over_without_a_gap() {
    let bind = |s: &mut Scene| s.route("fe", "heir", "shop.example/", "lb");
    let unbind = |s: &mut Scene| s.unbind_route("fe", "p");
    assert_eq!(broken(&Scene::new(), &[&bind, &unbind]), [""; 0]);
    assert_eq!(broken(&Scene::new(), &[&unbind, &bind]), ["handover"]);
    let demand = |s: &mut Scene| {
        s.bind_ca("fe", "ca-a");
        s.set_profile("fe", "mandatory");
    };
    assert_eq!(broken(&Scene::new(), &[&unbind, &demand, &bind]), [""; 0]);
    assert_eq!(broken(&Scene::new(), &[&bind, &demand, &unbind]), ["coming", "leaving"]);
}

#[test]
fn a_path_that_has_members_keeps_one() {
    let bind = |s: &mut Scene| s.bind_member("lb", "10.0.0.2", 80);
    let unbind = |s: &mut Scene| s.unbind_member("lb", "10.0.0.1", 80);
    assert_eq!(broken(&Scene::new(), &[&bind, &unbind]), [""; 0]);
    assert_eq!(broken(&Scene::new(), &[&unbind, &bind]), ["no-member"]);
    let off = |s: &mut Scene| s.object("server", "10.0.0.1", &[("state", "DISABLED")]);
    assert_eq!(broken(&Scene::new(), &[&off, &bind]), ["no-member"]);
    assert_eq!(broken(&Scene::new(), &[&unbind]), [""; 0], "none is left");
}

#[test]
fn a_host_is_served_its_certificate_all_the_time() {
    let mut old = Scene::new();
    old.route("fe", "q", "shop.example/q", "lb");
    let wild = |s: &mut Scene| s.bind_sni("fe", "wild");
    let unbind = |s: &mut Scene| s.unbind_sni("fe", "web");
    assert_eq!(broken(&old, &[&wild, &unbind]), [""; 0]);
    assert_eq!(broken(&old, &[&unbind, &|_| {}, &wild]), ["certificate"]);
    assert_eq!(broken(&old, &[&unbind]), [""; 0], "not served in new either");
}

#[test]
fn a_coming_host_is_served_its_certificate_at_once() {
    let certificate = |s: &mut Scene| s.bind_sni("fe", "other");
    let route = |s: &mut Scene| s.route("fe", "q", "other.example/", "lb");
    assert_eq!(broken(&Scene::new(), &[&certificate, &route]), [""; 0]);
    assert_eq!(broken(&Scene::new(), &[&route, &certificate]), ["certificate"]);
}

#[test]
fn a_leaving_host_is_served_its_certificate_to_the_end() {
    let mut old = Scene::new();
    old.bind_sni("fe", "other");
    old.route("fe", "q", "other.example/", "lb");
    let certificate = |s: &mut Scene| s.unbind_sni("fe", "other");
    let route = |s: &mut Scene| s.unbind_route("fe", "q");
    assert_eq!(broken(&old, &[&route, &certificate]), [""; 0]);
    assert_eq!(broken(&old, &[&certificate, &route]), ["certificate"]);
}

#[test]
fn two_certificates_of_one_name_are_swapped_in_adjacent_commands() {
    let unbind = |s: &mut Scene| s.unbind_sni("fe", "web");
    let bind = |s: &mut Scene| s.bind_sni("fe", "web-too");
    let nothing = |_: &mut Scene| {};
    let verdict = judged(&Scene::new(), [&unbind, &bind] as [Edit<'_>; 2]);
    assert_eq!((verdict.violations, verdict.gaps), (vec![], 1));
    assert_eq!(broken(&Scene::new(), &[&unbind, &nothing, &bind]), ["certificate"]);
    let verdict = judged(&Scene::new(), [&nothing, &bind] as [Edit<'_>; 2]);
    assert_eq!(verdict.gaps, 0);
}

#[test]
fn a_certificate_that_is_switched_off_and_on_is_no_swap() {
    let off = |s: &mut Scene| s.set_profile("fe", "no-sni");
    let on = |s: &mut Scene| s.set_profile("fe", "open");
    assert_eq!(broken(&Scene::new(), &[&off, &on]), ["certificate"]);
}

#[test]
fn a_certificate_without_its_key_serves_nobody() {
    let mut old = Scene::new();
    old.bind_sni("fe", "wild");
    old.unbind_sni("fe", "web");
    let keyless = |s: &mut Scene| s.certkey("wild", "*.example", false);
    let keyed = |s: &mut Scene| s.certkey("wild", "*.example", true);
    assert_eq!(broken(&old, &[&keyless, &keyed]), ["certificate"]);
}

#[test]
fn a_weaker_profile_is_not_passed_through() {
    let mut old = Scene::new();
    old.set_profile("fe", "strict");
    let weak = |s: &mut Scene| s.set_profile("fe", "open");
    let strict = |s: &mut Scene| s.set_profile("fe", "strict-too");
    assert_eq!(broken(&old, &[&strict]), [""; 0]);
    assert_eq!(broken(&old, &[&weak]), [""; 0], "asked for");
    let verdict = judged(&old, [&weak, &strict] as [Edit<'_>; 2]);
    let texts: Vec<String> = verdict.violations.iter().map(|broken| broken.text.clone()).collect();
    assert_eq!(texts, ["fe allows tls1", "fe offers DEFAULT", "fe sends no HSTS"]);
}

#[test]
fn references_of_what_is_in_use_exist() {
    let remove = |s: &mut Scene| s.remove("lbvserver", "lb");
    let again = |s: &mut Scene| s.object("lbvserver", "lb", &[("servicetype", "HTTP")]);
    let rules = broken(&Scene::new(), &[&remove, &again]);
    assert!(rules.contains(&"dangling"), "{rules:?}");
    let remove = |s: &mut Scene| s.remove("csaction", "p");
    let rules = broken(&Scene::new(), &[&remove]);
    assert_eq!(rules, ["dangling"]);
}

#[test]
fn a_default_back_end_is_a_route_unless_it_only_refuses() {
    let bind = |s: &mut Scene| s.bind_default("fe", "other-lb");
    let lock = |s: &mut Scene| {
        s.bind_ca("fe", "ca-a");
        s.set_profile("fe", "mandatory");
    };
    let mut old = Scene::new();
    old.back_end("other-lb", "HTTP", "", &[]);
    assert_eq!(broken(&old, &[&bind, &lock]), ["coming"]);
    old.bind_responder("other-lb", "404", "TRUE", "respondwith");
    assert_eq!(broken(&old, &[&bind, &lock]), [""; 0]);
}

#[test]
fn other_front_ends_are_judged_apart() {
    let mut old = Scene::new();
    old.front_end("second", "HTTP");
    old.route("second", "p", "shop.example/", "lb");
    let unbind = |s: &mut Scene| s.unbind_route("second", "p");
    let bind = |s: &mut Scene| s.route("second", "p", "shop.example/", "lb");
    assert_eq!(broken(&old, &[&unbind]), [""; 0]);
    let verdict = judged(&old, [&unbind, &bind] as [Edit<'_>; 2]);
    let [Violation { step, rule, text, command }] = verdict.violations.as_slice() else {
        panic!("{verdict:?}")
    };
    assert_eq!((*step, *rule, command.as_str()), (1, "not-found", "command 1"));
    assert_eq!(text, "second shop.example/ has no route");
}

#[test]
fn a_promise_that_stays_broken_is_reported_once() {
    let unbind = |s: &mut Scene| s.unbind_route("fe", "p");
    let nothing = |s: &mut Scene| s.bind_sni("fe", "other");
    let bind = |s: &mut Scene| s.route("fe", "p", "shop.example/", "lb");
    let verdict = judged(&Scene::new(), [&unbind, &nothing, &bind] as [Edit<'_>; 3]);
    assert_eq!(verdict.violations.len(), 1, "{verdict:?}");
}
