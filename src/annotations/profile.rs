//! Profiles as annotations write them: by name, or by settings.

use std::collections::BTreeMap;

use super::fields::FieldSet;
use super::json::{self, Node};
use super::{ParseError, ProfileChoice, value};

/// Reads the profile of a front end.
pub(super) fn parse<S>(
    text: &str,
    read: impl Fn(Node) -> Result<S, ParseError>,
) -> Result<ProfileChoice<S>, ParseError> {
    match bare_name(text)? {
        Some(name) => Ok(ProfileChoice::Named(name)),
        None => read(json::parse(text)?).map(ProfileChoice::Settings),
    }
}

/// Reads the profiles of back ends by Service.
pub(super) fn parse_services<S>(
    text: &str,
    set: &'static FieldSet,
    read: impl Fn(Node) -> Result<S, ParseError>,
) -> Result<BTreeMap<String, ProfileChoice<S>>, ParseError> {
    if let Some(name) = bare_name(text)? {
        return Err(ParseError::ProfileWithoutService { name });
    }
    let services = set.services(json::parse(text)?)?;
    let profiles = services.into_iter().map(|(service, node)| match node {
        Node::Plain(serde_json::Value::String(name)) => {
            profile_name(&name).map(|name| (service, ProfileChoice::Named(name)))
        }
        Node::Plain(_) | Node::List(_) | Node::Object(_) => {
            read(node).map(|settings| (service, ProfileChoice::Settings(settings)))
        }
    });
    profiles.collect()
}

/// The name of a profile, if the value is one and no JSON.
fn bare_name(text: &str) -> Result<Option<String>, ParseError> {
    json::refuse_typographic_quotes(text)?;
    let name = text.trim().trim_matches('"').trim();
    // Words of JSON are what is left when a tool writes a missing value.
    let is_json = ["null", "true", "false"].contains(&name);
    if name.is_empty() || is_json || !value::is_object_name(name) {
        return Ok(None);
    }
    profile_name(name).map(Some)
}

fn profile_name(text: &str) -> Result<String, ParseError> {
    let name = text.trim();
    if name.is_empty() {
        return Err(ParseError::Empty);
    }
    // Documented: 127 characters.
    if !value::is_object_name(name) || name.len() > 127 {
        return Err(ParseError::NotObjectName { value: name.to_owned(), what: "a profile" });
    }
    Ok(name.to_owned())
}
