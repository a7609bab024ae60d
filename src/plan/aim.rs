//! What a plan aims at: what is desired, and what is pinned because its Ingress is unmet, under
//! the names that everything has or gets on the appliance.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::FileContent;
use super::assign;
use super::reference::{ends, references};
use crate::model::{
    BindingId, EntityId, Fields, Host, IngressId, Kind, Mark, Name, Role, RouteMatch, State,
    disabled,
};
use crate::observed::{ObservedState, Owned};
use crate::translate::{Translation, Unmet};

/// The state after the plan, and what it takes to get there beside the difference.
#[derive(Debug, Clone, Default)]
pub struct Aim {
    /// Our objects as they will be.
    pub owned: Owned,
    /// The content of files that may have to be uploaded, by name.
    pub(super) uploads: BTreeMap<String, FileContent>,
    /// How long members that are drained may finish what they have.
    pub(super) drain_delay_secs: u32,
    /// The Ingresses that certkeys are there for, by the names that they were assigned.
    pub(super) owners: BTreeMap<EntityId, Arc<BTreeSet<IngressId>>>,
}

/// Works out the aim.
pub fn aim(observed: &ObservedState, translation: &Translation) -> Aim {
    let desired = &translation.desired;
    let old = &observed.owned;
    let mut state = desired.state.clone();
    for csvserver in &desired.kept_front_ends {
        keep_front_end(&old.state, csvserver, &mut state);
    }
    let pins = Pins::of(old, translation);
    pins.add(old, translation, &mut state);
    drain(&old.state, &translation.draining.members, &mut state);
    close(&old.state, &mut state);
    let mut aim = Aim { drain_delay_secs: translation.draining.delay_secs, ..Aim::default() };
    aim.owned.state = state;
    // No plan changes them.
    aim.owned.foreign_ssl_profiles.clone_from(&old.foreign_ssl_profiles);
    assign::certkeys(old, translation, &mut aim);
    assign::priorities(&old.state, &desired.bands, &mut aim.owned.state);
    pins.add_certificates(old, &mut aim.owned);
    keep_foreign_children(old, translation, &mut aim.owned);
    assign::add_certkeys(old, &mut aim);
    aim
}

/// What an unmet Ingress keeps.
struct Pins {
    /// Held and closed Ingresses, and whether their routes stay.
    ingresses: BTreeMap<IngressId, bool>,
    /// Routes that others have now.
    yielded: BTreeSet<BindingId>,
    mark: Mark,
}

impl Pins {
    fn of(old: &Owned, translation: &Translation) -> Self {
        let mark = translation.mark.clone();
        let mut ingresses: BTreeMap<IngressId, bool> = translation
            .unmet
            .iter()
            .map(|(id, unmet)| (*id, matches!(unmet, Unmet::Held)))
            .collect();
        // An id that translating never heard of is nobody's to delete.
        for (id, fields) in &old.state.entities {
            let Some(ingress) = ingress_of(&mark, &old.state, id, fields) else { continue };
            let is_known = translation.ingresses.contains_key(&ingress)
                || translation.gone.contains_key(&ingress);
            if !is_known {
                ingresses.entry(ingress).or_insert(true);
            }
        }
        Self { ingresses, yielded: translation.desired.yielded.clone(), mark }
    }

    fn holds_route(&self, binding: &BindingId) -> bool {
        binding.kind == Kind::CSVSERVER_CSPOLICY
            && !self.yielded.contains(binding)
            && self
                .mark
                .ingress_of_name(&binding.child)
                .is_some_and(|ingress| self.ingresses.get(&ingress) == Some(&true))
    }

    fn add(&self, old: &Owned, translation: &Translation, state: &mut State) {
        if self.ingresses.is_empty() {
            return;
        }
        for (id, fields) in &old.state.entities {
            let ingress = ingress_of(&self.mark, &old.state, id, fields);
            if ingress.is_some_and(|ingress| self.ingresses.contains_key(&ingress)) {
                pin_entity(&old.state, id, state);
            }
        }
        for (group, members) in &translation.pinned_members {
            if state.entities.contains_key(&EntityId::new(Kind::SERVICEGROUP, group.as_str())) {
                state
                    .bindings
                    .retain(|id, _| id.kind != Kind::SERVICEGROUP_MEMBER || id.parent != *group);
                state.entities.extend(members.entities.clone());
                state.bindings.extend(members.bindings.clone());
            }
        }
        for (binding, attributes) in old.state.bindings_of(Kind::CSVSERVER_CSPOLICY) {
            if self.holds_route(binding) {
                let front_end = EntityId::new(Kind::CSVSERVER, binding.parent.as_str());
                if !state.entities.contains_key(&front_end) {
                    pin_entity(&old.state, &front_end, state);
                    keep_front_end(&old.state, &binding.parent, state);
                }
                state.bindings.entry(binding.clone()).or_insert_with(|| attributes.clone());
            }
        }
    }

