//! Clusters of many Ingresses of one shape, for counting requests and for benchmarks.

use crate::authority::{Authority, Issued};
use crate::objects::{Cluster, IngressBuilder, cluster, endpoints, ingress, secret, service};

/// What each Ingress of a crowd looks like: one host, one path, a Service of its own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// How many Ingresses there are.
    pub(crate) ingresses: usize,
    /// The members of each Service.
    pub(crate) members: usize,
    /// How many certificates they share; none means plain HTTP.
    pub(crate) certificates: usize,
}

/// The Ingress at a place of the crowd.
pub(crate) fn nth(shape: Shape, i: usize) -> IngressBuilder {
    let (host, service) = (format!("h{i}.example"), format!("s{i}"));
    let ingress = ingress(&format!("i{i}")).annotated("frontend-ip", "192.0.2.10");
    let ingress = ingress.host(&host).path("/", &service, 80);
    match shape.certificates {
        0 => ingress,
        certificates => ingress.tls(&[&host], &format!("c{}", i % certificates)),
    }
}

/// The Service at a place of the crowd, with its endpoints, and the Ingress that names it.
pub(crate) fn with_nth(cluster: Cluster, shape: Shape, i: usize) -> Cluster {
    let name = format!("s{i}");
    let mut slice = endpoints(&name).port("", 8080);
    for member in 0..shape.members {
        slice = slice.address(&address(i * shape.members + member), None);
    }
    cluster.with(service(&name).port(80)).with(slice).with(nth(shape, i))
}

/// The address of an endpoint by its number.
pub(crate) fn address(number: usize) -> String {
    format!("10.{}.{}.{}", number / 62_500, number / 250 % 250, number % 250 + 1)
}

/// The whole crowd. Its certificates are issued by `authority`.
pub(crate) fn crowd(shape: Shape, authority: &Authority) -> Cluster {
    let with_secrets = (0..shape.certificates).fold(cluster(), |cluster, certificate| {
        cluster.with(pair_of(certificate, &renewed(shape, authority, certificate)))
    });
    (0..shape.ingresses).fold(with_secrets, |cluster, i| with_nth(cluster, shape, i))
}

/// A certificate for the hosts of all Ingresses that share the one of this number, and of the next
/// to come.
pub(crate) fn renewed(shape: Shape, authority: &Authority, certificate: usize) -> Issued {
    // One host more, for an Ingress that comes later.
    let sharing = (certificate..=shape.ingresses.max(certificate)).step_by(shape.certificates);
    authority.issue_for(sharing.map(|i| format!("h{i}.example")).collect())
}

/// The Secret of a certificate of the crowd.
pub(crate) fn pair_of(certificate: usize, issued: &Issued) -> crate::objects::SecretBuilder {
    secret(&format!("c{certificate}"))
        .value("tls.crt", issued.certificate.clone())
        .value("tls.key", issued.key.serialize_pem())
}
