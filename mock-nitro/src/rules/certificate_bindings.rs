//! Certificates bound to TLS endpoints, in one of three roles: plain (the certificate that is
//! served, or shown to servers), `snicert` and `ca`. Each role is a binding of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::certkeys::BUILT_IN;
use super::endpoints::in_effect;
use super::{refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{BindingKey, Fields, State, flag, text};
use crate::x509::{Certificate, Material};

const OF_VSERVERS: &str = "sslvserver_sslcertkey_binding";

const KINDS: [&str; 3] =
    [OF_VSERVERS, "sslservicegroup_sslcertkey_binding", "sslservice_sslcertkey_binding"];

/// In which role a certificate is bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Plain,
    Sni,
    Ca,
}

impl Role {
    fn of(fields: &Fields) -> Self {
        if flag(fields, "ca") {
            Self::Ca
        } else if flag(fields, "snicert") {
            Self::Sni
        } else {
            Self::Plain
        }
    }
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.verb != Verb::Bind {
        return Ok(());
    }
    let certkey = text(&command.fields, "certkeyname");
    let role = Role::of(&command.fields);
    if certkey == BUILT_IN {
        return refuse(code::SSL_DEFAULT_CERT_BIND);
    }
    // Seen from Terraform's users for ocspCheck.
    for (field, argument) in
        [("ocspcheck", "ocspCheck"), ("crlcheck", "crlCheck"), ("skipcaname", "skipCAName")]
    {
        let given = command.fields.get(field).is_some_and(|value| *value != false);
        if given && role != Role::Ca {
            return refuse_about(code::ARGPREREQ, format_args!("{argument}, CA"));
        }
    }
    let Some(material) = state.material(certkey) else { return refuse(code::SSL_NOCERT) };
    match role {
        Role::Ca => check_ca(state, command, &material.certificate),
        Role::Plain if material.has_key() => Ok(()),
        // Documented.
        Role::Plain => refuse(code::SSL_NOSVRCERT),
        Role::Sni => check_sni(state, command, material),
    }
}

/// Binding a CA once more is refused, whatever its attributes (assumed).
fn check_ca(state: &State, command: &Command, certificate: &Certificate) -> Result<(), Refusal> {
    if !certificate.is_ca {
        return refuse(code::SSL_CERT_NOT_CA);
    }
    not_yet(state, command)
}

fn not_yet(state: &State, command: &Command) -> Result<(), Refusal> {
    match state.binding(command.kind, &command.key, &command.child) {
        Some(_) => refuse_about(
            code::EXIST,
            format_args!("certkeyName, {}", text(&command.fields, "certkeyname")),
        ),
        None => Ok(()),
    }
}

/// An SNI certificate needs SNI in effect, a key, a name, and its names for itself (documented;
/// that a DNS name of the SAN counts like the common name is assumed).
fn check_sni(state: &State, command: &Command, material: &Material) -> Result<(), Refusal> {
    if command.kind != OF_VSERVERS {
        return refuse(code::SSL_SNICERT_INVALID);
    }
    if in_effect(state, "sslvserver", &command.key, "snienable") != "ENABLED" {
        return refuse(code::SSL_SNI_NOTENABLE);
    }
    if !material.has_key() {
        return refuse(code::SSL_NOSVRCERT);
    }
    let names = material.certificate.names();
    if names.is_empty() {
        return refuse(code::SSL_NO_CN);
    }
    not_yet(state, command)?;
    if collides(state, &command.key, text(&command.fields, "certkeyname"), &names) {
        return refuse(code::SSL_DUP_SNICERT);
    }
    Ok(())
}

/// Whether another SNI certificate of a virtual server has one of these names.
fn collides(state: &State, vserver: &str, certkey: &str, names: &BTreeSet<String>) -> bool {
    state.bindings(OF_VSERVERS, vserver).any(|(_, fields)| {
        let other = text(fields, "certkeyname");
        let held = state.material(other).filter(|_| flag(fields, "snicert") && other != certkey);
        held.is_some_and(|held| !held.certificate.names().is_disjoint(names))
    })
}