    /// Keeps the certificates that clients of held routes are served, unless another certificate is
    /// desired in their place.
    fn add_certificates(&self, old: &Owned, aim: &mut Owned) {
        let held =
            old.state.bindings_of(Kind::CSVSERVER_CSPOLICY).filter(|(b, _)| self.holds_route(b));
        let hosts: BTreeSet<(&str, Host)> = held
            .filter_map(|(route, _)| {
                Some((route.parent.as_str(), route_match(&old.state, &route.child)?.host))
            })
            .collect();
        // Whether there is need of a default certificate shows when those for SNI are there.
        for role in [Role::Sni, Role::Plain] {
            for (csvserver, host) in &hosts {
                let kept: Vec<(BindingId, Fields)> = covering(&old.state, old, csvserver, host)
                    .filter(|(binding, _)| binding.role == role && !is_taken(old, aim, binding))
                    .filter(|(binding, _)| role == Role::Sni || is_default(old, aim, binding, host))
                    .map(|(binding, attributes)| (binding.clone(), attributes.clone()))
                    .collect();
                for (binding, attributes) in kept {
                    aim.state.bindings.entry(binding).or_insert(attributes);
                }
            }
        }
    }
}

/// The bindings of certificates on a csvserver that cover a host. A route of any host is reached
/// under each name that has a certificate.
fn covering<'s>(
    state: &'s State,
    certkeys: &'s Owned,
    csvserver: &str,
    host: &'s Host,
) -> impl Iterator<Item = (&'s BindingId, &'s Fields)> {
    let covers = move |certkey: &str| {
        *host == Host::Any
            || certkeys
                .certkeys
                .get(certkey)
                .is_some_and(|certkey| certkey.names.iter().any(|name| host.is_covered_by(name)))
    };
    state
        .bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver)
        .filter(move |(binding, _)| binding.role != Role::Ca && covers(&binding.child))
}

/// Whether another certificate is desired in the place of an observed one.
fn is_taken(old: &Owned, aim: &Owned, observed: &BindingId) -> bool {
    aim.state.bound(observed.kind, &observed.parent).any(|(other, _)| {
        other.child != observed.child
            && other.role == observed.role
            && (observed.role == Role::Plain
                || names_meet(&aim.certkeys, &old.certkeys, &other.child, &observed.child))
    })
}

/// Whether the clients of a host are served the default certificate, and would be.
fn is_default(old: &Owned, aim: &Owned, observed: &BindingId, host: &Host) -> bool {
    let csvserver = observed.parent.as_str();
    let kept = covering(&aim.state, old, csvserver, host);
    *host == Host::Any
        || (is_default_beside(covering(&old.state, old, csvserver, host), observed)
            && is_default_beside(covering(&aim.state, aim, csvserver, host).chain(kept), observed))
}

/// A default certificate beside another one for SNI is there for other hosts.
fn is_default_beside<'s>(
    covering: impl Iterator<Item = (&'s BindingId, &'s Fields)>,
    default: &BindingId,
) -> bool {
    let mut named = covering.filter(|(binding, _)| binding.role == Role::Sni).peekable();
    named.peek().is_none() || named.any(|(binding, _)| binding.child == default.child)
}

fn names_meet(
    aim: &BTreeMap<Name, crate::observed::ObservedCertkey>,
    old: &BTreeMap<Name, crate::observed::ObservedCertkey>,
    one: &str,
    other: &str,
) -> bool {
    let (Some(one), Some(other)) = (aim.get(one).or_else(|| old.get(one)), old.get(other)) else {
        return false;
    };
    !one.names.is_disjoint(&other.names)
}

/// The Ingress that an entity of ours was made for, from its comment or its name.
pub(super) fn ingress_of(
    mark: &Mark,
    state: &State,
    id: &EntityId,
    fields: &Fields,
) -> Option<IngressId> {
    let comment = match id.kind {
        Kind::LBVSERVER | Kind::SERVICEGROUP => fields.get("comment"),
        Kind::SSLSERVICEGROUP => state.fields(Kind::SERVICEGROUP, &id.name)?.get("comment"),
        _ => return mark.ingress_of_name(&id.name),
    };
    mark.parse_comment(comment?.as_text()?)?.ingress.map(|(ingress, _)| ingress)
}

/// Which requests the policy of that name takes.
pub(super) fn route_match(state: &State, policy: &str) -> Option<RouteMatch> {
    RouteMatch::parse(state.text(Kind::CSPOLICY, policy, "rule")?)
}

/// Keeps an observed entity with everything that is bound to it, routes and certificates of front
/// ends excepted.
fn pin_entity(old: &State, id: &EntityId, state: &mut State) {
    let Some(fields) = old.entities.get(id) else { return };
    if state.entities.contains_key(id) {
        return;
    }
    state.entities.insert(id.clone(), fields.clone());
    for shape in crate::model::BindingShape::ALL.iter().filter(|shape| shape.parent == id.kind) {
        let follows = !matches!(shape.kind, Kind::CSVSERVER_CSPOLICY | Kind::SSLVSERVER_SSLCERTKEY);
        for (binding, attributes) in old.bound(shape.kind, &id.name).filter(|_| follows) {
            state.bindings.insert(binding.clone(), attributes.clone());
        }
    }
}

