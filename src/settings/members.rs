//! The options about members of service groups.

use clap::{Args, ValueEnum};

use crate::policy;

/// As long as Kubernetes gives a pod to terminate, unless it says otherwise.
const DRAIN_DELAY_SECS: u32 = 30;

/// Who serves, and how it stops.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Members")]
pub(super) struct MemberOptions {
    /// Who the members of service groups are: the Service's endpoints, or the nodes on its node
    /// port
    ///
    /// With `nodeport` every Service that is routed to needs a node port, and the Nodes are read. A
    /// node is left out while it is not ready or has the label
    /// `node.kubernetes.io/exclude-from-external-load-balancers`; with the external traffic policy
    /// `Local`, also while it has no endpoint of the Service.
    #[arg(
        long = "members",
        env = "NITRO_INGRESS_MEMBERS",
        value_name = "SOURCE",
        value_enum,
        default_value = "endpoints"
    )]
    pub(super) source: Source,

    /// How long a member may finish what it has when its endpoint terminates, in seconds
    ///
    /// It takes no new clients meanwhile, and is removed when the endpoint is gone. With 0 it is out
    /// of service at once.
    #[arg(
        long = "drain-delay",
        env = "NITRO_INGRESS_DRAIN_DELAY",
        value_name = "SECONDS",
        default_value_t = DRAIN_DELAY_SECS
    )]
    pub(super) drain_delay_secs: u32,
}

/// Who the members of service groups are, as it is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Source {
    /// The endpoints of the Service
    Endpoints,
    /// The nodes, on the node port of the Service
    #[value(name = "nodeport")]
    NodePort,
}

impl From<Source> for policy::MemberSource {
    fn from(source: Source) -> Self {
        match source {
            Source::Endpoints => Self::Endpoints,
            Source::NodePort => Self::NodePort,
        }
    }
}
