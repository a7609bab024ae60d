//! Traffic through the appliance's own listeners, on loopback: clients and back ends are real, and
//! so are the sockets between them.

#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

#[path = "../support/anybody.rs"]
mod anybody;
mod authority;
mod bench;
mod client;
mod clock;
mod http;
mod listeners;
mod members;
mod rewrites;
mod streams;
mod tls;
