//! Members of service groups on the appliance: how they come, are drained and go, and in how many
//! requests.

use mock_nitro::JournalEntry;
use nitro_ingress::model::{Kind, is_disabled};
use nitro_ingress::translate::Unmet;

use crate::objects::{Cluster, EndpointsBuilder, cluster, endpoints, ingress};
use crate::turns::Turns;

fn web(slice: EndpointsBuilder) -> Cluster {
    let web = ingress("web").annotated("frontend-ip", "192.0.2.10").host("a.example");
    cluster().with(web.path("/", "web", 80)).with(slice)
}

fn slice() -> EndpointsBuilder {
    endpoints("web").port("", 8080)
}

#[track_caller]
fn settle(turns: &Turns, cluster: &Cluster) {
    let _ = turns.converge(cluster);
}

/// The members of `web` on the appliance: the end of the address, and a minus if it is disabled.
fn members(turns: &Turns) -> Vec<String> {
    let state = turns.observe().owned.state;
    let group = state.names(Kind::SERVICEGROUP).find(|name| name.starts_with("k8s-web_")).unwrap();
    let bound = state.bound(Kind::SERVICEGROUP_MEMBER, group).map(|(id, attributes)| {
        let sign = if is_disabled(attributes) { "-" } else { "" };
        format!("{sign}{}", id.child.rsplit('.').next().unwrap())
    });
    bound.collect()
}

/// The writes of one turn, without the save; a second turn makes none.
#[track_caller]
fn writes(turns: &Turns, cluster: &Cluster) -> Vec<String> {
    let before = turns.appliance().journal().len();
    let _ = turns.turn(cluster);
    let after = turns.appliance().journal().len();
    let (_, plan) = turns.turn(cluster);
    assert!(plan.is_empty(), "{:#?}", plan.ops);
    let appliance = turns.appliance();
    appliance.journal()[before..after].iter().filter_map(write).collect()
}

fn write(entry: &JournalEntry) -> Option<String> {
    let JournalEntry { method, path, query, .. } = entry;
    let kind = path.strip_prefix("/nitro/v1/config/")?.split('/').next()?;
    let is_write = method != "GET" && !matches!(kind, "login" | "logout" | "nsconfig");
    let action = query.as_deref().and_then(|query| query.strip_prefix("action="));
    is_write.then(|| format!("{} {kind}", action.unwrap_or(method)))
}

#[test]
fn an_endpoint_comes_and_goes_in_two_writes_each() {
    let turns = Turns::new();
    let one = || slice().address("10.0.0.1", None);
    settle(&turns, &web(one()));
    let came = writes(&turns, &web(one().address("10.0.0.2", None)));
    assert!(came.len() <= 2, "{came:?}");
    assert_eq!(members(&turns), ["1", "2"]);
    let went = writes(&turns, &web(one()));
    assert!(went.len() <= 2, "{went:?}");
    assert_eq!(members(&turns), ["1"]);
}

#[test]
fn an_endpoint_is_replaced_with_draining_in_five_writes() {
    let turns = Turns::new();
    settle(&turns, &web(slice().address("10.0.0.1", None)));
    let both = web(slice().terminating("10.0.0.1", true).address("10.0.0.2", None));
    let first = writes(&turns, &both);
    assert_eq!(first.last().map(String::as_str), Some("disable servicegroup"));
    assert_eq!(members(&turns), ["-1", "2"]);
    let second = writes(&turns, &web(slice().address("10.0.0.2", None)));
    assert!(first.len() + second.len() <= 5, "{first:?} {second:?}");
    assert_eq!(members(&turns), ["2"]);
}

