//! The switch that gives every TLS endpoint a profile. It goes one way.

use super::endpoints::{self, ENDPOINTS, has_default_profiles};
use super::{monitors, profiles, refuse};
use crate::code;
use crate::command::{Command, Refusal};
use crate::state::State;

/// Disabling is not allowed; enabling again is no error (documented).
pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    let switched = command.fields.get("defaultprofile");
    let stays = switched.is_none_or(|value| value.as_str() == Some("ENABLED"));
    if has_default_profiles(state) && !stays {
        return refuse(code::SSL_DEFAULT_PROFILE_ENABLED);
    }
    Ok(())
}

/// When it is switched on, every endpoint loses its own settings, ciphers and curves and gets the
/// default profile of its side; bound certificates and policies stay (documented). A legacy profile
/// that was attached is replaced as well, and profiles get the ciphers and curves that a legacy one
/// does not have (both assumed).
pub(super) fn after(state: &mut State, before: &State) {
    if !has_default_profiles(state) || has_default_profiles(before) {
        return;
    }
    endpoints::remove_ciphers(state);
    for endpoint in ENDPOINTS {
        for name in names(state, endpoint.kind) {
            endpoints::reset(state, endpoint, &name);
        }
    }
    for name in names(state, "sslprofile") {
        profiles::bind_defaults(state, &name);
    }
    for name in names(state, "lbmonitor") {
        monitors::attach_default_profile(state, &name);
    }
}

fn names(state: &State, kind: &'static str) -> Vec<String> {
    state.objects(kind).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::bench::{Bench, authority};
    use crate::code;

    #[test]
    fn the_switch_goes_one_way() {
        let mut bench = Bench::with_default_profiles(false);
        let to = |state: &str| json!({"defaultprofile": state});
        assert_eq!(bench.set("sslparameter", &to("DISABLED")), Ok(vec![]));
        assert_eq!(bench.set("sslparameter", &to("ENABLED")), Ok(vec![]));
        assert_eq!(bench.set("sslparameter", &to("ENABLED")), Ok(vec![]));
        let refused = Err(code::SSL_DEFAULT_PROFILE_ENABLED);
        assert_eq!(bench.set("sslparameter", &to("DISABLED")), refused);
        assert_eq!(bench.unset("sslparameter", &json!({"defaultprofile": true})), refused);
    }

    #[test]
    fn endpoints_lose_their_settings_and_keep_their_certificates() {
        let mut bench = Bench::with_default_profiles(false);
        bench.upload("ca.crt", &authority("CA").pem);
        bench.add("sslcertkey", &json!({"certkey": "ca", "cert": "ca.crt"})).unwrap();
        bench.add("lbvserver", &json!({"name": "v", "servicetype": "SSL"})).unwrap();
        bench.set("sslvserver", &json!({"vservername": "v", "snienable": "ENABLED"})).unwrap();
        let binding = json!({"vservername": "v", "certkeyname": "ca", "ca": true});
        bench.bind("sslvserver_sslcertkey_binding", &binding).unwrap();
        let ciphers = "sslvserver_sslciphersuite_binding";
        assert_eq!(bench.bound(ciphers, "v", "ciphername"), ["DEFAULT"]);
        bench.add("sslprofile", &json!({"name": "legacy"})).unwrap();
        assert!(bench.bound("sslprofile_sslcipher_binding", "legacy", "name").is_empty());

        bench.set("sslparameter", &json!({"defaultprofile": "ENABLED"})).unwrap();
        assert_eq!(bench.field("sslvserver", "v", "snienable"), Value::Null);
        let default = "ns_default_ssl_profile_frontend";
        assert_eq!(bench.field("sslvserver", "v", "sslprofile"), default);
        assert!(bench.bound(ciphers, "v", "ciphername").is_empty());
        assert_eq!(bench.bound("sslvserver_sslcertkey_binding", "v", "certkeyname"), ["ca"]);
        assert_eq!(
            bench.bound("sslprofile_sslcipher_binding", "legacy", "ciphername"),
            ["DEFAULT"]
        );
    }

    #[test]
    fn an_appliance_that_is_switched_on_holds_what_one_born_so_holds() {
        let mut bench = Bench::with_default_profiles(false);
        bench.set("sslparameter", &json!({"defaultprofile": "ENABLED"})).unwrap();
        assert!(bench.state == Bench::new().state);
    }
}
