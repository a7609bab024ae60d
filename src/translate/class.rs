//! Which Ingresses are ours.

use k8s_openapi::api::networking::v1::{Ingress, IngressClass};
use kube::ResourceExt;

use crate::policy::{ApplianceClasses, Policy, UnknownClass};
use crate::snapshot::Snapshot;

/// Whose an Ingress is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Class<'a> {
    /// Ours.
    Ours,
    /// Ours because nothing says otherwise: the class that it names is not among the objects, or
    /// it names none.
    Assumed(Option<&'a str>),
    /// Somebody else's, or nobody's.
    Other,
    /// Ours, and for another appliance.
    Elsewhere,
    /// It names a class that does not exist.
    Missing(&'a str),
}

const ANNOTATION: &str = "kubernetes.io/ingress.class";
const DEFAULT_CLASS: &str = "ingressclass.kubernetes.io/is-default-class";

/// The part of an Ingress that names its class.
pub(super) fn field(ingress: &Ingress) -> &'static str {
    if annotation(ingress).is_some() { ANNOTATION } else { "spec.ingressClassName" }
}

/// The `NetScaler` that the class of an Ingress names as its appliance.
pub fn appliance_of(ingress: &Ingress, snapshot: &Snapshot) -> Option<String> {
    let class = match named(ingress) {
        Some(name) => snapshot.ingress_classes.get(name)?,
        None => snapshot.ingress_classes.values().find(|class| is_default(class))?,
    };
    let parameters = class.spec.as_ref()?.parameters.as_ref()?;
    let is_netscaler =
        parameters.api_group.as_deref() == Some(API_GROUP) && parameters.kind == "NetScaler";
    is_netscaler.then(|| parameters.name.clone())
}

/// Says whose an Ingress is. The annotation decides before the field, as it always has.
pub(super) fn of<'a>(ingress: &'a Ingress, snapshot: &'a Snapshot, policy: &Policy) -> Class<'a> {
    let Some(name) = named(ingress) else { return without_name(snapshot, policy) };
    let is_ours = policy.ingress_classes.iter().any(|ours| ours.eq_ignore_ascii_case(name));
    match snapshot.ingress_classes.get(name) {
        Some(class) if is_ours => if_of_appliance(Some(class), policy),
        Some(class) => resolved(class, policy),
        None if is_ours => if_of_appliance(None, policy),
        None => match policy.unknown_class {
            UnknownClass::Ours => Class::Assumed(Some(name)),
            UnknownClass::Unmet => Class::Missing(name),
        },
    }
}

/// The class that an Ingress names.
fn named(ingress: &Ingress) -> Option<&str> {
    let field = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref());
    annotation(ingress).or_else(|| field.filter(|name| !name.is_empty()))
}

fn annotation(ingress: &Ingress) -> Option<&str> {
    let class = ingress.annotations().get(ANNOTATION).map(String::as_str);
    // An empty one says nothing, and must not hide what the field says.
    class.filter(|name| !name.is_empty())
}

fn without_name<'a>(snapshot: &Snapshot, policy: &Policy) -> Class<'a> {
    match snapshot.ingress_classes.values().find(|class| is_default(class)) {
        Some(class) => resolved(class, policy),
        None => match policy.unknown_class {
            UnknownClass::Ours => Class::Assumed(None),
            UnknownClass::Unmet => Class::Other,
        },
    }
}

fn is_default(class: &IngressClass) -> bool {
    class.annotations().get(DEFAULT_CLASS).is_some_and(|value| value == "true")
}

fn resolved<'a>(class: &IngressClass, policy: &Policy) -> Class<'a> {
    let controller = class.spec.as_ref().and_then(|spec| spec.controller.as_deref());
    let ours = controller.is_some_and(|name| policy.controller_names.contains(name));
    if ours { if_of_appliance(Some(class), policy) } else { Class::Other }
}

/// Whether an Ingress is ours by a policy, that is, of its appliance, or of any.
pub fn is_ours(ingress: &Ingress, snapshot: &Snapshot, policy: &Policy) -> bool {
    of(ingress, snapshot, policy) == Class::Ours
}

/// A class of ours is of no use to an appliance that it does not name.
fn if_of_appliance<'a>(class: Option<&IngressClass>, policy: &Policy) -> Class<'a> {
    let spec = class.and_then(|class| class.spec.as_ref());
    let parameters = spec.and_then(|spec| spec.parameters.as_ref());
    let is_of_appliance = match &policy.appliance_classes {
        ApplianceClasses::All => true,
        ApplianceClasses::NamingNone => parameters.is_none(),
        ApplianceClasses::Naming(name) => parameters.is_some_and(|parameters| {
            parameters.api_group.as_deref() == Some(API_GROUP)
                && parameters.kind == "NetScaler"
                && parameters.name == *name
        }),
    };
    if is_of_appliance { Class::Ours } else { Class::Elsewhere }
}

/// The API group of our custom resources.
const API_GROUP: &str = "nitro-ingress.dev";
