//! Sharing a front end: the oldest holds it, and all others must agree.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::Code;
use crate::model::{
    AcceptedCa, CertificateId, ClientAuthentication, FrontEndId, Host, Name, Protocol,
};
use crate::snapshot::ObservedRoute;

use super::super::reading::Reading;
use super::super::tuning::FrontEndTuning;
use super::certificates::{Certificate, NameHolder};
use super::settings::{Difference, REFUSAL, Settings};
use super::{Brought, Round};

/// A front end with everything that was settled about it.
#[derive(Debug, Clone)]
pub(in crate::translate) struct Front {
    /// Who holds it.
    pub(super) holder: usize,
    /// What is set of it apart from TLS; nothing is known where the holder is not understood.
    pub(in crate::translate) tuning: Option<FrontEndTuning>,
    /// What is in effect there.
    pub(in crate::translate) settings: Settings,
    /// The CAs whose client certificates are accepted.
    pub(super) accepted: BTreeSet<AcceptedCa>,
    /// An Ingress of another namespace that relies on exactly these.
    pub(super) relied_on_by: Option<usize>,
    /// The names that have a certificate.
    pub(super) names: BTreeMap<String, NameHolder>,
    /// The certificates that have all their names here.
    pub(super) claimed: BTreeSet<CertificateId>,
    /// The default certificate and who gives it.
    pub(in crate::translate) default: Option<(usize, Certificate)>,
    /// Whether a certificate is served whose names nobody knows.
    pub(super) covers_unknown: bool,
    /// The hosts of its routes.
    pub(super) hosts: BTreeSet<Host>,
}

/// Why an Ingress cannot share a front end.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) code: Code,
    pub(super) field: String,
    pub(super) problem: String,
    pub(super) remedy: String,
}

const REMEDY: &str = "give the Ingress an address of its own with ingress.citrix.com/frontend-ip, \
                      or let both ask for the same";

