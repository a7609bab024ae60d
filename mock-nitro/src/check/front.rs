//! Reads one front end out of a state.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::back;
use super::expression::Expression;
use super::memory::Memory;
use super::place::refusal;
use super::read::{Reader, is_enabled, is_on};
use super::view::{ClientAuthentication, Floor, Front, Host, Place, Route, Transport, VERSIONS};
use crate::state::{Fields, flag, text};

/// The policy name of the route that a default lbvserver is.
pub(super) const DEFAULT: &str = "";

/// Reads the front end of this csvserver.
pub(super) fn front<'a>(reader: &Reader<'a>, name: &'a str, memory: &mut Memory) -> Front {
    let Some(csvserver) = reader.object("csvserver", name) else {
        return Front::default();
    };
    let mut front =
        Front { transport: Transport::of(text(csvserver, "servicetype")), ..Front::default() };
    if front.transport == Transport::Tls {
        security(reader, name, &mut front);
    }
    if is_enabled(csvserver) {
        routes(reader, name, &mut front, memory);
    }
    if text(csvserver, "servicetype") == "TCP" && tells_names_apart(reader, name) {
        front.transport = Transport::Bridge;
    }
    front
}

/// Whether all that a csvserver of streams takes is TLS that it passes on: a rule about the name in
/// the first message of a connection holds for TLS only.
fn tells_names_apart<'a>(reader: &Reader<'a>, name: &'a str) -> bool {
    let mut default = reader.bindings("csvserver_lbvserver_binding", name);
    let names_one = |rule: &str| rule.to_ascii_uppercase().contains("CLIENT.SSL.CLIENT_HELLO.SNI");
    let mut policies = reader
        .bindings("csvserver_cspolicy_binding", name)
        .filter_map(|(_, binding)| reader.object("cspolicy", text(binding, "policyname")))
        .peekable();
    policies.peek().is_some()
        && default.next().is_none()
        && policies.all(|policy| names_one(text(policy, "rule")))
}

/// SSL parameters and certificates.
pub(super) fn security<'a>(reader: &Reader<'a>, name: &'a str, front: &mut Front) {
    let endpoint = reader.object("sslvserver", name);
    let profile = endpoint.map_or("", |endpoint| text(endpoint, "sslprofile"));
    let parameters =
        if profile.is_empty() { endpoint } else { reader.object("sslprofile", profile) };
    let Some(parameters) = parameters else {
        front.dangling.insert(format!("sslprofile {profile:?} of sslvserver {name:?}"));
        return;
    };
    front.authentication = client_authentication(parameters);
    front.floor = Floor {
        version: VERSIONS
            .iter()
            .position(|version| is_on(parameters, version))
            .unwrap_or(VERSIONS.len()),
        ciphers: ciphers(reader, name, profile),
        hsts: is_on(parameters, "hsts"),
    };
    certificates(reader, name, parameters, front);
}

/// `clientcert` left out means Mandatory (assumed).
fn client_authentication(parameters: &Fields) -> ClientAuthentication {
    if !is_on(parameters, "clientauth") {
        ClientAuthentication::None
    } else if text(parameters, "clientcert") == "Optional" {
        ClientAuthentication::Optional
    } else {
        ClientAuthentication::Mandatory
    }
}

/// A legacy profile holds no ciphers, then those of the endpoint count; so both are read.
fn ciphers<'a>(reader: &Reader<'a>, name: &'a str, profile: &'a str) -> BTreeSet<Arc<str>> {
    let of_profile = reader.bindings("sslprofile_sslcipher_binding", profile);
    let of_endpoint = ["sslvserver_sslcipher_binding", "sslvserver_sslciphersuite_binding"]
        .into_iter()
        .flat_map(|kind| reader.bindings(kind, name));
    of_profile.chain(of_endpoint).map(|(key, _)| Arc::clone(&key.child)).collect()
}

/// A client that asks by SNI is served an SNI certificate of that name; the default certificate
/// where SNI is off, or where names that no SNI certificate has are allowed.
fn certificates<'a>(reader: &Reader<'a>, name: &'a str, parameters: &Fields, front: &mut Front) {
    let by_sni = is_on(parameters, "snienable");
    let default_is_served = !by_sni || is_on(parameters, "allowunknownsni");
    for (_, binding) in reader.bindings("sslvserver_sslcertkey_binding", name) {
        let certkey = text(binding, "certkeyname");
        let Some(material) = reader.material(certkey) else {
            front.dangling.insert(format!("sslcertkey {certkey:?} of sslvserver {name:?}"));
            continue;
        };
        let is_sni = flag(binding, "snicert");
        if flag(binding, "ca") {
            front.cas.insert(back::content(material));
            continue;
        }
        if is_sni {
            front.sni.insert(certkey.into());
        }
        if material.has_key() && (if is_sni { by_sni } else { default_is_served }) {
            let certificate = &material.certificate;
            let names = if certificate.san_dns.is_empty() {
                certificate.common_name.as_slice()
            } else {
                &certificate.san_dns
            };
            front.names.extend(names.iter().map(|name| name.to_ascii_lowercase()));
        }
    }
}

