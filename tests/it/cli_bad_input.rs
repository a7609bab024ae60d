//! Bad input, one fault at a time: each ends in a clear message and a status that is not zero, and
//! nothing is half written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mock_nitro::Options;
use mock_nitro::fault::{Fault, Faults};
use mock_nitro::server::tls;
use tempfile::NamedTempFile;

use crate::authority::{self, Authority, Issued, secret};
use crate::command::{Finished, Manifests, Served, nitro_ingress};

const HOST: &str = "www.guestbook.com";

/// The walkthrough before something goes wrong with it.
struct Walkthrough {
    authority: Authority,
    issued: Issued,
}

impl Walkthrough {
    fn new() -> Self {
        let authority = Authority::new("My Cert Authority");
        let issued = authority.issue(HOST);
        Self { authority, issued }
    }

    fn manifests(&self) -> Manifests {
        Manifests::walkthrough(&authority::walkthrough(&self.authority, &self.issued))
    }

    /// With another Secret in place of the server's pair.
    fn with_pair(&self, values: &[(&str, &str)]) -> Manifests {
        let ca = secret("tls-ca", &[("ca.crt", &self.authority.pem())]);
        Manifests::walkthrough(&(ca + &secret("wildcard-secret", values)))
    }
}

/// Applies to a fresh appliance. What is wrong with one Ingress keeps all of it away.
#[track_caller]
fn refused(manifests: &Manifests) -> Finished {
    let served = Served::start();
    let planned = nitro_ingress(&["plan"]).on(&served).files(&manifests.path()).end();
    let applied = nitro_ingress(&["apply"]).on(&served).files(&manifests.path()).end();
    assert_eq!(served.writes(), 0, "{}", served.journal());
    assert_eq!(planned.with_status(1).err, applied.err);
    applied.with_status(1)
}

#[test]
fn a_missing_file_is_named_with_everything_else_that_is_wrong() {
    let manifests = Walkthrough::new().manifests();
    manifests.write("broken.yaml", "kind: [\n");
    let served = Served::start();
    let run = nitro_ingress(&["apply", "-f", "/no/such/file.yaml"]).on(&served);
    run.files(&manifests.path())
        .end()
        .with_status(1)
        .saying("error: cannot read \"/no/such/file.yaml\" because No such file")
        .saying("error: unclosed bracket '['\n  --> ")
        .saying("broken.yaml:1:7\n");
    assert_eq!(served.journal(), "");
}

#[test]
fn bad_yaml_is_shown_by_file_line_and_column() {
    let manifests = Walkthrough::new().manifests();
    manifests.replace("ingress.yaml", "pathType: ImplementationSpecific", "pathtype: Prefix");
    refused(&manifests)
        .saying("error: unknown field \"pathtype\", did you mean \"pathType\"?\n  --> ")
        .saying("ingress.yaml:22:9 (Ingress default/web-ingress)");
}

#[test]
fn a_secret_without_its_keys_says_what_it_has() {
    let manifests = Walkthrough::new().with_pair(&[("cert.pem", "x")]);
    refused(&manifests)
        .saying("error[secret-key-missing]: ")
        .saying("has no key \"tls.crt\", only \"cert.pem\"")
        .saying("Ingress default/web-ingress");
}

#[test]
fn a_missing_secret_is_named_where_it_is_asked_for() {
    let manifests = Walkthrough::new().manifests();
    manifests.write("secrets.yaml", "");
    refused(&manifests).saying("error[secret-missing]: ").saying("ingress.yaml:");
}

#[test]
fn an_expired_certificate_is_warned_of_and_served() {
    let walkthrough = Walkthrough::new();
    let issued = walkthrough.authority.issue_expired(HOST);
    let manifests = Walkthrough { issued, ..walkthrough }.manifests();
    let served = Served::start();
    nitro_ingress(&["apply"])
        .on(&served)
        .files(&manifests.path())
        .end()
        .with_status(0)
        .saying("warning[certificate-expired]: ")
        .saying("expired on 2002-02-03");
}