/// There is one plain certificate per key type: a new one replaces the old, with a warning
/// (documented).
pub(super) fn after(state: &mut State, command: &Command) -> Vec<Refusal> {
    if command.verb != Verb::Bind {
        return Vec::new();
    }
    let key = BindingKey::of(command.kind, &command.fields);
    if let Some(fields) = state.remove_binding(&key) {
        let mut fields = Arc::unwrap_or_clone(fields);
        for role in ["ca", "snicert", "skipcaname"] {
            fields.entry(role).or_insert(Value::Bool(false));
        }
        fields.insert("cleartextport", 0.into());
        state.put_binding(key.clone(), fields);
    }
    if Role::of(&command.fields) != Role::Plain {
        return Vec::new();
    }
    let replaced = others_in_slot(state, &key);
    for key in &replaced {
        state.remove_binding(key);
    }
    let warns = !replaced.is_empty();
    warns.then(|| Refusal::new(code::SSL_BINDOR)).into_iter().collect()
}

/// The other plain bindings of the same endpoint whose certificates have the same type of key.
fn others_in_slot(state: &State, key: &BindingKey) -> Vec<BindingKey> {
    let key_type = |certkey: &str| state.material(certkey).map(|held| held.certificate.key_type());
    let own = state.binding(key.kind, &key.parent, &key.child);
    let own = own.and_then(|fields| key_type(text(fields, "certkeyname")));
    state
        .bindings(key.kind, &key.parent)
        .filter(|(other, fields)| {
            *other != key
                && Role::of(fields) == Role::Plain
                && key_type(text(fields, "certkeyname")) == own
        })
        .map(|(other, _)| other.clone())
        .collect()
}

/// What a change of a certkey's content broke.
#[derive(Debug, Default)]
pub(super) struct Broken {
    /// The warnings about SNI bindings.
    pub(super) sni: Vec<u32>,
    /// Whether bindings in other roles were broken.
    pub(super) others: bool,
}

