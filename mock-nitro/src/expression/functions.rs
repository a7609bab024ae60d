//! Every function of the policy language that this appliance knows, as one table.
//!
//! The names are documented; where a row reads more out of a page than it says, that is marked.

use std::net::IpAddr;

use super::text::Text;
use super::{ClientCertificate, Function, Sort, Space, Special, Value};

/// One function: what it is called on, its name, what it takes, what it gives and what it does.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) on: Sort,
    pub(super) name: &'static str,
    pub(super) takes: &'static [Parameter],
    pub(super) gives: Sort,
    /// Nothing where a name only leads on.
    pub(super) function: Option<Function>,
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parameter {
    Text,
    Number,
    /// A text mode.
    Mode,
    /// A method, quoted or not.
    Method,
    Address,
    Subnet,
    /// `re/.../`.
    Pattern,
}

/// The function of this name on something of this sort.
pub(super) fn find(on: Sort, name: &str) -> Option<&'static Row> {
    let fits = |row: &Row| row.on == on || (row.on == Sort::Text && is_texts(on));
    // What is special comes before what all texts have.
    let special = TABLES
        .iter()
        .flat_map(|table| table.iter())
        .find(|row| row.on == on && row.name.eq_ignore_ascii_case(name));
    special.or_else(|| {
        TABLES
            .iter()
            .flat_map(|table| table.iter())
            .find(|row| fits(row) && row.name.eq_ignore_ascii_case(name))
    })
}

/// Methods are compared as such only.
fn is_texts(sort: Sort) -> bool {
    sort.is_text() && sort != Sort::Of(Special::Method)
}

/// Where every name begins.
pub(super) fn root(name: &str) -> Option<Space> {
    match name.to_ascii_uppercase().as_str() {
        "HTTP" => Some(Space::Http),
        "CLIENT" => Some(Space::Client),
        _ => None,
    }
}

const TABLES: [&[Row]; 4] = [&PREFIXES, &PARTS, &TEXTS, &VALUES];

const HTTP: Sort = Sort::Space(Space::Http);
const REQUEST: Sort = Sort::Space(Space::Request);
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
const COOKIE: Sort = Sort::Of(Special::Cookie);

const fn space(on: Sort, name: &'static str, gives: Space) -> Row {
    Row { on, name, takes: &[], gives: Sort::Space(gives), function: None }
}

const fn row(on: Sort, name: &'static str, gives: Sort, function: Function) -> Row {
    Row { on, name, takes: &[], gives, function: Some(function) }
}

const fn with(takes: &'static [Parameter], row: Row) -> Row {
    Row { takes, ..row }
}

/// What leads into the request and the connection.
const PREFIXES: [Row; 26] = [
    space(HTTP, "REQ", Space::Request),
    row(REQUEST, "HOSTNAME", HOST, |_, request| request.host().into()),
    row(REQUEST, "URL", URL, |_, request| request.url.as_str().into()),
    row(REQUEST, "METHOD", METHOD, |_, request| request.method.as_str().into()),
    row(REQUEST, "COOKIE", COOKIE, |_, request| {
        request.header("cookie").map_or(Value::Nothing, Value::from)
    }),
    row(REQUEST, "IS_VALID", Sort::Truth, |_, _| Value::Truth(true)),
    with(
        &[Parameter::Text],
        row(REQUEST, "HEADER", HEADER, |values, request| {
            request.header(&text(values, 0).content).map_or(Value::Nothing, Value::from)
        }),
    ),
    space(CLIENT, "SSL", Space::Ssl),
    space(CLIENT, "IP", Space::Ip),
    space(CLIENT, "TCP", Space::Tcp),
    space(SSL, "CLIENT_HELLO", Space::Hello),
    space(SSL, "CLIENT_CERT", Space::Certificate),
    // The name as the client wrote it (assumed).
    row(HELLO, "SNI", Sort::Text, |_, request| {
        request.sni.as_deref().map_or(Value::Nothing, Value::from)
    }),
    row(CERTIFICATE, "EXISTS", Sort::Truth, |_, request| {
        Value::Truth(request.certificate != ClientCertificate::None)
    }),
    row(CERTIFICATE, "SUBJECT", Sort::Text, |_, request| {
        request.subject.as_deref().map_or(Value::Nothing, Value::from)
    }),
    // True for what Mandatory would accept (assumed).
    row(CERTIFICATE, "IS_VALID", Sort::Truth, |_, request| {
        Value::Truth(request.certificate == ClientCertificate::Valid)
    }),
    row(IP, "SRC", Sort::Address, |_, request| Value::Address(request.client)),
    row(IP, "DST", Sort::Address, |_, request| Value::Address(request.vip)),
    row(TCP, "DSTPORT", Sort::Number, |_, request| Value::Number(request.port.into())),
    with(
        &[Parameter::Address],
        row(Sort::Address, "EQ", Sort::Truth, |values, _| {
            Value::Truth(address(&values[0]) == address(&values[1]))
        }),
    ),
    with(
        &[Parameter::Subnet],
        row(Sort::Address, "IN_SUBNET", Sort::Truth, |values, _| {
            Value::Truth(is_in_subnet(&values[0], &values[1]))
        }),
    ),
    with(
        &[Parameter::Method],
        row(METHOD, "EQ", Sort::Truth, |values, _| Value::Truth(is_method(values))),
    ),
    with(
        &[Parameter::Method],
        row(METHOD, "NE", Sort::Truth, |values, _| Value::Truth(!is_method(values))),
    ),
    row(Sort::Truth, "NOT", Sort::Truth, |values, _| Value::Truth(!values[0].is_true())),
    row(HEADER, "EXISTS", Sort::Truth, |values, _| {
        Value::Truth(!matches!(values[0], Value::Nothing))
    }),
    row(HEADER, "COUNT", Sort::Number, |values, _| {
        Value::Number(i64::from(!matches!(values[0], Value::Nothing)))
    }),
];

