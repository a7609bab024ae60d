//! The safety predicate: which states between two configurations are safe.
//!
//! A transition leads from an *old* state over the states after each single command to a *new* one.
//! The predicate judges every state of it by what NITRO objects mean, whoever wrote them. A front
//! end is a csvserver. A route is a bound cspolicy: front end, host, path, and its owner, which is
//! the comment of the policy's action, or else the policy itself. A route in old and new *stays*, one in old only *leaves*,
//! one in new only *comes*. What a disabled csvserver holds is not served and counts as not there.
//!
//! | rule | a state is unsafe if |
//! |---|---|
//! | `protection` | a staying route has a component that is neither as in old nor as in new |
//! | `weaker` | a staying route is neither at least as protected as in old nor as in new |
//! | `leaving` | a leaving route has a component that is not as in old |
//! | `coming` | a coming route has a component that is not as in new, or no member while new has one |
//! | `transient` | a bound route is neither in old nor in new |
//! | `accepted-ca` | a front end with a staying route accepts clients of a CA of neither old nor new |
//! | `no-ca` | a front end with routes demands client certificates and has no CA |
//! | `plain-back-end` | a member to which a host and path leads in old and new, and only in TLS, is reached in plain text |
//! | `not-found` | a host and path that the same policy serves in old and new has no route |
//! | `handover` | the same, where it passes to another policy and the front end demands as before |
//! | `closed` | a host and path served in old and new turns away everyone |
//! | `no-member` | a host and path with a member in old and new has none |
//! | `certificate` | a TLS host covered in old and new is not served a certificate of its name |
//! | `downgrade` | a version, cipher or the lack of HSTS that neither old nor new allows |
//! | `dangling` | something in use refers to what does not exist |
//!
//! The components of protection, each as old or as new, are: client authentication by the profile
//! (none, optional, mandatory); responder policies that refuse clients without a valid certificate;
//! whether the front end is in plain text; how the back end is spoken to (plain, TLS, verified);
//! which names and CAs it accepts there (never a pair that neither old nor new accepts); whether it
//! presents a client certificate. Accepted client CAs may be of old and new together.
//!
//! Where the wording of a promise leaves a choice, this is the reading:
//!
//! - `weaker` compares ranks: client authentication in effect (Optional with refusing policies is
//!   mandatory) together with plain text and how the back end is spoken to; and the accepted client
//!   CAs together with these, where new has fewer of them than old. More of them are not weighed,
//!   because an interrupted change of CAs looks the same. Authentication and CAs are not weighed with
//!   each other, because they change in the one order in which certificates are never demanded
//!   without a CA. CA sets that cannot be compared, and back-end names, have their own rules only.
//! - Refusing policies count only if they test both that a certificate exists and that it is valid.
//! - Client CAs bound while no certificate is demanded are not in effect and not compared.
//! - `handover`, `closed` and `no-member` don't hold where a host and path has other owners in new
//!   than in old, and `not-found` where it has no common one, while client authentication, accepted CAs or refusing policies of
//!   the front end differ between old and new: then the gap is what keeps both sides safe. A gap
//!   because the old Ingress was closed looks like any other `handover`: who closes, knows.
//! - The one gap that `certificate` allows is that inside an uninterrupted series of commands that
//!   unbind SNI certificates and then bind others on that vserver, because the appliance takes only
//!   one certificate for a name: mostly one unbind and the bind after it, more where certificates
//!   for several names are put together or taken apart. States in such gaps are counted.
//! - A default lbvserver is a route for everything, unless it answers everything by itself. A policy
//!   that leads to an lbvserver that does so, with a redirect for example, is a route through which
//!   nothing passes: that is more protection than any back end has, in plain text or not. So a route
//!   may become a redirect and a redirect a route, as new asks for it, but what is redirected in old
//!   and new is never served between.
//! - A rule `FALSE` is no route.
//! - What a csvserver of streams takes is TLS that is passed on, if all of its rules name SNI.
//! - Names of certificates are the alternative names, or the common name if there are none.
//! - Features, load-balancing methods, priorities between overlapping rules, SSL policies and the
//!   attributes of CA bindings are not looked at.

mod back;
mod certificate;
mod expression;
mod front;
mod history;
mod memory;
mod place;
mod protection;
mod read;
mod served;
#[cfg(test)]
mod tests;
mod view;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::state::State;
use history::History;

/// A state between two configurations that breaks a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// After how many commands it was first so.
    pub step: usize,
    /// The last of them, in words.
    pub command: String,
    /// The rule that it breaks, for example `not-found`.
    pub rule: &'static str,
    /// What is broken, in words.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, command, rule, text } = self;
        write!(f, "{rule}: {text}, after command {step} ({command})")
    }
}

/// One command of a transition, and the state that it led to.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// The command in words, for messages.
    pub(crate) command: String,
    /// What the appliance held afterwards.
    pub(crate) state: State,
}

/// What became of a transition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Every broken promise once, where it was broken first.
    pub(crate) violations: Vec<Violation>,
    /// How often a host was without a certificate between the two halves of a swap.
    pub(crate) gaps: usize,
}

/// Judges every state of a transition from `old` to the state of the last step.
pub(crate) fn judge(old: &State, steps: &[Step]) -> Verdict {
    let history = History::new(old, steps.iter().map(|step| &step.state));
    let mut verdict = Verdict::default();
    let mut known = BTreeSet::new();
    for moment in history.moments() {
        let mut findings = Findings::default();
        protection::judge(&moment, &mut findings);
        served::judge(&moment, &mut findings);
        certificate::judge(&moment, &mut findings);
        verdict.gaps += usize::from(findings.gap);
        let step = moment.step();
        for (rule, text) in findings.broken {
            if known.insert((rule, text.clone())) {
                let command = steps[step - 1].command.clone();
                verdict.violations.push(Violation { step, command, rule, text });
            }
        }
    }
    verdict
}

/// What was found at one front end in one state.
#[derive(Debug, Default)]
struct Findings {
    broken: Vec<(&'static str, String)>,
    gap: bool,
}

impl Findings {
    fn broken(&mut self, rule: &'static str, text: String) {
        self.broken.push((rule, text));
    }
}
