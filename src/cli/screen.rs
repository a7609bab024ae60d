//! Where results and messages go, and in which colours.

pub(super) mod repeated;
pub(super) mod told;

use std::error::Error as StdError;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::input::Problem;
use crate::diagnostic::{Diagnostic, Severity};
use crate::snapshot::documents::Unreadable;

/// The two streams of a command.
pub struct Screen<'a> {
    /// Results.
    pub out: Stream<'a>,
    /// Messages.
    pub err: Stream<'a>,
}

/// One stream.
pub struct Stream<'a> {
    /// Where it goes.
    pub writer: &'a mut dyn Write,
    /// Whether somebody is watching.
    pub is_terminal: bool,
    /// Whether to use colours.
    pub colour: bool,
    /// How many columns a line may have.
    pub width: usize,
}

const STRONG: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const DOUBTFUL: Style = AnsiColor::Yellow.on_default().bold();
const MINOR: Style = AnsiColor::Cyan.on_default().bold();

impl Screen<'_> {
    /// Shows diagnostics, one after the other, worst last; what is the same at several places, once.
    pub fn diagnostics<'d>(
        &mut self,
        diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    ) -> io::Result<()> {
        // What goes to a file or another program stays in one line, to be searched.
        let width = if self.err.is_terminal { self.err.width } else { usize::MAX };
        for repeated in repeated::merged(diagnostics) {
            repeated.told(0, width).show(&mut self.err)?;
        }
        Ok(())
    }

    /// Shows something that the operator chose and should be reminded of.
    pub fn warning(&mut self, text: &str) -> io::Result<()> {
        let word = self.err.paint(DOUBTFUL, "warning");
        self.err.line(&format!("{word}: {text}"))
    }

    /// Shows why a command could not do its work: the whole chain, each link once.
    pub fn error(&mut self, error: &(dyn StdError + 'static)) -> io::Result<()> {
        let word = self.err.paint(BAD, "error");
        self.err.line(&format!("{word}: {}", chain(error)))
    }

    /// Shows what is wrong with the input, in the form of diagnostics.
    pub fn problem(&mut self, problem: &Problem) -> io::Result<()> {
        let Problem::Document(unreadable) = problem else {
            return self.error(problem);
        };
        let Unreadable { place, object, problem } = unreadable.as_ref();
        let word = self.err.bad("error");
        let object = object.as_ref().map(|object| format!(" ({object})")).unwrap_or_default();
        self.err.line(&format!("{word}: {problem}\n  --> {place}{object}\n"))
    }
}

impl Stream<'_> {
    /// The width of lines where there is no terminal.
    pub const WIDTH: usize = 100;

    /// Writes one line.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.writer, "{text}")
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())?;
        self.writer.flush()
    }

    /// Text in a style, if colours are used.
    pub fn paint(&self, style: Style, text: &str) -> String {
        if self.colour { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// A severity in its colour.
    pub fn severity(&self, severity: Severity) -> String {
        let style = match severity {
            Severity::Error => BAD,
            Severity::Warning => DOUBTFUL,
            Severity::Note => MINOR,
        };
        self.paint(style, &severity.to_string())
    }

    /// Text that stands out, as a heading does.
    pub fn strong(&self, text: &str) -> String {
        self.paint(STRONG, text)
    }

    /// Text that says that something is wrong.
    pub fn bad(&self, text: &str) -> String {
        self.paint(BAD, text)
    }
}

/// An error and its causes in one sentence. A cause that its effect already tells is left out.
pub fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence.push_str(" because ");
            sentence.push_str(&text);
        }
        cause = error.source();
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Code, ObjectRef};
    use crate::model::ObjectKey;

    fn diagnostic(severity: Severity, problem: &str) -> Diagnostic {
        Diagnostic {
            object: ObjectRef { kind: "Ingress".to_owned(), key: ObjectKey::new("a", "b") },
            severity,
            code: Code::VipMissing,
            field: None,
            place: None,
            problem: problem.to_owned(),
            remedy: "name one".to_owned(),
        }
    }

    fn shown(colour: bool) -> String {
        let [one, two] = [diagnostic(Severity::Error, "bad"), diagnostic(Severity::Note, "so")];
        told(colour, &[one, two])
    }

    fn told(colour: bool, diagnostics: &[Diagnostic]) -> String {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut screen = Screen {
            out: Stream { writer: &mut out, is_terminal: false, colour, width: 100 },
            err: Stream { writer: &mut err, is_terminal: false, colour, width: 100 },
        };
        screen.diagnostics(diagnostics).unwrap();
        String::from_utf8(err).unwrap()
    }

    #[test]
    fn the_worst_diagnostic_comes_last() {
        assert_eq!(
            shown(false),
            "note[vip-missing]: so\n  --> Ingress a/b\n  fix: name one\n\n\
             error[vip-missing]: bad\n  --> Ingress a/b\n  fix: name one\n\n"
        );
    }

    /// The same of several Ingresses.
    fn repeated(severity: Severity, names: &[&str]) -> Vec<Diagnostic> {
        let about = |name: &&str| {
            let object = ObjectRef { kind: "Ingress".to_owned(), key: ObjectKey::new("a", *name) };
            Diagnostic { object, ..diagnostic(severity, "so") }
        };
        names.iter().map(about).collect()
    }

    #[test]
    fn what_is_the_same_at_several_places_is_told_once_with_three_of_them() {
        assert_eq!(
            told(false, &repeated(Severity::Note, &["a", "b", "b", "c", "d", "e"])),
            "note[vip-missing]: so\n  --> Ingress a/a\n  --> Ingress a/b\n  --> Ingress a/c\n      \
             and 2 more places\n  fix: name one\n\n"
        );
    }

    #[test]
    fn an_error_is_told_of_every_object() {
        let text = told(false, &repeated(Severity::Error, &["a", "b", "c", "d", "e"]));
        assert_eq!(text.matches("error[vip-missing]: so").count(), 5, "{text}");
    }

    #[test]
    fn only_the_severity_is_coloured() {
        assert!(shown(true).contains("\u{1b}[1m\u{1b}[31merror\u{1b}[0m[vip-missing]: bad\n"));
    }

    #[test]
    fn a_chain_tells_each_cause_once() {
        let inner = io::Error::other("the disk is full");
        let outer = io::Error::other(inner);
        let error = super::super::Error::Write(outer);
        assert_eq!(chain(&error), "cannot write the results because the disk is full");
    }
}
