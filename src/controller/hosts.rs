//! The wrong-box guard: which hardware was seen behind which address.
//!
//! An appliance that was exchanged looks like one that lost everything. Until somebody confirms
//! that it is meant, nothing is written to it.
//!
//! That `hostid` of `nshardware` stays with a box, and differs between the nodes of a pair, is
//! assumed.

use std::collections::{BTreeMap, BTreeSet};

/// The numbers of the hardware that was seen behind each address, and is what was meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Hosts(BTreeMap<String, BTreeSet<String>>);

/// The annotation of the lease in which the numbers of the hardware are kept, where there is no
/// `NetScaler` object to keep them.
pub(super) const KEPT: &str = "nitro-ingress.dev/hosts";

/// What is said of hardware that is not what is meant by its address.
pub(super) fn stranger(url: &str, host: &str) -> String {
    let approval = Hosts::approval(host);
    format!(
        "another appliance answers at {url}, with host id {host}; nothing is written to it until \
         somebody runs nitro-ingress approve {approval}"
    )
}

/// Stands for the peer of hardware that is known, until it is seen.
const EXPECTED: &str = "?";

/// What is said of an appliance that no longer says which hardware it is.
pub(super) fn nameless(url: &str) -> String {
    format!(
        "the appliance at {url} no longer tells its host id, so that nobody knows whether it is the \
         one that is meant; nothing is written to it: let the controller's user read nshardware"
    )
}

impl Hosts {
    /// Those that are kept on the lease.
    pub(super) fn of_lease(annotations: &BTreeMap<String, String>) -> Self {
        let kept = annotations.get(KEPT).map(String::as_str).unwrap_or_default();
        Self::parse(kept.split(','))
    }

    /// Reads a list as it is written: an address and a number each.
    pub(super) fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hosts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (url, host) in entries.into_iter().filter_map(|entry| entry.rsplit_once(' ')) {
            hosts.entry(url.to_owned()).or_default().insert(host.to_owned());
        }
        Self(hosts)
    }

    /// The list that [`Hosts::parse`] reads.
    pub(super) fn entries(&self) -> Vec<String> {
        let entry = |(url, hosts): (&String, &BTreeSet<String>)| {
            hosts.iter().map(|host| format!("{url} {host}")).collect::<Vec<_>>()
        };
        self.0.iter().flat_map(entry).collect()
    }

    /// Whether this hardware is what is meant by the address. What is seen first is. If it has a
    /// peer, another is expected behind the same address, and is the one that comes first.
    pub(super) fn knows(&mut self, url: &str, host: &str, nodes: usize) -> bool {
        let seen = self.0.entry(url.to_owned()).or_default();
        if seen.is_empty() || (!seen.contains(host) && seen.remove(EXPECTED)) {
            seen.insert(host.to_owned());
        }
        let is_known = seen.contains(host);
        if is_known && nodes > 1 && seen.len() == 1 {
            seen.insert(EXPECTED.to_owned());
        }
        is_known
    }

    /// Whether some hardware is known behind the address.
    pub(super) fn knows_any(&self, url: &str) -> bool {
        self.0.get(url).is_some_and(|seen| !seen.is_empty())
    }

    /// Takes this hardware for what is meant from now on, and no other.
    pub(super) fn confirm(&mut self, url: &str, host: &str) {
        self.0.insert(url.to_owned(), [host.to_owned()].into());
    }

    /// What an approval must name, read from what is said of the hardware.
    pub(super) fn approved_by(said: &str) -> Option<String> {
        said.split_whitespace().find(|word| word.starts_with("host-")).map(str::to_owned)
    }

    /// What an approval of this hardware must name.
    pub(super) fn approval(host: &str) -> String {
        format!("host-{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://192.0.2.2";

    #[test]
    fn another_box_behind_the_same_address_is_not_known_until_it_is_confirmed() {
        let mut hosts = Hosts::default();
        assert!(hosts.knows(URL, "1", 1) && hosts.knows(URL, "1", 1));
        assert!(!hosts.knows(URL, "2", 1));
        assert!(hosts.knows("https://192.0.2.3", "2", 1), "the other node of a pair");
        hosts.confirm(URL, "2");
        assert!(hosts.knows(URL, "2", 1) && !hosts.knows(URL, "1", 1));
    }

    #[test]
    fn an_address_that_follows_the_primary_has_both_nodes() {
        let mut hosts = Hosts::default();
        assert!(hosts.knows(URL, "1", 2) && hosts.knows(URL, "2", 2));
        assert!(!hosts.knows(URL, "3", 2));
        let mut alone = Hosts::default();
        assert!(alone.knows(URL, "1", 1));
        assert!(!alone.knows(URL, "2", 2), "a stranger that has a peer is a stranger");
        let entries = hosts.entries();
        assert_eq!(entries, ["https://192.0.2.2 1", "https://192.0.2.2 2"]);
        assert_eq!(Hosts::parse(entries.iter().map(String::as_str)), hosts);
    }
}
