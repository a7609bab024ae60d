//! Documents that are made from the source, and those that point at it: they are as fresh as it is.

mod metrics;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::{ArgAction, Args, Command, CommandFactory};
use nitro_ingress::annotations::{ANNOTATIONS, Annotation};
use nitro_ingress::cli;
use nitro_ingress::diagnostic::Code;
use nitro_ingress::report::reasons::REASONS;
use nitro_ingress::settings::{ClusterSettings, ControllerSettings, OutputSettings, Settings};

use crate::command::nitro_ingress;
use crate::tidy::{Source, sources, top};

/// Documents are rewritten by one test at a time.
pub(crate) fn documents_lock() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Compares a generated document with what is committed; `make bless` rewrites it.
#[track_caller]
fn assert_fresh(path: &str, text: &str) {
    let file = top().join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == text, "{path} is stale: make bless");
}

/// A document with another text between two marks.
fn with_section(document: &str, name: &str, section: &str) -> String {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&start).unwrap();
    let (_, after) = rest.split_once(&end).unwrap();
    format!("{before}{start}\n{}\n\n{end}{after}", section.trim())
}

#[test]
fn the_readme_shows_the_settings_and_a_plan_of_the_program() {
    let _alone = documents_lock();
    let plan = top().join("tests/scenarios/client-authentication-added/plan.txt");
    let plan = format!("```text\n{}\n```", fs::read_to_string(plan).unwrap().trim());
    let mut text = fs::read_to_string(top().join("README.md")).unwrap();
    for (name, section) in
        [("settings", settings()), ("plan", plan), ("annotations", annotations())]
    {
        text = with_section(&text, name, &section);
    }
    assert_fresh("README.md", &text);
}

