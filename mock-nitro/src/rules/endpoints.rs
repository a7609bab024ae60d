//! TLS endpoints: the views `sslvserver`, `sslservicegroup` and `sslservice` that exist for every
//! virtual server, group and service that speaks TLS, and the profiles attached to them.

use serde_json::Value;

use super::{parameters, refuse};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::schema;
use crate::state::{BindingKey, Fields, State, flag, text};

/// One of the three kinds of endpoints.
#[derive(Debug, Clone, Copy)]
pub(super) struct Endpoint {
    /// The type of the view.
    pub(super) kind: &'static str,
    /// The field that names it.
    pub(super) key: &'static str,
    /// The profile that it has while none is attached and default profiles are enabled.
    pub(super) default_profile: &'static str,
    /// The cipher group that it has while default profiles are disabled.
    pub(super) cipher: &'static str,
}

pub(super) const ENDPOINTS: [Endpoint; 3] = [
    Endpoint {
        kind: "sslvserver",
        key: "vservername",
        default_profile: "ns_default_ssl_profile_frontend",
        cipher: "DEFAULT",
    },
    Endpoint {
        kind: "sslservicegroup",
        key: "servicegroupname",
        default_profile: "ns_default_ssl_profile_backend",
        cipher: "DEFAULT_BACKEND",
    },
    Endpoint {
        kind: "sslservice",
        key: "servicename",
        default_profile: "ns_default_ssl_profile_backend",
        cipher: "DEFAULT_BACKEND",
    },
];

/// The types of a virtual server or service that terminate or start TLS (documented).
const TLS_TYPES: [&str; 9] = [
    "SSL",
    "SSL_TCP",
    "SSL_DIAMETER",
    "SSL_FIX",
    "SSL_PUSH",
    "SSL_PROXY",
    "SSL_FTP",
    "DTLS",
    "HTTP_QUIC",
];

/// The curves that a new endpoint or profile has, in their order (documented).
pub(super) const CURVES: [&str; 4] = ["P_256", "P_384", "P_224", "P_521"];

impl Endpoint {
    fn of(kind: &str) -> Option<Self> {
        ENDPOINTS.into_iter().find(|endpoint| endpoint.kind == kind)
    }

    /// The view of the objects of a base type.
    fn viewing(base: &str) -> Option<Self> {
        Self::of(match base {
            "csvserver" | "lbvserver" => "sslvserver",
            "servicegroup" => "sslservicegroup",
            "service" => "sslservice",
            _ => return None,
        })
    }

    fn is_front_end(self) -> bool {
        self.kind == "sslvserver"
    }
}

/// Whether default profiles are enabled.
pub(super) fn has_default_profiles(state: &State) -> bool {
    state.singleton("sslparameter").is_some_and(|all| text(all, "defaultprofile") == "ENABLED")
}

/// A setting as it is in effect at an endpoint: its profile's, if one is attached, else its own.
pub(super) fn in_effect<'a>(state: &'a State, kind: &str, name: &str, field: &str) -> &'a str {
    let Some(own) = state.object(kind, name) else { return "" };
    match state.object("sslprofile", text(own, "sslprofile")) {
        Some(profile) => text(profile, field),
        None => text(own, field),
    }
}

/// Whether SNI certificates are bound to a virtual server.
fn has_sni_certificates(state: &State, vserver: &str) -> bool {
    let mut bindings = state.bindings("sslvserver_sslcertkey_binding", vserver);
    bindings.any(|(_, fields)| flag(fields, "snicert"))
}

