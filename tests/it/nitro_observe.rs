//! Observing: what is ours, what is not, and how routes are protected right now.

use std::collections::BTreeSet;
use std::time::Duration;

use mock_nitro::fault::{Fault, Faults};
use mock_nitro::{Appliance, Options};
use nitro_ingress::model::{
    AcceptedCa, BackEndTransport, BindingId, ClientAuthentication, EntityId, Host, Kind, PathMatch,
    Protection, Protocol, Redacted, Role, RouteMatch,
};
use nitro_ingress::nitro::{
    Client, Credentials, HttpRequest, HttpResponse, Limits, SendError, Transport,
};
use nitro_ingress::observe::{Error, observe};
use nitro_ingress::observed::{ObservedState, Owned};
use nitro_ingress::snapshot::ObservedRoute;
use serde_json::json;

use crate::fixture::{Hand, Made, mark, shared_comment, shop, shop_comment};
use crate::in_process::{InProcess, client, run};

fn observed(appliance: &Appliance) -> ObservedState {
    run(observe(&client(InProcess::new(appliance.clone())), &mark())).unwrap()
}

/// The front end, back end and route of `shop.example`, with mutual TLS on both sides.
struct Shop {
    hand: Hand,
    ca: Made,
    leaf: Made,
    csvserver: &'static str,
    group: &'static str,
    route: String,
}

impl Shop {
    fn new(default_profile: bool) -> Self {
        let mut shop = Self {
            hand: Hand::new(default_profile),
            ca: Made::authority("ca"),
            leaf: Made::leaf("shop.example"),
            csvserver: "k8s-192.0.2.1_443_ssl",
            group: "k8s-web_80_sgp_x",
            route: mark().ingress_name(&shop().0, "route"),
        };
        shop.ca.install(&mut shop.hand, &mark().shared_name("ca"), false);
        shop.leaf.install(&mut shop.hand, &mark().shared_name("leaf"), true);
        shop.add_back_end();
        shop.add_front_end();
        shop.add_route();
        shop
    }

    fn add_back_end(&mut self) {
        let (hand, group) = (&mut self.hand, self.group);
        let profile = mark().ingress_name(&shop().0, "back");
        let server = mark().shared_name("10.0.0.1");
        hand.add(
            "sslprofile",
            &json!({
                "name": profile, "sslprofiletype": "BackEnd", "serverauth": "ENABLED",
                "commonname": "web.internal"
            }),
        )
        .add(
            "server",
            &json!({ "name": server, "ipaddress": "10.0.0.1", "comment": shared_comment() }),
        )
        .add(
            "servicegroup",
            &json!({ "servicegroupname": group, "servicetype": "SSL", "comment": shop_comment() }),
        )
        .set("sslservicegroup", &json!({ "servicegroupname": group, "sslprofile": profile }))
        .bind(
            "sslservicegroup_sslcertkey",
            &json!({ "servicegroupname": group, "certkeyname": mark().shared_name("ca"), "ca": true }),
        )
        .bind(
            "servicegroup_servicegroupmember",
            &json!({ "servicegroupname": group, "servername": server, "port": 80 }),
        )
        .add(
            "lbvserver",
            &json!({ "name": "k8s-web_80_lbv_x", "servicetype": "HTTP", "comment": shop_comment() }),
        )
        .bind(
            "lbvserver_servicegroup",
            &json!({ "name": "k8s-web_80_lbv_x", "servicegroupname": group }),
        );
    }

    fn add_front_end(&mut self) {
        let (hand, csvserver) = (&mut self.hand, self.csvserver);
        let profile = mark().shared_name("front");
        hand.add(
            "sslprofile",
            &json!({
                "name": profile, "snienable": "ENABLED", "clientauth": "ENABLED",
                "clientcert": "Mandatory"
            }),
        )
        .add(
            "csvserver",
            &json!({
                "name": csvserver, "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443,
                "comment": shared_comment()
            }),
        )
        .set("sslvserver", &json!({ "vservername": csvserver, "sslprofile": profile }))
        .bind(
            "sslvserver_sslcertkey",
            &json!({ "vservername": csvserver, "certkeyname": mark().shared_name("ca"), "ca": true }),
        )
        .bind(
            "sslvserver_sslcertkey",
            &json!({
                "vservername": csvserver, "certkeyname": mark().shared_name("leaf"), "snicert": true
            }),
        );
    }

