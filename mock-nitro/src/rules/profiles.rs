//! SSL profiles: which fields go together, which belong to which side, and what a new one brings
//! along.

use serde_json::Value;

use super::endpoints::{self, CURVES, ENDPOINTS, has_default_profiles};
use super::{parameters, refuse};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::schema;
use crate::state::{BindingKey, Fields, State, text};

/// Fields of front-end profiles that the schema does not place on a side (documented for the first
/// six; the others speak of what clients send, so assumed).
const FRONT_END: [&str; 9] = [
    "hsts",
    "maxage",
    "includesubdomains",
    "preload",
    "snihttphostmatch",
    "ocspstapling",
    "allowunknownsni",
    "clientauthuseboundcachain",
    "skipclientcertpolicycheck",
];

/// Fields of back-end profiles that the schema does not place on a side (documented).
const BACK_END: [&str; 1] = ["sslimaxsessperserver"];

/// The built-in profile without old protocols and ciphers.
pub(super) const SECURE: &str = "ns_default_ssl_profile_secure_frontend";

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.verb == Verb::Delete {
        return check_delete(state, &command.key);
    }
    if !matches!(command.verb, Verb::Add | Verb::Update | Verb::Unset) {
        return Ok(());
    }
    let current = state.object("sslprofile", &command.key).map(AsRef::as_ref);
    check_sides(current, &command.fields)?;
    parameters::check("sslprofile", current, &command.fields)?;
    check_cipher(state, command)?;
    let sni = parameters::in_effect("sslprofile", current, &command.fields, "snienable");
    if sni != "ENABLED" && endpoints::serves_by_sni(state, &command.key) {
        // Assumed: the certificates bound for SNI could not be bound either.
        return refuse(code::SSL_SNI_NOTENABLE);
    }
    Ok(())
}

/// A field of the other side is refused unless it stands at its default (3681 documented; clients
/// send full sets of defaults, seen from Terraform).
fn check_sides(current: Option<&Fields>, given: &Fields) -> Result<(), Refusal> {
    let Some(kind) = schema::kind("sslprofile") else { return Ok(()) };
    let profile_type = parameters::in_effect("sslprofile", current, given, "sslprofiletype");
    let other = if profile_type == "BackEnd" { "frontend" } else { "backend" };
    let side = |field: &str| match kind.fields.get(field)?.applies_to.as_deref() {
        Some(side) => Some(side),
        None if FRONT_END.contains(&field) => Some("frontend"),
        None if BACK_END.contains(&field) => Some("backend"),
        None => None,
    };
    let is_foreign = |field: &str| {
        side(field) == Some(other) && parameters::says_something("sslprofile", given, field)
    };
    if given.keys().any(|field| is_foreign(field)) {
        return refuse(code::SSL_PROFILE_NOT_VAILD_PARAM);
    }
    Ok(())
}

/// `set ssl profile -cipherName -cipherPriority` moves a cipher that is bound.
fn check_cipher(state: &State, command: &Command) -> Result<(), Refusal> {
    let cipher = text(&command.fields, "ciphername");
    if cipher.is_empty() {
        return Ok(());
    }
    if !has_default_profiles(state) {
        return refuse(code::SSL_PROFILE_DEFAULT_DISABLED);
    }
    match state.binding("sslprofile_sslcipher_binding", &command.key, cipher) {
        Some(_) => Ok(()),
        None => refuse(code::NOENT_CIPHER),
    }
}

fn check_delete(state: &State, name: &str) -> Result<(), Refusal> {
    if name.starts_with("ns_default_ssl_profile_") {
        return refuse(code::SSL_DEFAULT_PROFILE_PERM);
    }
    let users = ENDPOINTS.iter().map(|endpoint| endpoint.kind).chain(["lbmonitor"]);
    for kind in users {
        if state.objects(kind).any(|(_, fields)| text(fields, "sslprofile") == name) {
            return refuse(code::SSL_PROFILE_USED);
        }
    }
    Ok(())
}

