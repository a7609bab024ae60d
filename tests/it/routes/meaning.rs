//! What the rules of Ingresses mean, by the documentation of Kubernetes and nothing of ours.
//!
//! A host is compared without regard to case and without its port; a wildcard is one label. Paths
//! are compared with regard to case, prefixes by elements. The most specific host counts, then an
//! exact path, then the longest prefix, then a default back end; of equal routes that of the oldest
//! Ingress.

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// There is no front end.
    NobodyListens,
    /// Nobody takes it.
    NotFound,
    /// It is sent to this address.
    Redirect(String),
    /// To a Service, by a route of an Ingress.
    Service(String, String),
}

/// Everything that one front end routes, the oldest first.
#[derive(Debug, Clone, Default)]
pub(super) struct Meaning {
    /// Whether somebody listens.
    pub(super) is_there: bool,
    pub(super) routes: Vec<Route>,
}

/// A host, a path and where they lead.
#[derive(Debug, Clone)]
pub(super) struct Route {
    /// Empty for any.
    pub(super) host: &'static str,
    pub(super) path: Path,
    /// The Ingress and the Service; nothing where requests are sent to TLS.
    pub(super) to: Option<(&'static str, &'static str)>,
}

/// Which paths a route takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Path {
    Exact(&'static str),
    Prefix(&'static str),
    /// Those that nobody takes.
    Rest,
}

impl Meaning {
    /// Where a request goes.
    pub(super) fn of(&self, host: &str, url: &str) -> Target {
        if !self.is_there {
            return Target::NobodyListens;
        }
        let name = host.split(':').next().unwrap();
        let path = url.split('?').next().unwrap();
        let mut best: Option<((usize, usize), &Route)> = None;
        for route in &self.routes {
            let ranks = host_rank(route.host, &name.to_lowercase())
                .zip(route.path.rank(path))
                .filter(|ranks| best.is_none_or(|(others, _)| *ranks > others));
            best = ranks.map(|ranks| (ranks, route)).or(best);
        }
        match best.map(|(_, route)| route.to) {
            None => Target::NotFound,
            Some(None) => Target::Redirect(format!("https://{name}{url}")),
            Some(Some((ingress, service))) => Target::Service(ingress.into(), service.into()),
        }
    }
}

/// How specific a host of a rule is, if it takes this one.
fn host_rank(rule: &str, host: &str) -> Option<usize> {
    if rule.is_empty() {
        return Some(0);
    }
    let Some(parent) = rule.strip_prefix("*.") else { return (rule == host).then_some(2) };
    let (label, rest) = host.split_once('.')?;
    (!label.is_empty() && rest == parent).then_some(1)
}

impl Path {
    fn rank(self, path: &str) -> Option<usize> {
        let elements = |path: &'static str| path.split('/').filter(|one| !one.is_empty());
        match self {
            Self::Exact(exact) => (exact == path).then_some(usize::MAX),
            Self::Prefix(prefix) => {
                let mut given = path.strip_prefix('/')?.split('/');
                let is_below = elements(prefix).all(|one| given.next() == Some(one));
                is_below.then(|| elements(prefix).map(|one| one.len() + 1).sum::<usize>() + 1)
            }
            Self::Rest => Some(0),
        }
    }
}
