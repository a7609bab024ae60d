//! Rewrite actions and policies: what this appliance can carry out, and whether they are for
//! requests or for responses.

use super::{expression, refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal};
use crate::expression::Expression;
use crate::state::{Fields, State, text};

const BINDINGS: [&str; 2] = ["csvserver_rewritepolicy_binding", "lbvserver_rewritepolicy_binding"];

/// What an action of a type works on, and whether it needs something to put there (documented).
struct Shape {
    kind: &'static str,
    target: Target,
    builds: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    /// The bare name of a header.
    Name,
    /// A part of the message.
    Part,
    /// The whole new response, as an expression.
    Response,
}

/// Every type that this appliance carries out. The others change bodies or protocols that it does
/// not read.
const SHAPES: [Shape; 8] = [
    Shape { kind: "insert_http_header", target: Target::Name, builds: true },
    Shape { kind: "delete_http_header", target: Target::Name, builds: false },
    Shape { kind: "corrupt_http_header", target: Target::Name, builds: false },
    Shape { kind: "replace", target: Target::Part, builds: true },
    Shape { kind: "insert_before", target: Target::Part, builds: true },
    Shape { kind: "insert_after", target: Target::Part, builds: true },
    Shape { kind: "delete", target: Target::Part, builds: false },
    Shape { kind: "replace_http_res", target: Target::Response, builds: false },
];

/// For what an action or a policy can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    Both,
    Requests,
    Responses,
}

pub(super) fn check_action(
    state: &State,
    command: &Command,
    fields: &Fields,
) -> Result<(), Refusal> {
    let (kind, target) = (text(fields, "type"), text(fields, "target"));
    if kind == "noop" {
        return Ok(());
    }
    let Some(shape) = SHAPES.iter().find(|shape| shape.kind == kind) else {
        // Ours alone: an appliance has them.
        return refuse_about(
            code::RW_ACT_INVAL,
            format_args!("type, {kind}: mock-nitro does not carry it out"),
        );
    };
    for field in ["search", "refinesearch"] {
        if !text(fields, field).is_empty() {
            // They are for types that change all that is found (documented).
            return refuse_about(code::RW_ACT_INVAL, format_args!("{field}, {kind}"));
        }
    }
    let builder = text(fields, "stringbuilderexpr");
    match (builder.is_empty(), shape.builds) {
        (true, true) => return refuse_about(code::ARGMISSING, "stringBuilderExpr"),
        (false, false) => return refuse(code::RW_ACT_INVAL),
        _ => {}
    }
    if target.is_empty() {
        return refuse_about(code::ARGMISSING, "target");
    }
    let of_target = check_target(shape.target, target)?;
    let built = if shape.builds { Some(expression::check_text(builder)?) } else { None };
    let flow = match (of_target, built.is_some_and(|built| built.reads_response())) {
        (Flow::Requests, true) => return refuse(code::ACTFLOWMISMATCH),
        (_, true) => Flow::Responses,
        (flow, false) => flow,
    };
    let uses = state.objects("rewritepolicy");
    for (name, policy) in uses.filter(|(_, policy)| text(policy, "action") == command.key) {
        check_bound(state, name, flow_of(text(policy, "rule"), flow))?;
    }
    Ok(())
}

/// The headers that say where a message ends, and what becomes of the connection.
const FRAMING: [&str; 4] = ["connection", "content-length", "transfer-encoding", "upgrade"];

fn check_target(shape: Target, target: &str) -> Result<Flow, Refusal> {
    let is_in_name = |byte: u8| byte.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]{}".contains(&byte);
    match shape {
        // An appliance may let them be changed; what carries the traffic of this one would lie.
        Target::Name if FRAMING.iter().any(|name| target.eq_ignore_ascii_case(name)) => {
            let why = format_args!("target, {target}: mock-nitro says itself where a message ends");
            Err(Refusal::about(code::INVAL, why))
        }
        Target::Name if target.bytes().all(is_in_name) => Ok(Flow::Both),
        Target::Name => Err(Refusal::about(code::INVAL, format_args!("target, {target}"))),
        Target::Response => {
            expression::check_text(target)?;
            Ok(Flow::Responses)
        }
        Target::Part => match expression::check_text(target)?.place() {
            Some(place) if place.is_of_response() => Ok(Flow::Responses),
            Some(_) => Ok(Flow::Requests),
            // An appliance can also change parts of these, and bodies.
            None => Err(Refusal::about(
                code::RONLY_TAR_EXPR,
                format_args!(
                    "target, {target}: mock-nitro changes URL, URL.PATH, URL.PATH_AND_QUERY, \
                     URL.QUERY, HOSTNAME and HEADER(..) of requests, STATUS, STATUS_MSG and \
                     HEADER(..) of responses"
                ),
            )),
        },
    }
}

