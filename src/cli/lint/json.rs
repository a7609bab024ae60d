//! Findings for programs.

use serde::Serialize;

use super::Review;
use crate::diagnostic::{Diagnostic, Severity};

/// The findings of a run, in a shape that does not change within a version of it.
#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    ingresses: usize,
    refused: usize,
    elsewhere: usize,
    errors: usize,
    warnings: usize,
    notes: usize,
    findings: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Finding<'a> {
    code: &'static str,
    severity: String,
    object: Object<'a>,
    field: Option<&'a str>,
    place: Option<Spot<'a>>,
    problem: &'a str,
    remedy: &'a str,
}

#[derive(Serialize)]
struct Object<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct Spot<'a> {
    file: &'a str,
    line: usize,
    column: usize,
}

/// The whole report.
pub(super) fn json(review: &Review) -> String {
    let report = Report {
        version: 1,
        ingresses: review.ingresses,
        refused: review.refused,
        elsewhere: review.elsewhere,
        errors: review.count(Severity::Error),
        warnings: review.count(Severity::Warning),
        notes: review.count(Severity::Note),
        findings: review.diagnostics.iter().map(finding).collect(),
    };
    let text = serde_json::to_string_pretty(&report).expect("texts and numbers are JSON");
    text + "\n"
}

fn finding(diagnostic: &Diagnostic) -> Finding<'_> {
    let Diagnostic { object, severity, code, field, place, problem, remedy } = diagnostic;
    Finding {
        code: code.name(),
        severity: severity.to_string(),
        object: Object {
            kind: &object.kind,
            namespace: &object.key.namespace,
            name: &object.key.name,
        },
        field: field.as_deref(),
        place: place.as_ref().map(|place| Spot {
            file: &place.file,
            line: place.line,
            column: place.column,
        }),
        problem,
        remedy,
    }
}
