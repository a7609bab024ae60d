//! Watches the cluster: what is there, and what was deleted while we looked.
//!
//! Each kind has reflectors, one for each namespace if namespaces are listed. Their stores hold
//! pruned objects. An event that changes nothing of these is no news, so that what we write
//! ourselves and what others note on objects costs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Node, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::store::Writer;
use kube::runtime::reflector::{ObjectRef, Store, store};
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::sync::watch::Sender;
use tokio::task::JoinSet;

use super::connect::WATCH_SECS;
use super::prune::Prune;
use super::resources::netscaler::NetScaler;
use super::resources::report::IngressReport;
use crate::chain::chain;
use crate::model::ObjectKey;

/// Which namespaces are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Namespaces {
    /// All.
    #[default]
    All,
    /// These.
    Listed(BTreeSet<String>),
    /// Those with these labels, in the form of a label selector.
    Labelled(String),
}

/// What is watched.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The namespaces of Ingresses.
    pub namespaces: Namespaces,
    /// The `ConfigMap` with the defaults of front ends, if there is one.
    pub config_map: Option<ObjectKey>,
    /// Whether Nodes may be members.
    pub nodes: bool,
    /// Whether our own custom resources are watched, which need not be installed otherwise.
    pub own_resources: bool,
}

/// Why a watch did not tell what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("objects of kind {kind} cannot be listed because {why}")]
pub struct Interrupted {
    /// What was to be listed.
    pub kind: String,
    /// What was in the way.
    pub why: String,
}

/// Who hears of what the watches see.
#[derive(Clone)]
pub struct Listener {
    /// Told of every change that means something.
    pub changed: Sender<()>,
    /// Told of every interruption of a watch.
    pub interrupted: Arc<dyn Fn(&Interrupted) + Send + Sync>,
}

/// The objects of one kind.
pub struct Kept<K: Resource + 'static>
where
    K::DynamicType: Eq + Hash,
{
    stores: Vec<Store<K>>,
}

/// Everything that is watched.
pub struct Watches {
    /// The Ingresses of all classes.
    pub ingresses: Kept<Ingress>,
    /// The IngressClasses.
    pub classes: Kept<IngressClass>,
    /// The Services.
    pub services: Kept<Service>,
    /// The EndpointSlices.
    pub slices: Kept<EndpointSlice>,
    /// The one `ConfigMap` that is looked at.
    pub config_maps: Kept<ConfigMap>,
    /// The Nodes, where they may be members.
    pub nodes: Kept<Node>,
    /// The namespaces with the labels that select them.
    pub namespaces: Kept<Namespace>,
    /// The appliances.
    pub netscalers: Kept<NetScaler>,
    /// What we have reported.
    pub reports: Kept<IngressReport>,
    /// Which namespaces are looked at.
    scope: Scope,
    deleted: Deleted,
}

/// The Ingresses whose deletion a watch reported. Clones are one and the same.
#[derive(Debug, Clone, Default)]
struct Deleted(Arc<Mutex<BTreeMap<ObjectKey, Instant>>>);

/// How long the deletion of an Ingress is remembered. Later, that it is not there proves as much.
const REMEMBERED: Duration = Duration::from_hours(24);

impl Watches {
    /// Starts to watch. `told` hears of every change that means something, and of every watch that
    /// is interrupted.
    pub fn start(client: &Client, scope: Scope, told: &Listener, tasks: &mut JoinSet<()>) -> Self {
        let mut start = Start { client, scope: &scope, told, tasks };
        let deleted = Deleted::default();
        let of_ingresses = deleted.clone();
        let config_maps = match &scope.config_map {
            Some(ObjectKey { namespace, name }) => {
                let only = watcher::Config::default().fields(&format!("metadata.name={name}"));
                let api = Api::namespaced(client.clone(), namespace);
                Kept { stores: vec![start.one(api, only, |_| ())] }
            }
            None => Kept { stores: Vec::new() },
        };
        let namespaces = match &scope.namespaces {
            Namespaces::Labelled(selector) => {
                let selected = watcher::Config::default().labels(selector);
                Kept { stores: vec![start.one(Api::all(client.clone()), selected, |_| ())] }
            }
            Namespaces::All | Namespaces::Listed(_) => Kept { stores: Vec::new() },
        };
        let nodes = if scope.nodes { start.cluster_wide() } else { Kept { stores: Vec::new() } };
        let (netscalers, reports) = if scope.own_resources {
            (start.cluster_wide(), start.namespaced(|_| ()))
        } else {
            (Kept { stores: Vec::new() }, Kept { stores: Vec::new() })
        };
        Self {
            ingresses: start.namespaced(move |event| of_ingresses.note(event)),
            classes: start.cluster_wide(),
            services: start.namespaced(|_| ()),
            slices: start.namespaced(|_| ()),
            config_maps,
            nodes,
            namespaces,
            netscalers,
            reports,
            deleted,
            scope,
        }
    }

    /// Waits until every watch has told everything that is there.
    pub async fn synced(&self) {
        let Self {
            ingresses,
            classes,
            services,
            slices,
            config_maps,
            nodes,
            namespaces,
            netscalers,
            reports,
            scope: _,
            deleted: _,
        } = self;
        ingresses.synced().await;
        classes.synced().await;
        services.synced().await;
        slices.synced().await;
        config_maps.synced().await;
        nodes.synced().await;
        namespaces.synced().await;
        netscalers.synced().await;
        reports.synced().await;
    }

