//! Every field that a smart annotation may set, with every value: the appliance takes it, shows it
//! as it was read, and where the object stays, is as before when it is taken back.

use std::collections::BTreeMap;

use nitro_ingress::annotations::{ANNOTATIONS, FieldSet, IngressSettings, ProfileChoice, Scope};
use nitro_ingress::model::{Fields, Kind};
use nitro_ingress::schema;
use serde_json::{Map, Value, json};

use crate::fixture::Hand;

/// A field with a value and with what it needs, as a person writes it.
fn settings(set: &FieldSet, field: &str, value: Value) -> Map<String, Value> {
    let mut settings = Map::new();
    let needed = set.dependants.iter().filter(|dependant| dependant.field == field);
    for dependant in needed {
        settings.extend(self::settings(set, dependant.master, dependant.values[0].into()));
    }
    if field == "cip" && value == "ENABLED" {
        settings.insert("cipheader".to_owned(), "X-Client".into());
    }
    if field == "backuplbmethod" && value == "LEASTCONNECTION" {
        settings.insert("lbmethod".to_owned(), "ROUNDROBIN".into());
    }
    settings.insert(field.to_owned(), value);
    if set.kind == Kind::LBMONITOR {
        settings.entry("type").or_insert_with(|| "TCP".into());
        fit_times(&mut settings, field);
    }
    settings
}

/// The times of a monitor fit together.
fn fit_times(settings: &mut Map<String, Value>, field: &str) {
    let others: &[(&str, &str)] = match field {
        "resptimeout" | "units4" => &[("interval", "20940"), ("units3", "MIN")],
        "interval" | "units3" => &[("resptimeout", "1"), ("units4", "MSEC")],
        "failureretries" => &[("retries", "127")],
        _ => &[],
    };
    for (other, value) in others {
        settings.insert((*other).to_owned(), (*value).into());
    }
    if field == "interval" && settings["interval"] == "1" {
        settings.insert("units3".to_owned(), "SEC".into());
    }
}

/// All values of an enum, the ends of the range of a number, or a text.
fn values(set: &FieldSet, field: &str) -> Vec<Value> {
    let (_, facts) = schema::field(set.kind, field).unwrap();
    let refused = |value: &String| {
        set.refused.iter().any(|(of, values, _)| *of == field && values.contains(&value.as_str()))
    };
    let text = match field {
        "type" => return ["HTTP", "PING", "TCP-ECV"].map(Value::from).into(),
        "netmask" | "persistmask" => "255.255.255.0",
        "netprofile" => "egress",
        "reqtimeoutaction" => "DROP",
        "httprequest" => "GET /health",
        "respcode" => "200",
        _ if !facts.allowed.is_empty() => {
            let allowed = facts.allowed.iter().filter(|value| !refused(value));
            return allowed.map(|value| value.as_str().into()).collect();
        }
        _ if ["int", "double"].contains(&facts.wire_type.as_str()) => {
            let max = facts.max.unwrap_or(100);
            return [facts.min.unwrap_or(1), max].map(|end| end.to_string().into()).into();
        }
        _ => "Some-text",
    };
    vec![text.into()]
}

/// What an annotation makes of settings.
fn read(name: &str, scope: Scope, settings: &Map<String, Value>) -> Fields {
    let annotation = ANNOTATIONS.iter().find(|annotation| annotation.name() == name).unwrap();
    let text = match scope {
        Scope::Service => json!({ "web": settings }),
        Scope::FrontEnd | Scope::Ingress => json!(settings),
    };
    let mut read = IngressSettings::default();
    (annotation.read)(&text.to_string(), &mut read).unwrap_or_else(|e| panic!("{text}: {e}"));
    let of_web = |all: &BTreeMap<String, Fields>| all["web"].clone();
    let profile = |choice: &ProfileChoice<Fields>| choice.settings().unwrap().clone();
    let fields = match name {
        "csvserver" => read.csvserver.value().cloned(),
        "lbvserver" => read.lbvserver.value().map(of_web),
        "servicegroup" => read.servicegroup.value().map(of_web),
        "monitor" => read.monitor.value().map(of_web),
        "frontend-tcpprofile" => read.frontend_tcpprofile.value().map(profile),
        "frontend-httpprofile" => read.frontend_httpprofile.value().map(profile),
        other => panic!("{other} is not asked for"),
    };
    fields.unwrap()
}