/// The annotations as a table.
fn annotations() -> String {
    let row = |annotation: &Annotation| {
        let Annotation { key, default, doc, .. } = annotation;
        format!("| `{key}` | {doc} | {default} |\n", doc = cell(doc), default = cell(default))
    };
    let rows: String = ANNOTATIONS.iter().map(row).collect();
    format!("| annotation | what it does | without it |\n| --- | --- | --- |\n{rows}")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_reference_of_annotations_is_fresh() {
    let _alone = documents_lock();
    assert_fresh("docs/annotations.md", &cli::annotations::markdown());
}

const DIAGNOSTICS: &str = "# Diagnostics

What is wrong with an Ingress, or with what it refers to, is a *diagnostic*.
This page lists all of them; it is made from the source by `make bless`.

`nitro-ingress lint -f PATH` finds them in manifests, without an appliance, and ends with 1 if there are errors.
Of a repository that holds a part of what there is in the cluster, such as no Secrets, `lint --partial` notes only what is missing.
`plan` and `apply` say the same things, and what only an appliance can show.

- An *error* keeps its Ingress from being served as it asks. If it was served, its last good configuration stays, or its routes are withdrawn where that would protect less.
- A *warning*: the Ingress is served; something about it is probably not what was meant.
- A *note* is worth knowing.

## An example

This is `ingress.yaml`:

```yaml
MANIFEST
```

`nitro-ingress lint -f ingress.yaml` says:

```text
TEXT
```

## For programs

`lint -o sarif` writes SARIF 2.1.0, which code hosts and editors show beside the source; the rules are the codes of this page.
`lint -o json` writes one object; within a `version` of it, members may come and none goes or changes:

```json
JSON
```

`ingresses` counts those that were read, `refused` those of them that are not served, and `elsewhere` those of another controller.
`field` and `place` are `null` where there is none. A part of the input that could not be read belongs to the object that it stands in, or else to one of kind `File`.

## All codes
";

#[test]
fn the_reference_of_diagnostics_is_fresh() {
    let _alone = documents_lock();
    let folder = top().join("tests/fixtures/lint/page");
    let lint = |form| {
        let run = nitro_ingress(&["lint", "-f", "ingress.yaml", "-o", form]).within(&folder);
        run.end().with_status(1).out
    };
    let manifest = fs::read_to_string(folder.join("ingress.yaml")).unwrap();
    let parts = [("MANIFEST", manifest), ("TEXT", lint("text")), ("JSON", lint("json"))];
    let mut text = DIAGNOSTICS.to_owned();
    for (mark, part) in parts {
        text = text.replacen(&format!("\n{mark}\n"), &format!("\n{}\n", part.trim()), 1);
    }
    for code in Code::ALL {
        let severities: Vec<String> = code.severities().iter().map(ToString::to_string).collect();
        write!(
            text,
            "\n### {code}\n\n{}\n\n- severity: {}\n- what to do: {}\n\n```text\n{}[{code}]: {}\n```\n",
            code.meaning(),
            severities.join(" or "),
            code.remedy(),
            severities[0],
            code.example(),
        )
        .unwrap();
    }
    assert_fresh("docs/diagnostics.md", &text);
}

const STATUS: &str = "# Conditions

What the controller says in the cluster, on objects of its own; this page is made from the source by `make bless`.

- `kubectl get ingressreports` shows the `IngressReport` beside each Ingress that is ours, and `kubectl wait --for=condition=Programmed ingressreport/NAME` waits for it.
- `kubectl get netscalers` shows each appliance.

Where a condition is `False`, its message is a sentence about what is the matter, and an Event says the same once, on the Ingress or the `NetScaler`.
";

const CODES: &str = "
`Accepted` and `ResolvedRefs` may have as a reason each code of [diagnostics.md](diagnostics.md), written as `SecretMissing` for `secret-missing`: there stands what to do.
`ResolvedRefs` has those about what the Ingress refers to, `Accepted` all others.
";

#[test]
fn the_reference_of_conditions_is_fresh() {
    let _alone = documents_lock();
    let mut text = STATUS.to_owned();
    for object in ["IngressReport", "NetScaler"] {
        write!(text, "\n## {object}\n\n| condition | reason | what it means |\n").unwrap();
        text.push_str("| --- | --- | --- |\n");
        for one in REASONS.iter().filter(|one| one.object == object) {
            let conditions = one.conditions.join("`, `");
            let meaning = cell(one.meaning);
            writeln!(text, "| `{conditions}` | `{}` | {meaning} |", one.reason).unwrap();
        }
        if object == "IngressReport" {
            text.push_str(CODES);
        }
    }
    assert_fresh("docs/status.md", &text);
}

#[test]
fn diagnostics_of_the_scenarios_are_as_their_reference_says() {
    let scenarios = top().join("tests/scenarios");
    let files = fs::read_dir(scenarios).unwrap().filter_map(|folder| {
        fs::read_to_string(folder.unwrap().path().join("diagnostics.txt")).ok()
    });
    let texts: Vec<String> = files.collect();
    let lines: BTreeSet<&str> = texts.iter().flat_map(|text| text.lines()).collect();
    for code in Code::ALL {
        let mark = format!("[{code}]: ");
        let seen: Vec<_> = lines.iter().filter_map(|line| line.split_once(&mark)).collect();
        let severities: Vec<String> = code.severities().iter().map(ToString::to_string).collect();
        for (severity, _) in &seen {
            let known = severities.iter().any(|known| known == severity);
            assert!(known, "{code} is {severity} somewhere: say so in src/diagnostic/code.rs");
        }
        // What no scenario shows, no test keeps true.
        let shown = seen.iter().any(|(_, message)| *message == code.example());
        assert!(shown || seen.is_empty(), "no scenario says of {code}: {}", code.example());
    }
}

/// The options of all commands as a table.
fn settings() -> String {
    let command = Settings::augment_args(Command::new("settings"));
    let command = ControllerSettings::augment_args(ClusterSettings::augment_args(command));
    let command = OutputSettings::augment_args(command);
    let mut table = "| option | environment | what it is for |\n| --- | --- | --- |\n".to_owned();
    for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
        let value = match (argument.get_action(), argument.get_value_names()) {
            (ArgAction::Set | ArgAction::Append, Some([name, ..])) => format!(" {name}"),
            (_, _) => String::new(),
        };
        let long = argument.get_long().unwrap();
        let environment = argument.get_env().unwrap().to_str().unwrap();
        let help = argument.get_help().unwrap().to_string().replace('|', "\\|");
        let defaults: Vec<&str> =
            argument.get_default_values().iter().map(|value| value.to_str().unwrap()).collect();
        let shows = matches!(argument.get_action(), ArgAction::Set | ArgAction::Append);
        let default = match defaults.as_slice() {
            [] => String::new(),
            _ if !shows => String::new(),
            values => format!(" [default: {}]", values.join(", ")),
        };
        writeln!(table, "| `--{long}{value}` | `{environment}` | {help}{default} |").unwrap();
    }
    table
}

#[test]
fn options_that_messages_name_exist() {
    let mut command = cli::Arguments::command();
    command.build();
    let commands = std::iter::once(&command).chain(command.get_subcommands());
    let options: BTreeSet<&str> =
        commands.flat_map(Command::get_arguments).filter_map(clap::Arg::get_long).collect();
    let folders = ["src/cli", "src/plan/", "src/settings", "src/tls", "src/translate"];
    let (mut named, mut unknown) = (0, Vec::new());
    let is_ours = |s: &&Source| folders.iter().any(|folder| s.path.starts_with(folder));
    for source in sources().iter().filter(is_ours).filter(|source| !source.is_test) {
        for (number, line) in source.lines() {
            let words = line.split(|c: char| !c.is_ascii_lowercase() && c != '-');
            let written = words.filter_map(|word| word.strip_prefix("--"));
            for option in written.filter(|option| option.starts_with(char::is_alphabetic)) {
                named += 1;
                if !options.contains(option) {
                    unknown.push(format!("{}:{number}: --{option}", source.path));
                }
            }
        }
    }
    assert!(named > 10, "only {named} were found");
    assert!(unknown.is_empty(), "no such option:\n{}", unknown.join("\n"));
}

