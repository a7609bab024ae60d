//! Which certificate names cover which hosts.

use crate::model::Host;

/// Whether a name of a certificate covers a host. A wildcard stands for one label (documented).
pub(super) fn covers(name: &str, host: &Host) -> bool {
    match (name.strip_prefix("*."), host) {
        (None, Host::Exact(host)) => name == host,
        (Some(suffix), Host::Exact(host)) => {
            host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == suffix)
        }
        (Some(suffix), Host::Wildcard(host)) => suffix == host,
        (None, Host::Wildcard(_)) | (_, Host::Any) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_label() {
        let exact = |host: &str| Host::Exact(host.to_owned());
        assert!(covers("a.example", &exact("a.example")));
        assert!(covers("*.example", &exact("a.example")));
        assert!(!covers("*.example", &exact("b.a.example")));
        assert!(!covers("*.example", &exact("example")));
        assert!(covers("*.example", &Host::Wildcard("example".to_owned())));
        assert!(!covers("a.example", &Host::Any));
    }
}
