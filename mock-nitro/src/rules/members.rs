//! Servers, and members of groups: a member given by address makes a server, or takes the one that
//! has that address.

use std::sync::Arc;

use serde_json::Value;

use super::service_state::MEMBERS;
use super::{addresses, refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::schema;
use crate::state::{BindingKey, Fields, State, text};

/// A member given by address belongs to the server that has that address (documented).
pub(super) fn complete(state: &State, command: &mut Command) {
    if command.kind != MEMBERS || command.fields.contains_key("servername") {
        return;
    }
    let Some(Value::String(address)) = command.fields.get("ip") else { return };
    if let Some(server) = server_at(state, address) {
        let server = Value::from(server);
        command.fields.insert("servername", server);
    }
}

/// The server that has an address; one that was made for a text that is no address has its name.
fn server_at<'a>(state: &'a State, address: &'a str) -> Option<&'a str> {
    let of_that_name = || {
        let server = state.object("server", address);
        server.filter(|server| text(server, "ipaddress") == address).map(|_| address)
    };
    state.server_at(address).or_else(of_that_name)
}

/// Lists of members as a whole are for groups that scale by API only (257 was seen for others);
/// this appliance has none of those.
pub(super) fn refuse_list() -> Refusal {
    Refusal::new(code::PERM)
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match (command.kind, &command.verb) {
        ("server", Verb::Add | Verb::Update) => {
            let address = text(&command.fields, "ipaddress");
            if address.is_empty() {
                return Ok(());
            }
            addresses::check_form(address)?;
            match server_at(state, address) {
                // Assumed from the list of codes.
                Some(other) if other != command.key => refuse(code::SERVER_EXIST),
                Some(_) | None => Ok(()),
            }
        }
        ("server", Verb::Delete) => {
            let is_used = state
                .bindings_of(MEMBERS)
                .any(|(_, member)| text(member, "servername") == command.key)
                || state
                    .objects("service")
                    .any(|(_, service)| text(service, "servername") == command.key);
            // As with groups: refused unless a parameter, which is off here, allows it.
            if is_used { refuse(code::VSR_BOUND) } else { Ok(()) }
        }
        (MEMBERS, Verb::Bind) => check_member(state, command),
        _ => Ok(()),
    }
}

fn check_member(state: &State, command: &Command) -> Result<(), Refusal> {
    if let Some(Value::String(address)) = command.fields.get("ip") {
        addresses::check_form(address)?;
    }
    let group = state.object("servicegroup", &command.key);
    let scales = group.is_some_and(|group| text(group, "autoscale") != "DISABLED");
    if !command.fields.contains_key("port") && !scales {
        return refuse_about(code::ARGMISSING, "port");
    }
    let Some(held) = state.binding(MEMBERS, &command.key, &command.child) else { return Ok(()) };
    // Binding again changes weight or state; with nothing to change it is a duplicate (assumed).
    let changes = command.fields.iter().any(|(field, value)| held.get(field) != Some(value));
    if changes {
        return Ok(());
    }
    let server = text(held, "servername");
    refuse_about(code::EXIST, format_args!("serverName, {server}"))
}

/// Makes the server of a member that was given by an address that no server has, and completes the
/// row: it shows both name and address (documented). Binding again leaves as it was what it does not
/// give, the state above all (assumed).
pub(super) fn after(state: &mut State, before: &State, command: &Command) {
    if command.verb != Verb::Bind {
        return;
    }
    let key = BindingKey::of(MEMBERS, &command.fields);
    let Some(fields) = state.remove_binding(&key) else { return };
    let mut fields = Arc::unwrap_or_clone(fields);
    if let Some(held) = before.binding(MEMBERS, &key.parent, &key.child) {
        let not_given = held.iter().filter(|(field, _)| !command.fields.contains_key(*field));
        fields.extend(not_given.map(|(&field, value)| (field, value.clone())));
    }
    if text(&fields, "servername").is_empty() {
        let address = text(&fields, "ip").to_owned();
        create(state, &address);
        fields.insert("servername", address.into());
    }
    let address = state
        .object("server", text(&fields, "servername"))
        .and_then(|server| server.get("ipaddress").cloned());
    if let Some(address) = address {
        fields.insert("ip", address);
    }
    fields.entry("weight").or_insert_with(|| 1.into());
    for counter in ["serverid", "hashid"] {
        fields.entry(counter).or_insert_with(|| 0.into());
    }
    state.put_binding(key, fields);
}

/// A service given by address has a server too.
pub(super) fn after_service(state: &mut State, command: &Command) {
    if command.kind != "service" || command.verb != Verb::Add {
        return;
    }
    let address = text(&command.fields, "ip").to_owned();
    let given = text(&command.fields, "servername").to_owned();
    let server = match (given.is_empty(), server_at(state, &address)) {
        (false, _) => given,
        (true, Some(server)) => server.to_owned(),
        (true, None) => {
            create(state, &address);
            address
        }
    };
    let address = state.object("server", &server).and_then(|held| held.get("ipaddress").cloned());
    let Some(service) = state.object_mut("service", &command.key) else { return };
    service.insert("servername", server.into());
    service.extend(address.map(|address| ("ipaddress", address)));
}

fn create(state: &mut State, address: &str) {
    let defaults = schema::kind("server").into_iter().flat_map(schema::Kind::defaults);
    let mut fields: Fields = defaults.map(|(field, value)| (field, value.clone())).collect();
    fields.insert("name", address.into());
    fields.insert("ipaddress", address.into());
    state.put_object("server", address, fields);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::addresses;
    use super::super::bench::Bench;
    use super::MEMBERS;
    use crate::code;
    use crate::command::Verb;
    use crate::state::text;

    /// Spellings of few addresses.
    const ADDRESSES: [&str; 5] =
        ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:DB8:0::1", "2001:db8::2"];

    proptest! {
        #[test]
        fn a_server_is_found_by_its_address_whatever_became_of_it(
            steps in prop::collection::vec((0..5u8, 0..3u8, 0..3u8, 0..5usize), 0..40)
        ) {
            let mut bench = bench();
            for (verb, name, other, address) in steps {
                let (name, other) = (format!("s{name}"), format!("s{other}"));
                let address = ADDRESSES[address];
                let _refused_or_not = match verb {
                    0 => bench.add("server", &json!({"name": name, "ipaddress": address})),
                    1 => bench.set("server", &json!({"name": name, "ipaddress": address})),
                    2 => bench.delete("server", &json!({"name": name})),
                    3 => bench.run(Verb::Rename, "server", &json!({"name": name, "newname": other})),
                    _ => bench.bind(MEMBERS, &json!({"servicegroupname": "g", "ip": address, "port": 80})),
                };
                for address in ADDRESSES {
                    let mut all = bench.state.objects("server");
                    let seen = all.find(|(_, server)| addresses::are_equal(text(server, "ipaddress"), address));
                    prop_assert_eq!(bench.state.server_at(address), seen.map(|(name, _)| name));
                }
            }
        }
    }

    fn bench() -> Bench {
        let mut bench = Bench::new();
        bench
            .add("servicegroup", &json!({"servicegroupname": "g", "servicetype": "HTTP"}))
            .unwrap();
        bench
    }

    #[test]
    fn a_member_given_by_address_makes_a_server() {
        let mut bench = bench();
        let member = json!({"servicegroupname": "g", "ip": "192.0.2.9", "port": 80});
        assert_eq!(bench.bind(MEMBERS, &member), Ok(vec![]));
        assert_eq!(bench.field("server", "192.0.2.9", "ipaddress"), "192.0.2.9");
        assert_eq!(bench.bound(MEMBERS, "g", "servername"), ["192.0.2.9"]);
        assert_eq!(bench.bind(MEMBERS, &member), Err(code::EXIST));
        let by_name = json!({"servicegroupname": "g", "servername": "192.0.2.9", "port": 80});
        assert_eq!(bench.unbind(MEMBERS, &by_name), Ok(vec![]));
        assert_eq!(bench.unbind(MEMBERS, &by_name), Err(code::NOENT));
        assert!(bench.state.object("server", "192.0.2.9").is_some());
    }

    #[test]
    fn an_address_that_has_a_server_is_that_server() {
        let mut bench = bench();
        bench.add("server", &json!({"name": "s", "ipaddress": "192.0.2.9"})).unwrap();
        let member = json!({"servicegroupname": "g", "ip": "192.0.2.9", "port": 80});
        assert_eq!(bench.bind(MEMBERS, &member), Ok(vec![]));
        assert_eq!(bench.bound(MEMBERS, "g", "servername"), ["s"]);
        assert_eq!(bench.bound(MEMBERS, "g", "ip"), ["192.0.2.9"]);
        let by_name = json!({"servicegroupname": "g", "servername": "s", "port": 80});
        assert_eq!(bench.bind(MEMBERS, &by_name), Err(code::EXIST));
        assert_eq!(bench.unbind(MEMBERS, &member), Ok(vec![]));
    }

    #[test]
    fn a_member_is_named_in_one_way_and_has_a_port() {
        for (fields, code) in [
            (json!({"ip": "192.0.2.9", "servername": "s", "port": 80}), code::ARGSMUTEX),
            (json!({"port": 80}), code::ARGMISSING),
            (json!({"ip": "192.0.2.9"}), code::ARGMISSING),
            (json!({"ip": "shop", "port": 80}), code::INVALIDIP),
            (json!({"servername": "gone", "port": 80}), code::NOENT),
        ] {
            let mut bench = bench();
            bench.add("server", &json!({"name": "s", "ipaddress": "192.0.2.9"})).unwrap();
            let mut member = fields.clone();
            member["servicegroupname"] = "g".into();
            assert_eq!(bench.bind(MEMBERS, &member), Err(code), "{fields}");
        }
    }

    #[test]
    fn binding_again_changes_the_weight() {
        let mut bench = bench();
        let member = |weight: u8| json!({"servicegroupname": "g", "ip": "192.0.2.9", "port": 80, "weight": weight});
        bench.bind(MEMBERS, &member(1)).unwrap();
        assert_eq!(bench.bind(MEMBERS, &member(5)), Ok(vec![]));
        assert_eq!(bench.bound(MEMBERS, "g", "weight"), [5]);
    }

    #[test]
    fn an_address_has_one_server_which_stays_while_it_has_members() {
        let mut bench = bench();
        bench.add("server", &json!({"name": "s", "ipaddress": "192.0.2.9"})).unwrap();
        let twin = json!({"name": "t", "ipaddress": "192.0.2.9"});
        assert_eq!(bench.add("server", &twin), Err(code::SERVER_EXIST));
        let bad = json!({"name": "t", "ipaddress": "192.0.2"});
        assert_eq!(bench.add("server", &bad), Err(code::INVALIDIP));
        let member = json!({"servicegroupname": "g", "servername": "s", "port": 80});
        bench.bind(MEMBERS, &member).unwrap();
        assert_eq!(bench.delete("server", &json!({"name": "s"})), Err(code::VSR_BOUND));
        bench.unbind(MEMBERS, &member).unwrap();
        assert_eq!(bench.delete("server", &json!({"name": "s"})), Ok(vec![]));
    }

    #[test]
    fn lists_of_members_are_not_for_plain_groups() {
        let list = json!({"servicegroupname": "g", "members": [{"ip": "192.0.2.9", "port": 80}]});
        let outcome = bench().bind("servicegroup_servicegroupmemberlist_binding", &list);
        assert_eq!(outcome, Err(code::PERM));
    }
}
