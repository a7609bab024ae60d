//! Certkeys: what their files must hold, what becomes of links and bindings when the files change,
//! and how they are linked to their issuers.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::certkey_files::{check_form, load, location};
use super::{certificate_bindings, links, refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{Fields, Referrer, State, flag, text};
use crate::x509::{Certificate, Material, Status};

/// The certkey that the appliance makes for its own management.
pub(super) const BUILT_IN: &str = "ns-server-certificate";

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match command.verb {
        Verb::Add => {
            check_form(&command.fields)?;
            let material = load(state, &command.fields)?;
            unique(state, &command.key, &material)
        }
        Verb::Change => check_change(state, command),
        Verb::Link => links::check(state, &command.key, text(&command.fields, "linkcertkeyname")),
        Verb::Unlink if links::issuer_of(state, &command.key).is_none() => refuse(code::SSL_NOLINK),
        Verb::Delete => check_delete(state, &command.key),
        Verb::Update
        | Verb::Unset
        | Verb::Enable
        | Verb::Disable
        | Verb::Rename
        | Verb::Unlink
        | Verb::Bind
        | Verb::Unbind
        | Verb::Save
        | Verb::Clear
        | Verb::Other(_) => Ok(()),
    }
}

/// The appliance keeps each certificate under one name only (seen from clients for an add; assumed
/// for a change).
fn unique(state: &State, name: &str, material: &Material) -> Result<(), Refusal> {
    let digest = material.certificate.digest;
    let twin = state
        .materials()
        .find(|(other, material)| material.certificate.digest == digest && *other != name);
    match twin {
        Some((other, _)) => {
            refuse_about(code::EXIST, format_args!("certkeyName Contents, {other}"))
        }
        None => Ok(()),
    }
}

/// What `change` makes of the fields: paths that are left out are read again (documented).
fn changed(state: &State, command: &Command) -> Fields {
    let held = state.object("sslcertkey", &command.key).map(|fields| Fields::clone(fields));
    let mut fields = held.unwrap_or_default();
    fields.extend(command.fields.iter().map(|(&field, value)| (field, value.clone())));
    fields
}

fn check_change(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.key == BUILT_IN {
        return refuse(code::PERM);
    }
    let fields = changed(state, command);
    check_form(&fields)?;
    let new = load(state, &fields)?;
    unique(state, &command.key, &new)?;
    let old = state.material(&command.key);
    let same_names = old.is_none_or(|old| old.certificate.names() == new.certificate.names());
    if !same_names && !flag(&command.fields, "nodomaincheck") {
        return refuse(code::SSL_DOMINCOMPAT);
    }
    Ok(())
}

/// A certkey stays while it is bound, linked in either direction, or referred to (documented).
fn check_delete(state: &State, name: &str) -> Result<(), Refusal> {
    if name == BUILT_IN {
        return refuse(code::SSL_DEFAULT_CERT_DEL);
    }
    let is_use = |referrer: &Referrer| match referrer {
        Referrer::Object(key, _) => !(key.kind == "sslcertkey" && &*key.name == name),
        Referrer::Binding(..) => true,
    };
    let is_used = state.referrers("sslcertkey", name).iter().any(is_use);
    if is_used || links::issuer_of(state, name).is_some() {
        return refuse(code::SSL_REFEXT);
    }
    Ok(())
}

pub(super) fn after(
    state: &mut State,
    before: &State,
    command: &Command,
    now: Timestamp,
) -> Vec<Refusal> {
    match command.verb {
        Verb::Add => {
            let Ok(material) = load(state, &command.fields) else { return Vec::new() };
            install(state, &command.key, &material);
            dated(&material.certificate, now).into_iter().map(Refusal::new).collect()
        }
        Verb::Change => after_change(state, command, now),
        Verb::Delete => {
            state.remove_material(&command.key);
            remove_files(state, before, command)
        }
        Verb::Update
        | Verb::Unset
        | Verb::Enable
        | Verb::Disable
        | Verb::Rename
        | Verb::Link
        | Verb::Unlink
        | Verb::Bind
        | Verb::Unbind
        | Verb::Save
        | Verb::Clear
        | Verb::Other(_) => Vec::new(),
    }
}

