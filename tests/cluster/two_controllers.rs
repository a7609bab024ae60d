//! Two controllers on one lease: one writes.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::coordination::v1::Lease;
use mock_nitro::JournalEntry;
use mock_nitro::fault::{Fault, Faults};

use crate::api_server::Cluster;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

/// What a controller says each time that it has logged in.
const CONNECTED: &str = "connected appliance=\"\"";

/// What each client has sent that changes something, by its session.
fn writers(rig: &Rig<'_>) -> BTreeMap<Option<u64>, usize> {
    let mut writers = BTreeMap::new();
    let is_write = |entry: &&JournalEntry| {
        entry.method != "GET"
            && !["/login", "/logout", "/systemsession"].iter().any(|end| entry.path.ends_with(end))
            && entry.query.as_deref() != Some("action=diff")
    };
    for entry in rig.mock.journal().iter().filter(is_write) {
        *writers.entry(entry.session).or_default() += 1;
    }
    writers
}

async fn applied(rig: &Rig<'_>) {
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
    rig.saved().await;
}

pub(crate) async fn a_paused_leader_writes_nothing_when_it_goes_on(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let mut first = rig.controller(&[]);
    applied(&rig).await;
    let leader = rig.lease_holder().await.unwrap();
    let _second = rig.controller(&[]);
    rig.mock.clear_journal();
    first.process.signal("STOP");
    // There is something to do that the first would do when it goes on.
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    rig.has_member("10.1.0.9").await;
    assert_ne!(rig.lease_holder().await.unwrap(), leader);
    // Its session was ended, so that not even a request that is on its way could come through.
    let ended = rig.mock.journal();
    assert!(
        ended.iter().any(|entry| entry.path.ends_with("/systemsession") && entry.method == "POST")
    );
    rig.apply(seed::endpoints(&["10.1.0.10"])).await;
    rig.has_member("10.1.0.10").await;
    let before = writers(&rig);
    assert_eq!(before.len(), 1, "{before:?}");
    first.process.signal("CONT");
    rig.apply(seed::endpoints(&["10.1.0.11"])).await;
    rig.has_member("10.1.0.11").await;
    first.follows().await;
    let after = writers(&rig);
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "{after:?}");
}

/// Where in the journal a controller has first ended the session of another.
fn takeover(journal: &[JournalEntry]) -> usize {
    let is_end = |entry: &JournalEntry| {
        entry.path.ends_with("/systemsession") && entry.method == "POST" && entry.errorcode == 0
    };
    journal.iter().position(is_end).unwrap()
}

/// Who sent requests, by session: a controller may use several connections.
fn sessions(journal: &[JournalEntry]) -> BTreeSet<u64> {
    journal.iter().filter_map(|entry| entry.session).collect()
}

/// Whether a request is of one of these sessions, or of one that was ended.
fn is_of(old: &BTreeSet<u64>, entry: &JournalEntry) -> bool {
    entry.status == 401 || entry.session.is_some_and(|session| old.contains(&session))
}

/// A request, in short.
fn short(entry: &JournalEntry) -> String {
    let JournalEntry { method, path, status, session, client, .. } = entry;
    format!("{client:?} {session:?}: {method} {path} {status}")
}

/// The leader is paused while a write of it, or the answer to that, is on the wire.
async fn is_paused_at_a_write(cluster: &Cluster, held: Fault) {
    let rig = Rig::new(cluster).await;
    let mut first = rig.controller(&[]);
    applied(&rig).await;
    rig.settled().await;
    let old = sessions(&rig.mock.journal());
    let second = rig.controller(&[]);
    second.follows().await;
    rig.mock.clear_journal();
    rig.mock.act(|node| node.faults = Faults::none().at_write(1, held.clone()));
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    wait_for("a write on the wire", SOON, async || {
        let is_held = rig.mock.act(|node| node.faults.are_holding());
        if is_held { Ok(()) } else { Err(format!("{:?}", rig.mock.writes())) }
    })
    .await;
    first.process.signal("STOP");
    let connected = first.said(CONNECTED);
    let done = rig.mock.writes().len();
    assert_eq!(done, usize::from(held == Fault::HeldAfter));
    second.leads().await;
    rig.has_member("10.1.0.9").await;
    rig.apply(seed::endpoints(&["10.1.0.10"])).await;
    rig.has_member("10.1.0.10").await;
    // Now what was on the wire goes on, and the first with what it had in mind.
    first.process.signal("CONT");
    rig.mock.act(|node| node.faults = Faults::none());
    first.follows().await;
    rig.apply(seed::endpoints(&["10.1.0.11"])).await;
    rig.has_member("10.1.0.11").await;
    rig.settled().await;
    let journal = rig.mock.journal();
    let (before, after) = journal.split_at(takeover(&journal));
    assert!(!sessions(before).is_disjoint(&old), "{old:?} asked nothing");
    // It is the only one that is refused, and has not logged in again.
    let theirs: Vec<&JournalEntry> = after.iter().filter(|entry| is_of(&old, entry)).collect();
    let told: Vec<String> = theirs.iter().map(|entry| short(entry)).collect();
    assert!(theirs.iter().all(|entry| entry.status == 401), "{told:#?}");
    assert_eq!(first.said(CONNECTED), connected, "it has logged in again");
    // A write that arrives late is the only one; a last word is that it logs out.
    let is_late =
        |entry: &&&JournalEntry| entry.method != "GET" && !entry.path.ends_with("/logout");
    let late = theirs.iter().filter(is_late).count();
    assert_eq!(late, usize::from(held == Fault::HeldBefore), "{told:#?}");
    // The end is as the cluster asks: who reads all of it writes nothing.
    rig.report(seed::NAME, "Programmed").await;
    rig.saved().await;
    drop((first, second));
    rig.mock.clear_journal();
    let _third = rig.controller(&[]);
    rig.observed().await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    rig.has_member("10.1.0.11").await;
}

