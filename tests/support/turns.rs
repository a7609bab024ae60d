//! Turns of the whole pipeline against an appliance in process: observe, translate, plan, execute.

use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::{OpOutcome, execute};
use nitro_ingress::nitro::Client;
use nitro_ingress::observe::observe;
use nitro_ingress::observed::ObservedState;
use nitro_ingress::plan::{Plan, plan};
use nitro_ingress::policy::Policy;
use nitro_ingress::translate::{Translation, Unmet, translate};

use crate::in_process::{InProcess, client, run};
use crate::objects::{Cluster, now, policy};

/// An appliance and an operator in front of it.
pub(crate) struct Turns {
    client: Client<InProcess>,
    /// What the operator decides.
    pub(crate) policy: Policy,
}

impl Turns {
    /// In front of a new appliance.
    pub(crate) fn new() -> Self {
        Self::of(Appliance::new(Options { now: now(), ..Options::default() }))
    }

    /// In front of this appliance.
    pub(crate) fn of(appliance: Appliance) -> Self {
        Self { client: client(InProcess::new(appliance)), policy: policy() }
    }

    /// A copy of the appliance as it is now.
    pub(crate) fn appliance(&self) -> Appliance {
        self.client.transport().faulty().appliance.clone()
    }

    /// Reads the appliance.
    pub(crate) fn observe(&self) -> ObservedState {
        run(observe(&self.client, &self.policy.mark)).unwrap()
    }

    /// What a cluster would become, without doing anything.
    pub(crate) fn translate(&self, cluster: &Cluster) -> Translation {
        self.look(cluster).1
    }

    /// One turn, in which everything must work.
    #[track_caller]
    pub(crate) fn turn(&self, cluster: &Cluster) -> (Translation, Plan) {
        let (observed, translation) = self.look(cluster);
        let plan = plan(&observed, &translation);
        self.client.transport().faulty().appliance.begin();
        let outcomes = run(execute(&self.client, &plan, &mut |_| ()));
        let mut violations = self.client.transport().faulty().appliance.end();
        // The appliance cannot know that a route goes because its Ingress is closed.
        let is_closed = |unmet: &Unmet| matches!(unmet, Unmet::Closed(_));
        if translation.unmet.values().any(is_closed) {
            violations
                .retain(|violation| !matches!(violation.rule, "handover" | "no-member" | "closed"));
        }
        assert!(violations.is_empty(), "{violations:#?} {:#?}", plan.ops);
        for (op, outcome) in plan.ops.iter().zip(&outcomes.ops) {
            assert!(matches!(outcome, OpOutcome::Done), "{}: {outcome:?}", op.op);
        }
        (translation, plan)
    }

    /// Turns until nothing is left to do; gives the last translation that did anything.
    #[track_caller]
    pub(crate) fn converge(&self, cluster: &Cluster) -> Translation {
        for _ in 0..4 {
            let (translation, plan) = self.turn(cluster);
            if plan.is_empty() {
                return translation;
            }
        }
        panic!("the fifth plan is not empty: {:#?}", self.turn(cluster).1.ops);
    }

    /// One turn, after which nothing may be left to do.
    #[track_caller]
    pub(crate) fn settle(&self, cluster: &Cluster) -> Translation {
        let (translation, _) = self.turn(cluster);
        let (_, second) = self.turn(cluster);
        assert!(second.is_empty(), "{:#?}", second.ops);
        translation
    }

    fn look(&self, cluster: &Cluster) -> (ObservedState, Translation) {
        let observed = self.observe();
        let mut snapshot = cluster.0.clone();
        snapshot.facts = observed.facts.clone();
        let translation = translate(&snapshot, &self.policy);
        (observed, translation)
    }
}
