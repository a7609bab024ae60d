//! Findings for people: by file and object, and last what is minor and the same at many places.

use std::io;

use super::{FILE, Review};
use crate::cli::screen::Stream;
use crate::cli::screen::repeated;
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::render::wrapped;

/// Shows all findings and counts them.
pub(super) fn show(review: &Review, out: &mut Stream<'_>) -> io::Result<()> {
    let mut file = None;
    let mut object = None;
    for one in review.diagnostics.iter().filter(|one| one.severity != Severity::Note) {
        let its_file = one.place.as_ref().map(|place| place.file.as_str());
        if file != Some(its_file) {
            let name = out.strong(its_file.unwrap_or("(no file)"));
            out.line(&format!("{name}\n"))?;
            (file, object) = (Some(its_file), None);
        }
        if object != Some(&one.object) {
            let is_known = one.object.kind != FILE;
            let name = if is_known { one.object.to_string() } else { "(no object)".to_owned() };
            let name = out.strong(&name);
            out.line(&format!("  {name}\n"))?;
        }
        object = Some(&one.object);
        show_one(one, out)?;
    }
    show_notes(review, out)?;
    out.line(&closing(review, out))
}

const INDENT: usize = 4;

fn show_one(diagnostic: &Diagnostic, out: &mut Stream<'_>) -> io::Result<()> {
    let Diagnostic { object: _, severity, code, field, place, problem, remedy } = diagnostic;
    say((*severity, code.name()), problem, out)?;
    let parts = place.iter().map(ToString::to_string).chain(field.clone());
    let place = parts.collect::<Vec<_>>().join(", ");
    if !place.is_empty() {
        out.line(&format!("{:INDENT$}  --> {place}", ""))?;
    }
    fix(remedy, out)
}

/// What is wrong. The severity is painted after wrapping, which must not count its colour.
fn say((severity, code): (Severity, &str), problem: &str, out: &mut Stream<'_>) -> io::Result<()> {
    let head = format!("{severity}[{code}]: ");
    let text = wrapped_after(&head, problem, INDENT, out.width);
    let rest = text.strip_prefix(&severity.to_string()).unwrap_or_default().to_owned();
    out.line(&format!("{:INDENT$}{}{rest}", "", out.severity(severity)))
}

/// What to do. Lines after the first are text to be copied, and stay as they are.
fn fix(remedy: &str, out: &mut Stream<'_>) -> io::Result<()> {
    let mut lines = remedy.lines();
    let first = lines.next().unwrap_or_default();
    let text = wrapped_after("fix: ", first, INDENT + 2, out.width);
    out.line(&format!("{:INDENT$}  {text}", ""))?;
    for line in lines {
        out.line(&format!("{:INDENT$}      {line}", ""))?;
    }
    out.line("")
}

/// A head and a text, the lines after the first two columns to the right of the first.
fn wrapped_after(head: &str, text: &str, indent: usize, width: usize) -> String {
    wrapped(&format!("{head}{text}"), indent + 2, width)
}

/// Notes, each once with the first of its places.
fn show_notes(review: &Review, out: &mut Stream<'_>) -> io::Result<()> {
    let notes = review.diagnostics.iter().filter(|one| one.severity == Severity::Note);
    let notes = repeated::merged(notes);
    if !notes.is_empty() {
        let heading = out.strong("Notes");
        out.line(&format!("{heading}\n"))?;
    }
    for note in &notes {
        let Diagnostic { severity, code, problem, remedy, .. } = note.diagnostic;
        say((*severity, code.name()), problem, out)?;
        let (places, more) = note.places();
        for place in places {
            out.line(&format!("{:INDENT$}  --> {place}", ""))?;
        }
        if let Some(more) = more {
            out.line(&format!("{:INDENT$}      {more}", ""))?;
        }
        fix(remedy, out)?;
    }
    Ok(())
}

/// How much was found, and what becomes of the Ingresses.
fn closing(review: &Review, out: &Stream<'_>) -> String {
    let Review { ingresses, refused, elsewhere, .. } = review;
    let words = [
        (Severity::Error, "error", "errors"),
        (Severity::Warning, "warning", "warnings"),
        (Severity::Note, "note", "notes"),
    ];
    let found = words.into_iter().filter_map(|(severity, one, many)| {
        let text = match review.count(severity) {
            0 => return None,
            1 => format!("1 {one}"),
            count => format!("{count} {many}"),
        };
        Some(if severity == Severity::Error { out.bad(&text) } else { text })
    });
    let found = found.collect::<Vec<_>>().join(", ");
    let found = if found.is_empty() { "nothing to mend".to_owned() } else { found };
    let parts = [
        (ingresses.saturating_sub(refused + elsewhere), "served"),
        (*refused, "not served"),
        (*elsewhere, "of another controller"),
    ];
    let parts = parts.into_iter().filter(|(count, _)| *count > 0);
    let parts = parts.map(|(count, what)| format!("{count} {what}")).collect::<Vec<_>>();
    match (ingresses, parts.as_slice()) {
        (0, _) => format!("{found}; no Ingress was read"),
        (1, [_]) => format!("{found}; 1 Ingress: {}", parts[0].trim_start_matches("1 ")),
        (count, _) => format!("{found}; {count} Ingresses: {}", parts.join(", ")),
    }
}
