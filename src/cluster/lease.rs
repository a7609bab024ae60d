//! One writer: the lease that says which controller may write.
//!
//! Time is counted by our own clock only: from when we sent a renewal, and from when we saw that of
//! another holder change. So clocks of different machines need not agree; they must run equally
//! fast.

use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use tokio::sync::Mutex;
use tokio::sync::watch::{self, Receiver, Sender};
use tokio::time::timeout;

use crate::chain::chain;
use crate::fence::Fence;
use crate::model::ObjectKey;

/// A lease, and what we know of it.
pub struct Lease {
    api: Api<Object>,
    key: ObjectKey,
    /// Who we are: no two processes are the same.
    identity: String,
    duration: Duration,
    fence: Fence,
    state: Mutex<State>,
    standing: Sender<Standing>,
}

/// Whether we may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known yet.
    Unknown,
    /// Another controller may.
    Follower {
        /// Who that is.
        holder: String,
    },
    /// We may.
    Leader {
        /// When the holder before us was last seen to renew the lease, unless it gave it up: it may
        /// have sent something since.
        taken_over: Option<Instant>,
        /// The annotations of the lease.
        annotations: BTreeMap<String, String>,
    },
}

#[derive(Default)]
struct State {
    /// The lease as last read or written.
    object: Option<Object>,
    /// Its holder and time of renewal, and when we first saw these.
    seen: Option<(Option<String>, Option<MicroTime>, Instant)>,
    is_held: bool,
    taken_over: Option<Instant>,
    /// Annotations to write with the next renewal.
    notes: BTreeMap<String, String>,
}

/// Why a lease could not be read or written.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no answer in time")]
    Slow,
    #[error("somebody else wrote it first")]
    Conflict,
    #[error("the API server refused")]
    Api(#[source] kube::Error),
}

impl Lease {
    /// A lease that lasts so long after each renewal. `fence` is open while we hold it.
    pub fn new(
        client: Client,
        key: ObjectKey,
        (identity, duration): (String, Duration),
        fence: Fence,
    ) -> Self {
        let api = Api::namespaced(client, &key.namespace);
        let standing = watch::channel(Standing::Unknown).0;
        Self { api, key, identity, duration, fence, state: Mutex::default(), standing }
    }

    /// Its namespace and name.
    pub const fn key(&self) -> &ObjectKey {
        &self.key
    }

    /// How long it lasts after a renewal.
    pub const fn duration(&self) -> Duration {
        self.duration
    }

    /// The lease as Events name it.
    pub fn reference(&self) -> ObjectReference {
        ObjectReference {
            api_version: Some(Object::api_version(&()).into_owned()),
            kind: Some(Object::kind(&()).into_owned()),
            namespace: Some(self.key.namespace.clone()),
            name: Some(self.key.name.clone()),
            ..ObjectReference::default()
        }
    }

    /// Tells whether we may write, and each change of that.
    pub fn standing(&self) -> Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Renews the lease, or tries to get it, for ever.
    pub async fn keep(&self) {
        loop {
            self.confirm().await;
            tokio::time::sleep(self.duration / 3).await;
        }
    }

    /// Writes an annotation with the next renewal.
    pub async fn note(&self, key: &str, value: String) {
        self.state.lock().await.notes.insert(key.to_owned(), value);
    }

    /// Asks the API server whether we may write, and renews the lease if so.
    pub async fn confirm(&self) -> bool {
        let mut state = self.state.lock().await;
        let mut sent = Instant::now();
        let mut outcome = self.round(&mut state).await;
        if matches!(outcome, Err(Error::Conflict)) {
            sent = Instant::now();
            outcome = self.round(&mut state).await;
        }
        match outcome {
            Ok(()) => self.conclude(&state, sent),
            Err(error) => {
                tracing::warn!(lease = %self.key, error = chain(&error), "the lease is not renewed");
                // It is ours until its time is over, and nobody knows whose then.
                if state.is_held && !self.fence.is_open() {
                    state.is_held = false;
                    self.tell(Standing::Unknown);
                }
            }
        }
        state.is_held
    }

    /// Gives the lease up, so that the next holder need not wait.
    pub async fn release(&self) {
        let mut state = self.state.lock().await;
        self.fence.close();
        if !state.is_held {
            return;
        }
        let Some(mut object) = state.object.take() else { return };
        let spec = object.spec.get_or_insert_default();
        (spec.holder_identity, spec.lease_duration_seconds) = (None, Some(1));
        if let Err(error) = self.replace(&object).await {
            tracing::warn!(lease = %self.key, error = chain(&error), "the lease is not given up");
        }
        state.is_held = false;
        self.tell(Standing::Unknown);
    }

