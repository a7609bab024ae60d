//! Who gets what: front ends, hosts, certificates and routes are claimed by Ingresses and settled
//! by age.
//!
//! One pass from the oldest claimant to the youngest settles everything, because what an Ingress
//! gets depends on older claims only. Invariant: a claim of an Ingress that is not programmed and
//! not understood counts for nothing.

mod before;
mod certificates;
mod front;
mod hold;
mod plain;
mod redirect;
mod settings;
mod unfit;

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Code, Findings, ObjectRef};
use crate::model::{
    AcceptedCa, BindingId, ClientAuthentication, FrontEndId, IngressId, Kind, ObjectKey, Role,
    RouteMatch,
};
use crate::snapshot::{Facts, ObservedRoute};

use super::reading::Reading;
use before::Before;
pub(super) use certificates::Serving;
use front::Conflict;
pub(super) use front::Front;
pub(super) use redirect::Redirect;
use redirect::is_redirect;
pub(super) use settings::Settings;

/// Somebody with claims.
#[derive(Debug)]
pub(super) enum Claimant<'r, 'a> {
    /// An Ingress of ours with its text.
    Known(&'r Reading<'a>),
    /// An Ingress that the appliance shows and that nobody knows anything about.
    Unknown(IngressId, Option<ObjectKey>),
}

/// What becomes of a claimant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is understood and agrees with older ones.
    Accepted,
    /// It is unmet and keeps what it has.
    Held,
    /// It is unmet, and what it has is not what it asks for.
    Closed(String),
    /// It is unmet, and all routes that it has belong to others now. It claims nothing, as it will
    /// when they are gone.
    Displaced,
    /// It is unmet and has no routes.
    Absent,
}

/// Everything settled. Vectors go with the claimants.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) standings: Vec<Standing>,
    pub(super) fronts: BTreeMap<FrontEndId, Front>,
    /// The routes that each accepted Ingress gets, as front ends and places in its text.
    pub(super) routes: Vec<Vec<(FrontEndId, usize)>>,
    /// The hosts that each accepted Ingress redirects, where, and to which port.
    pub(super) redirects: Vec<Vec<Redirect>>,
    /// The certificates of each accepted Ingress that are served.
    pub(super) certificates: Vec<Vec<Serving>>,
    /// The certkeys of somebody else that are bound for each accepted Ingress, as places in its
    /// text.
    pub(super) installed: Vec<Vec<usize>>,
    /// Bound routes of held Ingresses that others have now.
    pub(super) yielded: BTreeSet<BindingId>,
    /// CAs of somebody else that held Ingresses have on front ends that are kept.
    pub(super) kept_cas: BTreeSet<BindingId>,
    pub(super) findings: Vec<Findings>,
}

/// The CAs that the Ingresses of one namespace bring to one front end.
#[derive(Debug, Default)]
struct Brought {
    /// What texts name.
    named: BTreeSet<AcceptedCa>,
    /// What is bound, with the oldest Ingress whose text cannot be read and may name it.
    bound: BTreeMap<AcceptedCa, usize>,
}

/// What is brought to each front end, by namespace.
type AllBrought<'a> = BTreeMap<(FrontEndId, &'a str), Brought>;

/// Settles all claims. `claimants` stand in order of age.
pub(super) fn settle(claimants: &[Claimant<'_, '_>], facts: &Facts, prefix: &str) -> Settled {
    // Who turns out to be closed or refused brings no CAs either, nor does who is accepted and leaves
    // the front end where it did; and that may close others.
    let mut excluded: BTreeSet<usize> = BTreeSet::new();
    let mut displaced: BTreeSet<usize> = BTreeSet::new();
    loop {
        let mut round = Round::new(claimants, facts, prefix, &excluded);
        round.run(&displaced);
        let out: Vec<usize> =
            (0..claimants.len()).filter(|place| round.brings_nothing(*place)).collect();
        let known = excluded.len();
        excluded.extend(out);
        if excluded.len() > known && round.asked_for_brought {
            continue;
        }
        let refused = plain::refuse(claimants, facts, prefix, &mut round.settled);
        for (claim, place) in refused {
            if round.taken.get(&claim) == Some(&place) {
                round.taken.remove(&claim);
            }
        }
        round.hold_redirects();
        round.redirect();
        let Some(place) = round.first_displaced() else {
            let mut settled = round.settled;
            settled.kept_cas = hold::kept_cas(claimants, facts, prefix, &settled);
            return settled;
        };
        displaced.insert(place);
    }
}

impl Claimant<'_, '_> {
    pub(super) const fn id(&self) -> &IngressId {
        match self {
            Self::Known(reading) => &reading.id,
            Self::Unknown(id, _) => id,
        }
    }

    fn namespace(&self) -> Option<&str> {
        match self {
            Self::Known(reading) => Some(&reading.key.namespace),
            Self::Unknown(_, key) => key.as_ref().map(|key| key.namespace.as_str()),
        }
    }

