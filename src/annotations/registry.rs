//! What is known about an annotation that is honoured.

use super::fields::FieldSet;
use super::{IngressSettings, ParseError, key};

/// An annotation that is honoured. All of them are in [`super::ANNOTATIONS`].
#[derive(Debug)]
pub struct Annotation {
    /// The whole key, for example `ingress.citrix.com/frontend-ip`. `_` may stand for `-`, and case
    /// means nothing.
    pub key: &'static str,
    /// What its value is about.
    pub scope: Scope,
    /// What an Ingress is without it.
    pub weight: Weight,
    /// What its value looks like, for the reference.
    pub value: &'static str,
    /// What holds when it is absent.
    pub default: &'static str,
    /// One sentence for users.
    pub doc: &'static str,
    /// A value that parses.
    pub example: &'static str,
    /// Of an annotation that sets fields of a NITRO type: which ones.
    pub fields: Option<&'static FieldSet>,
    /// Of an annotation that protects: what each fault does.
    pub security: Option<Faults>,
    /// Reads the value into the settings of its Ingress. Refuses an empty value.
    pub read: fn(&str, &mut IngressSettings) -> Result<(), ParseError>,
}

/// What the value of an annotation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The front end, which Ingresses share.
    FrontEnd,
    /// All routes of the Ingress, and nobody else's.
    Ingress,
    /// The back ends of single Services.
    Service,
}

/// What an Ingress is without an annotation that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Something else: without protection, or reached elsewhere or by others. So it is unmet where
    /// the annotation is not understood.
    Decisive,
    /// The same, perhaps slower.
    Harmless,
}

/// What each fault of an annotation that protects does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Faults {
    /// Nothing, or nothing but braces.
    pub empty: Outcome,
    /// Not what the annotation wants: broken JSON, a wrong type, an unknown member.
    pub malformed: Outcome,
    /// A Secret that does not exist.
    pub missing_secret: Outcome,
    /// A Secret without the keys that are needed.
    pub wrong_keys: Outcome,
    /// A Secret whose content is no PEM.
    pub bad_pem: Outcome,
    /// A private key that does not belong to its certificate.
    pub key_mismatch: Outcome,
    /// A Secret of another namespace.
    pub other_namespace: Outcome,
}

/// What a fault does. There is no "ignored".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The Ingress is unmet: new, it is not programmed; programmed, it is held or closed.
    Unmet,
    /// The annotation cannot have this fault.
    Impossible,
}

impl Annotation {
    /// Whether an Ingress means something else without it.
    pub fn is_decisive(&self) -> bool {
        self.weight == Weight::Decisive
    }

    /// The key with underscores, which many write and which is the same.
    pub fn underscored(&self) -> Option<String> {
        let name = self.name();
        let prefix = &self.key[..self.key.len() - name.len()];
        name.contains('-').then(|| format!("{prefix}{}", name.replace('-', "_")))
    }

    /// The key below its prefix.
    pub fn name(&self) -> &'static str {
        let vendor = self.key.strip_prefix(key::VENDOR_PREFIX);
        vendor.or_else(|| self.key.strip_prefix(key::OWN_PREFIX)).unwrap_or(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::ANNOTATIONS;
    use super::*;

    #[test]
    fn annotations_are_sorted_by_key_and_folded() {
        assert!(ANNOTATIONS.is_sorted_by_key(|annotation| annotation.key));
        for annotation in ANNOTATIONS {
            assert_eq!(key::fold(annotation.key), annotation.key);
            assert_ne!(annotation.name(), annotation.key);
            assert!(annotation.security.is_none() || annotation.is_decisive());
        }
    }

    #[test]
    fn each_example_parses_and_garbage_does_not() {
        for Annotation { key, example, read, .. } in ANNOTATIONS {
            let mut settings = IngressSettings::default();
            assert_eq!(read(example, &mut settings), Ok(()), "{key}");
            for garbage in ["", " ", "{", "[1]", "null", "{}", "\u{201c}x\u{201d}", "{\"a\": null}"]
            {
                assert!(read(garbage, &mut settings).is_err(), "{key} {garbage:?}");
            }
        }
    }
}