    /// One look at the lease, and one write if it is ours or free.
    async fn round(&self, state: &mut State) -> Result<(), Error> {
        let object = match state.object.take() {
            Some(object) => object,
            None => match self.within(self.api.get_opt(&self.key.name)).await? {
                Some(object) => object,
                None => return self.create(state).await,
            },
        };
        let now = Instant::now();
        let spec = object.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().filter(|holder| !holder.is_empty());
        let is_seen = state
            .seen
            .as_ref()
            .is_some_and(|(seen, renewed, _)| *seen == holder && *renewed == spec.renew_time);
        if !is_seen {
            state.seen = Some((holder.clone(), spec.renew_time.clone(), now));
        }
        let since = state.seen.as_ref().map_or(now, |(_, _, since)| *since);
        let lasts = spec.lease_duration_seconds.and_then(|secs| u64::try_from(secs).ok());
        let lasts = lasts.map_or(self.duration, Duration::from_secs).max(self.duration);
        match &holder {
            Some(holder) if *holder == self.identity => self.write(object, state).await?,
            Some(_) if now < since + lasts => {
                state.is_held = false;
                // Only a fresh look shows whether it is renewed.
                state.object = None;
                return Ok(());
            }
            other => {
                let taken_over = other.is_some().then_some(since);
                self.write(object, state).await?;
                state.taken_over = taken_over;
            }
        }
        state.is_held = true;
        Ok(())
    }

    async fn create(&self, state: &mut State) -> Result<(), Error> {
        let ObjectKey { namespace, name } = &self.key;
        let metadata = ObjectMeta {
            name: Some(name.clone()),
            namespace: Some(namespace.clone()),
            ..ObjectMeta::default()
        };
        let mut object = Object { metadata, ..Object::default() };
        self.fill(&mut object, state);
        let parameters = PostParams::default();
        let created = self.within(self.api.create(&parameters, &object)).await?;
        state.object = Some(created);
        (state.is_held, state.taken_over) = (true, None);
        Ok(())
    }

    async fn write(&self, mut object: Object, state: &mut State) -> Result<(), Error> {
        self.fill(&mut object, state);
        match self.replace(&object).await {
            Ok(written) => {
                state.object = Some(written);
                state.notes.clear();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn fill(&self, object: &mut Object, state: &State) {
        let now = Some(MicroTime(Timestamp::now()));
        let spec = object.spec.get_or_insert_with(LeaseSpec::default);
        if spec.holder_identity.as_ref() != Some(&self.identity) {
            spec.acquire_time.clone_from(&now);
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or_default() + 1);
        }
        spec.holder_identity = Some(self.identity.clone());
        spec.renew_time = now;
        let secs = self.duration.as_secs().max(1);
        spec.lease_duration_seconds = i32::try_from(secs).ok();
        let annotations = object.metadata.annotations.get_or_insert_default();
        annotations.extend(state.notes.clone());
    }

    async fn replace(&self, object: &Object) -> Result<Object, Error> {
        let parameters = PostParams::default();
        self.within(self.api.replace(&self.key.name, &parameters, object)).await
    }

    /// A request that takes too long is of no use: the lease would be over.
    async fn within<T>(&self, request: impl Future<Output = kube::Result<T>>) -> Result<T, Error> {
        match timeout(self.duration / 3, request).await {
            Err(_) => Err(Error::Slow),
            Ok(Err(kube::Error::Api(status))) if status.code == 409 => Err(Error::Conflict),
            Ok(answer) => answer.map_err(Error::Api),
        }
    }

    /// Tells what came of a round that began at `sent`.
    fn conclude(&self, state: &State, sent: Instant) {
        let standing = if state.is_held {
            // Another waits for all of the duration, counted from after this.
            self.fence.open_until(sent + self.duration * 2 / 3);
            let object = state.object.as_ref();
            let annotations = object.and_then(|object| object.metadata.annotations.clone());
            let annotations = annotations.unwrap_or_default();
            Standing::Leader { taken_over: state.taken_over, annotations }
        } else {
            self.fence.close();
            let holder = state.seen.as_ref().and_then(|(holder, _, _)| holder.clone());
            Standing::Follower { holder: holder.unwrap_or_default() }
        };
        self.tell(standing);
    }

    fn tell(&self, standing: Standing) {
        self.standing.send_if_modified(|before| {
            if mem::discriminant(before) != mem::discriminant(&standing) {
                match &standing {
                    Standing::Leader { .. } => tracing::info!(lease = %self.key, "we may write"),
                    Standing::Follower { holder } => {
                        tracing::info!(lease = %self.key, holder, "another controller may write");
                    }
                    Standing::Unknown => {
                        tracing::warn!(lease = %self.key, "nobody knows who may write");
                    }
                }
            }
            let is_news = *before != standing;
            *before = standing;
            is_news
        });
    }
}
