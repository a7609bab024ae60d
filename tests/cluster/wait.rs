//! Waiting until something is so, and telling what was seen instead if it never is.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

const POLL: Duration = Duration::from_millis(20);

/// Long enough for whatever should happen soon, also on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// Looks until there is a value, and gives it; an error says what is there instead.
pub(crate) async fn wait_for<T, Seen: Display>(
    what: &str,
    deadline: Duration,
    look: impl AsyncFnMut() -> Result<T, Seen>,
) -> T {
    try_wait_for(what, deadline, look).await.unwrap_or_else(|error| panic!("{error}"))
}

/// The same, where it is not the end of the test that it never comes.
pub(crate) async fn try_wait_for<T, Seen: Display>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<T, Seen>,
) -> Result<T, String> {
    let start = Instant::now();
    let mut last = "nothing".to_owned();
    while let Some(left) = deadline.checked_sub(start.elapsed()) {
        // A look that hangs must not hang the test.
        match timeout(left, look()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last = seen.to_string(),
            Err(_elapsed) => break,
        }
        sleep(POLL).await;
    }
    let seconds = deadline.as_secs_f32();
    Err(format!("waited {seconds} s for {what}; seen last: {last}"))
}
