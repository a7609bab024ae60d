//! The options about the appliance: where it is, and as whom it is talked to.

use std::fs;
use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use super::{Environment, Error};
use crate::model::Redacted;

/// Where a CPX in our own pod is, as whom it lets us in, and where it writes the password
/// (documented; that NITRO answers on port 80 of the pod's loopback, in every mode of its network, is
/// assumed).
const SIDECAR_URL: &str = "http://127.0.0.1";
const SIDECAR_USER: &str = "nsroot";
const SIDECAR_PASSWORD: &str = "/var/deviceinfo/random_id";

/// How to reach the appliance.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Appliance")]
pub(super) struct ApplianceOptions {
    /// The appliance's management address, such as `https://192.0.2.2`
    ///
    /// The address of the appliance itself, or, of a pair, one that follows the primary. Plain HTTP
    /// is for appliances on this machine only. If it is not given, it is made of `NS_IP`,
    /// `NS_PROTOCOL` (default https) and `NS_PORT`.
    #[arg(long = "nitro-url", env = "NITRO_URL", value_name = "URL")]
    pub(super) url: Option<String>,

    /// The user to log in as; if not given, `NS_USER`
    #[arg(long = "nitro-username", env = "NITRO_USERNAME", value_name = "NAME")]
    pub(super) username: Option<String>,

    /// The file that holds the password; if not given, `NITRO_PASSWORD` or `NS_PASSWORD`
    ///
    /// One line end after the password does not count. There is no option for the password itself:
    /// every user of a machine can read the arguments of its programs.
    #[arg(long = "nitro-password-file", env = "NITRO_PASSWORD_FILE", value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,

    /// The authorities that the appliance's certificate is verified against, in PEM
    ///
    /// If not given, those that this machine trusts.
    #[arg(long = "nitro-ca-file", env = "NITRO_CA_FILE", value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,

    /// Do not verify the appliance's certificate: whoever is in between can read the password
    #[arg(long = "nitro-insecure", env = "NITRO_INSECURE", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    pub(super) insecure: bool,
}

/// The appliance to talk to, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appliance {
    /// Its address.
    pub url: String,
    /// The user to log in as.
    pub username: String,
    /// That user's password.
    pub password: Redacted<String>,
    /// Whose word is taken for who the appliance is.
    pub trust: Trust,
}

/// Whose word is taken for who the appliance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// That of the authorities that this machine trusts.
    Platform,
    /// That of these authorities, in PEM, and of no others.
    Authorities(Vec<u8>),
    /// Its own.
    Anybody,
}

impl ApplianceOptions {
    /// The appliance, if one is named. One that is a CPX in our own pod needs no name.
    pub(super) fn read(
        &self,
        environment: &Environment,
        is_sidecar: bool,
    ) -> Result<Option<Appliance>, Error> {
        let Self { url, username, password_file, ca_file, insecure } = self;
        let sidecar = |text: &str| is_sidecar.then(|| text.to_owned());
        let url = match url.clone().filter(|url| !url.is_empty()) {
            Some(url) => Some(url),
            None => environment.vendor_url()?,
        };
        let Some(url) = url.or_else(|| sidecar(SIDECAR_URL)) else { return Ok(None) };
        let username = username.clone().filter(|name| !name.is_empty());
        let username = username.or_else(|| environment.text("NS_USER"));
        let username = username.or_else(|| sidecar(SIDECAR_USER));
        let given =
            environment.secret("NITRO_PASSWORD").or_else(|| environment.secret("NS_PASSWORD"));
        let password = match (password_file, given) {
            (Some(path), _) => Some(read_password(path)?),
            (None, Some(password)) => Some(password),
            (None, None) if is_sidecar => Some(read_password(&PathBuf::from(SIDECAR_PASSWORD))?),
            (None, None) => None,
        };
        let trust = match ca_file {
            Some(_) if *insecure => return Err(Error::TrustUnclear),
            Some(path) => Trust::Authorities(read_file("--nitro-ca-file", path)?),
            None if *insecure => Trust::Anybody,
            None => Trust::Platform,
        };
        let username = username.ok_or(Error::UsernameMissing)?;
        let password = password.ok_or(Error::PasswordMissing)?;
        Ok(Some(Appliance { url, username, password, trust }))
    }
}

fn read_password(path: &PathBuf) -> Result<Redacted<String>, Error> {
    let option = "--nitro-password-file";
    let bytes = Redacted::new(read_file(option, path)?);
    let text = std::str::from_utf8(bytes.reveal()).map_err(|error| Error::File {
        option,
        path: path.clone(),
        source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
    })?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(Redacted::new(text.strip_suffix('\r').unwrap_or(text).to_owned()))
}

fn read_file(option: &'static str, path: &PathBuf) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|source| Error::File { option, path: path.clone(), source })
}