/// Whether a virtual server with SNI certificates has this profile.
pub(super) fn serves_by_sni(state: &State, profile: &str) -> bool {
    let mut vservers = state.objects("sslvserver");
    vservers.any(|(name, fields)| {
        text(fields, "sslprofile") == profile && has_sni_certificates(state, name)
    })
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    let Some(endpoint) = Endpoint::of(command.kind) else { return Ok(()) };
    let current = state.object(command.kind, &command.key).map(AsRef::as_ref);
    let is_own = |field: &&&str| **field != endpoint.key && **field != "sslprofile";
    let sets_own = command.fields.keys().any(|field| is_own(&field));
    if sets_own && has_default_profiles(state) {
        // Seen from Terraform's users.
        return refuse(code::SSL_PROFILE_DEFAULT_ENABLED);
    }
    let attached = current.map_or("", |fields| text(fields, "sslprofile"));
    let profile = match command.fields.get("sslprofile") {
        Some(Value::String(profile)) => profile.as_str(),
        Some(_) => "",
        None => attached,
    };
    if sets_own && !profile.is_empty() {
        return refuse(code::SSL_PROFILE_ATTACHED);
    }
    if !matches!(command.verb, Verb::Update | Verb::Unset) {
        return Ok(());
    }
    check_profile(state, command, endpoint, attached)?;
    if sets_own {
        parameters::check(endpoint.kind, current, &command.fields)?;
        let sni = parameters::in_effect(endpoint.kind, current, &command.fields, "snienable");
        if sni != "ENABLED" {
            keep_sni(state, command)?;
        }
    }
    Ok(())
}

fn check_profile(
    state: &State,
    command: &Command,
    endpoint: Endpoint,
    attached: &str,
) -> Result<(), Refusal> {
    let name = match command.fields.get("sslprofile") {
        Some(Value::String(name)) => name.as_str(),
        // Unset: back to the default profile, which itself cannot be unset.
        Some(_) if has_default_profiles(state) => {
            if attached == endpoint.default_profile {
                return refuse(code::SSL_PROFILE_UNSET_DEFAULT);
            }
            endpoint.default_profile
        }
        Some(_) | None => return Ok(()),
    };
    let Some(profile) = state.object("sslprofile", name) else {
        return refuse(code::NO_SUCH_PROFILE);
    };
    match (text(profile, "sslprofiletype"), endpoint.is_front_end()) {
        ("BackEnd", true) => return refuse(code::SSL_PROFILE_BE),
        ("BackEnd", false) => {}
        (_, false) => return refuse(code::SSL_PROFILE_FE),
        ("QUIC-FrontEnd", true) if !is_quic(state, &command.key) => {
            return refuse(code::SSL_PROFILE_QUIC_MISMATCH);
        }
        (_, true) => {}
    }
    let has_ciphers = state.bindings("sslprofile_sslcipher_binding", name).next().is_some();
    if has_default_profiles(state) && !has_ciphers {
        // Assumed from the text of the code: an endpoint must be able to speak.
        return refuse(code::SSL_NO_USABLE_CIPHERS);
    }
    if text(profile, "snienable") == "ENABLED" { Ok(()) } else { keep_sni(state, command) }
}

fn is_quic(state: &State, vserver: &str) -> bool {
    ["csvserver", "lbvserver"].iter().any(|kind| {
        state.object(kind, vserver).is_some_and(|fields| text(fields, "servicetype") == "HTTP_QUIC")
    })
}

/// SNI cannot be switched off under certificates that are bound for it (assumed: they could not be
/// bound either).
fn keep_sni(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.kind == "sslvserver" && has_sni_certificates(state, &command.key) {
        return refuse(code::SSL_SNI_NOTENABLE);
    }
    Ok(())
}

/// An endpoint without a profile has the default one (documented), where there are defaults. Its
/// own settings show only in the other case.
pub(super) fn after(state: &mut State, before: &State, command: &Command) {
    let Some(endpoint) = Endpoint::of(command.kind) else { return };
    if has_default_profiles(before) && command.fields.get("sslprofile").is_some_and(Value::is_null)
    {
        reset(state, endpoint, &command.key);
    }
    parameters::settle(state.object_mut(command.kind, &command.key));
}

/// Makes or removes the view of an object that was added or deleted.
pub(super) fn derive(state: &mut State, command: &Command) {
    let Some(endpoint) = Endpoint::viewing(command.kind) else { return };
    if command.verb == Verb::Delete {
        remove(state, endpoint, &command.key);
    } else if command.verb == Verb::Add && TLS_TYPES.contains(&text(&command.fields, "servicetype"))
    {
        create(state, endpoint, &command.key);
    }
}

