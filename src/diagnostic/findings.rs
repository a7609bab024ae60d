//! Collecting what there is to say about one object while it is read.

use super::{Code, Diagnostic, ObjectRef, Severity};

/// What was found about one object so far.
#[derive(Debug)]
pub struct Findings {
    object: ObjectRef,
    diagnostics: Vec<Diagnostic>,
}

impl Findings {
    /// Nothing yet about this object.
    pub const fn about(object: ObjectRef) -> Self {
        Self { object, diagnostics: Vec::new() }
    }

    /// The object cannot be accepted as it is.
    pub fn error(
        &mut self,
        code: Code,
        field: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push((Severity::Error, code), field, problem.into(), remedy.into());
    }

    /// Something is probably not what was meant.
    pub fn warning(
        &mut self,
        code: Code,
        field: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push((Severity::Warning, code), field, problem.into(), remedy.into());
    }

    /// Something is worth knowing.
    pub fn note(
        &mut self,
        code: Code,
        field: &str,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.push((Severity::Note, code), field, problem.into(), remedy.into());
    }

    /// Whether an error was found.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(|one| one.severity == Severity::Error)
    }

    /// Everything that was found.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    fn push(
        &mut self,
        (severity, code): (Severity, Code),
        field: &str,
        problem: String,
        remedy: String,
    ) {
        let object = self.object.clone();
        let field = (!field.is_empty()).then(|| field.to_owned());
        self.diagnostics.push(Diagnostic {
            object,
            severity,
            code,
            field,
            place: None,
            problem,
            remedy,
        });
    }
}
