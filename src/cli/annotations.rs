//! `nitro-ingress annotations`: the registry of annotations as a reference.

mod markdown;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::screen::Screen;
use super::{End, Error};
use crate::annotations::{
    ANNOTATIONS, Annotation, Faults, Outcome, Scope, UNSUPPORTED, Unsupported, Weight,
};
pub use markdown::markdown;

/// The options of `annotations`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The form of the list
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = Form::Markdown)]
    output: Form,
}

/// The form of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Markdown,
    /// For programs.
    Json,
}

/// Runs the command.
pub(super) fn run(arguments: &Arguments, screen: &mut Screen<'_>) -> Result<End, Error> {
    let text = match arguments.output {
        Form::Markdown => markdown(),
        Form::Json => {
            let honoured = ANNOTATIONS.iter().map(entry);
            let all = honoured.chain(UNSUPPORTED.iter().map(unsupported)).collect();
            format!("{:#}\n", Value::Array(all))
        }
    };
    screen.out.text(&text)?;
    Ok(End::Well)
}

fn entry(annotation: &Annotation) -> Value {
    let Annotation { key, scope, weight, value, default, doc, example, fields, security, read: _ } =
        annotation;
    let faults = security.as_ref().map(|faults| {
        let faults = faults_of(*faults).into_iter();
        faults.map(|(name, _, outcome)| (name.to_owned(), consequence(outcome).into())).collect()
    });
    json!({
        "key": key,
        "supported": true,
        "decisive": *weight == Weight::Decisive,
        "scope": match scope {
            Scope::FrontEnd => "front end",
            Scope::Ingress => "Ingress",
            Scope::Service => "Service",
        },
        "value": value,
        "default": default,
        "description": doc,
        "example": example,
        "fields": fields.map(|set| json!({ "kind": set.kind.name(), "allowed": set.allowed })),
        "faults": faults.map(Value::Object),
    })
}

fn unsupported(annotation: &Unsupported) -> Value {
    let Unsupported { key, weight, advice } = annotation;
    json!({
        "key": key,
        "supported": false,
        "decisive": *weight == Weight::Decisive,
        "advice": advice,
    })
}

/// The faults that an annotation can have: a name for programs, words for people, what happens.
fn faults_of(faults: Faults) -> Vec<(&'static str, &'static str, Outcome)> {
    let Faults {
        empty,
        malformed,
        missing_secret,
        wrong_keys,
        bad_pem,
        key_mismatch,
        other_namespace,
    } = faults;
    let all = [
        ("empty", "empty", empty),
        ("malformed", "malformed", malformed),
        ("missing-secret", "names a Secret that does not exist", missing_secret),
        ("wrong-keys", "names a Secret without the keys that are needed", wrong_keys),
        ("bad-pem", "names a Secret whose content is no PEM", bad_pem),
        (
            "key-mismatch",
            "names a Secret whose key does not belong to its certificate",
            key_mismatch,
        ),
        ("other-namespace", "names a Secret of another namespace", other_namespace),
    ];
    let possible = all.into_iter().filter(|(_, _, outcome)| *outcome != Outcome::Impossible);
    possible.collect()
}

const fn consequence(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unmet => "unmet",
        Outcome::Impossible => "impossible",
    }
}