    fn add_route(&mut self) {
        let (route, csvserver) = (&self.route, self.csvserver);
        self.hand
            .add(
                "csaction",
                &json!({
                    "name": route, "targetlbvserver": "k8s-web_80_lbv_x", "comment": shop_comment()
                }),
            )
            .add(
                "cspolicy",
                &json!({ "policyname": route, "rule": matches().rule(), "action": route }),
            )
            .bind(
                "csvserver_cspolicy",
                &json!({ "name": csvserver, "policyname": route, "priority": 7 }),
            );
    }
}

fn matches() -> RouteMatch {
    RouteMatch { host: Host::Exact("shop.example".to_owned()), path: PathMatch::prefix("/") }
}

#[test]
fn a_fresh_appliance_holds_nothing_of_ours() {
    for default_profile in [false, true] {
        let options = Options { default_profile, ..Options::default() };
        let observed = observed(&Appliance::new(options));
        // What others installed is known, and none of it is ours.
        let certkeys = observed.owned.certkeys.clone();
        assert!(certkeys.values().all(|certkey| certkey.content.is_none()), "{certkeys:?}");
        let foreign_ssl_profiles = observed.owned.foreign_ssl_profiles.clone();
        assert!(foreign_ssl_profiles.keys().all(|name| name.starts_with("ns_default_ssl_profile")));
        let installed = Owned { certkeys, foreign_ssl_profiles, ..Owned::default() };
        assert_eq!(observed.owned, installed);
        assert_eq!(observed.settings.default_profile, default_profile);
        assert_eq!(observed.facts.default_profile, default_profile);
        assert!(!observed.settings.unsaved);
        assert!(observed.settings.version.contains("NS14.1"));
        assert!(observed.facts.foreign_ssl.is_empty(), "{:?}", observed.facts.foreign_ssl);
    }
}

#[test]
fn a_route_is_seen_with_the_protection_in_effect() {
    let site = Shop::new(true);
    let facts = observed(&site.hand.0).facts;
    let routes = &facts.routes[&shop().0];
    let ca = BTreeSet::from([AcceptedCa::Known(site.ca.id.clone())]);
    let protection = Protection {
        client_authentication: ClientAuthentication::Mandatory,
        plain_text_allowed: false,
        accepted_cas: ca.clone(),
        back_end: BackEndTransport::Verified,
        back_end_cas: ca,
        back_end_name: Some("web.internal".to_owned()),
    };
    let [
        ObservedRoute {
            front_end,
            matches: seen,
            policy,
            protection: found,
            certificates,
            default_certificate,
            answers,
            has_sni,
            refused_by_policies,
        },
    ] = routes.as_slice()
    else {
        panic!("{routes:?}")
    };
    assert_eq!(front_end.csvserver("k8s"), site.csvserver);
    assert_eq!(front_end.protocol, Protocol::Ssl);
    assert_eq!((seen, policy), (&matches(), &site.route));
    assert_eq!(found, &protection);
    assert!(!answers && *has_sni && !refused_by_policies);
    assert_eq!(certificates.keys().collect::<Vec<_>>(), [&site.leaf.id]);
    assert_eq!(*default_certificate, None);
    let back_end = &facts.back_ends[site.group];
    assert_eq!((&back_end.ingress, &*back_end.service), (&shop().0, "web:80"));
    assert_eq!(facts.ingresses[&shop().0], Some(shop().1));
}

#[test]
fn what_is_ours_comes_with_its_managed_fields_and_without_defaults() {
    let site = Shop::new(true);
    let owned = observed(&site.hand.0).owned;
    let text = |kind, name: &str, field| owned.state.text(kind, name, field).map(str::to_owned);
    assert_eq!(owned.foreign_children, BTreeSet::new());
    let profile = mark().shared_name("front");
    assert_eq!(text(Kind::SSLVSERVER, site.csvserver, "sslprofile"), Some(profile.clone()));
    assert_eq!(text(Kind::SSLPROFILE, &profile, "clientauth"), Some("ENABLED".to_owned()));
    assert_eq!(text(Kind::SSLPROFILE, &profile, "hsts"), None, "a default");
    assert_eq!(text(Kind::SERVICEGROUP, site.group, "servicegroupeffectivestate"), None);
    let leaf = mark().shared_name("leaf");
    let certkey = &owned.certkeys[leaf.as_str()];
    assert_eq!(certkey.content.as_ref(), Some(&site.leaf.id));
    assert!(certkey.keyed && certkey.names.contains("shop.example"));
    let key_file = text(Kind::SSLCERTKEY, &leaf, "key").unwrap();
    assert!(owned.files.contains(&key_file), "{:?}", owned.files);
    assert_eq!(owned.state.names(Kind::SYSTEMFILE).count(), 0, "files are no entities");
    let member = BindingId::new(
        Kind::SERVICEGROUP_MEMBER,
        site.group,
        mark().shared_name("10.0.0.1"),
        Role::Port(80),
    );
    assert!(owned.state.bindings.contains_key(&member));
    let born = owned.state.bound(Kind::SSLPROFILE_ECCCURVE, &profile).count();
    assert_eq!(born, 4, "a profile is born with curves");
}

