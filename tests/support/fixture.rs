//! Objects on a mock appliance, put there as any other client would.

use mock_nitro::message::Request;
use mock_nitro::{Appliance, Options};
use nitro_ingress::model::{CertificateId, ClusterId, IngressId, Mark, ObjectKey, OwnerComment};
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::{Value, json};

/// The mark that tests act under.
pub(crate) fn mark() -> Mark {
    Mark { prefix: "k8s".to_owned(), cluster: ClusterId::parse("local").unwrap() }
}

/// The Ingress `default/shop`.
pub(crate) fn shop() -> (IngressId, ObjectKey) {
    let key = ObjectKey::new("default", "shop");
    (IngressId::of(&key), key)
}

/// The comment of an object that all share.
pub(crate) fn shared_comment() -> String {
    mark().comment(&OwnerComment { ingress: None, service: None })
}

/// The comment of a back end of `default/shop`.
pub(crate) fn shop_comment() -> String {
    mark().comment(&OwnerComment { ingress: Some(shop()), service: Some("web:80".to_owned()) })
}

/// A client that does not go through ours.
pub(crate) struct Hand(pub(crate) Appliance);

impl Hand {
    /// At a fresh appliance with all features on.
    pub(crate) fn new(default_profile: bool) -> Self {
        let mut hand = Self(Appliance::new(Options { default_profile, ..Options::default() }));
        let features = ["LB", "CS", "SSL", "RESPONDER", "REWRITE"];
        hand.send("POST", "nsfeature?action=enable", &json!({"nsfeature": {"feature": features}}));
        hand
    }

    /// Adds an object.
    pub(crate) fn add(&mut self, kind: &str, fields: &Value) -> &mut Self {
        self.send("POST", kind, &json!({ kind: fields }))
    }

    /// Binds.
    pub(crate) fn bind(&mut self, kind: &str, fields: &Value) -> &mut Self {
        let kind = &*format!("{kind}_binding");
        self.send("PUT", kind, &json!({ kind: fields }))
    }

    /// Sets fields.
    pub(crate) fn set(&mut self, kind: &str, fields: &Value) -> &mut Self {
        self.send("PUT", kind, &json!({ kind: fields }))
    }

    /// Takes fields back.
    pub(crate) fn unset(&mut self, kind: &str, fields: &Value) -> &mut Self {
        self.send("POST", &format!("{kind}?action=unset"), &json!({ kind: fields }))
    }

    /// Reads one object.
    pub(crate) fn get(&mut self, kind: &str, name: &str) -> serde_json::Map<String, Value> {
        let answer = self.answer("GET", &format!("{kind}/{name}"), &Value::Null);
        answer[kind][0].as_object().expect("it is there").clone()
    }

    /// Saves.
    pub(crate) fn save(&mut self) -> &mut Self {
        self.send("POST", "nsconfig?action=save", &json!({"nsconfig": {}}))
    }

    #[track_caller]
    fn send(&mut self, method: &str, target: &str, body: &Value) -> &mut Self {
        self.answer(method, target, body);
        self
    }

    #[track_caller]
    fn answer(&mut self, method: &str, target: &str, body: &Value) -> Value {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        let Options { username, password, .. } = Options::default();
        let request = Request {
            method: method.to_owned(),
            path: format!("/nitro/v1/config/{path}"),
            query,
            headers: vec![
                ("X-NITRO-USER".to_owned(), username),
                ("X-NITRO-PASS".to_owned(), password),
            ],
            body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
        };
        let response = self.0.handle(&request);
        let text = String::from_utf8_lossy(&response.body);
        assert!(response.status < 300, "{method} {target} {body}: {} {text}", response.status);
        serde_json::from_str(&text).unwrap_or_default()
    }
}

/// A certificate with its key, made for a test.
pub(crate) struct Made {
    /// Its content.
    pub(crate) id: CertificateId,
    certificate: String,
    key: String,
}

impl Made {
    /// A self-signed certificate authority.
    pub(crate) fn authority(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self::new(params, name)
    }

    /// A certificate for this host.
    pub(crate) fn leaf(host: &str) -> Self {
        Self::new(CertificateParams::new(vec![host.to_owned()]).unwrap(), host)
    }

    fn new(mut params: CertificateParams, name: &str) -> Self {
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let id = CertificateId::of_der(certificate.der());
        Self { id, certificate: certificate.pem(), key: key.serialize_pem() }
    }

    /// Puts it onto the appliance as a certkey of this name, in files named as ours are.
    pub(crate) fn install(&self, hand: &mut Hand, name: &str, keyed: bool) {
        let file = mark().shared_name(&format!("{}.crt", self.id));
        upload(hand, &file, &self.certificate);
        let mut fields = json!({ "certkey": name, "cert": file });
        if keyed {
            let key_file = file.replace(".crt", ".key");
            upload(hand, &key_file, &self.key);
            fields["key"] = key_file.into();
        }
        hand.add("sslcertkey", &fields);
    }
}

fn upload(hand: &mut Hand, file: &str, content: &str) {
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(content);
    hand.add(
        "systemfile",
        &json!({
            "filename": file, "filelocation": "/nsconfig/ssl", "fileencoding": "BASE64",
            "filecontent": content
        }),
    );
}
