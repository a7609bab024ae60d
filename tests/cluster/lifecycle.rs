//! The life of an Ingress with mutual TLS: programmed, edited, renewed, broken, mended and deleted.

use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::{Patch, PatchParams};
use nitro_ingress::cluster::resources::report::{ClientAuthentication, IngressReportStatus, Usage};
use serde_json::json;

use crate::api_server::Cluster;
use crate::rig::Rig;
use crate::seed;
use crate::wait::{SOON, wait_for};

const CA_SECRET: &str = "ingress.citrix.com/ca-secret";

/// The certificate that an appliance serves for SNI, by its subject.
fn served(rig: &Rig<'_>) -> Vec<String> {
    let dump = rig.mock.act(|node| node.appliance.dump());
    let certkeys = dump["objects"]["sslcertkey"].as_object().cloned().unwrap_or_default();
    let bindings = dump["bindings"]["sslvserver_sslcertkey_binding"].as_object();
    let bound = bindings.into_iter().flatten().filter(|(_, one)| one["snicert"] == true);
    bound
        .filter_map(|(_, one)| {
            let certkey = certkeys.get(one["certkeyname"].as_str()?)?;
            Some(format!("{} {}", certkey["subject"].as_str()?, certkey["serial"].as_str()?))
        })
        .collect()
}

fn conditions(report: &IngressReportStatus) -> Vec<(String, String, String)> {
    let of = |one: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
        (one.type_.clone(), one.status.clone(), one.reason.clone())
    };
    report.conditions.iter().map(of).collect()
}

fn expected(all: [(&str, &str, &str); 3]) -> Vec<(String, String, String)> {
    all.map(|(kind, status, reason)| (kind.to_owned(), status.to_owned(), reason.to_owned())).into()
}

pub(crate) async fn an_ingress_lives_and_dies(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&[]);
    comes(&rig).await;
    is_edited(&rig).await;
    is_renewed(&rig).await;
    breaks(&rig).await;
    is_closed(&rig).await;
    is_mended(&rig).await;
    is_deleted(&rig).await;
}

/// It comes before what it refers to: each thing that comes later is noticed.
async fn comes(rig: &Rig<'_>) {
    rig.apply(seed::ingress(&rig.class)).await;
    let report = rig.report(seed::NAME, "Invalid").await;
    assert_eq!(
        conditions(&report),
        expected([
            ("Accepted", "True", "Accepted"),
            ("ResolvedRefs", "False", "SecretMissing"),
            ("Programmed", "False", "Invalid"),
        ])
    );
    assert!(rig.mock.names("csvserver").is_empty());
    for object in seed::references() {
        rig.apply(object).await;
    }
    let report = rig.report(seed::NAME, "Programmed").await;
    let front = &report.front_ends[0];
    assert_eq!(
        (front.address.as_str(), front.port, front.protocol.as_str()),
        (seed::VIP, 443, "SSL")
    );
    assert_eq!(front.client_authentication, ClientAuthentication::Mandatory);
    assert_eq!(front.client_authorities.len(), 1, "{front:?}");
    assert_eq!(front.back_ends.as_deref(), Some("Verified"));
    let usages: Vec<Usage> = report.certificates.iter().map(|one| one.usage).collect();
    assert_eq!(usages, Usage::ALL);
    assert!(report.next_expiry.is_some() && report.objects.len() > 5, "{report:?}");
    rig.address(seed::NAME, Some(seed::VIP)).await;
    rig.event(seed::NAME, "Programmed").await;
}

/// An edit.
async fn is_edited(rig: &Rig<'_>) {
    let mut edited = seed::ingress(&rig.class);
    edited["spec"]["rules"][0]["http"]["paths"][0]["path"] = json!("/shop");
    rig.apply(edited).await;
    wait_for("the new path", SOON, async || {
        let rules = rig.mock.act(|node| node.appliance.dump()["objects"]["cspolicy"].to_string());
        if rules.contains("/shop") { Ok(()) } else { Err(rules) }
    })
    .await;
}

/// Each certificate is renewed.
async fn is_renewed(rig: &Rig<'_>) {
    let before = served(rig);
    let renewed = [
        seed::pair("server", "a-2"),
        seed::pair("client", "client-2"),
        seed::authority("clients", "ca-three"),
        seed::authority("servers", "ca-one"),
    ];
    for secret in renewed {
        let name = secret["metadata"]["name"].as_str().unwrap().to_owned();
        let old = rig.mock.act(|node| node.appliance.digest());
        rig.apply(secret).await;
        wait_for(&format!("{name} to be renewed"), SOON, async || {
            if rig.mock.act(|node| node.appliance.digest()) == old {
                Err("no change")
            } else {
                Ok(())
            }
        })
        .await;
        rig.settled().await;
        rig.report(seed::NAME, "Programmed").await;
    }
    assert_ne!(served(rig), before);
}

