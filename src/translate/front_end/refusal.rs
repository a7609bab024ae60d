//! Whether an Ingress can turn clients away as it wants to.

use crate::annotations::{IngressSettings, ProfileChoice, Refusal};
use crate::diagnostic::Code;
use crate::model::{CertificateFault, Value};

use super::Context;

const FIELD: &str = "client-certificate-refusal";

/// Reads what goes with the annotation, and tells what is wrong; whether anything is.
pub(super) fn is_refused(
    settings: &IngressSettings,
    names_ca: bool,
    context: &mut Context<'_, '_>,
) -> bool {
    let Some(refusal) = settings.client_certificate_refusal.value() else {
        return settings.client_certificate_refusal.is_unreadable();
    };
    let key = context.keys.of(FIELD);
    let (code, problem, remedy) = match (refusal, fault(settings, *refusal, names_ca)) {
        (_, Some((code, problem, remedy))) => (code, problem.to_owned(), remedy),
        (Refusal::Http, None) if !context.policy.allow_http_refusal => (
            Code::RefusalNotAllowed,
            format!("{key:?} is http, and the operator does not allow that"),
            "remove it, or prove that your appliance does as is relied on (docs/mutual-tls.md) \
             and allow it with --allow-http-refusal",
        ),
        (Refusal::Http, None) => {
            let rule = CertificateFault::Invalid.rule().trim_end_matches(".NOT");
            context.findings.warning(
                Code::RefusalUnproven,
                &key,
                format!(
                    "clients with an invalid certificate are refused by {rule} alone, whose \
                     definition was not found in the vendor's documentation"
                ),
                "prove on your appliance that none gets through: docs/mutual-tls.md shows how",
            );
            return false;
        }
        (Refusal::Handshake, None) => return false,
    };
    context.findings.error(code, &key, problem, remedy);
    true
}

/// What the annotation does not go with.
fn fault(
    settings: &IngressSettings,
    refusal: Refusal,
    names_ca: bool,
) -> Option<(Code, &'static str, &'static str)> {
    let profile = &settings.frontend_sslprofile;
    let field = |name: &str| profile.fields()?.get(name).and_then(Value::as_text);
    if !names_ca && field("clientauth") != Some("ENABLED") {
        return Some((
            Code::CaRequired,
            "clients without a valid certificate are to be turned away, but no CA to verify \
             certificates with is named",
            "name one: ingress.citrix.com/ca-secret: '{\"SERVICE\": \"SECRET\"}'",
        ));
    }
    let is_named = profile.value().and_then(ProfileChoice::name).is_some();
    match (refusal, field("clientcert")) {
        (Refusal::Http, _) if is_named => Some((
            Code::FieldRefused,
            "clients are to be turned away over HTTP, and what the handshake demands is up to the \
             SSL profile that is named",
            "write the settings of the profile instead of its name",
        )),
        (Refusal::Http, Some("Mandatory")) => Some((
            Code::FieldRefused,
            "clients are to be turned away over HTTP, and \"clientcert\" is Mandatory, which ends \
             the handshake",
            "remove \"clientcert\" from the SSL profile",
        )),
        (Refusal::Handshake, Some("Optional")) => Some((
            Code::FieldRefused,
            "clients are to be turned away in the handshake, and \"clientcert\" is Optional, which \
             lets them in",
            "remove \"clientcert\" from the SSL profile",
        )),
        (Refusal::Handshake | Refusal::Http, _) => None,
    }
}
