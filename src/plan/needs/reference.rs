//! Nothing dangles: what is named exists (1), what is deleted is used by nobody (2), an address
//! has one holder (4).

use std::collections::BTreeMap;

use super::Draft;
use crate::model::{BindingId, EntityId, Fields, Kind};
use crate::plan::reference::{ends, origin, references, repoints};
use crate::plan::{Op, slot};

/// Adds the edges 1, 2 and 4.
pub(super) fn add(draft: &mut Draft<'_>) {
    let users = Users::of(draft);
    let ops = draft.ops;
    for (i, op) in ops.iter().enumerate() {
        let needed = match op {
            Op::Create { entity, fields } => created(draft, entity, fields),
            Op::Set { entity, fields } => {
                let mut needed: Vec<_> = draft.index.create(entity).into_iter().collect();
                for reference in references(entity, fields) {
                    needed.extend(draft.index.create(&reference));
                    needed.extend(ops_on_profile(draft, &reference));
                }
                needed
            }
            Op::Bind { binding, .. } | Op::Rebind { binding, .. } => {
                ends(binding).filter_map(|end| draft.index.create(&end)).collect()
            }
            Op::VerifyBinding { binding, .. } => draft.index.bind(binding).into_iter().collect(),
            // What a profile is born with goes when the profile is there and has ciphers of its own.
            Op::Unbind { binding } => {
                let binds = draft.index.binds_to(binding.kind, &binding.parent);
                let ciphers = binds.filter(|(b, _)| b.kind == Kind::SSLPROFILE_SSLCIPHER);
                let ciphers: Vec<_> = ciphers.map(|(_, bind)| bind).collect();
                draft.index.create(&binding.parent_id()).into_iter().chain(ciphers).collect()
            }
            Op::Change { certkey, cert, key } => {
                let files = [Some(cert), key.as_ref()].into_iter().flatten();
                files
                    .filter_map(|file| draft.index.upload(file))
                    .chain(draft.index.unlink(certkey))
                    .collect()
            }
            Op::Link { certkey, issuer } => linked(draft, certkey, issuer),
            Op::Unlink { certkey } => unlinked(draft, certkey),
            Op::Delete { entity, .. } => users.ends_of(draft, entity),
            Op::EnableMember { .. }
            | Op::DisableMember { .. }
            | Op::Upload { .. }
            | Op::Unset { .. }
            | Op::Enable { .. }
            | Op::Verify { .. }
            | Op::Save
            | Op::RemoveFile { .. } => Vec::new(),
        };
        draft.need_all(&[i], &needed);
    }
}

fn created(draft: &Draft<'_>, entity: &EntityId, fields: &Fields) -> Vec<usize> {
    let mut needed: Vec<usize> =
        references(entity, fields).filter_map(|reference| draft.index.create(&reference)).collect();
    match entity.kind {
        Kind::SSLCERTKEY => {
            let files = ["cert", "key"].into_iter().filter_map(|f| fields.get(f)?.as_text());
            needed.extend(files.filter_map(|file| draft.index.upload(file)));
        }
        Kind::CSVSERVER => {
            let address =
                |fields: &Fields| [fields.get("ipv46").cloned(), fields.get("port").cloned()];
            let holders =
                draft.old.state.entities.iter().filter(|(id, old)| {
                    id.kind == Kind::CSVSERVER && address(old) == address(fields)
                });
            needed.extend(holders.filter_map(|(id, _)| draft.index.delete(id)));
        }
        _ => {}
    }
    needed
}

/// What makes a profile whole: nobody may point to one that still has its birth ciphers.
fn ops_on_profile(draft: &Draft<'_>, profile: &EntityId) -> Vec<usize> {
    if profile.kind != Kind::SSLPROFILE {
        return Vec::new();
    }
    [Kind::SSLPROFILE_SSLCIPHER, Kind::SSLPROFILE_ECCCURVE]
        .into_iter()
        .flat_map(|kind| {
            let binds = draft.index.binds_to(kind, &profile.name);
            binds
                .chain(draft.index.unbinds_from(kind, &profile.name))
                .map(|(_, i)| i)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn linked(draft: &Draft<'_>, certkey: &str, issuer: &str) -> Vec<usize> {
    let index = &draft.index;
    [certkey, issuer]
        .into_iter()
        .flat_map(|name| [index.create(&EntityId::new(Kind::SSLCERTKEY, name)), index.change(name)])
        .flatten()
        .chain(index.unlink(certkey))
        .collect()
}

/// A link is taken away only when what follows it is ready: the files of the change, and the
/// certkey of the new issuer.
fn unlinked(draft: &Draft<'_>, certkey: &str) -> Vec<usize> {
    let mut needed = Vec::new();
    if let Some(Op::Change { cert, key, .. }) = draft.index.change(certkey).map(|i| &draft.ops[i]) {
        let files = [Some(cert), key.as_ref()].into_iter().flatten();
        needed.extend(files.filter_map(|file| draft.index.upload(file)));
    }
    if let Some(Op::Link { issuer, .. }) = draft.index.link(certkey).map(|i| &draft.ops[i]) {
        needed.extend(draft.index.create(&EntityId::new(Kind::SSLCERTKEY, issuer.as_str())));
    }
    needed
}

/// Who uses what is deleted, as observed.
struct Users {
    referrers: BTreeMap<EntityId, Vec<EntityId>>,
    bindings: BTreeMap<EntityId, Vec<BindingId>>,
}

impl Users {
    fn of(draft: &Draft<'_>) -> Self {
        let old = &draft.old.state;
        let is_deleted = |id: &EntityId| draft.index.delete(id).is_some();
        let mut referrers: BTreeMap<EntityId, Vec<EntityId>> = BTreeMap::new();
        for (id, fields) in &old.entities {
            for reference in references(id, fields).filter(&is_deleted) {
                referrers.entry(reference).or_default().push(id.clone());
            }
        }
        let mut bindings: BTreeMap<EntityId, Vec<BindingId>> = BTreeMap::new();
        for id in old.bindings.keys() {
            if let Some(child) = id.child_id().filter(&is_deleted) {
                bindings.entry(child).or_default().push(id.clone());
            }
        }
        Self { referrers, bindings }
    }

    /// The ops that end every use of an entity.
    fn ends_of(&self, draft: &Draft<'_>, entity: &EntityId) -> Vec<usize> {
        let index = &draft.index;
        let mut ends: Vec<usize> = Vec::new();
        for referrer in self.referrers.get(entity).into_iter().flatten() {
            match index.delete(referrer) {
                Some(delete) => ends.push(delete),
                None => ends.extend(index.sets(referrer).iter().filter(|i| {
                    let is_touched = |field: &str| draft.ops[**i].touches(field);
                    repoints(referrer.kind, entity.kind, is_touched)
                })),
            }
            ends.extend(index.unlink(&referrer.name).filter(|_| referrer.kind == Kind::SSLCERTKEY));
        }
        for binding in self.bindings.get(entity).into_iter().flatten() {
            let overwriter = || slot::overwriter(draft.old, &draft.aim.owned, binding);
            let end = index
                .unbind(binding)
                .or_else(|| index.delete(&origin(&binding.parent_id())))
                .or_else(|| index.bind(&overwriter()?));
            ends.extend(end);
        }
        if entity.kind == Kind::SSLCERTKEY {
            ends.extend(index.unlink(&entity.name));
        }
        ends
    }
}
