//! Which changes belong together for a reader: by Ingress, then by the object that they change.
//!
//! A route is one object here, though it is a policy, an action and a binding on the appliance.

mod words;
mod compared;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{EntityId, IngressId, Kind};
use crate::plan::{Op, Plan, PlannedOp};

/// The changes for one Ingress, or for what several share.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

/// The changes to one object.
pub(super) struct Block {
    pub(super) mark: Mark,
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    pub(super) totals: Totals,
}

/// One change, or one field of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// `None` where the mark of the block says it already.
    pub(super) mark: Option<Mark>,
    pub(super) label: String,
    pub(super) value: String,
}

/// What becomes of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Add,
    Change,
    Remove,
}

/// How many objects come and go as a whole, and how many other changes there are to objects that
/// stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) add: usize,
    pub(super) change: usize,
    pub(super) remove: usize,
}

impl Mark {
    pub(super) const fn sign(self) -> char {
        match self {
            Self::Add => '+',
            Self::Change => '~',
            Self::Remove => '-',
        }
    }
}

impl Totals {
    fn count(&mut self, mark: Mark) {
        match mark {
            Mark::Add => self.add += 1,
            Mark::Change => self.change += 1,
            Mark::Remove => self.remove += 1,
        }
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, Self { add, change, remove }: Self) {
        self.add += add;
        self.change += change;
        self.remove += remove;
    }
}

/// The totals of a whole plan, settings and takeovers included.
pub(super) fn totals(plan: &Plan, groups: &[Group]) -> Totals {
    let mut totals = Totals::default();
    for mark in plan.ops[..plan.preliminaries()].iter().filter_map(|op| mark(&op.op)) {
        totals.count(mark);
    }
    for block in groups.iter().flat_map(|group| &group.blocks) {
        totals += block.totals;
    }
    totals
}

/// The changes of a plan after its settings and takeovers: Ingresses by name, then what several share.
pub(super) fn groups(plan: &Plan) -> Vec<Group> {
    let mut blocks: BTreeMap<Heading, BTreeMap<Subject, Vec<&Op>>> = BTreeMap::new();
    for PlannedOp { op, needs: _, ingresses } in &plan.ops[plan.preliminaries()..] {
        if let Some(subject) = Subject::of(op) {
            let heading = Heading::of(plan, ingresses);
            blocks.entry(heading).or_default().entry(subject).or_default().push(op);
        }
    }
    let groups = blocks.into_iter().map(|(heading, subjects)| Group {
        title: heading.title(),
        blocks: subjects.into_iter().map(|(subject, ops)| block(plan, &subject, &ops)).collect(),
    });
    groups.collect()
}

/// What an op does to whatever it works on; `None` for those that change no object. Files belong
/// to the certkeys that name them, and are not told of.
pub(super) const fn mark(op: &Op) -> Option<Mark> {
    match op {
        Op::Create { .. } | Op::Bind { .. } | Op::Link { .. } => Some(Mark::Add),
        Op::Set { .. }
        | Op::Unset { .. }
        | Op::Rebind { .. }
        | Op::Enable { .. }
        | Op::EnableMember { .. }
        | Op::DisableMember { .. }
        | Op::Change { .. } => Some(Mark::Change),
        Op::Unbind { .. } | Op::Unlink { .. } | Op::Delete { .. } => Some(Mark::Remove),
        Op::Upload { .. }
        | Op::RemoveFile { .. }
        | Op::Verify { .. }
        | Op::VerifyBinding { .. }
        | Op::Save => None,
    }
}

/// Under which Ingress a change is shown. What has several, or none, comes last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Heading {
    Ingress(String),
    Shared,
}

impl Heading {
    fn of(plan: &Plan, ingresses: &BTreeSet<IngressId>) -> Self {
        let mut ids = ingresses.iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) => Self::Ingress(words::ingress(plan, id)),
            (None | Some(_), _) => Self::Shared,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Ingress(name) => format!("Ingress {name}"),
            Self::Shared => "Shared".to_owned(),
        }
    }
}

/// The object that changes are shown under. Front ends come first and certificates last,
/// the way of a request.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    place: std::cmp::Reverse<usize>,
    id: EntityId,
}

impl Subject {
    fn of(op: &Op) -> Option<Self> {
        let id = match op {
            Op::Create { entity, .. }
            | Op::Set { entity, .. }
            | Op::Unset { entity, .. }
            | Op::Delete { entity, .. } => Self::whole(entity),
            Op::Bind { binding, .. } | Op::Rebind { binding, .. } | Op::Unbind { binding } => {
                if binding.kind == Kind::CSVSERVER_CSPOLICY {
                    EntityId::new(Kind::CSPOLICY, binding.child.as_str())
                } else {
                    Self::whole(&binding.parent_id())
                }
            }
            Op::EnableMember { member } | Op::DisableMember { member, .. } => {
                Self::whole(&member.parent_id())
            }
            Op::Change { certkey, .. } | Op::Link { certkey, .. } | Op::Unlink { certkey } => {
                EntityId::new(Kind::SSLCERTKEY, certkey.as_str())
            }
            Op::Upload { .. }
            | Op::RemoveFile { .. }
            | Op::Enable { .. }
            | Op::Verify { .. }
            | Op::VerifyBinding { .. }
            | Op::Save => return None,
        };
        Some(Self { place: std::cmp::Reverse(id.kind.rank()), id })
    }

    /// The object that an entity is a part of for a reader: an `sslvserver` of its csvserver, an
    /// action of its route (both have one name).
    fn whole(entity: &EntityId) -> EntityId {
        let kind = match entity.kind {
            Kind::CSACTION => Kind::CSPOLICY,
            kind => kind.derived_from().unwrap_or(kind),
        };
        EntityId::new(kind, entity.name.as_str())
    }
}

fn block(plan: &Plan, subject: &Subject, ops: &[&Op]) -> Block {
    let id = &subject.id;
    let is = |op: &&&Op, wanted: fn(&Op) -> Option<&EntityId>| wanted(op) == Some(id);
    let mark_of_block = if ops.iter().any(|op| is(&op, created)) {
        Mark::Add
    } else if ops.iter().any(|op| is(&op, deleted)) {
        Mark::Remove
    } else {
        Mark::Change
    };
    let mut ops = ops.to_vec();
    ops.sort_by_cached_key(|op| rows::place(op));
    let mut rows = words::first_rows(plan, id);
    let mut totals = Totals::default();
    // What comes or goes as a whole counts once, with all that is bound to it.
    if mark_of_block != Mark::Change {
        totals.count(mark_of_block);
    }
    for op in ops {
        let shown = match (mark_of_block, mark(op)) {
            // A new object is born with bindings that it loses at once: nothing is removed.
            (_, None) | (Mark::Add, Some(Mark::Remove)) => continue,
            (Mark::Add, Some(_)) | (Mark::Remove, Some(Mark::Remove)) => None,
            (Mark::Remove, Some(own)) => Some(own),
            (Mark::Change, Some(own)) => {
                totals.count(own);
                Some(own)
            }
        };
        let pairs = rows::pairs(plan, op, shown.is_some());
        rows.extend(pairs.into_iter().map(|(label, value)| Row { mark: shown, label, value }));
    }
    Block { mark: mark_of_block, title: words::title(plan, id), rows: rows::tidied(rows), totals }
}

const fn created(op: &Op) -> Option<&EntityId> {
    if let Op::Create { entity, .. } = op { Some(entity) } else { None }
}

const fn deleted(op: &Op) -> Option<&EntityId> {
    if let Op::Delete { entity, .. } = op { Some(entity) } else { None }
}
