//! The rules of an Ingress: which requests go to which Service port.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressBackend, IngressSpec};

use crate::diagnostic::{Code, Findings};
use crate::model::{Host, PathMatch, RouteMatch};

use super::services::PortReference;

/// One host and path, and where it goes.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) matches: RouteMatch,
    pub(super) service: String,
    pub(super) port: PortReference,
    /// The part of the Ingress, such as `spec.rules[0].http.paths[0]`.
    pub(super) field: String,
}

/// Reads the rules, each request once. What is not supported is an error.
pub(super) fn read(spec: &IngressSpec, findings: &mut Findings) -> Vec<Rule> {
    if spec.default_backend.is_some() {
        unsupported("spec.defaultBackend", "a default back end", findings);
    }
    let rules = spec.rules.as_deref().unwrap_or_default();
    if rules.is_empty() {
        unsupported("spec.rules", "an Ingress without rules", findings);
    }
    let mut read: BTreeMap<RouteMatch, usize> = BTreeMap::new();
    let mut found: Vec<Rule> = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let field = format!("spec.rules[{i}]");
        let host = Host::of_rule(rule.host.as_deref());
        check_host(&host, &format!("{field}.host"), findings);
        let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
        if paths.is_empty() {
            unsupported(&field, "a rule without paths", findings);
        }
        for (j, path) in paths.iter().enumerate() {
            let field = format!("{field}.http.paths[{j}]");
            let Some(rule) = read_path(path, &host, &field, findings) else { continue };
            match read.entry(rule.matches.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(found.len());
                    found.push(rule);
                }
                Entry::Occupied(first) => findings.warning(
                    Code::RouteTaken,
                    &field,
                    format!(
                        "{} is given twice; {} counts",
                        rule.matches,
                        found[*first.get()].field
                    ),
                    "remove one of the two",
                ),
            }
        }
    }
    found
}

/// The longest rule of a policy in bytes (documented; newer builds are said to take more).
const LONGEST_RULE: usize = 1499;

fn read_path(
    path: &HTTPIngressPath,
    host: &Host,
    field: &str,
    findings: &mut Findings,
) -> Option<Rule> {
    let text = path.path.as_deref().filter(|text| !text.is_empty()).unwrap_or("/");
    if !text.starts_with('/') {
        findings.error(
            Code::RuleUnsupported,
            &format!("{field}.path"),
            format!("the path {text:?} does not start with \"/\""),
            format!("write \"/{text}\""),
        );
        return None;
    }
    if text.contains(char::is_control) {
        findings.error(
            Code::RuleUnsupported,
            &format!("{field}.path"),
            format!("the path {text:?} contains control characters"),
            "write the path without them: no request can have such a path",
        );
        return None;
    }
    let path_match = match path.path_type.as_str() {
        "Exact" => PathMatch::Exact(text.to_owned()),
        "Prefix" | "ImplementationSpecific" => PathMatch::prefix(text),
        other => {
            findings.error(
                Code::RuleUnsupported,
                &format!("{field}.pathType"),
                format!("{other:?} is no pathType"),
                "write Prefix, Exact or ImplementationSpecific (which counts as Prefix)",
            );
            return None;
        }
    };
    let (service, port) = read_back_end(&path.backend, field, findings)?;
    let matches = RouteMatch { host: host.clone(), path: path_match };
    if matches.rule().len() > LONGEST_RULE {
        findings.error(
            Code::RuleUnsupported,
            &format!("{field}.path"),
            format!(
                "the path of {} bytes makes a rule that is too long for the appliance",
                text.len()
            ),
            "shorten the path",
        );
        return None;
    }
    Some(Rule { matches, service, port, field: field.to_owned() })
}

fn read_back_end(
    backend: &IngressBackend,
    field: &str,
    findings: &mut Findings,
) -> Option<(String, PortReference)> {
    let field = format!("{field}.backend");
    let Some(service) = &backend.service else {
        unsupported(&field, "a back end that is no Service", findings);
        return None;
    };
    let Some(port) = service.port.as_ref().and_then(PortReference::of) else {
        findings.error(
            Code::ServicePortMissing,
            &format!("{field}.service.port"),
            format!("the port of Service {:?} is not given", service.name),
            "write port.number or port.name",
        );
        return None;
    };
    Some((service.name.clone(), port))
}

/// Kubernetes refuses what is no DNS name; files may still hold it.
fn check_host(host: &Host, field: &str, findings: &mut Findings) {
    let (Host::Exact(name) | Host::Wildcard(name)) = host else { return };
    let label = |label: &str| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(allowed)
    };
    if name.len() > 253 || !name.split('.').all(label) {
        findings.error(
            Code::RuleUnsupported,
            field,
            format!("{name:?} is no DNS name"),
            "write a host such as \"www.example.com\" or \"*.example.com\"",
        );
    }
}

/// A part of an Ingress that exists in Kubernetes and here not yet.
pub(super) fn unsupported(field: &str, what: &str, findings: &mut Findings) {
    findings.error(
        Code::RuleUnsupported,
        field,
        format!("{what} is not supported yet"),
        "write it as rules with a host, paths and a Service, and spec.tls with hosts and a Secret",
    );
}
