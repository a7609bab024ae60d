//! The requests on one connection: each goes where the configuration of that moment sends it.

use std::str::FromStr as _;

use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header::{
    CONNECTION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, SET_COOKIE,
    STRICT_TRANSPORT_SECURITY, TE, TRANSFER_ENCODING, UPGRADE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, upgrade};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::Plane;
use super::balance::Choice;
use super::edits::{End, edit_request, edit_response};
use super::front::Arrival;
use super::member;
use super::response::{self, Body};
use super::stream::relay;
use crate::eval::{self, Decision, Member, Outcome};
use crate::state::{State, text};

/// Why a connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("nobody answers this")]
struct Closed;

/// Answers the requests on a connection until one side has had enough.
pub(super) async fn serve(
    arrival: Arrival,
    client: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) {
    let answer = service_fn(|request| arrival.answer(request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(client), answer);
    // An error is a client that went away, or a connection that is closed on purpose.
    let _ended = connection.with_upgrades().await;
}

impl Arrival {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Closed> {
        let state = self.plane.configuration();
        let asked = self.asked(&request);
        let decision = eval::decide(&state, &asked);
        let vserver = decision.vserver.as_deref().ok_or(Closed)?;
        let host = asked.host_header.as_deref();
        let manners = self.session.as_ref().map(|session| session.manners(&state, vserver, host));
        if manners.as_ref().is_some_and(|manners| manners.is_misdirected) {
            return Err(Closed);
        }
        let mut response = match &decision.outcome {
            Outcome::Refused | Outcome::Closed(_) => return Err(Closed),
            Outcome::Answered(answer) => response::of(answer),
            Outcome::Served(members) => {
                let cookie = |name: &str| cookie(&asked.headers, name);
                match self.choose(&state, &decision, members, &cookie) {
                    Some(choice) => {
                        let course = Course { state: &state, asked: &asked, decision: &decision };
                        self.forward(course, choice, request).await?
                    }
                    None => response::unavailable(),
                }
            }
        };
        let hsts = manners.and_then(|manners| HeaderValue::from_str(&manners.hsts?).ok());
        response.headers_mut().extend(hsts.map(|hsts| (STRICT_TRANSPORT_SECURITY, hsts)));
        Ok(response)
    }

    /// The request as policies see it.
    fn asked(&self, request: &Request<Incoming>) -> eval::Request {
        let headers = request.headers().iter().filter(|(name, _)| *name != HOST);
        eval::Request {
            method: request.method().as_str().to_owned(),
            url: request.uri().to_string(),
            version: format!("{:?}", request.version()),
            host_header: request.headers().get(HOST).map(text_of),
            headers: headers.map(|(n, v)| (n.as_str().to_owned(), text_of(v))).collect(),
            ..self.request()
        }
    }

    /// Passes a request on to a member, and its answer back.
    async fn forward(
        &self,
        course: Course<'_>,
        choice: Choice,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, Closed> {
        let Course { state, asked, decision } = course;
        let Choice { member, cookie } = choice;
        let upgraded = is_upgrade(request.headers()).then(|| upgrade::on(&mut request));
        strip(request.headers_mut(), upgraded.is_some());
        match edit_request(&mut request, &eval::rewrite_request(state, decision, asked)) {
            Ok(()) => {}
            Err(End::Answer(answer)) => return Ok(response::of(&answer)),
            Err(End::Close) => return Err(Closed),
        }
        if let Some(name) = client_ip_header(state, &member) {
            let client = self.peer.ip().to_string().parse();
            request.headers_mut().extend(client.ok().map(|client| (name, client)));
        }
        let mut response = match exchange(&self.plane, state, &member, request).await {
            Ok(response) => response,
            Err(error) => {
                self.lament(&member, &error);
                return Ok(response::unavailable());
            }
        };
        let is_upgraded = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        strip(response.headers_mut(), is_upgraded);
        if let Some(ours) = upgraded.filter(|_| is_upgraded) {
            let theirs = upgrade::on(&mut response);
            tokio::spawn(async {
                if let (Ok(ours), Ok(theirs)) = (ours.await, theirs.await) {
                    relay(TokioIo::new(ours), TokioIo::new(theirs)).await;
                }
            });
        }
        let answered = answered(&response);
        let mut response = response.map(Body::Right);
        let cookie = cookie.and_then(|cookie| HeaderValue::from_str(&cookie).ok());
        if let Some(cookie) = cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        let edits = eval::rewrite_response(state, decision, asked, &answered);
        match edit_response(&mut response, &edits) {
            Ok(()) => Ok(response),
            Err(End::Answer(answer)) => Ok(response::of(&answer)),
            Err(End::Close) => Err(Closed),
        }
    }
}

/// A request, what it was taken for, and by which configuration.
struct Course<'a> {
    state: &'a State,
    asked: &'a eval::Request,
    decision: &'a Decision,
}

/// The header that tells a member who the client is, if its group or service says so (`cip`).
fn client_ip_header(state: &State, member: &Member) -> Option<HeaderName> {
    let mut all = ["servicegroup", "service"].into_iter();
    let group = all.find_map(|kind| state.object(kind, &member.group))?;
    let is_on = text(group, "cip") == "ENABLED";
    HeaderName::from_str(text(group, "cipheader")).ok().filter(|_| is_on)
}

fn text_of(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// The response of a member as policies see it.
fn answered(response: &Response<Incoming>) -> eval::Response {
    let reason = response.extensions().get::<ReasonPhrase>();
    let reason = reason.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned());
    let usual = || response.status().canonical_reason().unwrap_or_default().to_owned();
    let headers = response.headers().iter();
    eval::Response {
        version: format!("{:?}", response.version()),
        status: response.status().as_u16(),
        reason: reason.unwrap_or_else(usual),
        headers: headers.map(|(n, v)| (n.as_str().to_owned(), text_of(v))).collect(),
    }
}

/// The value of a cookie in these headers.
fn cookie(headers: &[(String, String)], wanted: &str) -> Option<String> {
    let cookies = headers.iter().filter(|(name, _)| name == COOKIE.as_str());
    let mut pairs = cookies.flat_map(|(_, value)| value.split(';'));
    pairs.find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (name.trim() == wanted).then(|| value.trim().to_owned())
    })
}

