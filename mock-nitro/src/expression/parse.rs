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

mod tokens;

use super::functions::{self, Parameter, Part, Row};
use super::{Exchange, Expression, Function, Literal, Node, Place, Sort, Space, Value};

/// The longest expression (assumed for current releases; older ones stop at 1499).
const LONGEST: usize = 8191;

/// How deep parentheses may stand in each other (assumed).
const DEEPEST: usize = 60;

/// How many functions an expression may call (assumed).
const MOST_CALLS: usize = 500;

/// Compiles a text, or says where it stops being an expression.
pub(super) fn parse(text: &str) -> Result<Expression, usize> {
    if text.len() > LONGEST {
        return Err(0);
    }
    let mut parser = Parser { text, at: 0, depth: 0, calls: 0, reads_response: false };
    let Typed { node, sort, place } = parser.any()?;
    parser.blanks();
    if parser.at < text.len() {
        return Err(parser.at);
    }
    let reads_response = parser.reads_response;
    if sort.is_value() {
        Ok(Expression { node, sort, place, reads_response })
    } else {
        Err(text.len())
    }
}

/// A part of an expression.
struct Typed {
    node: Node,
    sort: Sort,
    place: Option<Place>,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    calls: usize,
    reads_response: bool,
}

/// What a function of this module makes of the text.
type Parsed<T> = Result<T, usize>;

impl Parser<'_> {
    fn any(&mut self) -> Parsed<Typed> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.at);
        }
        let expression = self
            .logical("||", Node::Any, |parser| parser.logical("&&", Node::All, Self::comparison));
        self.depth -= 1;
        expression
    }

    fn logical(
        &mut self,
        operator: &str,
        combine: fn(Vec<Node>) -> Node,
        part: impl Fn(&mut Self) -> Parsed<Typed>,
    ) -> Parsed<Typed> {
        let first = part(self)?;
        let is_truth = first.sort == Sort::Truth;
        let mut more = Vec::new();
        loop {
            self.blanks();
            let start = self.at;
            if !self.take(operator) {
                break;
            }
            let next = part(self)?;
            if !is_truth || next.sort != Sort::Truth {
                return Err(start);
            }
            more.push(next.node);
        }
        if more.is_empty() {
            return Ok(first);
        }
        more.insert(0, first.node);
        Ok(made(combine(more), Sort::Truth))
    }

    fn comparison(&mut self) -> Parsed<Typed> {
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
            Ok(made(Node::Call(*function, vec![left.node, right.node]), Sort::Truth))
        } else {
            Err(start)
        }
    }

    fn sum(&mut self) -> Parsed<Typed> {
        let first = self.unary()?;
        let mut sort = first.sort;
        let mut more = Vec::new();
        loop {
            self.blanks();
            let start = self.at;
            let plus = self.take("+");
            if !plus && !self.take("-") {
                break;
            }
            let next = self.unary()?;
            let numbers = sort == Sort::Number && next.sort == Sort::Number;
            if !(numbers || plus && sort.is_value() && next.sort.is_value()) {
                return Err(start);
            }
            if !numbers {
                sort = Sort::Text;
            }
            more.push(if plus { next.node } else { Node::Call(negative, vec![next.node]) });
        }
        if more.is_empty() {
            return Ok(first);
        }
        more.insert(0, first.node);
        Ok(made(Node::Sum(more), sort))
    }

    fn unary(&mut self) -> Parsed<Typed> {
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
        Ok(made(Node::Call(not, vec![expression.node]), Sort::Truth))
    }

    fn primary(&mut self) -> Parsed<Typed> {
        let next = self.rest().chars().next().ok_or(self.at)?;
        match next {
            '(' => {
                self.at += 1;
                let inner = self.any()?;
                self.expect(")")?;
                Ok(inner)
            }
            '"' | '\'' => Ok(literal(Literal::Text(self.string(next)?), Sort::Text)),
            '0'..='9' => {
                let start = self.at;
                let digits = self.run(|c| c.is_ascii_digit());
                let number = digits.parse().map_err(|_| start)?;
                Ok(literal(Literal::Number(number), Sort::Number))
            }
            _ => {
                let start = self.at;
                let name = self.name()?;
                if name.eq_ignore_ascii_case("TRUE") || name.eq_ignore_ascii_case("FALSE") {
                    let truth = name.eq_ignore_ascii_case("TRUE");
                    return Ok(literal(Literal::Truth(truth), Sort::Truth));
                }
                let space = functions::root(name).ok_or(start)?;
                Ok(literal(Literal::Nothing, Sort::Space(space)))
            }
        }
    }

    /// What is called on a value: a name, and arguments in parentheses.
    fn called(&mut self, subject: Typed) -> Parsed<Typed> {
        let start = self.at;
        let name = self.name()?;
        let after = self.at;
        self.blanks();
        let is_given = self.rest().starts_with('(');
        let rows: Vec<&Row> = functions::find(subject.sort, name).collect();
        let first = rows.first().ok_or(start)?;
        self.calls += 1;
        if self.calls > MOST_CALLS {
            return Err(start);
        }
        let mut refused = None;
        // Those of the same name differ in what they take.
        let fitting = rows.iter().filter(|row| row.takes.is_empty() != is_given);
        for row in fitting.chain([first]) {
            self.at = after;
            match self.arguments(row.takes) {
                Ok(arguments) => return Ok(self.applied(subject, row, arguments)),
                Err(offset) => refused = refused.or(Some(offset)),
            }
        }
        Err(refused.unwrap_or(start))
    }

    fn applied(&mut self, subject: Typed, row: &Row, arguments: Vec<Node>) -> Typed {
        self.reads_response |= row.gives == Sort::Space(Space::Response);
        let place = row.part.and_then(|part| place(part, subject.place, &arguments));
        let Some(function) = row.function else { return literal(Literal::Nothing, row.gives) };
        let mut inputs = if subject.sort.is_value() { vec![subject.node] } else { Vec::new() };
        inputs.extend(arguments);
        Typed { node: Node::Call(function, inputs), sort: row.gives, place }
    }

    fn arguments(&mut self, takes: &[Parameter]) -> Parsed<Vec<Node>> {
        let mut arguments = Vec::new();
        if takes.is_empty() {
            return Ok(arguments);
        }
        self.expect("(")?;
        for (place, parameter) in takes.iter().enumerate() {
            if place > 0 {
                self.expect(",")?;
            }
            arguments.push(self.argument(*parameter)?);
        }
        self.expect(")")?;
        Ok(arguments)
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
            Parameter::Character => {
                let quote = self.rest().chars().next().filter(|c| "\"'".contains(*c));
                let given = self.string(quote.ok_or(start)?)?;
                if given.chars().count() == 1 {
                    Ok(Node::Literal(Literal::Text(given)))
                } else {
                    Err(start)
                }
            }
            Parameter::Word(words) => {
                let word = self.name()?.to_ascii_uppercase();
                if words.contains(&word.as_str()) {
                    Ok(Node::Literal(Literal::Text(word)))
                } else {
                    Err(start)
                }
            }
            Parameter::Method => {
                let method = match self.rest().chars().next() {
                    Some(quote @ ('"' | '\'')) => self.string(quote)?,
                    Some(_) | None => self.name()?.to_owned(),
                };
                Ok(Node::Literal(Literal::Text(method)))
            }
            Parameter::Address => {
                let address = self.address().ok_or(start)?;
                Ok(Node::Literal(Literal::Address(address)))
            }
            Parameter::Subnet => {
                let address = self.address().ok_or(start)?;
                self.expect("/")?;
                let bits = self.run(|c| c.is_ascii_digit()).parse().map_err(|_| start)?;
                let all = if address.is_ipv4() { 32 } else { 128 };
                if bits > all {
                    return Err(start);
                }
                Ok(Node::Literal(Literal::Subnet(address, bits)))
            }
            Parameter::Pattern => self.pattern(),
        }
    }
}

