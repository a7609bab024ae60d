//! What a front end listens to and how it treats plain HTTP.

use super::settings::{InsecureType, PathMatchMethod, Refusal, SecureType, Termination};
use super::{ParseError, json, value};

/// Reads `insecure-termination`.
pub(super) fn parse_termination(text: &str) -> Result<Termination, ParseError> {
    const WORDS: &[(&str, Termination)] = &[
        ("allow", Termination::Allow),
        ("redirect", Termination::Redirect),
        ("disallow", Termination::Disallow),
    ];
    value::word(text, WORDS)
}

/// Reads `secure-service-type`.
pub(super) fn parse_secure_type(text: &str) -> Result<SecureType, ParseError> {
    const WORDS: &[(&str, SecureType)] =
        &[("ssl", SecureType::Ssl), ("ssl_tcp", SecureType::SslTcp)];
    value::word(text, WORDS)
}

/// Reads `insecure-service-type`.
pub(super) fn parse_insecure_type(text: &str) -> Result<InsecureType, ParseError> {
    const WORDS: &[(&str, InsecureType)] =
        &[("http", InsecureType::Http), ("tcp", InsecureType::Tcp)];
    // The types of the vendor's controller that need more than a listener here.
    const KNOWN: [&str; 4] = ["udp", "sip_udp", "any", "mongo"];
    let word = value::plain(text)?;
    match KNOWN.iter().find(|known| known.eq_ignore_ascii_case(word)) {
        Some(_) => Err(ParseError::ServiceType { value: word.to_owned() }),
        None => value::word(text, WORDS),
    }
}

/// Reads `client-certificate-refusal`.
pub(super) fn parse_refusal(text: &str) -> Result<Refusal, ParseError> {
    const WORDS: &[(&str, Refusal)] = &[("handshake", Refusal::Handshake), ("http", Refusal::Http)];
    value::word(text, WORDS)
}

/// Reads `path-match-method`.
pub(super) fn parse_path_match(text: &str) -> Result<PathMatchMethod, ParseError> {
    const WORDS: &[(&str, PathMatchMethod)] =
        &[("prefix", PathMatchMethod::Prefix), ("exact", PathMatchMethod::Exact)];
    value::word(text, WORDS)
}

/// Reads `default-response-code`: a number, or an object with it that need not be JSON, since the
/// vendor's example (`{response-code: "404"}`) is none.
pub(super) fn parse_response_code(text: &str) -> Result<u16, ParseError> {
    json::refuse_typographic_quotes(text)?;
    let text = text.trim();
    let inside = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let code = match inside.map(str::trim) {
        None => text,
        Some("") => return Err(ParseError::Empty),
        Some(member) => {
            let (name, code) = member.split_once(':').ok_or_else(|| not_a_code(text))?;
            let name = value::plain(name)?.to_ascii_lowercase().replace('_', "-");
            if name != "response-code" {
                return Err(not_a_code(text));
            }
            code
        }
    };
    match value::plain(code)? {
        "404" => Ok(404),
        "503" => Ok(503),
        other => Err(not_a_code(other)),
    }
}

fn not_a_code(value: &str) -> ParseError {
    ParseError::NotResponseCode { value: value.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_others_say_what_there_is() {
        assert_eq!(parse_termination("Redirect"), Ok(Termination::Redirect));
        assert_eq!(parse_secure_type("SSL_TCP"), Ok(SecureType::SslTcp));
        assert_eq!(parse_insecure_type("\"tcp\""), Ok(InsecureType::Tcp));
        assert_eq!(parse_path_match("exact"), Ok(PathMatchMethod::Exact));
        assert_eq!(parse_refusal("HTTP"), Ok(Refusal::Http));
        let refusal = parse_secure_type("HTTP").unwrap_err();
        assert_eq!(refusal.to_string(), "\"HTTP\" is none of: ssl, ssl_tcp");
        assert_eq!(refusal.remedy("ssl"), "write one of these: ssl, ssl_tcp");
        let refusal = parse_termination("redirct").unwrap_err();
        assert_eq!(refusal.remedy("allow"), "did you mean \"redirect\"?");
    }

    #[test]
    fn a_type_that_only_the_vendor_has_is_known() {
        for text in ["udp", "sip_udp", "ANY", "mongo"] {
            let refusal = parse_insecure_type(text).unwrap_err();
            assert_eq!(
                refusal.to_string(),
                format!("front ends of type {text:?} are not supported")
            );
        }
        assert!(matches!(parse_insecure_type("ftp"), Err(ParseError::NotWord { .. })));
    }

    #[test]
    fn a_response_code_is_read_in_every_form() {
        let forms = [
            "404",
            "\"404\"",
            r#"{response-code: "404"}"#,
            "{response-code: 404}",
            r#"{"response-code": "404"}"#,
            r#"{"response_code": 404}"#,
        ];
        for text in forms {
            assert_eq!(parse_response_code(text), Ok(404), "{text}");
        }
        assert_eq!(parse_response_code(r#"{response-code: "503"}"#), Ok(503));
        for text in ["200", "4 04", "{code: 404}", "{404}", "[404]", "{response-code: 404, a: 1}"] {
            assert!(parse_response_code(text).is_err(), "{text}");
        }
        for text in ["", "{}", "{ }", "{response-code: }"] {
            assert_eq!(parse_response_code(text), Err(ParseError::Empty), "{text}");
        }
    }
}
