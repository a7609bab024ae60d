//! What the cluster asks of one appliance, as of now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use k8s_openapi::api::networking::v1::Ingress;
use kube::{Api, Client, ResourceExt};

use crate::cluster::secrets::Secrets;
use crate::cluster::watch::{Watches, key_of};
use crate::model::{IngressId, ObjectKey};
use crate::observed::ObservedState;
use crate::policy::Policy;
use crate::snapshot::{Facts, Places, Proof, Settings, Snapshot, Sourced};
use crate::translate::{Translation, translate};

/// What is read of the cluster.
#[derive(Clone, Copy)]
pub(super) struct Sources<'a> {
    pub(super) client: &'a Client,
    pub(super) watches: &'a Watches,
    pub(super) secrets: &'a Secrets,
}

/// What is kept from one look at the cluster to the next.
pub(super) struct Asked {
    /// For whom Secrets are followed.
    who: String,
    /// The Secrets that are followed.
    followed: BTreeSet<ObjectKey>,
    /// The Ingresses that the appliance has and that reading by name did not find.
    read: BTreeSet<IngressId>,
    /// How long translating took.
    took: Duration,
}

/// How long reading Ingresses by name may take in one turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many Ingresses are read by name at once.
const AT_ONCE: usize = 8;

impl Asked {
    /// Nothing yet.
    pub(super) const fn new(who: String) -> Self {
        Self { who, followed: BTreeSet::new(), read: BTreeSet::new(), took: Duration::ZERO }
    }

    /// Follows these Secrets too, and waits until something is known of each.
    pub(super) async fn follow(&mut self, sources: Sources<'_>, secrets: BTreeSet<ObjectKey>) {
        if !self.followed.is_superset(&secrets) {
            self.followed.extend(secrets.iter().cloned());
            sources.secrets.follow(&self.who, &self.followed, &secrets).await;
        }
    }

    /// How long the last translation took.
    pub(super) const fn took(&self) -> Duration {
        self.took
    }

    /// Forgets what reading by name showed.
    pub(super) fn forget(&mut self) {
        self.read.clear();
    }

    /// What the cluster asks of the appliance. Secrets that are referred to are waited for, and
    /// these are followed with them.
    pub(super) async fn translate(
        &mut self,
        sources: Sources<'_>,
        others: &BTreeSet<ObjectKey>,
        (observed, policy): (&mut ObservedState, &Policy),
    ) -> (Snapshot, Translation) {
        loop {
            let mut snapshot = sources.snapshot(Timestamp::now());
            snapshot.gone = sources.gone(&observed.facts, &snapshot, &mut self.read).await;
            sources.secrets.show(&mut snapshot);
            snapshot.facts = std::mem::take(&mut observed.facts);
            let begun = Instant::now();
            let translation = translate(&snapshot, policy);
            self.took = begun.elapsed();
            observed.facts = std::mem::take(&mut snapshot.facts);
            let wanted: BTreeSet<ObjectKey> = translation.secrets.union(others).cloned().collect();
            if wanted == self.followed {
                return (snapshot, translation);
            }
            sources.secrets.follow(&self.who, &wanted, others).await;
            let was_complete = wanted.is_subset(&self.followed);
            self.followed = wanted;
            if was_complete {
                return (snapshot, translation);
            }
        }
    }
}

impl Sources<'_> {
    /// The cluster as it is known now, without Secrets and facts.
    pub(super) fn snapshot(self, now: Timestamp) -> Snapshot {
        let Watches { ingresses, classes, services, slices, config_maps, nodes, .. } = self.watches;
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
    /// nothing is proven is left out. What reading by name showed is kept in `missing`.
    async fn gone(
        self,
        facts: &Facts,
        snapshot: &Snapshot,
        missing: &mut BTreeSet<IngressId>,
    ) -> BTreeMap<IngressId, Proof> {
        let absent = facts.ingresses.iter().filter_map(|(id, key)| Some((*id, key.as_ref()?)));
        let absent: Vec<(IngressId, &ObjectKey)> =
            absent.filter(|(_, key)| !snapshot.ingresses.contains_key(*key)).collect();
        let ids: BTreeSet<IngressId> = absent.iter().map(|(id, _)| *id).collect();
        missing.retain(|id| ids.contains(id));
        let is_deleted = |key: &ObjectKey| self.watches.has_seen_deletion(key);
        let unknown: Vec<_> = absent
            .iter()
            .filter(|(id, key)| !missing.contains(id) && !is_deleted(key))
            .copied()
            .collect();
        let reads =
            stream::iter(unknown).map(|(id, key)| async move { (id, self.is_missing(key).await) });
        let mut reads = std::pin::pin!(reads.buffer_unordered(AT_ONCE));
        let begun = Instant::now();
        while let Some((id, is_missing)) = reads.next().await {
            if is_missing {
                missing.insert(id);
            }
            // What is not known now stays as it is, and is asked for again in the next turn.
            if begun.elapsed() > PATIENCE {
                break;
            }
        }
        let proof = |(id, key): (IngressId, &ObjectKey)| {
            let is_missing = missing.contains(&id).then_some(Proof::Vanished);
            Some((id, is_deleted(key).then_some(Proof::Deleted).or(is_missing)?))
        };
        absent.into_iter().filter_map(proof).collect()
    }

    /// Reads an Ingress by name that no watch tells of. Only that it is not there proves anything.
    async fn is_missing(self, key: &ObjectKey) -> bool {
        let api = Api::<Ingress>::namespaced(self.client.clone(), &key.namespace);
        match api.get_opt(&key.name).await {
            Ok(None) => true,
            Ok(Some(_)) => {
                tracing::debug!(ingress = %key, "it is there, and not looked at");
                false
            }
            Err(error) => {
                tracing::warn!(ingress = %key, %error, "nobody knows whether it is gone");
                false
            }
        }
    }
}
