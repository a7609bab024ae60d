//! The appliance on the network: HTTP/1.1, with or without TLS, exact reason phrases, faults.
//!
//! A thin veneer: every request becomes a value, the appliance answers it, the answer is sent.
//! Requests wait for each other, as they do on an appliance.
//!
//! Whoever keeps a clone of the [`Server`] can change the appliance while it is served, and look at
//! it:
//!
//! ```
//! use jiff::Timestamp;
//! use mock_nitro::fault::{Fault, Faults, Faulty};
//! use mock_nitro::server::Server;
//! use mock_nitro::{Appliance, Options};
//!
//! let faulty = Faulty::new(Appliance::new(Options::default()), Faults::none());
//! let server = Server::new(faulty, None, Timestamp::now);
//! // Now a clone of it is served: `tokio::spawn(server.clone().serve(listener, None))`.
//! server.with(|node| node.appliance.journal_on());
//! server.with(|node| node.faults = Faults::always(Fault::Refused(603)));
//! server.with(|node| node.faults = Faults::none());
//! server.with(|node| node.appliance.reboot());
//! assert!(server.with(|node| node.appliance.journal().is_empty()));
//! ```

mod nodes;
mod sent;
pub mod state_file;
mod shared;
pub mod tls;
mod workbench;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::http;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use self::nodes::Nodes;
use self::sent::{Reset, Sent, sent};
use self::shared::{Guard, Journal, Shared};
use self::state_file::StateFile;
use crate::data_plane::{DataPlane, Log};
use crate::fault::{Delivery, Faulty};
use crate::message::{Request, Response, reason};
use crate::pair::Pair;

/// The largest body: a file of 2 MB in base64, and several of them in bulk (assumed).
const LARGEST_BODY: usize = 8 * 1024 * 1024;

/// How many requests `/mock/journal` shows at least, where a journal is written.
pub const RECENT: usize = 10_000;

/// An appliance that several connections share, or a node of a pair, which also shares it with the
/// other node.
#[derive(Clone)]
pub struct Server {
    shared: Arc<Mutex<Shared>>,
    node: usize,
}

impl Server {
    /// A server for an appliance. Its journal goes to `journal`, one JSON object a line; without,
    /// none is kept. The appliance's clock follows `clock`.
    pub fn new(
        faulty: Faulty,
        journal: Option<Box<dyn Write + Send>>,
        clock: fn() -> Timestamp,
    ) -> Self {
        Self::of(Nodes::One(Box::new(faulty)), vec![journal], clock)
    }

    /// A server for each node of a pair, to be served by a listener of its own.
    pub fn pair(
        pair: Pair,
        journals: [Option<Box<dyn Write + Send>>; 2],
        clock: fn() -> Timestamp,
    ) -> [Self; 2] {
        let first = Self::of(Nodes::Two(Box::new(pair)), journals.into(), clock);
        let second = Self { node: 1, ..first.clone() };
        [first, second]
    }

    fn of(mut nodes: Nodes, journals: Vec<Journal>, clock: fn() -> Timestamp) -> Self {
        for (node, journal) in journals.iter().enumerate() {
            nodes.with(node, |faulty| match journal {
                None => faulty.appliance.journal_off(),
                Some(_) => faulty.appliance.journal_last(RECENT),
            });
        }
        let shared = Shared::new(nodes, journals, clock);
        Self { shared: Arc::new(Mutex::new(shared)), node: 0 }
    }

    /// Lets the appliance, or the primary of a pair, carry traffic from now on.
    pub fn carry(&self, data_plane: DataPlane) {
        let mut shared = self.lock();
        data_plane.be_ahead(shared.ahead);
        shared.data_plane = Some(data_plane);
    }

    /// Writes the appliance, or the primary of a pair, to a file: now, and after each change before
    /// its request is answered. Where that fails later the client gets no answer, and `log` is told.
    pub fn keep(&self, file: StateFile, log: Log) -> Result<(), state_file::Error> {
        let mut shared = self.lock();
        let primary = shared.nodes.primary();
        shared.nodes.with(primary, |faulty| file.write(&faulty.appliance))?;
        shared.file = Some((file, log));
        Ok(())
    }

    /// Serves connections until the process or the task ends.
    pub async fn serve(self, listener: TcpListener, tls: Option<TlsAcceptor>) -> io::Result<()> {
        self.serve_until(listener, tls, std::future::pending()).await
    }

