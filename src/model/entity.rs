//! The identity of a named NITRO object.

use std::fmt;

use super::{Kind, Name};

/// A named configuration object: what it is and how it is called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntityId {
    /// Its type.
    pub kind: Kind,
    /// Its name on the appliance, the value of the type's key field.
    pub name: Name,
}

impl EntityId {
    /// Names an object.
    pub fn new(kind: Kind, name: impl Into<Name>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The appliance's own settings have no name.
        if self.name.is_empty() {
            return write!(f, "{}", self.kind);
        }
        write!(f, "{} {}", self.kind, self.name)
    }
}
