//! The parts of a message that a rewrite may change.

/// One part of a request or a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The target of the request line.
    Url,
    /// Its path.
    Path,
    /// Its path and what follows it.
    PathAndQuery,
    /// What follows its path, without the question mark.
    Query,
    /// The Host header, or the host of a whole URL.
    Hostname,
    /// The last header of this name.
    RequestHeader(String),
    /// The status of a response.
    Status,
    /// The reason that stands behind the status.
    Reason,
    /// The last header of this name.
    ResponseHeader(String),
}

impl Place {
    /// Whether it is a part of a response.
    pub(crate) fn is_of_response(&self) -> bool {
        match self {
            Self::Status | Self::Reason | Self::ResponseHeader(_) => true,
            Self::Url
            | Self::Path
            | Self::PathAndQuery
            | Self::Query
            | Self::Hostname
            | Self::RequestHeader(_) => false,
        }
    }
}
