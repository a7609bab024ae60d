//! `nitro-ingress approve`: lets go on what a controller holds back.

use std::collections::BTreeSet;

use clap::Args;

use super::{End, Error, Surroundings};
use crate::controller::approvals::{Approved, Desk, approve};
use crate::settings::{AccessSettings, LeaseSettings};

/// The options of `approve`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub struct Arguments {
    /// What to approve, as the controller names it
    #[arg(value_name = "DIGEST", required = true, value_delimiter = ',', value_parser = parse_digest)]
    digests: Vec<String>,

    /// The `NetScaler` object of the appliance
    ///
    /// If not given, it is the appliance of the controller's settings, and the approval stands on
    /// the controller's lease.
    #[arg(long = "appliance", value_name = "NAME")]
    netscaler: Option<String>,

    /// Approve even what is not seen to wait
    #[arg(long, requires = "netscaler")]
    force: bool,

    #[command(flatten)]
    access: AccessSettings,

    #[command(flatten)]
    lease: LeaseSettings,
}

const EXAMPLE: &str = "\
An approval is an annotation, nitro-ingress.dev/approve, of the NetScaler or of the lease: whoever
may patch that may approve. It is for exactly what its digest stands for.

Example:
  nitro-ingress approve 5uq6ahkmpqcm --appliance dmz";

/// Runs the command.
pub(super) async fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { digests, netscaler, force, access, lease } = arguments;
    let digests: BTreeSet<String> = digests.iter().cloned().collect();
    let desk = netscaler.clone().map_or_else(|| lease.desk(), Desk::NetScaler);
    let approved = approve(&access.access(), desk, &digests, *force).await?;
    let Approved { desk, waiting, before } = approved;
    let out = &mut surroundings.screen.out;
    for digest in &digests {
        let again = if before.contains(digest) { " already" } else { "" };
        let what = waiting.iter().find(|one| one.digest == *digest);
        let what = what.map(|one| format!(" ({})", one.what)).unwrap_or_default();
        out.line(&format!("{digest} is approved{again} on {desk}{what}"))?;
    }
    Ok(End::Well)
}

fn parse_digest(text: &str) -> Result<String, &'static str> {
    let is_digest = (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    is_digest
        .then(|| text.to_owned())
        .ok_or("must be a digest as the controller or a plan names it")
}
