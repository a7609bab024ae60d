//! Check mode as a client's test uses it: the same change in two orders, by NITRO requests alone.
#![expect(clippy::unwrap_used, reason = "a failing test is the right place to panic")]

use mock_nitro::message::Request;
use mock_nitro::{Appliance, Options, Violation};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::{Value, json};

const RULE: &str =
    r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example") && HTTP.REQ.URL.PATH.STARTSWITH("/")"#;

/// Carries out commands of the form `(method, path, body)`.
#[track_caller]
fn run(appliance: &mut Appliance, commands: &[(&str, &str, Value)]) {
    for (method, path, body) in commands {
        let (path, query) = path.split_once('?').map_or((*path, None), |(p, q)| (p, Some(q)));
        let response = appliance.handle(&Request {
            method: (*method).to_owned(),
            path: format!("/nitro/v1/config/{path}"),
            query: query.map(str::to_owned),
            headers: vec![
                ("X-NITRO-USER".to_owned(), "nsroot".to_owned()),
                ("X-NITRO-PASS".to_owned(), "nsroot".to_owned()),
            ],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        });
        let answer = String::from_utf8_lossy(&response.body);
        assert!(response.status < 300, "{method} {path} {body}: {} {answer}", response.status);
    }
}

/// What check mode says of a change, and how many certificate gaps it had.
#[track_caller]
fn judged(old: &Appliance, commands: &[(&str, &str, Value)]) -> (Vec<Violation>, usize) {
    let mut appliance = old.clone();
    appliance.begin();
    run(&mut appliance, commands);
    (appliance.end(), appliance.certificate_gaps())
}

#[track_caller]
fn rules(old: &Appliance, commands: &[(&str, &str, Value)]) -> Vec<&'static str> {
    judged(old, commands).0.iter().map(|violation| violation.rule).collect()
}

