//! SSL profiles as annotations write them: which fields may be set on which side, and their values.

use std::collections::BTreeMap;
use std::fmt;

use crate::model::{Fields, Kind, Value};
use crate::schema;

use super::json::{self, Node};
use super::{IngressSettings, ParseError};

/// The side of TLS that a profile is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Towards clients.
    FrontEnd,
    /// Towards back ends.
    BackEnd,
}

/// Reads `frontend-sslprofile`.
pub(super) fn read_frontend_sslprofile(
    text: &str,
    settings: &mut IngressSettings,
) -> Result<(), ParseError> {
    settings.frontend_sslprofile.take(parse_front_end(text))
}

/// Reads `backend-sslprofile`.
pub(super) fn read_backend_sslprofile(
    text: &str,
    settings: &mut IngressSettings,
) -> Result<(), ParseError> {
    settings.backend_sslprofile.take(parse_back_ends(text))
}

const FRONT_END_SHAPE: (&str, &str) =
    ("an object of settings", r#"settings, such as {"tls13": "ENABLED"}"#);
const BACK_END_SHAPE: (&str, &str) = (
    "an object of settings by Service",
    r#"settings by Service, such as {"SERVICE": {"serverauth": "ENABLED"}}"#,
);

/// The fields that `frontend-sslprofile` may set: those whose absence has a known value, so that
/// they can be taken back, and those that the TLS defaults always write.
const FRONT_END_FIELDS: &[&str] = &[
    "allowextendedmastersecret",
    "alpnprotocol",
    "clientauth",
    "clientauthuseboundcachain",
    "clientcert",
    "denysslreneg",
    "dhekeyexchangewithpsk",
    "dhkeyexpsizelimit",
    "dropreqwithnohostheader",
    "encrypttriggerpktcount",
    "ersa",
    "hsts",
    "includesubdomains",
    "insertionencoding",
    "maxage",
    "maxrenegrate",
    "ocspstapling",
    "preload",
    "pushenctriggertimeout",
    "quantumsize",
    "redirectportrewrite",
    "sendclosenotify",
    "sessionticket",
    "sessionticketlifetime",
    "sessreuse",
    "sesstimeout",
    "skipclientcertpolicycheck",
    "snienable",
    "snihttphostmatch",
    "ssl3",
    "sslredirect",
    "ssltriggertimeout",
    "strictcachecks",
    "tls1",
    "tls11",
    "tls12",
    "tls13",
    "tls13sessionticketsperauthcontext",
    "zerorttearlydata",
];

/// The fields that `backend-sslprofile` may set, by the same rule.
const BACK_END_FIELDS: &[&str] = &[
    "allowextendedmastersecret",
    "commonname",
    "denysslreneg",
    "encrypttriggerpktcount",
    "pushenctriggertimeout",
    "quantumsize",
    "serverauth",
    "sessreuse",
    "sesstimeout",
    "snienable",
    "ssl3",
    "sslimaxsessperserver",
    "ssltriggertimeout",
    "strictcachecks",
    "tls1",
    "tls11",
    "tls12",
    "tls13",
];

impl Side {
    /// The fields that an annotation may set on this side, sorted.
    pub const fn allowed_fields(self) -> &'static [&'static str] {
        match self {
            Self::FrontEnd => FRONT_END_FIELDS,
            Self::BackEnd => BACK_END_FIELDS,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::FrontEnd => Self::BackEnd,
            Self::BackEnd => Self::FrontEnd,
        }
    }

    /// The annotation that sets fields of this side.
    const fn annotation(self) -> &'static str {
        match self {
            Self::FrontEnd => "frontend-sslprofile",
            Self::BackEnd => "backend-sslprofile",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FrontEnd => "front-end",
            Self::BackEnd => "back-end",
        })
    }
}

fn parse_front_end(text: &str) -> Result<Fields, ParseError> {
    if let Some(name) = bare_name(text)? {
        return Err(ParseError::ProfileByName { name });
    }
    fields(json::parse(text)?, Side::FrontEnd)
}

fn parse_back_ends(text: &str) -> Result<BTreeMap<String, Fields>, ParseError> {
    if let Some(name) = bare_name(text)? {
        return Err(ParseError::ProfileByName { name });
    }
    let services = json::object(json::parse(text)?, BACK_END_SHAPE, str::to_owned)?;
    let profiles = services.into_iter().map(|(service, node)| match node {
        Node::Plain(serde_json::Value::String(name)) => Err(ParseError::ProfileByName { name }),
        Node::Plain(_) => {
            Err(ParseError::Shape { wanted: BACK_END_SHAPE.0, example: BACK_END_SHAPE.1 })
        }
        settings @ Node::Object(_) => Ok((service, fields(settings, Side::BackEnd)?)),
    });
    profiles.collect()
}

/// The name of a profile, if the value is one and no JSON.
fn bare_name(text: &str) -> Result<Option<String>, ParseError> {
    json::refuse_typographic_quotes(text)?;
    let name = text.trim().trim_matches('"');
    // The characters of names on the appliance (documented), but no blank at the ends.
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_#. :@=-".contains(c);
    Ok((!name.is_empty() && name.chars().all(allowed)).then(|| name.to_owned()))
}

fn fields(node: Node, side: Side) -> Result<Fields, ParseError> {
    let shape = match side {
        Side::FrontEnd => FRONT_END_SHAPE,
        Side::BackEnd => BACK_END_SHAPE,
    };
    let members = json::object(node, shape, fold)?;
    let mut fields = Fields::new();
    for (member, node) in members {
        if let Node::Object(_) = node {
            return Err(match side {
                Side::FrontEnd => ParseError::PerService { member },
                Side::BackEnd => ParseError::Shape { wanted: shape.0, example: shape.1 },
            });
        }
        let (name, value) = schema::normalise(Kind::SSLPROFILE, &fold(&member), &node.to_json())
            .map_err(|mismatch| with_name_as_written(mismatch, &member))?;
        if let Some(advice) = why_not_allowed(name, side) {
            return Err(ParseError::FieldNotAllowed { field: name, side, advice });
        }
        refuse_out_of_range(name, &value)?;
        fields.insert(name.to_owned(), value);
    }
    Ok(fields)
}

