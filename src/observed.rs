//! What the appliance reported: what is ours, what is not, and the settings that all share.
//!
//! Ops are built from [`ObservedState::owned`] and [`ObservedState::settings`] only, so what is not
//! ours cannot be changed by construction. Facts are for translating.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{BindingId, CertificateId, Fields, IssuerSerial, KeyType, Name, State};
use crate::snapshot::Facts;

/// One reading of the appliance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedState {
    /// What is ours.
    pub owned: Owned,
    /// What is not, and a view of our routes.
    pub facts: Facts,
    /// What everybody shares.
    pub settings: ApplianceSettings,
}

/// Our objects as they are now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// Entities of ours, and all bindings whose parent is ours. Of each entity the fields that we
    /// may set and that differ from their default, and the required ones. An `sslcertkey` has
    /// `cert`, `key` and `linkcertkeyname`; built-in default monitors are left out.
    pub state: State,
    /// Those of the bindings whose child is somebody else's: they occupy slots.
    pub foreign_children: BTreeSet<BindingId>,
    /// What all certkeys hold, ours and foreign ones: those may be bound to a parent of ours.
    pub certkeys: BTreeMap<Name, ObservedCertkey>,
    /// SSL profiles that are not ours, by name: a front end or group of ours may have one, and then
    /// it decides what protects that.
    pub foreign_ssl_profiles: BTreeMap<Name, Fields>,
    /// Our files below `/nsconfig/ssl`.
    pub files: BTreeSet<String>,
}

/// What one certkey holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedCertkey {
    /// Its certificate, read from the name of its file; `None` for a foreign one.
    pub content: Option<CertificateId>,
    /// Issuer and serial number, as the appliance reads them from the certificate.
    pub issuer_serial: Option<IssuerSerial>,
    /// The DNS names that it covers, in lower case: its SANs, or else its common name.
    pub names: BTreeSet<String>,
    /// Its subject as the appliance writes it, for people.
    pub subject: String,
    /// The algorithm of its key, where the appliance says so.
    pub key_type: Option<KeyType>,
    /// Whether it has a private key.
    pub keyed: bool,
}

/// When the running configuration was last changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastChange {
    /// The time, in seconds, as the appliance writes it.
    pub time: String,
    /// Whether that second was over when it was read, so that no later change has the same time.
    pub is_past: bool,
}

/// Settings of the whole appliance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplianceSettings {
    /// The features that are on, in upper case.
    pub features: BTreeSet<String>,
    /// Whether the default SSL profile is enabled.
    pub default_profile: bool,
    /// Whether the running configuration differs from the saved one.
    pub unsaved: bool,
    /// Whether, if so, all that differs is ours (after a crash of our own).
    pub unsaved_is_ours: bool,
    /// The last change of the running configuration.
    pub last_change: LastChange,
    /// What the appliance calls itself: version and build.
    pub version: String,
}
