//! Answers to POST, PUT and DELETE: requests become commands, one or many.

use serde_json::{Map, Value, json};

use super::reply::{Content, Reply, entry};
use super::request::{Call, OnError};
use super::session::Caller;
use super::{Appliance, several, system};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::engine;
use crate::schema::Kind;

/// What one command did.
#[derive(Debug)]
pub(super) struct Done {
    status: u16,
    warnings: Vec<Refusal>,
    content: Content,
}

impl Done {
    fn new(status: u16, warnings: Vec<Refusal>) -> Self {
        Self { status, warnings, content: Content::None }
    }
}

/// How the commands of one request are carried out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    pub(super) idempotent: bool,
    pub(super) overwrite: bool,
    pub(super) on_error: OnError,
}

/// Carries out a request that changes something.
pub(super) fn change(appliance: &mut Appliance, call: &Call) -> Result<Reply, Refusal> {
    match (call.kind_name(), call.method.as_str()) {
        ("macroapi", _) => return several::macroapi(appliance, call),
        ("batchapi", "POST") => return several::batchapi(appliance, call),
        ("reboot", "POST") => {
            appliance.reboot();
            return Ok(Reply::done(200));
        }
        _ => {}
    }
    let kind = call.kind()?;
    let verb = verb(kind, call)?;
    let (items, many) = items(kind, call, &verb)?;
    let commands = items.into_iter().map(|item| (kind, verb.clone(), item)).collect::<Vec<_>>();
    let many = many && commands.len() > 1;
    reply(appliance, call, &commands, many)
}

/// The verb of a request, if the type has it.
fn verb(kind: &Kind, call: &Call) -> Result<Verb, Refusal> {
    let action = call.action();
    match (call.method.as_str(), action.as_deref()) {
        ("POST" | "PUT", None) if kind.is_binding() => allowed(kind, Verb::Bind, "add"),
        ("POST", None) => allowed(kind, Verb::Add, "add"),
        ("PUT", None) if kind.allows("update") => Ok(Verb::Update),
        ("PUT", None) => Err(Refusal::new(code::SETNOTEXIST)),
        ("DELETE", _) | ("POST", Some("rm" | "unbind")) => {
            let verb = if kind.is_binding() { Verb::Unbind } else { Verb::Delete };
            allowed(kind, verb, "delete")
        }
        ("POST" | "PUT", Some(action)) => action_verb(kind, action),
        _ => Err(Refusal::new(code::NITRO_INVALID_METHOD)),
    }
}

fn allowed(kind: &Kind, verb: Verb, operation: &str) -> Result<Verb, Refusal> {
    if kind.allows(operation) { Ok(verb) } else { Err(Refusal::new(code::NOSUCHCMD)) }
}

/// The verb of an action. On the wire `update` is what the CLI calls `update` and the schema
/// `change`; `change` itself is no action (seen from clients).
fn action_verb(kind: &Kind, action: &str) -> Result<Verb, Refusal> {
    let refused = || Refusal::about(code::NITRO_INVALID_ACTION, action);
    let operation = match action {
        "update" => "change",
        "change" => return Err(refused()),
        other => other,
    };
    if !kind.allows(operation) {
        return Err(refused());
    }
    Ok(match operation {
        "unset" => Verb::Unset,
        "enable" => Verb::Enable,
        "disable" => Verb::Disable,
        "rename" => Verb::Rename,
        "change" => Verb::Change,
        "link" => Verb::Link,
        "unlink" => Verb::Unlink,
        "save" => Verb::Save,
        "clear" => Verb::Clear,
        "import" => Verb::Other("import"),
        "create" => Verb::Other("create"),
        "kill" => Verb::Other("kill"),
        "diff" => Verb::Other("diff"),
        "convert" => Verb::Other("convert"),
        _ => return Err(refused()),
    })
}

/// The objects that a request speaks of: from the body, or for DELETE from path and `args`.
fn items(
    kind: &Kind,
    call: &Call,
    verb: &Verb,
) -> Result<(Vec<Map<String, Value>>, bool), Refusal> {
    let (mut items, many) = if call.method == "DELETE" {
        let pairs = call.target.query.args.iter();
        let item = pairs.map(|(name, value)| (name.clone(), Value::from(value.as_str())));
        (vec![item.collect()], false)
    } else {
        call.items(&kind.name)?
    };
    if items.is_empty() {
        return Err(Refusal::new(code::NITRO_INVALID_JSON_INPUT));
    }
    if let (Some(name), Some(key), false) = (&call.target.name, kind.key(), *verb == Verb::Save) {
        for item in &mut items {
            item.entry(key).or_insert_with(|| Value::from(name.as_str()));
        }
    }
    Ok((items, many))
}

