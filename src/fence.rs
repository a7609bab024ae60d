//! Whether we may write at all: a right that ends by itself unless it is renewed in time.
//!
//! Two controllers must never write to one appliance. Whoever holds the lease of the cluster opens
//! the fence for as long as that surely lasts, and the client looks at it before every write, so
//! that a process that was stopped in between sends nothing when it goes on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Lets writes pass for a time. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Fence {
    end: Arc<Mutex<Option<Instant>>>,
    is_stopped: Arc<AtomicBool>,
}

impl Fence {
    /// Lets writes pass until then.
    pub fn open_until(&self, end: Instant) {
        *self.end() = Some(end);
    }

    /// Lets nothing pass until it is opened again.
    pub fn close(&self) {
        *self.end() = None;
    }

    /// Lets nothing pass until it is resumed, open or not: what is on its way is to be the last.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::SeqCst);
    }

    /// Ends [`Fence::stop`].
    pub fn resume(&self) {
        self.is_stopped.store(false, Ordering::SeqCst);
    }

    /// Whether a write may pass now.
    pub fn is_open(&self) -> bool {
        let end = *self.end();
        !self.is_stopped.load(Ordering::SeqCst) && end.is_some_and(|end| Instant::now() < end)
    }

    /// One that is open while this is, and can be stopped alone.
    #[must_use]
    pub fn branch(&self) -> Self {
        Self { end: Arc::clone(&self.end), is_stopped: Arc::default() }
    }

    fn end(&self) -> MutexGuard<'_, Option<Instant>> {
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_fence_is_closed_until_it_is_opened_and_after_its_time() {
        let fence = Fence::default();
        assert!(!fence.is_open());
        fence.open_until(Instant::now() + Duration::from_mins(1));
        assert!(fence.is_open());
        fence.stop();
        assert!(!fence.is_open());
        assert!(fence.branch().is_open());
        fence.resume();
        assert!(fence.is_open());
        fence.close();
        assert!(!fence.is_open());
        fence.open_until(Instant::now());
        assert!(!fence.is_open());
    }
}