/// It breaks, and what was there stays.
async fn breaks(rig: &Rig<'_>) {
    // What was renewed last is saved, and its old file gone.
    rig.saved().await;
    rig.settled().await;
    let good = rig.mock.act(|node| node.appliance.dump());
    rig.apply(seed::secret("server", &json!({ "tls.crt": "", "tls.key": "" }))).await;
    let report = rig.report(seed::NAME, "Held").await;
    assert!(report.message.unwrap().contains("server"));
    assert_eq!(report.front_ends[0].client_authentication, ClientAuthentication::Mandatory);
    rig.address(seed::NAME, Some(seed::VIP)).await;
    rig.event(seed::NAME, "Held").await;
    assert_eq!(rig.mock.act(|node| node.appliance.dump()), good);
}

/// Broken, it asks for an authority that it did not ask for before: nobody is let in.
async fn is_closed(rig: &Rig<'_>) {
    let mut stricter = seed::ingress(&rig.class);
    stricter["metadata"]["annotations"][CA_SECRET] = json!(r#"{"web": "others"}"#);
    rig.apply(seed::authority("others", "ca-two")).await;
    rig.apply(stricter).await;
    let report = rig.report(seed::NAME, "Closed").await;
    assert!(report.front_ends.is_empty(), "{report:?}");
    rig.address(seed::NAME, None).await;
    rig.event(seed::NAME, "Closed").await;
    assert_eq!(routes(rig), 0);
}

/// It is mended.
async fn is_mended(rig: &Rig<'_>) {
    rig.apply(seed::pair("server", "a-1")).await;
    rig.report(seed::NAME, "Programmed").await;
    rig.address(seed::NAME, Some(seed::VIP)).await;
    assert_eq!(routes(rig), 1);
}

/// It is deleted, and with it everything that was there for it.
async fn is_deleted(rig: &Rig<'_>) {
    rig.delete::<Ingress>(seed::NAME).await;
    wait_for("its objects to go", SOON, async || {
        let left: Vec<String> = ["csvserver", "lbvserver", "servicegroup", "sslcertkey", "server"]
            .into_iter()
            .flat_map(|kind| rig.mock.names(kind))
            .filter(|name| name.starts_with("k8s-"))
            .collect();
        if left.is_empty() { Ok(()) } else { Err(format!("{left:?}")) }
    })
    .await;
    rig.no_report(seed::NAME).await;
}

fn routes(rig: &Rig<'_>) -> usize {
    let dump = rig.mock.act(|node| node.appliance.dump());
    dump["bindings"]["csvserver_cspolicy_binding"].as_object().map_or(0, serde_json::Map::len)
}

pub(crate) async fn one_that_leaves_our_class_loses_address_and_report(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&[]);
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Programmed").await;
    rig.address(seed::NAME, Some(seed::VIP)).await;
    rig.apply(seed::ingress(&rig.other_class().await)).await;
    rig.no_report(seed::NAME).await;
    rig.address(seed::NAME, None).await;
    assert_eq!(routes(&rig), 0);
}

pub(crate) async fn an_address_of_somebody_else_stays(cluster: &Cluster) {
    let rig = Rig::new(cluster).await;
    let _controller = rig.controller(&[]);
    rig.apply(seed::ingress(&rig.class)).await;
    rig.report(seed::NAME, "Invalid").await;
    let theirs = "198.51.100.1";
    let ingresses: Api<Ingress> = Api::namespaced(rig.client.clone(), &rig.namespace);
    let status = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "status": { "loadBalancer": { "ingress": [{ "ip": theirs }] } },
    });
    let other = PatchParams::apply("other");
    ingresses.patch_status(seed::NAME, &other, &Patch::Apply(&status)).await.unwrap();
    rig.looked(3).await;
    rig.address(seed::NAME, Some(theirs)).await;
    let patch = "patch networking.k8s.io/ingresses/status";
    assert_eq!(rig.server.written(patch, &rig.namespace), 0);
    // What is on the appliance counts more.
    for object in seed::references() {
        rig.apply(object).await;
    }
    rig.report(seed::NAME, "Programmed").await;
    rig.address(seed::NAME, Some(seed::VIP)).await;
    assert_eq!(rig.server.written(patch, &rig.namespace), 1);
    ingresses.patch_status(seed::NAME, &other.force(), &Patch::Apply(&status)).await.unwrap();
    rig.address(seed::NAME, Some(seed::VIP)).await;
    rig.apply(seed::ingress(&rig.other_class().await)).await;
    rig.no_report(seed::NAME).await;
    rig.address(seed::NAME, None).await;
}
