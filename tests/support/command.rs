//! The program as people run it, against an appliance on a port of its own.

use std::fs;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};

use jiff::Timestamp;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::{Server, tls};
use mock_nitro::{Appliance, Options};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// An appliance that answers until the test ends.
pub(crate) struct Served {
    /// Where.
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    journal: Journal,
}

#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Served {
    /// A fresh one, over plain HTTP.
    pub(crate) fn start() -> Self {
        Self::with(Options::default(), Faults::none(), None)
    }

    /// One over HTTPS.
    pub(crate) fn start_tls(identity: tls::Identity) -> Self {
        Self::with(Options::default(), Faults::none(), Some(identity))
    }

    /// One of this kind, where these things go wrong. Its thread ends with the test program.
    pub(crate) fn with(options: Options, faults: Faults, identity: Option<tls::Identity>) -> Self {
        let journal = Journal::default();
        let scheme = if identity.is_some() { "https" } else { "http" };
        let (send, receive) = mpsc::channel();
        let kept = journal.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                let appliance = Faulty::new(Appliance::new(options), faults);
                let server = Server::new(appliance, Some(Box::new(kept)), Timestamp::now);
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                send.send(listener.local_addr().unwrap()).unwrap();
                let acceptor = identity.map(|identity| tls::acceptor(&identity).unwrap());
                server.serve(listener, acceptor).await.unwrap();
            });
        });
        Self { address: receive.recv().unwrap(), scheme, journal }
    }

    /// Its address for `--nitro-url`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Everything that was asked of it, as text.
    pub(crate) fn journal(&self) -> String {
        String::from_utf8(self.journal.0.lock().unwrap().clone()).unwrap()
    }

    /// How many requests wanted to change something.
    pub(crate) fn writes(&self) -> usize {
        self.write_numbers().len()
    }

    /// The numbers of these requests among all, from 1.
    pub(crate) fn write_numbers(&self) -> Vec<u64> {
        let journal = self.journal();
        let entries = journal.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let is_write = |entry: &Value| {
            let path = entry["path"].as_str().unwrap();
            entry["method"] != "GET" && !path.ends_with("/login") && !path.ends_with("/logout")
        };
        (1..).zip(entries).filter(|(_, entry)| is_write(entry)).map(|(number, _)| number).collect()
    }
}

/// How the program ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Its exit status.
    pub(crate) status: i32,
    /// What it wrote to standard output.
    pub(crate) out: String,
    /// What it wrote to standard error.
    pub(crate) err: String,
}

/// A run of the program that is being prepared.
pub(crate) struct Run {
    command: Command,
    stdin: Vec<u8>,
}

/// Runs the program with these arguments, and as little environment as it goes.
pub(crate) fn nitro_ingress(arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nitro-ingress"));
    command.args(arguments).env_clear().env("NITRO_USERNAME", "nsroot");
    command.env("NITRO_PASSWORD", "nsroot").env("RUST_BACKTRACE", "full");
    Run { command, stdin: Vec::new() }
}

impl Run {
    /// Against this appliance.
    pub(crate) fn on(mut self, served: &Served) -> Self {
        self.command.env("NITRO_URL", served.url());
        self
    }

    /// With this variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// With these manifests.
    pub(crate) fn files(mut self, path: &Path) -> Self {
        self.command.arg("-f").arg(path);
        self
    }

    /// In this folder.
    pub(crate) fn within(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// With this on standard input.
    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = text.as_bytes().to_vec();
        self
    }

    /// Runs it to its end.
    pub(crate) fn end(mut self) -> Finished {
        let pipes = self.command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = pipes.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may end without reading.
        let _written = stdin.write_all(&self.stdin);
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Finished {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Finished {
    /// The run, if it ended like this.
    #[track_caller]
    pub(crate) fn with_status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.out, self.err);
        self
    }

    /// The run, if it said this on standard error.
    #[track_caller]
    pub(crate) fn saying(self, text: &str) -> Self {
        assert!(self.err.contains(text), "{text:?} is not in:\n{}", self.err);
        self
    }
}

/// A folder of manifests.
pub(crate) struct Manifests {
    directory: TempDir,
}

impl Manifests {
    /// The walkthrough: an Ingress with mutual TLS on both sides, its Service and Secrets.
    pub(crate) fn walkthrough(secrets: &str) -> Self {
        let manifests = Self { directory: TempDir::new().unwrap() };
        let example =
            concat!(env!("CARGO_MANIFEST_DIR"), "/examples/mutual-authentication/ingress.yaml");
        manifests.write("ingress.yaml", &fs::read_to_string(example).unwrap());
        manifests.write("secrets.yaml", secrets);
        manifests
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) -> &Self {
        fs::write(self.directory.path().join(name), text).unwrap();
        self
    }

    /// Replaces text in a file.
    #[track_caller]
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) -> &Self {
        let text = fs::read_to_string(self.directory.path().join(name)).unwrap();
        assert!(text.contains(from), "{from:?} is not in {name}");
        self.write(name, &text.replace(from, to))
    }
}
