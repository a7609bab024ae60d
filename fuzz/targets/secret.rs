//! Any text as certificates and keys of a Secret.

#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code, reason = "another target uses the rest")]
mod bodies;

libfuzzer_sys::fuzz_target!(|text: &str| bodies::secret(text));