/// An object without settings.
fn plain(kind: Kind) -> (&'static str, Map<String, Value>) {
    let (key, fields) = match kind {
        Kind::CSVSERVER => {
            ("name", json!({"servicetype": "SSL", "ipv46": "192.0.2.10", "port": 80}))
        }
        Kind::LBVSERVER => ("name", json!({"servicetype": "SSL"})),
        Kind::SERVICEGROUP => ("servicegroupname", json!({"servicetype": "HTTP"})),
        Kind::LBMONITOR => ("monitorname", json!({})),
        _ => ("name", json!({})),
    };
    let mut fields = fields.as_object().unwrap().clone();
    fields.insert(key.to_owned(), "x".into());
    (key, fields)
}

/// What the appliance shows of the fields that annotations may set, without what is as if unset.
fn shown(hand: &mut Hand, set: &FieldSet) -> Fields {
    let row = hand.get(set.kind.name(), "x");
    let fields = row.iter().map(|(name, value)| (name.as_str(), value));
    let mut fields = schema::read_fields(set.kind, fields, |name| set.allowed.contains(&name));
    fields.retain(|name, value| {
        schema::reset_value(set.kind, name).as_ref() != Some(value) && value.as_text() != Some("")
    });
    fields
}

fn assert_taken(name: &str, field: &str, value: Value, goes_back: bool) {
    let annotation = ANNOTATIONS.iter().find(|annotation| annotation.name() == name).unwrap();
    let set = annotation.fields.unwrap();
    let what = format!("{name} {field}={value}");
    let fields = read(name, set.scope, &settings(set, field, value));
    let mut hand = Hand::new(false);
    hand.add("netprofile", &json!({"name": "egress"}));
    let (key, mut object) = plain(set.kind);
    let kind = set.kind.name();
    if goes_back {
        hand.add(kind, &object.clone().into());
        assert_eq!(shown(&mut hand, set), Fields::new(), "{kind} is not plain");
        object = Map::from_iter([(key.to_owned(), "x".into())]);
    }
    object.extend(fields.iter().map(|(name, value)| (name.to_string(), value.to_json())));
    if goes_back {
        hand.set(kind, &object.into())
    } else {
        hand.add(kind, &object.into())
    };
    let mut expected = fields.clone();
    expected.retain(|name, value| schema::reset_value(set.kind, name).as_ref() != Some(value));
    let seen = shown(&mut hand, set);
    for (name, value) in &expected {
        assert_eq!(seen.get(name), Some(value), "{what}: {name}");
    }
    if goes_back {
        assert_eq!(seen, expected, "{what}");
        let back = fields.keys().map(|name| (name.to_string(), true.into()));
        let back: Map<_, Value> =
            std::iter::once((key.to_owned(), "x".into())).chain(back).collect();
        hand.unset(kind, &back.into());
        assert_eq!(shown(&mut hand, set), Fields::new(), "{what} taken back");
    }
}

fn assert_all_taken(name: &str, goes_back: bool) {
    let annotation = ANNOTATIONS.iter().find(|annotation| annotation.name() == name).unwrap();
    let set = annotation.fields.unwrap();
    for field in set.allowed {
        let values = values(set, field);
        assert!(!values.is_empty(), "{field}");
        for value in values {
            assert_taken(name, field, value, goes_back);
        }
    }
}

#[test]
fn front_ends_take_every_field_and_forget_it() {
    assert_all_taken("csvserver", true);
}

#[test]
fn load_balancing_takes_every_field_and_forgets_it() {
    assert_all_taken("lbvserver", true);
}

#[test]
fn service_groups_take_every_field_and_forget_it() {
    assert_all_taken("servicegroup", true);
}

#[test]
fn monitors_are_made_with_every_field() {
    assert_all_taken("monitor", false);
}

#[test]
fn tcp_profiles_are_made_with_every_field() {
    assert_all_taken("frontend-tcpprofile", false);
}

#[test]
fn http_profiles_are_made_with_every_field() {
    assert_all_taken("frontend-httpprofile", false);
}
