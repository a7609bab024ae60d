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
