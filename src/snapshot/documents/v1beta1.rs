//! Ingresses of the APIs that Kubernetes 1.22 took away, as networking.k8s.io/v1 writes them.

use std::fmt::Write as _;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};
use serde_json::Value as Json;

use super::node::{Key, Node, Spot, Value};
use crate::model::Redacted;

/// The API versions under which an Ingress is of the old form.
pub(super) const VERSIONS: [&str; 2] = ["extensions/v1beta1", "networking.k8s.io/v1beta1"];

/// The version that is read.
pub(super) const CURRENT: &str = "networking.k8s.io/v1";

/// The same object under the new version. An IngressClass needs no more.
pub(super) fn renamed(object: &Node) -> Node {
    let mut object = object.clone();
    if let Some(version) = member_mut(&mut object, "apiVersion") {
        version.value = text(CURRENT);
    }
    object
}

/// The same Ingress in the new form. Everything keeps its place; what does not fit either form
/// stays as it is, and is refused as in the new one.
pub(super) fn converted(ingress: &Node) -> Node {
    let mut ingress = renamed(ingress);
    let Some(spec) = member_mut(&mut ingress, "spec") else { return ingress };
    rename(spec, "backend", "defaultBackend");
    if let Some(back_end) = member_mut(spec, "defaultBackend") {
        convert_back_end(back_end);
    }
    for rule in member_mut(spec, "rules").map(items_mut).unwrap_or_default() {
        let paths = member_mut(rule, "http").and_then(|http| member_mut(http, "paths"));
        for path in paths.map(items_mut).unwrap_or_default() {
            convert_path(path);
        }
    }
    ingress
}

fn convert_path(path: &mut Node) {
    if let Some(back_end) = member_mut(path, "backend") {
        convert_back_end(back_end);
    }
    let spot = path.spot;
    let Value::Map(members) = &mut path.value else { return };
    members.retain(|(key, node)| key.name != "pathType" || !node.is_null());
    if !members.iter().any(|(key, _)| key.name == "pathType") {
        members.push(member("pathType", text("ImplementationSpecific"), spot));
    }
}

/// `serviceName` and `servicePort` become `service.name` and `service.port`.
fn convert_back_end(back_end: &mut Node) {
    let Value::Map(members) = &mut back_end.value else { return };
    if members.iter().any(|(key, _)| key.name == "service") {
        return;
    }
    let mut service = Vec::new();
    for (key, node) in std::mem::take(members) {
        let (name, spot) = (key.name.as_str(), node.spot);
        let converted = match name {
            "serviceName" => ("name", node),
            "servicePort" if node.is_null() => continue,
            "servicePort" => ("port", Node { value: Value::Map(vec![port(node)]), spot }),
            _ => {
                members.push((key, node));
                continue;
            }
        };
        service.push((Key { name: converted.0.to_owned(), spot: key.spot }, converted.1));
    }
    if let Some(spot) = service.first().map(|(key, _)| key.spot) {
        members.push(member("service", Value::Map(service), spot));
    }
}

/// The old form has one field for the number and the name of a port. A number in quotes cannot be
/// a name, which needs a letter.
fn port(port: Node) -> (Key, Node) {
    let spot = port.spot;
    match port.text().map(str::parse::<u16>) {
        Some(Ok(number)) => member("number", Value::Whole(number.into()), spot),
        Some(Err(_)) => (Key { name: "name".to_owned(), spot }, port),
        None => (Key { name: "number".to_owned(), spot }, port),
    }
}

fn text(text: &str) -> Value {
    Value::Text(Redacted::new(text.to_owned()))
}

fn member(name: &str, value: Value, spot: Spot) -> (Key, Node) {
    (Key { name: name.to_owned(), spot }, Node { value, spot })
}

fn member_mut<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
    let Value::Map(members) = &mut node.value else { return None };
    members.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node)
}

fn items_mut(node: &mut Node) -> &mut [Node] {
    let Value::List(items) = &mut node.value else { return &mut [] };
    items
}

fn rename(node: &mut Node, from: &str, to: &str) {
    let Value::Map(members) = &mut node.value else { return };
    if members.iter().any(|(key, _)| key.name == to) {
        return;
    }
    for (key, _) in members.iter_mut().filter(|(key, _)| key.name == from) {
        to.clone_into(&mut key.name);
    }
}

/// What to write instead: the first back end in full, for the others are like it.
pub(super) fn remedy(ingress: &Ingress) -> String {
    let mut out = format!("write it for {CURRENT}, like this:\napiVersion: {CURRENT}\nspec:");
    let spec = ingress.spec.as_ref();
    if let Some(back_end) = spec.and_then(|spec| spec.default_backend.as_ref()) {
        put(&mut out, 1, &format!("defaultBackend: {}", flow(back_end)));
    }
    let rules = spec.and_then(|spec| spec.rules.as_deref()).unwrap_or_default();
    let paths = || {
        let http =
            rules.iter().filter_map(|rule| Some((rule.host.as_deref(), rule.http.as_ref()?)));
        http.flat_map(|(host, http)| http.paths.iter().map(move |path| (host, path)))
    };
    if let Some((host, first)) = paths().next() {
        put(&mut out, 1, "rules:");
        match host {
            Some(host) => {
                put(&mut out, 1, &format!("- host: {}", scalar(host)));
                put(&mut out, 2, "http:");
            }
            None => put(&mut out, 1, "- http:"),
        }
        put_path(&mut out, first);
        match paths().count() - 1 {
            0 => {}
            1 => put(&mut out, 4, "# and 1 more in the same way"),
            more => put(&mut out, 4, &format!("# and {more} more in the same way")),
        }
    }
    out
}

fn put_path(out: &mut String, path: &HTTPIngressPath) {
    let HTTPIngressPath { backend, path, path_type } = path;
    put(out, 3, "paths:");
    put(out, 3, &format!("- path: {}", scalar(path.as_deref().unwrap_or("/"))));
    put(out, 4, &format!("pathType: {}", scalar(path_type)));
    put(out, 4, &format!("backend: {}", flow(backend)));
}

fn put(out: &mut String, depth: usize, line: &str) {
    write!(out, "\n{:indent$}{line}", "", indent = 2 * depth).expect("a String takes all text");
}

fn flow(back_end: &IngressBackend) -> String {
    let Some(service) = &back_end.service else { return "{resource: ...}".to_owned() };
    let port = service.port.as_ref().and_then(|port| {
        let number = port.number.map(|number| format!("number: {number}"));
        number.or_else(|| Some(format!("name: {}", scalar(port.name.as_deref()?))))
    });
    let port = port.unwrap_or_else(|| "number: ...".to_owned());
    format!("{{service: {{name: {}, port: {{{port}}}}}}}", scalar(&service.name))
}

/// A text as a YAML scalar, in quotes unless it is plainly one word.
fn scalar(text: &str) -> String {
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "/.-_".contains(c))
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_ascii_lowercase().as_str());
    if is_word { text.to_owned() } else { Json::from(text).to_string() }
}
