//! One configuration command after the wire: what the CLI would call a line. Requests become
//! commands, rules judge commands, the state is changed by commands only.

use std::fmt::Display;

use crate::code;
use crate::state::Fields;

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verb {
    /// Makes an object.
    Add,
    /// Changes fields of an object (`PUT`).
    Update,
    /// Puts fields back to their defaults.
    Unset,
    /// Removes an object.
    Delete,
    /// Sets `state` to ENABLED, or switches features on.
    Enable,
    /// Sets `state` to DISABLED, or switches features off.
    Disable,
    /// Gives an object the name in `newname`.
    Rename,
    /// Replaces the files of a certkey (`?action=update`), the CLI's `update`.
    Change,
    /// Links a certkey to its issuer's.
    Link,
    /// Removes that link.
    Unlink,
    /// Makes a binding, or changes the attributes of one.
    Bind,
    /// Removes a binding.
    Unbind,
    /// Saves the running configuration.
    Save,
    /// Resets the configuration (`nsconfig`), or a cache.
    Clear,
    /// Any other action, lower case.
    Other(&'static str),
}

/// One command, already checked against the schema.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    /// What it does.
    pub(crate) verb: Verb,
    /// The type of the object or binding.
    pub(crate) kind: &'static str,
    /// The name of the object, or of the parent of a binding; empty for singletons.
    pub(crate) key: String,
    /// The bound side of a binding, as in [`BindingKey`](crate::state::BindingKey); else empty.
    pub(crate) child: String,
    /// The fields that were given (no defaults), the key among them. For [`Verb::Unset`] the fields
    /// to be reset, with the value null.
    pub(crate) fields: Fields,
}

/// Why the appliance refuses a command, or what it warns of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The number, see [`code`].
    pub(crate) code: u32,
    /// The appliance's text, with the arguments concerned in brackets.
    pub(crate) message: String,
    /// The HTTP status, where it is not the usual one of the code.
    pub(crate) status: Option<u16>,
}

impl Refusal {
    /// A refusal with the text of its code alone.
    pub(crate) fn new(code: u32) -> Self {
        Self { code, message: code::text(code).to_owned(), status: None }
    }

    /// A refusal that names its arguments, for example `name, x`, in brackets behind the text.
    pub(crate) fn about(code: u32, arguments: impl Display) -> Self {
        Self { code, message: format!("{} [{arguments}]", code::text(code)), status: None }
    }
}
