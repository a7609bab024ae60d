//! Our custom resources: the appliance that a class is served by, and what became of each Ingress.

pub mod netscaler;
pub mod report;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;

use netscaler::NetScaler;
use report::IngressReport;

/// The definitions of all of them.
pub fn definitions() -> [CustomResourceDefinition; 2] {
    [IngressReport::crd(), NetScaler::crd()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_have_the_names_that_roles_use() {
        let names = definitions().map(|definition| definition.metadata.name.unwrap());
        assert_eq!(names, ["ingressreports.nitro-ingress.dev", "netscalers.nitro-ingress.dev"]);
    }
}
