//! Policy expressions: whether a text is one. Names are not looked up; what they are made of is.
//!
//! ```text
//! expression = unary { operator unary }
//! unary      = { "!" | "-" | "~" } primary { "." name | "(" [ expression { "," expression } ] ")" }
//! primary    = "(" expression ")" | string | number | pattern | name
//! ```

use super::refuse;
use crate::code;
use crate::command::Refusal;

/// The longest string literal; longer texts are joined with `+` (documented).
const LONGEST_LITERAL: usize = 255;

/// The longest expression (assumed for current releases; older ones stop at 1499).
const LONGEST: usize = 8191;

/// Whether a text is an expression that may be true or false.
pub(super) fn check_rule(text: &str) -> Result<(), Refusal> {
    match parse(text) {
        Ok(Shape::Other) => Ok(()),
        Ok(Shape::Text | Shape::Number) => refuse(code::BOOLEXPR),
        Err(offset) => Err(fault(code::INVALPICEXPR, text, offset)),
    }
}

/// Whether a text is an expression that gives a text.
pub(super) fn check_text(text: &str) -> Result<(), Refusal> {
    match parse(text) {
        Ok(_) => Ok(()),
        Err(offset) => Err(fault(code::INVALPISEXPR, text, offset)),
    }
}

fn fault(code: u32, text: &str, offset: usize) -> Refusal {
    let (read, rest) = text.split_at(offset);
    Refusal::about(code, format_args!("{read}^{rest}, Offset {offset}"))
}

/// What an expression gives, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Text,
    Number,
    Other,
}