    /// Why it goes before another one that stands behind it. Manifests in files carry no age.
    fn goes_before(&self, other: &Reading<'_>) -> &'static str {
        match self {
            Self::Known(first) if first.created.is_none() || first.created == other.created => {
                "whose name comes first"
            }
            Self::Known(_) | Self::Unknown(..) => "which is older",
        }
    }

    /// What was bound for it when the appliance was read.
    fn observed<'f>(&self, facts: &'f Facts) -> &'f [ObservedRoute] {
        facts.routes.get(self.id()).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether clients must show it certificates: as its text says, or as is bound where that
    /// cannot be read.
    fn demands_certificates(&self, bound: ClientAuthentication) -> bool {
        let asked = match self {
            Self::Known(reading) => reading.front.demand(bound),
            Self::Unknown(..) => bound,
        };
        asked != ClientAuthentication::None
    }

    fn object(&self) -> ObjectRef {
        let key = match self {
            Self::Known(reading) => reading.key.clone(),
            Self::Unknown(id, key) => {
                key.clone().unwrap_or_else(|| ObjectKey::new("", id.as_str()))
            }
        };
        ObjectRef { kind: "Ingress".to_owned(), key }
    }
}

/// One pass.
struct Round<'c, 'r, 'a> {
    claimants: &'c [Claimant<'r, 'a>],
    facts: &'c Facts,
    prefix: &'c str,
    brought: AllBrought<'c>,
    asked_for_brought: bool,
    taken: BTreeMap<Claim, usize>,
    /// The front ends that wait for an Ingress that protects them to be understood.
    blocked: BTreeMap<FrontEndId, usize>,
    settled: Settled,
}

/// Requests on a front end.
type Claim = (FrontEndId, RouteMatch);

impl<'c, 'r, 'a> Round<'c, 'r, 'a> {
    fn new(
        claimants: &'c [Claimant<'r, 'a>],
        facts: &'c Facts,
        prefix: &'c str,
        excluded: &BTreeSet<usize>,
    ) -> Self {
        let count = claimants.len();
        let settled = Settled {
            standings: Vec::with_capacity(count),
            fronts: BTreeMap::new(),
            routes: vec![Vec::new(); count],
            redirects: vec![Vec::new(); count],
            certificates: vec![Vec::new(); count],
            installed: vec![Vec::new(); count],
            yielded: BTreeSet::new(),
            kept_cas: BTreeSet::new(),
            findings: claimants.iter().map(|one| Findings::about(one.object())).collect(),
        };
        let brought = hold::brought(claimants, facts, excluded);
        let taken = BTreeMap::new();
        let (blocked, asked_for_brought) = (BTreeMap::new(), false);
        Self { claimants, facts, prefix, brought, asked_for_brought, taken, blocked, settled }
    }

    fn run(&mut self, displaced: &BTreeSet<usize>) {
        for (place, claimant) in self.claimants.iter().enumerate() {
            let standing = match claimant {
                _ if displaced.contains(&place) => {
                    let bound = claimant.observed(self.facts).iter();
                    let bindings = bound.map(|route| binding_of(route, self.prefix));
                    self.settled.yielded.extend(bindings);
                    Standing::Displaced
                }
                Claimant::Known(reading) if reading.understood && self.accept(place, reading) => {
                    Standing::Accepted
                }
                Claimant::Known(reading) => self.hold_or_close(place, reading),
                Claimant::Unknown(..) => Standing::Held,
            };
            if standing == Standing::Held {
                self.claim_bound(place);
            }
            if standing != Standing::Accepted
                && let Claimant::Known(reading) = claimant
            {
                self.block(place, reading);
            }
            self.settled.standings.push(standing);
        }
    }

    /// Whether nothing of an Ingress stays on a front end whose clients show certificates.
    fn brings_nothing(&self, place: usize) -> bool {
        let claimant = &self.claimants[place];
        match &self.settled.standings[place] {
            Standing::Closed(_) | Standing::Displaced | Standing::Absent => true,
            Standing::Held => false,
            Standing::Accepted => match claimant {
                Claimant::Known(reading) if reading.entrances.secure.is_none() => {
                    !claimant.observed(self.facts).is_empty()
                }
                Claimant::Known(_) | Claimant::Unknown(..) => false,
            },
        }
    }

    /// An Ingress without rules protects those of others. While it demands client certificates and
    /// is not understood, nobody younger comes to its front end.
    fn block(&mut self, place: usize, reading: &Reading<'_>) {
        let demands = reading.front.client_authentication != Some(ClientAuthentication::None);
        if let Some(front_end) = reading.entrances.secure.filter(|_| demands)
            && reading.is_without_rules()
        {
            self.blocked.entry(front_end).or_insert(place);
        }
    }

