//! Any request to the appliance.

#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code, reason = "another target uses the rest")]
mod bodies;

libfuzzer_sys::fuzz_target!(|text: &str| bodies::request(text));
