//! What leads into the request, the response and the connection.

use std::net::IpAddr;

use super::super::{ClientCertificate, Exchange, Response};
use super::{
    CERTIFICATE, CLIENT, COOKIE, HEADER, HELLO, HOST, HTTP, IP, LIST, METHOD, ONE_NUMBER, ONE_TEXT,
    Parameter, Part, REQUEST, RESPONSE, Row, SSL, Sort, Space, TCP, URL, VERSION, Value, is, row,
    space, text, with,
};

/// The numbers of `CLIENT.SSL.VERSION` come from [`Tls`](super::super::Tls).
pub(super) const CLIENT_ROWS: [Row; 30] = [
    space(CLIENT, "SSL", Space::Ssl),
    space(CLIENT, "IP", Space::Ip),
    // The same as of `IP`, which knows both kinds of addresses here (assumed).
    space(CLIENT, "IPV6", Space::Ip),
    space(CLIENT, "TCP", Space::Tcp),
    row(IP, "SRC", Sort::Address, |_, on| Value::Address(on.request.client)),
    row(IP, "DST", Sort::Address, |_, on| Value::Address(on.request.vip)),
    row(TCP, "SRCPORT", Sort::Number, |_, on| Value::Number(on.request.client_port.into())),
    row(TCP, "DSTPORT", Sort::Number, |_, on| Value::Number(on.request.port.into())),
    space(SSL, "CLIENT_HELLO", Space::Hello),
    space(SSL, "CLIENT_CERT", Space::Certificate),
    row(SSL, "IS_SSL", Sort::Truth, |_, on| Value::Truth(on.request.tls.is_some())),
    // Without TLS nothing or 0 (documented).
    row(SSL, "VERSION", Sort::Number, |_, on| {
        Value::Number(on.request.tls.as_ref().map_or(0, |tls| tls.version.into()))
    }),
    row(SSL, "CIPHER_NAME", Sort::Text, |_, on| {
        on.request.tls.as_ref().map_or("", |tls| &tls.cipher).into()
    }),
    row(SSL, "CIPHER_BITS", Sort::Number, |_, on| {
        Value::Number(on.request.tls.as_ref().map_or(0, |tls| tls.bits.into()))
    }),
    // TLS as this appliance speaks it has none of those ciphers.
    row(SSL, "CIPHER_EXPORTABLE", Sort::Truth, |_, _| Value::Truth(false)),
    // The name as the client wrote it (assumed).
    row(HELLO, "SNI", Sort::Text, |_, on| on.request.sni.as_deref().unwrap_or_default().into()),
    // True for any certificate whose key the client has (assumed).
    row(CERTIFICATE, "EXISTS", Sort::Truth, |_, on| Value::Truth(on.request.certificate.is_some())),
    // True for what Mandatory would accept (assumed).
    row(CERTIFICATE, "IS_VALID", Sort::Truth, |_, on| {
        Value::Truth(on.request.certificate.as_ref().is_some_and(|shown| shown.is_valid))
    }),
    row(CERTIFICATE, "SUBJECT", LIST, |_, on| name(on, |shown| &shown.subject)),
    row(CERTIFICATE, "ISSUER", LIST, |_, on| name(on, |shown| &shown.issuer)),
    row(CERTIFICATE, "SERIALNUMBER", Sort::Text, |_, on| fact(on, |shown| &shown.serial)),
    row(CERTIFICATE, "SIGNATURE_ALGORITHM", Sort::Text, |_, on| {
        fact(on, |shown| &shown.signature_algorithm)
    }),
    row(CERTIFICATE, "PK_ALGORITHM", Sort::Text, |_, on| fact(on, |shown| &shown.key_algorithm)),
    row(CERTIFICATE, "PK_SIZE", Sort::Number, |_, on| {
        Value::Number(on.request.certificate.as_ref().map_or(0, |shown| shown.key_size.into()))
    }),
    row(CERTIFICATE, "VERSION", Sort::Number, |_, on| {
        Value::Number(on.request.certificate.as_ref().map_or(0, |shown| shown.version.into()))
    }),
    // Without a certificate as with one that has expired (assumed).
    row(CERTIFICATE, "DAYS_TO_EXPIRE", Sort::Number, |_, on| {
        Value::Number(on.request.certificate.as_ref().map_or(-1, |shown| shown.days_to_expire))
    }),
    row(CERTIFICATE, "TO_PEM", Sort::Text, |_, on| {
        on.request.certificate.as_ref().map_or_else(String::new, ClientCertificate::pem).into()
    }),
    with(
        &[Parameter::Address],
        row(Sort::Address, "EQ", Sort::Truth, |values, _| {
            Value::Truth(address(&values[0]).is_some_and(|own| address(&values[1]) == Some(own)))
        }),
    ),
    with(
        &[Parameter::Subnet],
        row(Sort::Address, "IN_SUBNET", Sort::Truth, |values, _| {
            Value::Truth(is_in_subnet(&values[0], &values[1]))
        }),
    ),
    row(Sort::Truth, "NOT", Sort::Truth, |values, _| Value::Truth(!values[0].is_true())),
];

