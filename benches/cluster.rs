//! The controller itself, in release, between a real API server and a simulated appliance: how long
//! it takes to begin, how much memory it needs, and how soon a change of an endpoint reaches the
//! appliance. Writes a table of `docs/performance.md`.
//!
//! `cargo bench --bench cluster -- 1000` has one size only and leaves the page alone.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing benchmark is the right place to panic"
)]

#[path = "../tests/cluster/access.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod access;
#[path = "../tests/cluster/api_server.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod api_server;
#[path = "../tests/cluster/appliance.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod appliance;
#[path = "../tests/support/authority.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod authority;
#[path = "../tests/cluster/leashed.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod leashed;
#[path = "../tests/support/many.rs"]
mod many;
#[path = "../tests/support/objects.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod objects;
#[path = "../tests/cluster/programs.rs"]
mod programs;
#[path = "../tests/cluster/running.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "the tests use more of it")]
mod running;
#[path = "support/crowded.rs"]
mod crowded;
#[path = "support/tables.rs"]
mod tables;
#[path = "../tests/cluster/wait.rs"]
mod wait;

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use access::User;
use api_server::Cluster;
use appliance::Mock;
use crowded::Size;
use leashed::{Folder, Leashed};
use mock_nitro::JournalEntry;
use running::runtime;
use wait::wait_for;

/// A size, with what we aim at there.
#[derive(Debug, Clone, Copy)]
struct Goal {
    size: Size,
    memory_mib: u64,
    change: Duration,
}

const GOALS: [Goal; 2] = [
    Goal {
        size: Size { ingresses: 1_000, other_secrets: 0 },
        memory_mib: 96,
        change: Duration::from_millis(300),
    },
    Goal {
        size: Size { ingresses: 10_000, other_secrets: 30_000 },
        memory_mib: 400,
        change: Duration::from_millis(1200),
    },
];

/// What was measured at a size.
#[derive(Debug)]
struct Measured {
    /// From the start until a new appliance has everything.
    first: Duration,
    /// From the start until all reports say so.
    told: Duration,
    /// From another start until it is known that nothing is to do.
    again: Duration,
    /// The most memory that one of both processes has held at once.
    memory_mib: u64,
    /// From the write of an endpoint to the first request, the shortest first.
    changes: Vec<Duration>,
}

const COLUMNS: [&str; 9] = [
    "Ingresses",
    "other Secrets",
    "new appliance",
    "all reported",
    "converged appliance",
    "peak memory",
    "aim",
    "endpoint change, p50 / p99",
    "aim",
];

/// How many endpoints are changed, one after the other.
const CHANGES: usize = 20;

/// As long as the longest of what is measured may take.
const DEADLINE: Duration = Duration::from_mins(15);

/// Until what follows a change is over as well: it is looked at again, and told. Nothing shows when
/// that is, and no measured time holds it.
const PAUSE: Duration = Duration::from_secs(5);

fn main() -> io::Result<()> {
    let chosen: Vec<usize> = std::env::args().filter_map(|text| text.parse().ok()).collect();
    let is_chosen = |goal: &Goal| chosen.is_empty() || chosen.contains(&goal.size.ingresses);
    let mut rows = Vec::new();
    for goal in GOALS.into_iter().filter(is_chosen) {
        let measured = runtime().block_on(measure(goal.size))?;
        rows.push(row(goal, &measured));
        writeln!(io::stderr(), "{measured:?}")?;
        let (_, p99) = percentiles(&measured.changes);
        if measured.memory_mib > goal.memory_mib || p99 > goal.change {
            let Goal { size, memory_mib, change } = goal;
            writeln!(io::stderr(), "{size:?} is above the aim of {memory_mib} MiB, {change:?}")?;
        }
    }
    if chosen.is_empty() { tables::write("cluster", &COLUMNS, &rows) } else { Ok(()) }
}

fn row(goal: Goal, measured: &Measured) -> Vec<String> {
    let Goal { size: Size { ingresses, other_secrets }, memory_mib, change } = goal;
    let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
    let millis = |time: Duration| format!("{} ms", time.as_millis());
    let (p50, p99) = percentiles(&measured.changes);
    vec![
        ingresses.to_string(),
        other_secrets.to_string(),
        seconds(measured.first),
        seconds(measured.told),
        seconds(measured.again),
        format!("{} MiB", measured.memory_mib),
        format!("{memory_mib} MiB"),
        format!("{} / {}", millis(p50), millis(p99)),
        millis(change),
    ]
}

/// The middle and, of so few, the last of sorted times.
fn percentiles(sorted: &[Duration]) -> (Duration, Duration) {
    (sorted[sorted.len() / 2], sorted[sorted.len() - 1])
}

