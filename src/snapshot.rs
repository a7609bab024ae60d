//! Everything that translating may look at, as of one moment: the cluster's objects, the time, and
//! the facts about the appliance.

mod facts;
pub mod documents;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};

use crate::diagnostic::Place;
use crate::model::{IngressId, ObjectKey, Redacted};
pub use facts::{
    Facts, ForeignCertificate, ForeignCertkey, Listener, ObservedBackEnd, ObservedRoute,
};

/// One moment of the cluster and of the appliance.
///
/// Objects are shared with whoever watches the cluster.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// All Ingresses, ours or not.
    pub ingresses: BTreeMap<ObjectKey, Sourced<Ingress>>,
    /// All IngressClasses by name.
    pub ingress_classes: BTreeMap<String, IngressClass>,
    /// The Secrets.
    pub secrets: BTreeMap<ObjectKey, Arc<Secret>>,
    /// Secrets of which nobody knows whether they are there, and why: they could not be read.
    pub unread_secrets: BTreeMap<ObjectKey, String>,
    /// The data of the `ConfigMap`s that hold settings of ours. Only the one that the operator names
    /// is looked at.
    pub config_maps: BTreeMap<ObjectKey, Settings>,
    /// The Services.
    pub services: BTreeMap<ObjectKey, Sourced<Service>>,
    /// The EndpointSlices; label `kubernetes.io/service-name` says whose.
    pub endpoint_slices: BTreeMap<ObjectKey, Arc<EndpointSlice>>,
    /// The Nodes by name. They are looked at only if they are to be members.
    pub nodes: BTreeMap<String, Node>,
    /// Ingresses that are gone, each with its proof. What is not here is not gone.
    pub gone: BTreeMap<IngressId, Proof>,
    /// The time, for the dates of certificates.
    pub now: Timestamp,
    /// What is known about the appliance.
    pub facts: Facts,
}

/// The data of a `ConfigMap`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The values by key.
    pub data: BTreeMap<String, String>,
    /// Where it stands in the input.
    pub place: Option<Place>,
}

/// How we know that an Ingress is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Proof {
    /// A watch reported its deletion.
    Deleted,
    /// A read by name answered 404 after it had vanished from a list. The brake counts these.
    Vanished,
    /// It is there, and of a class that is not ours.
    OtherClass,
    /// It is there, and of a class of ours that leads to another appliance. The brake counts these.
    OtherAppliance,
    /// It is not among the files, and `--prune` was given.
    Pruned,
}

/// An object and where it was written.
#[derive(Debug, Clone)]
pub struct Sourced<T> {
    /// The object.
    pub object: Arc<T>,
    /// Where it and its parts stand.
    pub places: Places,
}

/// Where an object and its parts stand in the input; empty for what came from a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Where the object starts.
    pub object: Option<Place>,
    /// Where its parts stand, under the names that [`crate::diagnostic::Diagnostic::field`] uses: an annotation's key as
    /// written, or a path such as `spec.rules[0].host`.
    pub fields: BTreeMap<String, Place>,
}

/// A Secret whose values do not show.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The values, decoded.
    pub data: BTreeMap<String, Redacted<Vec<u8>>>,
    /// Where it stands in the input.
    pub place: Option<Place>,
}

impl Places {
    /// Where a part stands, or else what it would be part of, or else the object.
    pub fn at(&self, field: &str) -> Option<&Place> {
        let mut path = field;
        loop {
            if let Some(place) = self.fields.get(path) {
                return Some(place);
            }
            let Some(end) = path.rfind(['.', '[']) else {
                return self.object.as_ref();
            };
            path = &path[..end];
        }
    }
}

impl Snapshot {
    /// An empty cluster in front of an empty appliance.
    pub fn empty(now: Timestamp) -> Self {
        Self {
            ingresses: BTreeMap::new(),
            ingress_classes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            unread_secrets: BTreeMap::new(),
            config_maps: BTreeMap::new(),
            services: BTreeMap::new(),
            endpoint_slices: BTreeMap::new(),
            nodes: BTreeMap::new(),
            gone: BTreeMap::new(),
            now,
            facts: Facts::default(),
        }
    }
}