fn made(node: Node, sort: Sort) -> Typed {
    Typed { node, sort, place: None }
}

fn literal(value: Literal, sort: Sort) -> Typed {
    made(Node::Literal(value), sort)
}

/// Which part of a message a call stands for. A header is one whose name is written out.
fn place(part: Part, subject: Option<Place>, arguments: &[Node]) -> Option<Place> {
    let name = || match arguments {
        [Node::Literal(Literal::Text(name))] => Some(name.clone()),
        _ => None,
    };
    match part {
        Part::Url => Some(Place::Url),
        Part::Path => Some(Place::Path),
        Part::PathAndQuery => Some(Place::PathAndQuery),
        Part::Query => Some(Place::Query),
        Part::Hostname => Some(Place::Hostname),
        Part::Status => Some(Place::Status),
        Part::Reason => Some(Place::Reason),
        Part::RequestHeader => name().map(Place::RequestHeader),
        Part::ResponseHeader => name().map(Place::ResponseHeader),
        Part::Same => subject.filter(|_| matches!(arguments, [Node::Literal(Literal::Number(0))])),
    }
}

fn negative<'a>(values: &mut [Value<'a>], _: Exchange<'a>) -> Value<'a> {
    Value::Number(values[0].number().saturating_neg())
}

fn is_equal(values: &mut [Value<'_>]) -> bool {
    match values {
        [Value::Truth(left), Value::Truth(right)] => left == right,
        [Value::Number(left), Value::Number(right)] => left == right,
        [left, right] => {
            std::mem::take(left).into_text().equals(&std::mem::take(right).into_text())
        }
        _ => false,
    }
}
