//! A thousand good Ingresses, and one bad one of each kind of fault among them.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{ListParams, PostParams};
use nitro_ingress::cluster::resources::report::IngressReport;
use serde_json::{Value, json};

use crate::access::object;
use crate::api_server::Cluster;
use crate::rig::Rig;
use crate::seed;
use crate::wait::wait_for;

const GOOD: usize = 1000;

/// Requests at once to the API server.
const AT_ONCE: usize = 16;

/// As long as a machine with two busy cores may take.
const DEADLINE: Duration = Duration::from_mins(4);

/// What is wrong with each bad Ingress: the annotation or the part of the text, its value, and the
/// reason that its report must give.
const FAULTS: [(&str, &str, &str); 50] = [
    ("frontend-ip", "", "AnnotationMalformed"),
    ("frontend-ip", "192.0.2", "AnnotationMalformed"),
    ("frontend-ip", "169.254.0.1", "AnnotationMalformed"),
    ("frontend-ip", "0.0.0.0", "AnnotationMalformed"),
    ("frontend-ip", "224.0.0.1", "AnnotationMalformed"),
    ("secure-port", "0", "AnnotationMalformed"),
    ("secure-port", "https", "AnnotationMalformed"),
    ("insecure-port", "65536", "AnnotationMalformed"),
    ("insecure-termination", "redirct", "AnnotationMalformed"),
    ("insecure-termination", "allow", "FieldRefused"),
    ("secure-service-type", "udp", "AnnotationMalformed"),
    ("insecure-service-type", "ssl", "AnnotationMalformed"),
    ("path-match-method", "regex", "AnnotationMalformed"),
    ("ssl-passthrough", "yes", "AnnotationMalformed"),
    ("ca-secret", "", "AnnotationMalformed"),
    ("ca-secret", "{}", "AnnotationMalformed"),
    ("ca-secret", "{", "AnnotationMalformed"),
    ("ca-secret", r#"{"web": 7}"#, "AnnotationMalformed"),
    ("ca-secret", r#"{"web": "nowhere"}"#, "SecretMissing"),
    ("ca-secret", r#"{"web": "empty"}"#, "SecretKeyMissing"),
    ("ca-secret", r#"{"web": "garbage"}"#, "CertificateMalformed"),
    ("ca-secret", r#"{"web": "leaf"}"#, "CertificateNotCa"),
    ("ca-secret", r#"{"web": "other/clients"}"#, "SecretForeign"),
    ("ca-secrets", r#"{"web": "clients"}"#, "AnnotationUnknown"),
    ("backend-secret", r#"{"web": "nowhere"}"#, "SecretMissing"),
    ("backend-secret", r#"{"web": "empty"}"#, "SecretKeyMissing"),
    ("backend-secret", r#"{"web": "mixed"}"#, "CertificateKeyMismatch"),
    ("backend-secret", r#"{"web": "garbage"}"#, "CertificateMalformed"),
    ("backend-secret", r#"{"web": "other/client"}"#, "SecretForeign"),
    ("backend-secret", r#"{"wob": "client"}"#, "AnnotationServiceUnknown"),
    ("backend-ca-secret", r#"{"web": "nowhere"}"#, "SecretMissing"),
    ("backend-ca-secret", r#"{"web": "garbage"}"#, "CertificateMalformed"),
    ("backend-ca-secret", r#"{"web": "leaf"}"#, "CertificateNotCa"),
    ("secure-backend", r#"{"web": "perhaps"}"#, "AnnotationMalformed"),
    ("secure-backend", r#"{"web": "False"}"#, "BackendNotSecure"),
    ("secure-backend", "yes", "AnnotationMalformed"),
    ("frontend-sslprofile", r#"{"clientauht": "ENABLED"}"#, "FieldUnknown"),
    ("frontend-sslprofile", r#"{"clientauth": "perhaps"}"#, "FieldRefused"),
    ("frontend-sslprofile", "theirs", "ReferenceRefused"),
    ("backend-sslprofile", r#"{"web": {"serverauth": "perhaps"}}"#, "FieldRefused"),
    ("backend-tcpprofile", r#"{"web": "theirs"}"#, "ReferenceRefused"),
    ("preconfigured-certkey", r#"{"certs": [{"name": "theirs"}]}"#, "ReferenceRefused"),
    ("lbvserver", r#"{"web": {"lbmethod": "GUESS"}}"#, "FieldRefused"),
    ("servicegroup", r#"{"web": {"comment": "mine"}}"#, "FieldRefused"),
    ("monitor", r#"{"web": {"type": "MAGIC"}}"#, "FieldRefused"),
    ("/spec/tls/0/secretName", "nowhere", "SecretMissing"),
    ("/spec/tls/0/secretName", "mixed", "CertificateKeyMismatch"),
    ("/spec/tls/0/secretName", "elsewhere", "CertificateHostUncovered"),
    // Its annotations are about a Service that it does not use then.
    ("/spec/rules/0/http/paths/0/backend/service/name", "nowhere", "AnnotationServiceUnknown"),
    ("/spec/rules/0/http/paths/0/backend/service/port/number", "81", "ServicePortMissing"),
];

pub(crate) async fn one_bad_ingress_of_each_kind_harms_nobody_else(cluster: &Cluster) {
    let server = cluster.own_server().await;
    let rig = Rig::on(&server, crate::appliance::Mock::start()).await;
    for object in seed::references().into_iter().chain(faulty_secrets()) {
        rig.apply(object).await;
    }
    let good = (0..GOOD).map(|number| ingress(&rig.class, &format!("good-{number}"), number));
    let bad = FAULTS.iter().enumerate().map(|(number, fault)| faulty(&rig.class, number, fault));
    let ingresses: Api<Ingress> = Api::namespaced(rig.client.clone(), &rig.namespace);
    let all = good.chain(bad).map(|one| {
        let ingresses = ingresses.clone();
        async move { ingresses.create(&PostParams::default(), &object(one)).await.map(drop) }
    });
    let created: Vec<Result<(), kube::Error>> =
        stream::iter(all).buffer_unordered(AT_ONCE).collect().await;
    for one in created {
        one.unwrap();
    }
    let _controller = rig.controller(&["--log-level=warn"]);
    let reports: Api<IngressReport> = Api::namespaced(rig.client.clone(), &rig.namespace);
    let reasons = wait_for("all reports", DEADLINE, async || {
        let all = reports.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let reasons: BTreeMap<String, (bool, String)> = all.items.iter().filter_map(said).collect();
        let programmed = reasons.values().filter(|(is_programmed, _)| *is_programmed).count();
        if reasons.len() == GOOD + FAULTS.len() && programmed >= GOOD {
            Ok(reasons)
        } else {
            Err(format!("{} reports, {programmed} programmed", reasons.len()))
        }
    })
    .await;
    for number in 0..GOOD {
        let (is_programmed, why) = &reasons[&format!("good-{number}")];
        assert!(is_programmed, "good-{number}: {why}");
    }
    let mut wrong = Vec::new();
    for (number, (what, value, expected)) in FAULTS.iter().enumerate() {
        let (is_programmed, why) = &reasons[&format!("bad-{number}")];
        if *is_programmed || why != expected {
            wrong.push(format!("{what} {value:?}: {why:?} and not {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether an Ingress is programmed, and if not, the first reason against it.
fn said(report: &IngressReport) -> Option<(String, (bool, String))> {
    let name = report.metadata.name.clone()?;
    let conditions = &report.status.as_ref()?.conditions;
    let is_programmed =
        conditions.iter().any(|one| one.type_ == "Programmed" && one.status == "True");
    let against = conditions.iter().find(|one| one.status == "False");
    let against = against.map(|one| one.reason.clone()).unwrap_or_default();
    Some((name, (is_programmed, against)))
}

/// A good one, with a path of its own.
fn ingress(class: &str, name: &str, number: usize) -> Value {
    let mut ingress = seed::ingress(class);
    ingress["metadata"]["name"] = json!(name);
    ingress["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!(format!("/{number}"));
    ingress
}

/// One with a fault.
fn faulty(class: &str, number: usize, (what, value, _): &(&str, &str, &str)) -> Value {
    let mut ingress = ingress(class, &format!("bad-{number}"), GOOD + number);
    if what.starts_with('/') {
        let number: Option<i64> = value.parse().ok();
        *ingress.pointer_mut(what).unwrap() =
            number.map_or_else(|| json!(value), |number| json!(number));
    } else {
        ingress["metadata"]["annotations"][format!("ingress.citrix.com/{what}")] = json!(value);
    }
    ingress
}

fn faulty_secrets() -> Vec<Value> {
    let mut mixed = seed::pair("mixed", "a-1");
    mixed["stringData"]["tls.key"] = seed::pair("other", "a-2")["stringData"]["tls.key"].clone();
    let garbage = json!({ "ca.crt": "garbage", "tls.crt": "garbage", "tls.key": "garbage" });
    vec![
        mixed,
        seed::secret("empty", &json!({ "other": "key" })),
        seed::secret("garbage", &garbage),
        seed::authority("leaf", "a-1"),
        seed::pair("elsewhere", "b-1"),
    ]
}
