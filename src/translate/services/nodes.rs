//! Nodes as members: each node of the cluster takes the connections to a Service's node port.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Node, Service};
use kube::ResourceExt;

use super::endpoints::{Found, Phase};

/// Kubernetes: nodes with this label, whatever its value, are not for load balancers.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The nodes that may take connections, each with the first internal address of each family.
pub(super) struct Nodes<'a> {
    /// Whether any Node is known, usable or not.
    pub(super) are_known: bool,
    ipv4: BTreeMap<&'a str, IpAddr>,
    ipv6: BTreeMap<&'a str, IpAddr>,
}

impl<'a> Nodes<'a> {
    pub(super) fn of(all: &'a BTreeMap<String, Node>) -> Self {
        let mut nodes =
            Self { are_known: !all.is_empty(), ipv4: BTreeMap::new(), ipv6: BTreeMap::new() };
        for (name, node) in all.iter().filter(|(_, node)| is_ready(node) && !is_excluded(node)) {
            for address in internal_addresses(node) {
                let family = if address.is_ipv6() { &mut nodes.ipv6 } else { &mut nodes.ipv4 };
                family.entry(name.as_str()).or_insert(address);
            }
        }
        nodes
    }

    /// Those that take connections for a Service, by address. With the traffic policy `Local` a node
    /// takes them for its own endpoints only, and is what those are.
    pub(super) fn serving(
        &self,
        service: &Service,
        family: &str,
        endpoints: &[Found<'_>],
    ) -> Vec<(IpAddr, Phase)> {
        let addresses = if family == "IPv6" { &self.ipv6 } else { &self.ipv4 };
        if !is_local(service) {
            return addresses.values().map(|address| (*address, Phase::Ready)).collect();
        }
        let local = endpoints.iter().filter_map(|endpoint| {
            let address = addresses.get(endpoint.node?)?;
            Some((*address, endpoint.phase))
        });
        local.collect()
    }
}

fn is_local(service: &Service) -> bool {
    let policy = service.spec.as_ref().and_then(|spec| spec.external_traffic_policy.as_deref());
    policy == Some("Local")
}

/// A node without status is one of a file that was written by hand.
fn is_ready(node: &Node) -> bool {
    let conditions = node.status.as_ref().and_then(|status| status.conditions.as_deref());
    let ready = conditions.unwrap_or_default().iter().find(|one| one.type_ == "Ready");
    ready.is_none_or(|condition| condition.status == "True")
}

fn is_excluded(node: &Node) -> bool {
    node.labels().contains_key(EXCLUDED)
}

fn internal_addresses(node: &Node) -> impl Iterator<Item = IpAddr> {
    let addresses = node.status.as_ref().and_then(|status| status.addresses.as_deref());
    let internal = addresses.unwrap_or_default().iter().filter(|one| one.type_ == "InternalIP");
    internal.filter_map(|one| one.address.parse().ok())
}