/// Keeps a front end as it is bound: its fields, its profile, its CAs, its refusing policies, and
/// what answers requests that nobody takes.
fn keep_front_end(old: &State, csvserver: &str, state: &mut State) {
    let front_end = EntityId::new(Kind::CSVSERVER, csvserver);
    if let Some(fields) = old.entities.get(&front_end) {
        state.entities.insert(front_end, fields.clone());
        let defaults = |state: &State| -> Vec<BindingId> {
            let bound = state.bound(Kind::CSVSERVER_LBVSERVER, csvserver);
            bound.map(|(binding, _)| binding.clone()).collect()
        };
        let kept = defaults(old);
        for desired in defaults(state).into_iter().filter(|_| !kept.is_empty()) {
            state.bindings.remove(&desired);
        }
        state.bindings.extend(kept.into_iter().map(|binding| (binding, Fields::new())));
    }
    let endpoint = EntityId::new(Kind::SSLVSERVER, csvserver);
    if let Some(fields) = old.entities.get(&endpoint) {
        state.entities.insert(endpoint, fields.clone());
    }
    let cas = old.bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver).filter(|(b, _)| b.role == Role::Ca);
    for (binding, attributes) in cas.chain(old.bound(Kind::CSVSERVER_RESPONDERPOLICY, csvserver)) {
        state.bindings.insert(binding.clone(), attributes.clone());
    }
}

/// Keeps members whose endpoints are terminating until those are gone, without new clients. Who is
/// not bound is not bound for that, and where no other member would serve, nobody is taken out of
/// service. An endpoint that is gone is unbound whether or not its time is over (assumed: 1443, which
/// forbids that, is said to be about unbinding gracefully).
fn drain(old: &State, members: &BTreeSet<BindingId>, state: &mut State) {
    let mut kept = Vec::new();
    for member in members {
        let is_wanted = !state.entities.contains_key(&member.parent_id())
            || state.bindings.contains_key(member);
        let Some(observed) = old.bindings.get(member).filter(|_| !is_wanted) else { continue };
        let others_serve = state.has_serving_member(&member.parent);
        kept.push((member.clone(), if others_serve { disabled() } else { observed.clone() }));
    }
    state.bindings.extend(kept);
}

/// Keeps whatever is referred to, until nothing is missing that exists.
fn close(old: &State, state: &mut State) {
    // Certificates are named by content here and get their certkeys later.
    let is_kept = |id: &EntityId| id.kind == Kind::SSLCERTKEY || state.entities.contains_key(id);
    if old.entities.keys().all(is_kept) {
        return;
    }
    let mut missing: Vec<EntityId> = state
        .entities
        .iter()
        .flat_map(|(id, fields)| references(id, fields))
        .chain(state.bindings.keys().flat_map(ends))
        .filter(|id| !state.entities.contains_key(id))
        .collect();
    while let Some(id) = missing.pop() {
        if state.entities.contains_key(&id) || id.kind == Kind::SSLCERTKEY {
            continue;
        }
        let Some(fields) = old.entities.get(&id) else { continue };
        missing.extend(references(&id, fields));
        pin_entity(old, &id, state);
        for shape in crate::model::BindingShape::ALL.iter().filter(|shape| shape.parent == id.kind)
        {
            missing.extend(old.bound(shape.kind, &id.name).flat_map(|(binding, _)| ends(binding)));
        }
        for derived in [Kind::SSLVSERVER, Kind::SSLSERVICEGROUP] {
            let derived = EntityId::new(derived, id.name.as_str());
            if derived.kind.derived_from() == Some(id.kind) && old.entities.contains_key(&derived) {
                missing.extend(references(&derived, &old.entities[&derived]));
                pin_entity(old, &derived, state);
            }
        }
    }
}

/// Foreign children of our parents stay, except a foreign CA on a front end that authenticates
/// clients. Those that annotations may name, or might when a held Ingress was programmed, come and go
/// like our own.
fn keep_foreign_children(old: &Owned, translation: &Translation, aim: &mut Owned) {
    let Translation { consent, desired, .. } = translation;
    for binding in &old.foreign_children {
        let may_stay =
            consent.allows_reference(&binding.child) || desired.kept_cas.contains(binding);
        let is_wanted = if may_stay {
            aim.state.bindings.contains_key(binding)
        } else {
            !(binding.role == Role::Ca
                && binding.kind == Kind::SSLVSERVER_SSLCERTKEY
                && super::protection::authenticates(aim, &binding.parent))
        };
        let parent = super::reference::origin(&binding.parent_id());
        let stays = is_wanted && aim.state.entities.contains_key(&parent);
        if let (true, Some(attributes)) = (stays, old.state.bindings.get(binding)) {
            aim.state.bindings.insert(binding.clone(), attributes.clone());
            aim.foreign_children.insert(binding.clone());
        } else {
            // A kept front end may have brought it along.
            aim.state.bindings.remove(binding);
        }
    }
}
