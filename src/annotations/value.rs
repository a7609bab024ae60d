//! Values that are no JSON: words, numbers, names.

use crate::model::Kind;
use crate::schema;

use super::{ParseError, json};

/// The text of a plain value, without blanks and quotes around it.
pub(super) fn plain(text: &str) -> Result<&str, ParseError> {
    json::refuse_typographic_quotes(text)?;
    let text = text.trim();
    let quoted = |quote| text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    let text = quoted('"').or_else(|| quoted('\'')).unwrap_or(text).trim();
    if text.is_empty() { Err(ParseError::Empty) } else { Ok(text) }
}

/// One of some words, in any case.
pub(super) fn word<T: Copy>(
    text: &str,
    words: &'static [(&'static str, T)],
) -> Result<T, ParseError> {
    let value = plain(text)?;
    let meant = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    meant.map(|(_, meaning)| *meaning).ok_or_else(|| ParseError::NotWord {
        value: value.to_owned(),
        words: words.iter().map(|(word, _)| *word).collect(),
    })
}

/// `True` or `False`.
pub(super) fn flag(text: &str) -> Result<bool, ParseError> {
    let value = plain(text)?;
    match value.to_ascii_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ParseError::NotBoolean { value: format!("{value:?}") }),
    }
}

/// A port to listen on.
pub(super) fn port(text: &str) -> Result<u16, ParseError> {
    let value = plain(text)?;
    let digits = value.bytes().all(|b| b.is_ascii_digit());
    let port = if digits { value.parse().ok().filter(|port| *port != 0) } else { None };
    port.ok_or_else(|| ParseError::NotPort { value: value.to_owned() })
}

/// Whether a text can be the name of an object on the appliance (documented).
pub(super) fn is_object_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let rest = |c: char| c.is_ascii_alphanumeric() || "_#. :@=-".contains(c);
    text.starts_with(first) && text.chars().all(rest) && !text.ends_with(' ')
}

/// Whether a text can be what a type calls its objects, length included.
pub(super) fn is_name_of(kind: Kind, field: &str, text: &str) -> bool {
    let longest = schema::field(kind, field).and_then(|(_, facts)| facts.max_len);
    is_object_name(text) && text.len() <= longest.unwrap_or(127)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_a_number_from_1_to_65535_with_or_without_quotes() {
        for (text, number) in [("443", 443), (" 80 ", 80), ("\"6379\"", 6379), ("'65535'", 65535)] {
            assert_eq!(port(text), Ok(number), "{text}");
        }
        for text in ["0", "65536", "-1", "+80", "80.0", "https", "8 0", "443/tcp", "4\u{664}3"] {
            let refusal = Err(ParseError::NotPort { value: text.to_owned() });
            assert_eq!(port(text), refusal, "{text}");
        }
        assert_eq!(
            port("\u{201c}80\u{201d}").unwrap_err().to_string().split(" (").next(),
            Some("the value contains typographic quotes")
        );
    }

    #[test]
    fn a_flag_is_read_in_any_case() {
        for (text, meaning) in [("True", true), ("true", true), ("'False'", false)] {
            assert_eq!(flag(text), Ok(meaning), "{text}");
        }
        assert_eq!(
            flag("yes").unwrap_err().to_string(),
            "\"yes\" is neither \"True\" nor \"False\""
        );
        assert_eq!(flag("\"\""), Err(ParseError::Empty));
    }

    #[test]
    fn names_of_objects_may_hold_dots_but_no_placeholders() {
        for name in ["wc.example.com", "STAR.example.com", "_a", "a b", "7"] {
            assert!(is_object_name(name), "{name}");
        }
        for name in ["", " a", "a ", "<name>", "*.example.com", "-a", "a/b", "ä"] {
            assert!(!is_object_name(name), "{name}");
        }
    }
}
