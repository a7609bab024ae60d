//! How far a plan is carried out: one line that changes on a terminal, a line for each op
//! elsewhere.

use crate::cli::screen::Stream;
use crate::execute::{Event, OpOutcome};
use crate::plan::Plan;

/// Shows what happens to a plan. That it cannot be shown must not stop it, so errors of writing
/// are passed over.
pub(super) struct Progress<'a, 'b> {
    out: &'a mut Stream<'b>,
    settled: usize,
    all: usize,
}

/// Goes to the start of the line and empties it.
const ERASE: &str = "\r\u{1b}[K";

impl<'a, 'b> Progress<'a, 'b> {
    pub(super) const fn new(plan: &Plan, out: &'a mut Stream<'b>) -> Self {
        Self { out, settled: 0, all: plan.ops.len() }
    }

    pub(super) fn show(&mut self, event: &Event<'_>) {
        let Event::Settled { planned, outcome, .. } = event else {
            return;
        };
        self.settled += 1;
        let line = format!("{:>4}/{} {} {}", self.settled, self.all, word(outcome), planned.op);
        let is_worth_keeping = !matches!(outcome, OpOutcome::Done);
        let shown = if !self.out.is_terminal {
            self.out.line(&line)
        } else if is_worth_keeping {
            self.out.text(&format!("{ERASE}{line}\n"))
        } else {
            self.out.text(&format!("{ERASE}{}", shortened(&line)))
        };
        shown.unwrap_or_default();
    }

    pub(super) fn end(&mut self) {
        if self.out.is_terminal {
            self.out.text(ERASE).unwrap_or_default();
        }
    }
}

/// A line that is broken cannot be erased.
fn shortened(line: &str) -> String {
    line.chars().take(79).collect()
}

const fn word(outcome: &OpOutcome) -> &'static str {
    match outcome {
        OpOutcome::Done => "done   ",
        OpOutcome::Failed(_) => "FAILED ",
        OpOutcome::Unknown(_) => "unknown",
        OpOutcome::Skipped { .. } => "skipped",
        OpOutcome::Waiting => "waiting",
    }
}
