//! Manifests as people write them, read into a [`Snapshot`] with the place of every part.
//!
//! A file with an error in it is still read to its end, so that one run reports all of them.

mod node;
mod places;
mod secret;
mod split;
mod typed;
mod v1beta1;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use k8s_openapi::Metadata;
use k8s_openapi::api::core::v1::{self, ConfigMap, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use super::{Places, Secret, Settings, Snapshot, Sourced};
use crate::diagnostic::{Code, Diagnostic, ObjectRef, Place, Severity};
use crate::model::ObjectKey;
use node::{Node, Spot, Value};
use typed::{Misfit, Unknown};

/// Reads the manifests of one file into a snapshot: YAML or JSON, any number of documents, lists
/// unpacked. What cannot be read is left out and reported.
pub fn read(snapshot: &mut Snapshot, file: &str, text: &str) -> Reading {
    let mut reader = Reader { snapshot, file, reading: Reading::default() };
    for chunk in split::split(text) {
        match node::parse(chunk.text, chunk.first_line) {
            Ok(documents) => documents.iter().for_each(|document| reader.object(document, None)),
            Err(error) => reader.refuse(None, Misfit::at(error.spot, error.problem)),
        }
    }
    reader.reading
}

/// What is to be said about a file that was read.
#[derive(Debug, Default)]
#[must_use = "what could not be read is in it"]
pub struct Reading {
    /// What was passed over, and what was given twice.
    pub diagnostics: Vec<Diagnostic>,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
}

/// A part of a file that is no manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where.
    pub place: Place,
    /// In which object, if that much could be read.
    pub object: Option<ObjectRef>,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)?;
        self.object.as_ref().map_or(Ok(()), |object| write!(f, " ({object})"))
    }
}

impl std::error::Error for Unreadable {}

struct Reader<'a> {
    snapshot: &'a mut Snapshot,
    file: &'a str,
    reading: Reading,
}

/// The API version and kind of an object.
type TypeOf<'a> = (&'a str, &'a str);

