//! What expressions are made of, letter by letter.

use std::net::IpAddr;

use regex_lite::Regex;

use super::super::{Literal, Node};
use super::{Parsed, Parser};

/// The longest string literal; longer texts are joined with `+` (documented).
const LONGEST_LITERAL: usize = 255;

impl<'a> Parser<'a> {
    pub(super) fn address(&mut self) -> Option<IpAddr> {
        self.run(|c| c.is_ascii_hexdigit() || ".:".contains(c)).parse().ok()
    }

    /// `re/.../` with any delimiter that is no part of a name.
    pub(super) fn pattern(&mut self) -> Parsed<Node> {
        let start = self.at;
        if !self.name()?.eq_ignore_ascii_case("re") {
            return Err(start);
        }
        let delimiter = self.rest().chars().next().filter(|c| "/#~|^!%@".contains(*c));
        let delimiter = delimiter.ok_or(self.at)?;
        let body = &self.rest()[1..];
        let length = body.find(delimiter).ok_or(self.at)?;
        let pattern = Regex::new(&body[..length]).map_err(|_| start)?;
        self.at += length + 2;
        Ok(Node::Literal(Literal::Pattern(pattern)))
    }

    /// A text in quotes. A backslash takes what follows as it is, but for line breaks and tabs
    /// (documented).
    pub(super) fn string(&mut self, quote: char) -> Parsed<String> {
        let start = self.at;
        let mut read = String::new();
        let mut characters = self.text[start + 1..].char_indices();
        while let Some((index, character)) = characters.next() {
            match character {
                _ if character == quote => {
                    self.at = start + 1 + index + 1;
                    return if index > LONGEST_LITERAL { Err(start) } else { Ok(read) };
                }
                '\\' => match characters.next().ok_or(start)?.1 {
                    'r' => read.push('\r'),
                    'n' => read.push('\n'),
                    't' => read.push('\t'),
                    other => read.push(other),
                },
                other => read.push(other),
            }
        }
        Err(start)
    }

    pub(super) fn name(&mut self) -> Parsed<&'a str> {
        let first = self.rest().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if first { Ok(self.run(|c| c.is_ascii_alphanumeric() || c == '_')) } else { Err(self.at) }
    }

    pub(super) fn expect(&mut self, token: &str) -> Parsed<()> {
        self.blanks();
        if self.take(token) { Ok(()) } else { Err(self.at) }
    }

    pub(super) fn blanks(&mut self) {
        self.run(char::is_whitespace);
    }

    pub(super) fn run(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}
