//! Settings that are understood and not honoured yet. Each has its line here until it is.

use std::collections::BTreeMap;

use crate::annotations::{
    self, ANNOTATIONS, Annotation, IngressSettings, ProfileChoice, Setting, SslSettings, Weight,
};
use crate::diagnostic::{Code, Findings};
use crate::model::Fields;

/// An annotation, and whether it is there and understood.
type Pending = (&'static str, fn(&IngressSettings) -> bool);

const PENDING: &[Pending] = &[
    ("backend-httpprofile", |settings| settings.backend_httpprofile.value().is_some()),
    ("backend-tcpprofile", |settings| settings.backend_tcpprofile.value().is_some()),
    ("csvserver", |settings| settings.csvserver.value().is_some()),
    ("default-response-code", |settings| settings.default_response_code.value().is_some()),
    ("frontend-httpprofile", |settings| settings.frontend_httpprofile.value().is_some()),
    ("frontend-tcpprofile", |settings| settings.frontend_tcpprofile.value().is_some()),
    ("lbvserver", |settings| settings.lbvserver.value().is_some()),
    ("monitor", |settings| settings.monitor.value().is_some()),
    ("preconfigured-certkey", |settings| settings.preconfigured_certkey.value().is_some()),
    ("servicegroup", |settings| settings.servicegroup.value().is_some()),
];

/// Says of everything that is understood and not honoured that it is not: an error where the
/// Ingress means something else without it. What is refused of a profile makes that unreadable.
pub(super) fn refuse(
    settings: &mut IngressSettings,
    annotations: &BTreeMap<String, String>,
    findings: &mut Findings,
) {
    for (name, _) in PENDING.iter().filter(|(_, is_present)| is_present(settings)) {
        let annotation = find(name);
        let key = annotations::spelling(annotation.key, annotations);
        tell(key, annotation.weight, findings);
    }
    refuse_references(settings, annotations, findings);
    let key = annotations::spelling("ingress.citrix.com/frontend-sslprofile", annotations);
    if settings.frontend_sslprofile.value().is_some_and(|one| refuse_profile(one, key, findings)) {
        settings.frontend_sslprofile = Setting::Unreadable;
    }
    let key = annotations::spelling("ingress.citrix.com/backend-sslprofile", annotations);
    let listed = settings.backend_sslprofile.value().into_iter().flatten();
    let refused = listed.filter(|(_, one)| refuse_profile(one, key, findings)).count();
    if refused > 0 {
        settings.backend_sslprofile = Setting::Unreadable;
    }
}

/// Refuses fields that name objects of others.
fn refuse_references(
    settings: &mut IngressSettings,
    annotations: &BTreeMap<String, String>,
    findings: &mut Findings,
) {
    let all = [
        ("csvserver", settings.csvserver.value().into_iter().collect()),
        ("lbvserver", listed(&settings.lbvserver)),
        ("servicegroup", listed(&settings.servicegroup)),
    ];
    let [csvserver, lbvserver, servicegroup] = all.map(|(name, fields)| {
        let annotation = find(name);
        let set = annotation.fields.expect("what has fields says which");
        let named: Vec<_> = fields.into_iter().flat_map(|one| set.references(one)).collect();
        for (field, object) in &named {
            findings.error(
                Code::RuleUnsupported,
                annotations::spelling(annotation.key, annotations),
                format!("{field:?} names {object:?} on the appliance, which is not supported yet"),
                format!("remove {field:?}"),
            );
        }
        !named.is_empty()
    });
    if csvserver {
        settings.csvserver = Setting::Unreadable;
    }
    if lbvserver {
        settings.lbvserver = Setting::Unreadable;
    }
    if servicegroup {
        settings.servicegroup = Setting::Unreadable;
    }
}

fn listed(setting: &Setting<BTreeMap<String, Fields>>) -> Vec<&Fields> {
    setting.value().into_iter().flat_map(BTreeMap::values).collect()
}

fn find(name: &str) -> &'static Annotation {
    let found = ANNOTATIONS.iter().find(|annotation| annotation.name() == name);
    found.expect("what is pending is in the registry")
}

fn tell(key: &str, weight: Weight, findings: &mut Findings) {
    match weight {
        Weight::Decisive => findings.error(
            Code::AnnotationUnsupported,
            key,
            format!(
                "{key:?} is not supported yet, and the Ingress means something else without it"
            ),
            "remove it, or leave this Ingress to another controller",
        ),
        Weight::Harmless => findings.warning(
            Code::AnnotationUnsupported,
            key,
            format!("{key:?} is not supported yet and has no effect"),
            "remove it if the Ingress is to work without it",
        ),
    }
}

/// Whether a profile is one that cannot be used, which is told.
fn refuse_profile(choice: &ProfileChoice<SslSettings>, key: &str, findings: &mut Findings) -> bool {
    match choice {
        ProfileChoice::Named(name) => findings.error(
            Code::RuleUnsupported,
            key,
            format!("{name:?} names an SSL profile on the appliance, which is not supported yet"),
            "write the settings themselves, such as {\"tls13\": \"enabled\"}",
        ),
        ProfileChoice::Settings(settings) if !settings.ciphers.is_empty() => findings.error(
            Code::RuleUnsupported,
            key,
            "a list of ciphers is not supported yet",
            "remove \"ciphers\": the cipher suites are those of the TLS defaults",
        ),
        ProfileChoice::Settings(_) => return false,
    }
    true
}
