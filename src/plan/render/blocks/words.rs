//! What objects and bindings are called in a plan that people read.

use crate::model::{BindingId, EntityId, Fields, IngressId, Kind, Role};
use crate::plan::{Label, Plan};

use super::Row;

/// Namespace and name of an Ingress.
pub(super) fn ingress(plan: &Plan, id: &IngressId) -> String {
    plan.ingresses.get(id).map_or_else(|| format!("with id {id}"), ToString::to_string)
}

/// The heading of what changes about one object.
pub(super) fn title(plan: &Plan, id: &EntityId) -> String {
    match (id.kind, plan.labels.get(id)) {
        (Kind::CSPOLICY, Some(label)) => format!("route {}", label.what),
        (Kind::CSPOLICY, None) => format!("route {}", id.name),
        (Kind::SSLCERTKEY, Some(label)) => format!("certificate {}", label.what),
        (_, _) => id.to_string(),
    }
}

/// The names on the appliance, where the title does not say them, and what it is used for.
pub(super) fn first_rows(plan: &Plan, id: &EntityId) -> Vec<Row> {
    let kinds = match id.kind {
        Kind::CSPOLICY => "cspolicy, csaction",
        Kind::SSLCERTKEY => "sslcertkey",
        _ => return Vec::new(),
    };
    let Some(Label { what: _, uses, not_after: _ }) = plan.labels.get(id) else {
        return Vec::new();
    };
    let row =
        |label: &str, value: &str| Row { mark: None, label: label.into(), value: value.into() };
    let mut rows = vec![row(kinds, &id.name)];
    rows.extend(uses.iter().map(|place| row("used as", place)));
    rows
}

/// The last day of the certificate that a certkey is given.
pub(super) fn valid_until(plan: &Plan, certkey: &EntityId) -> Option<(String, String)> {
    let not_after = plan.labels.get(certkey)?.not_after?;
    Some(("valid until".to_owned(), not_after.strftime("%Y-%m-%d").to_string()))
}

/// A certkey with what it is for.
pub(super) fn certkey(plan: &Plan, name: &str) -> String {
    match plan.labels.get(&EntityId::new(Kind::SSLCERTKEY, name)) {
        Some(label) => format!("{name} ({})", label.what),
        None => name.to_owned(),
    }
}

/// What is bound, in the role that it plays for the object that it is bound to.
pub(super) fn binding(id: &BindingId) -> &'static str {
    match (id.kind, id.role) {
        (Kind::SSLPROFILE_SSLCIPHER, _) => "cipher",
        (Kind::SSLPROFILE_ECCCURVE, _) => "curve",
        (Kind::SSLSERVICEGROUP_SSLCERTKEY, Role::Ca) => "server CA",
        (Kind::SSLSERVICEGROUP_SSLCERTKEY, _) => "client certificate",
        (Kind::SERVICEGROUP_LBMONITOR, _) => "monitor",
        (Kind::SERVICEGROUP_MEMBER, _) => "member",
        (Kind::LBVSERVER_SERVICEGROUP, _) => "servicegroup",
        (Kind::LBVSERVER_RESPONDERPOLICY | Kind::CSVSERVER_RESPONDERPOLICY, _) => {
            "responder policy"
        }
        (Kind::CSVSERVER_REWRITEPOLICY, _) => "rewrite policy",
        (Kind::SSLVSERVER_SSLCERTKEY, Role::Ca) => "client CA",
        (Kind::SSLVSERVER_SSLCERTKEY, Role::Sni) => "SNI certificate",
        (Kind::SSLVSERVER_SSLCERTKEY, _) => "default certificate",
        (Kind::CSVSERVER_LBVSERVER, _) => "default lbvserver",
        (Kind::CSVSERVER_CSPOLICY, _) => "bound to",
        (kind, _) => kind.name(),
    }
}

/// The other end of a binding, with the attributes that a reader needs.
pub(super) fn bound(plan: &Plan, id: &BindingId, attributes: &Fields) -> String {
    let child = match id.kind {
        Kind::SSLSERVICEGROUP_SSLCERTKEY | Kind::SSLVSERVER_SSLCERTKEY => certkey(plan, &id.child),
        Kind::CSVSERVER_CSPOLICY => format!("csvserver {}", id.parent),
        _ => id.child.to_string(),
    };
    let role = match id.role {
        Role::Port(port) => format!(" port {port}"),
        Role::Response => " on responses".to_owned(),
        Role::Plain | Role::Ca | Role::Sni | Role::Request => String::new(),
    };
    let attributes = attributes
        .iter()
        // The order of ciphers is that in which they are listed.
        .filter(|(name, _)| *name != "cipherpriority")
        .map(|(name, value)| format!(", {name} {value}"));
    format!("{child}{role}{}", attributes.collect::<String>())
}

/// Whether rows of this label are one list.
pub(super) fn is_list(label: &str) -> bool {
    matches!(
        label,
        "cipher" | "without cipher" | "curve" | "member" | ENABLED_MEMBER | DRAINED_MEMBER
    )
}

/// What becomes of members that stay.
pub(super) const ENABLED_MEMBER: &str = "enabled member";
pub(super) const DRAINED_MEMBER: &str = "draining member";
