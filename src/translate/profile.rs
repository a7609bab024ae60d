//! SSL profiles: the TLS defaults, what annotations change in them, and their names.
//!
//! A profile is an immutable value named by the digest of its content: every field that matters is
//! written out, so that an appliance's own defaults never decide.

use crate::model::{BindingId, EntityId, Fields, Kind, Mark, Role, State, Value};
use crate::schema;

use super::names;

/// The content of one SSL profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Profile {
    fields: Fields,
    /// Strongest first.
    ciphers: Vec<String>,
}

/// Why settings make no profile. The text makes sense after "because ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Incomplete {
    /// A field means nothing, and is refused, unless another has a certain value.
    #[error("{field:?} has no effect unless {master:?} is {wanted}")]
    WithoutMaster {
        /// The field.
        field: &'static str,
        /// What it depends on.
        master: &'static str,
        /// What that must be.
        wanted: &'static str,
    },
    /// All protocol versions are off.
    #[error("no protocol version is left enabled")]
    NoProtocol,
    /// SNI is off where every certificate is bound for SNI.
    #[error(
        "\"snienable\" is DISABLED, but certificates are served by the name that a client asks for"
    )]
    WithoutSni,
}

impl Incomplete {
    pub(super) fn remedy(&self) -> String {
        match self {
            Self::WithoutMaster { field, master, wanted } => {
                format!("set {master:?} to {wanted}, or remove {field:?}")
            }
            Self::NoProtocol => "leave \"tls12\" or \"tls13\" enabled".to_owned(),
            Self::WithoutSni => "remove \"snienable\"".to_owned(),
        }
    }
}

const PROTOCOLS: &[(&str, &str)] = &[
    ("ssl3", "DISABLED"),
    ("tls1", "DISABLED"),
    ("tls11", "DISABLED"),
    ("tls12", "ENABLED"),
    ("tls13", "ENABLED"),
];

/// Strongest first. The names are those of the appliance (documented).
const CIPHERS: &[&str] = &[
    "TLS1.3-AES256-GCM-SHA384",
    "TLS1.3-CHACHA20-POLY1305-SHA256",
    "TLS1.3-AES128-GCM-SHA256",
    "TLS1.2-ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS1.2-ECDHE-RSA-AES256-GCM-SHA384",
    "TLS1.2-ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS1.2-ECDHE-RSA-AES128-GCM-SHA256",
];
/// The first priority: below it is the one of the group that a profile is born with.
const FIRST_CIPHER_PRIORITY: i64 = 10;

/// What a profile is born with (documented); listed so that nothing else is bound to it.
const CURVES: &[&str] = &["P_256", "P_384", "P_224", "P_521"];

/// A field, what it depends on, and what that must be (documented: the appliance refuses others).
const MASTERS: &[(&str, &str, &str)] = &[
    ("clientcert", "clientauth", "ENABLED"),
    ("skipclientcertpolicycheck", "clientcert", "Mandatory"),
    ("sesstimeout", "sessreuse", "ENABLED"),
    ("sessionticketlifetime", "sessionticket", "ENABLED"),
    ("maxage", "hsts", "ENABLED"),
    ("includesubdomains", "hsts", "ENABLED"),
    ("preload", "hsts", "ENABLED"),
    ("redirectportrewrite", "sslredirect", "ENABLED"),
];

impl Profile {
    /// A profile towards clients, with what annotations ask for over the defaults.
    pub(super) fn front_end(asked: &Fields) -> Result<Self, Incomplete> {
        let mut fields = defaults("FrontEnd");
        let authenticates = is(asked, "clientauth", "ENABLED");
        // A resumed session would go on with a certificate that was checked long ago.
        let reuse = if authenticates { "DISABLED" } else { "ENABLED" };
        for (name, value) in [
            ("snienable", "ENABLED"),
            ("snihttphostmatch", "STRICT"),
            ("clientauth", "DISABLED"),
            ("sessreuse", reuse),
            ("sessionticket", "DISABLED"),
            ("zerorttearlydata", "DISABLED"),
            ("hsts", "DISABLED"),
        ] {
            fields.insert(name.to_owned(), value.into());
        }
        fields.extend(asked.clone());
        complete(&mut fields, "clientauth", [("clientcert", "Mandatory".into())]);
        complete(&mut fields, "sessreuse", [("sesstimeout", 120.into())]);
        complete(
            &mut fields,
            "hsts",
            [("maxage", 0.into()), ("includesubdomains", "NO".into()), ("preload", "NO".into())],
        );
        if !is(&fields, "snienable", "ENABLED") {
            return Err(Incomplete::WithoutSni);
        }
        Self::of(fields).checked()
    }

