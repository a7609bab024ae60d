//! What the configuration says about TLS on one side of the appliance.

use rustls::crypto::{CryptoProvider, ring};
use rustls::version::{TLS12, TLS13};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use crate::schema;
use crate::state::{Fields, State, number, text};
use crate::tls::suites;

/// The parameters of TLS of a vserver, a group or a service.
pub(super) struct Terms<'a> {
    /// Those of its profile, or its own where it has none.
    pub(super) fields: &'a Fields,
    versions: Vec<&'static SupportedProtocolVersion>,
    suites: Vec<SupportedCipherSuite>,
    curves: Vec<&'a str>,
}

/// Why TLS cannot be spoken as the configuration says.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unspeakable {
    /// There is no such endpoint, or its profile is gone.
    #[error("there are no TLS parameters for {0:?}")]
    Missing(String),
    /// SSL 3 and TLS 1.0 and 1.1 are not in the library.
    #[error("{0:?} allows neither TLS 1.2 nor TLS 1.3")]
    Versions(String),
    /// The library has none of the ciphers, or not for the versions.
    #[error("the TLS library has none of the ciphers of {0:?} that its versions could use")]
    Ciphers(String),
    /// A certificate cannot be shown.
    #[error("the certificate cannot be used")]
    Identity(#[from] crate::tls::identity::Unusable),
}

impl<'a> Terms<'a> {
    /// Those of an endpoint of this type: `sslvserver`, `sslservicegroup`, `sslservice`.
    pub(super) fn of(state: &'a State, kind: &str, name: &'a str) -> Result<Self, Unspeakable> {
        let missing = || Unspeakable::Missing(name.to_owned());
        let fields = parameters(state, kind, name).ok_or_else(missing)?;
        let profile = state.object(kind, name).map_or("", |endpoint| text(endpoint, "sslprofile"));
        let versions: Vec<_> = [("tls12", &TLS12), ("tls13", &TLS13)]
            .into_iter()
            .filter(|(field, _)| is_on(fields, field))
            .map(|(_, version)| version)
            .collect();
        if versions.is_empty() {
            return Err(Unspeakable::Versions(name.to_owned()));
        }
        // A legacy profile holds no ciphers; then those of the endpoint count.
        let bound = |suffix: &str, field: &str| {
            let of_profile = by_priority(state, &format!("sslprofile_{suffix}"), profile, field);
            if of_profile.is_empty() {
                by_priority(state, &format!("{kind}_{suffix}"), name, field)
            } else {
                of_profile
            }
        };
        let mut ciphers = bound("sslcipher_binding", "ciphername");
        ciphers.extend(by_priority(
            state,
            &format!("{kind}_sslciphersuite_binding"),
            name,
            "ciphername",
        ));
        let suites = suites::suites(state, &ciphers);
        let is_usable = |suite: &SupportedCipherSuite| {
            versions.iter().any(|v| v.version == suite.version().version)
        };
        if !suites.iter().any(is_usable) {
            return Err(Unspeakable::Ciphers(name.to_owned()));
        }
        let curves = bound("ecccurve_binding", "ecccurvename");
        Ok(Self { fields, versions, suites, curves })
    }

    /// Whether a switch is on.
    pub(super) fn is_on(&self, field: &str) -> bool {
        is_on(self.fields, field)
    }

    /// The versions to offer.
    pub(super) fn versions(&self) -> &[&'static SupportedProtocolVersion] {
        &self.versions
    }

    /// The ciphers and curves to offer. Without curves, those of the library (assumed).
    pub(super) fn provider(&self) -> CryptoProvider {
        let provider = ring::default_provider();
        let curves = suites::curves(&self.curves);
        CryptoProvider {
            cipher_suites: self.suites.clone(),
            kx_groups: if curves.is_empty() { provider.kx_groups } else { curves },
            ..provider
        }
    }
}

/// The parameters of TLS of an endpoint: those of its profile, or its own where it has none.
pub(super) fn parameters<'a>(state: &'a State, kind: &str, name: &str) -> Option<&'a Fields> {
    let endpoint = state.object(kind, name)?;
    match text(endpoint, "sslprofile") {
        "" => Some(endpoint),
        profile => state.object("sslprofile", profile).map(|fields| &**fields),
    }
}

/// Whether a switch is on.
pub(super) fn is_on(fields: &Fields, field: &str) -> bool {
    text(fields, field) == "ENABLED"
}

/// What is bound to an object, in the order of priorities.
fn by_priority<'a>(state: &'a State, kind: &str, parent: &'a str, field: &str) -> Vec<&'a str> {
    // The schema's own text of the name lives as long as the state needs it.
    let Some(kind) = schema::kind(kind).map(|kind| kind.name.as_str()) else {
        return Vec::new();
    };
    let mut bound: Vec<(i64, &str)> = state
        .bindings(kind, parent)
        .map(|(_, fields)| {
            (number(fields, "cipherpriority").unwrap_or(i64::MAX), text(fields, field))
        })
        .collect();
    bound.sort_by_key(|(priority, _)| *priority);
    bound.into_iter().map(|(_, name)| name).collect()
}
