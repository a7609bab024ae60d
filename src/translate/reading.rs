//! One Ingress as its text says: what it asks for, whether all of it is understood, and if not,
//! what can still be read.

mod checks;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::api::networking::v1::IngressSpec;
use kube::ResourceExt;

use crate::annotations::{self, FrontEndDefaults, PathMatchMethod};
use crate::diagnostic::{Code, Findings, ObjectRef};
use crate::model::{
    BackEndTransport, CertificateId, Host, IngressId, ObjectKey, PathMatch, RouteMatch,
};
use crate::policy::{MemberSource, Policy};
use crate::snapshot::Snapshot;

use super::back_end::{self, BackEndTls, ServiceText};
use super::certificates::Certificates;
use super::entrances::{self, Carries, Entrances};
use super::front_end::{self, Context, FrontEndText, ServedCertificate};
use super::keys::Keys;
use super::names::BackEndNames;
use super::rules::{self, Rule};
use super::services::{Members, Services};
use super::suited;
use super::tuning::{self, BackEndTuning, FrontEndTuning};

/// One Ingress of ours.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    pub(super) key: &'a ObjectKey,
    pub(super) id: IngressId,
    /// When it was created, if it says so.
    pub(super) created: Option<Timestamp>,
    /// Whether it is understood as a whole. If not, it has no back ends.
    pub(super) understood: bool,
    /// Whether it asks for TLS towards clients.
    pub(super) tls: bool,
    /// Its front ends, as far as they can be read.
    pub(super) entrances: Entrances,
    pub(super) front: FrontEndText,
    /// What is set of its front ends.
    pub(super) tuning: FrontEndTuning,
    /// The same with the defaults, for front ends that it holds.
    pub(super) tuning_in_effect: FrontEndTuning,
    /// What is set of the back ends of each Service.
    pub(super) tunings: BTreeMap<String, BackEndTuning>,
    /// How all of its back ends are to be spoken to at least.
    pub(super) back_ends_at_least: BackEndTransport,
    /// Its server certificates, as far as they can be used.
    pub(super) certificates: Vec<ServedCertificate>,
    /// Its routes, as far as they can be read.
    pub(super) routes: Vec<RouteText>,
    pub(super) back_ends: Vec<BackEnd>,
    pub(super) keys: Keys<'a>,
    pub(super) findings: Findings,
}

impl Reading<'_> {
    /// Whether it has no rules and speaks for its front end only. One whose rules cannot be read is
    /// none of these.
    pub(super) fn is_without_rules(&self) -> bool {
        self.routes.iter().any(|route| route.target == Some(Target::NotFound))
    }
}

/// One route.
#[derive(Debug)]
pub(super) struct RouteText {
    pub(super) matches: RouteMatch,
    /// The part of the Ingress.
    pub(super) field: String,
    /// How its back end is to be spoken to.
    pub(super) back_end_text: BackEndText,
    /// Where it leads, if that can be read.
    pub(super) target: Option<Target>,
}

impl RouteText {
    /// What stands on the appliance for an Ingress without rules.
    fn of_no_rules() -> Self {
        Self {
            matches: RouteMatch { host: Host::Any, path: PathMatch::Nothing },
            field: "spec.rules".to_owned(),
            back_end_text: BackEndText::default(),
            target: Some(Target::NotFound),
        }
    }
}

/// Where a route leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// To a back end, by its place in [`Reading::back_ends`].
    BackEnd(usize),
    /// Nowhere: it stands for an Ingress without rules.
    NotFound,
}

/// What the text asks of the back end of one route. `None` is what cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BackEndText {
    pub(super) transport: Option<BackEndTransport>,
    pub(super) at_least: BackEndTransport,
    pub(super) accepted: Option<BTreeSet<CertificateId>>,
    pub(super) name: Option<String>,
}

impl Default for BackEndText {
    fn default() -> Self {
        let at_least = BackEndTransport::Plain;
        Self { transport: None, at_least, accepted: None, name: None }
    }
}

/// One Service port of one Ingress with its protection.
#[derive(Debug)]
pub(super) struct BackEnd {
    /// The Service and port as the Ingress names them: `name:port`.
    pub(super) service: String,
    pub(super) names: BackEndNames,
    pub(super) members: Members,
    pub(super) tls: Option<BackEndTls>,
}

