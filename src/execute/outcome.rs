//! What became of a plan: of each op, and of each Ingress.

use std::collections::BTreeMap;

use crate::model::IngressId;
use crate::nitro::Error;
use crate::plan::{OpId, Plan, PlannedOp};

/// What became of a plan.
#[derive(Debug)]
#[must_use = "outcomes are there to be reported"]
pub struct Outcomes {
    /// What became of each op, in the plan's order.
    pub ops: Vec<OpOutcome>,
    /// What became of each Ingress that an op was for.
    pub ingresses: BTreeMap<IngressId, IngressOutcome>,
    /// Why the rest was not sent, if the appliance was lost in the middle.
    pub lost: Option<Error>,
    /// Whether the plan did not lead to the end, so that no Ingress has converged yet.
    pub unfinished: bool,
}

/// What became of one op.
#[derive(Debug)]
pub enum OpOutcome {
    /// The appliance has what the op was for.
    Done,
    /// It was refused.
    Failed(Problem),
    /// It was sent and no answer came, and a look at the appliance did not tell.
    Unknown(Error),
    /// It was not sent, because it needs what failed.
    Skipped {
        /// The op that failed.
        because_of: OpId,
    },
    /// It was not sent, because the appliance was lost before.
    Waiting,
}

/// What became of one Ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IngressOutcome {
    /// There was nothing to do.
    Converged,
    /// All was done.
    Done,
    /// Something was not sent yet.
    Waiting,
    /// Something was refused, or nobody knows.
    Failed,
}

/// Why an op failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The appliance said no.
    #[error(transparent)]
    Nitro(#[from] Error),
    /// The appliance has something else than what it must have.
    #[error("{entity:?} has {field:?} = {found:?} where {wanted:?} is needed")]
    Differs {
        /// The object.
        entity: String,
        /// The field.
        field: String,
        /// What it must be.
        wanted: String,
        /// What it is.
        found: String,
    },
}

/// Something that happened while a plan was carried out.
#[derive(Debug)]
pub enum Event<'a> {
    /// These ops are on their way in one request.
    Sent {
        /// Their places in the plan.
        ops: &'a [OpId],
    },
    /// It is clear what became of an op.
    Settled {
        /// Its place in the plan.
        op: OpId,
        /// The op.
        planned: &'a PlannedOp,
        /// What became of it.
        outcome: &'a OpOutcome,
    },
}

impl Outcomes {
    pub(super) fn new(plan: &Plan, ops: Vec<OpOutcome>, lost: Option<Error>) -> Self {
        let mut ingresses: BTreeMap<IngressId, IngressOutcome> = BTreeMap::new();
        for (planned, outcome) in plan.ops.iter().zip(&ops) {
            let outcome = match outcome {
                OpOutcome::Done => IngressOutcome::Done,
                OpOutcome::Waiting => IngressOutcome::Waiting,
                OpOutcome::Failed(_) | OpOutcome::Unknown(_) | OpOutcome::Skipped { .. } => {
                    IngressOutcome::Failed
                }
            };
            for ingress in planned.ingresses.iter() {
                let worst = ingresses.entry(*ingress).or_insert(outcome);
                *worst = (*worst).max(outcome);
            }
        }
        // What was taken over is not yet as it should be.
        let takeovers = &plan.ops[plan.settings..plan.preliminaries()];
        for ingress in takeovers.iter().flat_map(|planned| planned.ingresses.iter()) {
            let worst = ingresses.entry(*ingress).or_insert(IngressOutcome::Waiting);
            *worst = (*worst).max(IngressOutcome::Waiting);
        }
        let unfinished = plan.ends_after_settings;
        Self { ops, ingresses, lost, unfinished }
    }

    /// What became of an Ingress, whether or not the plan had an op for it.
    pub fn of(&self, ingress: &IngressId) -> IngressOutcome {
        let at_least =
            if self.unfinished { IngressOutcome::Waiting } else { IngressOutcome::Converged };
        self.ingresses.get(ingress).copied().unwrap_or(at_least).max(at_least)
    }

    /// Whether everything was done and nothing is left.
    pub fn is_complete(&self) -> bool {
        !self.unfinished && self.is_done()
    }

    /// Whether everything was done that was planned; more may be left to plan.
    pub fn is_done(&self) -> bool {
        self.ops.iter().all(|op| matches!(op, OpOutcome::Done))
    }
}

impl Problem {
    /// The whole chain in one line.
    pub fn chain(&self) -> String {
        match self {
            Self::Nitro(error) => error.chain(),
            Self::Differs { .. } => self.to_string(),
        }
    }

    /// Whether the same op may succeed later, without anybody changing anything.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Nitro(error) => error.is_retryable(),
            Self::Differs { .. } => false,
        }
    }

    /// A label for metrics, one of few.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Nitro(error) => error.category(),
            Self::Differs { .. } => "differs",
        }
    }
}