fn create(state: &mut State, endpoint: Endpoint, name: &str) {
    reset(state, endpoint, name);
    if has_default_profiles(state) {
        return;
    }
    for (suffix, side, values) in [
        ("sslciphersuite_binding", "ciphername", &[endpoint.cipher][..]),
        ("ecccurve_binding", "ecccurvename", &CURVES[..]),
    ] {
        let kind = format!("{}_{suffix}", endpoint.kind);
        let Some(kind) = schema::kind(&kind) else { continue };
        for &value in values {
            let fields = Fields::from([(endpoint.key, name.into()), (side, value.into())]);
            state.put_binding(BindingKey::of(&kind.name, &fields), fields);
        }
    }
}

/// Gives an endpoint what a new one has: the default profile, or its own settings at their
/// defaults.
pub(super) fn reset(state: &mut State, endpoint: Endpoint, name: &str) {
    let mut fields = Fields::from([(endpoint.key, name.into())]);
    if has_default_profiles(state) {
        fields.insert("sslprofile", endpoint.default_profile.into());
    } else if let Some(kind) = schema::kind(endpoint.kind) {
        fields.extend(kind.defaults().map(|(field, value)| (field, value.clone())));
    }
    state.put_object(endpoint.kind, name, fields);
}

fn remove(state: &mut State, endpoint: Endpoint, name: &str) {
    let Some(kind) = schema::kind(endpoint.kind) else { return };
    state.remove_object(endpoint.kind, name);
    for binding in &kind.bindings {
        let keys: Vec<BindingKey> =
            state.bindings(binding, name).map(|(key, _)| key.clone()).collect();
        for key in keys {
            state.remove_binding(&key);
        }
    }
}