pub(super) type Item = (&'static Kind, Verb, Map<String, Value>);

/// Carries out commands and makes one answer of their outcomes.
pub(super) fn reply(
    appliance: &mut Appliance,
    call: &Call,
    items: &[Item],
    many: bool,
) -> Result<Reply, Refusal> {
    let query = &call.target.query;
    let manner = Manner {
        idempotent: query.idempotent,
        overwrite: query.overwrite,
        on_error: call.on_error(),
    };
    let undoable = items.iter().all(|(_, verb, _)| matches!(verb, Verb::Add | Verb::Bind));
    if many && manner.on_error == OnError::Rollback && !undoable {
        return Err(Refusal::new(code::NITRO_ROLLBACK_NOT_SUPPORTED));
    }
    let outcomes = run_all(appliance, call, items, manner);
    if !many {
        let outcome = outcomes.into_iter().next().expect("a request has at least one command");
        return outcome.map(|done| success(call, vec![done]));
    }
    if outcomes.iter().any(Result::is_err) {
        return Ok(bulk_failure(&outcomes));
    }
    Ok(success(call, outcomes.into_iter().flatten().collect()))
}

fn run_all(
    appliance: &mut Appliance,
    call: &Call,
    items: &[Item],
    manner: Manner,
) -> Vec<Result<Done, Refusal>> {
    let start = appliance.running.clone();
    let mut outcomes = Vec::new();
    let commands = appliance.stop_after.unwrap_or(items.len());
    for (place, (kind, verb, item)) in items.iter().enumerate().take(commands) {
        let outcome = match appliance.injected_failure(place) {
            Some(refusal) => Err(refusal),
            None => run(appliance, call, (kind, verb, item), manner),
        };
        let failed = outcome.is_err();
        outcomes.push(outcome);
        if failed && manner.on_error != OnError::Continue {
            break;
        }
    }
    if manner.on_error == OnError::Rollback && outcomes.iter().any(Result::is_err) {
        appliance.replace(start, "rollback");
    }
    outcomes
}

/// Carries out one command.
pub(super) fn run(
    appliance: &mut Appliance,
    call: &Call,
    (kind, verb, item): (&'static Kind, &Verb, &Map<String, Value>),
    manner: Manner,
) -> Result<Done, Refusal> {
    let command = engine::command(kind, verb.clone(), item)?;
    match (command.kind, &command.verb) {
        ("nsconfig", Verb::Save | Verb::Clear | Verb::Other(_)) => {
            whole_configuration(appliance, &command)
        }
        ("systemsession", Verb::Other(_)) => kill(appliance, call, &command),
        ("systemfile", Verb::Add) if manner.overwrite => {
            let before = appliance.running.clone();
            appliance.running.remove_file(engine::files::location(&command.fields), &command.key);
            let outcome = appliance.carry_out(command);
            if outcome.is_err() {
                appliance.running = before;
            }
            outcome.map(|warnings| Done::new(201, warnings))
        }
        (_, Verb::Add) if manner.idempotent => upsert(appliance, command),
        (_, Verb::Add | Verb::Bind) => {
            appliance.carry_out(command).map(|warnings| Done::new(201, warnings))
        }
        (_, _) => appliance.carry_out(command).map(|warnings| Done::new(200, warnings)),
    }
}

/// `idempotent=yes`: add what is not there, then set what only an update can; update what is there.
fn upsert(appliance: &mut Appliance, command: Command) -> Result<Done, Refusal> {
    let (first, second) = engine::upsert(&appliance.running, command)?;
    let created = first.as_ref().is_some_and(|first| first.verb == Verb::Add);
    let mut warnings = Vec::new();
    for command in first.into_iter().chain(second) {
        warnings.extend(appliance.carry_out(command)?);
    }
    Ok(Done::new(if created { 201 } else { 200 }, warnings))
}

/// Save, clear, diff and convert.
fn whole_configuration(appliance: &mut Appliance, command: &Command) -> Result<Done, Refusal> {
    let mut content = Content::None;
    match &command.verb {
        Verb::Save => appliance.save(),
        Verb::Clear => {
            if !command.fields.contains_key("level") {
                return Err(Refusal::about(code::ARGMISSING, "level"));
            }
            appliance.clear_configuration();
        }
        Verb::Other("diff") => {
            let response = json!({ "response": system::difference(appliance) });
            content = Content::Value("nsconfig".to_owned(), response);
        }
        Verb::Add
        | Verb::Update
        | Verb::Unset
        | Verb::Delete
        | Verb::Enable
        | Verb::Disable
        | Verb::Rename
        | Verb::Change
        | Verb::Link
        | Verb::Unlink
        | Verb::Bind
        | Verb::Unbind
        | Verb::Other(_) => return Err(Refusal::new(code::NO_PERM_ON_PLATFORM)),
    }
    Ok(Done { content, ..Done::new(200, Vec::new()) })
}

fn kill(appliance: &mut Appliance, call: &Call, command: &Command) -> Result<Done, Refusal> {
    let done = Done::new(200, Vec::new());
    if command.fields.get("all") == Some(&Value::Bool(true)) {
        appliance.sessions.end_others(call.caller);
        return Ok(done);
    }
    let id = command.fields.get("sid").and_then(Value::as_u64);
    let id = id.ok_or_else(|| Refusal::about(code::ARGMISSING, "sid"))?;
    if Caller::Session(id) == call.caller {
        return Err(Refusal::new(code::CFE_KILLSELF));
    }
    if !appliance.sessions.has(id) {
        return Err(Refusal::new(code::CFE_SESSION_NOEXIST));
    }
    appliance.sessions.end(id);
    Ok(done)
}

fn success(call: &Call, done: Vec<Done>) -> Reply {
    let status = done.iter().map(|done| done.status).max().unwrap_or(200);
    let mut warnings = Vec::new();
    let mut content = Content::None;
    for one in done {
        warnings.extend(one.warnings);
        content = one.content;
    }
    match warnings.into_iter().next() {
        Some(warning) if call.wants_warnings() => Reply::warned(warning),
        Some(_) | None => Reply { content, ..Reply::done(status) },
    }
}

fn bulk_failure(outcomes: &[Result<Done, Refusal>]) -> Reply {
    let entries = outcomes.iter().map(|outcome| entry(outcome.as_ref().err()));
    let refusal = Refusal::new(code::NITRO_BULK_FAILED).with_status(207);
    Reply {
        content: Content::Value("response".to_owned(), entries.collect()),
        ..Reply::refused(refusal)
    }
}