#[test]
fn what_only_looks_like_ours_is_foreign() {
    let mut hand = Hand::new(false);
    let other = "nitro-ingress cluster=local2";
    let server = mark().shared_name("10.0.0.9");
    hand.add("lbvserver", &json!({ "name": "k8s-a", "servicetype": "HTTP" }))
        .add("lbvserver", &json!({ "name": "k8s-b", "servicetype": "HTTP", "comment": other }))
        .add(
            "lbvserver",
            &json!({ "name": "k9s-c", "servicetype": "HTTP", "comment": shared_comment() }),
        )
        .add("server", &json!({ "name": server, "ipaddress": "10.0.0.9" }))
        .add(
            "server",
            &json!({ "name": "web", "ipaddress": "10.0.0.8", "comment": shared_comment() }),
        )
        .add("sslprofile", &json!({ "name": "k8s-front" }))
        .add("csaction", &json!({ "name": "k8s-act", "targetlbvserver": "k8s-a" }));
    let observed = observed(&hand.0);
    assert_eq!(observed.owned.state.entities.len(), 0, "{:?}", observed.owned.state);
    let foreign =
        |kind, name: &str| observed.facts.foreign_names.contains(&EntityId::new(kind, name));
    assert!(foreign(Kind::LBVSERVER, "k8s-a") && foreign(Kind::LBVSERVER, "k8s-b"));
    assert!(foreign(Kind::SERVER, &server) && foreign(Kind::SSLPROFILE, "k8s-front"));
    assert!(!foreign(Kind::LBVSERVER, "k9s-c"), "a name that we would never use");
    let by_address = &observed.facts.foreign_servers;
    assert_eq!(by_address[&"10.0.0.8".parse().unwrap()], "web");
    assert_eq!(by_address[&"10.0.0.9".parse().unwrap()], server);
}

#[test]
fn what_others_bind_to_our_objects_is_seen_and_marked() {
    let mut site = Shop::new(true);
    let foreign = Made::authority("foreign");
    foreign.install(&mut site.hand, "corporate-ca", false);
    let ca = json!({ "vservername": site.csvserver, "certkeyname": "corporate-ca", "ca": true });
    site.hand.bind("sslvserver_sslcertkey", &ca);
    site.hand.add("cspolicy", &json!({ "policyname": "theirs", "rule": "TRUE" }));
    let policy = json!({
        "name": site.csvserver, "policyname": "theirs", "priority": 9,
        "targetlbvserver": "k8s-web_80_lbv_x"
    });
    site.hand.bind("csvserver_cspolicy", &policy);
    let observed = observed(&site.hand.0);
    let binding = |kind, child: &str, role| BindingId::new(kind, site.csvserver, child, role);
    let expected = BTreeSet::from([
        binding(Kind::SSLVSERVER_SSLCERTKEY, "corporate-ca", Role::Ca),
        binding(Kind::CSVSERVER_CSPOLICY, "theirs", Role::Plain),
    ]);
    assert_eq!(observed.owned.foreign_children, expected);
    assert_eq!(observed.owned.certkeys["corporate-ca"].content, None, "its content is theirs");
    let route = &observed.facts.routes[&shop().0][0];
    let theirs = AcceptedCa::Foreign("corporate-ca".to_owned());
    assert!(route.protection.accepted_cas.contains(&theirs));
    let by_content = observed.facts.foreign_certificates.values();
    assert_eq!(by_content.filter(|foreign| foreign.name == "corporate-ca").count(), 1);
}

