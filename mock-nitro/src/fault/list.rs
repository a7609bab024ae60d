//! Faults as a list in JSON, as tests over the network send it.
//!
//! ```
//! use mock_nitro::fault::Faults;
//!
//! let list = r#"[
//!     {"type": "sslcertkey", "verb": "POST", "nth": 2, "fault": {"refused": 603}},
//!     {"type": "systemfile", "fault": "disk_full"},
//!     {"seeded": {"seed": 7, "per_mille": 50}, "fault": "reset_after"},
//!     {"fault": {"latency_ms": 20}}
//! ]"#;
//! assert!(Faults::parse(list.as_bytes()).is_ok());
//! let error = Faults::parse(br#"[{"fault": "reset"}]"#).unwrap_err();
//! assert!(error.to_string().starts_with("fault 1 of the list: unknown variant `reset`"));
//! ```

use std::time::Duration;

use serde::de::{Deserialize, Deserializer};
use serde_json::Value;

use super::{Fault, Faults, Rule};
use crate::{code, schema};

/// Why a list of faults is not taken. Nothing of it counts then.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no list.
    #[error("the list of faults is no JSON array: {0}")]
    List(serde_json::Error),
    /// One of its elements, counted from 1, is wrong.
    #[error("fault {0} of the list: {1}")]
    Rule(usize, String),
}

/// Types of requests that are no types of the schema.
const OTHER_TYPES: [&str; 3] = ["batchapi", "login", "logout"];

impl Faults {
    /// Reads a list of faults. Each element says with `fault` what goes wrong, and may say with which
    /// requests: those of a `type`, those of a `verb`, the `nth` of these, or those that are `seeded`
    /// (`seed`, `per_mille`). Of several that are due the first one counts.
    pub fn parse(json: &[u8]) -> Result<Self, Unreadable> {
        let list: Vec<Value> = serde_json::from_slice(json).map_err(Unreadable::List)?;
        let rules = list.iter().enumerate().map(|(place, rule)| {
            let wrong = |why| Unreadable::Rule(place + 1, why);
            let rule = Rule::deserialize(rule).map_err(|error| wrong(error.to_string()))?;
            check(&rule).map_err(wrong)?;
            Ok(rule)
        });
        Ok(Self { rules: rules.collect::<Result<_, _>>()?, list, ..Self::default() })
    }

    /// The list that they were read from, empty if they were made otherwise.
    pub fn list(&self) -> &[Value] {
        &self.list
    }
}

/// What would never be met is refused: it is a mistake.
fn check(rule: &Rule) -> Result<(), String> {
    let kind = rule.kind.as_deref();
    let is_type = |kind: &str| schema::kind(kind).is_some() || OTHER_TYPES.contains(&kind);
    if let Some(kind) = kind.filter(|kind| !is_type(kind)) {
        return Err(format!("there is no type {kind:?}"));
    }
    let verb = rule.verb.as_deref().unwrap_or("GET");
    let method = verb.split(' ').next().unwrap_or_default();
    if !["DELETE", "GET", "POST", "PUT"].contains(&method) {
        return Err(format!("verb {verb:?} does not begin with GET, POST, PUT or DELETE"));
    }
    if rule.nth == Some(0) {
        return Err("\"nth\" counts from 1".to_owned());
    }
    if rule.seeded.is_some_and(|chance| chance.per_mille > 1000) {
        return Err("\"per_mille\" is at most 1000".to_owned());
    }
    if let Fault::Refused(code)
    | Fault::RefusedWithin(_, code)
    | Fault::Fails(_, code)
    | Fault::HiddenError(code) = rule.fault
        && !code::is_known(code)
    {
        return Err(format!("there is no error code {code}"));
    }
    Ok(())
}

pub(super) fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    u64::deserialize(from).map(Duration::from_millis)
}

/// A command of a bulk request and what becomes of it: `{"command": 1, "code": 273}`.
pub(super) fn command<'de, D: Deserializer<'de>>(from: D) -> Result<(usize, u32), D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        command: usize,
        code: u32,
    }
    Named::deserialize(from).map(|Named { command, code }| (command, code))
}

/// So many commands and what follows them: `{"commands": 1, "code": 603}`.
pub(super) fn commands<'de, D: Deserializer<'de>>(from: D) -> Result<(usize, u32), D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        commands: usize,
        code: u32,
    }
    Named::deserialize(from).map(|Named { commands, code }| (commands, code))
}