    /// The oldest held Ingress of whose bound routes none is left.
    fn first_displaced(&self) -> Option<usize> {
        let is_displaced = |place: &usize| {
            let observed = self.claimants[*place].observed(self.facts);
            self.settled.standings[*place] == Standing::Held
                && !observed.is_empty()
                && observed
                    .iter()
                    .all(|route| self.settled.yielded.contains(&binding_of(route, self.prefix)))
        };
        (0..self.claimants.len()).find(is_displaced)
    }

    /// Gives an understood Ingress what it asks for, unless it disagrees with those that share its
    /// front ends.
    fn accept(&mut self, place: usize, reading: &Reading<'_>) -> bool {
        let before: Vec<(FrontEndId, Option<Before>)> = reading
            .entrances
            .all()
            .map(|id| (id, self.settled.fronts.get(&id).map(|front| front.before(reading))))
            .collect();
        for (front_end, _) in &before {
            let Err(conflict) = self.enter(place, *front_end, reading) else { continue };
            let Conflict { code, field, problem, remedy } = conflict;
            self.settled.findings[place].error(code, &field, problem, remedy);
            for (front_end, before) in before {
                match (before, self.settled.fronts.get_mut(&front_end)) {
                    (Some(before), Some(front)) => front.leave(place, reading, before),
                    (Some(_) | None, _) => drop(self.settled.fronts.remove(&front_end)),
                }
            }
            self.settled.certificates[place].clear();
            self.settled.installed[place].clear();
            return false;
        }
        for front_end in reading.entrances.serving() {
            self.claim_routes(place, front_end, reading);
        }
        true
    }

    /// Joins a front end, with certificates for all hosts.
    fn enter(
        &mut self,
        place: usize,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        self.join(place, front_end, reading)?;
        if front_end.protocol.is_tls() {
            self.claim_certificates(place, front_end, reading)?;
        }
        Ok(())
    }

    fn claim_routes(&mut self, place: usize, front_end: FrontEndId, reading: &Reading<'_>) {
        for (i, route) in reading.routes.iter().enumerate() {
            let takes = route.matches.served_host().is_some();
            let claim = (front_end, route.matches.clone());
            if let Some(winner) = self.taken.get(&claim).filter(|_| takes) {
                let winner = &self.claimants[*winner];
                let why = winner.goes_before(reading);
                let winner = winner.object();
                self.settled.findings[place].warning(
                    Code::RouteTaken,
                    &route.field,
                    format!("{} on {front_end} belongs to {winner}, {why}", route.matches),
                    "choose another host or path, or remove it from one of the two",
                );
                continue;
            }
            let served = |host| self.is_served(front_end, host);
            if front_end.protocol.is_tls() && !route.matches.served_host().is_none_or(served) {
                let findings = &mut self.settled.findings[place];
                let problem = format!(
                    "{} gets no route: its certificate is not served, and no other covers it",
                    route.matches
                );
                findings.warning(
                    Code::CertificateTaken,
                    &route.field,
                    problem,
                    "issue a certificate without the names that others have on this front end",
                );
                continue;
            }
            if takes {
                self.taken.insert(claim, place);
            }
            self.settled.routes[place].push((front_end, i));
        }
    }

    /// Claims what is bound for an Ingress that keeps it, and what its text still asks for there.
    fn claim_bound(&mut self, place: usize) {
        let claimant = &self.claimants[place];
        let observed = claimant.observed(self.facts);
        for route in observed {
            let claim = (route.front_end, route.matches.clone());
            let takes = route.matches.served_host().is_some();
            // A redirect comes when those who would serve its host in plain text have been refused.
            if !takes
                || is_redirect(claimant, route, observed)
                || *self.taken.entry(claim).or_insert(place) == place
            {
                self.hold_front(place, route);
            } else {
                // What goes holds neither its front end nor the names of its certificates.
                self.settled.yielded.insert(binding_of(route, self.prefix));
            }
        }
        let Claimant::Known(reading) = claimant else { return };
        let stays =
            |one: &&ObservedRoute| !self.settled.yielded.contains(&binding_of(one, self.prefix));
        let bound = |front_end: &FrontEndId| {
            observed.iter().filter(stays).any(|one| one.front_end == *front_end)
        };
        for front_end in reading.entrances.serving().filter(bound) {
            for route in reading.routes.iter().filter(|one| one.matches.served_host().is_some()) {
                self.taken.entry((front_end, route.matches.clone())).or_insert(place);
            }
        }
    }
}

/// The binding of an observed route.
pub(super) fn binding_of(route: &ObservedRoute, prefix: &str) -> BindingId {
    let csvserver = route.front_end.csvserver(prefix);
    BindingId::new(Kind::CSVSERVER_CSPOLICY, csvserver, route.policy.as_str(), Role::Plain)
}
