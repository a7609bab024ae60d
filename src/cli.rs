//! The commands: what each prints, and with what it ends.

pub mod input;