fn file(name: &str, content: &str) -> (&'static str, &'static str, Value) {
    let body = json!({"systemfile": {
        "filename": name, "filelocation": "/nsconfig/ssl", "filecontent": base64(content),
    }});
    ("POST", "systemfile", body)
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

/// The commands that make a certkey: for a host with its key, else a CA's.
fn certkey(name: &str, host: Option<&str>) -> Vec<(&'static str, &'static str, Value)> {
    let key = KeyPair::generate().unwrap();
    let mut params =
        CertificateParams::new(host.into_iter().map(str::to_owned).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, host.unwrap_or(name));
    if host.is_none() {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let certificate = params.self_signed(&key).unwrap();
    let mut fields = json!({"certkey": name, "cert": format!("{name}.crt")});
    let mut commands = vec![file(&format!("{name}.crt"), &certificate.pem())];
    if host.is_some() {
        commands.push(file(&format!("{name}.key"), &key.serialize_pem()));
        fields["key"] = format!("{name}.key").into();
    }
    commands.push(("POST", "sslcertkey", json!({ "sslcertkey": fields })));
    commands
}

fn sni(certkey: &str) -> (&'static str, &'static str, Value) {
    let fields = json!({"vservername": "fe", "certkeyname": certkey, "snicert": true});
    ("PUT", "sslvserver_sslcertkey_binding", json!({ "sslvserver_sslcertkey_binding": fields }))
}

fn profile(name: &str) -> (&'static str, &'static str, Value) {
    ("PUT", "sslvserver", json!({"sslvserver": {"vservername": "fe", "sslprofile": name}}))
}

fn route(priority: u32) -> (&'static str, &'static str, Value) {
    let fields = json!({"name": "fe", "policyname": "shop", "priority": priority});
    ("PUT", "csvserver_cspolicy_binding", json!({ "csvserver_cspolicy_binding": fields }))
}

/// An appliance that serves `https://shop.example/` and has what a change to mutual TLS needs.
fn appliance() -> Appliance {
    let options = Options {
        default_profile: true,
        now: "2030-01-01T00:00:00Z".parse().unwrap(),
        ..Options::default()
    };
    let mut appliance = Appliance::new(options);
    let enable = json!({"nsfeature": {"feature": ["LB", "CS", "SSL", "RESPONDER"]}});
    let mut commands = vec![("POST", "nsfeature?action=enable", enable)];
    commands.extend(certkey("web", Some("shop.example")));
    commands.extend(certkey("web-too", Some("shop.example")));
    commands.extend(certkey("ca", None));
    let open = json!({"name": "open", "snienable": "ENABLED", "tls1": "DISABLED"});
    let mutual = json!({
        "name": "mutual", "snienable": "ENABLED", "tls1": "DISABLED",
        "clientauth": "ENABLED", "clientcert": "Mandatory",
    });
    commands.extend([
        ("POST", "sslprofile", json!({"sslprofile": [open, mutual]})),
        ("POST", "servicegroup", json!({"servicegroup": {"servicegroupname": "sg", "servicetype": "HTTP"}})),
        (
            "PUT",
            "servicegroup_servicegroupmember_binding",
            json!({"servicegroup_servicegroupmember_binding": {"servicegroupname": "sg", "ip": "10.0.0.1", "port": 80}}),
        ),
        ("POST", "lbvserver", json!({"lbvserver": {"name": "lb", "servicetype": "HTTP"}})),
        (
            "PUT",
            "lbvserver_servicegroup_binding",
            json!({"lbvserver_servicegroup_binding": {"name": "lb", "servicegroupname": "sg"}}),
        ),
        ("POST", "csaction", json!({"csaction": {"name": "shop", "targetlbvserver": "lb"}})),
        ("POST", "cspolicy", json!({"cspolicy": {"policyname": "shop", "rule": RULE, "action": "shop"}})),
        (
            "POST",
            "csvserver",
            json!({"csvserver": {"name": "fe", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443}}),
        ),
        profile("open"),
        sni("web"),
        route(100),
    ]);
    run(&mut appliance, &commands);
    appliance
}

#[test]
fn client_authentication_comes_after_its_ca() {
    let bind = || {
        let fields = json!({"vservername": "fe", "certkeyname": "ca", "ca": true});
        ("PUT", "sslvserver_sslcertkey_binding", json!({ "sslvserver_sslcertkey_binding": fields }))
    };
    let old = appliance();
    assert_eq!(rules(&old, &[bind(), profile("mutual")]), [""; 0]);
    assert_eq!(rules(&old, &[profile("mutual"), bind()]), ["no-ca"]);
}

#[test]
fn a_route_stays_bound() {
    let unbind = ("DELETE", "csvserver_cspolicy_binding/fe?args=policyname:shop", Value::Null);
    let (violations, _) = judged(&appliance(), &[unbind, route(200)]);
    let [violation] = violations.as_slice() else { panic!("{violations:?}") };
    assert_eq!((violation.rule, violation.step), ("not-found", 1));
    assert_eq!(violation.text, "fe shop.example/ has no route");
}

#[test]
fn a_weaker_back_end_is_noticed_between_two_equal_states() {
    let target = |lb: &str| {
        ("PUT", "csaction", json!({"csaction": {"name": "shop", "targetlbvserver": lb}}))
    };
    let empty =
        ("POST", "lbvserver", json!({"lbvserver": {"name": "empty", "servicetype": "HTTP"}}));
    let broken = rules(&appliance(), &[empty, target("empty"), target("lb")]);
    assert!(broken.contains(&"no-member"), "{broken:?}");
}

#[test]
fn certificates_of_one_name_are_swapped_with_one_gap() {
    let unbind = || {
        let args = "sslvserver_sslcertkey_binding/fe?args=certkeyname:web,snicert:true";
        ("DELETE", args, Value::Null)
    };
    let server = ("POST", "server", json!({"server": {"name": "s", "ipaddress": "10.0.0.9"}}));
    let old = appliance();
    assert_eq!(judged(&old, &[unbind(), sni("web-too")]), (vec![], 1));
    assert_eq!(rules(&old, &[unbind(), server, sni("web-too")]), ["certificate"]);
}

#[test]
fn each_element_of_a_bulk_request_is_judged() {
    let bulk = json!({"csaction": [
        {"name": "shop", "targetlbvserver": "empty"},
        {"name": "shop", "targetlbvserver": "lb"},
    ]});
    let empty =
        ("POST", "lbvserver", json!({"lbvserver": {"name": "empty", "servicetype": "HTTP"}}));
    let broken = rules(&appliance(), &[empty, ("PUT", "csaction", bulk)]);
    assert!(broken.contains(&"no-member"), "{broken:?}");
}
