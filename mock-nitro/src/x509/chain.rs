//! Whether the chain of certificates that a peer shows leads to a CA that is accepted.
//!
//! It is our own check, because people's certificates are of version 1 and name no hosts, which an
//! appliance takes and strict libraries do not.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Certificate, Material, Revocation, Status};

/// A CA that is accepted, and how it is found out what it revoked. It may be an intermediate one:
/// what is above it is not looked at (assumed).
#[derive(Debug, Clone)]
pub(crate) struct Trusted {
    pub(crate) authority: Arc<Material>,
    pub(crate) revocation: Revocation,
    /// Whether clients are told its name when they are asked for a certificate.
    pub(crate) is_announced: bool,
}

/// What the peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Client,
    Server,
}

/// Why a chain is not accepted; where several things are wrong, the last of them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Reason {
    #[error("no certificate was shown")]
    None,
    #[error("more than {LONGEST} certificates were shown")]
    TooMany,
    #[error("it cannot be read as a certificate with an RSA or ECDSA key")]
    Unreadable,
    #[error("no accepted CA has the name of its issuer")]
    UnknownIssuer,
    #[error("a CA of its issuer's name is known, which did not sign it")]
    Namesake,
    #[error("it is signed with an algorithm that cannot be checked")]
    Algorithm,
    #[error("it is signed with its own key")]
    SelfSigned,
    #[error("it issued another one and is no CA")]
    NotCa,
    #[error("its key may not sign certificates")]
    KeyUsage,
    #[error("more CAs are below it than it allows")]
    PathLength,
    #[error("it is not for this side of a connection")]
    Purpose,
    #[error("it has an extension that is not understood")]
    Extension,
    #[error("it is not valid yet")]
    NotYetValid,
    #[error("it has expired")]
    Expired,
    #[error("it cannot be told whether it was revoked")]
    RevocationUnknown,
    #[error("it was revoked")]
    Revoked,
    #[error("it is for another host")]
    Host,
}

/// Why a chain is not accepted, and which of its certificates is to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) reason: Reason,
    /// Empty if there is none that can be read.
    pub(crate) subject: String,
}

impl Rejection {
    pub(crate) fn of(certificate: &Certificate, reason: Reason) -> Self {
        Self { reason, subject: certificate.subject.trim().to_owned() }
    }

    fn without_certificate(reason: Reason) -> Self {
        Self { reason, subject: String::new() }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.subject.as_str() {
            "" => write!(f, "{}", self.reason),
            // Its text is the peer's.
            subject => write!(f, "certificate {subject:?}: {}", self.reason),
        }
    }
}

impl std::error::Error for Rejection {}

/// How many certificates a peer may show (assumed).
const LONGEST: usize = 10;

/// Returns the peer's own certificate if its chain leads to one of the CAs. The peer's own comes
/// first, the others in any order.
pub(crate) fn check<Der: AsRef<[u8]>>(
    shown: &[Der],
    trusted: &[Trusted],
    purpose: Purpose,
    now: Timestamp,
) -> Result<Certificate, Rejection> {
    let Some((first, others)) = shown.split_first() else {
        return Err(Rejection::without_certificate(Reason::None));
    };
    if shown.len() > LONGEST {
        return Err(Rejection::without_certificate(Reason::TooMany));
    }
    let peer = Certificate::parse(first.as_ref())
        .map_err(|_| Rejection::without_certificate(Reason::Unreadable))?;
    fit(&peer, purpose, now).map_err(|reason| Rejection::of(&peer, reason))?;
    // What cannot be read leads nowhere.
    let others: Vec<Certificate> =
        others.iter().filter_map(|der| Certificate::parse(der.as_ref()).ok()).collect();
    let search = Search { trusted, others: &others, purpose, now };
    search.path_from(&peer).map_err(|rejection| blame_itself(&peer, rejection))?;
    Ok(peer)
}

/// Who signed his certificate himself has no issuer, whatever name he wrote there.
fn blame_itself(peer: &Certificate, rejection: Rejection) -> Rejection {
    if rejection.reason < Reason::SelfSigned && peer.carries_signature_of(peer) == Some(true) {
        Rejection::of(peer, Reason::SelfSigned)
    } else {
        rejection
    }
}

