//! Answers as they go over the wire.

use std::pin::Pin;
use std::task::{Context, Poll};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{StatusCode, http};

use crate::message::Response;

/// Why a connection ends without an answer, or in the middle of one.
#[derive(Debug, thiserror::Error)]
#[error("the connection is reset on purpose")]
pub(super) struct Reset;

/// A body whose length is announced as it was meant, and which may break off before that.
pub(super) struct Sent {
    body: Full<Bytes>,
    missing: u64,
    /// Whether what is there had a chance to leave before the connection ends.
    is_flushed: bool,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Reset;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Reset>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(None) if self.missing > 0 && self.is_flushed => {
                Poll::Ready(Some(Err(Reset)))
            }
            Poll::Ready(None) if self.missing > 0 => {
                self.is_flushed = true;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(frame) => {
                Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.missing == 0 && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let there = self.body.size_hint().exact().unwrap_or_default();
        SizeHint::with_exact(there + self.missing)
    }
}

/// The response as hyper sends it, with the reason phrase to the letter. So many bytes of it are
/// missing.
pub(super) fn sent(response: Response, missing: usize) -> http::Response<Sent> {
    let body = Full::new(Bytes::from(response.body));
    let missing = u64::try_from(missing).unwrap_or(u64::MAX);
    let mut sent = http::Response::new(Sent { body, missing, is_flushed: false });
    *sent.status_mut() = StatusCode::from_u16(response.status).unwrap_or(StatusCode::BAD_GATEWAY);
    sent.extensions_mut().insert(ReasonPhrase::from_static(response.reason.as_bytes()));
    for (name, value) in response.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            sent.headers_mut().append(name, value);
        }
    }
    sent
}
