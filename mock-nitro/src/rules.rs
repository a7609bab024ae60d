//! NetScaler's own rules beyond the schema: what one field, object or binding means for another.
//!
//! The engine calls four functions around each command: [`complete`] before it is judged, [`check`]
//! to judge it, [`after`] when it has been carried out, and [`install`] once, for a fresh appliance.

use jiff::Timestamp;

use crate::command::{Command, Refusal};
use crate::state::State;

/// Fills in what the appliance derives from the command's own fields, before its existence and
/// references are looked up: the server of a member that was given by address. The identity of a
/// binding (`BindingKey::of`) is that of the completed fields.
pub(crate) fn complete(_state: &State, _command: &mut Command) {}

/// Everything about this command that the schema cannot say. Called after the generic validation
/// (fields, types, enums, ranges, existence, references, immutability), before it is carried out.
/// The codes for what is missing or not bound are those of [`missing`] and [`not_bound`].
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
