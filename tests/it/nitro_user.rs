//! The command policies of `docs/nitro-user.md` allow what we send, and little else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::execute;
use nitro_ingress::observe::observe;
use nitro_ingress::plan::{Op, Plan, plan, render};
use nitro_ingress::policy::{MemberSource, Policy};
use nitro_ingress::snapshot::{Snapshot, documents};
use nitro_ingress::translate::translate;

use crate::in_process::{InProcess, client, run};
use crate::tidy::top;
use crate::turn::{self, NOW};

/// Types as the command line calls them. Of a binding it shows the parent.
const SPELLED: [(&str, &str); 22] = [
    ("csaction", "cs action"),
    ("cspolicy", "cs policy"),
    ("csvserver", "cs vserver"),
    ("lbmonitor", "lb monitor"),
    ("lbvserver", "lb vserver"),
    ("nsconfig", "ns config"),
    ("nsfeature", "ns feature"),
    ("nshttpprofile", "ns httpProfile"),
    ("nstcpprofile", "ns tcpProfile"),
    ("nsversion", "ns version"),
    ("responderaction", "responder action"),
    ("responderpolicy", "responder policy"),
    ("rewriteaction", "rewrite action"),
    ("rewritepolicy", "rewrite policy"),
    ("server", "server"),
    ("servicegroup", "serviceGroup"),
    ("sslcertkey", "ssl certKey"),
    ("sslparameter", "ssl parameter"),
    ("sslprofile", "ssl profile"),
    ("sslservice", "ssl service"),
    ("sslservicegroup", "ssl serviceGroup"),
    ("sslvserver", "ssl vserver"),
];

/// What the controller asks beside, to know whether it may write; a test in a cluster says that
/// these are all types.
const TO_LEAD: [&str; 2] = ["show system session", "kill system session 12"];

/// What a turn asks beside, and `plan` of a cluster with it, to know which node it talks to; tests
/// in a cluster say that these are all types.
const TO_CONNECT: [&str; 3] = ["show ha node", "show ns hardware", "stat ns"];

/// What is allowed though no scenario does it.
const BESIDE: [&str; 6] = [
    // An annotation of an Ingress that is served gets another value.
    "set cs vserver",
    "set lb vserver",
    "set serviceGroup",
    // A member that was drained comes back.
    "enable serviceGroup",
    // Somebody bound to an object of ours what does not belong there.
    "unbind lb vserver",
    "unbind ssl serviceGroup",
];

/// What nobody may do with these policies.
const FORBIDDEN: [&str; 20] = [
    "add system user mallory",
    "add system file passwd -fileLocation /etc",
    "bind lb vserver theirs k8s-web_80_sgp",
    "bind system user nitro-ingress superuser 1",
    "clear ns config full",
    "enable ns feature LB AAA",
    "kill system session -all",
    "link ssl certKey theirs k8s-ca",
    "reboot",
    "rm lb vserver theirs",
    "rm ssl certKey theirs -comment k8s-x",
    "set cs vserver theirs -comment k8s-x",
    "set ssl parameter -defaultProfile ENABLED -quantumSize 4",
    "shell",
    "show ns runningConfig",
    "show system file k8s-x.key -fileLocation /nsconfig/ssl",
    "show system file -fileLocation /etc",
    "show system user",
    "stat ns -clearstats full",
    "update ssl certKey theirs -cert k8s-x.crt",
];

/// What the scenarios make of an appliance, one after another, and then take away again.
#[derive(Default)]
struct Sent {
    /// Commands, as they would be typed.
    commands: BTreeSet<String>,
    /// Types that were read.
    read: BTreeSet<String>,
}

/// It takes seconds, and two tests ask for it.
static SENT: LazyLock<Sent> = LazyLock::new(Sent::by_all_scenarios);

impl Sent {
    fn by_all_scenarios() -> Self {
        let mut sent = Self::default();
        let folders = fs::read_dir(top().join("tests/scenarios")).unwrap();
        for folder in folders.map(|entry| entry.unwrap().path()) {
            let text = |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_default();
            let (before, cluster) = (text("before.yaml"), text("cluster.yaml"));
            let now = NOW.parse().unwrap();
            let mut appliance = Appliance::new(Options { now, ..Options::default() });
            for manifests in [before.as_str(), &cluster, ""] {
                appliance = sent.carry_out(manifests, &policy(&cluster), appliance);
            }
        }
        sent
    }

    /// A few turns, whatever comes of them.
    fn carry_out(&mut self, manifests: &str, policy: &Policy, before: Appliance) -> Appliance {
        let client = client(InProcess::new(before));
        for _ in 0..3 {
            let plan = run(async {
                let observed = observe(&client, &policy.mark).await.unwrap();
                let mut snapshot = Snapshot::empty(NOW.parse().unwrap());
                let _reading = documents::read(&mut snapshot, "cluster.yaml", manifests);
                snapshot.facts.clone_from(&observed.facts);
                let plan = plan(&observed, &translate(&snapshot, policy));
                let _outcomes = execute(&client, &plan, &mut |_| {}).await;
                plan
            });
            self.note(&plan);
            if plan.is_empty() {
                break;
            }
        }
        let mut after = client.transport().faulty().appliance.clone();
        let gets = after.journal().iter().filter(|entry| entry.method == "GET");
        let kinds = gets.filter_map(|entry| entry.path.strip_prefix("/nitro/v1/config/"));
        self.read.extend(kinds.filter_map(|path| Some(path.split('/').next()?.to_owned())));
        after.clear_journal();
        after
    }

