//! The one seam between us and an appliance: what crosses the wire, and who carries it there.

use std::error::Error as StdError;
use std::time::Duration;

use crate::model::Redacted;

/// Carries requests to one appliance.
pub trait Transport: Send + Sync {
    /// Sends a request and waits for the whole answer.
    fn send(
        &self,
        request: HttpRequest,
    ) -> impl Future<Output = Result<HttpResponse, SendError>> + Send;

    /// Lets time pass before a request is tried again. Time is part of the seam, so that tests of
    /// retries take none.
    fn pause(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}

/// An HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, and runs actions.
    Post,
    /// Sets, and binds.
    Put,
    /// Deletes, and unbinds.
    Delete,
}

/// A request on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// Path and query with the leading slash, encoded.
    pub target: String,
    /// Headers. `Content-Type` among them, where there is a body.
    pub headers: Vec<(&'static str, Redacted<String>)>,
    /// The body.
    pub body: Option<Redacted<String>>,
    /// How long to wait for the answer.
    pub timeout: Duration,
}

/// An answer on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The body; that of a login holds a secret.
    pub body: Redacted<Vec<u8>>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// No connection came about: the appliance has seen nothing of the request.
    #[error("cannot connect")]
    Connect {
        /// What is in the way.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
    /// The appliance's certificate was refused, so nothing was sent.
    #[error("the appliance's certificate is not trusted: {reason}")]
    Untrusted {
        /// What is wrong with it.
        reason: String,
    },
    /// The request went out and no whole answer came back: it may have been carried out.
    #[error("no whole answer came back")]
    NoAnswer {
        /// What happened instead.
        #[source]
        source: Box<dyn StdError + Send + Sync>,
    },
}

impl Method {
    /// As HTTP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}
