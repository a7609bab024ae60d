//! Integration tests, one program for all.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test is the right place to panic"
)]

#[path = "../support/in_process.rs"]
mod in_process;

mod docs;
mod nitro_observe;
mod tidy;
