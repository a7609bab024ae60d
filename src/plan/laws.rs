//! The laws of planning, as property tests over generated transitions of an abstract appliance.
//!
//! Each case is a chain of worlds. For each step: the plan leads to the aim (convergence), a
//! second plan is empty (rest), and in a *random* order that respects `needs`, with ops that fail
//! and a cut, every state is safe (safety) and the next plan converges all the same (interruption).
//! `LAWS_TRANSITIONS` is the least number of transitions.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::model::{BindingId, Fields, Kind, Role, Value, is_disabled};
use crate::observed::Owned;
use worlds::{
    Absent, Build, FrontEnd, Serving, Terminating, Wish, World, foreign_ssl_profiles, mark, worlds,
};

mod worlds;

/// An appliance on which only we are: what runs, and what would be there after a reboot.
#[derive(Clone, Default)]
struct Machine {
    running: Owned,
    saved: Owned,
}

fn observe(machine: &Machine) -> ObservedState {
    let mut observed = ObservedState { owned: machine.running.clone(), ..ObservedState::default() };
    observed.settings.unsaved = machine.running.state != machine.saved.state;
    observed.settings.unsaved_is_ours = observed.settings.unsaved;
    observed.settings.default_profile = true;
    observed.settings.features = ["LB", "CS", "SSL", "RESPONDER"].map(str::to_owned).into();
    observed
}

/// A small generator of numbers, so that the random orders of a case repeat.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }
}

/// A random order that respects `needs` and keeps the halves of swaps together.
fn random_order(plan: &Plan, dice: &mut Dice) -> Vec<(usize, bool)> {
    let mut order: Vec<(usize, bool)> = Vec::new();
    let mut done = vec![false; plan.ops.len()];
    // The save and the removals behind it are the executor's end, whatever the order.
    let last = |op: &Op| matches!(op, Op::Save | Op::RemoveFile { .. });
    while order.len() < plan.ops.len() {
        let ready =
            |i: usize, done: &[bool]| !done[i] && plan.ops[i].needs.iter().all(|need| done[need.0]);
        let mut candidates: Vec<usize> = (0..plan.ops.len()).filter(|i| ready(*i, &done)).collect();
        if candidates.iter().any(|i| !last(&plan.ops[*i].op)) {
            candidates.retain(|i| !last(&plan.ops[*i].op));
        }
        let next = candidates[dice.below(candidates.len())];
        let swap = plan.swaps.iter().find(|swap| swap.contains(&next));
        let together = swap.cloned().unwrap_or(next..next + 1);
        for op in together.clone() {
            done[op] = true;
            order.push((op, op + 1 < together.end));
        }
    }
    order
}

/// The planned order, with whether a state lies in the gap of a swap.
fn planned_order(plan: &Plan) -> Vec<(usize, bool)> {
    let is_in_gap = |op: usize| plan.swaps.iter().any(|s| s.contains(&op) && op + 1 < s.end);
    (0..plan.ops.len()).map(|op| (op, is_in_gap(op))).collect()
}

/// Executes a plan on an abstract appliance in the given order, and judges every state.
fn run(
    machine: &Machine,
    translation: &Translation,
    order: &[(usize, bool)],
    fails: &mut dyn FnMut(usize) -> bool,
) -> Result<Machine, String> {
    let observed = observe(machine);
    let (aim, plan) = (aim(&observed, translation), plan(&observed, translation));
    if !plan.unordered.is_empty() {
        return Err(format!("these wait for each other: {:#?}", plan.unordered));
    }
    let mark = mark();
    let closed: BTreeSet<IngressId> = translation
        .unmet
        .iter()
        .filter(|(_, unmet)| matches!(unmet, Unmet::Closed(_)))
        .map(|(id, _)| *id)
        .collect();
    let judge = Judge::new(&mark, &closed, &machine.running, &aim.owned);
    let mut now = machine.clone();
    let mut failed: BTreeSet<OpId> = BTreeSet::new();
    for (i, is_in_gap) in order {
        let planned = &plan.ops[*i];
        if planned.needs.iter().any(|need| failed.contains(need)) || fails(*i) {
            failed.insert(OpId(*i));
            // The other half of a swap fails only with the appliance.
            continue;
        }
        refused(&planned.op, &now.running, &aim)
            .map_or(Ok(()), |why| Err(format!("{} is refused: {why}", planned.op)))?;
        simulate(&planned.op, &mut now.running, &aim);
        if planned.op == Op::Save {
            now.saved = now.running.clone();
        }
        let broken = dangling(&now.running).or_else(|| lost_at_boot(&now));
        broken.map_or(Ok(()), |what| Err(format!("after {}: {what}", planned.op)))?;
        judge.judge(&now.running, *is_in_gap).map_err(|violation| {
            let so_far = order.iter().take_while(|(other, _)| other != i);
            let so_far: Vec<String> =
                so_far.map(|(other, _)| plan.ops[*other].op.to_string()).collect();
            format!("after {so_far:#?} and {}: {violation}", planned.op)
        })?;
    }
    Ok(now)
}

