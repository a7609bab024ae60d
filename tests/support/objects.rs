//! Kubernetes objects for tests, from builders that read aloud, and a cluster to put them into.
//!
//! Everything has defaults that work: an Ingress of class `citrix`, a Service port that its
//! endpoints serve, certificates of `tests/fixtures/world`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    Node, NodeAddress, NodeCondition, NodeStatus, Service, ServicePort, ServiceSpec,
};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, HTTPIngressRuleValue, Ingress, IngressBackend, IngressClass, IngressClassSpec,
    IngressRule, IngressServiceBackend, IngressSpec, IngressTLS, ServiceBackendPort,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use nitro_ingress::model::{ClusterId, Mark, ObjectKey, Redacted};
use nitro_ingress::policy::{ApplianceClasses, Consent, MemberSource, Policy, UnknownClass};
use nitro_ingress::snapshot::{Places, Secret, Snapshot, Sourced};

/// The moment at which tests happen: the fixtures are valid, `expired` is not.
pub(crate) fn now() -> Timestamp {
    "2027-01-01T00:00:00Z".parse().unwrap()
}

/// What an operator decides by default: cluster id `local`, prefix `k8s`, no VIP.
pub(crate) fn policy() -> Policy {
    let names = ["nitro-ingress.dev/ingress-controller", "citrix.com/ingress-controller"];
    Policy {
        mark: Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() },
        controller_names: names.map(str::to_owned).into(),
        ingress_classes: BTreeSet::new(),
        appliance_classes: ApplianceClasses::All,
        unknown_class: UnknownClass::Ours,
        default_vip: None,
        vip_namespaces: BTreeMap::new(),
        config_map: None,
        members: MemberSource::Endpoints,
        drain_delay_secs: 30,
        enable_default_profile: false,
        allow_http_refusal: false,
        consent: Consent::default(),
    }
}

/// A file of `tests/fixtures/world`.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/world");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

// === Ingress ===

/// An Ingress under construction.
#[derive(Debug, Clone)]
pub(crate) struct IngressBuilder(Ingress);

/// An Ingress of that name in the namespace `default`, of class `citrix`.
pub(crate) fn ingress(name: &str) -> IngressBuilder {
    IngressBuilder(Ingress {
        metadata: ObjectMeta {
            namespace: Some("default".to_owned()),
            name: Some(name.to_owned()),
            annotations: Some(BTreeMap::new()),
            ..ObjectMeta::default()
        },
        spec: Some(IngressSpec {
            ingress_class_name: Some("citrix".to_owned()),
            rules: Some(Vec::new()),
            ..IngressSpec::default()
        }),
        ..Ingress::default()
    })
}

impl IngressBuilder {
    /// In that namespace.
    pub(crate) fn namespace(mut self, namespace: &str) -> Self {
        self.0.metadata.namespace = Some(namespace.to_owned());
        self
    }

    /// Created so many seconds after a moment that all tests share.
    pub(crate) fn created(mut self, seconds: i64) -> Self {
        let time = Timestamp::from_second(1_700_000_000 + seconds).unwrap();
        self.0.metadata.creation_timestamp = Some(Time(time));
        self
    }

    /// Of that class.
    pub(crate) fn class(mut self, class: &str) -> Self {
        self.spec().ingress_class_name = Some(class.to_owned());
        self
    }

    /// With an annotation below `ingress.citrix.com/`, or with this whole key.
    pub(crate) fn annotated(mut self, name: &str, value: &str) -> Self {
        let annotations = self.0.metadata.annotations.as_mut().unwrap();
        let is_whole = name.contains('/');
        let key = if is_whole { name.to_owned() } else { format!("ingress.citrix.com/{name}") };
        annotations.insert(key, value.to_owned());
        self
    }

    /// With a rule for that host; the paths that follow belong to it. An empty host is none.
    pub(crate) fn host(mut self, host: &str) -> Self {
        let host = (!host.is_empty()).then(|| host.to_owned());
        let rule = IngressRule { host, http: Some(HTTPIngressRuleValue { paths: Vec::new() }) };
        self.spec().rules.as_mut().unwrap().push(rule);
        self
    }

