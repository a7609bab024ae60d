//! Time and memory of the pure core at a size that no cluster of ours has: 10 000 Ingresses with
//! 100 000 endpoints, on an appliance that is new and on one where nothing is left to do.

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
#[path = "support/tables.rs"]
mod tables;

use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use nitro_ingress::plan::{aim, plan};
use nitro_ingress::translate::translate;
use objects::policy;
use sizes::{cluster_of, new_appliance};

/// What we aim at.
const LONGEST: Duration = Duration::from_secs(1);
const MOST_MEMORY_MIB: u64 = 400;

fn main() -> io::Result<()> {
    let snapshot = cluster_of(10_000);
    let before = peak_memory_mib();
    let mut observed = new_appliance();
    let mut rows = Vec::new();
    let mut longest = Duration::ZERO;
    for appliance in ["new", "nothing to do"] {
        let start = Instant::now();
        let translation = translate(&snapshot, &policy());
        let translated = start.elapsed();
        let start = Instant::now();
        let plan = plan(&observed, &translation);
        let planned = start.elapsed();
        longest = longest.max(translated + planned);
        let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
        let ops = plan.ops.len().to_string();
        rows.push(vec![appliance.to_owned(), ops, seconds(translated), seconds(planned)]);
        observed.owned = aim(&observed, &translation).owned;
    }
    let peak = peak_memory_mib();
    for row in &mut rows {
        row.extend([format!("{before} MiB"), format!("{peak} MiB")]);
    }
    let columns = ["appliance", "ops", "translate", "plan", "memory before", "peak"];
    tables::write("scale", &columns, &rows)?;
    if longest > LONGEST || peak > MOST_MEMORY_MIB {
        writeln!(io::stderr(), "above the aim of {LONGEST:?} and {MOST_MEMORY_MIB} MiB")?;
    }
    Ok(())
}

/// The most memory that this process has held at once.
fn peak_memory_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
}