    fn note(&mut self, plan: &Plan) {
        let typed = render::nscli(plan);
        self.commands
            .extend(typed.lines().filter(|line| !line.starts_with('#')).map(str::to_owned));
        for planned in &plan.ops {
            if let Op::Upload { file, .. } = &planned.op {
                self.commands.insert(format!("add system file {file} -fileLocation /nsconfig/ssl"));
            }
            if let Op::RemoveFile { file } = &planned.op {
                self.commands.insert(format!("rm system file {file} -fileLocation /nsconfig/ssl"));
            }
        }
    }
}

fn policy(cluster: &str) -> Policy {
    let mut policy = turn::policy();
    policy.consent.references.insert("*".to_owned());
    if cluster.contains("# with: members nodeport") {
        policy.members = MemberSource::NodePort;
    }
    policy
}

/// The policies of the page: the expression of each by its name.
fn policies() -> BTreeMap<String, String> {
    let page = fs::read_to_string(top().join("docs/nitro-user.md")).unwrap();
    let lines = page.lines().filter_map(|line| line.strip_prefix("add system cmdPolicy "));
    let policies = lines.map(|line| {
        let (name, expression) = line.split_once(" ALLOW ").unwrap();
        (name.to_owned(), expression.trim_matches('"').to_owned())
    });
    policies.collect()
}

/// Those of the commands that one of the expressions matches.
fn allowed(expressions: &[&String], commands: &BTreeSet<String>) -> BTreeSet<String> {
    let mut grep = Command::new("grep");
    grep.arg("-iE").args(expressions.iter().flat_map(|expression| ["-e", expression]));
    let mut grep = grep.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = grep.stdin.take().unwrap();
    let lines = commands.iter().fold(String::new(), |all, command| all + command + "\n");
    // It answers while it reads.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = grep.wait_with_output().unwrap();
    writer.join().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// The verb of a command and what it is about.
fn pair(command: &str) -> String {
    let words: Vec<&str> = command.split(' ').collect();
    let is_one_word = matches!(words[1], "server" | "serviceGroup");
    words[..if is_one_word { 2 } else { 3 }].join(" ")
}

#[test]
fn the_policies_of_the_page_allow_what_is_sent_and_little_else() {
    let policies = policies();
    let all: Vec<&String> = policies.values().collect();
    assert_eq!(all.len(), 4, "{policies:?}");
    let sent = &*SENT;
    let passed = allowed(&all, &sent.commands);
    let denied: Vec<&String> = sent.commands.difference(&passed).collect();
    assert!(denied.is_empty() && sent.commands.len() > 500, "{denied:#?}");

    let objects = SPELLED.iter().map(|(_, object)| *object).chain(["system file", "system user"]);
    let verbs = ["add", "rm", "set", "unset", "bind", "unbind", "enable", "disable"];
    let verbs = verbs.into_iter().chain(["update", "link", "unlink", "rename", "kill"]);
    let verbs: Vec<&str> = verbs.collect();
    let every = objects.flat_map(|object| verbs.iter().map(move |verb| (*verb, object)));
    let every = every.map(|(verb, object)| format!("{verb} {object} k8s-x")).collect();
    let may: BTreeSet<String> = allowed(&all, &every).iter().map(|it| pair(it)).collect();
    let mut does: BTreeSet<String> = sent.commands.iter().map(|it| pair(it)).collect();
    // Not of objects of ours.
    for setting in ["enable ns feature", "save ns config", "set ssl parameter"] {
        assert!(does.remove(setting), "{setting} is never sent");
    }
    for beside in BESIDE {
        assert!(does.insert(beside.to_owned()), "{beside} is sent by a scenario");
    }
    assert_eq!(may, does);

    let to_lead = TO_LEAD.map(str::to_owned).into();
    assert_eq!(allowed(&[&policies["nitro-ingress-lead"]], &to_lead), to_lead);
    let forbidden = FORBIDDEN.map(str::to_owned).into();
    assert_eq!(allowed(&all, &forbidden), BTreeSet::new());
}

#[test]
fn the_policy_for_looking_allows_what_is_read_and_no_change() {
    let policies = policies();
    let look = [&policies["nitro-ingress-look"]];
    let sent = &*SENT;
    let show = |kind: &String| {
        if kind == "systemfile" {
            return "show system file -fileLocation /nsconfig/ssl".to_owned();
        }
        let parent = kind.split('_').next().unwrap();
        let spelled = SPELLED.iter().find(|(kind, _)| *kind == parent);
        let (_, object) = spelled.unwrap_or_else(|| panic!("{kind} is read: add it to the page"));
        let name = if parent == kind { "" } else { " k8s-x" };
        format!("show {object}{name}")
    };
    let mut shown: BTreeSet<String> = sent.read.iter().map(show).collect();
    shown.insert("diff ns config".to_owned());
    shown.extend(TO_CONNECT.map(str::to_owned));
    assert_eq!(allowed(&look, &shown), shown);
    assert_eq!(allowed(&look, &sent.commands), BTreeSet::new());
}