    /// Serves connections until `told` is ready. Then all of them are closed, and so is the
    /// listener. The appliance stays for whoever has a clone of this server, which can be served
    /// again.
    pub async fn serve_until(
        self,
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        told: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let mut told = pin!(told);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut told => break,
                Some(_ended) = connections.join_next() => {}
                accepted = listener.accept() => {
                    // A connection that ends before it is accepted is no reason to stop.
                    let Ok((stream, peer)) = accepted else { continue };
                    if !self.with(|node| node.faults.are_unreachable()) {
                        connections.spawn(self.clone().connection(stream, peer, tls.clone()));
                    }
                }
            }
        }
        connections.shutdown().await;
        Ok(())
    }

    /// Does something with the appliance, or with this node of a pair, between two requests: changes
    /// it by hand, restarts it, puts another in its place, looks at its journal (if none is written,
    /// [`Appliance::journal_on`] lets it keep one), or says what goes wrong from now on.
    ///
    /// [`Appliance::journal_on`]: crate::Appliance::journal_on
    pub fn with<T>(&self, act: impl FnOnce(&mut Faulty) -> T) -> T {
        let mut shared = self.lock();
        let outcome = shared.nodes.with(self.node, act);
        shared.write_journal(self.node);
        outcome
    }

    /// The other node of a pair takes over. All sessions end, also those of a single appliance.
    pub fn failover(&self) {
        let mut shared = self.lock();
        shared.nodes.failover();
    }

    /// The other node of a pair takes over, and sessions go on.
    pub fn hand_over(&self) {
        let mut shared = self.lock();
        shared.nodes.hand_over();
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>) {
        match tls {
            None => self.requests(stream, peer).await,
            Some(tls) => {
                if let Ok(stream) = tls.accept(stream).await {
                    self.requests(stream, peer).await;
                }
            }
        }
    }

    async fn requests(self, stream: impl AsyncRead + AsyncWrite + Unpin, peer: SocketAddr) {
        let answer = service_fn(|request| self.answer(request, peer));
        // An error here is a client that went away, or a reset on purpose: both end the connection.
        let _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
    }

    async fn answer(
        &self,
        request: http::Request<Incoming>,
        peer: SocketAddr,
    ) -> Result<http::Response<Sent>, Reset> {
        let (head, body) = request.into_parts();
        let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
            return Ok(sent(plain(413), 0));
        };
        let request = received(&head, &body.to_bytes());
        if let Some(operation) = request.path.strip_prefix("/mock/") {
            let is_allowed = peer.ip().to_canonical().is_loopback();
            let response =
                if is_allowed { self.workbench(&request, operation) } else { plain(403) };
            return Ok(sent(response, 0));
        }
        if self.with(|node| node.holds_back(&request)) {
            self.released().await;
        }
        let Delivered { delivery, delay, is_held, missing } = self.deliver(&request, peer);
        if is_held {
            self.released().await;
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        match delivery {
            Delivery::Answer(response) => Ok(sent(response, missing)),
            Delivery::Lost { .. } => Err(Reset),
        }
    }

    /// Waits until nothing is held any more. Tests set and take away faults as plain data, and nobody
    /// is told of that: so it is asked for.
    async fn released(&self) {
        while self.with(|node| node.faults.are_holding()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn deliver(&self, request: &Request, peer: SocketAddr) -> Delivered {
        let mut shared = self.lock();
        let nodes = &mut shared.nodes;
        nodes.with(self.node, |faulty| faulty.appliance.set_client(Some(peer)));
        let delivery = nodes.handle(self.node, request);
        let mut delivered = nodes.with(self.node, |faulty| {
            faulty.appliance.set_client(None);
            let (delay, missing) = (faulty.delay(), faulty.missing());
            Delivered { delivery, delay, is_held: faulty.holds_answer(), missing }
        });
        shared.write_journal(self.node);
        if shared.keep().is_err() {
            // Whoever is told that something was done may rely on it.
            delivered.delivery = Delivery::Lost { carried_out: true };
        }
        delivered
    }

    /// Access to the appliance, whose clock is right.
    fn lock(&self) -> Guard<'_> {
        // A panic of another request does not make the appliance wrong for this one.
        Guard::new(self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What becomes of an answer.
struct Delivered {
    delivery: Delivery,
    delay: Duration,
    is_held: bool,
    /// How many bytes of it.
    missing: usize,
}

/// The request as the appliance takes it: path and query as they were sent.
fn received(head: &http::request::Parts, body: &[u8]) -> Request {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers.iter().map(|(n, v)| (n.as_str().to_owned(), text(v))).collect(),
        body: body.to_vec(),
    }
}

fn plain(status: u16) -> Response {
    Response { status, reason: reason(status), headers: Vec::new(), body: Vec::new() }
}
