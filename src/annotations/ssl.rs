//! SSL profiles: which fields may be set on which side, and lists of ciphers.

use crate::model::{Fields, Kind, Value};
use crate::schema::Mismatch;

use super::fields::{FieldSet, TAKE_BACK, no_check};
use super::json::{self, Node};
use super::{ParseError, Scope, SslSettings, value};

/// What `frontend-sslprofile` may set: fields whose absence has a known value, so that they can be
/// taken back, and those that the TLS defaults always write.
pub(super) static FRONT_END: FieldSet = FieldSet {
    kind: Kind::SSLPROFILE,
    what: "front-end SSL profile",
    scope: Scope::FrontEnd,
    allowed: &[
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
    ],
    aliases: ALIASES,
    // The dependants of SSL profiles depend on the defaults, which `translate` knows.
    dependants: &[],
    refused: &[],
    advice: |field| advice(field, &BACK_END, "move it to ingress.citrix.com/backend-sslprofile"),
    check: check_session_timeout,
};

/// What `backend-sslprofile` may set, by the same rule.
pub(super) static BACK_END: FieldSet = FieldSet {
    kind: Kind::SSLPROFILE,
    what: "back-end SSL profile",
    scope: Scope::Service,
    allowed: &[
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
    ],
    aliases: ALIASES,
    dependants: &[],
    refused: &[],
    advice: |field| advice(field, &FRONT_END, "move it to ingress.citrix.com/frontend-sslprofile"),
    check: check_session_timeout,
};

/// Spellings of the vendor's own examples.
const ALIASES: &[(&str, &str)] = &[("includesubdomain", "includesubdomains"), ("sni", "snienable")];

/// The member that holds what is no field but bindings of the profile.
const CIPHERS: &str = "ciphers";
const CIPHERS_SHAPE: (&str, &str) = (
    "settings with a list of ciphers",
    r#""ciphers" as [{"ciphername": "NAME", "cipherpriority": "1"}] or ["NAME"]"#,
);

/// Reads the settings of an SSL profile of one side.
pub(super) fn read(node: Node, side: &'static FieldSet) -> Result<SslSettings, ParseError> {
    let Node::Object(_) = node else { return side.read(node).map(without_ciphers) };
    let members = json::object(node, ("", ""), |member| side.fold(member))?;
    let (lists, settings): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|(member, _)| side.fold(member) == CIPHERS);
    let ciphers = lists.into_iter().next().map(|(_, node)| ciphers(node)).transpose()?;
    let fields = side.read_members(settings)?;
    Ok(SslSettings { fields, ciphers: ciphers.unwrap_or_default() })
}

fn without_ciphers(fields: Fields) -> SslSettings {
    SslSettings { fields, ciphers: Vec::new() }
}

/// Reads a list of ciphers: with priorities, the least first, or plain names in their order.
fn ciphers(node: Node) -> Result<Vec<String>, ParseError> {
    let Node::List(items) = node else { return Err(shape()) };
    if items.is_empty() {
        return Err(ParseError::Empty);
    }
    let mut ciphers: Vec<(Option<i64>, String)> = Vec::new();
    for item in items {
        let (priority, name) = cipher(item)?;
        if ciphers.iter().any(|(_, known)| known.eq_ignore_ascii_case(&name)) {
            return Err(ParseError::CipherRepeated { name });
        }
        match ciphers.last() {
            Some((known, _)) if known.is_some() != priority.is_some() => return Err(shape()),
            Some(_) | None => (),
        }
        if let Some((_, other)) =
            ciphers.iter().find(|(known, _)| known.is_some() && *known == priority)
        {
            let names = [other.clone(), name];
            return Err(ParseError::CipherPriorityRepeated { names });
        }
        ciphers.push((priority, name));
    }
    ciphers.sort_by_key(|(priority, _)| *priority);
    Ok(ciphers.into_iter().map(|(_, name)| name).collect())
}

