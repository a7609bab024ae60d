//! Whether the fields that annotations set go with what their front ends carry.
//!
//! The appliance refuses persistence and methods that its type of virtual server cannot see
//! (documented: 1332 for persistence; the code for methods is assumed). Headers that it would have
//! to put into bytes it would leave out without a word.

use std::collections::{BTreeMap, BTreeSet};

use crate::annotations::{IngressSettings, Refusal, Setting};
use crate::diagnostic::Code;
use crate::model::{Fields, Value};

use super::entrances::{Carries, Entrances};
use super::front_end::Context;

/// Values that look into HTTP or write into it, and what to do instead (documented).
const OF_HTTP: [(&str, &[&str], &str); 5] = [
    ("persistencetype", &["COOKIEINSERT"], "write \"SOURCEIP\""),
    ("lbmethod", &["DOMAINHASH", "URLHASH"], "write \"SOURCEIPHASH\""),
    ("cip", &["ENABLED"], "remove it, or set \"usip\" to YES"),
    ("insertvserveripport", &["V6TOV4MAPPING", "VIPADDR"], "remove it"),
    ("redirectportrewrite", &["ENABLED"], "remove it"),
];

/// Refuses fields that the front ends of an Ingress, or the back ends behind them, cannot have.
pub(super) fn refuse_unsuited(
    settings: &IngressSettings,
    services: &BTreeSet<&str>,
    entrances: &Entrances,
    context: &mut Context<'_, '_>,
) {
    if let Some(fields) = settings.csvserver.value() {
        refuse_sessions(fields, entrances, context);
    }
    if entrances.carries == Carries::Http {
        return;
    }
    if entrances.carries == Carries::Bytes
        && settings.client_certificate_refusal.value() == Some(&Refusal::Http)
    {
        context.findings.error(
            Code::FieldRefused,
            &context.keys.of("client-certificate-refusal"),
            "clients are to be answered over HTTP, and the front end carries bytes",
            "write \"handshake\", or remove it",
        );
    }
    if let Some(fields) = settings.csvserver.value() {
        refuse_http("csvserver", None, fields, context);
    }
    let by_service = [("lbvserver", &settings.lbvserver), ("servicegroup", &settings.servicegroup)];
    for (annotation, setting) in by_service {
        for (service, fields) in used(setting, services) {
            refuse_http(annotation, Some(service), fields, context);
        }
    }
}

/// What is set for Services that the Ingress uses.
fn used<'s>(
    setting: &'s Setting<BTreeMap<String, Fields>>,
    services: &BTreeSet<&str>,
) -> impl Iterator<Item = (&'s str, &'s Fields)> {
    let all = setting.value().into_iter().flatten();
    all.map(|(service, fields)| (service.as_str(), fields))
        .filter(|(service, _)| services.contains(service))
}

fn refuse_http(
    annotation: &str,
    service: Option<&str>,
    fields: &Fields,
    context: &mut Context<'_, '_>,
) {
    for (field, values, remedy) in OF_HTTP {
        let given = fields.get(field).and_then(Value::as_text).unwrap_or_default();
        if values.contains(&given) {
            let of = service.map_or_else(String::new, |service| format!(" of {service:?}"));
            context.findings.error(
                Code::FieldRefused,
                &context.keys.of(annotation),
                format!(
                    "{field:?}{of} is {given}, which is about HTTP, and the front end carries bytes"
                ),
                remedy,
            );
        }
    }
}

/// Sessions of TLS are there only where TLS ends, and the fields of an Ingress are those of all its
/// front ends.
fn refuse_sessions(fields: &Fields, entrances: &Entrances, context: &mut Context<'_, '_>) {
    let without_tls = entrances.all().find(|front_end| !front_end.protocol.is_tls());
    let Some(front_end) = without_tls else { return };
    if fields.get("persistencetype").and_then(Value::as_text) == Some("SSLSESSION") {
        context.findings.error(
            Code::FieldRefused,
            &context.keys.of("csvserver"),
            format!("\"persistencetype\" is SSLSESSION, and no TLS ends at {front_end}"),
            "write \"SOURCEIP\", or serve the Ingress in TLS only",
        );
    }
}
