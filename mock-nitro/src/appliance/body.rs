//! The body of a request: which types it holds, in order, and what goes beside them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::target;
use crate::code;
use crate::command::Refusal;
use crate::message::Request;

/// A parsed body.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Body {
    /// Type and content, in the order of the document.
    pub(super) entries: Vec<(String, Value)>,
    /// `params.action`, `params.warning`, `params.onerror`.
    pub(super) params: Map<String, Value>,
    /// The token that some clients send inside.
    pub(super) session: Option<String>,
}

impl Body {
    /// How many objects it holds, of whatever types.
    pub(super) fn commands(&self) -> usize {
        let count = |(_, content): &(String, Value)| content.as_array().map_or(1, Vec::len);
        self.entries.iter().map(count).sum()
    }
}

/// Reads the body of a request, in whatever form clients send it.
pub(super) fn parse(request: &Request) -> Result<Body, Refusal> {
    let text = str::from_utf8(&request.body).map_err(|_| invalid())?.trim();
    if text.is_empty() {
        return Ok(Body::default());
    }
    // The form is an old client's way to send JSON; with PUT it sends JSON under the same type.
    match text.strip_prefix("object=") {
        Some(form) => document(&target::decode(&form.replace('+', "%20"))),
        None => document(text),
    }
}

fn document(text: &str) -> Result<Body, Refusal> {
    let parsed = serde_json::from_str(text).or_else(|_| {
        // The vendor's Java client leaves commas behind last members.
        serde_json::from_str(&without_trailing_commas(text))
    });
    let Ordered(members) = parsed.map_err(|_| invalid())?;
    let mut body = Body::default();
    for (name, value) in members {
        match (name.as_str(), value) {
            ("params", Value::Object(params)) => body.params = params,
            ("sessionid", Value::String(token)) => body.session = Some(token),
            ("params" | "sessionid", _) => {}
            (_, _) if body.entries.iter().any(|(other, _)| *other == name) => return Err(invalid()),
            (_, value) => body.entries.push((name, value)),
        }
    }
    Ok(body)
}

fn invalid() -> Refusal {
    Refusal::new(code::NITRO_INVALID_JSON_INPUT)
}

/// Drops commas that stand before a closing bracket, outside of strings.
fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let (mut in_string, mut escaped) = (false, false);
    for c in text.chars() {
        if in_string {
            (in_string, escaped) = (escaped || c != '"', !escaped && c == '\\');
        } else if c == '"' {
            in_string = true;
        } else if c == '}' || c == ']' {
            let end = kept.trim_end().len();
            if kept[..end].ends_with(',') {
                kept.truncate(end - 1);
            }
        }
        kept.push(c);
    }
    kept
}

/// The members of a JSON object in the order of the document, repeated ones included.
struct Ordered(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Ordered;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Ordered(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(text: &str) -> Result<Body, Refusal> {
        parse(&Request { body: text.into(), ..Request::default() })
    }

    #[test]
    fn types_keep_their_order() {
        let body = body(r#"{"zz":[{"name":"1"}],"aa":{"name":"2"},"mm":[]}"#).unwrap();
        let names: Vec<_> = body.entries.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["zz", "aa", "mm"]);
    }

    #[test]
    fn commas_may_trail_and_siblings_may_stand_around() {
        let text = r###"{"params":{"action":"x",},"sessionid":"##1","a":[{"n":"}, ]\",]"},],}"###;
        let body = body(text).unwrap();
        assert_eq!(body.params["action"], "x");
        assert_eq!(body.session.as_deref(), Some("##1"));
        assert_eq!(body.entries, [("a".to_owned(), json!([{"n": "}, ]\",]"}]))]);
    }

    #[test]
    fn a_form_holds_the_document_in_one_field() {
        let body = body("object=%7B%22login%22%3A+%7B%22username%22%3A%22a%2Bb%22%7D%7D").unwrap();
        assert_eq!(body.entries, [("login".to_owned(), json!({"username": "a+b"}))]);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["{", "[]", "1", "{\"a\" 1}", "{\"a\":{},\"a\":{}}"] {
            assert_eq!(body(text).unwrap_err().code, code::NITRO_INVALID_JSON_INPUT, "{text}");
        }
        assert_eq!(body("  "), Ok(Body::default()));
    }
}
