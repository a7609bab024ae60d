//! How well a route is protected right now, whatever anybody asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::certificates;
use super::world::World;
use crate::model::{
    AcceptedCa, BackEndTransport, BoundResponder, CertificateFault, CertificateId,
    ClientAuthentication, EntityId, FrontEndId, Host, Kind, Protection, Role, Value,
};
use crate::nitro::row;

/// What all routes of a csvserver share. There may be thousands of them.
pub(super) struct FrontEnd {
    /// Where it listens.
    pub(super) id: FrontEndId,
    /// Whether clients are served certificates by the name that they ask for.
    pub(super) has_sni: bool,
    client_authentication: ClientAuthentication,
    /// Whether it is responder policies, after the handshake, that turn clients away.
    pub(super) refused_by_policies: bool,
    accepted_cas: BTreeSet<AcceptedCa>,
    /// The certificates of ours that clients are served, with how they are bound and their names.
    certificates: Vec<(Role, CertificateId, BTreeSet<String>)>,
}

impl FrontEnd {
    /// Reads a csvserver that listens there.
    pub(super) fn read(world: &World<'_>, csvserver: &str, id: FrontEndId) -> Self {
        let asked = if id.protocol.is_tls() {
            client_authentication(world, csvserver)
        } else {
            ClientAuthentication::None
        };
        let refused_by_policies = asked == ClientAuthentication::Optional
            && turned_away(world, csvserver).len() == CertificateFault::ALL.len();
        let client_authentication =
            if refused_by_policies { ClientAuthentication::Mandatory } else { asked };
        let accepted_cas = match client_authentication {
            ClientAuthentication::None => BTreeSet::new(),
            ClientAuthentication::Optional | ClientAuthentication::Mandatory => {
                cas(world, Kind::SSLVSERVER_SSLCERTKEY, csvserver)
            }
        };
        let sni = ssl_setting(world, Kind::SSLVSERVER, csvserver, "snienable");
        let has_sni = sni.as_deref() == Some("ENABLED");
        let certificates = certificates(world, csvserver);
        Self { id, has_sni, client_authentication, refused_by_policies, accepted_cas, certificates }
    }

    /// The protection of its routes that lead to an lbvserver.
    pub(super) fn protection(&self, world: &World<'_>, lbvserver: Option<&str>) -> Protection {
        let (back_end, group) = back_end(world, lbvserver);
        let verified = group.filter(|_| back_end == BackEndTransport::Verified);
        Protection {
            client_authentication: self.client_authentication,
            plain_text_allowed: !self.id.protocol.is_tls()
                && !lbvserver.is_some_and(|lbvserver| answers(world, lbvserver)),
            accepted_cas: self.accepted_cas.clone(),
            back_end,
            back_end_cas: verified
                .map(|group| cas(world, Kind::SSLSERVICEGROUP_SSLCERTKEY, group))
                .unwrap_or_default(),
            back_end_name: verified
                .and_then(|group| ssl_setting(world, Kind::SSLSERVICEGROUP, group, "commonname"))
                .map(|name| name.to_ascii_lowercase()),
        }
    }

    /// What the clients of a host are served. A default certificate beside another one for SNI is
    /// there for other hosts.
    pub(super) fn served(&self, host: &Host) -> Served {
        let covers = |role: Role, names: &BTreeSet<String>| match host {
            Host::Any => role == Role::Plain,
            Host::Exact(_) | Host::Wildcard(_) => names.iter().any(|name| host.is_covered_by(name)),
        };
        let covering = self.certificates.iter().filter(|(role, _, names)| covers(*role, names));
        let (defaults, named): (Vec<_>, Vec<_>) =
            covering.partition(|(role, ..)| *role == Role::Plain);
        let mut served = Served::default();
        for (_, content, names) in named {
            served.certificates.insert(content.clone(), names.clone());
        }
        let is_named = !served.certificates.is_empty();
        for (_, content, names) in defaults {
            if is_named && !served.certificates.contains_key(content) {
                continue;
            }
            served.certificates.insert(content.clone(), names.clone());
            served.default.get_or_insert_with(|| content.clone());
        }
        served
    }
}

/// Whether an lbvserver answers requests itself, so that none of them goes anywhere.
pub(super) fn answers(world: &World<'_>, lbvserver: &str) -> bool {
    world.bound(Kind::LBVSERVER_RESPONDERPOLICY, lbvserver).next().is_some()
}

