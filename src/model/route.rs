//! Which requests a route takes, and the policy expression that says so on the appliance.
//!
//! Invariant: [`RouteMatch::parse`] of [`RouteMatch::rule`] gives back exactly the host and path,
//! for any text: quotes and backslashes are escaped, so no text can become part of an expression.

use std::{fmt, iter};

/// The requests that a route takes: a host and a path with its match type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteMatch {
    /// The hosts.
    pub host: Host,
    /// The paths.
    pub path: PathMatch,
}

/// Which hosts a route takes. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// This host, whatever the port in the Host header.
    Exact(String),
    /// Every host one label below this suffix (`*.shop.example` has the suffix `shop.example`).
    Wildcard(String),
    /// Any host.
    Any,
}

/// Which paths a route takes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathMatch {
    /// This path and no other.
    Exact(String),
    /// This path and what lies below it, element by element.
    /// Invariant: starts with `/`, and has no `/` at its end unless it is `/`.
    Prefix(String),
    /// Whatever nobody else takes: the default back end of any host.
    Default,
    /// None. By a route that takes nothing an Ingress without rules is seen to be there.
    Nothing,
}

impl Host {
    /// The host of an Ingress rule: absent or empty is any.
    pub fn of_rule(host: Option<&str>) -> Self {
        match host.unwrap_or_default().to_ascii_lowercase() {
            name if name.is_empty() => Self::Any,
            name => match name.strip_prefix("*.") {
                Some(suffix) => Self::Wildcard(suffix.to_owned()),
                None => Self::Exact(name),
            },
        }
    }
}

impl Host {
    /// Whether a name of a certificate covers it. A wildcard stands for one label (documented).
    pub fn is_covered_by(&self, name: &str) -> bool {
        match (name.strip_prefix("*."), self) {
            (None, Self::Exact(host)) => name == host,
            (Some(suffix), Self::Exact(host)) => host
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest == suffix),
            (Some(suffix), Self::Wildcard(host)) => suffix == host,
            (None, Self::Wildcard(_)) | (_, Self::Any) => false,
        }
    }

    /// The names of a certificate that cover it: those for which
    /// [`is_covered_by`](Self::is_covered_by) holds, and there are no others.
    pub fn covering_names(&self) -> Vec<String> {
        match self {
            Self::Exact(host) => {
                let parent = host.split_once('.').filter(|(label, _)| !label.is_empty());
                let wildcard = parent.map(|(_, parent)| format!("*.{parent}"));
                iter::once(host.clone()).chain(wildcard).collect()
            }
            Self::Wildcard(suffix) => vec![format!("*.{suffix}")],
            Self::Any => Vec::new(),
        }
    }
}

impl PathMatch {
    /// A prefix, without the slash at its end that means nothing in Kubernetes.
    pub fn prefix(path: &str) -> Self {
        let trimmed = path.trim_end_matches('/');
        Self::Prefix(if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() })
    }

    /// The path, whatever its match type: a default back end has all of them. Of none, a word in its
    /// place.
    pub fn path(&self) -> &str {
        match self {
            Self::Exact(path) | Self::Prefix(path) => path,
            Self::Default => "/",
            Self::Nothing => "(nothing)",
        }
    }

    /// Whether it takes challenges by which a certificate authority tests who has a host (RFC 8555,
    /// 8.3), and nothing else.
    pub fn is_acme_challenge(&self) -> bool {
        const CHALLENGES: &str = "/.well-known/acme-challenge";
        match self {
            Self::Exact(path) | Self::Prefix(path) => path
                .strip_prefix(CHALLENGES)
                .is_some_and(|below| below.is_empty() || below.starts_with('/')),
            Self::Default | Self::Nothing => false,
        }
    }
}

const HOST: &str = "HTTP.REQ.HOSTNAME.SERVER.TO_LOWER";
const PATH: &str = "HTTP.REQ.URL.PATH";
const EVERY_PATH: &str = "HTTP.REQ.URL.PATH.STARTSWITH(\"/\")";

