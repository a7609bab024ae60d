//! Looks things up in a state and remembers what was asked, so that what was made of the answers
//! need not be made again while they stay the same.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::state::{BindingKey, Fields, State, text};
use crate::x509::Material;

/// What was asked for: type and name of an object, or type and parent of bindings.
pub(super) type Reads = BTreeSet<(&'static str, Arc<str>)>;

/// Everything that something was made of.
pub(super) struct Sources {
    /// What was read for it alone.
    pub(super) own: Reads,
    /// What its parts were read from.
    parts: Vec<Arc<Reads>>,
}

impl Sources {
    /// Whether it must be made again.
    pub(super) fn are_touched_by(&self, changes: &Reads) -> bool {
        changes.iter().any(|change| {
            self.own.contains(change) || self.parts.iter().any(|part| part.contains(change))
        })
    }
}

/// A state, and what was read of it.
pub(super) struct Reader<'a> {
    state: &'a State,
    own: RefCell<Reads>,
    parts: RefCell<Vec<Arc<Reads>>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self { state, own: RefCell::default(), parts: RefCell::default() }
    }

    /// The state itself, for readers of their own.
    pub(super) fn state(&self) -> &'a State {
        self.state
    }

    /// What was read so far.
    pub(super) fn into_sources(self) -> Sources {
        Sources { own: self.own.into_inner(), parts: self.parts.into_inner() }
    }

    /// Counts what a part was read from as read by this one.
    pub(super) fn include(&self, part: Arc<Reads>) {
        self.parts.borrow_mut().push(part);
    }

    pub(super) fn object(&self, kind: &'static str, name: &str) -> Option<&'a Fields> {
        self.note(kind, name);
        self.state.object(kind, name).map(|fields| &**fields)
    }

    pub(super) fn bindings(
        &self,
        kind: &'static str,
        parent: &'a str,
    ) -> impl Iterator<Item = (&'a BindingKey, &'a Fields)> + use<'a> {
        self.note(kind, parent);
        self.state.bindings(kind, parent).map(|(key, fields)| (key, &**fields))
    }

    /// What a certkey holds.
    pub(super) fn material(&self, certkey: &str) -> Option<&'a Material> {
        self.note("sslcertkey", certkey);
        self.state.material(certkey).map(|material| &**material)
    }

    fn note(&self, kind: &'static str, name: &str) {
        self.own.borrow_mut().insert((kind, name.into()));
    }
}

/// Whether an object or a member is in use.
pub(super) fn is_enabled(fields: &Fields) -> bool {
    text(fields, "state") != "DISABLED"
}

/// Whether a switch is on.
pub(super) fn is_on(fields: &Fields, switch: &str) -> bool {
    text(fields, switch) == "ENABLED"
}
