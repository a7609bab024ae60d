//! What all appliances of one controller share: the cluster, and the right to write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::networking::v1::Ingress;
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch::Sender;

use super::schedule::Timing;
use crate::admin::Health;
use crate::cluster::lease::Lease;
use crate::cluster::secrets::Secrets;
use crate::cluster::status::Writer;
use crate::cluster::watch::Watches;
use crate::metrics::Metrics;
use crate::model::{IngressId, ObjectKey};
use crate::snapshot::{Facts, Places, Proof, Settings, Snapshot, Sourced};

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

/// How many Ingresses are read by name at once.
const AT_ONCE: usize = 8;

impl World {
    /// The cluster as it is known now, without Secrets and facts.
    pub(super) fn snapshot(&self, now: Timestamp) -> Snapshot {
        let Watches { ingresses, classes, services, slices, config_maps, nodes, .. } =
            &self.watches;
        let mut snapshot = Snapshot::empty(now);
        let selected = self.watches.selected_namespaces();
        let is_selected = |key: &ObjectKey| {
            selected.as_ref().is_none_or(|namespaces| namespaces.contains(&key.namespace))
        };
        for object in ingresses.all() {
            let key = key_of(object.as_ref());
            if is_selected(&key) {
                snapshot.ingresses.insert(key, Sourced { object, places: Places::default() });
            }
        }
        for object in classes.all() {
            snapshot.ingress_classes.insert(object.name_any(), Arc::unwrap_or_clone(object));
        }
        for object in services.all() {
            let key = key_of(object.as_ref());
            snapshot.services.insert(key, Sourced { object, places: Places::default() });
        }
        for object in slices.all() {
            snapshot.endpoint_slices.insert(key_of(object.as_ref()), object);
        }
        for object in config_maps.all() {
            let data = object.data.clone().unwrap_or_default();
            let settings = Settings { data, place: None };
            snapshot.config_maps.insert(key_of(object.as_ref()), settings);
        }
        for object in nodes.all() {
            snapshot.nodes.insert(object.name_any(), Arc::unwrap_or_clone(object));
        }
        snapshot
    }

    /// How the Ingresses went away that the appliance has and the snapshot has not. One about which
    /// nothing is proven is left out. What reading by name showed is kept in `read`.
    pub(super) async fn gone(
        &self,
        facts: &Facts,
        snapshot: &Snapshot,
        read: &mut BTreeMap<IngressId, Option<Proof>>,
    ) -> BTreeMap<IngressId, Proof> {
        let absent = facts.ingresses.iter().filter_map(|(id, key)| Some((*id, key.as_ref()?)));
        let absent: Vec<(IngressId, &ObjectKey)> =
            absent.filter(|(_, key)| !snapshot.ingresses.contains_key(*key)).collect();
        let ids: BTreeSet<IngressId> = absent.iter().map(|(id, _)| *id).collect();
        read.retain(|id, _| ids.contains(id));
        let is_deleted = |key: &ObjectKey| self.watches.has_seen_deletion(key);
        let unknown: Vec<_> = absent
            .iter()
            .filter(|(id, key)| !read.contains_key(id) && !is_deleted(key))
            .copied()
            .collect();
        let reads =
            stream::iter(unknown).map(|(id, key)| async move { (id, self.look_for(key).await) });
        let mut reads = std::pin::pin!(reads.buffer_unordered(AT_ONCE));
        while let Some((id, proof)) = reads.next().await {
            read.insert(id, proof);
        }
        let proof = |(id, key): (IngressId, &ObjectKey)| {
            let proof =
                if is_deleted(key) { Some(Proof::Deleted) } else { read.get(&id).copied()? };
            Some((id, proof?))
        };
        absent.into_iter().filter_map(proof).collect()
    }

    /// Reads an Ingress by name that no watch tells of. Only that it is not there proves anything.
    async fn look_for(&self, key: &ObjectKey) -> Option<Proof> {
        let api = Api::<Ingress>::namespaced(self.client.clone(), &key.namespace);
        match api.get_opt(&key.name).await {
            Ok(None) => Some(Proof::Vanished),
            Ok(Some(_)) => {
                tracing::debug!(ingress = %key, "it is there, and not looked at");
                None
            }
            Err(error) => {
                tracing::warn!(ingress = %key, %error, "nobody knows whether it is gone");
                None
            }
        }
    }
}

/// Namespace and name of an object.
pub(super) fn key_of(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any())
}
