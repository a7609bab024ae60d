//! What the appliance answers by itself, as HTTP.

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderValue, LOCATION};
use hyper::{Response, StatusCode};

use crate::eval::Answer;

/// A response of a member as it streams in, or one of the appliance.
pub(super) type Body = Either<Full<Bytes>, Incoming>;

/// The response that says this.
pub(super) fn of(answer: &Answer) -> Response<Body> {
    let mut response = plain(answer.status, "");
    if let Some(location) = answer.location.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().extend(location.ok().map(|location| (LOCATION, location)));
    }
    response
}

/// Nobody could be asked.
pub(super) fn unavailable() -> Response<Body> {
    plain(503, "Http/1.1 Service Unavailable")
}

fn plain(status: u16, body: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::new(Bytes::from_static(body.as_bytes()))));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response
}
