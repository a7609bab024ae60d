//! Carries traffic: a real listener for each enabled virtual server that has an address, and behind
//! it what [`crate::eval`] decides, done with sockets.
//!
//! | who decides | what |
//! |---|---|
//! | [`listeners`] | which sockets are open; a change of the configuration opens and closes them before its request is answered |
//! | [`front`] | what a connection is: HTTP, HTTP in TLS, a stream, TLS that is passed on |
//! | [`front_tls`] | TLS with clients: certificates by name, and those that clients must show |
//! | [`stream`] | where a stream goes, and its bytes |
//! | [`edits`] | what rewrite policies change |
//! | [`http`] | each request on a connection, by the configuration as it is then |
//! | [`balance`] | which member takes it |
//! | [`member`] | how that member is spoken to |
//!
//! A new configuration counts for the next connection, and for the next request of an open one. An
//! open connection goes on as long as there is a virtual server at its address.

mod balance;
mod edits;
mod front;
mod front_tls;
mod hello;
mod http;
mod listeners;
mod member;
mod response;
mod stream;
mod terms;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::runtime::Handle;

use self::balance::Turns;
use self::listeners::Listeners;
use crate::state::{State, Unopened};
use crate::tls::Clock;

/// Opens the listeners of an appliance and carries what comes in. Clones share them; with the last
/// one all connections end.
#[derive(Clone)]
pub struct DataPlane {
    plane: Arc<Plane>,
    listeners: Arc<Mutex<Listeners>>,
}

/// Where listeners and members are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// Where the configuration says. Ports of listeners are so much higher, for those who may not bind
    /// low ones.
    Configured {
        /// By how much.
        port_offset: u16,
    },
    /// Each listener on a free port of 127.0.0.1, which [`DataPlane::listens`] tells, and all members
    /// at one address: for configurations whose addresses are not of this machine.
    Elsewhere {
        /// Who stands in for the members.
        members: SocketAddr,
    },
}

/// Takes a line for people: what could not be opened, who was turned away and why.
pub type Log = Box<dyn Fn(&str) + Send + Sync>;

/// What all connections share.
struct Plane {
    placement: Placement,
    clock: fn() -> Timestamp,
    /// How far the appliance is ahead of that clock.
    ahead: Mutex<SignedDuration>,
    log: Log,
    configuration: Mutex<State>,
    turns: Mutex<Turns>,
}

/// An address of the appliance, with the port that its configuration names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Endpoint {
    vip: IpAddr,
    port: u16,
}

impl DataPlane {
    /// One without listeners yet. The dates of certificates are judged by `clock`.
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub fn new(placement: Placement, clock: fn() -> Timestamp, log: Log) -> Self {
        let plane = Plane {
            placement,
            clock,
            ahead: Mutex::default(),
            log,
            configuration: Mutex::default(),
            turns: Mutex::default(),
        };
        let listeners = Arc::new(Mutex::new(Listeners::new(Handle::current())));
        Self { plane: Arc::new(plane), listeners }
    }

    /// Where the virtual server at this address and port really listens, if it does.
    pub fn listens(&self, vip: IpAddr, port: u16) -> Option<SocketAddr> {
        locked(&self.listeners).at(Endpoint { vip, port })
    }

    /// Lets the clock be ahead of the one that it was made with.
    pub(crate) fn be_ahead(&self, by: SignedDuration) {
        *locked(&self.plane.ahead) = by;
    }

    /// Opens and closes listeners until they are those of a configuration, and says which cannot be
    /// opened.
    pub(crate) fn follow(&self, state: &State) -> Unopened {
        locked(&self.plane.configuration).clone_from(state);
        locked(&self.listeners).follow(state, &self.plane)
    }
}

impl Plane {
    /// The configuration as it is now.
    fn configuration(&self) -> State {
        locked(&self.configuration).clone()
    }

    /// The time of the appliance.
    fn now(&self) -> Timestamp {
        ahead((self.clock)(), *locked(&self.ahead))
    }

    /// The clock, for those who judge the dates of one handshake.
    fn clock(&self) -> Clock {
        let (clock, by) = (self.clock, *locked(&self.ahead));
        Clock::new(move || ahead(clock(), by))
    }

    /// Where the virtual server at an endpoint is to listen; nothing if there is no such port.
    fn place(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        match self.placement {
            Placement::Configured { port_offset } => {
                Some((endpoint.vip, endpoint.port.checked_add(port_offset)?).into())
            }
            Placement::Elsewhere { .. } => Some((Ipv4Addr::LOCALHOST, 0).into()),
        }
    }

    fn log(&self, line: &str) {
        (self.log)(line);
    }
}

/// A time so much later, or the last one that there is.
pub(crate) fn ahead(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What a lock guards. Nothing half-done is left behind by a panic under one of these locks.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
