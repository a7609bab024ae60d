//! Profiles that somebody else has changed, or never meant for what comes to their front end now.

use crate::annotations::CertkeyRole;
use crate::diagnostic::Code;
use crate::model::{ClientAuthentication, FrontEndId, Host, Value};

use super::super::named::ANY_HOST;
use super::super::reading::Reading;
use super::front::Conflict;
use super::{Claimant, Round, Settings, Standing};

impl Round<'_, '_, '_> {
    /// Whether the profile of a front end can do what an Ingress that has joined needs of it. What
    /// the holder needs was looked at when it was read.
    pub(super) fn refuse_unfit_profile(
        &mut self,
        place: usize,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        match &self.settled.fronts[&front_end].settings {
            Settings::Plain | Settings::Text(..) => {}
            Settings::Named(name, _) => {
                self.refuse_known_hosts_only(name, (place, front_end), reading)?;
            }
            Settings::Bound(_) => self.refuse_without_sni((place, front_end), reading)?,
        }
        self.note_lost_demand(place, front_end, reading);
        Ok(())
    }

    /// A named profile may turn away clients that ask for hosts that nobody has.
    fn refuse_known_hosts_only(
        &self,
        name: &str,
        (place, front_end): (usize, FrontEndId),
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let Some(fields) = self.facts.foreign_ssl_profiles.get(name) else { return Ok(()) };
        let is_let_in = fields.get("allowunknownsni").and_then(Value::as_text) == Some("ENABLED");
        let has_any_host =
            reading.routes.iter().any(|route| route.matches.served_host() == Some(&Host::Any));
        if is_let_in || !(has_any_host || self.brings(place, reading, CertkeyRole::Default)) {
            return Ok(());
        }
        let (holder, why) = self.holder_of(front_end, reading);
        Err(Conflict {
            code: Code::FrontEndConflict,
            field: String::new(),
            problem: format!(
                "{holder}, {why}, has the SSL profile {name:?} on {front_end}, which does not have \
                 \"allowunknownsni\" as ENABLED: {ANY_HOST}"
            ),
            remedy: "give the Ingress an address of its own with ingress.citrix.com/frontend-ip, \
                     or its hosts to each rule and entry of spec.tls"
                .to_owned(),
        })
    }

    /// A front end that is kept may be one whose profile has SNI off by now, and the appliance binds
    /// no certificate for SNI there.
    fn refuse_without_sni(
        &self,
        (place, front_end): (usize, FrontEndId),
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let holder = &self.claimants[self.settled.fronts[&front_end].holder];
        let mut bound = holder.observed(self.facts).iter();
        let has_sni = bound.any(|route| route.front_end == front_end && route.has_sni);
        if has_sni || !self.brings(place, reading, CertkeyRole::Sni) {
            return Ok(());
        }
        let (holder, why) = self.holder_of(front_end, reading);
        let named = reading.certificates.iter().find(|one| one.is_named);
        Err(Conflict {
            code: Code::FrontEndKept,
            field: named.map_or_else(
                || reading.keys.of("preconfigured-certkey"),
                |certificate| certificate.field.clone(),
            ),
            problem: format!(
                "{holder}, {why}, has an SSL profile with SNI off on {front_end}, which stays until \
                 it is understood: no certificate can be served there by name"
            ),
            remedy: format!(
                "mend {holder}, or give the Ingress an address of its own with \
                 ingress.citrix.com/frontend-ip"
            ),
        })
    }

    /// Whether a certificate of an Ingress is served in this role.
    fn brings(&self, place: usize, reading: &Reading<'_>, role: CertkeyRole) -> bool {
        let mut installed = self.settled.installed[place].iter();
        let mut served = self.settled.certificates[place].iter();
        installed.any(|i| reading.front.installed()[*i].role == role)
            || served.any(|serving| match role {
                CertkeyRole::Default => serving.is_default,
                CertkeyRole::Sni => serving.is_named,
                CertkeyRole::Ca => false,
            })
    }

    fn holder_of(&self, front_end: FrontEndId, reading: &Reading<'_>) -> (String, &'static str) {
        let holder = &self.claimants[self.settled.fronts[&front_end].holder];
        (holder.object().to_string(), holder.goes_before(reading))
    }

    /// Tells an Ingress that asks for no client certificates that an older one, which does, is not
    /// served: what clients had to show because of that one, they need not show any more.
    fn note_lost_demand(&mut self, place: usize, front_end: FrontEndId, reading: &Reading<'_>) {
        const NONE: ClientAuthentication = ClientAuthentication::None;
        let demand = self.settled.fronts[&front_end].settings.client_authentication();
        let mut bound = self.claimants[place].observed(self.facts).iter();
        if demand != NONE || !bound.any(|route| route.front_end == front_end) {
            return;
        }
        // Who stands behind the holder never had the front end.
        let holder = self.settled.fronts[&front_end].holder;
        let mut before = self.settled.standings.iter().zip(self.claimants).take(holder);
        let lost = before.find_map(|(standing, claimant)| match (standing, claimant) {
            (Standing::Closed(_) | Standing::Absent, Claimant::Known(older)) => {
                let asked =
                    older.entrances.secure == Some(front_end) && older.front.at_least != NONE;
                asked.then(|| (claimant.object(), claimant.goes_before(reading)))
            }
            _ => None,
        });
        let Some((lost, why)) = lost else { return };
        self.settled.findings[place].warning(
            Code::ClientAuthenticationLost,
            &reading.keys.of("ca-secret"),
            format!(
                "{lost}, {why}, asks for client certificates on {front_end} and is not served: \
                 clients of this Ingress need none"
            ),
            format!("mend {lost}, or name a CA here if clients must show certificates"),
        );
    }
}
