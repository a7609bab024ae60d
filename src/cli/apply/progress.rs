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
        let is_worth_keeping = matches!(outcome, OpOutcome::Failed(_) | OpOutcome::Unknown(_));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::execute::Problem;
    use crate::plan::{Op, OpId, PlannedOp};

    fn shown(is_terminal: bool) -> String {
        let planned = PlannedOp { op: Op::Save, needs: BTreeSet::new(), ingresses: Arc::default() };
        let plan = Plan { ops: vec![planned.clone(), planned.clone()], ..Plan::default() };
        let mut writer = Vec::new();
        let mut out = Stream { writer: &mut writer, is_terminal, colour: false, width: 100 };
        let mut progress = Progress::new(&plan, &mut out);
        progress.show(&Event::Sent { ops: &[OpId(0)] });
        let failed = OpOutcome::Failed(Problem::Differs {
            entity: "a".to_owned(),
            field: "b".to_owned(),
            wanted: "c".to_owned(),
            found: "d".to_owned(),
        });
        for (op, outcome) in [OpOutcome::Done, failed].iter().enumerate() {
            progress.show(&Event::Settled { op: OpId(op), planned: &planned, outcome });
        }
        progress.end();
        String::from_utf8(writer).unwrap()
    }

    #[test]
    fn each_op_is_a_line_where_nobody_watches() {
        assert_eq!(shown(false), "   1/2 done    save\n   2/2 FAILED  save\n");
    }

    #[test]
    fn on_a_terminal_only_what_failed_stays() {
        let erase = ERASE;
        assert_eq!(
            shown(true),
            format!("{erase}   1/2 done    save{erase}   2/2 FAILED  save\n{erase}")
        );
    }
}
