//! What translating may know about the appliance.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::certificates;
use super::protection::{self, FrontEnd};
use super::world::World;
use crate::model::{
    EntityId, FrontEndId, IngressId, Kind, Protocol, RouteMatch, Value, is_owner_comment,
};
use crate::nitro::Row;
use crate::nitro::row::{read, read_text, text};
use crate::observed::{ApplianceSettings, ObservedCertkey};
use crate::schema;
use crate::snapshot::{
    Facts, ForeignCertificate, ForeignCertkey, Listener, ObservedBackEnd, ObservedRoute,
};

/// The facts.
pub(super) fn facts(world: &World<'_>, settings: &ApplianceSettings) -> Facts {
    let mut facts = Facts {
        is_read: true,
        features: settings.features.clone(),
        default_profile: settings.default_profile,
        unsaved_by_others: settings.unsaved && !settings.unsaved_is_ours,
        ..Facts::default()
    };
    for kind in [Kind::CSVSERVER, Kind::LBVSERVER] {
        add_listeners(&mut facts, world, kind);
    }
    add_foreign(&mut facts, world);
    add_foreign_ssl(&mut facts, world);
    add_routes(&mut facts, world);
    add_ingresses(&mut facts, world);
    facts
}

/// Who listens where. Other traffic domains are other networks.
fn add_listeners(facts: &mut Facts, world: &World<'_>, kind: Kind) {
    for (id, row) in world.of(kind) {
        let domain = read(kind, row, "td").as_ref().and_then(Value::as_number);
        if domain.is_some_and(|domain| domain != 0) {
            continue;
        }
        let Some(place) = place(kind, row) else { continue };
        let listener = Listener { holder: id.clone(), ours: world.owned.contains_key(id) };
        let entry = facts.listeners.entry(place).or_insert_with(|| listener.clone());
        if listener.ours {
            *entry = listener;
        }
    }
}

/// Address and port of a vserver that listens; those behind a csvserver have none.
fn place(kind: Kind, row: &Row) -> Option<(IpAddr, u16)> {
    let address: IpAddr = text(row, "ipv46")?.parse().ok()?;
    let port = u16::try_from(read(kind, row, "port")?.as_number()?).ok()?;
    (!address.is_unspecified() && port != 0).then_some((address, port))
}

/// What no profile of ours has and another one must not have either.
const UNFIT: [&str; 2] = ["cleartextport", "sslinterception"];

fn add_foreign(facts: &mut Facts, world: &World<'_>) {
    let start = format!("{}-", world.mark.prefix);
    for (id, row) in &world.entities {
        if world.owned.contains_key(id) {
            continue;
        }
        if id.name.starts_with(&start) && id.kind.derived_from().is_none() {
            facts.foreign_names.insert(id.clone());
            facts.adoptable.extend(adoptable(world, id, row).map(|type_| (id.clone(), type_)));
        }
        if id.kind == Kind::SERVER
            && let Some(address) = text(row, "ipaddress").and_then(|text| text.parse().ok())
        {
            facts.foreign_servers.insert(address, id.name.to_string());
        }
        if id.kind == Kind::SSLPROFILE {
            let managed = schema::managed_fields(id.kind);
            let is_read = |name: &str| managed.contains(&name) || UNFIT.contains(&name);
            let fields = schema::read_fields(id.kind, row.iter(), is_read);
            facts.foreign_ssl_profiles.insert(id.name.clone(), fields);
        }
        if id.kind == Kind::SSLCERTKEY {
            let ObservedCertkey { names, keyed, .. } = certificates::read(row, world.mark);
            facts.foreign_certkeys.insert(id.name.to_string(), ForeignCertkey { names, keyed });
        }
        if id.kind == Kind::SSLCERTKEY
            && let Some(issuer_serial) = certificates::issuer_serial(row)
        {
            let key_type = certificates::key_type(row);
            let certificate = ForeignCertificate { name: id.name.to_string(), key_type };
            facts.foreign_certificates.insert(issuer_serial, certificate);
        }
    }
}

/// The type of a foreign object that could be made ours. Those of the types that carry the cluster
/// in their names are of another one.
fn adoptable(world: &World<'_>, id: &EntityId, row: &Row) -> Option<String> {
    let is_elsewhere =
        read(id.kind, row, "td").as_ref().and_then(Value::as_number).unwrap_or(0) != 0;
    let is_of_a_cluster = text(row, "comment").is_some_and(is_owner_comment);
    let is_in_place = match id.kind {
        Kind::CSVSERVER => {
            front_end(row).is_some_and(|end| end.csvserver(&world.mark.prefix) == id.name)
        }
        Kind::LBVSERVER => place(id.kind, row).is_none(),
        kind => kind == Kind::SERVICEGROUP,
    };
    // One that finds its members by itself cannot be told them, and never becomes another.
    let is_told_members =
        read_text(id.kind, row, "autoscale").is_none_or(|scale| scale == "DISABLED");
    let fits = is_in_place && is_told_members && !is_elsewhere && !is_of_a_cluster;
    fits.then(|| read_text(id.kind, row, "servicetype"))?
}

