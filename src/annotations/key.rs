//! Annotation keys as people write them: whose they are, and which one is meant.

use crate::schema;

use super::foreign::{self, Protection};
use super::unsupported::{ELSEWHERE, UNSUPPORTED, Unsupported};
use super::{ANNOTATIONS, Annotation, Weight};

/// What a key means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Meaning {
    /// One that is honoured.
    Known(&'static Annotation),
    /// One that is known and not honoured.
    Unsupported(&'static Unsupported),
    /// One that is for other objects, by what these are, and what to write on an Ingress.
    Elsewhere(&'static str, Option<&'static str>),
    /// None, but so close to one that its Ingress means something else without that it was
    /// probably meant as that.
    Misspelled(&'static str, Option<&'static Annotation>),
    /// None.
    Unknown(Option<&'static str>),
    /// Somebody else's, by which they refuse clients or protect what goes to back ends.
    ForeignProtection(&'static Protection),
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
    if let Some(unsupported) = UNSUPPORTED.iter().find(|unsupported| unsupported.key == folded) {
        return Meaning::Unsupported(unsupported);
    }
    match PREFIXES.iter().find_map(|prefix| folded.strip_prefix(prefix)) {
        Some(name) => misspelled_or_unknown(name),
        None => under_no_prefix(folded),
    }
}

/// Says what a folded key means that starts with none of our prefixes.
fn under_no_prefix(folded: &str) -> Meaning {
    if let Some(protection) = foreign::protection_of(folded) {
        return Meaning::ForeignProtection(protection);
    }
    let Some((prefix, name)) = folded.rsplit_once('/') else {
        let dotted = |ours: &&str| folded.strip_prefix(ours.trim_end_matches('/'));
        let name = PREFIXES.iter().find_map(|ours| dotted(ours)?.strip_prefix('.'));
        return name.map_or(Meaning::Foreign, protecting);
    };
    let near = |ours: &&str| schema::distance(prefix, ours.trim_end_matches('/')) <= MISSPELLING;
    if PREFIXES.iter().any(near) {
        return misspelled_or_unknown(name);
    }
    let below = |domain: &&str| {
        let rest = prefix.strip_suffix(*domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if !DOMAINS.iter().any(below) {
        return Meaning::Foreign;
    }
    match (protecting(name), ELSEWHERE.iter().find(|(start, _)| folded.starts_with(start))) {
        (Meaning::Foreign, Some((_, owners))) => Meaning::Elsewhere(owners, counterpart(name)),
        (meaning, _) => meaning,
    }
}

/// What says on an Ingress what another annotation says on a Service, perhaps with the number of
/// one of its ports.
fn counterpart(name: &str) -> Option<&'static str> {
    let name = name.replace('_', "-");
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-');
    let same = ANNOTATIONS.iter().find(|annotation| annotation.name() == name);
    match (same, name) {
        (Some(annotation), _) => Some(annotation.key),
        (None, "service-type") => Some("ingress.citrix.com/insecure-service-type"),
        (None, "insecure-redirect") => Some("ingress.citrix.com/insecure-termination"),
        (None, "ssl-termination") => Some("ingress.citrix.com/secure-backend"),
        (None, "preconfigured-ca-certkey") => Some("ingress.citrix.com/preconfigured-certkey"),
        (None, "secret" | "ssl-certificate-data" | "ssl-key-data") => {
            Some("spec.tls with a Secret")
        }
        (None, "ssl-ca-certificate-data") => Some("ingress.citrix.com/ca-secret"),
        (None, "ssl-backend-ca-certificate-data") => Some("ingress.citrix.com/backend-ca-secret"),
        (None, _) => None,
    }
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
        let mut keys = keys.chain(UNSUPPORTED.iter().map(|unsupported| unsupported.key));
        let meant = schema::nearest(name, keys.clone().map(below_prefix));
        Meaning::Unknown(meant.and_then(|meant| keys.find(|key| below_prefix(key) == meant)))
    })
}

/// A key without its prefix.
fn below_prefix(key: &'static str) -> &'static str {
    key.split_once('/').map_or(key, |(_, name)| name)
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
    let decisive = UNSUPPORTED.iter().filter(|one| one.weight == Weight::Decisive);
    let meant = decisive.map(|one| one.key).find(|key| close(below_prefix(key)))?;
    Some(Meaning::Misspelled(meant, None))
}
