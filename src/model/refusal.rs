//! Turning clients away by responder policies, where the handshake lets them through.

use std::collections::BTreeSet;

/// What is wrong with the certificate of a client, each turned away by a policy of its own.
///
/// With `clientcert` Optional the appliance lets in clients without a certificate and such with an
/// invalid one (documented). `EXISTS` is true for any certificate, so both are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CertificateFault {
    /// There is none.
    Missing,
    /// There is one that does not hold.
    Invalid,
}

/// A responder policy that is bound to a csvserver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundResponder {
    /// Where it stands.
    pub priority: Option<i64>,
    /// For which requests, if it is ours.
    pub rule: Option<String>,
    /// Whether it ends the request there.
    pub answers: bool,
}

impl CertificateFault {
    /// All that must be turned away.
    pub const ALL: [Self; 2] = [Self::Missing, Self::Invalid];

    /// The rule of the policy.
    ///
    /// `IS_VALID` is taken for what the handshake would have found: chain, dates and signature
    /// (assumed: the vendor's definition was not found). It is taken to be defined whenever there is
    /// a certificate (assumed: where a rule is undefined, a request passes).
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Missing => "CLIENT.SSL.CLIENT_CERT.EXISTS.NOT",
            Self::Invalid => "CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT",
        }
    }

    /// The priority that the policy is bound with. Nothing can come before the two or between them,
    /// and end the request or let it pass.
    pub const fn priority(self) -> i64 {
        match self {
            Self::Missing => 1,
            Self::Invalid => 2,
        }
    }

    /// Which clients the policies of a csvserver turn away, as far as nothing comes before.
    pub fn turned_away(bound: impl IntoIterator<Item = BoundResponder>) -> BTreeSet<Self> {
        let mut bound: Vec<BoundResponder> = bound.into_iter().collect();
        bound.sort_by_key(|one| one.priority.unwrap_or(i64::MAX));
        let refused = bound.iter().map_while(|one| {
            let rule = one.rule.as_deref().filter(|_| one.answers)?;
            Self::ALL.into_iter().find(|fault| fault.rule() == rule)
        });
        refused.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(priority: i64, rule: &str, answers: bool) -> BoundResponder {
        BoundResponder { priority: Some(priority), rule: Some(rule.to_owned()), answers }
    }

    #[test]
    fn what_comes_before_may_let_anybody_pass() {
        let [missing, invalid] = CertificateFault::ALL;
        let ours =
            || CertificateFault::ALL.map(|fault| bound(fault.priority(), fault.rule(), true));
        let of = |others: &[BoundResponder]| {
            CertificateFault::turned_away(ours().into_iter().chain(others.to_vec()))
        };
        assert_eq!(of(&[]), [missing, invalid].into());
        assert_eq!(of(&[bound(3, "TRUE", false)]), [missing, invalid].into());
        assert_eq!(of(&[bound(0, "TRUE", false)]), [].into());
        let foreign = BoundResponder { priority: Some(0), rule: None, answers: true };
        assert_eq!(of(&[foreign]), [].into());
    }

    #[test]
    fn one_that_does_nothing_turns_nobody_away() {
        let [missing, invalid] = CertificateFault::ALL;
        let policies = [bound(1, missing.rule(), true), bound(2, invalid.rule(), false)];
        assert_eq!(CertificateFault::turned_away(policies), [missing].into());
        assert_eq!(CertificateFault::turned_away([]), [].into());
    }
}