impl RouteMatch {
    /// The policy expression (documented functions; that they combine so is assumed).
    pub fn rule(&self) -> String {
        let host = match &self.host {
            Host::Exact(host) => Some(format!("{HOST}.EQ({})", quote(host))),
            // One label: what stands before the suffix has no dot.
            Host::Wildcard(suffix) => {
                let suffix = quote(&format!(".{suffix}"));
                Some(format!("{HOST}.AFTER_STR(\".\").PREPEND(\".\").EQ({suffix})"))
            }
            Host::Any => None,
        };
        let path = match &self.path {
            PathMatch::Exact(path) => Some(format!("{PATH}.EQ({})", quote(path))),
            PathMatch::Prefix(path) if path == "/" && host.is_some() => None,
            PathMatch::Prefix(path) if path == "/" => Some(EVERY_PATH.to_owned()),
            PathMatch::Prefix(path) => {
                let (whole, below) = (quote(path), quote(&format!("{path}/")));
                Some(format!("({PATH}.EQ({whole}) || {PATH}.STARTSWITH({below}))"))
            }
            PathMatch::Default => Some("TRUE".to_owned()),
            PathMatch::Nothing => Some("FALSE".to_owned()),
        };
        [host, path].into_iter().flatten().collect::<Vec<_>>().join(" && ")
    }

    /// The host whose requests it takes, unless it takes none.
    pub const fn served_host(&self) -> Option<&Host> {
        match self.path {
            PathMatch::Nothing => None,
            PathMatch::Exact(_) | PathMatch::Prefix(_) | PathMatch::Default => Some(&self.host),
        }
    }

    /// Reads an expression that [`RouteMatch::rule`] wrote; `None` for any other.
    pub fn parse(rule: &str) -> Option<Self> {
        let (host, path) = if let Some(rest) = rule.strip_prefix(HOST) {
            let (host, rest) = Self::parse_host(rest)?;
            let path = match rest.strip_prefix(" && ") {
                Some(path) => Self::parse_path(path)?,
                None => PathMatch::Prefix("/".to_owned()),
            };
            (host, path)
        } else {
            (Host::Any, Self::parse_path(rule)?)
        };
        let read = Self { host, path };
        (read.rule() == rule).then_some(read)
    }

    fn parse_host(text: &str) -> Option<(Host, &str)> {
        let (host, rest) = if let Some(text) = text.strip_prefix(".EQ(") {
            let (name, rest) = unquote(text)?;
            (Host::Exact(name), rest)
        } else {
            let text = text.strip_prefix(".AFTER_STR(\".\").PREPEND(\".\").EQ(")?;
            let (suffix, rest) = unquote(text)?;
            (Host::Wildcard(suffix.strip_prefix('.')?.to_owned()), rest)
        };
        Some((host, rest.strip_prefix(')')?))
    }

    fn parse_path(text: &str) -> Option<PathMatch> {
        match text {
            EVERY_PATH => return Some(PathMatch::Prefix("/".to_owned())),
            "TRUE" => return Some(PathMatch::Default),
            "FALSE" => return Some(PathMatch::Nothing),
            _ => (),
        }
        let prefix = text.strip_prefix('(');
        let start = prefix.unwrap_or(text).strip_prefix(PATH)?.strip_prefix(".EQ(")?;
        let (path, _) = unquote(start)?;
        Some(if prefix.is_some() { PathMatch::Prefix(path) } else { PathMatch::Exact(path) })
    }
}

/// The longest string literal of the policy language, in bytes and with its escapes (documented in
/// older releases; longer texts are joined with `+`).
const LONGEST_LITERAL: usize = 255;

/// A text of the policy language: `"` delimits a literal, `\` escapes (documented).
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut length = 0;
    for character in text.chars() {
        let (escapes, character) = match character {
            '\\' | '"' => (true, character),
            '\r' => (true, 'r'),
            '\n' => (true, 'n'),
            _ => (false, character),
        };
        let bytes = character.len_utf8() + usize::from(escapes);
        if length + bytes > LONGEST_LITERAL {
            quoted.push_str(JOINT);
            length = 0;
        }
        if escapes {
            quoted.push('\\');
        }
        quoted.push(character);
        length += bytes;
    }
    quoted.push('"');
    quoted
}

/// Between two literals of one text.
const JOINT: &str = "\" + \"";

/// Reads a text at the start of `text`; gives it and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut read = String::new();
    let mut rest = text.strip_prefix('"')?;
    loop {
        let (literal, after) = rest.split_at(rest.find(['"', '\\'])?);
        read.push_str(literal);
        if let Some(escaped) = after.strip_prefix('\\') {
            let character = escaped.chars().next()?;
            read.push(match character {
                'r' => '\r',
                'n' => '\n',
                other => other,
            });
            rest = &escaped[character.len_utf8()..];
        } else if let Some(next) = after.strip_prefix(JOINT) {
            rest = next;
        } else {
            return Some((read, after.strip_prefix('"')?));
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => f.write_str(name),
            Self::Wildcard(suffix) => write!(f, "*.{suffix}"),
            Self::Any => f.write_str("*"),
        }
    }
}

