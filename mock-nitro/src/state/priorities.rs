//! Who holds which priority: a vserver may have thousands of policies, and each new one is compared.

use std::sync::Arc;

use super::{BindingKey, Fields, number, text};
use crate::table::Table;

/// The policies that are bound by priority.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Priorities(Table<Key, String>);

/// Where a policy stands among those of its parent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    kind: &'static str,
    parent: Arc<str>,
    point: Arc<str>,
    priority: i64,
}

impl Key {
    /// Nothing for what is not bound by priority.
    fn of(key: &BindingKey, fields: &Fields) -> Option<Self> {
        let priority = number(fields, "priority")?;
        let point = text(fields, bind_point(key.kind)).into();
        Some(Self { kind: key.kind, parent: Arc::clone(&key.parent), point, priority })
    }

    fn parts(&self) -> (&str, &str, &str, i64) {
        (self.kind, &self.parent, &self.point, self.priority)
    }
}

impl Priorities {
    /// Notes a binding.
    pub(super) fn note(&mut self, key: &BindingKey, fields: &Fields) {
        if let Some(priority) = Key::of(key, fields) {
            self.0.insert(priority, Arc::new(text(fields, "policyname").to_owned()));
        }
    }

    /// Forgets a binding, if there was one.
    pub(super) fn forget(&mut self, key: &BindingKey, fields: Option<&Fields>) {
        if let Some(priority) = fields.and_then(|fields| Key::of(key, fields)) {
            self.0.remove(|other| other.cmp(&priority));
        }
    }

    /// The policy that holds a priority.
    pub(super) fn policy_at(
        &self,
        kind: &str,
        parent: &str,
        (point, priority): (&str, i64),
    ) -> Option<&str> {
        let wanted = (kind, parent, point, priority);
        self.0.find(|key| key.parts().cmp(&wanted)).map(|policy| policy.as_str())
    }
}

/// The field that says at which point a policy is evaluated.
pub(crate) fn bind_point(kind: &str) -> &'static str {
    if kind.ends_with("_sslpolicy_binding") { "type" } else { "bindpoint" }
}
