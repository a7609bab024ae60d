//! Answers the kubelet and monitoring: `/healthz`, `/readyz` and `/metrics`, on a port of its own.
//!
//! Nothing here can be changed or asked that is secret, and nobody can hold it up: a connection is
//! for one request, must bring it soon, and is one of few.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use crate::metrics::Metrics;

/// How the controller is. Clones are one and the same.
#[derive(Debug, Clone)]
pub struct Health {
    state: Arc<Mutex<State>>,
    patience: Duration,
}

/// A loop that shows that it goes on. When it is dropped, the loop has ended, and nobody waits for
/// another sign of it.
#[derive(Debug)]
pub struct Pulse {
    health: Health,
    id: u64,
}

#[derive(Debug)]
struct State {
    /// The loops that run.
    loops: BTreeMap<u64, Beat>,
    next_id: u64,
    /// What is in the way of work, if something is.
    unready: Option<String>,
}

/// The last sign of life of a loop.
#[derive(Debug)]
struct Beat {
    of: String,
    at: Instant,
}

/// The connections that are served at once; more wait.
const MOST_CONNECTIONS: usize = 32;

/// How long a client may take to send a request.
const REQUEST: Duration = Duration::from_secs(5);

/// How long a connection may take in all.
const CONNECTION: Duration = Duration::from_secs(20);

/// How long to wait when no connection can be taken, as where there are too many open files.
const PAUSE: Duration = Duration::from_millis(200);

/// What Prometheus knows the text by.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const PLAIN: &str = "text/plain; charset=utf-8";

impl Health {
    /// A controller that has just started and is not ready. A loop of it counts as stuck when it
    /// shows no sign of life for longer than `patience`.
    pub fn new(patience: Duration) -> Self {
        let unready = Some("the watches have not synced yet".to_owned());
        let state = State { loops: BTreeMap::new(), next_id: 0, unready };
        Self { state: Arc::new(Mutex::new(state)), patience }
    }

    /// A loop begins; `of` says in messages which one it is.
    #[must_use = "a loop whose pulse is dropped counts as ended"]
    pub fn pulse(&self, of: impl Into<String>) -> Pulse {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        state.loops.insert(id, Beat { of: of.into(), at: Instant::now() });
        Pulse { health: self.clone(), id }
    }

    /// All watches have synced. That does not depend on who leads: a follower is ready too.
    pub fn ready(&self) {
        self.state().unready = None;
    }

    /// The controller cannot work, and why, in a line.
    pub fn unready(&self, why: impl Into<String>) {
        self.state().unready = Some(why.into());
    }

