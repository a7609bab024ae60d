//! Settings that change how requests are carried and not where they go or who may send them: fields
//! of vservers and groups, monitors, TCP and HTTP profiles.

use std::collections::{BTreeMap, BTreeSet};

use crate::annotations::{FrontEndDefaults, IngressSettings, ProfileChoice, Setting};
use crate::diagnostic::Code;
use crate::model::{EntityId, Fields, IngressId, Kind, Mark};
use crate::policy::Policy;
use crate::schema;

use super::entrances::Carries;
use super::front_end::Context;
use super::names::{self, Answer};

/// A TCP or HTTP profile.
pub(super) type Profile = ProfileChoice<Fields>;

/// What is set of the back ends of one Service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct BackEndTuning {
    /// Fields of the lbvserver.
    pub(super) lbvserver: Fields,
    /// Fields of the service group.
    pub(super) servicegroup: Fields,
    /// The monitor in place of the group's own.
    pub(super) monitor: Option<Fields>,
    pub(super) tcpprofile: Option<Profile>,
    pub(super) httpprofile: Option<Profile>,
}

/// What is set of front ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct FrontEndTuning {
    /// Fields of the csvserver.
    pub(super) csvserver: Fields,
    pub(super) tcpprofile: Option<Profile>,
    pub(super) httpprofile: Option<Profile>,
    /// What answers requests that nobody takes, if it is said.
    pub(super) answer: Option<Answer>,
}

/// Reads what is set of the front ends.
pub(super) fn front_end(
    settings: &IngressSettings,
    carries: Carries,
    policy: &Policy,
    context: &mut Context<'_, '_>,
) -> FrontEndTuning {
    let tuning = FrontEndTuning {
        csvserver: settings.csvserver.value().cloned().unwrap_or_default(),
        tcpprofile: settings.frontend_tcpprofile.value().cloned(),
        httpprofile: settings.frontend_httpprofile.value().cloned(),
        answer: settings.default_response_code.value().map(|code| match code {
            503 => Answer::Unavailable,
            _ => Answer::NotFound,
        }),
    };
    let fields = [("csvserver", Kind::CSVSERVER, &tuning.csvserver)];
    let profiles = [
        ("frontend-tcpprofile", Kind::NSTCPPROFILE, &tuning.tcpprofile),
        ("frontend-httpprofile", Kind::NSHTTPPROFILE, &tuning.httpprofile),
    ];
    refuse_references(&fields, &profiles, policy, context);
    if carries != Carries::Http {
        let of_http = [
            ("frontend-httpprofile", tuning.httpprofile.is_some()),
            ("default-response-code", tuning.answer.is_some()),
        ];
        refuse_http(&of_http, context);
    }
    tuning
}

/// An Ingress that would take a default that cannot be read is not understood.
pub(super) fn require_defaults(
    tuning: &FrontEndTuning,
    defaults: &FrontEndDefaults,
    carries: Carries,
    context: &mut Context<'_, '_>,
) {
    let needed = [
        (tuning.tcpprofile.is_none(), defaults.tcpprofile.is_unreadable()),
        (
            tuning.httpprofile.is_none() && carries == Carries::Http,
            defaults.httpprofile.is_unreadable(),
        ),
    ];
    if needed.contains(&(true, true)) {
        refuse_defaults(context);
    }
}

/// Says that the defaults of front ends cannot be read.
pub(super) fn refuse_defaults(context: &mut Context<'_, '_>) {
    context.findings.error(
        Code::DefaultsUnreadable,
        "",
        "the defaults of front ends, which it would take, cannot be read",
        "mend the ConfigMap that --configmap names",
    );
}

