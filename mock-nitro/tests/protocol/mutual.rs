//! An appliance with mutual TLS on both sides.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::bench::upload;
use crate::client::Client;

/// An appliance with mutual TLS on both sides, as people configure it: clients show certificates of
/// one CA, members those of another, and the appliance shows members its own.
pub(crate) struct Setup {
    pub(crate) client: Client,
}

/// A CA, and what it issues.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// A certificate with this name, valid until the end of that year, and its key.
    fn issue(&self, name: &str, year: i32) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_after = rcgen::date_time_ymd(year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

impl Setup {
    pub(crate) fn new() -> Self {
        let mut setup = Self { client: Client::new() };
        let features = r#"{"nsfeature":{"feature":["LB","CS","SSL","RESPONDER"]}}"#;
        setup.client.done("POST nsfeature?action=enable", features);
        let [clients, members] = ["Clients CA", "Members CA"].map(Authority::new);
        setup.certkey("ca", (&clients.pem, None));
        setup.certkey("members-ca", (&members.pem, None));
        for (certkey, name, year) in
            [("web", "shop.example", 2026), ("own", "appliance.example", 2025)]
        {
            let (certificate, key) = members.issue(name, year);
            setup.certkey(certkey, (&certificate, Some(&key)));
        }
        for (kind, fields) in back_end().into_iter().chain(front_end()) {
            setup.add(kind, &fields);
        }
        setup
    }

    #[track_caller]
    pub(crate) fn add(&mut self, kind: &str, fields: &Value) {
        let is_changed = kind.ends_with("_binding") || kind.starts_with("sslvserver");
        let is_changed = is_changed || kind.starts_with("sslservicegroup");
        let method = if is_changed { "PUT" } else { "POST" };
        self.client.done(&format!("{method} {kind}"), &json!({ kind: fields }).to_string());
    }

    #[track_caller]
    fn certkey(&mut self, name: &str, (certificate, key): (&str, Option<&str>)) {
        let mut fields = json!({"certkey": name, "cert": format!("{name}.crt")});
        self.client.done("POST systemfile", &upload(&format!("{name}.crt"), certificate));
        if let Some(key) = key {
            self.client.done("POST systemfile", &upload(&format!("{name}.key"), key));
            fields["key"] = format!("{name}.key").into();
        }
        self.add("sslcertkey", &fields);
    }
}

type Row = (&'static str, Value);

/// Members in TLS, which are verified, and are shown a certificate.
fn back_end() -> Vec<Row> {
    let member = |port: u16| json!({"servicegroupname": "app", "ip": "10.0.0.1", "port": port});
    vec![
        (
            "sslprofile",
            json!({
                "name": "verifying", "sslprofiletype": "BackEnd", "serverauth": "ENABLED",
                "commonname": "app.internal", "snienable": "ENABLED",
            }),
        ),
        ("servicegroup", json!({"servicegroupname": "app", "servicetype": "SSL"})),
        ("servicegroup_servicegroupmember_binding", member(8443)),
        ("servicegroup_servicegroupmember_binding", member(8444)),
        ("sslservicegroup", json!({"servicegroupname": "app", "sslprofile": "verifying"})),
        (
            "sslservicegroup_sslcertkey_binding",
            json!({"servicegroupname": "app", "certkeyname": "own"}),
        ),
        (
            "sslservicegroup_sslcertkey_binding",
            json!({"servicegroupname": "app", "certkeyname": "members-ca", "ca": true}),
        ),
        ("lbvserver", json!({"name": "app", "servicetype": "HTTP"})),
        ("lbvserver_servicegroup_binding", json!({"name": "app", "servicegroupname": "app"})),
    ]
}

/// A csvserver that demands certificates of clients, and its one route.
fn front_end() -> Vec<Row> {
    const RULE: &str = r#"HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ("shop.example") && HTTP.REQ.URL.PATH.STARTSWITH("/cart")"#;
    let comment = "<script>alert(1)</script>";
    vec![
        (
            "sslprofile",
            json!({
                "name": "mutual", "snienable": "ENABLED", "clientauth": "ENABLED",
                "clientcert": "Mandatory", "tls1": "DISABLED", "tls11": "DISABLED",
            }),
        ),
        ("csaction", json!({"name": "shop", "targetlbvserver": "app", "comment": comment})),
        ("cspolicy", json!({"policyname": "shop", "rule": RULE, "action": "shop"})),
        (
            "csvserver",
            json!({"name": "fe", "servicetype": "SSL", "ipv46": "192.0.2.1", "port": 443}),
        ),
        ("sslvserver", json!({"vservername": "fe", "sslprofile": "mutual"})),
        (
            "sslvserver_sslcertkey_binding",
            json!({"vservername": "fe", "certkeyname": "ca", "ca": true}),
        ),
        (
            "sslvserver_sslcertkey_binding",
            json!({"vservername": "fe", "certkeyname": "web", "snicert": true}),
        ),
        (
            "csvserver_cspolicy_binding",
            json!({"name": "fe", "policyname": "shop", "priority": 100}),
        ),
    ]
}
