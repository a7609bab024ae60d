//! What holds after any requests, sensible or not: nothing panics, nothing dangles, many at once are
//! as one by one, and a restart loses what was not saved and nothing else.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Appliance, Options};
use crate::message::{Request, Response};
use crate::schema;
use crate::state::{Fields, State};

/// One request: method, path and query below `config/`, body.
type Asked = (&'static str, String, Value);

const NAMES: [&str; 2] = ["a", "b"];

/// What the requests are about: enough to build whole front ends and back ends of.
const KINDS: [&str; 14] = [
    "server",
    "lbvserver",
    "csvserver",
    "servicegroup",
    "lbmonitor",
    "csaction",
    "cspolicy",
    "responderaction",
    "responderpolicy",
    "rewriteaction",
    "rewritepolicy",
    "sslprofile",
    "sslcertkey",
    "sslcipher",
];

const BINDINGS: [&str; 9] = [
    "csvserver_cspolicy_binding",
    "csvserver_lbvserver_binding",
    "csvserver_responderpolicy_binding",
    "lbvserver_servicegroup_binding",
    "lbvserver_rewritepolicy_binding",
    "servicegroup_servicegroupmember_binding",
    "servicegroup_lbmonitor_binding",
    "sslvserver_sslcertkey_binding",
    "sslprofile_sslcipher_binding",
];

/// A value for a field: often one that fits, sometimes anything.
fn value(kind: &'static str, field: &str) -> BoxedStrategy<Value> {
    let facts = &schema::kind(kind).unwrap().fields[field];
    let name = prop::sample::select(&NAMES[..]).prop_map(Value::from);
    let anything = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        Just(json!([1, "x"])),
        Just(json!({ "x": 1 })),
    ];
    let one_of = |values: &[&'static str]| {
        prop::sample::select(values.to_vec()).prop_map(Value::from).boxed()
    };
    let fitting = match (kind, field) {
        (_, "rule") => one_of(&["TRUE", "TRUE", "FALSE", "HTTP.REQ.URL.PATH.EQ(\"/\")", "(("]),
        (_, "target") => one_of(&["\"a\"", "X-Name", "HTTP.REQ.URL"]),
        (_, "stringbuilderexpr") => one_of(&["\"a\"", ""]),
        (_, "servicetype") => one_of(&["HTTP", "HTTP", "SSL", "TCP"]),
        ("responderaction", "type") => one_of(&["respondwith", "redirect", "noop"]),
        ("rewriteaction", "type") => one_of(&["insert_http_header", "delete_http_header", "noop"]),
        (_, "ipv46" | "ipaddress" | "ip") => one_of(&["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        (_, "priority" | "port" | "cipherpriority") => (1..300i64).prop_map(Value::from).boxed(),
        (_, "cert" | "key") => one_of(&["a.crt", "a.key", "b.crt", "b.key"]),
        _ if facts.refers_to.is_some() => name.clone().boxed(),
        _ if !facts.values.is_empty() => {
            prop::sample::select(facts.values.clone()).prop_map(Value::from).boxed()
        }
        _ if facts.min.is_some() || facts.max.is_some() => {
            (1..300i64).prop_map(Value::from).boxed()
        }
        _ => name.clone().boxed(),
    };
    prop_oneof![30 => fitting, 1 => anything].boxed()
}

/// Some fields of a type that an operation takes, its key among them.
fn fields(kind: &'static str, operation: &'static str) -> BoxedStrategy<Map<String, Value>> {
    let facts = schema::kind(kind).unwrap();
    let wanted = |(name, field): &(&String, &schema::Field)| {
        !field.readonly
            && !field.recent
            && !SLOW.contains(&name.as_str())
            && facts.takes(operation, name)
    };
    let all: Vec<String> =
        facts.fields.iter().filter(wanted).map(|(name, _)| name.clone()).collect();
    let needed: Vec<String> = facts
        .key
        .iter()
        .chain(&facts.binding_key)
        .chain(facts.fields.iter().filter(|(_, field)| field.required_on_add).map(|(name, _)| name))
        .chain(COMMON.iter().filter_map(|name| facts.fields.get_key_value(*name)).map(|(n, _)| n))
        // The action of a content-switching policy says where it leads.
        .filter(|name| all.contains(name) && (kind == "csaction" || *name != "targetlbvserver"))
        .cloned()
        .collect();
    // Most of what is added at random is refused, and then says little.
    let some = prop_oneof![
        4 => Just(Vec::new()),
        1 => {
            let most = all.len().min(2);
            prop::sample::subsequence(all, 0..=most)
        },
    ];
    let drops = prop::option::weighted(0.1, any::<prop::sample::Index>());
    (some, drops)
        .prop_flat_map(move |(mut names, drops)| {
            names.extend(needed.iter().cloned());
            names.sort();
            names.dedup();
            if let Some(drops) = drops.filter(|_| !names.is_empty()) {
                names.remove(drops.index(names.len()));
            }
            let pairs: Vec<_> =
                names.into_iter().map(|name| (Just(name.clone()), value(kind, &name))).collect();
            pairs.prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>())
        })
        .boxed()
}

/// What nearly every object of its type has.
const COMMON: [&str; 14] = [
    "servicetype",
    "priority",
    "rule",
    "action",
    "type",
    "target",
    "stringbuilderexpr",
    "targetlbvserver",
    "ipaddress",
    "ipv46",
    "key",
    "port",
    "cert",
    "servername",
];

/// A member that is leaving stops to do so at a restart, which is told elsewhere.
const SLOW: [&str; 2] = ["delay", "graceful"];

fn request() -> impl Strategy<Value = Asked> {
    let kind = prop::sample::select(&KINDS[..]);
    let binding = prop::sample::select(&BINDINGS[..]);
    let add = kind.clone().prop_flat_map(|kind| {
        fields(kind, "add")
            .prop_map(move |fields| ("POST", kind.to_owned(), json!({ kind: fields })))
    });
    let set = kind.clone().prop_flat_map(|kind| {
        fields(kind, "update")
            .prop_map(move |fields| ("PUT", kind.to_owned(), json!({ kind: fields })))
    });
    let bind = binding.clone().prop_flat_map(|kind| {
        fields(kind, "add")
            .prop_map(move |fields| ("PUT", kind.to_owned(), json!({ kind: fields })))
    });
    let name = prop::sample::select(&NAMES[..]);
    let delete = (kind.clone(), name.clone())
        .prop_map(|(kind, name)| ("DELETE", format!("{kind}/{name}"), Value::Null));
    let unbind = binding.prop_flat_map(|kind| {
        fields(kind, "add").prop_map(move |fields| {
            let text =
                |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let parent = schema::kind(kind).unwrap().key[0].clone();
            let args = fields.iter().filter(|(name, _)| **name != parent);
            let args: Vec<String> =
                args.map(|(name, value)| format!("{name}:{}", text(value))).collect();
            let name = fields.get(&parent).map(text).unwrap_or_default();
            ("DELETE", format!("{kind}/{name}?args={}", args.join(",")), Value::Null)
        })
    });
    let act =
        (kind, name.clone(), prop::sample::select(vec!["enable", "disable", "unset", "rename"]))
            .prop_map(|(kind, name, action)| {
                let key = schema::kind(kind).unwrap().key[0].clone();
                let fields = json!({ key: name, "newname": "b", "comment": true });
                ("POST", format!("{kind}?action={action}"), json!({ kind: fields }))
            });
    let save = Just(("POST", "nsconfig?action=save".to_owned(), json!({ "nsconfig": {} })));
    let read = (prop::sample::select(&KINDS[..]), name)
        .prop_map(|(kind, name)| ("GET", format!("{kind}/{name}"), Value::Null));
    prop_oneof![30 => add, 6 => set, 24 => bind, 3 => delete, 3 => unbind, 3 => act, 1 => save, 1 => read]
}

fn send(
    appliance: &mut Appliance,
    (method, target, body): &Asked,
    onerror: Option<&str>,
) -> Response {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (target.as_str(), None),
    };
    let headers = [("X-NITRO-USER", "nsroot"), ("X-NITRO-PASS", "nsroot")];
    let onerror = onerror.map(|value| ("X-NITRO-ONERROR", value));
    appliance.handle(&Request {
        method: (*method).to_owned(),
        path: format!("/nitro/v1/config/{path}"),
        query,
        headers: headers
            .into_iter()
            .chain(onerror)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    })
}

