//! TLS as the data plane speaks it: who is accepted is decided by our own check of chains, and
//! signatures are verified with the bare key, so that certificates of version 1 are taken.

pub(crate) mod clients;
pub(crate) mod identity;
pub(crate) mod members;
mod signature;
pub(crate) mod suites;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::sync::Arc;

use jiff::Timestamp;

use crate::rules;
use crate::state::{Fields, State, flag, text};
use crate::x509::chain::{Rejection, Trusted};
use crate::x509::{Revocation, Strictness};

/// The appliance's clock, which decides who has expired.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    pub(crate) fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// The CA of a binding of a certkey as CA, and what the binding says about revocation. Nothing if it
/// binds none.
pub(crate) fn trusted(state: &State, binding: &Fields) -> Option<Trusted> {
    if !flag(binding, "ca") {
        return None;
    }
    let authority = Arc::clone(state.material(text(binding, "certkeyname"))?);
    let revocation = match (strictness(binding, "crlcheck"), strictness(binding, "ocspcheck")) {
        (_, Some(strictness)) => Revocation::Responder(strictness),
        (Some(strictness), None) => {
            let list = rules::revocation_list(state, &authority.certificate);
            Revocation::List(strictness, list.map(Arc::new))
        }
        (None, None) => Revocation::Unchecked,
    };
    Some(Trusted { authority, revocation, is_announced: !flag(binding, "skipcaname") })
}

fn strictness(binding: &Fields, field: &str) -> Option<Strictness> {
    match text(binding, field) {
        "" => None,
        "Optional" => Some(Strictness::Optional),
        _ => Some(Strictness::Mandatory),
    }
}

/// Why a handshake ended, in the words of whoever judged the certificate.
#[derive(Debug, thiserror::Error)]
#[error("{}", reason(.0))]
pub(crate) struct HandshakeFailure(io::Error);

impl From<io::Error> for HandshakeFailure {
    fn from(error: io::Error) -> Self {
        Self(error)
    }
}

fn reason(error: &io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rejection))) => {
            rejection.0.to_string()
        }
        Some(_) | None => error.to_string(),
    }
}

/// The reason goes to the log; the peer learns that its certificate was bad, and no more.
fn refusal(rejection: Rejection) -> rustls::Error {
    rustls::CertificateError::Other(rustls::OtherError(Arc::new(rejection))).into()
}
