//! Remembers what files parsed to, so that tests can drive millions of commands.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::{ContentDigest, Fault, Material};

type Loaded = Result<Arc<Material>, Fault>;

/// How many answers are kept of each kind; then all are forgotten.
const CAPACITY: usize = 4_096;

type Cache<K, V> = LazyLock<Mutex<BTreeMap<K, V>>>;

static MATERIAL: Cache<ContentDigest, Loaded> = LazyLock::new(Mutex::default);

static SIGNED: Cache<(ContentDigest, ContentDigest), Option<bool>> = LazyLock::new(Mutex::default);

/// The answer for these files, or the one that `read` gives.
pub(super) fn material(files: ContentDigest, read: impl FnOnce() -> Loaded) -> Loaded {
    remember(&MATERIAL, files, read)
}

/// Whether the second of `pair` signed the first, if that can be told.
pub(super) fn signed(
    pair: (ContentDigest, ContentDigest),
    verify: impl FnOnce() -> Option<bool>,
) -> Option<bool> {
    remember(&SIGNED, pair, verify)
}

fn remember<K: Ord, V: Clone>(
    cache: &Mutex<BTreeMap<K, V>>,
    key: K,
    compute: impl FnOnce() -> V,
) -> V {
    // A poisoned cache holds nothing half-done: values are computed outside the lock.
    let held = |cache: &Mutex<BTreeMap<K, V>>, key: &K| {
        cache.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    };
    if let Some(value) = held(cache, &key) {
        return value;
    }
    let value = compute();
    let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CAPACITY {
        cache.clear();
    }
    cache.insert(key, value.clone());
    value
}
