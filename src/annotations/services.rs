//! Values that are given per Service: whether its back end is secure, and which Secret is for it.

use std::collections::BTreeMap;

use super::json::{self, Node};
use super::{ParseError, SecureBackEnds};

const FLAGS: (&str, &str) =
    ("\"True\", \"False\" or an object of them by Service", r#"True, or {"SERVICE": "True"}"#);
const SECRETS: (&str, &str) = ("an object of Secrets by Service", r#"{"SERVICE": "SECRET"}"#);

/// Reads `secure-backend`.
pub(super) fn parse_flags(text: &str) -> Result<SecureBackEnds, ParseError> {
    // The bare word is not JSON in the case that most people write it in.
    match text.trim().to_ascii_lowercase().as_str() {
        "true" => return Ok(SecureBackEnds::All(true)),
        "false" => return Ok(SecureBackEnds::All(false)),
        _ => (),
    }
    let node = json::parse(text)?;
    if let Node::Plain(serde_json::Value::String(_)) = node {
        return flag(&node).map(SecureBackEnds::All);
    }
    let members = json::object(node, FLAGS, str::to_owned)?;
    let flags = members.into_iter().map(|(service, node)| Ok((service, flag(&node)?)));
    flags.collect::<Result<_, _>>().map(SecureBackEnds::Listed)
}

fn flag(node: &Node) -> Result<bool, ParseError> {
    let refused = || ParseError::NotBoolean { value: node.to_json().to_string() };
    match node {
        Node::Plain(serde_json::Value::Bool(flag)) => Ok(*flag),
        Node::Plain(serde_json::Value::String(text)) => match text.trim().to_ascii_lowercase() {
            text if text == "true" => Ok(true),
            text if text == "false" => Ok(false),
            _ => Err(refused()),
        },
        Node::Plain(_) | Node::List(_) | Node::Object(_) => Err(refused()),
    }
}

/// Reads Secrets by Service.
pub(super) fn parse_secrets(text: &str) -> Result<BTreeMap<String, String>, ParseError> {
    let members = json::object(json::parse(text)?, SECRETS, str::to_owned)?;
    let secrets = members.into_iter().map(|(service, node)| match node {
        Node::Plain(serde_json::Value::String(name)) => Ok((service, secret_name(&name)?)),
        Node::Plain(_) | Node::List(_) | Node::Object(_) => {
            Err(ParseError::NotSecretName { value: node.to_json().to_string() })
        }
    });
    secrets.collect()
}

fn secret_name(text: &str) -> Result<String, ParseError> {
    let name = text.trim();
    if name.contains('/') {
        return Err(ParseError::SecretNamespace { value: name.to_owned() });
    }
    // What Kubernetes accepts as a name of a Secret (a DNS subdomain).
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.');
    if name.is_empty() || name.len() > 253 || !name.bytes().all(allowed) {
        return Err(ParseError::NotSecretName { value: name.to_owned() });
    }
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_read_in_every_spelling_that_people_use() {
        for text in ["True", "true", "TRUE", " True ", r#""True""#] {
            assert_eq!(parse_flags(text), Ok(SecureBackEnds::All(true)), "{text}");
        }
        for text in [r#"{"apache": "True"}"#, r#"{"apache":"true"}"#, r#"{"apache": true}"#] {
            let flags = parse_flags(text).unwrap();
            assert!(flags.includes("apache") && !flags.includes("web"), "{text}");
        }
        assert!(!parse_flags(r#"{"apache": "False"}"#).unwrap().includes("apache"));
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        let refused = [
            ("", "the value is empty"),
            ("{}", "the value is empty"),
            (
                "yes",
                "the value is not JSON: \"yes\" is no value and stands in no quotes at line 1, column 1",
            ),
            (r#"{"apache": "Ture"}"#, "\"Ture\" is neither \"True\" nor \"False\""),
            (r#"{"apache": 1}"#, "1 is neither \"True\" nor \"False\""),
            (
                r#"{"apache": {"servicetype": "SSL"}}"#,
                "{\"servicetype\":\"SSL\"} is neither \"True\" nor \"False\"",
            ),
        ];
        for (text, message) in refused {
            assert_eq!(parse_flags(text).unwrap_err().to_string(), message, "{text}");
        }
    }

    #[test]
    fn secrets_are_named_without_namespace() {
        let secrets = parse_secrets(r#"{"apache": "tls-ca", "web": "fruit.juice"}"#).unwrap();
        assert_eq!(secrets["apache"], "tls-ca");
        assert_eq!(secrets["web"], "fruit.juice");
        assert!(matches!(
            parse_secrets(r#"{"apache": "other/tls-ca"}"#),
            Err(ParseError::SecretNamespace { .. })
        ));
    }

    #[test]
    fn what_names_no_secret_is_refused() {
        for text in ["", "{}", "tls-ca", r#"{"apache": ""}"#, r#"{"apache": null}"#, "[]", "null"] {
            assert!(parse_secrets(text).is_err(), "{text}");
        }
    }
}
