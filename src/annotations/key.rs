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
    /// None, but so close to one that protects that it was probably meant as that.
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

/// How annotations of other controllers start that let only some clients in, or that verify back
/// ends. To take such an Ingress over without them would open it.
const FOREIGN_PROTECTIONS: [&str; 5] = [
    "nginx.ingress.kubernetes.io/auth-",
    "nginx.ingress.kubernetes.io/proxy-ssl-",
    "nginx.ingress.kubernetes.io/whitelist-source-range",
    "nginx.ingress.kubernetes.io/allowlist-source-range",
    "nginx.ingress.kubernetes.io/denylist-source-range",
];

/// As many edits may lie between a word and the security annotation that was meant by it.
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
        let protects = FOREIGN_PROTECTIONS.iter().any(|start| folded.starts_with(start));
        return if protects { Meaning::ForeignProtection } else { Meaning::Foreign };
    };
    if let Some((_, weight)) = unsupported.iter().find(|(known, _)| *known == name) {
        return Meaning::Unsupported(*weight);
    }
    misspelled(name).unwrap_or_else(|| {
        let keys = ANNOTATIONS.iter().map(|annotation| annotation.key);
        Meaning::Unknown(schema::nearest(&format!("{VENDOR_PREFIX}{name}"), keys))
    })
}

/// The annotation that protects and was probably meant by a name.
fn misspelled(name: &str) -> Option<Meaning> {
    let close = |known: &str| schema::distance(name, known) <= MISSPELLING;
    let protecting = ANNOTATIONS.iter().filter(|annotation| annotation.security.is_some());
    if let Some(meant) = protecting
        .filter(|meant| close(meant.name()))
        .min_by_key(|meant| schema::distance(name, meant.name()))
    {
        return Some(Meaning::Misspelled(meant.key, Some(meant)));
    }
    let decisive = VENDOR.iter().chain(OWN).filter(|(_, weight)| *weight == Weight::Decisive);
    let meant = decisive.map(|(known, _)| *known).find(|known| close(known))?;
    Some(Meaning::Misspelled(meant, None))
}