/// The shape of an expression, or where it stops being one.
fn parse(text: &str) -> Result<Shape, usize> {
    if text.len() > LONGEST {
        return Err(0);
    }
    let mut parser = Parser { text, at: 0 };
    let shape = parser.expression()?;
    parser.blanks();
    if parser.at == text.len() { Ok(shape) } else { Err(parser.at) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn expression(&mut self) -> Result<Shape, usize> {
        // Two characters before one, so that the longer operator is seen.
        const LOGICAL: [&str; 8] = ["&&", "||", "==", "!=", "<=", ">=", "<", ">"];
        const JOINING: [&str; 9] = ["+", "-", "*", "/", "%", "&", "|", "^", "ALT "];
        let mut shape = self.unary()?;
        loop {
            self.blanks();
            if LOGICAL.iter().any(|operator| self.take(operator)) {
                self.unary()?;
                shape = Shape::Other;
            } else if JOINING.iter().any(|operator| self.take(operator)) {
                let right = self.unary()?;
                shape = if shape == Shape::Number && right == Shape::Number {
                    Shape::Number
                } else {
                    Shape::Text
                };
            } else {
                return Ok(shape);
            }
        }
    }

    fn unary(&mut self) -> Result<Shape, usize> {
        self.blanks();
        let mut negated = false;
        while self.take("!") || self.take("-") || self.take("~") {
            negated = true;
            self.blanks();
        }
        let shape = self.primary()?;
        let called = self.calls()?;
        Ok(if negated || called { Shape::Other } else { shape })
    }

    fn primary(&mut self) -> Result<Shape, usize> {
        let next = self.rest().chars().next().ok_or(self.at)?;
        match next {
            '(' => {
                self.at += 1;
                let shape = self.expression()?;
                self.close()?;
                Ok(shape)
            }
            '"' | '\'' => self.string(next).map(|()| Shape::Text),
            '0'..='9' => {
                // Also hexadecimal numbers, addresses and versions.
                self.run(|c| c.is_ascii_alphanumeric() || c == '.');
                Ok(Shape::Number)
            }
            _ => {
                let name = self.name()?;
                if ["re", "q", "xp"].contains(&name) && self.pattern()? {
                    return Ok(Shape::Other);
                }
                Ok(Shape::Other)
            }
        }
    }

    /// What is called on a value: `.NAME`, and arguments in parentheses.
    fn calls(&mut self) -> Result<bool, usize> {
        let mut called = false;
        loop {
            self.blanks();
            if self.take(".") {
                self.name()?;
            } else if self.take("(") {
                self.blanks();
                if !self.take(")") {
                    self.expression()?;
                    while self.comma() {
                        self.expression()?;
                    }
                    self.close()?;
                }
            } else {
                return Ok(called);
            }
            called = true;
        }
    }

    fn name(&mut self) -> Result<&'a str, usize> {
        let start = self.at;
        let first =
            self.rest().chars().next().is_some_and(|c| c.is_ascii_alphabetic() || "_$".contains(c));
        if !first {
            return Err(self.at);
        }
        self.at += 1;
        self.run(|c| c.is_ascii_alphanumeric() || c == '_');
        Ok(&self.text[start..self.at])
    }

    fn string(&mut self, quote: char) -> Result<(), usize> {
        let start = self.at;
        let mut escaped = false;
        for (index, character) in self.text[start + 1..].char_indices() {
            if character == quote && !escaped {
                self.at = start + 1 + index + 1;
                return if index > LONGEST_LITERAL { Err(start) } else { Ok(()) };
            }
            escaped = character == '\\' && !escaped;
        }
        Err(start)
    }

    /// `re/.../` with any delimiter that is no part of a name; false if the name stands for itself.
    fn pattern(&mut self) -> Result<bool, usize> {
        let delimiter = self.rest().chars().next().filter(|c| "/#~|^!%@".contains(*c));
        let Some(delimiter) = delimiter else { return Ok(false) };
        let body = &self.rest()[1..];
        let length = body.find(delimiter).ok_or(self.at)?;
        self.at += length + 2;
        Ok(true)
    }

    fn comma(&mut self) -> bool {
        self.blanks();
        self.take(",")
    }

    fn close(&mut self) -> Result<(), usize> {
        self.blanks();
        if self.take(")") { Ok(()) } else { Err(self.at) }
    }

    fn blanks(&mut self) {
        self.run(char::is_whitespace);
    }

    fn run(&mut self, accepts: impl Fn(char) -> bool) {
        let rest = self.rest();
        let length = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.at += length;
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controllers_write_is_an_expression() {
        for rule in [
            "TRUE",
            r#"HTTP.REQ.HOSTNAME.SERVER.EQ("shop.example") && HTTP.REQ.URL.PATH.STARTSWITH("/a")"#,
            r#"(HTTP.REQ.URL.PATH.EQ("/a") || HTTP.REQ.URL.PATH.STARTSWITH("/a/"))"#,
            "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT || !CLIENT.SSL.CLIENT_CERT.IS_VALID",
            r#"HTTP.REQ.HEADER("X").CONTAINS("a\"b") == TRUE"#,
            "HTTP.REQ.URL.PATH.REGEX_MATCH(re#^/a(b|c)$#)",
            "CLIENT.IP.SRC.IN_SUBNET(10.0.0.0/8)",
            "CLIENT.TCP.DSTPORT.EQ(443)",
        ] {
            assert_eq!(check_rule(rule), Ok(()), "{rule}");
        }
        let target = r#""https://" + HTTP.REQ.HOSTNAME.HTTP_URL_SAFE + HTTP.REQ.URL"#;
        assert_eq!(check_text(target), Ok(()));
    }

    #[test]
    fn a_rule_that_does_not_parse_is_refused_where_it_stops() {
        for (rule, offset) in [
            ("", 0),
            ("HTTP.REQ.HOSTNAME.EQ(\"a\"", 24),
            ("HTTP.REQ.HOSTNAME.EQ(\"a)", 21),
            ("HTTP.REQ.URL.EQ(/a)", 16),
            ("TRUE &&", 7),
            ("TRUE FALSE", 5),
            ("HTTP..REQ", 5),
            ("https://shop.example", 5),
        ] {
            let refusal = check_rule(rule).unwrap_err();
            assert_eq!(refusal.code, code::INVALPICEXPR, "{rule}");
            assert!(refusal.message.ends_with(&format!("Offset {offset}]")), "{}", refusal.message);
        }
    }

    #[test]
    fn a_rule_must_be_true_or_false() {
        for rule in ["\"shop.example\"", "1 + 2", "\"a\" + HTTP.REQ.URL"] {
            assert_eq!(check_rule(rule).unwrap_err().code, code::BOOLEXPR, "{rule}");
        }
    }

    #[test]
    fn a_long_literal_must_be_joined_from_shorter_ones() {
        let rule = |length| format!("HTTP.REQ.URL.PATH.EQ(\"{}\")", "a".repeat(length));
        assert_eq!(check_rule(&rule(255)), Ok(()));
        assert_eq!(check_rule(&rule(256)).unwrap_err().code, code::INVALPICEXPR);
        let joined = format!("HTTP.REQ.URL.PATH.EQ(\"{0}\" + \"{0}\")", "a".repeat(200));
        assert_eq!(check_rule(&joined), Ok(()));
    }
}
