//! What people need beside the ops to read a plan: what objects are whose names are digests, and
//! what was there before.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::aim::Aim;
use super::{Before, Label, Op, PlannedOp};
use crate::model::{EntityId, Kind, Name, Role, RouteMatch, State};
use crate::observed::Owned;
use crate::translate::Translation;

/// The labels of the routes and certkeys that ops name.
pub(super) fn labels(
    observed: &Owned,
    translation: &Translation,
    aim: &Aim,
    ops: &[PlannedOp],
) -> BTreeMap<EntityId, Label> {
    let named: BTreeSet<EntityId> = ops.iter().flat_map(|planned| named(&planned.op)).collect();
    let mut uses = uses(&aim.owned.state);
    let label = |id: EntityId| {
        let (what, not_after) = if id.kind == Kind::CSPOLICY {
            (route(&[&aim.owned.state, &observed.state], &id.name)?, None)
        } else {
            certificate(&[&aim.owned, observed], translation, &id.name)?
        };
        let uses = uses.remove(&id.name).unwrap_or_default();
        Some((id, Label { what, uses, not_after }))
    };
    named.into_iter().filter_map(label).collect()
}

/// What was observed of the objects that ops set, of the certkeys that they change, and of the SSL
/// profiles that new ones replace.
pub(super) fn before(observed: &State, ops: &[PlannedOp]) -> BTreeMap<EntityId, Before> {
    let mut before = BTreeMap::new();
    for planned in ops {
        let certkey;
        let entity = match &planned.op {
            Op::Set { entity, .. } | Op::Unset { entity, .. } => entity,
            Op::Change { certkey: name, .. } => {
                certkey = EntityId::new(Kind::SSLCERTKEY, name.as_str());
                &certkey
            }
            Op::Upload { .. }
            | Op::Create { .. }
            | Op::Bind { .. }
            | Op::Rebind { .. }
            | Op::Unbind { .. }
            | Op::Enable { .. }
            | Op::EnableMember { .. }
            | Op::DisableMember { .. }
            | Op::Link { .. }
            | Op::Unlink { .. }
            | Op::Delete { .. }
            | Op::Verify { .. }
            | Op::VerifyBinding { .. }
            | Op::Save
            | Op::RemoveFile { .. } => continue,
        };
        let Some(fields) = observed.entities.get(entity) else { continue };
        let (name, fields) = (entity.name.clone(), fields.clone());
        before.insert(entity.clone(), Before { name, fields, ciphers: BTreeSet::new() });
        if let Some((new, old)) = replaced_profile(observed, &planned.op) {
            before.insert(new, old);
        }
    }
    before
}

/// The new and the old profile, if an op puts one in the place of another.
fn replaced_profile(observed: &State, op: &Op) -> Option<(EntityId, Before)> {
    let Op::Set { entity, fields } = op else { return None };
    let new = fields.get("sslprofile")?.as_text()?;
    let name = observed.text(entity.kind, &entity.name, "sslprofile")?;
    let fields = observed.fields(Kind::SSLPROFILE, name)?.clone();
    let ciphers = observed.bound(Kind::SSLPROFILE_SSLCIPHER, name);
    let ciphers = ciphers.map(|(binding, _)| binding.child.to_string()).collect();
    let old = Before { name: name.into(), fields, ciphers };
    Some((EntityId::new(Kind::SSLPROFILE, new), old))
}

