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
