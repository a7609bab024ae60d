//! House rules that no compiler knows: what each file starts with, how long it may be, what the
//! core may not touch, and who may use what.

use std::fs;
use std::path::{Path, PathBuf};

/// Modules that compute and do nothing else.
const CORE: &[&str] = &[
    "model",
    "schema",
    "diagnostic",
    "snapshot",
    "observed",
    "policy",
    "annotations",
    "tls",
    "translate",
    "plan",
    "explain",
    "nitro/request",
    "nitro/response",
    "report",
];

/// What would make a computation depend on more than its input. The clock and the environment are
/// forbidden everywhere by clippy's `disallowed_methods`.
const IMPURE: &[&str] = &[
    "async fn",
    ".await",
    "kube::Api",
    "kube::Client",
    "kube::runtime",
    "reqwest",
    "tokio",
    "tracing::",
    "std::fs",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "Timestamp::now",
    "TcpStream",
    "TcpListener",
    "thread_rng",
    "rand::random",
];

/// Words that say nothing as the name of a file.
const EMPTY_NAMES: &[&str] = &[
    "base", "common", "data", "handler", "helper", "helpers", "info", "manager", "misc", "util",
    "utils", "wrapper",
];

const LONGEST_FILE: usize = 400;

/// Tables, which are as long as what they list.
const TABLES: &[&str] = &["mock-nitro/src/code.rs"];

/// One Rust file of ours.
pub(crate) struct Source {
    /// Its path from the top, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Whether it is compiled for tests only.
    pub(crate) is_test: bool,
}

impl Source {
    /// The lines before the tests at its end.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(i, line)| (i + 1, line));
        lines.take_while(|(_, line)| *line != "#[cfg(test)]")
    }

    /// The same without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let code = self.lines().map(|(i, line)| (i, line.split("//").next().unwrap_or_default()));
        code.filter(|(_, line)| !line.trim().is_empty())
    }

    /// Whether it is that module of the controller or below it.
    fn is_in(&self, module: &str) -> bool {
        let rest = self.path.strip_prefix("src/").and_then(|path| path.strip_prefix(module));
        rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    }
}

/// The top of the repository.
pub(crate) fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All our Rust files.
pub(crate) fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    for folder in ["src", "tests", "benches", "mock-nitro"] {
        collect(&top().join(folder), &mut paths);
    }
    assert!(paths.len() > 20, "found only {paths:?}");
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let path = path.strip_prefix(top()).unwrap().to_str().unwrap().replace('\\', "/");
        let is_test = path.contains("tests/") || path.starts_with("benches/");
        Source { path, text, is_test }
    };
    let mut sources: Vec<Source> = paths.into_iter().map(read).collect();
    let only_for_tests: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in &mut sources {
        let inside = |module: &String| {
            let rest = source.path.strip_prefix(module.as_str());
            rest.is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
        };
        source.is_test |= only_for_tests.iter().any(inside);
    }
    sources
}