fn routes<'a>(reader: &Reader<'a>, name: &'a str, front: &mut Front, memory: &mut Memory) {
    let responders = responders(reader, "csvserver_responderpolicy_binding", name, memory);
    for (_, binding) in reader.bindings("csvserver_cspolicy_binding", name) {
        let policy = text(binding, "policyname");
        let Some(fields) = reader.object("cspolicy", policy) else {
            front.dangling.insert(format!("cspolicy {policy:?} of csvserver {name:?}"));
            continue;
        };
        if memory.expression(text(fields, "rule")).is_never() {
            continue;
        }
        match target(reader, binding, fields) {
            Ok(lbvserver) => {
                let place = place_of(fields, memory);
                let action = reader.object("csaction", text(fields, "action"));
                let comment = action.map_or("", |action| text(action, "comment"));
                let owner = if comment.is_empty() { policy } else { comment };
                let bound = Bound { place, policy, owner, lbvserver };
                add_route(reader, front, memory, &responders, bound);
            }
            Err(dangling) => {
                front.dangling.insert(dangling);
            }
        }
    }
    for (_, binding) in reader.bindings("csvserver_lbvserver_binding", name) {
        let everything = Place { host: Host::Any, path: "/".to_owned() };
        let lbvserver = text(binding, "lbvserver");
        let bound = Bound { place: everything, policy: DEFAULT, owner: DEFAULT, lbvserver };
        add_route(reader, front, memory, &responders, bound);
    }
}

/// The place of an advanced policy is in its rule, that of a classic one in `domain` and `url`.
fn place_of(policy: &Fields, memory: &mut Memory) -> Place {
    let rule = text(policy, "rule");
    if !rule.is_empty() {
        return memory.place(rule);
    }
    let host = match text(policy, "domain").to_ascii_lowercase() {
        domain if domain.is_empty() => Host::Any,
        domain => Host::Exact(domain),
    };
    let path = text(policy, "url").trim_end_matches(['*', '/']);
    Place { host, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() } }
}

/// The lbvserver that a policy leads to, by its binding or by its action.
pub(super) fn target<'a>(
    reader: &Reader<'a>,
    binding: &'a Fields,
    policy: &'a Fields,
) -> Result<&'a str, String> {
    let bound = text(binding, "targetlbvserver");
    if !bound.is_empty() {
        return Ok(bound);
    }
    let name = text(policy, "action");
    let action = reader
        .object("csaction", name)
        .ok_or_else(|| format!("csaction {name:?} of cspolicy {:?}", text(policy, "policyname")))?;
    ["targetlbvserver", "targetvserver", "targetvserverexpr"]
        .into_iter()
        .map(|field| text(action, field))
        .find(|target| !target.is_empty())
        .ok_or_else(|| format!("target of csaction {name:?}"))
}

/// What a front end sends where.
struct Bound<'a> {
    place: Place,
    policy: &'a str,
    owner: &'a str,
    lbvserver: &'a str,
}

/// One route: its place, its policy and its lbvserver.
///
/// A default lbvserver that answers every request by itself, with a 404 for example, is none: what
/// it catches is not served.
fn add_route<'a>(
    reader: &Reader<'a>,
    front: &mut Front,
    memory: &mut Memory,
    responders: &[Responder],
    Bound { place, policy, owner, lbvserver }: Bound<'a>,
) {
    let behind = self::responders(reader, "lbvserver_responderpolicy_binding", lbvserver, memory);
    let answers_all =
        |responder: &Responder| refusal(&responder.rule, &place).with_valid_certificate;
    let answered = behind.iter().any(answers_all);
    let mut refused = (false, false);
    let mut closed = false;
    for responder in responders.iter().chain(&behind) {
        let refusal = refusal(&responder.rule, &place);
        if policy == DEFAULT && refusal.with_valid_certificate {
            return;
        }
        closed |= match front.authentication {
            ClientAuthentication::None => refusal.without_certificate,
            ClientAuthentication::Optional | ClientAuthentication::Mandatory => {
                refusal.with_valid_certificate
            }
        };
        if !refusal.with_valid_certificate {
            refused.0 |= refusal.without_certificate;
            refused.1 |= refusal.with_invalid_certificate;
            if refusal.without_certificate || refusal.with_invalid_certificate {
                front.refusals.insert(Arc::clone(&responder.policy));
            }
        }
    }
    let (back, reads) = memory.back(reader.state(), lbvserver);
    reader.include(reads);
    front.dangling.extend(back.dangling.iter().cloned());
    let route =
        Route { owner: owner.into(), refused: refused.0 && refused.1, closed, answered, back };
    front.routes.entry(place).or_default().insert(policy.into(), route);
}

/// A bound responder policy that answers instead of a back end.
struct Responder {
    policy: Arc<str>,
    rule: Arc<Expression>,
}

fn responders<'a>(
    reader: &Reader<'a>,
    kind: &'static str,
    parent: &'a str,
    memory: &mut Memory,
) -> Vec<Responder> {
    let bound = reader.bindings(kind, parent).filter_map(|(_, binding)| {
        let name = text(binding, "policyname");
        let policy = reader.object("responderpolicy", name)?;
        answers(reader, text(policy, "action")).then(|| Responder {
            policy: name.into(),
            rule: memory.expression(text(policy, "rule")),
        })
    });
    bound.collect()
}

/// Whether an action ends the request here.
fn answers(reader: &Reader<'_>, action: &str) -> bool {
    match action {
        "DROP" | "RESET" => true,
        "NOOP" => false,
        name => reader
            .object("responderaction", name)
            .is_some_and(|action| !text(action, "type").eq_ignore_ascii_case("noop")),
    }
}
