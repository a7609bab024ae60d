//! Any text as a policy expression that the appliance reads and evaluates.

#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code, reason = "another target uses the rest")]
mod bodies;

libfuzzer_sys::fuzz_target!(|text: &str| bodies::expression(text));
