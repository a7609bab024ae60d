//! What makes a command acceptable for any type: the arguments that it may and must have, and the
//! existence of what it speaks of.

use serde_json::Value;

use super::{exists, files, normalise, spelling};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::rules;
use crate::schema::{self, Kind};
use crate::state::{BindingKey, Fields, Referrer, State, flag, text};

/// Checks what needs no state: which fields the operation takes, which it needs, which exclude
/// each other, and that names are legal.
pub(crate) fn arguments(command: &Command) -> Result<(), Refusal> {
    let kind = command.schema();
    let operation = command.verb.operation();
    for &field in command.fields.keys() {
        may_have(kind, &command.verb, operation, field)?;
    }
    match command.verb {
        Verb::Add | Verb::Bind => {
            for (field, facts) in &kind.fields {
                if facts.required_on_add {
                    must_have(command, field)?;
                }
            }
            alternatives(kind, &command.fields)?;
            legal_name(kind, &command.fields)
        }
        Verb::Update => {
            key_given(kind, command)?;
            for field in &kind.required_on_update {
                must_have(command, field)?;
            }
            exclusions(&kind.exclusive, &command.fields)?;
            let identity = |field: &&&str| is_identity(kind, field);
            if command.fields.keys().all(|field| identity(&field)) {
                return Err(Refusal::new(code::REQ_SET_ARGS));
            }
            Ok(())
        }
        Verb::Rename => {
            key_given(kind, command)?;
            must_have(command, "newname")?;
            if normalise::is_name(text(&command.fields, "newname")) {
                Ok(())
            } else {
                Err(Refusal::new(code::INVALIDNAME))
            }
        }
        Verb::Link => {
            key_given(kind, command)?;
            must_have(command, "linkcertkeyname")
        }
        Verb::Unbind => {
            key_given(kind, command)?;
            exclusions(&kind.one_of, &command.fields)?;
            exclusions(&kind.exclusive, &command.fields)
        }
        Verb::Delete if kind.name == "systemfile" => must_have(command, "filelocation"),
        Verb::Delete | Verb::Unset | Verb::Change | Verb::Unlink => key_given(kind, command),
        Verb::Enable | Verb::Disable if !kind.singleton => key_given(kind, command),
        Verb::Enable | Verb::Disable => {
            must_have(command, "feature").or_else(|_| must_have(command, "mode"))
        }
        Verb::Save | Verb::Clear | Verb::Other(_) => Ok(()),
    }
}

/// Checks what needs the state: that the object is there, or not yet, and that what it refers to is.
/// Finds out which binding is meant.
pub(crate) fn existence(state: &State, command: &mut Command) -> Result<(), Refusal> {
    let kind = command.schema();
    match command.verb {
        Verb::Add if kind.name == "systemfile" => files::acceptable(state, &command.fields),
        Verb::Add => {
            if !kind.key.is_empty() && is_there(state, kind, command) {
                return Err(exists(kind, &command.key));
            }
            references(state, kind, &command.fields)
        }
        Verb::Update | Verb::Change | Verb::Link => {
            object(state, kind, command)?;
            references(state, kind, &command.fields)
        }
        Verb::Rename => {
            object(state, kind, command)?;
            let new = text(&command.fields, "newname");
            if state.object(command.kind, new).is_some() {
                return Err(exists(kind, new));
            }
            Ok(())
        }
        Verb::Bind => {
            parent(state, kind, command)?;
            references(state, kind, &command.fields)?;
            command.child = BindingKey::of(command.kind, &command.fields).child.to_string();
            Ok(())
        }
        Verb::Unbind => {
            parent(state, kind, command)?;
            command.child = bound(state, kind, command)
                .ok_or_else(|| not_bound(kind, &command.fields))?
                .child
                .to_string();
            Ok(())
        }
        Verb::Unset | Verb::Delete | Verb::Enable | Verb::Disable | Verb::Unlink => {
            object(state, kind, command)
        }
        Verb::Save | Verb::Clear | Verb::Other(_) => Ok(()),
    }
}

/// A reference in a refusal: `No such resource [serviceGroupName, sg1]`.
pub(crate) fn missing(state: &State, kind: &Kind, name: &str) -> Refusal {
    let key = spelling::argument(kind.key().unwrap_or("name"));
    Refusal::about(rules::missing(state, &kind.name, name), format_args!("{key}, {name}"))
}

