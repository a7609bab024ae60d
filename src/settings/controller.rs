//! The options of the controller alone: where it answers, its lease, and its pace.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use jiff::SignedDuration;

use crate::controller::Timing;
use crate::controller::approvals::Desk;

/// Which controller.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Controller")]
pub struct LeaseSettings {
    /// The name of the lease that says which controller may write
    #[arg(
        long,
        env = "NITRO_INGRESS_LEASE_NAME",
        value_name = "NAME",
        default_value = "nitro-ingress"
    )]
    lease_name: String,

    /// The namespace of the lease and of the Secrets with credentials; if not given, that of the
    /// pod, or of the kubeconfig
    #[arg(long, env = "NITRO_INGRESS_LEASE_NAMESPACE", value_name = "NAME")]
    lease_namespace: Option<String>,
}

/// Which controller, and where it sits.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Controller")]
pub struct SeatSettings {
    #[command(flatten)]
    lease: LeaseSettings,

    /// The appliance is a CPX in the same pod
    ///
    /// Unless said otherwise, it is reached at `http://127.0.0.1`, as `nsroot` with the password of
    /// the file `/var/deviceinfo/random_id` that it shares. Ingresses without `frontend-ip` are
    /// served on its own address. When it restarts it is an empty one.
    #[arg(long, env = "NITRO_INGRESS_CPX", action = clap::ArgAction::SetTrue,
        value_parser = clap::builder::BoolishValueParser::new())]
    cpx: bool,
}

/// How the controller runs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Controller")]
pub struct ControllerSettings {
    /// The address for health, readiness and metrics
    #[arg(
        long,
        env = "NITRO_INGRESS_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:8080"
    )]
    listen: SocketAddr,

    #[command(flatten)]
    seat: SeatSettings,

    #[command(flatten)]
    pace: PaceSettings,
}

/// How long is waited for what.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Pace")]
struct PaceSettings {
    /// How long the cluster must be quiet before a change is carried out
    #[arg(long, env = "NITRO_INGRESS_DEBOUNCE", value_name = "TIME", default_value = "100ms")]
    debounce: Time,

    /// After how long a change is carried out although the cluster is not quiet
    #[arg(long, env = "NITRO_INGRESS_LONGEST_DEBOUNCE", value_name = "TIME", default_value = "1s")]
    longest_debounce: Time,

    /// How often the appliance is asked whether somebody else has changed it
    #[arg(long, env = "NITRO_INGRESS_LOOK", value_name = "TIME", default_value = "1m")]
    look: Time,

    /// How often the whole appliance is read at least
    #[arg(long, env = "NITRO_INGRESS_RESYNC", value_name = "TIME", default_value = "1h")]
    resync: Time,

    /// How long after a change the configuration is saved
    #[arg(long, env = "NITRO_INGRESS_SAVE_DELAY", value_name = "TIME", default_value = "10s")]
    save_delay: Time,

    /// The longest wait after a failure
    #[arg(long, env = "NITRO_INGRESS_LONGEST_RETRY", value_name = "TIME", default_value = "5m")]
    longest_retry: Time,

    /// How long the lease lasts after each renewal
    #[arg(long, env = "NITRO_INGRESS_LEASE_DURATION", value_name = "TIME", default_value = "15s")]
    lease_duration: Time,

    /// How long after its lease the last request of another controller may still be on its way
    #[arg(long, env = "NITRO_INGRESS_TAKEOVER_DELAY", value_name = "TIME", default_value = "2m")]
    takeover_delay: Time,
}

/// A length of time as people write it: `100ms`, `1m 30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(Duration);

impl FromStr for Time {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = "must be a length of time, as in 100ms, 15s or 1h";
        let time: SignedDuration = text.parse().map_err(|_| wanted)?;
        let time = Duration::try_from(time).map_err(|_| wanted)?;
        if time.is_zero() { Err(wanted) } else { Ok(Self(time)) }
    }
}

impl LeaseSettings {
    /// The lease: its namespace unless it is our own, and its name.
    pub fn lease(&self) -> (Option<String>, String) {
        let namespace = self.lease_namespace.clone().filter(|name| !name.is_empty());
        (namespace, self.lease_name.clone())
    }

    /// Where approvals for the appliance of the settings stand.
    pub fn desk(&self) -> Desk {
        let (namespace, name) = self.lease();
        Desk::Lease(namespace, name)
    }
}

impl SeatSettings {
    /// The lease: its namespace unless it is our own, and its name.
    pub fn lease(&self) -> (Option<String>, String) {
        self.lease.lease()
    }

    /// Whether the appliance is a CPX in the same pod.
    pub const fn is_sidecar(&self) -> bool {
        self.cpx
    }
}

impl ControllerSettings {
    /// Where it sits.
    pub const fn seat(&self) -> &SeatSettings {
        &self.seat
    }

    /// How long is waited for what.
    pub const fn timing(&self) -> Timing {
        let PaceSettings {
            debounce,
            longest_debounce,
            look,
            resync,
            save_delay,
            longest_retry,
            lease_duration: _,
            takeover_delay,
        } = &self.pace;
        Timing {
            debounce: debounce.0,
            longest_debounce: longest_debounce.0,
            look: look.0,
            resync: resync.0,
            settle: SETTLE,
            save: save_delay.0,
            longest_retry: longest_retry.0,
            request: takeover_delay.0,
        }
    }

    /// Where health, readiness and metrics are.
    pub const fn listen(&self) -> SocketAddr {
        self.listen
    }

    /// How long the lease lasts after each renewal.
    pub const fn lease_duration(&self) -> Duration {
        self.pace.lease_duration.0
    }
}

/// The appliance counts in seconds, so a change is told from the one before after two.
const SETTLE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_as_people_write_them() {
        for (text, millis) in [("100ms", 100), ("1s", 1000), ("1m 30s", 90_000), ("1h", 3_600_000)]
        {
            assert_eq!(text.parse(), Ok(Time(Duration::from_millis(millis))), "{text}");
        }
        for text in ["", "1", "-1s", "0s", "soon"] {
            assert!(text.parse::<Time>().is_err(), "{text}");
        }
    }
}
