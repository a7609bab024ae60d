//! Server certificates: by name, in chains, and whose is served.

use nitro_ingress::diagnostic::{Code, Severity};
use nitro_ingress::model::{Kind, Role};

use super::ask::{CSVSERVER, accepted, children, error, routes, told, translated};
use crate::objects::{IngressBuilder, cluster, fixture, ingress, pair, secret};

fn tls(name: &str, host: &str, secret: &str) -> IngressBuilder {
    let ingress = ingress(name).annotated("frontend-ip", "192.0.2.10").host(host);
    ingress.path("/", "web", 80).tls(&[host], secret)
}

#[test]
fn a_certificate_is_served_by_the_name_that_clients_ask_for() {
    let cluster = cluster().with(pair("b-tls", "b-1")).with(tls("b", "b.example", "b-tls"));
    let translation = accepted(&cluster);
    assert_eq!(translation.diagnostics, []);
    let bound = children(&translation.desired.state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    let [(certificate, Role::Sni)] = bound[..] else { panic!("{bound:?}") };
    let material = &translation.desired.certificates.values().next().unwrap();
    assert_eq!(material.certificate.id.as_str(), certificate);
    assert!(material.key.is_some());
}

#[test]
fn a_chain_is_linked_through_its_intermediates() {
    let bundle = [fixture("chained.crt"), fixture("intermediate.crt"), fixture("ca-one.crt")];
    let chain =
        secret("c-tls").value("tls.crt", bundle.concat()).value("tls.key", fixture("chained.key"));
    let translation = accepted(&cluster().with(chain).with(tls("c", "c.example", "c-tls")));
    let certificates = &translation.desired.certificates;
    let leaf = certificates.values().find(|material| material.key.is_some()).unwrap();
    let issuer = leaf.issuer.as_ref().unwrap();
    assert_eq!(certificates[issuer].certificate.subject, "CN=Intermediate");
    let bound = children(&translation.desired.state, Kind::SSLVSERVER_SSLCERTKEY, CSVSERVER);
    assert_eq!(bound, [(leaf.certificate.id.as_str(), Role::Sni)]);
}

#[test]
fn an_expired_certificate_is_a_warning() {
    let cluster = cluster().with(pair("c-tls", "expired")).with(tls("c", "c.example", "c-tls"));
    let translation = accepted(&cluster);
    assert_eq!(told(&translation, "c"), [(Severity::Warning, Code::CertificateExpired)]);
}

#[test]
fn a_host_without_a_certificate_makes_the_ingress_unmet() {
    // The certificate does not cover the host of its entry, or no entry has the host of a rule.
    let rule = tls("web", "a.example", "tls").host("b.example").path("/", "web", 80);
    for web in [tls("web", "b.example", "tls"), rule] {
        let translation = translated(&cluster().with(pair("tls", "a-1")).with(web));
        assert_eq!(error(&translation, "web").code, Code::CertificateHostUncovered);
    }
}

#[test]
fn for_one_name_the_oldest_certificate_is_served() {
    let cluster = cluster()
        .with(pair("one", "a-1"))
        .with(pair("two", "a-2"))
        .with(tls("older", "a.example", "one").created(1));
    let younger = ingress("younger").created(2).annotated("frontend-ip", "192.0.2.10");
    let younger = younger.host("a.example").path("/mine", "web", 80).tls(&["a.example"], "two");
    let translation = accepted(&cluster.with(younger));
    assert_eq!(translation.desired.certificates.len(), 1);
    assert_eq!(told(&translation, "younger"), [(Severity::Warning, Code::CertificateTaken)]);
    // It is served the other's certificate, which covers its host.
    assert_eq!(routes(&translation.desired.state, CSVSERVER).len(), 2);
}

#[test]
fn a_host_whose_certificate_lost_and_that_no_other_covers_gets_no_route() {
    let cluster = cluster()
        .with(pair("a-tls", "a-1"))
        .with(pair("ab-tls", "ab-1"))
        .with(tls("older", "a.example", "a-tls").created(1))
        .with(tls("younger", "b.example", "ab-tls").created(2));
    let translation = accepted(&cluster);
    assert_eq!(routes(&translation.desired.state, CSVSERVER).len(), 1);
    assert_eq!(
        told(&translation, "younger"),
        [(Severity::Warning, Code::CertificateTaken), (Severity::Warning, Code::CertificateTaken)]
    );
}

#[test]
fn one_certificate_in_two_secrets_is_one_certkey() {
    let cluster = cluster()
        .with(pair("one", "wild-1"))
        .with(pair("two", "wild-1").namespace("other"))
        .with(tls("a", "a.shop.example", "one"))
        .with(
            tls("b", "b.shop.example", "two")
                .namespace("other")
                .changed(|spec| spec.rules.as_mut().unwrap().truncate(1)),
        )
        .with(crate::objects::service("web").namespace("other").port(80));
    let translation = accepted(&cluster);
    assert_eq!(translation.desired.certificates.len(), 1);
    assert_eq!(routes(&translation.desired.state, CSVSERVER).len(), 2);
}
