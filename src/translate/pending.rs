//! Settings that are understood and not honoured yet. Each has its line here until it is.

use crate::annotations::{IngressSettings, ProfileChoice, Setting, SslSettings};
use crate::diagnostic::{Code, Findings};

use super::keys::Keys;

/// Says of everything that is understood and not honoured that it is not. What is refused of a
/// profile makes that unreadable.
pub(super) fn refuse(settings: &mut IngressSettings, keys: Keys<'_>, findings: &mut Findings) {
    let key = keys.of("frontend-sslprofile");
    if settings.frontend_sslprofile.value().is_some_and(|one| refuse_named(one, &key, findings)) {
        settings.frontend_sslprofile = Setting::Unreadable;
    }
    let key = keys.of("backend-sslprofile");
    let listed = settings.backend_sslprofile.value().into_iter().flatten();
    let refused = listed.filter(|(_, one)| refuse_named(one, &key, findings)).count();
    if refused > 0 {
        settings.backend_sslprofile = Setting::Unreadable;
    }
}

/// Whether a profile is one of somebody else, which is told: what it demands is not known.
fn refuse_named(choice: &ProfileChoice<SslSettings>, key: &str, findings: &mut Findings) -> bool {
    let Some(name) = choice.name() else { return false };
    findings.error(
        Code::RuleUnsupported,
        key,
        format!("{name:?} names an SSL profile of the appliance, which is not supported yet"),
        "write the settings themselves, such as {\"tls13\": \"enabled\"}",
    );
    true
}
