//! The rules of an Ingress: which requests go to which Service port.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressBackend, IngressSpec};

use crate::annotations::PathMatchMethod;
use crate::diagnostic::{Code, Findings};
use crate::model::{Host, PathMatch, RouteMatch};

use super::entrances::Carries;
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

/// Reads the rules, each request once. What is not supported is an error. An Ingress without rules
/// speaks for its front end only.
pub(super) fn read(
    spec: &IngressSpec,
    carries: Carries,
    method: PathMatchMethod,
    findings: &mut Findings,
) -> Vec<Rule> {
    let mut rules = Rules { method, found: Vec::new(), by_match: BTreeMap::new(), findings };
    match carries {
        Carries::Http => rules.read_http(spec),
        Carries::Bytes => rules.read_bytes(spec),
        Carries::Tls => rules.read_tls(spec),
    }
    if rules.found.is_empty() && carries != Carries::Http && !rules.findings.has_errors() {
        rules.findings.error(
            Code::RuleUnsupported,
            "spec",
            "the Ingress names no back end for the bytes that its front end carries",
            "write it as spec.defaultBackend",
        );
    }
    rules.found
}

/// Whether an Ingress names any back end, readably or not.
pub(super) fn are_there(spec: &IngressSpec) -> bool {
    let mut rules = spec.rules.iter().flatten();
    spec.default_backend.is_some()
        || rules.any(|rule| rule.http.as_ref().is_some_and(|http| !http.paths.is_empty()))
}

struct Rules<'f> {
    /// What paths of an unsaid type mean.
    method: PathMatchMethod,
    found: Vec<Rule>,
    by_match: BTreeMap<RouteMatch, usize>,
    findings: &'f mut Findings,
}

