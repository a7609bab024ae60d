//! NetScaler's own rules beyond the schema: what one field, object or binding means for another.
//!
//! The engine calls [`complete`] before a command is judged, [`check`] to judge it, and [`after`]
//! when it has been carried out. [`install`] fills a fresh appliance, [`boot`] loads what a restarted
//! one finds on its disk, and [`shown`] adds what an answer says beyond what is stored.

mod addresses;
mod balancing;
#[cfg(test)]
mod bench;
mod builtins;
mod certificate_bindings;
mod certkey_files;
mod certkeys;
mod ciphers;
mod default_profile;
mod endpoints;
mod expression;
mod features;
mod links;
mod members;
mod missing;
mod monitors;
mod parameters;
mod policies;
mod policy_bindings;
mod profiles;
mod revocation;
mod rewrites;
mod service_state;
mod servicegroups;
mod switching;
mod transport_profiles;
mod vservers;

use jiff::Timestamp;
use serde_json::Value;

use crate::command::{Command, Refusal, Verb};
use crate::state::{Fields, State};

#[cfg(test)]
pub(crate) use bench::Bench;
pub(crate) use builtins::{install, is_built_in};
pub(crate) use links::issuer_of;
pub(crate) use missing::{missing, not_bound};
pub(crate) use revocation::list_of as revocation_list;
pub(crate) use service_state::{MEMBERS, member_of, serves, service_serves};
pub(crate) use vservers::{address, speaks_http, takes_connections};

/// What a restart makes of the saved configuration.
pub(crate) fn boot(state: &mut State) {
    certkeys::boot(state);
    service_state::boot(state);
}

/// Fills in what the appliance derives from the command's own fields, before its existence and
/// references are looked up: the server of a member that was given by address, and the bind point
/// of a policy. The identity of a binding (`BindingKey::of`) is that of the completed fields.
pub(crate) fn complete(state: &State, command: &mut Command) {
    members::complete(state, command);
    policy_bindings::complete(command);
}

/// Everything about this command that the schema cannot say. Called after the generic validation
/// (fields, types, enums, ranges, existence, references, immutability), before it is carried out.
pub(crate) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match command.kind {
        "servicegroup" if matches!(command.verb, Verb::Enable | Verb::Disable) => {
            service_state::check(state, command)
        }
        // Setting the weight of a member, for example.
        "servicegroup" if command.verb == Verb::Update && member_of(command).is_some() => {
            service_state::check(state, command)
        }
        "sslcertkey" => certkeys::check(state, command),
        "sslvserver_sslcertkey_binding"
        | "sslservicegroup_sslcertkey_binding"
        | "sslservice_sslcertkey_binding" => certificate_bindings::check(state, command),
        "sslprofile" => profiles::check(state, command),
        "sslvserver" | "sslservicegroup" | "sslservice" => endpoints::check(state, command),
        "sslparameter" => default_profile::check(state, command),
        "sslcipher" | "sslcipher_sslciphersuite_binding" => ciphers::check_group(state, command),
        "csvserver" | "lbvserver" => vservers::check(state, command),
        "csaction" | "csvserver_lbvserver_binding" => switching::check(state, command),
        "servicegroup" | "service" => servicegroups::check(state, command),
        "lbvserver_servicegroup_binding" | "lbvserver_service_binding" => {
            servicegroups::check_binding(state, command)
        }
        "server" | "servicegroup_servicegroupmember_binding" => members::check(state, command),
        "servicegroup_servicegroupmemberlist_binding" => Err(members::refuse_list()),
        "lbmonitor" | "servicegroup_lbmonitor_binding" | "service_lbmonitor_binding" => {
            monitors::check(state, command)
        }
        "sslcrl" | "sslocspresponder" | "sslcertkey_sslocspresponder_binding" => {
            revocation::check(state, command)
        }
        "cspolicy" | "responderpolicy" | "rewritepolicy" | "sslpolicy" | "responderaction"
        | "rewriteaction" | "sslaction" => policies::check(state, command),
        "nshttpprofile" | "nstcpprofile" => transport_profiles::check(state, command),
        kind if ciphers::is_binding(kind) => ciphers::check(state, command),
        kind if policy_bindings::is_one(kind) => policy_bindings::check(state, command),
        _ => Ok(()),
    }
}

/// What the command brings along beside its own object. By now the engine has put, changed or
/// removed the object or binding itself, and, with a deleted object, the bindings that have it as
/// parent. Returns what the appliance warns of.
pub(crate) fn after(
    state: &mut State,
    before: &State,
    command: &Command,
    now: Timestamp,
) -> Vec<Refusal> {
    let mut warnings = features::warnings(state, command);
    match command.kind {
        "sslcertkey" => warnings.extend(certkeys::after(state, before, command, now)),
        "sslvserver_sslcertkey_binding"
        | "sslservicegroup_sslcertkey_binding"
        | "sslservice_sslcertkey_binding" => {
            warnings.extend(certificate_bindings::after(state, command));
        }
        "sslprofile" => profiles::after(state, command),
        "sslvserver" | "sslservicegroup" | "sslservice" => endpoints::after(state, before, command),
        "sslparameter" => default_profile::after(state, before),
        "csvserver" | "lbvserver" => {
            vservers::after(state, command);
            endpoints::derive(state, command);
        }
        "servicegroup" | "service" => {
            monitors::derive(state, command);
            members::after_service(state, command);
            endpoints::derive(state, command);
            service_state::after(state, before, command, now);
        }
        "server" => service_state::after(state, before, command, now),
        "csvserver_lbvserver_binding" => switching::after(state, command),
        "servicegroup_servicegroupmember_binding" => members::after(state, before, command),
        "lbmonitor" | "servicegroup_lbmonitor_binding" | "service_lbmonitor_binding" => {
            monitors::after(state, command);
        }
        "responderaction" => policies::after(state, command),
        kind if ciphers::is_binding(kind) => ciphers::after(state, command),
        _ => {}
    }
    warnings
}

/// What an answer shows of an object beyond what is stored, because it depends on the time or on
/// other objects.
pub(crate) fn shown(
    state: &State,
    kind: &str,
    name: &str,
    now: Timestamp,
) -> Vec<(&'static str, Value)> {
    match kind {
        "sslcertkey" => certkeys::shown(state, name, now),
        "csvserver" | "lbvserver" => vservers::shown(state, kind, name),
        "servicegroup" => service_state::of_group(state, name),
        "service" => service_state::of_service(state, name, now),
        _ => Vec::new(),
    }
}

/// The same of a binding.
pub(crate) fn shown_bound(
    state: &State,
    kind: &str,
    fields: &Fields,
    now: Timestamp,
) -> Vec<(&'static str, Value)> {
    match kind {
        MEMBERS => service_state::of_member(state, fields, now),
        _ => Vec::new(),
    }
}

fn refuse(code: u32) -> Result<(), Refusal> {
    Err(Refusal::new(code))
}

fn refuse_about(code: u32, arguments: impl std::fmt::Display) -> Result<(), Refusal> {
    Err(Refusal::about(code, arguments))
}
