//! The one client: a session, one request in flight, patience where it is harmless.
//!
//! A write that got no answer is never sent again from here: nobody knows whether it was carried
//! out, and the caller has to look first. What was refused because the appliance was busy, and
//! what was not sent at all, is tried again whatever it is.

use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OnceCell};
use tracing::Instrument;

use super::code::Code;
use super::error::Error;
use super::exchange::{Exchange, Observer};
use super::request::{Effect, Request, knows_series, mask};
use super::response::Answer;
use super::row::{self, Row};
use super::session::{Credentials, Session, Token};
use super::transport::{HttpResponse, SendError, Transport};
use crate::fence::Fence;

/// Talks to one appliance as one user.
#[derive(Debug)]
pub struct Client<T> {
    transport: T,
    credentials: Credentials,
    limits: Limits,
    fence: Option<Fence>,
    /// Whether the role of the node is read around each write.
    is_of_pair: bool,
    /// Who is told of each exchange.
    observer: Option<Observer>,
    /// Held while a request is in flight: the appliance runs commands one by one anyway.
    session: Mutex<Session>,
    /// Whether the appliance knows series, once it was asked.
    series: OnceCell<bool>,
}

/// What one request may carry, and how often it may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most commands of one request. The appliance's own limit is not documented.
    pub commands: usize,
    /// The most commands of the first request; the number doubles with each that succeeds.
    pub first_commands: usize,
    /// Whether the appliance may be asked for series of several types (`macroapi`).
    pub series: bool,
    /// The most characters of content that uploads in one request may have together.
    pub upload: usize,
    /// The objects of one page.
    pub page: usize,
    /// How often a request may be sent in all.
    pub attempts: u32,
    /// How long to wait before the second attempt; it doubles with each.
    pub pause: Duration,
    /// The longest wait.
    pub longest_pause: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            commands: 1000,
            first_commands: 100,
            series: true,
            upload: 256 * 1024,
            page: 1000,
            attempts: 5,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(8),
        }
    }
}

impl<T: Transport> Client<T> {
    /// A client that logs in when it first has something to send.
    pub fn new(transport: T, credentials: Credentials) -> Self {
        let (limits, session, series) = (Limits::default(), Mutex::default(), OnceCell::new());
        let (fence, is_of_pair, observer) = (None, false, None);
        Self { transport, credentials, limits, fence, is_of_pair, observer, session, series }
    }

    /// The same client for as long as a fence is open. When the appliance ends its session it is of
    /// no more use, since that may be how another controller took over: whoever goes on must make
    /// sure that it may, and make another client.
    #[must_use]
    pub fn fenced(self, fence: Fence) -> Self {
        Self { fence: Some(fence), ..self }
    }

    /// The same client of a node that has a peer: its role is read before and after each write.
    #[must_use]
    pub fn of_pair(self) -> Self {
        Self { is_of_pair: true, ..self }
    }

    /// The same client, which tells of each HTTP exchange, such as to count them. It tells while it
    /// holds the session, so `observer` must not wait.
    #[must_use]
    pub fn observed_by(self, observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        Self { observer: Some(Observer::new(observer)), ..self }
    }

    /// The same client with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What one request may carry.
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What carries the requests.
    pub const fn transport(&self) -> &T {
        &self.transport
    }

    /// Sends a request and reads the answer.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut session = self.session.lock().await;
        let mut pause = self.limits.pause;
        let mut attempt = 1;
        loop {
            let error = match self.send_once(&mut session, request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // Who cannot even connect has probably a wrong address: that is said at once. An
            // appliance that was there before is waited for.
            let is_unreachable =
                matches!(error, Error::NotSent { source: SendError::Connect { .. }, .. });
            let never_there = session.token.is_none() && is_unreachable;
            if attempt >= self.limits.attempts || never_there || !may_repeat(request, &error) {
                return Err(error);
            }
            tracing::debug!(%request, attempt, error = error.chain(), "trying again");
            self.transport.pause(pause).await;
            pause = pause.saturating_mul(2).min(self.limits.longest_pause);
            attempt += 1;
        }
    }

