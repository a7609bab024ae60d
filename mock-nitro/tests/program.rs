//! The program itself: what it keeps when it is killed, and what it says when it cannot start.
#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The program, until it is killed.
struct Running(Child, String);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn program(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mock-nitro"));
    command.args(["--listen", "127.0.0.1:0", "--state"]).arg(state);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Running {
    fn start(state: &Path) -> Self {
        let mut child = program(state).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit("http://").next().unwrap().to_owned();
        Self(child, address)
    }

    fn ask(&self, line: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.1).unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-NITRO-USER: nsroot\r\n\
             X-NITRO-PASS: nsroot\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[test]
fn what_was_answered_is_there_after_the_program_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    for round in 0..3 {
        let running = Running::start(&state);
        for earlier in 0..round {
            let answer = running.ask(&format!("GET /nitro/v1/config/server/s{earlier}"), "");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        }
        let body = format!(r#"{{"server":{{"name":"s{round}","ipaddress":"192.0.2.{round}"}}}}"#);
        let answer = running.ask("POST /nitro/v1/config/server", &body);
        assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    }
    // A crash while it was written leaves this behind.
    fs::write(folder.path().join("state.json.new"), "{").unwrap();
    let running = Running::start(&state);
    assert!(running.ask("GET /nitro/v1/config/server/s2", "").contains("192.0.2.2"));
    let journal = running.ask("GET /mock/journal", "");
    assert!(journal.contains("/nitro/v1/config/server/s2"), "{journal}");
}

#[test]
fn a_broken_state_file_ends_the_program_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state.json");
    fs::write(&state, "{\"format\": 1").unwrap();
    let output = program(&state).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.starts_with("error: state file \"") && error.contains("state.json"), "{error}");
    assert!(error.contains("is broken"), "{error}");
    assert_eq!(fs::read_to_string(&state).unwrap(), "{\"format\": 1");
}
