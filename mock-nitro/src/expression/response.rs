//! A response as a virtual server passes it on.

/// What policies see of a response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The version of HTTP, for example `HTTP/1.1`.
    pub version: String,
    /// The status.
    pub status: u16,
    /// The reason that stands behind the status.
    pub reason: String,
    /// The headers.
    pub headers: Vec<(String, String)>,
}

impl Response {
    /// The values of all headers of this name, in order.
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether it leads elsewhere (assumed: these statuses).
    pub(super) fn is_redirect(&self) -> bool {
        [300, 301, 302, 303, 305, 307, 308].contains(&self.status)
    }
}