pub(crate) async fn a_write_on_the_wire_of_a_paused_leader_comes_too_late(cluster: &Cluster) {
    is_paused_at_a_write(cluster, Fault::HeldBefore).await;
}

pub(crate) async fn a_paused_leader_whose_write_was_done_sends_no_other(cluster: &Cluster) {
    is_paused_at_a_write(cluster, Fault::HeldAfter).await;
}

pub(crate) async fn a_deleted_lease_makes_no_second_writer(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let mut first = rig.controller(&[]);
    applied(&rig).await;
    let leader = rig.lease_holder().await.unwrap();
    let second = rig.controller(&[]);
    second.follows().await;
    rig.mock.clear_journal();
    // It holds the lease, and may have something on its way.
    first.process.signal("STOP");
    rig.delete::<Lease>("nitro-ingress").await;
    second.leads().await;
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    rig.has_member("10.1.0.9").await;
    assert_ne!(rig.lease_holder().await.unwrap(), leader);
    let journal = rig.mock.journal();
    let ended = journal
        .iter()
        .position(|entry| entry.path.ends_with("/systemsession") && entry.method == "POST");
    let written =
        journal.iter().position(|entry| entry.path.contains("servicegroupmember_binding"));
    assert!(ended.unwrap() < written.unwrap(), "it writes beside the first");
    first.process.signal("CONT");
    first.follows().await;
    assert_eq!(writers(&rig).len(), 1);
    // Who finds its own gone leads again only as one that takes over.
    rig.delete::<Lease>("nitro-ingress").await;
    rig.apply(seed::endpoints(&["10.1.0.10"])).await;
    rig.has_member("10.1.0.10").await;
}

pub(crate) async fn a_lease_deleted_before_anybody_else_came_makes_no_second_writer(
    cluster: &Cluster,
) {
    let rig = Rig::new(cluster).await;
    let mut first = rig.controller(&[]);
    applied(&rig).await;
    rig.settled().await;
    let old = sessions(&rig.mock.journal());
    rig.mock.clear_journal();
    rig.mock.act(|node| node.faults = Faults::none().at_write(1, Fault::HeldBefore));
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    wait_for("a write on the wire", SOON, async || {
        if rig.mock.act(|node| node.faults.are_holding()) { Ok(()) } else { Err("none") }
    })
    .await;
    first.process.signal("STOP");
    let connected = first.said(CONNECTED);
    rig.delete::<Lease>("nitro-ingress").await;
    // It has never seen the lease, and makes it.
    let second = rig.controller(&[]);
    second.leads().await;
    rig.has_member("10.1.0.9").await;
    rig.mock.act(|node| node.faults = Faults::none());
    first.process.signal("CONT");
    first.follows().await;
    rig.apply(seed::endpoints(&["10.1.0.10"])).await;
    rig.has_member("10.1.0.10").await;
    let journal = rig.mock.journal();
    let after = &journal[takeover(&journal)..];
    let theirs = after.iter().filter(|entry| is_of(&old, entry));
    let told: Vec<String> = theirs.clone().map(short).collect();
    assert!(!told.is_empty() && theirs.into_iter().all(|entry| entry.status == 401), "{told:#?}");
    assert_eq!(first.said(CONNECTED), connected, "it has logged in again");
}

pub(crate) async fn a_failover_without_changes_writes_nothing(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let first = rig.controller(&[]);
    applied(&rig).await;
    let leader = rig.lease_holder().await.unwrap();
    let _second = rig.controller(&[]);
    rig.mock.clear_journal();
    drop(first);
    wait_for("the second to take over", SOON, async || {
        let holder = rig.lease_holder().await;
        if holder.as_ref() == Some(&leader) { Err(leader.clone()) } else { Ok(()) }
    })
    .await;
    rig.observed().await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    rig.has_member("10.1.0.9").await;
}

pub(crate) async fn who_stops_gracefully_is_followed_at_once(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    // A lease that lasts for a minute: without being given up it would be missed here.
    let slow = ["--lease-duration=9s", "--takeover-delay=5m"];
    let first = rig.controller(&slow);
    applied(&rig).await;
    let _second = rig.controller(&slow);
    first.terminate().await;
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    rig.has_member("10.1.0.9").await;
}