pub(super) fn after(state: &mut State, command: &Command) {
    if !matches!(command.verb, Verb::Add | Verb::Update | Verb::Unset) {
        return;
    }
    let Some(fields) = state.object_mut("sslprofile", &command.key) else { return };
    // Never returned (documented).
    let bare = fields.remove("nodefaultbindings") == Some(Value::from("YES"));
    let cipher = fields.remove("ciphername");
    let priority = fields.remove("cipherpriority");
    complete(fields);
    if command.verb == Verb::Add && !bare && has_default_profiles(state) {
        bind_defaults(state, &command.key);
    }
    if let (Some(Value::String(cipher)), Some(priority)) = (cipher, priority) {
        bind_cipher(state, &command.key, &cipher, &priority);
    }
}

/// What a profile says of itself when it was not told: the session timeout differs by side
/// (documented).
pub(super) fn complete(fields: &mut Fields) {
    parameters::settle(Some(fields));
    if text(fields, "sessreuse") != "ENABLED" {
        fields.remove("sesstimeout");
    } else if !fields.contains_key("sesstimeout") {
        let timeout = if text(fields, "sslprofiletype") == "BackEnd" { 300 } else { 120 };
        fields.insert("sesstimeout", timeout.into());
    }
}

/// What every profile is born with (documented): the default ciphers of its side and four curves.
pub(super) fn bind_defaults(state: &mut State, name: &str) {
    let Some(profile) = state.object("sslprofile", name) else { return };
    let cipher = match text(profile, "sslprofiletype") {
        "BackEnd" => "DEFAULT_BACKEND",
        _ if name == SECURE => "SECURE",
        _ => "DEFAULT",
    };
    bind_cipher(state, name, cipher, &Value::from(1));
    for curve in CURVES {
        let kind = "sslprofile_ecccurve_binding";
        let fields = Fields::from([("name", name.into()), ("ecccurvename", curve.into())]);
        state.put_binding(BindingKey::of(kind, &fields), fields);
    }
}

