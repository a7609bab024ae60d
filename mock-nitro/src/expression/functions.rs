//! Every function of the policy language that this appliance knows, as one table in parts.
//!
//! The names are documented; where a row reads more out of a page than it says, that is marked. What
//! is left out on purpose, so refused: the bodies of messages, pattern sets and string maps (there
//! are none here), dates and the clock, callouts, hashes and encryption, XML and JSON, and what is
//! asked of the appliance itself (`SERVER`, `SYS`).

mod messages;
mod numbers;
mod parts;
mod texts;

use super::{Function, Sort, Space, Special, Text, Value};

/// One function: what it is called on, its name, what it takes, what it gives and what it does.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) on: Sort,
    pub(super) name: &'static str,
    pub(super) takes: &'static [Parameter],
    pub(super) gives: Sort,
    /// Nothing where a name only leads on.
    pub(super) function: Option<Function>,
    /// Which part of a message it is, if that can be changed.
    pub(super) part: Option<Part>,
}

/// A part of a message that a call stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Url,
    Path,
    PathAndQuery,
    Query,
    Hostname,
    RequestHeader,
    Status,
    Reason,
    ResponseHeader,
    /// What it is called on, if the argument is 0: the last header is the one that counts.
    Same,
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Text,
    Number,
    /// One character in quotes.
    Character,
    /// One of these words, without quotes.
    Word(&'static [&'static str]),
    /// A method, quoted or not.
    Method,
    Address,
    Subnet,
    /// `re/.../`.
    Pattern,
}

/// The functions of this name on something of this sort. What is special comes before what all texts
/// have; several differ in what they take.
pub(super) fn find(on: Sort, name: &str) -> impl Iterator<Item = &'static Row> {
    let named = move |row: &&Row| row.name.eq_ignore_ascii_case(name);
    let all = || TABLES.iter().flat_map(|table| table.iter());
    let special = all().filter(move |row| row.on == on).filter(named);
    let of_texts = all().filter(move |row| row.on == Sort::Text && on != Sort::Text && is_text(on));
    special.chain(of_texts.filter(named))
}

/// Methods are compared as such only.
fn is_text(sort: Sort) -> bool {
    sort.is_text() && sort != METHOD
}

/// Where every name begins.
pub(super) fn root(name: &str) -> Option<Space> {
    match name.to_ascii_uppercase().as_str() {
        "HTTP" => Some(Space::Http),
        "CLIENT" => Some(Space::Client),
        _ => None,
    }
}

const TABLES: [&[Row]; 5] =
    [&messages::HTTP_ROWS, &messages::CLIENT_ROWS, &parts::ROWS, &texts::ROWS, &numbers::ROWS];

const HTTP: Sort = Sort::Space(Space::Http);
const REQUEST: Sort = Sort::Space(Space::Request);
const RESPONSE: Sort = Sort::Space(Space::Response);
const CLIENT: Sort = Sort::Space(Space::Client);
const SSL: Sort = Sort::Space(Space::Ssl);
const HELLO: Sort = Sort::Space(Space::Hello);
const CERTIFICATE: Sort = Sort::Space(Space::Certificate);
const IP: Sort = Sort::Space(Space::Ip);
const TCP: Sort = Sort::Space(Space::Tcp);
const HOST: Sort = Sort::Of(Special::Host);
const URL: Sort = Sort::Of(Special::Url);
const PATH: Sort = Sort::Of(Special::Path);
const QUERY: Sort = Sort::Of(Special::Query);
const HEADER: Sort = Sort::Of(Special::Header);
const METHOD: Sort = Sort::Of(Special::Method);
const VERSION: Sort = Sort::Of(Special::Version);
const COOKIE: Sort = Sort::Of(Special::Cookie);
const LIST: Sort = Sort::Of(Special::List);

const fn space(on: Sort, name: &'static str, gives: Space) -> Row {
    Row { on, name, takes: &[], gives: Sort::Space(gives), function: None, part: None }
}

const fn row(on: Sort, name: &'static str, gives: Sort, function: Function) -> Row {
    Row { on, name, takes: &[], gives, function: Some(function), part: None }
}

const fn with(takes: &'static [Parameter], row: Row) -> Row {
    Row { takes, ..row }
}

const fn is(part: Part, row: Row) -> Row {
    Row { part: Some(part), ..row }
}

const ONE_TEXT: &[Parameter] = &[Parameter::Text];
const ONE_NUMBER: &[Parameter] = &[Parameter::Number];
const ONE_PATTERN: &[Parameter] = &[Parameter::Pattern];

/// Takes a value out, as a text.
fn text<'a>(values: &mut [Value<'a>], place: usize) -> Text<'a> {
    values.get_mut(place).map(std::mem::take).unwrap_or_default().into_text()
}

/// A number that counts something; below 0 there is nothing.
fn count(values: &[Value<'_>], place: usize) -> usize {
    usize::try_from(values[place].number()).unwrap_or_default()
}

fn character(values: &mut [Value<'_>], place: usize) -> char {
    text(values, place).content.chars().next().unwrap_or_default()
}
