//! Reads one back end out of a state.

use std::collections::BTreeSet;

use super::read::{Reader, is_enabled, is_on};
use super::view::{BackEnd, Content, Endpoint, Level, Peer, Transport};
use crate::state::{Fields, flag, number, text};
use crate::x509::Material;

/// The certificate of a certkey.
pub(super) fn content(material: &Material) -> Content {
    let certificate = &material.certificate;
    Content { digest: certificate.digest, subject: certificate.subject.clone() }
}

/// One group or service, as servers behind it are spoken to.
pub(super) struct Leg {
    pub(super) level: Level,
    pub(super) accepts: BTreeSet<Peer>,
    presents: bool,
    members: BTreeSet<Endpoint>,
}

/// Reads the back end of this lbvserver.
pub(super) fn read<'a>(reader: &Reader<'a>, name: &'a str) -> BackEnd {
    let mut back = BackEnd::default();
    let Some(lbvserver) = reader.object("lbvserver", name) else {
        back.dangling.insert(format!("lbvserver {name:?}"));
        return back;
    };
    let bound = reader
        .bindings("lbvserver_servicegroup_binding", name)
        .map(|(_, binding)| ("servicegroup", text(binding, "servicegroupname")));
    let services = reader
        .bindings("lbvserver_service_binding", name)
        .map(|(_, binding)| ("service", text(binding, "servicename")));
    let mut presents = Vec::new();
    for (kind, child) in bound.chain(services) {
        let Some(fields) = reader.object(kind, child) else {
            back.dangling.insert(format!("{kind} {child:?} of lbvserver {name:?}"));
            continue;
        };
        let leg = leg(reader, kind, child, fields, &mut back.dangling);
        back.level = back.level.min(leg.level);
        back.accepts.extend(leg.accepts);
        if leg.level != Level::Plain {
            presents.push(leg.presents);
        }
        if is_enabled(lbvserver) {
            let members = if leg.level == Level::Plain { &mut back.plain } else { &mut back.tls };
            members.extend(leg.members);
        }
    }
    back.presents = !presents.is_empty() && presents.iter().all(|&presents| presents);
    back
}

/// Reads one `servicegroup` or `service`.
pub(super) fn leg<'a>(
    reader: &Reader<'a>,
    kind: &'static str,
    name: &'a str,
    fields: &Fields,
    dangling: &mut BTreeSet<String>,
) -> Leg {
    let members = if !is_enabled(fields) {
        BTreeSet::new()
    } else if kind == "service" {
        let address = [text(fields, "ip"), text(fields, "ipaddress")];
        member(reader, fields, address).into_iter().collect()
    } else {
        reader
            .bindings("servicegroup_servicegroupmember_binding", name)
            .filter(|(_, binding)| is_enabled(binding))
            .filter_map(|(_, binding)| member(reader, binding, [text(binding, "ip"), ""]))
            .collect()
    };
    let mut leg = Leg { level: Level::Plain, accepts: BTreeSet::new(), presents: false, members };
    match Transport::of(text(fields, "servicetype")) {
        Transport::Plain => {}
        Transport::Bridge => {
            leg.level = Level::Tls;
            leg.accepts.insert(Peer { name: None, ca: None });
        }
        Transport::Tls => verification(reader, kind, name, &mut leg, dangling),
    }
    leg
}

/// Address and port of a member, if its server is in use.
fn member(reader: &Reader<'_>, binding: &Fields, address: [&str; 2]) -> Option<Endpoint> {
    let port = number(binding, "port").unwrap_or_default();
    let server = reader.object("server", text(binding, "servername"));
    if let Some(server) = server {
        let address = ["ipaddress", "domain"].map(|field| text(server, field));
        return is_enabled(server).then(|| (first(address), port));
    }
    Some((first(address), port))
}

fn first(texts: [&str; 2]) -> String {
    texts.into_iter().find(|text| !text.is_empty()).unwrap_or_default().to_owned()
}

/// How a group in TLS knows its servers: serverauth without a CA verifies nobody (assumed).
fn verification<'a>(
    reader: &Reader<'a>,
    kind: &'static str,
    name: &'a str,
    leg: &mut Leg,
    dangling: &mut BTreeSet<String>,
) {
    let (view, binding_kind) = if kind == "service" {
        ("sslservice", "sslservice_sslcertkey_binding")
    } else {
        ("sslservicegroup", "sslservicegroup_sslcertkey_binding")
    };
    leg.level = Level::Tls;
    let endpoint = reader.object(view, name);
    let profile = endpoint.map_or("", |endpoint| text(endpoint, "sslprofile"));
    let parameters =
        if profile.is_empty() { endpoint } else { reader.object("sslprofile", profile) };
    let Some(parameters) = parameters else {
        dangling.insert(format!("sslprofile {profile:?} of {view} {name:?}"));
        return;
    };
    let mut cas = BTreeSet::new();
    for (_, binding) in reader.bindings(binding_kind, name) {
        match reader.material(text(binding, "certkeyname")) {
            Some(material) if flag(binding, "ca") => {
                cas.insert(content(material));
            }
            Some(material) => leg.presents |= material.has_key(),
            None => {
                let certkey = text(binding, "certkeyname");
                dangling.insert(format!("sslcertkey {certkey:?} of {view} {name:?}"));
            }
        }
    }
    let verifies = is_on(parameters, "serverauth");
    let names = verifies || is_on(parameters, "snienable");
    let common_name = Some(text(parameters, "commonname"))
        .filter(|name| names && !name.is_empty())
        .map(str::to_ascii_lowercase);
    if verifies && !cas.is_empty() {
        leg.level = Level::Verified;
        leg.accepts =
            cas.into_iter().map(|ca| Peer { name: common_name.clone(), ca: Some(ca) }).collect();
    } else {
        leg.accepts.insert(Peer { name: common_name, ca: None });
    }
}
