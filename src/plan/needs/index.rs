//! Finds the op of a draft that does something to an entity or binding.

use std::collections::BTreeMap;

use crate::model::{BindingId, EntityId, Kind};
use crate::plan::Op;
use crate::plan::reference::origin;

/// The ops of a draft by what they touch.
pub(super) struct Index<'a> {
    creates: BTreeMap<&'a EntityId, usize>,
    deletes: BTreeMap<&'a EntityId, usize>,
    sets: BTreeMap<&'a EntityId, Vec<usize>>,
    binds: BTreeMap<&'a BindingId, usize>,
    unbinds: BTreeMap<&'a BindingId, usize>,
    verifies: BTreeMap<&'a BindingId, usize>,
    enables: BTreeMap<&'a BindingId, usize>,
    disables: BTreeMap<&'a BindingId, usize>,
    uploads: BTreeMap<&'a str, usize>,
    changes: BTreeMap<&'a str, usize>,
    links: BTreeMap<&'a str, usize>,
    unlinks: BTreeMap<&'a str, usize>,
}

impl<'a> Index<'a> {
    pub(super) fn of(ops: &'a [Op]) -> Self {
        let mut index = Self {
            creates: BTreeMap::new(),
            deletes: BTreeMap::new(),
            sets: BTreeMap::new(),
            binds: BTreeMap::new(),
            unbinds: BTreeMap::new(),
            verifies: BTreeMap::new(),
            enables: BTreeMap::new(),
            disables: BTreeMap::new(),
            uploads: BTreeMap::new(),
            changes: BTreeMap::new(),
            links: BTreeMap::new(),
            unlinks: BTreeMap::new(),
        };
        for (i, op) in ops.iter().enumerate() {
            index.add(i, op);
        }
        index
    }

    fn add(&mut self, i: usize, op: &'a Op) {
        match op {
            Op::Upload { file, .. } => drop(self.uploads.insert(file, i)),
            Op::Create { entity, .. } => drop(self.creates.insert(entity, i)),
            Op::Set { entity, .. } | Op::Unset { entity, .. } => {
                self.sets.entry(entity).or_default().push(i);
            }
            Op::Bind { binding, .. } | Op::Rebind { binding, .. } => {
                self.binds.insert(binding, i);
            }
            Op::Unbind { binding } => drop(self.unbinds.insert(binding, i)),
            Op::VerifyBinding { binding, .. } => drop(self.verifies.insert(binding, i)),
            Op::EnableMember { member } => drop(self.enables.insert(member, i)),
            Op::DisableMember { member, .. } => drop(self.disables.insert(member, i)),
            Op::Change { certkey, .. } => drop(self.changes.insert(certkey, i)),
            Op::Link { certkey, .. } => drop(self.links.insert(certkey, i)),
            Op::Unlink { certkey } => drop(self.unlinks.insert(certkey, i)),
            Op::Delete { entity, .. } => drop(self.deletes.insert(entity, i)),
            Op::Enable { .. } | Op::Verify { .. } | Op::Save | Op::RemoveFile { .. } => {}
        }
    }

    /// The create that brings an entity into being.
    pub(super) fn create(&self, id: &EntityId) -> Option<usize> {
        self.creates.get(&origin(id)).copied()
    }

    /// The delete that takes an entity away.
    pub(super) fn delete(&self, id: &EntityId) -> Option<usize> {
        self.deletes.get(&origin(id)).copied()
    }

    /// The sets and unsets of an entity.
    pub(super) fn sets(&self, id: &EntityId) -> &[usize] {
        self.sets.get(id).map_or(&[], Vec::as_slice)
    }

    /// The bind or rebind of a binding.
    pub(super) fn bind(&self, id: &BindingId) -> Option<usize> {
        self.binds.get(id).copied()
    }

    /// The unbind of a binding.
    pub(super) fn unbind(&self, id: &BindingId) -> Option<usize> {
        self.unbinds.get(id).copied()
    }

    /// The upload of a file.
    pub(super) fn upload(&self, file: &str) -> Option<usize> {
        self.uploads.get(file).copied()
    }

    /// The change of a certkey.
    pub(super) fn change(&self, certkey: &str) -> Option<usize> {
        self.changes.get(certkey).copied()
    }

    /// The link of a certkey.
    pub(super) fn link(&self, certkey: &str) -> Option<usize> {
        self.links.get(certkey).copied()
    }

    /// The unlink of a certkey.
    pub(super) fn unlink(&self, certkey: &str) -> Option<usize> {
        self.unlinks.get(certkey).copied()
    }

    /// All binds and rebinds of a kind to one parent.
    pub(super) fn binds_to<'s>(
        &'s self,
        kind: Kind,
        parent: &'s str,
    ) -> impl Iterator<Item = (&'a BindingId, usize)> + 's {
        within(&self.binds, kind, parent)
    }

    /// All reads of what of a kind is bound to one parent.
    pub(super) fn verifies_on<'s>(
        &'s self,
        kind: Kind,
        parent: &'s str,
    ) -> impl Iterator<Item = (&'a BindingId, usize)> + 's {
        within(&self.verifies, kind, parent)
    }

    /// All unbinds of a kind from one parent.
    pub(super) fn unbinds_from<'s>(
        &'s self,
        kind: Kind,
        parent: &'s str,
    ) -> impl Iterator<Item = (&'a BindingId, usize)> + 's {
        within(&self.unbinds, kind, parent)
    }
}

impl Index<'_> {
    /// The ops after which a service group has one more member that takes new clients.
    pub(super) fn joining(&self, group: &str) -> Vec<usize> {
        [&self.binds, &self.enables].into_iter().flat_map(|ops| members(ops, group)).collect()
    }

    /// The ops after which it has one less.
    pub(super) fn departing(&self, group: &str) -> Vec<usize> {
        [&self.unbinds, &self.disables].into_iter().flat_map(|ops| members(ops, group)).collect()
    }
}

fn members(ops: &BTreeMap<&BindingId, usize>, group: &str) -> Vec<usize> {
    within(ops, Kind::SERVICEGROUP_MEMBER, group).map(|(_, op)| op).collect()
}

fn within<'a: 's, 's>(
    map: &'s BTreeMap<&'a BindingId, usize>,
    kind: Kind,
    parent: &'s str,
) -> impl Iterator<Item = (&'a BindingId, usize)> + 's {
    let start = BindingId::new(kind, parent, "", crate::model::Role::Plain);
    let rest: Vec<_> = map
        .range::<BindingId, _>(start..)
        .take_while(|(id, _)| id.kind == kind && id.parent == parent)
        .map(|(id, i)| (*id, *i))
        .collect();
    rest.into_iter()
}
