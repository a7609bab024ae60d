//! What it takes to configure an appliance: requests, bytes and simulated time, ours beside those
//! of a client that goes object by object. Writes the tables of `docs/performance.md`.

#![expect(clippy::unwrap_used, reason = "a failing benchmark is the right place to panic")]
#![expect(clippy::panic, reason = "a failing benchmark is the right place to panic")]

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
#[path = "support/tables.rs"]
mod tables;

use std::io;

use authority::Authority;
use in_process::{InProcess, client, run};
use many::{Shape, crowd, with_nth};
use mock_nitro::{Appliance, Cost, Options, Profile};
use nitro_ingress::execute::execute;
use nitro_ingress::nitro::{Client, Limits, Request};
use nitro_ingress::observe::observe;
use nitro_ingress::plan::{Op, Plan, plan};
use nitro_ingress::snapshot::Snapshot;
use nitro_ingress::translate::translate;
use objects::{Cluster, now, policy};

/// Who configures the appliance.
#[derive(Debug, Clone, Copy)]
enum Who {
    /// One object after the other: is it there, then create it. Binds are not even asked about.
    Naive,
    /// We, with so many commands in a request at most, with or without series.
    Ours { commands: usize, series: bool },
}

const EVERYBODY: [Who; 5] = [
    Who::Naive,
    Who::Ours { commands: 200, series: false },
    Who::Ours { commands: 200, series: true },
    Who::Ours { commands: 1000, series: false },
    Who::Ours { commands: 1000, series: true },
];

const COLUMNS: [&str; 9] = [
    "shape",
    "Ingresses",
    "client",
    "requests",
    "objects",
    "kB sent",
    "kB received",
    "vpx-like",
    "slow",
];

fn main() -> io::Result<()> {
    let authority = Authority::new("bench");
    let (mut created, mut kept) = (Vec::new(), Vec::new());
    for certificates in [0, 50] {
        for ingresses in [10, 100, 1000] {
            let certificates = certificates.min(ingresses);
            let shape = Shape { ingresses, members: 3, certificates };
            let cluster = crowd(shape, &authority);
            for who in EVERYBODY {
                let client = who.client();
                created.push(row(shape, who.name(), &who.turn(&client, &cluster)));
                if matches!(who, Who::Ours { commands: 1000, series: true }) {
                    let rest = who.turn(&client, &cluster);
                    kept.push(row(shape, "nothing changed".to_owned(), &rest));
                    let one_more = with_nth(cluster.clone(), shape, ingresses);
                    let plain = who.turn(&client, &one_more);
                    kept.push(row(shape, "one Ingress more".to_owned(), &plain));
                }
            }
        }
    }
    tables::write("created", &COLUMNS, &created)?;
    let columns = COLUMNS.map(|name| if name == "client" { "turn" } else { name });
    tables::write("kept", &columns, &kept)
}

impl Who {
    fn name(self) -> String {
        match self {
            Self::Naive => "object by object".to_owned(),
            Self::Ours { commands, series } => {
                format!("ours, {commands}{}", if series { ", series" } else { "" })
            }
        }
    }

    /// At a new appliance.
    fn client(self) -> Client<InProcess> {
        let limits = match self {
            Self::Naive => Limits::default(),
            Self::Ours { commands, series } => Limits { commands, series, ..Limits::default() },
        };
        let mut appliance = Appliance::new(Options { now: now(), ..Options::default() });
        appliance.journal_off();
        client(InProcess::new(appliance)).with_limits(limits)
    }

    /// Makes the appliance match the cluster and says what that cost, reading included.
    fn turn(self, client: &Client<InProcess>, cluster: &Cluster) -> Cost {
        client.transport().faulty().appliance.clear_costs();
        let observed = run(observe(client, &policy().mark)).unwrap();
        let snapshot = Snapshot { facts: observed.facts.clone(), ..cluster.0.clone() };
        let plan = plan(&observed, &translate(&snapshot, &policy()));
        match self {
            Self::Naive => {
                // It does not read the appliance as a whole.
                client.transport().faulty().appliance.clear_costs();
                run(object_by_object(client, &plan));
            }
            Self::Ours { .. } => {
                let outcomes = run(execute(client, &plan, &mut |_| ()));
                assert!(outcomes.is_complete(), "{:?}", outcomes.ingresses);
            }
        }
        client.transport().faulty().appliance.costs().values().copied().sum()
    }
}

async fn object_by_object(client: &Client<InProcess>, plan: &Plan) {
    for planned in &plan.ops {
        let is_there = if let Op::Create { entity, .. } = &planned.op {
            Some(Request::entity(entity))
        } else if let Op::Upload { file, .. } = &planned.op {
            Some(Request::file(file))
        } else {
            None
        };
        if let Some(is_there) = is_there {
            let answer = client.send(&is_there).await;
            assert!(answer.is_err(), "{} is there already", planned.op);
        }
        client.send(&Request::of_op(&planned.op)).await.unwrap();
    }
}

fn row(shape: Shape, what: String, cost: &Cost) -> Vec<String> {
    let name = if shape.certificates == 0 { "HTTP" } else { "TLS" };
    let seconds = |profile: Profile| format!("{:.1} s", profile.time(cost).as_secs_f64());
    vec![
        name.to_owned(),
        shape.ingresses.to_string(),
        what,
        cost.requests.to_string(),
        cost.objects.to_string(),
        (cost.bytes_in / 1000).to_string(),
        (cost.bytes_out / 1000).to_string(),
        seconds(Profile::VPX_LIKE),
        seconds(Profile::SLOW),
    ]
}
