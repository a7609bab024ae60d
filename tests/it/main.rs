//! Everything together, against a strict appliance in the same process or over HTTP.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failing test is the right place to panic")]

#[path = "../support/in_process.rs"]
mod in_process;

mod nitro_observe;
