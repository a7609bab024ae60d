//! HTTP and TCP profiles: which fields go together, and what keeps a profile.

use super::{refuse, refuse_about};
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{Referrer, State, number};

/// A transport profile stays while anything uses it (documented, 3249); built-in ones stay anyway.
pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match command.verb {
        Verb::Add | Verb::Update => return check_fields(state, command),
        Verb::Delete => {}
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
        | Verb::Other(_) => return Ok(()),
    }
    if super::is_built_in(command.kind, &command.key) {
        return refuse(code::PERM);
    }
    let is_use = |referrer: &Referrer| matches!(referrer, Referrer::Object(key, _) if key.kind != command.kind);
    if state.referrers(command.kind, &command.key).iter().any(is_use) {
        return refuse(code::PROFILE_IN_USE);
    }
    Ok(())
}

/// A connection is idle for longer than its keep-alive probes take (documented, 1396), and gRPC
/// holds back in steps of 100 milliseconds (documented; the code is assumed).
fn check_fields(state: &State, command: &Command) -> Result<(), Refusal> {
    let held = state.object(command.kind, &command.key);
    let value = |field| {
        number(&command.fields, field).or_else(|| held.and_then(|fields| number(fields, field)))
    };
    if let (Some(idle), Some(interval)) = (value("kaconnidletime"), value("kaprobeinterval"))
        && idle < interval
    {
        return refuse(code::TCPKA_IDLETIME_TOO_LOW);
    }
    match number(&command.fields, "grpcholdtimeout") {
        Some(timeout) if timeout % 100 != 0 => {
            refuse_about(code::INVALIDVALUE, format_args!("grpcholdtimeout, {timeout}"))
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bench::Bench;
    use crate::code;

    #[test]
    fn a_profile_stays_while_it_is_used() {
        for (kind, field) in
            [("nshttpprofile", "httpprofilename"), ("nstcpprofile", "tcpprofilename")]
        {
            for (holder, own) in [
                ("lbvserver", json!({"name": "h", "servicetype": "HTTP"})),
                (
                    "csvserver",
                    json!({"name": "h", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443}),
                ),
                ("servicegroup", json!({"servicegroupname": "h", "servicetype": "SSL"})),
            ] {
                let mut bench = Bench::new();
                let mut fields = own.clone();
                fields[field] = "p".into();
                assert_eq!(bench.add(holder, &fields), Err(code::NO_SUCH_PROFILE), "{kind}");
                bench.add(kind, &json!({"name": "p"})).unwrap();
                assert_eq!(bench.add(holder, &fields), Ok(vec![]), "{kind} {holder}");
                let delete = json!({"name": "p"});
                assert_eq!(bench.delete(kind, &delete), Err(code::PROFILE_IN_USE), "{holder}");
                let mut unset = own.clone();
                let fields = unset.as_object_mut().unwrap();
                fields.retain(|field, _| field.ends_with("name"));
                fields.insert(field.to_owned(), true.into());
                assert_eq!(bench.unset(holder, &unset), Ok(vec![]), "{holder}");
                assert_eq!(bench.delete(kind, &delete), Ok(vec![]), "{kind} {holder}");
            }
        }
    }

    #[test]
    fn a_built_in_profile_may_be_used_and_stays() {
        for (kind, name, field) in [
            ("nshttpprofile", "nshttp_default_profile", "httpprofilename"),
            ("nstcpprofile", "nstcp_default_profile", "tcpprofilename"),
        ] {
            let mut bench = Bench::new();
            let mut group = json!({"servicegroupname": "g", "servicetype": "HTTP"});
            group[field] = name.into();
            assert_eq!(bench.add("servicegroup", &group), Ok(vec![]), "{kind}");
            assert_eq!(bench.delete(kind, &json!({"name": name})), Err(code::PERM), "{kind}");
            assert_eq!(bench.add(kind, &json!({"name": name})), Err(code::EXIST), "{kind}");
        }
    }

    #[test]
    fn fields_of_a_profile_go_together() {
        for (kind, own, expected) in [
            (
                "nstcpprofile",
                json!({"kaconnidletime": 60, "kaprobeinterval": 75}),
                Err(code::TCPKA_IDLETIME_TOO_LOW),
            ),
            ("nstcpprofile", json!({"kaconnidletime": 75, "kaprobeinterval": 75}), Ok(vec![])),
            ("nshttpprofile", json!({"grpcholdtimeout": 250}), Err(code::INVALIDVALUE)),
            ("nshttpprofile", json!({"grpcholdtimeout": 300}), Ok(vec![])),
        ] {
            let mut fields = own.clone();
            fields["name"] = "p".into();
            assert_eq!(Bench::new().add(kind, &fields), expected, "{kind} {own}");
        }
    }
}
