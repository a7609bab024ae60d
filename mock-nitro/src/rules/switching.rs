//! Content-switching actions, and the load-balancing vserver that a content-switching one falls
//! back to.

use super::{expression, refuse, refuse_about, vservers};
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
            if has_target {
                check_expression(command)
            } else {
                refuse_about(code::ARGMISSING, "targetLBVserver")
            }
        }
        ("csaction", Verb::Update) => {
            check_expression(command)?;
            check_target(state, command)
        }
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

/// A target that is computed is computed of the request (the code is assumed).
fn check_expression(command: &Command) -> Result<(), Refusal> {
    match text(&command.fields, "targetvserverexpr") {
        "" => Ok(()),
        target => {
            expression::for_requests(&*expression::check_text(target)?, code::TAR_FLOWTYPE_NRES)
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bench::Bench;
    use super::DEFAULTS;
    use crate::code;

    fn bench() -> Bench {
        let mut bench = Bench::new();
        for (name, servicetype, port) in [("http", "HTTP", 80), ("tcp", "TCP", 81)] {
            let fields = json!({"name": name, "servicetype": servicetype, "ipv46": "192.0.2.1", "port": port});
            bench.add("csvserver", &fields).unwrap();
        }
        for (name, servicetype) in [("one", "HTTP"), ("two", "SSL"), ("stream", "TCP")] {
            bench.add("lbvserver", &json!({"name": name, "servicetype": servicetype})).unwrap();
        }
        bench
    }

    #[test]
    fn an_action_has_one_target_of_one_kind() {
        let mut bench = bench();
        assert_eq!(bench.add("csaction", &json!({"name": "a"})), Err(code::ARGMISSING));
        assert!(bench.add("csaction", &json!({"name": "a", "targetlbvserver": "gone"})).is_err());
        let action = json!({"name": "a", "targetlbvserver": "one"});
        assert_eq!(bench.add("csaction", &action), Ok(vec![]));
        let moved = json!({"name": "a", "targetlbvserver": "two"});
        assert_eq!(bench.set("csaction", &moved), Ok(vec![]));
        let computed = json!({"name": "a", "targetvserverexpr": "HTTP.REQ.HOSTNAME"});
        assert_eq!(bench.set("csaction", &computed), Err(code::SET_CSACTION_DISALLOWED));
    }

    #[test]
    fn an_action_stays_while_a_policy_has_it_and_suits_where_that_is_bound() {
        let mut bench = bench();
        bench.add("csaction", &json!({"name": "a", "targetlbvserver": "one"})).unwrap();
        let policy = json!({"policyname": "p", "rule": "TRUE", "action": "a"});
        bench.add("cspolicy", &policy).unwrap();
        assert_eq!(bench.delete("csaction", &json!({"name": "a"})), Err(code::BOUNDTO_CSPOLICY));
        let binding = json!({"name": "http", "policyname": "p", "priority": 1});
        bench.bind("csvserver_cspolicy_binding", &binding).unwrap();
        let stream = json!({"name": "a", "targetlbvserver": "stream"});
        assert_eq!(bench.set("csaction", &stream), Err(code::CSW_BIND_INCOMPAT_TGT));
    }

    #[test]
    fn there_is_one_default_and_it_suits_its_vserver() {
        let mut bench = bench();
        let default = |name: &str, lbvserver: &str| json!({"name": name, "lbvserver": lbvserver});
        assert_eq!(bench.bind(DEFAULTS, &default("http", "one")), Ok(vec![]));
        assert_eq!(bench.bind(DEFAULTS, &default("http", "one")), Err(code::EXIST));
        assert_eq!(bench.bind(DEFAULTS, &default("http", "two")), Ok(vec![]));
        assert_eq!(bench.bound(DEFAULTS, "http", "lbvserver"), ["two"]);
        let stream = bench.bind(DEFAULTS, &default("http", "stream"));
        assert_eq!(stream, Err(code::CSW_BIND_INCOMPAT_TGT));
        assert_eq!(bench.bind(DEFAULTS, &default("tcp", "stream")), Ok(vec![]));
        let other = bench.unbind(DEFAULTS, &default("http", "one"));
        assert_eq!(other, Err(code::DEFAULTLB_NOT_BOUND));
    }
}
