//! Compiles the text of an expression.
//!
//! ```text
//! any        = all { "||" all }
//! all        = comparison { "&&" comparison }
//! comparison = sum [ ( "==" | "!=" | "<=" | ">=" | "<" | ">" ) sum ]
//! sum        = unary { ( "+" | "-" ) unary }
//! unary      = { "!" } primary { "." name [ "(" [ argument { "," argument } ] ")" ] }
//! primary    = "(" any ")" | string | number | TRUE | FALSE | name
//! ```
//!
//! The operators are documented, their order is that of other languages (assumed). Names mean the
//! same in upper and lower case.

use std::net::IpAddr;

use regex_lite::Regex;

use super::functions::{self, MODES, Parameter};
use super::{Expression, Function, Node, Sort, Value};

/// The longest string literal; longer texts are joined with `+` (documented).
const LONGEST_LITERAL: usize = 255;

/// The longest expression (assumed for current releases; older ones stop at 1499).
const LONGEST: usize = 8191;

/// How deep parentheses may stand in each other (assumed).
const DEEPEST: usize = 60;

/// Compiles a text, or says where it stops being an expression.
pub(super) fn parse(text: &str) -> Result<Expression, usize> {
    if text.len() > LONGEST {
        return Err(0);
    }
    let mut parser = Parser { text, at: 0, depth: 0 };
    let expression = parser.any()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.at);
    }
    if expression.sort.is_value() { Ok(expression) } else { Err(text.len()) }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

/// What a function of this module makes of the text.
type Parsed<T> = Result<T, usize>;

