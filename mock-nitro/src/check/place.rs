//! Which host and path a content-switching rule is for, and what a responder rule means for them.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::expression::{Atom, Expression, Match};
use super::view::{Host, Place};

/// Whom a responder policy turns away at one place.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Refusal {
    pub(super) without_certificate: bool,
    pub(super) with_invalid_certificate: bool,
    pub(super) with_valid_certificate: bool,
}

/// Reads the host and path out of a rule. What is not understood becomes part of the place as text,
/// so that the same condition is the same place.
pub(super) fn place(rule: &Expression) -> Place {
    let mut hosts = Vec::new();
    let mut paths = Vec::new();
    let mut others = String::new();
    for conjunct in rule.conjuncts() {
        let alternatives = conjunct.alternatives();
        if let Some(matches) = matches(&alternatives, host_of) {
            hosts.push(matches);
        } else if let Some(matches) = matches(&alternatives, path_of) {
            paths.push(matches);
        } else if *conjunct != Expression::Atom(Atom::Constant(true)) {
            write!(others, " && {conjunct:?}").expect("a string takes all text");
        }
    }
    Place { host: host(&hosts), path: path(&paths) + &others }
}

/// The matches of alternatives that are all of one sort.
fn matches<'a>(
    alternatives: &[&'a Expression],
    sort: impl Fn(&'a Atom) -> Option<&'a Match>,
) -> Option<Vec<&'a Match>> {
    let atoms = alternatives.iter().map(|alternative| match alternative {
        Expression::Atom(atom) => sort(atom),
        Expression::All(_) | Expression::Any(_) | Expression::Not(_) => None,
    });
    atoms.collect()
}

fn host_of(atom: &Atom) -> Option<&Match> {
    if let Atom::Host(host) = atom { Some(host) } else { None }
}

fn path_of(atom: &Atom) -> Option<&Match> {
    if let Atom::Path(path) = atom { Some(path) } else { None }
}

/// One name is a host; one `.domain` at the end is a wildcard, whatever else limits its labels.
fn host(conditions: &[Vec<&Match>]) -> Host {
    let alone: Vec<&Match> = conditions.iter().filter(|c| c.len() == 1).map(|c| c[0]).collect();
    let wildcard = alone.iter().find_map(|condition| match condition {
        Match::EndsWith(end) => end.strip_prefix('.'),
        Match::Equals(_) | Match::StartsWith(_) | Match::Text(_) => None,
    });
    match (conditions, alone.as_slice(), wildcard) {
        ([], ..) => Host::Any,
        ([_], [Match::Equals(host)], _) => Host::Exact(host.clone()),
        (_, _, Some(domain)) => Host::Wildcard(domain.to_owned()),
        _ => Host::Text(format!("{conditions:?}")),
    }
}

/// `EQ("/a") || STARTSWITH("/a/")` is the path `/a`, and so is each of them alone.
fn path(conditions: &[Vec<&Match>]) -> String {
    let literal = |condition: &&Match| match condition {
        Match::Equals(path) | Match::StartsWith(path) => {
            Some(path.trim_end_matches('/').to_owned())
        }
        Match::EndsWith(_) | Match::Text(_) => None,
    };
    let literals: Option<BTreeSet<String>> = conditions.iter().flatten().map(literal).collect();
    let mut literals = match literals {
        Some(literals) if literals.len() <= 1 => literals,
        Some(_) | None => return format!("/<{conditions:?}>"),
    };
    literals.pop_first().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned())
}

/// Whom a responder rule catches among the clients of a place: for certain, not perhaps.
///
/// Whether a missing certificate makes `IS_VALID` false, and an invalid one `EXISTS` true, is not
/// documented, so a rule must test both to catch both.
pub(super) fn refusal(rule: &Expression, place: &Place) -> Refusal {
    let caught = |exists: Option<bool>, valid: Option<bool>| {
        rule.holds(&|atom| match atom {
            Atom::CertificateExists => exists,
            Atom::CertificateIsValid => valid,
            Atom::Host(condition) => host_meets(&place.host, condition),
            Atom::Path(condition) => path_meets(&place.path, condition),
            Atom::Constant(value) => Some(*value),
            Atom::Other(_) => None,
        }) == Some(true)
    };
    Refusal {
        without_certificate: caught(Some(false), None),
        with_invalid_certificate: caught(None, Some(false)),
        with_valid_certificate: caught(Some(true), Some(true)),
    }
}

fn host_meets(host: &Host, condition: &Match) -> Option<bool> {
    match (host, condition) {
        (Host::Exact(host), Match::Equals(other)) => Some(host == other),
        (Host::Exact(host), Match::StartsWith(start)) => Some(host.starts_with(start.as_str())),
        (Host::Exact(host), Match::EndsWith(end)) => Some(host.ends_with(end.as_str())),
        (Host::Wildcard(domain), Match::EndsWith(end)) => {
            format!(".{domain}").ends_with(end.as_str()).then_some(true)
        }
        (Host::Any | Host::Wildcard(_) | Host::Text(_), _) | (Host::Exact(_), Match::Text(_)) => {
            None
        }
    }
}