#[test]
fn a_key_that_does_not_match_is_refused() {
    let walkthrough = Walkthrough::new();
    let other = walkthrough.authority.issue(HOST).key.serialize_pem();
    let manifests =
        walkthrough.with_pair(&[("tls.crt", &walkthrough.issued.certificate), ("tls.key", &other)]);
    refused(&manifests)
        .saying("error[certificate-key-mismatch]: ")
        .saying("the private key does not belong to the certificate");
}

#[test]
fn der_without_armour_is_explained() {
    let walkthrough = Walkthrough::new();
    let manifests = walkthrough.with_pair(&[
        ("tls.crt", &STANDARD.encode(&walkthrough.issued.der)),
        ("tls.key", &walkthrough.issued.key.serialize_pem()),
    ]);
    refused(&manifests)
        .saying("error[certificate-malformed]: ")
        .saying("without its BEGIN and END lines");
    let manifests = walkthrough.manifests();
    manifests.write(
        "secrets.yaml",
        &format!(
            "{}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: wildcard-secret}}\n\
             data:\n  tls.crt: {}\n  tls.key: {}\n",
            secret("tls-ca", &[("ca.crt", &walkthrough.authority.pem())]),
            STANDARD.encode(&walkthrough.issued.der),
            STANDARD.encode(walkthrough.issued.key.serialize_der()),
        ),
    );
    refused(&manifests).saying("is DER, not PEM").saying("openssl x509 -inform DER");
}

#[test]
fn an_address_that_is_a_placeholder_is_quoted() {
    let manifests = Walkthrough::new().manifests();
    manifests.replace("ingress.yaml", "192.0.2.10", "A.B.C.D");
    refused(&manifests).saying("\"A.B.C.D\"").saying("ingress.yaml:8:5");
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let walkthrough = Walkthrough::new();
    let issued = walkthrough.authority.issue("www.example.org");
    let manifests = Walkthrough { issued, ..walkthrough }.manifests();
    refused(&manifests)
        .saying("error[certificate-host-uncovered]: ")
        .saying("\"www.guestbook.com\"")
        .saying("\"www.example.org\"");
}

#[test]
fn an_appliance_that_is_down_is_said_to_be() {
    let manifests = Walkthrough::new().manifests();
    // A port that nobody listens on any more.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}");
    nitro_ingress(&["apply"])
        .env("NITRO_URL", &url)
        .files(&manifests.path())
        .end()
        .with_status(1)
        .saying(&format!("error: cannot read the appliance at {url:?} because "))
        .saying("cannot connect because Connection refused");
}

#[test]
fn a_wrong_password_is_said_to_be_and_never_shown() {
    let manifests = Walkthrough::new().manifests();
    let served = Served::start();
    let run = nitro_ingress(&["apply"]).on(&served).env("NITRO_PASSWORD", "c4n4ry");
    let finished = run.files(&manifests.path()).end().with_status(1);
    assert!(!finished.err.contains("c4n4ry") && !served.journal().contains("c4n4ry"));
    finished.saying("login of \"nsroot\" refused with code 354");
    assert_eq!(served.writes(), 0);
}

