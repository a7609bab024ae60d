//! What an operator chooses: arguments, the environment, and what follows from both.
//!
//! Each option is documented here once; the help texts and the documentation come from it.

mod appliance;
mod cluster;
mod controller;
mod environment;
mod ingresses;
mod members;
mod output;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Args};

use crate::annotations::Vip;
use crate::model::{ClusterId, Mark};
use crate::policy::{ApplianceClasses, Consent, Policy, Saving, UnknownClass};
use appliance::ApplianceOptions;
pub use appliance::{Appliance, Trust};
pub use cluster::{AccessSettings, ClusterSettings};
pub use controller::{ControllerSettings, LeaseSettings, SeatSettings};
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

/// The options of what needs an appliance, and no Ingresses.
#[derive(Debug, Clone, Args)]
pub struct PurgeSettings {
    #[command(flatten)]
    appliance: ApplianceOptions,
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    saving: SavingOptions,
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

    /// Take over vservers and service groups of others that have the names which Ingresses need
    ///
    /// They are ours from then on, and go with their last Ingress; what else is bound to them stays,
    /// and is reported. Nothing is taken over that is of another type, or of another cluster.
    /// Whoever else manages them must have been stopped.
    #[arg(long, env = "NITRO_INGRESS_TAKEOVER", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    takeover: bool,

    #[command(flatten)]
    saving: SavingOptions,

    /// Let deletions go through that were held back; the plan names the digest
    #[arg(
        long = "approve",
        env = "NITRO_INGRESS_APPROVE",
        value_name = "DIGEST",
        value_delimiter = ','
    )]
    approved: Vec<String>,
}

/// What is saved.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Consent")]
struct SavingOptions {
    /// Save the appliance's configuration although it has unsaved changes of others
    #[arg(long, env = "NITRO_INGRESS_SAVE_FOREIGN", action = ArgAction::SetTrue,
        value_parser = BoolishValueParser::new())]
    save_foreign: bool,
}

/// The first part of names on the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix(String);

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
        let ConsentOptions { enable_default_profile, takeover, saving, approved } = &self.consent;
        let policy = self.meaning.policy(environment)?;
        let consent = Consent {
            takeover: *takeover,
            approved: some(approved),
            saving: saving.saving(),
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
        self.appliance.read(environment, is_sidecar)
    }
}

impl SavingOptions {
    const fn saving(&self) -> Saving {
        if self.save_foreign { Saving::All } else { Saving::Own }
    }
}

impl PurgeSettings {
    /// What planning obeys for a cluster of which nothing is to stay.
    pub fn policy(&self, environment: &Environment) -> Result<Policy, Error> {
        let mut policy = Policy::without_ingresses(self.identity.mark(environment)?);
        policy.consent.saving = self.saving.saving();
        Ok(policy)
    }

    /// The appliance, if one is named.
    pub fn appliance(&self, environment: &Environment) -> Result<Option<Appliance>, Error> {
        self.appliance.read(environment, false)
    }
}

impl IdentityOptions {
    /// What marks objects as ours.
    fn mark(&self, environment: &Environment) -> Result<Mark, Error> {
        let Self { prefix, cluster_id } = self;
        let prefix = match prefix {
            Some(prefix) => Some(prefix.clone()),
            None => environment.parse("NS_APPS_NAME_PREFIX", "1 to 8 letters or digits")?,
        };
        Ok(Mark {
            prefix: prefix.map_or_else(|| "k8s".to_owned(), |prefix| prefix.0),
            cluster: cluster_id.clone().unwrap_or_else(local),
        })
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
        let IngressOptions {
            controller_names: _,
            ingress_classes,
            default_vip,
            vip_namespaces,
            config_map,
            references,
            allow_http_refusal,
        } = ingress;
        let mut namespaces: BTreeMap<IpAddr, BTreeSet<String>> = BTreeMap::new();
        for (vip, namespace) in vip_namespaces {
            namespaces.entry(*vip).or_default().insert(namespace.clone());
        }
        let default_vip = match default_vip {
            Some(vip) => Some(*vip),
            None => environment.parse("NS_VIP", "an IP address that clients can connect to")?,
        };
        Ok(Policy {
            mark: identity.mark(environment)?,
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
            allow_http_refusal: *allow_http_refusal,
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

#[cfg(test)]
mod tests;
