//! What came of a plan: in all, of each op that was not done, and of each Ingress.

use std::io;

use crate::cli::pipeline::{Pipeline, Turn};
use crate::cli::screen::{Stream, chain};
use crate::execute::{IngressOutcome, OpOutcome, Outcomes};
use crate::model::{IngressId, ObjectKey};
use crate::plan::{OpId, PlannedOp};
use crate::translate::{Translation, Unmet};

/// Whether something was not done.
pub(super) fn has_failures(outcomes: &Outcomes) -> bool {
    outcomes.ops.iter().any(|outcome| !matches!(outcome, OpOutcome::Done))
}

/// Shows what came of a plan.
pub(super) fn show(
    pipeline: &Pipeline,
    turn: &Turn,
    outcomes: &Outcomes,
    out: &mut Stream<'_>,
) -> io::Result<()> {
    let done = outcomes.ops.iter().filter(|outcome| matches!(outcome, OpOutcome::Done)).count();
    out.line("")?;
    out.line(&format!("{done} of {} changes done", outcomes.ops.len()))?;
    for (index, (planned, outcome)) in turn.plan.ops.iter().zip(&outcomes.ops).enumerate() {
        if let Some(line) = failure(turn, OpId(index), planned, outcome, outcomes) {
            out.line(&format!("  {} {line}", out.bad("failed")))?;
        }
    }
    let waiting = outcomes.ops.iter().filter(|outcome| matches!(outcome, OpOutcome::Waiting));
    match waiting.count() {
        0 => {}
        count => out.line(&format!(
            "  not sent because the appliance did not answer: {count}; run the command again"
        ))?,
    }
    let Translation { ingresses, gone, .. } = &turn.translation;
    let mut lines: Vec<(Option<&ObjectKey>, &IngressId, String)> = ingresses
        .keys()
        .chain(gone.keys())
        .filter(|id| gone.contains_key(*id) || pipeline.holds(&turn.translation, id))
        .map(|id| (ingresses.get(id), id, state(turn, outcomes, id)))
        .collect();
    lines.sort();
    lines.dedup();
    for (key, id, state) in lines {
        let name = key.map_or_else(|| format!("with id {id}"), ToString::to_string);
        out.line(&format!("Ingress {name}: {state}"))?;
    }
    Ok(())
}

/// What is to be said about an op that failed, with how many others that took along.
fn failure(
    turn: &Turn,
    id: OpId,
    planned: &PlannedOp,
    outcome: &OpOutcome,
    outcomes: &Outcomes,
) -> Option<String> {
    let cause = match outcome {
        OpOutcome::Failed(problem) => chain(problem),
        OpOutcome::Unknown(error) => {
            format!("{}; nobody knows whether it was done", chain(error))
        }
        OpOutcome::Done | OpOutcome::Skipped { .. } | OpOutcome::Waiting => return None,
    };
    let is_victim = |outcome: &&OpOutcome| match outcome {
        OpOutcome::Skipped { because_of } => *because_of == id,
        OpOutcome::Done | OpOutcome::Failed(_) | OpOutcome::Unknown(_) | OpOutcome::Waiting => {
            false
        }
    };
    let names: Vec<String> = planned
        .ingresses
        .iter()
        .map(|id| turn.plan.ingresses.get(id).map_or_else(|| id.to_string(), ToString::to_string))
        .collect();
    let whose = if names.is_empty() { String::new() } else { format!(" for {}", names.join(", ")) };
    let skipped = match outcomes.ops.iter().filter(is_victim).count() {
        0 => String::new(),
        count => format!(" (left out because of it: {count})"),
    };
    Some(format!("{}{whose}: {cause}{skipped}", planned.op))
}

fn state(turn: &Turn, outcomes: &Outcomes, id: &IngressId) -> String {
    match turn.translation.unmet.get(id) {
        Some(Unmet::Held) => {
            return "not understood; what it had on the appliance stays".to_owned();
        }
        Some(Unmet::Closed(reason)) => return format!("not understood and withdrawn: {reason}"),
        None => {}
    }
    match outcomes.of(id) {
        IngressOutcome::Converged => "nothing to do",
        IngressOutcome::Done if turn.translation.gone.contains_key(id) => "removed",
        IngressOutcome::Done => "done",
        IngressOutcome::Waiting => "not finished",
        IngressOutcome::Failed => "failed",
    }
    .to_owned()
}
