//! How long translating and planning take, with statistics: 1 000 and 10 000 Ingresses with ten
//! endpoints each, on an appliance that is new and on one where nothing is left to do.
//!
//! `scale` says whether that is fast enough; this one says whether it has changed.

#![expect(clippy::panic, reason = "a failing benchmark is the right place to panic")]
#![expect(clippy::unwrap_used, reason = "a failing benchmark is the right place to panic")]

#[path = "../tests/support/authority.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod authority;
#[path = "../tests/support/in_process.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod in_process;
#[path = "../tests/support/many.rs"]
mod many;
#[path = "../tests/support/objects.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod objects;
#[path = "support/sizes.rs"]
mod sizes;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main,
};
use in_process::{InProcess, client, run};
use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::execute;
use nitro_ingress::nitro::Limits;
use nitro_ingress::observe::observe;
use nitro_ingress::observed::ObservedState;
use nitro_ingress::plan::{aim, plan};
use nitro_ingress::snapshot::Snapshot;
use nitro_ingress::translate::translate;
use objects::{now, policy};
use sizes::{cluster_of, new_appliance};

fn core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for ingresses in [1_000, 10_000] {
        let snapshot = cluster_of(ingresses);
        let mut observed = new_appliance();
        both(&mut group, ("new", ingresses), &snapshot, &observed);
        observed.owned = aim(&observed, &translate(&snapshot, &policy())).owned;
        both(&mut group, ("nothing to do", ingresses), &snapshot, &observed);
    }
    // The simulated appliance takes too long for ten thousand.
    let mut snapshot = cluster_of(1_000);
    let observed = converged(&mut snapshot);
    both(&mut group, ("as read", 1_000), &snapshot, &observed);
    group.finish();
}

fn both(
    group: &mut BenchmarkGroup<'_, WallTime>,
    (appliance, ingresses): (&str, usize),
    snapshot: &Snapshot,
    observed: &ObservedState,
) {
    let policy = policy();
    group.bench_function(
        BenchmarkId::new(format!("translate/{appliance}"), ingresses),
        |bencher| {
            bencher.iter_with_large_drop(|| translate(snapshot, &policy));
        },
    );
    let translation = translate(snapshot, &policy);
    group.bench_function(BenchmarkId::new(format!("plan/{appliance}"), ingresses), |bencher| {
        bencher.iter_with_large_drop(|| plan(observed, &translation));
    });
}

/// A simulated appliance that the cluster has been applied to, as it is read; the cluster is in
/// front of that one then.
fn converged(snapshot: &mut Snapshot) -> ObservedState {
    let mut appliance = Appliance::new(Options { now: now(), ..Options::default() });
    appliance.journal_off();
    let limits = Limits { series: true, ..Limits::default() };
    let (client, policy) = (client(InProcess::new(appliance)).with_limits(limits), policy());
    loop {
        let observed = run(observe(&client, &policy.mark)).unwrap();
        snapshot.facts = observed.facts.clone();
        let plan = plan(&observed, &translate(snapshot, &policy));
        if plan.is_empty() {
            return observed;
        }
        drop(run(execute(&client, &plan, &mut |_| ())));
    }
}

criterion_group!(benches, core);
criterion_main!(benches);
