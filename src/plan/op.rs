//! The changes that a plan can make. There are no others.

use std::fmt;

use crate::model::{BindingId, EntityId, Fields, Kind, Name, Redacted, Value};

/// One change to the appliance, or one look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// Puts a file into `/nsconfig/ssl`. File names carry the digest of their content, so a file
    /// that is already there is the right one.
    Upload {
        /// Its name.
        file: String,
        /// Its content.
        content: FileContent,
    },
    /// Creates an entity.
    Create {
        /// What and under which name.
        entity: EntityId,
        /// Its fields, without its name.
        fields: Fields,
    },
    /// Sets fields of an entity that is there.
    Set {
        /// Which.
        entity: EntityId,
        /// The fields to set.
        fields: Fields,
    },
    /// Takes fields of an entity back to their defaults.
    Unset {
        /// Which.
        entity: EntityId,
        /// The names of the fields.
        fields: Vec<String>,
    },
    /// Binds.
    Bind {
        /// What to what.
        binding: BindingId,
        /// Its attributes.
        attributes: Fields,
    },
    /// Binds again what is bound, with other attributes, in one command.
    Rebind {
        /// What to what.
        binding: BindingId,
        /// Its new attributes.
        attributes: Fields,
    },
    /// Unbinds.
    Unbind {
        /// What from what.
        binding: BindingId,
    },
    /// Enables features of the appliance.
    Enable {
        /// Their names in upper case.
        features: Vec<String>,
    },
    /// Lets a member of a service group take new clients again.
    EnableMember {
        /// Which.
        member: BindingId,
    },
    /// Drains a member of a service group: it takes no new clients, and is out of service when its
    /// connections have ended or its time is over.
    DisableMember {
        /// Which.
        member: BindingId,
        /// How long it may finish what it has.
        delay_secs: u32,
    },
    /// Puts another certificate into a certkey, which keeps its name and bindings.
    Change {
        /// The certkey.
        certkey: Name,
        /// The file of the certificate.
        cert: String,
        /// The file of the key.
        key: Option<String>,
    },
    /// Links a certkey to that of its issuer.
    Link {
        /// The certkey.
        certkey: Name,
        /// The issuer's certkey.
        issuer: Name,
    },
    /// Takes the link of a certkey away.
    Unlink {
        /// The certkey.
        certkey: Name,
    },
    /// Deletes an entity.
    Delete {
        /// Which.
        entity: EntityId,
        /// What the appliance wants to be told beside its name.
        also: Fields,
    },
    /// Reads an entity and fails unless the fields are as they should be.
    Verify {
        /// Which; a singleton has an empty name.
        entity: EntityId,
        /// What they should be.
        fields: Fields,
    },
    /// Reads what is bound and fails unless this is among it, with these attributes.
    VerifyBinding {
        /// What to what.
        binding: BindingId,
        /// What its attributes should be.
        attributes: Fields,
    },
    /// Saves the running configuration.
    Save,
    /// Removes a file from `/nsconfig/ssl`.
    RemoveFile {
        /// Its name.
        file: String,
    },
}

/// The content of a file, which does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileContent(pub Redacted<String>);

impl Op {
    /// What is bound, if this binds or binds again.
    pub const fn as_bind(&self) -> Option<&BindingId> {
        if let Self::Bind { binding, .. } | Self::Rebind { binding, .. } = self {
            return Some(binding);
        }
        None
    }

    /// What is unbound, if this unbinds.
    pub const fn as_unbind(&self) -> Option<&BindingId> {
        if let Self::Unbind { binding } = self { Some(binding) } else { None }
    }

    /// The files that a certkey names after this: its certificate, and its key if it has one.
    pub fn certkey_files(&self) -> impl Iterator<Item = &str> {
        let (cert, key) = if let Self::Create { entity, fields } = self
            && entity.kind == Kind::SSLCERTKEY
        {
            let file = |name| fields.get(name).and_then(Value::as_text);
            (file("cert"), file("key"))
        } else if let Self::Change { cert, key, .. } = self {
            (Some(cert.as_str()), key.as_deref())
        } else {
            (None, None)
        };
        cert.into_iter().chain(key)
    }

