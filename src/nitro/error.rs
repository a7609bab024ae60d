//! Why a NITRO call did not succeed.

use super::code::{Class, Code};
use super::transport::SendError;
use crate::chain::chain;

/// Why a NITRO call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The appliance has seen nothing of the request.
    #[error("{request:?} was not sent")]
    NotSent {
        /// The request.
        request: String,
        /// What is in the way.
        #[source]
        source: SendError,
    },
    /// The request went out and no answer came: it may have been carried out.
    #[error("no answer to {request:?}")]
    NoAnswer {
        /// The request.
        request: String,
        /// What happened instead.
        #[source]
        source: SendError,
    },
    /// Something on the way answered, and not NITRO: an appliance that boots, or a proxy. The
    /// request may have been carried out.
    #[error("{request:?} was answered with status {status} and no NITRO answer")]
    Unavailable {
        /// The request.
        request: String,
        /// The HTTP status.
        status: u16,
    },
    /// A write was not sent, since we may not write now: another controller may.
    #[error("{request:?} was not sent: this controller does not hold its lease")]
    Fenced {
        /// The request.
        request: String,
    },
    /// The node is not the primary of its pair, or was not for all of the request. What was written
    /// will be lost when the nodes synchronise, so it counts as not done.
    #[error("{request:?} did not reach the primary node of the pair")]
    NotPrimary {
        /// The request.
        request: String,
    },
    /// The nodes of the pair synchronise, and until they have, no file is removed.
    #[error("{request:?} was not sent: the nodes of the pair synchronise")]
    Synchronising {
        /// The request.
        request: String,
    },
    /// The appliance understood and said no.
    #[error("{request:?} refused with code {code}: {message:?}")]
    Refused {
        /// The request.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The error number.
        code: Code,
        /// The appliance's words.
        message: String,
    },
    /// The appliance does not let this user in.
    #[error("login of {username:?} refused with code {code}: {message:?}")]
    Login {
        /// The user.
        username: String,
        /// The error number.
        code: Code,
        /// The appliance's words.
        message: String,
    },
    /// The answer was not what the NITRO documentation promises. A write may have been carried out.
    #[error("answer to {request:?} is not {wanted}: {body:?}")]
    Decode {
        /// The request.
        request: String,
        /// What it should have been.
        wanted: &'static str,
        /// Its beginning, with secrets masked.
        body: String,
        /// Where it stopped making sense.
        #[source]
        source: Option<serde_json::Error>,
    },
}

impl Error {
    /// What it means for whoever sent the request.
    pub const fn class(&self) -> Class {
        match self {
            Self::NotSent { .. }
            | Self::NoAnswer { .. }
            | Self::Unavailable { .. }
            | Self::Fenced { .. }
            | Self::NotPrimary { .. } => Class::Transient,
            Self::Synchronising { .. } => Class::Busy,
            Self::Refused { status, code, .. } => code.class_with(*status),
            Self::Login { code, .. } => match code.class_with(401) {
                busy @ Class::Busy => busy,
                Class::Transient
                | Class::Session
                | Class::Denied
                | Class::Conflict
                | Class::InUse
                | Class::Missing
                | Class::Invalid
                | Class::Feature
                | Class::Capacity => Class::Session,
            },
            Self::Decode { .. } => Class::Invalid,
        }
    }

    /// Whether the same request may succeed later, without anybody changing anything. Whether it
    /// may be *sent* again is another question: see [`Error::is_unknown`].
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::NotSent { source, .. } => !matches!(source, SendError::Untrusted { .. }),
            Self::NoAnswer { .. } | Self::Unavailable { .. } | Self::Decode { .. } => true,
            // Not to this node, and not before somebody has looked who is who.
            Self::Fenced { .. } | Self::NotPrimary { .. } | Self::Synchronising { .. } => false,
            Self::Refused { .. } | Self::Login { .. } => {
                matches!(self.class(), Class::Transient | Class::Busy)
            }
        }
    }

    /// Whether nobody knows if the request was carried out. That is so also where the appliance says
    /// that it is not well (347: a change was made and not propagated).
    pub const fn is_unknown(&self) -> bool {
        match self {
            Self::NoAnswer { .. } | Self::Unavailable { .. } | Self::Decode { .. } => true,
            Self::Refused { .. } => matches!(self.class(), Class::Transient),
            Self::NotSent { .. }
            | Self::Fenced { .. }
            | Self::NotPrimary { .. }
            | Self::Synchronising { .. }
            | Self::Login { .. } => false,
        }
    }

    /// Whether there is no use in talking to the appliance for now: what it refuses because it is
    /// busy comes here only after several attempts.
    pub const fn is_lost(&self) -> bool {
        match self {
            Self::NotSent { .. }
            | Self::NoAnswer { .. }
            | Self::Unavailable { .. }
            | Self::Fenced { .. }
            | Self::NotPrimary { .. }
            | Self::Login { .. } => true,
            Self::Refused { .. } => matches!(self.class(), Class::Session | Class::Busy),
            Self::Decode { .. } | Self::Synchronising { .. } => false,
        }
    }

    /// The error number, if the appliance gave one.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } | Self::Login { code, .. } => Some(*code),
            Self::NotSent { .. }
            | Self::NoAnswer { .. }
            | Self::Unavailable { .. }
            | Self::Fenced { .. }
            | Self::NotPrimary { .. }
            | Self::Synchronising { .. }
            | Self::Decode { .. } => None,
        }
    }

    /// A label for metrics, one of few.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::NotSent { .. } => "not-sent",
            Self::NoAnswer { .. } => "no-answer",
            Self::Unavailable { .. } => "unavailable",
            Self::Fenced { .. } => "fenced",
            Self::NotPrimary { .. } => "not-primary",
            Self::Synchronising { .. } => "synchronising",
            Self::Refused { .. } => self.class().name(),
            Self::Login { .. } => "login",
            Self::Decode { .. } => "decode",
        }
    }

    /// The whole chain in one line, for places that can't show sources.
    pub fn chain(&self) -> String {
        chain(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: u32) -> Error {
        let (request, message) = ("POST server".to_owned(), "no".to_owned());
        Error::Refused { request, status, code: Code(code), message }
    }

    #[test]
    fn a_refusal_is_known_and_silence_is_not() {
        assert!(!refused(599, 293).is_unknown() && refused(599, 293).is_retryable());
        assert!(!refused(409, 273).is_retryable());
        let source = SendError::NoAnswer { source: "reset".into() };
        let silent = Error::NoAnswer { request: "POST server".to_owned(), source };
        assert!(silent.is_unknown() && silent.is_lost());
        assert_eq!(
            silent.chain(),
            "no answer to \"POST server\": no whole answer came back: reset"
        );
    }

    #[test]
    fn a_certificate_that_is_not_trusted_stays_so() {
        let source = SendError::Untrusted { reason: "it expired".to_owned() };
        let error = Error::NotSent { request: "POST login".to_owned(), source };
        assert!(!error.is_retryable() && error.is_lost());
        assert_eq!(error.category(), "not-sent");
    }
}
