//! Policies and their actions: expressions, what each type of action needs, and what keeps them.

use serde_json::Value;

use super::{expression, refuse, refuse_about, rewrites, switching};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{Fields, Referrer, State, number, text};

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    if command.verb == Verb::Delete {
        return check_delete(state, command);
    }
    if !matches!(command.verb, Verb::Add | Verb::Update) {
        return Ok(());
    }
    let current = state.object(command.kind, &command.key);
    let mut fields = current.map(|fields| Fields::clone(fields)).unwrap_or_default();
    fields.extend(command.fields.iter().map(|(&field, value)| (field, value.clone())));
    match command.kind {
        "responderaction" => check_responder_action(&command.fields, &fields),
        "rewriteaction" => rewrites::check_action(state, command, &fields),
        "rewritepolicy" => rewrites::check_policy(state, command, &fields),
        "sslaction" => check_ssl_action(&fields),
        "cspolicy" => {
            check_rule(command, code::INVALPICEXPR)?;
            check_new_action(state, command)
        }
        "responderpolicy" => check_rule(command, code::RSP_POLICY_FLOWTYPE_REQ),
        _ => check_rule(command, code::INVALPICEXPR),
    }
}

/// None of these policies sees a response; `code` says so (documented for responders, for the others
/// the code is assumed).
fn check_rule(command: &Command, code: u32) -> Result<(), Refusal> {
    match command.fields.get("rule") {
        Some(Value::String(rule)) => {
            expression::for_requests(&*expression::check_rule(rule)?, code)
        }
        Some(_) | None => Ok(()),
    }
}

/// A policy stays while it is bound, an action while a policy has it (documented; the codes are
/// assumed for each type).
fn check_delete(state: &State, command: &Command) -> Result<(), Refusal> {
    let referrers = state.referrers(command.kind, &command.key);
    let is_bound = referrers.iter().any(|referrer| matches!(referrer, Referrer::Binding(..)));
    let of_others = |referrer: &Referrer| matches!(referrer, Referrer::Object(key, _) if key.kind != command.kind);
    if command.kind.ends_with("policy") {
        if is_bound { refuse(code::CPE_REM_INUSE) } else { Ok(()) }
    } else if referrers.iter().any(of_others) {
        refuse(code::ACTION_BOUND)
    } else {
        Ok(())
    }
}

/// The new action of a content-switching policy must suit where the policy is bound: there it may
/// not have had a target of its own (documented, 764), and the vservers must fit.
fn check_new_action(state: &State, command: &Command) -> Result<(), Refusal> {
    let Some(action) = state.object("csaction", text(&command.fields, "action")) else {
        return Ok(());
    };
    for (binding, fields) in state.bindings_of("csvserver_cspolicy_binding") {
        if text(fields, "policyname") != command.key {
            continue;
        }
        if !text(fields, "targetlbvserver").is_empty() {
            return refuse(code::CSW_ACTION_INCOMPTIBLE);
        }
        switching::check_behind(state, &binding.parent, text(action, "targetlbvserver"))?;
    }
    Ok(())
}

/// Which types answer with what (documented).
fn check_responder_action(given: &Fields, fields: &Fields) -> Result<(), Refusal> {
    let kind = text(fields, "type");
    let target = text(fields, "target");
    match kind {
        "noop" => {}
        "respondwithhtmlpage" => {
            if text(fields, "htmlpage").is_empty() {
                return refuse_about(code::ARGMISSING, "htmlPage");
            }
        }
        // Ours alone: an appliance answers databases with them.
        "sqlresponse_ok" | "sqlresponse_error" => {
            return refuse_about(
                code::RSP_ACT_INVAL,
                format_args!("type, {kind}: mock-nitro does not carry it out"),
            );
        }
        _ if target.is_empty() => return refuse_about(code::ARGMISSING, "target"),
        _ => expression::for_requests(&*expression::check_text(target)?, code::TAR_FLOWTYPE_NRES)?,
    }
    let says_how = ["responsestatuscode", "reasonphrase"]
        .iter()
        .any(|field| given.contains_key(field) && !given[field].is_null());
    if says_how && !["redirect", "respondwithhtmlpage"].contains(&kind) {
        return refuse(code::RESP_ACT_RESPONSE_CODE_REASON_PHRASE_NOT_ALLOWED);
    }
    let status = number(fields, "responsestatuscode");
    if kind == "redirect" && status.is_some_and(|status| !(300..400).contains(&status)) {
        return refuse(code::RESP_ACT_INVALID_REDIRECT_CODE);
    }
    Ok(())
}

/// A header that is to be inserted needs a name (documented).
fn check_ssl_action(fields: &Fields) -> Result<(), Refusal> {
    for (switch, header, code) in [
        ("clientcert", "certheader", code::CERTHEADER),
        ("sessionid", "sessionidheader", code::SESSHEADER),
        ("clientcertsubject", "certsubjectheader", code::CERTDNHEADER),
        ("clientcertissuer", "certissuerheader", code::CERTISSUERHEADER),
        ("cipher", "cipherheader", code::CIPHERHEADER),
    ] {
        if text(fields, switch) == "ENABLED" && text(fields, header).is_empty() {
            return refuse(code);
        }
    }
    Ok(())
}

