//! Where requests go: generated Ingresses are programmed on the strict appliance, and what it
//! decides is compared with what Kubernetes says, as a small model of its own reads it.

mod meaning;
mod sites;

use std::net::IpAddr;

use mock_nitro::Appliance;
use mock_nitro::eval::{Answer, Outcome, Request};
use proptest::prelude::*;
use serde_json::Value;

use self::meaning::Target;
use self::sites::{Site, sites};
use crate::objects::{cluster, ingress};
use crate::turns::Turns;

/// Hosts as clients write them.
const HOSTS: [&str; 12] = [
    "a.example",
    "A.Example",
    "a.example:8080",
    "a.example.",
    "b.example",
    "shop.example",
    "x.shop.example",
    "X.SHOP.example:80",
    "y.shop.example",
    "y.x.shop.example",
    "c.example",
    "192.0.2.10",
];

/// Paths as clients write them.
const PATHS: [&str; 12] = [
    "/",
    "/x",
    "/x/",
    "/x/y",
    "/x/y/z?q=/x",
    "/xy",
    "/X",
    "/y",
    "//x",
    "/x%2fy",
    "/.well-known/acme-challenge/token",
    "/.well-known/acme-challenges",
];

/// What a request gets.
fn got(appliance: &Appliance, dump: &Value, (port, host, path): (u16, &str, &str)) -> Target {
    let vip: IpAddr = "192.0.2.10".parse().unwrap();
    let decision = appliance.decide(&Request::get(vip, port, host, path));
    match (decision.outcome, decision.lbvserver) {
        (Outcome::Refused, _) => Target::NobodyListens,
        (Outcome::Answered(Answer { status: 404, .. }), _) => Target::NotFound,
        (Outcome::Answered(Answer { status: 308, location: Some(to), .. }), _) => {
            Target::Redirect(to)
        }
        (Outcome::Served(_), Some(lbvserver)) => {
            let comment = dump["objects"]["lbvserver"][&lbvserver]["comment"].as_str().unwrap();
            let piece = |name: &str| {
                let (_, rest) = comment.split_once(name).unwrap();
                rest.split([' ', ':']).next().unwrap().to_owned()
            };
            Target::Service(piece(" name=default/"), piece(" service="))
        }
        other => panic!("{host}{path} on {port}: {other:?}"),
    }
}

fn check(site: &Site) -> Result<(), TestCaseError> {
    let turns = Turns::new();
    let translation = turns.converge(&site.cluster());
    prop_assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    let appliance = turns.appliance();
    let dump = appliance.dump();
    for port in [80, 443] {
        let meaning = site.meaning(port);
        for host in HOSTS {
            for path in PATHS {
                let expected = meaning.of(host, path);
                let is = got(&appliance, &dump, (port, host, path));
                prop_assert_eq!(is, expected, "{}{} on {}", host, path, port);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 40, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn every_request_goes_where_kubernetes_says(site in sites()) {
        check(&site)?;
    }
}

/// What becomes of requests that are written in unusual ways. The appliance compares hosts and
/// paths as they are sent (assumed): nothing is decoded, and nothing is put right.
#[test]
fn hosts_and_paths_are_compared_as_they_are_sent() {
    let web = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .host("a.example")
        .path("/cart", "web", 80)
        .host("*.b.example")
        .path("/", "web", 80);
    let turns = Turns::new();
    let _translation = turns.converge(&cluster().with(web));
    let appliance = turns.appliance();
    let served = |host: Option<&str>, url: &str| {
        let mut request = Request::get("192.0.2.10".parse().unwrap(), 80, "", url);
        request.host_header = host.map(str::to_owned);
        matches!(appliance.decide(&request).outcome, Outcome::Served(_))
    };
    for (host, url, expected) in [
        // A whole URL counts, whatever the Host header (RFC 9112, 3.2.2).
        (Some("c.example"), "http://a.example/cart", true),
        (Some("a.example"), "http://c.example/cart", false),
        // Who names no host gets what any host gets.
        (None, "/cart", false),
        (Some(""), "/cart", false),
        // Elements are what stands between slashes, escaped or not.
        (Some("a.example"), "/cart%2fitems", false),
        (Some("a.example"), "/cart/%2fitems", true),
        (Some("a.example"), "/cart%3fitems", false),
        (Some("a.example"), "//cart", false),
        (Some("a.example"), "/cart//", true),
        (Some("a.example"), "/./cart", false),
        (Some("a.example"), "/cart/..", true),
        (Some("a.example"), "/x/../cart", false),
        (Some("a.example"), "/CART", false),
        (Some("a.example"), "/cart#x", true),
        // A dot at the end is another host, and a wildcard is one label.
        (Some("a.example."), "/cart", false),
        (Some("x.b.example"), "/", true),
        (Some("x.b.example."), "/", false),
        (Some("x.y.b.example"), "/", false),
        (Some("b.example"), "/", false),
        (Some("A.EXAMPLE:0080"), "/cart", true),
    ] {
        assert_eq!(served(host, url), expected, "{host:?} {url}");
    }
}
