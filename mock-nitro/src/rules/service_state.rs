//! In and out of service: enabling and disabling members, groups, servers and services, and which
//! of them take requests.
//!
//! | after | `state` | `svrstate` |
//! |---|---|---|
//! | bind, enable | ENABLED | UP |
//! | disable | DISABLED | OUT OF SERVICE |
//! | disable with `delay` | DISABLED | GOING OUT OF SERVICE, then OUT OF SERVICE |
//!
//! A member is in service if it, its group and its server are enabled (documented). With a `delay`
//! it goes on serving the clients that it has, and gets no new ones, for that many seconds;
//! `graceful` ends that as soon as the last of them has left (documented). Clients of this appliance
//! never leave, so that a delay lasts its whole time, and `graceful` alone is over at once (assumed,
//! as are the words of the states; monitors find everybody well).

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::{missing, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{BindingKey, Fields, State, number, text};

/// The type of the members of a group.
pub(crate) const MEMBERS: &str = "servicegroup_servicegroupmember_binding";

/// How the appliance writes the time of a state change: `Tue Dec 19 10:34:02 2023` (seen from a
/// dump).
const TIME: &str = "%a %b %e %H:%M:%S %Y";

/// What a member, or a service, keeps while it is out of service (documented as read-only).
const NOTES: [&str; 3] = ["delay", "graceful", "statechangetimesec"];

/// The member that a command on a group names, if it names one.
pub(crate) fn member_of(command: &Command) -> Option<BindingKey> {
    let is_named = command.kind == "servicegroup" && command.fields.contains_key("servername");
    is_named.then(|| BindingKey::of(MEMBERS, &command.fields))
}

/// A member is named by its server and its port, by both, and must be there (documented; the codes
/// are assumed, the last one as for a binding that is to be removed).
pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    let given = |field| command.fields.contains_key(field);
    match (given("servername"), given("port")) {
        (false, false) => return Ok(()),
        (true, false) => return refuse_about(code::ARGPREREQ, "serverName, port"),
        (false, true) => return refuse_about(code::ARGPREREQ, "port, serverName"),
        (true, true) => {}
    }
    let key = BindingKey::of(MEMBERS, &command.fields);
    if state.binding(MEMBERS, &key.parent, &key.child).is_some() {
        return Ok(());
    }
    let server = text(&command.fields, "servername");
    refuse_about(missing::not_bound(MEMBERS), format_args!("serverName, {server}"))
}

/// Notes since when and for how long something goes out of service, and forgets it with what comes
/// back.
pub(super) fn after(state: &mut State, before: &State, command: &Command, now: Timestamp) {
    if !matches!(command.verb, Verb::Enable | Verb::Disable) {
        return;
    }
    if command.kind == "service" {
        let was_on = before.object("service", &command.key).is_some_and(|old| is_enabled(old));
        if let Some(fields) = state.object_mut("service", &command.key) {
            note(fields, was_on, command, now);
        }
        return;
    }
    for key in concerned(state, command) {
        let Some(member) = state.binding(MEMBERS, &key.parent, &key.child) else { continue };
        let was_on = before
            .binding(MEMBERS, &key.parent, &key.child)
            .is_some_and(|old| serves(before, &key.parent, old));
        if command.verb == Verb::Enable && !serves(state, &key.parent, member) {
            continue;
        }
        let mut member = Fields::clone(member);
        note(&mut member, was_on, command, now);
        state.put_binding(key, member);
    }
}

/// The members that go in or out with a command: one, or those of a group or a server.
fn concerned(state: &State, command: &Command) -> Vec<BindingKey> {
    if let Some(member) = member_of(command) {
        return vec![member];
    }
    match command.kind {
        "servicegroup" => {
            state.bindings(MEMBERS, &command.key).map(|(key, _)| key.clone()).collect()
        }
        "server" => state
            .bindings_of(MEMBERS)
            .filter(|(_, member)| text(member, "servername") == command.key)
            .map(|(key, _)| key.clone())
            .collect(),
        _ => Vec::new(),
    }
}

