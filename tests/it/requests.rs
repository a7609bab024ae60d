//! How many requests it takes: they are the cost on an appliance, so they are counted exactly.

use mock_nitro::{Appliance, JournalEntry, Options};
use nitro_ingress::execute::execute;
use nitro_ingress::nitro::{Client, Limits};
use nitro_ingress::observe::observe;
use nitro_ingress::plan::plan;
use nitro_ingress::policy::Policy;
use nitro_ingress::snapshot::Snapshot;
use nitro_ingress::translate::translate;

use crate::authority::Authority;
use crate::in_process::{InProcess, client, run};
use crate::many::{Shape, address, crowd, pair_of, with_nth};
use crate::objects::{Cluster, endpoints, now, policy};

const PLAIN: Shape = Shape { ingresses: 1000, members: 3, certificates: 0 };
const TLS: Shape = Shape { ingresses: 1000, members: 3, certificates: 50 };

/// An appliance, and requests that carry up to 1 000 commands from the first on.
struct Counted(Client<InProcess>, Policy);

/// What one turn sent.
struct Sent {
    reads: usize,
    /// The writes, but not the saves.
    writes: Vec<JournalEntry>,
    saves: usize,
    /// The files that went up.
    uploads: u64,
}

impl Counted {
    fn new(series: bool) -> Self {
        let limits = Limits { commands: 1000, first_commands: 1000, series, ..Limits::default() };
        let appliance = Appliance::new(Options { now: now(), ..Options::default() });
        Self(client(InProcess::new(appliance)).with_limits(limits), policy())
    }

    /// One turn, in which everything must work.
    #[track_caller]
    fn turn(&self, cluster: &Cluster) -> Sent {
        self.0.transport().faulty().appliance.clear_journal();
        let observed = run(observe(&self.0, &self.1.mark)).unwrap();
        let snapshot = Snapshot { facts: observed.facts.clone(), ..cluster.0.clone() };
        let plan = plan(&observed, &translate(&snapshot, &self.1));
        let outcomes = run(execute(&self.0, &plan, &mut |_| ()));
        assert!(outcomes.is_complete(), "{:?}", outcomes.ingresses);
        sent(self.0.transport().faulty().appliance.journal())
    }

    /// A turn that finds nothing to do.
    #[track_caller]
    fn rests(&self, cluster: &Cluster) -> Sent {
        let sent = self.turn(cluster);
        assert!(sent.writes.is_empty() && sent.saves == 0, "{:#?}", sent.writes);
        sent
    }
}

fn sent(journal: &[JournalEntry]) -> Sent {
    let journal = journal.iter().filter(|entry| !entry.path.ends_with("/login"));
    let is_save = |entry: &&JournalEntry| entry.query.as_deref() == Some("action=save");
    let (reads, writes): (Vec<_>, Vec<_>) = journal.partition(|entry| entry.method == "GET");
    let (saves, writes): (Vec<_>, Vec<_>) = writes.into_iter().partition(is_save);
    let is_upload =
        |entry: &&&JournalEntry| entry.method == "POST" && entry.path.ends_with("/systemfile");
    let uploads = writes.iter().filter(is_upload).map(|entry| entry.cost.objects).sum();
    let writes = writes.into_iter().cloned().collect();
    Sent { reads: reads.len(), writes, saves: saves.len(), uploads }
}

/// Method, type and number of commands of each write.
fn lines(sent: &Sent) -> Vec<String> {
    let kind = |entry: &JournalEntry| entry.path.split('/').nth(4).unwrap_or_default().to_owned();
    let line =
        |entry: &JournalEntry| format!("{} {} {}", entry.method, kind(entry), entry.cost.objects);
    sent.writes.iter().map(line).collect()
}

fn authority() -> Authority {
    Authority::new("requests")
}

#[test]
fn a_thousand_plain_ingresses_take_at_most_thirty_writes() {
    let cluster = crowd(PLAIN, &authority());
    for (series, expected) in [(true, 16), (false, 23)] {
        let appliance = Counted::new(series);
        let sent = appliance.turn(&cluster);
        let commands: u64 = sent.writes.iter().map(|entry| entry.cost.objects).sum();
        assert!(commands > 12_000, "twelve objects each, with three members");
        assert_eq!((sent.writes.len(), sent.saves), (expected, 1), "{:#?}", lines(&sent));
        appliance.rests(&cluster);
    }
}

