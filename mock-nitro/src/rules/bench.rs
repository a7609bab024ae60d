//! A state to try rules on, for tests: commands in, codes out.

use std::sync::LazyLock;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair,
};
use serde_json::{Map, Value};

use crate::command::Verb;
use crate::engine;
use crate::schema;
use crate::state::State;

/// Keys are costly to make, and tests need few different ones.
static KEYS: LazyLock<[String; 4]> =
    LazyLock::new(|| std::array::from_fn(|_| KeyPair::generate().unwrap().serialize_pem()));

/// An appliance of which only the state is there.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
}

/// What became of a command: the codes of its warnings, or the code of its refusal.
pub(crate) type Outcome = Result<Vec<u32>, u32>;

impl Bench {
    /// With default profiles enabled and all features on.
    pub(crate) fn new() -> Self {
        Self::with_default_profiles(true)
    }

    pub(crate) fn with_default_profiles(enabled: bool) -> Self {
        let mut state = State::default();
        super::install(&mut state, enabled);
        for feature in ["LB", "CS", "SSL", "RESPONDER", "REWRITE"] {
            state.set_feature(feature, true);
        }
        Self { state, now: "2026-06-01T00:00:00Z".parse().unwrap() }
    }

    /// Carries out a command whose fields are given as JSON.
    pub(crate) fn run(&mut self, verb: Verb, kind: &str, fields: &Value) -> Outcome {
        let kind = schema::kind(kind).unwrap();
        let empty = Map::new();
        let command = engine::command(kind, verb, fields.as_object().unwrap_or(&empty))
            .map_err(|refusal| refusal.code)?;
        engine::execute(&mut self.state, command, self.now)
            .map(|(_, warnings)| warnings.into_iter().map(|warning| warning.code).collect())
            .map_err(|refusal| refusal.code)
    }

    pub(crate) fn add(&mut self, kind: &str, fields: &Value) -> Outcome {
        self.run(Verb::Add, kind, fields)
    }

    pub(crate) fn set(&mut self, kind: &str, fields: &Value) -> Outcome {
        self.run(Verb::Update, kind, fields)
    }

    pub(crate) fn unset(&mut self, kind: &str, fields: &Value) -> Outcome {
        self.run(Verb::Unset, kind, fields)
    }

    pub(crate) fn delete(&mut self, kind: &str, fields: &Value) -> Outcome {
        self.run(Verb::Delete, kind, fields)
    }

    pub(crate) fn bind(&mut self, kind: &str, fields: &Value) -> Outcome {
        self.run(Verb::Bind, kind, fields)
    }

    pub(crate) fn unbind(&mut self, kind: &str, fields: &Value) -> Outcome {
        self.run(Verb::Unbind, kind, fields)
    }

    /// Writes a file where certificates lie.
    pub(crate) fn upload(&mut self, name: &str, content: &str) {
        self.state.put_file("/nsconfig/ssl", name, content.as_bytes().to_vec());
    }

    /// A field of an object; null if it is not there.
    pub(crate) fn field(&self, kind: &str, name: &str, field: &str) -> Value {
        let object = self.state.object(kind, name);
        object.and_then(|fields| fields.get(field).cloned()).unwrap_or_default()
    }

    /// A field of each binding of a parent.
    pub(crate) fn bound(&self, kind: &str, parent: &str, field: &str) -> Vec<Value> {
        let all = self.state.bindings(kind, parent);
        all.map(|(_, fields)| fields.get(field).cloned().unwrap_or_default()).collect()
    }
}

/// A certificate of a CA and the means to sign with it.
pub(crate) struct Authority {
    pub(crate) pem: String,
    pub(crate) key: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(crate) struct Leaf {
    pub(crate) pem: String,
    pub(crate) key: String,
}

fn key(number: usize) -> KeyPair {
    KeyPair::from_pem(&KEYS[number]).unwrap()
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = DistinguishedName::new();
    if !common_name.is_empty() {
        params.distinguished_name.push(DnType::CommonName, common_name);
    }
    params
}

/// A self-signed CA.
pub(crate) fn authority(name: &str) -> Authority {
    let mut params = params(name, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = key(0);
    let (pem, text) = (params.self_signed(&key).unwrap().pem(), key.serialize_pem());
    Authority { pem, key: text, issuer: Issuer::new(params, key) }
}

impl Authority {
    /// A CA below this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let mut params = params(name, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key(1);
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { pem, key: key.serialize_pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate for these names, the first of which is its common name. Each call gives
    /// another serial number, so another content.
    pub(crate) fn leaf(&self, names: &[&str]) -> Leaf {
        let key = key(2);
        let params = params(names.first().copied().unwrap_or_default(), names);
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Leaf { pem, key: key.serialize_pem() }
    }
}
