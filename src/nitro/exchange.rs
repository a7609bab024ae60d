//! What is told of each HTTP exchange to whoever counts them: no bodies, no names.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::code::Code;
use super::error::Error;
use super::request::{Effect, Request};
use super::response::Answer;
use super::transport::Method;

/// One HTTP exchange with an appliance, be it an attempt of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exchange {
    /// The HTTP method.
    pub method: Method,
    /// The type that the request was about.
    pub kind: &'static str,
    /// What the request was to do.
    pub effect: Effect,
    /// `ok`, `in-part` where some of several commands were refused, or the [category] of the error.
    ///
    /// [category]: Error::category
    pub outcome: &'static str,
    /// From sending to the end of the answer.
    pub duration: Duration,
}

/// Is told of each exchange. It is called while the session is held, so it must not wait.
#[derive(Clone)]
pub(super) struct Observer(Arc<dyn Fn(&Exchange) + Send + Sync>);

impl Observer {
    pub(super) fn new(observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        Self(Arc::new(observer))
    }

    pub(super) fn tell(
        &self,
        request: &Request,
        result: &Result<Answer, Error>,
        duration: Duration,
    ) {
        let outcome = match result {
            Ok(answer) if answer.items.iter().any(|item| item.code != Code::DONE) => "in-part",
            Ok(_) => "ok",
            Err(error) => error.category(),
        };
        let Request { method, kind, effect, target: _, body: _, commands: _ } = request;
        let (method, kind, effect) = (*method, *kind, *effect);
        (self.0)(&Exchange { method, kind, effect, outcome, duration });
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
