//! Laws of whole turns over random clusters: what is not ours stays, what is new moves nothing, and
//! how commands are packed into requests means nothing.

use std::collections::BTreeMap;

use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::execute;
use nitro_ingress::nitro::Limits;
use nitro_ingress::plan::{Op, plan};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{Hand, Made, mark};
use crate::in_process::{InProcess, client, run};
use crate::objects::{cluster, ingress, now};
use crate::turns::Turns;
use crate::world::world;

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

/// Things of others, some of which look much like ours.
fn of_others() -> Hand {
    let mut hand = Hand::new(true);
    // Our mark in the name, and no comment, or that of a cluster whose name starts like ours.
    let server = json!({"name": mark().shared_name("198.51.100.9"), "ipaddress": "198.51.100.9"});
    let near = "nitro-ingress cluster=local2";
    hand.add("server", &server)
        .add(
            "lbvserver",
            &json!({"name": "k8s-web_80_lbv_x", "servicetype": "HTTP", "comment": near}),
        )
        .add(
            "servicegroup",
            &json!({"servicegroupname": "k8s-web_80_sgp_x", "servicetype": "HTTP"}),
        )
        .add("csaction", &json!({"name": "k8s-a", "targetlbvserver": "k8s-web_80_lbv_x"}))
        .add("cspolicy", &json!({"policyname": "k8s-a", "rule": "TRUE", "action": "k8s-a"}))
        .add(
            "csvserver",
            &json!({
                "name": "k8s-198.51.100.1_80_http", "servicetype": "HTTP",
                "ipv46": "198.51.100.1", "port": 80
            }),
        )
        .bind(
            "lbvserver_servicegroup",
            &json!({
                "name": "k8s-web_80_lbv_x", "servicegroupname": "k8s-web_80_sgp_x"
            }),
        )
        .bind(
            "csvserver_cspolicy",
            &json!({
                "name": "k8s-198.51.100.1_80_http", "policyname": "k8s-a", "priority": 1
            }),
        );
    Made::leaf("theirs.example").install(&mut hand, "k8s-theirs", true);
    hand.save();
    hand
}

/// Every object and binding of an appliance by kind and name.
fn things(appliance: &Appliance) -> BTreeMap<(String, String), Value> {
    let dump = appliance.dump();
    let sections =
        ["objects", "bindings"].map(|section| dump[section].as_object().unwrap().clone());
    let kinds = sections.into_iter().flatten();
    kinds
        .flat_map(|(kind, named)| {
            let named = named.as_object().unwrap().clone();
            named.into_iter().map(move |(name, thing)| ((kind.clone(), name), thing))
        })
        .collect()
}

fn untouched(
    before: &BTreeMap<(String, String), Value>,
    turns: &Turns,
) -> Result<(), TestCaseError> {
    let after = things(&turns.appliance());
    for (id, thing) in before {
        prop_assert_eq!(after.get(id), Some(thing), "{:?}", id);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn what_is_not_ours_stays_as_it_is(one in world(), two in world()) {
        let hand = of_others();
        let before = things(&hand.0);
        let mut turns = Turns::of(hand.0);
        turns.policy.consent.prune = true;
        for world in [&one, &two, &cluster()] {
            drop(turns.converge(world));
            untouched(&before, &turns)?;
        }
        let left: Vec<_> = things(&turns.appliance()).into_keys().filter(|id| !before.contains_key(id)).collect();
        prop_assert!(left.is_empty(), "{:?} is left of ours", left);
    }

    #[test]
    fn a_new_ingress_takes_nothing_away_and_renumbers_nothing(world in world()) {
        let turns = Turns::new();
        let settled = turns.converge(&world);
        // Younger than all others, and asking for nothing that others would have to make room for.
        let newcomer = ingress("zz-newcomer")
            .created(1000)
            .annotated("frontend-ip", "192.0.2.10")
            .host("newcomer.example")
            .path("/", "web", 80);
        let grown = world.with(newcomer);
        let (translation, plan) = turns.turn(&grown);
        let moves = plan.ops.iter().filter(|planned| match &planned.op {
            Op::Unbind { .. }
            | Op::EnableMember { .. }
            | Op::DisableMember { .. }
            | Op::Delete { .. }
            | Op::Rebind { .. }
            | Op::Change { .. }
            | Op::Set { .. }
            | Op::Unset { .. }
            | Op::Unlink { .. }
            | Op::RemoveFile { .. } => true,
            Op::Upload { .. }
            | Op::Create { .. }
            | Op::Bind { .. }
            | Op::Enable { .. }
            | Op::Link { .. }
            | Op::Verify { .. }
            | Op::VerifyBinding { .. }
            | Op::Save => false,
        });
        let moves: Vec<String> = moves.map(|planned| planned.op.to_string()).collect();
        prop_assert!(moves.is_empty(), "{:#?}", moves);
        prop_assert!(settled.unmet.keys().all(|id| translation.unmet.contains_key(id)));
    }
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn how_many_commands_a_request_carries_means_nothing(one in world(), two in world()) {
        let mut digests = Vec::new();
        for commands in [1, 7, 50, 1000] {
            let mut appliance = Appliance::new(Options { now: now(), ..Options::default() });
            for world in [&one, &two] {
                let turns = Turns::of(appliance.clone());
                let (observed, translation) = (turns.observe(), turns.translate(world));
                let plan = plan(&observed, &translation);
                let client = client(InProcess::new(appliance));
                let limits = Limits { commands, ..*client.limits() };
                let client = client.with_limits(limits);
                let outcomes = run(execute(&client, &plan, &mut |_| ()));
                prop_assert!(outcomes.is_complete());
                appliance = client.transport().faulty().appliance.clone();
            }
            digests.push(appliance.digest());
        }
        digests.dedup();
        prop_assert_eq!(digests.len(), 1);
    }
}
