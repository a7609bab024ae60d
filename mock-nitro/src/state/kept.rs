//! A configuration as JSON with everything that it is made of, secrets and private keys included: for
//! a file that only its owner reads, and for digests.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{BindingKey, Fields, State};
use crate::schema::{self, Kind};
use crate::x509::{self, Encoding, Material};

/// A configuration without its files.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    features: Vec<String>,
    singletons: BTreeMap<String, KeptFields>,
    objects: BTreeMap<String, BTreeMap<String, KeptFields>>,
    bindings: BTreeMap<String, Vec<KeptBinding>>,
    certificates: BTreeMap<String, KeptMaterial>,
}

/// Files by directory and name, in base64.
pub(crate) type KeptFiles = BTreeMap<String, BTreeMap<String, String>>;

type KeptFields = BTreeMap<String, Value>;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptBinding {
    parent: String,
    child: String,
    fields: KeptFields,
}

/// DER in base64.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptMaterial {
    certificate: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// What cannot be taken back into a configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Foreign {
    #[error("there is no type {0:?}")]
    Type(String),
    #[error("type {0:?} has no field {1:?}")]
    Field(&'static str, String),
    #[error("there is no feature {0:?}")]
    Feature(String),
    #[error("the certificate or key of certkey {0:?} cannot be read")]
    Certificate(String),
    #[error("file {0:?} is not in base64")]
    File(String),
}

impl State {
    /// Everything but the files.
    pub(crate) fn to_kept(&self) -> Kept {
        let fields = |fields: &Fields| -> KeptFields {
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
        };
        let mut objects: BTreeMap<String, BTreeMap<String, KeptFields>> = BTreeMap::new();
        for (key, object) in self.all_objects() {
            let of_kind = objects.entry(key.kind.to_owned()).or_default();
            of_kind.insert(key.name.as_ref().to_owned(), fields(object));
        }
        let mut bindings: BTreeMap<String, Vec<KeptBinding>> = BTreeMap::new();
        for (BindingKey { kind, parent, child }, binding) in self.all_bindings() {
            bindings.entry((*kind).to_owned()).or_default().push(KeptBinding {
                parent: parent.as_ref().to_owned(),
                child: child.as_ref().to_owned(),
                fields: fields(binding),
            });
        }
        let certificates = self.materials().map(|(name, material)| {
            let certificate = STANDARD.encode(material.certificate.der());
            let key = material.key().map(|key| STANDARD.encode(key.secret_der()));
            (name.to_owned(), KeptMaterial { certificate, key })
        });
        Kept {
            features: self.features().map(str::to_owned).collect(),
            singletons: self.all_singletons().map(|(k, f)| (k.to_owned(), fields(f))).collect(),
            objects,
            bindings,
            certificates: certificates.collect(),
        }
    }

    /// All files.
    pub(crate) fn to_kept_files(&self) -> KeptFiles {
        let mut files = KeptFiles::new();
        for (location, name, content) in self.all_files() {
            let directory = files.entry(location.to_owned()).or_default();
            directory.insert(name.to_owned(), STANDARD.encode(&**content));
        }
        files
    }

    /// The configuration that was kept, without files.
    pub(crate) fn from_kept(kept: Kept) -> Result<Self, Foreign> {
        let mut state = Self::default();
        let features = schema::kind("nsfeature").and_then(|kind| kind.fields.get("feature"));
        for feature in kept.features {
            let known = features.and_then(|field| field.values.iter().find(|f| **f == feature));
            state.set_feature(known.ok_or(Foreign::Feature(feature))?, true);
        }
        for (name, fields) in kept.singletons {
            let kind = kind(&name)?;
            *state.singleton_mut(&kind.name) = fields_of(kind, fields)?;
        }
        for (name, objects) in kept.objects {
            let kind = kind(&name)?;
            for (name, fields) in objects {
                state.put_object(&kind.name, &name, fields_of(kind, fields)?);
            }
        }
        for (name, bindings) in kept.bindings {
            let kind = kind(&name)?;
            for KeptBinding { parent, child, fields } in bindings {
                let key =
                    BindingKey { kind: &kind.name, parent: parent.into(), child: child.into() };
                state.put_binding(key, fields_of(kind, fields)?);
            }
        }
        for (name, kept) in kept.certificates {
            let material = material(&kept).ok_or_else(|| Foreign::Certificate(name.clone()))?;
            state.put_material(&name, material);
        }
        Ok(state)
    }

    /// Puts in the files that were kept.
    pub(crate) fn put_kept_files(&mut self, files: &KeptFiles) -> Result<(), Foreign> {
        for (location, files) in files {
            for (name, content) in files {
                let content = STANDARD.decode(content);
                let content = content.map_err(|_| Foreign::File(format!("{location}/{name}")))?;
                self.put_file(location, name, content);
            }
        }
        Ok(())
    }
}

fn kind(name: &str) -> Result<&'static Kind, Foreign> {
    schema::kind(name).ok_or_else(|| Foreign::Type(name.to_owned()))
}

fn fields_of(kind: &'static Kind, kept: KeptFields) -> Result<Fields, Foreign> {
    let field = |(name, value): (String, Value)| match known(kind, &name) {
        Some(name) => Ok((name, value)),
        None => Err(Foreign::Field(&kind.name, name)),
    };
    kept.into_iter().map(field).collect()
}

/// A name as the schema has it: of a field, if need be of another type (some bindings say more than
/// they document), or of a mode, since which modes are on is kept under their names.
fn known(kind: &'static Kind, name: &str) -> Option<&'static str> {
    let field = |kind: &'static Kind| kind.fields.get_key_value(name).map(|(name, _)| name);
    let mode = || kind.fields.values().flat_map(|field| &field.values).find(|v| *v == name);
    let elsewhere = || schema::kinds().find_map(|(_, kind)| field(kind));
    field(kind).or_else(mode).or_else(elsewhere).map(String::as_str)
}

fn material(kept: &KeptMaterial) -> Option<Arc<Material>> {
    let certificate = STANDARD.decode(&kept.certificate).ok()?;
    let key = kept.key.as_ref().map(|key| STANDARD.decode(key)).transpose().ok()?;
    x509::load(&certificate, key.as_deref(), Encoding::Der).ok()
}