/// What is out of service already has no clients left that could leave: it keeps its notes.
fn note(fields: &mut Fields, was_on: bool, command: &Command, now: Timestamp) {
    if command.verb == Verb::Disable && !was_on {
        return;
    }
    for field in NOTES {
        fields.remove(field);
    }
    if command.verb == Verb::Disable {
        for field in ["delay", "graceful"] {
            fields.extend(command.fields.get(field).map(|value| (field, value.clone())));
        }
        let since = now.to_zoned(TimeZone::UTC).strftime(TIME).to_string();
        fields.insert("statechangetimesec", since.into());
    }
}

/// A restart ends what was going out of service: a saved configuration holds states, not times
/// (assumed).
pub(crate) fn boot(state: &mut State) {
    let noted = |fields: &Fields| fields.contains_key("statechangetimesec");
    let members: Vec<_> = state
        .bindings_of(MEMBERS)
        .filter(|(_, member)| noted(member))
        .map(|(key, member)| (key.clone(), Fields::clone(member)))
        .collect();
    for (key, mut member) in members {
        member.retain(|field, _| !NOTES.contains(field));
        state.put_binding(key, member);
    }
    let services: Vec<String> = state
        .objects("service")
        .filter(|(_, service)| noted(service))
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in services {
        if let Some(service) = state.object_mut("service", &name) {
            service.retain(|field, _| !NOTES.contains(field));
        }
    }
}

fn is_enabled(fields: &Fields) -> bool {
    text(fields, "state") != "DISABLED"
}

/// Whether a member of a group takes new requests.
pub(crate) fn serves(state: &State, group: &str, member: &Fields) -> bool {
    let server = state.object("server", text(member, "servername"));
    let group = state.object("servicegroup", group);
    is_enabled(member)
        && group.is_some_and(|group| is_enabled(group))
        && server.is_none_or(|server| is_enabled(server))
}

/// Whether a service takes new requests.
pub(crate) fn service_serves(state: &State, service: &Fields) -> bool {
    let server = state.object("server", text(service, "servername"));
    is_enabled(service) && server.is_none_or(|server| is_enabled(server))
}

/// What an answer shows of a member beyond what is stored.
pub(super) fn of_member(
    state: &State,
    member: &Fields,
    now: Timestamp,
) -> Vec<(&'static str, Value)> {
    let word = word(serves(state, text(member, "servicegroupname"), member), member, now);
    let mut shown = vec![("svrstate", Value::from(word))];
    if word == GOING {
        shown.push(("trofsreason", "Trofs Because of Disable Cmd".into()));
    }
    for (field, value) in [("delay", Value::from(0)), ("graceful", "NO".into())] {
        if !member.contains_key(field) {
            shown.push((field, value));
        }
    }
    shown
}

/// What an answer shows of a service.
pub(super) fn of_service(state: &State, name: &str, now: Timestamp) -> Vec<(&'static str, Value)> {
    let Some(service) = state.object("service", name) else { return Vec::new() };
    vec![("svrstate", word(service_serves(state, service), service, now).into())]
}

/// What an answer shows of a group: whether all of its members are in service, or some, or none.
pub(super) fn of_group(state: &State, name: &str) -> Vec<(&'static str, Value)> {
    let Some(group) = state.object("servicegroup", name) else { return Vec::new() };
    let members: Vec<bool> =
        state.bindings(MEMBERS, name).map(|(_, member)| serves(state, name, member)).collect();
    let word = match members.iter().filter(|serves| **serves).count() {
        _ if !is_enabled(group) => "OUT OF SERVICE",
        0 => "DOWN",
        all if all == members.len() => "UP",
        _ => "PARTIAL-UP",
    };
    vec![("servicegroupeffectivestate", word.into())]
}

const GOING: &str = "GOING OUT OF SERVICE";

fn word(serves: bool, fields: &Fields, now: Timestamp) -> &'static str {
    match (serves, end(fields)) {
        (true, _) => "UP",
        (false, Some(end)) if now < end => GOING,
        (false, _) => "OUT OF SERVICE",
    }
}