    /// A profile towards a back end. The fields that name and verify it come with `asked`.
    pub(super) fn back_end(asked: &Fields) -> Result<Self, Incomplete> {
        let mut fields = defaults("BackEnd");
        for (name, value) in
            [("snienable", "DISABLED"), ("serverauth", "DISABLED"), ("sessreuse", "ENABLED")]
        {
            fields.insert(name.to_owned(), value.into());
        }
        fields.extend(asked.clone());
        complete(&mut fields, "sessreuse", [("sesstimeout", 300.into())]);
        let named = is(&fields, "serverauth", "ENABLED") || is(&fields, "snienable", "ENABLED");
        if fields.contains_key("commonname") && !named {
            let (field, master) = ("commonname", "serverauth");
            return Err(Incomplete::WithoutMaster { field, master, wanted: "ENABLED" });
        }
        Self::of(fields).checked()
    }

    /// The profile of a front end that has a default certificate, or has none: with one, clients may
    /// ask for hosts that nobody has.
    pub(super) fn with_default_certificate(mut self, is_there: bool) -> Self {
        let allowed = if is_there { "ENABLED" } else { "DISABLED" };
        self.fields.insert("allowunknownsni".to_owned(), allowed.into());
        self
    }

    fn of(fields: Fields) -> Self {
        Self { fields, ciphers: CIPHERS.iter().map(|cipher| (*cipher).to_owned()).collect() }
    }

    /// The profile with these ciphers instead of the usual ones; none is no wish.
    pub(super) fn with_ciphers(mut self, asked: &[String]) -> Self {
        if !asked.is_empty() {
            self.ciphers = asked.to_vec();
        }
        self
    }

    /// The ciphers, strongest first.
    pub(super) fn ciphers(&self) -> &[String] {
        &self.ciphers
    }

    fn checked(self) -> Result<Self, Incomplete> {
        for (field, master, wanted) in MASTERS {
            if self.fields.contains_key(field) && !is(&self.fields, master, wanted) {
                return Err(Incomplete::WithoutMaster { field, master, wanted });
            }
        }
        if PROTOCOLS.iter().all(|(name, _)| !is(&self.fields, name, "ENABLED")) {
            return Err(Incomplete::NoProtocol);
        }
        Ok(self)
    }

    /// What a field is on the appliance under this profile.
    pub(super) fn value(&self, field: &str) -> Option<Value> {
        self.fields.get(field).cloned().or_else(|| schema::reset_value(Kind::SSLPROFILE, field))
    }

    /// The digest of everything in it.
    pub(super) fn digest(&self) -> String {
        let fields: Vec<String> =
            self.fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let parts =
            fields.iter().map(String::as_str).chain(self.ciphers.iter().map(String::as_str));
        let parts: Vec<&str> = parts.chain(CURVES.iter().copied()).collect();
        names::digest(&parts, 20)
    }

    /// The name of a profile towards clients, which Ingresses share.
    pub(super) fn shared_name(&self, mark: &Mark) -> String {
        mark.shared_name(&self.digest())
    }

    /// Writes the profile with its ciphers and curves.
    pub(super) fn write(&self, name: &str, state: &mut State) {
        state.entities.insert(EntityId::new(Kind::SSLPROFILE, name), self.fields.clone());
        for (cipher, priority) in self.ciphers.iter().zip(FIRST_CIPHER_PRIORITY..) {
            let id = BindingId::new(Kind::SSLPROFILE_SSLCIPHER, name, cipher.as_str(), Role::Plain);
            state.bind(id, [("cipherpriority", priority.into())]);
        }
        for curve in CURVES {
            state.bind(BindingId::new(Kind::SSLPROFILE_ECCCURVE, name, *curve, Role::Plain), []);
        }
    }
}