#[test]
fn the_list_of_assumptions_is_fresh() {
    let _alone = documents_lock();
    let mut text = "# Assumptions about the appliance

Where the vendor's documentation is silent, the source says \"assumed\".
This page lists every such place; it is made from the comments by `make bless`.
Each is a question that an appliance can answer: whoever has one is welcome to.
"
    .to_owned();
    let parts = [
        ("What the controller relies on", "src/"),
        ("What the simulated appliance relies on", "mock-nitro/src/"),
    ];
    for (title, folder) in parts {
        write!(text, "\n## {title}\n").unwrap();
        for source in sources().iter().filter(|s| s.path.starts_with(folder) && !s.is_test) {
            let assumptions: Vec<String> =
                comments(source).into_iter().filter(|comment| assumes(comment)).collect();
            if assumptions.is_empty() {
                continue;
            }
            write!(text, "\n`{}`\n\n", source.path).unwrap();
            for assumption in assumptions {
                writeln!(text, "- {assumption}").unwrap();
            }
        }
    }
    assert_fresh("docs/assumptions.md", &text);
}

fn assumes(comment: &str) -> bool {
    let folded = comment.to_ascii_lowercase();
    let mut words = folded.split(|c: char| !c.is_ascii_alphabetic());
    words.any(|word| word == "assumed") && !comment.contains("`assumed`")
}

/// The paragraphs of comments, each as one line that starts with the item below it.
fn comments(source: &Source) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    let mut finished = 0;
    for (_, line) in source.lines() {
        let text =
            line.trim_start().strip_prefix("//").map(|text| text.trim_start_matches(['/', '!']));
        match (text.map(str::trim), paragraphs.last_mut()) {
            (Some(text), Some(paragraph)) if !text.is_empty() => {
                if !paragraph.is_empty() {
                    paragraph.push(' ');
                }
                paragraph.push_str(text);
            }
            (Some(_), _) => paragraphs.push(String::new()),
            (None, _) => {
                let item = item(line).map(|name| format!("`{name}`: ")).unwrap_or_default();
                for paragraph in paragraphs[finished..].iter_mut().filter(|p| !p.is_empty()) {
                    paragraph.insert_str(0, &item);
                }
                finished = paragraphs.len();
                paragraphs.push(String::new());
            }
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

/// The name of the item that a line declares.
fn item(line: &str) -> Option<&str> {
    let mut words = line
        .split([' ', '(', '<', ':', ';'])
        .skip_while(|word| !["fn", "const", "static", "struct", "enum"].contains(word));
    words.nth(1).filter(|name| *name != "fn")
}

#[test]
fn what_documents_link_to_is_there() {
    let mut broken = Vec::new();
    let mut documents = vec!["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .into_iter()
        .map(|name| top().join(name))
        .collect::<Vec<_>>();
    let pages = fs::read_dir(top().join("docs")).unwrap();
    documents.extend(pages.map(|page| page.unwrap().path()));
    for document in documents.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(document).unwrap();
        let folder = document.parent().unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") && !folder.join(file).exists() {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn files_and_modules_that_the_map_names_are_there() {
    let map = fs::read_to_string(top().join("ARCHITECTURE.md")).unwrap()
        + &fs::read_to_string(top().join("CONTRIBUTING.md")).unwrap();
    let named = map.split('`').skip(1).step_by(2).filter(|word| {
        let is_path = word.contains('/') && !word.contains(' ') && !word.contains('<');
        is_path
            && (word.starts_with("src") || word.starts_with("tests") || word.starts_with("mock"))
    });
    let missing: Vec<&str> = named.filter(|path| !top().join(path).exists()).collect();
    assert!(missing.is_empty(), "the documents name what is not there: {missing:?}");
}

#[test]
fn the_definitions_of_the_custom_resources_are_fresh() {
    let _alone = documents_lock();
    let written = nitro_ingress(&["crds"]).end().with_status(0).out;
    for definition in written.split("---\n") {
        let plural = definition.lines().find_map(|line| line.trim().strip_prefix("plural: "));
        let file = format!("crds/{}.yaml", plural.unwrap());
        assert_fresh(&file, definition);
        // Helm takes nothing from outside of a chart.
        assert_fresh(&format!("charts/nitro-ingress/{file}"), definition);
    }
}
