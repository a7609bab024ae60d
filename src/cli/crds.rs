//! `nitro-ingress crds`: writes the definitions of the custom resources.

use clap::Args;

use super::screen::Screen;
use super::{End, Error};
use crate::cluster::resources::definitions;

/// The options of `crds`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Arguments {}

const EXAMPLE: &str = "\
Example:
  nitro-ingress crds | kubectl apply -f -";

/// Runs the command.
pub(super) fn run(arguments: &Arguments, screen: &mut Screen<'_>) -> Result<End, Error> {
    let Arguments {} = arguments;
    let documents: Vec<String> = definitions()
        .iter()
        .map(|one| serde_saphyr::to_string(one).expect("definitions are plain data"))
        .collect();
    screen.out.text(&documents.join("---\n"))?;
    Ok(End::Well)
}
