//! Faults around an appliance: what goes wrong between a client and the real one, scripted request
//! by request or drawn from a seed, and repeatable either way.
//!
//! ```
//! use mock_nitro::fault::{Delivery, Fault, Faults, Faulty};
//! use mock_nitro::message::Request;
//! use mock_nitro::{Appliance, Options};
//!
//! // The second request is carried out, but its answer never arrives.
//! let faults = Faults::none().at(2, Fault::ResetAfter);
//! let mut faulty = Faulty::new(Appliance::new(Options::default()), faults);
//! let request = Request { method: "GET".into(), path: "/nitro/v1/config/nsversion".into(), ..Request::default() };
//! assert!(matches!(faulty.handle(&request), Delivery::Answer(_)));
//! assert_eq!(faulty.handle(&request), Delivery::Lost { carried_out: true });
//! ```

mod list;
mod rule;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use self::rule::Rule;
use crate::appliance::Appliance;
use crate::code;
use crate::message::{Request, Response, reason};

pub use self::list::Unreadable;

/// One thing that goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The answer takes so long. In process nothing waits: [`Faulty::delay`] tells how long.
    #[serde(rename = "latency_ms", deserialize_with = "list::milliseconds")]
    Latency(Duration),
    /// The appliance is booting: 503 with HTML, nothing done.
    Unavailable,
    /// The connection ends before the appliance saw the request.
    ResetBefore,
    /// The appliance did what was asked, then the connection ended.
    ResetAfter,
    /// The appliance did the first so many commands of a bulk request and no more, undoes none of
    /// them, then the connection ended. A request of a single command is done if it is not 0.
    ResetWithin(usize),
    /// All sessions are gone, as after a restart of the management plane.
    SessionExpired,
    /// In a bulk request the command at this place (from 0) fails with this code; elsewhere the
    /// first command counts.
    #[serde(deserialize_with = "list::command")]
    Fails(usize, u32),
    /// The appliance refuses the whole request unread, with this code: because it is busy (293, 446,
    /// 603), say, because a user has too many sessions (445), or because of who asks (258, 278).
    Refused(u32),
    /// The same, but the first so many commands of the request were carried out, and stay.
    #[serde(deserialize_with = "list::commands")]
    RefusedWithin(usize, u32),
    /// The disk is full: each file that the request uploads is refused with 284, and everything else
    /// in it is carried out (assumed: the configuration still finds room).
    DiskFull,
    /// The appliance did what was asked; its answer breaks off in the middle, and on the network the
    /// connection ends there.
    Truncated,
    /// Nothing is done, and the error stands in an answer with status 200.
    HiddenError(u32),
    /// Another node of the pair takes over: sessions are gone, what was not saved is not (commands
    /// are propagated), and this node answers as the new primary. Where the other node is
    /// simulated too, it is that one which is the primary then, and this one answers as secondary.
    Failover,
    /// The same, but nobody's session ends (whether those of the old primary do is not documented).
    HandOver,
    /// The request arrives when others have taken the place of these faults, and counts among those.
    /// In process nothing waits.
    HeldBefore,
    /// The appliance does what was asked at once; its answer leaves when others have taken the place
    /// of these faults. In process nothing waits.
    HeldAfter,
    /// The appliance restarts: what was not saved is lost. The request itself gets 503.
    Reboot,
}

/// What a client sees of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// An answer, complete or not.
    Answer(Response),
    /// No answer; only the appliance knows whether it did what was asked.
    Lost {
        /// Whether it did, at least in part.
        carried_out: bool,
    },
}

/// Which requests meet which faults. Requests are counted from 1.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    script: BTreeMap<u64, Fault>,
    of_writes: BTreeMap<u64, Fault>,
    rules: Vec<Rule>,
    list: Vec<Value>,
    seeded: Option<Seeded>,
    requests: u64,
    writes: u64,
    /// Whether a request or an answer waits for other faults.
    holding: bool,
    unreachable: bool,
}

/// Faults drawn from a seed.
#[derive(Debug, Clone)]
struct Seeded {
    state: u64,
    per_mille: u64,
    choice: Vec<Fault>,
}

/// An appliance whose requests meet faults.
#[derive(Debug, Clone)]
pub struct Faulty {
    /// The appliance itself.
    pub appliance: Appliance,
    /// What still goes wrong. Others may take their place at any time, and count from 1 again.
    pub faults: Faults,
    delay: Duration,
    held: bool,
    missing: usize,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Nobody answers: every connection is dropped. Requests are neither counted nor noted.
    pub fn unreachable() -> Self {
        Self { unreachable: true, ..Self::default() }
    }

    /// Every request meets this fault.
    pub fn always(fault: Fault) -> Self {
        Self::seeded(0, 1000, vec![fault])
    }

    /// So many of a thousand requests meet a fault, one of these, as the seed decides.
    pub fn seeded(seed: u64, per_mille: u64, choice: Vec<Fault>) -> Self {
        Self { seeded: Some(Seeded { state: seed, per_mille, choice }), ..Self::default() }
    }

    /// The request of this number meets this fault, whatever the seed says.
    #[must_use]
    pub fn at(mut self, request: u64, fault: Fault) -> Self {
        self.script.insert(request, fault);
        self
    }

    /// The write of this number meets this fault, unless another is due. What changes nothing and
    /// who logs in, out or others off is not counted.
    #[must_use]
    pub fn at_write(mut self, write: u64, fault: Fault) -> Self {
        self.of_writes.insert(write, fault);
        self
    }

    /// Whether a request or its answer is held until others take the place of these faults.
    pub fn are_holding(&self) -> bool {
        self.holding
    }

    /// Whether nobody answers.
    pub(crate) fn are_unreachable(&self) -> bool {
        self.unreachable
    }