    /// Whether the appliance takes [series](Request::series). It is asked once. Where it cannot be
    /// asked the answer is no for now: the next request will find out what is wrong.
    pub async fn has_series(&self) -> bool {
        if !self.limits.series {
            return false;
        }
        let ask = || async {
            let answer = self.send(&Request::series_probe()).await;
            match &answer {
                Err(error) if error.is_lost() || error.is_unknown() => Err(()),
                Ok(_) | Err(_) => Ok(knows_series(&answer)),
            }
        };
        let known = self.series.get_or_try_init(ask).await;
        known.is_ok_and(|known| *known)
    }

    /// Whether it is known already that the appliance takes series.
    pub fn is_known_for_series(&self) -> bool {
        self.limits.series && self.series.get() == Some(&true)
    }

    /// Closes the session, if there is one. That it cannot be closed is no error: it expires.
    pub async fn logout(&self) {
        let mut session = self.session.lock().await;
        let Some(token) = session.token.take() else { return };
        if let Err(error) = self.exchange(&Request::logout(), Some(&token)).await {
            tracing::debug!(error = error.chain(), "the session was not closed");
        }
    }

    /// One attempt. A session that the appliance has ended is opened anew once, and the request
    /// sent again: the appliance refused it unread (seen from client adc-nitro-go: 444, 1027).
    async fn send_once(&self, session: &mut Session, request: &Request) -> Result<Answer, Error> {
        if let Some(ended) = session.refusal(request) {
            return Err(ended);
        }
        let opened = session.token.is_none();
        let answer = self.send_in_session(session, request).await;
        match answer {
            Err(ref error) if self.takes_note_of_end(session, error) => {
                if opened || self.fence.is_some() {
                    return answer;
                }
                self.send_in_session(session, request).await
            }
            other => other,
        }
    }

    /// Whether an error says that the session has ended, which is noted.
    fn takes_note_of_end(&self, session: &mut Session, error: &Error) -> bool {
        let is_end = session.ends_with(error, self.fence.is_some());
        if is_end {
            tracing::debug!(error = error.chain(), "the session has ended");
        }
        is_end
    }

    async fn send_in_session(
        &self,
        session: &mut Session,
        request: &Request,
    ) -> Result<Answer, Error> {
        if session.token.is_none() {
            session.token = Some(self.login().await?);
        }
        let is_write = matches!(request.effect, Effect::Write | Effect::Save);
        let watches_role = is_write && self.is_of_pair;
        if watches_role {
            self.require_ready(session.token.as_ref(), request).await?;
        }
        // Last, since each request takes its time.
        if is_write && self.fence.as_ref().is_some_and(|fence| !fence.is_open()) {
            return Err(Error::Fenced { request: request.to_string() });
        }
        // That a node is secondary is a warning.
        let warned = watches_role.then(|| request.warned());
        let sent = warned.as_ref().unwrap_or(request);
        let answer = self.exchange(sent, session.token.as_ref()).await;
        let is_in_doubt = session.is_in_doubt;
        if watches_role {
            session.is_in_doubt = true;
        }
        let answer = answer.map_err(|error| {
            let is_secondary = matches!(error.code(), Some(Code::NOT_PRIMARY | Code::PRIMARY_ONLY));
            if is_secondary { Error::NotPrimary { request: request.to_string() } } else { error }
        })?;
        if watches_role || is_in_doubt {
            self.confirm_primary(session, request, is_write).await?;
        }
        Ok(answer)
    }

    /// Whether the node may be written to. While the nodes synchronise, no file is removed: the
    /// other may not have it yet.
    async fn require_ready(&self, token: Option<&Token>, write: &Request) -> Result<(), Error> {
        let nodes = self.nodes(token).await?;
        if !nodes.iter().any(is_local_primary) {
            return Err(Error::NotPrimary { request: write.to_string() });
        }
        if write.removes_file() && nodes.iter().any(is_synchronising) {
            return Err(Error::Synchronising { request: write.to_string() });
        }
        Ok(())
    }

    /// Whether the node was the primary until now. If that cannot be said of a write, nobody knows
    /// what became of it; and what the node shows then counts only if it still is the primary.
    async fn confirm_primary(
        &self,
        session: &mut Session,
        request: &Request,
        is_write: bool,
    ) -> Result<(), Error> {
        match self.nodes(session.token.as_ref()).await {
            Ok(nodes) if nodes.iter().any(is_local_primary) => {
                session.is_in_doubt = false;
                Ok(())
            }
            Ok(_) => Err(Error::NotPrimary { request: request.to_string() }),
            Err(error) if is_write => {
                self.takes_note_of_end(session, &error);
                let why = format!(
                    "it was answered, and then the role of the node was not: {}",
                    error.chain()
                );
                let source = SendError::NoAnswer { source: why.into() };
                Err(Error::NoAnswer { request: request.to_string(), source })
            }
            Err(error) => Err(error),
        }
    }

