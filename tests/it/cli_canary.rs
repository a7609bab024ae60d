//! Keys, certificates and passwords appear in no output, whatever is asked for and whatever goes
//! wrong.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use mock_nitro::Options;
use mock_nitro::fault::{Fault, Faults};
use nitro_ingress::model::{ClusterId, Mark};
use nitro_ingress::observed::ObservedState;
use nitro_ingress::policy::{ApplianceClasses, Consent, MemberSource, Policy, UnknownClass};
use nitro_ingress::snapshot::{Snapshot, documents};

use crate::authority::{self, Authority, Issued};
use crate::command::{Manifests, Served, nitro_ingress};

const HOST: &str = "www.guestbook.com";
const PASSWORD: &str = "c4n4ry-pa55w0rd";

/// What must not appear, by name.
struct Canaries(Vec<(String, String)>);

impl Canaries {
    fn of(issued: &Issued) -> Self {
        let mut canaries = Self(Vec::new());
        canaries.add("key", &issued.key.serialize_der(), &issued.key.serialize_pem());
        canaries.add("certificate", &issued.der, &issued.certificate);
        canaries.0.push(("password".to_owned(), PASSWORD.to_owned()));
        canaries.0.push(("password in base64".to_owned(), STANDARD.encode(PASSWORD)));
        canaries
    }

    /// Any piece of 24 characters of the forms that a secret may take on its way. The start and
    /// the end of DER say nothing but its length and algorithm.
    fn add(&mut self, name: &str, der: &[u8], pem: &str) {
        let middle = &der[40..der.len() - 8];
        let each = |write: fn(&u8) -> String, between| {
            middle.iter().map(write).collect::<Vec<_>>().join(between)
        };
        let hex = each(|byte| format!("{byte:02x}"), "");
        let decimal = each(u8::to_string, ", ");
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let twice = STANDARD.encode(pem);
        let pieces = [
            ("base64", &lines[60..lines.len() - 12]),
            ("base64 of PEM", &twice[100..twice.len() - 48]),
            ("hex", hex.as_str()),
            ("HEX", &hex.to_uppercase()),
            ("bytes", &decimal),
        ];
        for (form, text) in pieces {
            // Every 24 characters are looked for at steps of 12, so that a cut or a line break
            // does not hide them.
            for start in (0..text.len().saturating_sub(24)).step_by(12) {
                let piece = text[start..start + 24].to_owned();
                self.0.push((format!("{name} as {form}"), piece));
            }
        }
    }

    #[track_caller]
    fn assert_absent(&self, place: &str, text: &str) {
        for (name, canary) in &self.0 {
            assert!(!text.contains(canary), "{name} ({canary}) is in {place}:\n{text}");
        }
    }
}

fn canary() -> (Authority, Issued, Canaries) {
    let authority = Authority::new("My Cert Authority");
    let issued = authority.issue(HOST);
    let canaries = Canaries::of(&issued);
    (authority, issued, canaries)
}

fn served(faults: Faults) -> Served {
    let options = Options { password: PASSWORD.to_owned(), ..Options::default() };
    Served::with(options, faults, None)
}

/// Runs every command in every form at the most talkative level.
fn run_all(manifests: &Path, served: &Served, canaries: &Canaries) {
    let runs: [&[&str]; 6] = [
        &["plan"],
        &["plan", "-o", "json"],
        &["plan", "-o", "nscli", "--log-format", "json"],
        &["plan", "--color", "always"],
        &["apply"],
        &["apply", "--prune", "--log-format", "json"],
    ];
    for arguments in runs {
        let arguments = [arguments, &["--log-level", "trace"]].concat();
        let run = nitro_ingress(&arguments).on(served).env("NITRO_PASSWORD", PASSWORD);
        let finished = run.files(manifests).end();
        assert!(!finished.err.contains("panicked"), "{}", finished.err);
        assert!(finished.err.contains("login"), "bodies are logged: {}", finished.err);
        canaries.assert_absent(&format!("the output of {arguments:?}"), &finished.out);
        canaries.assert_absent(&format!("the messages of {arguments:?}"), &finished.err);
    }
    canaries.assert_absent("the appliance's journal", &served.journal());
}

#[test]
fn the_canaries_are_seen_where_they_are() {
    let (_, issued, canaries) = canary();
    let key = issued.key.serialize_der();
    let lines: String = issued.key.serialize_pem().lines().collect();
    for text in [
        format!("{key:?}"),
        STANDARD.encode(&issued.certificate),
        lines[100..150].to_owned(),
        format!("{:?}", &issued.der[50..120]),
        format!("password={PASSWORD}"),
    ] {
        let is_seen = canaries.0.iter().any(|(_, canary)| text.contains(canary));
        assert!(is_seen, "{text}");
    }
}

