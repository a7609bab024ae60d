//! Integration tests, one program for all.

#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

#[path = "../support/objects.rs"]
mod objects;
mod tidy;
mod translate;
