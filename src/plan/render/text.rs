//! A plan for people: what changes for whom, in the manner of a code review.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::blocks::{Block, Group, Mark, Row, Totals, groups, totals};
use super::{AFTER_TAKEOVER, Header, TAKEN_OVER, UNORDERED, counted, nothing, unordered_title};
use crate::model::EntityId;
use crate::plan::{HeldBack, Op, Plan};

/// How text is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to mark additions green, changes yellow and removals red.
    pub colour: bool,
    /// The column at which long values are wrapped. Names are never broken.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { colour: false, width: 100 }
    }
}

/// The whole plan, with a line end after its last line.
pub fn text(plan: &Plan, header: &Header, style: Style) -> String {
    let mut page = Page { text: String::new(), style };
    page.line(&format!("cluster    {}", header.cluster));
    page.line(&format!("appliance  {}", header.appliance));
    let groups = groups(plan);
    page.settings(plan);
    page.takeovers(plan);
    for group in &groups {
        page.group(group);
    }
    if let Some(held_back) = &plan.held_back {
        page.held_back(held_back);
    }
    page.unordered(plan);
    page.closing(plan, totals(plan, &groups));
    page.text
}

const BOLD: Ansi = Ansi::new().bold();

const fn colour(mark: Mark) -> Ansi {
    match mark {
        Mark::Add => AnsiColor::Green.on_default(),
        Mark::Change => AnsiColor::Yellow.on_default(),
        Mark::Remove => AnsiColor::Red.on_default(),
    }
}

/// The narrowest column of labels, so that most blocks line up with each other.
const LABELS: usize = 18;

struct Page {
    text: String,
    style: Style,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn painted(&self, ansi: Ansi, text: &str) -> String {
        if self.style.colour { format!("{ansi}{text}{ansi:#}") } else { text.to_owned() }
    }

    fn title(&mut self, title: &str) {
        let title = self.painted(BOLD, title);
        self.line(&format!("\n{title}"));
    }

    fn settings(&mut self, plan: &Plan) {
        if plan.settings == 0 {
            return;
        }
        self.title("Settings of the whole appliance");
        let rows: Vec<Row> = plan.ops[..plan.settings].iter().map(|op| setting(&op.op)).collect();
        self.rows(2, &rows);
        if plan.ends_after_settings {
            let first = "The plan ends here: this setting resets the SSL settings of objects that \
                         are there already, so the appliance is read again before anything else.";
            self.paragraph(4, first);
        }
    }

    fn takeovers(&mut self, plan: &Plan) {
        if plan.takeovers == 0 {
            return;
        }
        self.title(TAKEN_OVER);
        let row = |entity: &EntityId| Row {
            mark: Some(Mark::Change),
            label: entity.kind.name().to_owned(),
            value: entity.name.to_string(),
        };
        self.rows(2, &plan.taken_over().map(row).collect::<Vec<Row>>());
        self.paragraph(4, AFTER_TAKEOVER);
    }

    fn group(&mut self, group: &Group) {
        self.title(&group.title);
        for Block { mark, title, rows, totals: _ } in &group.blocks {
            let head = self.painted(colour(*mark), &format!("{} {title}", mark.sign()));
            self.line(&format!("  {head}"));
            self.rows(6, rows);
        }
    }

    /// Labels in one column, values in another.
    fn rows(&mut self, indent: usize, rows: &[Row]) {
        let widest = rows.iter().map(|row| row.label.chars().count()).max().unwrap_or(0);
        let labels = widest.max(LABELS);
        for Row { mark, label, value } in rows {
            let sign = mark.map_or(' ', Mark::sign);
            let padding = " ".repeat(labels - label.chars().count());
            let head = format!("{sign} {label}");
            let head = mark.map_or_else(|| head.clone(), |mark| self.painted(colour(mark), &head));
            let column = indent + 2 + labels + 2;
            let value = wrapped(value, column, self.style.width);
            let line = format!("{:indent$}{head}{padding}  {value}", "");
            self.line(line.trim_end());
        }
    }