/// An appliance with two certificates in files.
fn fresh() -> Appliance {
    let mut appliance = Appliance::new(Options { default_profile: true, ..Options::default() });
    appliance.journal_off();
    let features =
        json!({ "nsfeature": { "feature": ["LB", "CS", "SSL", "RESPONDER", "REWRITE"] } });
    send(&mut appliance, &("POST", "nsfeature?action=enable".to_owned(), features), None);
    for (name, (certificate, key)) in [("a", pair()), ("b", pair())] {
        for (end, content) in [("crt", certificate), ("key", key)] {
            let location = "/nsconfig/ssl";
            appliance.running.put_file(location, &format!("{name}.{end}"), content.into_bytes());
        }
    }
    for (method, kind, fields) in whole() {
        let asked = (method, kind.to_owned(), json!({ kind: fields }));
        let response = send(&mut appliance, &asked, None);
        let text = String::from_utf8_lossy(&response.body).into_owned();
        assert!(response.status < 300, "{asked:?}: {text}");
    }
    appliance
}

/// A front end with all that can be bound to it, so that there is something to break.
fn whole() -> Vec<(&'static str, &'static str, Value)> {
    let policy = |rule| json!({ "name": "a", "rule": rule, "action": "a" });
    vec![
        ("POST", "server", json!({ "name": "a", "ipaddress": "192.0.2.1" })),
        ("POST", "lbmonitor", json!({ "monitorname": "a", "type": "HTTP" })),
        ("POST", "servicegroup", json!({ "servicegroupname": "a", "servicetype": "HTTP" })),
        (
            "PUT",
            "servicegroup_servicegroupmember_binding",
            json!({ "servicegroupname": "a", "servername": "a", "port": 80 }),
        ),
        (
            "PUT",
            "servicegroup_lbmonitor_binding",
            json!({ "servicegroupname": "a", "monitor_name": "a" }),
        ),
        ("POST", "lbvserver", json!({ "name": "a", "servicetype": "HTTP" })),
        ("PUT", "lbvserver_servicegroup_binding", json!({ "name": "a", "servicegroupname": "a" })),
        (
            "POST",
            "rewriteaction",
            json!({ "name": "a", "type": "delete_http_header", "target": "X" }),
        ),
        ("POST", "rewritepolicy", policy("TRUE")),
        (
            "PUT",
            "lbvserver_rewritepolicy_binding",
            json!({ "name": "a", "policyname": "a", "priority": 1, "bindpoint": "REQUEST" }),
        ),
        (
            "POST",
            "csvserver",
            json!({ "name": "b", "servicetype": "SSL", "ipv46": "192.0.2.9", "port": 443 }),
        ),
        ("POST", "csaction", json!({ "name": "a", "targetlbvserver": "a" })),
        ("POST", "cspolicy", json!({ "policyname": "a", "rule": "TRUE", "action": "a" })),
        (
            "PUT",
            "csvserver_cspolicy_binding",
            json!({ "name": "b", "policyname": "a", "priority": 1 }),
        ),
        ("POST", "responderaction", json!({ "name": "a", "type": "noop" })),
        ("POST", "responderpolicy", policy("FALSE")),
        (
            "PUT",
            "csvserver_responderpolicy_binding",
            json!({ "name": "b", "policyname": "a", "priority": 1 }),
        ),
        ("POST", "sslprofile", json!({ "name": "a", "sslprofiletype": "FrontEnd" })),
        ("PUT", "sslvserver", json!({ "vservername": "b", "sslprofile": "a" })),
        ("POST", "sslcertkey", json!({ "certkey": "a", "cert": "a.crt", "key": "a.key" })),
        ("PUT", "sslvserver_sslcertkey_binding", json!({ "vservername": "b", "certkeyname": "a" })),
    ]
}