/// Reads what is set of the back ends of each Service.
pub(super) fn back_ends(
    settings: &IngressSettings,
    services: &BTreeSet<&str>,
    (carries, policy): (Carries, &Policy),
    context: &mut Context<'_, '_>,
) -> BTreeMap<String, BackEndTuning> {
    warn_unused(settings, services, context);
    let tunings = services.iter().map(|service| {
        let tuning = BackEndTuning {
            lbvserver: listed(&settings.lbvserver, service).cloned().unwrap_or_default(),
            servicegroup: listed(&settings.servicegroup, service).cloned().unwrap_or_default(),
            monitor: listed(&settings.monitor, service).cloned(),
            tcpprofile: listed(&settings.backend_tcpprofile, service).cloned(),
            httpprofile: listed(&settings.backend_httpprofile, service).cloned(),
        };
        let no_monitor = Fields::new();
        let fields = [
            ("lbvserver", Kind::LBVSERVER, &tuning.lbvserver),
            ("servicegroup", Kind::SERVICEGROUP, &tuning.servicegroup),
            ("monitor", Kind::LBMONITOR, tuning.monitor.as_ref().unwrap_or(&no_monitor)),
        ];
        let profiles = [
            ("backend-tcpprofile", Kind::NSTCPPROFILE, &tuning.tcpprofile),
            ("backend-httpprofile", Kind::NSHTTPPROFILE, &tuning.httpprofile),
        ];
        refuse_references(&fields, &profiles, policy, context);
        if carries != Carries::Http {
            refuse_http(&[("backend-httpprofile", tuning.httpprofile.is_some())], context);
        }
        ((*service).to_owned(), tuning)
    });
    tunings.collect()
}

fn listed<'s, T>(setting: &'s Setting<BTreeMap<String, T>>, service: &str) -> Option<&'s T> {
    setting.value()?.get(service)
}

/// Objects of others are named only where the operator allows it.
fn refuse_references(
    fields: &[(&str, Kind, &Fields)],
    profiles: &[(&str, Kind, &Option<Profile>)],
    policy: &Policy,
    context: &mut Context<'_, '_>,
) {
    let in_fields = fields.iter().flat_map(|(annotation, kind, fields)| {
        let named = schema::references(*kind, fields);
        named.map(|(field, name)| (*annotation, format!("{field:?} names {name:?}"), name))
    });
    let in_profiles = profiles.iter().filter_map(|(annotation, kind, profile)| {
        let name = profile.as_ref()?.name()?;
        Some((*annotation, format!("{name:?} names a {kind} of the appliance"), name))
    });
    let refused: Vec<_> = in_fields
        .chain(in_profiles)
        .filter(|(_, _, name)| !policy.consent.allows_reference(name))
        .collect();
    for (annotation, problem, name) in refused {
        context.findings.error(
            Code::ReferenceRefused,
            &context.keys.of(annotation),
            format!("{problem}, which is not of this Ingress"),
            format!(
                "write the settings themselves, or have the operator allow it with \
                 --allow-reference {name}"
            ),
        );
    }
}

/// What is about HTTP where no HTTP is spoken.
fn refuse_http(given: &[(&str, bool)], context: &mut Context<'_, '_>) {
    for (name, _) in given.iter().filter(|(_, given)| *given) {
        let key = context.keys.of(name);
        context.findings.error(
            Code::FieldRefused,
            &key,
            format!("{key:?} is about HTTP, and the front end carries bytes"),
            "remove it",
        );
    }
}

/// Tells about settings for Services that the Ingress does not use.
fn warn_unused(
    settings: &IngressSettings,
    services: &BTreeSet<&str>,
    context: &mut Context<'_, '_>,
) {
    fn keys<T>(setting: &Setting<BTreeMap<String, T>>) -> Vec<&str> {
        setting.value().into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }
    let all = [
        ("lbvserver", keys(&settings.lbvserver)),
        ("servicegroup", keys(&settings.servicegroup)),
        ("monitor", keys(&settings.monitor)),
        ("backend-tcpprofile", keys(&settings.backend_tcpprofile)),
        ("backend-httpprofile", keys(&settings.backend_httpprofile)),
    ];
    for (name, keys) in all {
        for key in keys.into_iter().filter(|key| !services.contains(key)) {
            let nearest = schema::nearest(key, services.iter().copied());
            context.findings.warning(
                Code::AnnotationServiceUnknown,
                &context.keys.of(name),
                format!(
                    "the Ingress does not use a Service {key:?}, so its settings have no effect"
                ),
                nearest.map_or_else(
                    || format!("remove {key:?}"),
                    |nearest| format!("did you mean {nearest:?}?"),
                ),
            );
        }
    }
}

