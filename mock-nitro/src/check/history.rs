//! The views of a transition: of every state, and of the moments worth judging.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use super::front::front;
use super::memory::Memory;
use super::read::{Reader, Sources};
use super::view::{Front, View};
use crate::state::State;

/// All views of a transition, the old one first and the new one last.
pub(super) struct History {
    views: Vec<View>,
}

/// One front end after one command, where it differs from the front end one command earlier.
pub(super) struct Moment<'a> {
    /// Its name.
    pub(super) name: &'a str,
    pub(super) old: &'a Front,
    pub(super) now: &'a Front,
    pub(super) new: &'a Front,
    history: &'a History,
    step: usize,
}

impl History {
    pub(super) fn new<'a>(old: &'a State, states: impl Iterator<Item = &'a State>) -> Self {
        let mut extraction = Extraction::default();
        let mut views = vec![extraction.view(None, old)];
        let mut before = old;
        for state in states {
            let view = extraction.view(Some(before), state);
            views.push(view);
            before = state;
        }
        Self { views }
    }

    /// Every change of a front end. One that is as it was one command earlier has been judged.
    pub(super) fn moments(&self) -> impl Iterator<Item = Moment<'_>> {
        let old = &self.views[0];
        let new = self.views.last().unwrap_or(old);
        (1..self.views.len()).flat_map(move |step| {
            let (before, now) = (&self.views[step - 1], &self.views[step]);
            let names: BTreeSet<&str> =
                before.keys().chain(now.keys()).map(|name| &**name).collect();
            names.into_iter().filter_map(move |name| {
                let changed = match (before.get(name), now.get(name)) {
                    (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
                    (None, None) => false,
                    (Some(_), None) | (None, Some(_)) => true,
                };
                changed.then(|| Moment {
                    name,
                    old: of(old, name),
                    now: of(now, name),
                    new: of(new, name),
                    history: self,
                    step,
                })
            })
        })
    }
}

impl<'a> Moment<'a> {
    /// How many commands it took.
    pub(super) fn step(&self) -> usize {
        self.step
    }

    /// The front end after so many commands.
    pub(super) fn at(&self, step: usize) -> Option<&'a Front> {
        self.history.views.get(step).map(|view| of(view, self.name))
    }
}

/// The front end of this name; one without anything if there is none.
fn of<'a>(view: &'a View, name: &str) -> &'a Front {
    static ABSENT: LazyLock<Front> = LazyLock::new(Front::default);
    view.get(name).map_or(&*ABSENT, |front| front)
}

/// Makes views one after the other and reads again only what has changed.
#[derive(Default)]
struct Extraction {
    memory: Memory,
    fronts: BTreeMap<Arc<str>, (Arc<Front>, Sources)>,
}

impl Extraction {
    fn view(&mut self, before: Option<&State>, state: &State) -> View {
        let mut dropped = BTreeMap::new();
        if let Some(before) = before {
            let changes = before.changes(state);
            self.memory.forget(&changes);
            self.fronts.retain(|name, (front, sources)| {
                let fresh = !sources.are_touched_by(&changes);
                if !fresh {
                    dropped.insert(Arc::clone(name), Arc::clone(front));
                }
                fresh
            });
        }
        for (name, _) in state.objects("csvserver") {
            if !self.fronts.contains_key(name) {
                let (front, sources) = self.read(state, name);
                let front = match dropped.remove(name) {
                    Some(same) if *same == front => same,
                    Some(_) | None => Arc::new(front),
                };
                self.fronts.insert(name.into(), (front, sources));
            }
        }
        let fronts = self.fronts.iter();
        fronts.map(|(name, (front, _))| (Arc::clone(name), Arc::clone(front))).collect()
    }

    fn read(&mut self, state: &State, name: &str) -> (Front, Sources) {
        let reader = Reader::new(state);
        let front = front(&reader, name, &mut self.memory);
        (front, reader.into_sources())
    }
}