/// Everything that Ingresses are read with.
pub(super) struct Reader<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) policy: &'a Policy,
    pub(super) services: Services<'a>,
    pub(super) certificates: Certificates<'a>,
    /// What front ends are like where no Ingress says it.
    pub(super) defaults: FrontEndDefaults,
    /// The Services that Ingresses of ours name.
    used_services: BTreeSet<ObjectKey>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, policy: &'a Policy) -> Self {
        Self {
            snapshot,
            policy,
            services: Services::of(snapshot, policy.members),
            certificates: Certificates::of(snapshot),
            defaults: FrontEndDefaults::default(),
            used_services: BTreeSet::new(),
        }
    }

    /// Reads the defaults of front ends, if the operator names some. What was asked for and is not
    /// there is not the same as nothing.
    pub(super) fn read_defaults(&mut self) -> Option<Findings> {
        let key = self.policy.config_map.as_ref()?;
        let object = ObjectRef { kind: "ConfigMap".to_owned(), key: key.clone() };
        let mut findings = Findings::about(object);
        self.defaults = if let Some(settings) = self.snapshot.config_maps.get(key) {
            FrontEndDefaults::read(&settings.data, &mut findings)
        } else {
            findings.error(
                Code::DefaultsUnreadable,
                "",
                format!("the ConfigMap \"{key}\" does not exist, or has no key that is read"),
                "create it with FRONTEND_SSL_PROFILE and the like, or start without --configmap",
            );
            FrontEndDefaults::unreadable()
        };
        Some(findings)
    }

    /// Tells about the Services that were named by what was read.
    pub(super) fn tell_of_services(&self) -> impl Iterator<Item = Findings> {
        self.used_services.iter().filter_map(|key| {
            let service = &self.snapshot.services.get(key)?.object;
            let object = ObjectRef { kind: "Service".to_owned(), key: key.clone() };
            let mut findings = Findings::about(object);
            annotations::tell_of_service(service.annotations(), &mut findings);
            Some(findings)
        })
    }

    /// Reads one Ingress.
    pub(super) fn read(&mut self, key: &'a ObjectKey) -> Reading<'a> {
        let object = ObjectRef { kind: "Ingress".to_owned(), key: key.clone() };
        let mut findings = Findings::about(object);
        let ingress = &self.snapshot.ingresses[key].object;
        let annotations = ingress.annotations();
        let settings = annotations::read(annotations, &mut findings);
        let keys = Keys(annotations);
        let no_spec = IngressSpec::default();
        let spec = ingress.spec.as_ref().unwrap_or(&no_spec);
        let entries = spec.tls.as_deref().unwrap_or_default();
        let tls = !entries.is_empty();
        let entrances =
            entrances::read(&settings, (tls, &key.namespace), (self.policy, keys), &mut findings);
        let method = settings.path_match_method.value().copied().unwrap_or(PathMatchMethod::Prefix);
        let rules = rules::read(spec, entrances.carries, method, &mut findings);

        let mut context = Context {
            certificates: &mut self.certificates,
            findings: &mut findings,
            namespace: &key.namespace,
            keys,
            policy: self.policy,
            facts: &self.snapshot.facts,
        };
        let hosts: BTreeSet<Host> = rules.iter().map(|rule| rule.matches.host.clone()).collect();
        // Where TLS is passed on no certificate is served.
        let entries = if entrances.carries == Carries::Tls { &[] } else { entries };
        let certificates = front_end::certificates(entries, &hosts, &mut context);
        let any_host = hosts.contains(&Host::Any)
            || certificates.iter().flatten().any(|certificate| certificate.is_default);
        let front = front_end::read(&settings, (tls, any_host), &self.defaults, &mut context);
        let services = rules.iter().map(|rule| rule.service.as_str()).collect();
        let named = |rule: &Rule| ObjectKey::new(key.namespace.as_str(), rule.service.as_str());
        self.used_services.extend(rules.iter().map(named));
        checks::note_ca_keys(&settings, &services, keys, context.findings);
        let texts = back_end::read(&settings, &services, &mut context);
        let carries = entrances.carries;
        let tuning = tuning::front_end(&settings, carries, self.policy, &mut context);
        tuning::require_defaults(&tuning, &self.defaults, carries, &mut context);
        suited::refuse_unsuited(&settings, &services, &entrances, &mut context);
        let tunings = tuning::back_ends(&settings, &services, (carries, self.policy), &mut context);
        checks::refuse_plain_beside_certificates(&front, &entrances, keys, &mut findings);
        if let Some(certificates) = &certificates {
            let certificates = (certificates.as_slice(), !front.installed().is_empty());
            checks::require_coverage(&rules, certificates, &entrances, &mut findings);
        }
        let mut reading = Reading {
            key,
            id: IngressId::of(key),
            created: ingress.creation_timestamp().map(|time| time.0),
            understood: false,
            tls,
            entrances,
            front,
            tuning_in_effect: tuning.over(&self.defaults, entrances.carries),
            tuning,
            tunings,
            back_ends_at_least: back_end::at_least(&settings),
            certificates: certificates.unwrap_or_default(),
            routes: Vec::new(),
            back_ends: Vec::new(),
            keys,
            findings,
        };
        if rules.is_empty() && carries == Carries::Http && !rules::are_there(spec) {
            reading.routes.push(RouteText::of_no_rules());
        }
        self.read_routes(&mut reading, &rules, &texts);
        let is_paused = checks::tell_of_pause(&settings, keys, &mut reading.findings);
        reading.understood = !reading.findings.has_errors() && !is_paused;
        reading
    }

    fn read_routes(
        &self,
        reading: &mut Reading<'_>,
        rules: &[Rule],
        texts: &BTreeMap<String, ServiceText<'_>>,
    ) {
        let mut made = BTreeMap::new();
        for rule in rules {
            let text = &texts[&rule.service];
            // What the name is matters to a back end in TLS only.
            let name = text.name_for(&rule.matches.host);
            let place = (rule.service.as_str(), rule.port.to_string(), name);
            let back_end =
                *made.entry(place).or_insert_with(|| self.make_back_end(reading, rule, text));
            let back_end_text = match reading.entrances.carries {
                Carries::Http | Carries::Bytes => BackEndText {
                    transport: text.transport,
                    at_least: text.at_least,
                    accepted: text.accepted(),
                    name: text.name_for(&rule.matches.host),
                },
                Carries::Tls => {
                    let transport = Some(BackEndTransport::Plain);
                    BackEndText { transport, ..BackEndText::default() }
                }
            };
            reading.routes.push(RouteText {
                matches: rule.matches.clone(),
                field: rule.field.clone(),
                back_end_text,
                target: back_end.map(Target::BackEnd),
            });
        }
    }

    /// Adds the back end of a rule, unless it is there already, and says where it is.
    fn make_back_end(
        &self,
        reading: &mut Reading<'_>,
        rule: &Rule,
        text: &ServiceText<'_>,
    ) -> Option<usize> {
        let findings = &mut reading.findings;
        let key = ObjectKey::new(reading.key.namespace.as_str(), rule.service.as_str());
        let members = self.services.members(&key, &rule.port);
        let members =
            members.map_err(|error| checks::unroutable(&error, &rule.field, findings)).ok()?;
        if !text.is_understood() {
            return None;
        }
        let carries = reading.entrances.carries;
        // What is passed on is in TLS already.
        let tls = if carries == Carries::Tls { None } else { text.tls_for(&rule.matches.host) };
        let tls = tls.transpose();
        let refuse = |(code, problem, remedy): (Code, String, String)| {
            findings.error(code, &reading.keys.of("backend-sslprofile"), problem, remedy);
        };
        let tls = tls.map_err(refuse).ok()?;
        let port = rule.port.to_string();
        let identity = tls.as_ref().map(|tls| tls.identity.as_str());
        let place = (rule.service.as_str(), port.as_str());
        let identity = back_end::identity(carries, identity);
        let names =
            BackEndNames::of(&self.policy.mark.prefix, reading.key, place, identity.as_deref());
        let known = reading.back_ends.iter().position(|known| known.names == names);
        if known.is_some() {
            return known;
        }
        let service = format!("{}:{port}", rule.service);
        if members.serving.is_empty() {
            let (problem, remedy) = match self.policy.members {
                MemberSource::Endpoints => (
                    format!("Service \"{key}\" has no ready endpoints behind port {port}"),
                    "start its pods, or check its selector and the name of its port",
                ),
                MemberSource::NodePort => (
                    format!("no node takes connections for port {port} of Service \"{key}\""),
                    "look whether nodes are ready and have an InternalIP of its family; if its \
                     externalTrafficPolicy is Local, also for its pods",
                ),
            };
            let code = Code::ServiceWithoutMembers;
            reading.findings.warning(code, &rule.field, problem, remedy);
        }
        reading.back_ends.push(BackEnd { service, names, members, tls });
        Some(reading.back_ends.len() - 1)
    }
}