impl Reader<'_> {
    /// Takes in one object, or the items of a list. The items of an `IngressList` need not say
    /// that they are Ingresses: `assumed` says so.
    fn object(&mut self, node: &Node, assumed: Option<TypeOf<'_>>) {
        if !matches!(node.value, Value::Map(_)) {
            let noun = node.value.noun();
            let problem = format!("expected a Kubernetes object, found {noun}");
            return self.refuse(None, Misfit::at(node.spot, problem));
        }
        let text = |name| node.member(name).and_then(Node::text);
        let (assumed_version, assumed_kind) = assumed.unzip();
        let version = text("apiVersion").or(assumed_version);
        let (Some(version), Some(kind)) = (version, text("kind").or(assumed_kind)) else {
            let missing = if version.is_none() { "apiVersion" } else { "kind" };
            let problem = format!("this is no Kubernetes object: it has no {missing}");
            return self.refuse(None, Misfit::at(node.spot, problem));
        };
        if let Some(item) = kind.strip_suffix("List")
            && let Some(items) = node.member("items")
        {
            let assumed = (!item.is_empty()).then_some((version, item));
            return items.items().iter().for_each(|item| self.object(item, assumed));
        }
        match (version, kind) {
            ("networking.k8s.io/v1", "Ingress") => drop(self.ingress(node)),
            ("networking.k8s.io/v1", "IngressClass") => drop(self.ingress_class(node)),
            (old, "Ingress") if v1beta1::VERSIONS.contains(&old) => self.old_ingress(node, old),
            (old @ "networking.k8s.io/v1beta1", "IngressClass") => {
                if let Some(key) = self.ingress_class(&v1beta1::renamed(node)) {
                    let remedy = format!("write it for {}, with the same fields", v1beta1::CURRENT);
                    self.note_age(("IngressClass", key), node, old, remedy);
                }
            }
            ("v1", "Secret") => self.secret(node),
            ("v1", "ConfigMap") if holds_settings(node) => self.config_map(node),
            ("v1", "Service") => self.service(node),
            ("v1", "Node") => self.node(node),
            ("discovery.k8s.io/v1", "EndpointSlice") => self.endpoint_slice(node),
            _ => self.pass_over(node, version, kind),
        }
    }

    fn ingress(&mut self, node: &Node) -> Option<ObjectKey> {
        let (key, object) = self.typed::<Ingress>(node, "Ingress", Unknown::Refused)?;
        let places = self.places(node, places::of(node));
        let ingress = Sourced { object: Arc::new(object), places };
        if let Some(earlier) = self.snapshot.ingresses.insert(key.clone(), ingress) {
            self.note_repetition("Ingress", key.clone(), node, earlier.places.object.as_ref());
        }
        Some(key)
    }

    /// Reads an Ingress of an API that is served no more, and shows how it is written now.
    fn old_ingress(&mut self, node: &Node, version: &str) {
        let Some(key) = self.ingress(&v1beta1::converted(node)) else { return };
        let remedy = v1beta1::remedy(&self.snapshot.ingresses[&key].object);
        self.note_age(("Ingress", key), node, version, remedy);
    }

    fn note_age(
        &mut self,
        (kind, key): (&str, ObjectKey),
        node: &Node,
        version: &str,
        remedy: String,
    ) {
        let spot = node.member("apiVersion").map_or(node.spot, |version| version.spot);
        self.reading.diagnostics.push(Diagnostic {
            object: ObjectRef { kind: kind.to_owned(), key },
            severity: Severity::Warning,
            code: Code::ApiOutdated,
            field: Some("apiVersion".to_owned()),
            place: Some(self.place(spot)),
            problem: format!("{version:?} is served by no Kubernetes since 1.22"),
            remedy,
        });
    }

    fn ingress_class(&mut self, node: &Node) -> Option<ObjectKey> {
        let (key, class) = self.typed::<IngressClass>(node, "IngressClass", Unknown::Refused)?;
        if self.snapshot.ingress_classes.insert(key.name.clone(), class).is_some() {
            self.note_repetition("IngressClass", key.clone(), node, None);
        }
        Some(key)
    }

    fn service(&mut self, node: &Node) {
        let read = self.typed::<Service>(node, "Service", Unknown::PassedOver);
        let Some((key, object)) = read else { return };
        let places = self.places(node, places::of_annotations(node));
        let service = Sourced { object: Arc::new(object), places };
        if let Some(earlier) = self.snapshot.services.insert(key.clone(), service) {
            self.note_repetition("Service", key, node, earlier.places.object.as_ref());
        }
    }

    fn node(&mut self, node: &Node) {
        let read = self.typed::<v1::Node>(node, "Node", Unknown::PassedOver);
        if let Some((key, object)) = read
            && self.snapshot.nodes.insert(key.name.clone(), object).is_some()
        {
            self.note_repetition("Node", key, node, None);
        }
    }

    fn endpoint_slice(&mut self, node: &Node) {
        let read = self.typed::<EndpointSlice>(node, "EndpointSlice", Unknown::PassedOver);
        if let Some((key, slice)) = read
            && self.snapshot.endpoint_slices.insert(key.clone(), Arc::new(slice)).is_some()
        {
            self.note_repetition("EndpointSlice", key, node, None);
        }
    }

    fn secret(&mut self, node: &Node) {
        let mut misfits = Vec::new();
        let data = secret::read_data(node, &mut misfits);
        let key = key_of(node, "Secret").map_err(|misfit| misfits.push(misfit)).ok();
        let object = key.clone().map(|key| ObjectRef { kind: "Secret".to_owned(), key });
        let Some(key) = key.filter(|_| misfits.is_empty()) else {
            return misfits.into_iter().for_each(|misfit| self.refuse(object.clone(), misfit));
        };
        let secret = Secret { data, place: Some(self.place(node.spot)) };
        if let Some(earlier) = self.snapshot.secrets.insert(key.clone(), Arc::new(secret)) {
            self.note_repetition("Secret", key, node, earlier.place.as_ref());
        }
    }

    fn config_map(&mut self, node: &Node) {
        let read = self.typed::<ConfigMap>(node, "ConfigMap", Unknown::Refused);
        let Some((key, object)) = read else { return };
        let data = object.data.unwrap_or_default();
        let settings = Settings { data, place: Some(self.place(node.spot)) };
        if let Some(earlier) = self.snapshot.config_maps.insert(key.clone(), settings) {
            self.note_repetition("ConfigMap", key, node, earlier.place.as_ref());
        }
    }

    fn typed<T: DeserializeOwned + Metadata<Ty = ObjectMeta>>(
        &mut self,
        node: &Node,
        kind: &str,
        unknown: Unknown,
    ) -> Option<(ObjectKey, T)> {
        let key = key_of(node, kind);
        let object = key.as_ref().ok();
        let object = object.map(|key| ObjectRef { kind: kind.to_owned(), key: key.clone() });
        match (typed::read::<T>(node, unknown), key) {
            (Ok(mut read), Ok(key)) => {
                let namespace = (!key.namespace.is_empty()).then(|| key.namespace.clone());
                read.metadata_mut().namespace = namespace;
                return Some((key, read));
            }
            (Ok(_), Err(misfit)) | (Err(misfit), Ok(_)) => self.refuse(object, misfit),
            (Err(misfit), Err(other)) => {
                self.refuse(None, misfit);
                self.refuse(None, other);
            }
        }
        None
    }

    fn pass_over(&mut self, node: &Node, version: &str, kind: &str) {
        let other_version = matches!(kind, "Ingress" | "IngressClass" | "EndpointSlice");
        let (severity, remedy) = if other_version {
            let current =
                if kind == "EndpointSlice" { "discovery.k8s.io" } else { "networking.k8s.io" };
            (Severity::Warning, format!("write it for {current}/v1"))
        } else {
            (Severity::Note, "leave it out of the input if this note is in the way".to_owned())
        };
        // Whatever its name is, it is only shown.
        let key = key_of(node, kind).unwrap_or_else(|_| ObjectKey::new("", "?"));
        self.reading.diagnostics.push(Diagnostic {
            object: ObjectRef { kind: kind.to_owned(), key },
            severity,
            code: Code::DocumentSkipped,
            field: None,
            place: Some(self.place(node.spot)),
            problem: format!("{kind} of API version {version:?} is not read"),
            remedy,
        });
    }

    fn note_repetition(&mut self, kind: &str, key: ObjectKey, node: &Node, first: Option<&Place>) {
        let earlier = first.map(|place| format!(", first at {place}")).unwrap_or_default();
        let object = ObjectRef { kind: kind.to_owned(), key };
        self.reading.diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            code: Code::ObjectRepeated,
            field: None,
            place: Some(self.place(node.spot)),
            problem: format!("{object} is given twice{earlier}; this one counts"),
            remedy: "remove one of the two".to_owned(),
            object,
        });
    }

    fn refuse(&mut self, object: Option<ObjectRef>, misfit: Misfit) {
        let place = self.place(misfit.spot.unwrap_or(Spot::START));
        self.reading.unreadable.push(Unreadable { place, object, problem: misfit.problem });
    }

    fn places(&self, node: &Node, parts: BTreeMap<String, Spot>) -> Places {
        let fields = parts.into_iter().map(|(path, spot)| (path, self.place(spot))).collect();
        Places { object: Some(self.place(node.spot)), fields }
    }

    fn place(&self, spot: Spot) -> Place {
        Place { file: self.file.to_owned(), line: spot.line, column: spot.column }
    }
}

