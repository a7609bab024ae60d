//! What an answer of the appliance means.
//!
//! The forms differ between releases and types, so reading is tolerant where nothing is at stake
//! (numbers in quotes, an object for a list of one) and strict where it is: an answer that cannot
//! be read is an error, never "nothing there".

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, Visitor};
use serde_json::{Map, Value};

use super::code::Code;
use super::error::Error;
use super::request::{Effect, Request, mask};
use super::row::{Row, RowsOf};
use super::transport::HttpResponse;

/// What an answer says beside the objects.
type Envelope = Map<String, Value>;

/// An answer that says yes, wholly or in part.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Answer {
    envelope: Envelope,
    /// The objects that were asked for. Where there is none, the answer has no such key; a singleton
    /// is an object instead of a list of one (both seen from several clients).
    pub rows: Vec<Row>,
    /// The outcome of each command of a bulk request that failed in part; empty if all succeeded.
    pub items: Vec<Item>,
}

/// The outcome of one command of a bulk request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The error number; zero is success.
    pub code: Code,
    /// The appliance's words.
    pub message: String,
}

impl Answer {
    /// Reads the answer to a request.
    pub fn parse(request: &Request, response: &HttpResponse) -> Result<Self, Error> {
        let HttpResponse { status, body } = response;
        let (status, body) = (*status, body.reveal().as_slice());
        let kind = request.kind;
        // An empty answer to a write that succeeded says nothing, and needs not (seen at logout).
        if body.is_empty() && matches!(status, 200 | 201) && request.effect != Effect::Read {
            return Ok(Self::default());
        }
        let mut rows = Vec::new();
        let envelope = match read(body, kind, &mut rows) {
            Ok(envelope) => envelope,
            Err(_) if !matches!(status, 200..=299) => {
                let request = request.to_string();
                return Err(Error::Unavailable { request, status });
            }
            Err(source) => {
                // What is of another form would be repeated in the words of the reader.
                let (wanted, source) = if source.is_data() {
                    ("an envelope with a list of objects", None)
                } else {
                    ("JSON", Some(source))
                };
                return Err(undecodable(request, wanted, body, source));
            }
        };
        let Some(code) = number(&envelope, "errorcode").map(Code) else {
            return Err(undecodable(request, "an envelope with an errorcode", body, None));
        };
        let mut items = Vec::new();
        if code == Code::BULK_FAILED {
            items = read_items(&envelope, "response")
                .ok_or_else(|| undecodable(request, "a list of outcomes", body, None))?;
        } else if !is_success(status, code, &envelope) {
            let message = message(request, &envelope);
            return Err(Error::Refused { request: request.to_string(), status, code, message });
        }
        Ok(Self { envelope, rows, items })
    }

    /// A text of the envelope itself.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.envelope.get(field)?.as_str()
    }
}

/// Reads an answer, its objects by themselves.
struct EnvelopeOf<'r> {
    kind: &'static str,
    rows: &'r mut Vec<Row>,
}

fn read(
    body: &[u8],
    kind: &'static str,
    rows: &mut Vec<Row>,
) -> Result<Envelope, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let envelope = reader.deserialize_map(EnvelopeOf { kind, rows })?;
    reader.end()?;
    Ok(envelope)
}

impl<'de> Visitor<'de> for EnvelopeOf<'_> {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a NITRO envelope")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == self.kind {
                *self.rows = map.next_value_seed(RowsOf(self.kind))?;
            } else {
                envelope.insert(name, map.next_value()?);
            }
        }
        Ok(envelope)
    }
}

/// A warning is a success with something to say, except that a write on a node that is not the
/// primary will be lost (1028, 1044; documented).
fn is_success(status: u16, code: Code, envelope: &Envelope) -> bool {
    let warning = envelope.get("severity").and_then(Value::as_str) == Some("WARNING");
    let lost = matches!(code, Code::NOT_PRIMARY | Code::NOT_CLUSTER_ADDRESS);
    matches!(status, 200..=299) && (code == Code::DONE || (warning && !lost))
}

fn read_items(envelope: &Envelope, key: &str) -> Option<Vec<Item>> {
    let item = |item: &Value| {
        let item = item.as_object()?;
        let code = Code(number(item, "errorcode")?);
        let code = if is_success(200, code, item) { Code::DONE } else { code };
        let message = item.get("message").and_then(Value::as_str).unwrap_or_default();
        Some(Item { code, message: shorten(message) })
    };
    envelope.get(key)?.as_array()?.iter().map(item).collect()
}