/// A policy is for requests or for responses, not for both (documented, 3089).
pub(super) fn check_policy(
    state: &State,
    command: &Command,
    fields: &Fields,
) -> Result<(), Refusal> {
    expression::check_rule(text(fields, "rule"))?;
    let flow = flow(state, text(fields, "rule"), text(fields, "action"));
    if flow.is_none() {
        return refuse(code::POLICY_FLOWTYPE_NONE);
    }
    check_bound(state, &command.key, flow)
}

/// Whether a policy may be bound where it is evaluated for this (the code is assumed).
pub(super) fn check_binding(state: &State, command: &Command, policy: &str) -> Result<(), Refusal> {
    let Some(policy) = state.object("rewritepolicy", policy) else { return Ok(()) };
    let flow = flow(state, text(policy, "rule"), text(policy, "action"));
    if fits(flow, text(&command.fields, "bindpoint")) {
        Ok(())
    } else {
        refuse(code::INVALID_POLICY_BINDING)
    }
}

/// A bound policy does not get a rule or an action that does not fit there (assumed: 3095).
fn check_bound(state: &State, policy: &str, flow: Option<Flow>) -> Result<(), Refusal> {
    let all = BINDINGS.iter().flat_map(|kind| state.bindings_of(kind));
    let mut own = all.filter(|(_, fields)| text(fields, "policyname") == policy);
    if own.all(|(_, fields)| fits(flow, text(fields, "bindpoint"))) {
        Ok(())
    } else {
        refuse(code::POLICY_SET_NOTALLOWED)
    }
}

fn fits(flow: Option<Flow>, bindpoint: &str) -> bool {
    match flow {
        Some(Flow::Both) => true,
        Some(Flow::Requests) => bindpoint != "RESPONSE",
        Some(Flow::Responses) => bindpoint == "RESPONSE",
        None => false,
    }
}

/// For what a policy can be used; nothing if its rule and its action do not go together.
fn flow(state: &State, rule: &str, action: &str) -> Option<Flow> {
    let of_action = state.object("rewriteaction", action).map_or(Flow::Both, |action| {
        let reads = |field| {
            Expression::compile(text(action, field)).is_ok_and(|compiled| compiled.reads_response())
        };
        let shape = SHAPES.iter().find(|shape| shape.kind == text(action, "type"));
        let of_target = shape
            .and_then(|shape| check_target(shape.target, text(action, "target")).ok())
            .unwrap_or(Flow::Both);
        if reads("stringbuilderexpr") { Flow::Responses } else { of_target }
    });
    flow_of(rule, of_action)
}

