//! Links of certkeys to those of their issuers.

use super::{refuse, refuse_about};
use crate::code;
use crate::command::Refusal;
use crate::state::{Referrer, State, text};

/// The certkey that this one is linked to.
pub(crate) fn issuer_of<'a>(state: &'a State, name: &str) -> Option<&'a str> {
    let linked = text(state.object("sslcertkey", name)?, "linkcertkeyname");
    (!linked.is_empty()).then_some(linked)
}

/// The codes are documented. That one which is linked already gives 273 follows from Ansible, which
/// links on every run; that 3418 speaks of a target that is no CA, or of a root, is assumed.
pub(super) fn check(state: &State, name: &str, target: &str) -> Result<(), Refusal> {
    if name == target {
        return refuse(code::SSL_LINK);
    }
    if let Some(linked) = issuer_of(state, name) {
        return refuse_about(code::EXIST, format_args!("linkCertKeyName, {linked}"));
    }
    let mut above = Some(target);
    while let Some(certkey) = above {
        if certkey == name {
            return refuse(code::SSL_LINK_LOOP);
        }
        above = issuer_of(state, certkey);
    }
    let (Some(child), Some(issuer)) = (state.material(name), state.material(target)) else {
        return refuse(code::SSL_CERT_LINK_NOT_ALLOWED);
    };
    if !issuer.certificate.is_ca || child.certificate.is_self_signed {
        return refuse(code::SSL_CERT_LINK_NOT_ALLOWED);
    }
    if !child.certificate.is_issued_by(&issuer.certificate) {
        return refuse(code::SSL_ISSUBMIS);
    }
    Ok(())
}

/// Breaks the links of a certkey, upwards and downwards, that its new content does not bear out.
pub(super) fn break_unfit(state: &mut State, name: &str) -> bool {
    let is_certkey = |referrer: Referrer| match referrer {
        Referrer::Object(key, "linkcertkeyname") => Some(key.name.to_string()),
        Referrer::Object(..) | Referrer::Binding(..) => None,
    };
    let mut linked: Vec<String> =
        state.referrers("sslcertkey", name).into_iter().filter_map(is_certkey).collect();
    linked.push(name.to_owned());
    let mut any = false;
    for child in linked {
        let Some(issuer) = issuer_of(state, &child) else { continue };
        let fits = match (state.material(&child), state.material(issuer)) {
            (Some(child), Some(issuer)) => {
                issuer.certificate.is_ca && child.certificate.is_issued_by(&issuer.certificate)
            }
            _ => false,
        };
        if !fits && let Some(fields) = state.object_mut("sslcertkey", &child) {
            fields.remove("linkcertkeyname");
            any = true;
        }
    }
    any
}
