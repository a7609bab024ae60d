//! The parts of an Ingress's text and what it refers to, and how the cluster would be without one.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use k8s_openapi::api::networking::v1::{Ingress, IngressSpec};

use super::difference::{difference, missing};
use super::{Effect, Standing, Subject, about, errors, mine, standing};
use crate::annotations::is_ours;
use crate::diagnostic::Severity;
use crate::model::{BindingId, IngressId, ObjectKey, Role, State};
use crate::policy::Policy;
use crate::snapshot::Snapshot;
use crate::tls;
use crate::translate::{Translation, translate};

/// A part of an Ingress, or an object that it refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// An annotation, with its key as written.
    Annotation(String),
    /// An entry of `spec.tls`.
    Tls(usize),
    /// A path of a rule.
    Path(usize, usize),
    /// The default back end.
    DefaultBackEnd,
    /// A Secret.
    Secret(ObjectKey),
    /// The endpoints of a Service.
    Endpoints(ObjectKey),
}

/// The label of EndpointSlices that says whose they are.
const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// An address for documentation (RFC 5737): where an Ingress would be that names none.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 254));

/// A path that nobody has.
const NOBODYS_PATH: &str = "/.nitro-ingress/nobody";

/// All parts of an Ingress that may do something, in the order of its text, and what it may refer
/// to.
pub(super) fn parts(snapshot: &Snapshot, key: &ObjectKey) -> Vec<Part> {
    let ingress = &snapshot.ingresses[key].object;
    let annotations = ingress.metadata.annotations.iter().flatten();
    let annotations = annotations.filter(|(key, _)| is_ours(key));
    let mut parts: Vec<Part> = annotations.map(|(key, _)| Part::Annotation(key.clone())).collect();
    if let Some(spec) = &ingress.spec {
        let entries = spec.tls.as_deref().unwrap_or_default().len();
        parts.extend((0..entries).map(Part::Tls));
        parts.extend(spec.default_backend.iter().map(|_| Part::DefaultBackEnd));
        for (i, rule) in spec.rules.iter().flatten().enumerate() {
            let paths = rule.http.as_ref().map_or(0, |http| http.paths.len());
            parts.extend((0..paths).map(|j| Part::Path(i, j)));
        }
    }
    let here = |other: &&ObjectKey| other.namespace == key.namespace;
    parts.extend(snapshot.secrets.keys().filter(here).cloned().map(Part::Secret));
    parts.extend(snapshot.services.keys().filter(here).cloned().map(Part::Endpoints));
    parts
}

/// What a part does. `None` if the Ingress does not refer to it.
pub(super) fn effects(
    part: &Part,
    (snapshot, policy, key): (&Snapshot, &Policy, &ObjectKey),
    with: &State,
) -> Option<Vec<Effect>> {
    let mut other = snapshot.clone();
    part.take_away(&mut other, key);
    let otherwise = translate(&other, policy);
    let needed = needed(&otherwise, key);
    let effects = match part {
        Part::Secret(secret) => {
            needed.as_ref()?;
            let bindings = certificates_of(secret, snapshot, with);
            if !bindings.is_empty() {
                return Some(bindings);
            }
            bindings
        }
        Part::Endpoints(_) => {
            let members = missing(with, &mine(&otherwise, &IngressId::of(key)));
            return (!members.is_empty()).then_some(members);
        }
        Part::Path(..) => missing(with, &mine(&otherwise, &IngressId::of(key))),
        Part::Annotation(_) | Part::Tls(_) | Part::DefaultBackEnd => {
            let comparable = without_what_needs_it(otherwise, other, (policy, key));
            comparable.map_or_else(Vec::new, |without| difference(with, &without))
        }
    };
    let needed = needed.map(Effect::Needed);
    Some(needed.into_iter().chain(effects.into_iter().map(without_elsewhere)).collect())
}

/// Why an Ingress is not served; `None` if it is.
fn needed(otherwise: &Translation, key: &ObjectKey) -> Option<String> {
    let is_served = standing(otherwise, &IngressId::of(key)) == Standing::Served;
    let nothing = || "nothing would be left of it".to_owned();
    (!is_served).then(|| errors(otherwise, key).unwrap_or_else(nothing))
}

/// What would be there if all annotations were taken away as well that have become errors, and if
/// there were a default address.
fn without_what_needs_it(
    mut otherwise: Translation,
    mut other: Snapshot,
    (policy, key): (&Policy, &ObjectKey),
) -> Option<State> {
    let mut policy = policy.clone();
    while needed(&otherwise, key).is_some() {
        let ingress = Arc::make_mut(&mut other.ingresses.get_mut(key)?.object);
        let annotations = ingress.metadata.annotations.as_mut()?;
        let errors = about(&otherwise, key).filter(|one| one.severity == Severity::Error);
        let fields: BTreeSet<&str> = errors.filter_map(|one| one.field.as_deref()).collect();
        let before = annotations.len();
        annotations.retain(|key, _| !fields.contains(key.as_str()));
        if annotations.len() == before && policy.default_vip.replace(ELSEWHERE).is_some() {
            return None;
        }
        otherwise = translate(&other, &policy);
    }
    Some(mine(&otherwise, &IngressId::of(key)))
}

