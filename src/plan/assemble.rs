//! Puts a plan together: settings first, then what is taken over, then the sorted ops without those
//! that wait for that or that the brake holds, then the save, then the files that nobody needs any
//! more.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::aim::{Aim, ingress_of};
use super::brake::Brake;
use super::needs::{Needs, Swap};
use super::settings::{Settings, may_save};
use super::takeover::Takeover;
use super::{Op, OpId, Plan, PlannedOp, labels, sort};
use crate::model::{Alone, BindingId, EntityId, Fields, IngressId, Kind, Mark, Name, State, Value};
use crate::observed::ObservedState;
use crate::translate::Translation;

/// Ops without an order, and what they need.
pub(super) struct Draft {
    pub(super) ops: Vec<Op>,
    pub(super) needs: Needs,
}

/// Puts the plan together.
pub(super) fn assemble(
    observed: &ObservedState,
    translation: &Translation,
    aim: &Aim,
    draft: Draft,
) -> Plan {
    let consent = &translation.consent;
    let brake = Brake::of(observed, &aim.owned, translation);
    let settings = Settings::of(observed, &aim.owned, &translation.desired.state, consent);
    let mut plan = Plan {
        held_back: brake.held_back.clone(),
        approved: brake.approved.clone(),
        ends_after_settings: settings.end_the_plan,
        ingresses: translation.ingresses.clone(),
        ..Plan::default()
    };
    for (id, key) in &observed.facts.ingresses {
        if let Some(key) = key {
            plan.ingresses.entry(*id).or_insert_with(|| key.clone());
        }
    }
    for (i, op) in settings.ops.iter().enumerate() {
        let needs = i.checked_sub(1).map(OpId).into_iter().collect();
        plan.ops.push(PlannedOp { op: op.clone(), needs, ingresses: Arc::default() });
    }
    plan.settings = plan.ops.len();
    if !settings.end_the_plan {
        let takeover = Takeover::of(observed, translation);
        for (op, ingresses) in &takeover.ops {
            let (op, ingresses) = (op.clone(), Arc::clone(ingresses));
            plan.ops.push(PlannedOp { op, needs: BTreeSet::new(), ingresses });
        }
        plan.takeovers = takeover.ops.len();
        let mut owners = Owners::new(observed, translation, aim);
        let holds = |op: &Op, ingresses: &BTreeSet<IngressId>| {
            brake.holds(op, ingresses) || takeover.holds(ingresses)
        };
        place(&mut owners, &holds, &settings, draft, &mut plan);
    }
    finish(observed, translation, aim, &mut plan);
    plan.batches = sort::batches(&plan.ops);
    plan.labels = labels::labels(&observed.owned, translation, aim, &plan.ops);
    plan.before = labels::before(&observed.owned.state, &plan.ops);
    plan
}

/// Puts the ops of a draft into the plan, in their order, without those that wait. They are moved,
/// because there may be hundreds of thousands.
fn place(
    owners: &mut Owners<'_>,
    holds: &dyn Fn(&Op, &BTreeSet<IngressId>) -> bool,
    settings: &Settings,
    draft: Draft,
    plan: &mut Plan,
) {
    let order = sort::sort(&draft.ops, &draft.needs);
    let Needs { of: mut needs, swaps, closing: _ } = draft.needs;
    let mut ops: Vec<Option<Op>> = draft.ops.into_iter().map(Some).collect();
    let mut placed: Vec<Option<OpId>> = vec![None; ops.len()];
    // One more for the save: hundreds of thousands are not to be moved for it.
    plan.ops.reserve_exact(ops.len() + 1);
    for i in order {
        let Some(op) = ops[i].take() else { continue };
        let ingresses = owners.of(&op);
        let needed = std::mem::take(&mut needs[i]);
        if holds(&op, &ingresses) || needed.iter().any(|need| placed[*need].is_none()) {
            continue;
        }
        let mut needs: BTreeSet<OpId> = needed.iter().filter_map(|need| placed[*need]).collect();
        needs.extend(settings.needed_by(&op));
        placed[i] = Some(OpId(plan.ops.len()));
        plan.ops.push(PlannedOp { op, needs, ingresses });
    }
    plan.unordered = ops.into_iter().flatten().collect();
    plan.swaps = swaps.iter().filter_map(|swap| range(swap, &placed)).collect();
}

/// Where the ops of a swap stand, if the brake does not hold them.
fn range(swap: &Swap, placed: &[Option<OpId>]) -> Option<Range<usize>> {
    let ops = swap.unbinds.iter().chain(&swap.binds);
    let indices: Vec<usize> = ops.filter_map(|op| placed[*op]).map(|id| id.0).collect();
    Some(*indices.iter().min()?..indices.iter().max()? + 1)
}