/// A redirect without a status is a 302 (documented).
pub(super) fn after(state: &mut State, command: &Command) {
    let Some(fields) = state.object_mut(command.kind, &command.key) else { return };
    if text(fields, "type") == "redirect" {
        fields.entry("responsestatuscode").or_insert_with(|| 302.into());
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, Outcome};
    use crate::code;

    fn add(kind: &str, fields: &Value) -> Outcome {
        let mut fields = fields.clone();
        fields["name"] = "x".into();
        Bench::new().add(kind, &fields)
    }

    #[test]
    fn a_responder_action_has_what_its_type_needs() {
        for (fields, outcome) in [
            (json!({"type": "redirect", "target": "\"https://a.example\""}), Ok(vec![])),
            (json!({"type": "redirect", "target": "https://a.example"}), Err(code::INVALPISEXPR)),
            (json!({"type": "redirect"}), Err(code::ARGMISSING)),
            (
                json!({"type": "redirect", "target": "\"/\"", "responsestatuscode": 404}),
                Err(code::RESP_ACT_INVALID_REDIRECT_CODE),
            ),
            (
                json!({"type": "respondwith", "target": "\"HTTP/1.1 404 Not Found\\r\\n\\r\\n\""}),
                Ok(vec![]),
            ),
            (
                json!({"type": "respondwith", "target": "\"x\"", "responsestatuscode": 404}),
                Err(code::RESP_ACT_RESPONSE_CODE_REASON_PHRASE_NOT_ALLOWED),
            ),
            (json!({"type": "noop"}), Ok(vec![])),
            (json!({"type": "sqlresponse_ok", "target": "\"x\""}), Err(code::RSP_ACT_INVAL)),
        ] {
            assert_eq!(add("responderaction", &fields), outcome, "{fields}");
        }
    }

    #[test]
    fn what_looks_at_a_response_is_refused_where_there_is_none() {
        let rule = "HTTP.RES.STATUS.EQ(404)";
        let mut bench = Bench::new();
        for (kind, name, code) in [
            ("cspolicy", "policyname", code::INVALPICEXPR),
            ("responderpolicy", "name", code::RSP_POLICY_FLOWTYPE_REQ),
            ("sslpolicy", "name", code::INVALPICEXPR),
        ] {
            let mut policy = json!({"rule": rule, "action": "NOOP"});
            policy[name] = "p".into();
            if kind == "cspolicy" {
                policy.as_object_mut().unwrap().remove("action");
            }
            assert_eq!(bench.add(kind, &policy), Err(code), "{kind}");
        }
        let answer =
            json!({"name": "a", "type": "respondwith", "target": "HTTP.RES.HEADER(\"X\")"});
        assert_eq!(bench.add("responderaction", &answer), Err(code::TAR_FLOWTYPE_NRES));
        let action = json!({"name": "a", "targetvserverexpr": "HTTP.RES.HEADER(\"X\")"});
        assert_eq!(bench.add("csaction", &action), Err(code::TAR_FLOWTYPE_NRES));
        let action = json!({"name": "a", "targetvserverexpr": "HTTP.REQ.NOTHING"});
        assert_eq!(bench.add("csaction", &action), Err(code::INVALPISEXPR));
        let lbvserver = json!({"name": "l", "servicetype": "HTTP", "persistencetype": "RULE", "rule": "HTTP.RES.HEADER(\"X\")"});
        assert_eq!(bench.add("lbvserver", &lbvserver), Err(code::TAR_FLOWTYPE_NRES));
    }

    #[test]
    fn a_policy_has_a_rule_and_an_action_that_is_there() {
        let policy = |rule: &str, action: &str| json!({"rule": rule, "action": action});
        assert_eq!(add("responderpolicy", &policy("TRUE", "DROP")), Ok(vec![]));
        assert_eq!(add("responderpolicy", &policy("TRUE", "gone")), Err(code::ACTION_NOTPRESENT));
        assert_eq!(add("responderpolicy", &policy("(TRUE", "DROP")), Err(code::INVALPICEXPR));
        assert_eq!(add("rewritepolicy", &policy("\"a\"", "NOREWRITE")), Err(code::BOOLEXPR));
    }

    #[test]
    fn what_is_used_stays() {
        let mut bench = Bench::new();
        bench.add("responderaction", &json!({"name": "a", "type": "noop"})).unwrap();
        let policy = json!({"name": "p", "rule": "TRUE", "action": "a"});
        bench.add("responderpolicy", &policy).unwrap();
        bench.add("lbvserver", &json!({"name": "l", "servicetype": "HTTP"})).unwrap();
        let binding = json!({"name": "l", "policyname": "p", "priority": 1});
        bench.bind("lbvserver_responderpolicy_binding", &binding).unwrap();
        let (action, policy) = (json!({"name": "a"}), json!({"name": "p"}));
        assert_eq!(bench.delete("responderaction", &action), Err(code::ACTION_BOUND));
        assert_eq!(bench.delete("responderpolicy", &policy), Err(code::CPE_REM_INUSE));
        bench.unbind("lbvserver_responderpolicy_binding", &binding).unwrap();
        assert_eq!(bench.delete("responderpolicy", &policy), Ok(vec![]));
        assert_eq!(bench.delete("responderaction", &action), Ok(vec![]));
    }
}
