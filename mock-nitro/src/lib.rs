//! A strict NetScaler appliance for tests and demos: the NITRO REST API without the hardware.
//!
//! [`Appliance`] is a plain state machine, `handle(request) -> response`, without I/O. The HTTP
//! server, the journal file and fault injection wrap it, and tests drive it in process. It refuses
//! what an appliance refuses, with NITRO's own error codes, and is never lenient for convenience.
//!
//! Modules in reading order; a file uses only what stands above it.

pub mod code;
pub mod message;
pub mod schema;
mod table;
mod x509;
mod expression;
mod state;
mod command;
mod rules;
pub mod eval;
mod check;
mod engine;
mod view;
mod tls;
mod data_plane;
mod page;
mod appliance;
pub mod fault;
mod pair;
pub mod server;
pub mod backend;

pub use appliance::{Appliance, Cost, Costs, Hardware, JournalEntry, NotKept, Options, Profile};
pub use check::Violation;
pub use data_plane::{DataPlane, Log, Placement};
pub use pair::Pair;

/// The example of the README compiles and holds.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
