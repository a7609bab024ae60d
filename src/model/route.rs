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
}

const HOST: &str = "HTTP.REQ.HOSTNAME.SERVER.TO_LOWER";
const PATH: &str = "HTTP.REQ.URL.PATH";

impl RouteMatch {
    /// The policy expression (documented functions; that they combine so is assumed).
    pub fn rule(&self) -> String {
        let host = match &self.host {
            Host::Exact(name) => Some(format!("{HOST}.EQ({})", quote(name))),
            // One label: what stands before the suffix has no dot.
            Host::Wildcard(suffix) => {
                let suffix = quote(&format!(".{suffix}"));
                Some(format!("{HOST}.AFTER_STR(\".\").PREPEND(\".\").EQ({suffix})"))
            }
            Host::Any => None,
        };
        let path = match &self.path {
            PathMatch::Exact(path) => Some(format!("{PATH}.EQ({})", quote(path))),
            PathMatch::Prefix(path) if path == "/" => None,
            PathMatch::Prefix(path) => {
                let (whole, below) = (quote(path), quote(&format!("{path}/")));
                Some(format!("({PATH}.EQ({whole}) || {PATH}.STARTSWITH({below}))"))
            }
        };
        match (host, path) {
            (Some(host), Some(path)) => format!("{host} && {path}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "TRUE".to_owned(),
        }
    }

    /// Reads an expression that [`RouteMatch::rule`] wrote; `None` for any other.
    pub fn parse(rule: &str) -> Option<Self> {
        let mut rest = rule;
        let mut host = Host::Any;
        if let Some(after) = rest.strip_prefix(HOST) {
            let (value, end) = if let Some(text) = after.strip_prefix(".EQ(") {
                let (name, end) = unquote(text)?;
                (Host::Exact(name), end)
            } else {
                let text = after.strip_prefix(".AFTER_STR(\".\").PREPEND(\".\").EQ(")?;
                let (suffix, end) = unquote(text)?;
                (Host::Wildcard(suffix.strip_prefix('.')?.to_owned()), end)
            };
            host = value;
            rest = end.strip_prefix(')')?;
            rest = rest.strip_prefix(" && ").unwrap_or(rest);
        }
        let path = match rest {
            "" | "TRUE" => PathMatch::Prefix("/".to_owned()),
            _ => Self::parse_path(rest)?,
        };
        let read = Self { host, path };
        (read.rule() == rule).then_some(read)
    }

    fn parse_path(text: &str) -> Option<PathMatch> {
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
fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut length = 0;
    for character in text.chars() {
        let escapes = matches!(character, '\\' | '"');
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
            read.push(character);
            rest = &escaped[character.len_utf8()..];
        } else if let Some(next) = after.strip_prefix(JOINT) {
            rest = next;
        } else {
            return Some((read, after.strip_prefix('"')?));
        }
    }
}

impl fmt::Display for RouteMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Exact(name) => f.write_str(name)?,
            Host::Wildcard(suffix) => write!(f, "*.{suffix}")?,
            Host::Any => f.write_str("*")?,
        }
        match &self.path {
            PathMatch::Exact(path) => write!(f, "{path} (exact)"),
            PathMatch::Prefix(path) => f.write_str(path),
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
        assert_eq!(route(None, PathMatch::prefix("/")), "TRUE");
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
        for rule in ["", "HTTP.REQ.URL.PATH.EQ(\"/a", "HTTP.REQ.IS_VALID", "TRUE && TRUE"] {
            assert_eq!(RouteMatch::parse(rule), None, "{rule:?}");
        }
    }
}
