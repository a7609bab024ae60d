//! `nitro-ingress completions`: what a shell needs to complete this program's arguments.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::screen::Screen;
use super::{End, Error};

/// The options of `completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Arguments {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

const EXAMPLE: &str = "\
Example:
  source <(nitro-ingress completions bash)";

/// Runs the command.
pub(super) fn run(arguments: &Arguments, screen: &mut Screen<'_>) -> Result<End, Error> {
    let mut command = super::Arguments::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    screen.out.text(&String::from_utf8_lossy(&script))?;
    Ok(End::Well)
}
