//! Certificates and keys as Secrets hold them, right and wrong.

use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair as RcgenKey,
};

use super::*;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/certificates/{name}", env!("CARGO_MANIFEST_DIR"));
    fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn secret(values: &[(&str, &[u8])]) -> SecretData {
    values.iter().map(|(key, value)| ((*key).to_owned(), Redacted::new(value.to_vec()))).collect()
}

fn pair(certificates: &[u8], key: &[u8]) -> Result<KeyPair, Fault> {
    server_pair(&secret(&[("tls.crt", certificates), ("tls.key", key)]))
}

fn ca(bundle: &[u8]) -> Result<Authorities, Fault> {
    authorities(&secret(&[("ca.crt", bundle)]))
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

type Issuer = CertifiedIssuer<'static, RcgenKey>;

fn root(name: &str) -> Issuer {
    CertifiedIssuer::self_signed(ca_params(name), RcgenKey::generate().unwrap()).unwrap()
}

fn intermediate(name: &str, issuer: &Issuer) -> Issuer {
    CertifiedIssuer::signed_by(ca_params(name), RcgenKey::generate().unwrap(), issuer).unwrap()
}

fn leaf(names: &[&str], issuer: &Issuer) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    let key = RcgenKey::generate().unwrap();
    (params.signed_by(&key, issuer).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_chain_is_ordered_and_linked_whatever_the_order_of_the_bundle() {
    let root = root("root");
    let middle = intermediate("middle", &root);
    let (leaf, key) = leaf(&["a.example"], &middle);
    for bundle in [
        [leaf.clone(), middle.pem(), root.pem()].concat(),
        [root.pem(), middle.pem(), leaf.clone()].concat(),
        [middle.pem(), leaf.clone(), root.pem(), leaf].concat(),
    ] {
        let pair = pair(bundle.as_bytes(), key.as_bytes()).unwrap();
        assert!(pair.leaf.covers("a.example"));
        let [leaf, middle, root] = &pair.materials()[..] else { panic!("{pair:?}") };
        assert_eq!(leaf.issuer, Some(middle.certificate.id.clone()));
        assert_eq!(middle.issuer, Some(root.certificate.id.clone()));
        assert_eq!(root.issuer, None);
        assert!(leaf.key.is_some() && middle.key.is_none() && root.key.is_none());
        assert_eq!(pair.findings, []);
    }
}

#[test]
fn of_two_issuers_of_one_name_the_one_that_signed_is_linked() {
    let (old, new) = (root("root"), root("root"));
    let (leaf, key) = leaf(&["a.example"], &new);
    let bundle = [leaf, old.pem(), new.pem()].concat();
    let pair = pair(bundle.as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(pair.chain.len(), 1);
    assert_eq!(pair.chain[0].pem.replace('\n', ""), new.pem().replace(['\r', '\n'], ""));
    assert!(matches!(pair.findings[..], [Finding::Unused { .. }]), "{:?}", pair.findings);
}

#[test]
fn keys_of_every_form_are_matched() {
    let leaf_v1 = fixture("leaf-v1.crt");
    let p384 = fixture("p384.crt");
    let p521 = fixture("p521.crt");
    for (certificate, key) in [
        (&leaf_v1, "leaf-v1.key"),
        (&p384, "p384.key"),
        (&p384, "p384.bare.key"),
        (&p521, "p521.key"),
        (&p521, "p521.pkcs8.key"),
    ] {
        let pair = pair(certificate, &fixture(key)).unwrap_or_else(|fault| panic!("{key} {fault}"));
        let pem = pair.key.pem.reveal();
        assert!(pem.starts_with("-----BEGIN") && !pem.contains("PARAMETERS"), "{key}");
    }
    for (certificate, key) in [
        (&leaf_v1, "p384.key"),
        (&p384, "p521.key"),
        (&p521, "p384.bare.key"),
        (&p384, "leaf-v1.key"),
    ] {
        let fault = pair(certificate, &fixture(key)).unwrap_err();
        let expected = matches!(fault, Fault::KeyMismatch { .. });
        assert!(expected || key == "p384.bare.key", "{key}: {fault}");
    }
    let (other, _) = leaf(&["a.example"], &root("root"));
    let (_, key) = leaf(&["a.example"], &root("root"));
    assert_eq!(
        pair(other.as_bytes(), key.as_bytes()).unwrap_err().to_string(),
        "the private key does not belong to the certificate \"CN=leaf\""
    );
}

#[test]
fn keys_that_cannot_be_used_are_explained() {
    let leaf = fixture("leaf-v1.crt");
    let problem = |certificate: &[u8], key: &str| match pair(certificate, &fixture(key)) {
        Err(Fault::BadBlock { problem, .. }) => problem,
        other => panic!("{key}: {other:?}"),
    };
    assert_eq!(problem(&leaf, "leaf-v1.encrypted.key"), BlockProblem::Encrypted);
    assert_eq!(problem(&leaf, "leaf-v1.encrypted-pkcs1.key"), BlockProblem::Encrypted);
    assert_eq!(problem(&leaf, "ed25519.key"), BlockProblem::Algorithm);
    assert_eq!(problem(&fixture("ed25519.crt"), "ed25519.key"), BlockProblem::Algorithm);
    assert_eq!(problem(&fixture("p521.crt"), "p521.bare.key"), BlockProblem::WithoutPublicPart);
}

#[test]
fn a_secret_without_its_keys_says_what_it_has() {
    let only = |key: &str| secret(&[(key, b"x")]);
    assert_eq!(
        server_pair(&only("cert.pem")).unwrap_err().to_string(),
        "the Secret has no key \"tls.crt\", only \"cert.pem\""
    );
    assert_eq!(
        authorities(&secret(&[])).unwrap_err().to_string(),
        "the Secret is empty; it needs the key \"ca.crt\" or \"tls.crt\""
    );
    let leaf = fixture("leaf-v1.crt");
    let fault = server_pair(&secret(&[("tls.crt", &leaf)])).unwrap_err();
    assert_eq!(fault.to_string(), "the Secret has no key \"tls.key\", only \"tls.crt\"");
    assert_eq!(
        pair(&fixture("leaf-v1.key"), &leaf).unwrap_err().to_string(),
        "the value of \"tls.crt\" holds no certificate, only \"RSA PRIVATE KEY\""
    );
}

#[test]
fn what_is_not_pem_is_explained() {
    let leaf = fixture("leaf-v1.crt");
    let der = pem::read(&leaf).unwrap()[0].der.reveal().clone();
    let refuse = |value: &[u8]| {
        let fault = ca(value).unwrap_err();
        (fault.to_string(), fault.remedy())
    };
    let (problem, remedy) = refuse(&der);
    assert_eq!(problem, "the value of \"ca.crt\" is DER, not PEM");
    assert!(remedy.contains("openssl x509 -inform DER"), "{remedy}");
    let (problem, remedy) = refuse(STANDARD.encode(&der).as_bytes());
    assert_eq!(
        problem,
        "the value of \"ca.crt\" is the inside of a PEM block, without its BEGIN and END lines"
    );
    assert!(remedy.contains("-----BEGIN CERTIFICATE-----"), "{remedy}");
    assert!(refuse(&fixture("leaf-v1.p12")).0.contains("PKCS#12"));
    assert!(refuse(b"<your certificate>").0.ends_with("is no PEM"));
    let key = pair(&leaf, &STANDARD.decode("MAMCAQE=").unwrap()).unwrap_err();
    assert!(key.remedy().contains("openssl pkey -inform DER"), "{}", key.remedy());
}

#[test]
fn authorities_are_all_of_a_bundle_and_nothing_else() {
    let (one, two) = (root("one"), root("two"));
    let bundle = [one.pem(), two.pem(), one.pem()].concat();
    let read = ca(bundle.as_bytes()).unwrap();
    assert_eq!((read.key, read.certificates.len()), ("ca.crt", 2));
    let emptied = secret(&[("ca.crt", b" "), ("tls.crt", two.pem().as_bytes())]);
    assert!(authorities(&emptied).is_err(), "an emptied bundle trusts nobody");
    let other = secret(&[("tls.crt", two.pem().as_bytes())]);
    assert_eq!(authorities(&other).unwrap().key, "tls.crt");
    let (leaf, _) = leaf(&["a.example"], &one);
    let fault = ca([one.pem(), leaf].concat().as_bytes()).unwrap_err();
    assert_eq!(fault.to_string(), "the certificate \"CN=leaf\" in \"ca.crt\" is no CA");
}

#[test]
fn a_root_of_version_1_counts_with_a_warning_and_a_leaf_does_not() {
    let read = ca(&fixture("root-v1.crt")).unwrap();
    assert!(matches!(read.findings[..], [Finding::Version1 { as_ca: true, .. }]));
    assert_eq!(ca(&fixture("root-v3.crt")).unwrap().findings, []);
    let fault = ca(&fixture("leaf-v1.crt")).unwrap_err();
    assert!(matches!(fault, Fault::NotCa { version: 1, .. }), "{fault}");

    let pair = pair(&fixture("leaf-v1.crt"), &fixture("leaf-v1.key")).unwrap();
    assert!(matches!(pair.findings[..], [Finding::Version1 { as_ca: false, .. }]));
    assert!(pair.leaf.covers("WWW.guestbook.com"));
    assert_eq!(pair.leaf.version, 1);
}

#[test]
fn a_host_is_covered_by_name_or_by_a_wildcard_for_one_label() {
    let (certificate, key) = leaf(&["a.example", "*.b.example"], &root("root"));
    let leaf = pair(certificate.as_bytes(), key.as_bytes()).unwrap().leaf;
    for (host, expected) in [
        ("a.example", true),
        ("A.Example.", true),
        ("x.b.example", true),
        ("*.b.example", true),
        ("b.example", false),
        ("x.y.b.example", false),
        ("*.y.b.example", false),
        ("*.a.example", false),
        ("leaf", false),
        ("", false),
    ] {
        assert_eq!(leaf.covers(host), expected, "{host:?}");
    }
    assert_eq!(
        leaf.check_host("c.example").unwrap().to_string(),
        "the certificate \"CN=leaf\" is not for \"c.example\"; \
         it covers \"*.b.example\", \"a.example\""
    );
}

#[test]
fn dates_are_judged_by_the_time_that_is_passed_in() {
    let leaf = pair(&fixture("leaf-v1.crt"), &fixture("leaf-v1.key")).unwrap().leaf;
    let at = |moment: &str| leaf.check_dates(moment.parse().unwrap());
    assert_eq!(at("2030-01-01T00:00:00Z"), None);
    assert!(matches!(at("2020-01-01T00:00:00Z"), Some(Finding::NotYetValid { .. })));
    assert!(matches!(at("2126-10-30T00:00:00Z"), Some(Finding::ExpiresSoon { days: 1, .. })));
    assert_eq!(
        at("2127-01-01T00:00:00Z").unwrap().to_string(),
        "the certificate \"O=Fixture, CN=www.guestbook.com\" expired on 2126-10-31T23:57:35Z"
    );
}

#[test]
fn the_name_of_a_key_file_changes_with_certificate_and_key() {
    let pair = pair(&fixture("leaf-v1.crt"), &fixture("leaf-v1.key")).unwrap();
    let material = pair.materials().remove(0);
    let digest = material.key_digest().unwrap();
    assert_eq!(digest.len(), 32);
    let other = Material {
        certificate: ca(&fixture("root-v1.crt")).unwrap().certificates.remove(0),
        ..material
    };
    assert_ne!(other.key_digest().unwrap(), digest);
}

proptest! {
    #[test]
    fn any_bytes_in_a_secret_are_read_or_refused(certificate: Vec<u8>, key: Vec<u8>) {
        let _ = pair(&certificate, &key);
        let _ = pair(pem::write("CERTIFICATE", &certificate).as_bytes(), pem::write("PRIVATE KEY", &key).as_bytes());
        let _ = ca(&certificate);
    }

    #[test]
    fn any_damage_to_a_certificate_or_key_is_read_or_refused(at in 0usize..600, byte: u8) {
        for (label, name, certificate) in
            [("CERTIFICATE", "p384.crt", true), ("EC PRIVATE KEY", "p384.bare.key", false), ("PRIVATE KEY", "p521.pkcs8.key", false)]
        {
            let mut der = pem::read(&fixture(name)).unwrap()[0].der.reveal().clone();
            let at = at % der.len();
            der[at] = byte;
            let pem = pem::write(label, &der);
            let _ = if certificate {
                pair(pem.as_bytes(), &fixture("p384.key"))
            } else {
                pair(&fixture("p384.crt"), pem.as_bytes())
            };
        }
    }
}
