//! The Ingress that has the faults, and those that share its front ends with it.

use k8s_openapi::api::networking::v1::{IngressBackend, IngressServiceBackend, ServiceBackendPort};
use nitro_ingress::annotations::Annotation;
use nitro_ingress::model::{IngressId, ObjectKey};

use super::seen::Seen;
use crate::objects::{
    Cluster, IngressBuilder, authorities, cluster, fixture, ingress, pair, secret,
};

/// Its name.
pub(super) const NAME: &str = "shop";

/// Its id.
pub(super) fn id() -> IngressId {
    IngressId::of(&ObjectKey::new("default", NAME))
}

/// An Ingress that has an annotation and what that needs, and nothing more that would protect it.
pub(super) struct Subject {
    key: &'static str,
    name: &'static str,
    /// A sound value, if there is one that can be honoured here.
    value: Option<&'static str>,
    /// What must be there with it.
    needs: &'static [(&'static str, &'static str)],
    carries: Carries,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    Http,
    Bytes,
    Tls,
}

const TLS_BACK_END: (&str, &str) = ("secure-backend", r#"{"apache": "True"}"#);

impl Subject {
    /// The one for an annotation.
    pub(super) fn of(annotation: &Annotation) -> Self {
        let name = annotation.name();
        let value = match name {
            // The address of the others.
            "frontend-ip" => Some("192.0.2.10"),
            "insecure-service-type" => Some("http"),
            // Certkeys of somebody else.
            "preconfigured-certkey" => None,
            // Not paused, or it would not be as its text says.
            "paused" => Some("false"),
            // Not what the operator must allow.
            "client-certificate-refusal" => Some("handshake"),
            _ => Some(annotation.example),
        };
        let needs: &[_] = match name {
            "backend-ca-secret" | "backend-secret" => &[TLS_BACK_END],
            "backend-sslprofile" => {
                &[TLS_BACK_END, ("backend-ca-secret", r#"{"apache": "tls-ca"}"#)]
            }
            "frontend-sslprofile" | "client-certificate-refusal" => {
                &[("ca-secret", r#"{"apache": "tls-ca"}"#)]
            }
            "insecure-port" | "insecure-service-type" => &[("insecure-termination", "redirect")],
            _ => &[],
        };
        let carries = match name {
            "secure-service-type" => Carries::Bytes,
            "ssl-passthrough" => Carries::Tls,
            _ => Carries::Http,
        };
        Self { key: annotation.key, name, value, needs, carries }
    }

    /// It as it should be.
    pub(super) fn sound(&self) -> IngressBuilder {
        self.value.map_or_else(|| self.without(), |value| self.with(value))
    }

    /// It with this value of the annotation.
    pub(super) fn with(&self, value: &str) -> IngressBuilder {
        self.without().annotated(self.key, value)
    }

    fn without(&self) -> IngressBuilder {
        let base = ingress(NAME).annotated("frontend-ip", "192.0.2.10").created(1);
        let base = self.needs.iter().fold(base, |base, (name, value)| base.annotated(name, value));
        let base = base.tls(&["a.example"], "server");
        match self.carries {
            Carries::Http | Carries::Tls => base.host("a.example").path("/", "apache", 443),
            Carries::Bytes => base.changed(|spec| {
                let port = ServiceBackendPort { number: Some(443), name: None };
                let service = IngressServiceBackend { name: "apache".into(), port: Some(port) };
                spec.default_backend =
                    Some(IngressBackend { service: Some(service), resource: None });
            }),
        }
    }

    /// A silent one on the same front end in TLS, and one that serves a path of the same host
    /// without TLS, where it may.
    pub(super) fn others(&self) -> Vec<IngressBuilder> {
        let at = |name| ingress(name).annotated("frontend-ip", "192.0.2.10").created(2);
        let silent = at("silent").host("b.example").path("/", "web", 80);
        let silent = silent.tls(&["b.example"], "silent");
        let open = at("open").host("a.example").path("/open", "web", 80);
        let silent = match self.name {
            "secure-port" => silent.annotated("secure-port", "8443"),
            _ => silent,
        };
        match self.carries {
            Carries::Http => vec![silent, open],
            // Bytes cannot be told apart.
            Carries::Bytes | Carries::Tls => vec![open],
        }
    }
}

/// The Secrets: those of the examples of the registry, and broken ones.
pub(super) fn secrets() -> Cluster {
    cluster()
        .with(pair("server", "a-1"))
        .with(pair("silent", "b-1"))
        .with(pair("wildcard-secret", "client-1"))
        .with(authorities("tls-ca", &["ca-one"]))
        .with(authorities("tls-ca", &["ca-one"]).namespace("other"))
        .with(secret("wrong-keys").value("certificate", "x"))
        .with(secret("empty").value("tls.crt", "").value("ca.crt", "").value("tls.key", ""))
        .with(
            secret("bad-pem")
                .value("ca.crt", "no PEM")
                .value("tls.crt", "no PEM")
                .value("tls.key", fixture("a-1.key")),
        )
        .with(
            secret("key-mismatch")
                .value("tls.crt", fixture("a-1.crt"))
                .value("tls.key", fixture("a-2.key")),
        )
}

/// Whether clients reach it.
pub(super) fn is_served(seen: &Seen) -> bool {
    seen.values().any(|got| got.is_by(NAME))
}