    /// The nodes of the pair, as the one that is asked sees them (documented: node 0 of `hanode` is
    /// the local one). What it does not say clearly is no.
    async fn nodes(&self, token: Option<&Token>) -> Result<Vec<Row>, Error> {
        Ok(self.exchange(&Request::nodes(), token).await?.rows)
    }

    /// Logs in. Whatever goes wrong here, the request that needs the session was not sent.
    async fn login(&self) -> Result<Token, Error> {
        let request = Request::login(&self.credentials);
        let username = || self.credentials.username.clone();
        let not_sent = |source| Error::NotSent { request: request.to_string(), source };
        match self.exchange(&request, None).await {
            Ok(answer) => answer.text("sessionid").and_then(Token::parse).ok_or_else(|| {
                let message = "the answer holds no session".to_owned();
                Error::Login { username: username(), code: Code::DONE, message }
            }),
            Err(Error::Refused { code, message, .. }) => {
                Err(Error::Login { username: username(), code, message })
            }
            Err(Error::NoAnswer { source, .. }) => Err(not_sent(source)),
            Err(error @ Error::NotSent { .. }) => Err(error),
            Err(error) => Err(not_sent(SendError::NoAnswer { source: Box::new(error) })),
        }
    }

    /// Sends a request once, reads the answer, and tells of both.
    async fn exchange(&self, request: &Request, token: Option<&Token>) -> Result<Answer, Error> {
        let span = tracing::debug_span!("request", kind = request.kind);
        self.exchange_in_span(request, token).instrument(span).await
    }

    async fn exchange_in_span(
        &self,
        request: &Request,
        token: Option<&Token>,
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        let response = self.deliver(request, token).await;
        let duration = started.elapsed();
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        match &response {
            Ok(response) => {
                tracing::debug!(%request, status = response.status, duration_ms, "answered");
                if tracing::enabled!(tracing::Level::TRACE) {
                    tracing::trace!(%request, body = mask(response.body.reveal()), "answer");
                }
            }
            Err(error) => {
                tracing::debug!(%request, duration_ms, error = error.chain(), "not answered");
            }
        }
        let answer = response.and_then(|response| Answer::parse(request, &response));
        if let Some(observer) = &self.observer {
            observer.tell(request, &answer, duration);
        }
        answer
    }

    async fn deliver(
        &self,
        request: &Request,
        token: Option<&Token>,
    ) -> Result<HttpResponse, Error> {
        if let Some(body) =
            request.body.as_ref().filter(|_| tracing::enabled!(tracing::Level::TRACE))
        {
            tracing::trace!(%request, body = mask(body.reveal().as_bytes()), "sending");
        }
        let sent = self.transport.send(request.to_http(token)).await;
        sent.map_err(|source| match source {
            SendError::NoAnswer { .. } => Error::NoAnswer { request: request.to_string(), source },
            SendError::Connect { .. } | SendError::Untrusted { .. } => {
                Error::NotSent { request: request.to_string(), source }
            }
        })
    }
}

/// Whether a row of `hanode` is about the node that was asked.
pub fn is_local_node(row: &Row) -> bool {
    row::number(row, "id") == Some(0)
}

/// Whether a row of `hanode` says that the node that was asked is the primary.
fn is_local_primary(row: &Row) -> bool {
    is_local_node(row)
        && row::text(row, "state").is_some_and(|state| state.eq_ignore_ascii_case("Primary"))
}

/// Whether a node says that it takes over what its peer has (documented: `hasync`).
fn is_synchronising(row: &Row) -> bool {
    row::text(row, "hasync").is_some_and(|state| state.eq_ignore_ascii_case("IN PROGRESS"))
}

/// Whether sending a request again can do no harm and some good.
fn may_repeat(request: &Request, error: &Error) -> bool {
    let harmless = match request.effect {
        Effect::Read | Effect::Save => true,
        Effect::Write | Effect::Session => !error.is_unknown(),
    };
    harmless && error.is_retryable()
}
