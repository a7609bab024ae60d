//! Two controllers on one lease: one writes.

use std::collections::BTreeMap;

use k8s_openapi::api::coordination::v1::Lease;
use mock_nitro::JournalEntry;

use crate::api_server::Cluster;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

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