/// Adds the save and, behind it, the removal of files that nobody needs any more.
fn finish(observed: &ObservedState, translation: &Translation, aim: &Aim, plan: &mut Plan) {
    let consent = &translation.consent;
    let may_save = may_save(observed, consent) && !consent.defers_save;
    let settings = &observed.settings;
    let is_due = !plan.ops.is_empty() || (settings.unsaved && settings.unsaved_is_ours);
    let save = (is_due && may_save).then_some(OpId(plan.ops.len()));
    if save.is_some() {
        let op = PlannedOp { op: Op::Save, needs: BTreeSet::new(), ingresses: Arc::default() };
        plan.ops.push(op);
    }
    // A file that the saved configuration may still name is needed at the next boot.
    if plan.ends_after_settings || (save.is_none() && (is_due || settings.unsaved)) {
        return;
    }
    let needed = files(&aim.owned.state);
    let freed = freed(plan);
    let named = files(&observed.owned.state);
    for file in observed.owned.files.iter().filter(|file| !needed.contains_key(*file)) {
        let holder = named.get(file);
        let freed_by = holder.and_then(|certkey| freed.get(certkey));
        if holder.is_some() && freed_by.is_none() {
            continue;
        }
        let needs = freed_by.copied().into_iter().chain(save).collect();
        let op = Op::RemoveFile { file: file.clone() };
        plan.ops.push(PlannedOp { op, needs, ingresses: Arc::default() });
    }
}

/// The ops after which a certkey no longer names the files it had.
fn freed(plan: &Plan) -> BTreeMap<Name, OpId> {
    plan.ops
        .iter()
        .enumerate()
        .filter_map(|(i, planned)| {
            let deleted = planned.op.as_delete().filter(|entity| entity.kind == Kind::SSLCERTKEY);
            let certkey =
                if let Op::Change { certkey, .. } = &planned.op { certkey } else { &deleted?.name };
            Some((certkey.clone(), OpId(i)))
        })
        .collect()
}

/// The certkey that names each file.
fn files(state: &State) -> BTreeMap<String, Name> {
    let certkeys = state.entities.iter().filter(|(id, _)| id.kind == Kind::SSLCERTKEY);
    certkeys
        .flat_map(|(id, fields)| {
            ["cert", "key"].into_iter().filter_map(|field| {
                Some((fields.get(field).and_then(Value::as_text)?.to_owned(), id.name.clone()))
            })
        })
        .collect()
}

/// Finds the Ingresses that an op is for.
struct Owners<'a> {
    observed: &'a ObservedState,
    translation: &'a Translation,
    aim: &'a Aim,
    mark: &'a Mark,
    files: BTreeMap<String, Name>,
    alone: Alone,
}

impl<'a> Owners<'a> {
    fn new(observed: &'a ObservedState, translation: &'a Translation, aim: &'a Aim) -> Self {
        let (mark, files) = (&translation.mark, files(&aim.owned.state));
        Self { observed, translation, aim, mark, files, alone: Alone::default() }
    }

    fn of(&mut self, op: &Op) -> Arc<BTreeSet<IngressId>> {
        match op {
            Op::Upload { file, .. } => {
                let certkey = self.files.get(file).cloned();
                certkey.map(|certkey| self.of_certkey(&certkey)).unwrap_or_default()
            }
            Op::Create { entity, .. }
            | Op::Set { entity, .. }
            | Op::Unset { entity, .. }
            | Op::Delete { entity, .. } => self.of_entity(entity),
            Op::Bind { binding, .. }
            | Op::Rebind { binding, .. }
            | Op::VerifyBinding { binding, .. }
            | Op::Unbind { binding } => self.of_binding(binding),
            Op::EnableMember { member } | Op::DisableMember { member, .. } => {
                self.of_binding(member)
            }
            Op::Change { certkey, .. } | Op::Link { certkey, .. } | Op::Unlink { certkey } => {
                self.of_certkey(certkey)
            }
            Op::Enable { .. } | Op::Verify { .. } | Op::Save | Op::RemoveFile { .. } => {
                Arc::default()
            }
        }
    }

    fn of_certkey(&mut self, name: &str) -> Arc<BTreeSet<IngressId>> {
        self.of_entity(&EntityId::new(Kind::SSLCERTKEY, name))
    }

    fn of_entity(&mut self, id: &EntityId) -> Arc<BTreeSet<IngressId>> {
        let desired = &self.translation.desired.owners;
        if let Some(owners) = self.aim.owners.get(id).or_else(|| desired.get(id)) {
            return Arc::clone(owners);
        }
        let states = [&self.aim.owned.state, &self.observed.owned.state];
        let none = Fields::new();
        let ingress = states.into_iter().find_map(|state| {
            let fields = state.entities.get(id).unwrap_or(&none);
            ingress_of(self.mark, state, id, fields)
        });
        self.alone.of(ingress)
    }

    fn of_binding(&mut self, binding: &BindingId) -> Arc<BTreeSet<IngressId>> {
        if binding.kind == Kind::CSVSERVER_CSPOLICY {
            return self.alone.of(self.mark.ingress_of_name(&binding.child));
        }
        let of_child = match binding.kind {
            Kind::SSLVSERVER_SSLCERTKEY => self.of_certkey(&binding.child),
            _ => Arc::default(),
        };
        if of_child.is_empty() { self.of_entity(&binding.parent_id()) } else { of_child }
    }
}