/// Somebody else binds a CA to a front end of ours, and changes profiles.
fn meddle(world: &World, owned: &mut Owned) {
    owned.foreign_ssl_profiles = foreign_ssl_profiles(world.has_lax_profiles);
    let (_, csvserver) = Build::csvserver(0);
    let is_live = owned.state.fields(Kind::SSLVSERVER, &csvserver).is_some();
    if world.front_ends[0].has_foreign_ca && is_live {
        let kind = Kind::SSLVSERVER_SSLCERTKEY;
        let binding = BindingId::new(kind, csvserver, "foreign-ca", Role::Ca);
        owned.foreign_children.insert(binding.clone());
        owned.state.bindings.insert(binding, Fields::new());
    }
}

/// A certkey of the saved configuration whose file is gone.
fn lost_at_boot(machine: &Machine) -> Option<String> {
    let certkeys =
        machine.saved.state.entities.iter().filter(|(id, _)| id.kind == Kind::SSLCERTKEY);
    certkeys
        .flat_map(|(id, fields)| ["cert", "key"].map(|field| (id, fields.get(field))))
        .find(|(_, file)| {
            file.and_then(Value::as_text).is_some_and(|file| !machine.running.files.contains(file))
        })
        .map(|(id, _)| format!("the file of {id} would be missing at the next boot"))
}

/// Why the appliance would refuse a bind: its slot is taken. A member changes its state only if it
/// is bound in the other one.
fn refused(op: &Op, now: &Owned, aim: &Aim) -> Option<String> {
    if let Some(member) = op.as_member_state() {
        let is_disabled = now.state.bindings.get(member).map(is_disabled);
        let must_be = matches!(op, Op::EnableMember { .. });
        return (is_disabled != Some(must_be)).then(|| "it is so, or not bound".to_owned());
    }
    let Op::Bind { binding, .. } = op else { return None };
    let mut others = now.state.bound(binding.kind, &binding.parent).map(|(other, _)| other);
    let taken = others.find(|other| slot::is_occupied_by(now, &aim.owned, binding, other))?;
    Some(format!("its slot is taken by {taken}"))
}

/// Something that names what does not exist.
fn dangling(owned: &Owned) -> Option<String> {
    let state = &owned.state;
    let mut named = state
        .entities
        .iter()
        .flat_map(|(id, fields)| reference::references(id, fields))
        .chain(state.bindings.keys().flat_map(reference::ends));
    named
        .find(|id| !state.entities.contains_key(id) && !id.name.starts_with("foreign-"))
        .map(|id| format!("{id} does not exist"))
}

fn check(worlds: &[World], seed: u64) -> Result<(), String> {
    let mut dice = Dice(seed);
    let mut machine = Machine::default();
    for world in worlds {
        meddle(world, &mut machine.running);
        let translation = Build::of(world, &machine.running);
        let first = plan(&observe(&machine), &translation);
        closings_need_nothing(&first, &translation)?;
        let order = planned_order(&first);
        let clean = run(&machine, &translation, &order, &mut |_| false)?;
        held_stay(&machine, &clean, &translation)?;
        draining_stay(&machine, &clean, &translation)?;
        no_foreign_ca(&clean.running)?;
        let second = plan(&observe(&clean), &translation);
        let moves: Vec<String> = second.ops.iter().map(|planned| planned.op.to_string()).collect();
        if !moves.is_empty() {
            return Err(format!("the second plan is not empty: {moves:#?}"));
        }
        // A random order, ops that fail, a cut; then the plan from there.
        let order = random_order(&first, &mut dice);
        let cut = dice.below(order.len() + 1);
        let trouble = dice.below(4);
        let broken = run(&machine, &translation, &order[..cut], &mut |i| {
            let is_in_swap = first.swaps.iter().any(|swap| swap.contains(&i));
            trouble > 1 && !is_in_swap && dice.below(8) == 0
        })?;
        let retry = plan(&observe(&broken), &translation);
        let order = random_order(&retry, &mut dice);
        let mended = run(&broken, &translation, &order, &mut |_| false)?;
        let last = plan(&observe(&mended), &translation);
        if let Some(planned) = last.ops.first() {
            let done: Vec<String> =
                order.iter().map(|(i, _)| retry.ops[*i].op.to_string()).collect();
            return Err(format!("after an interruption and {done:#?}, {} is left", planned.op));
        }
        machine = if dice.below(2) == 0 { clean } else { mended };
    }
    Ok(())
}

