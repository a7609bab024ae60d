//! Answers to GET.

use std::sync::Arc;

use regex_lite::Regex;
use serde_json::{Map, Value, json};

use super::Appliance;
use super::reply::{Content, Reply, on_wire, shown};
use super::request::Call;
use super::{statistics, system};
use crate::code;
use crate::command::Refusal;
use crate::engine::{normalise, spelling};
use crate::rules;
use crate::schema::{FieldKind, Kind};
use crate::state::{Fields, text};
use crate::view::{self, Row};

/// Answers a GET of the configuration or of statistics.
pub(super) fn get(appliance: &Appliance, call: &Call) -> Result<Reply, Refusal> {
    if call.target.area == super::target::Area::Stat {
        return statistics::get(appliance, call);
    }
    if let Some(reply) = system::get(appliance, call) {
        return reply;
    }
    let kind = call.kind()?;
    if kind.singleton {
        let row = system::singleton(appliance, kind);
        return Ok(Reply::holding(Content::Object(kind, row, call.target.query.attrs.clone())));
    }
    if !kind.allows("get_all") && !kind.allows("get") {
        return Err(Refusal::new(code::NOSUCHCMD));
    }
    let name = named(kind, call)?;
    exists(appliance, kind, name.as_deref())?;
    if kind.is_umbrella() {
        return umbrella(appliance, kind, name.as_deref());
    }
    if kind.name == "systemfile" {
        return select(kind, system::files(appliance, call, name.as_deref())?, call, |row| row);
    }
    let rows = view::rows(&appliance.running, kind, name.as_deref());
    select(kind, rows, call, |row| completed(appliance, kind, row))
}

/// The name in the path, or in `args` where clients put it (seen from client nsnitro). Bindings of
/// all parents must be asked for as such (documented).
fn named(kind: &Kind, call: &Call) -> Result<Option<String>, Refusal> {
    let query = &call.target.query;
    let in_args = || query.args.iter().find(|(key, _)| Some(key.as_str()) == kind.key());
    let name = call.target.name.clone().or_else(|| in_args().map(|(_, value)| value.clone()));
    if name.is_none() && kind.is_binding() && !query.bulk_bindings {
        let key = kind.key().unwrap_or("name");
        return Err(Refusal::about(code::ARGMISSING, spelling::argument(key)));
    }
    Ok(name)
}

fn id(row: &Fields) -> String {
    row.get("id").map(Value::to_string).unwrap_or_default()
}

/// A row with what depends on the time or on other objects.
fn completed(appliance: &Appliance, kind: &'static Kind, row: Row) -> Row {
    let name = kind.key().map_or("", |key| text(&row, key));
    let more = if kind.name == "hanode" {
        appliance.node(&id(&row))
    } else if kind.is_binding() {
        rules::shown_bound(&appliance.running, &kind.name, &row, appliance.now)
    } else {
        rules::shown(&appliance.running, &kind.name, name, appliance.now)
    };
    if more.is_empty() {
        return row;
    }
    let mut row = Arc::unwrap_or_clone(row);
    row.extend(more);
    Arc::new(row)
}

fn exists(appliance: &Appliance, kind: &'static Kind, name: Option<&str>) -> Result<(), Refusal> {
    let Some(name) = name else { return Ok(()) };
    if kind.name == "systemfile" {
        return Ok(());
    }
    let holder = if kind.is_binding() { view::parent_of(kind) } else { Some(kind) };
    let found =
        holder.is_none_or(|holder| !view::rows(&appliance.running, holder, Some(name)).is_empty());
    if found {
        return Ok(());
    }
    let key = spelling::argument(kind.key().unwrap_or("name"));
    Err(Refusal::about(
        rules::missing(&appliance.running, &kind.name, name),
        format_args!("{key}, {name}"),
    ))
}

/// One element for each parent, whose bindings stand under the names of their types.
fn umbrella(
    appliance: &Appliance,
    kind: &'static Kind,
    name: Option<&str>,
) -> Result<Reply, Refusal> {
    let Some(parent) = view::parent_of(kind) else { return Err(Refusal::new(code::INTERNAL)) };
    let parents = view::rows(&appliance.running, parent, name);
    let element = |row: &Row| {
        let key = parent.key().unwrap_or("name");
        let name = text(row, key);
        let mut element = Map::from_iter([(key.to_owned(), json!(name))]);
        for binding in view::under(kind) {
            let rows = view::rows(&appliance.running, binding, Some(name));
            if !rows.is_empty() {
                let rows = rows.into_iter().map(|row| completed(appliance, binding, row));
                let rows = rows.map(|row| shown(binding, &row)).collect();
                element.insert(binding.name.clone(), rows);
            }
        }
        Value::Object(element)
    };
    let elements: Vec<_> = parents.iter().map(element).collect();
    Ok(if elements.is_empty() {
        Reply::done(200)
    } else {
        Reply::holding(Content::Value(kind.name.clone(), Value::Array(elements)))
    })
}

