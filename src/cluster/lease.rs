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
        /// How often we have begun to lead: another number says that another may have led since.
        term: u64,
        /// When the holder before us was last seen to renew the lease, or may have, unless it gave
        /// it up: it may have sent something since.
        taken_over: Option<Instant>,
        /// The annotations of the lease.
        annotations: BTreeMap<String, String>,
    },
}

impl Standing {
    const fn term(&self) -> Option<u64> {
        match self {
            Self::Leader { term, taken_over: _, annotations: _ } => Some(*term),
            Self::Unknown | Self::Follower { .. } => None,
        }
    }
}

#[derive(Default)]
struct State {
    /// The lease as last read or written.
    object: Option<Object>,
    seen: Option<Seen>,
    is_held: bool,
    /// How often we have begun to hold it.
    term: u64,
    taken_over: Option<Instant>,
    /// Whether it is not to be taken any more.
    is_given_up: bool,
    /// Annotations to write with the next renewal.
    notes: BTreeMap<String, String>,
}

/// What was last seen of the lease, and when it was first seen to be so.
struct Seen {
    /// A lease that was deleted and made anew has another.
    uid: Option<String>,
    holder: Option<String>,
    renewed: Option<MicroTime>,
    /// Whether it took the place of one that we had seen: nobody gave that up.
    is_remade: bool,
    since: Instant,
}

/// Why a lease could not be read or written.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("no answer in time")]
    Slow,
    #[error("somebody else wrote it first")]
    Conflict,
    #[error("somebody deleted it, and another controller may have it since")]
    Gone,
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
            let begun = Instant::now();
            let is_known = self.attempt(&mut *self.state.lock().await).await;
            // The fence is open for two thirds: there must be time for more than one attempt.
            let pause = self.duration / if is_known { 3 } else { 10 };
            tokio::time::sleep_until((begun + pause).into()).await;
        }
    }

    /// Writes an annotation with the next renewal.
    pub async fn note(&self, key: &str, value: String) {
        self.state.lock().await.notes.insert(key.to_owned(), value);
    }

    /// Asks the API server whether we may write, and renews the lease if so. What it does not
    /// answer is no.
    pub async fn confirm(&self) -> bool {
        let mut state = self.state.lock().await;
        let is_known = self.attempt(&mut state).await;
        is_known && state.is_held
    }

    /// Gives the lease up for good, so that the next holder need not wait.
    pub async fn release(&self) {
        let mut state = self.state.lock().await;
        self.fence.close();
        state.is_given_up = true;
        let was_held = mem::take(&mut state.is_held);
        let mut outcome = self.give_up(state.object.take()).await;
        if matches!(outcome, Err(Error::Conflict)) {
            outcome = self.give_up(None).await;
        }
        match outcome {
            Ok(()) => tracing::info!(lease = %self.key, "the lease is given up"),
            Err(error) => {
                tracing::warn!(lease = %self.key, error = chain(&error), "the lease is not given up");
            }
        }
        if was_held {
            self.standing.send_replace(Standing::Unknown);
        }
    }

    /// Takes our name off the lease, if it is there: what we know of it may be old.
    async fn give_up(&self, known: Option<Object>) -> Result<(), Error> {
        let object = match known {
            Some(object) => Some(object),
            None => self.within(self.api.get_opt(&self.key.name)).await?,
        };
        let Some(mut object) = object else { return Ok(()) };
        let spec = object.spec.get_or_insert_default();
        if spec.holder_identity.as_ref() != Some(&self.identity) {
            return Ok(());
        }
        (spec.holder_identity, spec.lease_duration_seconds) = (None, Some(1));
        self.replace(&object).await.map(drop)
    }

    /// Looks whether we may write, and tells. Whether that is known now.
    async fn attempt(&self, state: &mut State) -> bool {
        if state.is_given_up {
            return true;
        }
        let mut sent = Instant::now();
        let mut outcome = self.round(state).await;
        if matches!(outcome, Err(Error::Conflict)) {
            sent = Instant::now();
            outcome = self.round(state).await;
        }
        match &outcome {
            Ok(()) => self.conclude(state, sent),
            Err(error) => {
                tracing::warn!(lease = %self.key, error = chain(error), "the lease is not renewed");
                // It is ours until its time is over, and nobody knows whose then.
                if state.is_held && !self.fence.is_open() {
                    state.is_held = false;
                    self.tell(Standing::Unknown);
                }
            }
        }
        outcome.is_ok()
    }

    /// One look at the lease, and one write if it is ours or free.
    async fn round(&self, state: &mut State) -> Result<(), Error> {
        let object = match state.object.take() {
            Some(object) => object,
            None => match self.within(self.api.get_opt(&self.key.name)).await? {
                Some(object) => object,
                None => return self.replace_gone(state).await,
            },
        };
        let now = Instant::now();
        let spec = object.spec.clone().unwrap_or_default();
        let holder = spec.holder_identity.clone().filter(|holder| !holder.is_empty());
        let uid = object.metadata.uid.clone();
        let before = state.seen.take();
        let is_other = before.as_ref().is_some_and(|before| before.uid != uid);
        let before = before.filter(|before| {
            !is_other && before.holder == holder && before.renewed == spec.renew_time
        });
        let since = before.as_ref().map_or(now, |before| before.since);
        let is_remade = is_other || before.is_some_and(|before| before.is_remade);
        let (to, renewed) = (holder.clone(), spec.renew_time);
        state.seen = Some(Seen { uid, holder: to, renewed, is_remade, since });
        let lasts = spec.lease_duration_seconds.and_then(|secs| u64::try_from(secs).ok());
        let lasts = lasts.map_or(self.duration, Duration::from_secs).max(self.duration);
        match &holder {
            Some(holder) if *holder == self.identity => {
                self.write(object, state).await?;
                if !mem::replace(&mut state.is_held, true) {
                    state.term += 1;
                }
            }
            Some(_) if now < since + lasts => {
                state.is_held = false;
                // Only a fresh look shows whether it is renewed.
                state.object = None;
            }
            other => {
                self.fence.close();
                // Known before it is ours: the answer may be lost, and the next look show our name.
                state.taken_over = (other.is_some() || is_remade).then_some(since);
                self.write(object, state).await?;
                (state.is_held, state.term) = (true, state.term + 1);
            }
        }
        Ok(())
    }

    /// Makes the lease that is not there. If one was, then whoever held it does not know that it is
    /// gone, and may have renewed it until just now; that may be ourselves, or somebody who made it
    /// anew and lost it again. So it is taken over, and if we led, that ends first.
    async fn replace_gone(&self, state: &mut State) -> Result<(), Error> {
        if state.is_held {
            self.fence.close();
            return Err(Error::Gone);
        }
        state.taken_over = state.seen.as_ref().map(|_| Instant::now());
        self.create(state).await
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
        (state.is_held, state.term) = (true, state.term + 1);
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
        match timeout(self.duration / 4, request).await {
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
            Standing::Leader { term: state.term, taken_over: state.taken_over, annotations }
        } else {
            self.fence.close();
            let holder = state.seen.as_ref().and_then(|seen| seen.holder.clone());
            Standing::Follower { holder: holder.unwrap_or_default() }
        };
        self.tell(standing);
    }

    fn tell(&self, standing: Standing) {
        self.standing.send_if_modified(|before| {
            if before.term() != standing.term()
                || mem::discriminant(before) != mem::discriminant(&standing)
            {
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

#[cfg(test)]
mod tests;
