//! What objects and bindings are called, for people who do not know their names by heart.

use crate::explain::Explanation;
use crate::model::{BindingId, CertificateId, EntityId, Fields, Kind, Role, RouteMatch};

/// An object by kind and name, and for whom that is a riddle, what it is.
pub(super) fn object(entity: &EntityId, fields: Option<&Fields>) -> String {
    let rule = fields.and_then(|fields| fields.get("rule")?.as_text());
    match rule.filter(|_| entity.kind == Kind::CSPOLICY).and_then(RouteMatch::parse) {
        Some(route) => format!("{entity} ({route})"),
        None => entity.to_string(),
    }
}

/// A binding by what it gives its parent.
pub(super) fn binding(binding: &BindingId, explanation: &Explanation) -> String {
    let BindingId { kind: _, parent: _, child, role } = binding;
    let parent = binding.parent_id();
    let id = CertificateId::parse(child);
    let certificate = id.and_then(|id| explanation.certificates.get(&id));
    match (certificate, role) {
        (Some(subject), Role::Ca) => format!("CA {subject}"),
        (Some(subject), Role::Sni) => format!("SNI certificate {subject}"),
        (Some(subject), _) if parent.kind == Kind::SSLSERVICEGROUP => {
            format!("client certificate {subject}")
        }
        (Some(subject), _) => format!("default certificate {subject}"),
        (None, Role::Port(port)) => format!("member {child} port {port}"),
        (None, _) => {
            binding.child_id().map_or_else(|| child.to_string(), |child| child.to_string())
        }
    }
}
