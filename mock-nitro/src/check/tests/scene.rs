//! A small configuration to start from, and the words in which tests change it.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;

use crate::check::{Step, Verdict, judge};
use crate::state::{BindingKey, Fields, State};
use crate::x509::{Encoding, Material, load};

/// A front end `fe` in TLS that serves `shop.example/` by policy `p` from back end `lb`, and
/// profiles and certkeys to change that.
#[derive(Clone)]
pub(super) struct Scene {
    state: State,
}

pub(super) type Edit<'a> = &'a dyn Fn(&mut Scene);

/// What the predicate says of these edits, each taken for one command.
pub(super) fn judged(old: &Scene, edits: impl IntoIterator<Item = impl Fn(&mut Scene)>) -> Verdict {
    let mut scene = old.clone();
    let steps: Vec<Step> = edits
        .into_iter()
        .enumerate()
        .map(|(number, edit)| {
            edit(&mut scene);
            Step { command: format!("command {}", number + 1), state: scene.state.clone() }
        })
        .collect();
    judge(&old.state, &steps)
}

/// The rules that these edits break.
pub(super) fn broken(old: &Scene, edits: &[Edit<'_>]) -> Vec<&'static str> {
    let mut rules: Vec<_> =
        judged(old, edits.iter().copied()).violations.iter().map(|broken| broken.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

impl Scene {
    pub(super) fn new() -> Self {
        let mut scene = Self { state: State::default() };
        scene.profiles();
        for ca in ["ca-a", "ca-b"] {
            scene.certkey(ca, ca, false);
        }
        for (name, host) in
            [("web", "shop.example"), ("wild", "*.example"), ("other", "other.example")]
        {
            scene.certkey(name, host, true);
        }
        scene.certkey("web-too", "shop.example", true);
        scene.front_end("fe", "SSL");
        scene.object("sslvserver", "fe", &[("sslprofile", "open")]);
        scene.bind_sni("fe", "web");
        scene.back_end("lb", "HTTP", "", &[]);
        scene.bind_member("lb", "10.0.0.1", 80);
        scene.route("fe", "p", "shop.example/", "lb");
        scene
    }

    fn profiles(&mut self) {
        const FRONT: [(&str, &str); 3] =
            [("snienable", "ENABLED"), ("tls1", "ENABLED"), ("tls12", "ENABLED")];
        self.object("sslprofile", "open", &FRONT);
        self.object("sslprofile", "no-sni", &FRONT[1..]);
        for (name, demand) in
            [("optional", "Optional"), ("mandatory", "Mandatory"), ("mandatory-too", "Mandatory")]
        {
            self.object("sslprofile", name, &FRONT);
            self.object("sslprofile", name, &[("clientauth", "ENABLED"), ("clientcert", demand)]);
        }
        for name in ["strict", "strict-too"] {
            self.object("sslprofile", name, &[("snienable", "ENABLED"), ("hsts", "ENABLED")]);
            self.object("sslprofile", name, &[("tls12", "ENABLED")]);
        }
        for name in ["open", "no-sni", "optional", "mandatory", "mandatory-too"] {
            let cipher = [("name", name), ("ciphername", "DEFAULT")];
            self.bind("sslprofile_sslcipher_binding", &cipher);
        }
        for (name, common_name) in [("verifying", "back.example"), ("other-name", "other.example")]
        {
            let fields = [("serverauth", "ENABLED"), ("commonname", common_name)];
            self.object("sslprofile", name, &fields);
        }
    }

    /// Makes an object or changes fields of it.
    pub(super) fn object(
        &mut self,
        kind: &'static str,
        name: &str,
        fields: &[(&'static str, &str)],
    ) {
        let mut all = self.state.object(kind, name).map_or_else(Fields::new, |old| (**old).clone());
        all.extend(fields.iter().map(|(field, value)| (*field, Value::from(*value))));
        self.state.put_object(kind, name, all);
    }

    pub(super) fn remove(&mut self, kind: &'static str, name: &str) {
        self.state.remove_object(kind, name);
    }

    pub(super) fn certkey(&mut self, name: &str, host: &str, keyed: bool) {
        self.object("sslcertkey", name, &[("cert", name)]);
        self.state.put_material(name, material(name, host, keyed));
    }

    pub(super) fn front_end(&mut self, name: &str, service_type: &str) {
        self.object("csvserver", name, &[("servicetype", service_type)]);
    }

    pub(super) fn set_profile(&mut self, front: &str, profile: &str) {
        self.object("sslvserver", front, &[("sslprofile", profile)]);
    }

    /// Makes an lbvserver and a group of the same name.
    pub(super) fn empty_back_end(&mut self, name: &str, service_type: &str, profile: &str) {
        self.object("lbvserver", name, &[("servicetype", "HTTP")]);
        self.object("servicegroup", name, &[("servicetype", service_type)]);
        self.bind("lbvserver_servicegroup_binding", &[("name", name), ("servicegroupname", name)]);
        if service_type == "SSL" {
            self.object("sslservicegroup", name, &[("sslprofile", profile)]);
        }
    }

    /// Makes an lbvserver and a group of the same name, with one member.
    pub(super) fn back_end(&mut self, name: &str, service_type: &str, profile: &str, cas: &[&str]) {
        self.empty_back_end(name, service_type, profile);
        self.bind_member(name, "10.0.0.1", if service_type == "SSL" { 443 } else { 80 });
        for ca in cas {
            self.bind_back_ca(name, ca);
        }
    }

    pub(super) fn bind_member(&mut self, group: &str, address: &str, port: u16) {
        self.object("server", address, &[("ipaddress", address)]);
        let (kind, fields) = member(group, address, port);
        self.state.put_binding(BindingKey::of(kind, &fields), fields);
    }

    pub(super) fn switch_member(&mut self, group: &str, address: &str, state: &str) {
        let (kind, mut fields) = member(group, address, 80);
        fields.insert("state", state.into());
        self.state.put_binding(BindingKey::of(kind, &fields), fields);
    }

    pub(super) fn unbind_member(&mut self, group: &str, address: &str, port: u16) {
        let (kind, fields) = member(group, address, port);
        self.state.remove_binding(&BindingKey::of(kind, &fields));
    }

    /// Makes a policy and its action, and binds the policy.
    pub(super) fn route(&mut self, front: &str, policy: &str, place: &str, lb: &str) {
        self.policy(policy, place, lb);
        self.bind_route(front, policy);
    }

    /// Makes a policy and its action.
    pub(super) fn policy(&mut self, policy: &str, place: &str, lb: &str) {
        let (host, path) = place.split_at(place.find('/').expect("a place has a path"));
        let host = format!("HTTP.REQ.HOSTNAME.SERVER.TO_LOWER.EQ(\"{host}\")");
        let rule = format!("{host} && HTTP.REQ.URL.PATH.STARTSWITH(\"{path}\")");
        self.set_target(policy, lb);
        let fields = [("policyname", policy), ("rule", &rule), ("action", policy)];
        self.object("cspolicy", policy, &fields);
    }

    pub(super) fn bind_route(&mut self, front: &str, policy: &str) {
        self.bind("csvserver_cspolicy_binding", &[("name", front), ("policyname", policy)]);
    }

    pub(super) fn unbind_route(&mut self, front: &str, policy: &str) {
        self.unbind("csvserver_cspolicy_binding", &[("name", front), ("policyname", policy)]);
    }

    pub(super) fn set_target(&mut self, action: &str, lb: &str) {
        self.object("csaction", action, &[("targetlbvserver", lb)]);
    }

    pub(super) fn bind_default(&mut self, front: &str, lb: &str) {
        self.bind("csvserver_lbvserver_binding", &[("name", front), ("lbvserver", lb)]);
    }

    pub(super) fn bind_ca(&mut self, front: &str, ca: &str) {
        self.state.put_binding_of(FRONT_CERTIFICATE, role("vservername", front, ca, Some("ca")));
    }

    pub(super) fn unbind_ca(&mut self, front: &str, ca: &str) {
        let fields = role("vservername", front, ca, Some("ca"));
        self.state.remove_binding(&BindingKey::of(FRONT_CERTIFICATE, &fields));
    }

    pub(super) fn bind_sni(&mut self, front: &str, certkey: &str) {
        let fields = role("vservername", front, certkey, Some("snicert"));
        self.state.put_binding_of(FRONT_CERTIFICATE, fields);
    }

    pub(super) fn unbind_sni(&mut self, front: &str, certkey: &str) {
        let fields = role("vservername", front, certkey, Some("snicert"));
        self.state.remove_binding(&BindingKey::of(FRONT_CERTIFICATE, &fields));
    }

    pub(super) fn bind_back_ca(&mut self, group: &str, ca: &str) {
        self.state
            .put_binding_of(BACK_CERTIFICATE, role("servicegroupname", group, ca, Some("ca")));
    }

    pub(super) fn unbind_back_ca(&mut self, group: &str, ca: &str) {
        let fields = role("servicegroupname", group, ca, Some("ca"));
        self.state.remove_binding(&BindingKey::of(BACK_CERTIFICATE, &fields));
    }

    pub(super) fn bind_client_certificate(&mut self, group: &str, certkey: &str) {
        self.state.put_binding_of(BACK_CERTIFICATE, role("servicegroupname", group, certkey, None));
    }

    pub(super) fn unbind_client_certificate(&mut self, group: &str, certkey: &str) {
        let fields = role("servicegroupname", group, certkey, None);
        self.state.remove_binding(&BindingKey::of(BACK_CERTIFICATE, &fields));
    }

    /// Binds a policy that turns away clients without a valid certificate.
    pub(super) fn bind_refusal(&mut self, front: &str, policy: &str) {
        let rule = "HTTP.REQ.HOSTNAME.EQ(\"shop.example\") && (CLIENT.SSL.CLIENT_CERT.EXISTS.NOT \
                    || CLIENT.SSL.CLIENT_CERT.IS_VALID.NOT)";
        self.bind_responder(front, policy, rule, "respondwith");
    }

    pub(super) fn unbind_refusal(&mut self, front: &str, policy: &str) {
        self.unbind(
            "csvserver_responderpolicy_binding",
            &[("name", front), ("policyname", policy)],
        );
    }

    /// Binds a responder policy with an action of this type to a csvserver or lbvserver.
    pub(super) fn bind_responder(&mut self, parent: &str, policy: &str, rule: &str, action: &str) {
        self.object("responderaction", policy, &[("type", action)]);
        self.object("responderpolicy", policy, &[("rule", rule), ("action", policy)]);
        let kind = if self.state.object("csvserver", parent).is_some() {
            "csvserver_responderpolicy_binding"
        } else {
            "lbvserver_responderpolicy_binding"
        };
        self.bind(kind, &[("name", parent), ("policyname", policy)]);
    }

    fn bind(&mut self, kind: &'static str, fields: &[(&'static str, &str)]) {
        let fields = fields.iter().map(|(field, value)| (*field, Value::from(*value))).collect();
        self.state.put_binding_of(kind, fields);
    }

    fn unbind(&mut self, kind: &'static str, fields: &[(&'static str, &str)]) {
        let fields = fields.iter().map(|(field, value)| (*field, Value::from(*value))).collect();
        self.state.remove_binding(&BindingKey::of(kind, &fields));
    }
}

const FRONT_CERTIFICATE: &str = "sslvserver_sslcertkey_binding";
const BACK_CERTIFICATE: &str = "sslservicegroup_sslcertkey_binding";

fn role(key: &'static str, parent: &str, certkey: &str, role: Option<&'static str>) -> Fields {
    let mut fields = Fields::from([(key, parent.into()), ("certkeyname", certkey.into())]);
    fields.extend(role.map(|role| (role, true.into())));
    fields
}

fn member(group: &str, address: &str, port: u16) -> (&'static str, Fields) {
    let fields = Fields::from([
        ("servicegroupname", group.into()),
        ("servername", address.into()),
        ("ip", address.into()),
        ("port", port.into()),
        ("state", "ENABLED".into()),
    ]);
    ("servicegroup_servicegroupmember_binding", fields)
}

impl State {
    fn put_binding_of(&mut self, kind: &'static str, fields: Fields) {
        self.put_binding(BindingKey::of(kind, &fields), fields);
    }
}

/// A self-signed certificate, made once for each name.
fn material(certkey: &str, host: &str, keyed: bool) -> Arc<Material> {
    static MADE: LazyLock<Mutex<BTreeMap<String, (String, String)>>> =
        LazyLock::new(Mutex::default);
    let mut made = MADE.lock().unwrap();
    let (certificate, key) = made.entry(certkey.to_owned()).or_insert_with(|| {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([host.to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    });
    load(certificate.as_bytes(), keyed.then_some(key.as_bytes()), Encoding::Pem).unwrap()
}
