//! What is known of an appliance after a plan: what was read, and what we wrote since.

use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::super::appliance::first_wait;
use super::Reconciler;
use crate::execute::{OpOutcome, Outcomes, Problem};
use crate::model::{Kind, base32};
use crate::plan::{Op, Plan, aim, simulate};
use crate::translate::Translation;

impl Reconciler {
    /// Takes note of what was written.
    pub(super) fn remember(&mut self, plan: &Plan, outcomes: &Outcomes) {
        let now = Instant::now();
        let has_saved = plan.ops.iter().zip(&outcomes.ops).any(|(planned, outcome)| {
            matches!((&planned.op, outcome), (Op::Save, OpOutcome::Done))
        });
        if has_saved {
            self.schedule.saved();
        }
        if changes(plan) {
            self.known.wrote(now);
            self.schedule.wrote(now);
        }
    }

    /// Takes what was written into what we know of the appliance.
    pub(super) fn take_in(&mut self, plan: &Plan, translation: &Translation) {
        let observed = self.observed.as_mut().expect("a plan follows a reading");
        let aim = aim(observed, translation);
        for planned in &plan.ops {
            simulate(&planned.op, &mut observed.owned, &aim);
        }
        let settings = &mut observed.settings;
        for planned in &plan.ops {
            if planned.op == Op::Save {
                settings.unsaved = false;
            } else if !matches!(planned.op, Op::RemoveFile { .. }) {
                settings.unsaved_is_ours |= !settings.unsaved;
                settings.unsaved = true;
            }
        }
    }
}

/// Whether a plan changes only who serves, and saves.
pub(super) fn is_of_members(plan: &Plan) -> bool {
    plan.ops.iter().all(|planned| match &planned.op {
        Op::Create { entity, .. } | Op::Delete { entity, .. } => entity.kind == Kind::SERVER,
        Op::Bind { binding, .. } | Op::Rebind { binding, .. } | Op::Unbind { binding } => {
            binding.kind == Kind::SERVICEGROUP_MEMBER
        }
        Op::EnableMember { .. } | Op::DisableMember { .. } | Op::Save | Op::RemoveFile { .. } => {
            true
        }
        Op::Upload { .. }
        | Op::Set { .. }
        | Op::Unset { .. }
        | Op::Enable { .. }
        | Op::Change { .. }
        | Op::Link { .. }
        | Op::Unlink { .. }
        | Op::Verify { .. }
        | Op::VerifyBinding { .. } => false,
    })
}

/// How long to wait at first before what the appliance refused is tried again; `None` if it refused
/// nothing.
pub(super) fn first_wait_after(outcomes: &Outcomes) -> Option<Duration> {
    let waits = outcomes.ops.iter().filter_map(|outcome| match outcome {
        OpOutcome::Failed(Problem::Nitro(error)) | OpOutcome::Unknown(error) => {
            Some(first_wait(error))
        }
        OpOutcome::Failed(Problem::Differs { .. }) => Some(Duration::from_secs(30)),
        OpOutcome::Done | OpOutcome::Skipped { .. } | OpOutcome::Waiting => None,
    });
    waits.max()
}

/// Whether a plan does more than save what was changed before.
pub(super) fn changes(plan: &Plan) -> bool {
    plan.ops.iter().any(|planned| !matches!(planned.op, Op::Save | Op::RemoveFile { .. }))
}

/// What the cluster asks for, in short.
pub(super) fn fingerprint(translation: &Translation) -> String {
    let Translation { desired, unmet, gone, pinned_members, draining, .. } = translation;
    let text = format!(
        "{:?} {:?} {:?} {unmet:?} {gone:?} {pinned_members:?} {draining:?}",
        desired.state, desired.bands, desired.yielded
    );
    base32(&Sha256::digest(text.as_bytes()), 32)
}