impl Round<'_, '_, '_> {
    /// Makes an Ingress the holder of its front end, or one of those that share it.
    pub(super) fn join(
        &mut self,
        place: usize,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let own: BTreeSet<AcceptedCa> = reading.front.accepted().unwrap_or_default();
        self.refuse_shared_address(front_end, reading)?;
        if let Some(holder) = self.blocked.get(&front_end) {
            let what = format!(
                "a demand for client certificates on {front_end} that is not understood; until it \
                 is, nobody else comes there"
            );
            let code = Code::FrontEndKept;
            let conflict = self.conflict(*holder, reading, ("", &what));
            let remedy = format!("mend {}", self.claimants[*holder].object());
            return Err(Conflict { code, remedy, ..conflict });
        }
        let terminates = front_end.protocol.is_tls();
        let Some(front) = self.settled.fronts.get(&front_end) else {
            let front = Front {
                holder: place,
                tuning: Some(reading.tuning_in_effect.clone()),
                settings: Settings::of(&reading.front, terminates),
                accepted: own,
                relied_on_by: None,
                names: BTreeMap::new(),
                claimed: BTreeSet::new(),
                default: None,
                covers_unknown: false,
                hosts: BTreeSet::new(),
            };
            self.settled.fronts.insert(front_end, front);
            return Ok(());
        };
        let holder = front.holder;
        self.agree_on_tuning(front_end, front, reading)?;
        self.agree(front_end, front, reading)?;
        if !terminates {
            return Ok(());
        }
        self.refuse_without_cas(front_end, front, reading)?;
        if !asks(reading) {
            self.note_kept(place, front_end, reading);
            return Ok(());
        }
        let same_namespace =
            self.claimants[holder].namespace() == Some(reading.key.namespace.as_str());
        if same_namespace {
            self.refuse_addition(front, &own, reading)?;
            self.explain_kept_cas(place, front_end, reading)?;
        } else if front.accepted != own {
            let what = format!(
                "the clients that are accepted on {front_end}, and other CAs are named here; \
                     only its own namespace may add some"
            );
            return Err(self.conflict(holder, reading, (&reading.keys.of("ca-secret"), &what)));
        }
        let front = self.settled.fronts.get_mut(&front_end).expect("it was there above");
        front.accepted.extend(own);
        if !same_namespace {
            front.relied_on_by.get_or_insert(place);
        }
        self.note_kept(place, front_end, reading);
        Ok(())
    }

    /// Whether everything that an Ingress asks for is so on the front end. Who asks for nothing
    /// takes what there is.
    fn agree(
        &self,
        front_end: FrontEndId,
        front: &Front,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let Some(Difference { name: field, held, asked }) =
            front.settings.differs_from(&reading.front)
        else {
            return Ok(());
        };
        if *field == *REFUSAL {
            let what = format!("{field:?} as {held} on {front_end}, and {asked} is asked for here");
            return Err(self.conflict(front.holder, reading, (&reading.keys.of(REFUSAL), &what)));
        }
        let by_ca = matches!(&*field, "clientauth" | "clientcert");
        let key =
            if by_ca && asks(reading) && reading.front.accepted().is_some_and(|a| !a.is_empty()) {
                "ca-secret"
            } else {
                "frontend-sslprofile"
            };
        let what = format!("{field:?} as {held} on {front_end}, and {asked} is asked for here");
        Err(self.conflict(front.holder, reading, (&reading.keys.of(key), &what)))
    }

    /// The same for what is not about TLS. Where the holder is not understood, nobody knows what
    /// would have to agree, and things stay as they are bound.
    fn agree_on_tuning(
        &self,
        front_end: FrontEndId,
        front: &Front,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let Some((name, held, asked)) =
            front.tuning.as_ref().and_then(|held| reading.tuning.differs_from(held))
        else {
            return Ok(());
        };
        let what = format!("{name:?} as {held} on {front_end}, and {asked} is asked for here");
        Err(self.conflict(front.holder, reading, (&reading.keys.of(name), &what)))
    }

    /// Nobody can come in where client certificates are demanded and no CA is accepted: somebody
    /// else has made it so, since no text can.
    fn refuse_without_cas(
        &self,
        front_end: FrontEndId,
        front: &Front,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let demand = front.settings.client_authentication();
        if demand != ClientAuthentication::Mandatory || !front.accepted.is_empty() {
            return Ok(());
        }
        let what = format!(
            "a demand for client certificates on {front_end}, and no CA is bound there to verify \
             them with"
        );
        Err(self.conflict(front.holder, reading, ("", &what)))
    }

    /// CAs may be added unless somebody relies on those that there are.
    fn refuse_addition(
        &self,
        front: &Front,
        own: &BTreeSet<AcceptedCa>,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        match front.relied_on_by {
            Some(other) if !own.is_subset(&front.accepted) => {
                let what = "the CAs of the front end as they are, and this would add one";
                Err(self.conflict(other, reading, (&reading.keys.of("ca-secret"), what)))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// On a front end that stays as it is bound, somebody must bring each CA that is accepted
    /// there and not named here: a CA that is taken out of a text must not stay unsaid.
    fn explain_kept_cas(
        &mut self,
        place: usize,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let front = &self.settled.fronts[&front_end];
        let Settings::Bound(_) = front.settings else { return Ok(()) };
        self.asked_for_brought = true;
        let own = reading.front.accepted().unwrap_or_default();
        let nothing = Brought::default();
        let key = (front_end, reading.key.namespace.as_str());
        let brought = self.brought.get(&key).unwrap_or(&nothing);
        let is_named = |ca: &AcceptedCa| own.contains(ca) || brought.named.contains(ca);
        let mut unread = None;
        for ca in front.accepted.iter().filter(|ca| !is_named(ca)) {
            let Some(by) = brought.bound.get(ca) else {
                let what = format!(
                    "{front_end} as it is bound until it is understood, with the CA {}, which no \
                     text names",
                    spell(ca)
                );
                return Err(self.conflict(
                    front.holder,
                    reading,
                    (&reading.keys.of("ca-secret"), &what),
                ));
            };
            unread.get_or_insert((ca, *by));
        }
        let Some((ca, by)) = unread else { return Ok(()) };
        let by = self.claimants[by].object();
        self.settled.findings[place].error(
            Code::FrontEndKept,
            &reading.keys.of("ca-secret"),
            format!(
                "clients of the CA {} stay accepted on {front_end} though it is not named here: \
                 {by} may name it, and that cannot be read",
                spell(ca)
            ),
            format!(
                "mend or delete {by}, or give this Ingress an address of its own with \
                 ingress.citrix.com/frontend-ip"
            ),
        );
        Ok(())
    }

    /// An address and port can be of one type only.
    fn refuse_shared_address(
        &self,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let others = Protocol::ALL.into_iter().filter(|other| *other != front_end.protocol);
        let mut others = others.map(|protocol| FrontEndId { protocol, ..front_end });
        let held = others.find_map(|other| Some((other, self.settled.fronts.get(&other)?.holder)));
        let Some((other, holder)) = held else { return Ok(()) };
        let is_secure = reading.entrances.secure == Some(front_end);
        let name = if is_secure { "secure-port" } else { "insecure-port" };
        let type_ = front_end.protocol.servicetype();
        let what = format!(
            "{}:{} as {}, and {type_} is asked for here",
            other.vip,
            other.port,
            other.protocol.servicetype()
        );
        Err(self.conflict(holder, reading, (&reading.keys.of(name), &what)))
    }

    fn conflict(
        &self,
        holder: usize,
        reading: &Reading<'_>,
        (field, what): (&str, &str),
    ) -> Conflict {
        let holder = &self.claimants[holder];
        let why = holder.goes_before(reading);
        let holder = holder.object();
        Conflict {
            code: Code::FrontEndConflict,
            field: field.to_owned(),
            problem: format!("{holder}, {why}, has {what}"),
            remedy: REMEDY.to_owned(),
        }
    }

    /// Says that settings wait for the holder of the front end.
    fn note_kept(&mut self, place: usize, front_end: FrontEndId, reading: &Reading<'_>) {
        let front = &self.settled.fronts[&front_end];
        let asked = |name: &&Name| !matches!(name.as_str(), "clientauth" | "clientcert");
        let Settings::Bound(_) = front.settings else { return };
        let text = &reading.front;
        let set = text.fields.keys().find(asked).map(Name::as_str);
        let refusal = text.refusal.map(|_| REFUSAL);
        let Some(name) = text.named().or(set).or(refusal) else { return };
        let key = if name == REFUSAL { REFUSAL } else { "frontend-sslprofile" };
        let holder = self.claimants[front.holder].object();
        let problem = format!(
            "{name:?} and the like wait until {holder}, which holds {front_end}, is understood"
        );
        self.settled.findings[place].warning(
            Code::FrontEndKept,
            &reading.keys.of(key),
            problem,
            format!("mend {holder}"),
        );
    }

    /// Leaves the front end of a bound route as it is bound, if nobody older holds it.
    pub(super) fn hold_front(&mut self, place: usize, route: &ObservedRoute) {
        let front = self.settled.fronts.entry(route.front_end).or_insert_with(|| Front {
            holder: place,
            tuning: None,
            settings: if route.front_end.protocol.is_tls() {
                Settings::Bound(route.protection.client_authentication)
            } else {
                Settings::Plain
            },
            accepted: route.protection.accepted_cas.clone(),
            relied_on_by: None,
            names: BTreeMap::new(),
            claimed: BTreeSet::new(),
            default: None,
            covers_unknown: false,
            hosts: BTreeSet::new(),
        });
        front.hosts.extend(route.matches.served_host().cloned());
        front.hold_certificates(place, route);
        // Nobody adds a CA to what an Ingress of another namespace relies on, held or not.
        let (own, holders) =
            (self.claimants[place].namespace(), self.claimants[front.holder].namespace());
        let is_foreign = front.holder != place && (own.is_none() || own != holders);
        let bound = route.protection.client_authentication;
        if is_foreign && self.claimants[place].demands_certificates(bound) {
            front.relied_on_by.get_or_insert(place);
        }
    }
}

fn asks(reading: &Reading<'_>) -> bool {
    reading.front.at_least != ClientAuthentication::None
}

fn spell(ca: &AcceptedCa) -> String {
    match ca {
        AcceptedCa::Known(id) => id.to_string(),
        AcceptedCa::Foreign(certkey) => format!("{certkey:?}"),
    }
}
