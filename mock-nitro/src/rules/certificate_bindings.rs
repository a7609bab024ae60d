//! Certificates bound to TLS endpoints, in one of three roles: plain (the certificate that is
//! served, or shown to servers), `snicert` and `ca`. Each role is a binding of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::certkeys::BUILT_IN;
use super::endpoints::in_effect;
use super::{refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{BindingKey, Fields, State, flag, text};
use crate::x509::{Certificate, Material};

const OF_VSERVERS: &str = "sslvserver_sslcertkey_binding";

const KINDS: [&str; 3] =
    [OF_VSERVERS, "sslservicegroup_sslcertkey_binding", "sslservice_sslcertkey_binding"];

/// In which role a certificate is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    Sni,
    Ca,
}

impl Role {
    fn of(fields: &Fields) -> Self {
        if flag(fields, "ca") {
            Self::Ca
        } else if flag(fields, "snicert") {
            Self::Sni
        } else {
            Self::Plain
        }
    }
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.verb != Verb::Bind {
        return Ok(());
    }
    let certkey = text(&command.fields, "certkeyname");
    let role = Role::of(&command.fields);
    if certkey == BUILT_IN {
        return refuse(code::SSL_DEFAULT_CERT_BIND);
    }
    // Seen from Terraform's users for ocspCheck.
    for (field, argument) in
        [("ocspcheck", "ocspCheck"), ("crlcheck", "crlCheck"), ("skipcaname", "skipCAName")]
    {
        let given = command.fields.get(field).is_some_and(|value| *value != false);
        if given && role != Role::Ca {
            return refuse_about(code::ARGPREREQ, format_args!("{argument}, CA"));
        }
    }
    let Some(material) = state.material(certkey) else { return refuse(code::SSL_NOCERT) };
    match role {
        Role::Ca => check_ca(state, command, &material.certificate),
        Role::Plain if material.has_key => Ok(()),
        // Documented.
        Role::Plain => refuse(code::SSL_NOSVRCERT),
        Role::Sni => check_sni(state, command, material),
    }
}

/// Binding a CA once more is refused, whatever its attributes (assumed).
fn check_ca(state: &State, command: &Command, certificate: &Certificate) -> Result<(), Refusal> {
    if !certificate.is_ca {
        return refuse(code::SSL_CERT_NOT_CA);
    }
    not_yet(state, command)
}

fn not_yet(state: &State, command: &Command) -> Result<(), Refusal> {
    match state.binding(command.kind, &command.key, &command.child) {
        Some(_) => refuse_about(
            code::EXIST,
            format_args!("certkeyName, {}", text(&command.fields, "certkeyname")),
        ),
        None => Ok(()),
    }
}

/// An SNI certificate needs SNI in effect, a key, a name, and its names for itself (documented;
/// that a DNS name of the SAN counts like the common name is assumed).
fn check_sni(state: &State, command: &Command, material: &Material) -> Result<(), Refusal> {
    if command.kind != OF_VSERVERS {
        return refuse(code::SSL_SNICERT_INVALID);
    }
    if in_effect(state, "sslvserver", &command.key, "snienable") != "ENABLED" {
        return refuse(code::SSL_SNI_NOTENABLE);
    }
    if !material.has_key {
        return refuse(code::SSL_NOSVRCERT);
    }
    let names = material.certificate.names();
    if names.is_empty() {
        return refuse(code::SSL_NO_CN);
    }
    not_yet(state, command)?;
    if collides(state, &command.key, text(&command.fields, "certkeyname"), &names) {
        return refuse(code::SSL_DUP_SNICERT);
    }
    Ok(())
}

/// Whether another SNI certificate of a virtual server has one of these names.
fn collides(state: &State, vserver: &str, certkey: &str, names: &BTreeSet<String>) -> bool {
    state.bindings(OF_VSERVERS, vserver).any(|(_, fields)| {
        let other = text(fields, "certkeyname");
        let held = state.material(other).filter(|_| flag(fields, "snicert") && other != certkey);
        held.is_some_and(|held| !held.certificate.names().is_disjoint(names))
    })
}

/// There is one plain certificate per key type: a new one replaces the old, with a warning
/// (documented).
pub(super) fn after(state: &mut State, command: &Command) -> Vec<Refusal> {
    if command.verb != Verb::Bind {
        return Vec::new();
    }
    let key = BindingKey::of(command.kind, &command.fields);
    if let Some(fields) = state.remove_binding(&key) {
        let mut fields = Arc::unwrap_or_clone(fields);
        for role in ["ca", "snicert", "skipcaname"] {
            fields.entry(role).or_insert(Value::Bool(false));
        }
        fields.insert("cleartextport", 0.into());
        state.put_binding(key.clone(), fields);
    }
    if Role::of(&command.fields) != Role::Plain {
        return Vec::new();
    }
    let replaced = others_in_slot(state, &key);
    for key in &replaced {
        state.remove_binding(key);
    }
    let warns = !replaced.is_empty();
    warns.then(|| Refusal::new(code::SSL_BINDOR)).into_iter().collect()
}

/// The other plain bindings of the same endpoint whose certificates have the same type of key.
fn others_in_slot(state: &State, key: &BindingKey) -> Vec<BindingKey> {
    let key_type = |certkey: &str| state.material(certkey).map(|held| held.certificate.key_type());
    let own = state.binding(key.kind, &key.parent, &key.child);
    let own = own.and_then(|fields| key_type(text(fields, "certkeyname")));
    state
        .bindings(key.kind, &key.parent)
        .filter(|(other, fields)| {
            *other != key
                && Role::of(fields) == Role::Plain
                && key_type(text(fields, "certkeyname")) == own
        })
        .map(|(other, _)| other.clone())
        .collect()
}

/// What a change of a certkey's content broke.
#[derive(Debug, Default)]
pub(super) struct Broken {
    /// The warnings about SNI bindings.
    pub(super) sni: Vec<u32>,
    /// Whether bindings in other roles were broken.
    pub(super) others: bool,
}

/// Removes the bindings of a certkey that could not be made with its present content (documented
/// that they are broken; which of them do not fit any more is assumed to be as for a new binding).
pub(super) fn break_unfit(state: &mut State, certkey: &str, certificate: &Certificate) -> Broken {
    let mut broken = Broken::default();
    let names = certificate.names();
    for kind in KINDS {
        let bound: Vec<(BindingKey, Role)> = state
            .bindings_of(kind)
            .filter(|(_, fields)| text(fields, "certkeyname") == certkey)
            .map(|(key, fields)| (key.clone(), Role::of(fields)))
            .collect();
        for (key, role) in bound {
            let warning = match role {
                Role::Ca if !certificate.is_ca => None,
                Role::Plain if !others_in_slot(state, &key).is_empty() => None,
                Role::Sni if names.is_empty() => Some(code::SSL_NO_CN_BRLLINK),
                Role::Sni if collides(state, &key.parent, certkey, &names) => {
                    Some(code::SSL_DUP_SNICERT_BRKLINK)
                }
                Role::Ca | Role::Plain | Role::Sni => continue,
            };
            state.remove_binding(&key);
            broken.others |= warning.is_none();
            if let Some(warning) = warning.filter(|warning| !broken.sni.contains(warning)) {
                broken.sni.push(warning);
            }
        }
    }
    broken
}
