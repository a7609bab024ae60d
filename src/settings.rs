//! What an operator chooses: arguments, the environment, and what follows from both.
//!
//! Each option is documented here once; the help texts and the documentation come from it.

mod cluster;
mod controller;
mod environment;
mod ingresses;
mod members;
mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use crate::annotations::Vip;
use crate::model::{ClusterId, Mark, Redacted};
use crate::policy::{ApplianceClasses, Consent, Policy, Saving, UnknownClass};
pub use cluster::{AccessSettings, ClusterSettings};
pub use controller::{ControllerSettings, SeatSettings};
pub use environment::Environment;
use ingresses::IngressOptions;
use members::MemberOptions;
pub use output::{Colour, LogFormat, LogLevel, OutputSettings};

/// The options of every command that looks at Ingresses.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    #[command(flatten)]
    appliance: ApplianceOptions,
    #[command(flatten)]
    meaning: MeaningSettings,
    #[command(flatten)]
    consent: ConsentOptions,
}

/// The options of commands that have no appliance: what Ingresses mean.
#[derive(Debug, Clone, Args)]
pub struct MeaningSettings {
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    ingress: IngressOptions,
    #[command(flatten)]
    members: MemberOptions,
}

/// Where a CPX in our own pod is, as whom it lets us in, and where it writes the password
/// (documented).
const SIDECAR_URL: &str = "http://127.0.0.1";
const SIDECAR_USER: &str = "nsroot";
const SIDECAR_PASSWORD: &str = "/var/deviceinfo/random_id";

/// How to reach the appliance.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Appliance")]
struct ApplianceOptions {
    /// The appliance's management address, such as `https://192.0.2.2`
    ///
    /// The address of the appliance itself, or, of a pair, one that follows the primary. Plain HTTP
    /// is for appliances on this machine only. If it is not given, it is made of `NS_IP`,
    /// `NS_PROTOCOL` (default https) and `NS_PORT`.
    #[arg(long = "nitro-url", env = "NITRO_URL", value_name = "URL")]
    url: Option<String>,

    /// The user to log in as; if not given, `NS_USER`
    #[arg(long = "nitro-username", env = "NITRO_USERNAME", value_name = "NAME")]
    username: Option<String>,

    /// The file that holds the password; if not given, `NITRO_PASSWORD` or `NS_PASSWORD`
    ///
    /// One line end after the password does not count. There is no option for the password itself:
    /// every user of a machine can read the arguments of its programs.
    #[arg(long = "nitro-password-file", env = "NITRO_PASSWORD_FILE", value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The authorities that the appliance's certificate is verified against, in PEM
    ///
    /// If not given, those that this machine trusts.
    #[arg(long = "nitro-ca-file", env = "NITRO_CA_FILE", value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Do not verify the appliance's certificate: whoever is in between can read the password
    #[arg(long = "nitro-insecure", env = "NITRO_INSECURE", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    insecure: bool,
}

/// What marks objects on the appliance as ours.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Identity")]
struct IdentityOptions {
    /// The first part of every name on the appliance: 1 to 8 letters or digits [default: k8s]
    ///
    /// Every cluster that shares an appliance needs one of its own. If not given,
    /// `NS_APPS_NAME_PREFIX`.
    #[arg(long, env = "NITRO_INGRESS_PREFIX", value_name = "PREFIX")]
    prefix: Option<Prefix>,

    /// The cluster that objects on the appliance belong to [default: local for manifests; in a
    /// cluster, the uid of its namespace kube-system]
    ///
    /// Only objects that carry this id are changed or deleted.
    #[arg(long, env = "NITRO_INGRESS_CLUSTER_ID", value_name = "ID",
        value_parser = parse_cluster_id)]
    cluster_id: Option<ClusterId>,
}

/// What may be done to things that are not ours, or not easily undone.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Consent")]
struct ConsentOptions {
    /// Enable the default SSL profile although TLS objects of others are on the appliance
    ///
    /// TLS needs it. It cannot be switched off again, and it resets the TLS settings of everything
    /// that is on the appliance. Without this option it is enabled only where nobody else has TLS
    /// objects.
    #[arg(long, env = "NITRO_INGRESS_ENABLE_DEFAULT_PROFILE", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    enable_default_profile: bool,

    /// Save the appliance's configuration although it has unsaved changes of others
    #[arg(long, env = "NITRO_INGRESS_SAVE_FOREIGN", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    save_foreign: bool,

    /// Let deletions go through that were held back; the plan names the digest
    #[arg(
        long = "approve",
        env = "NITRO_INGRESS_APPROVE",
        value_name = "DIGEST",
        value_delimiter = ','
    )]
    approved: Vec<String>,
}

/// The first part of names on the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

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

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An appliance is named, and no user.
    #[error(
        "the user for the appliance is not known: set --nitro-username, NITRO_USERNAME or NS_USER"
    )]
    UsernameMissing,
    /// An appliance is named, and no password.
    #[error(
        "the password for the appliance is not known: set --nitro-password-file, NITRO_PASSWORD or \
         NS_PASSWORD"
    )]
    PasswordMissing,
    /// The appliance's certificate is to be verified and not to be.
    #[error(
        "--nitro-insecure (NITRO_INSECURE) and --nitro-ca-file (NITRO_CA_FILE) exclude each other"
    )]
    TrustUnclear,
    /// The file of the password or of the authorities cannot be read.
    #[error("cannot read {option} {path:?}")]
    File {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A variable of the vendor's controller has a value that means nothing.
    #[error("the variable {name} is {value:?}, which is not {wanted}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        wanted: &'static str,
    },
}