/// The routes and certkeys that an op is about.
fn named(op: &Op) -> Vec<EntityId> {
    let certkey = |name: &str| EntityId::new(Kind::SSLCERTKEY, name);
    match op {
        Op::Create { entity, .. }
        | Op::Set { entity, .. }
        | Op::Unset { entity, .. }
        | Op::Delete { entity, .. }
        | Op::Verify { entity, .. } => match entity.kind {
            // An action has the name of its policy.
            Kind::CSPOLICY | Kind::CSACTION => {
                vec![EntityId::new(Kind::CSPOLICY, entity.name.as_str())]
            }
            Kind::SSLCERTKEY => vec![entity.clone()],
            _ => Vec::new(),
        },
        Op::Bind { binding, .. }
        | Op::Rebind { binding, .. }
        | Op::VerifyBinding { binding, .. }
        | Op::Unbind { binding } => {
            let child = binding.child_id();
            let tells = |id: &EntityId| matches!(id.kind, Kind::CSPOLICY | Kind::SSLCERTKEY);
            child.into_iter().filter(tells).collect()
        }
        Op::Link { certkey: name, issuer } => vec![certkey(name), certkey(issuer)],
        Op::Change { certkey: name, .. } | Op::Unlink { certkey: name } => vec![certkey(name)],
        // The child of a member is a server.
        Op::EnableMember { .. }
        | Op::DisableMember { .. }
        | Op::Upload { .. }
        | Op::Enable { .. }
        | Op::Save
        | Op::RemoveFile { .. } => Vec::new(),
    }
}

fn route(states: &[&State], policy: &str) -> Option<String> {
    let rule = states.iter().find_map(|state| state.text(Kind::CSPOLICY, policy, "rule"))?;
    let matches = RouteMatch::parse(rule)?;
    let is_redirect = states.iter().find_map(|state| redirects(state, policy)).unwrap_or(false);
    Some(if is_redirect { format!("{matches}, redirected to TLS") } else { matches.to_string() })
}

/// Whether what a policy takes is redirected.
fn redirects(state: &State, policy: &str) -> Option<bool> {
    let action = state.text(Kind::CSPOLICY, policy, "action")?;
    let target = state.text(Kind::CSACTION, action, "targetlbvserver")?;
    let mut answers = state.bound(Kind::LBVSERVER_RESPONDERPOLICY, target);
    let is_redirect = |answer: &str| {
        let action = state.text(Kind::RESPONDERPOLICY, answer, "action")?;
        Some(state.text(Kind::RESPONDERACTION, action, "type")? == "redirect")
    };
    Some(answers.any(|(binding, _)| is_redirect(&binding.child) == Some(true)))
}

/// What a certificate is for people, and its last day, where that is known. Authorities have no key
/// on the appliance, and no names of hosts: they go by their subject.
fn certificate(
    states: &[&Owned],
    translation: &Translation,
    name: &str,
) -> Option<(String, Option<Timestamp>)> {
    let holds = states.iter().find_map(|owned| owned.certkeys.get(name))?;
    let known = holds.content.as_ref().and_then(|id| translation.desired.certificates.get(id));
    let certificate = known.map(|material| &material.certificate);
    let is_authority = certificate.map_or(!holds.keyed, |certificate| certificate.is_ca);
    let what = if is_authority || holds.names.is_empty() {
        certificate.map_or(&holds.subject, |certificate| &certificate.subject).clone()
    } else {
        holds.names.iter().cloned().collect::<Vec<_>>().join(", ")
    };
    (!what.is_empty()).then_some((what, certificate.map(|certificate| certificate.not_after)))
}

/// Where each certkey is used.
fn uses(state: &State) -> BTreeMap<Name, Vec<String>> {
    let mut uses: BTreeMap<Name, Vec<String>> = BTreeMap::new();
    for kind in [Kind::SSLVSERVER_SSLCERTKEY, Kind::SSLSERVICEGROUP_SSLCERTKEY] {
        for (binding, _) in state.bindings_of(kind) {
            let role = match (kind, binding.role) {
                (Kind::SSLVSERVER_SSLCERTKEY, Role::Ca) => "client CA",
                (_, Role::Ca) => "server CA",
                (_, Role::Sni) => "SNI certificate",
                (Kind::SSLVSERVER_SSLCERTKEY, _) => "default certificate",
                (_, _) => "client certificate",
            };
            let place = format!("{role} of {}", binding.parent);
            uses.entry(binding.child.clone()).or_default().push(place);
        }
    }
    uses
}