    /// The namespaces whose Ingresses count; `None` if all that are watched do.
    pub fn selected_namespaces(&self) -> Option<BTreeSet<String>> {
        match &self.scope.namespaces {
            Namespaces::All | Namespaces::Listed(_) => None,
            Namespaces::Labelled(_) => {
                Some(self.namespaces.all().map(|namespace| namespace.name_any()).collect())
            }
        }
    }

    /// Whether a watch reported the deletion of an Ingress that has not come back.
    pub fn has_seen_deletion(&self, ingress: &ObjectKey) -> bool {
        self.deleted.keys().contains_key(ingress)
    }
}

impl<K: Resource + Clone + 'static> Kept<K>
where
    K::DynamicType: Eq + Hash + Clone,
{
    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = Arc<K>> {
        self.stores.iter().flat_map(Store::state)
    }

    /// One of them.
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<K>>
    where
        K::DynamicType: Default,
    {
        let ObjectKey { namespace, name } = key;
        let object = ObjectRef::new(name);
        let object = if namespace.is_empty() { object } else { object.within(namespace) };
        self.stores.iter().find_map(|store| store.get(&object))
    }

    async fn synced(&self) {
        for store in &self.stores {
            // A store whose writer is gone gets nothing any more, and its task has said why.
            if store.wait_until_ready().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }
}

impl Deleted {
    fn keys(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, event: &Event<Ingress>) {
        match event {
            Event::Delete(ingress) => {
                let mut keys = self.keys();
                keys.retain(|_, since| since.elapsed() < REMEMBERED);
                keys.insert(key_of(ingress), Instant::now());
            }
            Event::Apply(ingress) | Event::InitApply(ingress) => {
                self.keys().remove(&key_of(ingress));
            }
            Event::Init | Event::InitDone => (),
        }
    }
}

/// Namespace and name of an object.
pub fn key_of(object: &impl ResourceExt) -> ObjectKey {
    ObjectKey::new(object.namespace().unwrap_or_default(), object.name_any())
}

/// What starting a watch takes.
struct Start<'a> {
    client: &'a Client,
    scope: &'a Scope,
    told: &'a Listener,
    tasks: &'a mut JoinSet<()>,
}

impl Start<'_> {
    fn cluster_wide<K>(&mut self) -> Kept<K>
    where
        K: Watched,
    {
        let api = Api::all(self.client.clone());
        Kept { stores: vec![self.one(api, watcher::Config::default(), |_| ())] }
    }

    fn namespaced<K>(&mut self, seen: impl Fn(&Event<K>) + Clone + Send + 'static) -> Kept<K>
    where
        K: Watched + Resource<Scope = NamespaceResourceScope>,
    {
        let apis: Vec<Api<K>> = match &self.scope.namespaces {
            Namespaces::All | Namespaces::Labelled(_) => vec![Api::all(self.client.clone())],
            Namespaces::Listed(all) => {
                all.iter().map(|one| Api::namespaced(self.client.clone(), one)).collect()
            }
        };
        let start = |api| self.one(api, watcher::Config::default(), seen.clone());
        Kept { stores: apis.into_iter().map(start).collect() }
    }

    fn one<K: Watched>(
        &mut self,
        api: Api<K>,
        config: watcher::Config,
        seen: impl Fn(&Event<K>) + Send + 'static,
    ) -> Store<K> {
        let (reader, writer) = store();
        let (known, told) = (reader.clone(), self.told.clone());
        self.tasks.spawn(watch(api, config, (known, writer), told, seen));
        reader
    }
}

/// What every kind that is watched can do.
trait Watched:
    Resource<DynamicType = ()>
    + Prune
    + PartialEq
    + Clone
    + Debug
    + DeserializeOwned
    + Send
    + Sync
    + 'static
{
}

impl<K> Watched for K where
    K: Resource<DynamicType = ()>
        + Prune
        + PartialEq
        + Clone
        + Debug
        + DeserializeOwned
        + Send
        + Sync
        + 'static
{
}

/// Keeps a store like the cluster, and tells each event that is news.
async fn watch<K: Watched>(
    api: Api<K>,
    config: watcher::Config,
    (known, mut writer): (Store<K>, Writer<K>),
    told: Listener,
    seen: impl Fn(&Event<K>) + Send + 'static,
) {
    let kind = K::kind(&());
    let stream = watcher(api, config.timeout(WATCH_SECS)).default_backoff();
    let mut stream = std::pin::pin!(stream);
    while let Some(event) = stream.next().await {
        let event = match event {
            Ok(event) => event.modify(Prune::prune),
            Err(error) => {
                let interrupted = Interrupted { kind: kind.to_string(), why: chain(&error) };
                tracing::warn!(%kind, error = interrupted.why, "the watch is interrupted");
                (told.interrupted)(&interrupted);
                continue;
            }
        };
        let is_news = match &event {
            Event::Apply(object) => {
                let before = known.get(&ObjectRef::from_obj(object));
                object.is_news(before.as_deref())
            }
            // What a list no longer has shows at its end only.
            Event::Delete(_) | Event::InitDone => true,
            Event::Init | Event::InitApply(_) => false,
        };
        writer.apply_watcher_event(&event);
        seen(&event);
        if is_news {
            told.changed.send_replace(());
        }
    }
}
