//! The Secrets that somebody refers to, and no others.
//!
//! A namespace with references has one watch, which keeps the content of those that are referred
//! to; the watch starts and stops with the references. Where Secrets may not be listed, each is
//! read by its name from time to time instead, be that how it is meant or because the list was
//! refused; those with credentials always are, since nothing more need be allowed. What could not
//! be read is unknown, which is another thing than missing.

mod watching;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::core::v1::Secret as Object;
use kube::{Api, Client};
use tokio::join;
use tokio::sync::watch::Receiver;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::connect::DEADLINE;
use super::watch::Listener;
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
    wanted_by: BTreeMap<String, Wanted>,
    /// What is known of those that are asked for.
    known: BTreeMap<ObjectKey, Known>,
    /// The watches by namespace.
    watches: BTreeMap<String, Watch>,
    /// The namespaces whose watch tells nothing for now.
    silent: BTreeSet<String>,
}

/// What somebody asks for.
#[derive(Default)]
struct Wanted {
    all: BTreeSet<ObjectKey>,
    /// Those of them that are for no watch.
    by_name: BTreeSet<ObjectKey>,
}

/// The watch of one namespace.
struct Watch {
    task: AbortHandle,
    /// Whether it has told everything that is there, or that it cannot.
    told: Receiver<bool>,
}

/// How many Secrets are read at once.
const AT_ONCE: usize = 8;