    /// With a path of match type Prefix.
    pub(crate) fn path(self, path: &str, service: &str, port: u16) -> Self {
        let port = ServiceBackendPort { number: Some(i32::from(port)), name: None };
        self.any_path("Prefix", path, service, port)
    }

    /// With a path of match type Exact.
    pub(crate) fn exact(self, path: &str, service: &str, port: u16) -> Self {
        let port = ServiceBackendPort { number: Some(i32::from(port)), name: None };
        self.any_path("Exact", path, service, port)
    }

    /// With a path of match type Prefix, and the port by its name.
    pub(crate) fn named_path(self, path: &str, service: &str, port: &str) -> Self {
        let port = ServiceBackendPort { number: None, name: Some(port.to_owned()) };
        self.any_path("Prefix", path, service, port)
    }

    fn any_path(mut self, kind: &str, path: &str, name: &str, port: ServiceBackendPort) -> Self {
        let service = IngressServiceBackend { name: name.to_owned(), port: Some(port) };
        let backend = IngressBackend { resource: None, service: Some(service) };
        let path =
            HTTPIngressPath { backend, path: Some(path.to_owned()), path_type: kind.to_owned() };
        let rule = self.spec().rules.as_mut().unwrap().last_mut().expect("call host() first");
        rule.http.as_mut().unwrap().paths.push(path);
        self
    }

    /// With an entry of `spec.tls`.
    pub(crate) fn tls(mut self, hosts: &[&str], secret: &str) -> Self {
        let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
        let entry = IngressTLS { hosts: Some(hosts), secret_name: Some(secret.to_owned()) };
        self.spec().tls.get_or_insert_default().push(entry);
        self
    }

    /// Changed in a way that no other method knows.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut IngressSpec)) -> Self {
        change(self.spec());
        self
    }

    fn spec(&mut self) -> &mut IngressSpec {
        self.0.spec.as_mut().unwrap()
    }
}

// === Service, EndpointSlice ===

/// A Service under construction.
#[derive(Debug, Clone)]
pub(crate) struct ServiceBuilder(Service);

/// A Service of that name in the namespace `default`, without ports.
pub(crate) fn service(name: &str) -> ServiceBuilder {
    ServiceBuilder(Service {
        metadata: ObjectMeta {
            namespace: Some("default".to_owned()),
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: Some(ServiceSpec { ports: Some(Vec::new()), ..ServiceSpec::default() }),
        ..Service::default()
    })
}

impl ServiceBuilder {
    /// In that namespace.
    pub(crate) fn namespace(mut self, namespace: &str) -> Self {
        self.0.metadata.namespace = Some(namespace.to_owned());
        self
    }

    /// With a port that has no name.
    pub(crate) fn port(self, port: u16) -> Self {
        self.any_port(None, port)
    }

    /// With a port that has a name.
    pub(crate) fn named_port(self, name: &str, port: u16) -> Self {
        self.any_port(Some(name.to_owned()), port)
    }

    /// With these families, first one first.
    pub(crate) fn families(mut self, families: &[&str]) -> Self {
        let families = families.iter().map(|family| (*family).to_owned()).collect();
        self.0.spec.as_mut().unwrap().ip_families = Some(families);
        self
    }

    /// With whatever else a test wants of its spec.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut ServiceSpec)) -> Self {
        change(self.0.spec.as_mut().unwrap());
        self
    }

    fn any_port(mut self, name: Option<String>, port: u16) -> Self {
        let port = ServicePort { name, port: i32::from(port), ..ServicePort::default() };
        self.0.spec.as_mut().unwrap().ports.as_mut().unwrap().push(port);
        self
    }
}

/// An EndpointSlice under construction.
#[derive(Debug, Clone)]
pub(crate) struct EndpointsBuilder(EndpointSlice);

