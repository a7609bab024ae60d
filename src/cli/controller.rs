//! `nitro-ingress controller`: keeps appliances like the cluster, until it is told to stop.

use std::sync::Arc;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::pipeline::trust_of;
use super::{End, Error, Surroundings};
use crate::controller::{self, Given, Options};
use crate::nitro::Credentials;
use crate::settings::{self, ClusterSettings, ControllerSettings, SeatSettings, Settings};

/// The options of `controller`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Arguments {
    #[command(flatten)]
    cluster: ClusterSettings,
    #[command(flatten)]
    controller: ControllerSettings,
    #[command(flatten)]
    settings: Settings,
}

const EXAMPLE: &str = "\
It ends with SIGTERM or SIGINT: what is on its way is finished and saved, and the lease is given up.

Example:
  nitro-ingress controller --nitro-url https://192.0.2.2 --nitro-username nitro-ingress \\
    --nitro-password-file password --default-vip 192.0.2.10";

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { cluster, controller, settings } = arguments;
    let appliance = given((settings, controller.seat()), surroundings)?;
    let environment = &surroundings.environment;
    let policy = settings.policy_in_cluster(environment)?;
    let options = Options {
        access: cluster.access(),
        scope: cluster.scope(&policy),
        secrets: cluster.secrets(),
        lease: controller.seat().lease(),
        lease_duration: controller.lease_duration(),
        identity: environment.identity(),
        timing: controller.timing(),
        listen: controller.listen(),
        cluster_id: settings.cluster_id(),
        policy,
        appliance,
    };
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        tracing::info!("told to stop");
    };
    controller::run(options, stop).await?;
    Ok(End::Well)
}

/// The appliance that the settings name, if they do.
pub(super) fn given(
    (settings, seat): (&Settings, &SeatSettings),
    surroundings: &mut Surroundings<'_>,
) -> Result<Option<Given>, Error> {
    let environment = surroundings.environment.clone();
    let is_sidecar = seat.is_sidecar();
    let Some(found) = settings.appliance_of(&environment, is_sidecar)? else { return Ok(None) };
    if found.trust == settings::Trust::Anybody {
        let warning = "the appliance's certificate is not verified (--nitro-insecure)";
        surroundings.screen.warning(warning)?;
    }
    let settings = settings.clone();
    let credentials = move || {
        let read = settings.appliance_of(&environment, is_sidecar);
        let read = read.map_err(|error| error.to_string())?;
        let read = read.ok_or_else(|| "no appliance is named".to_owned())?;
        Ok(Credentials::new(read.username, read.password))
    };
    Ok(Some(Given {
        endpoints: vec![found.url],
        trust: trust_of(found.trust),
        credentials: Arc::new(credentials),
        is_sidecar,
    }))
}
