//! How many requests it takes: the cost on an appliance, in exact numbers.

use std::time::Instant;

use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::execute;
use nitro_ingress::nitro::Limits;
use nitro_ingress::observe::observe;
use nitro_ingress::plan::plan;
use nitro_ingress::translate::translate;

use crate::authority::Authority;
use crate::in_process::{InProcess, client, run};
use crate::many::{Shape, crowd};
use crate::objects::{now, policy};

#[test]
fn measure() {
    for certificates in [0, 50] {
        let shape = Shape { ingresses: 1000, members: 3, certificates };
        let t = Instant::now();
        let cluster = crowd(shape, &Authority::new("ca"));
        eprintln!("crowd {:?}", t.elapsed());
        let client =
            client(InProcess::new(Appliance::new(Options { now: now(), ..Options::default() })))
                .with_limits(Limits { commands: 1000, ..Limits::default() });
        for _ in 0..4 {
            let t = Instant::now();
            let observed = run(observe(&client, &policy().mark)).unwrap();
            eprintln!("observe {:?}", t.elapsed());
            client.transport().faulty().appliance.clear_journal();
            let t = Instant::now();
            let mut snapshot = cluster.0.clone();
            snapshot.facts = observed.facts.clone();
            eprintln!("clone {:?}", t.elapsed());
            let t = Instant::now();
            let translation = translate(&snapshot, &policy());
            eprintln!("translate {:?}", t.elapsed());
            let t = Instant::now();
            let plan = plan(&observed, &translation);
            eprintln!("plan {:?} ops {}", t.elapsed(), plan.ops.len());
            let t = Instant::now();
            let outcomes = run(execute(&client, &plan, &mut |_| ()));
            eprintln!("execute {:?} {}", t.elapsed(), outcomes.is_complete());
            for e in client.transport().faulty().appliance.journal() {
                let n = e
                    .body
                    .as_object()
                    .and_then(|b| b.values().next())
                    .and_then(|v| v.as_array())
                    .map_or(1, Vec::len);
                eprintln!("  {} {} {} {}", e.method, e.path, e.errorcode, n);
            }
            client.transport().faulty().appliance.clear_journal();
        }
    }
}
