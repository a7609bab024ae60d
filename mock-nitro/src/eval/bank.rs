//! The policies that are bound to one virtual server, in the order in which they are evaluated.
//!
//! Putting thousands of them in order costs more than evaluating them, so banks are remembered with
//! the configuration that they were made of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::expression::{Exchange, Expression};
use crate::state::{Fields, State, flag, number, text};

/// How many banks are kept; then all are forgotten. Each keeps a configuration, which shares what
/// it can with the others.
const CAPACITY: usize = 256;

/// The type of the bindings, whether they are for responses, and the virtual server.
type Key = (&'static str, bool, Box<str>);

/// Each with the configuration that it was made of.
static BANKS: Mutex<BTreeMap<Key, (State, Arc<Bank>)>> = Mutex::new(BTreeMap::new());

/// Policies by priority.
#[derive(Debug)]
pub(super) struct Bank {
    entries: Vec<Entry>,
}

/// A bound policy.
#[derive(Debug)]
pub(super) struct Entry {
    priority: i64,
    goto: Goto,
    rule: Arc<Expression>,
    pub(super) binding: Arc<Fields>,
    pub(super) policy: Arc<Fields>,
}

/// Where evaluation goes on after a policy that holds (documented).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goto {
    Next,
    Priority(i64),
    End,
}

impl Entry {
    /// The name of the policy.
    pub(super) fn name(&self) -> &str {
        text(&self.binding, "policyname")
    }
}

impl Bank {
    /// The policies that such bindings bind to a virtual server, for responses or for requests.
    pub(super) fn of(
        state: &State,
        (bindings, policies): (&'static str, &'static str),
        vserver: &str,
        for_responses: bool,
    ) -> Arc<Self> {
        let key = (bindings, for_responses, Box::from(vserver));
        let lock = || BANKS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bank)) = lock().get(&key).filter(|(of, _)| of.has_same_objects(state)) {
            return Arc::clone(bank);
        }
        let bank = Arc::new(Self::new(state, (bindings, policies), vserver, for_responses));
        let mut banks = lock();
        if banks.len() >= CAPACITY {
            banks.clear();
        }
        banks.insert(key, (state.clone(), Arc::clone(&bank)));
        bank
    }

    fn new(
        state: &State,
        (bindings, policies): (&'static str, &'static str),
        vserver: &str,
        for_responses: bool,
    ) -> Self {
        let mut entries = Vec::new();
        for (_, binding) in state.bindings(bindings, vserver) {
            if (text(binding, "bindpoint") == "RESPONSE") != for_responses
                || flag(binding, "invoke")
            {
                continue;
            }
            let policy = text(binding, "policyname");
            let Some(policy) = state.object(policies, policy) else { continue };
            // Every rule was compiled when it was written.
            let Ok(rule) = Expression::compile(text(policy, "rule")) else { continue };
            let goto = match text(binding, "gotopriorityexpression") {
                "NEXT" => Goto::Next,
                goto => goto.parse().map_or(Goto::End, Goto::Priority),
            };
            let priority = number(binding, "priority").unwrap_or(i64::MAX);
            let (binding, policy) = (Arc::clone(binding), Arc::clone(policy));
            entries.push(Entry { priority, goto, rule, binding, policy });
        }
        entries.sort_by_key(|entry| entry.priority);
        Self { entries }
    }

    /// The policies that hold, in the order in which evaluation meets them. One that holds goes on
    /// where its binding says: `NEXT`, a priority, or else `END`.
    pub(super) fn holding<'a>(&'a self, exchange: Exchange<'a>) -> Holding<'a> {
        Holding { entries: self.entries.iter(), exchange, from: i64::MIN, is_ended: false }
    }
}

/// See [`Bank::holding`].
pub(super) struct Holding<'a> {
    entries: std::slice::Iter<'a, Entry>,
    exchange: Exchange<'a>,
    from: i64,
    /// Whether a policy ended evaluation.
    pub(super) is_ended: bool,
}

impl<'a> Iterator for Holding<'a> {
    type Item = &'a Entry;

    fn next(&mut self) -> Option<&'a Entry> {
        if self.is_ended {
            return None;
        }
        let (from, exchange) = (self.from, self.exchange);
        let entry =
            self.entries.find(|entry| entry.priority >= from && entry.rule.holds(exchange))?;
        match entry.goto {
            Goto::Next => {}
            Goto::Priority(priority) => self.from = priority,
            Goto::End => self.is_ended = true,
        }
        Some(entry)
    }
}