/// An EndpointSlice of a Service in the namespace `default`.
pub(crate) fn endpoints(service: &str) -> EndpointsBuilder {
    let label = ("kubernetes.io/service-name".to_owned(), service.to_owned());
    EndpointsBuilder(EndpointSlice {
        address_type: "IPv4".to_owned(),
        metadata: ObjectMeta {
            namespace: Some("default".to_owned()),
            name: Some(format!("{service}-1")),
            labels: Some(BTreeMap::from([label])),
            ..ObjectMeta::default()
        },
        ..EndpointSlice::default()
    })
}

impl EndpointsBuilder {
    /// In that namespace.
    pub(crate) fn namespace(mut self, namespace: &str) -> Self {
        self.0.metadata.namespace = Some(namespace.to_owned());
        self
    }

    /// Under that name.
    pub(crate) fn slice(mut self, name: &str) -> Self {
        self.0.metadata.name = Some(name.to_owned());
        self
    }

    /// Of family IPv6.
    pub(crate) fn ipv6(mut self) -> Self {
        "IPv6".clone_into(&mut self.0.address_type);
        self
    }

    /// With a port.
    pub(crate) fn port(mut self, name: &str, port: u16) -> Self {
        let name = (!name.is_empty()).then(|| name.to_owned());
        let port = EndpointPort { name, port: Some(i32::from(port)), ..EndpointPort::default() };
        self.0.ports.get_or_insert_default().push(port);
        self
    }

    /// With an endpoint; `ready` as Kubernetes has it, `None` if it does not say.
    pub(crate) fn address(self, address: &str, ready: Option<bool>) -> Self {
        self.endpoint(address, EndpointConditions { ready, ..EndpointConditions::default() })
    }

    /// With an endpoint that is terminating, and serves meanwhile or does not.
    pub(crate) fn terminating(self, address: &str, serving: bool) -> Self {
        let (ready, serving, terminating) = (Some(false), Some(serving), Some(true));
        self.endpoint(address, EndpointConditions { ready, serving, terminating })
    }

    /// With an endpoint in these conditions.
    pub(crate) fn endpoint(mut self, address: &str, conditions: EndpointConditions) -> Self {
        let (addresses, conditions) = (vec![address.to_owned()], Some(conditions));
        self.0.endpoints.push(Endpoint { addresses, conditions, ..Endpoint::default() });
        self
    }

    /// With the last endpoint on that node.
    pub(crate) fn on_node(mut self, name: &str) -> Self {
        self.0.endpoints.last_mut().unwrap().node_name = Some(name.to_owned());
        self
    }

    /// With whatever else a test wants of it.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut EndpointSlice)) -> Self {
        change(&mut self.0);
        self
    }
}

// === Node ===

/// A Node under construction.
#[derive(Debug, Clone)]
pub(crate) struct NodeBuilder(Node);

/// A Node of that name, ready, with these internal addresses.
pub(crate) fn node(name: &str, addresses: &[&str]) -> NodeBuilder {
    let addresses = addresses.iter().map(|address| NodeAddress {
        address: (*address).to_owned(),
        type_: "InternalIP".to_owned(),
    });
    let status = NodeStatus { addresses: Some(addresses.collect()), ..NodeStatus::default() };
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    NodeBuilder(Node { metadata, status: Some(status), ..Node::default() }).ready("True")
}

impl NodeBuilder {
    /// With that status of the condition `Ready`.
    pub(crate) fn ready(mut self, status: &str) -> Self {
        let condition = NodeCondition {
            type_: "Ready".to_owned(),
            status: status.to_owned(),
            ..NodeCondition::default()
        };
        self.0.status.as_mut().unwrap().conditions = Some(vec![condition]);
        self
    }

    /// With a label without a value.
    pub(crate) fn labelled(mut self, label: &str) -> Self {
        let labels = self.0.metadata.labels.get_or_insert_default();
        labels.insert(label.to_owned(), String::new());
        self
    }
}

impl Object for NodeBuilder {
    fn put(self, snapshot: &mut Snapshot) {
        snapshot.nodes.insert(self.0.metadata.name.clone().unwrap(), self.0);
    }
}

// === Secret ===

