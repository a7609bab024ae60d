//! Content-switching actions, and the load-balancing vserver that a content-switching one falls
//! back to.

use super::{refuse, refuse_about, vservers};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{BindingKey, State, text};

const TARGETS: [&str; 3] = ["targetlbvserver", "targetvserver", "targetvserverexpr"];

const DEFAULTS: &str = "csvserver_lbvserver_binding";

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match (command.kind, &command.verb) {
        ("csaction", Verb::Add) => {
            let has_target = TARGETS.iter().any(|target| !text(&command.fields, target).is_empty());
            // Documented: exactly one of them.
            if has_target { Ok(()) } else { refuse_about(code::ARGMISSING, "targetLBVserver") }
        }
        ("csaction", Verb::Update) => check_target(state, command),
        ("csaction", Verb::Delete) => {
            let used =
                state.objects("cspolicy").any(|(_, policy)| text(policy, "action") == command.key);
            if used { refuse(code::BOUNDTO_CSPOLICY) } else { Ok(()) }
        }
        (DEFAULTS, Verb::Bind) => {
            if state.binding(command.kind, &command.key, &command.child).is_some() {
                let lbvserver = text(&command.fields, "lbvserver");
                return refuse_about(code::EXIST, format_args!("lbvserver, {lbvserver}"));
            }
            check_behind(state, &command.key, text(&command.fields, "lbvserver"))
        }
        _ => Ok(()),
    }
}

/// The kind of a target stays (documented), and a new target must suit every csvserver that the
/// action serves.
fn check_target(state: &State, command: &Command) -> Result<(), Refusal> {
    let Some(action) = state.object("csaction", &command.key) else { return Ok(()) };
    for target in TARGETS {
        let given = !text(&command.fields, target).is_empty();
        if given && text(action, target).is_empty() {
            return refuse(code::SET_CSACTION_DISALLOWED);
        }
    }
    let target = text(&command.fields, "targetlbvserver");
    if target.is_empty() {
        return Ok(());
    }
    for (binding, fields) in state.bindings_of("csvserver_cspolicy_binding") {
        let policy = state.object("cspolicy", text(fields, "policyname"));
        if policy.is_some_and(|policy| text(policy, "action") == command.key) {
            check_behind(state, &binding.parent, target)?;
        }
    }
    Ok(())
}

/// Whether a load-balancing vserver can stand behind a content-switching one (documented, 707).
pub(super) fn check_behind(state: &State, csvserver: &str, lbvserver: &str) -> Result<(), Refusal> {
    let servicetype =
        |kind, name| state.object(kind, name).map_or("", |fields| text(fields, "servicetype"));
    let (outer, inner) = (servicetype("csvserver", csvserver), servicetype("lbvserver", lbvserver));
    if inner.is_empty() || vservers::are_compatible(outer, inner) {
        return Ok(());
    }
    refuse(code::CSW_BIND_INCOMPAT_TGT)
}

/// There is one default: a new one takes the place of the old (assumed).
pub(super) fn after(state: &mut State, command: &Command) {
    if command.verb != Verb::Bind {
        return;
    }
    let own = BindingKey::of(DEFAULTS, &command.fields);
    let others: Vec<BindingKey> = state
        .bindings(DEFAULTS, &command.key)
        .map(|(key, _)| key.clone())
        .filter(|key| *key != own)
        .collect();
    for key in others {
        state.remove_binding(&key);
    }
}
