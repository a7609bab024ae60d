//! An appliance as one node of a pair: its role, what it shows of itself and of the other node, and
//! how it takes over what the other holds.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::Value;

use super::Appliance;
use crate::state::{Fields, State};

/// A node as both nodes show it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
}

/// That an appliance belongs to a pair.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    own: Node,
    other: Node,
    /// Since when the roles are as they are.
    since: Timestamp,
}

/// All that one node takes over from the other: what is running and what is saved, with the files.
#[derive(Debug, Clone)]
pub(crate) struct Configuration {
    pub(super) running: State,
    pub(super) saved: State,
    pub(super) changed: bool,
    pub(super) last_change: Timestamp,
    pub(super) last_save: Timestamp,
}

/// How far a node is: another value of `changes` may mean another configuration, another time of
/// start means a restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) changes: u64,
    pub(crate) started: Timestamp,
}

impl Appliance {
    /// Makes this the secondary node of a pair, or the primary again: a secondary takes commands
    /// but warns that they go nowhere.
    pub fn set_secondary(&mut self, secondary: bool) {
        self.secondary = secondary;
        if let Some(membership) = &mut self.membership {
            membership.since = self.now;
        }
    }

    /// Makes this a node of a pair.
    pub(crate) fn join(&mut self, own: Node, other: Node) {
        // Each node calls itself 0 and the other 1 (documented), so that their rows differ in what
        // is shown and not in what is stored.
        for state in [&mut self.running, &mut self.saved] {
            let local = state.object("hanode", "0").map(|row| Fields::clone(row));
            let mut row = local.unwrap_or_default();
            row.insert("id", Value::from(1));
            state.put_object("hanode", "1", row);
        }
        self.membership = Some(Membership { own, other, since: self.now });
    }

    /// Makes this the node again that it was.
    pub(super) fn join_again(&mut self, membership: Membership) {
        self.join(membership.own, membership.other);
    }

    /// What the other node takes over.
    pub(crate) fn configuration(&self) -> Configuration {
        Configuration {
            running: self.running.clone(),
            saved: self.saved.clone(),
            changed: self.changed,
            last_change: self.last_change,
            last_save: self.last_save,
        }
    }

    /// Takes over what the other node holds, whatever was here.
    pub(crate) fn synchronise(&mut self, configuration: Configuration) {
        let Configuration { running, saved, changed, last_change, last_save } = configuration;
        self.replace(running, "synchronise");
        self.saved = saved;
        self.changed = changed;
        self.last_change = last_change;
        self.last_save = last_save;
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        Progress { changes: self.changes, started: self.started }
    }

    /// What `hanode` shows of a node beyond what is stored.
    pub(super) fn node(&self, id: &str) -> Vec<(&'static str, Value)> {
        let is_local = id == "0";
        let mut shown = Vec::new();
        if let Some(membership) = &self.membership {
            let node = if is_local { &membership.own } else { &membership.other };
            let seconds = self.now.duration_since(membership.since).as_secs();
            shown.extend([
                ("name", Value::from(node.name.as_str())),
                ("ipaddress", Value::from(node.address.to_string())),
                ("masterstatetime", Value::from(seconds)),
            ]);
        }
        if is_local || self.membership.is_some() {
            shown.push(("state", Value::from(role(self.secondary == is_local))));
        }
        shown
    }

    /// The role of this node.
    pub(super) fn role(&self) -> &'static str {
        role(self.secondary)
    }

    /// Since when this node of a pair has its role.
    pub(super) fn role_since(&self) -> Option<Timestamp> {
        self.membership.as_ref().map(|membership| membership.since)
    }

    /// The address of the primary node, or of the only one.
    pub(super) fn primary_address(&self) -> Ipv4Addr {
        match &self.membership {
            None => Ipv4Addr::LOCALHOST,
            Some(membership) if self.secondary => membership.other.address,
            Some(membership) => membership.own.address,
        }
    }
}

fn role(secondary: bool) -> &'static str {
    if secondary { "Secondary" } else { "Primary" }
}
