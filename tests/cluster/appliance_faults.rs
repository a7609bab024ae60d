//! What appliances do: reboot, drift, run out of sessions, go down, change places with their peer.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use mock_nitro::fault::{Fault, Faults};
use mock_nitro::server::Server;
use mock_nitro::{Hardware, JournalEntry, Options, Pair};
use serde_json::{Value, json};

use crate::api_server::Cluster;
use crate::appliance::Mock;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

/// What a controller says each time that it cannot use the appliance of its settings. It may have
/// others, of other tests.
const GIVEN_UP: &str = "the appliance cannot be used appliance=\"\"";

async fn applied(rig: &Rig<'_>) {
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
}

/// Waits until the appliance has what it had.
async fn repaired(rig: &Rig<'_>, what: &str, before: &Value) {
    wait_for(&format!("{what} to be repaired"), SOON, async || {
        let now = rig.mock.act(|node| node.appliance.dump());
        if now == *before { Ok(()) } else { Err(difference(before, &now)) }
    })
    .await;
}

/// What differs between two configurations, by type and name.
fn difference(before: &Value, now: &Value) -> String {
    let mut told = Vec::new();
    for part in ["objects", "bindings", "files", "settings"] {
        let names = |dump: &Value| -> Vec<String> {
            let kinds = dump[part].as_object().cloned().unwrap_or_default();
            let of_kind = |(kind, all): (String, Value)| {
                let all = all.as_object().cloned().unwrap_or_default();
                all.into_iter().map(move |(name, fields)| format!("{kind} {name} {fields}"))
            };
            kinds.into_iter().flat_map(of_kind).collect()
        };
        let (before, now) = (names(before), names(now));
        told.extend(before.iter().filter(|one| !now.contains(one)).map(|one| format!("- {one}")));
        told.extend(now.iter().filter(|one| !before.contains(one)).map(|one| format!("+ {one}")));
    }
    told.join("\n")
}

pub(crate) async fn a_reboot_that_loses_everything_is_made_up_for(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&["--save-delay=10m"]);
    applied(&rig).await;
    let before = rig.mock.act(|node| node.appliance.dump());
    rig.mock.act(|node| node.appliance.reboot());
    assert!(rig.mock.names("csvserver").is_empty());
    repaired(&rig, "the lost configuration", &before).await;
    rig.report(seed::NAME, "Programmed").await;
}

/// Requests that change an object of each kind that we own, as somebody would by hand. Of a server
/// there is nothing but the comment to change, and without that it is not ours.
fn by_hand(dump: &Value) -> Vec<(String, Value, String)> {
    let ours = |kind: &str| {
        let all = dump["objects"][kind].as_object().cloned().unwrap_or_default();
        let is_meant = |fields: &Value| fields["sslprofiletype"] != "BackEnd";
        let ours = all.into_iter().filter(|(name, _)| name.starts_with("k8s-"));
        ours.filter(|(_, fields)| is_meant(fields)).map(|(name, _)| name).next()
    };
    let name = |kind: &str| ours(kind).unwrap_or_else(|| panic!("no {kind} is ours"));
    let all = dump["objects"]["lbvserver"].as_object().cloned().unwrap_or_default();
    let not_found = all.keys().find(|name| name.ends_with("-404")).unwrap();
    let set = |kind: &str, key: &str, field: &str, value: Value| {
        let body = json!({ kind: { key: name(kind), field: value } });
        ("PUT".to_owned(), body, kind.to_owned())
    };
    vec![
        set("csvserver", "name", "stateupdate", json!("ENABLED")),
        set("lbvserver", "name", "lbmethod", json!("ROUNDROBIN")),
        set("servicegroup", "servicegroupname", "cka", json!("YES")),
        set("sslprofile", "name", "clientauth", json!("DISABLED")),
        set("sslprofile", "name", "tls12", json!("DISABLED")),
        set("csaction", "name", "targetlbvserver", json!(not_found)),
        set("cspolicy", "policyname", "rule", json!("HTTP.REQ.URL.PATH.EQ(\"/elsewhere\")")),
        set("responderaction", "name", "target", json!("\"HTTP/1.1 410 Gone\\r\\n\\r\\n\"")),
        set("responderpolicy", "name", "rule", json!("FALSE")),
    ]
}

