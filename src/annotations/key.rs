//! Annotation keys as people write them: whose they are, and which one is meant.

use crate::schema;

use super::unsupported::{OWN, VENDOR, Weight};
use super::{ANNOTATIONS, Annotation};

/// What a key means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// One that is honoured.
    Known(&'static Annotation),
    /// One that is known and not supported yet.
    Unsupported(Weight),
    /// None, but so close to one that its Ingress means something else without that it was
    /// probably meant as that.
    Misspelled(&'static str, Option<&'static Annotation>),
    /// None.
    Unknown(Option<&'static str>),
    /// Somebody else's, by which they refuse clients or verify back ends.
    ForeignProtection,
    /// Somebody else's.
    Foreign,
}

/// The prefix of the vendor's annotations, which most of ours have.
pub(super) const VENDOR_PREFIX: &str = "ingress.citrix.com/";
/// The prefix of what has no name among the vendor's annotations.
pub(super) const OWN_PREFIX: &str = "nitro-ingress.dev/";
/// A prefix that never existed and suggests itself, since the vendor renamed the product.
const MISTAKEN_PREFIX: &str = "ingress.netscaler.com/";

/// All of them. A key that starts with none of them is somebody else's, unless it looks like ours.
const PREFIXES: [&str; 3] = [VENDOR_PREFIX, OWN_PREFIX, MISTAKEN_PREFIX];
/// Whose subdomains nobody else names annotations with.
const DOMAINS: [&str; 3] = ["citrix.com", "netscaler.com", "nitro-ingress.dev"];

/// How annotations of other controllers start that let only some clients in, or that verify back
/// ends. To take such an Ingress over without them would open it.
const FOREIGN_PROTECTIONS: [&str; 5] = [
    "nginx.ingress.kubernetes.io/auth-",
    "nginx.ingress.kubernetes.io/proxy-ssl-",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "nginx.ingress.kubernetes.io/denylist-source-range",
];

/// As many edits may lie between a word and the decisive annotation that was meant by it.
pub(super) const MISSPELLING: usize = 2;

/// One form for all spellings of a key: lower case, `-` for `_`.
pub(super) fn fold(key: &str) -> String {
    let lower = key.trim().to_ascii_lowercase();
    match lower.split_once('/') {
        Some((prefix, name)) => format!("{prefix}/{}", name.replace('_', "-")),
        None => lower,
    }
}

/// Says what a folded key means.
pub(super) fn meaning(folded: &str) -> Meaning {
    if let Some(annotation) = ANNOTATIONS.iter().find(|annotation| annotation.key == folded) {
        return Meaning::Known(annotation);
    }
    let (name, unsupported) = if let Some(name) = folded.strip_prefix(VENDOR_PREFIX) {
        (name, VENDOR)
    } else if let Some(name) = folded.strip_prefix(OWN_PREFIX) {
        (name, OWN)
    } else if let Some(name) = folded.strip_prefix(MISTAKEN_PREFIX) {
        (name, [].as_slice())
    } else {
        return under_no_prefix(folded);
    };
    if let Some((_, weight)) = unsupported.iter().find(|(known, _)| *known == name) {
        return Meaning::Unsupported(*weight);
    }
    misspelled_or_unknown(name)
}

/// Says what a folded key means that starts with none of our prefixes.
fn under_no_prefix(folded: &str) -> Meaning {
    if FOREIGN_PROTECTIONS.iter().any(|start| folded.starts_with(start)) {
        return Meaning::ForeignProtection;
    }
    let Some((prefix, name)) = folded.rsplit_once('/') else {
        let dotted = |ours: &&str| folded.strip_prefix(ours.trim_end_matches('/'));
        let name = PREFIXES.iter().find_map(|ours| dotted(ours)?.strip_prefix('.'));
        return name.map_or(Meaning::Foreign, protecting);
    };
    let near = |ours: &&str| schema::distance(prefix, ours.trim_end_matches('/')) <= MISSPELLING;
    if PREFIXES.iter().any(|ours| near(ours)) {
        return misspelled_or_unknown(name);
    }
    let below = |domain: &&str| {
        let rest = prefix.strip_suffix(*domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if DOMAINS.iter().any(|domain| below(domain)) { protecting(name) } else { Meaning::Foreign }
}

/// Under a prefix that is none of ours, only the exact name of what protects was meant as that.
fn protecting(name: &str) -> Meaning {
    let name = name.replace('_', "-");
    let mut protecting = ANNOTATIONS.iter().filter(|annotation| annotation.security.is_some());
    let meant = protecting.find(|annotation| annotation.name() == name);
    meant.map_or(Meaning::Foreign, |meant| Meaning::Misspelled(meant.key, Some(meant)))
}

fn misspelled_or_unknown(name: &str) -> Meaning {
    misspelled(name).unwrap_or_else(|| {
        let keys = ANNOTATIONS.iter().map(|annotation| annotation.key);
        Meaning::Unknown(schema::nearest(&format!("{VENDOR_PREFIX}{name}"), keys))
    })
}

/// The decisive annotation that was probably meant by a name.
fn misspelled(name: &str) -> Option<Meaning> {
    let close = |known: &str| schema::distance(name, known) <= MISSPELLING;
    if let Some(meant) = ANNOTATIONS
        .iter()
        .filter(|meant| meant.is_decisive() && close(meant.name()))
        .min_by_key(|meant| schema::distance(name, meant.name()))
    {
        return Some(Meaning::Misspelled(meant.key, Some(meant)));
    }
    let decisive = VENDOR.iter().chain(OWN).filter(|(_, weight)| *weight == Weight::Decisive);
    let meant = decisive.map(|(known, _)| *known).find(|known| close(known))?;
    Some(Meaning::Misspelled(meant, None))
}
