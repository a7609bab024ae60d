//! TLS towards clients: the profile of a front end, and the certificates that are bound there.

use crate::annotations::{CertkeyRole, Refusal};
use crate::model::{BindingId, EntityId, IngressId, Kind, Role, State};
use crate::tls::Material;

use super::super::claims::{Serving, Settings, Settled};
use super::super::reading::Reading;
use super::super::refusing::{self, Refusing};
use super::{Writer, fields_of, shared_comment};

impl Writer<'_> {
    /// What an Ingress brings to its TLS front end, if that has any route.
    pub(super) fn write_front_end(
        &mut self,
        reading: &Reading<'_>,
        settled: &Settled,
        (served, installed): (&[Serving], &[usize]),
    ) {
        let secure = reading.entrances.secure.filter(|id| id.protocol.is_tls());
        let Some(front_end) = secure else { return };
        let csvserver = front_end.csvserver(&self.mark.prefix);
        let csvserver_id = EntityId::new(Kind::CSVSERVER, csvserver.as_str());
        if !self.desired.state.entities.contains_key(&csvserver_id) {
            return;
        }
        let front = &settled.fronts[&front_end];
        let has_default = front.default.is_some();
        if let Some(profile) = self.write_profile(&front.settings, has_default, &reading.id) {
            let fields = fields_of([("sslprofile", profile.into())]);
            self.entity(EntityId::new(Kind::SSLVSERVER, csvserver.as_str()), fields, &reading.id);
        }
        if let Settings::Text(_, Refusal::Http) = front.settings {
            self.write_refusing(&csvserver, &reading.id);
        }
        let bind = |state: &mut State, material: &Material, role| {
            let id = material.certificate.id.as_str();
            state.bind(
                BindingId::new(Kind::SSLVSERVER_SSLCERTKEY, csvserver.as_str(), id, role),
                [],
            );
        };
        for serving in served {
            let materials = &reading.certificates[serving.place].served.materials;
            self.certificates(materials, &reading.id);
            let roles = [(serving.is_named, Role::Sni), (serving.is_default, Role::Plain)];
            for (_, role) in roles.into_iter().filter(|(is_so, _)| *is_so) {
                bind(&mut self.desired.state, &materials[0], role);
            }
        }
        for installed in installed.iter().map(|i| &reading.front.installed()[*i]) {
            let role = match installed.role {
                CertkeyRole::Default => Role::Plain,
                CertkeyRole::Sni => Role::Sni,
                CertkeyRole::Ca => Role::Ca,
            };
            let (kind, name) = (Kind::SSLVSERVER_SSLCERTKEY, installed.name.as_str());
            let id = BindingId::new(kind, csvserver.as_str(), name, role);
            self.desired.state.bind(id, []);
        }
        for authorities in reading.front.authorities.iter().flatten() {
            self.certificates(&authorities.materials, &reading.id);
            for material in &authorities.materials {
                bind(&mut self.desired.state, material, Role::Ca);
            }
        }
    }

    /// Binds the policies that turn clients away, which all front ends share.
    fn write_refusing(&mut self, csvserver: &str, ingress: &IngressId) {
        for Refusing { fault, policy, action, target } in refusing::all(self.mark) {
            let comment = shared_comment(self.mark);
            let name = action.name.clone();
            let fields =
                [("type", "respondwith".into()), ("target", target.into()), ("comment", comment)];
            self.entity(action, fields_of(fields), ingress);
            let kind = Kind::CSVSERVER_RESPONDERPOLICY;
            let binding = BindingId::new(kind, csvserver, policy.name.clone(), Role::Request);
            let rule = fault.rule().into();
            let comment = shared_comment(self.mark);
            let fields = [("rule", rule), ("action", name.into()), ("comment", comment)];
            self.entity(policy, fields_of(fields), ingress);
            let attributes =
                [("priority", fault.priority().into()), ("gotopriorityexpression", "END".into())];
            self.desired.state.bind(binding, attributes);
        }
    }

    /// Writes the profile, if it is ours, and gives its name. What is bound stays.
    fn write_profile(
        &mut self,
        settings: &Settings,
        has_default: bool,
        ingress: &IngressId,
    ) -> Option<String> {
        match settings {
            Settings::Plain | Settings::Bound(_) => None,
            Settings::Named(name, _) => Some(name.clone()),
            Settings::Text(profile, _) => {
                let profile = profile.clone().with_default_certificate(has_default);
                let name = profile.shared_name(self.mark);
                let profile_id = EntityId::new(Kind::SSLPROFILE, name.as_str());
                if !self.desired.state.entities.contains_key(&profile_id) {
                    profile.write(&name, &mut self.desired.state);
                }
                self.own(profile_id, ingress);
                Some(name)
            }
        }
    }
}
