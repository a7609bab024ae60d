//! What a person must be told about an object of theirs: which object, where, what is wrong and
//! what to write instead.

mod code;
mod findings;

use std::fmt;

use crate::model::ObjectKey;
pub use code::Code;
pub use findings::Findings;

/// One thing that a person should know about one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Diagnostic {
    /// The object that it is about.
    pub object: ObjectRef,
    /// How bad it is.
    pub severity: Severity,
    /// Its stable name, for searching and for tools.
    pub code: Code,
    /// The part of the object, such as `ingress.citrix.com/ca-secret` or `spec.rules[0].host`.
    pub field: Option<String>,
    /// Where it stands, if the object came from a file.
    pub place: Option<Place>,
    /// What is wrong: one sentence without its full stop, values in quotes.
    pub problem: String,
    /// What to do about it: one sentence without its full stop. Further lines are YAML to write.
    pub remedy: String,
}

/// How bad a diagnostic is; worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The Ingress is unmet because of it.
    Error,
    /// The Ingress works; something about it is probably not what was meant.
    Warning,
    /// Worth knowing.
    Note,
}

/// A Kubernetes object, as a person names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectRef {
    /// Its kind, such as `Ingress`.
    pub kind: String,
    /// Its namespace and name. Cluster-wide objects have an empty namespace.
    pub key: ObjectKey,
}

/// A place in an input file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as given, `-` for standard input.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Diagnostic {
    /// What is wrong, where and what to do, in one line.
    pub fn sentence(&self) -> String {
        let Self { field, problem, remedy, .. } = self;
        let remedy = remedy.lines().next().unwrap_or_default();
        match field {
            Some(field) => format!("{field}: {problem}; {remedy}"),
            None => format!("{problem}; {remedy}"),
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        })
    }
}

impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, key } = self;
        if key.namespace.is_empty() {
            return write!(f, "{kind} {}", key.name);
        }
        write!(f, "{kind} {key}")
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column } = self;
        write!(f, "{file}:{line}:{column}")
    }
}

/// Like a compiler's message:
///
/// ```text
/// error[secret-missing]: Secret "default/tls-ca" does not exist
///   --> ingress.yaml:7:5 (Ingress default/web-ingress, ingress.citrix.com/ca-secret)
///   fix: create it or name another
/// ```
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { object: _, severity, code, field: _, place: _, problem, remedy } = self;
        writeln!(f, "{severity}[{code}]: {problem}")?;
        writeln!(f, "  --> {}", self.whereabouts())?;
        write!(f, "  fix: {}", remedy.replace('\n', "\n       "))
    }
}

impl Diagnostic {
    /// The place in the input, the object, and the part of it.
    pub fn whereabouts(&self) -> String {
        let field = self.field.as_ref().map(|field| format!(", {field}")).unwrap_or_default();
        match &self.place {
            Some(place) => format!("{place} ({}{field})", self.object),
            None => format!("{}{field}", self.object),
        }
    }
}
