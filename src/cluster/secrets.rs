//! The Secrets that somebody refers to, and no others.
//!
//! A namespace with references has one watch, which keeps the content of those that are referred
//! to; the watch starts and stops with the references. Where Secrets may not be listed, each is read
//! by its name from time to time instead, be that how it is meant or because the list was refused. What could not be read is unknown, which is another thing
//! than missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Secret as Object;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, Client, ResourceExt};
use tokio::sync::watch::Sender;
use tokio::task::AbortHandle;

use super::connect::{DEADLINE, WATCH_SECS};
use super::watch::{Interrupted, Listener};
use crate::model::{ObjectKey, Redacted};
use crate::snapshot::{Secret, Snapshot};

/// How Secrets are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By a watch of each namespace with references.
    Watch,
    /// By their names, each time that this has passed.
    Get(Duration),
}

/// What is known of one Secret.
#[derive(Debug, Clone)]
enum Known {
    /// It is there.
    There(Arc<Secret>),
    /// It is not there.
    Missing,
    /// It could not be read: why.
    Unread(String),
}

/// The Secrets that somebody refers to.
pub struct Secrets {
    client: Client,
    mode: Mode,
    told: Listener,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// What each asks for.
    wanted_by: BTreeMap<String, BTreeSet<ObjectKey>>,
    /// What is known of those that are asked for.
    known: BTreeMap<ObjectKey, Known>,
    /// The watches by namespace.
    watches: BTreeMap<String, Watch>,
    /// The namespaces whose watch tells nothing for now.
    silent: BTreeSet<String>,
}

/// The watch of one namespace.
struct Watch {
    task: AbortHandle,
    /// Whether it has told everything that is there, or that it cannot.
    told: tokio::sync::watch::Receiver<bool>,
}

/// How many Secrets are read at once.
const AT_ONCE: usize = 8;

