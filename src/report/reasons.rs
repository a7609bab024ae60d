//! All reasons of all conditions, as the documentation lists them.
//!
//! `Accepted` and `ResolvedRefs` have the codes of diagnostics as well, in Kubernetes' spelling.

use super::condition::reason_of_code;
use crate::diagnostic::Code;

/// A reason that a condition of one of our objects may have.
#[derive(Debug, Clone, Copy)]
pub struct Documented {
    /// The kind of the object.
    pub object: &'static str,
    /// The conditions that may have it.
    pub conditions: &'static [&'static str],
    /// The reason.
    pub reason: &'static str,
    /// What is the case, and what to do about it if something is to be done.
    pub meaning: &'static str,
}

const fn of_ingress(
    conditions: &'static [&'static str],
    reason: &'static str,
    meaning: &'static str,
) -> Documented {
    Documented { object: "IngressReport", conditions, reason, meaning }
}

const fn of_appliance(
    conditions: &'static [&'static str],
    reason: &'static str,
    meaning: &'static str,
) -> Documented {
    Documented { object: "NetScaler", conditions, reason, meaning }
}

/// The reasons that are no codes, by object and condition.
pub const REASONS: &[Documented] = &[
    of_ingress(&["Accepted"], "Accepted", "The Ingress is understood."),
    of_ingress(
        &["Accepted", "Programmed"],
        "NoAppliance",
        "No appliance serves it: its IngressClass names a NetScaler that does not exist, or none.",
    ),
    of_ingress(&["ResolvedRefs"], "ResolvedRefs", "All that it refers to exists and can be used."),
    of_ingress(&["Programmed"], "Programmed", "The appliance was read, and has it as it asks."),
    of_ingress(
        &["Programmed"],
        "Pending",
        "It is understood, and not all of it is on the appliance yet. If it lasts, the conditions \
         of the NetScaler say why.",
    ),
    of_ingress(
        &["Programmed"],
        "Refused",
        "The appliance has refused a part of it: the message has the appliance's words. It is \
         tried again in longer and longer intervals.",
    ),
    of_ingress(
        &["Programmed"],
        "Held",
        "It is not understood any more, or paused: its last good configuration stays on the \
         appliance. `Accepted` and `ResolvedRefs` say what to repair.",
    ),
    of_ingress(
        &["Programmed"],
        "Closed",
        "It is not understood, or paused, and asks for more protection than what is on the \
         appliance has: its routes are withdrawn until it is repaired.",
    ),
    of_ingress(
        &["Programmed"],
        "Invalid",
        "It is not understood and never was: nothing of it is on the appliance.",
    ),
    of_ingress(
        &["Programmed"],
        "Paused",
        "It was paused before any of it came to the appliance: nothing of it is there.",
    ),
    of_ingress(
        &["Programmed"],
        "SharedBox",
        "Nothing is written for its NetScaler object, since another one is the same appliance with \
         the same prefix. Remove one of the two, or make it anew with a `prefix` of its own.",
    ),
    of_ingress(
        &["Programmed"],
        "WrongBox",
        "Nothing is written to the hardware behind the address of its appliance, since it is not \
         the one of before, until it is confirmed with `nitro-ingress approve`.",
    ),
    of_ingress(
        &["Programmed"],
        "Drift",
        "Somebody else has changed objects of it, and `drift: Report` leaves them so until the \
         cluster asks for something else.",
    ),
    of_appliance(&["Reachable"], "Reachable", "The appliance answers."),
    of_appliance(
        &["Reachable"],
        "Misconfigured",
        "It is not described well enough: an address, a Secret or a CA is missing or unusable.",
    ),
    of_appliance(
        &["Reachable"],
        "Unreachable",
        "Nothing answers, or the answer never came. Look for the network, and for the certificate \
         of the management address.",
    ),
    of_appliance(
        &["Reachable"],
        "Unavailable",
        "It answers that it cannot work now: it starts, or has too much to do.",
    ),
    of_appliance(
        &["Reachable"],
        "LoginRefused",
        "It refuses user and password. They are tried again seldom, and as soon as their Secret \
         is seen to have changed, which takes a minute.",
    ),
    of_appliance(
        &["Reachable"],
        "Refused",
        "It refuses to be read: look for the rights of the user.",
    ),
    of_appliance(&["Reachable"], "Unreadable", "It answers what cannot be understood."),
    of_appliance(
        &["Reachable"],
        "NoPrimary",
        "None of its addresses is that of the primary node of the pair.",
    ),
    of_appliance(&["Reachable"], "NotPrimary", "The node has become the secondary one."),
    of_appliance(
        &["Reachable"],
        "Synchronising",
        "The nodes of the pair are being synchronised; nothing is written meanwhile.",
    ),
    of_appliance(&["Reachable"], "NotLeader", "Another replica writes, or none does for now."),
    of_appliance(
        &["DefaultProfileEnabled"],
        "DefaultProfileEnabled",
        "SSL profiles have an effect.",
    ),
    of_appliance(
        &["DefaultProfileEnabled"],
        "Disabled",
        "SSL profiles have no effect, so nothing with TLS is programmed. Enable the default \
         profile on the appliance, or let the controller do it with `enableDefaultProfile: true`.",
    ),
    of_appliance(&["Synced"], "Synced", "The appliance was read, and matches the cluster."),
    of_appliance(&["Synced"], "Pending", "Not all that the cluster asks for is there."),
    of_appliance(
        &["Synced"],
        "DeletionsPending",
        "So many objects would be deleted that somebody has to approve it: `nitro-ingress approve` \
         lists them.",
    ),
    of_appliance(
        &["Synced"],
        "Drift",
        "Somebody else has changed objects of ours, and `drift: Report` leaves them so until the \
         cluster asks for something else.",
    ),
    of_appliance(
        &["Synced"],
        "SharedBox",
        "Another NetScaler object is the same appliance with the same prefix. Nothing is written \
         for this one; remove it, or make it anew with a `prefix` of its own.",
    ),
    of_appliance(
        &["Synced"],
        "WrongBox",
        "The hardware behind the address is not the one of before. Nothing is written until it is \
         confirmed with `nitro-ingress approve`.",
    ),
];

/// Whether the documentation has a reason of a condition.
pub fn is_documented(condition: &str, reason: &str) -> bool {
    let is_listed = |one: &Documented| one.reason == reason && one.conditions.contains(&condition);
    let is_code = || Code::ALL.iter().any(|code| reason_of_code(*code) == reason);
    REASONS.iter().any(is_listed)
        || (["Accepted", "ResolvedRefs"].contains(&condition) && is_code())
}
