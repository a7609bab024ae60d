//! The controller's turn in process: observe, translate, plan, execute.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use mock_nitro::fault::Faults;
use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::{Event, Outcomes, execute};
use nitro_ingress::observe::{self, observe};
use nitro_ingress::plan::{Plan, plan};
use nitro_ingress::policy::{ApplianceClasses, Consent, MemberSource, Policy, UnknownClass};
use nitro_ingress::snapshot::{Snapshot, documents};
use nitro_ingress::translate::translate;

use crate::fixture::mark;
use crate::in_process::{InProcess, client, run};

/// A moment at which the certificates of the scenarios are valid.
pub(crate) const NOW: &str = "2027-01-01T00:00:00Z";

/// What the operator of the tests decides: everything that is not among the files goes.
pub(crate) fn policy() -> Policy {
    let names = ["nitro-ingress.dev/ingress-controller", "citrix.com/ingress-controller"];
    Policy {
        mark: mark(),
        controller_names: names.map(str::to_owned).into(),
        ingress_classes: BTreeSet::new(),
        appliance_classes: ApplianceClasses::All,
        unknown_class: UnknownClass::Ours,
        default_vip: None,
        vip_namespaces: std::collections::BTreeMap::new(),
        config_map: None,
        members: MemberSource::Endpoints,
        drain_delay_secs: 30,
        enable_default_profile: false,
        allow_http_refusal: false,
        consent: Consent { prune: true, ..Consent::default() },
    }
}

/// The cluster that a file of a scenario describes.
pub(crate) fn cluster(scenario: &str, file: &str) -> Snapshot {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios").join(scenario);
    let text = std::fs::read_to_string(path.join(file)).unwrap();
    let mut snapshot = Snapshot::empty(NOW.parse().unwrap());
    let reading = documents::read(&mut snapshot, file, &text);
    assert!(reading.unreadable.is_empty(), "{:?}", reading.unreadable);
    snapshot
}

/// A fresh appliance at that moment.
pub(crate) fn appliance() -> Appliance {
    let now: Timestamp = NOW.parse().unwrap();
    let mut appliance = Appliance::new(Options { now, ..Options::default() });
    appliance.journal_off();
    appliance
}

/// What one turn came to.
pub(crate) struct Turn {
    /// The plan and what became of it, or why there was none.
    pub(crate) result: Result<(Plan, Outcomes), observe::Error>,
    /// The appliance afterwards.
    pub(crate) appliance: Appliance,
    /// How many requests it took.
    pub(crate) requests: u64,
    /// How many ops went into each request that sent any for the first time.
    pub(crate) sent: Vec<usize>,
}

/// One turn of a process that knows nothing from before. After request `last` the appliance cannot
/// be reached any more.
pub(crate) fn turn(cluster: &Snapshot, appliance: Appliance, faults: Faults, last: u64) -> Turn {
    let client = client(InProcess::with_faults(appliance, faults).lost_after(last));
    let mut sent = Vec::new();
    let result = run(async {
        let observed = observe(&client, &mark()).await?;
        let snapshot = Snapshot { facts: observed.facts.clone(), ..cluster.clone() };
        let plan = plan(&observed, &translate(&snapshot, &policy()));
        let mut note = |event: Event<'_>| {
            if let Event::Sent { ops } = event {
                sent.push(ops.len());
            }
        };
        let outcomes = execute(&client, &plan, &mut note).await;
        client.logout().await;
        Ok((plan, outcomes))
    });
    let left = client.transport().faulty();
    Turn { result, appliance: left.appliance.clone(), requests: left.faults.requests(), sent }
}

/// Turns without faults until there is nothing left to do.
#[track_caller]
pub(crate) fn converge(cluster: &Snapshot, mut appliance: Appliance) -> Appliance {
    for _ in 0..5 {
        let turn = turn(cluster, appliance, Faults::none(), u64::MAX);
        let (plan, outcomes) = turn.result.unwrap();
        appliance = turn.appliance;
        if plan.is_empty() {
            return appliance;
        }
        let failures = outcomes.ops.iter().zip(&plan.ops).map(|(o, p)| format!("{}: {o:?}", p.op));
        assert!(
            outcomes.is_complete() || outcomes.unfinished,
            "{:#?}",
            failures.collect::<Vec<_>>()
        );
    }
    panic!("five turns were not enough");
}
