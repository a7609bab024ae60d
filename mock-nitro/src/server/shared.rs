//! What the connections to an appliance share, and who is told of its changes.

use std::io::Write;
use std::ops::{Deref, DerefMut};
use std::sync::MutexGuard;

use jiff::{SignedDuration, Timestamp};

use super::nodes::Nodes;
use super::state_file::{self, StateFile};
use crate::appliance::Progress;
use crate::data_plane::{DataPlane, Log, ahead};

/// The appliance, and everything that follows it.
pub(super) struct Shared {
    pub(super) nodes: Nodes,
    /// One for each node.
    pub(super) journals: Vec<Journal>,
    pub(super) clock: fn() -> Timestamp,
    /// How far the appliance is ahead of that clock.
    pub(super) ahead: SignedDuration,
    pub(super) data_plane: Option<DataPlane>,
    /// What the data plane carries.
    carried: Option<Reached>,
    pub(super) file: Option<(StateFile, Log)>,
    /// What stands in the file.
    kept: Option<Reached>,
}

/// Where the journal of an appliance goes.
pub(super) type Journal = Option<Box<dyn Write + Send>>;

/// Which node is the primary, and how far it is.
type Reached = (usize, Progress);

/// Access to the appliance. When it ends, the data plane and the state file know of all that was
/// changed: before the answer leaves, so that clients find what they have configured.
pub(super) struct Guard<'a>(MutexGuard<'a, Shared>);

impl Deref for Guard<'_> {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl DerefMut for Guard<'_> {
    fn deref_mut(&mut self) -> &mut Shared {
        &mut self.0
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.follow();
        // The log was told of what went wrong; it is tried again the next time.
        let _kept = self.0.keep();
    }
}

impl<'a> Guard<'a> {
    /// Access, with the clock set right.
    pub(super) fn new(shared: MutexGuard<'a, Shared>) -> Self {
        let mut guard = Self(shared);
        guard.tell_time();
        guard
    }
}

impl Shared {
    /// One that nothing follows yet.
    pub(super) fn new(nodes: Nodes, journals: Vec<Journal>, clock: fn() -> Timestamp) -> Self {
        Self {
            nodes,
            journals,
            clock,
            ahead: SignedDuration::ZERO,
            data_plane: None,
            carried: None,
            file: None,
            kept: None,
        }
    }

    /// The time of the appliance.
    pub(super) fn now(&self) -> Timestamp {
        ahead((self.clock)(), self.ahead)
    }

    fn tell_time(&mut self) {
        let now = self.now();
        self.nodes.set_now(now);
    }

    /// Sets the clock, which goes on from there, or lets it follow the machine's again.
    pub(super) fn set_clock(&mut self, time: Option<Timestamp>) {
        self.ahead = time.map_or(SignedDuration::ZERO, |time| time.duration_since((self.clock)()));
        self.tell_time();
        if let Some(data_plane) = &self.data_plane {
            data_plane.be_ahead(self.ahead);
        }
    }

    /// Writes the appliance to its file, if it has changed and has one.
    pub(super) fn keep(&mut self) -> Result<(), state_file::Error> {
        let Some((file, log)) = &self.file else { return Ok(()) };
        let primary = self.nodes.primary();
        self.nodes.with(primary, |faulty| {
            let reached = Some((primary, faulty.appliance.progress()));
            if self.kept != reached {
                file.write(&faulty.appliance).inspect_err(|error| log(&chain(error)))?;
                self.kept = reached;
            }
            Ok(())
        })
    }

    /// Shows the data plane what it is to carry, if that has changed.
    fn follow(&mut self) {
        let Some(data_plane) = &self.data_plane else { return };
        let primary = self.nodes.primary();
        self.nodes.with(primary, |faulty| {
            let carried = Some((primary, faulty.appliance.progress()));
            if self.carried != carried {
                self.carried = carried;
                faulty.appliance.be_carried(data_plane);
            }
        });
    }

    /// Writes down what is new in the journal of a node.
    pub(super) fn write_journal(&mut self, node: usize) {
        let Some(journal) = &mut self.journals[node] else { return };
        self.nodes.with(node, |faulty| {
            for entry in faulty.appliance.new_in_journal() {
                let line = serde_json::to_string(entry).expect("an entry has text keys");
                // A full disk must not stop the appliance; the journal then ends early.
                if writeln!(journal, "{line}").and_then(|()| journal.flush()).is_err() {
                    break;
                }
            }
        });
    }
}

/// An error with what caused it.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
