//! Where the parts of an object stand, under the names that diagnostics use.

use std::collections::BTreeMap;

use super::node::{Node, Spot, Value};

/// The places of all annotation keys, and of everything under `spec`.
pub(super) fn of(ingress: &Node) -> BTreeMap<String, Spot> {
    let mut places = of_annotations(ingress);
    if let Some(spec) = ingress.member("spec") {
        walk("spec", spec, &mut places);
    }
    places
}

/// The places of all annotation keys.
pub(super) fn of_annotations(object: &Node) -> BTreeMap<String, Spot> {
    let metadata = object.member("metadata");
    let annotations = metadata.and_then(|metadata| metadata.member("annotations"));
    let keys = annotations.into_iter().flat_map(Node::members);
    keys.map(|(key, _)| (key.name.clone(), key.spot)).collect()
}

fn walk(path: &str, node: &Node, places: &mut BTreeMap<String, Spot>) {
    places.insert(path.to_owned(), node.spot);
    match &node.value {
        Value::Null
        | Value::Flag(_)
        | Value::Whole(_)
        | Value::Unsigned(_)
        | Value::Fraction(_)
        | Value::Text(_) => {}
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(&format!("{path}[{index}]"), item, places);
            }
        }
        Value::Map(members) => {
            for (key, member) in members {
                let path = format!("{path}.{}", key.name);
                walk(&path, member, places);
                if matches!(member.value, Value::Null | Value::List(_) | Value::Map(_)) {
                    // What has no text of its own stands where its key does.
                    places.insert(path, key.spot);
                }
            }
        }
    }
}
