//! Every failure at every request: whatever goes wrong on the way from one configuration to the
//! next, it ends as if nothing had, and no state on the way is unsafe.

use mock_nitro::fault::{Fault, Faults};
use mock_nitro::{Appliance, Violation};
use nitro_ingress::snapshot::Snapshot;

use crate::turn::{appliance, cluster, converge, turn};

/// A transition: an appliance at its start, the cluster as it is now, and the end without faults.
struct Transition {
    name: &'static str,
    start: Appliance,
    cluster: Snapshot,
    requests: u64,
    end: String,
}

impl Transition {
    fn of(scenario: &'static str) -> Self {
        let mut start = converge(&cluster(scenario, "before.yaml"), appliance());
        start.begin();
        let cluster = cluster(scenario, "cluster.yaml");
        let calm = turn(&cluster, start.clone(), Faults::none(), u64::MAX);
        let (plan, outcomes) = calm.result.unwrap();
        assert!(!plan.is_empty() && outcomes.is_complete(), "{scenario}: {outcomes:?}");
        let mut end = converge(&cluster, calm.appliance);
        assert_eq!(texts(&end.end()), Vec::<String>::new(), "{scenario} without faults");
        Self { name: scenario, start, cluster, requests: calm.requests, end: end.digest() }
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

/// Protection changes on a live front end; its certificate is renewed; a back end's CA changes.
const TRANSITIONS: [&str; 3] =
    ["client-authentication-added", "server-certificate-renewed", "backend-ca-replaced"];

#[test]
fn a_crash_at_any_request_is_made_good() {
    for transition in TRANSITIONS.map(Transition::of) {
        for at in 1..=transition.requests {
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
        Fault::Busy(1027),
        Fault::Busy(293),
        Fault::Busy(1043),
        Fault::Busy(278),
        Fault::Busy(273),
        Fault::Busy(258),
        Fault::Fails(1, 278),
        Fault::ResetBefore,
        Fault::ResetAfter,
        Fault::Truncated,
        Fault::HiddenError(278),
    ];
    for transition in TRANSITIONS.map(Transition::of) {
        for at in 1..=transition.requests {
            for fault in &errors {
                let what = format!("{fault:?} at {at}");
                transition.survives(Faults::none().at(at, fault.clone()), u64::MAX, &what);
            }
        }
    }
}