pub(crate) async fn drift_on_every_kind_is_repaired(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&[]);
    applied(&rig).await;
    rig.saved().await;
    let before = rig.mock.act(|node| node.appliance.dump());
    for (method, body, kind) in by_hand(&before) {
        let answer = rig.mock.by_hand(&method, &kind, &body);
        assert!(answer.starts_with("200"), "{kind}: {answer}");
        let changed = rig.mock.act(|node| node.appliance.dump());
        assert_ne!(changed, before, "{kind} {body}");
        repaired(&rig, &kind, &before).await;
    }
    // A binding of each kind is taken away.
    let bindings: [(&str, &str, &[&str]); 5] = [
        ("servicegroup_servicegroupmember_binding", "servicegroupname", &["servername", "port"]),
        ("csvserver_cspolicy_binding", "name", &["policyname"]),
        ("sslvserver_sslcertkey_binding", "vservername", &["certkeyname", "snicert"]),
        ("sslvserver_sslcertkey_binding", "vservername", &["certkeyname", "ca"]),
        ("lbvserver_servicegroup_binding", "name", &["servicegroupname"]),
    ];
    for (kind, parent, fields) in bindings {
        let all = before["bindings"][kind].as_object().cloned().unwrap_or_default();
        let flag = fields.last().copied().filter(|field| ["snicert", "ca"].contains(field));
        let is_meant = |one: &Value| {
            let is_ours = one[parent]
                .as_str()
                .is_some_and(|name| name.starts_with("k8s-web") || name.contains("443"));
            is_ours && flag.is_none_or(|flag| one[flag] == true)
        };
        let one = all.values().find(|one| is_meant(one));
        let one = one.unwrap_or_else(|| panic!("no {kind} is ours: {all:?}"));
        let child: Vec<(&str, &Value)> =
            fields.iter().map(|field| (*field, &one[*field])).collect();
        rig.mock.unbind_by_hand(kind, one[parent].as_str().unwrap(), &child);
        repaired(&rig, kind, &before).await;
        // A change in the very second of a change of members is found with the next full reading.
        rig.looked(2).await;
    }
}

pub(crate) async fn an_appliance_that_is_down_is_waited_for(cluster: &Cluster) {
    let mut rig = Rig::new(cluster).await;
    let controller = rig.controller(&["--longest-retry=2s"]);
    applied(&rig).await;
    let before = rig.mock.act(|node| node.appliance.dump());
    rig.mock.act(|node| node.faults = Faults::unreachable());
    rig.mock.clear_journal();
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    let note = rig.lease_event("Unreachable").await;
    assert!(!note.is_empty());
    // However long it lasts, the waits between the tries grow up to the longest one.
    rig.mock.go_down();
    let (begun, before_that) = (Instant::now(), controller.said(GIVEN_UP));
    wait_for("ten tries", Duration::from_mins(1), async || {
        let tries = controller.said(GIVEN_UP) - before_that;
        if tries >= 10 { Ok(()) } else { Err(format!("{tries}")) }
    })
    .await;
    assert!(begun.elapsed() > Duration::from_secs(2), "{:?}", begun.elapsed());
    rig.mock.act(|node| node.faults = Faults::none());
    rig.mock.come_up();
    rig.has_member("10.1.0.9").await;
    rig.apply(seed::endpoints(&["10.1.0.1", "10.1.0.2"])).await;
    repaired(&rig, "everything", &before).await;
}

