//! What answers behind the listeners: one appliance, or two as a pair.

use jiff::Timestamp;

use crate::fault::{Delivery, Faults, Faulty};
use crate::message::Request;
use crate::pair::Pair;

/// One appliance, which is node 0, or the nodes of a pair.
pub(super) enum Nodes {
    One(Box<Faulty>),
    Two(Box<Pair>),
}

impl Nodes {
    pub(super) fn handle(&mut self, node: usize, request: &Request) -> Delivery {
        match self {
            Self::One(faulty) => faulty.handle(request),
            Self::Two(pair) => pair.handle(node, request),
        }
    }

    pub(super) fn with<T>(&mut self, node: usize, change: impl FnOnce(&mut Faulty) -> T) -> T {
        match self {
            Self::One(faulty) => change(faulty),
            Self::Two(pair) => pair.with(node, change),
        }
    }

    /// The node that carries traffic.
    pub(super) fn primary(&self) -> usize {
        match self {
            Self::One(_) => 0,
            Self::Two(pair) => pair.primary(),
        }
    }

    pub(super) fn failover(&mut self) {
        match self {
            Self::One(faulty) => faulty.appliance.expire_sessions(),
            Self::Two(pair) => pair.failover(),
        }
    }

    /// The same without an end of sessions.
    pub(super) fn hand_over(&mut self) {
        match self {
            Self::One(_) => {}
            Self::Two(pair) => pair.hand_over(),
        }
    }

    /// All nodes as they are at the start; a pair keeps its roles.
    pub(super) fn reset(&mut self) {
        let nodes: &[usize] = match self {
            Self::One(_) => &[0],
            Self::Two(_) => &[0, 1],
        };
        for node in nodes {
            self.with(*node, |faulty| {
                faulty.appliance.reset();
                faulty.faults = Faults::none();
            });
        }
    }

    pub(super) fn set_now(&mut self, now: Timestamp) {
        match self {
            Self::One(faulty) => faulty.appliance.set_now(now),
            Self::Two(pair) => pair.set_now(now),
        }
    }
}
