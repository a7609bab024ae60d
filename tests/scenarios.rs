//! Golden scenarios: manifests in; what is desired, planned and said about it out, as text.
//!
//! Each folder of `tests/scenarios` is a test. What it holds:
//!
//! - `cluster.yaml`: the manifests; a line `# with: prune` gives the options of the command line
//! - `before.yaml`: manifests that were applied before
//! - `appliance.json`: NITRO requests that others made before
//! - `meanwhile.json`: those that others made after `before.yaml` was applied
//! - `desired.txt`, `plan.txt`, `diagnostics.txt`: what comes of it; `make bless` rewrites them
//! - `plan.nscli`, if it is there: the plan as commands
//!
//! The plan is carried out on the simulated appliance in process, which judges every state
//! between; the second plan must be empty, also after a reboot.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failing test is the right place to panic"
)]

#[expect(dead_code, reason = "other tests use the rest of it")]
#[path = "support/in_process.rs"]
mod in_process;
#[path = "scenarios/bench.rs"]
mod bench;
#[path = "scenarios/shown.rs"]
mod shown;

use std::fs;
use std::path::Path;

use bench::Bench;
use nitro_ingress::diagnostic::Diagnostic;
use nitro_ingress::model::{ClusterId, Mark, ObjectKey};
use nitro_ingress::observed::ObservedState;
use nitro_ingress::plan::render::{self, Header, Target};
use nitro_ingress::plan::{Plan, plan};
use nitro_ingress::policy::{
    ApplianceClasses, Consent, MemberSource, Policy, Saving, UnknownClass,
};
use nitro_ingress::snapshot::{Snapshot, documents};
use nitro_ingress::translate::{Translation, translate};

datatest_stable::harness! {
    { test = scenario, root = "tests/scenarios", pattern = r"/cluster\.yaml$" },
}

type Failure = Box<dyn std::error::Error>;

/// The certificates of the scenarios are valid from 2026 to 2126; the expired one until 2027.
const NOW: &str = "2030-01-01T00:00:00Z";

const COMMANDS: &str = "plan.nscli";

/// One turn of the pipeline, up to the plan.
struct Turn {
    translation: Translation,
    /// All that is to be said, about files and about what is in them.
    diagnostics: Vec<Diagnostic>,
    plan: Plan,
}

fn scenario(manifests: &Path) -> Result<(), Failure> {
    let folder = manifests.parent().ok_or("no folder")?;
    let bench = Bench::new(NOW.parse()?);
    let (prepared, before) = (folder.join("appliance.json"), folder.join("before.yaml"));
    if prepared.exists() {
        bench.prepare(&fs::read_to_string(&prepared)?)?;
    }
    if before.exists() {
        converge(&bench, &before)?;
    }
    let meanwhile = folder.join("meanwhile.json");
    if meanwhile.exists() {
        bench.prepare(&fs::read_to_string(&meanwhile)?)?;
    }
    let turns = converge(&bench, manifests)?;
    if !prepared.exists() && !before.exists() {
        let offline = turn(manifests, &ObservedState::default())?;
        assert_eq!(offline.plan, turns[0].plan, "offline, a plan is for an empty appliance");
    }
    compare(folder, "desired.txt", &shown::translation(&turns[0].translation))?;
    compare(folder, "diagnostics.txt", &shown::diagnostics(&turns[0].diagnostics))?;
    let plans: Vec<String> = turns.iter().map(|turn| text(&turn.plan)).collect();
    compare(folder, "plan.txt", &plans.join("\n\n"))?;
    if folder.join(COMMANDS).exists() {
        let commands: Vec<String> = turns.iter().map(|turn| render::nscli(&turn.plan)).collect();
        compare(folder, COMMANDS, &commands.join("\n"))?;
    }
    Ok(())
}

/// Plans and executes until there is nothing to do, and gives the turns in which there was.
fn converge(bench: &Bench, manifests: &Path) -> Result<Vec<Turn>, Failure> {
    let mut turns = Vec::new();
    for _ in 0..3 {
        let next = turn(manifests, &bench.observe(&mark())?)?;
        let is_done = next.plan.is_empty();
        // The first turn tells what is desired, even if it has nothing to do.
        if !is_done || turns.is_empty() {
            bench.execute(&next.plan)?;
            turns.push(next);
        }
        if is_done {
            bench.reboot();
            let after = turn(manifests, &bench.observe(&mark())?)?;
            assert!(after.plan.is_empty(), "after a reboot:\n{}", text(&after.plan));
            return Ok(turns);
        }
    }
    let last = turns.last().map(|turn| text(&turn.plan)).unwrap_or_default();
    Err(format!("plans never get empty; the last is\n{last}").into())
}

