//! The request that a client sends and the response that it gets, as plain values: what crosses the
//! wire without the wire.

/// A request as it was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, `PUT` or `DELETE`.
    pub method: String,
    /// The path with its leading slash, still percent-encoded.
    pub path: String,
    /// What follows the question mark, still percent-encoded.
    pub query: Option<String>,
    /// Names (any case) and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body, often empty.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

/// A response as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status, for example 599.
    pub status: u16,
    /// Its reason phrase to the letter: clients compare it.
    pub reason: &'static str,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// The value of the first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(other, _)| other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// The reason phrase that goes with a status. Clients compare `201 Created`, `207 Multi Status` (no
/// hyphen) and `599 Netscaler specific error` as whole strings (seen from client adc-nitro-go).
pub fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        207 => "Multi Status",
        209 => "X-NITRO-WARNING",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        413 => "Request Entity Too Large",
        503 => "Service Unavailable",
        _ => "Netscaler specific error",
    }
}