    /// What is deleted, if this deletes.
    pub const fn as_delete(&self) -> Option<&EntityId> {
        if let Self::Delete { entity, .. } = self { Some(entity) } else { None }
    }

    /// Whether it sets or resets this field of an entity.
    pub fn touches(&self, field: &str) -> bool {
        if let Self::Unset { fields, .. } = self {
            return fields.iter().any(|name| name == field);
        }
        self.as_set().is_some_and(|(_, fields)| fields.contains_key(field))
    }

    /// The fields that are set on an entity, if this sets.
    pub const fn as_set(&self) -> Option<(&EntityId, &Fields)> {
        if let Self::Set { entity, fields } = self { Some((entity, fields)) } else { None }
    }

    /// The member that is enabled or disabled, if this does either.
    pub const fn as_member_state(&self) -> Option<&BindingId> {
        if let Self::EnableMember { member } | Self::DisableMember { member, .. } = self {
            return Some(member);
        }
        None
    }

    /// The verb, as people and logs name it.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Upload { .. } => "upload",
            Self::Create { .. } => "create",
            Self::Set { .. } => "set",
            Self::Unset { .. } => "unset",
            Self::Bind { .. } => "bind",
            Self::Rebind { .. } => "rebind",
            Self::Unbind { .. } => "unbind",
            Self::Enable { .. } | Self::EnableMember { .. } => "enable",
            Self::DisableMember { .. } => "disable",
            Self::Change { .. } => "change",
            Self::Link { .. } => "link",
            Self::Unlink { .. } => "unlink",
            Self::Delete { .. } => "delete",
            Self::Verify { .. } | Self::VerifyBinding { .. } => "verify",
            Self::Save => "save",
            Self::RemoveFile { .. } => "remove-file",
        }
    }

    /// The type that it works on; `None` for a save.
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Self::Upload { .. } | Self::RemoveFile { .. } => Some(Kind::SYSTEMFILE),
            Self::Create { entity, .. }
            | Self::Set { entity, .. }
            | Self::Unset { entity, .. }
            | Self::Delete { entity, .. }
            | Self::Verify { entity, .. } => Some(entity.kind),
            Self::Bind { binding, .. }
            | Self::Rebind { binding, .. }
            | Self::VerifyBinding { binding, .. }
            | Self::Unbind { binding } => Some(binding.kind),
            Self::EnableMember { member } | Self::DisableMember { member, .. } => Some(member.kind),
            Self::Enable { .. } => Some(Kind::NSFEATURE),
            Self::Change { .. } | Self::Link { .. } | Self::Unlink { .. } => Some(Kind::SSLCERTKEY),
            Self::Save => None,
        }
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = self.verb();
        match self {
            Self::Upload { file, .. } | Self::RemoveFile { file } => write!(f, "{verb} {file}"),
            Self::Create { entity, .. }
            | Self::Delete { entity, .. }
            | Self::Verify { entity, .. } => {
                write!(f, "{verb} {entity}")
            }
            Self::Set { entity, fields } => {
                write!(f, "{verb} {entity}")?;
                fields.iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
            }
            Self::Unset { entity, fields } => write!(f, "{verb} {entity} {}", fields.join(" ")),
            Self::Bind { binding, .. }
            | Self::Rebind { binding, .. }
            | Self::VerifyBinding { binding, .. }
            | Self::Unbind { binding } => {
                write!(f, "{verb} {binding}")
            }
            Self::EnableMember { member } | Self::DisableMember { member, .. } => {
                write!(f, "{verb} {member}")
            }
            Self::Enable { features } => write!(f, "{verb} {}", features.join(" ")),
            Self::Change { certkey, cert, .. } => write!(f, "{verb} sslcertkey {certkey} {cert}"),
            Self::Link { certkey, issuer } => write!(f, "{verb} sslcertkey {certkey} -> {issuer}"),
            Self::Unlink { certkey } => write!(f, "{verb} sslcertkey {certkey}"),
            Self::Save => f.write_str(verb),
        }
    }
}
