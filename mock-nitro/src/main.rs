//! Runs the appliance.
fn main() {}