/// When the delay is over of something that goes out of service.
fn end(fields: &Fields) -> Option<Timestamp> {
    let since = DateTime::strptime(TIME, text(fields, "statechangetimesec")).ok()?;
    let delay = jiff::SignedDuration::from_secs(number(fields, "delay")?);
    since.to_zoned(TimeZone::UTC).ok()?.timestamp().checked_add(delay).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, Outcome};
    use super::MEMBERS;
    use crate::code;
    use crate::command::Verb;

    /// A group `g` with the members `a` and `b`.
    fn bench() -> Bench {
        let mut bench = Bench::new();
        bench
            .add("servicegroup", &json!({"servicegroupname": "g", "servicetype": "HTTP"}))
            .unwrap();
        for (name, address) in [("a", "192.0.2.1"), ("b", "192.0.2.2")] {
            bench.add("server", &json!({"name": name, "ipaddress": address})).unwrap();
            bench.bind(MEMBERS, &member(name, &json!({}))).unwrap();
        }
        bench
    }

    fn member(server: &str, own: &Value) -> Value {
        let mut fields = own.clone();
        fields["servicegroupname"] = "g".into();
        fields["servername"] = server.into();
        fields["port"] = 80.into();
        fields
    }

    fn disable(bench: &mut Bench, server: &str, own: &Value) -> Outcome {
        bench.run(Verb::Disable, "servicegroup", &member(server, own))
    }

    fn enable(bench: &mut Bench, server: &str) -> Outcome {
        bench.run(Verb::Enable, "servicegroup", &member(server, &json!({})))
    }

    fn states(bench: &Bench) -> Vec<String> {
        let word = |member: &crate::state::Fields| {
            let shown = super::of_member(&bench.state, member, bench.now);
            shown[0].1.as_str().unwrap().to_owned()
        };
        bench.state.bindings(MEMBERS, "g").map(|(_, member)| word(member)).collect()
    }

    fn pass(bench: &mut Bench, seconds: i64) {
        bench.now += jiff::SignedDuration::from_secs(seconds);
    }

    #[test]
    fn a_member_is_named_by_server_and_port_and_is_bound() {
        for (fields, code) in [
            (json!({"servername": "a"}), code::ARGPREREQ),
            (json!({"port": 80}), code::ARGPREREQ),
            (json!({"servername": "a", "port": 81}), code::NOENT),
            (json!({"servername": "gone", "port": 80}), code::NOENT),
            (json!({"delay": 5, "servername": "gone", "port": 80}), code::NOENT),
            (json!({"servername": "a", "port": 80, "ip": "192.0.2.1"}), code::INVAL),
        ] {
            let mut fields = fields;
            fields["servicegroupname"] = "g".into();
            let outcome = bench().run(Verb::Disable, "servicegroup", &fields);
            assert_eq!(outcome, Err(code), "{fields}");
        }
        let delayed = member("a", &json!({"delay": 5}));
        assert_eq!(bench().run(Verb::Enable, "servicegroup", &delayed), Err(code::INVAL));
    }

    #[test]
    fn a_disabled_member_is_out_of_service_until_it_is_enabled() {
        let mut bench = bench();
        assert_eq!(disable(&mut bench, "a", &json!({})), Ok(vec![]));
        assert_eq!(bench.bound(MEMBERS, "g", "state"), ["DISABLED", "ENABLED"]);
        assert_eq!(states(&bench), ["OUT OF SERVICE", "UP"]);
        let before = bench.state.clone();
        assert_eq!(disable(&mut bench, "a", &json!({"delay": 60})), Ok(vec![]));
        assert_eq!(bench.state, before);
        assert_eq!(enable(&mut bench, "a"), Ok(vec![]));
        assert_eq!(states(&bench), ["UP", "UP"]);
    }

    #[test]
    fn a_delay_is_a_time_in_transition() {
        let mut bench = bench();
        disable(&mut bench, "a", &json!({"graceful": "YES", "delay": 30})).unwrap();
        assert_eq!(bench.bound(MEMBERS, "g", "delay"), [json!(30), Value::Null]);
        assert_eq!(states(&bench), ["GOING OUT OF SERVICE", "UP"]);
        pass(&mut bench, 29);
        assert_eq!(states(&bench), ["GOING OUT OF SERVICE", "UP"]);
        disable(&mut bench, "a", &json!({"graceful": "YES", "delay": 30})).unwrap();
        pass(&mut bench, 1);
        assert_eq!(states(&bench), ["OUT OF SERVICE", "UP"]);
    }

    #[test]
    fn enabling_leaves_nothing_behind() {
        let mut bench = bench();
        let before = bench.state.clone();
        disable(&mut bench, "a", &json!({"graceful": "YES", "delay": 30})).unwrap();
        enable(&mut bench, "a").unwrap();
        assert_eq!(bench.state, before);
    }

    #[test]
    fn a_member_that_is_going_may_be_unbound() {
        let mut bench = bench();
        disable(&mut bench, "a", &json!({"graceful": "YES", "delay": 30})).unwrap();
        assert_eq!(bench.unbind(MEMBERS, &member("a", &json!({}))), Ok(vec![]));
        assert_eq!(states(&bench), ["UP"]);
    }

    #[test]
    fn binding_again_does_not_bring_a_member_back() {
        let mut bench = bench();
        disable(&mut bench, "a", &json!({})).unwrap();
        assert_eq!(bench.bind(MEMBERS, &member("a", &json!({}))), Err(code::EXIST));
        assert_eq!(bench.bind(MEMBERS, &member("a", &json!({"weight": 7}))), Ok(vec![]));
        assert_eq!(states(&bench), ["OUT OF SERVICE", "UP"]);
    }

    #[test]
    fn members_follow_their_group_and_their_server() {
        for (kind, fields, expected, group) in [
            (
                "servicegroup",
                json!({"servicegroupname": "g", "delay": 9}),
                ["GOING OUT OF SERVICE"; 2],
                "OUT OF SERVICE",
            ),
            (
                "server",
                json!({"name": "b", "delay": 9}),
                ["UP", "GOING OUT OF SERVICE"],
                "PARTIAL-UP",
            ),
        ] {
            let mut bench = bench();
            let before = bench.state.clone();
            bench.run(Verb::Disable, kind, &fields).unwrap();
            assert_eq!(states(&bench), expected, "{kind}");
            assert_eq!(super::of_group(&bench.state, "g")[0].1, group, "{kind}");
            let mut back = fields.clone();
            back.as_object_mut().unwrap().remove("delay");
            bench.run(Verb::Enable, kind, &back).unwrap();
            assert_eq!(bench.state, before, "{kind}");
        }
    }

    #[test]
    fn the_weight_of_a_member_is_set_by_way_of_its_group() {
        let mut bench = bench();
        let set = |server: &str| json!({"servicegroupname": "g", "servername": server, "port": 80, "weight": 7});
        bench.set("servicegroup", &set("a")).unwrap();
        let key = crate::state::BindingKey::of(
            MEMBERS,
            &crate::state::Fields::from([
                ("servicegroupname", "g".into()),
                ("servername", "a".into()),
                ("port", 80.into()),
            ]),
        );
        let member = bench.state.binding(MEMBERS, &key.parent, &key.child).unwrap();
        assert_eq!(member["weight"], 7);
        assert!(!bench.state.object("servicegroup", "g").unwrap().contains_key("servername"));
        assert_eq!(bench.set("servicegroup", &set("gone")), Err(code::NOENT));
    }

    #[test]
    fn a_member_stays_out_when_only_its_group_comes_back() {
        let mut bench = bench();
        disable(&mut bench, "a", &json!({"delay": 9})).unwrap();
        let group = json!({"servicegroupname": "g"});
        bench.run(Verb::Disable, "servicegroup", &group).unwrap();
        bench.run(Verb::Enable, "servicegroup", &group).unwrap();
        assert_eq!(states(&bench), ["GOING OUT OF SERVICE", "UP"]);
    }

    #[test]
    fn a_restart_ends_the_transition() {
        let mut bench = bench();
        disable(&mut bench, "a", &json!({"delay": 60})).unwrap();
        super::boot(&mut bench.state);
        assert_eq!(states(&bench), ["OUT OF SERVICE", "UP"]);
    }
}