fn cipher(item: Node) -> Result<(Option<i64>, String), ParseError> {
    let members = match item {
        Node::Plain(serde_json::Value::String(name)) => return Ok((None, cipher_name(&name)?)),
        object @ Node::Object(_) => json::object(object, CIPHERS_SHAPE, str::to_ascii_lowercase)?,
        Node::Plain(_) | Node::List(_) => return Err(shape()),
    };
    let (mut name, mut priority) = (None, None);
    for (member, node) in members {
        let Node::Plain(given) = node else { return Err(shape()) };
        match member.to_ascii_lowercase().as_str() {
            "ciphername" => name = Some(cipher_name(given.as_str().ok_or_else(shape)?)?),
            "cipherpriority" => priority = Some(cipher_priority(&given)?),
            _ => {
                let known = &["ciphername", "cipherpriority"];
                return Err(ParseError::MemberUnknown { member, known });
            }
        }
    }
    let name = name.ok_or_else(shape)?;
    Ok((Some(priority.ok_or_else(shape)?), name))
}

fn cipher_priority(given: &serde_json::Value) -> Result<i64, ParseError> {
    let quoted = given.as_str().and_then(|text| text.trim().parse().ok());
    let priority = given.as_i64().or(quoted).ok_or_else(|| Mismatch::WrongType {
        field: "cipherpriority",
        value: given.to_string(),
        wanted: "whole number",
    })?;
    // The least is documented, and nobody has as many ciphers as the greatest.
    let (min, max) = (1, 65_535);
    if (min..=max).contains(&priority) {
        return Ok(priority);
    }
    Err(Mismatch::OutOfRange { field: "cipherpriority", value: priority, min, max }.into())
}

/// A suite or a group. The appliance's own are known in any case, and named in capitals.
fn cipher_name(text: &str) -> Result<String, ParseError> {
    const GROUPS: [&str; 7] = ["ALL", "DEFAULT", "FIPS", "HIGH", "LOW", "MEDIUM", "SECURE"];
    let name = text.trim();
    if !value::is_name_of(Kind::SSLPROFILE, "ciphername", name) {
        return Err(ParseError::NotObjectName { value: name.to_owned(), what: "a cipher" });
    }
    let capitals = name.to_ascii_uppercase();
    let is_suite =
        ["TLS1.2-", "TLS1.3-", "TLS1-", "SSL3-"].iter().any(|it| capitals.starts_with(it));
    let known = is_suite || GROUPS.contains(&capitals.as_str());
    Ok(if known { capitals } else { name.to_owned() })
}

fn shape() -> ParseError {
    ParseError::Shape { wanted: CIPHERS_SHAPE.0, example: CIPHERS_SHAPE.1 }
}

/// Refuses what the schema allows and an appliance with a profile in use does not.
fn check_session_timeout(fields: &Fields) -> Result<(), ParseError> {
    // Documented as from 0, which is refused where sessions are reused; elsewhere it means nothing.
    if fields.get("sesstimeout") == Some(&Value::Number(0)) {
        let (field, min, max) = ("sesstimeout", 1, 4_294_967_294);
        return Err(Mismatch::OutOfRange { field, value: 0, min, max }.into());
    }
    no_check(fields)
}