fn turn(manifests: &Path, observed: &ObservedState) -> Result<Turn, Failure> {
    let yaml = fs::read_to_string(manifests)?;
    let mut snapshot = Snapshot::empty(NOW.parse()?);
    let file = manifests.file_name().and_then(|name| name.to_str()).ok_or("no name")?;
    let reading = documents::read(&mut snapshot, file, &yaml);
    if let Some(unreadable) = reading.unreadable.first() {
        return Err(unreadable.to_string().into());
    }
    snapshot.facts.clone_from(&observed.facts);
    let translation = translate(&snapshot, &policy(&yaml)?);
    let plan = plan(observed, &translation);
    let mut diagnostics = reading.diagnostics;
    diagnostics.extend(translation.diagnostics.iter().cloned());
    Ok(Turn { translation, diagnostics, plan })
}

fn mark() -> Mark {
    let cluster = ClusterId::parse("local").expect("a valid id");
    Mark { prefix: "k8s".to_owned(), cluster }
}

/// What the command line decides by default, and what a line `# with:` adds.
fn policy(yaml: &str) -> Result<Policy, Failure> {
    let controllers = ["nitro-ingress.dev/ingress-controller", "citrix.com/ingress-controller"];
    let mut policy = Policy {
        mark: mark(),
        controller_names: controllers.map(str::to_owned).into(),
        ingress_classes: [].into(),
        appliance_classes: ApplianceClasses::All,
        unknown_class: UnknownClass::Ours,
        default_vip: None,
        vip_namespaces: std::collections::BTreeMap::new(),
        config_map: None,
        members: MemberSource::Endpoints,
        drain_delay_secs: 30,
        enable_default_profile: false,
        allow_http_refusal: false,
        consent: Consent::default(),
    };
    let options = yaml.lines().filter_map(|line| line.strip_prefix("# with: "));
    for option in options.flat_map(|options| options.split(", ")) {
        match option {
            "prune" => policy.consent.prune = true,
            "enable-default-profile" => policy.enable_default_profile = true,
            "allow-http-refusal" => policy.allow_http_refusal = true,
            "takeover" => policy.consent.takeover = true,
            "save-foreign" => policy.consent.saving = Saving::All,
            "members nodeport" => policy.members = MemberSource::NodePort,
            other if other.starts_with("configmap ") => {
                policy.config_map = Some(ObjectKey::new("default", &other["configmap ".len()..]));
            }
            other if other.starts_with("allow-reference ") => {
                policy.consent.references.insert(other["allow-reference ".len()..].to_owned());
            }
            other => match other.strip_prefix("vip-namespace ").and_then(|it| it.split_once('=')) {
                Some((vip, namespace)) => {
                    let allowed = policy.vip_namespaces.entry(vip.parse()?).or_default();
                    allowed.insert(namespace.to_owned());
                }
                None => return Err(format!("unknown option {other:?}").into()),
            },
        }
    }
    Ok(policy)
}

fn text(plan: &Plan) -> String {
    let header = Header { cluster: mark().cluster, appliance: Target::Offline };
    let whole = render::text(plan, &header, render::Style::default());
    // The header is the same in all scenarios.
    whole.split_once("\n\n").map_or_else(String::new, |(_, changes)| changes.to_owned())
}

/// Compares with a golden file, or rewrites it.
fn compare(folder: &Path, name: &str, text: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text)?;
        return Ok(());
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if text == expected {
        return Ok(());
    }
    let pairs = text.lines().zip(expected.lines());
    let line = pairs.take_while(|(new, old)| new == old).count();
    let at = |text: &str| text.lines().nth(line).unwrap_or("(the end)").to_owned();
    let message = format!(
        "{} differs from line {}\n  expected: {}\n  is:       {}\nif it should be so: make bless",
        path.display(),
        line + 1,
        at(&expected),
        at(text)
    );
    Err(message.into())
}