/// The files go with the certkey if the command says so (documented).
fn remove_files(state: &mut State, before: &State, command: &Command) -> Vec<Refusal> {
    let always = text(&command.fields, "deletecertkeyfilesonremoval") == "ALWAYS";
    if !always && !flag(&command.fields, "deletefromdevice") {
        return Vec::new();
    }
    let Some(fields) = before.object("sslcertkey", &command.key) else { return Vec::new() };
    for path in [text(fields, "cert"), text(fields, "key")] {
        let (directory, name) = location(path);
        state.remove_file(&directory, name);
    }
    vec![Refusal::new(code::SSL_NO_CERTKEY_FILE)]
}

/// Links and bindings that no longer fit are broken, with a warning (documented).
fn after_change(state: &mut State, command: &Command, now: Timestamp) -> Vec<Refusal> {
    let fields = changed(state, command);
    let Ok(material) = load(state, &fields) else { return Vec::new() };
    install(state, &command.key, &material);
    let links = links::break_unfit(state, &command.key);
    let broken = certificate_bindings::break_unfit(state, &command.key, &material.certificate);
    let date = dated(&material.certificate, now);
    let mut codes = broken.sni;
    codes.extend(match (links || broken.others, date) {
        (true, Some(code::SSL_CERT_EXPIRED)) => Some(code::SSL_EXPIRED_BRKLINK),
        (true, Some(_)) => Some(code::SSL_NYVALID_BRKLINK),
        (true, None) => Some(code::SSL_BRKLINK),
        (false, date) => date,
    });
    codes.into_iter().map(Refusal::new).collect()
}

/// The warning for a certificate that is not valid now; it is taken all the same (documented).
fn dated(certificate: &Certificate, now: Timestamp) -> Option<u32> {
    match certificate.status(now) {
        Status::Valid => None,
        Status::NotYetValid => Some(code::SSL_CERT_NOT_YET_VALID),
        Status::Expired => Some(code::SSL_CERT_EXPIRED),
    }
}

/// Gives a certkey its content, and what NITRO shows of it.
fn install(state: &mut State, name: &str, material: &Arc<Material>) {
    state.put_material(name, Arc::clone(material));
    let Some(fields) = state.object_mut("sslcertkey", name) else { return };
    // Not returned (documented for the secrets, assumed for the others).
    for gone in ["passplain", "password", "nodomaincheck", "bundle"] {
        fields.remove(gone);
    }
    let certificate = &material.certificate;
    let addresses: Vec<String> = certificate.san_ip.iter().map(ToString::to_string).collect();
    fields.extend([
        ("serial", Value::from(certificate.serial.as_str())),
        ("issuer", certificate.issuer.as_str().into()),
        ("subject", certificate.subject.as_str().into()),
        ("clientcertnotbefore", certificate.not_before().into()),
        ("clientcertnotafter", certificate.not_after().into()),
        ("signaturealg", certificate.signature_algorithm.as_str().into()),
        ("publickey", certificate.public_key.algorithm().into()),
        ("publickeysize", certificate.public_key.bits().into()),
        ("version", certificate.version.into()),
        ("certificatetype", types(certificate).into()),
        ("priority", 0.into()),
        ("data", 0.into()),
    ]);
    for (field, names) in
        [("sandns", certificate.san_dns.join(" ")), ("sanipadd", addresses.join(" "))]
    {
        if names.is_empty() {
            fields.remove(field);
        } else {
            fields.insert(field, names.into());
        }
    }
}

/// What a certificate is for (the words are documented; when each is said is assumed).
fn types(certificate: &Certificate) -> Vec<&'static str> {
    if certificate.is_ca {
        return vec![if certificate.is_self_signed { "ROOT_CERT" } else { "INTM_CERT" }];
    }
    let client = certificate.usage.client.then_some("CLNT_CERT");
    let server = certificate.usage.server.then_some("SRVR_CERT");
    client.into_iter().chain(server).collect()
}

