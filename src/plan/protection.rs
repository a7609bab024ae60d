//! What protects routes in a state of the appliance, as the appliance would act on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AcceptedCa, BackEndTransport, BoundResponder, CertificateFault, ClientAuthentication, Fields,
    Kind, Name, Protection, Protocol, Role, Value,
};
use crate::observed::{ObservedCertkey, Owned};

/// How a front end demands certificates of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Demand {
    /// What the handshake asks for, by the profile that is attached.
    pub(super) asked: ClientAuthentication,
    /// Whom responder policies turn away after it.
    pub(super) turned_away: BTreeSet<CertificateFault>,
}

impl Demand {
    /// Reads that of a front end.
    pub(super) fn of(owned: &Owned, csvserver: &str) -> Self {
        Self { asked: asked(owned, csvserver), turned_away: turned_away(owned, csvserver) }
    }

    /// Whether all are turned away who have no valid certificate.
    pub(super) fn refuses(&self) -> bool {
        self.turned_away.len() == CertificateFault::ALL.len()
    }

    /// Whether everyone is turned away, since nobody is asked for a certificate.
    pub(super) fn is_closed(&self) -> bool {
        self.asked == ClientAuthentication::None && !self.turned_away.is_empty()
    }

    /// What comes of it.
    pub(super) fn client_authentication(&self) -> ClientAuthentication {
        if self.asked == ClientAuthentication::Optional && self.refuses() {
            ClientAuthentication::Mandatory
        } else {
            self.asked
        }
    }
}

/// Whether a front end asks clients for certificates.
pub(super) fn authenticates(owned: &Owned, csvserver: &str) -> bool {
    asked(owned, csvserver) != ClientAuthentication::None
}

/// Whether a front end looks at the server name that clients send.
pub(super) fn enables_sni(owned: &Owned, csvserver: &str) -> bool {
    profile(owned, Kind::SSLVSERVER, csvserver)
        .is_some_and(|profile| text(profile, "snienable") == Some("ENABLED"))
}

/// Whether a front end serves its default certificate to clients that ask for a name that no other
/// certificate has.
pub(super) fn serves_default(owned: &Owned, csvserver: &str) -> bool {
    profile(owned, Kind::SSLVSERVER, csvserver)
        .is_some_and(|profile| text(profile, "allowunknownsni") == Some("ENABLED"))
}

/// Whom the responder policies of ours that are bound to a front end turn away.
fn turned_away(owned: &Owned, csvserver: &str) -> BTreeSet<CertificateFault> {
    let state = &owned.state;
    let bound = state.bound(Kind::CSVSERVER_RESPONDERPOLICY, csvserver);
    CertificateFault::turned_away(bound.map(|(binding, attributes)| {
        let priority = match attributes.get("priority") {
            Some(Value::Number(priority)) => Some(*priority),
            Some(Value::Text(_) | Value::Flag(_) | Value::List(_)) | None => None,
        };
        let text = |field| state.text(Kind::RESPONDERPOLICY, &binding.child, field);
        let action = text("action").and_then(|it| state.text(Kind::RESPONDERACTION, it, "type"));
        let answers = action.is_some_and(|action| action == "respondwith");
        BoundResponder { priority, rule: text("rule").map(str::to_owned), answers }
    }))
}

/// What a front end asks of clients in the handshake, by the profile that is attached.
fn asked(owned: &Owned, csvserver: &str) -> ClientAuthentication {
    let Some(profile) = profile(owned, Kind::SSLVSERVER, csvserver) else {
        return ClientAuthentication::None;
    };
    if text(profile, "clientauth") != Some("ENABLED") {
        return ClientAuthentication::None;
    }
    // Where it is not said, the weaker reading counts. Profiles of ours always say it.
    match text(profile, "clientcert") {
        Some("Mandatory") => ClientAuthentication::Mandatory,
        _ => ClientAuthentication::Optional,
    }
}

/// The authorities that a front end accepts, whether or not it asks.
pub(super) fn bound_cas(owned: &Owned, kind: Kind, parent: &str) -> BTreeSet<AcceptedCa> {
    owned
        .state
        .bound(kind, parent)
        .filter(|(binding, _)| binding.role == Role::Ca)
        .map(|(binding, _)| accepted(&owned.certkeys, &binding.child))
        .collect()
}