/// Parts of hosts and URLs.
const PARTS: [Row; 10] = [
    // Without the port (documented). An IPv6 address keeps its brackets (assumed), and a name the
    // dot at its end (assumed).
    row(HOST, "SERVER", Sort::Text, |values, _| {
        let host = text(values, 0);
        host.with(split_port(&host.content).0).into()
    }),
    row(HOST, "PORT", Sort::Number, |values, _| {
        Value::Number(split_port(&text(values, 0).content).1.into())
    }),
    row(URL, "HOSTNAME", HOST, |_, request| request.host().into()),
    row(URL, "PATH", PATH, |values, request| text(values, 0).with(request.path()).into()),
    row(URL, "PATH_AND_QUERY", Sort::Text, |values, request| {
        text(values, 0).with(request.path_and_query()).into()
    }),
    row(URL, "QUERY", QUERY, |values, request| text(values, 0).with(request.query()).into()),
    // Counted from 1: the slash at the start makes no element (assumed).
    with(
        &[Parameter::Number],
        row(PATH, "GET", Sort::Text, |values, _| {
            let path = text(values, 0);
            let elements = path.content.strip_prefix('/').unwrap_or(&path.content);
            let place = usize::try_from(values[1].number()).ok().and_then(|at| at.checked_sub(1));
            path.with(place.and_then(|at| elements.split('/').nth(at)).unwrap_or_default()).into()
        }),
    ),
    row(PATH, "SUFFIX", Sort::Text, |values, _| {
        let path = text(values, 0);
        let last = path.content.rsplit('/').next().unwrap_or_default();
        path.with(last.rsplit_once('.').map_or("", |(_, suffix)| suffix)).into()
    }),
    with(&[Parameter::Text], row(QUERY, "VALUE", Sort::Text, |values, _| named(values, '&'))),
    with(&[Parameter::Text], row(COOKIE, "VALUE", Sort::Text, |values, _| named(values, ';'))),
];

const ONE_TEXT: &[Parameter] = &[Parameter::Text];

const fn test(name: &'static str, function: Function) -> Row {
    with(ONE_TEXT, row(Sort::Text, name, Sort::Truth, function))
}

const fn made(name: &'static str, function: Function) -> Row {
    row(Sort::Text, name, Sort::Text, function)
}

