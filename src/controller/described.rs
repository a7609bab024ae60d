//! An appliance as somebody described it: in the settings, or with a `NetScaler` object.

use kube::ResourceExt;

use super::Given;
use super::appliance::{CredentialSource, Target};
use crate::cluster::resources::netscaler::{Drift, NetScaler, Saving};
use crate::model::ObjectKey;
use crate::nitro::Trust;
use crate::policy::{self, ApplianceClasses, BrakeLimits, Policy};

impl Target {
    /// The appliance of the settings.
    pub(super) fn of_settings(given: &Given, policy: &Policy) -> Self {
        let Given { endpoints, trust, credentials, is_sidecar } = given.clone();
        let policy = policy_of(None, policy);
        let credentials = CredentialSource::Settings(credentials);
        let (name, drift) = (String::new(), Drift::default());
        let refusal = None;
        Self { name, endpoints, trust, credentials, policy, drift, refusal, is_sidecar }
    }

    /// The appliance of an object, whose credentials lie in our own namespace.
    pub(super) fn of_object(object: &NetScaler, policy: &Policy, namespace: &str) -> Self {
        let spec = &object.spec;
        let trust = match (&spec.ca, spec.insecure) {
            (Some(ca), _) => Trust::Authorities(ca.clone().into_bytes()),
            (None, Some(true)) => Trust::Anybody,
            (None, _) => Trust::Platform,
        };
        let secret = ObjectKey::new(namespace, spec.credentials.secret_name.as_str());
        Self {
            name: object.name_any(),
            endpoints: spec.endpoints.clone(),
            trust,
            credentials: CredentialSource::Secret(secret),
            policy: policy_of(Some(object), policy),
            drift: spec.drift,
            refusal: None,
            is_sidecar: false,
        }
    }
}

/// What holds for the appliance of an object, or else of the settings, whose policy is given.
pub(super) fn policy_of(object: Option<&NetScaler>, policy: &Policy) -> Policy {
    let mut policy = policy.clone();
    let Some(object) = object else {
        policy.appliance_classes = ApplianceClasses::NamingNone;
        return policy;
    };
    let spec = &object.spec;
    policy.appliance_classes = ApplianceClasses::Naming(object.name_any());
    if let Some(prefix) = &spec.prefix {
        policy.mark.prefix.clone_from(prefix);
    }
    policy.default_vip = spec.default_vip.as_ref().and_then(|vip| vip.parse().ok());
    let vips = spec.vip_namespaces.iter();
    let vips =
        vips.filter_map(|(vip, all)| Some((vip.parse().ok()?, all.iter().cloned().collect())));
    policy.vip_namespaces = vips.collect();
    policy.enable_default_profile = spec.enable_default_profile.unwrap_or_default();
    policy.allow_http_refusal = spec.allow_http_refusal.unwrap_or_default();
    policy.consent.takeover = spec.takeover.unwrap_or_default();
    policy.consent.references = spec.allowed_references.iter().cloned().collect();
    policy.consent.saving = match spec.save {
        Saving::Own => policy::Saving::Own,
        Saving::All => policy::Saving::All,
        Saving::Never => policy::Saving::Never,
    };
    if let Some(brake) = spec.brake {
        let usize = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        policy.consent.brake =
            BrakeLimits { count: usize(brake.count), percent: usize(brake.percent) };
    }
    policy
}
