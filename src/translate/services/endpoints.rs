//! Which endpoints of a Service port serve, and which are on their way out.

use std::collections::BTreeSet;
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointSlice};

/// One endpoint of a Service port.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) node: Option<&'a str>,
    pub(super) phase: Phase,
}

/// How much may be expected of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It serves.
    Ready,
    /// It serves, and is terminating.
    Leaving,
    /// It is terminating and serves no more.
    Left,
    /// It is not ready.
    NotReady,
}

/// The endpoints of a Service port. They belong to it by the port's name; the number is that of the
/// endpoints, not of the Service.
pub(super) fn endpoints<'a>(
    service: &Service,
    port: &ServicePort,
    slices: &[&'a EndpointSlice],
) -> Vec<Found<'a>> {
    let family = first_family(service, slices);
    let slices = slices.iter().filter(|slice| slice.address_type == family);
    slices.flat_map(|slice| of_slice(service, port, slice)).collect()
}

/// Splits whatever stands for endpoints into what serves and what is to be drained. As in
/// Kubernetes, those that are terminating serve as long as no other is ready.
pub(super) fn split<T: Ord + Clone>(
    all: impl IntoIterator<Item = (T, Phase)>,
) -> (BTreeSet<T>, BTreeSet<T>) {
    let (mut ready, mut leaving, mut left) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (one, phase) in all {
        match phase {
            Phase::Ready => drop(ready.insert(one)),
            Phase::Leaving => drop(leaving.insert(one)),
            Phase::Left => drop(left.insert(one)),
            Phase::NotReady => {}
        }
    }
    let serving = if ready.is_empty() { std::mem::take(&mut leaving) } else { ready };
    // Slices may hold an endpoint twice while it moves from one to another.
    let draining = leaving.into_iter().chain(left).filter(|one| !serving.contains(one)).collect();
    (serving, draining)
}

fn of_slice<'a>(service: &Service, port: &ServicePort, slice: &'a EndpointSlice) -> Vec<Found<'a>> {
    let name = port.name.as_deref().unwrap_or_default();
    let ports = slice.ports.as_deref().unwrap_or_default();
    let numbers = ports
        .iter()
        .filter(|port| port.name.as_deref().unwrap_or_default() == name)
        .filter(|port| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP"))
        .filter_map(|port| port.port.and_then(|number| u16::try_from(number).ok()));
    let numbers: BTreeSet<u16> = numbers.collect();
    let found = slice.endpoints.iter().filter_map(|endpoint| {
        // All addresses of an endpoint are the same, so clients take the first (documented).
        let address: IpAddr = endpoint.addresses.first()?.parse().ok()?;
        Some((address, endpoint.node_name.as_deref(), phase(service, endpoint)))
    });
    found
        .flat_map(|(address, node, phase)| {
            numbers.iter().map(move |port| Found { address, port: *port, node, phase })
        })
        .collect()
}

/// Kubernetes: a `ready` that is not known counts as yes, a `serving` as `ready`, a `terminating` as
/// no. A Service that publishes addresses which are not ready takes them all.
fn phase(service: &Service, endpoint: &Endpoint) -> Phase {
    let none = EndpointConditions::default();
    let conditions = endpoint.conditions.as_ref().unwrap_or(&none);
    let spec = service.spec.as_ref();
    let publishes = spec.and_then(|spec| spec.publish_not_ready_addresses).unwrap_or(false);
    let ready = conditions.ready.unwrap_or(true);
    let serving = conditions.serving.unwrap_or(ready);
    match (conditions.terminating.unwrap_or(false), ready || publishes, serving || publishes) {
        (false, true, _) => Phase::Ready,
        (false, false, _) => Phase::NotReady,
        (true, _, true) => Phase::Leaving,
        (true, _, false) => Phase::Left,
    }
}

/// The address type of the first family of a Service; of an object that does not say, that of its
/// endpoints, IPv4 first.
pub(super) fn first_family(service: &Service, slices: &[&EndpointSlice]) -> String {
    let families = service.spec.as_ref().and_then(|spec| spec.ip_families.as_ref());
    if let Some(first) = families.and_then(|families| families.first()) {
        return first.clone();
    }
    let ipv6_only = !slices.is_empty() && slices.iter().all(|slice| slice.address_type == "IPv6");
    if ipv6_only { "IPv6" } else { "IPv4" }.to_owned()
}
