//! The commands between two worlds, and which of them wait for which.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "an edge names the few commands that it is about"
)]

use std::collections::BTreeSet;

use super::super::scene::Scene;
use super::{Back, PLACES, Policy, Random, World, back_name, host, policy_name, strength};

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    BindCa(&'static str),
    UnbindCa(&'static str),
    SetProfile(&'static str),
    BindRefusal,
    UnbindRefusal,
    BindSni(&'static str),
    UnbindSni(&'static str),
    CreateBack(Back),
    BindBackCa(Back),
    BindMember(Back, u8),
    UnbindMember(Back, u8),
    DeleteBack(Back),
    CreateRoute(Policy, Back),
    BindRoute(Policy),
    UnbindRoute(Policy),
    SetTarget(Policy, Back),
    DeleteRoute(Policy),
}

impl Op {
    pub(super) fn apply(&self, scene: &mut Scene) {
        let address = |member: &u8| format!("10.0.0.{member}");
        match self {
            Self::BindCa(ca) => scene.bind_ca("fe", ca),
            Self::UnbindCa(ca) => scene.unbind_ca("fe", ca),
            Self::SetProfile(profile) => scene.set_profile("fe", profile),
            Self::BindRefusal => scene.bind_responder(
                "fe",
                "refusal",
                "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT || CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT",
                "respondwith",
            ),
            Self::UnbindRefusal => scene.unbind_refusal("fe", "refusal"),
            Self::BindSni(certkey) => scene.bind_sni("fe", certkey),
            Self::UnbindSni(certkey) => scene.unbind_sni("fe", certkey),
            Self::CreateBack(back) => {
                let kind = if back.1 == "plain" { "HTTP" } else { "SSL" };
                scene.empty_back_end(&back_name(*back), kind, back.1);
            }
            Self::BindBackCa(back) => {
                if strength(*back) == 2 {
                    let ca = if back.1 == "verifying" { "ca-a" } else { "ca-b" };
                    scene.bind_back_ca(&back_name(*back), ca);
                }
            }
            Self::BindMember(back, member) => {
                scene.bind_member(&back_name(*back), &address(member), 8443);
            }
            Self::UnbindMember(back, member) => {
                scene.unbind_member(&back_name(*back), &address(member), 8443);
            }
            Self::DeleteBack(back) => scene.remove("lbvserver", &back_name(*back)),
            Self::CreateRoute(policy, back) => {
                scene.policy(&policy_name(*policy), PLACES[policy.1], &back_name(*back));
            }
            Self::BindRoute(policy) => scene.bind_route("fe", &policy_name(*policy)),
            Self::UnbindRoute(policy) => scene.unbind_route("fe", &policy_name(*policy)),
            Self::SetTarget(policy, back) => {
                scene.set_target(&policy_name(*policy), &back_name(*back));
            }
            Self::DeleteRoute(policy) => scene.remove("cspolicy", &policy_name(*policy)),
        }
    }
}

/// Commands and what each of them waits for.
pub(super) struct Plan<'a> {
    old: &'a World,
    new: &'a World,
    ops: Vec<Op>,
    needs: BTreeSet<(usize, usize)>,
    without: Option<&'a str>,
}

impl<'a> Plan<'a> {
    pub(super) fn between(old: &'a World, new: &'a World, without: Option<&'a str>) -> Self {
        let mut plan = Self { old, new, ops: Vec::new(), needs: BTreeSet::new(), without };
        plan.front_end();
        plan.certificates();
        plan.back_ends();
        plan.routes();
        plan.edges_of_references();
        plan.edges_of_the_change();
        plan.edges_of_routes();
        plan.edges_of_certificates();
        plan.edges_of_members();
        plan.edges_of_strength();
        plan
    }

    fn front_end(&mut self) {
        let (old, new) = (self.old, self.new);
        self.ops.extend(new.cas.difference(&old.cas).map(|ca| Op::BindCa(ca)));
        self.ops.extend(old.cas.difference(&new.cas).map(|ca| Op::UnbindCa(ca)));
        if old.profile != new.profile {
            self.ops.push(Op::SetProfile(new.profile));
        }
        match (old.refuses, new.refuses) {
            (false, true) => self.ops.push(Op::BindRefusal),
            (true, false) => self.ops.push(Op::UnbindRefusal),
            (false, false) | (true, true) => {}
        }
    }

    fn certificates(&mut self) {
        let (old, new) = (self.old.bound(), self.new.bound());
        self.ops.extend(new.difference(&old).map(|certkey| Op::BindSni(certkey)));
        self.ops.extend(old.difference(&new).map(|certkey| Op::UnbindSni(certkey)));
    }

    fn back_ends(&mut self) {
        let none = BTreeSet::new();
        for (back, members) in &self.new.members {
            let before = self.old.members.get(back);
            if before.is_none() {
                self.ops.extend([Op::CreateBack(*back), Op::BindBackCa(*back)]);
            }
            let before = before.unwrap_or(&none);
            self.ops.extend(members.difference(before).map(|m| Op::BindMember(*back, *m)));
            self.ops.extend(before.difference(members).map(|m| Op::UnbindMember(*back, *m)));
        }
        for back in self.old.members.keys().filter(|back| !self.new.members.contains_key(*back)) {
            self.ops.push(Op::DeleteBack(*back));
        }
    }

    fn routes(&mut self) {
        for (policy, back) in &self.new.routes {
            match self.old.routes.get(policy) {
                None => self.ops.extend([Op::CreateRoute(*policy, *back), Op::BindRoute(*policy)]),
                Some(before) if before != back => self.ops.push(Op::SetTarget(*policy, *back)),
                Some(_) => {}
            }
        }
        for policy in self.old.routes.keys().filter(|policy| !self.new.routes.contains_key(*policy))
        {
            self.ops.extend([Op::UnbindRoute(*policy), Op::DeleteRoute(*policy)]);
        }
    }

    /// Makes every op that `after` chooses wait for every op that `before` chooses for it.
    fn edge(&mut self, name: &str, after: impl Fn(&Op) -> bool, before: impl Fn(&Op, &Op) -> bool) {
        if self.without == Some(name) {
            return;
        }
        for (waiting, op) in self.ops.iter().enumerate().filter(|(_, op)| after(op)) {
            let first = self.ops.iter().enumerate().filter(|(_, other)| before(op, other));
            self.needs.extend(first.map(|(first, _)| (waiting, first)));
        }
    }

    fn edges_of_references(&mut self) {
        self.edge(
            "1",
            |_| true,
            |op, first| match (op, first) {
                (
                    Op::BindBackCa(back)
                    | Op::BindMember(back, _)
                    | Op::CreateRoute(_, back)
                    | Op::SetTarget(_, back),
                    Op::CreateBack(made),
                ) => back == made,
                (Op::BindRoute(policy), Op::CreateRoute(made, _)) => policy == made,
                _ => false,
            },
        );
        let old = self.old;
        self.edge(
            "2",
            |_| true,
            |op, first| match (op, first) {
                (Op::DeleteRoute(policy), Op::UnbindRoute(unbound)) => policy == unbound,
                (Op::DeleteBack(back), Op::DeleteRoute(policy) | Op::SetTarget(policy, _)) => {
                    old.routes.get(policy) == Some(back)
                }
                _ => false,
            },
        );
    }

    fn is_changed(&self) -> bool {
        self.old.level() != self.new.level()
            || self.old.profile != self.new.profile
            || self.old.accepted() != self.new.accepted()
    }

    fn edges_of_the_change(&mut self) {
        let (asked, asks) = (self.old.authenticates(), self.new.authenticates());
        let is_set = |op: &Op| matches!(op, Op::SetProfile(_));
        let binds = |op: &Op| matches!(op, Op::BindCa(_));
        let unbinds = |op: &Op| matches!(op, Op::UnbindCa(_));
        self.edge("5a", is_set, |_, first| binds(first));
        if asked {
            self.edge("5b", unbinds, |_, first| is_set(first) || binds(first));
            self.edge("7a", is_set, |_, first| *first == Op::BindRefusal);
        } else {
            self.edge("5c", is_set, |_, first| unbinds(first));
            self.edge("7a", |op| *op == Op::BindRefusal, |_, first| is_set(first));
        }
        if asks {
            self.edge("7b", |op| *op == Op::UnbindRefusal, |_, first| is_set(first));
        } else {
            self.edge("7b", is_set, |_, first| *first == Op::UnbindRefusal);
        }
    }

    fn edges_of_routes(&mut self) {
        let comes = |op: &Op| matches!(op, Op::BindRoute(_));
        let leaves = |op: &Op| matches!(op, Op::UnbindRoute(_));
        if self.is_changed() {
            self.edge("6a", is_of_the_change, |_, first| leaves(first));
            self.edge("6b", comes, |_, first| is_of_the_change(first));
        } else {
            self.edge("6c", leaves, |op, first| match (op, first) {
                (Op::UnbindRoute((_, place)), Op::BindRoute((_, heir))) => place == heir,
                _ => false,
            });
        }
        let new = self.new;
        let back = move |op: &Op| match op {
            Op::BindRoute(policy) => new.routes.get(policy).copied(),
            Op::SetTarget(_, back) => Some(*back),
            _ => None,
        };
        self.edge(
            "9",
            |op| back(op).is_some(),
            |op, first| match first {
                Op::CreateBack(other) | Op::BindBackCa(other) | Op::BindMember(other, _) => {
                    back(op) == Some(*other)
                }
                _ => false,
            },
        );
    }

    fn edges_of_certificates(&mut self) {
        let (old, new) = (self.old, self.new);
        let swapped = |certkey: &str| swap(old, new).iter().any(|pair| pair.contains(&certkey));
        self.edge(
            "3",
            |op| matches!(op, Op::BindSni(_)),
            |op, first| match (op, first) {
                (Op::BindSni(bound), Op::UnbindSni(freed)) => {
                    swap(old, new).contains(&[freed, bound])
                }
                _ => false,
            },
        );
        self.edge(
            "8a",
            |_| true,
            |op, first| match (op, first) {
                (Op::BindRoute((_, place)), Op::BindSni(certkey)) => {
                    new.certificates.get(host(*place)) == Some(certkey)
                }
                _ => false,
            },
        );
        self.edge(
            "8b",
            |_| true,
            |op, first| match (op, first) {
                (Op::UnbindSni(certkey), Op::BindSni(_)) => !swapped(certkey),
                (Op::UnbindSni(_), Op::UnbindRoute((_, place))) => {
                    !new.certificates.contains_key(host(*place))
                }
                _ => false,
            },
        );
    }

    fn edges_of_members(&mut self) {
        let old = self.old;
        self.edge(
            "10",
            |_| true,
            |op, first| match (op, first) {
                (Op::UnbindMember(group, _), Op::BindMember(other, _)) => group == other,
                (
                    Op::UnbindMember(group, _),
                    Op::SetTarget(policy, _) | Op::UnbindRoute(policy),
                ) => old.routes.get(policy) == Some(group),
                _ => false,
            },
        );
    }

    fn edges_of_strength(&mut self) {
        let (old, new) = (self.old, self.new);
        let rises = move |op: &Op| match op {
            Op::SetTarget(policy, back) => {
                old.routes.get(policy).is_some_and(|before| strength(*back) > strength(*before))
            }
            _ => false,
        };
        let falls = move |op: &Op| match op {
            Op::SetTarget(policy, back) => {
                old.routes.get(policy).is_some_and(|before| strength(*back) < strength(*before))
            }
            _ => false,
        };
        if new.is_weaker_than(old) {
            self.edge("11a", is_of_the_change, |_, first| rises(first));
        }
        if old.is_weaker_than(new) {
            self.edge("11b", falls, |_, first| is_of_the_change(first));
        }
    }

    /// A random order; one op may fail and takes along what waits for it, and the end may be cut.
    /// The two halves of a swap stay together: no edge can help if the second one alone fails.
    pub(super) fn order(&self, random: &mut Random) -> Vec<Op> {
        let swaps = swap(self.old, self.new);
        let mut waiting: BTreeSet<usize> = (0..self.ops.len()).collect();
        let mut failed = BTreeSet::new();
        let mut order = Vec::new();
        while let Some(next) = self.next(&waiting, random) {
            let partner = match &self.ops[next] {
                Op::UnbindSni(certkey) => swaps.iter().find(|pair| pair[0] == *certkey),
                _ => None,
            };
            let both = partner.map(|pair| Op::BindSni(pair[1]));
            let mut unit = vec![next];
            unit.extend(self.ops.iter().position(|op| Some(op) == both.as_ref()));
            let lost = |(op, first): &(usize, usize)| unit.contains(op) && failed.contains(first);
            let fails = random.is(40) || self.needs.iter().any(lost);
            for index in unit {
                waiting.remove(&index);
                if fails {
                    failed.insert(index);
                } else {
                    order.push(self.ops[index].clone());
                }
            }
        }
        if random.is(3) {
            order.truncate(random.below(order.len() + 1));
        }
        order
    }

    fn next(&self, waiting: &BTreeSet<usize>, random: &mut Random) -> Option<usize> {
        let is_ready = |op: &&usize| {
            !self.needs.iter().any(|(waits, first)| waits == *op && waiting.contains(first))
        };
        let ready: Vec<usize> = waiting.iter().filter(is_ready).copied().collect();
        assert!(!ready.is_empty() || waiting.is_empty(), "the edges form a circle: {:?}", self.ops);
        (!ready.is_empty()).then(|| *random.one_of(&ready))
    }
}

fn is_of_the_change(op: &Op) -> bool {
    matches!(
        op,
        Op::BindCa(_) | Op::UnbindCa(_) | Op::SetProfile(_) | Op::BindRefusal | Op::UnbindRefusal
    )
}

/// The SNI certificates that follow each other at one name: the appliance takes only one there.
fn swap(old: &World, new: &World) -> Vec<[&'static str; 2]> {
    let pairs =
        [["web", "web-too"], ["web-too", "web"], ["other", "other-too"], ["other-too", "other"]];
    let (before, after) = (old.bound(), new.bound());
    let swaps = pairs.into_iter().filter(|[freed, bound]| {
        before.contains(freed)
            && !after.contains(freed)
            && after.contains(bound)
            && !before.contains(bound)
    });
    swaps.collect()
}
