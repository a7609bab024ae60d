//! Annotations that exist in the vendor's controller and here not yet, by name, so that a message
//! can say so.

/// What a name that is known and not supported does to its Ingress.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Protection, or which requests are taken where: without it the Ingress would not be what its
    /// author asks for, so it is unmet.
    Decisive,
    /// Tuning: the Ingress works without it.
    Harmless,
}

/// Names below `ingress.citrix.com/`, with `-` for `_`, sorted.
pub(super) const VENDOR: &[(&str, Weight)] = &[
    ("analyticsprofile", Weight::Harmless),
    ("auth-crd", Weight::Decisive),
    ("backend-httpprofile", Weight::Harmless),
    ("backend-tcpprofile", Weight::Harmless),
    ("bot-crd", Weight::Decisive),
    ("canary-by-header", Weight::Decisive),
    ("canary-by-header-value", Weight::Decisive),
    ("canary-weight", Weight::Decisive),
    ("csvserver", Weight::Decisive),
    ("default-response-code", Weight::Harmless),
    ("deployment", Weight::Decisive),
    ("external-service", Weight::Decisive),
    ("frontend-httpprofile", Weight::Decisive),
    ("frontend-ipset-name", Weight::Decisive),
    ("frontend-tcpprofile", Weight::Decisive),
    ("insecure-port", Weight::Decisive),
    ("insecure-service-type", Weight::Decisive),
    ("insecure-termination", Weight::Decisive),
    ("ipam-range", Weight::Decisive),
    ("lbvserver", Weight::Harmless),
    ("listener", Weight::Decisive),
    ("monitor", Weight::Harmless),
    ("multicluster-policy-priority-order", Weight::Harmless),
    ("path-match-method", Weight::Decisive),
    ("preconfigured-certkey", Weight::Decisive),
    ("ratelimit-crd", Weight::Decisive),
    ("rewrite-responder", Weight::Decisive),
    ("rewrite-responder-crd", Weight::Decisive),
    ("secure-port", Weight::Decisive),
    ("secure-service-type", Weight::Decisive),
    ("service-weights", Weight::Harmless),
    ("servicegroup", Weight::Harmless),
    ("ssl-passthrough", Weight::Decisive),
    ("update-cloud-dns", Weight::Harmless),
    ("waf-crd", Weight::Decisive),
];

/// Names below `nitro-ingress.dev/`.
pub(super) const OWN: &[(&str, Weight)] = &[("client-certificate-refusal", Weight::Decisive)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_folded() {
        assert!(VENDOR.is_sorted_by_key(|(name, _)| *name));
        assert!(VENDOR.iter().all(|(name, _)| !name.contains('_')));
    }
}
