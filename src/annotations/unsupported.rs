//! Annotations that are known and not honoured, with what to do instead.

use super::Weight;

/// An annotation of the vendor's controller that is not honoured. All of them are in
/// [`UNSUPPORTED`].
#[derive(Debug, Clone, Copy)]
pub struct Unsupported {
    /// The whole key. `_` may stand for `-`, and case means nothing.
    pub key: &'static str,
    /// What an Ingress is without it.
    pub weight: Weight,
    /// What to do instead.
    pub advice: &'static str,
}

const CANARY: &str = "remove it, or split the traffic between Services before the Ingress";
const DNS: &str = "remove it, and let a DNS controller follow the Ingress";
const DSR: &str = "remove it: answers always pass the appliance";
const EXTERNAL: &str = "remove it, and route to a Service with endpoints in the cluster";
const IPAM: &str = "give the address itself: ingress.citrix.com/frontend-ip";
const IPSET: &str = "give one address, ingress.citrix.com/frontend-ip, and further ones an Ingress \
                     each";
const LISTENER: &str = "give the front end itself: ingress.citrix.com/frontend-ip, secure-port, \
                        frontend-sslprofile";
const METRICS: &str = "remove it: analytics profiles are set on the appliance";
const MULTICLUSTER: &str = "remove it: priorities follow from hosts and paths";
const POLICIES: &str = "remove it, or leave this Ingress to another controller: custom resources \
                        with policies are not read";
const REDIRECT: &str = "write ingress.citrix.com/insecure-termination: redirect";

/// All of them, sorted by key.
pub static UNSUPPORTED: &[Unsupported] = &[
    harmless("ingress.citrix.com/analyticsprofile", METRICS),
    decisive("ingress.citrix.com/auth-crd", POLICIES),
    decisive("ingress.citrix.com/bot-crd", POLICIES),
    decisive("ingress.citrix.com/canary-by-header", CANARY),
    decisive("ingress.citrix.com/canary-by-header-value", CANARY),
    decisive("ingress.citrix.com/canary-weight", CANARY),
    decisive("ingress.citrix.com/deployment", DSR),
    decisive("ingress.citrix.com/external-service", EXTERNAL),
    decisive("ingress.citrix.com/frontend-ipset-name", IPSET),
    decisive("ingress.citrix.com/ipam-range", IPAM),
    decisive("ingress.citrix.com/listener", LISTENER),
    harmless("ingress.citrix.com/multicluster-policy-priority-order", MULTICLUSTER),
    decisive("ingress.citrix.com/ratelimit-crd", POLICIES),
    decisive("ingress.citrix.com/rewrite-responder", POLICIES),
    decisive("ingress.citrix.com/rewrite-responder-crd", POLICIES),
    harmless("ingress.citrix.com/service-weights", CANARY),
    harmless("ingress.citrix.com/ssl-redirect", REDIRECT),
    harmless("ingress.citrix.com/update-cloud-dns", DNS),
    decisive("ingress.citrix.com/waf-crd", POLICIES),
];

/// How the annotations of Services and of routes of another kind start, and what they are of.
pub(super) const ELSEWHERE: [(&str, &str); 2] = [
    ("route.citrix.com/", "OpenShift Routes"),
    ("service.citrix.com/", "Services of type LoadBalancer"),
];

const fn decisive(key: &'static str, advice: &'static str) -> Unsupported {
    Unsupported { key, weight: Weight::Decisive, advice }
}

const fn harmless(key: &'static str, advice: &'static str) -> Unsupported {
    Unsupported { key, weight: Weight::Harmless, advice }
}

#[cfg(test)]
mod tests {
    use super::super::key;
    use super::*;

    #[test]
    fn keys_are_sorted_and_folded_and_not_honoured() {
        assert!(UNSUPPORTED.is_sorted_by_key(|one| one.key));
        for Unsupported { key, advice, .. } in UNSUPPORTED {
            assert_eq!(key::fold(key), *key);
            assert!(!advice.is_empty());
            assert!(super::super::ANNOTATIONS.iter().all(|honoured| honoured.key != *key), "{key}");
        }
    }
}
