//! What the annotations of one Ingress say, as values.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::Fields;

/// What one annotation says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Setting<T> {
    /// It is not there.
    #[default]
    Absent,
    /// It is there, or something that was probably meant as it, and its value was refused.
    Unreadable,
    /// It is there and understood.
    Is(T),
}

/// Everything that the annotations of one Ingress say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressSettings {
    /// `frontend-ip`.
    pub frontend_ip: Setting<IpAddr>,
    /// `secure-backend`.
    pub secure_backend: Setting<SecureBackEnds>,
    /// `ca-secret`: Secrets by what they are keyed with, which means nothing.
    pub ca_secret: Setting<BTreeMap<String, String>>,
    /// `backend-secret`: Secrets by Service.
    pub backend_secret: Setting<BTreeMap<String, String>>,
    /// `backend-ca-secret`: Secrets by Service.
    pub backend_ca_secret: Setting<BTreeMap<String, String>>,
    /// `frontend-sslprofile`: fields of `sslprofile`.
    pub frontend_sslprofile: Setting<Fields>,
    /// `backend-sslprofile`: fields of `sslprofile` by Service.
    pub backend_sslprofile: Setting<BTreeMap<String, Fields>>,
}

/// Which back ends are spoken to in TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecureBackEnds {
    /// All of the Ingress, or none.
    All(bool),
    /// As listed by Service; others are not.
    Listed(BTreeMap<String, bool>),
}

impl<T> Setting<T> {
    /// The value, if it is there and understood.
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }

    /// Whether it is not there.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether it is there and could not be understood.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable)
    }

    /// Takes in what reading gave: a refused value leaves it unreadable.
    pub(super) fn take<E>(&mut self, read: Result<T, E>) -> Result<(), E> {
        match read {
            Ok(value) => {
                *self = Self::Is(value);
                Ok(())
            }
            Err(error) => {
                *self = Self::Unreadable;
                Err(error)
            }
        }
    }
}

impl SecureBackEnds {
    /// Whether the back ends of a Service are spoken to in TLS.
    pub fn includes(&self, service: &str) -> bool {
        match self {
            Self::All(secure) => *secure,
            Self::Listed(services) => services.get(service).copied().unwrap_or(false),
        }
    }
}
