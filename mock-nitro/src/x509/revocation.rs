//! Lists of revoked certificates, and what a CA that is accepted demands to know of those that it
//! issued.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use super::certificate::serial;
use super::chain::Reason;
use super::{Certificate, Encoding, first_pem_block, name};

/// What becomes of a certificate of which nobody can tell whether it was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// It is refused.
    Mandatory,
    /// It passes.
    Optional,
}

/// How it is found out whether a certificate was revoked.
#[derive(Debug, Clone)]
pub(crate) enum Revocation {
    /// It is not asked.
    Unchecked,
    /// By the list of the CA, if there is one (`crlcheck`).
    List(Strictness, Option<Arc<RevocationList>>),
    /// By a responder (`ocspcheck`). Nobody answers here.
    Responder(Strictness),
}

/// A list that a CA signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RevocationList {
    /// Serial numbers as certificates show them.
    revoked: BTreeSet<String>,
    /// Whether it names everything that the CA revoked.
    is_complete: bool,
    /// Seconds since 1970.
    this_update: i64,
    next_update: Option<i64>,
}

impl RevocationList {
    /// The list in a file; nothing if the file holds none, or one that `authority` did not sign.
    pub(crate) fn read(file: &[u8], encoding: Encoding, authority: &Certificate) -> Option<Self> {
        let der = match encoding {
            Encoding::Pem => first_pem_block(file, &["X509 CRL"])?,
            Encoding::Der => file.to_vec(),
        };
        let (_, list) = CertificateRevocationList::from_der(&der).ok()?;
        let (_, issuer) = X509Certificate::from_der(authority.der()).ok()?;
        let may_sign = issuer.key_usage().ok()?.is_none_or(|usage| usage.value.crl_sign());
        let is_its_own = name::canonical(list.issuer()) == authority.canonical_subject
            && list.verify_signature(issuer.public_key()).is_ok();
        (may_sign && is_its_own).then(|| Self {
            revoked: list
                .iter_revoked_certificates()
                .map(|entry| serial(entry.raw_serial()))
                .collect(),
            // Lists of changes and lists for some certificates only are marked so.
            is_complete: !list.extensions().iter().any(|extension| extension.critical),
            this_update: list.last_update().timestamp(),
            next_update: list.next_update().map(|time| time.timestamp()),
        })
    }

    /// When it was made, in seconds since 1970.
    pub(crate) fn this_update(&self) -> i64 {
        self.this_update
    }

    /// A list without an end is valid for ever (assumed).
    fn is_valid(&self, now: Timestamp) -> bool {
        let now = now.as_second();
        self.is_complete && self.this_update <= now && self.next_update.is_none_or(|end| now <= end)
    }
}

impl Revocation {
    /// Whether a certificate that the CA issued may be taken. One that was revoked is refused in any
    /// case, also by a list that has expired; without a valid list, or an answer of the responder,
    /// it is as strict as it is told to be (documented for the lists and for the responder).
    pub(super) fn judge(&self, certificate: &Certificate, now: Timestamp) -> Result<(), Reason> {
        let (strictness, valid) = match self {
            Self::Unchecked => return Ok(()),
            Self::List(_, Some(list)) if list.revoked.contains(&certificate.serial) => {
                return Err(Reason::Revoked);
            }
            Self::List(strictness, list) => {
                (strictness, list.as_ref().is_some_and(|list| list.is_valid(now)))
            }
            Self::Responder(strictness) => (strictness, false),
        };
        match strictness {
            Strictness::Mandatory if !valid => Err(Reason::RevocationUnknown),
            Strictness::Mandatory | Strictness::Optional => Ok(()),
        }
    }

    /// The same of a certificate that somebody below the CA issued, of whom there is no list: where
    /// one is demanded, it is missing (assumed).
    pub(super) fn judge_below(&self) -> Result<(), Reason> {
        match self {
            Self::List(Strictness::Mandatory, _) | Self::Responder(Strictness::Mandatory) => {
                Err(Reason::RevocationUnknown)
            }
            Self::Unchecked
            | Self::List(Strictness::Optional, _)
            | Self::Responder(Strictness::Optional) => Ok(()),
        }
    }
}
