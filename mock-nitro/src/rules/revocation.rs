//! Where the appliance learns which certificates were revoked: lists on its disk, and OCSP
//! responders bound to CAs.

use super::{refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{State, number, text};
use crate::x509::{Certificate, Encoding, RevocationList};

const BINDING: &str = "sslcertkey_sslocspresponder_binding";

/// Where lists lie, unless a path says otherwise (documented).
const DIRECTORY: &str = "/var/netscaler/ssl";

/// The codes are documented; that a responder is bound to CAs only is assumed.
pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match (command.kind, &command.verb) {
        ("sslcrl", Verb::Add) => check_list(state, text(&command.fields, "crlpath")),
        ("sslocspresponder", Verb::Add | Verb::Update) => check_responder(command),
        ("sslocspresponder", Verb::Delete) => {
            let bound = state
                .bindings_of(BINDING)
                .any(|(_, fields)| text(fields, "ocspresponder") == command.key);
            if bound { refuse(code::OCSP_REFERENCES) } else { Ok(()) }
        }
        (BINDING, Verb::Bind) => check_binding(state, command),
        _ => Ok(()),
    }
}

fn check_list(state: &State, path: &str) -> Result<(), Refusal> {
    if file_of(state, path).is_some() { Ok(()) } else { refuse(code::SSL_CRL_DEFLOCATION) }
}

/// The youngest of the lists on the appliance that this CA signed (assumed, where there are several).
pub(crate) fn list_of(state: &State, authority: &Certificate) -> Option<RevocationList> {
    state
        .objects("sslcrl")
        .filter_map(|(_, fields)| {
            let encoding =
                if text(fields, "inform") == "DER" { Encoding::Der } else { Encoding::Pem };
            RevocationList::read(file_of(state, text(fields, "crlpath"))?, encoding, authority)
        })
        .max_by_key(RevocationList::this_update)
}

fn file_of<'a>(state: &'a State, path: &str) -> Option<&'a [u8]> {
    let (directory, name) = path.rsplit_once('/').unwrap_or((DIRECTORY, path));
    state.file(directory, name).map(|content| content.as_slice())
}

fn check_responder(command: &Command) -> Result<(), Refusal> {
    if command.key.starts_with("ns_internal") {
        return refuse(code::SSL_OCSPNAMENOTSUPP);
    }
    let url = text(&command.fields, "url");
    if url.is_empty() || url.starts_with("http://") {
        return Ok(());
    }
    if url.starts_with("https://") {
        return refuse(code::SSL_NOT_SUPPORTED);
    }
    refuse_about(code::INVAL, format_args!("url, {url}"))
}

fn check_binding(state: &State, command: &Command) -> Result<(), Refusal> {
    let is_ca = state.material(&command.key).is_some_and(|held| held.certificate.is_ca);
    if !is_ca {
        return refuse(code::SSL_CERT_NOT_CA);
    }
    if state.binding(command.kind, &command.key, &command.child).is_some() {
        let responder = text(&command.fields, "ocspresponder");
        return refuse_about(code::EXIST, format_args!("ocspResponder, {responder}"));
    }
    let priority = number(&command.fields, "priority");
    let taken = priority.is_some()
        && state
            .bindings(BINDING, &command.key)
            .any(|(_, fields)| number(fields, "priority") == priority);
    if taken { refuse(code::SSL_OCSP_DUPLICATE) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bench::{Bench, authority};
    use super::BINDING;
    use crate::code;

    fn bench() -> Bench {
        let mut bench = Bench::new();
        let ca = authority("CA");
        bench.upload("ca.crt", &ca.pem);
        bench.upload("a.crt", &ca.leaf(&["a.example"]).pem);
        for name in ["ca", "a"] {
            let certkey = json!({"certkey": name, "cert": format!("{name}.crt")});
            bench.add("sslcertkey", &certkey).unwrap();
        }
        for name in ["one", "two"] {
            let responder = json!({"name": name, "url": "http://ocsp.example"});
            bench.add("sslocspresponder", &responder).unwrap();
        }
        bench
    }

    #[test]
    fn a_responder_is_asked_over_plain_http() {
        let mut bench = bench();
        let responder = |url: &str| json!({"name": "r", "url": url});
        let secure = bench.add("sslocspresponder", &responder("https://ocsp.example"));
        assert_eq!(secure, Err(code::SSL_NOT_SUPPORTED));
        assert_eq!(bench.add("sslocspresponder", &responder("ocsp")), Err(code::INVAL));
        let internal = json!({"name": "ns_internal_r", "url": "http://ocsp.example"});
        assert_eq!(bench.add("sslocspresponder", &internal), Err(code::SSL_OCSPNAMENOTSUPP));
    }

    #[test]
    fn a_responder_is_bound_to_a_ca_once_per_priority_and_stays_while_it_is() {
        let mut bench = bench();
        let binding = |certkey: &str, responder: &str| json!({"certkey": certkey, "ocspresponder": responder, "priority": 1});
        assert_eq!(bench.bind(BINDING, &binding("a", "one")), Err(code::SSL_CERT_NOT_CA));
        assert_eq!(bench.bind(BINDING, &binding("ca", "one")), Ok(vec![]));
        assert_eq!(bench.bind(BINDING, &binding("ca", "one")), Err(code::EXIST));
        assert_eq!(bench.bind(BINDING, &binding("ca", "two")), Err(code::SSL_OCSP_DUPLICATE));
        let delete = json!({"name": "one"});
        assert_eq!(bench.delete("sslocspresponder", &delete), Err(code::OCSP_REFERENCES));
        let certkey = json!({"certkey": "ca"});
        assert_eq!(bench.delete("sslcertkey", &certkey), Err(code::SSL_REFEXT));
        let unbind = json!({"certkey": "ca", "ocspresponder": "one"});
        assert_eq!(bench.unbind(BINDING, &unbind), Ok(vec![]));
        assert_eq!(bench.delete("sslocspresponder", &delete), Ok(vec![]));
    }

    #[test]
    fn a_list_must_lie_on_the_appliance() {
        let mut bench = bench();
        let list = json!({"crlname": "l", "crlpath": "l.crl"});
        assert_eq!(bench.add("sslcrl", &list), Err(code::SSL_CRL_DEFLOCATION));
        bench.state.put_file(super::DIRECTORY, "l.crl", Vec::new());
        assert_eq!(bench.add("sslcrl", &list), Ok(vec![]));
    }
}
