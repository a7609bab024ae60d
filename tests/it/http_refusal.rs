//! Who gets through a front end that refuses clients with a page, and on the way there and back: the
//! simulated appliance is asked after each single command.

use std::collections::BTreeSet;

use mock_nitro::eval::{Answer, ClientCertificate, Outcome, Request};
use nitro_ingress::execute::{OpOutcome, execute};
use nitro_ingress::model::Kind;
use nitro_ingress::observe::observe;
use nitro_ingress::plan::{Plan, PlannedOp, plan};
use nitro_ingress::policy::Policy;
use nitro_ingress::snapshot::Snapshot;
use nitro_ingress::translate::translate;

use crate::in_process::{InProcess, client, run};
use crate::turn::{appliance, cluster, policy};

/// What becomes of a client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// The back end answers.
    Served,
    /// Nobody answers.
    Ended,
    /// The appliance answers with this status.
    Told(u16),
}

/// Clients without a certificate, with one that does not hold, and with one that does: whether what
/// they have holds.
const CLIENTS: [Option<bool>; 3] = [None, Some(false), Some(true)];

/// The ways to demand certificates: a scenario whose end each is, and what the three clients see.
const WAYS: [(&str, [Seen; 3]); 3] = [
    ("http-refusal-taken-away", [Seen::Served, Seen::Served, Seen::Served]),
    ("http-refusal-on-a-fresh-appliance", [Seen::Told(400), Seen::Told(400), Seen::Served]),
    ("handshake-instead-of-http-refusal", [Seen::Ended, Seen::Ended, Seen::Served]),
];

/// An appliance in this process, and an operator who allows pages.
struct Desk {
    client: nitro_ingress::nitro::Client<InProcess>,
    policy: Policy,
}

impl Desk {
    fn new() -> Self {
        let policy = Policy { allow_http_refusal: true, ..policy() };
        Self { client: client(InProcess::new(appliance())), policy }
    }

    fn plan(&self, cluster: &Snapshot) -> Plan {
        let observed = run(observe(&self.client, &self.policy.mark)).unwrap();
        let snapshot = Snapshot { facts: observed.facts.clone(), ..cluster.clone() };
        plan(&observed, &translate(&snapshot, &self.policy))
    }

    /// Carries a plan out, command by command, and looks after each.
    fn perform(&self, plan: &Plan, look: &mut dyn FnMut(&PlannedOp, [Seen; 3])) {
        for planned in &plan.ops {
            let alone = PlannedOp { needs: BTreeSet::new(), ..planned.clone() };
            let batches = std::iter::once(0..1).collect();
            let one = Plan { ops: vec![alone], batches, ..Plan::default() };
            let outcomes = run(execute(&self.client, &one, &mut |_| {}));
            assert!(matches!(outcomes.ops[0], OpOutcome::Done), "{}: {outcomes:?}", planned.op);
            look(planned, self.seen());
        }
    }

    fn converge(&self, cluster: &Snapshot) {
        for _ in 0..3 {
            self.perform(&self.plan(cluster), &mut |_, _| {});
        }
        assert!(self.plan(cluster).is_empty());
    }

    /// What the three clients see now.
    fn seen(&self) -> [Seen; 3] {
        let owned = run(observe(&self.client, &self.policy.mark)).unwrap().owned;
        let profile = owned.state.text(Kind::SSLVSERVER, "k8s-192.0.2.10_443_ssl", "sslprofile");
        let field = |name| owned.state.text(Kind::SSLPROFILE, profile?, name);
        let asks = field("clientauth") == Some("ENABLED");
        let insists = asks && field("clientcert") == Some("Mandatory");
        CLIENTS.map(|holds| {
            if insists && holds != Some(true) {
                return Seen::Ended;
            }
            let mut request = Request::get([192, 0, 2, 10].into(), 443, "www.guestbook.com", "/");
            // Who is not asked shows nothing.
            let shown = holds.filter(|_| asks);
            request.certificate = shown
                .map(|is_valid| ClientCertificate { is_valid, ..ClientCertificate::default() });
            match self.client.transport().faulty().appliance.decide(&request).outcome {
                Outcome::Served(_) => Seen::Served,
                Outcome::Answered(Answer { status, .. }) => Seen::Told(status),
                Outcome::Refused | Outcome::Closed(_) => Seen::Ended,
            }
        })
    }
}

#[test]
fn nobody_gets_through_on_the_way_who_would_not_at_one_of_its_ends() {
    for (before, at_first) in &WAYS {
        for (after, at_last) in &WAYS {
            let desk = Desk::new();
            desk.converge(&cluster(before, "cluster.yaml"));
            assert_eq!(desk.seen(), *at_first, "{before}");
            let next = cluster(after, "cluster.yaml");
            desk.perform(&desk.plan(&next), &mut |planned, seen| {
                let ends = at_first.iter().zip(at_last);
                for ((seen, (old, new)), client) in seen.iter().zip(ends).zip(CLIENTS) {
                    let is_let_in = [old, new].contains(&&Seen::Served);
                    let problem = format!("{client:?} is {seen:?} after {}", planned.op);
                    assert!(*seen != Seen::Served || is_let_in, "{before} {after}: {problem}");
                }
                assert_eq!(seen[2], Seen::Served, "{before} {after}: after {}", planned.op);
            });
            assert_eq!(desk.seen(), *at_last, "{before} {after}");
            assert!(desk.plan(&next).is_empty());
        }
    }
}
