//! Policies and their actions: expressions, what each type of action needs, and what keeps them.

use serde_json::Value;

use super::{expression, refuse, refuse_about, switching};
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
        "rewriteaction" => check_rewrite_action(&fields),
        "sslaction" => check_ssl_action(&fields),
        "cspolicy" => {
            check_rule(command)?;
            check_new_action(state, command)
        }
        _ => check_rule(command),
    }
}

fn check_rule(command: &Command) -> Result<(), Refusal> {
    match command.fields.get("rule") {
        Some(Value::String(rule)) => expression::check_rule(rule),
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
        _ if target.is_empty() => return refuse_about(code::ARGMISSING, "target"),
        _ => expression::check_text(target)?,
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

/// Types whose target is the bare name of a header (documented); all others take an expression.
const ON_HEADERS: [&str; 3] = ["insert_http_header", "delete_http_header", "corrupt_http_header"];

/// Types that take something away, so need nothing to put in its place.
const TAKING_AWAY: [&str; 6] = [
    "delete",
    "delete_http_header",
    "corrupt_http_header",
    "delete_all",
    "clientless_vpn_decode_all",
    "clientless_vpn_encode_all",
];

fn check_rewrite_action(fields: &Fields) -> Result<(), Refusal> {
    let (kind, target) = (text(fields, "type"), text(fields, "target"));
    if kind == "noop" {
        return Ok(());
    }
    if ON_HEADERS.contains(&kind) {
        let is_name = !target.is_empty()
            && target
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte));
        if !is_name {
            return refuse_about(code::INVAL, format_args!("target, {target}"));
        }
    } else if !target.is_empty() {
        expression::check_text(target)?;
    }
    match (text(fields, "stringbuilderexpr"), TAKING_AWAY.contains(&kind)) {
        ("", false) => refuse_about(code::ARGMISSING, "stringBuilderExpr"),
        ("", true) => Ok(()),
        (_, true) => refuse(code::RW_ACT_INVAL),
        (builder, false) => expression::check_text(builder),
    }
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
        ] {
            assert_eq!(add("responderaction", &fields), outcome, "{fields}");
        }
    }

    #[test]
    fn a_rewrite_action_has_what_its_type_needs() {
        let header = |kind: &str, target: &str| json!({"type": kind, "target": target});
        let with = |mut fields: Value, builder: &str| {
            fields["stringbuilderexpr"] = builder.into();
            fields
        };
        let insert = "insert_http_header";
        for (fields, outcome) in [
            (with(header(insert, "X-Client"), "CLIENT.IP.SRC"), Ok(vec![])),
            (header(insert, "X-Client"), Err(code::ARGMISSING)),
            (with(header(insert, "X Client"), "\"a\""), Err(code::INVAL)),
            (with(header(insert, "X-Client"), "a b"), Err(code::INVALPISEXPR)),
            (header("delete_http_header", "X-Client"), Ok(vec![])),
            (with(header("delete_http_header", "X-Client"), "\"a\""), Err(code::RW_ACT_INVAL)),
            (with(header("replace", "HTTP.REQ.URL"), "\"/\""), Ok(vec![])),
        ] {
            assert_eq!(add("rewriteaction", &fields), outcome, "{fields}");
        }
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