fn may_have(kind: &Kind, verb: &Verb, operation: &str, field: &str) -> Result<(), Refusal> {
    let allowed = match verb {
        Verb::Delete | Verb::Unbind => {
            is_identity(kind, field)
                || kind.delete_args.iter().any(|arg| arg == field)
                || kind.binding_key.iter().any(|key| key == field)
        }
        // The traffic domain tells objects apart, whether or not the payload lists it.
        Verb::Add
        | Verb::Update
        | Verb::Unset
        | Verb::Enable
        | Verb::Disable
        | Verb::Rename
        | Verb::Change
        | Verb::Link
        | Verb::Unlink
        | Verb::Bind
        | Verb::Save
        | Verb::Clear
        | Verb::Other(_) => is_identity(kind, field) || kind.takes(operation, field),
    };
    if allowed { Ok(()) } else { Err(Refusal::about(code::INVAL, spelling::argument(field))) }
}

fn is_identity(kind: &Kind, field: &str) -> bool {
    kind.key.iter().chain(&kind.key_extra).any(|key| key == field)
}

fn must_have(command: &Command, field: &str) -> Result<(), Refusal> {
    match command.fields.get(field) {
        None => Err(Refusal::about(code::ARGMISSING, spelling::argument(field))),
        Some(Value::String(value)) if value.is_empty() => {
            Err(Refusal::about(code::ARGVALMISSING, spelling::argument(field)))
        }
        Some(_) => Ok(()),
    }
}

fn key_given(kind: &Kind, command: &Command) -> Result<(), Refusal> {
    kind.key().map_or(Ok(()), |key| must_have(command, key))
}

fn alternatives(kind: &Kind, fields: &Fields) -> Result<(), Refusal> {
    exclusions(&kind.one_of, fields)?;
    exclusions(&kind.exclusive, fields)?;
    let given = |field: &String| fields.contains_key(field.as_str());
    match kind.one_of.iter().find(|list| !list.iter().any(given)) {
        Some(list) => Err(Refusal::about(code::ARGMISSING, spelled(list.iter()))),
        None => Ok(()),
    }
}

/// At most one of each list. A flag that is false does not count as given.
fn exclusions(lists: &[Vec<String>], fields: &Fields) -> Result<(), Refusal> {
    for list in lists {
        let given = |field: &&String| match fields.get(field.as_str()) {
            None | Some(Value::Bool(false)) => false,
            Some(_) => true,
        };
        let given: Vec<&String> = list.iter().filter(given).collect();
        if given.len() > 1 {
            // Seen from clients in this order: [serverName, IP].
            return Err(Refusal::about(code::ARGSMUTEX, spelled(given.into_iter().rev())));
        }
    }
    Ok(())
}

fn spelled<'a>(fields: impl Iterator<Item = &'a String>) -> String {
    fields.map(|field| spelling::argument(field)).collect::<Vec<_>>().join(", ")
}

/// The charset holds for names that users give; addresses, ids and files have rules of their own.
fn legal_name(kind: &Kind, fields: &Fields) -> Result<(), Refusal> {
    let own_rules = ["nsip", "nsip6", "hanode", "systemfile"];
    if kind.is_binding() || own_rules.contains(&kind.name.as_str()) {
        return Ok(());
    }
    let Some(Value::String(name)) = kind.key().and_then(|key| fields.get(key)) else {
        return Ok(());
    };
    if !normalise::is_name(name) {
        return Err(Refusal::new(code::INVALIDNAME));
    }
    if name.len() > longest_name(&kind.name) {
        let key = spelling::argument(kind.key().unwrap_or("name"));
        return Err(Refusal::about(code::STRMAXLEN, key));
    }
    Ok(())
}

/// How long a name may be. Documented for few types; a certkey's was seen from a client, the others
/// are assumed.
fn longest_name(kind: &str) -> usize {
    match kind {
        "lbmonitor" | "sslcertfile" | "sslkeyfile" => 31,
        "sslcipher" => 39,
        "sslcertkey" => 63,
        _ => 127,
    }
}

