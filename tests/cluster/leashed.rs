//! Servers that end with this program, however it ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

/// `tests/tools/leash.sh` stands between: it kills the server when our end of its pipe is closed,
/// as it is when we are gone.
const LEASH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/leash.sh");

/// Lines of a log that are shown when a server does not start.
const SHOWN: usize = 60;

/// A running server; it is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Leashed {
    name: String,
    /// Its process id.
    pub(crate) pid: u32,
    leash: Child,
    signals: Option<ChildStdin>,
    log: PathBuf,
}

/// What happens to the folder that a server runs in when the server is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Folder {
    /// It stays.
    Kept,
    /// It goes.
    Removed,
}

impl Leashed {
    /// Starts this program in this folder, where its log is `NAME.log`.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        folder: (&Path, Folder),
        arguments: &[String],
    ) -> Result<Self, String> {
        let (folder, then) = folder;
        let log = folder.join(format!("{name}.log"));
        let mut leash = Command::new(LEASH);
        leash.arg(&log);
        if then == Folder::Removed {
            leash.arg("--remove").arg(folder);
        }
        // Signals for a whole group, such as that of the keyboard, are for the test program.
        leash.arg(program).args(arguments).current_dir(folder).process_group(0);
        let pipes = leash.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut leash = pipes.spawn().map_err(|error| format!("cannot run {LEASH}: {error}"))?;
        let (signals, said) = (leash.stdin.take(), leash.stdout.take().expect("it is a pipe"));
        let mut pid = String::new();
        let read = BufReader::new(said).read_line(&mut pid);
        read.map_err(|error| format!("{LEASH} says nothing: {error}"))?;
        let pid = pid.trim().parse().map_err(|_| format!("{LEASH} gives {pid:?} as process id"))?;
        Ok(Self { name: name.to_owned(), pid, leash, signals, log })
    }

    /// Sends a signal, by its name.
    pub(crate) fn signal(&mut self, name: &str) {
        writeln!(self.signals.as_mut().expect("it is open until drop"), "{name}").unwrap();
    }

    /// An error with the end of the log, if the server has ended; not where its folder goes with it.
    pub(crate) fn check(&mut self) -> Result<(), String> {
        match self.leash.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(format!("{} has ended ({status})\n{}", self.name, self.log())),
            Err(error) => Err(format!("{} cannot be looked at: {error}", self.name)),
        }
    }

    /// How many lines of the log hold this text.
    pub(crate) fn said(&self, text: &str) -> usize {
        self.lines(text).len()
    }

    /// The lines of the log that hold this text; none while there is no log.
    pub(crate) fn lines(&self, text: &str) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// The end of the log.
    pub(crate) fn log(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        let end = &lines[lines.len().saturating_sub(SHOWN)..];
        format!("the end of its log, {}:\n{}", self.log.display(), end.join("\n"))
    }
}

impl Drop for Leashed {
    fn drop(&mut self) {
        drop(self.signals.take());
        let _ended = self.leash.wait();
    }
}
