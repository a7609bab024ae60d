//! The operator's choices that translating and planning obey.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::Mark;

/// Everything an operator decides that is not in an Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Prefix of names and cluster id.
    pub mark: Mark,
    /// The `spec.controller` values of the IngressClasses that are ours.
    pub controller_names: BTreeSet<String>,
    /// Classes that are ours even without an IngressClass object.
    pub ingress_classes: BTreeSet<String>,
    /// What an Ingress counts as whose class cannot be looked up.
    pub unknown_class: UnknownClass,
    /// The VIP of Ingresses that name none.
    pub default_vip: Option<IpAddr>,
    /// The addresses that only Ingresses of some namespaces may name.
    pub vip_namespaces: BTreeMap<IpAddr, BTreeSet<String>>,
    /// Who the members of service groups are.
    pub members: MemberSource,
    /// How long members whose endpoints are terminating may finish what they have.
    pub drain_delay_secs: u32,
    /// Whether the default SSL profile may be enabled although SSL objects of others exist.
    pub enable_default_profile: bool,
    /// What the plan may do.
    pub consent: Consent,
}

/// Who the members of service groups are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MemberSource {
    /// The endpoints of the Service: the appliance reaches the pods.
    #[default]
    Endpoints,
    /// The nodes, on the Service's node port.
    NodePort,
}

/// What an Ingress counts as if it names no class, or one without an IngressClass object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownClass {
    /// Ours, with a note: commands on files.
    Ours,
    /// Unmet if a class is named, not ours if none is: in a cluster.
    Unmet,
}

/// What a plan may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Consent {
    /// Digests of deletions that the operator approved although the brake would hold them.
    pub approved: BTreeSet<String>,
    /// Whether the configuration may be saved although somebody else's changes are unsaved.
    pub save_foreign: bool,
    /// Whether Ingresses that are not in the input are gone (commands on files).
    pub prune: bool,
}
