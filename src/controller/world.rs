//! What all appliances of one controller share: the cluster, and the right to write.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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
    /// The appliances that hold each box under each prefix.
    pub(super) boxes: Mutex<BTreeMap<Place, String>>,
    pub(super) metrics: Metrics,
    pub(super) health: Health,
}

/// The number of a box, and the prefix of what is ours there.
pub(super) type Place = (String, String);

impl World {
    /// Holds a box for an appliance, and none else. Who holds it, if that is another: two that have
    /// one mark would each take what the other has for left over.
    pub(super) fn claim(&self, appliance: &str, place: Place) -> Option<String> {
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        boxes.retain(|held, by| by != appliance || *held == place);
        let holder = boxes.entry(place).or_insert_with(|| appliance.to_owned());
        (holder != appliance).then(|| holder.clone())
    }

    /// Holds nothing for an appliance any more.
    pub(super) fn give_back(&self, appliance: &str) {
        let mut boxes = self.boxes.lock().unwrap_or_else(PoisonError::into_inner);
        boxes.retain(|_, by| by != appliance);
    }

    /// What is read of the cluster.
    pub(super) const fn sources(&self) -> Sources<'_> {
        let Self { client, watches, secrets, .. } = self;
        Sources { client, watches, secrets }
    }
}
