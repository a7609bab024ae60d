//! What the pages tell people to type does what they say, and conflicts end as their table says.
//!
//! Of a page, in its order: a `yaml` block is written to the file that the line before it names; of
//! a `console` block, each line with `$` is run, and the lines below it are what that prints, where
//! `...` stands for any number of lines. `make bless` rewrites what does not hold. Beside the files
//! of the page there is the folder `examples`. `mock-nitro` listens on a port of its own, whatever
//! its command says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::iter::Peekable;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::Lines;
use std::sync::Arc;

use mock_nitro::Appliance;
use mock_nitro::eval::Request;
use nitro_ingress::snapshot::{Snapshot, documents};
use tempfile::TempDir;

use crate::command::Served;
use crate::docs::documents_lock;
use crate::tidy::top;
use crate::turn;

const ELISION: &str = "...";
const MANIFEST: &str = ".yaml";

/// The README, and the pages below `docs`.
fn pages() -> Vec<PathBuf> {
    let folder = fs::read_dir(top().join("docs")).unwrap();
    let mut pages: Vec<PathBuf> = folder.map(|page| page.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|extension| extension == "md"));
    pages.push(top().join("README.md"));
    pages.sort();
    pages
}

#[test]
fn commands_of_the_pages_print_what_the_pages_say() {
    let _alone = documents_lock();
    let stale: Vec<String> = pages().iter().filter_map(|page| stale(page)).collect();
    assert!(stale.is_empty(), "{}\nif it should be so: make bless", stale.join("\n"));
}

/// What does not hold of a page; `make bless` rewrites it.
fn stale(page: &Path) -> Option<String> {
    let text = fs::read_to_string(page).unwrap();
    let run = followed(&text);
    if run == text {
        return None;
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(page, run).unwrap();
        return None;
    }
    let differs = run.lines().zip(text.lines()).position(|(is, written)| is != written);
    let line = differs.unwrap_or_default();
    let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    Some(format!("{}:{}\n  says: {}\n  is:   {}", page.display(), line + 1, at(&text), at(&run)))
}

/// The page as it would be if it said what happens to whoever follows it.
fn followed(page: &str) -> String {
    let mut desk = Desk::new();
    let mut run = String::new();
    let mut lines = page.lines().peekable();
    let mut last = "";
    while let Some(line) = lines.next() {
        writeln!(run, "{line}").unwrap();
        if let Some(language) = line.strip_prefix("```") {
            let mut content = block(&mut lines);
            match language {
                "yaml" => desk.write(last, &content),
                "console" => content = desk.follow(&content),
                "sh" => content.lines().for_each(assert_target),
                _ => {}
            }
            writeln!(run, "{content}```").unwrap();
        }
        if !line.is_empty() {
            last = line;
        }
    }
    run
}

/// The lines up to the end of a block.
fn block(lines: &mut Peekable<Lines<'_>>) -> String {
    let content = lines.take_while(|line| *line != "```");
    content.fold(String::new(), |all, line| all + line + "\n")
}

/// Of what is not run here, only `make` with a target that there is may stand on a page.
fn assert_target(line: &str) {
    let makefile = fs::read_to_string(top().join("Makefile")).unwrap();
    let command = line.split('#').next().unwrap_or_default().trim();
    let target = command.strip_prefix("make ").unwrap_or_default();
    assert!(makefile.contains(&format!("\n{target}: ##")), "{line:?} is not run");
}

/// Whether the lines are those that are expected.
fn agrees(expected: &[&str], printed: &[&str]) -> bool {
    match (expected, printed) {
        ([], printed) => printed.is_empty(),
        ([first, rest @ ..], printed) if *first == ELISION => {
            (0..=printed.len()).any(|left_out| agrees(rest, &printed[left_out..]))
        }
        ([first, expected @ ..], [line, printed @ ..]) => {
            first == line && agrees(expected, printed)
        }
        (_, []) => false,
    }
}

