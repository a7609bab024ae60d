//! Executing: what is sent, what a failure takes with it, and what counts as done.

use std::sync::Arc;

use base64::Engine as _;
use mock_nitro::fault::{Fault, Faults};
use mock_nitro::{Appliance, Options};
use nitro_ingress::execute::{Event, IngressOutcome, OpOutcome, Outcomes, execute};
use nitro_ingress::model::{
    BindingId, EntityId, Fields, IngressId, Kind, ObjectKey, Redacted, Role, Value,
};
use nitro_ingress::nitro::Class;
use nitro_ingress::observe::observe;
use nitro_ingress::plan::{FileContent, Op, OpId, Plan, PlannedOp};

use crate::fixture::mark;
use crate::in_process::{InProcess, client, run};
use crate::logs::captured;

/// A plan that reads aloud.
#[derive(Default)]
struct Draft(Plan);

impl Draft {
    /// The next op, after those that it needs.
    fn op(mut self, op: Op, needs: &[usize]) -> Self {
        let needs = needs.iter().map(|need| OpId(*need)).collect();
        self.0.ops.push(PlannedOp { op, needs, ingresses: Arc::default() });
        self
    }

    /// The ops since the last batch travel together.
    fn together(mut self) -> Self {
        let start = self.0.batches.last().map_or(0, |batch| batch.end);
        self.0.batches.push(start..self.0.ops.len());
        self
    }

    /// The last op is for this Ingress.
    fn ingress(mut self, name: &str) -> Self {
        let planned = self.0.ops.last_mut().expect("an op comes before its Ingress");
        Arc::make_mut(&mut planned.ingresses).insert(ingress(name));
        self
    }
}

fn ingress(name: &str) -> IngressId {
    IngressId::of(&ObjectKey::new("default", name))
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into()
}

fn server(number: u8) -> Op {
    let comment = "nitro-ingress cluster=local";
    Op::Create {
        entity: EntityId::new(Kind::SERVER, mark().shared_name(&format!("10.0.0.{number}"))),
        fields: fields([
            ("ipaddress", format!("10.0.0.{number}").into()),
            ("comment", comment.into()),
        ]),
    }
}

fn lbvserver(name: &str) -> Op {
    let comment = "nitro-ingress cluster=local";
    Op::Create {
        entity: EntityId::new(Kind::LBVSERVER, name),
        fields: fields([("servicetype", "HTTP".into()), ("comment", comment.into())]),
    }
}

fn group(name: &str) -> Op {
    let comment = "nitro-ingress cluster=local";
    Op::Create {
        entity: EntityId::new(Kind::SERVICEGROUP, name),
        fields: fields([("servicetype", "HTTP".into()), ("comment", comment.into())]),
    }
}

fn member(group: &str, number: u8) -> Op {
    let server = mark().shared_name(&format!("10.0.0.{number}"));
    let binding = BindingId::new(Kind::SERVICEGROUP_MEMBER, group, server, Role::Port(80));
    Op::Bind { binding, attributes: Fields::new() }
}

fn delete(kind: Kind, name: &str) -> Op {
    Op::Delete { entity: EntityId::new(kind, name), also: Fields::new() }
}

fn upload(file: &str) -> Op {
    let content = FileContent(Redacted::new("content".to_owned()));
    Op::Upload { file: file.to_owned(), content }
}

fn with_faults(faults: Faults) -> InProcess {
    InProcess::with_faults(Appliance::new(Options::default()), faults)
}