#[test]
fn a_thousand_tls_ingresses_take_few_more_and_their_uploads_travel_together() {
    let cluster = crowd(TLS, &authority());
    for (series, expected) in [(true, 20), (false, 31)] {
        let appliance = Counted::new(series);
        let sent = appliance.turn(&cluster);
        assert_eq!(sent.uploads, 100, "{:#?}", lines(&sent));
        assert_eq!((sent.writes.len(), sent.saves), (expected, 2), "{:#?}", lines(&sent));
        appliance.rests(&cluster);
    }
}

#[test]
fn a_converged_pass_reads_the_same_for_ten_and_for_a_thousand() {
    let passes = [10, 1000].map(|ingresses| {
        let cluster = crowd(Shape { ingresses, ..PLAIN }, &authority());
        let appliance = Counted::new(true);
        appliance.turn(&cluster);
        appliance.rests(&cluster).reads
    });
    // 4 pages of servers instead of one; of servicegroups, their SSL sides and lbvservers, with
    // the one that answers 404, 2 instead of one; and a page full to the last is followed by an
    // empty one: actions and policies.
    assert_eq!(passes, [35, 35 + 3 + 2 + 2]);
}

#[test]
fn one_endpoint_more_or_less_is_two_writes_at_most() {
    let shape = Shape { ingresses: 100, ..PLAIN };
    let cluster = crowd(shape, &authority());
    let appliance = Counted::new(true);
    appliance.turn(&cluster);
    let of = |addresses: &[usize]| {
        let slice = endpoints("s7").port("", 8080);
        addresses.iter().fold(slice, |slice, number| slice.address(&address(*number), None))
    };
    let more = cluster.clone().with(of(&[21, 22, 23, 999]));
    let sent = appliance.turn(&more);
    let member = "servicegroup_servicegroupmember_binding";
    assert_eq!(lines(&sent), ["POST macroapi 2"]);
    let sent = appliance.turn(&cluster);
    assert_eq!(lines(&sent), [format!("DELETE {member} 1"), "DELETE server 1".to_owned()]);
    appliance.rests(&cluster);
}

#[test]
fn a_certificate_that_a_thousand_ingresses_share_is_renewed_in_place() {
    let shape = Shape { certificates: 1, ..TLS };
    let authority = authority();
    // One of all the hosts would be too long for one file.
    let wildcard = |authority: &Authority| authority.issue_for(vec!["*.example".to_owned()]);
    let cluster = crowd(Shape { ingresses: 0, ..shape }, &authority);
    let cluster = (0..shape.ingresses)
        .fold(cluster, |cluster, i| with_nth(cluster, shape, i))
        .with(pair_of(0, &wildcard(&authority)));
    let appliance = Counted::new(true);
    appliance.turn(&cluster);
    let sent = appliance.turn(&cluster.with(pair_of(0, &wildcard(&authority))));
    assert_eq!(sent.uploads, 2);
    let expected =
        ["POST systemfile 2", "POST sslcertkey 1", "DELETE systemfile 1", "DELETE systemfile 1"];
    assert_eq!(lines(&sent), expected);
    assert_eq!(sent.saves, 1);
}

#[test]
fn one_more_ingress_takes_the_same_among_a_thousand_as_among_none() {
    let of = |ingresses: usize, series: bool| {
        let shape = Shape { ingresses, ..PLAIN };
        let cluster = crowd(shape, &authority());
        let appliance = Counted::new(series);
        appliance.turn(&cluster);
        lines(&appliance.turn(&with_nth(cluster, shape, ingresses)))
    };
    let alone = of(1, true);
    assert_eq!(alone, ["POST macroapi 12"]);
    assert_eq!(of(1000, true), alone);
    assert_eq!(of(1, false).len(), 8);
    assert_eq!(of(1000, false), of(1, false));
}

#[test]
fn ingresses_that_go_take_their_objects_with_them_in_bulk() {
    let shape = Shape { ingresses: 100, ..PLAIN };
    let mut appliance = Counted::new(true);
    appliance.turn(&crowd(shape, &authority()));
    appliance.1.consent.prune = true;
    let left = crowd(Shape { ingresses: 90, ..shape }, &authority());
    let expected = [
        "POST csvserver_cspolicy_binding 10",
        "POST cspolicy 10",
        "POST csaction 10",
        "POST lbvserver 10",
        "POST servicegroup 10",
        "POST server 30",
    ];
    assert_eq!(lines(&appliance.turn(&left)), expected);
    appliance.rests(&left);
}
