//! Policy expressions of any host and path, and any text as a policy expression.

#![no_main]

#[path = "../bodies.rs"]
#[allow(dead_code, reason = "another target uses the rest")]
mod bodies;

libfuzzer_sys::fuzz_target!(|text: &str| {
    bodies::rule(text);
    bodies::foreign_rule(text);
});