/// A held Ingress keeps every route that it has.
fn held_stay(before: &Machine, after: &Machine, translation: &Translation) -> Result<(), String> {
    let mark = mark();
    let is_held = |route: &BindingId| {
        let ingress = mark.ingress_of_name(&route.child);
        ingress.is_some_and(|id| translation.unmet.get(&id) == Some(&Unmet::Held))
    };
    let mut routes = before.running.state.bindings_of(Kind::CSVSERVER_CSPOLICY);
    let lost = routes
        .find(|(route, _)| is_held(route) && !after.running.state.bindings.contains_key(*route));
    lost.map_or(Ok(()), |(route, _)| Err(format!("{route} is held and gone")))
}

/// What is terminating and was bound stays bound: without new clients if others serve, else as it
/// was. What was not bound stays so.
fn draining_stay(
    before: &Machine,
    after: &Machine,
    translation: &Translation,
) -> Result<(), String> {
    let (before, after) = (&before.running.state, &after.running.state);
    let is_draining = |member: &BindingId| translation.draining.members.contains(member);
    for member in &translation.draining.members {
        let observed = before
            .bindings
            .get(member)
            .filter(|_| after.entities.contains_key(&member.parent_id()));
        let others_serve = after
            .bound(Kind::SERVICEGROUP_MEMBER, &member.parent)
            .any(|(other, attributes)| !is_disabled(attributes) && !is_draining(other));
        let wanted = observed.map(|observed| others_serve || is_disabled(observed));
        if after.bindings.get(member).map(is_disabled) != wanted {
            return Err(format!("{member} is terminating; disabled must be {wanted:?}"));
        }
    }
    Ok(())
}

/// Nobody's CA but ours is accepted where clients are authenticated.
fn no_foreign_ca(after: &Owned) -> Result<(), String> {
    let mut cas = after.foreign_children.iter().filter(|binding| binding.role == Role::Ca);
    let accepted = cas.find(|ca| protection::authenticates(after, &ca.parent));
    accepted.map_or(Ok(()), |ca| Err(format!("{ca} is accepted and not ours")))
}

/// What closes an Ingress waits for nothing.
fn closings_need_nothing(plan: &Plan, translation: &Translation) -> Result<(), String> {
    let is_closed = |id: &IngressId| matches!(translation.unmet.get(id), Some(Unmet::Closed(_)));
    let waiting = plan.ops.iter().find(|planned| {
        planned.op.as_unbind().is_some_and(|binding| binding.kind == Kind::CSVSERVER_CSPOLICY)
            && planned.ingresses.iter().any(is_closed)
            && !planned.needs.is_empty()
    });
    waiting.map_or(Ok(()), |planned| Err(format!("{} waits, although it closes", planned.op)))
}

/// One Ingress with one route on the TLS front end, as all directed cases start.
fn simple() -> World {
    let front_end = FrontEnd {
        client_authentication: 0,
        cas: [false; 3],
        hsts: false,
        is_kept: false,
        has_foreign_ca: false,
    };
    let wish = Wish {
        fate: 9,
        front_end: 0,
        routes: vec![(0, 0, false, 0)],
        back_ends: [(0, 0, 0, [Serving, Absent, Absent]); 2],
    };
    let gone = Wish { fate: 0, routes: Vec::new(), ..wish };
    World {
        front_ends: [front_end.clone(), front_end],
        ingresses: [wish, gone.clone(), gone],
        certificates: [0, 0],
        client_certificate: 0,
        issuer: 0,
        names_profiles: [false; 2],
        has_lax_profiles: false,
    }
}