/// A place stands for its path and everything below it.
fn path_meets(path: &str, condition: &Match) -> Option<bool> {
    match condition {
        Match::Equals(other) | Match::StartsWith(other) if apart(path, other) => Some(false),
        Match::StartsWith(start) if path.starts_with(start.as_str()) => Some(true),
        Match::Equals(_) | Match::StartsWith(_) | Match::EndsWith(_) | Match::Text(_) => None,
    }
}

fn apart(one: &str, other: &str) -> bool {
    !one.starts_with(other) && !other.starts_with(one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rule: &str) -> String {
        place(&Expression::parse(rule)).to_string()
    }

    #[test]
    fn a_rule_says_host_and_path() {
        for (rule, expected) in [
            (
                r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("a.b") && HTTP.REQ.URL.PATH.EQ("/x")"#,
                "a.b/x",
            ),
            (r#"HTTP.REQ.HOSTNAME.EQ("a.b")&&HTTP.REQ.URL.STARTSWITH("/x/")"#, "a.b/x"),
            (
                r#"HTTP.REQ.HOSTNAME.EQ("a.b") && (HTTP.REQ.URL.PATH.EQ("/x") || HTTP.REQ.URL.PATH.STARTSWITH("/x/"))"#,
                "a.b/x",
            ),
            (r#"HTTP.REQ.HOSTNAME.EQ("a.b") && HTTP.REQ.URL.PATH.STARTSWITH("/")"#, "a.b/"),
            (r#"HTTP.REQ.HOSTNAME.EQ("a.b")"#, "a.b/"),
            (r#"HTTP.REQ.HOSTNAME.ENDSWITH(".b") && HTTP.REQ.URL.PATH.EQ("/x")"#, "*.b/x"),
            (r#"HTTP.REQ.URL.PATH.EQ("/x")"#, "*/x"),
            ("TRUE", "*/"),
            (r#"CLIENT.SSL.CLIENT_HELLO.SNI.EQ("a.b")"#, "a.b/"),
        ] {
            assert_eq!(read(rule), expected, "{rule}");
        }
    }

    #[test]
    fn what_else_a_rule_demands_makes_another_place() {
        let plain = r#"HTTP.REQ.HOSTNAME.EQ("a.b") && HTTP.REQ.URL.PATH.EQ("/x")"#;
        for more in [
            r#" && HTTP.REQ.METHOD.EQ("GET")"#,
            r#" && HTTP.REQ.URL.PATH.EQ("/y")"#,
            r#" && HTTP.REQ.HOSTNAME.EQ("c.d")"#,
            r#" && HTTP.REQ.URL.PATH.ENDSWITH(".png").NOT"#,
            r#" || HTTP.REQ.METHOD.EQ("GET")"#,
        ] {
            let rule = format!("{plain}{more}");
            assert_ne!(read(&rule), read(plain), "{rule}");
            assert_eq!(read(&rule), read(&rule.clone()), "{rule}");
        }
    }

    #[test]
    fn a_rule_refuses_only_what_it_catches_for_certain() {
        const BOTH: &str =
            "(CLIENT.SSL.CLIENT_CERT.EXISTS.NOT || CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT)";
        let place = place(&Expression::parse(
            r#"HTTP.REQ.HOSTNAME.EQ("a.b") && HTTP.REQ.URL.PATH.STARTSWITH("/x")"#,
        ));
        let caught = |rule: &str| {
            let refusal = refusal(&Expression::parse(rule), &place);
            [
                refusal.without_certificate,
                refusal.with_invalid_certificate,
                refusal.with_valid_certificate,
            ]
        };
        for (rule, expected) in [
            ("TRUE", [true, true, true]),
            (BOTH, [true, true, false]),
            ("CLIENT.SSL.CLIENT_CERT.EXISTS.NOT", [true, false, false]),
            ("CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT", [false, true, false]),
            (&format!(r#"HTTP.REQ.HOSTNAME.EQ("a.b") && {BOTH}"#), [true, true, false]),
            (&format!(r#"HTTP.REQ.HOSTNAME.EQ("c.d") && {BOTH}"#), [false, false, false]),
            (&format!(r#"HTTP.REQ.URL.PATH.STARTSWITH("/") && {BOTH}"#), [true, true, false]),
            (&format!(r#"HTTP.REQ.URL.PATH.STARTSWITH("/x/y") && {BOTH}"#), [false, false, false]),
            (&format!(r#"HTTP.REQ.URL.PATH.STARTSWITH("/z").NOT && {BOTH}"#), [true, true, false]),
            (&format!(r#"HTTP.REQ.METHOD.EQ("GET") && {BOTH}"#), [false, false, false]),
        ] {
            assert_eq!(caught(rule), expected, "{rule}");
        }
    }
}
