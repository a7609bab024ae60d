//! A door in front of an API server, which behaves as servers do on bad days.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::StreamExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::api_server::ApiServer;

type Error = Box<dyn std::error::Error + Send + Sync>;
type AnyBody = UnsyncBoxBody<Bytes, Error>;

/// What the door does to those who come through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Nothing.
    Good,
    /// It fails at every report, with a status that clients do not repeat a request for. Watches go on.
    Failing,
    /// It knows no token any more.
    Unauthorized,
    /// What a watch asks to go on from is too old.
    Gone,
    /// The same, and there are no Ingresses where one asks for all.
    Empty,
}

/// A door that is open until it is dropped.
pub(crate) struct Door {
    url: String,
    folder: PathBuf,
    mood: watch::Sender<Mood>,
    refused: Arc<watch::Sender<usize>>,
    task: JoinHandle<()>,
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Door {
    /// A door that does nothing yet. All who come through are administrators.
    pub(crate) async fn to(server: &ApiServer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (mood, refused) = (watch::channel(Mood::Good).0, Arc::new(watch::channel(0).0));
        let passage = Passage {
            client: server.client(),
            mood: mood.subscribe(),
            refused: Arc::clone(&refused),
        };
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let passage = passage.clone();
                let service = service_fn(move |request| passage.clone().pass(request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { url, folder: server.folder.clone(), mood, refused, task }
    }

    /// The argument that leads a controller through it.
    pub(crate) fn argument(&self) -> String {
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "door", "cluster": { "server": self.url } }],
            "contexts": [{ "name": "door", "context": { "cluster": "door", "user": "door" } }],
            "users": [{ "name": "door", "user": {} }],
            "current-context": "door",
        });
        let path = self.folder.join(format!("door-{}", self.url.rsplit(':').next().unwrap()));
        std::fs::write(&path, config.to_string()).unwrap();
        format!("--kubeconfig={}", path.display())
    }

    /// Changes its mood; a bad one closes all watches, unless it says otherwise.
    pub(crate) fn set(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }

    /// Waits until so many requests were refused for its mood from now on.
    pub(crate) async fn refuses(&self, count: usize) {
        let mut refused = self.refused.subscribe();
        let wanted = *refused.borrow() + count;
        let all = refused.wait_for(|refused| *refused >= wanted);
        tokio::time::timeout(crate::wait::SOON, all).await.unwrap().unwrap();
    }
}

/// The way through the door.
#[derive(Clone)]
struct Passage {
    client: Client,
    mood: watch::Receiver<Mood>,
    refused: Arc<watch::Sender<usize>>,
}

impl Passage {
    async fn pass(mut self, request: Request<Incoming>) -> Result<Response<AnyBody>, Error> {
        let mood = *self.mood.borrow_and_update();
        let query = request.uri().query().unwrap_or_default();
        let is_watch = query.contains("watch=true");
        let is_list =
            request.method() == Method::GET && request.uri().path().ends_with("/ingresses");
        let is_of_report = request.uri().path().contains("/ingressreports");
        if mood == Mood::Failing && is_of_report && request.method() != Method::GET {
            self.refused.send_modify(|refused| *refused += 1);
            return Ok(refusal(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", false));
        }
        if mood == Mood::Unauthorized {
            return Ok(refusal(StatusCode::UNAUTHORIZED, "Unauthorized", false));
        }
        if is_watch && matches!(mood, Mood::Gone | Mood::Empty) {
            self.refused.send_modify(|refused| *refused += 1);
            return Ok(refusal(StatusCode::GONE, "Expired", true));
        }
        let (head, body) = request.into_parts();
        let mut onward = Request::builder()
            .method(head.method)
            .uri(head.uri.path_and_query().map_or("/", |path| path.as_str()));
        for (name, value) in head.headers.iter().filter(|(name, _)| *name != "host") {
            onward = onward.header(name, value);
        }
        let body = body.collect().await?.to_bytes().to_vec();
        let answer = self.client.send(onward.body(Body::from(body))?).await?;
        let (head, body) = answer.into_parts();
        if is_watch {
            let is_bad = |mood: &Mood| !matches!(mood, Mood::Good | Mood::Failing);
            let closed = async move { drop(self.mood.wait_for(is_bad).await) };
            let frames = body.into_data_stream().map(|data| Ok(Frame::data(data?)));
            let body = StreamBody::new(frames.take_until(Box::pin(closed)));
            return Ok(Response::from_parts(head, BodyExt::boxed_unsync(body)));
        }
        let mut body = body.collect().await?.to_bytes();
        if is_list && mood == Mood::Empty {
            let mut list: Value = serde_json::from_slice(&body)?;
            list["items"] = json!([]);
            body = list.to_string().into();
        }
        let mut answer = Response::new(full(body));
        *answer.status_mut() = head.status;
        answer.headers_mut().extend(
            head.headers
                .get("content-type")
                .map(|value| (hyper::header::CONTENT_TYPE, value.clone())),
        );
        Ok(answer)
    }
}

/// An answer that says no: to a watch as an event, as the API server does.
fn refusal(status: StatusCode, reason: &str, is_event: bool) -> Response<AnyBody> {
    let object = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": status.as_u16(),
    });
    let (status, body) = if is_event {
        (StatusCode::OK, json!({ "type": "ERROR", "object": object }))
    } else {
        (status, object)
    };
    let mut answer = Response::new(full(format!("{body}\n").into()));
    *answer.status_mut() = status;
    answer
}

fn full(bytes: Bytes) -> AnyBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