async fn measure(size: Size) -> io::Result<Measured> {
    let cluster = Cluster::start().await.unwrap_or_else(|why| panic!("{why}"));
    cluster.server.crds().await;
    let filled = Instant::now();
    crowded::fill(&cluster.server.client(), size).await;
    writeln!(io::stderr(), "{size:?} made in {:?}", filled.elapsed())?;
    let mock = Mock::start();
    let (first, told, memory, changes) = {
        let controller = Controller::start("first", &cluster, &mock);
        let (first, told) = controller.synced(size, &mock).await;
        writeln!(io::stderr(), "{} MiB after the first turn", controller.memory_mib())?;
        let mut changes = Vec::new();
        for number in 0..CHANGES {
            changes.push(change(&cluster, &mock, number * size.ingresses / CHANGES).await);
        }
        changes.sort();
        let memory = controller.memory_mib();
        // A stop in the middle of a change would leave the rest of it to the next start.
        tokio::time::sleep(PAUSE).await;
        controller.stop().await;
        (first, told, memory, changes)
    };
    mock.clear_journal();
    let controller = Controller::start("again", &cluster, &mock);
    let (_, again) = controller.synced(size, &mock).await;
    let writes = mock.writes();
    assert!(writes.is_empty(), "a converged appliance is written to: {writes:?}");
    let memory_mib = memory.max(controller.memory_mib());
    writeln!(io::stderr(), "{} MiB after the second start", controller.memory_mib())?;
    Ok(Measured { first, told, again, memory_mib, changes })
}

/// The time from the write of an endpoint of an Ingress to the first write to the appliance.
async fn change(cluster: &Cluster, mock: &Mock, ingress: usize) -> Duration {
    tokio::time::sleep(PAUSE).await;
    mock.clear_journal();
    let client = cluster.server.client();
    let sent = crowded::change_endpoint(&client, ingress).await;
    while sent.elapsed() < DEADLINE {
        if mock.writes().iter().any(|line| !line.contains("action=save")) {
            return sent.elapsed();
        }
        // What is measured is short, so it is asked for often.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the change of an endpoint of Ingress {ingress} does not reach the appliance");
}

fn is_save(entry: &JournalEntry) -> bool {
    entry.query.as_deref() == Some("action=save")
}

/// The program, at work as it is by default.
struct Controller {
    process: Leashed,
    started: Instant,
}

impl Controller {
    fn start(name: &str, cluster: &Cluster, mock: &Mock) -> Self {
        let server = &cluster.server;
        let password = server.folder.join("password");
        fs::write(&password, "nsroot").unwrap();
        let arguments = [
            "controller".to_owned(),
            "--listen=127.0.0.1:0".to_owned(),
            format!("--kubeconfig={}", server.kubeconfig(&User::admin()).display()),
            "--controller-name=citrix.com/ingress-controller".to_owned(),
            "--cluster-id=bench".to_owned(),
            format!("--nitro-url={}", mock.url),
            "--nitro-username=nsroot".to_owned(),
            format!("--nitro-password-file={}", password.display()),
        ];
        let program = Path::new(env!("CARGO_BIN_EXE_nitro-ingress"));
        let folder = (server.folder.as_path(), Folder::Kept);
        let started = Instant::now();
        let process = Leashed::start(name, program, folder, &arguments).unwrap();
        Self { process, started }
    }

    /// The times from the start until the last write to the appliance, and until all Ingresses are
    /// known to be programmed and have reports that say so.
    async fn synced(&self, size: Size, mock: &Mock) -> (Duration, Duration) {
        let wanted = format!("state=\"programmed\"}} {}", size.ingresses);
        let mut written = (0, Duration::ZERO);
        wait_for("all Ingresses to be programmed", DEADLINE, async || {
            let count = mock.act(|node| {
                let journal = node.appliance.journal().iter();
                journal.filter(|entry| entry.method != "GET" && !is_save(entry)).count()
            });
            if count != written.0 {
                written = (count, self.started.elapsed());
            }
            let metrics = self.metrics().unwrap_or_else(|error| error.to_string());
            let line = metrics.lines().find(|line| line.contains("state=\"programmed\""));
            let is_told = metrics.lines().any(|line| {
                line.starts_with("nitro_ingress_untold_ingresses{") && line.ends_with("} 0")
            });
            if is_told && line.is_some_and(|line| line.ends_with(&wanted)) {
                return Ok((written.1, self.started.elapsed()));
            }
            Err(format!("{line:?}"))
        })
        .await
    }

    fn metrics(&self) -> io::Result<String> {
        let said = self.process.lines("answering probes").pop().unwrap_or_default();
        let address = said.split_once("address=").map(|(_, address)| address);
        let address = address.ok_or_else(|| io::Error::other("it says no address yet"))?;
        let mut connection = TcpStream::connect(address.trim())?;
        connection.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// The most memory that it has held at once.
    fn memory_mib(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }

    async fn stop(mut self) {
        self.process.signal("TERM");
        wait_for("the controller to stop", DEADLINE, async || match self.process.check() {
            Ok(()) => Err("it runs"),
            Err(ended) if ended.contains("exit status: 0") => Ok(()),
            Err(ended) => panic!("{ended}"),
        })
        .await;
    }
}
