//! The variables that are not options: passwords, and the names that the vendor's controller uses.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::IpAddr;
use std::str::FromStr;

use ring::rand::SecureRandom;

use super::Error;
use crate::model::{Redacted, base32};

/// What the environment says beside the options. An empty variable counts as absent.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, Redacted<String>>);

const NAMES: [&str; 11] = [
    "NITRO_PASSWORD",
    "NS_IP",
    "NS_PORT",
    "NS_PROTOCOL",
    "NS_USER",
    "NS_PASSWORD",
    "NS_VIP",
    "NS_APPS_NAME_PREFIX",
    "NO_COLOR",
    "POD_NAME",
    "HOSTNAME",
];

impl Environment {
    /// That of this process.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads variables")]
    pub fn of_process() -> Self {
        let read = |name: &str| Some((name.to_owned(), Redacted::new(std::env::var(name).ok()?)));
        Self(NAMES.iter().filter_map(|name| read(name)).collect())
    }

    /// Whether this process has a variable that is empty.
    pub fn is_empty_variable(name: &OsStr) -> bool {
        std::env::var_os(name).is_some_and(|value| value.is_empty())
    }

    /// One made of pairs.
    pub fn new<const N: usize>(pairs: [(&str, &str); N]) -> Self {
        let pairs = pairs.map(|(name, value)| (name.to_owned(), Redacted::new(value.to_owned())));
        Self(pairs.into_iter().collect())
    }

    /// Whether colours are unwanted (<https://no-color.org>).
    pub fn has_no_color(&self) -> bool {
        self.value("NO_COLOR").is_some()
    }

    /// Who this process is among controllers: its pod or machine, and something that no other
    /// process has.
    pub fn identity(&self) -> String {
        let place = self.value("POD_NAME").or_else(|| self.value("HOSTNAME"));
        let mut bytes = [0; 5];
        // Without randomness the id of the process has to do: machines tell themselves apart.
        let unique = match ring::rand::SystemRandom::new().fill(&mut bytes) {
            Ok(()) => base32(&bytes, 8),
            Err(_) => std::process::id().to_string(),
        };
        format!("{}_{unique}", place.unwrap_or("nitro-ingress"))
    }

    pub(super) fn secret(&self, name: &str) -> Option<Redacted<String>> {
        self.0.get(name).filter(|value| !value.reveal().is_empty()).cloned()
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(str::to_owned)
    }

    pub(super) fn parse<T: FromStr>(
        &self,
        name: &'static str,
        wanted: &'static str,
    ) -> Result<Option<T>, Error> {
        let parsed = self.value(name).map(|value| {
            let refuse = |_| Error::Variable { name, value: value.to_owned(), wanted };
            value.parse().map_err(refuse)
        });
        parsed.transpose()
    }

    /// The appliance's address as the vendor's controller is told it. Its pages disagree about the
    /// default protocol; the safe one is taken.
    pub(super) fn vendor_url(&self) -> Result<Option<String>, Error> {
        let Some(host) = self.value("NS_IP") else {
            return Ok(None);
        };
        let scheme = self.value("NS_PROTOCOL").unwrap_or("https").to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            let (name, wanted) = ("NS_PROTOCOL", "http or https");
            return Err(Error::Variable { name, value: scheme, wanted });
        }
        let port = self.parse::<u16>("NS_PORT", "a port number")?;
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let host = match host.parse() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            Ok(IpAddr::V4(_)) | Err(_) => host.to_owned(),
        };
        Ok(Some(format!("{scheme}://{host}{port}")))
    }

    fn value(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name)?.reveal().as_str();
        (!value.is_empty()).then_some(value)
    }
}