/// The field that a member means: any case, and `sni` as the vendor's own example has it.
fn fold(member: &str) -> String {
    match member.trim().to_ascii_lowercase() {
        name if name == "sni" => "snienable".to_owned(),
        name => name,
    }
}

fn with_name_as_written(mismatch: schema::Mismatch, member: &str) -> schema::Mismatch {
    match mismatch {
        schema::Mismatch::UnknownField { kind, nearest, .. } => {
            schema::Mismatch::UnknownField { kind, field: member.to_owned(), nearest }
        }
        other @ (schema::Mismatch::ReadOnly { .. }
        | schema::Mismatch::NotAllowed { .. }
        | schema::Mismatch::OutOfRange { .. }
        | schema::Mismatch::TooLong { .. }
        | schema::Mismatch::WrongType { .. }) => other,
    }
}

/// Refuses what the schema allows and an appliance with a profile in use does not.
fn refuse_out_of_range(field: &'static str, value: &Value) -> Result<(), schema::Mismatch> {
    // Documented as from 0, which is refused where sessions are reused; elsewhere it means nothing.
    if field == "sesstimeout" && *value == Value::Number(0) {
        let (min, max) = (1, 4_294_967_294);
        return Err(schema::Mismatch::OutOfRange { field, value: 0, min, max });
    }
    Ok(())
}

/// Why a field of the schema may not be set on a side; `None` if it may.
fn why_not_allowed(field: &str, side: Side) -> Option<&'static str> {
    if side.allowed_fields().contains(&field) {
        return None;
    }
    if side.other().allowed_fields().contains(&field) {
        return Some(match side.other().annotation() {
            "frontend-sslprofile" => "move it to ingress.citrix.com/frontend-sslprofile",
            _ => "move it to ingress.citrix.com/backend-sslprofile",
        });
    }
    Some(match field {
        "ciphername" | "cipherpriority" => {
            "remove it: the cipher suites are those of the TLS defaults"
        }
        "name" | "sslprofiletype" => "remove it: the controller names its profiles itself",
        "strictsigdigestcheck" => "remove it: the appliance does not take it for a new profile",
        "allowunknownsni" | "defaultsni" => {
            "remove it: a client that names an unknown host is refused"
        }
        _ => "remove it: annotations set only what can be taken back and concerns one Ingress",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_of_the_walkthrough_is_read() {
        let fields =
            parse_front_end("{\"clientauth\": \"enabled\", \"sni\": \"enabled\" }").unwrap();
        assert_eq!(fields["clientauth"], Value::from("ENABLED"));
        assert_eq!(fields["snienable"], Value::from("ENABLED"));
        let text = r#"{"apache":{"serverauth": "enabled", "sni": "enabled"}}"#;
        let profiles = parse_back_ends(text).unwrap();
        assert_eq!(profiles["apache"]["serverauth"], Value::from("ENABLED"));
    }

    #[test]
    fn members_are_read_in_any_case() {
        let fields = parse_front_end(r#"{"HSTS":"Enabled","MaxAge":"63072000"}"#).unwrap();
        assert_eq!(fields["hsts"], Value::from("ENABLED"));
        assert_eq!(fields["maxage"], Value::Number(63_072_000));
    }

    #[test]
    fn what_may_not_be_set_says_what_to_do() {
        let refused = [
            (r#"{"clientaut":"enabled"}"#, "did you mean \"clientauth\"?"),
            (r#"{"serverauth":"enabled"}"#, "move it to ingress.citrix.com/backend-sslprofile"),
            (
                r#"{"apache":{"tls13":"enabled"}}"#,
                "write the settings without a service, such as X",
            ),
            (r#"{"sni":"enabled","snienable":"enabled"}"#, "keep one of the two"),
            (
                r#"{"clientauth":"perhaps"}"#,
                "write one of these for \"clientauth\": DISABLED, ENABLED",
            ),
            (r#"{"tls12":true, "dhfile":"x"}"#, "write a text for \"tls12\""),
            (r#"{"sesstimeout":0}"#, "write a number from 1 to 4294967294 for \"sesstimeout\""),
            (
                r#"{"strictsigdigestcheck":"enabled"}"#,
                "remove it: the appliance does not take it for a new profile",
            ),
            ("ssl_preconf_profile", "write the settings themselves, such as X"),
        ];
        for (text, remedy) in refused {
            assert_eq!(parse_front_end(text).unwrap_err().remedy("X"), remedy, "{text}");
        }
    }

    #[test]
    fn every_allowed_field_can_be_taken_back_or_is_always_written() {
        let always_written = ["clientcert", "commonname", "sesstimeout"];
        for side in [Side::FrontEnd, Side::BackEnd] {
            for field in side.allowed_fields() {
                let known = schema::reset_value(Kind::SSLPROFILE, field).is_some();
                assert!(known || always_written.contains(field), "{side} {field}");
                let managed = schema::managed_fields(Kind::SSLPROFILE).contains(field);
                assert!(managed, "{field} is never read back");
                let (_, facts) = schema::field(Kind::SSLPROFILE, field).unwrap();
                let other = match side {
                    Side::FrontEnd => "backend",
                    Side::BackEnd => "frontend",
                };
                assert_ne!(facts.applies_to.as_deref(), Some(other), "{side} {field}");
            }
        }
    }
}
