//! The cluster, for commands that are given no manifests.

use clap::Args;

use super::pipeline::{Pipeline, Turn};
use super::{Error, Surroundings, controller};
use crate::controller::once::{self, Cluster, Options};
use crate::model::ClusterId;
use crate::plan::render::Header;
use crate::policy::Policy;
use crate::settings::{ClusterSettings, SeatSettings, Settings};

/// Which cluster is read if no manifests are given, and which of its appliances is meant.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct ClusterOptions {
    /// The `NetScaler` object of the appliance that is meant
    ///
    /// If not given, it is the one of the settings.
    #[arg(long = "appliance", value_name = "NAME", conflicts_with = "paths")]
    netscaler: Option<String>,

    #[command(flatten)]
    cluster: ClusterSettings,
}

impl ClusterOptions {
    /// Reads the cluster, for a policy.
    pub(super) async fn read(
        &self,
        (policy, cluster_id): (Policy, Option<ClusterId>),
        seat: Option<&SeatSettings>,
    ) -> Result<Cluster, Error> {
        let Self { netscaler, cluster } = self;
        let options = Options {
            access: cluster.access(),
            scope: cluster.scope(&policy),
            secrets: cluster.secrets(),
            lease: seat.map(SeatSettings::lease).unwrap_or_default(),
            cluster_id,
            policy,
            netscaler: netscaler.clone(),
        };
        Ok(Cluster::read(options).await?)
    }
}

/// Plans for a cluster, as its controller would.
pub(super) async fn turn(
    options: &ClusterOptions,
    (settings, seat): (&Settings, &SeatSettings),
    surroundings: &mut Surroundings<'_>,
) -> Result<(Pipeline, Turn), Error> {
    let policy = settings.policy_in_cluster(&surroundings.environment)?;
    let given = if options.netscaler.is_some() {
        None
    } else {
        controller::given((settings, seat), surroundings)?
    };
    let cluster = options.read((policy, settings.cluster_id()), Some(seat)).await?;
    let turn = cluster.turn(given.as_ref()).await?;
    let once::Turn { snapshot, translation, plan, policy, appliance, warnings } = turn;
    warnings.iter().try_for_each(|warning| surroundings.screen.warning(warning))?;
    if let Some(held) = &plan.held_back {
        let appliance = options.netscaler.iter().map(|name| format!(" --appliance {name}"));
        let text = format!(
            "the controller waits with deletions until somebody runs: nitro-ingress approve {}{}",
            held.digest,
            appliance.collect::<String>()
        );
        surroundings.screen.warning(&text)?;
    }
    let header = Header { cluster: policy.mark.cluster.clone(), appliance };
    Ok((Pipeline::planned(snapshot, policy), Turn { translation, plan, header }))
}
