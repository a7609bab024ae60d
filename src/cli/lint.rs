//! `nitro-ingress lint`: says what is wrong with manifests, without an appliance.

mod json;
mod sarif;
mod text;

use std::cmp::Ordering;

use clap::{Args, ValueEnum};

use super::input::{self, Input, Manifests, Problem};
use super::{End, Error, Surroundings};
use crate::diagnostic::{Code, Diagnostic, ObjectRef, Place, Severity};
use crate::model::{IngressId, ObjectKey};
use crate::settings::MeaningSettings;
use crate::snapshot::Facts;
use crate::snapshot::documents::Unreadable;
use crate::translate::translate;

/// The options of `lint`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE, mut_arg("paths", |paths| paths.required(true)))]
pub struct Arguments {
    /// The form of the findings
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,

    /// Take it that what is not among the files is elsewhere
    ///
    /// Of repositories that hold a part of what there is in the cluster, such as no Secrets: a
    /// Secret or Service that is not among the files is noted only, and what depends on its content
    /// is not judged.
    #[arg(long)]
    partial: bool,

    #[command(flatten)]
    manifests: Manifests,

    #[command(flatten)]
    settings: MeaningSettings,
}

const EXAMPLE: &str = "\
Exit status: 0 if there are no errors, 1 if there are, or if the input cannot be read.

Example:
  nitro-ingress lint -f manifests/ -o sarif > nitro-ingress.sarif";

/// The form of the findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For what shows findings beside the source: SARIF 2.1.0.
    Sarif,
}

/// What there is to say about the manifests.
#[derive(Debug)]
struct Review {
    /// The findings in the order of the input's places; those without a place come first.
    diagnostics: Vec<Diagnostic>,
    /// How many Ingresses were read.
    ingresses: usize,
    /// How many of them are not served.
    refused: usize,
    /// How many of them are of another controller.
    elsewhere: usize,
    /// Whether something is missing that may be elsewhere.
    suggests_partial: bool,
}

/// Runs the command.
pub(super) fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { output, partial, manifests, settings } = arguments;
    let Surroundings { environment, now, stdin, screen } = surroundings;
    let policy = settings.policy(environment)?;
    let (mut input, problems) = input::read_what_is_readable(manifests, *stdin, *now);
    take_in(problems, &mut input)?;
    let Input { mut snapshot, mut diagnostics } = input;
    // TLS is judged as on an appliance that is ready for it.
    snapshot.facts = Facts { default_profile: true, ..Facts::default() };
    let translation = translate(&snapshot, &policy);
    diagnostics.extend(translation.diagnostics.iter().cloned());
    if *partial {
        diagnostics.iter_mut().filter(|one| is_elsewhere(one.code)).for_each(note);
    }
    diagnostics.sort_by(by_place);
    diagnostics.dedup();
    let count = |is_so: &dyn Fn(&ObjectKey) -> bool| {
        snapshot.ingresses.keys().filter(|key| is_so(key)).count()
    };
    // With `partial`, one that lacks only what is elsewhere is served.
    let refuses = |key: &ObjectKey| {
        let about = |one: &Diagnostic| one.object.kind == "Ingress" && one.object.key == *key;
        diagnostics.iter().any(|one| one.severity == Severity::Error && about(one))
    };
    let review = Review {
        ingresses: snapshot.ingresses.len(),
        refused: count(&|key| {
            translation.unmet.contains_key(&IngressId::of(key)) && (!partial || refuses(key))
        }),
        elsewhere: count(&|key| translation.gone.contains_key(&IngressId::of(key))),
        suggests_partial: !partial && diagnostics.iter().any(|one| is_elsewhere(one.code)),
        diagnostics,
    };
    match output {
        Form::Text => text::show(&review, &mut screen.out)?,
        Form::Json => screen.out.text(&json::json(&review))?,
        Form::Sarif => screen.out.text(&sarif::sarif(&review))?,
    }
    Ok(if review.count(Severity::Error) > 0 { End::Short } else { End::Well })
}

/// Whether a finding is about an object that is not among the files.
fn is_elsewhere(code: Code) -> bool {
    matches!(
        code,
        Code::SecretMissing
            | Code::ServiceMissing
            | Code::ServiceWithoutMembers
            | Code::NodesMissing
    )
}

/// Makes a note of what is missing.
fn note(diagnostic: &mut Diagnostic) {
    let Diagnostic { severity, problem, remedy, .. } = diagnostic;
    *severity = Severity::Note;
    if let Some(what) = problem.strip_suffix(" does not exist") {
        *problem = format!("{what} is not among the files");
    }
    "give it as well, to have it judged".clone_into(remedy);
}

/// Makes findings of what is wrong inside files. What cannot be opened cannot be judged either.
fn take_in(problems: Vec<Problem>, input: &mut Input) -> Result<(), input::Error> {
    let mut missing = Vec::new();
    for problem in problems {
        match problem {
            Problem::Document(unreadable) => input.diagnostics.push(unreadable_part(*unreadable)),
            Problem::NotText { path } => {
                let file = path.to_string_lossy().into_owned();
                let place = Place { file, line: 1, column: 1 };
                let problem = "this is not UTF-8 text".to_owned();
                input.diagnostics.push(unreadable_part(Unreadable {
                    place,
                    object: None,
                    problem,
                }));
            }
            Problem::Path { .. } | Problem::EmptyDirectory { .. } => missing.push(problem),
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(input::Error { problems: missing }) }
}

fn unreadable_part(unreadable: Unreadable) -> Diagnostic {
    let Unreadable { place, object, problem } = unreadable;
    Diagnostic {
        object: object.unwrap_or_else(|| ObjectRef {
            kind: FILE.to_owned(),
            key: ObjectKey::new("", place.file.as_str()),
        }),
        severity: Severity::Error,
        code: Code::DocumentUnreadable,
        field: None,
        place: Some(place),
        problem,
        remedy: "mend this place; until then its whole object is passed over".to_owned(),
    }
}

/// The kind of "object" that a finding is about if its object could not be read.
const FILE: &str = "File";

fn by_place(a: &Diagnostic, b: &Diagnostic) -> Ordering {
    (&a.place, a).cmp(&(&b.place, b))
}

impl Review {
    fn count(&self, severity: Severity) -> usize {
        self.diagnostics.iter().filter(|one| one.severity == severity).count()
    }
}