#[test]
fn an_appliance_that_cannot_prove_who_it_is_gets_no_password() {
    let manifests = Walkthrough::new().manifests();
    let identity = tls::self_signed(&[]).unwrap();
    let certificate = NamedTempFile::new().unwrap();
    std::fs::write(certificate.path(), &identity.certificate).unwrap();
    let other = NamedTempFile::new().unwrap();
    std::fs::write(other.path(), tls::self_signed(&[]).unwrap().certificate).unwrap();
    let served = Served::start_tls(identity);
    let plan = |arguments: &[&str]| {
        let arguments = [&["plan"], arguments].concat();
        nitro_ingress(&arguments).on(&served).files(&manifests.path()).end()
    };
    plan(&["--nitro-ca-file", other.path().to_str().unwrap()])
        .with_status(1)
        .saying("the appliance's certificate is not trusted");
    assert_eq!(served.journal(), "");
    plan(&["--nitro-ca-file", certificate.path().to_str().unwrap()]).with_status(0);
    let insecure = plan(&["--nitro-insecure", "--log-level=warn"]).with_status(0);
    assert_eq!(insecure.err.matches("certificate is not verified").count(), 1, "{}", insecure.err);
    plan(&["--nitro-ca-file", "/no/such/file"])
        .with_status(1)
        .saying("error: cannot read --nitro-ca-file \"/no/such/file\" because No such file");
}

#[test]
fn a_machine_without_authorities_can_still_talk_to_itself() {
    let manifests = Walkthrough::new().manifests();
    let served = Served::start();
    let empty = NamedTempFile::new().unwrap();
    let plan = |arguments: &[&str]| {
        let arguments = [&["plan"], arguments].concat();
        let run = nitro_ingress(&arguments).on(&served).files(&manifests.path());
        run.env("SSL_CERT_FILE", empty.path().to_str().unwrap()).end()
    };
    let insecure = plan(&["--nitro-insecure"]).with_status(0);
    assert!(!insecure.err.contains("not verified"), "{}", insecure.err);
    plan(&[]).with_status(0);
    plan(&["--nitro-url", "https://192.0.2.2"])
        .with_status(1)
        .saying("install ca-certificates or give --nitro-ca-file");
}

#[test]
fn settings_that_mean_nothing_are_refused_before_anything_is_read() {
    let manifests = Walkthrough::new().manifests();
    let run =
        |name, value| nitro_ingress(&["plan"]).env(name, value).files(&manifests.path()).end();
    run("NITRO_URL", "http://192.0.2.1").with_status(1).saying("is plain HTTP");
    run("NITRO_URL", "192.0.2.1").with_status(1).saying("write https://192.0.2.1");
    run("NS_VIP", "<VIP>").with_status(1).saying("the variable NS_VIP is \"<VIP>\"");
    run("NITRO_INGRESS_PREFIX", "too-long!").with_status(1).saying("1 to 8 letters or digits");
}

#[test]
fn what_a_run_could_not_do_the_next_one_does() {
    let manifests = Walkthrough::new().manifests();
    let apply =
        |served: &Served| nitro_ingress(&["apply"]).on(served).files(&manifests.path()).end();
    let clean = Served::start();
    apply(&clean).with_status(0);
    let writes = clean.write_numbers();
    assert!(writes.len() > 8, "{}", clean.journal());
    for request in writes.into_iter().step_by(3) {
        let faults = Faults::none().at(request, Fault::HiddenError(1));
        let served = Served::with(Options::default(), faults, None);
        let first = apply(&served);
        if first.status != 0 {
            assert!(first.out.contains("  failed "), "{request} {}\n{}", first.out, first.err);
            assert!(first.out.contains("Ingress default/web-ingress: "), "{}", first.out);
        }
        apply(&served).with_status(0);
        let third = apply(&served).with_status(0);
        assert!(third.out.contains("\nno changes\n"), "{}", third.out);
    }
}

#[test]
fn without_manifests_and_cluster_both_ways_are_told() {
    for command in [&["plan"][..], &["explain", "web"]] {
        let run = nitro_ingress(command).env("KUBECONFIG", "/no/such/file").end().with_status(1);
        run.saying("error: no manifests are given with -f, and the cluster cannot be read (see ")
            .saying("--kubeconfig");
    }
    for command in ["apply", "lint"] {
        nitro_ingress(&[command]).end().with_status(1).saying("--filename <PATH>");
    }
    let prune = nitro_ingress(&["plan", "--prune"]).end().with_status(1);
    prune.saying("--filename <PATH>");
}
