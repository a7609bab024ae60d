//! One diagnostic as people read it: what is wrong, where, and what to do.

use std::io;

use super::Stream;
use crate::diagnostic::Diagnostic;
use crate::plan::render::wrapped;

/// A diagnostic with the places to name.
pub(in crate::cli) struct Told<'a> {
    pub(in crate::cli) diagnostic: &'a Diagnostic,
    pub(in crate::cli) places: &'a [String],
    /// How many places are not named.
    pub(in crate::cli) more: usize,
    /// The column that it starts in.
    pub(in crate::cli) indent: usize,
    /// How many columns a line may have.
    pub(in crate::cli) width: usize,
}

impl Told<'_> {
    /// Shows it, with an empty line below.
    pub(in crate::cli) fn show(&self, out: &mut Stream<'_>) -> io::Result<()> {
        let Self { diagnostic, places, more, indent, width } = *self;
        let Diagnostic { severity, code, problem, remedy, .. } = diagnostic;
        // The severity is painted after wrapping, which must not count its colour.
        let severity_word = severity.to_string();
        let text = wrapped(&format!("{severity}[{code}]: {problem}"), indent + 2, width);
        let rest = text.strip_prefix(&severity_word).unwrap_or_default();
        out.line(&format!("{:indent$}{}{rest}", "", out.severity(*severity)))?;
        for place in places {
            out.line(&format!("{:indent$}  --> {}", "", wrapped(place, indent + 6, width)))?;
        }
        match more {
            0 => {}
            1 => out.line(&format!("{:indent$}      and 1 more place", ""))?,
            more => out.line(&format!("{:indent$}      and {more} more places", ""))?,
        }
        // Lines after the first are text to be copied, and stay as they are.
        let mut lines = remedy.lines();
        let first = format!("fix: {}", lines.next().unwrap_or_default());
        out.line(&format!("{:indent$}  {}", "", wrapped(&first, indent + 4, width)))?;
        for line in lines {
            out.line(&format!("{:indent$}       {line}", ""))?;
        }
        out.line("")
    }
}