pub(super) const HTTP_ROWS: [Row; 25] = [
    space(HTTP, "REQ", Space::Request),
    space(HTTP, "RES", Space::Response),
    is(Part::Hostname, row(REQUEST, "HOSTNAME", HOST, |_, on| on.request.host().into())),
    is(Part::Url, row(REQUEST, "URL", URL, |_, on| on.request.url.as_str().into())),
    row(REQUEST, "METHOD", METHOD, |_, on| on.request.method.as_str().into()),
    row(REQUEST, "VERSION", VERSION, |_, on| on.request.version.as_str().into()),
    row(REQUEST, "COOKIE", COOKIE, |_, on| Value::Header(on.request.header("cookie"))),
    row(REQUEST, "IS_VALID", Sort::Truth, |_, _| Value::Truth(true)),
    row(REQUEST, "CONTENT_LENGTH", Sort::Number, |_, on| {
        Value::Number(length(&on.request.header("content-length")))
    }),
    row(REQUEST, "CONTENT_TYPE", Sort::Text, |_, on| {
        Value::Header(on.request.header("content-type"))
    }),
    is(
        Part::RequestHeader,
        with(
            ONE_TEXT,
            row(REQUEST, "HEADER", HEADER, |values, on| {
                Value::Header(on.request.header(&text(values, 0).content))
            }),
        ),
    ),
    is(
        Part::Status,
        row(RESPONSE, "STATUS", Sort::Number, |_, on| {
            Value::Number(on.response.map_or(0, |response| response.status.into()))
        }),
    ),
    is(
        Part::Reason,
        row(RESPONSE, "STATUS_MSG", Sort::Text, |_, on| {
            on.response.map_or("", |response| &response.reason).into()
        }),
    ),
    row(RESPONSE, "VERSION", VERSION, |_, on| {
        on.response.map_or("", |response| &response.version).into()
    }),
    row(RESPONSE, "IS_REDIRECT", Sort::Truth, |_, on| {
        Value::Truth(on.response.is_some_and(Response::is_redirect))
    }),
    row(RESPONSE, "IS_VALID", Sort::Truth, |_, on| Value::Truth(on.response.is_some())),
    row(RESPONSE, "CONTENT_LENGTH", Sort::Number, |_, on| {
        Value::Number(length(&answered(on, "content-length")))
    }),
    row(RESPONSE, "CONTENT_TYPE", Sort::Text, |_, on| Value::Header(answered(on, "content-type"))),
    is(
        Part::ResponseHeader,
        with(
            ONE_TEXT,
            row(RESPONSE, "HEADER", HEADER, |values, on| {
                Value::Header(answered(on, &text(values, 0).content))
            }),
        ),
    ),
    with(
        &[Parameter::Method],
        row(METHOD, "EQ", Sort::Truth, |values, _| Value::Truth(is_method(values))),
    ),
    with(
        &[Parameter::Method],
        row(METHOD, "NE", Sort::Truth, |values, _| Value::Truth(!is_method(values))),
    ),
    row(HEADER, "EXISTS", Sort::Truth, |values, _| Value::Truth(!headers(values).is_empty())),
    row(HEADER, "COUNT", Sort::Number, |values, _| {
        Value::Number(i64::try_from(headers(values).len()).unwrap_or(i64::MAX))
    }),
    // Counted from the end, which is 0 (documented).
    is(Part::Same, with(ONE_NUMBER, row(HEADER, "VALUE", Sort::Text, instance))),
    is(Part::Same, with(ONE_NUMBER, row(HEADER, "INSTANCE", Sort::Text, instance))),
];

/// A distinguished name is a list: a slash before each name (documented).
fn name(on: Exchange<'_>, of: fn(&ClientCertificate) -> &String) -> Value<'_> {
    Value::List(fact(on, of).into_text(), '=', '/')
}

fn fact(on: Exchange<'_>, of: fn(&ClientCertificate) -> &String) -> Value<'_> {
    on.request.certificate.as_ref().map_or("", |shown| of(shown)).into()
}

fn answered<'a>(on: Exchange<'a>, name: &str) -> Vec<&'a str> {
    on.response.map(|response| response.header(name)).unwrap_or_default()
}

fn headers<'v, 'a>(values: &'v [Value<'a>]) -> &'v [&'a str] {
    if let Some(Value::Header(values)) = values.first() { values } else { &[] }
}

fn instance<'a>(values: &mut [Value<'a>], _: Exchange<'a>) -> Value<'a> {
    let wanted = usize::try_from(values[1].number()).ok();
    let found = wanted.and_then(|wanted| headers(values).iter().rev().nth(wanted));
    found.copied().unwrap_or_default().into()
}

/// What is no number is 0 (assumed).
fn length(values: &[&str]) -> i64 {
    values.last().and_then(|value| value.trim().parse().ok()).unwrap_or_default()
}

fn is_method(values: &mut [Value<'_>]) -> bool {
    text(values, 0).content.eq_ignore_ascii_case(&text(values, 1).content)
}

fn address(value: &Value<'_>) -> Option<IpAddr> {
    if let Value::Address(address) = value { Some(*address) } else { None }
}

fn is_in_subnet(value: &Value<'_>, subnet: &Value<'_>) -> bool {
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