/// Whether a `ConfigMap` has keys that are read; other ones are nobody's business.
fn holds_settings(node: &Node) -> bool {
    let data = node.member("data").map(Node::members).unwrap_or_default();
    data.iter().any(|(key, _)| key.name.starts_with("FRONTEND_"))
}

/// Namespace and name of an object, checked as an apiserver checks them: names go into comments
/// and file names on the appliance.
fn key_of(node: &Node, kind: &str) -> Result<ObjectKey, Misfit> {
    let metadata = node.member("metadata");
    let text = |name| {
        let field = metadata.and_then(|metadata| metadata.member(name));
        field.filter(|field| !field.is_null())
    };
    let Some(name) = text("name") else {
        let spot = metadata.map_or(node.spot, |metadata| metadata.spot);
        return Err(Misfit::at(spot, format!("this {kind} has no metadata.name")));
    };
    let checked = |node: &Node, what, longest, is_allowed: fn(char) -> bool| match node.text() {
        Some(text) if is_name(text, longest, is_allowed) => Ok(text.to_owned()),
        Some(text) => Err(Misfit::at(node.spot, format!("{text:?} is not a valid {what}"))),
        None => {
            let noun = node.value.noun();
            Err(Misfit::at(
                node.spot,
                format!("the {what} is {noun}, not a text: put it in quotes"),
            ))
        }
    };
    let name = checked(name, "name", 253, |c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '.'))?;
    if matches!(kind, "IngressClass" | "Node") {
        return Ok(ObjectKey::new("", name));
    }
    let namespace = match text("namespace") {
        Some(node) => checked(node, "namespace", 63, |c| matches!(c, 'a'..='z' | '0'..='9' | '-'))?,
        None => "default".to_owned(),
    };
    Ok(ObjectKey::new(namespace, name))
}

fn is_name(text: &str, longest: usize, is_allowed: fn(char) -> bool) -> bool {
    let ends = [text.chars().next(), text.chars().next_back()];
    text.len() <= longest
        && text.chars().all(is_allowed)
        && ends.iter().all(|end| end.is_some_and(|c| c.is_ascii_alphanumeric()))
}

#[cfg(test)]
mod tests;
