//! The watch of the Secrets of one namespace.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::Secret as Object;
use kube::runtime::WatchStreamExt;
use kube::runtime::watcher::{self, Event, watcher};
use kube::{Api, ResourceExt};
use tokio::sync::watch::Sender;
use tokio::time::{Instant, sleep};

use super::super::connect::WATCH_SECS;
use super::super::watch::{Interrupted, Listener};
use super::{Known, Shared, content, lock, reason};
use crate::model::ObjectKey;

/// A page of a list: its Secrets are in memory until they have been looked at.
const PAGE: u32 = 100;

/// How long is waited after the first interruption; it doubles with each, up to the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// Keeps what is known of the Secrets of one namespace like the cluster. After an interruption all
/// is listed again: a watch that only goes on says nothing, so nobody could tell that it does.
pub(super) async fn watch(
    api: Api<Object>,
    namespace: String,
    shared: Arc<Mutex<Shared>>,
    (told, listener): (Sender<bool>, Listener),
) {
    let mut pause = PAUSE;
    loop {
        let begun = Instant::now();
        watch_once(api.clone(), &namespace, &shared, (&told, &listener)).await;
        if begun.elapsed() > LONGEST_PAUSE {
            pause = PAUSE;
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Watches until it is interrupted after a whole list. Until then it is the watcher that tries again.
async fn watch_once(
    api: Api<Object>,
    namespace: &str,
    shared: &Mutex<Shared>,
    (told, listener): (&Sender<bool>, &Listener),
) {
    let config = watcher::Config::default().timeout(WATCH_SECS).page_size(PAGE);
    let stream = watcher(api, config).default_backoff();
    let mut stream = std::pin::pin!(stream);
    let (mut listed, mut is_whole) = (BTreeSet::new(), false);
    while let Some(event) = stream.next().await {
        let is_interrupted = event.is_err();
        let mut is_news = false;
        match event {
            Ok(Event::Init) => listed.clear(),
            Ok(Event::InitApply(object)) => {
                let key = ObjectKey::new(namespace, object.name_any());
                listed.insert(key.name.clone());
                is_news = lock(shared).learn(key, Known::There(Arc::new(content(object))));
            }
            Ok(Event::Apply(object)) => {
                let key = ObjectKey::new(namespace, object.name_any());
                is_news = lock(shared).learn(key, Known::There(Arc::new(content(object))));
            }
            Ok(Event::Delete(object)) => {
                let key = ObjectKey::new(namespace, object.name_any());
                is_news = lock(shared).learn(key, Known::Missing);
            }
            Ok(Event::InitDone) => {
                lock(shared).silent.remove(namespace);
                is_whole = true;
                is_news = unlisted(shared, namespace, &listed);
                listed.clear();
                told.send_replace(true);
            }
            Err(error) => {
                // The error itself may quote what could not be decoded.
                let why = why(&error);
                tracing::warn!(namespace, why, "the watch of Secrets is interrupted");
                let kind = "Secret".to_owned();
                (listener.interrupted)(&Interrupted { kind, why: why.clone() });
                lock(shared).silent.insert(namespace.to_owned());
                is_news = unread(shared, namespace, &why);
                told.send_replace(true);
            }
        }
        if is_news {
            listener.changed.send_replace(());
        }
        if is_interrupted && is_whole {
            return;
        }
    }
}

/// Takes the Secrets of a namespace for missing that a whole list does not hold.
fn unlisted(shared: &Mutex<Shared>, namespace: &str, listed: &BTreeSet<String>) -> bool {
    let mut shared = lock(shared);
    let missing: Vec<ObjectKey> = shared
        .wanted_by
        .values()
        .flat_map(|wanted| &wanted.all)
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
    let wanted = shared.wanted_by.values().flat_map(|wanted| &wanted.all);
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