/// A page of a list: its Secrets are in memory until they have been looked at.
const PAGE: u32 = 100;

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Secrets {
    /// No Secrets yet. `told` hears of every change of one that is asked for.
    pub fn new(client: Client, mode: Mode, told: Listener) -> Self {
        Self { client, mode, told, shared: Arc::default() }
    }

    /// Asks for these in place of those that `who` asked for before, and waits until something is
    /// known of each: whatever it is, it takes no longer than a request may.
    pub async fn follow(&self, who: &str, wanted: &BTreeSet<ObjectKey>) {
        let (mut told, unknown_before);
        told = Vec::new();
        let by_name: Vec<ObjectKey> = {
            let mut shared = self.lock();
            shared.wanted_by.insert(who.to_owned(), wanted.clone());
            shared.forget_unwanted();
            let unknown = wanted.iter().filter(|key| !shared.known.contains_key(*key));
            let unknown: Vec<ObjectKey> = unknown.cloned().collect();
            unknown_before = BTreeSet::from_iter(unknown.clone());
            match self.mode {
                Mode::Get(_) => unknown,
                Mode::Watch => {
                    let namespaces: BTreeSet<&str> =
                        unknown.iter().map(|key| key.namespace.as_str()).collect();
                    let new: BTreeSet<String> = namespaces
                        .into_iter()
                        .filter(|namespace| !shared.watches.contains_key(*namespace))
                        .map(str::to_owned)
                        .collect();
                    for namespace in &new {
                        let watch = self.start(namespace);
                        told.push(watch.told.clone());
                        shared.watches.insert(namespace.clone(), watch);
                    }
                    // A watch that is there already has passed these over.
                    unknown
                        .into_iter()
                        .filter(|key| !new.contains(key.namespace.as_str()))
                        .collect()
                }
            }
        };
        for mut told in told {
            // A watch that neither tells nor fails in time is answered for below.
            let _in_time = tokio::time::timeout(DEADLINE, told.wait_for(|told| *told)).await;
        }
        self.read(by_name, false).await;
        // To read a Secret by its name may be allowed where to list them is not.
        let refused: Vec<ObjectKey> = {
            let shared = self.lock();
            let is_unread =
                |key: &&ObjectKey| matches!(shared.known.get(*key), None | Some(Known::Unread(_)));
            let is_new = |key: &&ObjectKey| unknown_before.contains(*key);
            wanted.iter().filter(is_new).filter(is_unread).cloned().collect()
        };
        self.read(refused, true).await;
        let mut shared = self.lock();
        for key in wanted {
            let unread = || Known::Unread("the API server did not answer in time".to_owned());
            shared.known.entry(key.clone()).or_insert_with(unread);
        }
    }

    /// Puts what is known into a snapshot.
    pub fn show(&self, snapshot: &mut Snapshot) {
        for (key, known) in &self.lock().known {
            match known {
                Known::There(secret) => {
                    snapshot.secrets.insert(key.clone(), Arc::clone(secret));
                }
                Known::Missing => (),
                Known::Unread(reason) => {
                    snapshot.unread_secrets.insert(key.clone(), reason.clone());
                }
            }
        }
    }

    /// One that is asked for, if it is there.
    pub fn get(&self, key: &ObjectKey) -> Option<Arc<Secret>> {
        match self.lock().known.get(key) {
            Some(Known::There(secret)) => Some(Arc::clone(secret)),
            Some(Known::Missing | Known::Unread(_)) | None => None,
        }
    }

    /// Reads again, from time to time, what no watch tells of: all in the mode that reads by name,
    /// else what could not be read.
    pub async fn refresh(&self) {
        let every = match self.mode {
            Mode::Get(every) => every,
            Mode::Watch => Duration::from_mins(1),
        };
        loop {
            tokio::time::sleep(every).await;
            let keys: Vec<ObjectKey> = {
                let shared = self.lock();
                let is_due = |(key, known): &(&ObjectKey, &Known)| match known {
                    Known::Unread(_) => true,
                    Known::There(_) | Known::Missing => {
                        matches!(self.mode, Mode::Get(_)) || shared.silent.contains(&key.namespace)
                    }
                };
                let due = shared.known.iter().filter(is_due);
                due.map(|(key, _)| key.clone()).collect()
            };
            self.read(keys, true).await;
        }
    }

    /// Reads Secrets by name. `again` says whether what is known already is replaced: a watch knows
    /// better than a read that was sent before its event.
    async fn read(&self, keys: Vec<ObjectKey>, again: bool) {
        let reads = stream::iter(keys).map(|key| async {
            let api = Api::<Object>::namespaced(self.client.clone(), &key.namespace);
            let known = match api.get_opt(&key.name).await {
                Ok(Some(object)) => Known::There(Arc::new(content(object))),
                Ok(None) => Known::Missing,
                Err(error) => Known::Unread(reason(&error)),
            };
            (key, known)
        });
        let mut reads = std::pin::pin!(reads.buffer_unordered(AT_ONCE));
        while let Some((key, known)) = reads.next().await {
            let mut shared = self.lock();
            let before = shared.known.get(&key);
            let is_lost = matches!((before, &known), (Some(Known::There(_)), Known::Unread(_)));
            let is_new = before.is_none_or(|before| !before.is(&known));
            if shared.is_wanted(&key) && is_new && !is_lost && (again || before.is_none()) {
                shared.known.insert(key, known);
                drop(shared);
                if again {
                    self.told.changed.send_replace(());
                }
            }
        }
    }

    fn start(&self, namespace: &str) -> Watch {
        let api = Api::<Object>::namespaced(self.client.clone(), namespace);
        let (tell, told) = tokio::sync::watch::channel(false);
        let (shared, listener) = (Arc::clone(&self.shared), self.told.clone());
        let namespace = namespace.to_owned();
        let task = tokio::spawn(watch(api, namespace, shared, (tell, listener)));
        Watch { task: task.abort_handle(), told }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Shared {
    fn is_wanted(&self, key: &ObjectKey) -> bool {
        self.wanted_by.values().any(|wanted| wanted.contains(key))
    }

    fn forget_unwanted(&mut self) {
        let Self { wanted_by, known, watches, silent } = self;
        known.retain(|key, _| wanted_by.values().any(|wanted| wanted.contains(key)));
        let namespaces: BTreeSet<&str> =
            wanted_by.values().flatten().map(|key| key.namespace.as_str()).collect();
        watches.retain(|namespace, _| namespaces.contains(namespace.as_str()));
        silent.retain(|namespace| namespaces.contains(namespace.as_str()));
    }

    /// Takes in what a watch says of a Secret. Whether that is news.
    fn learn(&mut self, key: ObjectKey, now: Known) -> bool {
        if !self.is_wanted(&key) {
            return false;
        }
        let is_news = self.known.get(&key).is_none_or(|before| !before.is(&now));
        self.known.insert(key, now);
        is_news
    }
}

impl Known {
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::There(one), Self::There(other)) => one.data == other.data,
            (Self::Missing, Self::Missing) => true,
            (Self::Unread(one), Self::Unread(other)) => one == other,
            (Self::There(_) | Self::Missing | Self::Unread(_), _) => false,
        }
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Keeps what is known of the Secrets of one namespace like the cluster.
async fn watch(
    api: Api<Object>,
    namespace: String,
    shared: Arc<Mutex<Shared>>,
    (told, listener): (Sender<bool>, Listener),
) {
    let config = watcher::Config::default().timeout(WATCH_SECS).page_size(PAGE);
    let stream = watcher(api, config).default_backoff();
    let mut stream = std::pin::pin!(stream);
    let mut listed = BTreeSet::new();
    while let Some(event) = stream.next().await {
        let mut is_news = false;
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                let key = ObjectKey::new(namespace.as_str(), object.name_any());
                listed.insert(key.name.clone());
                is_news = lock(&shared).learn(key, Known::There(Arc::new(content(object))));
            }
            Ok(Event::Apply(object)) => {
                lock(&shared).silent.remove(&namespace);
                let key = ObjectKey::new(namespace.as_str(), object.name_any());
                is_news = lock(&shared).learn(key, Known::There(Arc::new(content(object))));
            }
            Ok(Event::Delete(object)) => {
                let key = ObjectKey::new(namespace.as_str(), object.name_any());
                is_news = lock(&shared).learn(key, Known::Missing);
            }
            Ok(Event::InitDone) => {
                lock(&shared).silent.remove(&namespace);
                is_news = unlisted(&shared, &namespace, &listed);
                listed.clear();
                told.send_replace(true);
            }
            Err(error) => {
                // The error itself may quote what could not be decoded.
                let why = why(&error);
                tracing::warn!(%namespace, why, "the watch of Secrets is interrupted");
                let kind = "Secret".to_owned();
                (listener.interrupted)(&Interrupted { kind, why: why.clone() });
                lock(&shared).silent.insert(namespace.clone());
                is_news = unread(&shared, &namespace, &why);
                told.send_replace(true);
            }
        }
        if is_news {
            listener.changed.send_replace(());
        }
    }
}

