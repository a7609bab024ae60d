//! What is logged while something runs, at the most talkative level.
//!
//! One subscriber for the whole test program that listens only on threads that ask for it: a
//! subscriber of one thread would miss what other threads made `tracing` forget.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::prelude::*;

thread_local! {
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Runs this and gives back what it logged on this thread.
pub(crate) fn captured<T>(run: impl FnOnce() -> T) -> (T, String) {
    static LISTEN: Once = Once::new();
    LISTEN.call_once(|| {
        let filter = dynamic_filter_fn(|_, _| LOG.with_borrow(Option::is_some));
        let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| ThisThread);
        tracing_subscriber::registry().with(layer.with_filter(filter)).init();
    });
    LOG.set(Some(Vec::new()));
    let result = run();
    let log = LOG.take().unwrap_or_default();
    (result, String::from_utf8_lossy(&log).into_owned())
}

struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.get_or_insert_default().extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
