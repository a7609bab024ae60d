//! Parts of hosts, URLs, versions and lists.

use super::super::Exchange;
use super::{
    COOKIE, HOST, LIST, ONE_NUMBER, ONE_TEXT, PATH, Parameter, Part, QUERY, Row, Sort, Text, URL,
    VERSION, Value, character, is, row, text, with,
};

pub(super) const ROWS: [Row; 23] = [
    // Whatever its case, with or without a dot at the end of the name (documented).
    with(ONE_TEXT, row(HOST, "EQ", Sort::Truth, |values, _| Value::Truth(is_host(values)))),
    with(ONE_TEXT, row(HOST, "NE", Sort::Truth, |values, _| Value::Truth(!is_host(values)))),
    // Without the port, and compared whatever its case (documented). An IPv6 address keeps its
    // brackets (assumed), and a name the dot at its end (assumed).
    row(HOST, "SERVER", Sort::Text, |values, _| {
        ignoring_case(text(values, 0).part(|host| split_port(host).0)).into()
    }),
    // The server without its first name, if it has more than two: `foobar.com` of `www.foobar.com`
    // (documented by this example).
    row(HOST, "DOMAIN", Sort::Text, |values, _| {
        ignoring_case(text(values, 0).part(|host| domain(split_port(host).0))).into()
    }),
    // Without one it is that of the protocol (documented).
    row(HOST, "PORT", Sort::Number, |values, on| Value::Number(port(&text(values, 0).content, on))),
    is(Part::Hostname, row(URL, "HOSTNAME", HOST, |_, on| on.request.host().into())),
    // Of the host that is asked for, also where the URL names none (assumed).
    row(URL, "PORT", Sort::Number, |_, on| Value::Number(port(on.request.host(), on))),
    is(
        Part::Path,
        row(URL, "PATH", PATH, |values, on| text(values, 0).with(on.request.path()).into()),
    ),
    is(
        Part::PathAndQuery,
        row(URL, "PATH_AND_QUERY", Sort::Text, |values, on| {
            text(values, 0).with(on.request.path_and_query()).into()
        }),
    ),
    is(
        Part::Query,
        row(URL, "QUERY", QUERY, |values, on| text(values, 0).with(on.request.query()).into()),
    ),
    row(URL, "SUFFIX", Sort::Text, |values, on| {
        text(values, 0).with(on.request.path()).part(suffix).into()
    }),
    // Counted from 1: the slash at the start makes no element (assumed).
    with(
        ONE_NUMBER,
        row(PATH, "GET", Sort::Text, |values, _| {
            let place = usize::try_from(values[1].number()).ok().and_then(|at| at.checked_sub(1));
            let element = |path: &str| element(path, place);
            let path = text(values, 0);
            let part = element(&path.content);
            path.cut(part).into()
        }),
    ),
    row(PATH, "SUFFIX", Sort::Text, |values, _| text(values, 0).part(suffix).into()),
    with(ONE_TEXT, row(QUERY, "VALUE", Sort::Text, |values, _| named(values, '=', '&'))),
    with(ONE_TEXT, row(COOKIE, "VALUE", Sort::Text, |values, _| named(values, '=', ';'))),
    with(
        ONE_TEXT,
        row(LIST, "VALUE", Sort::Text, |values, _| {
            let list = std::mem::take(&mut values[0]);
            let Value::List(list, between, after) = list else { return Value::Nothing };
            list.named(&text(values, 1).content, between, after).into()
        }),
    ),
    with(
        &[Parameter::Character, Parameter::Character],
        row(Sort::Text, "TYPECAST_NVLIST_T", LIST, |values, _| {
            let (between, after) = (character(values, 1), character(values, 2));
            Value::List(text(values, 0), between, after)
        }),
    ),
    row(VERSION, "MAJOR", Sort::Number, |values, _| Value::Number(version(values).0)),
    row(VERSION, "MINOR", Sort::Number, |values, _| Value::Number(version(values).1)),
    row(Sort::Text, "TYPECAST_HTTP_URL_T", Sort::Text, |values, _| text(values, 0).into()),
    row(Sort::Text, "TYPECAST_TEXT_T", Sort::Text, |values, _| text(values, 0).into()),
    row(Sort::Text, "TYPECAST_HTTP_HOSTNAME_T", HOST, |values, _| text(values, 0).into()),
    row(Sort::Text, "TYPECAST_IP_ADDRESS_AT", Sort::Address, |values, _| {
        text(values, 0).content.parse().map_or(Value::Nothing, Value::Address)
    }),
];

fn is_host(values: &mut [Value<'_>]) -> bool {
    let (own, other) = (text(values, 0), text(values, 1));
    let bare = |text: &str| text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    bare(&own.content) == bare(&other.content)
}

fn ignoring_case(text: Text<'_>) -> Text<'_> {
    Text { ignores_case: true, ..text }
}

fn domain(server: &str) -> &str {
    match server.split_once('.') {
        Some((_, domain)) if domain.contains('.') => domain,
        Some(_) | None => server,
    }
}

fn port(host: &str, on: Exchange<'_>) -> i64 {
    let usual = if on.request.tls.is_some() { 443 } else { 80 };
    split_port(host).1.unwrap_or(usual).into()
}

/// A host and its port.
fn split_port(host: &str) -> (&str, Option<u16>) {
    let (name, rest) = match host.starts_with('[').then(|| host.find(']')).flatten() {
        Some(end) => host.split_at(end + 1),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    (name, rest.strip_prefix(':').and_then(|port| port.parse().ok()))
}

fn element(path: &str, place: Option<usize>) -> std::ops::Range<usize> {
    let start = usize::from(path.starts_with('/'));
    let mut from = start;
    for (index, element) in path[start..].split('/').enumerate() {
        if Some(index) == place {
            return from..from + element.len();
        }
        from += element.len() + 1;
    }
    0..0
}

/// What follows the last dot of the last element.
fn suffix(path: &str) -> &str {
    let last = path.rfind('/').map_or(path, |at| &path[at + 1..]);
    &last[last.rfind('.').map_or(last.len(), |at| at + 1)..]
}

/// The value of a name in a list of names and values.
fn named<'a>(values: &mut [Value<'a>], between: char, after: char) -> Value<'a> {
    let (list, name) = (text(values, 0), text(values, 1));
    list.named(&name.content, between, after).into()
}

fn version(values: &mut [Value<'_>]) -> (i64, i64) {
    let version = text(values, 0);
    let numbers = version.content.strip_prefix("HTTP/").and_then(|numbers| {
        let (major, minor) = numbers.split_once('.')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    numbers.unwrap_or_default()
}