/// What holds for each certificate of a path, that of the accepted CA included: its dates (assumed),
/// and its usage, as with OpenSSL (assumed).
fn fit(certificate: &Certificate, purpose: Purpose, now: Timestamp) -> Result<(), Reason> {
    let is_meant = match purpose {
        Purpose::Client => certificate.usage.client,
        Purpose::Server => certificate.usage.server,
    };
    match certificate.status(now) {
        Status::Expired => Err(Reason::Expired),
        Status::NotYetValid => Err(Reason::NotYetValid),
        Status::Valid if certificate.has_unknown_demand => Err(Reason::Extension),
        Status::Valid if !is_meant => Err(Reason::Purpose),
        Status::Valid => Ok(()),
    }
}

/// Whether `issuer` issued the other: it has the name and the key that the other speaks of.
fn prove(certificate: &Certificate, issuer: &Certificate) -> Result<(), Reason> {
    if certificate.canonical_issuer != issuer.canonical_subject {
        return Err(Reason::UnknownIssuer);
    }
    if !certificate.means_key_of(issuer) {
        return Err(Reason::Namesake);
    }
    match certificate.carries_signature_of(issuer) {
        Some(true) => Ok(()),
        Some(false) => Err(Reason::Namesake),
        None => Err(Reason::Algorithm),
    }
}

/// What a path is made of.
struct Search<'a> {
    trusted: &'a [Trusted],
    others: &'a [Certificate],
    purpose: Purpose,
    now: Timestamp,
}

/// A certificate on the way up, and the number of CAs below whoever issued it.
struct Step<'a> {
    certificate: &'a Certificate,
    below: u32,
}

impl<'a> Search<'a> {
    /// Goes up breadth first and visits each certificate once, by its shortest way: namesakes cost
    /// one signature for each pair.
    fn path_from(&self, peer: &'a Certificate) -> Result<(), Rejection> {
        let mut waiting = VecDeque::from([Step { certificate: peer, below: 0 }]);
        let mut visited = BTreeSet::from([peer.digest]);
        let mut worst = Rejection::of(peer, Reason::UnknownIssuer);
        let mut note = |certificate: &Certificate, reason: Reason| {
            if reason > worst.reason {
                worst = Rejection::of(certificate, reason);
            }
        };
        while let Some(step) = waiting.pop_front() {
            if self.is_accepted(&step, peer, &mut note)? {
                return Ok(());
            }
            for issuer in self.others {
                if visited.contains(&issuer.digest) || !self.leads_to(&step, issuer, &mut note) {
                    continue;
                }
                visited.insert(issuer.digest);
                // One that renews itself does not count (RFC 5280, 4.2.1.9).
                let counts = issuer.canonical_subject != issuer.canonical_issuer;
                let below = step.below + u32::from(counts);
                waiting.push_back(Step { certificate: issuer, below });
            }
        }
        Err(worst)
    }

    /// Whether an accepted CA issued this certificate. What it says of revocation is final: no way
    /// leads around it, over another CA or by its certificate in the chain.
    fn is_accepted(
        &self,
        step: &Step<'_>,
        peer: &Certificate,
        note: &mut impl FnMut(&Certificate, Reason),
    ) -> Result<bool, Rejection> {
        let mut is_accepted = false;
        for Trusted { authority, revocation, is_announced: _ } in self.trusted {
            let authority = &authority.certificate;
            if let Err(reason) = prove(step.certificate, authority) {
                note(step.certificate, reason);
                continue;
            }
            revocation
                .judge(step.certificate, self.now)
                .map_err(|reason| Rejection::of(step.certificate, reason))?;
            if step.certificate.digest != peer.digest {
                revocation.judge_below().map_err(|reason| Rejection::of(peer, reason))?;
            }
            match self.may_issue(authority, step.below) {
                Ok(()) => is_accepted = true,
                Err(reason) => note(authority, reason),
            }
        }
        Ok(is_accepted)
    }

    /// Whether the peer's own chain goes on with this one.
    fn leads_to(
        &self,
        step: &Step<'_>,
        issuer: &Certificate,
        note: &mut impl FnMut(&Certificate, Reason),
    ) -> bool {
        // Whatever the peer shows is nothing that is known.
        let Ok(()) = prove(step.certificate, issuer) else { return false };
        self.may_issue(issuer, step.below).map_err(|reason| note(issuer, reason)).is_ok()
    }

    fn may_issue(&self, issuer: &Certificate, below: u32) -> Result<(), Reason> {
        if !issuer.is_ca {
            return Err(Reason::NotCa);
        }
        if !issuer.limits.may_sign {
            return Err(Reason::KeyUsage);
        }
        if issuer.limits.path_length.is_some_and(|most| below > most) {
            return Err(Reason::PathLength);
        }
        fit(issuer, self.purpose, self.now)
    }
}

#[cfg(test)]
mod tests;
