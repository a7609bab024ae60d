//! The protocol as real clients use it, request by request: method, path and body in; status, reason
//! phrase and body out.

#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

mod client;
mod sessions;
mod objects;
mod bindings;
mod reading;
mod bulk;
mod system;
mod clients;
mod faults;
mod http;
mod pair;
mod served;
mod bench;
mod mutual;
mod workbench;
mod fault_lists;
mod page;
mod state_file;
