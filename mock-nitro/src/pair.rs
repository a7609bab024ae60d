//! Two appliances as a high-availability pair: what the primary accepts, the secondary has too.
//!
//! A real pair propagates command by command and copies files a little later; here the secondary is
//! the same as the primary after every request, saved configuration included (assumed: saving one
//! node saves both). What a client changes on the secondary stays there until the next change on the
//! primary, or until the roles are swapped, and is lost then (documented for the next
//! synchronisation; assumed for a failover).
//!
//! ```
//! use mock_nitro::message::Request;
//! use mock_nitro::{Options, Pair};
//!
//! let mut pair = Pair::new(&Options::default());
//! let request = Request { path: "/nitro/v1/stat/hanode".into(), method: "GET".into(), ..Request::default() };
//! pair.handle(pair.primary(), &request);
//! pair.failover();
//! assert_eq!(pair.primary(), 1);
//! ```

use std::net::Ipv4Addr;

use jiff::Timestamp;

use crate::appliance::{Appliance, Configuration, Hardware, Node, Options, Progress};
use crate::fault::{Delivery, Fault, Faults, Faulty};
use crate::message::Request;

/// Two nodes, called 0 and 1. The first primary is 0.
#[derive(Debug, Clone)]
pub struct Pair {
    nodes: [Faulty; 2],
    primary: usize,
    /// What the primary held when both were last looked at, and how far they were.
    held: Configuration,
    seen: [Progress; 2],
}

impl Pair {
    /// The addresses of the nodes, by which they know each other.
    pub const ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::LOCALHOST, Ipv4Addr::new(127, 0, 0, 2)];

    /// A fresh pair. The second node is like the first, but another box.
    pub fn new(options: &Options) -> Self {
        let other = Hardware::numbered(options.hardware.hostid.wrapping_add(1));
        let boxes = [options.hardware.clone(), other];
        let host = |place: usize| format!("{}-{}", options.hardware.host, place + 1);
        let node = |place: usize| Node { name: host(place), address: Self::ADDRESSES[place] };
        let nodes = [0, 1].map(|place| {
            let hardware = Hardware { host: host(place), ..boxes[place].clone() };
            let mut appliance = Appliance::new(Options { hardware, ..options.clone() });
            appliance.join(node(place), node(1 - place));
            appliance.set_secondary(place == 1);
            Faulty::new(appliance, Faults::none())
        });
        let seen = nodes.each_ref().map(|node| node.appliance.progress());
        Self { held: nodes[0].appliance.configuration(), nodes, primary: 0, seen }
    }

    /// Which node is the primary.
    pub fn primary(&self) -> usize {
        self.primary
    }

    /// A node, to be looked at.
    pub fn node(&self, place: usize) -> &Faulty {
        &self.nodes[place]
    }

    /// Passes a request to a node.
    pub fn handle(&mut self, place: usize, request: &Request) -> Delivery {
        match self.nodes[place].faults.peek(request) {
            Some(Fault::Failover) => self.failover(),
            Some(Fault::HandOver) => self.hand_over(),
            _ => {}
        }
        self.with(place, |node| node.handle(request))
    }

    /// Changes a node by hand; the other one follows as it would after a request. A primary that
    /// was restarted comes back as the secondary.
    pub fn with<T>(&mut self, place: usize, change: impl FnOnce(&mut Faulty) -> T) -> T {
        let outcome = change(&mut self.nodes[place]);
        self.settle();
        outcome
    }

    /// The secondary becomes the primary. All sessions end.
    pub fn failover(&mut self) {
        self.hand_over();
        for node in &mut self.nodes {
            node.appliance.expire_sessions();
        }
    }

    /// The secondary becomes the primary, and sessions go on.
    pub fn hand_over(&mut self) {
        let (old, new) = (self.primary, 1 - self.primary);
        self.nodes[new].appliance.synchronise(self.held.clone());
        self.nodes[old].appliance.set_secondary(true);
        self.nodes[new].appliance.set_secondary(false);
        self.primary = new;
        self.look();
    }

    /// Sets the clocks of both nodes.
    pub fn set_now(&mut self, now: Timestamp) {
        for node in &mut self.nodes {
            node.appliance.set_now(now);
        }
    }

    /// Lets the secondary follow the primary, and take over if that was restarted.
    fn settle(&mut self) {
        let (primary, secondary) = (self.primary, 1 - self.primary);
        let was_restarted =
            |node: usize| self.nodes[node].appliance.progress().started != self.seen[node].started;
        if was_restarted(primary) {
            self.failover();
            self.nodes[primary].appliance.synchronise(self.held.clone());
        } else if self.nodes[primary].appliance.progress() != self.seen[primary]
            || was_restarted(secondary)
        {
            let held = self.nodes[primary].appliance.configuration();
            self.nodes[secondary].appliance.synchronise(held);
        }
        self.look();
    }

    fn look(&mut self) {
        self.seen = self.nodes.each_ref().map(|node| node.appliance.progress());
        self.held = self.nodes[self.primary].appliance.configuration();
    }
}
