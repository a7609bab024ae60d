//! Carries out what rewrite policies change in requests and responses.

use std::str::FromStr as _;

use hyper::ext::ReasonPhrase;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, StatusCode, Uri};

use super::response::{self, Body};
use crate::eval::{Answer, Edit};

/// What a message ends as that does not go on.
pub(super) enum End {
    /// The client gets this instead.
    Answer(Box<Answer>),
    /// The connection is closed.
    Close,
}

/// Changes a request before a member gets it.
pub(super) fn edit_request<B>(request: &mut Request<B>, edits: &[Edit]) -> Result<(), End> {
    for edit in edits {
        match edit {
            Edit::Url(url) => {
                // What is no target for a request line is left as it was (assumed).
                if let Ok(url) = Uri::from_str(url) {
                    *request.uri_mut() = url;
                }
            }
            Edit::Answer(answer) => return Err(End::Answer(Box::new(answer.clone()))),
            Edit::Close => return Err(End::Close),
            // Requests have neither.
            Edit::Status(_) | Edit::Reason(_) => {}
            Edit::Insert(..) | Edit::Delete(_) | Edit::Rename(..) | Edit::Replace(..) => {
                edit_headers(request.headers_mut(), edit);
            }
        }
    }
    Ok(())
}

/// Changes a response before the client gets it.
pub(super) fn edit_response(response: &mut Response<Body>, edits: &[Edit]) -> Result<(), End> {
    for edit in edits {
        match edit {
            Edit::Status(status) => {
                if let Ok(status) = StatusCode::from_u16(*status) {
                    *response.status_mut() = status;
                }
            }
            Edit::Reason(reason) => {
                if let Ok(reason) = ReasonPhrase::try_from(reason.as_bytes()) {
                    response.extensions_mut().insert(reason);
                }
            }
            Edit::Answer(answer) => *response = response::of(answer),
            Edit::Close => return Err(End::Close),
            // Responses have none.
            Edit::Url(_) => {}
            Edit::Insert(..) | Edit::Delete(_) | Edit::Rename(..) | Edit::Replace(..) => {
                edit_headers(response.headers_mut(), edit);
            }
        }
    }
    Ok(())
}

/// Changes headers. What cannot stand in one is left out.
fn edit_headers(headers: &mut HeaderMap, edit: &Edit) {
    let parsed = |name: &str| HeaderName::from_str(name).ok();
    match edit {
        Edit::Insert(name, value) => {
            if let (Some(name), Ok(value)) = (parsed(name), HeaderValue::from_str(value)) {
                headers.append(name, value);
            }
        }
        Edit::Delete(name) => {
            headers.remove(name.as_str());
        }
        Edit::Rename(name, new) => {
            let values: Vec<HeaderValue> = headers.get_all(name.as_str()).iter().cloned().collect();
            headers.remove(name.as_str());
            if let Some(new) = parsed(new) {
                headers.extend(values.into_iter().map(|value| (new.clone(), value)));
            }
        }
        Edit::Replace(name, value) => {
            let last = headers.get_all(name.as_str()).iter().count().checked_sub(1);
            let Some((last, name)) = last.zip(parsed(name)) else { return };
            let Ok(value) = HeaderValue::from_str(value) else { return };
            let mut values: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
            values[last] = value;
            headers.remove(&name);
            for value in values {
                headers.append(name.clone(), value);
            }
        }
        Edit::Url(_) | Edit::Status(_) | Edit::Reason(_) | Edit::Answer(_) | Edit::Close => {}
    }
}
