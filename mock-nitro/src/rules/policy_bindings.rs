//! Policies bound to virtual servers: priorities, and what a content-switching policy needs beside.

use super::{refuse, refuse_about, rewrites, switching, vservers};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{State, bind_point, flag, number, text};

const OF_SWITCHING: &str = "csvserver_cspolicy_binding";

/// Whether a type binds policies to something that evaluates them by priority.
pub(super) fn is_one(kind: &str) -> bool {
    let parents = ["csvserver_", "lbvserver_", "sslvserver_", "sslservice_"];
    kind.ends_with("policy_binding") && parents.iter().any(|parent| kind.starts_with(parent))
}

fn has_bind_points(kind: &str) -> bool {
    kind.ends_with("_responderpolicy_binding") || kind.ends_with("_rewritepolicy_binding")
}

/// Where nothing else is said, a policy is evaluated for requests, and evaluation ends with it
/// (assumed).
pub(super) fn complete(command: &mut Command) {
    if command.verb != Verb::Bind || !has_bind_points(command.kind) {
        return;
    }
    command.fields.entry("bindpoint").or_insert_with(|| "REQUEST".into());
    command.fields.entry("gotopriorityexpression").or_insert_with(|| "END".into());
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.verb != Verb::Bind {
        return Ok(());
    }
    let policy = text(&command.fields, "policyname");
    check_priority(state, command, policy)?;
    if state.binding(command.kind, &command.key, &command.child).is_some() {
        // Assumed: a policy moves by unbinding and binding, as clients do it.
        return refuse_about(code::EXIST, format_args!("policyName, {policy}"));
    }
    let invokes = flag(&command.fields, "invoke");
    let labels = ["labeltype", "labelname"];
    if invokes && labels.iter().any(|label| text(&command.fields, label).is_empty()) {
        return refuse_about(code::ARGPREREQ, "invoke, labelType, labelName");
    }
    check_protocol(state, command, policy)?;
    if command.kind.ends_with("_rewritepolicy_binding") {
        rewrites::check_binding(state, command, policy)?;
    }
    if command.kind == OF_SWITCHING { check_switching(state, command, policy) } else { Ok(()) }
}

/// A priority is needed, and each is taken once per bind point (documented).
fn check_priority(state: &State, command: &Command, policy: &str) -> Result<(), Refusal> {
    let Some(priority) = number(&command.fields, "priority") else {
        return refuse(if command.kind == OF_SWITCHING {
            code::PRIORITY_COMP_PI_CSW
        } else {
            code::INVAL_PRIORITY
        });
    };
    if !(1..=2_147_483_647).contains(&priority) {
        return refuse(code::INVAL_PRIORITY);
    }
    let point = text(&command.fields, bind_point(command.kind));
    let holder = state.policy_at(command.kind, &command.key, (point, priority));
    if holder.is_some_and(|holder| holder != policy) {
        refuse(code::PI_PRIORITY_EXISTS)
    } else {
        Ok(())
    }
}

/// A rule about HTTP needs a vserver that understands it (documented, 688 for content switching).
fn check_protocol(state: &State, command: &Command, policy: &str) -> Result<(), Refusal> {
    let parent = command.kind.split('_').next().unwrap_or_default();
    let Some(vserver) = state.object(parent, &command.key) else { return Ok(()) };
    let servicetype = text(vserver, "servicetype");
    if servicetype.is_empty() || vservers::speaks_http(servicetype) {
        return Ok(());
    }
    let of_http = match command.kind {
        OF_SWITCHING => {
            let rule = state.object("cspolicy", policy).map_or("", |policy| text(policy, "rule"));
            rule.to_ascii_uppercase().contains("HTTP.")
        }
        // A responder policy may close a stream, but not answer on it (assumed).
        kind if kind.ends_with("_responderpolicy_binding") => {
            state.object("responderpolicy", policy).is_some_and(|policy| {
                let action = state.object("responderaction", text(policy, "action"));
                text(policy, "rule").to_ascii_uppercase().contains("HTTP.")
                    || action.is_some_and(|action| text(action, "type") != "noop")
            })
        }
        kind => kind.ends_with("_rewritepolicy_binding"),
    };
    match (of_http, command.kind) {
        (false, _) => Ok(()),
        (true, OF_SWITCHING) => refuse(code::NONHTTP_CSW_BIND_HTTP_SSL_POLICY),
        (true, _) => refuse(code::INVALID_POLICY_BINDING),
    }
}