pub(crate) async fn a_session_that_ends_or_cannot_begin_is_made_up_for(cluster: &Cluster) {
    let rig =
        Rig::on(&cluster.server, Mock::with(Options { most_sessions: 2, ..Options::default() }))
            .await;
    let _controller = rig.controller(&[]);
    applied(&rig).await;
    rig.mock.act(|node| node.appliance.expire_sessions());
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    rig.has_member("10.1.0.9").await;
    // Others take all the sessions there are.
    assert_eq!(rig.mock.take_all_sessions(), 2);
    rig.apply(seed::endpoints(&["10.1.0.10"])).await;
    rig.lease_event("LoginRefused").await;
    rig.mock.act(|node| node.appliance.expire_sessions());
    rig.has_member("10.1.0.10").await;
}

pub(crate) async fn another_box_is_only_read_until_it_is_approved(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&[]);
    applied(&rig).await;
    rig.hosts_noted().await;
    rig.mock.replace(Hardware::numbered(77));
    let note = rig.lease_event("WrongBox").await;
    assert!(note.contains("nitro-ingress approve host-77"), "{note}");
    rig.looked(2).await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    // Somebody is at work there as the same user, when another controller begins.
    drop(controller);
    let body = json!({ "login": { "username": "nsroot", "password": "nsroot" } });
    rig.mock.by_hand("POST", "login", &body);
    rig.mock.clear_journal();
    let _controller = rig.controller(&[]);
    rig.looked(2).await;
    assert_eq!(rig.mock.writes(), Vec::<String>::new());
    assert_eq!(rig.mock.ended_sessions(), 0, "a box that may be another's is not only read");
    rig.approve("host-77").await;
    wait_for("the other box to be programmed", SOON, async || {
        let names = rig.mock.names("csvserver");
        if names.is_empty() { Err("nothing") } else { Ok(()) }
    })
    .await;
    rig.report(seed::NAME, "Programmed").await;
}

/// Both nodes of a pair.
fn pair() -> [Mock; 2] {
    let options = Options { now: Timestamp::now(), default_profile: true, ..Options::default() };
    let servers = Server::pair(Pair::new(&options), [None, None], Timestamp::now);
    for server in &servers {
        server.with(|node| node.appliance.journal_on());
    }
    servers.map(Mock::of)
}

/// Waits until an appliance has this server, which a member needs.
async fn has_server(mock: &Mock, address: &str) {
    wait_for(&format!("the server {address}"), SOON, async || {
        let servers = mock.names("server");
        let is_there = servers.iter().any(|name| name.ends_with(address));
        if is_there { Ok(()) } else { Err(format!("{servers:?}")) }
    })
    .await;
}

/// What changed something.
fn written(mock: &Mock) -> Vec<JournalEntry> {
    let is_done = |one: &JournalEntry| one.method != "GET" && (200..210).contains(&one.status);
    let beside = ["/login", "/logout", "/systemsession"];
    let is_write = |one: &JournalEntry| {
        !beside.iter().any(|end| one.path.ends_with(end))
            && one.query.as_deref() != Some("action=diff")
    };
    mock.journal().into_iter().filter(|one| is_done(one) && is_write(one)).collect()
}

pub(crate) async fn a_failover_is_followed(cluster: &Cluster) {
    let [first, second] = pair();
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, first).await;
    let name = rig.appliance(&[&rig.mock.url, &second.url]).await;
    let _controller = rig.controller(&["--nitro-url="]);
    applied(&rig).await;
    rig.settled().await;
    rig.mock.clear_journal();
    rig.mock.failover();
    rig.uses(&name, &second.url).await;
    rig.apply(seed::endpoints(&["10.1.0.9"])).await;
    has_server(&second, "10.1.0.9").await;
    // Nothing was written to a node that is secondary.
    assert_eq!(written(&rig.mock), Vec::new());
    let status = rig.described(&name).await.status.unwrap();
    assert_eq!(status.role.as_deref(), Some("Primary"));
    // Nobody loses a session, and nothing else tells of it.
    second.clear_journal();
    second.hand_over();
    rig.uses(&name, &rig.mock.url).await;
    rig.apply(seed::endpoints(&["10.1.0.10"])).await;
    has_server(&rig.mock, "10.1.0.10").await;
    assert_eq!(written(&second), Vec::new());
}

