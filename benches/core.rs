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
#[path = "../tests/support/turns.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod turns;

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main,
};
use nitro_ingress::observed::ObservedState;
use nitro_ingress::plan::{aim, plan};
use nitro_ingress::snapshot::Snapshot;
use nitro_ingress::translate::translate;
use objects::{Cluster, policy};
use sizes::{cluster_of, new_appliance};
use turns::Turns;

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
    let mut cluster = Cluster(cluster_of(1_000));
    let turns = Turns::new();
    drop(turns.converge(&cluster));
    let observed = turns.observe();
    cluster.0.facts = observed.facts.clone();
    both(&mut group, ("as read", 1_000), &cluster.0, &observed);
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

criterion_group!(benches, core);
criterion_main!(benches);
