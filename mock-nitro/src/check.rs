//! The safety predicate: which states between two configurations are safe.

use std::fmt;

use crate::state::State;

/// A state between two configurations that breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The command after which it was so.
    pub after: String,
    /// What is broken, in words.
    pub message: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "after {}: {}", self.after, self.message)
    }
}

/// One command of a transition, and the state that it led to.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The command in words, for messages.
    pub(crate) command: String,
    /// What the appliance held afterwards.
    pub(crate) state: State,
}

/// Judges every state of a transition from `old` to the state of the last step.
pub(crate) fn judge(_old: &State, _steps: &[Step]) -> Vec<Violation> {
    Vec::new()
}