#[test]
fn who_listens_where_is_known() {
    let mut site = Shop::new(true);
    let theirs = json!({
        "name": "theirs", "servicetype": "HTTP", "ipv46": "192.0.2.7", "port": 80
    });
    site.hand.add("lbvserver", &theirs);
    let listeners = observed(&site.hand.0).facts.listeners;
    let listener = |ip: &str, port| &listeners[&(ip.parse().unwrap(), port)];
    assert!(listener("192.0.2.1", 443).ours);
    assert_eq!(listener("192.0.2.7", 80).holder, EntityId::new(Kind::LBVSERVER, "theirs"));
    assert_eq!(listeners.len(), 2, "a vserver without an address listens nowhere");
}

#[test]
fn what_enabling_the_default_profile_would_reset_is_known() {
    let mut hand = Hand::new(false);
    let ssl = json!({ "name": "theirs", "servicetype": "SSL", "ipv46": "192.0.2.7", "port": 443 });
    hand.add("lbvserver", &ssl)
        .add(
            "csvserver",
            &json!({
                "name": "k8s-ours", "servicetype": "SSL", "ipv46": "192.0.2.8", "port": 443,
                "comment": shared_comment()
            }),
        )
        .add("servicegroup", &json!({ "servicegroupname": "pool", "servicetype": "SSL" }))
        .add(
            "service",
            &json!({ "name": "svc", "ip": "10.0.0.1", "servicetype": "SSL", "port": 443 }),
        )
        .add("lbmonitor", &json!({ "monitorname": "check", "type": "HTTP", "secure": "YES" }));
    let expected = BTreeSet::from([
        EntityId::new(Kind::SSLVSERVER, "theirs"),
        EntityId::new(Kind::SSLSERVICEGROUP, "pool"),
        EntityId::new(Kind::SSLSERVICE, "svc"),
        EntityId::new(Kind::LBMONITOR, "check"),
    ]);
    assert_eq!(observed(&hand.0).facts.foreign_ssl, expected);
}

#[test]
fn without_the_default_profile_the_settings_of_the_vserver_itself_count() {
    let mut hand = Hand::new(false);
    let route = mark().ingress_name(&shop().0, "route");
    hand.add(
        "csvserver",
        &json!({
            "name": "k8s-front", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443,
            "comment": shared_comment()
        }),
    )
    .add(
        "lbvserver",
        &json!({ "name": "k8s-lb", "servicetype": "HTTP", "comment": shop_comment() }),
    )
    .add(
        "csaction",
        &json!({ "name": route, "targetlbvserver": "k8s-lb", "comment": shop_comment() }),
    )
    .add("cspolicy", &json!({ "policyname": route, "rule": matches().rule(), "action": route }))
    .bind(
        "csvserver_cspolicy",
        &json!({ "name": "k8s-front", "policyname": route, "priority": 7 }),
    );
    let seen =
        |hand: &Hand| observed(&hand.0).facts.routes[&shop().0][0].protection.client_authentication;
    assert_eq!(seen(&hand), ClientAuthentication::None);
    hand.set(
        "sslvserver",
        &json!({ "vservername": "k8s-front", "clientauth": "ENABLED", "clientcert": "Optional" }),
    );
    assert_eq!(seen(&hand), ClientAuthentication::Optional);
}

#[test]
fn unsaved_changes_of_ours_are_told_from_those_of_others() {
    let mut site = Shop::new(true);
    site.hand.save();
    assert!(!observed(&site.hand.0).settings.unsaved);
    let profile = json!({ "name": mark().shared_name("front"), "hsts": "ENABLED" });
    site.hand.set("sslprofile", &profile);
    let ours = observed(&site.hand.0);
    assert!(ours.settings.unsaved && ours.settings.unsaved_is_ours);
    assert!(!ours.facts.unsaved_by_others);
    site.hand.add("server", &json!({ "name": "web", "ipaddress": "10.0.0.8" }));
    let theirs = observed(&site.hand.0);
    assert!(theirs.settings.unsaved && !theirs.settings.unsaved_is_ours);
    assert!(theirs.facts.unsaved_by_others);
}

/// Somebody else at work: before this request he changes what is his.
struct Meddled(InProcess, u64);

impl Transport for Meddled {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        if self.0.faulty().faults.requests() + 1 == self.1 {
            let appliance = &mut self.0.faulty().appliance;
            let mut hand = Hand(appliance.clone());
            hand.add("server", &json!({ "name": "web", "ipaddress": "10.0.0.8" }));
            *appliance = hand.0;
        }
        self.0.send(request).await
    }

    async fn pause(&self, _: Duration) {}
}