/// The modules that a file declares for tests only, as paths without their ending.
fn test_modules(source: &Source) -> Vec<String> {
    let own = source.path.trim_end_matches(".rs");
    let folder = own.strip_suffix("/lib").or_else(|| own.strip_suffix("/main")).unwrap_or(own);
    let lines: Vec<&str> = source.text.lines().collect();
    let declared = lines.windows(2).filter(|pair| pair[0] == "#[cfg(test)]");
    declared
        .filter_map(|pair| declared_module(pair[1]))
        .map(|module| format!("{folder}/{module}"))
        .collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

#[track_caller]
fn assert_none(rule: &str, found: &[String]) {
    assert!(found.is_empty(), "{rule}:\n{}", found.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let silent = sources().into_iter().filter(|source| {
        let first = source.text.lines().next().unwrap_or_default();
        first.strip_prefix("//! ").is_none_or(|text| text.len() <= 10)
    });
    assert_none(
        "files start with `//! ` and a sentence",
        &silent.map(|s| s.path).collect::<Vec<_>>(),
    );
}

#[test]
fn files_are_short_enough_to_read() {
    let counted = |source: &Source| !source.is_test && !TABLES.contains(&source.path.as_str());
    let long = sources().into_iter().filter(counted).filter_map(|source| {
        let count = source.lines().count();
        (count > LONGEST_FILE).then(|| format!("{}: {count} lines", source.path))
    });
    assert_none("at most 400 lines before the tests", &long.collect::<Vec<_>>());
}

#[test]
fn file_names_say_something() {
    let empty = sources().into_iter().map(|source| source.path).filter(|path| {
        Path::new(path).file_stem().is_some_and(|stem| EMPTY_NAMES.iter().any(|name| *name == stem))
    });
    assert_none("banned words as file names", &empty.collect::<Vec<_>>());
}

#[test]
fn the_core_does_no_input_or_output() {
    let mut found = Vec::new();
    let is_core = |source: &&Source| CORE.iter().any(|module| source.is_in(module));
    for source in sources().iter().filter(|source| !source.is_test).filter(is_core) {
        for (number, line) in source.code() {
            for word in IMPURE.iter().filter(|word| line.contains(**word)) {
                found.push(format!("{}:{number}: {word}", source.path));
            }
        }
    }
    assert_none("the core is pure", &found);
}

#[test]
fn loose_ends_have_a_number() {
    let mut found = Vec::new();
    // Put together, so that this file does not find itself.
    let marks = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    for source in sources() {
        for (number, line) in source.text.lines().enumerate() {
            let numbered = line.contains(&format!("{}(#", marks[0]));
            if marks.iter().any(|mark| line.contains(mark.as_str())) && !numbered {
                found.push(format!("{}:{}: {}", source.path, number + 1, line.trim()));
            }
        }
    }
    assert_none("loose ends name an issue", &found);
}

#[test]
fn modules_use_only_what_stands_above_them() {
    for (library, folder) in [("src/lib.rs", "src/"), ("mock-nitro/src/lib.rs", "mock-nitro/src/")]
    {
        let text = fs::read_to_string(top().join(library)).unwrap();
        let order: Vec<&str> = text.lines().filter_map(declared_module).collect();
        let place = |name: &str| order.iter().position(|module| *module == name);
        let mut found = Vec::new();
        for source in sources().iter().filter(|source| source.path.starts_with(folder)) {
            let inside = source.path.trim_start_matches(folder).trim_end_matches(".rs");
            let Some(own) = place(inside.split('/').next().unwrap_or_default()) else { continue };
            for (number, line) in source.code().filter(|_| !source.is_test) {
                for used in line.split("crate::").skip(1) {
                    let used: String =
                        used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                    if place(&used).is_some_and(|used| used > own) {
                        found.push(format!("{}:{number}: {used}", source.path));
                    }
                }
            }
        }
        assert_none("modules stand in reading order", &found);
    }
}

fn declared_module(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    line.strip_prefix("mod ")?.strip_suffix(';')
}

#[test]
fn only_those_who_talk_to_the_appliance_know_its_client() {
    let allowed = ["nitro", "observe", "execute", "cli", "controller"];
    let mut found = Vec::new();
    for source in sources().iter().filter(|source| source.path.starts_with("src/")) {
        if source.is_test || allowed.iter().any(|module| source.is_in(module)) {
            continue;
        }
        for (number, line) in source.code().filter(|(_, line)| line.contains("crate::nitro")) {
            found.push(format!("{}:{number}: {line}", source.path));
        }
    }
    assert_none("only the shell talks to the appliance", &found);
}

#[test]
fn only_the_controller_knows_both_worlds() {
    let both = sources().into_iter().filter(|source| {
        let uses = |word: &str| source.code().any(|(_, line)| line.contains(word));
        source.path.starts_with("src/")
            && !source.is_in("controller")
            && uses("kube::Client")
            && uses("crate::nitro")
    });
    assert_none("kube and nitro meet in the controller", &both.map(|s| s.path).collect::<Vec<_>>());
}

#[test]
fn the_simulated_appliance_shares_no_code_with_the_controller() {
    let manifest = fs::read_to_string(top().join("mock-nitro/Cargo.toml")).unwrap();
    assert!(!manifest.contains("nitro-ingress"), "{manifest}");
}

#[test]
fn the_image_is_built_by_the_pinned_compiler() {
    let read = |name: &str| fs::read_to_string(top().join(name)).unwrap();
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"")).unwrap();
    let version = channel.trim_end_matches('"');
    assert!(read("Dockerfile").contains(&format!("RUST=rust:{version}-alpine")), "not {version}");
}
