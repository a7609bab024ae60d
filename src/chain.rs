//! An error with its causes in one line, for places that cannot show sources.

use std::error::Error;

/// The error and what caused it, from the outermost. A cause that was told already is left out:
/// some libraries repeat theirs.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        source = error.source();
    }
    text
}