fn pair() -> (String, String) {
    let pair = rcgen::generate_simple_self_signed(["a.example".to_owned()]).unwrap();
    (pair.cert.pem(), pair.signing_key.serialize_pem())
}

/// References of a state that lead nowhere.
fn dangling(state: &State) -> Vec<String> {
    let of = |kind: &str, what: String, fields: &Fields| -> Vec<String> {
        let facts = schema::kind(kind).unwrap();
        let leads_nowhere = |name: &&str| {
            let Some((_, field)) = facts.field(name) else { return false };
            let Some(target) = fields.get(name).and_then(Value::as_str) else { return false };
            // Types that this appliance does not have are beyond it, and a name is no reference.
            let is_known = field.targets().all(|kind| schema::kind(kind).is_some());
            if !is_known || (!facts.is_binding() && facts.key() == Some(name)) {
                return false;
            }
            let is_literal =
                field.ref_literals.iter().any(|literal| literal.eq_ignore_ascii_case(target));
            let mut targets = field.targets().peekable();
            targets.peek().is_some()
                && !target.is_empty()
                && !is_literal
                && !targets.any(|kind| state.object(kind, target).is_some())
        };
        let names = fields.keys().copied().filter(leads_nowhere);
        names.map(|name| format!("{what}: {name} {}", fields[name])).collect()
    };
    let objects = state.all_objects();
    let objects = objects.flat_map(|(key, fields)| of(key.kind, format!("{key:?}"), fields));
    let bindings = state.all_bindings();
    let bindings = bindings.flat_map(|(key, fields)| of(key.kind, format!("{key:?}"), fields));
    objects.chain(bindings).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn nothing_dangles_and_a_restart_loses_what_was_not_saved(
        requests in prop::collection::vec(request(), 1..120),
    ) {
        let mut appliance = fresh();
        let save = ("POST", "nsconfig?action=save".to_owned(), json!({ "nsconfig": {} }));
        prop_assert_eq!(send(&mut appliance, &save, None).status, 200);
        let mut saved = appliance.running.clone();
        for request in &requests {
            let before = appliance.running.clone();
            let status = send(&mut appliance, request, None).status;
            let known = [200, 201, 400, 404, 405, 409, 599];
            prop_assert!(known.contains(&status), "{request:?}: {status}");
            if status >= 400 {
                prop_assert!(appliance.running == before, "a refused request changes nothing: {request:?}");
            }
            let dangling = dangling(&appliance.running);
            prop_assert!(dangling.is_empty(), "after {request:?}: {dangling:#?}");
            if request.1.starts_with("nsconfig") {
                saved = appliance.running.clone();
            }
        }
        let kept = Appliance::from_kept(Options::default(), &appliance.to_kept()).unwrap();
        prop_assert!(kept.running == appliance.running, "a state file keeps everything");
        let mut restarted = kept;
        restarted.reboot();
        prop_assert!(restarted.running == saved, "the saved configuration comes back");
        prop_assert_eq!(send(&mut appliance, &save, None).status, 200);
        let running = appliance.running.clone();
        appliance.reboot();
        prop_assert!(appliance.running == running, "nothing is lost that was saved");
    }

    #[test]
    fn many_at_once_are_as_one_by_one(
        before in prop::collection::vec(request(), 0..30),
        kind in prop::sample::select(&KINDS[..]),
        seeds in prop::collection::vec(any::<prop::sample::Index>(), 1..8),
        all in prop::collection::vec(prop::sample::select(&KINDS[..]).prop_flat_map(|kind| {
            fields(kind, "add").prop_map(move |fields| (kind, fields))
        }), 40),
    ) {
        let mut one_by_one = fresh();
        for request in &before {
            send(&mut one_by_one, request, None);
        }
        let mut at_once = one_by_one.clone();
        let of_kind: Vec<&Map<String, Value>> =
            all.iter().filter(|(other, _)| *other == kind).map(|(_, fields)| fields).collect();
        prop_assume!(!of_kind.is_empty());
        let objects: Vec<Value> =
            seeds.iter().map(|seed| Value::from(of_kind[seed.index(of_kind.len())].clone())).collect();
        for object in &objects {
            send(&mut one_by_one, &("POST", kind.to_owned(), json!({ kind: object })), None);
        }
        send(&mut at_once, &("POST", kind.to_owned(), json!({ kind: objects })), Some("continue"));
        prop_assert!(at_once.running == one_by_one.running, "{objects:#?}");
    }
}

/// Laws about requests that are all refused would say nothing.
#[test]
fn each_type_is_made_by_some_of_the_requests() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let sequences = prop::collection::vec(request(), 120);
    let mut made = std::collections::BTreeSet::new();
    for _ in 0..250 {
        let mut appliance = fresh();
        for asked in sequences.new_tree(&mut runner).unwrap().current() {
            if send(&mut appliance, &asked, None).status < 300 {
                made.insert(format!("{} {}", asked.0, asked.1.split(['/', '?']).next().unwrap()));
            }
        }
    }
    let wanted = KINDS.map(|kind| format!("POST {kind}"));
    let bound = BINDINGS.map(|kind| format!("PUT {kind}"));
    let missing: Vec<_> = wanted.iter().chain(&bound).filter(|one| !made.contains(*one)).collect();
    assert!(missing.is_empty(), "never accepted: {missing:?} of {made:#?}");
}
