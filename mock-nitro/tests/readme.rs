//! What the README tells people to type does what it says. `...` stands for any number of lines.
#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_mock-nitro");

/// Programs in the background, which end with the test.
struct Background(Vec<Child>);

impl Drop for Background {
    fn drop(&mut self) {
        for child in &mut self.0 {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// The README with ports that are free, and an address of loopback that no other test has.
fn readme() -> String {
    let mut text = include_str!("../README.md").replace("127.0.0.10", "127.67.0.1");
    for port in ["9080", "9081"] {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        text = text.replace(port, &free.to_string());
    }
    text
}

fn agrees(expected: &[&str], printed: &[&str]) -> bool {
    match (expected, printed) {
        (["...", rest @ ..], printed) => {
            (0..=printed.len()).any(|left_out| agrees(rest, &printed[left_out..]))
        }
        ([first, expected @ ..], [line, printed @ ..]) => {
            first == line && agrees(expected, printed)
        }
        (expected, printed) => expected.is_empty() && printed.is_empty(),
    }
}

#[test]
fn commands_print_what_the_readme_says() {
    let text = readme();
    let folder = tempfile::tempdir().unwrap();
    let mut background = Background(Vec::new());
    let blocks = text.split("```console\n").skip(1);
    let content = blocks.filter_map(|block| block.split_once("```").map(|(block, _)| block));
    let mut count = 0;
    for command in content.flat_map(|block| block.split("$ ").skip(1)) {
        let (line, expected) = command.split_once('\n').unwrap();
        let printed = run(line, folder.path(), &mut background);
        let [expected, shown] = [expected, &*printed].map(|text| text.lines().collect::<Vec<_>>());
        assert!(agrees(&expected, &shown), "{line}\n{printed}");
        count += 1;
    }
    assert!(count > 10, "{count} commands");
}

fn run(line: &str, folder: &Path, background: &mut Background) -> String {
    let arguments = line.strip_prefix("mock-nitro ").and_then(|rest| rest.strip_suffix(" &"));
    if let Some(arguments) = arguments {
        let mut child = Command::new(PROGRAM)
            .args(arguments.split(' '))
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        background.0.push(child);
        return first;
    }
    let output = Command::new("sh").args(["-c", line]).current_dir(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{line}: {text}");
    text
}
