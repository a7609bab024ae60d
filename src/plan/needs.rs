//! What must have succeeded before each op. These edges carry all safety: any topological order of
//! them is safe, and an op that fails takes exactly its dependents with it.
//!
//! The numbers are those of the table in ARCHITECTURE.md, "How a plan is ordered".

mod back_end;
mod certificate;
mod front_end;
mod index;
mod reference;
mod route;
mod service;

use std::collections::BTreeSet;

use super::Op;
use super::aim::Aim;
use crate::model::{IngressId, Mark};
use crate::observed::Owned;
pub(super) use certificate::Swap;
use index::Index;
use route::Routes;

/// The edges of a draft, and what else its order has to respect.
pub(super) struct Needs {
    /// For each op the ops that it needs.
    pub(super) of: Vec<BTreeSet<usize>>,
    /// The unbinds and binds of SNI certificates for one name, which must follow each other at
    /// once.
    pub(super) swaps: Vec<Swap>,
    /// Unbinds that close an Ingress: they come before everything else.
    pub(super) closing: BTreeSet<usize>,
}

/// What the edges are worked out from.
struct Draft<'a> {
    old: &'a Owned,
    aim: &'a Aim,
    ops: &'a [Op],
    index: Index<'a>,
    routes: Routes<'a>,
    needs: Vec<BTreeSet<usize>>,
}

/// Works out the edges of `ops`.
pub(super) fn needs(
    old: &Owned,
    aim: &Aim,
    ops: &[Op],
    mark: &Mark,
    closed: &BTreeSet<IngressId>,
) -> Needs {
    if ops.is_empty() {
        return Needs { of: Vec::new(), swaps: Vec::new(), closing: BTreeSet::new() };
    }
    let mut draft = Draft {
        old,
        aim,
        ops,
        index: Index::of(ops),
        routes: Routes::of(&old.state, &aim.owned.state, mark, closed),
        needs: vec![BTreeSet::new(); ops.len()],
    };
    reference::add(&mut draft);
    back_end::add(&mut draft);
    certificate::add(&mut draft);
    front_end::add(&mut draft);
    let closing = draft.closing();
    for op in &closing {
        draft.needs[*op].clear();
    }
    let swaps = certificate::swaps(&mut draft);
    Needs { of: draft.needs, swaps, closing }
}

impl Draft<'_> {
    /// Makes `op` need another, unless it is itself.
    fn need(&mut self, op: usize, needed: usize) {
        if op != needed {
            self.needs[op].insert(needed);
        }
    }

    /// Makes each of `ops` need each of `needed`.
    fn need_all(&mut self, ops: &[usize], needed: &[usize]) {
        for op in ops {
            for needed in needed {
                self.need(*op, *needed);
            }
        }
    }

    fn closing(&self) -> BTreeSet<usize> {
        self.routes.closing.iter().filter_map(|route| self.index.unbind(route)).collect()
    }
}
