//! What is known about the appliance that is not ours to change, and a view of our own routes.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{
    BindingId, CertificateId, EntityId, Fields, FrontEndId, IngressId, IssuerSerial, KeyType, Name,
    ObjectKey, Protection, RouteMatch,
};

/// Facts about the appliance. Offline there are none: the default is an empty appliance with all
/// features and the default SSL profile off.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether an appliance was looked at.
    pub is_read: bool,
    /// The features that are on, in upper case (`LB`, `SSL`).
    pub features: BTreeSet<String>,
    /// Whether the default SSL profile is enabled.
    pub default_profile: bool,
    /// Whether somebody else's changes are not saved yet.
    pub unsaved_by_others: bool,
    /// Who listens where.
    pub listeners: BTreeMap<(IpAddr, u16), Listener>,
    /// Objects that are not ours under names that we might use.
    pub foreign_names: BTreeSet<EntityId>,
    /// Those of them that could be made ours, with their `servicetype`: vservers and service groups
    /// that say of no cluster that they are its own. A csvserver is where its name says, and an
    /// lbvserver is behind one.
    pub adoptable: BTreeMap<EntityId, String>,
    /// SSL vservers, services, service groups and monitors that are not ours; enabling the default
    /// SSL profile would reset their settings.
    pub foreign_ssl: BTreeSet<EntityId>,
    /// The appliance's built-in internal SSL services, which enabling resets too.
    pub internal_ssl: BTreeSet<String>,
    /// Certkeys that are not ours, by what they hold.
    pub foreign_certificates: BTreeMap<IssuerSerial, ForeignCertificate>,
    /// The same certkeys by name, with what they can be served for.
    pub foreign_certkeys: BTreeMap<String, ForeignCertkey>,
    /// SSL profiles that are not ours, by name, with the fields that we know.
    pub foreign_ssl_profiles: BTreeMap<Name, Fields>,
    /// Servers that are not ours, by address.
    pub foreign_servers: BTreeMap<IpAddr, String>,
    /// What is not ours and bound to what is ours: it stays, and whoever put it there should know
    /// what it does to our Ingresses.
    pub foreign_children: BTreeSet<BindingId>,
    /// Our bound routes by Ingress id, in the order of their policies' names.
    pub routes: BTreeMap<IngressId, Vec<ObservedRoute>>,
    /// Our service groups that carry an Ingress, by name: whose members follow which Service.
    pub back_ends: BTreeMap<Name, ObservedBackEnd>,
    /// Every Ingress id that an object of ours carries, with its name where a comment tells it.
    pub ingresses: BTreeMap<IngressId, Option<ObjectKey>>,
}

/// Who listens on an address and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The virtual server.
    pub holder: EntityId,
    /// Whether it is ours.
    pub ours: bool,
}

/// A certkey that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignCertificate {
    /// Its name.
    pub name: String,
    /// The algorithm of its key, where the appliance says so.
    pub key_type: Option<KeyType>,
}

/// A certkey that is not ours, by its name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForeignCertkey {
    /// The DNS names that it covers, in lower case.
    pub names: BTreeSet<String>,
    /// Whether it has a private key.
    pub keyed: bool,
}

/// A route of ours that is bound now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedRoute {
    /// The front end that it is bound to.
    pub front_end: FrontEndId,
    /// The requests that it takes.
    pub matches: RouteMatch,
    /// Its cspolicy.
    pub policy: String,
    /// Whether certificates for SNI can be bound to its front end.
    pub has_sni: bool,
    /// Whether the appliance answers its requests itself, so that none of them goes anywhere.
    pub answers: bool,
    /// Its protection as it is in effect now.
    pub protection: Protection,
    /// Whether it is responder policies, after the handshake, that turn clients away.
    pub refused_by_policies: bool,
    /// The certificates that its clients are served, each with all the names that it covers.
    pub certificates: BTreeMap<CertificateId, BTreeSet<String>>,
    /// That of them which is served to clients that ask for no host. A route without a host relies
    /// on it whatever it covers.
    pub default_certificate: Option<CertificateId>,
}

/// A back end of ours as its comment names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedBackEnd {
    /// The Ingress that it was made for.
    pub ingress: IngressId,
    /// Its namespace and name.
    pub key: ObjectKey,
    /// The Service and port behind it, as `name:port`, the port as the Ingress wrote it.
    pub service: String,
}
