//! `NetScaler`: an appliance, or a pair of them, and what may be done to it.

#![expect(
    unreachable_pub,
    reason = "deriving KubeSchema writes a copy of the type into a function"
)]

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An appliance that serves the Ingresses of the classes that name it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CustomResource, KubeSchema)]
#[kube(
    group = "nitro-ingress.dev",
    version = "v1alpha1",
    kind = "NetScaler",
    plural = "netscalers",
    singular = "netscaler",
    status = "NetScalerStatus",
    derive = "PartialEq",
    doc = "An appliance, or a pair of them, that serves the Ingresses of the classes that name it.",
    printcolumn = r#"{"name": "Reachable", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Reachable\")].status"}"#,
    printcolumn = r#"{"name": "Synced", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Synced\")].status"}"#,
    printcolumn = r#"{"name": "Ingresses", "type": "integer", "jsonPath": ".status.counts.ingresses"}"#,
    printcolumn = r#"{"name": "Held", "type": "integer", "jsonPath": ".status.counts.held"}"#,
    printcolumn = r#"{"name": "Closed", "type": "integer", "jsonPath": ".status.counts.closed"}"#,
    printcolumn = r#"{"name": "Pending", "type": "string", "jsonPath": ".status.pendingDeletions.digest"}"#,
    printcolumn = r#"{"name": "Version", "type": "string", "jsonPath": ".status.version", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[x_kube(
    validation = ("!(has(self.ca) && has(self.insecure) && self.insecure)",
        "ca and insecure exclude each other"),
    // Here and not at the prefix, where it would not hold when that is added or taken away.
    validation = ("has(self.prefix) == has(oldSelf.prefix) && \
        (!has(self.prefix) || self.prefix == oldSelf.prefix)",
        "prefix cannot be changed: objects with the old one would stay behind"))]
pub struct NetScalerSpec {
    /// The management addresses, such as `https://192.0.2.2`: one, or those of both nodes of a pair.
    /// Plain HTTP is for an appliance beside the controller only.
    #[schemars(length(min = 1, max = 2), inner(length(max = 300)))]
    #[x_kube(validation = ("self.all(url, url.matches('^https://[^/@]+/?$') || \
        url.matches('^http://(127\\\\.[0-9.]+|localhost|\\\\[::1\\\\])(:[0-9]+)?/?$'))",
        "must be https://HOST or, of an appliance beside the controller, http://127.0.0.1"))]
    pub endpoints: Vec<String>,
    /// The controller that serves it, by namespace and name of its lease, where several run in the
    /// cluster. Without it, every one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 320))]
    pub controller: Option<String>,
    /// As whom the controller logs in.
    pub credentials: Credentials,
    /// The authorities that the appliance's certificate is verified against, in PEM. Without them,
    /// those that the controller's machine trusts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Do not verify the appliance's certificate: whoever is in between can read the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insecure: Option<bool>,
    /// The first part of every name on the appliance; that of the controller without it. It cannot
    /// be added, changed or taken away later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[A-Za-z0-9]{1,8}$"))]
    pub prefix: Option<String>,
    /// The address that Ingresses without `frontend-ip` are served on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[x_kube(validation = ("isIP(self)", "must be an IP address"))]
    pub default_vip: Option<String>,
    /// The addresses that only Ingresses of these namespaces may name. Others are for all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[x_kube(validation = ("self.all(ip, isIP(ip))", "the keys must be IP addresses"))]
    #[schemars(extend("maxProperties" = 1000))]
    pub vip_namespaces: BTreeMap<String, Vec<String>>,
    /// Names of objects of others that annotations may name; `*` stands for any text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_references: Vec<String>,
    /// Enable the default SSL profile although TLS objects of others are on the appliance. It
    /// resets their settings and cannot be undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_default_profile: Option<bool>,
    /// Let Ingresses refuse clients with an HTTP status instead of in the handshake. Prove first
    /// that your appliance does as is relied on: docs/mutual-tls.md.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_http_refusal: Option<bool>,
    /// Take over vservers and service groups of others that have the names which Ingresses need.
    /// Whoever else manages them must have been stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takeover: Option<bool>,
    /// From how many deletions on an approval is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brake: Option<Brake>,
    /// What becomes of changes that somebody else made to objects of ours.
    #[serde(default)]
    pub drift: Drift,
    /// Which changes are saved.
    #[serde(default)]
    pub save: Saving,
}

/// As whom the controller logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Credentials {
    /// A Secret of the controller's own namespace, with the keys `username` and `password`.
    #[schemars(length(min = 1, max = 253))]
    pub secret_name: String,
}

/// When deletions wait for an approval: above both limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Brake {
    /// Up to so many never wait.
    #[schemars(range(min = 0))]
    pub count: u32,
    /// Up to this share of what is on the appliance never waits, in per cent.
    #[schemars(range(min = 0, max = 100))]
    pub percent: u32,
}

/// What becomes of changes that somebody else made to objects of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Drift {
    /// They are undone.
    #[default]
    Repair,
    /// They are told, and undone with the next change of an Ingress.
    Report,
}

/// Which changes are saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum Saving {
    /// Ours, unless changes of others would be saved with them.
    #[default]
    Own,
    /// Ours, and with them those of others.
    All,
    /// None.
    Never,
}

/// How an appliance is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NetScalerStatus {
    /// `Reachable`, `DefaultProfileEnabled` and `Synced`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// The management address that is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What the appliance calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// `Stand-alone` or, of the node that is used, its part in a pair.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The host ids of the hardware that was seen behind the endpoints and confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub host_ids: Vec<String>,
    /// How many Ingresses there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    /// When the appliance was last seen to match the cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync: Option<Time>,
    /// Since when there are changes of ours that are not saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsaved_since: Option<Time>,
    /// Deletions that wait for an approval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending_deletions: Option<PendingDeletions>,
}

/// How many Ingresses of an appliance there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Those that are for it.
    pub ingresses: u32,
    /// Those of them that are on it as they ask.
    pub programmed: u32,
    /// Those whose last good configuration stays.
    pub held: u32,
    /// Those whose routes are withdrawn.
    pub closed: u32,
}

/// Deletions that wait for an approval.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingDeletions {
    /// What an approval must name: `nitro-ingress approve DIGEST`.
    pub digest: String,
    /// How many there are.
    pub count: u32,
    /// The first of them.
    pub first: Vec<String>,
}
