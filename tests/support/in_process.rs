//! An appliance without a network: the mock behind the controller's own seam, so that thousands of
//! runs cost seconds. No time passes while a client waits.

use std::sync::{Mutex, MutexGuard};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use mock_nitro::fault::{Delivery, Faults, Faulty};
use mock_nitro::message::Request;
use mock_nitro::{Appliance, Options};
use nitro_ingress::model::Redacted;
use nitro_ingress::nitro::{Client, Credentials, HttpRequest, HttpResponse, SendError, Transport};

/// Carries requests to a mock in the same process.
#[derive(Debug)]
pub(crate) struct InProcess {
    faulty: Mutex<Faulty>,
    /// The last request that finds the appliance; after it nobody answers any more.
    last: u64,
}

impl InProcess {
    /// The way to this appliance.
    pub(crate) fn new(appliance: Appliance) -> Self {
        Self::with_faults(appliance, Faults::none())
    }

    /// The same with something going wrong.
    pub(crate) fn with_faults(appliance: Appliance, faults: Faults) -> Self {
        Self { faulty: Mutex::new(Faulty::new(appliance, faults)), last: u64::MAX }
    }

    /// The same until this request; from the next on there is no connection.
    pub(crate) fn lost_after(self, request: u64) -> Self {
        Self { last: request, ..self }
    }

    /// The appliance and what goes wrong around it.
    pub(crate) fn faulty(&self) -> MutexGuard<'_, Faulty> {
        self.faulty.lock().unwrap()
    }
}

impl Transport for InProcess {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let mut faulty = self.faulty();
        if faulty.faults.requests() >= self.last {
            return Err(SendError::Connect { source: "connection refused".into() });
        }
        match faulty.handle(&to_mock(&request)) {
            Delivery::Answer(response) => {
                Ok(HttpResponse { status: response.status, body: Redacted::new(response.body) })
            }
            Delivery::Lost { .. } => {
                Err(SendError::NoAnswer { source: "the connection was reset".into() })
            }
        }
    }

    async fn pause(&self, _: Duration) {}
}

/// A client of this appliance, as the mock's default user.
pub(crate) fn client(transport: InProcess) -> Client<InProcess> {
    let Options { username, password, .. } = Options::default();
    Client::new(transport, Credentials::new(username, Redacted::new(password)))
}

/// Runs what never waits.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a call in process does not wait"),
    }
}

/// A request as the mock takes it.
pub(crate) fn to_mock(request: &HttpRequest) -> Request {
    let (path, query) = match request.target.split_once('?') {
        Some((path, query)) => (path, Some(query.to_owned())),
        None => (request.target.as_str(), None),
    };
    let headers = request.headers.iter();
    Request {
        method: request.method.as_str().to_owned(),
        path: path.to_owned(),
        query,
        headers: headers
            .map(|(name, value)| ((*name).to_owned(), value.reveal().clone()))
            .collect(),
        body: request.body.as_ref().map(|b| b.reveal().clone().into_bytes()).unwrap_or_default(),
    }
}
