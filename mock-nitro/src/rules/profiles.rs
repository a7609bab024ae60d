//! SSL profiles: which fields go together, which belong to which side, and what a new one brings
//! along. Also the delete order of HTTP and TCP profiles.

use serde_json::Value;

use super::endpoints::{self, CURVES, ENDPOINTS, has_default_profiles};
use super::{parameters, refuse};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::schema;
use crate::state::{BindingKey, Fields, Referrer, State, text};

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

/// A transport profile stays while anything uses it (documented, 3249); built-in ones stay anyway.
pub(super) fn check_transport(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.verb != Verb::Delete {
        return Ok(());
    }
    if command.key.starts_with("nshttp_default_") || command.key.starts_with("nstcp_default_") {
        return refuse(code::PERM);
    }
    let is_use = |referrer: &Referrer| matches!(referrer, Referrer::Object(key, _) if key.kind != command.kind);
    if state.referrers(command.kind, &command.key).iter().any(is_use) {
        return refuse(code::PROFILE_IN_USE);
    }
    Ok(())
}