/// Why a field of the schema may not be set on a side.
fn advice(field: &str, other: &FieldSet, moved: &'static str) -> &'static str {
    if other.allowed.contains(&field) {
        return moved;
    }
    match field {
        "ciphername" | "cipherpriority" => {
            "write a list: \"ciphers\": [{\"ciphername\": \"NAME\", \"cipherpriority\": \"1\"}]"
        }
        "name" | "sslprofiletype" => "remove it: the controller names its profiles itself",
        "strictsigdigestcheck" => "remove it: the appliance does not take it for a new profile",
        "allowunknownsni" | "defaultsni" => {
            "remove it: a client that names an unknown host is refused"
        }
        "cipherredirect" | "cipherurl" => {
            "remove it: clients with weak ciphers are refused and not redirected"
        }
        _ => TAKE_BACK,
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile;
    use super::*;
    use crate::annotations::ProfileChoice;
    use crate::schema;

    fn front_end(text: &str) -> Result<SslSettings, ParseError> {
        match profile::parse(text, |node| read(node, &FRONT_END))? {
            ProfileChoice::Settings(settings) => Ok(settings),
            ProfileChoice::Named(name) => panic!("{name:?} is a name"),
        }
    }

    #[test]
    fn the_profile_of_the_walkthrough_is_read() {
        let fields =
            front_end("{\"clientauth\": \"enabled\", \"sni\": \"enabled\" }").unwrap().fields;
        assert_eq!(fields["clientauth"], Value::from("ENABLED"));
        assert_eq!(fields["snienable"], Value::from("ENABLED"));
        let text = r#"{"apache":{"serverauth": "enabled", "sni": "enabled"}}"#;
        let read = profile::parse_services(text, &BACK_END, |node| read(node, &BACK_END)).unwrap();
        let settings = read["apache"].settings().unwrap();
        assert_eq!(settings.fields["serverauth"], Value::from("ENABLED"));
    }

    #[test]
    fn members_are_read_in_any_case() {
        let text = r#"{"HSTS":"Enabled","MaxAge":"63072000","IncludeSubdomain":"yes"}"#;
        let fields = front_end(text).unwrap().fields;
        assert_eq!(fields["hsts"], Value::from("ENABLED"));
        assert_eq!(fields["maxage"], Value::Number(63_072_000));
        assert_eq!(fields["includesubdomains"], Value::from("YES"));
    }

    #[test]
    fn ciphers_stand_in_the_order_of_their_priority() {
        let read = |text| front_end(text).map(|settings| settings.ciphers);
        let text = r#"{"ciphers": [{"ciphername": "my-group", "cipherpriority": "21"},
                                   {"ciphername": "secure", "cipherpriority": 2}]}"#;
        assert_eq!(read(text), Ok(vec!["SECURE".to_owned(), "my-group".to_owned()]));
        let text = r#"{"ciphers": ["TLS1.3-AES256-GCM-SHA384", "HIGH"], "hsts": "enabled"}"#;
        assert_eq!(read(text), Ok(vec!["TLS1.3-AES256-GCM-SHA384".to_owned(), "HIGH".to_owned()]));
    }

    #[test]
    fn a_list_of_ciphers_without_an_order_is_refused() {
        let refused = [
            (r#"{"ciphers": []}"#, "the value is empty"),
            (r#"{"ciphers": "HIGH"}"#, "the value is not settings with a list of ciphers"),
            (
                r#"{"ciphers": [{"ciphername": "a", "cipherpriority": "1"},
                                {"ciphername": "A", "cipherpriority": "2"}]}"#,
                "the cipher \"A\" is given twice",
            ),
            (
                r#"{"ciphers": [{"ciphername": "a", "cipherpriority": "1"},
                                {"ciphername": "b", "cipherpriority": "1"}]}"#,
                "the ciphers \"a\" and \"b\" have the same priority",
            ),
            (r#"{"ciphers": ["a", "a"]}"#, "the cipher \"a\" is given twice"),
            (
                r#"{"ciphers": ["a", {"ciphername": "b", "cipherpriority": "1"}]}"#,
                "the value is not settings with a list of ciphers",
            ),
            (
                r#"{"ciphers": [{"ciphername": "a", "cipherpriority": "0"}]}"#,
                "0 is out of the range of \"cipherpriority\": 1 to 65535",
            ),
            (r#"{"ciphers": [{"cipher": "a"}]}"#, "the member \"cipher\" is not known"),
        ];
        for (text, message) in refused {
            assert_eq!(front_end(text).unwrap_err().to_string(), message, "{text}");
        }
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
        ];
        for (text, remedy) in refused {
            assert_eq!(front_end(text).unwrap_err().remedy("X"), remedy, "{text}");
        }
    }

    #[test]
    fn every_allowed_field_can_be_taken_back_or_is_always_written() {
        let always_written = ["clientcert", "commonname", "sesstimeout"];
        for (side, other) in [(&FRONT_END, "backend"), (&BACK_END, "frontend")] {
            super::super::fields::tests::assert_sound(side);
            for field in side.allowed {
                let known = schema::reset_value(Kind::SSLPROFILE, field).is_some();
                assert!(known || always_written.contains(field), "{} {field}", side.what);
                let (_, facts) = schema::field(Kind::SSLPROFILE, field).unwrap();
                assert_ne!(facts.applies_to.as_deref(), Some(other), "{} {field}", side.what);
            }
        }
    }
}
