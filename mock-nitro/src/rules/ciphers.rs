//! Ciphers and curves: where they may be bound in which mode, and what must stay bound.

use super::endpoints::{ENDPOINTS, has_default_profiles};
use super::refuse;
use crate::code;
use crate::command::{Command, Refusal, Verb};
use crate::state::{BindingKey, State, text};

/// Whether a type binds ciphers or curves to a profile or an endpoint.
pub(super) fn is_binding(kind: &str) -> bool {
    let of_profile = kind.starts_with("sslprofile_");
    let of_endpoint = kind.starts_with("sslvserver_") || kind.starts_with("sslservice");
    (of_profile || of_endpoint)
        && ["_sslcipher_binding", "_sslciphersuite_binding", "_ecccurve_binding"]
            .iter()
            .any(|suffix| kind.ends_with(suffix))
}

fn is_of_curves(kind: &str) -> bool {
    kind.ends_with("_ecccurve_binding")
}

pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    let of_profile = command.kind.starts_with("sslprofile_");
    match (of_profile, has_default_profiles(state)) {
        // Documented; the second was seen from Terraform's users.
        (true, false) => return refuse(code::SSL_PROFILE_DEFAULT_DISABLED),
        (false, true) => return refuse(code::SSL_PROFILE_DEFAULT_ENABLED),
        (true, true) | (false, false) => {}
    }
    if command.verb == Verb::Unbind {
        check_last(state, command)
    } else if is_of_curves(command.kind) {
        check_curve(state, command)
    } else {
        check_cipher(state, command)
    }
}

/// A cipher that is bound already is refused, with whatever priority (seen from Ansible's users).
fn check_cipher(state: &State, command: &Command) -> Result<(), Refusal> {
    if state.binding(command.kind, &command.key, &command.child).is_some() {
        return refuse(code::SSL_CIPHER_EXIST_HIGHER_PRI);
    }
    let for_servers = text(&command.fields, "ciphername") == "DEFAULT_BACKEND";
    let at_front = command.kind.starts_with("sslvserver_") || is_front_end(state, command);
    if for_servers && at_front {
        return refuse(code::CIPHER_BACKEND);
    }
    Ok(())
}

fn is_front_end(state: &State, command: &Command) -> bool {
    command.kind.starts_with("sslprofile_")
        && state
            .object("sslprofile", &command.key)
            .is_some_and(|profile| text(profile, "sslprofiletype") != "BackEnd")
}

fn check_curve(state: &State, command: &Command) -> Result<(), Refusal> {
    match state.binding(command.kind, &command.key, &command.child) {
        Some(_) => Err(Refusal::about(code::EXIST, "eccCurveName")),
        None => Ok(()),
    }
}

/// What is in use must keep a cipher, and curves as long as it has ciphers that need them
/// (documented with codes 3735 and 3677; that any cipher here may need curves is assumed).
fn check_last(state: &State, command: &Command) -> Result<(), Refusal> {
    let is_last = state.bindings(command.kind, &command.key).nth(1).is_none();
    if !is_last {
        return Ok(());
    }
    let parent = command.kind.split('_').next().unwrap_or_default();
    if is_of_curves(command.kind) {
        let ciphers =
            [format!("{parent}_sslcipher_binding"), format!("{parent}_sslciphersuite_binding")];
        let mut ciphers = ciphers.iter().flat_map(|kind| state.bindings(kind, &command.key));
        return if ciphers.next().is_some() { refuse(code::SSL_NO_ECC_CURVES) } else { Ok(()) };
    }
    let uses = |(_, fields): (&str, &std::sync::Arc<_>)| text(fields, "sslprofile") == command.key;
    let in_use = ENDPOINTS.iter().any(|endpoint| state.objects(endpoint.kind).any(uses));
    match parent {
        "sslprofile" if in_use => refuse(code::SSL_PROFILE_NO_USABLE_CIPHERS),
        "sslprofile" => Ok(()),
        _ => refuse(code::SSL_NO_USABLE_CIPHERS),
    }
}

/// A row shows the cipher under its other name too (seen from every client), and `ALL` curves as
/// single rows (assumed).
pub(super) fn after(state: &mut State, command: &Command) {
    if command.verb != Verb::Bind {
        return;
    }
    let key = BindingKey::of(command.kind, &command.fields);
    let Some(fields) = state.remove_binding(&key) else { return };
    let mut fields = std::sync::Arc::unwrap_or_clone(fields);
    if is_of_curves(command.kind) && text(&fields, "ecccurvename") == "ALL" {
        for curve in super::endpoints::CURVES {
            fields.insert("ecccurvename", curve.into());
            state.put_binding(BindingKey::of(command.kind, &fields), fields.clone());
        }
        return;
    }
    if command.kind.ends_with("_sslcipher_binding") {
        let cipher = text(&fields, "ciphername").to_owned();
        fields.insert("cipheraliasname", cipher.into());
    }
    if command.kind == "sslprofile_sslcipher_binding" && !fields.contains_key("cipherpriority") {
        let last = state
            .bindings(command.kind, &command.key)
            .filter_map(|(_, other)| crate::state::number(other, "cipherpriority"))
            .max();
        fields.insert("cipherpriority", (last.unwrap_or(0) + 1).into());
    }
    state.put_binding(key, fields);
}