/// The name of a profile, and the object if it is ours. Those of front ends are shared.
pub(super) fn name_of(
    profile: &Profile,
    kind: Kind,
    (mark, ingress): (&Mark, Option<&IngressId>),
) -> (String, Option<(EntityId, Fields)>) {
    match profile {
        ProfileChoice::Named(name) => (name.clone(), None),
        ProfileChoice::Settings(fields) => {
            let digest = digest(fields);
            let name = ingress.map_or_else(
                || mark.shared_name(&digest),
                |ingress| mark.ingress_name(ingress, &digest),
            );
            (name.clone(), Some((EntityId::new(kind, name), fields.clone())))
        }
    }
}

/// The name of a monitor, which is a value: with another content it is another one. It is short
/// enough for the appliance's limit of 31 characters (documented).
pub(super) fn monitor_name(mark: &Mark, fields: &Fields) -> String {
    let start = mark.name_start().len();
    mark.shared_name(&digest(fields)[..(LONGEST_MONITOR - start).min(16)])
}

const LONGEST_MONITOR: usize = 31;

fn digest(fields: &Fields) -> String {
    let parts: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    names::digest(&parts, 20)
}

impl FrontEndTuning {
    /// What is set, and where that says nothing, the defaults.
    pub(super) fn over(&self, defaults: &FrontEndDefaults, carries: Carries) -> Self {
        let http = defaults.httpprofile.value().filter(|_| carries == Carries::Http);
        Self {
            tcpprofile: self.tcpprofile.clone().or_else(|| defaults.tcpprofile.value().cloned()),
            httpprofile: self.httpprofile.clone().or_else(|| http.cloned()),
            ..self.clone()
        }
    }

    /// The first annotation that asks for something else than what is held, with both. Who asks for
    /// nothing takes what there is.
    pub(super) fn differs_from(&self, held: &Self) -> Option<(&'static str, String, String)> {
        for (name, value) in &self.csvserver {
            let held = held.csvserver.get(name).cloned();
            let held = held.or_else(|| schema::reset_value(Kind::CSVSERVER, name));
            if held.as_ref() != Some(value) {
                let held = held.map_or_else(|| "not set".to_owned(), |held| held.to_string());
                return Some(("csvserver", format!("{name} {held}"), format!("{name} {value}")));
            }
        }
        let profiles = [
            ("frontend-tcpprofile", &self.tcpprofile, &held.tcpprofile),
            ("frontend-httpprofile", &self.httpprofile, &held.httpprofile),
        ];
        for (name, asked, held) in profiles {
            if asked.is_some() && asked != held {
                return Some((name, shown(held.as_ref()), shown(asked.as_ref())));
            }
        }
        let usual = Answer::NotFound;
        let (asked, held) = (self.answer?, held.answer.unwrap_or(usual));
        let code = |answer| if answer == Answer::Unavailable { "503" } else { "404" }.to_owned();
        (asked != held).then(|| ("default-response-code", code(held), code(asked)))
    }
}

/// A profile, for messages.
fn shown(profile: Option<&Profile>) -> String {
    match profile {
        None => "that of the appliance".to_owned(),
        Some(ProfileChoice::Named(name)) => format!("{name:?}"),
        Some(ProfileChoice::Settings(fields)) => {
            let all = fields.iter().map(|(name, value)| format!("{name} {value}"));
            all.collect::<Vec<_>>().join(", ")
        }
    }
}
