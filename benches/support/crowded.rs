//! A cluster with many Ingresses, written to an API server.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Instant;

use futures_util::{StreamExt, stream};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::IngressClass;
use kube::api::PostParams;
use kube::{Api, Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::access::object;
use crate::authority::Authority;
use crate::many::{Shape, address, crowd};

/// How much there is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Ingresses, each with a Service of ten endpoints; they share fifty certificates.
    pub(crate) ingresses: usize,
    /// Secrets of another namespace, which nobody refers to.
    pub(crate) other_secrets: usize,
}

const NAMESPACE: &str = "default";
const MEMBERS: usize = 10;
const CERTIFICATES: usize = 50;

/// Requests at once to the API server.
const AT_ONCE: usize = 16;

/// Writes everything that there is.
pub(crate) async fn fill(client: &Client, size: Size) {
    let Size { ingresses, other_secrets } = size;
    let shape = Shape { ingresses, members: MEMBERS, certificates: CERTIFICATES };
    let snapshot = crowd(shape, &Authority::new("bench")).0;
    let class: IngressClass = object(json!({
        "metadata": { "name": "citrix" }, "spec": { "controller": "citrix.com/ingress-controller" },
    }));
    let classes: Api<IngressClass> = Api::all(client.clone());
    classes.create(&PostParams::default(), &class).await.unwrap();
    let secrets = snapshot.secrets.iter().map(|(key, secret)| {
        let data = secret
            .data
            .iter()
            .map(|(key, value)| (key.clone(), String::from_utf8(value.reveal().clone()).unwrap()));
        let texts: BTreeMap<String, String> = data.collect();
        object::<Secret>(json!({ "metadata": { "name": key.name }, "stringData": texts }))
    });
    create(client, NAMESPACE, secrets).await;
    let services = snapshot.services.values().map(|service| {
        let mut service = Service::clone(&service.object);
        // The API server has no addresses for so many.
        service.spec.as_mut().unwrap().cluster_ip = Some("None".to_owned());
        service
    });
    create(client, NAMESPACE, services).await;
    create(client, NAMESPACE, snapshot.endpoint_slices.values().map(|one| (**one).clone())).await;
    create(client, NAMESPACE, snapshot.ingresses.values().map(|one| (*one.object).clone())).await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let other = object(json!({ "metadata": { "name": "other" } }));
    namespaces.create(&PostParams::default(), &other).await.unwrap();
    let content = "x".repeat(2048);
    let others = (0..other_secrets).map(|i| {
        object::<Secret>(json!({
            "metadata": { "name": format!("other-{i}") }, "stringData": { "content": content },
        }))
    });
    create(client, "other", others).await;
}

async fn create<K>(client: &Client, namespace: &str, objects: impl Iterator<Item = K>)
where
    K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
        + Clone
        + Debug
        + Serialize
        + DeserializeOwned,
{
    let api: Api<K> = Api::namespaced(client.clone(), namespace);
    let created = stream::iter(objects).map(|one| {
        let api = api.clone();
        async move { api.create(&PostParams::default(), &one).await.map(drop).unwrap() }
    });
    created.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// Gives an endpoint of an Ingress an address that nobody has had. When that was sent.
pub(crate) async fn change_endpoint(client: &Client, ingress: usize) -> Instant {
    let api: Api<EndpointSlice> = Api::namespaced(client.clone(), NAMESPACE);
    let name = format!("s{ingress}-1");
    let mut slice = api.get(&name).await.unwrap();
    slice.endpoints[0].addresses = vec![address(200_000 + ingress)];
    let sent = Instant::now();
    api.replace(&name, &PostParams::default(), &slice).await.unwrap();
    sent
}