/// The certificates that clients of a host are served on a csvserver.
#[derive(Debug, Default)]
pub(super) struct Served {
    /// Those bound for SNI that cover it, each with all its names; where there is none, the default
    /// one if that covers it. A route without a host is served the default one.
    pub(super) certificates: BTreeMap<CertificateId, BTreeSet<String>>,
    /// That of them which is the default certificate.
    pub(super) default: Option<CertificateId>,
}

/// The certificates of ours that a csvserver serves its clients.
fn certificates(
    world: &World<'_>,
    csvserver: &str,
) -> Vec<(Role, CertificateId, BTreeSet<String>)> {
    let bound = world.bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver);
    bound
        .filter(|binding| binding.role != Role::Ca && world.owns(Kind::SSLCERTKEY, &binding.child))
        .filter_map(|binding| {
            let id = EntityId::new(Kind::SSLCERTKEY, binding.child.as_str());
            let certkey = certificates::read(world.entities.get(&id)?, world.mark);
            Some((binding.role, certkey.content?, certkey.names))
        })
        .collect()
}

/// What the handshake asks for.
fn client_authentication(world: &World<'_>, csvserver: &str) -> ClientAuthentication {
    let setting = |field| ssl_setting(world, Kind::SSLVSERVER, csvserver, field);
    if setting("clientauth").as_deref() != Some("ENABLED") {
        return ClientAuthentication::None;
    }
    // Where it is not said, the weaker reading counts. Profiles of ours always say it.
    match setting("clientcert").as_deref() {
        Some("Mandatory") => ClientAuthentication::Mandatory,
        _ => ClientAuthentication::Optional,
    }
}

/// Whom the responder policies of ours that are bound to a csvserver turn away.
fn turned_away(world: &World<'_>, csvserver: &str) -> BTreeSet<CertificateFault> {
    let bound = world.bound(Kind::CSVSERVER_RESPONDERPOLICY, csvserver);
    CertificateFault::turned_away(bound.map(|binding| {
        let priority = match row::read(binding.kind, world.bindings[binding], "priority") {
            Some(Value::Number(priority)) => Some(priority),
            Some(Value::Text(_) | Value::Flag(_) | Value::List(_)) | None => None,
        };
        let own = |kind, name: &str, field| {
            world.text(kind, name, field).filter(|_| world.owns(kind, name))
        };
        let text = |field| own(Kind::RESPONDERPOLICY, &binding.child, field);
        let action = text("action").and_then(|it| own(Kind::RESPONDERACTION, &it, "type"));
        let answers = action.is_some_and(|action| action == "respondwith");
        BoundResponder { priority, rule: text("rule"), answers }
    }))
}

/// The group behind an lbvserver that is spoken to with the least care, and how.
fn back_end<'w>(
    world: &'w World<'_>,
    lbvserver: Option<&str>,
) -> (BackEndTransport, Option<&'w str>) {
    let Some(lbvserver) = lbvserver else { return (BackEndTransport::Plain, None) };
    world
        .bound(Kind::LBVSERVER_SERVICEGROUP, lbvserver)
        .map(|binding| (transport(world, &binding.child), Some(binding.child.as_str())))
        .min()
        .unwrap_or((BackEndTransport::Plain, None))
}

fn transport(world: &World<'_>, group: &str) -> BackEndTransport {
    let servicetype = world.text(Kind::SERVICEGROUP, group, "servicetype");
    if !servicetype.is_some_and(|servicetype| servicetype.starts_with("SSL")) {
        return BackEndTransport::Plain;
    }
    match ssl_setting(world, Kind::SSLSERVICEGROUP, group, "serverauth").as_deref() {
        Some("ENABLED") => BackEndTransport::Verified,
        _ => BackEndTransport::Tls,
    }
}

/// A TLS setting of an endpoint: its profile's, or without one its own.
fn ssl_setting(world: &World<'_>, kind: Kind, endpoint: &str, field: &str) -> Option<String> {
    match world.text(kind, endpoint, "sslprofile") {
        Some(profile) => world.text(Kind::SSLPROFILE, &profile, field),
        None => world.text(kind, endpoint, field),
    }
}

fn cas(world: &World<'_>, kind: Kind, parent: &str) -> BTreeSet<AcceptedCa> {
    let bound = world.bound(kind, parent).filter(|binding| binding.role == Role::Ca);
    bound
        .map(|binding| {
            let row = world.entities.get(&EntityId::new(Kind::SSLCERTKEY, binding.child.as_str()));
            let content = row.and_then(|row| certificates::read(row, world.mark).content);
            match content.filter(|_| world.owns(Kind::SSLCERTKEY, &binding.child)) {
                Some(content) => AcceptedCa::Known(content),
                None => AcceptedCa::Foreign(binding.child.to_string()),
            }
        })
        .collect()
}
