//! The bodies of the fuzz targets on generated texts, and that the appliance reads a policy
//! expression as it was meant, whatever stands in its path.

use mock_nitro::eval::Request;
use nitro_ingress::model::{Host, PathMatch, RouteMatch};
use proptest::prelude::*;
use serde_json::json;

use crate::fixture::Hand;

#[path = "../../fuzz/bodies.rs"]
#[expect(unreachable_pub, reason = "they are public where they are targets")]
mod bodies;

/// What looks like a policy expression: names and functions one after the other, now and then cut
/// short or joined in ways that are none.
fn expression() -> impl Strategy<Value = String> {
    const PIECES: [&str; 56] = [
        "HTTP.REQ.URL",
        "HTTP.REQ.HOSTNAME",
        "HTTP.REQ.HEADER(\"X\")",
        "HTTP.REQ.COOKIE",
        "HTTP.RES.STATUS",
        "HTTP.RES.HEADER(\"X\")",
        "CLIENT.IP.SRC",
        "\"1\"",
        "'\u{e9}a'",
        "12",
        "9223372036854775807",
        "CLIENT.SSL.CLIENT_CERT.SUBJECT",
        "TRUE",
        ".PATH",
        ".QUERY",
        ".VALUE(\"a\")",
        ".VALUE(1)",
        ".VALUE(0)",
        ".GET(1)",
        ".GET(0)",
        ".SUFFIX",
        ".SUFFIX('a', 1)",
        ".PREFIX('\u{e9}', 0)",
        ".SUBSTR(1, 2)",
        ".SUBSTR(\"a\")",
        ".TRUNCATE(1)",
        ".SERVER",
        ".DOMAIN",
        ".PORT",
        ".LENGTH",
        ".TO_LOWER",
        ".B64ENCODE",
        ".B64DECODE",
        ".AFTER_STR(\"/\")",
        ".BEFORE_STR(\"\")",
        ".AFTER_REGEX(re/a*/)",
        ".REGEX_MATCH(re/(/)",
        ".STRIP_CHARS(\"a\")",
        ".STRIP_END_CHARS(\"\u{e9}\")",
        ".TYPECAST_NUM_AT",
        ".TYPECAST_IP_ADDRESS_AT",
        ".TYPECAST_NVLIST_T('=', ';')",
        ".TYPECAST_HTTP_HOSTNAME_T",
        ".SET_TEXT_MODE(URLENCODED)",
        ".DECODE_USING_TEXT_MODE",
        ".HTTP_URL_SAFE",
        ".EQ(\"a\")",
        ".EQ(1)",
        ".ADD(1)",
        ".NOT",
        " + ",
        " - ",
        " && ",
        " == ",
        "(",
        ")",
    ];
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 1..8);
    pieces.prop_map(|pieces| pieces.concat())
}

/// Any text, and texts of what policy expressions are made of.
fn text() -> impl Strategy<Value = String> {
    const PIECES: [&str; 14] = [
        "\"",
        "\\",
        "\\\"",
        "\" + \"",
        ")",
        "(",
        " && ",
        " || ",
        ".EQ(",
        "/",
        "TRUE",
        "a",
        "\n",
        "HTTP.REQ.URL.PATH",
    ];
    let pieces = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..12);
    prop_oneof![any::<String>(), pieces.prop_map(|pieces| pieces.concat())]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_target_of_rules_checks(text in text()) {
        bodies::rule(&text);
        bodies::foreign_rule(&text);
    }

    #[test]
    fn what_the_target_of_annotations_checks(row in any::<char>(), value in text()) {
        bodies::annotation(&format!("{row}{value}"));
    }

    #[test]
    fn what_the_target_of_expressions_checks(
        expression in prop_oneof![4 => expression(), 1 => text()],
        rest in prop::collection::vec(text(), 3),
    ) {
        bodies::expression(&format!("{expression}\n{}", rest.join("\n")));
    }

    /// The appliance has a parser of its own.
    #[test]
    fn the_appliance_takes_exactly_the_path_that_was_written(text in text(), other in text()) {
        let path = |text: &str| format!("/{}", text.replace(['?', '#', '\n', '\r'], ""));
        let (path, other) = (path(&text), path(&other));
        prop_assume!(path != other);
        let (host, exact) = (Host::Exact("a.example".to_owned()), PathMatch::Exact(path.clone()));
        let rule = RouteMatch { host, path: exact }.rule();
        let (mut hand, vip) = (Hand::new(false), "192.0.2.10");
        hand.add("csvserver", &json!({"name": "cs", "servicetype": "HTTP", "ipv46": vip, "port": 80}))
            .add("lbvserver", &json!({"name": "lb", "servicetype": "HTTP"}))
            .add("csaction", &json!({"name": "to-lb", "targetlbvserver": "lb"}))
            .add("cspolicy", &json!({"policyname": "policy", "rule": rule, "action": "to-lb"}))
            .bind("csvserver_cspolicy", &json!({"name": "cs", "policyname": "policy", "priority": 1}));
        let goes = |path: &str| {
            let request = Request::get(vip.parse().unwrap(), 80, "a.example", path);
            hand.0.decide(&request).lbvserver.is_some()
        };
        prop_assert!(goes(&path));
        prop_assert!(!goes(&other));
    }
}
