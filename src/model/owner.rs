//! Whose an object is: our mark in names and comments, written and read in one place.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

/// A namespaced Kubernetes object by namespace and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ObjectKey {
    /// Names an object.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// The cluster that an object belongs to, as the operator or the kube-system namespace names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterId {
    id: String,
    tag: String,
}

impl ClusterId {
    /// Checks a cluster id: 1 to 63 letters, digits, `-`, `_` or `.`, so that it can stand in a
    /// comment.
    pub fn parse(text: &str) -> Option<Self> {
        let well_formed = (1..=63).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        let tag = || base32(&Sha256::digest(text.as_bytes()), 5);
        well_formed.then(|| Self { id: text.to_owned(), tag: tag() })
    }

    /// The id as given.
    pub fn as_str(&self) -> &str {
        &self.id
    }

    /// Its short form in names: 5 base32 characters of its SHA-256.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

/// An Ingress in names on the appliance: 10 base32 characters of the SHA-256 of `namespace/name`.
/// Not the uid: to delete an Ingress and create it again is an edit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IngressId([u8; Self::LENGTH]);

impl IngressId {
    const LENGTH: usize = 10;

    /// The id of the Ingress of that name.
    pub fn of(ingress: &ObjectKey) -> Self {
        let digest = Sha256::digest(ingress.to_string().as_bytes());
        Self::parse(&base32(&digest, Self::LENGTH)).expect("base32 is well-formed")
    }

    /// Reads an id as it stands in a name or comment.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes().try_into().ok()?;
        let well_formed =
            text.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b));
        well_formed.then_some(Self(bytes))
    }

    /// The 10 characters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("base32 is ASCII")
    }
}

impl fmt::Debug for IngressId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IngressId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for IngressId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The set of one Ingress alone. Nearly everything is there for one, and what stands together for the
/// same: so the last set is kept, and shared.
#[derive(Debug, Default)]
pub(crate) struct Alone(Arc<BTreeSet<IngressId>>);

impl Alone {
    /// The set of this Ingress, or of none.
    pub(crate) fn of(&mut self, ingress: Option<IngressId>) -> Arc<BTreeSet<IngressId>> {
        if self.0.first() != ingress.as_ref() {
            self.0 = Arc::new(ingress.into_iter().collect());
        }
        Arc::clone(&self.0)
    }
}

/// What marks an object as ours: the prefix of names and the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The first part of every name, at most 8 letters or digits.
    pub prefix: String,
    /// The cluster that we act for.
    pub cluster: ClusterId,
}

/// What the `comment` of an object of ours says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerComment {
    /// The Ingress that it was made for, if it was made for one.
    pub ingress: Option<(IngressId, ObjectKey)>,
    /// The Service and port behind it, as `name:port`, of a back end.
    pub service: Option<String>,
}

const COMMENT_START: &str = "nitro-ingress cluster=";

/// Whether a comment marks an object as that of some cluster, ours or another.
pub(crate) fn is_owner_comment(comment: &str) -> bool {
    comment.starts_with(COMMENT_START)
}

impl Mark {
    /// The start of every name that carries the cluster: `<prefix>-<cluster tag>-`.
    pub fn name_start(&self) -> String {
        format!("{}-{}-", self.prefix, self.cluster.tag())
    }

    /// A name that belongs to no single Ingress: `<prefix>-<cluster tag>-<rest>`.
    pub fn shared_name(&self, rest: &str) -> String {
        format!("{}{rest}", self.name_start())
    }

    /// A name that belongs to one Ingress: `<prefix>-<cluster tag>-<Ingress id>-<rest>`.
    pub fn ingress_name(&self, ingress: &IngressId, rest: &str) -> String {
        format!("{}{ingress}-{rest}", self.name_start())
    }

    /// Whether a name carries our mark, exactly.
    pub fn owns_name(&self, name: &str) -> bool {
        name.strip_prefix(&self.name_start()).is_some_and(|rest| !rest.is_empty())
    }

    /// The Ingress that a name of ours carries, if it carries one.
    pub fn ingress_of_name(&self, name: &str) -> Option<IngressId> {
        let rest = name.strip_prefix(&self.name_start())?;
        IngressId::parse(rest.split_once('-')?.0)
    }

    /// Writes the comment of an object of ours.
    pub fn comment(&self, owner: &OwnerComment) -> String {
        let mut text = format!("{COMMENT_START}{}", self.cluster);
        if let Some((id, key)) = &owner.ingress {
            text = format!("{text} ingress={id} name={key}");
        }
        if let Some(service) = &owner.service {
            text = format!("{text} service={service}");
        }
        text
    }

    /// Reads a comment; `None` if it is not of our cluster.
    pub fn parse_comment(&self, comment: &str) -> Option<OwnerComment> {
        let mut words = comment.strip_prefix(COMMENT_START)?.split(' ');
        if words.next()? != self.cluster.as_str() {
            return None;
        }
        let mut owner = OwnerComment { ingress: None, service: None };
        let mut id = None;
        for word in words {
            match word.split_once('=')? {
                ("ingress", value) => id = Some(IngressId::parse(value)?),
                ("name", value) => {
                    let (namespace, name) = value.split_once('/')?;
                    owner.ingress = Some((id?, ObjectKey::new(namespace, name)));
                }
                ("service", value) => owner.service = Some(value.to_owned()),
                _ => return None,
            }
        }
        Some(owner)
    }
}

/// The first `length` characters of the lower-case base32 form (RFC 4648, no padding).
pub(crate) fn base32(bytes: &[u8], length: usize) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bit = |i: usize| bytes.get(i / 8).is_some_and(|byte| byte >> (7 - i % 8) & 1 == 1);
    (0..length.min((bytes.len() * 8).div_ceil(5)))
        .map(|i| (0..5).fold(0, |n, b| n << 1 | usize::from(bit(i * 5 + b))))
        .map(|n| char::from(ALPHABET[n]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark() -> Mark {
        Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() }
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        assert_eq!(base32(b"foobar", 99), "mzxw6ytboi");
        assert_eq!(base32(b"fooba", 3), "mzx");
    }

    #[test]
    fn a_comment_reads_back_as_written() {
        let key = ObjectKey::new("shop", "web");
        let owner = OwnerComment {
            ingress: Some((IngressId::of(&key), key)),
            service: Some("apache:443".to_owned()),
        };
        assert_eq!(mark().parse_comment(&mark().comment(&owner)), Some(owner));
        let shared = OwnerComment { ingress: None, service: None };
        assert_eq!(mark().parse_comment(&mark().comment(&shared)), Some(shared));
    }

    #[test]
    fn what_only_looks_like_ours_is_not_ours() {
        let mark = mark();
        for comment in ["", "nitro-ingress cluster=local2", "nitro-ingress cluster=local x"] {
            assert_eq!(mark.parse_comment(comment), None, "{comment:?}");
        }
        for name in ["k8s-web", "k8s-", "k8s2-aaaaa-x", &mark.name_start()] {
            assert!(!mark.owns_name(name), "{name:?}");
        }
    }

    #[test]
    fn a_name_carries_its_ingress() {
        let id = IngressId::of(&ObjectKey::new("default", "web-ingress"));
        let name = mark().ingress_name(&id, "abc");
        assert_eq!(mark().ingress_of_name(&name), Some(id));
        assert_eq!(mark().ingress_of_name(&mark().shared_name("404")), None);
    }
}