/// The address that was made up for the comparison is nobody's.
fn without_elsewhere(mut effect: Effect) -> Effect {
    if let Effect::Set { otherwise, .. } = &mut effect {
        let made_up = ELSEWHERE.to_string();
        otherwise.take_if(|value| value.as_text() == Some(made_up.as_str()));
    }
    effect
}

/// The bindings of the certificates that a Secret holds.
fn certificates_of(secret: &ObjectKey, snapshot: &Snapshot, with: &State) -> Vec<Effect> {
    let Some(secret) = snapshot.secrets.get(secret) else { return Vec::new() };
    let pair = tls::server_pair(&secret.data).ok();
    let authorities = tls::authorities(&secret.data).ok();
    let leaf: BTreeSet<&str> = pair.iter().map(|pair| pair.leaf.id.as_str()).collect();
    let trusted = authorities.iter().flat_map(|all| &all.certificates);
    let trusted: BTreeSet<&str> = trusted.map(|one| one.id.as_str()).collect();
    let bindings = with.bindings.keys().filter(|binding| match binding.role {
        Role::Ca => trusted.contains(binding.child.as_str()),
        Role::Plain | Role::Sni => leaf.contains(binding.child.as_str()),
        Role::Port(_) | Role::Request | Role::Response => false,
    });
    let bindings: Vec<&BindingId> = bindings.collect();
    let read = authorities.filter(|_| bindings.iter().any(|binding| binding.role == Role::Ca));
    let read = read.map(|all| Effect::Read(all.key));
    let there = bindings.into_iter().cloned().map(Subject::Binding).map(Effect::There);
    read.into_iter().chain(there).collect()
}

impl Part {
    /// The part of the Ingress, as diagnostics name it; `None` for another object.
    pub fn field(&self) -> Option<String> {
        match self {
            Self::Annotation(key) => Some(key.clone()),
            Self::Tls(i) => Some(format!("spec.tls[{i}]")),
            Self::Path(i, j) => Some(format!("spec.rules[{i}].http.paths[{j}]")),
            Self::DefaultBackEnd => Some("spec.defaultBackend".to_owned()),
            Self::Secret(_) | Self::Endpoints(_) => None,
        }
    }

    /// Makes the cluster as it would be without this part. A path is moved, not removed, because
    /// an Ingress may have no other.
    fn take_away(&self, snapshot: &mut Snapshot, key: &ObjectKey) {
        match self {
            Self::Secret(secret) => drop(snapshot.secrets.remove(secret)),
            Self::Endpoints(service) => snapshot.endpoint_slices.retain(|slice, object| {
                let labels = object.metadata.labels.as_ref();
                let whose = labels.and_then(|labels| labels.get(SERVICE_NAME));
                slice.namespace != service.namespace || whose != Some(&service.name)
            }),
            Self::Annotation(_) | Self::Tls(_) | Self::Path(..) | Self::DefaultBackEnd => {
                if let Some(ingress) = snapshot.ingresses.get_mut(key) {
                    self.take_from(Arc::make_mut(&mut ingress.object));
                }
            }
        }
    }

    fn take_from(&self, ingress: &mut Ingress) {
        let Ingress { metadata, spec, .. } = ingress;
        let mut none = IngressSpec::default();
        let spec = spec.as_mut().unwrap_or(&mut none);
        match self {
            Self::Annotation(key) => {
                if let Some(annotations) = &mut metadata.annotations {
                    annotations.remove(key);
                }
            }
            Self::Tls(i) => {
                if let Some(entries) = spec.tls.as_mut().filter(|entries| *i < entries.len()) {
                    entries.remove(*i);
                }
            }
            Self::DefaultBackEnd => spec.default_backend = None,
            Self::Path(i, j) => {
                let rule = spec.rules.as_mut().and_then(|rules| rules.get_mut(*i));
                let paths = rule.and_then(|rule| rule.http.as_mut()).map(|http| &mut http.paths);
                if let Some(path) = paths.and_then(|paths| paths.get_mut(*j)) {
                    path.path = Some(NOBODYS_PATH.to_owned());
                    "Exact".clone_into(&mut path.path_type);
                }
            }
            Self::Secret(_) | Self::Endpoints(_) => {}
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(key) => write!(f, "Secret {key}"),
            Self::Endpoints(key) => write!(f, "the endpoints of Service {key}"),
            Self::Annotation(_) | Self::Tls(_) | Self::Path(..) | Self::DefaultBackEnd => {
                f.write_str(&self.field().unwrap_or_default())
            }
        }
    }
}
