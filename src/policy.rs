//! The operator's choices that translating and planning obey.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::model::{Mark, ObjectKey};

/// Everything an operator decides that is not in an Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Prefix of names and cluster id.
    pub mark: Mark,
    /// The `spec.controller` values of the IngressClasses that are ours.
    pub controller_names: BTreeSet<String>,
    /// Classes that are ours even without an IngressClass object.
    pub ingress_classes: BTreeSet<String>,
    /// The classes whose Ingresses are for this appliance.
    pub appliance_classes: ApplianceClasses,
    /// What an Ingress counts as whose class cannot be looked up.
    pub unknown_class: UnknownClass,
    /// The VIP of Ingresses that name none.
    pub default_vip: Option<IpAddr>,
    /// The addresses that only Ingresses of some namespaces may name.
    pub vip_namespaces: BTreeMap<IpAddr, BTreeSet<String>>,
    /// The `ConfigMap` with the defaults of front ends.
    pub config_map: Option<ObjectKey>,
    /// Who the members of service groups are.
    pub members: MemberSource,
    /// How long members whose endpoints are terminating may finish what they have.
    pub drain_delay_secs: u32,
    /// Whether the default SSL profile may be enabled although SSL objects of others exist.
    pub enable_default_profile: bool,
    /// Whether clients may be turned away by policies instead of the handshake.
    pub allow_http_refusal: bool,
    /// What the plan may do.
    pub consent: Consent,
}

impl Policy {
    /// One for a cluster of which nothing is to be on the appliance: no Ingress is ours.
    pub fn without_ingresses(mark: Mark) -> Self {
        Self {
            mark,
            controller_names: BTreeSet::new(),
            ingress_classes: BTreeSet::new(),
            appliance_classes: ApplianceClasses::All,
            unknown_class: UnknownClass::Unmet,
            default_vip: None,
            vip_namespaces: BTreeMap::new(),
            config_map: None,
            members: MemberSource::default(),
            drain_delay_secs: 0,
            enable_default_profile: false,
            allow_http_refusal: false,
            consent: Consent { prune: true, ..Consent::default() },
        }
    }
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

impl Consent {
    /// Whether annotations may name this object of somebody else.
    pub fn allows_reference(&self, name: &str) -> bool {
        self.references.iter().any(|pattern| is_like(name, pattern))
    }
}

/// Whether a name is like a pattern, in which `*` stands for any text.
fn is_like(name: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return name == pattern };
    let Some(name) = name.strip_prefix(start) else { return false };
    let starts = name.char_indices().map(|(i, _)| i).chain([name.len()]);
    starts.into_iter().any(|i| is_like(&name[i..], rest))
}

/// The classes of ours whose Ingresses are for one appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplianceClasses {
    /// All, whatever their parameters say: there is one appliance.
    All,
    /// Those whose parameters name this `NetScaler` object.
    Naming(String),
    /// Those without parameters.
    NamingNone,
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
    /// Names of objects of others that annotations may name; `*` stands for any text. Such an
    /// object that is bound to one of ours is taken for bound by an annotation.
    pub references: BTreeSet<String>,
    /// Whether objects of others are adopted whose names desired objects need.
    pub takeover: bool,
    /// Digests of deletions that the operator approved although the brake would hold them.
    pub approved: BTreeSet<String>,
    /// Which changes are saved.
    pub saving: Saving,
    /// Whether the save comes with a later plan.
    pub defers_save: bool,
    /// When deletions wait for an approval.
    pub brake: BrakeLimits,
    /// Whether Ingresses that are not in the input are gone (commands on files).
    pub prune: bool,
}

/// Which changes of the configuration are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Saving {
    /// Ours, unless unsaved changes of somebody else would be saved with them.
    #[default]
    Own,
    /// Ours, and with them those of others.
    All,
    /// None.
    Never,
}

/// When deletions wait for an approval: above both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrakeLimits {
    /// Up to so many never wait.
    pub count: usize,
    /// Up to this share of what was observed never waits, in per cent.
    pub percent: usize,
}

impl Default for BrakeLimits {
    fn default() -> Self {
        Self { count: 5, percent: 20 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name) in
            [("a", "a"), ("*", ""), ("*", "a.b"), ("a*c", "abbc"), ("*.b*", "a.bc")]
        {
            assert!(is_like(name, pattern), "{pattern} {name}");
        }
        for (pattern, name) in [("", "a"), ("a", "ab"), ("a*c", "abb"), ("*b", "ba")] {
            assert!(!is_like(name, pattern), "{pattern} {name}");
        }
    }
}