/// Tries a chain of worlds in many random orders.
#[track_caller]
fn holds(worlds: &[World]) {
    for seed in 0..1000 {
        // Small seeds alone give much the same first numbers.
        let seed = u64::wrapping_mul(seed, 0x9e37_79b9_7f4a_7c15);
        assert_eq!(check(worlds, seed), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_back_end_whose_members_all_change_is_never_empty() {
    let mut other = simple();
    other.ingresses[0].back_ends[0].3 = [Absent, Serving, Absent];
    holds(&[simple(), other]);
}

#[test]
fn a_member_is_drained_only_when_another_serves() {
    let mut replaced = simple();
    replaced.ingresses[0].back_ends[0].3 = [Terminating, Serving, Absent];
    let mut back = simple();
    back.ingresses[0].back_ends[0].3 = [Serving, Terminating, Terminating];
    holds(&[simple(), replaced, back]);
}

#[test]
fn a_ca_that_was_left_over_is_gone_before_clients_are_authenticated() {
    let mut strict = simple();
    strict.front_ends[0].client_authentication = 2;
    strict.front_ends[0].cas = [true, false, false];
    strict.front_ends[0].has_foreign_ca = true;
    holds(&[simple(), strict]);
}

#[test]
fn a_foreign_ca_goes_and_comes_back_only_where_nobody_is_authenticated() {
    let mut strict = simple();
    strict.front_ends[0].client_authentication = 2;
    strict.front_ends[0].cas = [true, false, false];
    let mut meddled = strict.clone();
    meddled.front_ends[0].has_foreign_ca = true;
    holds(&[strict, meddled]);
}

#[test]
fn a_profile_of_somebody_else_protects_as_one_of_ours() {
    let mut named = simple();
    named.front_ends[0].client_authentication = 2;
    named.front_ends[0].cas = [true, false, false];
    named.ingresses[0].back_ends[0].0 = 2;
    named.names_profiles = [true; 2];
    let mut open = simple();
    open.ingresses[0].back_ends[0].0 = 1;
    holds(&[named, open]);
}

#[test]
fn a_profile_that_somebody_else_made_lax_gives_way_before_the_front_end_loosens() {
    let mut strict = simple();
    strict.front_ends[0].client_authentication = 2;
    strict.front_ends[0].cas = [true, false, false];
    strict.ingresses[0].back_ends[0].0 = 2;
    let mut named = World { names_profiles: [false, true], ..strict.clone() };
    named.ingresses[0].back_ends[0].0 = 2;
    let mut lax = World { has_lax_profiles: true, ..strict };
    lax.front_ends[0].client_authentication = 0;
    holds(&[named, lax]);
}

#[test]
fn every_way_to_demand_certificates_gives_way_to_every_other() {
    let demanding = |client_authentication, cas| {
        let mut world = simple();
        world.front_ends[0].client_authentication = client_authentication;
        world.front_ends[0].cas = cas;
        world
    };
    let sets = [[true, false, false], [false, true, false], [true, true, false]];
    let worlds: Vec<World> =
        (0..4).flat_map(|demand| sets.map(|cas| demanding(demand, cas))).collect();
    let mut dice = Dice(7);
    for before in &worlds {
        for after in &worlds {
            for _ in 0..8 {
                let seed = u64::try_from(dice.below(usize::MAX >> 1)).unwrap();
                let chain = [before.clone(), after.clone()];
                assert_eq!(check(&chain, seed), Ok(()), "{before:?} {after:?}");
            }
        }
    }
}

#[test]
fn plans_are_safe_in_every_order_converge_and_rest() {
    // Two worlds a case at least, each reached as planned and by a detour of two.
    const TRANSITIONS_PER_CASE: u32 = 6;
    let cases = transitions().div_ceil(TRANSITIONS_PER_CASE);
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&(worlds(), any::<u64>()), |(worlds, seed)| {
            check(&worlds, seed).map_err(TestCaseError::fail)
        })
        .unwrap();
}

fn transitions() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "a test reads how long it may take")]
    let transitions = std::env::var("LAWS_TRANSITIONS");
    transitions.ok().and_then(|number| number.parse().ok()).unwrap_or(3000)
}
