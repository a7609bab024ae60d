//! With which code the appliance says that something is not there, or not bound.

use crate::code;
use crate::state::State;

/// The code for a missing object of a type, or for the missing parent of a binding type (seen from
/// the vendor's Terraform provider, which knows them by type, and tells a vserver that is not there
/// from one that does not speak TLS).
pub(crate) fn missing(state: &State, kind: &str, name: &str) -> u32 {
    let base: &[&str] = match kind.split('_').next().unwrap_or_default() {
        "sslvserver" => &["csvserver", "lbvserver"],
        "sslservicegroup" => &["servicegroup"],
        "sslservice" => &["service"],
        _ => &[],
    };
    if base.iter().any(|base| state.object(base, name).is_some()) {
        return code::SSL_NEED_SSLPROTO;
    }
    by_type(kind)
}

fn by_type(kind: &str) -> u32 {
    match kind {
        "sslcertkey" => code::SSL_NOCERT,
        "sslprofile" | "nshttpprofile" | "nstcpprofile" => code::NO_SUCH_PROFILE,
        "sslvserver" => code::NOENT_VSERVER,
        "sslservicegroup" => code::NOENT_SVC_SVCGRP,
        "service" | "sslservice" => code::NOSERVICE,
        "csaction" | "responderaction" | "rewriteaction" | "sslaction" => code::ACTION_NOTPRESENT,
        "cspolicy" | "responderpolicy" | "rewritepolicy" | "sslpolicy" => code::NOPOL,
        "policypatset" | "policystringmap" => code::DATASET_NOTPRESENT,
        "sslcrl" => code::SSL_NOCRL,
        "sslciphersuite" => code::NOENT_CIPHER,
        "servicegroup_lbmonitor_binding" => code::NOSERVER,
        binding if binding.ends_with("_binding") => {
            // A binding misses its parent.
            match binding.split('_').next().unwrap_or_default() {
                "sslservice" => code::NOENT_SVC_SVCGRP,
                parent => by_type(parent),
            }
        }
        _ => code::NOENT,
    }
}

/// The code for a binding that is to be removed and is not there (1542 was seen from Terraform's
/// users, the others follow from the list of codes).
pub(crate) fn not_bound(kind: &str) -> u32 {
    match kind {
        "sslvserver_sslcertkey_binding"
        | "sslservicegroup_sslcertkey_binding"
        | "sslservice_sslcertkey_binding" => code::SSL_BIND,
        "csvserver_lbvserver_binding" => code::DEFAULTLB_NOT_BOUND,
        "lbvserver_servicegroup_binding" | "lbvserver_service_binding" => code::SVC_NOT_BOUND,
        "servicegroup_lbmonitor_binding" | "service_lbmonitor_binding" => code::MONITOR_NOT_BOUND,
        policy if policy.ends_with("policy_binding") => code::UNBIND_INVALIDPOL,
        _ => code::NOENT,
    }
}
