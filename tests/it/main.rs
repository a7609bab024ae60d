//! Integration tests, one program for all.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test is the right place to panic"
)]

#[path = "../support/objects.rs"]
mod objects;
#[path = "../support/in_process.rs"]
mod in_process;
#[path = "../support/logs.rs"]
mod logs;
#[path = "../support/fixture.rs"]
mod fixture;
#[path = "../support/turn.rs"]
mod turn;

mod faults;
mod nitro_execute;
mod nitro_https;
mod nitro_observe;
mod tidy;
mod translate;
