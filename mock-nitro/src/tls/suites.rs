//! Ciphers and curves by their names on the appliance, as far as the library has them: TLS 1.2 with
//! ECDHE and TLS 1.3, nothing older.

use rustls::SupportedCipherSuite;
use rustls::crypto::SupportedKxGroup;
use rustls::crypto::ring::{cipher_suite as suite, kx_group};

use crate::state::{State, number, text};

/// Strongest first.
const SUITES: [(&str, SupportedCipherSuite); 9] = [
    ("TLS1.3-AES256-GCM-SHA384", suite::TLS13_AES_256_GCM_SHA384),
    ("TLS1.3-CHACHA20-POLY1305-SHA256", suite::TLS13_CHACHA20_POLY1305_SHA256),
    ("TLS1.3-AES128-GCM-SHA256", suite::TLS13_AES_128_GCM_SHA256),
    ("TLS1.2-ECDHE-ECDSA-AES256-GCM-SHA384", suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
    ("TLS1.2-ECDHE-ECDSA-CHACHA20-POLY1305", suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS1.2-ECDHE-ECDSA-AES128-GCM-SHA256", suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("TLS1.2-ECDHE-RSA-AES256-GCM-SHA384", suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384),
    ("TLS1.2-ECDHE-RSA-CHACHA20-POLY1305", suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256),
    ("TLS1.2-ECDHE-RSA-AES128-GCM-SHA256", suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
];

/// The built-in groups that have some of these suites, and by which part of their names (assumed).
/// The other groups have none of them.
const GROUPS: [(&str, &str); 12] = [
    ("ALL", "TLS"),
    ("DEFAULT", "TLS"),
    ("DEFAULT_BACKEND", "TLS"),
    ("SECURE", "TLS"),
    ("HIGH", "TLS"),
    ("TLSv1.2_ONLY", "TLS1.2-"),
    ("ECDHE", "-ECDHE-"),
    ("aRSA", "-RSA-"),
    ("AES", "-AES"),
    ("AES-GCM", "-GCM-"),
    ("FIPS", "-GCM-"),
    ("SHA2", "-SHA"),
];

/// Curves that the library has.
const CURVES: [(&str, &dyn SupportedKxGroup); 3] =
    [("X_25519", kx_group::X25519), ("P_256", kx_group::SECP256R1), ("P_384", kx_group::SECP384R1)];

/// The suites that these names stand for, each once, in their order: names of suites, of built-in
/// groups and of groups that somebody made. What the library does not have is left out.
pub(crate) fn suites(state: &State, bound: &[&str]) -> Vec<SupportedCipherSuite> {
    let mut found = Vec::new();
    for suite in bound.iter().flat_map(|name| members(state, name)).flat_map(named) {
        if !found.contains(&suite) {
            found.push(suite);
        }
    }
    found
}

/// The members of a group that somebody made, by priority; of another name, the name itself.
fn members<'a>(state: &'a State, name: &'a str) -> Vec<&'a str> {
    let mut members: Vec<(i64, &str)> = state
        .bindings("sslcipher_sslciphersuite_binding", name)
        .map(|(_, fields)| {
            (number(fields, "cipherpriority").unwrap_or(i64::MAX), text(fields, "ciphername"))
        })
        .collect();
    members.sort_unstable();
    if members.is_empty() { vec![name] } else { members.into_iter().map(|(_, n)| n).collect() }
}

fn named(name: &str) -> impl Iterator<Item = SupportedCipherSuite> {
    let part = GROUPS.iter().find(|(group, _)| *group == name).map(|(_, part)| *part);
    SUITES
        .into_iter()
        .filter(move |(suite, _)| part.map_or(*suite == name, |part| suite.contains(part)))
        .map(|(_, suite)| suite)
}

/// The appliance's name of a cipher suite, and the bits of its key.
pub(crate) fn name_of(suite: SupportedCipherSuite) -> Option<(&'static str, u16)> {
    let (name, _) = SUITES.iter().find(|(_, other)| *other == suite)?;
    Some((name, if name.contains("AES128") { 128 } else { 256 }))
}

/// The curves of these names, in their order.
pub(crate) fn curves(bound: &[&str]) -> Vec<&'static dyn SupportedKxGroup> {
    let find = |name: &&str| CURVES.iter().find(|(curve, _)| curve == name);
    bound.iter().filter_map(find).map(|(_, curve)| *curve).collect()
}

#[cfg(test)]
mod tests {
    use rustls::NamedGroup::{X25519, secp256r1, secp384r1};
    use serde_json::json;

    use super::*;
    use crate::rules::Bench;

    #[test]
    fn a_suite_has_a_name_and_bits() {
        let name = "TLS1.3-AES128-GCM-SHA256";
        assert_eq!(name_of(suite::TLS13_AES_128_GCM_SHA256), Some((name, 128)));
        let name = "TLS1.2-ECDHE-RSA-CHACHA20-POLY1305";
        let suite = suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
        assert_eq!(name_of(suite), Some((name, 256)));
    }

    #[test]
    fn every_name_is_one_that_the_appliance_knows() {
        let state = Bench::new().state;
        for (suite, _) in SUITES {
            assert!(state.object("sslciphersuite", suite).is_some(), "{suite}");
        }
        for (group, part) in GROUPS {
            assert!(state.object("sslcipher", group).is_some(), "{group}");
            assert!(named(group).next().is_some(), "{group} {part}");
        }
    }

    #[test]
    fn suites_stand_in_the_order_in_which_they_are_bound_and_once() {
        let state = Bench::new().state;
        let found = suites(
            &state,
            &["TLS1.2-ECDHE-RSA-AES128-GCM-SHA256", "TLS1-AES-256-CBC-SHA", "ECDHE", "DEFAULT"],
        );
        assert_eq!(found.len(), 9);
        assert_eq!(found[0], suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
        assert_eq!(found[8], suite::TLS13_AES_128_GCM_SHA256);
    }

    #[test]
    fn groups_have_the_suites_that_their_names_speak_of() {
        let state = Bench::new().state;
        for (group, number) in [
            ("DEFAULT", 9),
            ("TLSv1.2_ONLY", 6),
            ("ECDHE", 6),
            ("aRSA", 3),
            ("AES-GCM", 6),
            ("SHA2", 7),
            ("kRSA", 0),
            ("SSLv3", 0),
            ("none", 0),
        ] {
            assert_eq!(suites(&state, &[group]).len(), number, "{group}");
        }
    }

    #[test]
    fn a_group_that_somebody_made_has_its_members_by_priority() {
        let mut bench = Bench::new();
        bench.add("sslcipher", &json!({"ciphergroupname": "own"})).unwrap();
        for (name, priority) in
            [("TLS1.2-ECDHE-RSA-AES256-GCM-SHA384", 2), ("TLS1.3-AES256-GCM-SHA384", 1)]
        {
            let member =
                json!({"ciphergroupname": "own", "ciphername": name, "cipherpriority": priority});
            bench.bind("sslcipher_sslciphersuite_binding", &member).unwrap();
        }
        let expected =
            [suite::TLS13_AES_256_GCM_SHA384, suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384];
        assert_eq!(suites(&bench.state, &["own"]), expected);
    }

    #[test]
    fn curves_stand_in_the_order_in_which_they_are_bound() {
        let names = |bound: &[&str]| {
            curves(bound).into_iter().map(SupportedKxGroup::name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["P_384", "P_224", "P_256"]), [secp384r1, secp256r1]);
        assert_eq!(names(&["X_25519"]), [X25519]);
    }
}
