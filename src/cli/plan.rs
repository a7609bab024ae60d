//! `nitro-ingress plan`: shows what would change, and changes nothing.

use clap::{Args, ValueEnum};

use super::cluster::ClusterOptions;
use super::pipeline::{Common, Pipeline, Turn};
use super::screen::Stream;
use super::{End, Error, Surroundings};
use crate::plan::render::{self, Style};
use crate::settings::SeatSettings;

/// The options of `plan`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Arguments {
    /// The form of the plan
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,

    /// Exit with status 2 if there are changes, instead of 0
    #[arg(long)]
    detailed_exitcode: bool,

    #[command(flatten)]
    common: Common,

    #[command(flatten)]
    cluster: ClusterOptions,

    #[command(flatten)]
    seat: SeatSettings,
}

const EXAMPLE: &str = "\
Exit status: 0 if all is well (2 if there are changes and --detailed-exitcode is given), 1 if there
is an error, or an Ingress that cannot be served as it asks.

Example:
  nitro-ingress plan -f ingress.yaml -f secrets/ --nitro-url https://192.0.2.2 \\
    --nitro-username nsroot --nitro-password-file password
  nitro-ingress plan --context production --appliance dmz";

/// The form of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// The commands that an administrator would type on the appliance.
    Nscli,
}

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { common, output, detailed_exitcode, cluster, seat } = arguments;
    let (pipeline, turn) = if common.manifests.is_empty() {
        super::cluster::turn(cluster, (&common.settings, seat), surroundings).await?
    } else {
        let mut pipeline = Pipeline::new(common, surroundings)?;
        let turn = pipeline.turn().await;
        pipeline.close().await;
        (pipeline, turn?)
    };
    pipeline.comment(&turn, &mut surroundings.screen)?;
    let text = match output {
        Form::Text => text(&turn, &surroundings.screen.out),
        Form::Json => format!("{:#}\n", render::json(&turn.plan, &turn.header)),
        Form::Nscli => render::nscli(&turn.plan),
    };
    surroundings.screen.out.text(&text)?;
    if pipeline.falls_short(&turn) {
        Ok(End::Short)
    } else if *detailed_exitcode && !turn.plan.is_empty() {
        Ok(End::Changes)
    } else {
        Ok(End::Well)
    }
}

/// A plan as people read it.
pub(super) fn text(turn: &Turn, out: &Stream<'_>) -> String {
    let style = Style { colour: out.colour, width: out.width };
    render::text(&turn.plan, &turn.header, style)
}