/// Executes against a fresh appliance and gives the outcomes and what was sent, without login.
fn executed(transport: InProcess, draft: &Draft) -> (Outcomes, Vec<String>) {
    let client = client(transport);
    let outcomes = run(execute(&client, &draft.0, &mut |_: Event<'_>| {}));
    let faulty = client.transport().faulty();
    let lines = faulty.appliance.journal().iter().skip(1);
    let line = |path: &str| path.trim_start_matches("/nitro/v1/config/").to_owned();
    let lines =
        lines.map(|entry| format!("{} {} {}", entry.method, line(&entry.path), entry.errorcode));
    (outcomes, lines.collect())
}

fn names(outcomes: &Outcomes) -> Vec<&'static str> {
    let name = |outcome: &OpOutcome| match outcome {
        OpOutcome::Done => "done",
        OpOutcome::Failed(_) => "failed",
        OpOutcome::Unknown(_) => "unknown",
        OpOutcome::Skipped { .. } => "skipped",
        OpOutcome::Waiting => "waiting",
    };
    outcomes.ops.iter().map(name).collect()
}

#[test]
fn what_was_executed_is_what_is_observed() {
    let draft = Draft::default()
        .op(server(1), &[])
        .op(server(2), &[])
        .together()
        .op(group("k8s-web_80_sgp_x"), &[])
        .op(member("k8s-web_80_sgp_x", 1), &[0, 2])
        .op(member("k8s-web_80_sgp_x", 2), &[1, 2]);
    let client = client(with_faults(Faults::none()));
    let outcomes = run(execute(&client, &draft.0, &mut |_: Event<'_>| {}));
    assert!(outcomes.is_complete(), "{outcomes:?}");
    let owned = run(observe(&client, &mark())).unwrap().owned;
    for planned in &draft.0.ops {
        if let Op::Create { entity, fields } = &planned.op {
            assert_eq!(&owned.state.entities[entity], fields);
        }
        if let Op::Bind { binding, attributes } = &planned.op {
            assert_eq!(&owned.state.bindings[binding], attributes);
        }
    }
    assert_eq!(owned.state.entities.len(), 3);
    assert_eq!(owned.state.bindings.len(), 2, "the default monitor is not ours to see");
}

#[test]
fn ops_of_a_batch_travel_in_one_request() {
    let draft = Draft::default().op(server(1), &[]).op(server(2), &[]).together();
    let (outcomes, lines) = executed(with_faults(Faults::none()), &draft);
    assert!(outcomes.is_complete());
    assert_eq!(lines, ["POST server 0"]);
}

/// Servers, groups and members in batches, as a plan has them: a series is worth a question.
fn three_kinds() -> Draft {
    Draft::default()
        .op(server(1), &[])
        .op(server(2), &[])
        .together()
        .op(group("k8s-a"), &[])
        .op(group("k8s-b"), &[])
        .together()
        .op(member("k8s-a", 1), &[0, 2])
        .op(member("k8s-b", 2), &[1, 3])
        .together()
}

#[test]
fn ops_of_several_kinds_travel_in_one_series_after_a_question() {
    let (outcomes, lines) = executed(with_faults(Faults::none()), &three_kinds());
    assert!(outcomes.is_complete());
    assert_eq!(lines, ["POST macroapi 1233", "POST macroapi 0"]);
}

#[test]
fn an_appliance_that_knows_no_series_gets_one_request_for_each_kind() {
    let member = "servicegroup_servicegroupmember_binding";
    let bulk =
        ["POST server 0".to_owned(), "POST servicegroup 0".to_owned(), format!("PUT {member} 0")];
    // It does not know the name; it does not let us; it is no appliance.
    for fault in [Fault::Refused(1232), Fault::Refused(2138), Fault::HiddenError(1240)] {
        let (outcomes, lines) = executed(with_faults(Faults::none().at(2, fault)), &three_kinds());
        assert!(outcomes.is_complete());
        assert_eq!(lines[1..], bulk);
    }
    // It says that it does, and refuses the first as a whole.
    let refused = with_faults(Faults::none().at(3, Fault::Refused(1234)));
    let (outcomes, lines) = executed(refused, &three_kinds());
    assert!(outcomes.is_complete());
    assert_eq!(lines[2..], bulk);
}

#[test]
fn a_series_ends_at_what_is_refused_and_the_rest_goes_without_what_needs_it() {
    let faults = Faults::none().at(3, Fault::Fails(2, 1072));
    let (outcomes, lines) = executed(with_faults(faults), &three_kinds());
    assert_eq!(names(&outcomes), ["done", "done", "failed", "done", "skipped", "done"]);
    let member = "servicegroup_servicegroupmember_binding";
    let expected = ["POST macroapi 1243".to_owned(), "POST servicegroup 0".to_owned()];
    assert_eq!(lines[1..], [&expected[..], &[format!("PUT {member} 0")]].concat());
    // What may pass is tried again.
    let faults = Faults::none().at(3, Fault::Fails(2, 293));
    let (outcomes, _) = executed(with_faults(faults), &three_kinds());
    assert!(outcomes.is_complete(), "{outcomes:?}");
}

#[test]
fn a_series_without_an_answer_is_looked_for_op_by_op() {
    for done in 0..=6 {
        let faults = Faults::none().at(3, Fault::ResetWithin(done));
        let (outcomes, lines) = executed(with_faults(faults), &three_kinds());
        assert!(outcomes.is_complete(), "{done} {outcomes:?}");
        assert!(lines.iter().all(|line| !line.ends_with(" 273")), "{done} {lines:?}");
    }
}

#[test]
fn what_a_series_did_before_it_was_refused_is_found_and_not_made_again() {
    for done in 1..=6 {
        let faults = Faults::none().at(3, Fault::RefusedWithin(done, 1234));
        let (outcomes, _) = executed(with_faults(faults), &three_kinds());
        assert!(outcomes.is_complete(), "{done} {outcomes:?}");
    }
}

#[test]
fn deletes_travel_together_unless_the_appliance_refuses_that() {
    let deletes = |draft: Draft| {
        [1, 2, 3].into_iter().fold(draft, |draft, number| {
            let Op::Create { entity, .. } = server(number) else { unreachable!() };
            draft.op(Op::Delete { entity, also: Fields::new() }, &[])
        })
    };
    let create = Draft::default().op(server(1), &[]).op(server(2), &[]).together();
    let draft = deletes(create).together();
    let (outcomes, lines) = executed(with_faults(Faults::none()), &draft);
    // The third is not there, which a look proves.
    assert!(outcomes.is_complete(), "{outcomes:?}");
    let looked = format!("GET server/{} 258", mark().shared_name("10.0.0.3"));
    assert_eq!(lines[1..], ["POST server 1243".to_owned(), looked]);
    let refused = with_faults(Faults::none().at(3, Fault::Refused(1240)));
    let (outcomes, lines) = executed(refused, &draft);
    assert!(outcomes.is_complete(), "{outcomes:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("DELETE server/")).count(), 3);
}

#[test]
fn a_failed_op_takes_those_with_it_that_need_it_and_no_others() {
    // The group's type does not exist, so its member and what needs that cannot be.
    let mut bad = group("k8s-bad");
    if let Op::Create { fields, .. } = &mut bad {
        fields.insert("servicetype".to_owned(), "GOPHER".into());
    }
    let draft = Draft::default()
        .op(server(1), &[])
        .together()
        .op(bad, &[])
        .ingress("bad")
        .op(group("k8s-good"), &[])
        .ingress("good")
        .together()
        .op(member("k8s-bad", 1), &[0, 1])
        .op(member("k8s-good", 1), &[0, 2])
        .together()
        .op(lbvserver("k8s-late"), &[3])
        .ingress("bad");
    let (outcomes, _) = executed(with_faults(Faults::none()), &draft);
    assert_eq!(names(&outcomes), ["done", "failed", "done", "skipped", "done", "skipped"]);
    let OpOutcome::Skipped { because_of } = outcomes.ops[5] else { panic!("{outcomes:?}") };
    assert_eq!(because_of, OpId(1), "the one that failed, not the one between");
    assert_eq!(outcomes.of(&ingress("bad")), IngressOutcome::Failed);
    assert_eq!(outcomes.of(&ingress("good")), IngressOutcome::Done);
    assert_eq!(outcomes.of(&ingress("other")), IngressOutcome::Converged);
}

#[test]
fn an_op_that_needs_another_of_its_batch_waits_for_the_answer() {
    let draft = Draft::default()
        .op(delete(Kind::SERVER, "k8s-none"), &[])
        .op(server(1), &[])
        .op(server(1), &[1])
        .together();
    let (outcomes, lines) = executed(with_faults(Faults::none()), &draft);
    assert_eq!(names(&outcomes), ["done", "done", "failed"]);
    let expected = [
        "DELETE server/k8s-none 258",
        "GET server/k8s-none 258",
        "POST server 0",
        "POST server 273",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn of_a_batch_that_failed_in_part_only_the_passing_failure_is_tried_again() {
    let draft =
        Draft::default().op(server(1), &[]).op(server(2), &[]).op(server(3), &[]).together();
    let (outcomes, lines) =
        executed(with_faults(Faults::none().at(2, Fault::Fails(1, 293))), &draft);
    assert_eq!(names(&outcomes), ["done", "done", "done"]);
    assert_eq!(lines[0], "POST server 1243");
    assert_eq!(lines.iter().filter(|line| line.starts_with("POST")).count(), 2, "{lines:?}");
    let (outcomes, lines) =
        executed(with_faults(Faults::none().at(2, Fault::Fails(1, 1072))), &draft);
    assert_eq!(names(&outcomes), ["done", "failed", "done"]);
    assert_eq!(lines, ["POST server 1243"]);
    let OpOutcome::Failed(problem) = &outcomes.ops[1] else { panic!("{outcomes:?}") };
    assert_eq!(problem.category(), Class::Capacity.name());
}

#[test]
fn what_is_so_already_is_done() {
    let unlink = Op::Unlink { certkey: "ns-server-certificate".into() };
    let unbind = |kind, parent: &str, child: &str, role| {
        let binding = BindingId::new(kind, parent, child, role);
        Op::Unbind { binding }
    };
    let draft = Draft::default()
        .op(upload("k8s-a.crt"), &[])
        .op(upload("k8s-a.crt"), &[])
        .op(Op::RemoveFile { file: "k8s-a.crt".to_owned() }, &[])
        .op(Op::RemoveFile { file: "k8s-a.crt".to_owned() }, &[])
        .op(unlink, &[])
        .op(group("k8s-g"), &[])
        .op(lbvserver("k8s-l"), &[])
        .op(unbind(Kind::SERVICEGROUP_MEMBER, "k8s-g", "none", Role::Port(80)), &[])
        .op(unbind(Kind::LBVSERVER_SERVICEGROUP, "k8s-l", "k8s-g", Role::Plain), &[])
        .op(unbind(Kind::SSLVSERVER_SSLCERTKEY, "none", "none", Role::Ca), &[]);
    let gone = [
        Kind::SSLCERTKEY,
        Kind::SSLPROFILE,
        Kind::SERVER,
        Kind::SERVICEGROUP,
        Kind::RESPONDERACTION,
        Kind::RESPONDERPOLICY,
        Kind::REWRITEACTION,
        Kind::REWRITEPOLICY,
        Kind::LBVSERVER,
        Kind::CSACTION,
        Kind::CSPOLICY,
        Kind::CSVSERVER,
    ];
    let draft = gone.into_iter().fold(draft, |draft, kind| draft.op(delete(kind, "k8s-none"), &[]));
    let (outcomes, lines) = executed(with_faults(Faults::none()), &draft);
    assert!(outcomes.is_complete(), "{:#?}\n{lines:#?}", outcomes.ops);
}

#[test]
fn a_write_without_an_answer_is_looked_for_before_it_is_sent_again() {
    let draft = Draft::default().op(server(1), &[]);
    let name = mark().shared_name("10.0.0.1");
    let (outcomes, lines) = executed(with_faults(Faults::none().at(2, Fault::ResetAfter)), &draft);
    assert!(outcomes.is_complete());
    assert_eq!(lines, ["POST server 0".to_owned(), format!("GET server/{name} 0")]);
    let (outcomes, lines) = executed(with_faults(Faults::none().at(2, Fault::ResetBefore)), &draft);
    assert!(outcomes.is_complete());
    let looked = format!("GET server/{name} 258");
    assert_eq!(lines, ["POST server 0".to_owned(), looked, "POST server 0".to_owned()]);
}

#[test]
fn a_batch_without_an_answer_is_looked_for_op_by_op() {
    let draft = Draft::default().op(server(1), &[]).op(server(2), &[]).together();
    for fault in [Fault::ResetBefore, Fault::ResetAfter, Fault::Truncated, Fault::Unavailable] {
        let (outcomes, lines) = executed(with_faults(Faults::none().at(2, fault.clone())), &draft);
        assert!(outcomes.is_complete(), "{fault:?} {outcomes:?}");
        assert!(lines.iter().all(|line| !line.ends_with(" 273")), "{fault:?} {lines:?}");
    }
}

#[test]
fn when_the_appliance_is_lost_the_rest_waits() {
    let draft = Draft::default()
        .op(server(1), &[])
        .op(server(2), &[])
        .ingress("second")
        .op(server(3), &[1])
        .op(Op::Save, &[]);
    let lost_before = with_faults(Faults::none()).lost_after(2);
    let (outcomes, _) = executed(lost_before, &draft);
    assert_eq!(names(&outcomes), ["done", "waiting", "waiting", "waiting"]);
    assert_eq!(outcomes.of(&ingress("second")), IngressOutcome::Waiting);
    let lost_after = with_faults(Faults::none().at(3, Fault::ResetAfter)).lost_after(3);
    let (outcomes, _) = executed(lost_after, &draft);
    assert_eq!(names(&outcomes), ["done", "unknown", "waiting", "waiting"]);
    assert_eq!(outcomes.of(&ingress("second")), IngressOutcome::Failed);
}

#[test]
fn a_busy_appliance_is_waited_for() {
    let draft = Draft::default().op(server(1), &[]).op(Op::Save, &[0]);
    let faults = Faults::none()
        .at(2, Fault::Refused(293))
        .at(3, Fault::Refused(446))
        .at(5, Fault::Refused(603))
        .at(6, Fault::ResetAfter);
    let (outcomes, lines) = executed(with_faults(faults), &draft);
    assert!(outcomes.is_complete(), "{outcomes:?}");
    let save = "POST nsconfig 0".to_owned();
    assert_eq!(lines.last(), Some(&save), "{lines:?}");
}

#[test]
fn a_session_that_ended_is_opened_again() {
    let draft = Draft::default().op(server(1), &[]).op(server(2), &[]);
    let (outcomes, lines) =
        executed(with_faults(Faults::none().at(3, Fault::SessionExpired)), &draft);
    assert!(outcomes.is_complete());
    assert_eq!(lines, ["POST server 0", "POST server 444", "POST login 0", "POST server 0"]);
}

#[test]
fn a_verify_that_differs_fails_and_says_how() {
    let entity = EntityId::new(Kind::SSLPARAMETER, "");
    let enabled = fields([("defaultprofile", "ENABLED".into())]);
    let verify = Op::Verify { entity: entity.clone(), fields: enabled.clone() };
    let draft = Draft::default()
        .op(verify.clone(), &[])
        .op(server(1), &[0])
        .op(Op::Set { entity, fields: enabled }, &[])
        .op(verify, &[2]);
    let (outcomes, _) = executed(with_faults(Faults::none()), &draft);
    assert_eq!(names(&outcomes), ["failed", "skipped", "done", "done"]);
    let OpOutcome::Failed(problem) = &outcomes.ops[0] else { panic!("{outcomes:?}") };
    assert_eq!(
        problem.to_string(),
        r#""sslparameter" has "defaultprofile" = "DISABLED" where "ENABLED" is needed"#
    );
}

#[test]
fn features_are_enabled_and_show() {
    let wanted = fields([("feature", Value::List(vec!["LB".to_owned(), "CS".to_owned()]))]);
    let enable = Op::Enable { features: vec!["LB".to_owned(), "CS".to_owned()] };
    let verify = Op::Verify { entity: EntityId::new(Kind::NSFEATURE, ""), fields: wanted };
    let draft = Draft::default().op(enable, &[]).op(verify, &[0]);
    for fault in [None, Some(Fault::ResetAfter), Some(Fault::ResetBefore)] {
        let faults = fault.into_iter().fold(Faults::none(), |faults, fault| faults.at(2, fault));
        let (outcomes, _) = executed(with_faults(faults), &draft);
        assert!(outcomes.is_complete(), "{outcomes:?}");
    }
}

#[test]
fn every_op_is_told_when_it_is_sent_and_when_it_is_settled() {
    let draft = Draft::default().op(server(1), &[]).op(server(2), &[]).together();
    let client = client(with_faults(Faults::none()));
    let mut events = Vec::new();
    let outcomes = run(execute(&client, &draft.0, &mut |event: Event<'_>| {
        events.push(match event {
            Event::Sent { ops } => format!("sent {}", ops.len()),
            Event::Settled { op, .. } => format!("settled {}", op.0),
        });
    }));
    assert!(outcomes.is_complete());
    assert_eq!(events, ["sent 2", "settled 0", "settled 1"]);
}

#[test]
fn no_secret_shows_in_any_log_event_or_outcome() {
    let content = FileContent(Redacted::new("canary-key".to_owned()));
    let upload = Op::Upload { file: "k8s-canary.key".to_owned(), content };
    let mut shown = String::new();
    let ((), log) = captured(|| {
        // One is stored, one is there already, one is looked for, one is refused.
        for faults in [
            Faults::none(),
            Faults::none().at(2, Fault::ResetAfter),
            Faults::none().at(2, Fault::Fails(0, 3443)),
        ] {
            let draft = Draft::default().op(upload.clone(), &[]).op(upload.clone(), &[]);
            let client = client(with_faults(faults));
            let outcomes = run(execute(&client, &draft.0, &mut |event: Event<'_>| {
                shown = format!("{shown}{event:?}");
            }));
            run(client.logout());
            shown = format!("{shown}{outcomes:?}");
        }
    });
    assert!(log.contains("TRACE") && log.contains("POST login") && log.contains("filecontent"));
    let encoded = base64::engine::general_purpose::STANDARD.encode("canary-key");
    let password = r#""password":"nsroot""#;
    let session = "sessionid=##";
    for secret in ["canary-key", &encoded, password, session] {
        for (place, text) in [("log", &log), ("outcomes", &shown)] {
            let at = text.find(secret);
            assert_eq!(
                at.map(|at| &text[at.saturating_sub(80)..at]),
                None,
                "{secret} in the {place}"
            );
        }
    }
}
