//! Every failure at every request: whatever goes wrong on the way from one configuration to the
//! next, it ends as if nothing had, and no state on the way is unsafe.

use std::ops::RangeInclusive;

use mock_nitro::fault::{Fault, Faults};
use mock_nitro::{Appliance, Violation};
use nitro_ingress::observe::observe;
use nitro_ingress::snapshot::Snapshot;

use crate::fixture::mark;
use crate::in_process::{InProcess, client, run};
use crate::turn::{appliance, cluster, converge, turn};

/// A transition: an appliance at its start, the cluster as it is now, and the end without faults.
struct Transition {
    name: &'static str,
    start: Appliance,
    cluster: Snapshot,
    /// How many requests the first turn takes without faults, and the first of them that is new.
    requests: RangeInclusive<u64>,
    end: String,
}

impl Transition {
    /// From an empty appliance.
    fn from_nothing(scenario: &'static str) -> Self {
        Self::new(scenario, appliance(), cluster(scenario, "cluster.yaml"))
    }

    /// From what was there before.
    fn of(scenario: &'static str) -> Self {
        let before = converge(&cluster(scenario, "before.yaml"), appliance());
        Self::new(scenario, before, cluster(scenario, "cluster.yaml"))
    }

    /// To nothing: no Ingress is left.
    fn to_nothing(scenario: &'static str) -> Self {
        let start = converge(&cluster(scenario, "cluster.yaml"), appliance());
        let mut nothing = cluster(scenario, "cluster.yaml");
        nothing.ingresses.clear();
        Self::new(scenario, start, nothing)
    }

    /// Without what goes wrong while it looks, which is the same for all.
    fn writes(self) -> Self {
        let client = client(InProcess::new(self.start.clone()));
        run(observe(&client, &mark())).unwrap();
        let reads = client.transport().faulty().faults.requests();
        Self { requests: reads + 1..=*self.requests.end(), ..self }
    }

    fn new(name: &'static str, mut start: Appliance, cluster: Snapshot) -> Self {
        start.begin();
        let calm = turn(&cluster, start.clone(), Faults::none(), u64::MAX);
        let (plan, outcomes) = calm.result.unwrap();
        assert!(!plan.is_empty() && outcomes.is_complete(), "{name}: {outcomes:?}");
        let mut end = converge(&cluster, calm.appliance);
        assert_eq!(texts(&end.end()), Vec::<String>::new(), "{name} without faults");
        Self { name, start, cluster, requests: 1..=calm.requests, end: end.digest() }
    }

    /// One turn with this going wrong, then turns without until all is done.
    #[track_caller]
    fn survives(&self, faults: Faults, last: u64, what: &str) {
        let Self { name, start, cluster, requests: _, end } = self;
        let disturbed = turn(cluster, start.clone(), faults, last);
        let mut after = converge(cluster, disturbed.appliance);
        let violations = after.end();
        assert_eq!(texts(&violations), Vec::<String>::new(), "{name}: {what}");
        assert_eq!(&after.digest(), end, "{name}: {what}: ends elsewhere");
    }
}

fn texts(violations: &[Violation]) -> Vec<String> {
    violations.iter().map(ToString::to_string).collect()
}

/// A whole site comes into being and goes; on live front ends, client authentication is added, its CA
/// and a back end's are replaced, and a certificate is renewed.
fn transitions() -> [Transition; 6] {
    [
        Transition::from_nothing("mutual-authentication").writes(),
        Transition::to_nothing("mutual-authentication").writes(),
        Transition::of("client-authentication-added").writes(),
        Transition::of("client-ca-replaced"),
        Transition::of("backend-ca-replaced").writes(),
        Transition::of("server-certificate-renewed").writes(),
    ]
}

#[test]
fn a_crash_at_any_request_is_made_good() {
    for transition in transitions() {
        for at in transition.requests.clone() {
            for fault in [Fault::ResetBefore, Fault::ResetAfter] {
                let what = format!("crash at {at}, {fault:?}");
                transition.survives(Faults::none().at(at, fault), at, &what);
            }
        }
    }
}

#[test]
fn any_error_at_any_request_is_made_good() {
    let errors = [
        Fault::Unavailable,
        Fault::SessionExpired,
        Fault::Refused(1027),
        Fault::Refused(293),
        Fault::Refused(1043),
        Fault::Refused(278),
        Fault::Refused(273),
        Fault::Refused(258),
        Fault::Fails(0, 278),
        Fault::Fails(1, 278),
        Fault::Fails(2, 293),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::HiddenError(278),
    ];
    for transition in transitions() {
        for at in transition.requests.clone() {
            for fault in &errors {
                let what = format!("{fault:?} at {at}");
                transition.survives(Faults::none().at(at, fault.clone()), u64::MAX, &what);
            }
        }
    }
}