/// What enabling the default SSL profile would reset.
fn add_foreign_ssl(facts: &mut Facts, world: &World<'_>) {
    for kind in [Kind::SSLVSERVER, Kind::SSLSERVICE, Kind::SSLSERVICEGROUP] {
        for (id, _) in world.of(kind).filter(|(id, _)| !world.owned.contains_key(*id)) {
            if kind == Kind::SSLSERVICE && is_internal(&id.name) {
                facts.internal_ssl.insert(id.name.to_string());
            } else {
                facts.foreign_ssl.insert(id.clone());
            }
        }
    }
    for (id, row) in world.of(Kind::LBMONITOR) {
        let secure = read_text(Kind::LBMONITOR, row, "secure").as_deref() == Some("YES");
        let built_in = BUILT_IN_MONITORS.contains(&id.name.as_str());
        if secure && !built_in && !world.owned.contains_key(id) {
            facts.foreign_ssl.insert(id.clone());
        }
    }
}

/// Monitors that are on every appliance and speak TLS (seen in lists of monitors).
const BUILT_IN_MONITORS: [&str; 7] =
    ["https", "tcps", "https-ecv", "tcps-ecv", "stasecure", "mqtt-tls", "http2ssl"];

/// The appliance's own services, such as `nshttps-127.0.0.1-443` and `nsrpcs-::1l-3008` (seen).
fn is_internal(name: &str) -> bool {
    name.starts_with("ns") && (name.contains("-127.0.0.1-") || name.contains("-::1l-"))
}

fn add_routes(facts: &mut Facts, world: &World<'_>) {
    let mut routes: BTreeMap<IngressId, Vec<ObservedRoute>> = BTreeMap::new();
    let csvservers = world.of(Kind::CSVSERVER).filter(|(id, _)| world.owned.contains_key(*id));
    for (csvserver, row) in csvservers {
        let Some(id) = front_end(row) else { continue };
        let front_end = FrontEnd::read(world, &csvserver.name, id);
        for binding in world.bound(Kind::CSVSERVER_CSPOLICY, &csvserver.name) {
            if let Some((ingress, route)) = route(world, &front_end, &binding.child) {
                routes.entry(ingress).or_default().push(route);
            }
        }
    }
    for of_ingress in routes.values_mut() {
        of_ingress.sort_by(|a, b| (&a.policy, a.front_end).cmp(&(&b.policy, b.front_end)));
    }
    facts.routes = routes;
}

/// One bound route. One whose front end or rule was changed by hand is none that we understand.
fn route(
    world: &World<'_>,
    front_end: &FrontEnd,
    policy: &str,
) -> Option<(IngressId, ObservedRoute)> {
    let ingress = world.mark.ingress_of_name(policy)?;
    if !world.owns(Kind::CSPOLICY, policy) {
        return None;
    }
    let matches = RouteMatch::parse(&world.text(Kind::CSPOLICY, policy, "rule")?)?;
    let action = world.text(Kind::CSPOLICY, policy, "action");
    let lbvserver =
        action.and_then(|action| world.text(Kind::CSACTION, &action, "targetlbvserver"));
    let served = front_end.served(&matches.host);
    let route = ObservedRoute {
        front_end: front_end.id,
        policy: policy.to_owned(),
        has_sni: front_end.has_sni,
        answers: lbvserver.as_deref().is_some_and(|to| protection::answers(world, to)),
        protection: front_end.protection(world, lbvserver.as_deref()),
        refused_by_policies: front_end.refused_by_policies,
        certificates: served.certificates,
        default_certificate: served.default,
        matches,
    };
    Some((ingress, route))
}

fn front_end(row: &Row) -> Option<FrontEndId> {
    let (vip, port) = place(Kind::CSVSERVER, row)?;
    let protocol = Protocol::parse(&read_text(Kind::CSVSERVER, row, "servicetype")?)?;
    Some(FrontEndId { vip, port, protocol })
}

/// Whose our objects are, by their names and comments.
fn add_ingresses(facts: &mut Facts, world: &World<'_>) {
    for (id, comment) in &world.owned {
        if let Some(ingress) = world.mark.ingress_of_name(&id.name) {
            facts.ingresses.entry(ingress).or_default();
        }
        let Some((ingress, key)) = &comment.ingress else { continue };
        facts.ingresses.insert(*ingress, Some(key.clone()));
        if id.kind == Kind::SERVICEGROUP
            && let Some(service) = &comment.service
        {
            let (ingress, key, service) = (*ingress, key.clone(), service.clone());
            let back_end = ObservedBackEnd { ingress, key, service };
            facts.back_ends.insert(id.name.clone(), back_end);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_appliances_own_services_are_told_from_others() {
        for name in ["nshttps-127.0.0.1-443", "nsrpcs-::1l-3008", "nskrpcs-127.0.0.1-3009"] {
            assert!(is_internal(name), "{name}");
        }
        for name in ["ns-shop", "shop-127.0.0.1-443", "nshttps-192.0.2.1-443"] {
            assert!(!is_internal(name), "{name}");
        }
    }
}