#[test]
fn no_output_shows_a_secret_when_all_goes_well() {
    let (authority, issued, canaries) = canary();
    let manifests = Manifests::walkthrough(&authority::walkthrough(&authority, &issued));
    let served = served(Faults::none());
    run_all(&manifests.path(), &served, &canaries);
    assert!(served.writes() > 0);
    let offline: [&[&str]; 4] = [
        &["lint"],
        &["lint", "-o", "json"],
        &["explain", "web-ingress"],
        &["explain", "web-ingress", "-o", "json"],
    ];
    for arguments in offline {
        let run = nitro_ingress(&[arguments, &["--log-level", "trace"]].concat());
        let finished = run.files(&manifests.path()).end().with_status(0);
        canaries.assert_absent(&format!("the output of {arguments:?}"), &finished.out);
        canaries.assert_absent(&format!("the messages of {arguments:?}"), &finished.err);
    }
}

#[test]
fn no_output_shows_a_secret_when_the_appliance_fails() {
    let (authority, issued, canaries) = canary();
    let manifests = Manifests::walkthrough(&authority::walkthrough(&authority, &issued));
    let choice = [
        Fault::ResetAfter,
        Fault::SessionExpired,
        Fault::Fails(0, 1),
        Fault::Truncated,
        Fault::HiddenError(258),
    ];
    for seed in 1..3 {
        let served = served(Faults::seeded(seed, 50, choice.to_vec()));
        run_all(&manifests.path(), &served, &canaries);
    }
}

#[test]
fn no_message_about_a_bad_secret_shows_it() {
    let (authority, issued, canaries) = canary();
    let good = authority::walkthrough(&authority, &issued);
    let key = issued.key.serialize_pem();
    let body = key.lines().nth(1).unwrap();
    for bad in [
        good.replace("  tls.key: |\n", "  tls.key: |\n   "),
        good.replace("stringData:", "data:"),
        good.replace(body, &format!("{body}*")),
        good.replace(&format!("    {body}"), body),
        good.replace(&format!("    {body}"), &format!("    {body}: x")),
        good.replace("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY----"),
        good.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        good.replace("  tls.key: |\n", "  tls.key:\n"),
    ] {
        assert_ne!(bad, good);
        let manifests = Manifests::walkthrough(&bad);
        let forms: [&[&str]; 4] =
            [&["plan"], &["lint"], &["lint", "-o", "json"], &["lint", "-o", "sarif"]];
        for arguments in forms {
            let run = nitro_ingress(&[arguments, &["--log-level", "trace"]].concat());
            let finished = run.files(&manifests.path()).end().with_status(1);
            canaries.assert_absent("messages", &finished.err);
            canaries.assert_absent("output", &finished.out);
        }
    }
}

/// What a panic prints of a value is its `Debug` form.
#[test]
fn no_value_of_the_pipeline_shows_a_secret() {
    let (authority, issued, canaries) = canary();
    let ingress = include_str!("../../examples/mutual-authentication/ingress.yaml");
    let text = format!("{ingress}{}", authority::walkthrough(&authority, &issued));
    let mut snapshot = Snapshot::empty(Timestamp::now());
    let reading = documents::read(&mut snapshot, "in.yaml", &text);
    assert_eq!(reading.unreadable, []);
    canaries.assert_absent("a snapshot", &format!("{snapshot:?}"));
    let cluster = ClusterId::parse("local").unwrap();
    let policy = Policy {
        mark: Mark { prefix: "k8s".to_owned(), cluster },
        controller_names: ["citrix.com/ingress-controller".to_owned()].into(),
        ingress_classes: [].into(),
        appliance_classes: ApplianceClasses::All,
        unknown_class: UnknownClass::Ours,
        default_vip: None,
        vip_namespaces: std::collections::BTreeMap::new(),
        config_map: None,
        members: MemberSource::Endpoints,
        drain_delay_secs: 30,
        enable_default_profile: false,
        allow_http_refusal: false,
        consent: Consent::default(),
    };
    let translation = nitro_ingress::translate::translate(&snapshot, &policy);
    assert!(!translation.desired.certificates.is_empty());
    canaries.assert_absent("a translation", &format!("{translation:?}"));
    let plan = nitro_ingress::plan::plan(&ObservedState::default(), &translation);
    assert!(!plan.is_empty());
    canaries.assert_absent("a plan", &format!("{plan:?}"));
    let secret = &snapshot.secrets.first_key_value().unwrap().1;
    canaries.assert_absent("a Secret", &format!("{secret:#?}"));
}