/// How often Secrets are read of which no watch tells.
const OFTEN: Duration = Duration::from_mins(1);

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
    /// known of each: whatever it is, it takes no longer than a request may. Those of `by_name` are
    /// watched by nobody for as long as `who` asks for them.
    pub async fn follow(
        &self,
        who: &str,
        wanted: &BTreeSet<ObjectKey>,
        by_name: &BTreeSet<ObjectKey>,
    ) {
        let deadline = Instant::now() + DEADLINE;
        let (unknown, unwatched, watches) = self.ask(who, wanted, by_name);
        let look = async {
            let told = async {
                for mut told in watches {
                    let _told = told.wait_for(|told| *told).await;
                }
            };
            // One that neither tells nor fails leaves time for what is below.
            let in_time = timeout(DEADLINE / 2, told);
            let (_in_time, ()) = join!(in_time, self.read(unwatched, false));
            // To read a Secret by its name may be allowed where to list them is not.
            let refused: Vec<ObjectKey> = {
                let shared = self.lock();
                let is_unread = |key: &&ObjectKey| {
                    matches!(shared.known.get(*key), None | Some(Known::Unread(_)))
                };
                unknown.iter().filter(is_unread).cloned().collect()
            };
            self.read(refused, true).await;
        };
        // What is not known in time is read from time to time.
        let _in_time = timeout_at(deadline, look).await;
        let mut shared = self.lock();
        for key in unknown {
            let unread = || Known::Unread("the API server did not answer in time".to_owned());
            shared.known.entry(key).or_insert_with(unread);
        }
    }

    /// Asks for nothing in the name of `who` any more.
    pub fn forget(&self, who: &str) {
        let mut shared = self.lock();
        shared.wanted_by.remove(who);
        shared.forget_unwanted();
    }

    /// Notes what somebody wants, and starts the watches that are missing. Gives the Secrets of
    /// which nothing is known, those of them that no new watch will tell of, and the new watches.
    fn ask(
        &self,
        who: &str,
        wanted: &BTreeSet<ObjectKey>,
        by_name: &BTreeSet<ObjectKey>,
    ) -> (Vec<ObjectKey>, Vec<ObjectKey>, Vec<Receiver<bool>>) {
        let mut shared = self.lock();
        let before = shared.wanted_by.remove(who).unwrap_or_default();
        let by_name = by_name.union(&before.by_name).filter(|key| wanted.contains(*key));
        let by_name: BTreeSet<ObjectKey> = by_name.cloned().collect();
        let watched = wanted.difference(&by_name).map(|key| key.namespace.clone());
        let mut new: BTreeSet<String> = match self.mode {
            Mode::Watch => watched.collect(),
            Mode::Get(_) => BTreeSet::new(),
        };
        new.retain(|namespace| !shared.watches.contains_key(namespace));
        let unknown = wanted.iter().filter(|key| !shared.known.contains_key(*key));
        let unknown: Vec<ObjectKey> = unknown.cloned().collect();
        // A watch that is there already has passed these over.
        let is_unwatched =
            |key: &&ObjectKey| by_name.contains(*key) || !new.contains(key.namespace.as_str());
        let unwatched = unknown.iter().filter(is_unwatched).cloned().collect();
        shared.wanted_by.insert(who.to_owned(), Wanted { all: wanted.clone(), by_name });
        shared.forget_unwanted();
        let mut told = Vec::new();
        for namespace in new {
            let watch = self.start(&namespace);
            told.push(watch.told.clone());
            shared.watches.insert(namespace, watch);
        }
        (unknown, unwatched, told)
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

    /// Reads again, from time to time, what no watch tells of: what could not be read and what is
    /// always read by its name, and in the mode that reads by name, all.
    pub async fn refresh(&self) {
        let every = match self.mode {
            Mode::Get(every) => every,
            Mode::Watch => Duration::MAX,
        };
        let now = Instant::now();
        let (mut all, mut some) = (now.checked_add(every), now + OFTEN);
        loop {
            sleep_until(all.map_or(some, |all| all.min(some))).await;
            let now = Instant::now();
            let is_all_due = all.is_some_and(|all| all <= now);
            let due = self.lock().due(is_all_due);
            self.read(due, true).await;
            if is_all_due {
                all = Instant::now().checked_add(every);
            }
            if some <= now {
                some = Instant::now() + OFTEN;
            }
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
        let task = tokio::spawn(watching::watch(api, namespace, shared, (tell, listener)));
        Watch { task: task.abort_handle(), told }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

impl Shared {
    fn is_wanted(&self, key: &ObjectKey) -> bool {
        self.wanted_by.values().any(|wanted| wanted.all.contains(key))
    }

    /// The Secrets that are read again now.
    fn due(&self, is_all_due: bool) -> Vec<ObjectKey> {
        let is_by_name =
            |key: &ObjectKey| self.wanted_by.values().any(|wanted| wanted.by_name.contains(key));
        let is_due = |(key, known): &(&ObjectKey, &Known)| {
            is_all_due
                || matches!(known, Known::Unread(_))
                || self.silent.contains(&key.namespace)
                || is_by_name(key)
        };
        self.known.iter().filter(is_due).map(|(key, _)| key.clone()).collect()
    }

    fn forget_unwanted(&mut self) {
        let Self { wanted_by, known, watches, silent } = self;
        known.retain(|key, _| wanted_by.values().any(|wanted| wanted.all.contains(key)));
        let watched = wanted_by.values().flat_map(|wanted| wanted.all.difference(&wanted.by_name));
        let namespaces: BTreeSet<&str> = watched.map(|key| key.namespace.as_str()).collect();
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

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use jiff::Timestamp;
    use k8s_openapi::ByteString;
    use kube::client::Body;
    use serde_json::{Value, json};
    use tokio::time::sleep;

    use super::*;

    /// An API server with one Secret in each namespace that has the name of its namespace.
    #[derive(Default)]
    struct Server {
        value: &'static str,
        hangs: bool,
        /// How many watches are still interrupted.
        interruptions: usize,
        lists: usize,
        watches: usize,
        reads: usize,
    }

    type Shared = Arc<Mutex<Server>>;

    impl Server {
        fn answer(&mut self, target: &http::Uri) -> Option<Result<Value, &'static str>> {
            let mut parts = target.path().trim_start_matches("/api/v1/namespaces/").split('/');
            let (namespace, name) = (parts.next().unwrap(), parts.nth(1));
            let data: BTreeMap<_, _> =
                [("value", ByteString(self.value.as_bytes().to_vec()))].into();
            let secret = json!({
                "apiVersion": "v1", "kind": "Secret", "data": data,
                "metadata": { "name": name.unwrap_or(namespace), "namespace": namespace },
            });
            let is_watch = target.query().unwrap_or_default().contains("watch=true");
            match name {
                Some(_) => self.reads += 1,
                None if is_watch => self.watches += 1,
                None => self.lists += 1,
            }
            if is_watch && self.interruptions > 0 {
                self.interruptions -= 1;
                return Some(Err("the connection was reset"));
            }
            if self.hangs || is_watch {
                return None;
            }
            let list = json!({
                "apiVersion": "v1", "kind": "SecretList", "metadata": { "resourceVersion": "1" },
                "items": [&secret],
            });
            Some(Ok(if name.is_some() { secret } else { list }))
        }
    }

    fn secrets(server: &Shared, mode: Mode) -> (Arc<Secrets>, Receiver<()>) {
        let server = Arc::clone(server);
        let service = tower::service_fn(move |request: Request<Body>| {
            let answer = server.lock().unwrap().answer(request.uri());
            async move {
                match answer {
                    None => std::future::pending().await,
                    Some(Err(error)) => Err(error),
                    Some(Ok(value)) => {
                        Ok(Response::new(Body::from(value.to_string().into_bytes())))
                    }
                }
            }
        });
        let changed = tokio::sync::watch::Sender::new(());
        let news = changed.subscribe();
        let told = Listener { changed, interrupted: Arc::new(|_| ()) };
        (Arc::new(Secrets::new(Client::new(service, "ours"), mode, told)), news)
    }

    fn value(secrets: &Secrets, key: &ObjectKey) -> Option<String> {
        let bytes = secrets.get(key)?.data["value"].reveal().clone();
        Some(String::from_utf8(bytes).unwrap())
    }

    fn keys(names: &[&str]) -> BTreeSet<ObjectKey> {
        names.iter().map(|name| ObjectKey::new(*name, *name)).collect()
    }

    fn refreshing(secrets: &Arc<Secrets>) {
        let secrets = Arc::clone(secrets);
        tokio::spawn(async move { secrets.refresh().await });
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_hangs_costs_no_more_than_one_deadline_for_all() {
        for mode in [Mode::Watch, Mode::Get(Duration::from_mins(1))] {
            let server = Shared::default();
            server.lock().unwrap().hangs = true;
            let (secrets, mut news) = secrets(&server, mode);
            refreshing(&secrets);
            let many = (0..40).map(|n| ObjectKey::new("shop", format!("secret-{n}"))).collect();
            let begun = Instant::now();
            secrets.follow("one", &many, &BTreeSet::new()).await;
            assert!(begun.elapsed() <= DEADLINE + Duration::from_millis(10), "{mode:?}");
            let mut snapshot = Snapshot::empty(Timestamp::UNIX_EPOCH);
            secrets.show(&mut snapshot);
            assert_eq!(snapshot.unread_secrets.len(), 40);
            let mut hanging = server.lock().unwrap().reads;
            assert!(hanging > 0);
            server.lock().unwrap().hangs = false;
            // A request that hangs is the affair of the client.
            timeout(OFTEN * 2, news.changed()).await.unwrap().unwrap();
            hanging = server.lock().unwrap().reads - hanging;
            assert!(hanging > 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_with_credentials_are_read_by_name_and_again_within_a_minute() {
        let server = Arc::new(Mutex::new(Server { value: "old", ..Server::default() }));
        let (secrets, mut news) = secrets(&server, Mode::Watch);
        refreshing(&secrets);
        let (all, credentials) = (keys(&["shop", "ours"]), keys(&["ours"]));
        secrets.follow("one", &all, &credentials).await;
        let (shop, ours) = (ObjectKey::new("shop", "shop"), ObjectKey::new("ours", "ours"));
        assert_eq!(value(&secrets, &shop).as_deref(), Some("old"));
        assert_eq!(value(&secrets, &ours).as_deref(), Some("old"));
        let counts = |server: &Shared| {
            let server = server.lock().unwrap();
            (server.lists, server.reads)
        };
        assert_eq!(counts(&server), (1, 1));
        // Whoever asks for more does not make it watched.
        secrets.follow("one", &all, &BTreeSet::new()).await;
        news.mark_unchanged();
        server.lock().unwrap().value = "new";
        timeout(OFTEN + Duration::from_secs(1), news.changed()).await.unwrap().unwrap();
        assert_eq!(value(&secrets, &ours).as_deref(), Some("new"));
        assert_eq!(counts(&server), (1, 2));
        // Another appliance refers to it from an Ingress.
        secrets.follow("two", &credentials, &BTreeSet::new()).await;
        sleep(Duration::from_secs(1)).await;
        secrets.forget("one");
        assert_eq!(counts(&server).0, 2);
        assert_eq!(value(&secrets, &ours).as_deref(), Some("new"));
        assert_eq!(value(&secrets, &shop), None);
        let shared = secrets.lock();
        assert_eq!(shared.watches.keys().collect::<Vec<_>>(), ["ours"]);
        assert_eq!(shared.wanted_by.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_goes_on_after_an_interruption_is_trusted_again() {
        let server = Shared::default();
        server.lock().unwrap().interruptions = 3;
        let (secrets, _news) = secrets(&server, Mode::Watch);
        refreshing(&secrets);
        secrets.follow("one", &keys(&["shop"]), &BTreeSet::new()).await;
        sleep(Duration::from_mins(10)).await;
        let before = server.lock().unwrap().reads;
        sleep(Duration::from_mins(10)).await;
        let server = server.lock().unwrap();
        assert_eq!(server.reads, before, "each is read although a watch tells of it");
        assert!(server.lists <= 4 && server.watches <= 4, "{} lists", server.lists);
    }
}