/// A whole number, with or without quotes.
fn number(row: &Envelope, field: &str) -> Option<u32> {
    match row.get(field)? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The appliance's words. They may end with the offending value in brackets, which is left out
/// where it might be a secret.
fn message(request: &Request, envelope: &Envelope) -> String {
    let text = envelope.get("message").and_then(Value::as_str).unwrap_or_default();
    let text = if request.is_secret() { text.split('[').next().unwrap_or_default() } else { text };
    shorten(text.trim_end())
}

fn undecodable(
    request: &Request,
    wanted: &'static str,
    body: &[u8],
    source: Option<serde_json::Error>,
) -> Error {
    Error::Decode { request: request.to_string(), wanted, body: masked_start(body), source }
}

fn masked_start(body: &[u8]) -> String {
    shorten(&mask(body))
}

const LONGEST_TEXT: usize = 500;

fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST_TEXT) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EntityId, Kind, Redacted};
    use crate::nitro::code::Class;
    use crate::plan::{FileContent, Op};

    fn parse(request: &Request, status: u16, body: &str) -> Result<Answer, Error> {
        let body = Redacted::new(body.as_bytes().to_vec());
        Answer::parse(request, &HttpResponse { status, body })
    }

    fn list() -> Request {
        Request::list(Kind::SERVER, 1, 100)
    }

    fn create() -> Request {
        let entity = EntityId::new(Kind::SERVER, "s");
        Request::of_op(&Op::Create { entity, fields: crate::model::Fields::new() })
    }

    #[test]
    fn objects_come_as_a_list_or_alone_or_not_at_all() {
        let done = r#""errorcode": 0, "message": "Done", "severity": "NONE""#;
        for (rest, names) in [
            ("", &[][..]),
            (r#", "server": [ { "name": "a" }, { "name": "b" } ]"#, &["a", "b"]),
            (r#", "server": { "name": "a" }"#, &["a"]),
        ] {
            let answer = parse(&list(), 200, &format!("{{ {done}{rest} }}")).unwrap();
            let found: Vec<_> = answer.rows.iter().map(|row| row.get("name").unwrap()).collect();
            assert_eq!(found, names);
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_never_nothing() {
        for body in ["", "[]", "{", "{}", r#"{"errorcode": "many"}"#, "<html>"] {
            let error = parse(&list(), 200, body).unwrap_err();
            assert!(matches!(error, Error::Decode { .. }), "{body:?}: {error}");
        }
        for rows in ["null", "3", r#"["a"]"#] {
            let body = format!(r#"{{"errorcode": 0, "server": {rows}}}"#);
            let error = parse(&list(), 200, &body).unwrap_err();
            assert!(matches!(error, Error::Decode { .. }), "{body}");
        }
    }

    #[test]
    fn the_errorcode_decides_whatever_the_status_says() {
        let refuse = |status, code| {
            let body =
                format!(r#"{{ "errorcode": {code}, "message": "No [x]", "severity": "ERROR" }}"#);
            parse(&list(), status, &body).unwrap_err()
        };
        assert_eq!(refuse(404, "258").class(), Class::Missing);
        assert_eq!(refuse(200, "258").class(), Class::Missing);
        assert_eq!(refuse(599, "\"293\"").class(), Class::Busy);
        assert_eq!(
            refuse(599, "278").to_string(),
            r#""GET server?pagesize=100&pageno=1" refused with code 278: "No [x]""#
        );
        let html = parse(&list(), 503, "<html>booting</html>").unwrap_err();
        assert!(matches!(html, Error::Unavailable { status: 503, .. }) && html.is_retryable());
    }

    #[test]
    fn a_warning_is_a_success_unless_the_write_will_be_lost() {
        let warn = |code| {
            let body =
                format!(r#"{{ "errorcode": {code}, "message": "Hm", "severity": "WARNING" }}"#);
            parse(&create(), 201, &body)
        };
        assert!(warn(1067).is_ok());
        assert_eq!(warn(1028).unwrap_err().code(), Some(Code::NOT_PRIMARY));
    }

    #[test]
    fn a_bulk_request_that_failed_in_part_tells_which() {
        let body = r#"{ "errorcode": 1243, "message": "Bulk operation failed", "severity": "ERROR",
            "response": [
                { "errorcode": 273, "message": "Resource already exists", "severity": "ERROR" },
                { "errorcode": 0, "message": "Done", "severity": "NONE" },
                { "errorcode": 1067, "message": "Hm", "severity": "WARNING" }
            ] }"#;
        let answer = parse(&create(), 207, body).unwrap();
        let codes: Vec<_> = answer.items.iter().map(|item| item.code.0).collect();
        assert_eq!(codes, [273, 0, 0]);
        let bad = r#"{ "errorcode": 1243, "message": "Bulk operation failed" }"#;
        assert!(matches!(parse(&create(), 207, bad), Err(Error::Decode { .. })));
    }

    #[test]
    fn a_refused_upload_does_not_repeat_what_was_sent() {
        let op = Op::Upload {
            file: "a.key".to_owned(),
            content: FileContent(Redacted::new("canary".to_owned())),
        };
        let body = r#"{ "errorcode": 3443, "message": "Unsupported [filecontent, canary]" }"#;
        let error = parse(&Request::of_op(&op), 599, body).unwrap_err();
        assert!(!error.to_string().contains("canary"), "{error}");
        let body = r#"{ "filecontent": "canary" }"#;
        let error = parse(&Request::of_op(&op), 200, body).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }

    #[test]
    fn an_empty_answer_is_enough_for_a_write() {
        assert!(parse(&Request::logout(), 201, "").is_ok());
        assert!(parse(&list(), 200, "").is_err());
    }
}
