//! Changes the state as a judged command says, for any type.

use std::sync::Arc;

use serde_json::Value;

use super::files;
use crate::command::{Command, Verb};
use crate::rules;
use crate::schema::{self, Kind};
use crate::state::{BindingKey, Fields, Referrer, State, text};

/// Carries out a command that was found to be right.
pub(crate) fn apply(state: &mut State, command: &Command) {
    let kind = command.schema();
    match &command.verb {
        Verb::Add if kind.name == "systemfile" => files::put(state, &command.fields),
        Verb::Delete if kind.name == "systemfile" => files::remove(state, &command.fields),
        Verb::Add => state.put_object(command.kind, &command.key, fresh(kind, &command.fields)),
        Verb::Update | Verb::Change | Verb::Link => update(state, kind, command),
        Verb::Unset => unset(state, kind, command),
        Verb::Unlink => {
            if let Some(fields) = state.object_mut(command.kind, &command.key) {
                fields.remove("linkcertkeyname");
            }
        }
        Verb::Delete => delete(state, kind, &command.key),
        Verb::Enable => switch(state, kind, command, true),
        Verb::Disable => switch(state, kind, command, false),
        Verb::Rename => {
            rename(state, command.kind, &command.key, text(&command.fields, "newname"));
        }
        Verb::Bind => {
            let key = BindingKey::of(command.kind, &command.fields);
            state.put_binding(key, fresh(kind, &command.fields));
        }
        Verb::Unbind => {
            state.remove_binding(&BindingKey {
                kind: command.kind,
                parent: command.key.as_str().into(),
                child: command.child.as_str().into(),
            });
        }
        Verb::Other("import" | "create") if !kind.key.is_empty() && !command.key.is_empty() => {
            state.put_object(command.kind, &command.key, fresh(kind, &command.fields));
        }
        Verb::Save | Verb::Clear | Verb::Other(_) => {}
    }
}

/// What was given, on top of the defaults.
fn fresh(kind: &'static Kind, given: &Fields) -> Fields {
    let mut fields: Fields = kind.defaults().map(|(field, value)| (field, value.clone())).collect();
    for (&field, value) in given {
        if !is_transient(field) {
            fields.insert(field, value.clone());
        }
    }
    fields
}

/// Arguments of the command itself, which no object keeps.
fn is_transient(field: &str) -> bool {
    ["nodomaincheck", "newname", "deletefromdevice"].contains(&field)
}

fn update(state: &mut State, kind: &'static Kind, command: &Command) {
    let given = command.fields.iter().filter(|(field, _)| !is_transient(field));
    let given = given.map(|(&field, value)| (field, value.clone()));
    if kind.singleton {
        state.singleton_mut(command.kind).extend(given);
    } else if let Some(member) = rules::member_of(command) {
        update_member(state, member, given);
    } else if let Some(held) = state.object(command.kind, &command.key) {
        let mut fields = Fields::clone(held);
        fields.extend(given);
        state.put_object(command.kind, &command.key, fields);
    }
}

/// A member is set by way of its group; the group itself keeps nothing of that.
fn update_member(
    state: &mut State,
    member: BindingKey,
    given: impl Iterator<Item = (&'static str, Value)>,
) {
    let kind = schema::kind(member.kind).expect("members are of a type of the schema");
    let held = state.binding(member.kind, &member.parent, &member.child);
    let Some(mut fields) = held.map(|held| Fields::clone(held)) else { return };
    fields.extend(given.filter_map(|(field, value)| Some((kind.field(field)?.0, value))));
    state.put_binding(member, fields);
}

fn unset(state: &mut State, kind: &'static Kind, command: &Command) {
    let fields = if kind.singleton {
        Some(state.singleton_mut(command.kind))
    } else {
        state.object_mut(command.kind, &command.key)
    };
    let Some(fields) = fields else { return };
    let reset = command.fields.iter().filter(|(_, value)| value.is_null());
    for (&field, _) in reset {
        match kind.fields.get(field).and_then(|facts| facts.default.clone()) {
            Some(default) => fields.insert(field, default),
            None => fields.remove(field),
        };
    }
}

/// Removes an object, and the bindings that have it as parent.
fn delete(state: &mut State, kind: &'static Kind, name: &str) {
    state.remove_object(&kind.name, name);
    for key in children(state, kind, name) {
        state.remove_binding(&key);
    }
}

fn children(state: &State, kind: &'static Kind, name: &str) -> Vec<BindingKey> {
    let of_type = |binding: &'static String| {
        state.bindings(binding, name).map(|(key, _)| key.clone()).collect::<Vec<_>>()
    };
    kind.bindings.iter().flat_map(of_type).collect()
}

