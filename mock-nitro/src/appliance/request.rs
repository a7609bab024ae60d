//! A request taken apart: target, body and caller together.

use serde_json::{Map, Value};

use super::body::Body;
use super::session::Caller;
use super::target::Target;
use crate::code;
use crate::command::Refusal;
use crate::schema::{self, Kind};

/// A request whose sender is known.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: String,
    pub(super) target: Target,
    pub(super) body: Body,
    pub(super) caller: Caller,
    /// The header `X-NITRO-ONERROR`.
    pub(super) onerror: Option<String>,
}

/// What a bulk request does when one of its commands fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnError {
    /// It stops; what was done stays.
    Exit,
    /// It goes on.
    Continue,
    /// It stops and undoes what was done.
    Rollback,
}

impl Call {
    /// The name of the type: from the path, else from the body.
    pub(super) fn kind_name(&self) -> &str {
        match self.target.kind.as_str() {
            "" => self.body.entries.first().map_or("", |(name, _)| name),
            kind => kind,
        }
    }

    /// The facts about the type.
    pub(super) fn kind(&self) -> Result<&'static Kind, Refusal> {
        let name = self.kind_name();
        schema::kind(name).ok_or_else(|| Refusal::about(code::NITRO_INVALID_OBJECTNAME, name))
    }

    /// The action, lower case: from the query, else from the body.
    pub(super) fn action(&self) -> Option<String> {
        let query = self.target.query.action.as_deref();
        let params = || self.body.params.get("action").and_then(Value::as_str);
        query.or_else(params).filter(|action| !action.is_empty()).map(str::to_ascii_lowercase)
    }

    /// Whether the client wants warnings.
    pub(super) fn wants_warnings(&self) -> bool {
        let params = self.body.params.get("warning").and_then(Value::as_str);
        self.target.query.warning || params.is_some_and(|value| value.eq_ignore_ascii_case("yes"))
    }

    /// What a bulk request does when one of its commands fails.
    pub(super) fn on_error(&self) -> OnError {
        let params = || self.body.params.get("onerror").and_then(Value::as_str);
        let query = || self.target.query.onerror.as_deref();
        let given = self.onerror.as_deref().or_else(query).or_else(params).unwrap_or_default();
        match given.to_ascii_lowercase().as_str() {
            "continue" => OnError::Continue,
            "rollback" => OnError::Rollback,
            _ => OnError::Exit,
        }
    }

    /// The objects of the body under a type, whose name may be in any case there; the documentation
    /// itself writes `serviceGroup`. The flag says whether they came as an array.
    pub(super) fn items(&self, kind: &str) -> Result<(Vec<Map<String, Value>>, bool), Refusal> {
        let entries = &self.body.entries;
        match entries.iter().find(|(name, _)| name.eq_ignore_ascii_case(kind)) {
            Some((_, content)) => objects(content),
            None if entries.is_empty() => Ok((vec![Map::new()], false)),
            None => Err(Refusal::new(code::NITRO_INVALID_JSON_INPUT)),
        }
    }
}

/// The objects in one object or an array of them.
pub(super) fn objects(content: &Value) -> Result<(Vec<Map<String, Value>>, bool), Refusal> {
    let wrong = || Refusal::new(code::NITRO_INVALID_JSON_DATATYPE);
    match content {
        Value::Object(fields) => Ok((vec![fields.clone()], false)),
        Value::Array(items) => {
            let objects = items.iter().map(|item| item.as_object().cloned().ok_or_else(wrong));
            Ok((objects.collect::<Result<_, _>>()?, true))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Err(wrong()),
    }
}
