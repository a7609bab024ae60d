//! The names that objects get on the appliance.

use std::net::{IpAddr, Ipv4Addr};

use sha2::{Digest, Sha256};

use crate::model::{
    FrontEndId, Host, IngressId, Mark, Name, ObjectKey, PathMatch, RouteMatch, base32,
};

/// The longest name that every kind accepts (documented for most kinds).
const LONGEST: usize = 127;

/// The names of the lbvserver and the service group of one back end, as the vendor's controller
/// writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BackEndNames {
    pub(super) lbvserver: Name,
    pub(super) servicegroup: Name,
}

impl BackEndNames {
    /// The names of a back end of an Ingress. `identity` is what makes it differ from others of the
    /// same Service port; a back end in plain text has none.
    pub(super) fn of(
        prefix: &str,
        ingress: &ObjectKey,
        (service, port): (&str, &str),
        identity: Option<&str>,
    ) -> Self {
        let hash = vendor_hash(prefix, ingress);
        let suffix = identity.map(|identity| format!("_{identity}")).unwrap_or_default();
        let name = |kind: &str| {
            shortened(&format!("{prefix}-{service}_{port}"), &format!("_{kind}_{hash}{suffix}"))
                .into()
        };
        Self { lbvserver: name("lbv"), servicegroup: name("sgp") }
    }
}

/// The hash in the vendor's names, with the port that it writes for TLS whatever the front end.
/// Not documented; it reproduces every published name.
fn vendor_hash(prefix: &str, ingress: &ObjectKey) -> String {
    let ObjectKey { namespace, name } = ingress;
    base32(&Sha256::digest(format!("{prefix}-{name}_443_{namespace}")), 32)
}

/// A name that would be too long keeps its start and its end, and gets a digest between them.
fn shortened(start: &str, end: &str) -> String {
    if start.len() + end.len() <= LONGEST {
        return format!("{start}{end}");
    }
    let digest = base32(&Sha256::digest(start), 8);
    let kept = LONGEST - end.len() - digest.len() - 1;
    let kept: String = start.chars().take(kept).collect();
    format!("{kept}-{digest}{end}")
}

/// The name of a route's cspolicy and csaction.
pub(super) fn route(
    mark: &Mark,
    id: &IngressId,
    front_end: FrontEndId,
    matches: &RouteMatch,
) -> String {
    let host = match &matches.host {
        Host::Exact(name) => format!("={name}"),
        Host::Wildcard(suffix) => format!("*{suffix}"),
        Host::Any => String::new(),
    };
    let path = match &matches.path {
        PathMatch::Exact(path) => format!("={path}"),
        PathMatch::Prefix(path) => format!("^{path}"),
        PathMatch::Default => "*".to_owned(),
        PathMatch::Nothing => String::new(),
    };
    mark.ingress_name(id, &digest(&[&front_end.to_string(), &host, &path], 16))
}

/// A base32 digest of texts, in which no text can pass for a part of another.
pub(super) fn digest(parts: &[&str], length: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    base32(&hash.finalize(), length)
}

/// The address of the member that is always up. RFC 5737 keeps it out of every network.
pub(super) const ANSWERING_ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// What an lbvserver of ours answers by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Answer {
    /// 404, as to what matches nothing.
    NotFound,
    /// 503, the same on a front end that asks for it.
    Unavailable,
    /// A redirect to the same in TLS, on this port.
    Secure(u16),
}

/// The name of the objects behind an answer.
pub(super) fn answer(mark: &Mark, answer: Answer) -> String {
    match answer {
        Answer::NotFound => mark.shared_name("404"),
        Answer::Unavailable => mark.shared_name("503"),
        Answer::Secure(port) => mark.shared_name(&format!("https-{port}")),
    }
}

/// The name that what stands behind every answer shares: a server and a service group.
pub(super) fn answering(mark: &Mark) -> String {
    answer(mark, Answer::NotFound)
}

/// The name of our server object for an address. An address can have one server only, so the one
/// behind "404" serves members of that address as well.
pub(super) fn server(mark: &Mark, address: IpAddr) -> String {
    if address == ANSWERING_ADDRESS {
        answering(mark)
    } else {
        mark.shared_name(&address.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ClusterId, Protocol};

    #[test]
    fn the_hash_is_that_of_the_published_names() {
        let published = [
            ("k8s", "default", "web-ingress", "267pneiak5rw6hoygvrqrzpm4k6thz2p"),
            ("wld06", "malmo-monitoring", "prometheus-ingress", "3cpdck7fnzl4aguspr6g6tpk6vnwgnis"),
        ];
        for (prefix, namespace, name, hash) in published {
            assert_eq!(vendor_hash(prefix, &ObjectKey::new(namespace, name)), hash);
        }
        let hash = vendor_hash("autoiceub9js", &ObjectKey::new("cert-test", "cert-test"));
        assert!(hash.starts_with("da62s5lrkn3uuboq65r4trnlwrc"), "{hash}");
    }

    #[test]
    fn a_back_end_is_named_as_the_vendor_does() {
        let ingress = ObjectKey::new("default", "web-ingress");
        let names = BackEndNames::of("k8s", &ingress, ("apache", "443"), None);
        assert_eq!(names.lbvserver, "k8s-apache_443_lbv_267pneiak5rw6hoygvrqrzpm4k6thz2p");
        assert_eq!(names.servicegroup, "k8s-apache_443_sgp_267pneiak5rw6hoygvrqrzpm4k6thz2p");
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let ingress = ObjectKey::new("default", "web");
        let name = |last: &str| {
            let service = format!("{}{last}", "s".repeat(62));
            let port = (service.as_str(), "a-port-with-name");
            BackEndNames::of("prefix12", &ingress, port, Some("abcdefgh")).servicegroup
        };
        assert_eq!(name("a").len(), LONGEST);
        assert_ne!(name("a"), name("b"));
    }

    #[test]
    fn routes_that_differ_in_anything_have_different_names() {
        let mark = Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() };
        let id = IngressId::of(&ObjectKey::new("default", "web"));
        let front_end = |port| FrontEndId { vip: ANSWERING_ADDRESS, port, protocol: Protocol::Ssl };
        let name_of = |port, host, path| {
            route(&mark, &id, front_end(port), &RouteMatch { host: Host::of_rule(host), path })
        };
        let all = [
            name_of(443, Some("a"), PathMatch::prefix("/")),
            name_of(444, Some("a"), PathMatch::prefix("/")),
            name_of(443, Some("*.a"), PathMatch::prefix("/")),
            name_of(443, None, PathMatch::prefix("/")),
            name_of(443, Some("a"), PathMatch::Exact("/".to_owned())),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