    fn paragraph(&mut self, indent: usize, text: &str) {
        let text = wrapped(text, indent, self.style.width);
        self.line(&format!("{:indent$}{text}", ""));
    }

    fn held_back(&mut self, held_back: &HeldBack) {
        self.title(&held_back.title());
        for deletion in &held_back.deletions {
            let deletion = self.painted(colour(Mark::Remove), &format!("- {deletion}"));
            self.line(&format!("  {deletion}"));
        }
        for sentence in held_back.explanation() {
            self.paragraph(2, &sentence);
        }
    }

    fn unordered(&mut self, plan: &Plan) {
        if plan.unordered.is_empty() {
            return;
        }
        self.title(&unordered_title(plan));
        for op in &plan.unordered {
            self.line(&format!("  {op}"));
        }
        self.paragraph(2, UNORDERED);
    }

    fn closing(&mut self, plan: &Plan, totals: Totals) {
        self.text.push('\n');
        if plan.is_empty() {
            self.line(nothing(plan));
            return;
        }
        if !plan.swaps.is_empty() {
            let gaps = counted(plan.swaps.len(), "short gap");
            let text = format!(
                "{gaps} in TLS service: between two commands a host has no certificate, while \
                 its SNI certificate is exchanged for another one of the same name."
            );
            self.paragraph(0, &text);
        }
        let Totals { add, change, remove } = totals;
        let mut line = format!("{add} to add, {change} to change, {remove} to remove");
        let after: Vec<&Op> =
            plan.ops[plan.preliminaries()..].iter().map(|planned| &planned.op).collect();
        let files = after.iter().filter(|op| matches!(op, Op::RemoveFile { .. })).count();
        match (after.contains(&&Op::Save), files) {
            (true, 0) => line.push_str("; then the configuration is saved"),
            (true, _) => {
                line.push_str("; then the configuration is saved, and old files are removed");
            }
            (false, 0) => {}
            (false, _) => line.push_str("; then old files are removed"),
        }
        let line = self.painted(BOLD, &line);
        self.line(&line);
        self.line("(-o json shows the order of execution)");
    }
}

fn setting(op: &Op) -> Row {
    let row = |label: &str, value: String| {
        let mark = super::blocks::mark(op);
        Row { mark, label: label.to_owned(), value }
    };
    let listed = |fields: &crate::model::Fields| {
        let pairs: Vec<String> =
            fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
        pairs.join(", ")
    };
    match op {
        Op::Enable { features } => row("enable features", features.join(", ")),
        Op::Save => row("save", "the running configuration".to_owned()),
        Op::Set { entity, fields } => row(entity.kind.name(), listed(fields)),
        Op::Verify { entity, fields } => {
            row("verify", format!("{} {}", entity.kind, listed(fields)))
        }
        Op::Upload { .. }
        | Op::Create { .. }
        | Op::Unset { .. }
        | Op::Bind { .. }
        | Op::Rebind { .. }
        | Op::Unbind { .. }
        | Op::VerifyBinding { .. }
        | Op::EnableMember { .. }
        | Op::DisableMember { .. }
        | Op::Change { .. }
        | Op::Link { .. }
        | Op::Unlink { .. }
        | Op::Delete { .. }
        | Op::RemoveFile { .. } => row(op.verb(), op.to_string()),
    }
}

/// `text` over several lines, broken at blanks, the second and later ones starting at `column`.
pub(crate) fn wrapped(text: &str, column: usize, width: usize) -> String {
    let mut out = String::new();
    let mut at = column;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !out.is_empty() {
            if at + 1 + length > width {
                write!(out, "\n{:column$}", "").expect("a String takes all text");
                at = column;
            } else {
                out.push(' ');
                at += 1;
            }
        }
        out.push_str(word);
        at += length;
    }
    out
}
