//! Every annotation that is honoured, with its documentation.

use super::{IngressSettings, ParseError, address, key, profile, services};

/// An annotation that is honoured. All of them are in [`ANNOTATIONS`].
#[derive(Debug)]
pub struct Annotation {
    /// The whole key, for example `ingress.citrix.com/frontend-ip`. `_` may stand for `-`, and case
    /// means nothing.
    pub key: &'static str,
    /// What its value is about.
    pub scope: Scope,
    /// What its value looks like, for the reference.
    pub value: &'static str,
    /// What holds when it is absent.
    pub default: &'static str,
    /// One sentence for users.
    pub doc: &'static str,
    /// A value that parses.
    pub example: &'static str,
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
    /// The back ends of single Services.
    Service,
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

const FLAG: Faults = Faults {
    empty: Outcome::Unmet,
    malformed: Outcome::Unmet,
    missing_secret: Outcome::Impossible,
    wrong_keys: Outcome::Impossible,
    bad_pem: Outcome::Impossible,
    key_mismatch: Outcome::Impossible,
    other_namespace: Outcome::Impossible,
};
const CA: Faults = Faults {
    missing_secret: Outcome::Unmet,
    wrong_keys: Outcome::Unmet,
    bad_pem: Outcome::Unmet,
    other_namespace: Outcome::Unmet,
    ..FLAG
};
const KEY_PAIR: Faults = Faults { key_mismatch: Outcome::Unmet, ..CA };

/// All annotations, sorted by key.
pub const ANNOTATIONS: &[Annotation] = &[
    Annotation {
        key: "ingress.citrix.com/backend-ca-secret",
        scope: Scope::Service,
        value: r#"{"SERVICE": "SECRET"}"#,
        default: "the certificate of the back end is not verified",
        doc: "Verifies the certificate of a back end and its name against the CA certificates of a \
              Secret (key `ca.crt`, or else `tls.crt`).",
        example: r#"{"apache": "tls-ca"}"#,
        security: Some(CA),
        read: services::read_backend_ca_secret,
    },
    Annotation {
        key: "ingress.citrix.com/backend-secret",
        scope: Scope::Service,
        value: r#"{"SERVICE": "SECRET"}"#,
        default: "no client certificate is shown to the back end",
        doc: "The client certificate and key that are shown to a back end (keys `tls.crt` and \
              `tls.key`).",
        example: r#"{"apache": "wildcard-secret"}"#,
        security: Some(KEY_PAIR),
        read: services::read_backend_secret,
    },
    Annotation {
        key: "ingress.citrix.com/backend-sslprofile",
        scope: Scope::Service,
        value: r#"{"SERVICE": {"FIELD": "VALUE"}}"#,
        default: "the TLS defaults",
        doc: "Fields of the SSL profile towards a back end, by NITRO's names; `sni` stands for \
              `snienable`.",
        example: r#"{"apache": {"serverauth": "enabled", "sni": "enabled"}}"#,
        security: Some(FLAG),
        read: profile::read_backend_sslprofile,
    },
    Annotation {
        key: "ingress.citrix.com/ca-secret",
        scope: Scope::FrontEnd,
        value: r#"{"SERVICE": "SECRET"}"#,
        default: "no client certificate is asked for",
        doc: "Demands a client certificate that one of the CA certificates of a Secret has issued \
              (key `ca.crt`, or else `tls.crt`); it applies to the whole front end.",
        example: r#"{"apache": "tls-ca"}"#,
        security: Some(CA),
        read: services::read_ca_secret,
    },
    Annotation {
        key: "ingress.citrix.com/frontend-ip",
        scope: Scope::FrontEnd,
        value: "ADDRESS",
        default: "the address that the controller was started with",
        doc: "The address that clients connect to.",
        example: "192.0.2.10",
        security: None,
        read: address::read_frontend_ip,
    },
    Annotation {
        key: "ingress.citrix.com/frontend-sslprofile",
        scope: Scope::FrontEnd,
        value: r#"{"FIELD": "VALUE"}"#,
        default: "the TLS defaults, or what an older Ingress on the same front end sets",
        doc: "Fields of the SSL profile towards clients, by NITRO's names; `sni` stands for \
              `snienable`.",
        example: r#"{"clientauth": "enabled", "sni": "enabled"}"#,
        security: Some(FLAG),
        read: profile::read_frontend_sslprofile,
    },
    Annotation {
        key: "ingress.citrix.com/secure-backend",
        scope: Scope::Service,
        value: r#"True, or {"SERVICE": "True"}"#,
        default: "False: back ends are spoken to in plain text",
        doc: "Speaks to back ends in TLS, to all of the Ingress or to those of the named Services.",
        example: r#"{"apache": "True"}"#,
        security: Some(FLAG),
        read: services::read_secure_backend,
    },
];

impl Annotation {
    /// Whether an Ingress means something else without it: it protects, or is about a front end,
    /// and so about where and by whom the Ingress is reached.
    pub fn is_decisive(&self) -> bool {
        self.security.is_some() || self.scope == Scope::FrontEnd
    }

    /// The key below its prefix.
    pub fn name(&self) -> &'static str {
        let vendor = self.key.strip_prefix(key::VENDOR_PREFIX);
        vendor.or_else(|| self.key.strip_prefix(key::OWN_PREFIX)).unwrap_or(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_sorted_by_key_and_folded() {
        assert!(ANNOTATIONS.is_sorted_by_key(|annotation| annotation.key));
        for annotation in ANNOTATIONS {
            assert_eq!(key::fold(annotation.key), annotation.key);
            assert_ne!(annotation.name(), annotation.key);
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