#[test]
fn a_member_is_given_time_to_finish() {
    let mut turns = Turns::new();
    turns.policy.drain_delay_secs = 7;
    settle(&turns, &web(slice().address("10.0.0.1", None)));
    settle(&turns, &web(slice().terminating("10.0.0.1", true).address("10.0.0.2", None)));
    let appliance = turns.appliance();
    let is_disable = |entry: &&JournalEntry| entry.query.as_deref() == Some("action=disable");
    let disable = appliance.journal().iter().find(is_disable).unwrap();
    let member = &disable.body["servicegroup"];
    assert_eq!((&member["delay"], &member["graceful"]), (&7.into(), &"YES".into()));
}

#[test]
fn many_members_are_drained_and_come_back_in_one_write() {
    let turns = Turns::new();
    let slices = |phase: &dyn Fn(EndpointsBuilder, &str) -> EndpointsBuilder| {
        ["10.0.0.2", "10.0.0.3", "10.0.0.4"]
            .iter()
            .fold(slice().address("10.0.0.1", None), |all, one| phase(all, one))
    };
    let ready = web(slices(&|all, one| all.address(one, None)));
    settle(&turns, &ready);
    let leaving = web(slices(&|all, one| all.terminating(one, true)));
    assert_eq!(writes(&turns, &leaving), ["disable servicegroup"]);
    assert_eq!(members(&turns), ["1", "-2", "-3", "-4"]);
    assert_eq!(writes(&turns, &ready), ["enable servicegroup"]);
    assert_eq!(members(&turns), ["1", "2", "3", "4"]);
}

#[test]
fn a_member_that_is_ready_again_is_back_in_service() {
    let turns = Turns::new();
    let both = || slice().address("10.0.0.2", None);
    settle(&turns, &web(both().address("10.0.0.1", None)));
    settle(&turns, &web(both().terminating("10.0.0.1", true)));
    assert_eq!(members(&turns), ["-1", "2"]);
    let ready = web(both().address("10.0.0.1", None));
    assert_eq!(writes(&turns, &ready), ["enable servicegroup"]);
    assert_eq!(members(&turns), ["1", "2"]);
}

#[test]
fn an_endpoint_that_is_terminating_is_never_bound() {
    let turns = Turns::new();
    settle(&turns, &web(slice().address("10.0.0.1", None).terminating("10.0.0.2", true)));
    assert_eq!(members(&turns), ["1"]);
}

#[test]
fn the_last_members_are_not_drained_away() {
    let turns = Turns::new();
    settle(&turns, &web(slice().address("10.0.0.1", None).address("10.0.0.2", None)));
    // One serves still, so the other is drained; then none does, and nothing changes.
    settle(&turns, &web(slice().terminating("10.0.0.1", true).terminating("10.0.0.2", false)));
    assert_eq!(members(&turns), ["1", "-2"]);
    settle(&turns, &web(slice().terminating("10.0.0.1", false).terminating("10.0.0.2", false)));
    assert_eq!(members(&turns), ["1", "-2"]);
    settle(&turns, &web(slice().address("10.0.0.3", None).terminating("10.0.0.1", false)));
    assert_eq!(members(&turns), ["-1", "3"]);
}

#[test]
fn the_members_of_a_held_ingress_are_drained_too() {
    let turns = Turns::new();
    settle(&turns, &web(slice().address("10.0.0.1", None)));
    let broken = ingress("web")
        .annotated("frontend-ip", "192.0.2.10")
        .host("a.example")
        .path("/", "web", 80)
        .path("/x", "nowhere", 80);
    let both = slice().terminating("10.0.0.1", true).address("10.0.0.2", None);
    let translation = turns.translate(&web(both.clone()).with(broken.clone()));
    assert!(translation.unmet.values().eq([&Unmet::Held]));
    settle(&turns, &web(both).with(broken.clone()));
    assert_eq!(members(&turns), ["-1", "2"]);
    // While its Service is missing, everything stays.
    let mut without_service = web(slice()).with(broken);
    without_service.0.services.clear();
    settle(&turns, &without_service);
    assert_eq!(members(&turns), ["-1", "2"]);
}