/// Takes the Secrets of a namespace for missing that a whole list does not hold.
fn unlisted(shared: &Mutex<Shared>, namespace: &str, listed: &BTreeSet<String>) -> bool {
    let mut shared = lock(shared);
    let missing: Vec<ObjectKey> = shared
        .wanted_by
        .values()
        .flatten()
        .filter(|key| key.namespace == namespace && !listed.contains(&key.name))
        .cloned()
        .collect();
    let mut is_news = false;
    for key in missing {
        is_news |= shared.learn(key, Known::Missing);
    }
    is_news
}

/// Says of the Secrets of a namespace of which nothing is known yet why that is.
fn unread(shared: &Mutex<Shared>, namespace: &str, why: &str) -> bool {
    let mut shared = lock(shared);
    let wanted = shared.wanted_by.values().flatten();
    let unknown: Vec<ObjectKey> = wanted
        .filter(|key| key.namespace == namespace && !shared.known.contains_key(*key))
        .cloned()
        .collect();
    let is_news = !unknown.is_empty();
    for key in unknown {
        shared.known.insert(key, Known::Unread(why.to_owned()));
    }
    is_news
}

fn why(error: &watcher::Error) -> String {
    match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => reason(error),
        watcher::Error::WatchError(status) => format!("the API server answered {}", status.code),
        watcher::Error::NoResourceVersion => "the API server gave no version".to_owned(),
    }
}

/// Why a Secret could not be read, without anything of its content.
fn reason(error: &kube::Error) -> String {
    if let kube::Error::Api(status) = error {
        format!("the API server answered {}", status.code)
    } else {
        "the API server did not answer".to_owned()
    }
}

fn content(object: Object) -> Secret {
    let data = object.data.unwrap_or_default();
    let data = data.into_iter().map(|(key, value)| (key, Redacted::new(value.0))).collect();
    Secret { data, place: None }
}
