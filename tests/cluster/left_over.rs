//! What is left when the test program is killed: nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, thread};

use crate::api_server::Cluster;
use crate::running::runtime;
use crate::wait::{SOON, wait_for};

/// The argument that lets this program start the servers, tell of them, and wait.
pub(crate) const HOLD: &str = "--hold-servers";

/// Does that, and never comes back.
pub(crate) fn hold() -> ! {
    let cluster = runtime().block_on(Cluster::start()).unwrap();
    let [etcd, server] = cluster.pids();
    let folder = cluster.server.folder.display();
    let line = format!("{etcd} {server} {folder}\n");
    std::io::stdout().write_all(line.as_bytes()).unwrap();
    loop {
        thread::park();
    }
}

pub(crate) async fn nothing_survives_a_killed_test_program(_: &Cluster) {
    nothing_survives(&["-KILL"], "").await;
}

pub(crate) async fn nothing_survives_a_signal_for_all_of_a_group(_: &Cluster) {
    nothing_survives(&["-TERM", "--"], "-").await;
}

/// Starts a copy of this program as the leader of a group of its own, and kills it in this way.
async fn nothing_survives(signal: &[&str], group: &str) {
    let mut copy = Command::new(std::env::current_exe().unwrap());
    let mut copy = copy.arg(HOLD).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(copy.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let parts: Vec<&str> = line.trim().splitn(3, ' ').collect();
    let &[etcd, server, folder] = parts.as_slice() else { panic!("it says {line:?}") };
    assert!(is_running(etcd) && is_running(server) && Path::new(folder).exists());
    let target = format!("{group}{}", copy.id());
    assert!(Command::new("kill").args(signal).arg(target).status().unwrap().success());
    copy.wait().unwrap();
    wait_for("the servers to go", SOON, async || {
        let left: Vec<&str> = [etcd, server].into_iter().filter(|pid| is_running(pid)).collect();
        if left.is_empty() { Ok(()) } else { Err(format!("processes {left:?}")) }
    })
    .await;
    wait_for("the folder to go", SOON, async || match fs::read_dir(folder) {
        Err(_) => Ok(()),
        Ok(entries) => Err(format!("{folder} with {} entries", entries.count())),
    })
    .await;
}

/// Whether there is a process of this id.
pub(crate) fn is_running(pid: &str) -> bool {
    Command::new("kill").args(["-0", pid]).stderr(Stdio::null()).status().unwrap().success()
}