impl<'a> Parser<'a> {
    fn any(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.at);
        }
        let or: Function = |values, _| Value::Truth(values.iter().any(Value::is_true));
        let expression = self.logical("||", or, |parser| {
            let and: Function = |values, _| Value::Truth(values.iter().all(Value::is_true));
            parser.logical("&&", and, Self::comparison)
        });
        self.depth -= 1;
        expression
    }

    fn logical(
        &mut self,
        operator: &str,
        function: Function,
        part: impl Fn(&mut Self) -> Parsed<Expression>,
    ) -> Parsed<Expression> {
        let first = part(self)?;
        let sort = first.sort;
        let mut parts = vec![first.node];
        loop {
            self.blanks();
            let start = self.at;
            if !self.take(operator) {
                break;
            }
            let next = part(self)?;
            if sort != Sort::Truth || next.sort != Sort::Truth {
                return Err(start);
            }
            parts.push(next.node);
        }
        Ok(if parts.len() == 1 {
            Expression { node: parts.remove(0), sort }
        } else {
            call(function, parts, Sort::Truth)
        })
    }

    fn comparison(&mut self) -> Parsed<Expression> {
        // Two characters before one, so that the longer operator is seen.
        const OPERATORS: [(&str, Function); 6] = [
            ("==", |values, _| Value::Truth(is_equal(values))),
            ("!=", |values, _| Value::Truth(!is_equal(values))),
            ("<=", |values, _| Value::Truth(values[0].number() <= values[1].number())),
            (">=", |values, _| Value::Truth(values[0].number() >= values[1].number())),
            ("<", |values, _| Value::Truth(values[0].number() < values[1].number())),
            (">", |values, _| Value::Truth(values[0].number() > values[1].number())),
        ];
        let left = self.sum()?;
        self.blanks();
        let start = self.at;
        let Some((operator, function)) = OPERATORS.iter().find(|(sign, _)| self.take(sign)) else {
            return Ok(left);
        };
        let right = self.sum()?;
        let is_equality = ["==", "!="].contains(operator);
        let fits = match (left.sort, right.sort) {
            (Sort::Number, Sort::Number) => true,
            (Sort::Truth, Sort::Truth) => is_equality,
            (left, right) => is_equality && left.is_text() && right.is_text(),
        };
        if fits {
            Ok(call(*function, vec![left.node, right.node], Sort::Truth))
        } else {
            Err(start)
        }
    }

    fn sum(&mut self) -> Parsed<Expression> {
        let mut left = self.unary()?;
        loop {
            self.blanks();
            let start = self.at;
            let plus = self.take("+");
            if !plus && !self.take("-") {
                return Ok(left);
            }
            let right = self.unary()?;
            let numbers = left.sort == Sort::Number && right.sort == Sort::Number;
            let (function, sort): (Function, Sort) = match (plus, numbers) {
                (true, true) => (
                    |values, _| {
                        Value::Number(values[0].number().saturating_add(values[1].number()))
                    },
                    Sort::Number,
                ),
                (false, true) => (
                    |values, _| {
                        Value::Number(values[0].number().saturating_sub(values[1].number()))
                    },
                    Sort::Number,
                ),
                (true, false) if left.sort.is_value() && right.sort.is_value() => {
                    (joined, Sort::Text)
                }
                (_, false) => return Err(start),
            };
            left = call(function, vec![left.node, right.node], sort);
        }
    }

    fn unary(&mut self) -> Parsed<Expression> {
        self.blanks();
        let start = self.at;
        let mut negations = 0;
        while self.take("!") {
            negations += 1;
            self.blanks();
        }
        let mut expression = self.primary()?;
        loop {
            self.blanks();
            if !self.take(".") {
                break;
            }
            expression = self.called(expression)?;
        }
        if negations > 0 && expression.sort != Sort::Truth {
            return Err(start);
        }
        if negations % 2 == 0 {
            return Ok(expression);
        }
        let not: Function = |values, _| Value::Truth(!values[0].is_true());
        Ok(call(not, vec![expression.node], Sort::Truth))
    }

    fn primary(&mut self) -> Parsed<Expression> {
        let next = self.rest().chars().next().ok_or(self.at)?;
        match next {
            '(' => {
                self.at += 1;
                let inner = self.any()?;
                self.expect(")")?;
                Ok(inner)
            }
            '"' | '\'' => Ok(literal(self.string(next)?.as_str().into(), Sort::Text)),
            '0'..='9' => {
                let start = self.at;
                let digits = self.run(|c| c.is_ascii_digit());
                let number = digits.parse().map_err(|_| start)?;
                Ok(literal(Value::Number(number), Sort::Number))
            }
            _ => {
                let start = self.at;
                let name = self.name()?;
                if name.eq_ignore_ascii_case("TRUE") || name.eq_ignore_ascii_case("FALSE") {
                    let truth = name.eq_ignore_ascii_case("TRUE");
                    return Ok(literal(Value::Truth(truth), Sort::Truth));
                }
                let space = functions::root(name).ok_or(start)?;
                Ok(literal(Value::Nothing, Sort::Space(space)))
            }
        }
    }

    /// What is called on a value: a name, and arguments in parentheses.
    fn called(&mut self, subject: Expression) -> Parsed<Expression> {
        let start = self.at;
        let name = self.name()?;
        let row = functions::find(subject.sort, name).ok_or(start)?;
        let mut inputs = if subject.sort.is_value() { vec![subject.node] } else { Vec::new() };
        if !row.takes.is_empty() {
            self.expect("(")?;
            for (place, parameter) in row.takes.iter().enumerate() {
                if place > 0 {
                    self.expect(",")?;
                }
                inputs.push(self.argument(*parameter)?);
            }
            self.expect(")")?;
        }
        Ok(match row.function {
            Some(function) => call(function, inputs, row.gives),
            None => literal(Value::Nothing, row.gives),
        })
    }

    fn argument(&mut self, parameter: Parameter) -> Parsed<Node> {
        self.blanks();
        let start = self.at;
        match parameter {
            Parameter::Text => {
                let given = self.any()?;
                if given.sort.is_text() { Ok(given.node) } else { Err(start) }
            }
            Parameter::Number => {
                let given = self.any()?;
                if given.sort == Sort::Number { Ok(given.node) } else { Err(start) }
            }
            Parameter::Mode => {
                let mode = self.name()?.to_ascii_uppercase();
                if MODES.contains(&mode.as_str()) {
                    Ok(Node::Literal(mode.into()))
                } else {
                    Err(start)
                }
            }
            Parameter::Method => {
                let method = match self.rest().chars().next() {
                    Some(quote @ ('"' | '\'')) => self.string(quote)?,
                    Some(_) | None => self.name()?.to_owned(),
                };
                Ok(Node::Literal(method.into()))
            }
            Parameter::Address => {
                let address = self.address().ok_or(start)?;
                Ok(Node::Literal(Value::Address(address)))
            }
            Parameter::Subnet => {
                let address = self.address().ok_or(start)?;
                self.expect("/")?;
                let bits = self.run(|c| c.is_ascii_digit()).parse().map_err(|_| start)?;
                let all = if address.is_ipv4() { 32 } else { 128 };
                if bits > all {
                    return Err(start);
                }
                Ok(Node::Literal(Value::Subnet(address, bits)))
            }
            Parameter::Pattern => self.pattern(),
        }
    }

    fn address(&mut self) -> Option<IpAddr> {
        self.run(|c| c.is_ascii_hexdigit() || ".:".contains(c)).parse().ok()
    }

    /// `re/.../` with any delimiter that is no part of a name.
    fn pattern(&mut self) -> Parsed<Node> {
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
        Ok(Node::Literal(Value::Pattern(pattern)))
    }

    /// A text in quotes. A backslash takes what follows as it is, but for line breaks and tabs
    /// (documented).
    fn string(&mut self, quote: char) -> Parsed<String> {
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

    fn name(&mut self) -> Parsed<&'a str> {
        let first = self.rest().starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if first { Ok(self.run(|c| c.is_ascii_alphanumeric() || c == '_')) } else { Err(self.at) }
    }

    fn expect(&mut self, token: &str) -> Parsed<()> {
        self.blanks();
        if self.take(token) { Ok(()) } else { Err(self.at) }
    }

    fn blanks(&mut self) {
        self.run(char::is_whitespace);
    }

    fn run(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !accepts(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
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

fn call(function: Function, inputs: Vec<Node>, sort: Sort) -> Expression {
    Expression { node: Node::Call(function, inputs), sort }
}

fn literal(value: Value, sort: Sort) -> Expression {
    Expression { node: Node::Literal(value), sort }
}

fn joined(values: &[Value], _: &super::Request) -> Value {
    let texts = values.iter().map(|value| value.clone().into_text().content);
    texts.collect::<String>().into()
}

fn is_equal(values: &[Value]) -> bool {
    match values {
        [Value::Truth(left), Value::Truth(right)] => left == right,
        [Value::Number(left), Value::Number(right)] => left == right,
        [left, right] => left.clone().into_text().equals(&right.clone().into_text()),
        _ => false,
    }
}