/// Removes the bindings of ciphers and curves to endpoints themselves.
pub(super) fn remove_ciphers(state: &mut State) {
    let kinds = schema::kinds().map(|(name, _)| name).filter(|name| {
        ENDPOINTS.iter().any(|endpoint| {
            name.strip_prefix(endpoint.kind).is_some_and(|rest| {
                ["_sslcipher_binding", "_sslciphersuite_binding", "_ecccurve_binding"]
                    .contains(&rest)
            })
        })
    });
    for kind in kinds {
        let keys: Vec<BindingKey> = state.bindings_of(kind).map(|(key, _)| key.clone()).collect();
        for key in keys {
            state.remove_binding(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, authority};
    use crate::code;

    fn with_vserver(default_profiles: bool) -> Bench {
        let mut bench = Bench::with_default_profiles(default_profiles);
        let vserver = json!({"name": "v", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443});
        bench.add("csvserver", &vserver).unwrap();
        bench.add("servicegroup", &json!({"servicegroupname": "g", "servicetype": "SSL"})).unwrap();
        for (name, kind) in [("fe", "FrontEnd"), ("be", "BackEnd")] {
            bench.add("sslprofile", &json!({"name": name, "sslprofiletype": kind})).unwrap();
        }
        bench
    }

    fn attach(bench: &mut Bench, profile: &str) -> super::super::bench::Outcome {
        bench.set("sslvserver", &json!({"vservername": "v", "sslprofile": profile}))
    }

    #[test]
    fn what_speaks_tls_has_a_view_that_lives_as_long() {
        let mut bench = with_vserver(true);
        bench.add("lbvserver", &json!({"name": "plain", "servicetype": "HTTP"})).unwrap();
        let default = "ns_default_ssl_profile_frontend";
        assert_eq!(bench.field("sslvserver", "v", "sslprofile"), default);
        assert_eq!(bench.field("sslvserver", "v", "tls12"), Value::Null);
        assert_eq!(
            bench.field("sslservicegroup", "g", "sslprofile"),
            "ns_default_ssl_profile_backend"
        );
        assert!(bench.state.object("sslvserver", "plain").is_none());
        bench.delete("csvserver", &json!({"name": "v"})).unwrap();
        assert!(bench.state.object("sslvserver", "v").is_none());
    }

    #[test]
    fn a_profile_is_attached_to_its_own_side_only() {
        let mut bench = with_vserver(true);
        assert_eq!(attach(&mut bench, "be"), Err(code::SSL_PROFILE_BE));
        assert_eq!(attach(&mut bench, "gone"), Err(code::NO_SUCH_PROFILE));
        assert_eq!(attach(&mut bench, "fe"), Ok(vec![]));
        let group = |profile: &str| json!({"servicegroupname": "g", "sslprofile": profile});
        assert_eq!(bench.set("sslservicegroup", &group("fe")), Err(code::SSL_PROFILE_FE));
        assert_eq!(bench.set("sslservicegroup", &group("be")), Ok(vec![]));
    }

    #[test]
    fn without_its_profile_an_endpoint_has_the_default_which_stays() {
        let mut bench = with_vserver(true);
        let unset = json!({"vservername": "v", "sslprofile": true});
        assert_eq!(bench.unset("sslvserver", &unset), Err(code::SSL_PROFILE_UNSET_DEFAULT));
        attach(&mut bench, "fe").unwrap();
        assert_eq!(bench.unset("sslvserver", &unset), Ok(vec![]));
        let default = "ns_default_ssl_profile_frontend";
        assert_eq!(bench.field("sslvserver", "v", "sslprofile"), default);
    }

    #[test]
    fn settings_of_its_own_are_for_endpoints_without_profiles() {
        let own = json!({"vservername": "v", "clientauth": "ENABLED", "clientcert": "Optional"});
        let mut bench = with_vserver(true);
        assert_eq!(bench.set("sslvserver", &own), Err(code::SSL_PROFILE_DEFAULT_ENABLED));
        let mut bench = with_vserver(false);
        assert_eq!(bench.set("sslvserver", &own), Ok(vec![]));
        assert_eq!(bench.field("sslvserver", "v", "clientcert"), "Optional");
        attach(&mut bench, "fe").unwrap();
        assert_eq!(bench.set("sslvserver", &own), Err(code::SSL_PROFILE_ATTACHED));
    }

    #[test]
    fn a_profile_without_ciphers_is_not_attached() {
        let mut bench = with_vserver(true);
        let bare = json!({"name": "bare", "nodefaultbindings": "YES"});
        bench.add("sslprofile", &bare).unwrap();
        assert_eq!(attach(&mut bench, "bare"), Err(code::SSL_NO_USABLE_CIPHERS));
    }

    #[test]
    fn sni_stays_on_while_certificates_are_bound_for_it() {
        let mut bench = with_vserver(true);
        let leaf = authority("CA").leaf(&["a.example"]);
        bench.upload("a.crt", &leaf.pem);
        bench.upload("a.key", &leaf.key);
        let certkey = json!({"certkey": "a", "cert": "a.crt", "key": "a.key"});
        bench.add("sslcertkey", &certkey).unwrap();
        bench.add("sslprofile", &json!({"name": "sni", "snienable": "ENABLED"})).unwrap();
        attach(&mut bench, "sni").unwrap();
        let binding = json!({"vservername": "v", "certkeyname": "a", "snicert": true});
        bench.bind("sslvserver_sslcertkey_binding", &binding).unwrap();
        assert_eq!(attach(&mut bench, "fe"), Err(code::SSL_SNI_NOTENABLE));
        let unset = json!({"vservername": "v", "sslprofile": true});
        assert_eq!(bench.unset("sslvserver", &unset), Err(code::SSL_SNI_NOTENABLE));
        let off = json!({"name": "sni", "snienable": "DISABLED"});
        assert_eq!(bench.set("sslprofile", &off), Err(code::SSL_SNI_NOTENABLE));
        bench.unbind("sslvserver_sslcertkey_binding", &binding).unwrap();
        assert_eq!(bench.set("sslprofile", &off), Ok(vec![]));
    }
}
