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
#[path = "../support/command.rs"]
mod command;
#[path = "../support/authority.rs"]
mod authority;
#[path = "../support/many.rs"]
mod many;
#[path = "../support/turn.rs"]
mod turn;
#[path = "../support/turns.rs"]
mod turns;
#[path = "../support/world.rs"]
mod world;

#[path = "../../mock-nitro/tests/support/anybody.rs"]
mod anybody;

mod docs;
mod cli_bad_input;
mod cli_canary;
mod cli_commands;
mod cli_explain;
mod cli_lint;
mod cli_purge;
mod cli_reference;
mod cli_takeover;
mod exchanges;
mod fault_table;
mod failover;
mod faults;
mod fuzzed;
mod http_refusal;
mod laws;
mod members;
mod nitro_execute;
mod nitro_https;
mod nitro_observe;
mod nitro_user;
mod pages;
mod promises;
mod reports;
mod requests;
mod routes;
mod smart_fields;
mod tidy;
mod translate;
