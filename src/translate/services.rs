//! Services: their ports, and who serves behind those.

mod endpoints;
mod nodes;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::ServiceBackendPort;
use kube::ResourceExt;

use crate::model::ObjectKey;
use crate::policy::MemberSource;
use crate::schema;
use crate::snapshot::{Snapshot, Sourced};
use nodes::Nodes;

/// Who serves a Service port: endpoints, or nodes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Members {
    /// Those that take new clients.
    pub(super) serving: BTreeSet<(IpAddr, u16)>,
    /// Those that are terminating, while others serve.
    pub(super) draining: BTreeSet<(IpAddr, u16)>,
}

/// The Services of a snapshot, with the endpoints of each at hand.
pub(super) struct Services<'a> {
    source: MemberSource,
    by_key: &'a BTreeMap<ObjectKey, Sourced<Service>>,
    nodes: Nodes<'a>,
    slices: BTreeMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>,
}

/// Why a Service port cannot be routed to. The text makes sense after "because ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unroutable {
    #[error("Service \"{0}\" does not exist")]
    NoService(ObjectKey),
    #[error("Service \"{service}\" has no port {port}; it has {present}")]
    NoPort { service: ObjectKey, port: String, present: String, nearest: Option<String> },
    #[error("port {port} of Service \"{service}\" is for {protocol}, not for TCP")]
    NotTcp { service: ObjectKey, port: String, protocol: String },
    #[error("Service \"{0}\" is of type ExternalName: it names a host, and has no endpoints")]
    ExternalName(ObjectKey),
    #[error("members are node ports, and Service \"{service}\" of type {of_type} has none")]
    NoNodePort { service: ObjectKey, of_type: String },
    #[error("members are node ports, and port {port} of Service \"{service}\" has none yet")]
    NodePortUnknown { service: ObjectKey, port: String },
    #[error("members are node ports, and no Node is known")]
    NoNodes,
}

/// A port of a Service as an Ingress names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PortReference {
    Number(i32),
    Name(String),
}

impl<'a> Services<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, source: MemberSource) -> Self {
        let mut slices: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (key, slice) in &snapshot.endpoint_slices {
            if let Some(service) = slice.labels().get("kubernetes.io/service-name") {
                slices
                    .entry((key.namespace.as_str(), service.as_str()))
                    .or_default()
                    .push(slice.as_ref());
            }
        }
        Self { source, by_key: &snapshot.services, nodes: Nodes::of(&snapshot.nodes), slices }
    }

    /// Who serves a port of a Service.
    pub(super) fn members(
        &self,
        service: &ObjectKey,
        port: &PortReference,
    ) -> Result<Members, Unroutable> {
        let found = self.by_key.get(service);
        let object = &found.ok_or_else(|| Unroutable::NoService(service.clone()))?.object;
        if is_external(object) {
            return Err(Unroutable::ExternalName(service.clone()));
        }
        let port = port.find(service, object)?;
        let key = (service.namespace.as_str(), service.name.as_str());
        let slices = self.slices.get(&key).map(Vec::as_slice).unwrap_or_default();
        let found = endpoints::endpoints(object, port, slices);
        let (serving, draining) = match self.source {
            MemberSource::Endpoints => {
                endpoints::split(found.iter().map(|one| ((one.address, one.port), one.phase)))
            }
            MemberSource::NodePort => {
                let node_port = node_port(service, object, port)?;
                if !self.nodes.are_known {
                    return Err(Unroutable::NoNodes);
                }
                let family = endpoints::first_family(object, slices);
                let nodes = self.nodes.serving(object, &family, &found).into_iter();
                endpoints::split(nodes.map(|(address, phase)| ((address, node_port), phase)))
            }
        };
        Ok(Members { serving, draining })
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
        let is_meant = |port: &&ServicePort| match self {
            Self::Number(number) => port.port == *number,
            Self::Name(name) => port.name.as_ref() == Some(name),
        };
        let mut meant = ports.iter().filter(is_meant);
        if let Some(found) = meant.clone().find(|port| is_tcp(port)) {
            return Ok(found);
        }
        let (service, port) = (key.clone(), format!("{:?}", self.to_string()));
        if let Some(protocol) = meant.next().and_then(|other| other.protocol.clone()) {
            return Err(Unroutable::NotTcp { service, port, protocol });
        }
        let names = ports.iter().filter_map(|port| port.name.as_deref());
        let nearest = schema::nearest(&self.to_string(), names).map(str::to_owned);
        Err(Unroutable::NoPort { service, port, present: list(ports), nearest })
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

/// The port on which the nodes take connections for a Service port. The cluster gives it one.
fn node_port(key: &ObjectKey, service: &Service, port: &ServicePort) -> Result<u16, Unroutable> {
    let of_type = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
    let of_type = of_type.unwrap_or("ClusterIP");
    if of_type == "ClusterIP" {
        return Err(Unroutable::NoNodePort { service: key.clone(), of_type: of_type.to_owned() });
    }
    let number = port.node_port.and_then(|number| u16::try_from(number).ok());
    number.filter(|number| *number > 0).ok_or_else(|| Unroutable::NodePortUnknown {
        service: key.clone(),
        port: port.port.to_string(),
    })
}

fn is_tcp(port: &ServicePort) -> bool {
    port.protocol.as_deref().is_none_or(|protocol| protocol == "TCP")
}

fn list(ports: &[ServicePort]) -> String {
    if ports.is_empty() {
        return "none".to_owned();
    }
    let all = ports.iter().map(|port| {
        let protocol = port.protocol.as_deref().filter(|_| !is_tcp(port));
        match [port.name.as_deref(), protocol].into_iter().flatten().collect::<Vec<_>>()[..] {
            [] => port.port.to_string(),
            ref details => format!("{} ({})", port.port, details.join(", ")),
        }
    });
    all.collect::<Vec<_>>().join(", ")
}
