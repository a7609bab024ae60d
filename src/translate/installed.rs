//! Certkeys that somebody else has put on the appliance and that an Ingress names: they are bound
//! as they are, where the operator allows it, and never made, changed or deleted.

use std::collections::BTreeSet;

use crate::annotations::{CertkeyRole, IngressSettings, PreconfiguredCertkey, Setting};
use crate::diagnostic::Code;

use super::front_end::Context;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Installed {
    pub(super) name: String,
    pub(super) role: CertkeyRole,
    /// The names that it covers; `None` if no appliance was looked at.
    pub(super) names: Option<BTreeSet<String>>,
}

impl Installed {
    /// Whether it is served to clients that ask for hosts that nobody has.
    pub(super) fn is_default(&self) -> bool {
        self.role == CertkeyRole::Default
    }
}

/// Whether an Ingress names a CA so.
pub(super) fn names_ca(settings: &IngressSettings) -> bool {
    let all = settings.preconfigured_certkey.value().into_iter().flatten();
    all.into_iter().any(|certkey| certkey.role == CertkeyRole::Ca)
}

/// Reads the certkeys that an Ingress names; `None` if that cannot be read. What cannot be bound is
/// an error, and named all the same.
pub(super) fn read(
    settings: &IngressSettings,
    context: &mut Context<'_, '_>,
) -> Option<Vec<Installed>> {
    let all = match &settings.preconfigured_certkey {
        Setting::Absent => return Some(Vec::new()),
        Setting::Unreadable => return None,
        Setting::Is(all) => all,
    };
    let field = context.keys.of("preconfigured-certkey");
    Some(all.iter().map(|certkey| read_one(certkey, &field, context)).collect())
}

fn read_one(
    certkey: &PreconfiguredCertkey,
    field: &str,
    context: &mut Context<'_, '_>,
) -> Installed {
    let PreconfiguredCertkey { name, role } = certkey;
    let (policy, facts) = (context.policy, context.facts);
    let refused = if !policy.consent.allows_reference(name) || policy.mark.owns_name(name) {
        Some((
            Code::ReferenceRefused,
            format!("{name:?} names a certkey of the appliance, which is not of this Ingress"),
            format!(
                "name a Secret with the certificate in spec.tls, or have the operator allow it \
                 with --allow-reference {name}"
            ),
        ))
    } else if !facts.is_read {
        None
    } else {
        match facts.foreign_certkeys.get(name) {
            None => Some((
                Code::CertkeyMissing,
                format!("the appliance has no certkey {name:?}"),
                "install it, or name another".to_owned(),
            )),
            Some(found) if *role != CertkeyRole::Ca && !found.keyed => Some((
                Code::CertkeyMissing,
                format!("the certkey {name:?} has no private key, so it cannot be served"),
                "install it with its key, or name another".to_owned(),
            )),
            Some(_) => None,
        }
    };
    if let Some((code, problem, remedy)) = refused {
        context.findings.error(code, field, problem, remedy);
    }
    let names = facts.foreign_certkeys.get(name).map(|found| found.names.clone());
    Installed { name: name.clone(), role: *role, names }
}
