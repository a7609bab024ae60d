//! The policy language: what rules and targets of policies say, compiled once and evaluated for a
//! request.
//!
//! An expression is compiled when it is written, with the types of all that it calls; what is not in
//! the table of [`functions`] is refused then. So evaluation is total and knows no errors.

mod functions;
mod parse;
mod request;
mod text;

use std::net::IpAddr;

use regex_lite::Regex;

pub use self::request::{ClientCertificate, Request};
pub(crate) use self::text::Text;

/// A compiled expression.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    node: Node,
    sort: Sort,
}

impl Expression {
    /// Compiles a text, or says where it stops being an expression.
    pub(crate) fn compile(text: &str) -> Result<Self, usize> {
        parse::parse(text)
    }

    /// What it gives.
    pub(crate) fn sort(&self) -> Sort {
        self.sort
    }

    /// Whether it holds for a request; what is not true or false does not.
    pub(crate) fn holds(&self, request: &Request) -> bool {
        self.node.value(request).is_true()
    }

    /// The text that it gives for a request.
    pub(crate) fn text(&self, request: &Request) -> String {
        self.node.value(request).into_text().content
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
    Cookie,
}

/// A name that leads to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Space {
    Http,
    Request,
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
#[derive(Debug, Clone)]
enum Node {
    Literal(Value),
    Call(Function, Vec<Self>),
}

/// What a call does: with its values, the one that it is called on first, and the request.
type Function = fn(&[Value], &Request) -> Value;

impl Node {
    fn value(&self, request: &Request) -> Value {
        match self {
            Self::Literal(value) => value.clone(),
            Self::Call(function, inputs) => {
                let inputs: Vec<Value> = inputs.iter().map(|input| input.value(request)).collect();
                function(&inputs, request)
            }
        }
    }
}

/// What evaluation works with.
#[derive(Debug, Clone)]
enum Value {
    Truth(bool),
    Number(i64),
    Text(Text),
    Address(IpAddr),
    /// The bits of an address that count, and how many.
    Subnet(IpAddr, u32),
    Pattern(Regex),
    /// A header or certificate that is not there: an empty text.
    Nothing,
}

impl Value {
    fn is_true(&self) -> bool {
        matches!(self, Self::Truth(true))
    }

    fn number(&self) -> i64 {
        if let Self::Number(number) = self { *number } else { 0 }
    }

    fn into_text(self) -> Text {
        match self {
            Self::Text(text) => text,
            Self::Truth(truth) => (if truth { "TRUE" } else { "FALSE" }).to_owned().into(),
            Self::Number(number) => number.to_string().into(),
            Self::Address(address) => address.to_string().into(),
            Self::Subnet(..) | Self::Pattern(_) | Self::Nothing => Text::default(),
        }
    }
}

impl<T: Into<Text>> From<T> for Value {
    fn from(text: T) -> Self {
        Self::Text(text.into())
    }
}

#[cfg(test)]
mod tests;
