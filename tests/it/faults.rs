//! Every failure at every request: whatever goes wrong on the way from one configuration to the
//! next, it ends as if nothing had, and no state on the way is unsafe.

use std::collections::{BTreeMap, BTreeSet};

use mock_nitro::fault::{Fault, Faults};
use mock_nitro::{Appliance, Violation};
use nitro_ingress::execute::OpOutcome;
use nitro_ingress::nitro::{Class, Code};
use nitro_ingress::snapshot::Snapshot;

use crate::turn::{appliance, cluster, converge, turn};

/// A transition: an appliance at its start, the cluster as it is now, and the end without faults.
struct Transition {
    name: &'static str,
    start: Appliance,
    cluster: Snapshot,
    /// How many requests the first turn reads with before it writes.
    reads: u64,
    /// Its writes by number, and how many ops each carries.
    writes: BTreeMap<u64, usize>,
    end: String,
    /// What turns have left, by the digest of the appliance and by what was done of the plan.
    known: BTreeSet<(String, Vec<bool>)>,
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

    fn new(name: &'static str, mut start: Appliance, cluster: Snapshot) -> Self {
        start.begin();
        let calm = turn(&cluster, start.clone(), Faults::none(), u64::MAX);
        let (plan, outcomes) = calm.result.unwrap();
        assert!(!plan.is_empty() && outcomes.is_complete(), "{name}: {outcomes:?}");
        // Without faults each chunk of ops is one request, and the last request is the logout.
        let reads = calm.requests - 1 - u64::try_from(calm.sent.len()).unwrap();
        let mut end = converge(&cluster, calm.appliance);
        assert_eq!(texts(&end.end()), Vec::<String>::new(), "{name} without faults");
        let writes = (reads + 1..).zip(calm.sent).collect();
        Self { name, start, cluster, reads, writes, end: end.digest(), known: BTreeSet::new() }
    }

    /// One turn with this going wrong, then turns without until all is done.
    #[track_caller]
    fn survives(&mut self, faults: Faults, last: u64, what: &str) {
        let Self { name, start, cluster, end, .. } = self;
        let disturbed = turn(cluster, start.clone(), faults, last);
        let left = disturbed.appliance.digest();
        let Ok((_, outcomes)) = &disturbed.result else {
            // What could not look wrote nothing: the start, from which all went well before.
            assert_eq!(left, start.digest(), "{name}: {what}");
            return;
        };
        let done: Vec<bool> =
            outcomes.ops.iter().map(|outcome| matches!(outcome, OpOutcome::Done)).collect();
        // Of the same plan the same was done, and nothing more shows: the rest is as it was then.
        if !self.known.insert((left, done)) {
            return;
        }
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
/// and a back end's are replaced, a certificate is renewed, and a pod is replaced by another.
fn transitions() -> [Transition; 7] {
    [
        Transition::from_nothing("mutual-authentication"),
        Transition::to_nothing("mutual-authentication"),
        Transition::of("client-authentication-added"),
        Transition::of("client-ca-replaced"),
        Transition::of("backend-ca-replaced"),
        Transition::of("server-certificate-renewed"),
        Transition::of("endpoint-terminates"),
    ]
}

/// Codes that stand for their class.
fn codes_of(class: Class) -> &'static [u32] {
    match class {
        Class::Transient => &[1043],
        Class::Busy => &[293],
        Class::Session => &[1027],
        Class::Denied => &[2138],
        Class::Conflict => &[273],
        Class::InUse => &[1541],
        Class::Missing => &[258],
        Class::Invalid => &[278],
        Class::Feature => &[1067],
        Class::Capacity => &[283, 1072],
    }
}

/// A refusal of each class that any code has.
fn refusals() -> Vec<Fault> {
    let classes: BTreeSet<Class> = (1..10_000).filter_map(|code| Code(code).class()).collect();
    classes.into_iter().flat_map(codes_of).map(|code| Fault::Refused(*code)).collect()
}

/// What else an answer can be.
const OTHERS: [Fault; 6] = [
    Fault::Unavailable,
    Fault::SessionExpired,
    Fault::ResetBefore,
    Fault::ResetAfter,
    Fault::Truncated,
    Fault::HiddenError(278),
];

#[test]
fn a_crash_at_any_write_is_made_good() {
    for mut transition in transitions() {
        for at in transition.writes.clone().keys() {
            for fault in [Fault::ResetBefore, Fault::ResetAfter] {
                let what = format!("crash at {at}, {fault:?}");
                transition.survives(Faults::none().at(*at, fault), *at, &what);
            }
        }
    }
}

#[test]
fn a_crash_within_any_bulk_is_made_good() {
    let mut transition = Transition::from_nothing("mutual-authentication");
    let mut tried = 0;
    for (at, ops) in &transition.writes.clone() {
        for done in 1..*ops {
            for last in [*at, u64::MAX] {
                let what = format!("{done} of {ops} at {at}, until {last}");
                transition.survives(Faults::none().at(*at, Fault::ResetWithin(done)), last, &what);
                tried += 1;
            }
        }
    }
    assert!(tried > 0, "no bulk in {:?}", transition.writes);
}

#[test]
fn any_error_at_any_write_is_made_good() {
    let mut errors = refusals();
    errors.extend(OTHERS);
    for mut transition in transitions() {
        for (at, ops) in &transition.writes.clone() {
            let in_bulk = [Fault::Fails(0, 278), Fault::Fails(1, 1541), Fault::Fails(2, 293)];
            let in_bulk = if *ops > 1 { &in_bulk[..] } else { &[] };
            for fault in errors.iter().chain(in_bulk) {
                let what = format!("{fault:?} at {at}");
                transition.survives(Faults::none().at(*at, fault.clone()), u64::MAX, &what);
            }
        }
    }
}

#[test]
fn any_error_at_any_read_is_made_good() {
    let mut errors = refusals();
    errors.extend(OTHERS);
    for mut transition in [
        Transition::to_nothing("mutual-authentication"),
        Transition::of("client-ca-replaced"),
        Transition::of("server-certificate-renewed"),
    ] {
        for at in 1..=transition.reads {
            for fault in &errors {
                let what = format!("{fault:?} at {at}");
                transition.survives(Faults::none().at(at, fault.clone()), u64::MAX, &what);
            }
        }
    }
}
