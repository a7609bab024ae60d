//! Requests that carry several types in one ordered body: `macroapi`.
//!
//! The appliance runs the commands in the order of the document (documented, from 11.1 on), and with
//! `X-NITRO-ONERROR: exit` none after one that fails. So here, unlike in bulk, a command may need
//! another of the same request.

use super::write::object;
use super::{Effect, Request};
use crate::model::{Kind, Redacted};
use crate::nitro::code::Code;
use crate::nitro::error::Error;
use crate::nitro::response::Answer;
use crate::nitro::transport::Method;
use crate::plan::Op;

const MACROAPI: &str = "macroapi";

impl Request {
    /// Whether ops like this one may be part of a series: those that add and bind. Updates and
    /// deletes would be other requests (documented: one kind of operation in each).
    pub const fn is_of_series(op: &Op) -> bool {
        matches!(op, Op::Create { .. } | Op::Bind { .. })
    }

    /// The one request for several ops that add or bind, in their order. Ops on one type must stand
    /// together: a type can occur once in the body, because its names are the keys of an object.
    ///
    /// Written by hand, because a JSON map that sorts its keys would break the order.
    pub fn series(ops: &[&Op]) -> Self {
        let mut body = String::from("{");
        let mut last: Option<Kind> = None;
        for op in ops {
            let kind = op.kind().filter(|kind| Some(*kind) != last);
            if let Some(kind) = kind {
                let close = if last.is_some() { "]," } else { "" };
                body.extend([close, "\"", kind.name(), "\":["]);
                last = Some(kind);
            } else {
                body.push(',');
            }
            body.push_str(&serde_json::Value::from(object(op)).to_string());
        }
        body.push_str("]}");
        let body = Redacted::new(body);
        let request = Self::with_body(Method::Post, MACROAPI, Effect::Write, body);
        Self { commands: ops.len(), ..request }
    }

    /// Asks whether the appliance knows series, with one that is empty and changes nothing.
    pub fn series_probe() -> Self {
        let body = Redacted::new("{}".to_owned());
        Self::with_body(Method::Post, MACROAPI, Effect::Read, body)
    }

    /// Whether this is a series.
    pub(super) fn is_series(&self) -> bool {
        self.kind == MACROAPI
    }
}

/// Whether the answer to the probe says that the appliance knows series. It does if it is done, or
/// has something to say against the empty body; it does not if it has something to say against the
/// name or the method (assumed: what an appliance answers to an empty series is not documented).
pub(in crate::nitro) fn knows_series(answer: &Result<Answer, Error>) -> bool {
    const ABOUT_THE_BODY: [Code; 5] = [
        Code::TOO_FEW_ARGUMENTS,
        Code::ARGUMENT_MISSING,
        Code::INVALID_JSON,
        Code::INVALID_JSON_TYPE,
        Code::BULK_FAILED,
    ];
    match answer {
        Ok(_) => true,
        Err(error) => error.code().is_some_and(|code| ABOUT_THE_BODY.contains(&code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BindingId, EntityId, Fields, Role};

    #[test]
    fn a_series_keeps_its_order_and_names_each_type_once() {
        let create = |kind, name| Op::Create {
            entity: EntityId::new(kind, name),
            fields: Fields::from([("comment".to_owned(), "\"".into())]),
        };
        let binding = BindingId::new(Kind::LBVSERVER_SERVICEGROUP, "v", "g", Role::Plain);
        let ops = [
            create(Kind::SERVICEGROUP, "g"),
            create(Kind::LBVSERVER, "v"),
            create(Kind::LBVSERVER, "w"),
            Op::Bind { binding, attributes: Fields::new() },
        ];
        let request = Request::series(&ops.iter().collect::<Vec<_>>());
        assert_eq!(request.to_string(), "POST macroapi (4 commands)");
        assert_eq!(
            request.body.as_ref().unwrap().reveal(),
            concat!(
                r#"{"servicegroup":[{"comment":"\"","servicegroupname":"g"}],"#,
                r#""lbvserver":[{"comment":"\"","name":"v"},{"comment":"\"","name":"w"}],"#,
                r#""lbvserver_servicegroup_binding":[{"name":"v","servicegroupname":"g"}]}"#,
            )
        );
        let headers = request.to_http(None).headers;
        assert!(headers.iter().any(|(n, v)| *n == "X-NITRO-ONERROR" && v.reveal() == "exit"));
    }

    #[test]
    fn only_an_appliance_that_understands_the_question_knows_series() {
        let refused = |code| {
            let request = Request::series_probe().to_string();
            Err(Error::Refused { request, status: 400, code, message: String::new() })
        };
        assert!(knows_series(&refused(Code::INVALID_JSON)));
        for code in [Code::NO_SUCH_TYPE, Code::NOT_AUTHORIZED, Code::INTERNAL] {
            assert!(!knows_series(&refused(code)), "{code}");
        }
        let request = Request::series_probe().to_string();
        assert!(!knows_series(&Err(Error::Unavailable { request, status: 404 })));
    }
}
