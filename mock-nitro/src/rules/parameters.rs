//! SSL settings that depend on each other, alike on profiles and on endpoints.

use serde_json::Value;

use super::{refuse, refuse_about};
use crate::code;
use crate::command::Refusal;
use crate::schema;
use crate::state::{Fields, number, text};

/// A setting that means nothing unless another one is ENABLED, and what the appliance says then
/// (documented: the prerequisites and codes of SSL profiles).
struct Dependant {
    field: &'static str,
    master: &'static str,
    code: u32,
    about: &'static str,
}

const fn needs(field: &'static str, master: &'static str, about: &'static str) -> Dependant {
    Dependant { field, master, code: code::ARGPREREQ, about }
}

const fn with_code(field: &'static str, master: &'static str, code: u32) -> Dependant {
    Dependant { field, master, code, about: "" }
}

const DEPENDANTS: [Dependant; 10] = [
    needs("clientcert", "clientauth", "clientCert, clientAuth==ENABLED"),
    needs(
        "skipclientcertpolicycheck",
        "clientauth",
        "skipClientCertPolicyCheck, clientAuth==ENABLED",
    ),
    needs("cipherurl", "cipherredirect", "cipherURL, cipherRedirect==ENABLED"),
    needs("maxage", "hsts", "maxage, HSTS==ENABLED"),
    needs("includesubdomains", "hsts", "IncludeSubdomains, HSTS==ENABLED"),
    needs("preload", "hsts", "preload, HSTS==ENABLED"),
    with_code("sesstimeout", "sessreuse", code::SSL_SESSDISABLED),
    with_code("redirectportrewrite", "sslredirect", code::SSL_PORTREWRITE),
    with_code("dhcount", "dh", code::SSL_DHDISABLED),
    with_code("ersacount", "ersa", code::SSL_ERSADISABLED),
];

/// Judges the fields that are given, on top of those that an object has. A dependant at its default
/// says nothing and is let through: clients send full sets (seen from Terraform).
pub(super) fn check(
    kind: &'static str,
    current: Option<&Fields>,
    given: &Fields,
) -> Result<(), Refusal> {
    let value = |field: &str| in_effect(kind, current, given, field);
    for Dependant { field, master, code, about } in &DEPENDANTS {
        if says_something(kind, given, field) && value(master) != "ENABLED" {
            return if about.is_empty() { refuse(*code) } else { refuse_about(*code, about) };
        }
    }
    if value("skipclientcertpolicycheck") == "ENABLED" && value("clientcert") == "Optional" {
        return refuse_about(code::ARGPREREQ, "skipClientCertPolicyCheck, clientCert==Mandatory");
    }
    let names_peer = !value("commonname").is_empty() && given.contains_key("commonname");
    if names_peer && value("serverauth") != "ENABLED" && value("snienable") != "ENABLED" {
        return refuse(code::SSL_SERVERAUTH_SNI_REQUIRED);
    }
    if value("dh") == "ENABLED" && value("dhfile").is_empty() {
        return refuse_about(code::ARGMISSING, "dhFile, dh==ENABLED");
    }
    for (field, code) in [("dhcount", code::SSL_DHCOUNT), ("ersacount", code::SSL_ERSACOUNT)] {
        if number(given, field).is_some_and(|count| (1..500).contains(&count)) {
            return refuse(code);
        }
    }
    if number(given, "sesstimeout") == Some(0) {
        return refuse(code::SSL_SESSTO);
    }
    let protocols = ["ssl3", "tls1", "tls11", "tls12", "tls13"];
    if protocols.iter().all(|protocol| value(protocol) == "DISABLED") {
        return refuse(code::SSL_NO_PROTOCOL_ENABLED);
    }
    Ok(())
}

/// The text of a field as it will be: given, else held, else the default.
pub(super) fn in_effect<'a>(
    kind: &'static str,
    current: Option<&'a Fields>,
    given: &'a Fields,
    field: &str,
) -> &'a str {
    let default = || {
        let facts = schema::kind(kind).and_then(|kind| kind.fields.get(field));
        facts.and_then(|facts| facts.default.as_ref()).and_then(Value::as_str).unwrap_or_default()
    };
    match given.get(field) {
        Some(Value::Null) => default(),
        Some(value) => value.as_str().unwrap_or_default(),
        None => match current {
            Some(current) if current.contains_key(field) => text(current, field),
            Some(_) | None => default(),
        },
    }
}

/// Whether a field is given with a value that is not its default, nor zero or empty.
pub(super) fn says_something(kind: &str, given: &Fields, field: &str) -> bool {
    let Some(value) = given.get(field) else { return false };
    let facts = schema::kind(kind).and_then(|kind| kind.fields.get(field));
    let default = facts.and_then(|facts| facts.default.as_ref());
    let is_empty = value.is_null() || value.as_str() == Some("") || value.as_i64() == Some(0);
    !is_empty && default != Some(value)
}

/// With client authentication on, a client certificate is Mandatory unless told otherwise; with it
/// off, nothing is said about one (assumed).
pub(super) fn settle(fields: Option<&mut Fields>) {
    let Some(fields) = fields else { return };
    match text(fields, "clientauth") {
        "ENABLED" => {
            fields.entry("clientcert").or_insert_with(|| "Mandatory".into());
        }
        _ => {
            fields.remove("clientcert");
        }
    }
}
