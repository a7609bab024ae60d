//! Tables for people, printed and kept in `docs/performance.md`.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/performance.md");

/// Prints a table and puts it between its marks in the page.
pub(crate) fn write(name: &str, columns: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    let table = table(columns, rows);
    writeln!(io::stdout(), "{table}")?;
    let (begin, end) = (format!("<!-- begin {name} -->\n"), format!("<!-- end {name} -->"));
    let page = fs::read_to_string(PAGE)?;
    let replaced = page.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some(format!("{before}{begin}{table}{end}{after}"))
    });
    let no_marks = || io::Error::other(format!("{PAGE} has no marks for {name:?}"));
    fs::write(PAGE, replaced.ok_or_else(no_marks)?)
}

fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = format!("| {} |\n", columns.join(" | "));
    table.push_str(&"| --- ".repeat(columns.len()));
    table.push_str("|\n");
    for row in rows {
        writeln!(table, "| {} |", row.join(" | ")).expect("a text can be written to");
    }
    table
}
