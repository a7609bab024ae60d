//! How well a route is protected right now, whatever anybody asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::certificates;
use super::world::World;
use crate::model::{
    AcceptedCa, BackEndTransport, CertificateId, ClientAuthentication, EntityId, Host, Kind,
    Protection, Protocol, Role,
};

/// The protection of routes on a csvserver that lead to an lbvserver.
pub(super) fn in_effect(
    world: &World<'_>,
    (csvserver, protocol): (&str, Protocol),
    lbvserver: Option<&str>,
) -> Protection {
    let client_authentication = if protocol.is_tls() {
        client_authentication(world, csvserver)
    } else {
        ClientAuthentication::None
    };
    let accepted_cas = match client_authentication {
        ClientAuthentication::None => BTreeSet::new(),
        ClientAuthentication::Optional | ClientAuthentication::Mandatory => {
            cas(world, Kind::SSLVSERVER_SSLCERTKEY, csvserver)
        }
    };
    let (back_end, group) = back_end(world, lbvserver);
    let verified = group.filter(|_| back_end == BackEndTransport::Verified);
    Protection {
        client_authentication,
        plain_text_allowed: !protocol.is_tls()
            && !lbvserver.is_some_and(|lbvserver| answers(world, lbvserver)),
        accepted_cas,
        back_end,
        back_end_cas: verified
            .map(|group| cas(world, Kind::SSLSERVICEGROUP_SSLCERTKEY, group))
            .unwrap_or_default(),
        back_end_name: verified
            .and_then(|group| ssl_setting(world, Kind::SSLSERVICEGROUP, group, "commonname"))
            .map(|name| name.to_ascii_lowercase()),
    }
}

/// Whether an lbvserver answers requests itself, so that none of them goes anywhere.
pub(super) fn answers(world: &World<'_>, lbvserver: &str) -> bool {
    world.bound(Kind::LBVSERVER_RESPONDERPOLICY, lbvserver).next().is_some()
}

/// Whether clients of a csvserver are served certificates by the name that they ask for.
pub(super) fn has_sni(world: &World<'_>, csvserver: &str) -> bool {
    ssl_setting(world, Kind::SSLVSERVER, csvserver, "snienable").as_deref() == Some("ENABLED")
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

/// What the clients of a host are served. A default certificate beside another one for SNI is there
/// for other hosts.
pub(super) fn served(world: &World<'_>, csvserver: &str, host: &Host) -> Served {
    let mut served = Served::default();
    let (defaults, named): (Vec<_>, Vec<_>) =
        covering(world, csvserver, host).partition(|(role, ..)| *role == Role::Plain);
    for (_, content, names) in named {
        served.certificates.insert(content, names);
    }
    let is_named = !served.certificates.is_empty();
    for (_, content, names) in defaults {
        if is_named && !served.certificates.contains_key(&content) {
            continue;
        }
        served.certificates.insert(content.clone(), names);
        served.default.get_or_insert(content);
    }
    served
}

fn covering<'w>(
    world: &'w World<'_>,
    csvserver: &'w str,
    host: &'w Host,
) -> impl Iterator<Item = (Role, CertificateId, BTreeSet<String>)> + 'w {
    world.bound(Kind::SSLVSERVER_SSLCERTKEY, csvserver).filter_map(move |binding| {
        let id = EntityId::new(Kind::SSLCERTKEY, binding.child.as_str());
        let certkey = certificates::read(world.entities.get(&id)?, world.mark);
        let covers = binding.role != Role::Ca
            && match host {
                Host::Any => binding.role == Role::Plain,
                Host::Exact(_) | Host::Wildcard(_) => {
                    certkey.names.iter().any(|name| host.is_covered_by(name))
                }
            };
        let ours = covers && world.owns(Kind::SSLCERTKEY, &binding.child);
        Some((binding.role, certkey.content.filter(|_| ours)?, certkey.names))
    })
}

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