/// Asks a member on a connection of its own.
async fn exchange(
    plane: &Plane,
    state: &State,
    member: &Member,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, ExchangeError> {
    // Only the path goes on: a whole URL is for proxies.
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().unwrap_or_default();
    let stream = member::connect(plane, state, member).await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer, or with the stream that it was upgraded to.
    tokio::spawn(connection.with_upgrades());
    Ok(sender.send_request(request).await?)
}

/// Why a member did not answer.
#[derive(Debug, thiserror::Error)]
enum ExchangeError {
    #[error(transparent)]
    Connect(#[from] member::Error),
    #[error("no answer")]
    Answer(#[from] hyper::Error),
}

/// Whether a request asks to go on with another protocol.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let asks = values
        .any(|value| value.split(',').any(|word| word.trim().eq_ignore_ascii_case("upgrade")));
    asks && headers.contains_key(UPGRADE)
}

/// Takes away what is about one connection only (RFC 9110, 7.6.1), but for an upgrade that goes on.
fn strip(headers: &mut HeaderMap, keeps_upgrade: bool) {
    let values = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = values.flat_map(|value| value.split(','));
    let named = named.filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok());
    let mut of_connection: Vec<HeaderName> = named.collect();
    let others = ["keep-alive", "proxy-connection"].map(HeaderName::from_static);
    of_connection.extend([CONNECTION, TE, TRANSFER_ENCODING, UPGRADE].into_iter().chain(others));
    let protocol = headers.get(UPGRADE).cloned().filter(|_| keeps_upgrade);
    for name in of_connection {
        headers.remove(name);
    }
    if let Some(protocol) = protocol {
        headers.insert(UPGRADE, protocol);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
}
