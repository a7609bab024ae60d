//! Everything on the appliance under its identity, and which of it is ours.

use std::collections::{BTreeMap, BTreeSet};

use super::{Error, Reading};
use crate::model::{BindingId, BindingShape, EntityId, Kind, Mark, OwnerComment, Role};
use crate::nitro::Row;
use crate::nitro::row::{self, read_text, text};
use crate::schema;

/// All objects and bindings, ours or not.
pub(super) struct World<'a> {
    /// What marks an object as ours.
    pub(super) mark: &'a Mark,
    /// All named objects.
    pub(super) entities: BTreeMap<EntityId, &'a Row>,
    /// All bindings.
    pub(super) bindings: BTreeMap<BindingId, &'a Row>,
    /// Which objects are ours, and what their comments say.
    pub(super) owned: BTreeMap<EntityId, OwnerComment>,
}

impl<'a> World<'a> {
    pub(super) fn new(reading: &'a Reading, mark: &'a Mark) -> Result<Self, Error> {
        let mut world = Self {
            mark,
            entities: BTreeMap::new(),
            bindings: BTreeMap::new(),
            owned: BTreeMap::new(),
        };
        for (kind, rows) in &reading.rows {
            // Files are no entities: certkeys name them, and that is all.
            let Some(kind) = Kind::parse(kind).filter(|kind| *kind != Kind::SYSTEMFILE) else {
                continue;
            };
            if let Some(shape) = BindingShape::of(kind) {
                world.add_bindings(shape, rows)?;
            } else if let Some(key) = schema::facts(kind).key.first() {
                world.add_entities(kind, key, rows)?;
            }
        }
        world.find_owned();
        Ok(world)
    }

    fn add_entities(
        &mut self,
        kind: Kind,
        key: &'static str,
        rows: &'a [Row],
    ) -> Result<(), Error> {
        for row in rows {
            let name = required(kind, row, key)?;
            self.entities.insert(EntityId::new(kind, name), row);
        }
        Ok(())
    }

    fn add_bindings(&mut self, shape: &BindingShape, rows: &'a [Row]) -> Result<(), Error> {
        let kind = shape.kind;
        for row in rows {
            // Old releases repeat the default lbvserver here, without a policy (seen).
            if kind == Kind::CSVSERVER_CSPOLICY && text(row, shape.answered_as).is_none() {
                continue;
            }
            let wrong = |field| Error::Row { kind: kind.name(), field };
            self.bindings.insert(row::binding(shape, row).map_err(wrong)?, row);
        }
        Ok(())
    }

    /// Ownership is exact: name and comment, as far as the type has both. What the appliance
    /// derives from another object is ours if that is.
    fn find_owned(&mut self) {
        let mut owned = BTreeMap::new();
        for (id, row) in &self.entities {
            if id.kind.derived_from().is_none()
                && let Some(comment) = owner(self.mark, id, row)
            {
                owned.insert(id.clone(), comment);
            }
        }
        for id in self.entities.keys() {
            if let Some(source) = id.kind.derived_from()
                && owned.contains_key(&EntityId::new(source, id.name.as_str()))
            {
                owned.insert(id.clone(), NO_COMMENT);
            }
        }
        self.owned = owned;
    }

    /// Whether an object is ours.
    pub(super) fn owns(&self, kind: Kind, name: &str) -> bool {
        self.owned.contains_key(&EntityId::new(kind, name))
    }

    /// All objects of a kind.
    pub(super) fn of(&self, kind: Kind) -> impl Iterator<Item = (&EntityId, &'a Row)> {
        self.entities
            .range(EntityId::new(kind, "")..)
            .take_while(move |(id, _)| id.kind == kind)
            .map(|(id, row)| (id, *row))
    }

    /// What is bound to one parent.
    pub(super) fn bound(&self, kind: Kind, parent: &str) -> impl Iterator<Item = &BindingId> {
        let start = BindingId::new(kind, parent, "", Role::Plain);
        self.bindings
            .range(start.clone()..)
            .take_while(move |(id, _)| id.kind == kind && id.parent == start.parent)
            .map(|(id, _)| id)
    }

    /// One text field of an object, as the schema spells it.
    pub(super) fn text(&self, kind: Kind, name: &str, field: &str) -> Option<String> {
        read_text(kind, self.entities.get(&EntityId::new(kind, name))?, field)
    }

    /// The names of our objects, whatever their kind.
    pub(super) fn owned_names(&self) -> BTreeSet<&str> {
        self.owned.keys().map(|id| id.name.as_str()).collect()
    }
}

const NO_COMMENT: OwnerComment = OwnerComment { ingress: None, service: None };

/// What the comment of an object of ours says; `None` if it is not ours. csvservers, lbvservers and
/// service groups have the vendor's published names, so only their comment proves it.
fn owner(mark: &Mark, id: &EntityId, row: &Row) -> Option<OwnerComment> {
    let published = matches!(id.kind, Kind::CSVSERVER | Kind::LBVSERVER | Kind::SERVICEGROUP);
    let named = if published {
        id.name.strip_prefix(&mark.prefix).is_some_and(|rest| rest.starts_with('-'))
    } else {
        mark.owns_name(&id.name)
    };
    if !named {
        return None;
    }
    if !schema::managed_fields(id.kind).contains(&"comment") {
        return Some(NO_COMMENT);
    }
    mark.parse_comment(text(row, "comment")?)
}

fn required<'a>(kind: Kind, row: &'a Row, field: &'static str) -> Result<&'a str, Error> {
    text(row, field).ok_or(Error::Row { kind: kind.name(), field })
}