/// Enables or disables an object, or a member of a group, or features.
fn switch(state: &mut State, kind: &'static Kind, command: &Command, on: bool) {
    if kind.singleton {
        let field = if kind.name == "nsmode" { "mode" } else { "feature" };
        return toggle(state, kind, &command.fields, (field, on));
    }
    let value = Value::from(if on { "ENABLED" } else { "DISABLED" });
    match rules::member_of(command) {
        Some(member) => {
            let held = state.binding(member.kind, &member.parent, &member.child);
            if let Some(mut fields) = held.map(|fields| Fields::clone(fields)) {
                fields.insert("state", value);
                state.put_binding(member, fields);
            }
        }
        None => {
            if let Some(fields) = state.object_mut(command.kind, &command.key) {
                fields.insert("state", value);
            }
        }
    }
}

fn toggle(state: &mut State, kind: &'static Kind, fields: &Fields, (field, on): (&str, bool)) {
    let names = fields.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    for name in names.iter().filter_map(Value::as_str) {
        let Some(name) = canonical(kind, field, name) else { continue };
        if field == "feature" {
            state.set_feature(feature(name), on);
        } else {
            state.singleton_mut("nsmode").insert(name, Value::Bool(on));
        }
    }
}

fn canonical(kind: &'static Kind, field: &str, name: &str) -> Option<&'static str> {
    let values = &kind.fields.get(field)?.values;
    values.iter().find(|value| *value == name).map(String::as_str)
}

/// The short name of a feature that has a long one too (documented).
pub(super) fn feature(name: &'static str) -> &'static str {
    match name {
        "WebLogging" => "WL",
        "SurgeProtection" => "SP",
        "LoadBalancing" => "LB",
        "ContentSwitching" => "CS",
        "CacheRedirection" => "CR",
        "CompressionControl" | "CMPcntl" => "CMP",
        "SSLOffload" | "SSLOffloading" => "SSL",
        "GlobalServerLoadBalancing" => "GSLB",
        "OSPFRouting" => "OSPF",
        "RIPRouting" => "RIP",
        "BGPRouting" => "BGP",
        "IPv6protocoltranslation" => "IPv6PT",
        "ApplicationFirewall" => "AppFw",
        "NetScalerPush" | "push" => "NSPush",
        "ISISRouting" => "ISIS",
        "CallHome" => "CH",
        "ContentInspection" => "CI",
        "Reputation" => "Rep",
        "IntegratedCaching" => "IC",
        short => short,
    }
}

/// Gives an object, and what is derived from it under the same name, a new name, and everything
/// that refers to it the new reference.
fn rename(state: &mut State, kind: &'static str, old: &str, new: &str) {
    let Some(schema) = schema::kind(kind) else { return };
    let Some(fields) = state.remove_object(kind, old) else { return };
    let mut fields = Arc::unwrap_or_clone(fields);
    if let Some(key) = schema.key() {
        fields.insert(key, Value::from(new));
    }
    state.put_object(kind, new, fields);
    for referrer in state.referrers(kind, old) {
        repoint(state, referrer, new);
    }
    if let Some(view) = ssl_view(kind) {
        rename(state, view, old, new);
    }
}

/// The type under which the SSL settings of an object are shown.
fn ssl_view(kind: &str) -> Option<&'static str> {
    match kind {
        "csvserver" | "lbvserver" => Some("sslvserver"),
        "servicegroup" => Some("sslservicegroup"),
        "service" => Some("sslservice"),
        _ => None,
    }
}

fn repoint(state: &mut State, referrer: Referrer, new: &str) {
    match referrer {
        Referrer::Object(key, field) => {
            if let Some(fields) = state.object_mut(key.kind, &key.name) {
                fields.insert(field, Value::from(new));
            }
        }
        Referrer::Binding(key, field) => {
            if let Some(fields) = state.remove_binding(&key) {
                let mut fields = Arc::unwrap_or_clone(fields);
                fields.insert(field, Value::from(new));
                state.put_binding(BindingKey::of(key.kind, &fields), fields);
            }
        }
    }
}
