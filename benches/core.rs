//! How long translating and planning take, with statistics: 1 000 and 10 000 Ingresses with ten
//! endpoints each, on an appliance that is new and on one that has converged.
//!
//! `scale` says whether that is fast enough; this one says whether it has changed.

#![expect(clippy::unwrap_used, reason = "a failing benchmark is the right place to panic")]

#[path = "../tests/support/authority.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod authority;
#[path = "../tests/support/many.rs"]
mod many;
#[path = "../tests/support/objects.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod objects;
#[path = "support/sizes.rs"]
mod sizes;

use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use nitro_ingress::plan::{aim, plan};
use nitro_ingress::translate::translate;
use objects::policy;
use sizes::{cluster_of, new_appliance};

fn core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for ingresses in [1_000, 10_000] {
        let (snapshot, policy) = (cluster_of(ingresses), policy());
        let translation = translate(&snapshot, &policy);
        group.bench_function(BenchmarkId::new("translate", ingresses), |bencher| {
            bencher.iter_with_large_drop(|| translate(&snapshot, &policy));
        });
        let new = new_appliance();
        group.bench_function(BenchmarkId::new("plan/new", ingresses), |bencher| {
            bencher.iter_with_large_drop(|| plan(&new, &translation));
        });
        let mut converged = new_appliance();
        converged.owned = aim(&converged, &translation).owned;
        group.bench_function(BenchmarkId::new("plan/converged", ingresses), |bencher| {
            bencher.iter_with_large_drop(|| plan(&converged, &translation));
        });
    }
    group.finish();
}

criterion_group!(benches, core);
criterion_main!(benches);