/// What all texts can be asked.
const TEXTS: [Row; 20] = [
    test("EQ", |values, _| Value::Truth(text(values, 0).equals(&text(values, 1)))),
    test("NE", |values, _| Value::Truth(!text(values, 0).equals(&text(values, 1)))),
    test("CONTAINS", |values, _| Value::Truth(text(values, 0).contains(&text(values, 1)))),
    test("STARTSWITH", |values, _| Value::Truth(text(values, 0).starts_with(&text(values, 1)))),
    test("ENDSWITH", |values, _| Value::Truth(text(values, 0).ends_with(&text(values, 1)))),
    with(
        &[Parameter::Pattern],
        row(Sort::Text, "REGEX_MATCH", Sort::Truth, |values, _| {
            let content = text(values, 0).content;
            let matches = |pattern: &regex_lite::Regex| pattern.is_match(&content);
            Value::Truth(matches!(&values[1], Value::Pattern(pattern) if matches(pattern)))
        }),
    ),
    // In bytes (documented).
    row(Sort::Text, "LENGTH", Sort::Number, |values, _| {
        Value::Number(i64::try_from(text(values, 0).content.len()).unwrap_or(i64::MAX))
    }),
    made("TO_LOWER", |values, _| {
        let own = text(values, 0);
        own.with(own.content.to_ascii_lowercase()).into()
    }),
    made("TO_UPPER", |values, _| {
        let own = text(values, 0);
        own.with(own.content.to_ascii_uppercase()).into()
    }),
    with(
        ONE_TEXT,
        made("APPEND", |values, _| {
            let own = text(values, 0);
            own.with(own.content.clone() + &text(values, 1).content).into()
        }),
    ),
    with(
        ONE_TEXT,
        made("PREPEND", |values, _| {
            let own = text(values, 0);
            own.with(text(values, 1).content + &own.content).into()
        }),
    ),
    with(ONE_TEXT, made("AFTER_STR", |values, _| text(values, 0).after(&text(values, 1)).into())),
    with(ONE_TEXT, made("BEFORE_STR", |values, _| text(values, 0).before(&text(values, 1)).into())),
    made("HTTP_URL_SAFE", |values, _| text(values, 0).url_safe().into()),
    made("HTTP_HEADER_SAFE", |values, _| text(values, 0).header_safe().into()),
    made("DECODE_USING_TEXT_MODE", |values, _| text(values, 0).decoded().into()),
    made("TYPECAST_TEXT_T", |values, _| text(values, 0).into()),
    made("TYPECAST_HTTP_URL_T", |values, _| text(values, 0).into()),
    with(&[Parameter::Mode], made("SET_TEXT_MODE", |values, _| set_mode(values))),
    row(Sort::Number, "TYPECAST_TEXT_T", Sort::Text, |values, _| text(values, 0).into()),
];

const ONE_NUMBER: &[Parameter] = &[Parameter::Number];

const fn compared(name: &'static str, function: Function) -> Row {
    with(ONE_NUMBER, row(Sort::Number, name, Sort::Truth, function))
}

/// Comparing numbers.
const VALUES: [Row; 7] = [
    compared("EQ", |values, _| Value::Truth(values[0].number() == values[1].number())),
    compared("NE", |values, _| Value::Truth(values[0].number() != values[1].number())),
    compared("GT", |values, _| Value::Truth(values[0].number() > values[1].number())),
    compared("GE", |values, _| Value::Truth(values[0].number() >= values[1].number())),
    compared("LT", |values, _| Value::Truth(values[0].number() < values[1].number())),
    compared("LE", |values, _| Value::Truth(values[0].number() <= values[1].number())),
    with(
        &[Parameter::Number, Parameter::Number],
        row(Sort::Number, "BETWEEN", Sort::Truth, |values, _| {
            let (low, high) = (values[1].number(), values[2].number());
            Value::Truth((low..=high).contains(&values[0].number()))
        }),
    ),
];

fn text(values: &[Value], place: usize) -> Text {
    values.get(place).cloned().unwrap_or(Value::Nothing).into_text()
}

/// The value of a name in a list of `name=value`.
fn named(values: &[Value], separator: char) -> Value {
    let (list, name) = (text(values, 0), text(values, 1));
    let mut pairs =
        list.content.split(separator).map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value = pairs.find(|(key, _)| key.trim() == name.content).map_or("", |(_, value)| value);
    list.with(value).into()
}

fn is_method(values: &[Value]) -> bool {
    text(values, 0).content.eq_ignore_ascii_case(&text(values, 1).content)
}

fn set_mode(values: &[Value]) -> Value {
    let mut own = text(values, 0);
    match text(values, 1).content.as_str() {
        "IGNORECASE" => own.ignores_case = true,
        "NOIGNORECASE" => own.ignores_case = false,
        "URLENCODED" => own.is_url_encoded = true,
        _ => own.is_url_encoded = false,
    }
    own.into()
}

/// The text modes that [`set_mode`] knows.
pub(super) const MODES: [&str; 4] = ["IGNORECASE", "NOIGNORECASE", "URLENCODED", "NOURLENCODED"];

fn address(value: &Value) -> Option<IpAddr> {
    if let Value::Address(address) = value { Some(*address) } else { None }
}

fn is_in_subnet(value: &Value, subnet: &Value) -> bool {
    match (value, subnet) {
        (Value::Address(IpAddr::V4(own)), Value::Subnet(IpAddr::V4(net), bits)) => {
            let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
            own.to_bits() & mask == net.to_bits() & mask
        }
        (Value::Address(IpAddr::V6(own)), Value::Subnet(IpAddr::V6(net), bits)) => {
            let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
            own.to_bits() & mask == net.to_bits() & mask
        }
        _ => false,
    }
}

/// A host and its port; without one it is 80 (assumed).
fn split_port(host: &str) -> (&str, u16) {
    let (name, rest) = match host.starts_with('[').then(|| host.find(']')).flatten() {
        Some(end) => host.split_at(end + 1),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    (name, rest.strip_prefix(':').and_then(|port| port.parse().ok()).unwrap_or(80))
}