/// What depends on the time.
pub(super) fn shown(state: &State, name: &str, now: Timestamp) -> Vec<(&'static str, Value)> {
    let Some(material) = state.material(name) else { return Vec::new() };
    let certificate = &material.certificate;
    vec![
        ("status", certificate.status(now).as_str().into()),
        ("daystoexpiration", certificate.days_to_expiration(now).into()),
    ]
}

/// What a restart does to certkeys: files are read again, and one whose files are gone or no longer
/// fit is lost, with its links and bindings (assumed).
pub(crate) fn boot(state: &mut State) {
    let all: Vec<(String, Arc<Fields>)> = state
        .objects("sslcertkey")
        .filter(|(name, _)| *name != BUILT_IN)
        .map(|(name, fields)| (name.to_owned(), Arc::clone(fields)))
        .collect();
    for (name, fields) in &all {
        match load(state, fields) {
            Ok(material) => install(state, name, &material),
            Err(_) => lose(state, name),
        }
    }
    for (name, _) in all {
        let Some(material) = state.material(&name).cloned() else { continue };
        links::break_unfit(state, &name);
        certificate_bindings::break_unfit(state, &name, &material.certificate);
    }
}

fn lose(state: &mut State, name: &str) {
    for referrer in state.referrers("sslcertkey", name) {
        match referrer {
            Referrer::Binding(key, _) => {
                state.remove_binding(&key);
            }
            Referrer::Object(key, field) => {
                if let Some(fields) = state.object_mut(key.kind, &key.name) {
                    fields.remove(field);
                }
            }
        }
    }
    state.remove_object("sslcertkey", name);
    state.remove_material(name);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Authority, Bench, Outcome, authority};
    use crate::code;
    use crate::command::Verb;

    const CK: &str = "sslcertkey";

    /// A CA, a CA below it, and a server certificate of the latter, as certkeys.
    fn chain() -> (Bench, Authority) {
        let mut bench = Bench::new();
        let root = authority("Root");
        let intermediate = root.intermediate("Intermediate");
        let leaf = intermediate.leaf(&["shop.example"]);
        for (name, content) in [
            ("root.crt", &root.pem),
            ("ic.crt", &intermediate.pem),
            ("shop.crt", &leaf.pem),
            ("shop.key", &leaf.key),
            ("root.key", &root.key),
        ] {
            bench.upload(name, content);
        }
        for (name, files) in [
            ("root", json!({"cert": "root.crt"})),
            ("ic", json!({"cert": "ic.crt"})),
            ("shop", json!({"cert": "shop.crt", "key": "/nsconfig/ssl/shop.key"})),
        ] {
            assert_eq!(bench.add(CK, &certkey(name, &files)), Ok(vec![]));
        }
        (bench, intermediate)
    }

    fn certkey(name: &str, files: &Value) -> Value {
        let mut fields = files.clone();
        fields["certkey"] = name.into();
        fields
    }

    fn change(bench: &mut Bench, fields: &Value) -> Outcome {
        bench.run(Verb::Change, CK, fields)
    }

    fn link(bench: &mut Bench, from: &str, to: &str) -> Outcome {
        bench.run(Verb::Link, CK, &json!({"certkey": from, "linkcertkeyname": to}))
    }

    #[test]
    fn each_fault_of_the_files_is_refused_with_its_code() {
        let (bench, _) = chain();
        for (files, code) in [
            (json!({"cert": "gone.crt"}), code::SSL_DEFLOCATION),
            (json!({"cert": "root.crt", "key": "gone.key"}), code::SSL_DEFLOCATION),
            (json!({"cert": "shop.key"}), code::SSL_CERT),
            (json!({"cert": "shop.crt", "key": "shop.crt"}), code::SSL_PKEY),
            (json!({"cert": "shop.crt", "key": "root.key"}), code::SSL_NOMATCH),
            (json!({"cert": "shop.crt", "inform": "DER"}), code::SSL_CERT),
            (json!({"cert": "shop.crt", "bundle": "YES"}), code::SSL_BUNDLE_FAILED),
            (json!({"cert": "shop.crt", "inform": "PFX"}), code::NO_PERM_ON_PLATFORM),
            (json!({"cert": "shop.crt"}), code::EXIST),
        ] {
            let outcome = bench.clone().add(CK, &certkey("new", &files));
            assert_eq!(outcome, Err(code), "{files}");
        }
    }

    #[test]
    fn it_shows_what_the_certificate_says() {
        let (bench, _) = chain();
        assert_eq!(bench.field(CK, "shop", "subject"), " CN=shop.example");
        assert_eq!(bench.field(CK, "shop", "issuer"), " CN=Intermediate");
        assert_eq!(bench.field(CK, "shop", "sandns"), "shop.example");
        assert_eq!(bench.field(CK, "shop", "certificatetype"), json!(["CLNT_CERT", "SRVR_CERT"]));
        assert_eq!(bench.field(CK, "root", "certificatetype"), json!(["ROOT_CERT"]));
        assert_eq!(bench.field(CK, "ic", "certificatetype"), json!(["INTM_CERT"]));
        let shown = super::shown(&bench.state, "shop", bench.now);
        assert!(shown.contains(&("status", "Valid".into())));
    }

    #[test]
    fn a_change_keeps_the_domain_unless_told_otherwise() {
        let (mut bench, ca) = chain();
        let (renewed, other) =
            (ca.leaf(&["shop.example"]), ca.leaf(&["shop.example", "b.example"]));
        bench.upload("renewed.crt", &renewed.pem);
        bench.upload("other.crt", &other.pem);
        let serial = bench.field(CK, "shop", "clientcertnotbefore");
        let files = |cert: &str| json!({"certkey": "shop", "cert": cert, "key": "shop.key"});
        assert_eq!(change(&mut bench, &files("renewed.crt")), Ok(vec![]));
        assert_eq!(bench.field(CK, "shop", "cert"), "renewed.crt");
        assert_eq!(bench.field(CK, "shop", "clientcertnotbefore"), serial);
        assert_eq!(change(&mut bench, &files("other.crt")), Err(code::SSL_DOMINCOMPAT));
        let mut forced = files("other.crt");
        forced["nodomaincheck"] = true.into();
        assert_eq!(change(&mut bench, &forced), Ok(vec![]));
        assert_eq!(bench.field(CK, "shop", "nodomaincheck"), Value::Null);
    }

    #[test]
    fn a_change_reads_the_same_files_again_and_refuses_what_an_add_refuses() {
        let (mut bench, _) = chain();
        assert_eq!(change(&mut bench, &json!({"certkey": "shop"})), Ok(vec![]));
        for (files, code) in [
            (json!({"certkey": "gone", "cert": "shop.crt"}), code::SSL_NOCERT),
            (json!({"certkey": "shop", "cert": "gone.crt"}), code::SSL_DEFLOCATION),
            (json!({"certkey": "shop", "cert": "root.crt"}), code::SSL_NOMATCH),
            (json!({"certkey": "root", "cert": "ic.crt"}), code::EXIST),
        ] {
            assert_eq!(change(&mut bench.clone(), &files), Err(code), "{files}");
        }
    }

    #[test]
    fn a_key_may_be_added_to_a_certkey_without_one() {
        let (mut bench, _) = chain();
        let fields = json!({"certkey": "root", "cert": "root.crt", "key": "root.key"});
        assert_eq!(change(&mut bench, &fields), Ok(vec![]));
        assert!(bench.state.material("root").unwrap().has_key());
    }

    #[test]
    fn a_link_leads_to_the_issuer_and_nowhere_else() {
        let (mut bench, _) = chain();
        assert_eq!(link(&mut bench, "shop", "shop"), Err(code::SSL_LINK));
        assert_eq!(link(&mut bench, "shop", "root"), Err(code::SSL_ISSUBMIS));
        assert_eq!(link(&mut bench, "ic", "shop"), Err(code::SSL_CERT_LINK_NOT_ALLOWED));
        assert_eq!(link(&mut bench, "root", "ic"), Err(code::SSL_CERT_LINK_NOT_ALLOWED));
        assert_eq!(link(&mut bench, "shop", "gone"), Err(code::SSL_NOCERT));
        assert_eq!(link(&mut bench, "shop", "ic"), Ok(vec![]));
        assert_eq!(link(&mut bench, "shop", "ic"), Err(code::EXIST));
        assert_eq!(link(&mut bench, "ic", "root"), Ok(vec![]));
        assert_eq!(link(&mut bench, "root", "shop"), Err(code::SSL_LINK_LOOP));
        let unlink = json!({"certkey": "shop"});
        assert_eq!(bench.run(Verb::Unlink, CK, &unlink), Ok(vec![]));
        assert_eq!(bench.run(Verb::Unlink, CK, &unlink), Err(code::SSL_NOLINK));
    }

    #[test]
    fn a_certkey_stays_while_it_is_linked_in_either_direction() {
        let (mut bench, _) = chain();
        link(&mut bench, "shop", "ic").unwrap();
        for name in ["shop", "ic"] {
            assert_eq!(
                bench.delete(CK, &json!({"certkey": name})),
                Err(code::SSL_REFEXT),
                "{name}"
            );
        }
        assert_eq!(bench.delete(CK, &json!({"certkey": "root"})), Ok(vec![]));
        let built_in = json!({"certkey": super::BUILT_IN});
        assert_eq!(bench.delete(CK, &built_in), Err(code::SSL_DEFAULT_CERT_DEL));
    }

    #[test]
    fn a_change_breaks_the_links_that_it_does_not_bear_out() {
        let (mut bench, _) = chain();
        link(&mut bench, "shop", "ic").unwrap();
        let moved = authority("Other").leaf(&["shop.example"]);
        bench.upload("moved.crt", &moved.pem);
        let fields = json!({"certkey": "shop", "cert": "moved.crt", "key": "shop.key"});
        assert_eq!(change(&mut bench, &fields), Ok(vec![code::SSL_BRKLINK]));
        assert_eq!(bench.field(CK, "shop", "linkcertkeyname"), Value::Null);
    }

    #[test]
    fn an_expired_certificate_is_taken_with_a_warning() {
        let (mut bench, ca) = chain();
        bench.now = "5000-01-01T00:00:00Z".parse().unwrap();
        bench.upload("old.crt", &ca.leaf(&["old.example"]).pem);
        let outcome = bench.add(CK, &json!({"certkey": "old", "cert": "old.crt"}));
        assert_eq!(outcome, Ok(vec![code::SSL_CERT_EXPIRED]));
    }

    #[test]
    fn a_restart_loses_certkeys_whose_files_are_gone_and_reads_the_others_again() {
        let (mut bench, ca) = chain();
        link(&mut bench, "shop", "ic").unwrap();
        bench.state.remove_file("/nsconfig/ssl", "ic.crt");
        bench.upload("shop.crt", &ca.leaf(&["new.example"]).pem);
        super::boot(&mut bench.state);
        assert!(bench.state.object(CK, "ic").is_none());
        assert_eq!(bench.field(CK, "shop", "linkcertkeyname"), Value::Null);
        assert_eq!(bench.field(CK, "shop", "subject"), " CN=new.example");
        assert!(bench.state.object(CK, "root").is_some());
    }

    #[test]
    fn files_go_with_the_certkey_on_request() {
        let (mut bench, _) = chain();
        let fields = json!({"certkey": "shop", "deletefromdevice": true});
        assert_eq!(bench.delete(CK, &fields), Ok(vec![code::SSL_NO_CERTKEY_FILE]));
        assert!(bench.state.file("/nsconfig/ssl", "shop.crt").is_none());
        assert!(bench.state.file("/nsconfig/ssl", "shop.key").is_none());
    }
}
