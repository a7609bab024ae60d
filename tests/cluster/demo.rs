//! The demonstration in a cluster shows what it promises, and leaves nothing, however it ends.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::api_server::Cluster;
use crate::appliance::Mock;
use crate::left_over::is_running;
use crate::wait::{SOON, wait_for};

/// The argument that lets this program be the appliance.
pub(crate) const SERVE: &str = "--serve-appliance";

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/demo-cluster.sh");

/// It takes a quarter of a minute on a machine that has nothing else to do.
const DEADLINE: Duration = Duration::from_mins(4);

/// Every server that the demonstration starts.
const SERVERS: [&str; 4] = ["etcd", "api-server", "appliance", "controller"];

/// Lines that it must show, in this order, by parts of them that do not change.
const SHOWN: [&[&str]; 16] = [
    &["secret/tls-ca created"],
    &["$ kubectl apply -f examples/mutual-authentication/ingress.yaml"],
    &["$ kubectl wait --for=condition=Programmed ingressreport/web-ingress"],
    &["ingressreport.nitro-ingress.dev/web-ingress condition met"],
    &["$ kubectl get ingressreports"],
    &["web-ingress ", " 192.0.2.10 ", " True ", " Programmed ", " Mandatory "],
    &["csvserver k8s-192.0.2.10_443_ssl"],
    &["secret/tls-ca patched"],
    &["web-ingress ", " 192.0.2.10 ", " False ", " Held ", " Mandatory "],
    &["Warning ", " Held ", "Ingress/web-ingress ", "Secret \"default/tls-ca\" cannot be used"],
    &["secret/tls-ca replaced"],
    &["web-ingress ", " 192.0.2.10 ", " True ", " Programmed ", " Mandatory "],
    &["ingress.networking.k8s.io \"web-ingress\" deleted"],
    &["no changes"],
    &["$ kubectl get lease nitro-ingress"],
    &["nitro-ingress "],
];

/// Is the appliance, and never comes back.
pub(crate) fn serve() -> ! {
    let mock = Mock::start();
    let line = format!("mock-nitro listens on {}\n", mock.url);
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    loop {
        thread::park();
    }
}

pub(crate) async fn it_shows_the_life_of_an_ingress(_: &Cluster) {
    let mut demo = Demo::start();
    let servers = demo.servers().await;
    let status = wait_for("the end of the demonstration", DEADLINE, async || {
        demo.script.try_wait().unwrap().ok_or_else(|| demo.said())
    })
    .await;
    let said = demo.said();
    assert!(status.success(), "{said}");
    let mut lines = said.lines();
    for parts in SHOWN {
        let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
        assert!(lines.any(is_it), "no line, or not in its place, with {parts:?}:\n{said}");
    }
    assert!(!said.contains("PRIVATE KEY") && !said.contains('\u{1b}'), "{said}");
    demo.has_left_nothing(&servers).await;
}

pub(crate) async fn nothing_survives_it_when_it_is_killed(_: &Cluster) {
    for signal in ["-INT", "-TERM", "-KILL"] {
        let mut demo = Demo::start();
        let servers = demo.servers().await;
        let pid = demo.script.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        demo.script.wait().unwrap();
        demo.has_left_nothing(&servers).await;
    }
}

/// A demonstration that goes on.
struct Demo {
    script: Child,
    /// Where temporary folders are made.
    there: TempDir,
    /// What it shows, and the programs that it need not build.
    ours: TempDir,
}

impl Demo {
    fn start() -> Self {
        let (there, ours) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let appliance =
            format!("#!/bin/sh\nexec '{}' {SERVE}\n", std::env::current_exe().unwrap().display());
        let program = ours.path().join("mock-nitro");
        fs::write(&program, appliance).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        symlink(env!("CARGO_BIN_EXE_nitro-ingress"), ours.path().join("nitro-ingress")).unwrap();
        let output = File::create(ours.path().join("output")).unwrap();
        let mut script = Command::new(SCRIPT);
        script.env("DEMO_PROGRAMS", ours.path()).env("TMPDIR", there.path());
        script.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap());
        script.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        Self { script: script.spawn().unwrap(), there, ours }
    }

    /// Everything that it has said.
    fn said(&self) -> String {
        fs::read_to_string(self.ours.path().join("output")).unwrap()
    }

    /// The process ids of its servers, once all run.
    async fn servers(&mut self) -> Vec<String> {
        wait_for("its servers", DEADLINE, async || {
            let folders = fs::read_dir(self.there.path()).unwrap();
            let folder = folders.flatten().next().ok_or_else(|| self.said())?.path();
            let pid = |name: &str| {
                let pid = fs::read_to_string(folder.join(format!("{name}.pid"))).ok()?;
                pid.strip_suffix('\n').map(str::to_owned)
            };
            let pids: Option<Vec<String>> = SERVERS.into_iter().map(pid).collect();
            match self.script.try_wait().unwrap() {
                // Its end is for the caller to look at.
                Some(_) => Ok(Vec::new()),
                None => pids.ok_or_else(|| self.said()),
            }
        })
        .await
    }

    /// Waits until its servers and its folder are gone.
    async fn has_left_nothing(&self, servers: &[String]) {
        assert_eq!(servers.len(), SERVERS.len(), "{}", self.said());
        wait_for("everything to go", SOON, async || {
            let running: Vec<&String> = servers.iter().filter(|pid| is_running(pid)).collect();
            let files = fs::read_dir(self.there.path()).unwrap().count();
            if running.is_empty() && files == 0 {
                Ok(())
            } else {
                Err(format!("processes {running:?}, {files} files"))
            }
        })
        .await;
    }
}
