//! Certkeys that are on the appliance already.

use crate::model::Kind;

use super::json::{self, Node};
use super::settings::{CertkeyRole, PreconfiguredCertkey};
use super::{ParseError, value};

const SHAPE: (&str, &str) =
    ("an object with a list of certkeys", r#"{"certs": [{"name": "CERTKEY", "type": "default"}]}"#);

const ROLES: &[(&str, CertkeyRole)] =
    &[("default", CertkeyRole::Default), ("sni", CertkeyRole::Sni), ("ca", CertkeyRole::Ca)];

/// Reads `preconfigured-certkey`.
pub(super) fn parse(text: &str) -> Result<Vec<PreconfiguredCertkey>, ParseError> {
    let members = json::object(json::parse(text)?, SHAPE, str::to_ascii_lowercase)?;
    let mut certkeys = Vec::new();
    for (member, node) in members {
        if !member.eq_ignore_ascii_case("certs") {
            return Err(ParseError::MemberUnknown { member, known: &["certs"] });
        }
        let Node::List(items) = node else { return Err(shape()) };
        for item in items {
            let certkey = certkey(item)?;
            if certkeys.contains(&certkey) {
                return Err(ParseError::MemberRepeated { member: certkey.name });
            }
            certkeys.push(certkey);
        }
    }
    if certkeys.is_empty() { Err(ParseError::Empty) } else { Ok(certkeys) }
}

fn certkey(item: Node) -> Result<PreconfiguredCertkey, ParseError> {
    let (mut name, mut role) = (None, CertkeyRole::Default);
    for (member, node) in json::object(item, SHAPE, str::to_ascii_lowercase)? {
        let Node::Plain(serde_json::Value::String(text)) = node else { return Err(shape()) };
        match member.to_ascii_lowercase().as_str() {
            "name" => name = Some(certkey_name(&text)?),
            // A list of all roles is what a page of the vendor has there, to choose from.
            "type" => role = value::word(&text, ROLES)?,
            _ => return Err(ParseError::MemberUnknown { member, known: &["name", "type"] }),
        }
    }
    name.map(|name| PreconfiguredCertkey { name, role }).ok_or_else(shape)
}

fn certkey_name(text: &str) -> Result<String, ParseError> {
    let name = text.trim();
    if value::is_name_of(Kind::SSLCERTKEY, "certkey", name) {
        return Ok(name.to_owned());
    }
    Err(ParseError::NotObjectName { value: name.to_owned(), what: "a certkey" })
}

fn shape() -> ParseError {
    ParseError::Shape { wanted: SHAPE.0, example: SHAPE.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certkeys_are_read_in_their_order_and_without_a_type_are_the_default() {
        let text = r#"{"certs": [ {"name": "wc.example.com"}, {"name": "b", "type": "SNI"},
                                  {"Name": "root", "Type": "ca"} ] }"#;
        let read: Vec<_> =
            parse(text).unwrap().into_iter().map(|one| (one.name, one.role)).collect();
        assert_eq!(
            read,
            [
                ("wc.example.com".to_owned(), CertkeyRole::Default),
                ("b".to_owned(), CertkeyRole::Sni),
                ("root".to_owned(), CertkeyRole::Ca),
            ]
        );
    }

    #[test]
    fn what_names_no_certkey_is_refused() {
        let refused = [
            (r#"{"certs": []}"#, "the value is empty"),
            (
                r#"{"certs": [{"name": "a", "type": "default|sni|ca"}]}"#,
                "\"default|sni|ca\" is none of: default, sni, ca",
            ),
            (r#"{"certs": [{"name": "<name>"}]}"#, "\"<name>\" is not the name of a certkey"),
            (
                r#"{"certs": [{"name": "a"}, {"name": "a", "type": "default"}]}"#,
                "the member \"a\" is given twice",
            ),
            (
                r#"{"certs": [{"type": "sni"}]}"#,
                "the value is not an object with a list of certkeys",
            ),
            (r#"{"cert": [{"name": "a"}]}"#, "the member \"cert\" is not known"),
            (r#"{"certs": [{"name": "a", "typ": "sni"}]}"#, "the member \"typ\" is not known"),
            (
                r#"{"certs": [{"name": "a", "type": "sni", "type": "ca"}]}"#,
                "the member \"type\" is given twice",
            ),
        ];
        for (text, message) in refused {
            assert_eq!(parse(text).unwrap_err().to_string(), message, "{text}");
        }
    }
}
