//! `IngressReport`: what became of one Ingress.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of the Ingress of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CustomResource, JsonSchema)]
#[kube(
    group = "nitro-ingress.dev",
    version = "v1alpha1",
    kind = "IngressReport",
    plural = "ingressreports",
    singular = "ingressreport",
    shortname = "ingrep",
    namespaced,
    status = "IngressReportStatus",
    derive = "PartialEq",
    doc = "What became of the Ingress of the same name. The controller writes it, and removes it \
        with the Ingress.",
    printcolumn = r#"{"name": "Address", "type": "string", "jsonPath": ".status.frontEnds[*].address"}"#,
    printcolumn = r#"{"name": "Accepted", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Accepted\")].status"}"#,
    printcolumn = r#"{"name": "Programmed", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Programmed\")].status"}"#,
    printcolumn = r#"{"name": "Reason", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Programmed\")].reason"}"#,
    printcolumn = r#"{"name": "Clients", "type": "string", "jsonPath": ".status.frontEnds[*].clientAuthentication"}"#,
    printcolumn = r#"{"name": "Expires", "type": "date", "jsonPath": ".status.nextExpiry", "priority": 1}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.message", "priority": 1}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
pub struct IngressReportSpec {
    /// The appliance that serves the Ingress: the name of its `NetScaler`, or empty for that of
    /// the controller's own settings.
    #[serde(default)]
    pub appliance: String,
    /// The controller that wrote it, by namespace and name of its lease.
    #[serde(default)]
    pub controller: String,
}

/// What became of an Ingress.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressReportStatus {
    /// `Accepted`, `ResolvedRefs` and `Programmed`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
    /// What is wrong, in a sentence; absent if all is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Where clients reach it, as the appliance has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub front_ends: Vec<FrontEnd>,
    /// The certificates that its front ends and back ends use. Whatever these are linked to is among
    /// the objects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<Certificate>,
    /// When the first of them expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_expiry: Option<Time>,
    /// The objects on the appliance that are there for this Ingress, and the certkeys that it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<NitroObject>,
}

/// A place where clients reach an Ingress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FrontEnd {
    /// The address.
    pub address: String,
    /// The port.
    pub port: i32,
    /// `HTTP`, `SSL`, `TCP`, `SSL_TCP` or `SSL_BRIDGE`.
    pub protocol: String,
    /// Whether clients must show a certificate.
    pub client_authentication: ClientAuthentication,
    /// The subjects of the authorities that client certificates are verified against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_authorities: Vec<String>,
    /// How the back ends behind it are spoken to: `Plain`, `TLS` or `Verified`; the weakest of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back_ends: Option<String>,
}

/// Whether clients must show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ClientAuthentication {
    /// They are not asked.
    Off,
    /// They are asked.
    Optional,
    /// They must.
    Mandatory,
}

/// A certificate in use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// What it is used for.
    #[serde(default)]
    pub usage: Usage,
    /// The names that it covers; none of an authority.
    #[serde(default)]
    pub names: Vec<String>,
    /// What it calls itself, or else what the appliance calls it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// Until when it is valid, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<Time>,
}

/// What a certificate is used for: by whom it is shown, or for whom others are verified against it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub enum Usage {
    /// Clients are served it.
    #[default]
    Server,
    /// Back ends are shown it.
    Client,
    /// Clients are verified against it.
    #[serde(rename = "ClientCA")]
    ClientCa,
    /// Back ends are verified against it.
    #[serde(rename = "BackEndCA")]
    BackEndCa,
}

impl Usage {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Server, Self::Client, Self::ClientCa, Self::BackEndCa];

    /// The word that stands in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "Server",
            Self::Client => "Client",
            Self::ClientCa => "ClientCA",
            Self::BackEndCa => "BackEndCA",
        }
    }
}

/// An object on the appliance.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NitroObject {
    /// Its NITRO type.
    pub kind: String,
    /// Its name.
    pub name: String,
}
