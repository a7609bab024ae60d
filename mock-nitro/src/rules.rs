//! NetScaler's own rules beyond the schema.

use jiff::Timestamp;

use crate::command::{Command, Refusal};
use crate::state::State;

/// Everything about this command that the schema cannot say. Called after the generic validation
/// (fields, types, enums, ranges, existence, references, immutability), before it is carried out.
pub(crate) fn check(_state: &State, _command: &Command, _now: Timestamp) -> Result<(), Refusal> {
    Ok(())
}

/// What the command brings along beside its own object. By now the engine has put, changed or
/// removed the object or binding itself, and, with a deleted object, the bindings that have it as
/// parent. Returns what the appliance warns of.
pub(crate) fn after(
    _state: &mut State,
    _before: &State,
    _command: &Command,
    _now: Timestamp,
) -> Vec<Refusal> {
    Vec::new()
}

/// What a fresh appliance holds: built-in profiles, ciphers, monitors, and so on.
pub(crate) fn install(_state: &mut State, _default_profile: bool) {}
