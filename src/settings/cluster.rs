//! The options about the cluster: where it is, and what of it is looked at.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::some;
use crate::cluster::connect::Access;
use crate::cluster::secrets::Mode;
use crate::cluster::watch::{Namespaces, Scope};
use crate::policy::{MemberSource, Policy};

/// Which cluster.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub struct AccessSettings {
    /// The kubeconfig; if not given, that of `KUBECONFIG`, of the home directory, or the
    /// `ServiceAccount` of the pod
    #[arg(long, env = "NITRO_INGRESS_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,

    /// The context of the kubeconfig; if not given, its current one
    #[arg(long, env = "NITRO_INGRESS_CONTEXT", value_name = "NAME")]
    context: Option<String>,
}

/// Which cluster, and what of it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterSettings {
    #[command(flatten)]
    access: AccessSettings,

    /// Look at this namespace only; can be given several times
    #[arg(
        short = 'n',
        long = "namespace",
        env = "NITRO_INGRESS_NAMESPACES",
        value_name = "NAME",
        value_delimiter = ',',
        conflicts_with = "namespace_selector"
    )]
    namespaces: Vec<String>,

    /// Look at the namespaces with these labels only, as in `team=shop`
    #[arg(long, env = "NITRO_INGRESS_NAMESPACE_SELECTOR", value_name = "SELECTOR")]
    namespace_selector: Option<String>,

    /// How Secrets are read: by a watch of each namespace whose Ingresses refer to some, or each by
    /// its name, every minute
    ///
    /// `get` needs no right to list or watch Secrets, and notices a change up to a minute later.
    #[arg(long, env = "NITRO_INGRESS_SECRETS_MODE", value_name = "MODE", value_enum,
        default_value_t = SecretsMode::Watch)]
    secrets_mode: SecretsMode,
}

/// How Secrets are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SecretsMode {
    /// By a watch of each namespace whose Ingresses refer to some.
    Watch,
    /// By their names.
    Get,
}

/// How often Secrets are read by their names.
const READ_EVERY: Duration = Duration::from_mins(1);

impl AccessSettings {
    /// Which cluster, and as whom.
    pub fn access(&self) -> Access {
        Access { kubeconfig: self.kubeconfig.clone(), context: self.context.clone() }
    }
}

impl ClusterSettings {
    /// Which cluster, and as whom.
    pub fn access(&self) -> Access {
        self.access.access()
    }

    /// What is watched for a policy.
    pub fn scope(&self, policy: &Policy) -> Scope {
        let listed = some(&self.namespaces);
        let selector = self.namespace_selector.clone().filter(|text| !text.is_empty());
        let namespaces = match selector {
            Some(selector) => Namespaces::Labelled(selector),
            None if listed.is_empty() => Namespaces::All,
            None => Namespaces::Listed(listed),
        };
        let nodes = policy.members == MemberSource::NodePort;
        let config_map = policy.config_map.clone();
        Scope { namespaces, config_map, nodes, own_resources: true }
    }

    /// How Secrets are read.
    pub const fn secrets(&self) -> Mode {
        match self.secrets_mode {
            SecretsMode::Watch => Mode::Watch,
            SecretsMode::Get => Mode::Get(READ_EVERY),
        }
    }
}