/// Applies `args`, `filter`, `count`, paging, `view` and `attrs`. Rows are completed before they are
/// looked at, and where nobody looks only those of the page.
fn select(
    kind: &'static Kind,
    rows: Vec<Row>,
    call: &Call,
    complete: impl Fn(Row) -> Row,
) -> Result<Reply, Refusal> {
    let query = &call.target.query;
    let arguments = arguments(kind, &query.args)?;
    let conditions = conditions(kind, &query.filter)?;
    // The whole table, also for one page of it (assumed).
    let rows_read = rows.len();
    let all: Vec<_> = arguments.iter().chain(&conditions).collect();
    let mut rows = rows;
    if !all.is_empty() {
        let matches = |row: &Row| all.iter().all(|condition| condition.holds(kind, row));
        rows = rows.into_iter().map(&complete).filter(matches).collect();
    }
    if query.count {
        let count = json!([{ "__count": rows.len() }]);
        let content = Content::Value(kind.name.clone(), count);
        return Ok(Reply { rows_read, ..Reply::holding(content) });
    }
    if let Some(size) = query.page_size.filter(|size| *size > 0) {
        let skip = query.page.unwrap_or(1).saturating_sub(1).saturating_mul(size);
        rows = rows.into_iter().skip(skip).take(size).collect();
    }
    if all.is_empty() {
        rows = rows.into_iter().map(complete).collect();
    }
    if query.summary {
        rows = rows.iter().map(|row| summary(kind, row)).collect();
    }
    let content = Content::Rows(kind, rows, query.attrs.clone());
    Ok(Reply { rows_read, ..Reply::holding(content) })
}

/// What was configured, without what the appliance reports (documented is only "a subset").
fn summary(kind: &Kind, row: &Row) -> Row {
    let configured = |field: &&'static str| kind.fields.get(*field).is_some_and(|f| !f.readonly);
    let fields: Fields = row
        .iter()
        .filter(|(field, _)| configured(field))
        .map(|(&field, value)| (field, value.clone()))
        .collect();
    Arc::new(fields)
}

/// One `field:value` of `filter` or `args`.
struct Condition {
    field: &'static str,
    value: Wanted,
}

enum Wanted {
    Equal(String),
    Like(Regex),
}

impl Condition {
    fn new(field: &'static str, value: &str) -> Result<Self, Refusal> {
        let pattern = value.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let value = match pattern {
            Some(pattern) => Wanted::Like(Regex::new(pattern).map_err(|_| {
                Refusal::about(code::INVAL, spelling::argument(field)).with_status(400)
            })?),
            None => Wanted::Equal(value.to_owned()),
        };
        Ok(Self { field, value })
    }

    fn holds(&self, kind: &Kind, row: &Fields) -> bool {
        let is_flag = kind.fields.get(self.field).is_some_and(|f| f.kind == FieldKind::Boolean);
        match row.get(self.field) {
            Some(value) => self.accepts(&on_wire(kind, self.field, value)),
            None => is_flag && self.accepts(&Value::Bool(false)),
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        let text = match value {
            Value::Array(items) => return items.iter().any(|item| self.accepts(item)),
            Value::String(text) => text.clone(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
        };
        match &self.value {
            Wanted::Equal(wanted) => text.eq_ignore_ascii_case(wanted),
            Wanted::Like(pattern) => pattern.is_match(&text),
        }
    }
}

fn conditions(kind: &'static Kind, pairs: &[(String, String)]) -> Result<Vec<Condition>, Refusal> {
    let condition = |(name, value): &(String, String)| match kind.field(name) {
        Some((field, _)) => Condition::new(field, value),
        None => Err(unusable(name)),
    };
    pairs.iter().map(condition).collect()
}

fn arguments(kind: &'static Kind, pairs: &[(String, String)]) -> Result<Vec<Condition>, Refusal> {
    // Seen from clients: this type refuses every argument.
    let refuses_all = kind.name == "sslvserver_sslcipher_binding";
    for (name, value) in pairs {
        let usable = kind.key.iter().chain(&kind.filter_args).any(|arg| arg == name);
        let field = kind.field(name).filter(|_| usable && !refuses_all);
        let Some((field, facts)) = field else { return Err(unusable(name)) };
        normalise::value_of(field, facts, &Value::from(value.as_str()))?;
    }
    conditions(kind, pairs)
}

fn unusable(name: &str) -> Refusal {
    Refusal::about(code::INVAL, spelling::argument(name)).with_status(400)
}
