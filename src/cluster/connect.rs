//! The way to the API server: no request waits for ever.
//!
//! kube's own client does, on a connection that has died silently: nothing bounds how long a LIST
//! or the opening of a watch may take. A watch itself ends by the timeout that it asks the server
//! for, and by the idle timeout of the connection if the server does not keep it.

use std::path::PathBuf;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as HttpBody, Bytes};
use kube::client::{Body, ClientBuilder};
use kube::config::{InferConfigError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tokio::time::timeout;
use tower::{BoxError, Layer, Service};

/// Which cluster, and as whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The kubeconfig; without it, that of the environment, or the ServiceAccount of a pod.
    pub kubeconfig: Option<PathBuf>,
    /// The context of the kubeconfig; without it, its current one.
    pub context: Option<String>,
}

/// Why there is no way to the API server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kubeconfig cannot be used.
    #[error("cannot use the kubeconfig")]
    Kubeconfig(#[source] KubeconfigError),
    /// There is no kubeconfig, and this is no pod.
    #[error("there is no kubeconfig, and this is not a pod with a ServiceAccount")]
    Nowhere(#[source] InferConfigError),
    /// The client could not be made.
    #[error("cannot set up the client of the API server")]
    SetUp(#[source] kube::Error),
}

/// How long a request may take, a watch aside.
pub(super) const DEADLINE: Duration = Duration::from_secs(30);

/// How long the server should keep a watch open before it ends it, in seconds.
pub(super) const WATCH_SECS: u32 = 45;

/// A connection on which nothing comes for this long is dead: longer than any watch is open.
const IDLE: Duration = Duration::from_mins(1);

/// Finds the API server.
pub async fn connect(access: &Access) -> Result<Client, Error> {
    let Access { kubeconfig, context } = access;
    let mut config = if kubeconfig.is_some() || context.is_some() {
        let context = context.clone();
        let options = KubeConfigOptions { context, ..KubeConfigOptions::default() };
        let read = match kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let read = read.map_err(Error::Kubeconfig)?;
        Config::from_custom_kubeconfig(read, &options).await.map_err(Error::Kubeconfig)?
    } else {
        Config::infer().await.map_err(Error::Nowhere)?
    };
    config.read_timeout = Some(IDLE);
    let builder = ClientBuilder::try_from(config).map_err(Error::SetUp)?;
    Ok(builder.with_layer(&Deadlines).build())
}

/// Bounds every request.
struct Deadlines;

/// A service whose requests are bounded.
#[derive(Clone)]
struct Bounded<S>(S);

type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

impl<S> Layer<S> for Deadlines {
    type Service = Bounded<S>;

    fn layer(&self, inner: S) -> Bounded<S> {
        Bounded(inner)
    }
}

impl<S, B> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Into<BoxError>,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<AnyBody>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let is_watch = request.uri().query().is_some_and(|query| {
            query.split('&').any(|pair| matches!(pair, "watch=true" | "watch=1"))
        });
        let answer = self.0.call(request);
        Box::pin(async move {
            let whole = async {
                let answer = answer.await.map_err(Into::into)?;
                let (head, body) = answer.into_parts();
                let body = if is_watch {
                    body.map_err(Into::into).boxed_unsync()
                } else {
                    let bytes = body.collect().await.map_err(Into::into)?.to_bytes();
                    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
                };
                Ok(Response::from_parts(head, body))
            };
            timeout(DEADLINE, whole).await?
        })
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future;

    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    type Silent = future::Pending<Result<Response<Full<Bytes>>, Infallible>>;

    fn get(path: &str) -> Request<Body> {
        Request::get(path).body(Body::empty()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_without_an_answer_ends() {
        let silent = tower::service_fn(|_: Request<Body>| -> Silent { future::pending() });
        for path in ["/api/v1/secrets", "/api/v1/secrets?watch=true"] {
            let error = Deadlines.layer(silent).call(get(path)).await.err().unwrap();
            assert_eq!(error.to_string(), "deadline has elapsed", "{path}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_end_ends_unless_it_is_a_watch() {
        let open = tower::service_fn(async |_: Request<Body>| {
            let body = futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>();
            Ok::<_, Infallible>(Response::new(StreamBody::new(body)))
        });
        let mut service = Deadlines.layer(open);
        assert!(service.call(get("/api/v1/secrets?limit=5")).await.is_err());
        assert!(service.call(get("/api/v1/secrets?watch=true&x=1")).await.is_ok());
    }
}