impl fmt::Display for RouteMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path == PathMatch::Nothing {
            return f.write_str("nothing (no rules)");
        }
        write!(f, "{}", self.host)?;
        match &self.path {
            PathMatch::Exact(path) => write!(f, "{path} (exact)"),
            PathMatch::Prefix(path) => f.write_str(path),
            PathMatch::Default => f.write_str(" (default)"),
            PathMatch::Nothing => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_match() -> impl Strategy<Value = RouteMatch> {
        let host = prop_oneof![
            any::<String>().prop_map(Host::Exact),
            any::<String>().prop_map(Host::Wildcard),
            Just(Host::Any)
        ];
        let path = prop_oneof![
            any::<String>().prop_map(PathMatch::Exact),
            any::<String>().prop_map(|path| PathMatch::prefix(&format!("/{path}"))),
            Just(PathMatch::Default),
            Just(PathMatch::Nothing),
        ];
        (host, path).prop_map(|(host, path)| RouteMatch { host, path })
    }

    proptest! {
        #[test]
        fn a_rule_reads_back_as_exactly_its_host_and_path(route in any_match()) {
            prop_assert_eq!(RouteMatch::parse(&route.rule()), Some(route));
        }
    }

    #[test]
    fn the_rules_are_what_an_administrator_would_write() {
        let route = |host, path| RouteMatch { host: Host::of_rule(host), path }.rule();
        assert_eq!(
            route(Some("Shop.example"), PathMatch::prefix("/")),
            r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example")"#
        );
        assert_eq!(
            route(None, PathMatch::prefix("/a/")),
            r#"(HTTP.REQ.URL.PATH.EQ("/a") || HTTP.REQ.URL.PATH.STARTSWITH("/a/"))"#
        );
        assert_eq!(route(None, PathMatch::prefix("/")), r#"HTTP.REQ.URL.PATH.STARTSWITH("/")"#);
        assert_eq!(route(None, PathMatch::Default), "TRUE");
        assert_eq!(route(None, PathMatch::Nothing), "FALSE");
    }

    #[test]
    fn challenges_of_a_certificate_authority_are_told_by_their_path() {
        let is_challenge = |path| PathMatch::prefix(path).is_acme_challenge();
        assert!(is_challenge("/.well-known/acme-challenge/"));
        assert!(is_challenge("/.well-known/acme-challenge/token"));
        assert!(!is_challenge("/.well-known/acme-challenges"));
        assert!(!is_challenge("/.well-known"));
        assert!(!PathMatch::Default.is_acme_challenge());
    }

    #[test]
    fn a_long_path_is_joined_of_literals_that_the_appliance_takes() {
        let path = PathMatch::Exact(format!("/{}", "\"x".repeat(400)));
        let route = RouteMatch { host: Host::Any, path };
        assert!(route.rule().split("\" + \"").all(|literal| literal.len() < 300));
        assert_eq!(RouteMatch::parse(&route.rule()), Some(route));
    }

    #[test]
    fn a_wildcard_covers_one_label() {
        let exact = |host: &str| Host::Exact(host.to_owned());
        assert!(exact("a.example").is_covered_by("a.example"));
        assert!(exact("a.example").is_covered_by("*.example"));
        assert!(!exact("b.a.example").is_covered_by("*.example"));
        assert!(!exact("example").is_covered_by("*.example"));
        assert!(Host::Wildcard("example".to_owned()).is_covered_by("*.example"));
        assert!(!Host::Any.is_covered_by("a.example"));
        for host in [exact("a.example"), exact("example"), Host::Wildcard("a.b".to_owned())] {
            assert!(host.covering_names().iter().all(|name| host.is_covered_by(name)), "{host:?}");
        }
        assert_eq!(exact("b.a.example").covering_names(), ["b.a.example", "*.a.example"]);
    }

    #[test]
    fn a_foreign_expression_is_not_read() {
        for rule in [
            "",
            "HTTP.REQ.URL.PATH.EQ(\"/a",
            "HTTP.REQ.IS_VALID",
            "TRUE && TRUE",
            "CLIENT.SSL.CLIENT_HELLO.SNI.TO_LOWER",
        ] {
            assert_eq!(RouteMatch::parse(rule), None, "{rule:?}");
        }
    }
}