/// The nodes change roles with a write of a first plan, and the new primary cannot be reached for
/// a while.
async fn changes_roles_in_a_plan(cluster: &Cluster, fault: Fault) {
    let [first, second] = pair();
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, first).await;
    let name = rig.appliance(&[&rig.mock.url, &second.url]).await;
    rig.mock.act(|node| node.faults = Faults::none().at_write(4, fault.clone()));
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    let mut second = second;
    second.go_down();
    let controller = rig.controller(&["--nitro-url="]);
    wait_for("the controller to find no primary", Duration::from_secs(40), async || {
        let tries = controller.said("the appliance cannot be used");
        if tries >= 2 { Ok(()) } else { Err(format!("{tries}")) }
    })
    .await;
    // What the old primary took is not all there is; what it took as secondary is nothing.
    assert_eq!(rig.mock.act(|node| node.faults.writes()), 4);
    let journal = rig.mock.journal();
    let lost = journal.iter().filter(|one| one.errorcode == 1028).count();
    assert_eq!(lost, usize::from(fault == Fault::HandOver), "{journal:#?}");
    // Of the four one only asks whether requests may hold several types.
    assert_eq!(written(&rig.mock).len(), 2 + lost, "{:#?}", written(&rig.mock));
    rig.is_not_programmed(seed::NAME).await;
    second.come_up();
    rig.uses(&name, &second.url).await;
    rig.report(seed::NAME, "Programmed").await;
    let at_once = second.act(|node| node.appliance.dump());
    wait_for("the save", SOON, async || {
        let saved = second.writes().iter().any(|line| line.contains("action=save"));
        if saved { Ok(()) } else { Err(second.writes().len()) }
    })
    .await;
    // Who knows nothing of all this finds nothing to do.
    drop(controller);
    second.clear_journal();
    let _next = rig.controller(&["--nitro-url="]);
    wait_for("the appliance to be read", SOON, async || {
        let all = second.journal();
        let is_read = all.iter().filter(|one| one.path.ends_with("/systemfile")).count();
        let looks = all.iter().filter(|one| one.path.ends_with("/nshardware")).count();
        if is_read > 0 && looks > 1 { Ok(()) } else { Err(format!("{is_read} {looks}")) }
    })
    .await;
    assert_eq!(second.writes(), Vec::<String>::new());
    let now = second.act(|node| node.appliance.dump());
    assert_eq!(difference(&at_once, &now), "", "it was not programmed when it was said to be");
    assert_eq!(written(&rig.mock).len(), 2 + lost, "the secondary was written to");
}

pub(crate) async fn a_failover_in_the_middle_of_a_plan_loses_nothing(cluster: &Cluster) {
    changes_roles_in_a_plan(cluster, Fault::Failover).await;
}

pub(crate) async fn a_write_that_a_secondary_took_is_not_done(cluster: &Cluster) {
    changes_roles_in_a_plan(cluster, Fault::HandOver).await;
}

pub(crate) async fn a_reboot_that_ends_no_session_is_seen(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let controller = rig.controller(&["--save-delay=10m"]);
    applied(&rig).await;
    rig.settled().await;
    let before = rig.mock.act(|node| node.appliance.dump());
    rig.mock.act(|node| node.appliance.reboot_within_sessions());
    assert!(rig.mock.names("csvserver").is_empty());
    repaired(&rig, "the lost configuration", &before).await;
    assert_eq!(controller.said("it was started anew"), 1);
    assert_eq!(controller.said("somebody changed it"), 0);
}
