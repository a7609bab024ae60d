//! A back end to look through: it answers every request with what it saw of it, as JSON.
//!
//! ```json
//! {
//!   "backend": "127.0.0.1:8443",
//!   "client": "127.0.0.1:51234",
//!   "method": "GET",
//!   "path": "/",
//!   "headers": [["host", "shop.example"]],
//!   "body": "",
//!   "tls": { "version": "TLSv1.3", "sni": "shop.example", "client_certificate": " CN=appliance" }
//! }
//! ```
//!
//! `tls` is null in plain text, and so is `sni` or `client_certificate` where the client gave none. A
//! request that asks to go on with another protocol gets its way, and every byte back after that.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, upgrade};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, copy, split};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// How much of a body is shown.
const LARGEST_BODY: usize = 1024 * 1024;

/// What a connection is, for the answer.
struct Seen {
    backend: SocketAddr,
    client: SocketAddr,
    tls: Value,
}

/// Serves connections until the task ends.
pub async fn serve(listener: TcpListener) -> io::Result<()> {
    let backend = listener.local_addr()?;
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // A connection that ends before it is accepted is no reason to stop.
                let Ok((stream, client)) = accepted else { continue };
                let seen = Arc::new(Seen { backend, client, tls: Value::Null });
                connections.spawn(requests(seen, stream));
            }
            Some(_ended) = connections.join_next() => {}
        }
    }
}

async fn requests(seen: Arc<Seen>, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let answer = service_fn(|request| answer(Arc::clone(&seen), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    // An error is a client that went away.
    let _ended = connection.with_upgrades().await;
}

async fn answer(
    seen: Arc<Seen>,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    if let Some(protocol) = request.headers().get(UPGRADE).cloned() {
        tokio::spawn(echo(upgrade::on(&mut request)));
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(UPGRADE, protocol);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        return Ok(response);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| json!([name.as_str(), text(value)]));
    let shown = json!({
        "backend": seen.backend.to_string(),
        "client": seen.client.to_string(),
        "method": head.method.as_str(),
        "path": head.uri.to_string(),
        "headers": headers.collect::<Vec<_>>(),
        "body": String::from_utf8_lossy(&body.to_bytes()),
        "tls": seen.tls,
    });
    let mut response = Response::new(Full::from(format!("{shown:#}\n")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// Sends back what comes, once the protocol has changed.
async fn echo(upgraded: upgrade::OnUpgrade) {
    let Ok(upgraded) = upgraded.await else { return };
    let (mut read, mut write) = split(TokioIo::new(upgraded));
    // A client that goes away ends it.
    let _ended = copy(&mut read, &mut write).await;
}