impl Rules<'_> {
    fn read_http(&mut self, spec: &IngressSpec) {
        self.read_default(spec);
        for (i, rule) in spec.rules.as_deref().unwrap_or_default().iter().enumerate() {
            let field = format!("spec.rules[{i}]");
            let host = self.read_host(rule.host.as_deref(), &field);
            let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
            if paths.is_empty() && spec.default_backend.is_none() && host != Host::Any {
                self.findings.warning(
                    Code::RuleWithoutPaths,
                    &field,
                    "the rule has a host and no paths, so that no request goes anywhere",
                    "write its paths, or spec.defaultBackend",
                );
            }
            for (j, path) in paths.iter().enumerate() {
                let field = format!("{field}.http.paths[{j}]");
                let Some(path_match) = self.read_path(path, &field) else { continue };
                let matches = RouteMatch { host: host.clone(), path: path_match };
                if matches.rule().len() > LONGEST_RULE {
                    self.too_long(path, &field);
                    continue;
                }
                self.add(matches, &path.backend, field);
            }
        }
    }

    /// The default back end takes everything that no rule takes.
    fn read_default(&mut self, spec: &IngressSpec) {
        if let Some(backend) = &spec.default_backend {
            let matches = RouteMatch { host: Host::Any, path: PathMatch::Default };
            self.add(matches, backend, DEFAULT_BACKEND.to_owned());
        }
    }

    /// Bytes have no hosts and paths: they go to the default back end.
    fn read_bytes(&mut self, spec: &IngressSpec) {
        self.read_default(spec);
        let rules = spec.rules.as_deref().unwrap_or_default();
        if let Some(i) = rules.iter().position(|rule| rule.http.is_some()) {
            self.findings.error(
                Code::RuleUnsupported,
                &format!("spec.rules[{i}]"),
                "the front end carries bytes, which have no hosts and paths",
                "write the Service as spec.defaultBackend, or leave the service type out",
            );
        }
    }

    /// TLS that is passed on cannot be told apart, so all of it goes to one back end (documented:
    /// content switching does not look into TLS that does not end on the appliance).
    fn read_tls(&mut self, spec: &IngressSpec) {
        self.read_default(spec);
        let rules = spec.rules.as_deref().unwrap_or_default();
        for (i, rule) in rules.iter().enumerate() {
            let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
            for (j, path) in paths.iter().enumerate() {
                let field = format!("spec.rules[{i}].http.paths[{j}]");
                if !matches!(path.path.as_deref(), None | Some("" | "/")) {
                    self.findings.warning(
                        Code::PathIgnored,
                        &field,
                        "TLS is passed on as it comes, so paths cannot be seen",
                        "write the path \"/\"",
                    );
                }
                let place = format!("{field}.backend");
                let Some((service, port)) = read_back_end(&path.backend, &place, self.findings)
                else {
                    continue;
                };
                let Some(first) = self.found.first() else {
                    let matches = RouteMatch { host: Host::Any, path: PathMatch::Default };
                    self.found.push(Rule { matches, service, port, field });
                    continue;
                };
                if (&first.service, &first.port) != (&service, &port) {
                    let remedy = "give each back end an Ingress and an address of its own";
                    let problem = format!(
                        "TLS is passed on as it comes, so that hosts cannot be told apart; {} \
                         leads to another back end",
                        first.field
                    );
                    self.findings.error(Code::RuleUnsupported, &field, problem, remedy);
                }
            }
        }
    }

    /// Adds a rule, unless its requests are taken already.
    fn add(&mut self, matches: RouteMatch, backend: &IngressBackend, field: String) {
        let place =
            if field == DEFAULT_BACKEND { field.clone() } else { format!("{field}.backend") };
        let Some((service, port)) = read_back_end(backend, &place, self.findings) else { return };
        match self.by_match.entry(matches.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(self.found.len());
                self.found.push(Rule { matches, service, port, field });
            }
            Entry::Occupied(first) => self.findings.warning(
                Code::RouteTaken,
                &field,
                format!("{matches} is given twice; {} counts", self.found[*first.get()].field),
                "remove one of the two",
            ),
        }
    }

    /// Kubernetes refuses what is no DNS name; files may still hold it.
    fn read_host(&mut self, host: Option<&str>, field: &str) -> Host {
        let host = Host::of_rule(host);
        check_host(&host, &format!("{field}.host"), self.findings);
        host
    }

    fn read_path(&mut self, path: &HTTPIngressPath, field: &str) -> Option<PathMatch> {
        let text = path.path.as_deref().filter(|text| !text.is_empty()).unwrap_or("/");
        let mut refuse = |part: &str, problem: String, remedy: String| {
            let field = format!("{field}.{part}");
            self.findings.error(Code::RuleUnsupported, &field, problem, remedy);
            None
        };
        if !text.starts_with('/') {
            let problem = format!("the path {text:?} does not start with \"/\"");
            return refuse("path", problem, format!("write \"/{text}\""));
        }
        if text.contains(char::is_control) {
            let problem = format!("the path {text:?} contains control characters");
            let remedy = "write the path without them: no request can have such a path";
            return refuse("path", problem, remedy.to_owned());
        }
        match (path.path_type.as_str(), self.method) {
            ("Exact", _) | ("ImplementationSpecific", PathMatchMethod::Exact) => {
                Some(PathMatch::Exact(text.to_owned()))
            }
            ("Prefix", _) | ("ImplementationSpecific", PathMatchMethod::Prefix) => {
                Some(PathMatch::prefix(text))
            }
            (other, _) => {
                let remedy =
                    "write Prefix, Exact or ImplementationSpecific (which counts as Prefix)";
                refuse("pathType", format!("{other:?} is no pathType"), remedy.to_owned())
            }
        }
    }

    fn too_long(&mut self, path: &HTTPIngressPath, field: &str) {
        let length = path.path.as_ref().map_or(0, String::len);
        self.findings.error(
            Code::RuleUnsupported,
            &format!("{field}.path"),
            format!("the path of {length} bytes makes a rule that is too long for the appliance"),
            "shorten the path",
        );
    }
}

const DEFAULT_BACKEND: &str = "spec.defaultBackend";

/// The longest rule of a policy in bytes (documented; newer builds are said to take more).
const LONGEST_RULE: usize = 1499;

fn read_back_end(
    backend: &IngressBackend,
    field: &str,
    findings: &mut Findings,
) -> Option<(String, PortReference)> {
    let Some(service) = &backend.service else {
        findings.error(
            Code::RuleUnsupported,
            field,
            "the back end is no Service",
            "write backend.service with a name and a port",
        );
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
