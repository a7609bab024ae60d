//! Integration tests, one program for all.

#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

mod tidy;
