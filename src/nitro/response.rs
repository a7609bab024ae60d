//! What an answer of the appliance means.
//!
//! The forms differ between releases and types, so reading is tolerant where nothing is at stake
//! (numbers in quotes, an object for a list of one) and strict where it is: an answer that cannot
//! be read is an error, never "nothing there".

use serde_json::{Map, Value};

use super::code::Code;
use super::error::Error;
use super::request::{Effect, Request, mask};
use super::transport::HttpResponse;

/// One object of an answer.
pub type Row = Map<String, Value>;

/// An answer that says yes, wholly or in part.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    envelope: Row,
    kind: &'static str,
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
            return Ok(Self { envelope: Row::new(), kind, items: Vec::new() });
        }
        let envelope = match serde_json::from_slice(body) {
            Ok(Value::Object(envelope)) => envelope,
            _ if !matches!(status, 200..=299) => {
                let request = request.to_string();
                return Err(Error::Unavailable { request, status });
            }
            Ok(_) => return Err(undecodable(request, "a NITRO envelope", body, None)),
            Err(source) => {
                return Err(undecodable(request, "JSON", body, Some(source)));
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
        Ok(Self { envelope, kind, items })
    }

    /// The objects that were asked for. Where there is none, the answer has no such key; a
    /// singleton is an object instead of a list of one (both seen from several clients).
    pub fn rows(&self) -> Result<Vec<&Row>, Error> {
        let wrong = || {
            let body = masked_start(&serde_json::to_vec(&self.envelope).unwrap_or_default());
            let request = format!("GET {}", self.kind);
            Error::Decode { request, wanted: "a list of objects", body, source: None }
        };
        match self.envelope.get(self.kind) {
            None => Ok(Vec::new()),
            Some(Value::Object(row)) => Ok(vec![row]),
            Some(Value::Array(rows)) => {
                rows.iter().map(|row| row.as_object().ok_or_else(wrong)).collect()
            }
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                Err(wrong())
            }
        }
    }

    /// The same without copies.
    pub fn into_rows(mut self) -> Result<Vec<Row>, Error> {
        self.rows()?;
        Ok(match self.envelope.remove(self.kind) {
            Some(Value::Object(row)) => vec![row],
            Some(Value::Array(rows)) => rows
                .into_iter()
                .filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None })
                .collect(),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) | None => {
                Vec::new()
            }
        })
    }

    /// A text of the envelope itself.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.envelope.get(field)?.as_str()
    }
}

/// A warning is a success with something to say, except that a write on a node that is not the
/// primary will be lost (1028, 1044; documented).
fn is_success(status: u16, code: Code, envelope: &Row) -> bool {
    let warning = envelope.get("severity").and_then(Value::as_str) == Some("WARNING");
    let lost = matches!(code, Code::NOT_PRIMARY | Code::NOT_CLUSTER_ADDRESS);
    matches!(status, 200..=299) && (code == Code::DONE || (warning && !lost))
}

fn read_items(envelope: &Row, key: &str) -> Option<Vec<Item>> {
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
fn number(row: &Row, field: &str) -> Option<u32> {
    match row.get(field)? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The appliance's words. They may end with the offending value in brackets, which is left out
/// where it might be a secret.
fn message(request: &Request, envelope: &Row) -> String {
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
            let rows = answer.rows().unwrap();
            let found: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
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
            let error = parse(&list(), 200, &body).unwrap().rows().unwrap_err();
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
