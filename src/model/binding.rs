//! Bindings: who is bound to whom, in which role, and under which field names NITRO says so.

use std::fmt;

use super::{EntityId, Kind, Name};

/// The identity of one binding. Its attributes (priority, weight) are [`super::Fields`] beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BindingId {
    /// The binding type.
    pub kind: Kind,
    /// The name of the entity that others are bound to.
    pub parent: Name,
    /// The name of what is bound.
    pub child: Name,
    /// What tells two bindings of the same pair apart.
    pub role: Role,
}

/// What a binding is for, as far as it is part of its identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The only way to bind this pair; of a certkey: default server certificate, or the client
    /// certificate of a service group.
    Plain,
    /// A certkey as certificate authority (`ca: true`).
    Ca,
    /// A certkey as SNI certificate (`snicert: true`).
    Sni,
    /// A member of a service group on this port.
    Port(u16),
    /// A policy on the request side (`bindpoint: REQUEST`).
    Request,
    /// A policy on the response side (`bindpoint: RESPONSE`).
    Response,
}

/// How NITRO spells a binding type: facts of the schema in the form that we need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BindingShape {
    /// The binding type.
    pub kind: Kind,
    /// The type of the parent.
    pub parent: Kind,
    /// The field that names the parent (the type's key).
    pub parent_field: &'static str,
    /// The type of what is bound; `None` for what the appliance has built in (ciphers, curves).
    pub child: Option<Kind>,
    /// The field that names what is bound, in requests.
    pub child_field: &'static str,
    /// The field that names it in answers, where that differs
    /// (documented: `cipheraliasname` for `ciphername`).
    pub answered_as: &'static str,
    /// The attribute that orders bindings, if the type has one.
    pub priority_field: Option<&'static str>,
}

const fn shape(
    kind: Kind,
    (parent, parent_field): (Kind, &'static str),
    (child, child_field): (Option<Kind>, &'static str),
    priority_field: Option<&'static str>,
) -> BindingShape {
    BindingShape {
        kind,
        parent,
        parent_field,
        child,
        child_field,
        answered_as: child_field,
        priority_field,
    }
}

const SHAPES: &[BindingShape] = &[
    BindingShape {
        kind: Kind::SSLPROFILE_SSLCIPHER,
        parent: Kind::SSLPROFILE,
        parent_field: "name",
        child: None,
        child_field: "ciphername",
        answered_as: "cipheraliasname",
        priority_field: Some("cipherpriority"),
    },
    shape(Kind::SSLPROFILE_ECCCURVE, (Kind::SSLPROFILE, "name"), (None, "ecccurvename"), None),
    shape(
        Kind::SSLSERVICEGROUP_SSLCERTKEY,
        (Kind::SSLSERVICEGROUP, "servicegroupname"),
        (Some(Kind::SSLCERTKEY), "certkeyname"),
        None,
    ),
    shape(
        Kind::SERVICEGROUP_LBMONITOR,
        (Kind::SERVICEGROUP, "servicegroupname"),
        (Some(Kind::LBMONITOR), "monitor_name"),
        None,
    ),
    shape(
        Kind::SERVICEGROUP_MEMBER,
        (Kind::SERVICEGROUP, "servicegroupname"),
        (Some(Kind::SERVER), "servername"),
        None,
    ),
    shape(
        Kind::LBVSERVER_SERVICEGROUP,
        (Kind::LBVSERVER, "name"),
        (Some(Kind::SERVICEGROUP), "servicegroupname"),
        None,
    ),
    shape(
        Kind::LBVSERVER_RESPONDERPOLICY,
        (Kind::LBVSERVER, "name"),
        (Some(Kind::RESPONDERPOLICY), "policyname"),
        Some("priority"),
    ),
    shape(
        Kind::SSLVSERVER_SSLCERTKEY,
        (Kind::SSLVSERVER, "vservername"),
        (Some(Kind::SSLCERTKEY), "certkeyname"),
        None,
    ),
    shape(
        Kind::CSVSERVER_LBVSERVER,
        (Kind::CSVSERVER, "name"),
        (Some(Kind::LBVSERVER), "lbvserver"),
        None,
    ),
    shape(
        Kind::CSVSERVER_RESPONDERPOLICY,
        (Kind::CSVSERVER, "name"),
        (Some(Kind::RESPONDERPOLICY), "policyname"),
        Some("priority"),
    ),
    shape(
        Kind::CSVSERVER_REWRITEPOLICY,
        (Kind::CSVSERVER, "name"),
        (Some(Kind::REWRITEPOLICY), "policyname"),
        Some("priority"),
    ),
    shape(
        Kind::CSVSERVER_CSPOLICY,
        (Kind::CSVSERVER, "name"),
        (Some(Kind::CSPOLICY), "policyname"),
        Some("priority"),
    ),
];

impl BindingShape {
    /// Every binding type that we write.
    pub const ALL: &'static [Self] = SHAPES;

    /// The shape of a binding type; `None` for the kinds of named objects.
    pub fn of(kind: Kind) -> Option<&'static Self> {
        SHAPES.iter().find(|shape| shape.kind == kind)
    }
}

impl BindingId {
    /// Names a binding.
    pub fn new(kind: Kind, parent: impl Into<Name>, child: impl Into<Name>, role: Role) -> Self {
        Self { kind, parent: parent.into(), child: child.into(), role }
    }

    /// How NITRO spells this type.
    pub fn shape(&self) -> &'static BindingShape {
        BindingShape::of(self.kind).expect("a BindingId has the kind of a binding")
    }

    /// The entity that the other is bound to.
    pub fn parent_id(&self) -> EntityId {
        EntityId::new(self.shape().parent, self.parent.clone())
    }

    /// The entity that is bound; `None` for what the appliance has built in.
    pub fn child_id(&self) -> Option<EntityId> {
        self.shape().child.map(|kind| EntityId::new(kind, self.child.clone()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => Ok(()),
            Self::Ca => f.write_str(" as CA"),
            Self::Sni => f.write_str(" for SNI"),
            Self::Port(port) => write!(f, " port {port}"),
            Self::Request => f.write_str(" on requests"),
            Self::Response => f.write_str(" on responses"),
        }
    }
}

impl fmt::Display for BindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, parent, child, role } = self;
        write!(f, "{kind} {parent} <- {child}{role}")
    }
}