    /// What is stuck, in a line, if a loop is.
    pub fn stuck(&self) -> Option<String> {
        let state = self.state();
        let oldest = state.loops.values().min_by_key(|beat| beat.at)?;
        let silence = oldest.at.elapsed();
        (silence > self.patience).then(|| {
            let (of, secs) = (&oldest.of, silence.as_secs());
            format!("{of} has shown no sign of life for {secs} seconds")
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    /// The loop goes on.
    pub fn alive(&self) {
        if let Some(beat) = self.health.state().loops.get_mut(&self.id) {
            beat.at = Instant::now();
        }
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.health.state().loops.remove(&self.id);
    }
}

/// Answers on a port until `stop` comes. Connections that are open then are cut.
pub async fn serve(
    listener: TcpListener,
    (health, metrics): (Health, Metrics),
    stop: impl Future<Output = ()>,
) {
    let mut stop = std::pin::pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        let has_room = connections.len() < MOST_CONNECTIONS;
        tokio::select! {
            biased;
            () = &mut stop => return,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if has_room => match accepted {
                Ok((stream, _)) => {
                    drop(connections.spawn(converse(stream, health.clone(), metrics.clone())));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot take a connection for health and metrics");
                    sleep(PAUSE).await;
                }
            },
        }
    }
}

/// One request and its answer. That a client went away is no news.
async fn converse(stream: TcpStream, health: Health, metrics: Metrics) {
    let service = service_fn(|request: Request<Incoming>| {
        let response = answer(&request, &health, &metrics);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(CONNECTION, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a request for health or metrics was cut short"),
        Err(_) => tracing::debug!("a request for health or metrics took too long"),
    }
}

fn answer<B>(request: &Request<B>, health: &Health, metrics: &Metrics) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !matches!(path, "/healthz" | "/readyz" | "/metrics") {
        let known = "there are /healthz, /readyz and /metrics".to_owned();
        return text(StatusCode::NOT_FOUND, known);
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut refusal = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD".to_owned());
        refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return refusal;
    }
    match path {
        "/healthz" => verdict(health.stuck()),
        "/readyz" => verdict(health.state().unready.clone()),
        _ => response(StatusCode::OK, OPEN_METRICS, metrics.to_string()),
    }
}

/// Whether all is well, or what is not.
fn verdict(problem: Option<String>) -> Response<Full<Bytes>> {
    match problem {
        None => text(StatusCode::OK, "ok".to_owned()),
        Some(problem) => text(StatusCode::SERVICE_UNAVAILABLE, problem),
    }
}

fn text(status: StatusCode, line: String) -> Response<Full<Bytes>> {
    response(status, PLAIN, line + "\n")
}

fn response(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;
    use tokio::time::advance;

    use super::*;

    /// The port while it is served.
    struct Served {
        address: SocketAddr,
        health: Health,
        metrics: Metrics,
        stop: oneshot::Sender<()>,
        task: JoinHandle<()>,
    }

    impl Served {
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (health, metrics) = (Health::new(Duration::from_mins(15)), Metrics::new());
            let (stop, stopped) = oneshot::channel();
            let told = async { drop(stopped.await) };
            let task = tokio::spawn(serve(listener, (health.clone(), metrics.clone()), told));
            Self { address, health, metrics, stop, task }
        }

        /// What the port says to a text, until it ends the connection.
        async fn says(&self, text: &str) -> String {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            let mut said = String::new();
            stream.read_to_string(&mut said).await.unwrap();
            said
        }

        /// Status and body of the answer to a request.
        async fn answers(&self, method: &str, path: &str) -> (u16, String) {
            let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n");
            let said = self.says(&request).await;
            let (head, body) = said.split_once("\r\n\r\n").unwrap();
            (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
        }
    }

    #[tokio::test]
    async fn it_is_ready_when_the_watches_have_synced_and_says_what_is_missing() {
        let served = Served::start().await;
        let (status, why) = served.answers("GET", "/readyz").await;
        assert_eq!((status, why.as_str()), (503, "the watches have not synced yet\n"));
        assert_eq!(served.answers("GET", "/healthz").await.0, 200);
        served.health.ready();
        assert_eq!(served.answers("GET", "/readyz").await, (200, "ok\n".to_owned()));
        served.health.unready("the API server is gone");
        assert_eq!(served.answers("GET", "/readyz").await.1, "the API server is gone\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_loop_without_a_sign_of_life_is_stuck_until_it_goes_on_or_ends() {
        let health = Health::new(Duration::from_mins(15));
        let request = Request::get("/healthz").body(()).unwrap();
        let status = || answer(&request, &health, &Metrics::new()).status().as_u16();
        assert_eq!(status(), 200, "no loop has begun");
        let (edge, inner) = (health.pulse("edge"), health.pulse("inner"));
        advance(Duration::from_mins(10)).await;
        inner.alive();
        assert_eq!(status(), 200);
        advance(Duration::from_mins(10)).await;
        assert_eq!(status(), 503);
        let why = health.stuck().unwrap();
        assert_eq!(why, "edge has shown no sign of life for 1200 seconds");
        edge.alive();
        assert_eq!(status(), 200);
        advance(Duration::from_mins(10)).await;
        edge.alive();
        assert!(health.stuck().is_some_and(|why| why.starts_with("inner ")));
        drop(inner);
        assert_eq!(status(), 200);
    }

    #[tokio::test]
    async fn it_serves_what_is_measured() {
        let served = Served::start().await;
        served.metrics.leader(true);
        let said = served.says("GET /metrics?x HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(said.contains("content-type: application/openmetrics-text; version=1.0.0"));
        assert!(said.contains("\nnitro_ingress_leader 1\n") && said.ends_with("# EOF\n"), "{said}");
        let said = served.says("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("\r\n\r\n"), "{said}");
    }

    #[tokio::test]
    async fn it_serves_nothing_else() {
        let served = Served::start().await;
        for path in ["/", "/metrics/", "/debug", "/healthz/x"] {
            assert_eq!(served.answers("GET", path).await.0, 404, "{path}");
        }
        for path in ["/healthz", "/readyz", "/metrics"] {
            assert_eq!(served.answers("POST", path).await.0, 405, "{path}");
        }
        assert!(served.says("nonsense\r\n\r\n").await.starts_with("HTTP/1.1 400"));
    }

    #[tokio::test]
    async fn whoever_is_slow_is_cut_off_and_holds_up_nobody() {
        let served = Served::start().await;
        // So many that say nothing, that the next one has to wait until they are cut off.
        let mut silent = Vec::new();
        for _ in 0..MOST_CONNECTIONS {
            silent.push(TcpStream::connect(served.address).await.unwrap());
        }
        // Time passes by itself as soon as everybody waits.
        tokio::time::pause();
        assert_eq!(served.answers("GET", "/healthz").await.0, 200);
        for stream in &mut silent {
            let mut said = Vec::new();
            stream.read_to_end(&mut said).await.unwrap();
        }
    }

    #[tokio::test]
    async fn it_ends_when_it_is_told_to() {
        let served = Served::start().await;
        let mut open = TcpStream::connect(served.address).await.unwrap();
        assert_eq!(served.answers("GET", "/healthz").await.0, 200);
        served.stop.send(()).unwrap();
        served.task.await.unwrap();
        let mut said = Vec::new();
        drop(open.read_to_end(&mut said).await);
        assert!(said.is_empty());
        assert!(TcpStream::connect(served.address).await.is_err());
    }
}
