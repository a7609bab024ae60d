//! What requests cost: exact counts, and a model of the time that they would take.
//!
//! The counts are exact. The times are **assumed**: of an appliance only single figures are known
//! (17 to 60 ms for a small request, about 4 ms for each object of a table that is read filtered,
//! seconds for a save; all seen by clients). So there are three [`Profile`]s, and what is said of
//! them should hold in each.

use std::collections::BTreeMap;
use std::ops::{Add, AddAssign};
use std::time::Duration;

use serde::Serialize;

use crate::message::{Request, Response};

/// What one request cost, or several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// The number of requests.
    pub requests: u64,
    /// The commands in them.
    pub objects: u64,
    /// The rows of the tables that were looked through to answer them.
    pub rows: u64,
    /// The saves of the configuration.
    pub saves: u64,
    /// The bytes of paths, queries and bodies that came in.
    pub bytes_in: u64,
    /// The bytes of bodies that went out.
    pub bytes_out: u64,
}

/// What requests cost, by verb (the method, and the action if there is one) and type.
pub type Costs = BTreeMap<(String, String), Cost>;

/// How long an appliance takes: so much for a request, for each command, for each row of a table
/// that is read, and for a save. All of it is assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profile {
    /// What people call it.
    pub name: &'static str,
    /// For a request, whatever it says.
    pub request: Duration,
    /// For each command.
    pub object: Duration,
    /// For each row of a table that is read.
    pub row: Duration,
    /// For a save.
    pub save: Duration,
}

impl Profile {
    /// An appliance that takes no time.
    pub const FREE: Self = Self {
        name: "free",
        request: Duration::ZERO,
        object: Duration::ZERO,
        row: Duration::ZERO,
        save: Duration::ZERO,
    };
    /// Like a virtual appliance (assumed).
    pub const VPX_LIKE: Self = Self {
        name: "vpx-like",
        request: Duration::from_millis(8),
        object: Duration::from_millis(1),
        row: Duration::from_micros(200),
        save: Duration::from_secs(3),
    };
    /// A slow one (assumed; the time for a row is that of filtered reads).
    pub const SLOW: Self = Self {
        name: "slow",
        request: Duration::from_millis(30),
        object: Duration::from_millis(4),
        row: Duration::from_millis(4),
        save: Duration::from_secs(20),
    };
    /// All of them.
    pub const ALL: [Self; 3] = [Self::FREE, Self::VPX_LIKE, Self::SLOW];

    /// How long what cost so much takes, one request after the other.
    pub fn time(&self, cost: &Cost) -> Duration {
        let Self { name: _, request, object, row, save } = *self;
        times(request, cost.requests)
            + times(object, cost.objects)
            + times(row, cost.rows)
            + times(save, cost.saves)
    }
}

fn times(each: Duration, count: u64) -> Duration {
    u32::try_from(count).map_or(Duration::MAX, |count| each.saturating_mul(count))
}

impl Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let Self { requests, objects, rows, saves, bytes_in, bytes_out } = other;
        Self {
            requests: self.requests + requests,
            objects: self.objects + objects,
            rows: self.rows + rows,
            saves: self.saves + saves,
            bytes_in: self.bytes_in + bytes_in,
            bytes_out: self.bytes_out + bytes_out,
        }
    }
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Cost {
    fn sum<I: Iterator<Item = Self>>(costs: I) -> Self {
        costs.fold(Self::default(), Add::add)
    }
}

/// Verb and type of a request, and what it costs if it carries so many commands and reads so many
/// rows.
pub(super) fn of(
    request: &Request,
    (commands, rows): (usize, usize),
    response: &Response,
) -> ((String, String), Cost) {
    let action = action(request);
    let (verb, kind) = subject(request);
    let objects = match (request.method.as_str(), action) {
        _ if matches!(kind, "login" | "logout") => 0,
        ("GET", _) | ("POST", Some("diff" | "save")) => 0,
        ("DELETE", _) => 1,
        _ => commands,
    };
    let head = request.path.len() + request.query.as_ref().map_or(0, String::len);
    let cost = Cost {
        requests: 1,
        objects: count(objects),
        rows: count(rows),
        saves: u64::from(kind == "nsconfig" && action == Some("save")),
        bytes_in: count(head + request.body.len()),
        bytes_out: count(response.body.len()),
    };
    ((verb, kind.to_owned()), cost)
}

/// The verb of a request (its method, and the action if there is one) and its type.
pub(crate) fn subject(request: &Request) -> (String, &str) {
    let mut verb = request.method.clone();
    if let Some(action) = action(request) {
        verb.extend([" ", action]);
    }
    (verb, kind(&request.path))
}

fn action(request: &Request) -> Option<&str> {
    let query = request.query.as_deref().unwrap_or_default();
    query.split(['&', ';']).find_map(|part| part.strip_prefix("action="))
}

/// The type in a path: what follows `/nitro/v1/config/`.
fn kind(path: &str) -> &str {
    path.split('/').filter(|segment| !segment.is_empty()).nth(3).unwrap_or_default()
}

fn count(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_grows_with_requests_commands_rows_and_saves() {
        let cost = Cost { requests: 10, objects: 100, rows: 1000, saves: 1, ..Cost::default() };
        assert_eq!(Profile::FREE.time(&cost), Duration::ZERO);
        assert_eq!(Profile::VPX_LIKE.time(&cost), Duration::from_millis(80 + 100 + 200 + 3000));
        assert_eq!(Profile::SLOW.time(&cost), Duration::from_millis(300 + 400 + 4000 + 20_000));
    }
}
