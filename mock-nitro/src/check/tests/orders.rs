//! Every order that the documented edges allow is safe, and each edge is needed.
//!
//! The edges are those of the controller's design, written down again for a front end with two
//! hosts and two owners. What they allow must pass: else the predicate is too strict to be of use.
//! What one edge less allows must fail somewhere: else the predicate is blind there.

mod plan;

use std::collections::{BTreeMap, BTreeSet};

use plan::{Op, Plan};

use super::scene::{Scene, judged};

const ALL: u64 = 1500;

#[test]
fn every_order_that_the_edges_allow_is_safe() {
    for seed in 0..ALL {
        let case = Case::new(seed, None);
        let broken: Vec<String> = case.violations();
        assert!(broken.is_empty(), "seed {seed}: {broken:#?}\n{case:?}");
    }
}

#[test]
fn without_any_one_edge_some_order_is_unsafe() {
    for edge in
        ["5a", "5b", "5c", "6a", "6b", "6c", "7a", "7b", "8a", "8b", "9", "10", "11a", "11b"]
    {
        let is_unsafe = |seed| !Case::new(seed, Some(edge)).violations().is_empty();
        assert!((0..ALL).any(is_unsafe), "edge {edge} is not needed");
    }
}

/// The policy of an owner for a place.
type Policy = (char, usize);
/// The back end of an owner, by how it is spoken to.
type Back = (char, &'static str);

const PLACES: [&str; 3] = ["shop.example/", "shop.example/cart", "other.example/"];
const LEVELS: [&str; 4] = ["plain", "trusting", "verifying", "other-name"];
const DEMANDS: [(&str, bool); 4] =
    [("open", false), ("optional", false), ("mandatory", false), ("optional", true)];

fn host(place: usize) -> &'static str {
    PLACES[place].split_once('/').expect("places have paths").0
}

fn policy_name((owner, place): Policy) -> String {
    format!("{owner}{place}")
}

fn back_name((owner, level): Back) -> String {
    format!("{owner}-{level}")
}

/// What the front end is to be.
#[derive(Debug, Clone)]
struct World {
    profile: &'static str,
    refuses: bool,
    cas: BTreeSet<&'static str>,
    routes: BTreeMap<Policy, Back>,
    members: BTreeMap<Back, BTreeSet<u8>>,
    certificates: BTreeMap<&'static str, &'static str>,
}

impl World {
    fn random(random: &mut Random) -> Self {
        let (profile, refuses) = *random.one_of(&DEMANDS);
        let mut cas: BTreeSet<_> =
            ["ca-a", "ca-b", "ca-c"].into_iter().filter(|_| random.is(2)).collect();
        if profile == "open" {
            cas.retain(|_| random.is(5));
        } else if cas.is_empty() {
            cas.insert("ca-a");
        }
        let mut routes = BTreeMap::new();
        for place in 0..PLACES.len() {
            let owner = *random.one_of(&['x', 'y', '-']);
            if owner != '-' {
                routes.insert((owner, place), (owner, *random.one_of(&LEVELS)));
            }
        }
        let mut members = BTreeMap::new();
        for back in routes.values() {
            members.insert(*back, (1..4).filter(|_| random.is(2)).collect());
        }
        let mut certificates = BTreeMap::new();
        for (_, place) in routes.keys() {
            let own: &[&'static str] = match host(*place) {
                "shop.example" => &["web", "web-too", "wild"],
                _ => &["other", "other-too", "wild"],
            };
            certificates.insert(host(*place), *random.one_of(own));
        }
        Self { profile, refuses, cas, routes, members, certificates }
    }

    fn level(&self) -> u8 {
        match (self.profile, self.refuses) {
            ("open", _) => 0,
            ("optional", false) => 1,
            _ => 2,
        }
    }

    fn authenticates(&self) -> bool {
        self.profile != "open"
    }

    fn accepted(&self) -> BTreeSet<&'static str> {
        if self.authenticates() { self.cas.clone() } else { BTreeSet::new() }
    }

    fn bound(&self) -> BTreeSet<&'static str> {
        self.certificates.values().copied().collect()
    }

    /// Whether clients are kept out less than in another world.
    fn is_weaker_than(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.accepted(), other.accepted());
        let both = self.authenticates() && other.authenticates();
        self.level() < other.level() || both && theirs != mine && theirs.is_subset(&mine)
    }
}

/// What level of protection a back end has.
fn strength((_, level): Back) -> usize {
    LEVELS.iter().position(|other| *other == level).expect("levels are listed").min(2)
}

/// A transition: an old state and the commands in a random order.
struct Case {
    old: Scene,
    worlds: [World; 2],
    order: Vec<Op>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [old, new] = &self.worlds;
        write!(f, "{old:?}\n{new:?}\n")?;
        self.order.iter().enumerate().try_for_each(|(step, op)| writeln!(f, "{} {op:?}", step + 1))
    }
}

impl Case {
    fn new(seed: u64, without: Option<&str>) -> Self {
        let mut random = Random(seed);
        let (old, mut new) = (World::random(&mut random), World::random(&mut random));
        if !new.authenticates() {
            // Left-overs are found, not asked for.
            new.cas.clear();
        }
        let worlds = [old, new];
        let plan = Plan::between(&worlds[0], &worlds[1], without);
        let order = plan.order(&mut random);
        Self { old: scene(&worlds[0]), worlds, order }
    }

    fn violations(&self) -> Vec<String> {
        let edits = self.order.iter().map(|op| |scene: &mut Scene| op.apply(scene));
        judged(&self.old, edits).violations.iter().map(ToString::to_string).collect()
    }
}

fn scene(world: &World) -> Scene {
    let mut scene = Scene::new();
    scene.unbind_route("fe", "p");
    scene.unbind_sni("fe", "web");
    scene.certkey("other-too", "other.example", true);
    scene.certkey("ca-c", "ca-c", false);
    scene.object("sslprofile", "trusting", &[]);
    scene.set_profile("fe", world.profile);
    world.cas.iter().for_each(|ca| scene.bind_ca("fe", ca));
    if world.refuses {
        Op::BindRefusal.apply(&mut scene);
    }
    for (back, members) in &world.members {
        Op::CreateBack(*back).apply(&mut scene);
        Op::BindBackCa(*back).apply(&mut scene);
        for member in members {
            Op::BindMember(*back, *member).apply(&mut scene);
        }
    }
    for (policy, back) in &world.routes {
        Op::CreateRoute(*policy, *back).apply(&mut scene);
        Op::BindRoute(*policy).apply(&mut scene);
    }
    world.bound().iter().for_each(|certkey| scene.bind_sni("fe", certkey));
    scene
}

/// A small generator of numbers (splitmix64): seeded, so that a failing case can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        usize::try_from(mixed % bound as u64).expect("the rest is below a usize")
    }

    /// True once in so many times.
    fn is(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}
