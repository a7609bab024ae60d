//! `nitro-ingress purge`: removes all that one cluster has on an appliance, and nothing else.

use clap::Args;

use super::apply;
use super::pipeline::Pipeline;
use super::screen::Screen;
use super::{End, Error, Surroundings};
use crate::settings::PurgeSettings;

/// The options of `purge`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, mut_arg("cluster_id", |id| id.required(true).env(None::<&str>)))]
pub struct Arguments {
    /// Do it; without it, what would go is shown only
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    settings: PurgeSettings,
}

const EXAMPLE: &str = "\
A controller that still runs for this cluster puts everything back: stop it first. Features and the
default SSL profile stay as they are.

Exit status: 0 if nothing of the cluster is left, 2 if something is and --yes was not given, 1 if
there is an error.

Example:
  nitro-ingress purge --cluster-id 0b1e5a52-6f0e-4a3c-9e0d-2f1c8f4f7b7a \\
    --nitro-url https://192.0.2.2 --nitro-username nsroot --nitro-password-file password";

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { yes, settings } = arguments;
    let mut pipeline = Pipeline::without_ingresses(settings, surroundings)?;
    let end = purge(&mut pipeline, *yes, &mut surroundings.screen).await;
    pipeline.close().await;
    end
}

async fn purge(pipeline: &mut Pipeline, yes: bool, screen: &mut Screen<'_>) -> Result<End, Error> {
    let turn = apply::show(pipeline, screen).await?;
    if turn.plan.is_empty() {
        return Ok(End::Well);
    }
    if !yes {
        let cluster = &turn.header.cluster;
        screen.out.line(&format!(
            "\nNothing was changed. To remove all that the cluster {cluster} has on the appliance, \
             add --yes"
        ))?;
        return Ok(End::Changes);
    }
    apply::carry_on(pipeline, turn, screen).await
}
