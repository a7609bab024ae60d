//! Conditions and their reasons: those of a documented list, and the codes of diagnostics.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::{Programmed, is_documented};
use crate::diagnostic::{Code, Diagnostic, Severity};

/// What a condition says and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The condition: `Programmed`.
    pub kind: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// One word for programs.
    pub reason: String,
    /// A sentence for people.
    pub message: String,
}

/// Puts a condition among others. Its time is that of the last change of what it says.
pub fn set(
    conditions: &mut Vec<Condition>,
    reason: &Reason,
    generation: Option<i64>,
    now: Timestamp,
) {
    let mut new = condition(reason, generation, now);
    match conditions.iter_mut().find(|one| one.type_ == new.type_) {
        Some(before) => {
            if before.status == new.status {
                new.last_transition_time = before.last_transition_time.clone();
            }
            *before = new;
        }
        None => conditions.push(new),
    }
}

/// A condition that has just come about.
pub fn condition(reason: &Reason, generation: Option<i64>, now: Timestamp) -> Condition {
    let Reason { kind, holds, reason, message } = reason;
    debug_assert!(is_documented(kind, reason), "src/report/reasons.rs lacks {reason} of {kind}");
    // The time is kept in seconds.
    let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
    Condition {
        type_: (*kind).to_owned(),
        status: if *holds { "True" } else { "False" }.to_owned(),
        reason: reason.clone(),
        message: message.clone(),
        observed_generation: generation,
        last_transition_time: Time(now),
    }
}

/// The three conditions of an Ingress.
pub(super) fn reasons(standing: &Programmed, diagnostics: &[&Diagnostic]) -> [Reason; 3] {
    let errors = || diagnostics.iter().filter(|one| one.severity == Severity::Error);
    let paused = diagnostics.iter().find(|one| one.code == Code::IngressPaused);
    let in_text = errors().find(|one| !one.code.is_about_reference()).or(paused);
    let in_reference = errors().find(|one| one.code.is_about_reference());
    let accepted = about("Accepted", in_text, "Accepted", "the Ingress is understood");
    let resolved =
        about("ResolvedRefs", in_reference, "ResolvedRefs", "what it refers to can be used");
    let programmed = |holds, reason: &str, message: String| Reason {
        kind: "Programmed",
        holds,
        reason: reason.to_owned(),
        message,
    };
    let programmed = match standing {
        Programmed::Yes => {
            programmed(true, "Programmed", "the appliance has it as it asks".to_owned())
        }
        Programmed::Waiting => {
            programmed(false, "Pending", "the appliance does not have all of it yet".to_owned())
        }
        Programmed::Blocked(reason, why) => programmed(false, reason, why.clone()),
        Programmed::Refused(problem) => {
            programmed(false, "Refused", format!("the appliance refused {problem}"))
        }
        Programmed::Held => {
            let message = "its last good configuration stays on the appliance";
            programmed(false, "Held", message.to_owned())
        }
        Programmed::Closed(reason) => {
            programmed(false, "Closed", format!("its routes are withdrawn, since {reason}"))
        }
        Programmed::Never if in_text.map(|one| one.code) == Some(Code::IngressPaused) => {
            programmed(false, "Paused", "nothing of it was on the appliance before".to_owned())
        }
        Programmed::Never => {
            programmed(false, "Invalid", "nothing of it is on the appliance".to_owned())
        }
    };
    [accepted, resolved, programmed]
}

fn about(kind: &'static str, problem: Option<&&Diagnostic>, well: &str, message: &str) -> Reason {
    match problem {
        None => Reason { kind, holds: true, reason: well.to_owned(), message: message.to_owned() },
        Some(problem) => Reason {
            kind,
            holds: false,
            reason: reason_of_code(problem.code),
            message: problem.sentence(),
        },
    }
}

/// A code as a reason: `secret-missing` is `SecretMissing`.
pub(super) fn reason_of_code(code: Code) -> String {
    code.name()
        .split('-')
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(holds: bool) -> Reason {
        Reason {
            kind: "Programmed",
            holds,
            reason: "Programmed".to_owned(),
            message: String::new(),
        }
    }

    #[test]
    fn the_time_of_a_condition_is_that_of_its_last_change() {
        let [first, second] = [100, 200].map(|second| Timestamp::from_second(second).unwrap());
        let mut conditions = Vec::new();
        set(&mut conditions, &reason(false), Some(1), first);
        set(&mut conditions, &reason(false), Some(2), second);
        assert_eq!(conditions.len(), 1);
        assert_eq!(conditions[0].last_transition_time.0, first);
        assert_eq!(conditions[0].observed_generation, Some(2));
        set(&mut conditions, &reason(true), Some(2), second);
        assert_eq!(conditions[0].last_transition_time.0, second);
        assert_eq!(conditions[0].status, "True");
    }

    #[test]
    fn codes_are_reasons() {
        assert_eq!(reason_of_code(Code::SecretMissing), "SecretMissing");
        assert_eq!(reason_of_code(Code::CertificateVersion1), "CertificateVersion1");
    }
}