fn defaults(sslprofiletype: &str) -> Fields {
    let shared = [("sslprofiletype", sslprofiletype), ("denysslreneg", "ALL")];
    let all = PROTOCOLS.iter().chain(&shared);
    all.map(|(name, value)| (*name, Value::from(*value))).collect()
}

/// Writes out the dependants of a field that is on.
fn complete<const N: usize>(fields: &mut Fields, master: &str, dependants: [(&str, Value); N]) {
    if is(fields, master, "ENABLED") {
        for (name, value) in dependants {
            fields.insert_if_absent(name, value);
        }
    }
}

fn is(fields: &Fields, name: &str, wanted: &str) -> bool {
    fields.get(name).and_then(Value::as_text) == Some(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(fields: &[(&str, &str)]) -> Fields {
        fields.iter().map(|(name, value)| (*name, Value::from(*value))).collect()
    }

    #[test]
    fn clients_that_show_certificates_do_not_resume_sessions() {
        let profile = Profile::front_end(&asked(&[("clientauth", "ENABLED")])).unwrap();
        assert_eq!(profile.value("clientcert"), Some("Mandatory".into()));
        assert_eq!(profile.value("sessreuse"), Some("DISABLED".into()));
        assert_eq!(profile.fields.get("sesstimeout"), None);
        let plain = Profile::front_end(&asked(&[])).unwrap();
        assert_eq!(plain.value("sesstimeout"), Some(120.into()));
        assert_eq!(plain.fields.get("clientcert"), None);
    }

    #[test]
    fn a_dependant_without_its_master_is_refused() {
        let refused = [
            vec![("clientcert", "Optional")],
            vec![("maxage", "1")],
            vec![("clientauth", "ENABLED"), ("sesstimeout", "1")],
            vec![("sessreuse", "DISABLED"), ("sesstimeout", "1")],
            vec![
                ("clientauth", "ENABLED"),
                ("clientcert", "Optional"),
                ("skipclientcertpolicycheck", "ENABLED"),
            ],
        ];
        for fields in refused {
            let refusal = Profile::front_end(&asked(&fields));
            assert!(matches!(refusal, Err(Incomplete::WithoutMaster { .. })), "{fields:?}");
        }
        assert!(Profile::back_end(&asked(&[("commonname", "a.example")])).is_err());
    }

    #[test]
    fn what_could_serve_nobody_is_refused() {
        let off = asked(&[("tls12", "DISABLED"), ("tls13", "DISABLED")]);
        assert_eq!(Profile::front_end(&off), Err(Incomplete::NoProtocol));
        assert_eq!(Profile::back_end(&off), Err(Incomplete::NoProtocol));
        let without = asked(&[("snienable", "DISABLED")]);
        assert_eq!(Profile::front_end(&without), Err(Incomplete::WithoutSni));
    }

    #[test]
    fn every_field_of_a_profile_is_read_back() {
        let hsts = asked(&[("hsts", "ENABLED"), ("clientauth", "ENABLED")]);
        let verified = asked(&[("serverauth", "ENABLED"), ("commonname", "a.example")]);
        let profiles = [Profile::front_end(&hsts), Profile::back_end(&verified)];
        for Profile { fields, .. } in profiles.into_iter().flatten() {
            for (name, value) in fields {
                assert!(
                    schema::managed_fields(Kind::SSLPROFILE).contains(&name.as_str()),
                    "{name}"
                );
                let read = schema::normalise(Kind::SSLPROFILE, &name, &value.to_json()).unwrap();
                assert_eq!(read, (read.0, value));
            }
        }
    }

    #[test]
    fn a_digest_tells_profiles_apart() {
        let one = Profile::front_end(&asked(&[])).unwrap();
        let other = Profile::front_end(&asked(&[("tls12", "DISABLED")])).unwrap();
        assert_eq!(
            one.digest(),
            Profile::front_end(&asked(&[("tls12", "ENABLED")])).unwrap().digest()
        );
        assert_ne!(one.digest(), other.digest());
    }
}
