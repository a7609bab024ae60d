//! What the appliance answers by itself, as HTTP.

use std::str::FromStr as _;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::ext::ReasonPhrase;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::eval::Answer;

/// A response of a member as it streams in, or one of the appliance.
pub(super) type Body = Either<Full<Bytes>, Incoming>;

/// The response that says this. What cannot be said in HTTP is left out.
pub(super) fn of(answer: &Answer) -> Response<Body> {
    let body = Bytes::from(answer.body.clone());
    let mut response = Response::new(Either::Left(Full::new(body)));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    if let Ok(reason) = ReasonPhrase::try_from(answer.reason.as_bytes()) {
        response.extensions_mut().insert(reason);
    }
    let headers = answer.headers.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_str(name).ok()?, HeaderValue::from_str(value).ok()?))
    });
    for (name, value) in headers {
        response.headers_mut().append(name, value);
    }
    response
}

/// Nobody could be asked.
pub(super) fn unavailable() -> Response<Body> {
    of(&Answer::unavailable())
}