/// A content-switching policy leads somewhere: by its action, or by its binding, but not by both
/// (documented).
fn check_switching(state: &State, command: &Command, policy: &str) -> Result<(), Refusal> {
    let target = text(&command.fields, "targetlbvserver");
    let goes_on = flag(&command.fields, "invoke")
        || !text(&command.fields, "gotopriorityexpression").is_empty();
    let policy_fields = state.object("cspolicy", policy);
    let action = policy_fields.map_or("", |policy| text(policy, "action"));
    if action.is_empty() {
        if target.is_empty() && !goes_on {
            return refuse(code::CSPOLICY_NOACTION);
        }
        let bound_elsewhere =
            state.bindings_of(OF_SWITCHING).any(|(_, fields)| text(fields, "policyname") == policy);
        if bound_elsewhere {
            return refuse(code::INVALID_MULTIPLEBIND);
        }
        return switching::check_behind(state, &command.key, target);
    }
    if !target.is_empty() {
        return refuse(code::CSPOLICY_HASACTION);
    }
    if goes_on {
        return refuse(code::ACTION_NOTNOOP_CS);
    }
    let Some(action) = state.object("csaction", action) else { return Ok(()) };
    switching::check_behind(state, &command.key, text(action, "targetlbvserver"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, Outcome};
    use super::OF_SWITCHING;
    use crate::code;

    /// A csvserver, a target, and policies with (`p`, `q`) and without (`bare`) an action.
    fn bench() -> Bench {
        let mut bench = Bench::new();
        for (name, servicetype, port) in [("c", "HTTP", 80), ("t", "TCP", 81)] {
            let fields = json!({"name": name, "servicetype": servicetype, "ipv46": "192.0.2.1", "port": port});
            bench.add("csvserver", &fields).unwrap();
        }
        bench.add("lbvserver", &json!({"name": "l", "servicetype": "HTTP"})).unwrap();
        bench.add("csaction", &json!({"name": "a", "targetlbvserver": "l"})).unwrap();
        for name in ["p", "q"] {
            let policy =
                json!({"policyname": name, "rule": "HTTP.REQ.URL.EQ(\"/\")", "action": "a"});
            bench.add("cspolicy", &policy).unwrap();
        }
        bench.add("cspolicy", &json!({"policyname": "bare", "rule": "TRUE"})).unwrap();
        let responder = json!({"name": "r", "rule": "TRUE", "action": "DROP"});
        bench.add("responderpolicy", &responder).unwrap();
        bench
    }

    fn bind(bench: &mut Bench, policy: &str, own: &Value) -> Outcome {
        let mut fields = own.clone();
        fields["policyname"] = policy.into();
        if fields.get("name").is_none() {
            fields["name"] = "c".into();
        }
        bench.bind(OF_SWITCHING, &fields)
    }

    #[test]
    fn a_priority_is_needed_and_taken_once() {
        let mut bench = bench();
        assert_eq!(bind(&mut bench, "p", &json!({})), Err(code::PRIORITY_COMP_PI_CSW));
        assert_eq!(bind(&mut bench, "p", &json!({"priority": 0})), Err(code::INVAL_PRIORITY));
        let beyond = json!({"priority": 2_147_483_648_u64});
        assert_eq!(bind(&mut bench, "p", &beyond), Err(code::INVAL_PRIORITY));
        assert_eq!(bind(&mut bench, "p", &json!({"priority": 10})), Ok(vec![]));
        assert_eq!(bind(&mut bench, "q", &json!({"priority": 10})), Err(code::PI_PRIORITY_EXISTS));
        assert_eq!(bind(&mut bench, "p", &json!({"priority": 11})), Err(code::EXIST));
        let responder = json!({"name": "c", "policyname": "r", "priority": 10});
        assert_eq!(bench.bind("csvserver_responderpolicy_binding", &responder), Ok(vec![]));
    }

    #[test]
    fn a_switching_policy_leads_somewhere_in_one_way() {
        let mut bench = bench();
        for (policy, own, code) in [
            ("p", json!({"priority": 1, "targetlbvserver": "l"}), code::CSPOLICY_HASACTION),
            ("p", json!({"priority": 1, "gotopriorityexpression": "END"}), code::ACTION_NOTNOOP_CS),
            ("bare", json!({"priority": 1}), code::CSPOLICY_NOACTION),
            ("gone", json!({"priority": 1}), code::NOPOL),
        ] {
            assert_eq!(bind(&mut bench, policy, &own), Err(code), "{policy} {own}");
        }
        let target = json!({"priority": 1, "targetlbvserver": "l"});
        assert_eq!(bind(&mut bench, "bare", &target), Ok(vec![]));
        let elsewhere = json!({"name": "t", "priority": 1, "targetlbvserver": "l"});
        assert_eq!(bind(&mut bench, "bare", &elsewhere), Err(code::INVALID_MULTIPLEBIND));
    }

    #[test]
    fn a_rule_about_http_needs_a_vserver_that_understands_it() {
        let stream = json!({"name": "t", "priority": 1});
        let outcome = bind(&mut bench(), "p", &stream);
        assert_eq!(outcome, Err(code::NONHTTP_CSW_BIND_HTTP_SSL_POLICY));
    }

    #[test]
    fn a_stream_may_be_closed_but_not_answered() {
        let mut bench = bench();
        let answer = json!({"name": "answer", "type": "respondwith", "target": "\"x\""});
        bench.add("responderaction", &answer).unwrap();
        let policy = json!({"name": "answer", "rule": "TRUE", "action": "answer"});
        bench.add("responderpolicy", &policy).unwrap();
        let policy = json!({"name": "http", "rule": "HTTP.REQ.IS_VALID", "action": "DROP"});
        bench.add("responderpolicy", &policy).unwrap();
        for (policy, expected) in [
            ("r", Ok(vec![])),
            ("answer", Err(code::INVALID_POLICY_BINDING)),
            ("http", Err(code::INVALID_POLICY_BINDING)),
        ] {
            let binding = json!({"name": "t", "policyname": policy, "priority": 1});
            let outcome = bench.clone().bind("csvserver_responderpolicy_binding", &binding);
            assert_eq!(outcome, expected, "{policy}");
        }
    }

    #[test]
    fn an_unbind_that_names_another_priority_finds_nothing() {
        let mut bench = bench();
        bind(&mut bench, "p", &json!({"priority": 10})).unwrap();
        let other = json!({"name": "c", "policyname": "p", "priority": 11});
        assert_eq!(bench.unbind(OF_SWITCHING, &other), Err(code::UNBIND_INVALIDPOL));
        let policy = json!({"policyname": "p"});
        assert_eq!(bench.delete("cspolicy", &policy), Err(code::CPE_REM_INUSE));
        let right = json!({"name": "c", "policyname": "p", "priority": 10});
        assert_eq!(bench.unbind(OF_SWITCHING, &right), Ok(vec![]));
        assert_eq!(bench.delete("cspolicy", &policy), Ok(vec![]));
    }

    #[test]
    fn a_bound_policy_does_not_get_a_target_that_does_not_fit() {
        let mut bench = bench();
        bench.add("lbvserver", &json!({"name": "s", "servicetype": "TCP"})).unwrap();
        bench.add("csaction", &json!({"name": "b", "targetlbvserver": "s"})).unwrap();
        bind(&mut bench, "p", &json!({"priority": 1})).unwrap();
        let moved = json!({"policyname": "p", "action": "b"});
        assert_eq!(bench.set("cspolicy", &moved), Err(code::CSW_BIND_INCOMPAT_TGT));
        bind(&mut bench, "bare", &json!({"priority": 2, "targetlbvserver": "l"})).unwrap();
        let acting = json!({"policyname": "bare", "action": "a"});
        assert_eq!(bench.set("cspolicy", &acting), Err(code::CSW_ACTION_INCOMPTIBLE));
    }
}
