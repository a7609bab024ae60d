//! What an Ingress says in its annotations: the registry of every annotation that is honoured, and
//! reading them.
//!
//! Nothing that protects is ever ignored: what is misspelled, malformed or not supported is an
//! error, and its Ingress is unmet.

mod address;
mod certkeys;
mod defaults;
mod fields;
mod foreign;
mod json;
mod key;
mod listener;
mod monitor;
mod parse_error;
mod profile;
mod registry;
mod rows;
mod servers;
mod services;
mod settings;
mod ssl;
mod tuning;
mod unsupported;
mod value;

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Findings};
pub use address::Vip;
pub use defaults::FrontEndDefaults;
pub use fields::{Dependant, FieldSet};
pub use parse_error::ParseError;
pub use registry::{Annotation, Faults, Outcome, Scope, Weight};
pub use rows::ANNOTATIONS;
pub use settings::{
    CertkeyRole, IngressSettings, InsecureType, PathMatchMethod, PreconfiguredCertkey,
    ProfileChoice, Refusal, SecureBackEnds, SecureType, Setting, SslSettings, Termination,
};
pub use unsupported::{UNSUPPORTED, Unsupported};

use key::Meaning;

/// Reads the annotations of an Ingress. What is wrong with them goes to `findings`.
pub fn read(annotations: &BTreeMap<String, String>, findings: &mut Findings) -> IngressSettings {
    let mut settings = IngressSettings::default();
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    for (written, value) in annotations {
        let folded = key::fold(written);
        let meaning = key::meaning(&folded);
        if matches!(meaning, Meaning::Foreign) {
            continue;
        }
        if let Some(first) = seen.insert(folded, written) {
            repeated(first, written, meaning, (&mut settings, findings));
            continue;
        }
        read_one(written, value, meaning, (&mut settings, findings));
    }
    settings
}

/// Tells about annotations of a Service that an Ingress leads to: none of them is read.
pub fn tell_of_service(annotations: &BTreeMap<String, String>, findings: &mut Findings) {
    for written in annotations.keys() {
        let meant = match key::meaning(&key::fold(written)) {
            Meaning::Known(annotation) => Some(annotation.key),
            Meaning::Misspelled(meant, _) => Some(meant),
            Meaning::Elsewhere(_, meant) | Meaning::Unknown(meant) => meant,
            Meaning::Unsupported(_) => None,
            Meaning::Foreign | Meaning::ForeignProtection(_) => continue,
        };
        findings.warning(
            Code::AnnotationUnsupported,
            written,
            format!(
                "{written:?} has no effect on an Ingress: annotations of Services are not read"
            ),
            meant.map_or_else(
                || "remove it, unless another controller reads it".to_owned(),
                |meant| format!("write {meant} on the Ingress if that is to have it"),
            ),
        );
    }
}

/// The key of an annotation as it stands on an Ingress, for messages: that of the registry unless
/// it is spelled otherwise.
pub fn spelling<'a>(key: &'a str, annotations: &'a BTreeMap<String, String>) -> &'a str {
    annotations.keys().map(String::as_str).find(|written| key::fold(written) == key).unwrap_or(key)
}

/// Whether an annotation is read here, or would be if it were supported or spelled right.
pub fn is_ours(written: &str) -> bool {
    !matches!(key::meaning(&key::fold(written)), Meaning::Foreign | Meaning::ForeignProtection(_))
}

/// How close a word must be to one that protects to count as meant by it.
pub(crate) const MISSPELLING: usize = key::MISSPELLING;

fn repeated(
    first: &str,
    second: &str,
    meaning: Meaning,
    (settings, findings): (&mut IngressSettings, &mut Findings),
) {
    if let Meaning::Known(annotation) = meaning {
        make_unreadable(annotation, settings);
    }
    findings.error(
        Code::AnnotationRepeated,
        second,
        format!("{first:?} and {second:?} are two spellings of one annotation"),
        "keep one of the two",
    );
}

fn read_one(
    written: &str,
    value: &str,
    meaning: Meaning,
    (settings, findings): (&mut IngressSettings, &mut Findings),
) {
    match meaning {
        Meaning::Known(annotation) => {
            if let Err(error) = (annotation.read)(value, settings) {
                let remedy = error.remedy(annotation.example);
                findings.error(error.code(), written, error.to_string(), remedy);
            }
        }
        Meaning::Unsupported(unsupported) => tell_unsupported(written, unsupported, findings),
        Meaning::Elsewhere(owners, meant) => findings.warning(
            Code::AnnotationUnsupported,
            written,
            format!("{written:?} is for {owners} and has no effect on an Ingress"),
            meant.map_or_else(
                || "remove it".to_owned(),
                |meant| format!("write {meant} if the Ingress is to have it"),
            ),
        ),
        Meaning::Misspelled(meant, annotation) => {
            if let Some(annotation) = annotation {
                make_unreadable(annotation, settings);
            }
            let protects = annotation.is_some_and(|annotation| annotation.security.is_some());
            let does = if protects { "protects" } else { "changes what the Ingress means" };
            findings.error(
                Code::AnnotationUnknown,
                written,
                format!("{written:?} is no annotation, but nearly one that {does}"),
                format!("did you mean {meant:?}?"),
            );
        }
        Meaning::Unknown(nearest) => findings.warning(
            Code::AnnotationUnknown,
            written,
            format!("{written:?} is not known and has no effect"),
            nearest.map_or_else(
                || "remove it".to_owned(),
                |nearest| format!("did you mean {nearest:?}?"),
            ),
        ),
        Meaning::ForeignProtection(protection) if protection.counts(value) => findings.error(
            Code::AnnotationForeign,
            written,
            format!("{written:?} protects this Ingress on another controller and is not read here"),
            protection.remedy(),
        ),
        Meaning::Foreign | Meaning::ForeignProtection(_) => (),
    }
}

fn tell_unsupported(written: &str, unsupported: &Unsupported, findings: &mut Findings) {
    let code = Code::AnnotationUnsupported;
    match unsupported.weight {
        Weight::Decisive => {
            let problem = format!(
                "{written:?} is not supported, and the Ingress means something else without it"
            );
            findings.error(code, written, problem, unsupported.advice);
        }
        Weight::Harmless => {
            let problem = format!("{written:?} is not supported and has no effect");
            findings.warning(code, written, problem, unsupported.advice);
        }
    }
}

/// Leaves a setting as present and not understood: every reader refuses an empty value.
fn make_unreadable(annotation: &Annotation, settings: &mut IngressSettings) {
    let refused = (annotation.read)("", settings);
    debug_assert!(refused.is_err(), "{} accepts an empty value", annotation.key);
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