fn bind_cipher(state: &mut State, profile: &str, cipher: &str, priority: &Value) {
    let kind = "sslprofile_sslcipher_binding";
    let fields = Fields::from([
        ("name", profile.into()),
        ("ciphername", cipher.into()),
        ("cipheraliasname", cipher.into()),
        ("cipherpriority", priority.clone()),
    ]);
    state.put_binding(BindingKey::of(kind, &fields), fields);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::Bench;
    use crate::code;

    fn profile(own: &Value) -> Value {
        let mut fields = own.clone();
        fields["name"] = "p".into();
        fields
    }

    #[test]
    fn fields_that_need_others_are_refused_without_them() {
        for (fields, code) in [
            (json!({"clientcert": "Mandatory"}), code::ARGPREREQ),
            (json!({"maxage": 100}), code::ARGPREREQ),
            (json!({"includesubdomains": "YES"}), code::ARGPREREQ),
            (json!({"preload": "YES", "hsts": "DISABLED"}), code::ARGPREREQ),
            (json!({"cipherurl": "http://a.example"}), code::ARGPREREQ),
            (json!({"skipclientcertpolicycheck": "ENABLED"}), code::ARGPREREQ),
            (json!({"sesstimeout": 60, "sessreuse": "DISABLED"}), code::SSL_SESSDISABLED),
            (json!({"redirectportrewrite": "ENABLED"}), code::SSL_PORTREWRITE),
            (json!({"dhcount": 600}), code::SSL_DHDISABLED),
            (json!({"dh": "ENABLED"}), code::ARGMISSING),
            (json!({"dh": "ENABLED", "dhfile": "dh.pem", "dhcount": 7}), code::SSL_DHCOUNT),
            (json!({"sesstimeout": 0}), code::SSL_SESSTO),
            (
                json!({"sslprofiletype": "BackEnd", "commonname": "a.example"}),
                code::SSL_SERVERAUTH_SNI_REQUIRED,
            ),
            (
                json!({"tls1": "DISABLED", "tls11": "DISABLED", "tls12": "DISABLED"}),
                code::SSL_NO_PROTOCOL_ENABLED,
            ),
        ] {
            assert_eq!(Bench::new().add("sslprofile", &profile(&fields)), Err(code), "{fields}");
        }
    }

    #[test]
    fn fields_with_what_they_need_are_taken() {
        for fields in [
            json!({"clientauth": "ENABLED", "clientcert": "Optional"}),
            json!({"hsts": "ENABLED", "maxage": 100, "includesubdomains": "YES"}),
            json!({"maxage": 0, "includesubdomains": "NO", "preload": "NO"}),
            json!({"sslprofiletype": "BackEnd", "serverauth": "ENABLED", "commonname": "a.example"}),
            json!({"sslprofiletype": "BackEnd", "snienable": "ENABLED", "commonname": "a.example"}),
            json!({"serverauth": "DISABLED", "sslimaxsessperserver": 10}),
        ] {
            assert_eq!(Bench::new().add("sslprofile", &profile(&fields)), Ok(vec![]), "{fields}");
        }
    }

    #[test]
    fn fields_of_the_other_side_are_refused() {
        for fields in [
            json!({"sslprofiletype": "BackEnd", "clientauth": "ENABLED"}),
            json!({"sslprofiletype": "BackEnd", "hsts": "ENABLED"}),
            json!({"sslprofiletype": "BackEnd", "snihttphostmatch": "STRICT"}),
            json!({"serverauth": "ENABLED"}),
            json!({"serverauth": "ENABLED", "commonname": "a.example"}),
        ] {
            let outcome = Bench::new().add("sslprofile", &profile(&fields));
            assert_eq!(outcome, Err(code::SSL_PROFILE_NOT_VAILD_PARAM), "{fields}");
        }
    }

    #[test]
    fn a_profile_is_born_with_ciphers_and_curves_and_a_timeout_of_its_side() {
        let mut bench = Bench::new();
        for (name, side, cipher, timeout) in
            [("f", "FrontEnd", "DEFAULT", 120), ("b", "BackEnd", "DEFAULT_BACKEND", 300)]
        {
            bench.add("sslprofile", &json!({"name": name, "sslprofiletype": side})).unwrap();
            let ciphers = bench.bound("sslprofile_sslcipher_binding", name, "cipheraliasname");
            assert_eq!(ciphers, [cipher]);
            let curves = bench.bound("sslprofile_ecccurve_binding", name, "ecccurvename");
            assert_eq!(curves.len(), 4);
            assert_eq!(bench.field("sslprofile", name, "sesstimeout"), timeout);
        }
        let bare = json!({"name": "bare", "nodefaultbindings": "YES"});
        bench.add("sslprofile", &bare).unwrap();
        assert!(bench.bound("sslprofile_sslcipher_binding", "bare", "name").is_empty());
        assert_eq!(bench.field("sslprofile", "bare", "nodefaultbindings"), Value::Null);
    }

    #[test]
    fn client_certificates_are_mandatory_unless_told_otherwise() {
        let mut bench = Bench::new();
        bench.add("sslprofile", &profile(&json!({"clientauth": "ENABLED"}))).unwrap();
        assert_eq!(bench.field("sslprofile", "p", "clientcert"), "Mandatory");
        bench.set("sslprofile", &profile(&json!({"clientauth": "DISABLED"}))).unwrap();
        assert_eq!(bench.field("sslprofile", "p", "clientcert"), Value::Null);
    }

    #[test]
    fn a_profile_stays_while_it_is_attached_and_a_built_in_one_forever() {
        let mut bench = Bench::new();
        bench.add("sslprofile", &profile(&json!({"sslprofiletype": "BackEnd"}))).unwrap();
        bench.add("servicegroup", &json!({"servicegroupname": "g", "servicetype": "SSL"})).unwrap();
        let group = json!({"servicegroupname": "g", "sslprofile": "p"});
        bench.set("sslservicegroup", &group).unwrap();
        let delete = json!({"name": "p"});
        assert_eq!(bench.delete("sslprofile", &delete), Err(code::SSL_PROFILE_USED));
        bench.delete("servicegroup", &json!({"servicegroupname": "g"})).unwrap();
        assert_eq!(bench.delete("sslprofile", &delete), Ok(vec![]));
        assert!(bench.bound("sslprofile_sslcipher_binding", "p", "name").is_empty());
        let built_in = json!({"name": "ns_default_ssl_profile_frontend"});
        assert_eq!(bench.delete("sslprofile", &built_in), Err(code::SSL_DEFAULT_PROFILE_PERM));
    }
}