#[test]
fn what_somebody_changes_while_we_read_is_not_taken_for_ours() {
    let mut site = Shop::new(true);
    site.hand.save();
    site.hand.set("sslprofile", &json!({ "name": mark().shared_name("front"), "hsts": "ENABLED" }));
    let calm = client(InProcess::new(site.hand.0.clone()));
    assert!(run(observe(&calm, &mark())).unwrap().settings.unsaved_is_ours);
    let requests = calm.transport().faulty().faults.requests();
    for at in 1..=requests {
        let meddled = Meddled(InProcess::new(site.hand.0.clone()), at);
        let Options { username, password, .. } = Options::default();
        let client = Client::new(meddled, Credentials::new(username, Redacted::new(password)));
        let settings = run(observe(&client, &mark())).unwrap().settings;
        assert!(!settings.unsaved_is_ours, "his change before request {at} of {requests} is ours");
    }
}

#[test]
fn pages_make_one_list() {
    let site = Shop::new(true);
    let limits = Limits { page: 1, ..Limits::default() };
    let client = client(InProcess::new(site.hand.0.clone())).with_limits(limits);
    assert_eq!(run(observe(&client, &mark())).unwrap(), observed(&site.hand.0));
}

#[test]
fn the_number_of_requests_does_not_grow_with_the_objects() {
    let count = |appliance: &Appliance| {
        let client = client(InProcess::new(appliance.clone()));
        run(observe(&client, &mark())).unwrap();
        client.transport().faulty().faults.requests()
    };
    let mut site = Shop::new(true);
    site.hand.save();
    let before = count(&site.hand.0);
    for number in 0..50 {
        let address = format!("10.0.1.{number}");
        let server = json!({
            "name": mark().shared_name(&address), "ipaddress": address, "comment": shared_comment()
        });
        site.hand.add("server", &server);
    }
    site.hand.save();
    assert_eq!(count(&site.hand.0), before);
}

#[test]
fn an_answer_that_cannot_be_read_is_read_again_and_then_an_error() {
    let site = Shop::new(true);
    let calm = client(InProcess::new(site.hand.0.clone()));
    let expected = run(observe(&calm, &mark())).unwrap();
    let requests = calm.transport().faulty().faults.requests();
    for at in 1..=requests {
        for fault in [Fault::Truncated, Fault::ResetBefore, Fault::Unavailable, Fault::Refused(446)]
        {
            let faults = Faults::none().at(at, fault.clone());
            let client = client(InProcess::with_faults(site.hand.0.clone(), faults));
            let observed = run(observe(&client, &mark()));
            assert_eq!(observed.unwrap(), expected, "{fault:?} at {at}");
        }
        let lost = InProcess::new(site.hand.0.clone()).lost_after(at - 1);
        let error = run(observe(&client(lost), &mark()));
        if let Err(error) = error {
            assert!(matches!(error, Error::Read { .. }) && error.is_retryable(), "{error}");
        } else {
            assert_eq!(at, requests, "an answer was not missed");
        }
    }
    for at in 2..=30 {
        let faults = (0..5).fold(Faults::none(), |f, n| f.at(at + n, Fault::Truncated));
        let client = client(InProcess::with_faults(site.hand.0.clone(), faults));
        assert!(run(observe(&client, &mark())).is_err(), "always undecodable at {at}");
    }
}

#[test]
fn where_bindings_cannot_be_listed_they_are_read_parent_by_parent() {
    let site = Shop::new(true);
    let expected = observed(&site.hand.0);
    let client = |faults| client(InProcess::with_faults(site.hand.0.clone(), faults));
    let calm = client(Faults::none());
    run(observe(&calm, &mark())).unwrap();
    let faulty = calm.transport().faulty();
    let lists = faulty.appliance.journal().iter().enumerate();
    let start =
        faulty.appliance.journal().len() - usize::try_from(faulty.faults.requests()).unwrap();
    let bindings: Vec<u64> = lists
        .skip(start)
        .filter(|(_, entry)| entry.query.as_deref() == Some("bulkbindings=yes"))
        .map(|(place, _)| u64::try_from(place - start + 1).unwrap())
        .collect();
    assert_eq!(bindings.len(), 12);
    for at in bindings {
        let refused = client(Faults::none().at(at, Fault::Refused(258)));
        assert_eq!(run(observe(&refused, &mark())).unwrap(), expected, "request {at}");
    }
}