fn accepted(certkeys: &BTreeMap<Name, ObservedCertkey>, name: &str) -> AcceptedCa {
    certkeys
        .get(name)
        .and_then(|certkey| certkey.content.clone())
        .map_or_else(|| AcceptedCa::Foreign(name.to_owned()), AcceptedCa::Known)
}

/// What protects a front end alone: the half of [`Protection`] that its routes share.
pub(super) fn of_front_end(owned: &Owned, csvserver: &str) -> Protection {
    let state = &owned.state;
    let client_authentication = Demand::of(owned, csvserver).client_authentication();
    let protocol = state.text(Kind::CSVSERVER, csvserver, "servicetype").and_then(Protocol::parse);
    let is_plain = protocol.is_none_or(|protocol| !protocol.is_tls());
    Protection {
        client_authentication,
        plain_text_allowed: is_plain,
        accepted_cas: match client_authentication {
            ClientAuthentication::None => BTreeSet::new(),
            ClientAuthentication::Optional | ClientAuthentication::Mandatory => {
                bound_cas(owned, Kind::SSLVSERVER_SSLCERTKEY, csvserver)
            }
        },
        back_end: BackEndTransport::Plain,
        back_end_cas: BTreeSet::new(),
        back_end_name: None,
    }
}

/// What protects the way to a back end: the other half. Of several groups the one counts that is
/// spoken to with the least care.
pub(super) fn of_back_end(owned: &Owned, lbvserver: &str) -> Protection {
    let groups = owned.state.bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver);
    let groups = groups.map(|(binding, _)| of_group(owned, &binding.child));
    let protection = groups.min_by_key(|protection| protection.back_end);
    let mut protection = protection.unwrap_or_else(in_plain_text);
    // What an lbvserver answers itself goes nowhere.
    let mut answers = owned.state.bound(Kind::LBVSERVER_RESPONDERPOLICY, lbvserver);
    protection.plain_text_allowed = answers.next().is_none();
    protection
}

fn in_plain_text() -> Protection {
    Protection {
        client_authentication: ClientAuthentication::None,
        plain_text_allowed: true,
        accepted_cas: BTreeSet::new(),
        back_end: BackEndTransport::Plain,
        back_end_cas: BTreeSet::new(),
        back_end_name: None,
    }
}

fn of_group(owned: &Owned, group: &str) -> Protection {
    let state = &owned.state;
    let mut protection = in_plain_text();
    let servicetype =
        state.text(Kind::SERVICEGROUP, group, "servicetype").and_then(Protocol::parse);
    if servicetype.is_none_or(|protocol| !protocol.is_tls()) {
        return protection;
    }
    protection.back_end = BackEndTransport::Tls;
    let profile = profile(owned, Kind::SSLSERVICEGROUP, group);
    if let Some(profile) = profile.filter(|profile| text(profile, "serverauth") == Some("ENABLED"))
    {
        protection.back_end = BackEndTransport::Verified;
        protection.back_end_cas = bound_cas(owned, Kind::SSLSERVICEGROUP_SSLCERTKEY, group);
        protection.back_end_name = text(profile, "commonname").map(str::to_ascii_lowercase);
    }
    protection
}

/// The protection of a route: that of its front end and that of its back end.
pub(super) fn join(front_end: &Protection, back_end: &Protection) -> Protection {
    Protection {
        client_authentication: front_end.client_authentication,
        plain_text_allowed: front_end.plain_text_allowed && back_end.plain_text_allowed,
        accepted_cas: front_end.accepted_cas.clone(),
        back_end: back_end.back_end,
        back_end_cas: back_end.back_end_cas.clone(),
        back_end_name: back_end.back_end_name.clone(),
    }
}

/// The profile of a front end or group, ours or somebody else's.
fn profile<'a>(owned: &'a Owned, kind: Kind, endpoint: &str) -> Option<&'a Fields> {
    let Owned { state, foreign_ssl_profiles, .. } = owned;
    let name = state.text(kind, endpoint, "sslprofile")?;
    state.fields(Kind::SSLPROFILE, name).or_else(|| foreign_ssl_profiles.get(name))
}

fn text<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name)?.as_text()
}
