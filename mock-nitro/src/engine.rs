//! Carries out commands on a state: what holds for every type, by the schema; the rules of
//! NetScaler's own come in through [`rules`].

mod apply;
pub(crate) mod files;
pub(crate) mod normalise;
pub(crate) mod spelling;
mod validate;

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::rules;
use crate::schema::Kind;
use crate::state::{Fields, State};

/// Makes a command of what a client wrote, checked against the schema as far as that needs no state.
pub(crate) fn command(
    kind: &'static Kind,
    verb: Verb,
    given: &Map<String, Value>,
) -> Result<Command, Refusal> {
    let fields = match verb {
        Verb::Unset => named(kind, given)?,
        Verb::Add
        | Verb::Update
        | Verb::Delete
        | Verb::Enable
        | Verb::Disable
        | Verb::Rename
        | Verb::Change
        | Verb::Link
        | Verb::Unlink
        | Verb::Bind
        | Verb::Unbind
        | Verb::Save
        | Verb::Clear
        | Verb::Other(_) => normalise::fields(kind, given)?,
    };
    let key = name_of(kind, &fields);
    Ok(Command { verb, kind: &kind.name, key, child: String::new(), fields })
}

/// Judges a command and carries it out. Returns what the appliance warns of. A refused command
/// leaves the state as it was.
pub(crate) fn execute(
    state: &mut State,
    mut command: Command,
    now: Timestamp,
) -> Result<(Command, Vec<Refusal>), Refusal> {
    validate::arguments(&command)?;
    rules::complete(state, &mut command);
    validate::existence(state, &mut command)?;
    rules::check(state, &command)?;
    validate::not_in_use(state, &command)?;
    let before = state.clone();
    apply::apply(state, &command);
    let warnings = rules::after(state, &before, &command, now);
    Ok((command, warnings))
}

/// What `idempotent=yes` makes of an add. If the object is not there: the add, and an update with
/// the fields that only an update takes. If it is there: an update with what was given, or nothing.
/// A difference in a field that cannot be changed is refused (seen from clients).
pub(crate) fn upsert(
    state: &State,
    command: Command,
) -> Result<(Option<Command>, Option<Command>), Refusal> {
    let kind = command.schema();
    let is_identity = |field: &str| kind.key.iter().chain(&kind.key_extra).any(|key| key == field);
    let existing = state.object(command.kind, &command.key);
    if !kind.allows("update") || command.key.is_empty() {
        return Ok((Some(command), None));
    }
    let mut add = Fields::new();
    let mut update = Fields::new();
    for (field, value) in command.fields.clone() {
        let stands = existing.is_some_and(|fields| fields.get(field) == Some(&value));
        if is_identity(field) {
            add.insert(field, value.clone());
            update.insert(field, value);
        } else if existing.is_none() && kind.takes("add", field) {
            add.insert(field, value);
        } else if kind.takes("update", field) {
            update.insert(field, value);
        } else if existing.is_none() || !kind.takes("add", field) {
            return Err(Refusal::about(code::INVAL, spelling::argument(field)));
        } else if !stands {
            let about = format_args!(
                "{}, value differs from existing entity and it cant be updated.",
                spelling::argument(field)
            );
            return Err(Refusal::about(code::INVALIDVALUE, about));
        }
    }
    let changes = update.keys().any(|field| !is_identity(field));
    let update = Command { verb: Verb::Update, fields: update, ..command.clone() };
    let update = changes.then_some(update);
    match existing {
        Some(_) => Ok((update, None)),
        None => Ok((Some(Command { fields: add, ..command }), update)),
    }
}

/// The name under which an object is stored.
pub(crate) fn name_of(kind: &Kind, fields: &Fields) -> String {
    let part = |field: &String| match fields.get(field.as_str()) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            String::new()
        }
    };
    let mut name = kind.key.first().map(part).unwrap_or_default();
    for extra in kind.key_extra.iter().map(part).filter(|extra| !extra.is_empty() && extra != "0") {
        name.push('\u{1f}');
        name.push_str(&extra);
    }
    name
}

fn exists(kind: &Kind, name: &str) -> Refusal {
    let key = spelling::argument(kind.key().unwrap_or("name"));
    Refusal::about(code::EXIST, format_args!("{key}, {name}"))
}

/// The fields to be unset: whatever value a client sends with them, only their names count
/// (seen from clients: some send `true`, some the value).
fn named(kind: &'static Kind, given: &Map<String, Value>) -> Result<Fields, Refusal> {
    let mut fields = Fields::new();
    for (name, value) in given {
        let Some((name, field)) = kind.field(name) else {
            return Err(Refusal::about(code::NOSUCHARG, spelling::argument(name)));
        };
        let mut selectors = kind.key.iter().chain(&kind.key_extra).chain(&kind.required_on_update);
        let selects = selectors.any(|key| key == name);
        let value = if selects { normalise::value_of(name, field, value)? } else { Value::Null };
        fields.insert(name, value);
    }
    Ok(fields)
}