/// A Secret under construction.
#[derive(Debug, Clone)]
pub(crate) struct SecretBuilder(ObjectKey, Secret);

/// A Secret of that name in the namespace `default`, without values.
pub(crate) fn secret(name: &str) -> SecretBuilder {
    SecretBuilder(ObjectKey::new("default", name), Secret { data: BTreeMap::new(), place: None })
}

/// A Secret with certificate and key of a fixture, such as `a-1`.
pub(crate) fn pair(name: &str, fixture_name: &str) -> SecretBuilder {
    secret(name)
        .value("tls.crt", fixture(&format!("{fixture_name}.crt")))
        .value("tls.key", fixture(&format!("{fixture_name}.key")))
}

/// A Secret with the CA certificates of fixtures, such as `ca-one`.
pub(crate) fn authorities(name: &str, fixtures: &[&str]) -> SecretBuilder {
    let bundle = fixtures.iter().map(|name| fixture(&format!("{name}.crt")));
    secret(name).value("ca.crt", bundle.collect::<Vec<_>>().concat())
}

impl SecretBuilder {
    /// In that namespace.
    pub(crate) fn namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.0.namespace);
        self
    }

    /// With a value.
    pub(crate) fn value(mut self, key: &str, value: impl Into<Vec<u8>>) -> Self {
        self.1.data.insert(key.to_owned(), Redacted::new(value.into()));
        self
    }
}

// === the cluster ===

/// A snapshot under construction.
#[derive(Debug, Clone)]
pub(crate) struct Cluster(pub(crate) Snapshot);

/// A cluster with the IngressClasses `citrix` (ours) and `nginx` (not ours), and the Services
/// `web`, port 80, and `apache`, port 443, each with two endpoints.
pub(crate) fn cluster() -> Cluster {
    let mut cluster = Cluster(Snapshot::empty(now()));
    for (name, controller) in
        [("citrix", "citrix.com/ingress-controller"), ("nginx", "k8s.io/ingress-nginx")]
    {
        let spec = IngressClassSpec { controller: Some(controller.to_owned()), parameters: None };
        let class = IngressClass { spec: Some(spec), ..IngressClass::default() };
        cluster.0.ingress_classes.insert(name.to_owned(), class);
    }
    cluster
        .with(service("web").port(80))
        .with(web_endpoints())
        .with(service("apache").port(443))
        .with(
            endpoints("apache").port("", 8443).address("10.0.1.1", None).address("10.0.1.2", None),
        )
}

fn web_endpoints() -> EndpointsBuilder {
    endpoints("web").port("", 8080).address("10.0.0.1", None).address("10.0.0.2", Some(true))
}

/// What can be put into a [`Cluster`].
pub(crate) trait Object {
    /// Puts it in, over what had its name.
    fn put(self, snapshot: &mut Snapshot);
}

impl Cluster {
    /// With that object.
    pub(crate) fn with(mut self, object: impl Object) -> Self {
        object.put(&mut self.0);
        self
    }
}

fn key_of(metadata: &ObjectMeta) -> ObjectKey {
    ObjectKey::new(metadata.namespace.as_deref().unwrap(), metadata.name.as_deref().unwrap())
}

impl Object for IngressBuilder {
    fn put(self, snapshot: &mut Snapshot) {
        let source = Sourced { places: Places::default(), object: Arc::new(self.0) };
        snapshot.ingresses.insert(key_of(&source.object.metadata), source);
    }
}

impl Object for ServiceBuilder {
    fn put(self, snapshot: &mut Snapshot) {
        let source = Sourced { places: Places::default(), object: Arc::new(self.0) };
        snapshot.services.insert(key_of(&source.object.metadata), source);
    }
}

impl Object for EndpointsBuilder {
    fn put(self, snapshot: &mut Snapshot) {
        snapshot.endpoint_slices.insert(key_of(&self.0.metadata), Arc::new(self.0));
    }
}

impl Object for SecretBuilder {
    fn put(self, snapshot: &mut Snapshot) {
        snapshot.secrets.insert(self.0, Arc::new(self.1));
    }
}