impl Settings {
    /// What translating and planning obey. `prune` says whether Ingresses that are not in the input
    /// are gone.
    pub fn policy(&self, environment: &Environment, prune: bool) -> Result<Policy, Error> {
        let ConsentOptions { enable_default_profile, save_foreign, approved } = &self.consent;
        let policy = self.meaning.policy(environment)?;
        let consent = Consent {
            approved: some(approved),
            saving: if *save_foreign { Saving::All } else { Saving::Own },
            prune,
            ..policy.consent
        };
        Ok(Policy { enable_default_profile: *enable_default_profile, consent, ..policy })
    }

    /// The same in a cluster, whose id is that of the settings or else still to be put in.
    pub fn policy_in_cluster(&self, environment: &Environment) -> Result<Policy, Error> {
        Ok(self.meaning.in_cluster(self.policy(environment, false)?))
    }

    /// The cluster id, if one is given.
    pub fn cluster_id(&self) -> Option<ClusterId> {
        self.meaning.cluster_id()
    }

    /// The appliance, if one is named.
    pub fn appliance(&self, environment: &Environment) -> Result<Option<Appliance>, Error> {
        self.appliance_of(environment, false)
    }

    /// The same. One that is a CPX in our own pod needs no name.
    pub fn appliance_of(
        &self,
        environment: &Environment,
        is_sidecar: bool,
    ) -> Result<Option<Appliance>, Error> {
        let ApplianceOptions { url, username, password_file, ca_file, insecure } = &self.appliance;
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

impl MeaningSettings {
    /// The same in a cluster.
    pub fn policy_in_cluster(&self, environment: &Environment) -> Result<Policy, Error> {
        Ok(self.in_cluster(self.policy(environment)?))
    }

    /// The cluster id, if one is given.
    pub fn cluster_id(&self) -> Option<ClusterId> {
        self.identity.cluster_id.clone()
    }

    fn in_cluster(&self, policy: Policy) -> Policy {
        let controller_names = self.ingress.controller_names_in_cluster();
        Policy { controller_names, unknown_class: UnknownClass::Unmet, ..policy }
    }

    /// What translating obeys, with no consent to anything.
    pub fn policy(&self, environment: &Environment) -> Result<Policy, Error> {
        let Self { identity, ingress, members } = self;
        let IdentityOptions { prefix, cluster_id } = identity;
        let IngressOptions {
            controller_names: _,
            ingress_classes,
            default_vip,
            vip_namespaces,
            config_map,
            references,
        } = ingress;
        let mut namespaces: BTreeMap<IpAddr, BTreeSet<String>> = BTreeMap::new();
        for (vip, namespace) in vip_namespaces {
            namespaces.entry(*vip).or_default().insert(namespace.clone());
        }
        let (vendor_prefix, vendor_vip) = ("NS_APPS_NAME_PREFIX", "NS_VIP");
        let prefix = match prefix {
            Some(prefix) => Some(prefix.clone()),
            None => environment.parse(vendor_prefix, "1 to 8 letters or digits")?,
        };
        let default_vip = match default_vip {
            Some(vip) => Some(*vip),
            None => environment.parse(vendor_vip, "an IP address that clients can connect to")?,
        };
        Ok(Policy {
            mark: Mark {
                prefix: prefix.map_or_else(|| "k8s".to_owned(), |prefix| prefix.0),
                cluster: cluster_id.clone().unwrap_or_else(local),
            },
            controller_names: ingress.controller_names(),
            ingress_classes: some(ingress_classes),
            appliance_classes: ApplianceClasses::All,
            unknown_class: UnknownClass::Ours,
            default_vip: default_vip.map(|Vip(vip)| vip),
            vip_namespaces: namespaces,
            config_map: config_map.clone(),
            members: members.source.into(),
            drain_delay_secs: members.drain_delay_secs,
            enable_default_profile: false,
            consent: Consent { references: some(references), ..Consent::default() },
        })
    }
}

impl FromStr for Prefix {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let well_formed =
            (1..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        well_formed.then(|| Self(text.to_owned())).ok_or("must be 1 to 8 letters or digits")
    }
}

/// The cluster that manifests are of.
fn local() -> ClusterId {
    ClusterId::parse("local").expect("it is a valid id")
}

fn parse_cluster_id(text: &str) -> Result<ClusterId, &'static str> {
    ClusterId::parse(text).ok_or("must be 1 to 63 letters, digits, '-', '_' or '.'")
}

/// The names of a list, without the empty ones that an empty variable leaves.
fn some(names: &[String]) -> BTreeSet<String> {
    names.iter().filter(|name| !name.is_empty()).cloned().collect()
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

#[cfg(test)]
mod tests;
