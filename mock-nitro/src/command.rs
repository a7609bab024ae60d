//! One configuration command after the wire: what the CLI would call a line. Requests become
//! commands, rules judge commands, the state is changed by commands only.

use std::fmt::{self, Display};

use crate::code;
use crate::schema::{self, Kind};
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

impl Verb {
    /// The operation of the schema that lists the fields of its body.
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Add | Self::Bind => "add",
            Self::Update => "update",
            Self::Unset => "unset",
            Self::Delete | Self::Unbind => "delete",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Rename => "rename",
            Self::Change => "change",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::Save => "save",
            Self::Clear => "clear",
            Self::Other(action) => action,
        }
    }
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

impl Command {
    /// The facts about its type.
    pub(crate) fn schema(&self) -> &'static Kind {
        schema::kind(self.kind).expect("commands are of types of the schema")
    }
}

impl Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {:?}", self.verb.operation(), self.kind, self.key)?;
        if self.child.is_empty() { Ok(()) } else { write!(f, " {:?}", self.child) }
    }
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

    /// The same refusal under another HTTP status than its code usually has.
    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The HTTP status of the answer.
    pub(crate) fn http_status(&self) -> u16 {
        match self.status {
            Some(status) => status,
            None if code::is_warning(self.code) => 599,
            None => code::status(self.code),
        }
    }
}
