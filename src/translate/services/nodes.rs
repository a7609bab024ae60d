//! Nodes as members: each node of the cluster takes the connections to a Service's node port.

use std::collections::BTreeMap;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Node, Service};
use kube::ResourceExt;

use super::endpoints::{Found, Phase};

/// Kubernetes: nodes with this label, whatever its value, are not for load balancers.
const EXCLUDED: &str = "node.kubernetes.io/exclude-from-external-load-balancers";

/// The nodes that take connections for a Service, by address. With the traffic policy `Local` a
/// node takes them for its own endpoints only, and is what those are.
pub(super) fn nodes(
    all: &BTreeMap<String, Node>,
    service: &Service,
    family: &str,
    endpoints: &[Found<'_>],
) -> Vec<(IpAddr, Phase)> {
    let usable = all.iter().filter(|(_, node)| is_ready(node) && !is_excluded(node));
    let addresses = usable.filter_map(|(name, node)| Some((name, address(node, family)?)));
    if !is_local(service) {
        return addresses.map(|(_, address)| (address, Phase::Ready)).collect();
    }
    let addresses: BTreeMap<&str, IpAddr> =
        addresses.map(|(name, address)| (name.as_str(), address)).collect();
    let local = endpoints.iter().filter_map(|endpoint| {
        let address = addresses.get(endpoint.node?)?;
        Some((*address, endpoint.phase))
    });
    local.collect()
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

fn address(node: &Node, family: &str) -> Option<IpAddr> {
    let addresses = node.status.as_ref().and_then(|status| status.addresses.as_deref());
    let internal = addresses.unwrap_or_default().iter().filter(|one| one.type_ == "InternalIP");
    let mut parsed = internal.filter_map(|one| one.address.parse::<IpAddr>().ok());
    parsed.find(|address| address.is_ipv6() == (family == "IPv6"))
}
