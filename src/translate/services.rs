//! Services: their ports, and the endpoints behind those.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::ServiceBackendPort;
use kube::ResourceExt;

use crate::model::ObjectKey;
use crate::schema;
use crate::snapshot::Snapshot;

/// The ready endpoints of a Service port.
pub(super) type Members = Rc<BTreeSet<(IpAddr, u16)>>;

/// The Services of a snapshot, with the endpoints of each at hand.
pub(super) struct Services<'a> {
    services: &'a BTreeMap<ObjectKey, Service>,
    slices: BTreeMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>,
}

/// Why a Service port cannot be routed to. The text makes sense after "because ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unroutable {
    #[error("Service \"{0}\" does not exist")]
    NoService(ObjectKey),
    #[error("Service \"{service}\" has no port {port}; it has {present}")]
    NoPort { service: ObjectKey, port: String, present: String, nearest: Option<String> },
    #[error("Service \"{0}\" is of type ExternalName, which is not supported yet")]
    ExternalName(ObjectKey),
}

/// A port of a Service as an Ingress names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PortReference {
    Number(i32),
    Name(String),
}

impl<'a> Services<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let mut slices: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, slice) in &snapshot.endpoint_slices {
            if let Some(service) = slice.labels().get("kubernetes.io/service-name") {
                slices.entry((key.namespace.as_str(), service.as_str())).or_default().push(slice);
            }
        }
        Self { services: &snapshot.services, slices }
    }

    /// The ready endpoints behind a port of a Service.
    pub(super) fn members(
        &self,
        service: &ObjectKey,
        port: &PortReference,
    ) -> Result<Members, Unroutable> {
        let found = self.services.get(service);
        let object = found.ok_or_else(|| Unroutable::NoService(service.clone()))?;
        if is_external(object) {
            return Err(Unroutable::ExternalName(service.clone()));
        }
        let port = port.find(service, object)?;
        let key = (service.namespace.as_str(), service.name.as_str());
        let slices = self.slices.get(&key).map(Vec::as_slice).unwrap_or_default();
        let family = first_family(object, slices);
        let slices = slices.iter().filter(|slice| slice.address_type == family);
        Ok(Rc::new(slices.flat_map(|slice| endpoints(slice, port)).collect()))
    }
}

impl PortReference {
    pub(super) fn of(port: &ServiceBackendPort) -> Option<Self> {
        match (port.number, &port.name) {
            (_, Some(name)) if !name.is_empty() => Some(Self::Name(name.clone())),
            (Some(number), _) => Some(Self::Number(number)),
            (None, _) => None,
        }
    }

    /// Reads a port as a comment or a name on the appliance holds it: names are never numbers.
    pub(super) fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Number)
    }

    fn find<'s>(
        &self,
        key: &ObjectKey,
        service: &'s Service,
    ) -> Result<&'s ServicePort, Unroutable> {
        let ports = service.spec.as_ref().and_then(|spec| spec.ports.as_deref());
        let ports = ports.unwrap_or_default();
        let found = ports.iter().filter(|port| is_tcp(port)).find(|port| match self {
            Self::Number(number) => port.port == *number,
            Self::Name(name) => port.name.as_ref() == Some(name),
        });
        found.ok_or_else(|| {
            let names = ports.iter().filter_map(|port| port.name.as_deref());
            let nearest = schema::nearest(&self.to_string(), names).map(str::to_owned);
            let (service, port) = (key.clone(), format!("{:?}", self.to_string()));
            Unroutable::NoPort { service, port, present: list(ports), nearest }
        })
    }
}

impl std::fmt::Display for PortReference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

fn is_external(service: &Service) -> bool {
    let of_type = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
    of_type == Some("ExternalName")
}

fn is_tcp(port: &ServicePort) -> bool {
    port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")
}

fn list(ports: &[ServicePort]) -> String {
    if ports.is_empty() {
        return "none".to_owned();
    }
    let all = ports.iter().map(|port| match &port.name {
        Some(name) => format!("{} ({name})", port.port),
        None => port.port.to_string(),
    });
    all.collect::<Vec<_>>().join(", ")
}

/// The address type of the first family of a Service; of an object that does not say, that of its
/// endpoints, IPv4 first.
fn first_family(service: &Service, slices: &[&EndpointSlice]) -> String {
    let families = service.spec.as_ref().and_then(|spec| spec.ip_families.as_ref());
    if let Some(first) = families.and_then(|families| families.first()) {
        return first.clone();
    }
    let ipv6_only = !slices.is_empty() && slices.iter().all(|slice| slice.address_type == "IPv6");
    if ipv6_only { "IPv6" } else { "IPv4" }.to_owned()
}

/// The ready endpoints of one slice that belong to a Service port. They belong by the port's name;
/// the number is that of the endpoints, not of the Service.
fn endpoints(slice: &EndpointSlice, port: &ServicePort) -> Vec<(IpAddr, u16)> {
    let name = port.name.as_deref().unwrap_or_default();
    let ports = slice.ports.as_deref().unwrap_or_default();
    let numbers = ports
        .iter()
        .filter(|port| port.name.as_deref().unwrap_or_default() == name)
        .filter(|port| port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP"))
        .filter_map(|port| port.port.and_then(|number| u16::try_from(number).ok()));
    let numbers: Vec<u16> = numbers.collect();
    let ready = slice.endpoints.iter().filter(|endpoint| {
        // Kubernetes: a condition that is not known counts as ready.
        endpoint.conditions.as_ref().and_then(|c| c.ready).unwrap_or(true)
    });
    let addresses = ready.filter_map(|endpoint| endpoint.addresses.first()?.parse().ok());
    addresses
        .flat_map(|address: IpAddr| numbers.iter().map(move |number| (address, *number)))
        .collect()
}
