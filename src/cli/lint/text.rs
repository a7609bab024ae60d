//! Findings for people: by file and object, and last what is minor and the same at many places.

use std::io;

use super::{FILE, Review};
use crate::cli::screen::Stream;
use crate::cli::screen::repeated;
use crate::cli::screen::told::Told;
use crate::diagnostic::{Diagnostic, Severity};

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
    out.line(&closing(review, out))?;
    if review.suggests_partial {
        out.line("What is missing here but not in the cluster is only noted with --partial.")?;
    }
    Ok(())
}

const INDENT: usize = 4;

fn show_one(diagnostic: &Diagnostic, out: &mut Stream<'_>) -> io::Result<()> {
    let Diagnostic { field, place, .. } = diagnostic;
    let parts = place.iter().map(ToString::to_string).chain(field.clone());
    let place = parts.collect::<Vec<_>>().join(", ");
    let places = if place.is_empty() { &[] } else { std::slice::from_ref(&place) };
    Told { diagnostic, places, more: 0, indent: INDENT, width: out.width }.show(out)
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
        note.told(INDENT, out.width).show(out)?;
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