/// Built-in groups cannot be changed, and a group stays while it is bound (documented; which of the
/// two codes for the latter is assumed).
pub(super) fn check_group(state: &State, command: &Command) -> Result<(), Refusal> {
    let changes = matches!(
        command.verb,
        Verb::Delete | Verb::Update | Verb::Unset | Verb::Bind | Verb::Unbind
    );
    let built_in = state
        .object("sslcipher", &command.key)
        .is_some_and(|group| group.contains_key("ciphgrpalias"));
    if changes && built_in {
        return refuse(code::CIPHER_PERM);
    }
    let is_bound = || {
        let kinds = crate::schema::kinds().map(|(name, _)| name).filter(|name| is_binding(name));
        kinds.into_iter().any(|kind| {
            state.bindings_of(kind).any(|(_, fields)| text(fields, "ciphername") == command.key)
        })
    };
    if command.verb == Verb::Delete && is_bound() {
        return refuse(code::OBJECT_IN_USE);
    }
    if command.kind == "sslcipher_sslciphersuite_binding"
        && command.verb == Verb::Bind
        && state.binding(command.kind, &command.key, &command.child).is_some()
    {
        return refuse(code::SSL_CIPHER_EXIST_HIGHER_PRI);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::bench::Bench;
    use crate::code;

    const CIPHERS: &str = "sslprofile_sslcipher_binding";
    const CURVES: &str = "sslprofile_ecccurve_binding";
    const SUITE: &str = "TLS1.3-AES256-GCM-SHA384";

    fn bench(default_profiles: bool) -> Bench {
        let mut bench = Bench::with_default_profiles(default_profiles);
        bench.add("sslprofile", &json!({"name": "p"})).unwrap();
        bench.add("lbvserver", &json!({"name": "v", "servicetype": "SSL"})).unwrap();
        bench
    }

    #[test]
    fn the_mode_decides_where_ciphers_and_curves_are_bound() {
        let to_profile = json!({"name": "p", "ciphername": SUITE});
        let to_vserver = json!({"vservername": "v", "ciphername": SUITE});
        let of_vserver = "sslvserver_sslciphersuite_binding";
        let mut on = bench(true);
        assert_eq!(on.bind(CIPHERS, &to_profile), Ok(vec![]));
        assert_eq!(on.bind(of_vserver, &to_vserver), Err(code::SSL_PROFILE_DEFAULT_ENABLED));
        let mut off = bench(false);
        assert_eq!(off.bind(CIPHERS, &to_profile), Err(code::SSL_PROFILE_DEFAULT_DISABLED));
        assert_eq!(off.bind(of_vserver, &to_vserver), Ok(vec![]));
        let curve = json!({"name": "p", "ecccurvename": "X_25519"});
        assert_eq!(off.bind(CURVES, &curve), Err(code::SSL_PROFILE_DEFAULT_DISABLED));
    }

    #[test]
    fn a_cipher_is_bound_once_and_must_exist() {
        let mut bench = bench(true);
        let cipher = |name: &str| json!({"name": "p", "ciphername": name, "cipherpriority": 7});
        assert_eq!(bench.bind(CIPHERS, &cipher(SUITE)), Ok(vec![]));
        assert_eq!(bench.bind(CIPHERS, &cipher(SUITE)), Err(code::SSL_CIPHER_EXIST_HIGHER_PRI));
        assert!(bench.bind(CIPHERS, &cipher("TLS9-NONE")).is_err());
        assert_eq!(bench.bind(CIPHERS, &cipher("DEFAULT_BACKEND")), Err(code::CIPHER_BACKEND));
    }

    #[test]
    fn a_profile_in_use_keeps_a_cipher_and_one_with_ciphers_keeps_a_curve() {
        let mut bench = bench(true);
        let default = json!({"name": "p", "ciphername": "DEFAULT"});
        bench.set("sslvserver", &json!({"vservername": "v", "sslprofile": "p"})).unwrap();
        assert_eq!(bench.unbind(CIPHERS, &default), Err(code::SSL_PROFILE_NO_USABLE_CIPHERS));
        bench.bind(CIPHERS, &json!({"name": "p", "ciphername": SUITE})).unwrap();
        assert_eq!(bench.unbind(CIPHERS, &default), Ok(vec![]));
        for curve in ["P_256", "P_384", "P_224"] {
            bench.unbind(CURVES, &json!({"name": "p", "ecccurvename": curve})).unwrap();
        }
        let last = json!({"name": "p", "ecccurvename": "P_521"});
        assert_eq!(bench.unbind(CURVES, &last), Err(code::SSL_NO_ECC_CURVES));
    }

    #[test]
    fn a_profile_that_nobody_uses_may_lose_its_ciphers() {
        let mut bench = bench(true);
        assert_eq!(
            bench.unbind(CIPHERS, &json!({"name": "p", "ciphername": "DEFAULT"})),
            Ok(vec![])
        );
    }

    #[test]
    fn built_in_groups_and_bound_ones_stay() {
        let mut bench = bench(true);
        let built_in = json!({"ciphergroupname": "DEFAULT"});
        assert_eq!(bench.delete("sslcipher", &built_in), Err(code::CIPHER_PERM));
        bench.add("sslcipher", &json!({"ciphergroupname": "own"})).unwrap();
        bench.bind(CIPHERS, &json!({"name": "p", "ciphername": "own"})).unwrap();
        let own = json!({"ciphergroupname": "own"});
        assert_eq!(bench.delete("sslcipher", &own), Err(code::OBJECT_IN_USE));
        bench.unbind(CIPHERS, &json!({"name": "p", "ciphername": "own"})).unwrap();
        assert_eq!(bench.delete("sslcipher", &own), Ok(vec![]));
    }
}