/// Where somebody sits and types.
struct Desk {
    folder: TempDir,
    environment: BTreeMap<String, String>,
    /// Appliances by the addresses that the page gives them.
    appliances: Vec<(String, Served)>,
    status: i32,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        symlink(top().join("examples"), folder.path().join("examples")).unwrap();
        Self { folder, environment: BTreeMap::new(), appliances: Vec::new(), status: 0 }
    }

    /// Writes a manifest, if the line before it names the file.
    fn write(&self, line: &str, content: &str) {
        if let Some(name) = line.split('`').find(|word| word.ends_with(MANIFEST)) {
            fs::write(self.folder.path().join(name), content).unwrap();
        }
    }

    /// The block with what its commands print now; what holds stays as it is written.
    fn follow(&mut self, block: &str) -> String {
        let mut run = String::new();
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            let command = line.strip_prefix("$ ").expect("a block starts with a command");
            let mut expected = Vec::new();
            while let Some(line) = lines.next_if(|line| !line.starts_with("$ ")) {
                expected.push(line);
            }
            let printed = self.run(command);
            let printed: Vec<&str> = printed.lines().collect();
            let holds = agrees(&expected, &printed);
            for line in [line].iter().chain(if holds { &expected } else { &printed }) {
                writeln!(run, "{line}").unwrap();
            }
        }
        run
    }

    /// Runs a command; gives what is seen of it.
    fn run(&mut self, command: &str) -> String {
        let words: Vec<&str> = command.split(' ').collect();
        match words[..] {
            ["export", ref variables @ ..] => {
                for (name, value) in variables.iter().filter_map(|word| word.split_once('=')) {
                    self.environment.insert(name.to_owned(), value.to_owned());
                }
                String::new()
            }
            ["mock-nitro", "--listen", address, "&"] => {
                self.appliances.push((address.to_owned(), Served::start()));
                format!("mock-nitro listens on http://{address}\n")
            }
            ["echo", "$?"] => format!("{}\n", self.status),
            _ => self.shell(command),
        }
    }

    fn shell(&mut self, command: &str) -> String {
        let (mut output, writer) = std::io::pipe().unwrap();
        let program = Path::new(env!("CARGO_BIN_EXE_nitro-ingress")).parent().unwrap().to_owned();
        let others = std::env::var_os("PATH").unwrap();
        let folders = std::iter::once(program).chain(std::env::split_paths(&others));
        let path = std::env::join_paths(folders).unwrap();
        let mut shell = Command::new("sh");
        shell.args(["-c", &self.there(command)]).current_dir(self.folder.path());
        shell.env_clear().env("PATH", path).env("LC_ALL", "C");
        shell.envs(self.environment.iter().map(|(name, value)| (name, self.there(value))));
        shell.stdout(writer.try_clone().unwrap()).stderr(writer);
        let mut child = shell.spawn().unwrap();
        // It holds the ends that are written to, and reading ends when all are closed.
        drop(shell);
        let printed = std::io::read_to_string(&mut output).unwrap();
        self.status = child.wait().unwrap().code().unwrap_or(-1);
        let here = |text: String, (written, served): &(String, Served)| {
            text.replace(&served.address.to_string(), written)
        };
        self.appliances.iter().fold(printed, here)
    }

    /// A text with the addresses at which appliances are really found.
    fn there(&self, text: &str) -> String {
        self.appliances.iter().fold(text.to_owned(), |text, (written, served)| {
            text.replace(written, &served.address.to_string())
        })
    }
}

#[test]
fn conflicts_end_as_their_table_says() {
    let page = fs::read_to_string(top().join("docs/front-ends.md")).unwrap();
    let (_, table) = page.split_once("\n## Conflicts\n").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap_or((table, ""));
    let rows = table.lines().filter(|line| line.starts_with("| ")).skip(2);
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [_, _, told, shown] = cells[..] else { panic!("four cells: {row}") };
        count += 1;
        let Some((_, link)) = shown.split_once("](../tests/scenarios/") else {
            wrong.push(format!("no scenario: {row}"));
            continue;
        };
        let folder = top().join("tests/scenarios").join(link.trim_end_matches(')'));
        let Ok(said) = fs::read_to_string(folder.join("diagnostics.txt")) else {
            wrong.push(format!("no such scenario: {shown}"));
            continue;
        };
        let quoted: Vec<&str> = told.split('`').skip(1).step_by(2).collect();
        if quoted.is_empty() && (told != "nothing" || said.contains("[front-end-conflict]")) {
            wrong.push(format!("who loses is told something: {row}"));
        }
        for text in quoted.iter().filter(|text| !said.contains(**text)) {
            wrong.push(format!("{shown} does not say {text:?}"));
        }
    }
    assert!(count > 15, "only {count} rows were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn requests_go_where_the_page_on_routing_says() {
    let page = fs::read_to_string(top().join("docs/routing.md")).unwrap();
    let (_, yaml) = page.split_once("\n```yaml\n").unwrap();
    let (ingress, _) = yaml.split_once("\n```\n").unwrap();
    let services = fs::read_to_string(top().join("examples/shop/services.yaml")).unwrap();
    let mut snapshot = Snapshot::empty(turn::NOW.parse().unwrap());
    for text in [ingress, &services] {
        assert!(documents::read(&mut snapshot, "page", text).unreadable.is_empty());
    }
    let without = without_default_back_end(&snapshot);
    let [with, without] =
        [snapshot, without].map(|snapshot| turn::converge(&snapshot, turn::appliance()));
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    assert!(rows.len() > 10, "{rows:?}");
    for row in rows {
        let [_, host, path, service, _] = row[..] else { panic!("{row:?}") };
        let request = Request::get([192, 0, 2, 10].into(), 80, host, path);
        let taker = |appliance: &Appliance| appliance.decide(&request).lbvserver.unwrap();
        let (expected, otherwise) = match service {
            "nobody" => ("k8s-web_", "k8s-ew7y4-404".to_owned()),
            service => ("k8s-", format!("k8s-{service}_")),
        };
        assert!(taker(&with).starts_with(expected), "{row:?}: {}", taker(&with));
        assert!(taker(&without).starts_with(&otherwise), "{row:?}: {}", taker(&without));
    }
}

fn without_default_back_end(snapshot: &Snapshot) -> Snapshot {
    let mut snapshot = snapshot.clone();
    for ingress in snapshot.ingresses.values_mut() {
        let object = Arc::make_mut(&mut ingress.object);
        object.spec.as_mut().unwrap().default_backend = None;
    }
    snapshot
}