    /// How many requests there were.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// How many of them were writes, as [`Faults::at_write`] counts them.
    pub fn writes(&self) -> u64 {
        self.writes
    }

    /// What goes wrong with the next request.
    pub(crate) fn peek(&self, request: &Request) -> Option<Fault> {
        self.clone().next(request).filter(|_| !self.unreachable)
    }

    /// Counts a request and says what goes wrong with it.
    fn next(&mut self, request: &Request) -> Option<Fault> {
        self.requests += 1;
        // Drawn in any case, so that a script does not shift what the seed decides.
        let drawn = self.seeded.as_mut().and_then(Seeded::draw);
        let scripted = self.script.remove(&self.requests);
        self.writes += u64::from(is_write(request));
        let of_write = is_write(request).then(|| self.of_writes.remove(&self.writes)).flatten();
        // Each rule counts, whichever of them is due.
        let of_rule = self.rules.iter_mut().fold(None, |first, rule| {
            let due = rule.next(request);
            first.or(due)
        });
        scripted.or(of_write).or(of_rule).or(drawn)
    }
}

/// Whether a request would change the configuration or save it.
fn is_write(request: &Request) -> bool {
    let target = request.path.rsplit("/config/").next().unwrap_or_default();
    let kind = target.split('/').next().unwrap_or_default();
    request.method != "GET"
        && !["login", "logout", "systemsession"].contains(&kind)
        && request.query.as_deref() != Some("action=diff")
}

impl Seeded {
    fn draw(&mut self) -> Option<Fault> {
        let (hit, which) = (self.number() % 1000, self.number());
        let count = u64::try_from(self.choice.len()).ok().filter(|count| *count > 0)?;
        let index = usize::try_from(which % count).ok()?;
        (hit < self.per_mille).then(|| self.choice[index].clone())
    }

    /// The `SplitMix64` step: a short generator that is the same on every machine.
    fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

impl Faulty {
    /// An appliance, and what goes wrong around it.
    pub fn new(appliance: Appliance, faults: Faults) -> Self {
        Self { appliance, faults, delay: Duration::ZERO, held: false, missing: 0 }
    }

    /// How long the last answer would have taken.
    pub fn delay(&self) -> Duration {
        self.delay
    }

    /// How many bytes of the last answer are missing at its end.
    pub(crate) fn missing(&self) -> usize {
        self.missing
    }

    /// Whether a request does not arrive for now; then it waits until nothing is held.
    pub(crate) fn holds_back(&mut self, request: &Request) -> bool {
        let is_held = self.faults.peek(request) == Some(Fault::HeldBefore);
        if is_held {
            self.faults.next(request);
            self.faults.holding = true;
        }
        is_held
    }

    /// Whether the last answer waits until nothing is held.
    pub(crate) fn holds_answer(&self) -> bool {
        self.held
    }

    /// Passes one request to the appliance, or not, and its answer to the client, or not.
    pub fn handle(&mut self, request: &Request) -> Delivery {
        (self.delay, self.held, self.missing) = (Duration::ZERO, false, 0);
        if self.faults.are_unreachable() {
            return Delivery::Lost { carried_out: false };
        }
        match self.faults.next(request) {
            None | Some(Fault::HeldBefore | Fault::HandOver) => {}
            Some(Fault::HeldAfter) => (self.held, self.faults.holding) = (true, true),
            Some(Fault::Latency(delay)) => self.delay = delay,
            Some(Fault::Unavailable) => return self.unavailable(request),
            Some(Fault::ResetBefore | Fault::ResetWithin(0)) => {
                self.appliance.note(request, (0, 0));
                return Delivery::Lost { carried_out: false };
            }
            Some(Fault::ResetAfter) => {
                self.appliance.handle(request);
                return Delivery::Lost { carried_out: true };
            }
            Some(Fault::ResetWithin(commands)) => {
                self.appliance.stop_after(commands);
                self.appliance.handle(request);
                return Delivery::Lost { carried_out: true };
            }
            Some(Fault::SessionExpired | Fault::Failover) => self.appliance.expire_sessions(),
            Some(Fault::Fails(place, code)) => self.appliance.inject(place, code),
            Some(Fault::Refused(code)) => {
                return self.error(request, (refused_status(code), code));
            }
            Some(Fault::RefusedWithin(commands, code)) => {
                self.appliance.stop_after(commands);
                self.appliance.handle(request);
                return Delivery::Answer(Appliance::refusal(code, refused_status(code)));
            }
            Some(Fault::DiskFull) => self.appliance.fill_disk(),
            Some(Fault::Truncated) => {
                let mut response = self.appliance.handle(request);
                let whole = response.body.len();
                response.body.truncate(whole / 2);
                self.missing = whole - response.body.len();
                return Delivery::Answer(response);
            }
            Some(Fault::HiddenError(code)) => return self.error(request, (200, code)),
            Some(Fault::Reboot) => {
                self.appliance.reboot();
                return self.unavailable(request);
            }
        }
        Delivery::Answer(self.appliance.handle(request))
    }

    fn unavailable(&mut self, request: &Request) -> Delivery {
        self.appliance.note(request, (503, 0));
        Delivery::Answer(Response {
            status: 503,
            reason: reason(503),
            headers: vec![("Content-Type".to_owned(), "text/html".to_owned())],
            body: b"<html><body><h1>Service Unavailable</h1></body></html>".to_vec(),
        })
    }

    fn error(&mut self, request: &Request, (status, code): (u16, u32)) -> Delivery {
        self.appliance.note(request, (status, code));
        Delivery::Answer(Appliance::refusal(code, status))
    }
}

/// The status of a refusal. With that of a warning it would say that all was done.
fn refused_status(code: u32) -> u16 {
    if code::is_warning(code) { 599 } else { code::status(code) }
}
