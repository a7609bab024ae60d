//! The policy language: what rules and targets of policies say, compiled once and evaluated for a
//! request, or for a response to one.
//!
//! An expression is compiled when it is written, with the types of all that it calls; what is not in
//! the table of [`functions`] is refused then. So evaluation is total and knows no errors: where an
//! appliance calls a result undefined and passes the request on, this one goes on with an empty text,
//! 0 or FALSE (assumed to come to the same, which it does unless the rule negates that).

mod cache;
mod certificate;
mod functions;
mod parse;
mod place;
mod request;
mod response;
mod text;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use regex_lite::Regex;

pub use self::certificate::ClientCertificate;
pub(crate) use self::place::Place;
pub use self::request::{Request, Tls};
pub use self::response::Response;
use self::text::Text;

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    node: Node,
    sort: Sort,
    place: Option<Place>,
    reads_response: bool,
}

impl Expression {
    /// Compiles a text, or says where it stops being an expression. What was compiled lately is
    /// remembered.
    pub(crate) fn compile(text: &str) -> Result<Arc<Self>, usize> {
        cache::compiled(text, parse::parse)
    }

    /// What it gives.
    pub(crate) fn sort(&self) -> Sort {
        self.sort
    }

    /// The part of a message that it stands for, if it is one that can be changed.
    pub(crate) fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// Whether it can only be evaluated when there is a response.
    pub(crate) fn reads_response(&self) -> bool {
        self.reads_response
    }

    /// Whether it holds; what is not true or false does not.
    pub(crate) fn holds(&self, exchange: Exchange<'_>) -> bool {
        self.node.value(exchange).is_true()
    }

    /// The text that it gives.
    pub(crate) fn text(&self, exchange: Exchange<'_>) -> String {
        self.node.value(exchange).into_text().content.into_owned()
    }
}

/// What expressions look at: a request, and the response to it when there is one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exchange<'a> {
    pub(crate) request: &'a Request,
    pub(crate) response: Option<&'a Response>,
}

impl<'a> From<&'a Request> for Exchange<'a> {
    fn from(request: &'a Request) -> Self {
        Self { request, response: None }
    }
}

/// What an expression gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Truth,
    Number,
    Text,
    Address,
    /// A text that can be asked more than others.
    Of(Special),
    /// Something that is no value until more is asked of it.
    Space(Space),
}

/// A text that can be asked more than others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Special {
    Host,
    Url,
    Path,
    Query,
    Header,
    Method,
    Version,
    Cookie,
    /// Names with values.
    List,
}

/// A name that leads to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Http,
    Request,
    Response,
    Client,
    Ssl,
    Hello,
    Certificate,
    Ip,
    Tcp,
}

impl Sort {
    /// Whether it can be written as a text, with `+` for example.
    pub(crate) fn is_value(self) -> bool {
        match self {
            Self::Truth | Self::Number | Self::Text | Self::Address | Self::Of(_) => true,
            Self::Space(_) => false,
        }
    }

    /// Whether the functions of texts can be called on it.
    fn is_text(self) -> bool {
        match self {
            Self::Text | Self::Of(_) => true,
            Self::Truth | Self::Number | Self::Address | Self::Space(_) => false,
        }
    }
}

/// A call, and what it is called on.
#[derive(Debug)]
enum Node {
    Literal(Literal),
    Call(Function, Vec<Self>),
    /// The first that is not true decides.
    All(Vec<Self>),
    /// The first that is true decides.
    Any(Vec<Self>),
    /// Numbers are added up, texts joined.
    Sum(Vec<Self>),
}

/// What a call does: with its values, the one that it is called on first, and the messages. It may
/// take the values away.
type Function = for<'a> fn(&mut [Value<'a>], Exchange<'a>) -> Value<'a>;

impl Node {
    fn value<'a>(&'a self, exchange: Exchange<'a>) -> Value<'a> {
        let value = |node: &'a Self| node.value(exchange);
        match self {
            Self::Literal(literal) => literal.value(),
            Self::Call(function, inputs) => match inputs.as_slice() {
                [] => function(&mut [], exchange),
                [one] => function(&mut [value(one)], exchange),
                [one, two] => function(&mut [value(one), value(two)], exchange),
                more => {
                    let mut values: Vec<Value<'_>> = more.iter().map(value).collect();
                    function(&mut values, exchange)
                }
            },
            Self::All(parts) => Value::Truth(parts.iter().all(|part| value(part).is_true())),
            Self::Any(parts) => Value::Truth(parts.iter().any(|part| value(part).is_true())),
            Self::Sum(parts) => parts.iter().map(value).reduce(Value::plus).unwrap_or_default(),
        }
    }
}

/// A value that stands in the expression itself.
#[derive(Debug)]
enum Literal {
    Truth(bool),
    Number(i64),
    Text(String),
    Address(IpAddr),
    Subnet(IpAddr, u32),
    Pattern(Regex),
    Nothing,
}

impl Literal {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Truth(truth) => Value::Truth(*truth),
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => text.as_str().into(),
            Self::Address(address) => Value::Address(*address),
            Self::Subnet(address, bits) => Value::Subnet(*address, *bits),
            Self::Pattern(pattern) => Value::Pattern(pattern),
            Self::Nothing => Value::Nothing,
        }
    }
}

/// What evaluation works with.
#[derive(Debug, Default)]
enum Value<'a> {
    Truth(bool),
    Number(i64),
    Text(Text<'a>),
    Address(IpAddr),
    /// The bits of an address that count, and how many.
    Subnet(IpAddr, u32),
    Pattern(&'a Regex),
    /// The values of a header, in order; none if it is not there. Without more it is the last:
    /// headers are counted from the end (documented).
    Header(Vec<&'a str>),
    /// Names with values: what stands between a name and its value, and between two of them.
    List(Text<'a>, char, char),
    /// What is not there or undefined.
    #[default]
    Nothing,
}

impl<'a> Value<'a> {
    fn is_true(&self) -> bool {
        matches!(self, Self::Truth(true))
    }

    fn number(&self) -> i64 {
        if let Self::Number(number) = self { *number } else { 0 }
    }

    fn into_text(self) -> Text<'a> {
        match self {
            Self::Text(text) | Self::List(text, ..) => text,
            Self::Truth(truth) => (if truth { "TRUE" } else { "FALSE" }).into(),
            Self::Number(number) => number.to_string().into(),
            Self::Address(address) => address.to_string().into(),
            Self::Header(values) => values.last().copied().unwrap_or_default().into(),
            Self::Subnet(..) | Self::Pattern(_) | Self::Nothing => Text::default(),
        }
    }

    fn plus(self, other: Self) -> Self {
        if let (Self::Number(own), Self::Number(other)) = (&self, &other) {
            return Self::Number(own.saturating_add(*other));
        }
        let mut joined = self.into_text().content.into_owned();
        joined.push_str(&other.into_text().content);
        joined.into()
    }
}

impl<'a, T: Into<Cow<'a, str>>> From<T> for Value<'a> {
    fn from(text: T) -> Self {
        Self::Text(Text { content: text.into(), ..Text::default() })
    }
}

impl<'a> From<Text<'a>> for Value<'a> {
    fn from(text: Text<'a>) -> Self {
        Self::Text(text)
    }
}

#[cfg(test)]
mod tests;