fn flow_of(rule: &str, of_action: Flow) -> Option<Flow> {
    let reads_response = Expression::compile(rule).is_ok_and(|rule| rule.reads_response());
    match (reads_response, of_action) {
        (true, Flow::Requests) => None,
        (true, Flow::Both | Flow::Responses) => Some(Flow::Responses),
        (false, flow) => Some(flow),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, Outcome};
    use crate::code;

    fn action(bench: &mut Bench, kind: &str, target: &str, builder: &str) -> Outcome {
        let mut fields = json!({"name": "a", "type": kind, "target": target});
        if !builder.is_empty() {
            fields["stringbuilderexpr"] = builder.into();
        }
        bench.add("rewriteaction", &fields)
    }

    #[test]
    fn an_action_has_what_its_type_needs_and_a_target_that_can_be_changed() {
        let not_ours = Err(code::RONLY_TAR_EXPR);
        for (kind, target, builder, outcome) in [
            ("insert_http_header", "X-Client", "CLIENT.IP.SRC", Ok(vec![])),
            ("insert_http_header", "X-Status", "HTTP.RES.STATUS", Ok(vec![])),
            ("insert_http_header", "X-Client", "", Err(code::ARGMISSING)),
            ("insert_http_header", "X Client", "\"a\"", Err(code::INVAL)),
            ("insert_http_header", "Content-Length", "\"1\"", Err(code::INVAL)),
            ("insert_http_header", "X-Client", "a b", Err(code::INVALPISEXPR)),
            ("delete_http_header", "X-Client", "", Ok(vec![])),
            ("delete_http_header", "X-Client", "\"a\"", Err(code::RW_ACT_INVAL)),
            ("corrupt_http_header", "X-Client", "", Ok(vec![])),
            ("replace", "HTTP.REQ.URL", "\"/\"", Ok(vec![])),
            ("replace", "HTTP.REQ.URL.PATH", "\"/\"", Ok(vec![])),
            ("replace", "HTTP.REQ.HOSTNAME", "\"a\"", Ok(vec![])),
            ("replace", "HTTP.RES.STATUS", "\"200\"", Ok(vec![])),
            ("insert_after", "HTTP.REQ.HEADER(\"X\")", "\"a\"", Ok(vec![])),
            ("delete", "HTTP.RES.HEADER(\"Server\").VALUE(0)", "", Ok(vec![])),
            ("delete", "HTTP.RES.HEADER(\"Server\").VALUE(1)", "", not_ours.clone()),
            ("delete", "HTTP.RES.HEADER(HTTP.REQ.URL)", "", not_ours.clone()),
            ("replace", "HTTP.REQ.URL.PATH.GET(1)", "\"a\"", not_ours.clone()),
            ("replace", "HTTP.REQ.URL.TO_LOWER", "\"a\"", not_ours.clone()),
            ("replace", "HTTP.REQ.URL + \"a\"", "\"a\"", not_ours.clone()),
            ("replace", "CLIENT.IP.SRC", "\"a\"", not_ours),
            ("replace", "HTTP.REQ.URL", "HTTP.RES.STATUS", Err(code::ACTFLOWMISMATCH)),
            ("replace_http_res", "\"HTTP/1.1 200 OK\\r\\n\\r\\n\"", "", Ok(vec![])),
            ("replace_all", "HTTP.REQ.URL", "\"a\"", Err(code::RW_ACT_INVAL)),
            ("insert_before_all", "HTTP.REQ.URL", "\"a\"", Err(code::RW_ACT_INVAL)),
        ] {
            let outcome_here = action(&mut Bench::new(), kind, target, builder);
            assert_eq!(outcome_here, outcome, "{kind} {target} {builder}");
        }
        let search = json!({"name": "a", "type": "replace", "target": "HTTP.REQ.URL",
            "stringbuilderexpr": "\"/\"", "search": "text(\"a\")"});
        assert_eq!(Bench::new().add("rewriteaction", &search), Err(code::RW_ACT_INVAL));
    }

    /// A bench with a front end, the action and a policy `p` that has it.
    fn bench((kind, target, builder): (&str, &str, &str), rule: &str) -> (Bench, Outcome) {
        let mut bench = Bench::new();
        let front = json!({"name": "c", "servicetype": "HTTP", "ipv46": "192.0.2.1", "port": 80});
        bench.add("csvserver", &front).unwrap();
        action(&mut bench, kind, target, builder).unwrap();
        let policy = json!({"name": "p", "rule": rule, "action": "a"});
        let outcome = bench.add("rewritepolicy", &policy);
        (bench, outcome)
    }

    fn bound(point: &str) -> Value {
        json!({"name": "c", "policyname": "p", "priority": 1, "bindpoint": point})
    }

    const BINDING: &str = "csvserver_rewritepolicy_binding";

    #[test]
    fn a_policy_is_bound_where_what_it_reads_and_changes_is_there() {
        let (header, url) = (("delete_http_header", "X", ""), ("replace", "HTTP.REQ.URL", "\"/\""));
        let status = ("replace", "HTTP.RES.STATUS", "\"200\"");
        let of_response = "HTTP.RES.STATUS.EQ(404)";
        for (action, rule, requests, responses) in [
            (header, "TRUE", true, true),
            (header, of_response, false, true),
            (url, "TRUE", true, false),
            (status, "HTTP.REQ.URL.EQ(\"/\")", false, true),
            (("insert_http_header", "X", "HTTP.RES.STATUS"), "TRUE", false, true),
        ] {
            for (point, fits) in [("REQUEST", requests), ("RESPONSE", responses)] {
                let (mut bench, policy) = bench(action, rule);
                assert_eq!(policy, Ok(vec![]));
                let expected = if fits { Ok(vec![]) } else { Err(code::INVALID_POLICY_BINDING) };
                assert_eq!(
                    bench.bind(BINDING, &bound(point)),
                    expected,
                    "{action:?} {rule} {point}"
                );
            }
        }
        assert_eq!(bench(url, of_response).1, Err(code::POLICY_FLOWTYPE_NONE));
    }

    #[test]
    fn a_bound_policy_does_not_turn_around() {
        let (mut bench, _) = bench(("insert_http_header", "X", "\"a\""), "TRUE");
        bench.bind(BINDING, &bound("REQUEST")).unwrap();
        let rule = json!({"name": "p", "rule": "HTTP.RES.STATUS.EQ(404)"});
        assert_eq!(bench.set("rewritepolicy", &rule), Err(code::POLICY_SET_NOTALLOWED));
        let builder = json!({"name": "a", "stringbuilderexpr": "HTTP.RES.STATUS"});
        assert_eq!(bench.set("rewriteaction", &builder), Err(code::POLICY_SET_NOTALLOWED));
        let fine = json!({"name": "a", "stringbuilderexpr": "HTTP.REQ.URL"});
        assert_eq!(bench.set("rewriteaction", &fine), Ok(vec![]));
    }
}
