//! What all appliances of one controller share: the cluster, and the right to write.

use kube::Client;
use tokio::sync::watch::Sender;

use super::asked::Sources;
use super::schedule::Timing;
use crate::admin::Health;
use crate::cluster::lease::Lease;
use crate::cluster::secrets::Secrets;
use crate::cluster::status::Writer;
use crate::cluster::watch::Watches;
use crate::metrics::Metrics;

/// What all appliances of one controller share.
pub(super) struct World {
    pub(super) client: Client,
    pub(super) watches: Watches,
    pub(super) secrets: Secrets,
    pub(super) writer: Writer,
    pub(super) lease: Lease,
    pub(super) timing: Timing,
    /// Told of every change in the cluster that means something.
    pub(super) changed: Sender<()>,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
}

impl World {
    /// What is read of the cluster.
    pub(super) const fn sources(&self) -> Sources<'_> {
        let Self { client, watches, secrets, .. } = self;
        Sources { client, watches, secrets }
    }
}
