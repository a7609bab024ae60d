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

/// Paths of NITRO, and what comes near to them.
fn nitro_path() -> impl Strategy<Value = String> {
    const PIECES: [&str; 22] = [
        "lbvserver",
        "sslcertkey",
        "nsconfig",
        "login",
        "macroapi",
        "batchapi",
        "systemfile",
        "csvserver_cspolicy_binding",
        "/",
        "//",
        "a",
        "%2F",
        "%",
        "?",
        "action=",
        "enable",
        "args=",
        "name:a",
        ",",
        "filter=",
        "/a/",
        "count=yes&pagesize=0",
    ];
    let rest = prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..6);
    let start =
        prop::sample::select(vec!["/nitro/v1/config/", "/nitro/v1/stat/", "/nitro/v1/", ""]);
    (start, rest).prop_map(|(start, rest)| format!("{start}{}", rest.concat()))
}

/// JSON of the words that requests and answers are made of, now and then cut short.
fn json_text() -> impl Strategy<Value = String> {
    const WORDS: [&str; 12] = [
        "lbvserver",
        "name",
        "errorcode",
        "message",
        "severity",
        "response",
        "nsconfig",
        "params",
        "action",
        "object",
        "servicetype",
        "a",
    ];
    let word = || prop::sample::select(WORDS.to_vec());
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|truth| json!(truth)),
        any::<i64>().prop_map(|number| json!(number)),
        word().prop_map(|word| json!(word)),
        any::<String>().prop_map(|text| json!(text)),
    ];
    let value = leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|all| json!(all)),
            prop::collection::btree_map(word().prop_map(str::to_owned), inner, 0..4)
                .prop_map(|all| json!(all)),
        ]
    });
    (value, any::<prop::sample::Index>(), 0..8u8).prop_map(|(value, cut, dice)| {
        let mut text = value.to_string();
        if dice == 0 {
            let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
            text.truncate(places[cut.index(places.len())]);
        }
        text
    })
}

/// Pieces of PEM, whole and broken.
fn pem_piece() -> impl Strategy<Value = String> {
    let fixture = |name: &'static str| String::from_utf8(crate::objects::fixture(name)).unwrap();
    let whole = prop::sample::select(vec!["a-1.crt", "a-1.key", "ca-one.crt", "client-1.key"])
        .prop_map(fixture);
    let broken = (whole.clone(), any::<prop::sample::Index>()).prop_map(|(text, cut)| {
        let place = cut.index(text.len());
        text[..place].to_owned()
    });
    let lines = prop::sample::select(vec![
        "-----BEGIN CERTIFICATE-----\n",
        "-----END CERTIFICATE-----\n",
        "-----BEGIN PRIVATE KEY-----\n",
        "-----BEGIN ",
        "AAAA\n",
        "\r\n",
        "Bag Attributes\n",
    ]);
    prop_oneof![3 => whole, 2 => broken, 2 => lines.prop_map(str::to_owned)]
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

    #[test]
    fn what_the_target_of_requests_checks(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "DELETE", "PATCH"]),
        path in nitro_path(),
        content_type in prop::sample::select(vec!["application/json", "application/x-www-form-urlencoded", ""]),
        body in prop_oneof![3 => json_text(), 1 => text()],
    ) {
        bodies::request(&format!("{method} {path}\n{content_type}\n{body}"));
    }

    #[test]
    fn what_the_target_of_secrets_checks(
        pieces in prop::collection::vec(pem_piece(), 0..8),
        rest in any::<String>(),
    ) {
        bodies::secret(&format!("{}{rest}", pieces.concat()));
    }

    #[test]
    fn what_the_target_of_answers_checks(
        status in prop::sample::select(vec!["200", "201", "207", "404", "599", "0"]),
        body in prop_oneof![3 => json_text(), 1 => text()],
    ) {
        bodies::answer(&format!("{status}\n{body}"));
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
