//! Remembers what texts were compiled to: rules are evaluated far more often than written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Expression;

/// How many are kept; then all are forgotten. A large configuration has some ten thousand.
const CAPACITY: usize = 32_768;

type Compiled = Result<Arc<Expression>, usize>;

static COMPILED: Mutex<BTreeMap<Box<str>, Compiled>> = Mutex::new(BTreeMap::new());

/// What this text compiles to.
pub(super) fn compiled(text: &str, compile: fn(&str) -> Result<Expression, usize>) -> Compiled {
    // A poisoned cache holds nothing half-done: expressions are compiled outside the lock.
    let held = COMPILED.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned();
    if let Some(compiled) = held {
        return compiled;
    }
    let compiled = compile(text).map(Arc::new);
    let mut cache = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if cache.len() >= CAPACITY {
        cache.clear();
    }
    cache.insert(text.into(), compiled.clone());
    compiled
}