/// What refers to an object keeps it from being deleted. Types that have rules of their own for
/// that are judged there, with codes of their own.
pub(crate) fn not_in_use(state: &State, command: &Command) -> Result<(), Refusal> {
    const PLAIN: [&str; 9] = [
        "analyticsprofile",
        "ipset",
        "netprofile",
        "policypatset",
        "policystringmap",
        "sslcacertbundle",
        "sslcacertgroup",
        "sslcertkeybundle",
        "ssllogprofile",
    ];
    if command.verb != Verb::Delete || !PLAIN.contains(&command.kind) {
        return Ok(());
    }
    // Its own bindings go with it.
    let is_use = |referrer: &Referrer| match referrer {
        Referrer::Object(..) => true,
        Referrer::Binding(key, _) => key.kind.split('_').next() != Some(command.kind),
    };
    if state.referrers(command.kind, &command.key).iter().any(is_use) {
        return Err(Refusal::new(code::OBJECT_IN_USE));
    }
    Ok(())
}

fn is_there(state: &State, kind: &Kind, command: &Command) -> bool {
    if kind.name == "systemfile" {
        return state.file(files::location(&command.fields), &command.key).is_some();
    }
    state.object(command.kind, &command.key).is_some()
}

fn object(state: &State, kind: &Kind, command: &Command) -> Result<(), Refusal> {
    if kind.singleton || is_there(state, kind, command) {
        Ok(())
    } else {
        Err(missing(state, kind, &command.key))
    }
}

fn parent(state: &State, kind: &Kind, command: &Command) -> Result<(), Refusal> {
    let parent = kind.name.split('_').next().unwrap_or_default();
    if state.object(parent, &command.key).is_some() {
        Ok(())
    } else {
        Err(missing(state, kind, &command.key))
    }
}

/// Every reference must lead somewhere, as far as this appliance knows the types it may lead to.
fn references(state: &State, kind: &'static Kind, fields: &Fields) -> Result<(), Refusal> {
    let parent = kind.is_binding().then(|| kind.key()).flatten();
    for (&field, value) in fields {
        let Some(facts) = kind.fields.get(field) else { continue };
        let Value::String(name) = value else { continue };
        let literal = facts.ref_literals.iter().any(|literal| literal.eq_ignore_ascii_case(name));
        if facts.refers_to.is_none() || literal || name.is_empty() || parent == Some(field) {
            continue;
        }
        let known = facts.targets().all(|target| schema::kind(target).is_some());
        let found = facts.targets().any(|target| state.object(target, name).is_some());
        // A name under which the object itself is stored is no reference.
        if known && !found && Some(field) != kind.key() {
            let target = facts.targets().next().unwrap_or_default();
            let about = format_args!("{}, {name}", spelling::argument(field));
            return Err(Refusal::about(rules::missing(state, target, name), about));
        }
    }
    Ok(())
}

/// The binding that is meant: same parent, same bound side, same role, and whatever else was given.
fn bound<'a>(state: &'a State, kind: &Kind, command: &'a Command) -> Option<&'a BindingKey> {
    const ROLES: [&str; 3] = ["ca", "snicert", "snicertkeybundle"];
    let wanted = |fields: &Fields| {
        let same_side = command
            .fields
            .iter()
            .filter(|(field, _)| !is_identity(kind, field) && !ROLES.contains(field))
            // Whether a CA is checked against a CRL does not tell bindings apart.
            .filter(|(field, _)| !["crlcheck", "ocspcheck"].contains(field))
            .all(|(field, value)| fields.get(field) == Some(value));
        same_side && ROLES.iter().all(|role| flag(fields, role) == flag(&command.fields, role))
    };
    if !kind.binding_key.iter().any(|key| command.fields.contains_key(key.as_str())) {
        return None;
    }
    let mut all = state.bindings(command.kind, &command.key);
    all.find(|(_, fields)| wanted(fields)).map(|(key, _)| key)
}

fn not_bound(kind: &Kind, fields: &Fields) -> Refusal {
    let Some(side) = kind.binding_key.iter().find(|key| fields.contains_key(key.as_str())) else {
        let side = kind.binding_key.first().map_or("name", String::as_str);
        return Refusal::about(code::ARGMISSING, spelling::argument(side));
    };
    let value = match fields.get(side.as_str()) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let code = rules::not_bound(&kind.name);
    match code {
        code::NOENT => Refusal::about(code, format_args!("{}, {value}", spelling::argument(side))),
        _ => Refusal::new(code),
    }
}
