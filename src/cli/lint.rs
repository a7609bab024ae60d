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
#[command(after_help = EXAMPLE)]
pub struct Arguments {
    /// The form of the findings
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t = Form::Text)]
    output: Form,

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
}

/// Runs the command.
pub(super) fn run(
    arguments: &Arguments,
    surroundings: &mut Surroundings<'_>,
) -> Result<End, Error> {
    let Arguments { output, manifests, settings } = arguments;
    let Surroundings { environment, now, stdin, screen } = surroundings;
    let policy = settings.policy(environment)?;
    let (mut input, problems) = input::read_what_is_readable(manifests, *stdin, *now);
    take_in(problems, &mut input)?;
    let Input { mut snapshot, mut diagnostics } = input;
    // TLS is judged as on an appliance that is ready for it.
    snapshot.facts = Facts { default_profile: true, ..Facts::default() };
    let translation = translate(&snapshot, &policy);
    diagnostics.extend(translation.diagnostics.iter().cloned());
    diagnostics.sort_by(by_place);
    diagnostics.dedup();
    let ids: Vec<IngressId> = snapshot.ingresses.keys().map(IngressId::of).collect();
    let review = Review {
        diagnostics,
        ingresses: ids.len(),
        refused: ids.iter().filter(|id| translation.unmet.contains_key(id)).count(),
        elsewhere: ids.iter().filter(|id| translation.gone.contains_key(id)).count(),
    };
    match output {
        Form::Text => text::show(&review, &mut screen.out)?,
        Form::Json => screen.out.text(&json::json(&review))?,
        Form::Sarif => screen.out.text(&sarif::sarif(&review))?,
    }
    Ok(if review.count(Severity::Error) > 0 { End::Short } else { End::Well })
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
