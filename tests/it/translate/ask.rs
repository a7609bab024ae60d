//! Questions that tests ask of a translation.

use nitro_ingress::diagnostic::{Code, Diagnostic, Severity};
use nitro_ingress::model::{IngressId, Kind, ObjectKey, Role, State};
use nitro_ingress::translate::{Translation, translate};

use crate::objects::{Cluster, policy};

/// The front end that most tests use.
pub(super) const CSVSERVER: &str = "k8s-192.0.2.10_443_ssl";

/// Translates for an empty appliance.
pub(super) fn translated(cluster: &Cluster) -> Translation {
    translate(&cluster.0, &policy())
}

/// Translates what must be accepted as a whole.
#[track_caller]
pub(super) fn accepted(cluster: &Cluster) -> Translation {
    let translation = translated(cluster);
    assert!(translation.unmet.is_empty(), "{:#?}", translation.diagnostics);
    translation
}

/// The id of an Ingress of the namespace `default`.
pub(super) fn id(ingress: &str) -> IngressId {
    IngressId::of(&ObjectKey::new("default", ingress))
}

/// What is bound to something, in which roles.
pub(super) fn children<'s>(state: &'s State, kind: Kind, parent: &str) -> Vec<(&'s str, Role)> {
    state.bound(kind, parent).map(|(id, _)| (id.child.as_str(), id.role)).collect()
}

/// A text field that must be there.
#[track_caller]
pub(super) fn text<'s>(state: &'s State, kind: Kind, name: &str, field: &str) -> &'s str {
    state.text(kind, name, field).unwrap_or_else(|| panic!("no {kind} {name} {field}"))
}

/// The rules that are bound to a front end, each with the lbvserver behind it.
pub(super) fn routes<'s>(state: &'s State, csvserver: &str) -> Vec<(&'s str, &'s str)> {
    let policies = children(state, Kind::CSVSERVER_CSPOLICY, csvserver);
    let mut routes: Vec<_> = policies
        .into_iter()
        .map(|(policy, _)| {
            let rule = text(state, Kind::CSPOLICY, policy, "rule");
            let action = text(state, Kind::CSPOLICY, policy, "action");
            (rule, text(state, Kind::CSACTION, action, "targetlbvserver"))
        })
        .collect();
    routes.sort_unstable();
    routes
}

/// The members of the groups whose names start so, as `server port`.
pub(super) fn members(state: &State, start: &str) -> Vec<String> {
    let groups = state.names(Kind::SERVICEGROUP).filter(|name| name.starts_with(start));
    let bound = groups.flat_map(|group| children(state, Kind::SERVICEGROUP_MEMBER, group));
    let start = policy().mark.name_start();
    let show = |(server, role): (&str, Role)| {
        format!("{}{role}", server.strip_prefix(&start).unwrap_or(server))
    };
    bound.map(show).collect()
}

/// What was told about an Ingress of the namespace `default`: severity and code.
pub(super) fn told(translation: &Translation, ingress: &str) -> Vec<(Severity, Code)> {
    about(translation, ingress).map(|one| (one.severity, one.code)).collect()
}

/// The first error about an Ingress.
#[track_caller]
pub(super) fn error<'t>(translation: &'t Translation, ingress: &str) -> &'t Diagnostic {
    about(translation, ingress)
        .find(|one| one.severity == Severity::Error)
        .unwrap_or_else(|| panic!("no error: {:#?}", translation.diagnostics))
}

fn about<'t>(translation: &'t Translation, ingress: &str) -> impl Iterator<Item = &'t Diagnostic> {
    let key = ObjectKey::new("default", ingress);
    translation.diagnostics.iter().filter(move |one| one.object.key == key)
}
