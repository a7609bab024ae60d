//! A plan as the commands that an administrator would type, in the order of execution.
//!
//! The commands and the spelling of their arguments are documented in the vendor's command
//! reference. Files cannot be typed: they stand as comments, by name.

mod spelling;

use spelling::{argument, quoted, syntax};

use super::{AFTER_TAKEOVER, TAKEN_OVER, UNORDERED, nothing, unordered_title};
use crate::model::{BindingId, EntityId, Fields, Kind, Role, Value};
use crate::plan::{HeldBack, Op, Plan};
use crate::schema;

/// The whole plan, one command a line. A line that starts with `#` is a comment, as the appliance
/// itself writes them (seen in its saved configurations).
pub fn nscli(plan: &Plan) -> String {
    let mut lines: Vec<String> =
        plan.ops.iter().map(|planned| command(plan, &planned.op)).collect();
    if plan.takeovers > 0 {
        lines.insert(plan.settings, format!("# {TAKEN_OVER}"));
        lines.insert(plan.preliminaries() + 1, format!("# {AFTER_TAKEOVER}"));
    }
    lines.extend(plan.held_back.iter().flat_map(held_back));
    if !plan.unordered.is_empty() {
        lines.push(format!("# {}", unordered_title(plan)));
        lines.extend(plan.unordered.iter().map(|op| format!("# - {op}")));
        lines.push(format!("# {UNORDERED}"));
    }
    lines.extend(plan.is_empty().then(|| format!("# {}", nothing(plan))));
    lines.join("\n") + "\n"
}

/// What is not removed, as comments: there is no command to type.
fn held_back(held_back: &HeldBack) -> Vec<String> {
    let mut lines = vec![format!("# {}", held_back.title())];
    lines.extend(held_back.deletions.iter().map(|deletion| format!("# - {deletion}")));
    lines.extend(held_back.explanation().map(|sentence| format!("# {sentence}")));
    lines
}

fn command(plan: &Plan, op: &Op) -> String {
    match op {
        Op::Upload { file, content: _ } => format!("# put the file {file} into /nsconfig/ssl"),
        Op::RemoveFile { file } => format!("# remove the file {file} from /nsconfig/ssl"),
        Op::Create { entity, fields } => create(entity, fields),
        Op::Set { entity, fields } => {
            let before = plan.before.get(entity).map(|before| &before.fields);
            line("set", entity, arguments(entity.kind, &with_leaders(entity.kind, fields, before)))
        }
        Op::Unset { entity, fields } => {
            let names = fields.iter().map(|name| format!("-{}", argument(entity.kind, name)));
            line("unset", entity, names)
        }
        // Binding again overwrites the attributes (assumed for the priority of a policy).
        Op::Bind { binding, attributes } | Op::Rebind { binding, attributes } => {
            bind("bind", binding, attributes)
        }
        Op::Unbind { binding } => bind("unbind", binding, &Fields::new()),
        Op::EnableMember { member } => bind("enable", member, &Fields::new()),
        Op::DisableMember { member, delay_secs: 0 } => bind("disable", member, &Fields::new()),
        Op::DisableMember { member, delay_secs } => {
            let disable = bind("disable", member, &Fields::new());
            format!("{disable} -delay {delay_secs} -graceful YES")
        }
        Op::Enable { features } => format!("enable ns feature {}", features.join(" ")),
        Op::Change { certkey, cert, key } => {
            let mut words = vec![format!("-cert {}", quoted(cert))];
            words.extend(key.iter().map(|key| format!("-key {}", quoted(key))));
            words.push("-noDomainCheck".to_owned());
            line("update", &EntityId::new(Kind::SSLCERTKEY, certkey.as_str()), words)
        }
        Op::Link { certkey, issuer } => {
            line("link", &EntityId::new(Kind::SSLCERTKEY, certkey.as_str()), [quoted(issuer)])
        }
        Op::Unlink { certkey } => {
            line("unlink", &EntityId::new(Kind::SSLCERTKEY, certkey.as_str()), [])
        }
        Op::Delete { entity, also } => {
            line("rm", entity, also.values().map(|value| quoted(&value.to_string())))
        }
        Op::Verify { entity, fields } => {
            let show = line("show", entity, []);
            let wanted: Vec<String> = arguments(entity.kind, fields).collect();
            format!("# check that \"{show}\" says {}", wanted.join(" "))
        }
        Op::VerifyBinding { binding, attributes } => {
            let show = line("show", &binding.parent_id(), []);
            let wanted: Vec<String> = arguments(binding.kind, attributes).collect();
            format!("# check that \"{show}\" lists {} {}", binding.child, wanted.join(" "))
        }
        Op::Save => "save ns config".to_owned(),
    }
}

/// A verb, an object and what follows.
fn line(verb: &str, entity: &EntityId, rest: impl IntoIterator<Item = String>) -> String {
    let mut words = vec![verb.to_owned(), syntax(entity.kind).words.to_owned()];
    // Settings of the whole appliance have no name.
    words.extend((!entity.name.is_empty()).then(|| quoted(&entity.name)));
    words.extend(rest);
    words.join(" ")
}

fn create(entity: &EntityId, fields: &Fields) -> String {
    let places = syntax(entity.kind).places;
    let first = places.iter().filter_map(|name| fields.get(name)).map(word);
    let mut rest = fields.clone();
    rest.retain(|name, _| !places.contains(&name.as_str()));
    let rest = with_leaders(entity.kind, &rest, None);
    line("add", entity, first.chain(arguments(entity.kind, &rest)))
}

/// The fields, and those that some of them stand behind: as they were, or as they are by default.
fn with_leaders(kind: Kind, fields: &Fields, before: Option<&Fields>) -> Fields {
    let mut all = fields.clone();
    let leaders = fields.keys().filter_map(|name| spelling::leader(kind, name));
    for leader in leaders.filter(|leader| !fields.contains_key(leader)) {
        let known = before.and_then(|before| before.get(leader)).cloned();
        if let Some(value) = known.or_else(|| schema::reset_value(kind, leader)) {
            all.insert(leader.to_owned(), value);
        }
    }
    all
}

fn arguments(kind: Kind, fields: &Fields) -> impl Iterator<Item = String> {
    let follows = move |name: &str| {
        spelling::leader(kind, name).is_some_and(|leader| fields.contains_key(leader))
    };
    fields.iter().filter(move |(name, _)| !follows(name)).map(move |(name, value)| {
        let follower = spelling::follower(kind, name).and_then(|follower| fields.get(follower));
        let follower = follower.map(|value| format!(" {}", word(value))).unwrap_or_default();
        format!("-{} {}{follower}", argument(kind, name), word(value))
    })
}

fn word(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Number(number) => number.to_string(),
        Value::Flag(flag) => (if *flag { "YES" } else { "NO" }).to_owned(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
            items.join(" ")
        }
    }
}

fn bind(verb: &str, binding: &BindingId, attributes: &Fields) -> String {
    let BindingId { kind, parent: _, child, role } = binding;
    let child = match spelling::bound_as(*kind) {
        Some(name) => format!("-{name} {}", quoted(child)),
        None => quoted(child),
    };
    let flag = match role {
        Role::Plain => None,
        Role::Ca => Some("-CA".to_owned()),
        Role::Sni => Some("-SNICert".to_owned()),
        Role::Port(port) => Some(port.to_string()),
        Role::Request => Some("-type REQUEST".to_owned()),
        Role::Response => Some("-type RESPONSE".to_owned()),
    };
    let words = [child].into_iter().chain(flag).chain(arguments(*kind, attributes));
    line(verb, &binding.parent_id(), words)
}
