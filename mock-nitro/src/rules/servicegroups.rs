//! Groups and services: what may stand behind which vserver, and what keeps them.

use super::{refuse, refuse_about, vservers};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{State, text};

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match command.verb {
        Verb::Add | Verb::Update => {
            let servicetype = match state.object(command.kind, &command.key) {
                Some(held) => text(held, "servicetype"),
                None => text(&command.fields, "servicetype"),
            };
            let has_profile = !text(&command.fields, "httpprofilename").is_empty();
            if has_profile && !vservers::speaks_http(servicetype) {
                return refuse_about(code::SSL_NOT_APPLICABLE, "httpProfileName");
            }
            // The header of the client's address, once it is inserted, may have a default.
            if !text(&command.fields, "cipheader").is_empty()
                && text(&command.fields, "cip") == "DISABLED"
            {
                return refuse_about(code::ARGPREREQ, "cipHeader, cip==ENABLED");
            }
            Ok(())
        }
        Verb::Delete => check_delete(state, command),
        Verb::Unset
        | Verb::Enable
        | Verb::Disable
        | Verb::Rename
        | Verb::Change
        | Verb::Link
        | Verb::Unlink
        | Verb::Bind
        | Verb::Unbind
        | Verb::Save
        | Verb::Clear
        | Verb::Other(_) => Ok(()),
    }
}

/// What is bound to a vserver stays. The appliance has a parameter that allows removal; here it is
/// off, so that a client must unbind first, which is right either way (documented).
fn check_delete(state: &State, command: &Command) -> Result<(), Refusal> {
    let (binding, side) = match command.kind {
        "service" => ("lbvserver_service_binding", "servicename"),
        _ => ("lbvserver_servicegroup_binding", "servicegroupname"),
    };
    if state.bindings_of(binding).any(|(_, fields)| text(fields, side) == command.key) {
        return refuse(code::VSR_BOUND);
    }
    Ok(())
}

pub(super) fn check_binding(state: &State, command: &Command) -> Result<(), Refusal> {
    let of_groups = command.kind == "lbvserver_servicegroup_binding";
    let (kind, side) =
        if of_groups { ("servicegroup", "servicegroupname") } else { ("service", "servicename") };
    let has_both = ["servicename", "servicegroupname"]
        .iter()
        .all(|field| !text(&command.fields, field).is_empty());
    if has_both {
        // Seen from Ansible.
        return refuse_about(code::ARGSMUTEX, "serviceName, serviceGroupName");
    }
    if command.verb != Verb::Bind {
        return Ok(());
    }
    if of_groups && command.fields.contains_key("weight") {
        // Seen from Ansible.
        return refuse_about(code::ARGPREREQ, "weight, serviceName");
    }
    let name = text(&command.fields, side);
    if state.binding(command.kind, &command.key, &command.child).is_some() {
        return refuse_about(code::EXIST, format_args!("{side}, {name}"));
    }
    let servicetype =
        |kind, name| state.object(kind, name).map_or("", |fields| text(fields, "servicetype"));
    if vservers::are_compatible(servicetype("lbvserver", &command.key), servicetype(kind, name)) {
        Ok(())
    } else {
        refuse(code::SVCTYPE_MISMATCH)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bench::Bench;
    use crate::code;

    const BINDING: &str = "lbvserver_servicegroup_binding";

    fn bench() -> Bench {
        let mut bench = Bench::new();
        for (name, servicetype) in [("http", "HTTP"), ("tcp", "TCP"), ("bridge", "SSL_BRIDGE")] {
            bench.add("lbvserver", &json!({"name": name, "servicetype": servicetype})).unwrap();
        }
        for servicetype in ["HTTP", "SSL", "TCP", "SSL_TCP", "SSL_BRIDGE"] {
            let fields = json!({"servicegroupname": servicetype, "servicetype": servicetype});
            bench.add("servicegroup", &fields).unwrap();
        }
        bench
    }

    #[test]
    fn a_group_stands_behind_vservers_that_speak_its_protocol() {
        for (vserver, groups) in [
            ("http", &["HTTP", "SSL"][..]),
            ("tcp", &["TCP", "SSL_TCP"]),
            ("bridge", &["SSL_BRIDGE"]),
        ] {
            for group in ["HTTP", "SSL", "TCP", "SSL_TCP", "SSL_BRIDGE"] {
                let fields = json!({"name": vserver, "servicegroupname": group});
                let expected =
                    if groups.contains(&group) { Ok(vec![]) } else { Err(code::SVCTYPE_MISMATCH) };
                assert_eq!(bench().bind(BINDING, &fields), expected, "{vserver} {group}");
            }
        }
    }

    #[test]
    fn arguments_of_services_are_not_for_groups() {
        let fields = json!({"name": "http", "servicegroupname": "HTTP", "weight": 2});
        assert_eq!(bench().bind(BINDING, &fields), Err(code::ARGPREREQ));
        let mut bench = bench();
        bench.bind(BINDING, &json!({"name": "http", "servicegroupname": "HTTP"})).unwrap();
        let twice = json!({"name": "http", "servicegroupname": "HTTP"});
        assert_eq!(bench.bind(BINDING, &twice), Err(code::EXIST));
    }

    #[test]
    fn a_bound_group_stays() {
        let mut bench = bench();
        let binding = json!({"name": "http", "servicegroupname": "HTTP"});
        bench.bind(BINDING, &binding).unwrap();
        let delete = json!({"servicegroupname": "HTTP"});
        assert_eq!(bench.delete("servicegroup", &delete), Err(code::VSR_BOUND));
        bench.unbind(BINDING, &binding).unwrap();
        assert_eq!(bench.unbind(BINDING, &binding), Err(code::SVC_NOT_BOUND));
        assert_eq!(bench.delete("servicegroup", &delete), Ok(vec![]));
    }
}