/// Removes the bindings of a certkey that could not be made with its present content (documented
/// that they are broken; which of them do not fit any more is assumed to be as for a new binding).
pub(super) fn break_unfit(state: &mut State, certkey: &str, certificate: &Certificate) -> Broken {
    let mut broken = Broken::default();
    let names = certificate.names();
    for kind in KINDS {
        let bound: Vec<(BindingKey, Role)> = state
            .bindings_of(kind)
            .filter(|(_, fields)| text(fields, "certkeyname") == certkey)
            .map(|(key, fields)| (key.clone(), Role::of(fields)))
            .collect();
        for (key, role) in bound {
            let warning = match role {
                Role::Ca if !certificate.is_ca => None,
                Role::Plain if !others_in_slot(state, &key).is_empty() => None,
                Role::Sni if names.is_empty() => Some(code::SSL_NO_CN_BRLLINK),
                Role::Sni if collides(state, &key.parent, certkey, &names) => {
                    Some(code::SSL_DUP_SNICERT_BRKLINK)
                }
                Role::Ca | Role::Plain | Role::Sni => continue,
            };
            state.remove_binding(&key);
            broken.others |= warning.is_none();
            if let Some(warning) = warning.filter(|warning| !broken.sni.contains(warning)) {
                broken.sni.push(warning);
            }
        }
    }
    broken
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, Leaf, Outcome, authority};
    use super::OF_VSERVERS;
    use crate::code;
    use crate::command::Verb;

    const OF_GROUPS: &str = "sslservicegroup_sslcertkey_binding";

    fn upload(bench: &mut Bench, name: &str, leaf: &Leaf) {
        bench.upload(&format!("{name}.crt"), &leaf.pem);
        bench.upload(&format!("{name}.key"), &leaf.key);
    }

    fn files(name: &str) -> Value {
        json!({"certkey": name, "cert": format!("{name}.crt"), "key": format!("{name}.key")})
    }

    /// A vserver `v` with SNI on, a plain one `w`, a group `g`, and certkeys `ca`, `a`, `b`
    /// (both for a.example) and `keyless`.
    fn bench() -> Bench {
        let mut bench = Bench::new();
        let ca = authority("CA");
        bench.upload("ca.crt", &ca.pem);
        for name in ["a", "b", "keyless"] {
            upload(&mut bench, name, &ca.leaf(&["a.example"]));
        }
        bench.add("sslcertkey", &json!({"certkey": "ca", "cert": "ca.crt"})).unwrap();
        bench.add("sslcertkey", &json!({"certkey": "keyless", "cert": "keyless.crt"})).unwrap();
        bench.add("sslcertkey", &files("a")).unwrap();
        bench.add("sslcertkey", &files("b")).unwrap();
        for (name, address) in [("v", "192.0.2.1"), ("w", "192.0.2.2")] {
            let fields = json!({"name": name, "servicetype": "SSL", "ipv46": address, "port": 443});
            bench.add("csvserver", &fields).unwrap();
        }
        bench.add("servicegroup", &json!({"servicegroupname": "g", "servicetype": "SSL"})).unwrap();
        bench.add("sslprofile", &json!({"name": "sni", "snienable": "ENABLED"})).unwrap();
        bench.set("sslvserver", &json!({"vservername": "v", "sslprofile": "sni"})).unwrap();
        bench
    }

    fn bind(bench: &mut Bench, vserver: &str, certkey: &str, role: &str) -> Outcome {
        let mut fields = json!({"vservername": vserver, "certkeyname": certkey});
        if !role.is_empty() {
            fields[role] = true.into();
        }
        bench.bind(OF_VSERVERS, &fields)
    }

    #[test]
    fn each_role_has_its_conditions() {
        let bench = bench();
        for (vserver, certkey, role, outcome) in [
            ("v", "ca", "ca", Ok(vec![])),
            ("v", "a", "ca", Err(code::SSL_CERT_NOT_CA)),
            ("v", "a", "", Ok(vec![])),
            ("v", "keyless", "", Err(code::SSL_NOSVRCERT)),
            ("v", "a", "snicert", Ok(vec![])),
            ("v", "keyless", "snicert", Err(code::SSL_NOSVRCERT)),
            ("w", "a", "snicert", Err(code::SSL_SNI_NOTENABLE)),
            ("v", "gone", "", Err(code::SSL_NOCERT)),
            ("gone", "a", "", Err(code::NOENT_VSERVER)),
            ("v", "ns-server-certificate", "", Err(code::SSL_DEFAULT_CERT_BIND)),
        ] {
            let mut bench = bench.clone();
            assert_eq!(
                bind(&mut bench, vserver, certkey, role),
                outcome,
                "{vserver} {certkey} {role}"
            );
        }
    }

    #[test]
    fn a_vserver_without_tls_has_no_certificates() {
        let mut bench = bench();
        bench.add("lbvserver", &json!({"name": "plain", "servicetype": "HTTP"})).unwrap();
        assert_eq!(bind(&mut bench, "plain", "a", ""), Err(code::SSL_NEED_SSLPROTO));
    }

    #[test]
    fn one_name_is_served_by_one_sni_certificate() {
        let mut bench = bench();
        assert_eq!(bind(&mut bench, "v", "a", "snicert"), Ok(vec![]));
        assert_eq!(bind(&mut bench, "v", "b", "snicert"), Err(code::SSL_DUP_SNICERT));
        assert_eq!(bind(&mut bench, "v", "a", "snicert"), Err(code::EXIST));
    }

    #[test]
    fn a_certificate_without_names_is_none_for_sni() {
        let mut bench = bench();
        upload(&mut bench, "nameless", &authority("CA").leaf(&[]));
        bench.add("sslcertkey", &files("nameless")).unwrap();
        assert_eq!(bind(&mut bench, "v", "nameless", "snicert"), Err(code::SSL_NO_CN));
    }

    #[test]
    fn a_default_certificate_replaces_the_one_of_the_same_key_type() {
        let mut bench = bench();
        assert_eq!(bind(&mut bench, "v", "a", ""), Ok(vec![]));
        assert_eq!(bind(&mut bench, "v", "b", ""), Ok(vec![code::SSL_BINDOR]));
        assert_eq!(bench.bound(OF_VSERVERS, "v", "certkeyname"), ["b"]);
        let rsa = |name: &str, content: &[u8]| (name.to_owned(), content.to_vec());
        for (name, content) in [
            rsa("rsa.crt", include_bytes!("../../tests/fixtures/leaf-v1.crt")),
            rsa("rsa.key", include_bytes!("../../tests/fixtures/leaf-v1.key")),
        ] {
            bench.state.put_file("/nsconfig/ssl", &name, content);
        }
        bench.now = "2100-01-01T00:00:00Z".parse().unwrap();
        bench.add("sslcertkey", &files("rsa")).unwrap();
        assert_eq!(bind(&mut bench, "v", "rsa", ""), Ok(vec![]));
        assert_eq!(bench.bound(OF_VSERVERS, "v", "certkeyname"), ["b", "rsa"]);
    }

    #[test]
    fn an_unbind_must_name_the_role() {
        let mut bench = bench();
        bind(&mut bench, "v", "ca", "ca").unwrap();
        let plain = json!({"vservername": "v", "certkeyname": "ca"});
        assert_eq!(bench.unbind(OF_VSERVERS, &plain), Err(code::SSL_BIND));
        let role = json!({"vservername": "v", "certkeyname": "ca", "ca": true});
        assert_eq!(bench.unbind(OF_VSERVERS, &role), Ok(vec![]));
        assert_eq!(bench.unbind(OF_VSERVERS, &role), Err(code::SSL_BIND));
    }

    #[test]
    fn one_certkey_may_have_several_roles() {
        let mut bench = bench();
        bind(&mut bench, "v", "a", "").unwrap();
        bind(&mut bench, "v", "a", "snicert").unwrap();
        assert_eq!(bench.bound(OF_VSERVERS, "v", "snicert"), [false, true]);
        assert_eq!(bench.bound(OF_VSERVERS, "v", "ca"), [false, false]);
    }

    #[test]
    fn options_exclude_or_need_each_other() {
        let bench = bench();
        for (options, code) in [
            (json!({"ca": true, "snicert": true}), code::ARGSMUTEX),
            (json!({"ca": true, "crlcheck": "Optional", "ocspcheck": "Optional"}), code::ARGSMUTEX),
            (json!({"ocspcheck": "Mandatory"}), code::ARGPREREQ),
            (json!({"skipcaname": true, "snicert": true}), code::ARGPREREQ),
        ] {
            let mut fields = options.clone();
            fields["vservername"] = "v".into();
            fields["certkeyname"] = "ca".into();
            assert_eq!(bench.clone().bind(OF_VSERVERS, &fields), Err(code), "{options}");
        }
    }

    #[test]
    fn a_group_has_a_client_certificate_and_cas_but_no_sni_certificates() {
        let mut bench = bench();
        let fields = |certkey: &str| json!({"servicegroupname": "g", "certkeyname": certkey});
        assert_eq!(bench.bind(OF_GROUPS, &fields("a")), Ok(vec![]));
        assert_eq!(bench.bind(OF_GROUPS, &fields("b")), Ok(vec![code::SSL_BINDOR]));
        let role = |role: &str| {
            let mut fields = fields("ca");
            fields[role] = true.into();
            fields
        };
        assert_eq!(bench.bind(OF_GROUPS, &role("ca")), Ok(vec![]));
        assert_eq!(bench.bind(OF_GROUPS, &role("snicert")), Err(code::SSL_SNICERT_INVALID));
    }

    #[test]
    fn a_bound_certkey_stays() {
        let mut bench = bench();
        bind(&mut bench, "v", "ca", "ca").unwrap();
        let delete = json!({"certkey": "ca"});
        assert_eq!(bench.delete("sslcertkey", &delete), Err(code::SSL_REFEXT));
        bench.delete("csvserver", &json!({"name": "v"})).unwrap();
        assert_eq!(bench.delete("sslcertkey", &delete), Ok(vec![]));
    }

    #[test]
    fn a_change_breaks_the_bindings_that_no_longer_fit() {
        let mut bench = bench();
        upload(&mut bench, "c", &authority("CA").leaf(&["c.example"]));
        bench.add("sslcertkey", &files("c")).unwrap();
        bind(&mut bench, "v", "a", "snicert").unwrap();
        bind(&mut bench, "v", "c", "snicert").unwrap();
        bind(&mut bench, "v", "ca", "ca").unwrap();
        let change = |bench: &mut Bench, name: &str, leaf: &Leaf, key: bool| {
            upload(bench, "new", leaf);
            let mut fields = json!({"certkey": name, "cert": "new.crt", "nodomaincheck": true});
            if key {
                fields["key"] = "new.key".into();
            }
            bench.run(Verb::Change, "sslcertkey", &fields)
        };
        let ca = authority("CA");
        let both = ca.leaf(&["c.example", "a.example"]);
        assert_eq!(change(&mut bench, "c", &both, true), Ok(vec![code::SSL_DUP_SNICERT_BRKLINK]));
        let nameless = ca.leaf(&[]);
        assert_eq!(change(&mut bench, "a", &nameless, true), Ok(vec![code::SSL_NO_CN_BRLLINK]));
        let no_ca = ca.leaf(&["d.example"]);
        assert_eq!(change(&mut bench, "ca", &no_ca, false), Ok(vec![code::SSL_BRKLINK]));
        assert_eq!(bench.bound(OF_VSERVERS, "v", "certkeyname").len(), 0);
    }
}
