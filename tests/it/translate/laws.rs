//! Laws of translating, over random clusters.

use std::collections::BTreeSet;

use nitro_ingress::model::{EntityId, Kind, Role};
use nitro_ingress::policy::Policy;
use nitro_ingress::schema;
use nitro_ingress::tls::Material;
use nitro_ingress::translate::{Desired, translate};
use proptest::prelude::*;

use super::ask::translated;
use crate::objects::policy;
use crate::turns::Turns;
use crate::world::{broken, world};

/// Everything that is wrong with what is desired.
fn faults(desired: &Desired) -> Vec<String> {
    let mut faults = Vec::new();
    let state = &desired.state;
    for (id, fields) in &state.entities {
        for (name, value) in fields {
            let read = schema::normalise(id.kind, name, &value.to_json());
            if read.as_ref().ok() != Some(&(read.as_ref().map_or("", |r| r.0), value.clone())) {
                faults.push(format!("{id}: {name} = {value}"));
            }
            if !schema::managed_fields(id.kind).contains(&name.as_str()) {
                faults.push(format!("{id}: {name} is never read back"));
            }
        }
        if !desired.owners.contains_key(id) {
            faults.push(format!("{id} has no owner"));
        }
    }
    for id in state.bindings.keys() {
        let parent = id.parent_id();
        let source = parent.kind.derived_from().unwrap_or(parent.kind);
        if !state.entities.contains_key(&EntityId::new(source, parent.name.as_str())) {
            faults.push(format!("{id} has no parent"));
        }
        match id.child_id() {
            Some(child) if child.kind == Kind::SSLCERTKEY => {
                if !desired.certificates.keys().any(|known| known.as_str() == child.name) {
                    faults.push(format!("{id} has no certificate"));
                }
            }
            Some(child) if !state.entities.contains_key(&child) => {
                faults.push(format!("{id} has no child"));
            }
            Some(_) | None => (),
        }
    }
    faults.extend(occupied_twice(desired));
    faults.extend(unserved(desired));
    faults
}

/// Slots that hold one binding only, and hold two.
fn occupied_twice(desired: &Desired) -> Vec<String> {
    let state = &desired.state;
    let mut faults = Vec::new();
    for csvserver in state.names(Kind::CSVSERVER) {
        let mut rules = BTreeSet::new();
        for (id, _) in state.bound(Kind::CSVSERVER_CSPOLICY, csvserver) {
            if !rules.insert(state.text(Kind::CSPOLICY, &id.child, "rule")) {
                faults.push(format!("{id}: another policy has this rule"));
            }
        }
        let mut names = BTreeSet::new();
        let served = state.bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver);
        for (id, _) in served.filter(|(id, _)| id.role == Role::Sni) {
            for name in &certificate(desired, &id.child).certificate.names {
                if !names.insert(name) {
                    faults.push(format!("{id}: another certificate is for {name}"));
                }
            }
        }
        let targets = state.bound(Kind::CSVSERVER_LBVSERVER, csvserver).count();
        if targets != 1 {
            faults.push(format!("{csvserver} has {targets} default vservers"));
        }
    }
    faults
}

/// Hosts in TLS without a certificate; front ends that demand client certificates without a CA.
fn unserved(desired: &Desired) -> Vec<String> {
    let state = &desired.state;
    let mut faults = Vec::new();
    for csvserver in state.names(Kind::SSLVSERVER) {
        let bound: Vec<_> = state.bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver).collect();
        let profile = state.text(Kind::SSLVSERVER, csvserver, "sslprofile").unwrap();
        let demands = state.text(Kind::SSLPROFILE, profile, "clientauth") == Some("ENABLED");
        if demands != bound.iter().any(|(id, _)| id.role == Role::Ca) {
            faults.push(format!("{csvserver}: client authentication and CAs do not go together"));
        }
        for (id, _) in state.bound(Kind::CSVSERVER_CSPOLICY, csvserver) {
            let rule = state.text(Kind::CSPOLICY, &id.child, "rule").unwrap();
            let matches = nitro_ingress::model::RouteMatch::parse(rule).unwrap();
            let host = match matches.host {
                nitro_ingress::model::Host::Exact(name) => name,
                nitro_ingress::model::Host::Wildcard(suffix) => format!("*.{suffix}"),
                nitro_ingress::model::Host::Any => continue,
            };
            let serves = |child: &str| certificate(desired, child).certificate.covers(&host);
            if !bound.iter().any(|(id, _)| id.role == Role::Sni && serves(&id.child)) {
                faults.push(format!("{id}: {host} has no certificate"));
            }
        }
    }
    faults
}

fn certificate<'d>(desired: &'d Desired, id: &str) -> &'d Material {
    desired.certificates.iter().find(|(known, _)| known.as_str() == id).unwrap().1
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_is_desired_is_whole_and_no_slot_is_taken_twice(world in world()) {
        let translation = translated(&world);
        prop_assert_eq!(faults(&translation.desired), [""; 0]);
        for one in &translation.diagnostics {
            prop_assert!(!one.problem.is_empty() && !one.remedy.is_empty());
        }
    }

    #[test]
    fn a_broken_ingress_changes_nothing_for_others(world in world(), broken in broken("broken")) {
        let before = translated(&world);
        let after = translated(&world.with(broken));
        prop_assert_eq!(after.unmet.len(), before.unmet.len() + 1);
        prop_assert_eq!(after.desired.state, before.desired.state);
        prop_assert_eq!(after.desired.certificates, before.desired.certificates);
    }

    #[test]
    fn the_order_of_endpoints_and_the_names_of_slices_mean_nothing(world in world()) {
        let mut shuffled = world.clone();
        let slices = std::mem::take(&mut shuffled.0.endpoint_slices);
        for (mut key, mut slice) in slices {
            std::sync::Arc::make_mut(&mut slice).endpoints.reverse();
            key.name.insert(0, 'z');
            shuffled.0.endpoint_slices.insert(key, slice);
        }
        prop_assert_eq!(translated(&shuffled).desired.state, translated(&world).desired.state);
    }

    #[test]
    fn another_cluster_on_the_appliance_has_other_names(world in world()) {
        let cluster = nitro_ingress::model::ClusterId::parse("elsewhere").unwrap();
        let mark = nitro_ingress::model::Mark { cluster, prefix: "other".to_owned() };
        let theirs = translate(&world.0, &Policy { mark, ..policy() }).desired.state;
        let ours = translated(&world).desired.state;
        let shared: Vec<_> = ours.entities.keys().filter(|id| theirs.entities.contains_key(id)).collect();
        prop_assert!(shared.is_empty(), "{:?}", shared);
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn any_series_of_clusters_converges_on_the_appliance(
        worlds in prop::collection::vec(world(), 1..4)
    ) {
        let turns = Turns::new();
        for world in worlds {
            let translation = turns.converge(&world);
            prop_assert_eq!(translation.gone, [].into());
        }
    }
}
