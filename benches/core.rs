//! How long translating and planning take: 1 000 and 10 000 Ingresses with ten endpoints each, on a
//! new appliance and on one that has converged.

#![expect(clippy::unwrap_used, reason = "a failing benchmark is the right place to panic")]

#[path = "../tests/support/authority.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod authority;
#[path = "../tests/support/many.rs"]
mod many;
#[path = "../tests/support/objects.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod objects;

use std::hint::black_box;

use authority::Authority;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use many::{Shape, crowd};
use nitro_ingress::observed::ObservedState;
use nitro_ingress::plan::{aim, plan};
use nitro_ingress::translate::translate;
use objects::policy;

fn core(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("core");
    group.sample_size(10);
    for ingresses in [1000, 10_000] {
        let shape = Shape { ingresses, members: 10, certificates: 50 };
        let mut snapshot = crowd(shape, &Authority::new("bench")).0;
        snapshot.facts.default_profile = true;
        let policy = policy();
        group.bench_function(BenchmarkId::new("translate", ingresses), |bencher| {
            bencher.iter(|| translate(black_box(&snapshot), &policy));
        });
        let translation = translate(&snapshot, &policy);
        let mut observed = ObservedState::default();
        observed.settings.default_profile = true;
        group.bench_function(BenchmarkId::new("plan of a new appliance", ingresses), |bencher| {
            bencher.iter(|| plan(black_box(&observed), &translation));
        });
        observed.owned = aim(&observed, &translation).owned;
        group.bench_function(BenchmarkId::new("plan of a converged one", ingresses), |bencher| {
            bencher.iter(|| plan(black_box(&observed), &translation));
        });
    }
    group.finish();
}

criterion_group!(benches, core);
criterion_main!(benches);
