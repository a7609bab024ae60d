//! SSL profiles that somebody else has made and that an Ingress names: they are attached as they
//! are, where the operator allows it, and never made, changed or deleted.
//!
//! What one demands is read from the appliance at each look. It must be what a profile of ours would
//! demand in its place; once it is not, its Ingress is not understood.

use crate::diagnostic::Code;
use crate::model::{Fields, Value};

use super::front_end::Context;
use super::profile::Profile;

/// The profile of a front end or back end.
#[derive(Debug, Clone)]
pub(super) enum Attached {
    /// One of ours.
    Made(Profile),
    /// One of somebody else, by name.
    Named(String),
}

/// A side of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    FrontEnd,
    BackEnd,
}

/// A profile that an Ingress names, as it is on the appliance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'f> {
    pub(super) name: &'f str,
    side: Side,
    content: Content<'f>,
}

#[derive(Debug, Clone, Copy)]
enum Content<'f> {
    /// No appliance was looked at.
    Unread,
    /// It may not be named, is not there, or is for the other side.
    Refused,
    Is(&'f Fields),
}

impl Side {
    const fn annotation(self) -> &'static str {
        match self {
            Self::FrontEnd => "frontend-sslprofile",
            Self::BackEnd => "backend-sslprofile",
        }
    }

    const fn sslprofiletype(self) -> &'static str {
        match self {
            Self::FrontEnd => "FrontEnd",
            Self::BackEnd => "BackEnd",
        }
    }
}

/// Why clients that ask for an unknown host may not be turned away.
pub(super) const ANY_HOST: &str =
    "a default certificate or a rule without a host is for clients that ask for any host";

/// Looks a profile up. That it cannot be attached is an error.
pub(super) fn find<'f, 'a: 'f>(
    name: &'f str,
    side: Side,
    context: &mut Context<'_, 'a>,
) -> Named<'f> {
    let (policy, facts) = (context.policy, context.facts);
    let mut named = Named { name, side, content: Content::Refused };
    let wanted = side.sslprofiletype();
    let refused = if is_made_by_a_controller(name, &policy.mark.prefix) {
        Some((
            Code::ReferenceRefused,
            format!("{name:?} names an SSL profile of a controller, which comes and goes"),
            "write the settings themselves, or name a profile that somebody else has made"
                .to_owned(),
        ))
    } else if !policy.consent.allows_reference(name) {
        Some((
            Code::ReferenceRefused,
            format!("{name:?} names an SSL profile of the appliance, which is not of this Ingress"),
            format!(
                "write the settings themselves, or have the operator allow it with \
                 --allow-reference {name}"
            ),
        ))
    } else if !facts.is_read {
        named.content = Content::Unread;
        None
    } else if let Some(fields) = facts.foreign_ssl_profiles.get(name) {
        let found = text(fields, "sslprofiletype");
        if found == Some(wanted) {
            named.content = Content::Is(fields);
            None
        } else {
            let found = found.unwrap_or("no known type");
            Some((
                Code::ProfileUnfit,
                format!("the SSL profile {name:?} is of type {found}, and {wanted} is needed here"),
                format!("name a profile of type {wanted}, or write the settings themselves"),
            ))
        }
    } else {
        Some((
            Code::ProfileMissing,
            format!("the appliance has no SSL profile {name:?}"),
            "make it there, name another, or write the settings themselves".to_owned(),
        ))
    };
    if let Some((code, problem, remedy)) = refused {
        context.findings.error(code, &context.keys.of(side.annotation()), problem, remedy);
    }
    named
}

impl Named<'_> {
    /// Whether a field is known to have this value.
    pub(super) fn is(&self, field: &str, wanted: &str) -> bool {
        matches!(self.content, Content::Is(fields) if text(fields, field) == Some(wanted))
    }

    /// Whether it cannot be attached, so that what it demands is not known.
    pub(super) const fn is_refused(&self) -> bool {
        matches!(self.content, Content::Refused)
    }

    /// Tells in what a profile of clients falls short of what is asked for. `ca` is the annotation
    /// that asks for client certificates, if one does; `any_host` is whether clients are served that
    /// ask for hosts that nobody has.
    pub(super) fn check_front_end(
        &self,
        ca: Option<&str>,
        any_host: bool,
        context: &mut Context<'_, '_>,
    ) {
        self.refuse_opened_tls(context);
        let served = "certificates are served by the name that a client asks for";
        self.require("snienable", "ENABLED", served, context);
        if any_host {
            self.require("allowunknownsni", "ENABLED", ANY_HOST, context);
        }
        if let Some(ca) = ca {
            let why = format!("{:?} asks for client certificates", context.keys.of(ca));
            if self.require("clientauth", "ENABLED", &why, context) {
                self.require("clientcert", "Mandatory", &why, context);
                self.warn_of_resumed_sessions(context);
            }
            if self.is("skipclientcertpolicycheck", "ENABLED") {
                self.require("skipclientcertpolicycheck", "DISABLED", &why, context);
            }
            if self.is("zerorttearlydata", "ENABLED") {
                self.require("zerorttearlydata", "DISABLED", &why, context);
            }
        } else if self.is("clientauth", "ENABLED") {
            context.findings.error(
                Code::CaRequired,
                &context.keys.of(self.side.annotation()),
                format!(
                    "the SSL profile {:?} asks for client certificates, but no CA to verify them \
                     with is named",
                    self.name
                ),
                "name one: ingress.citrix.com/ca-secret: '{\"SERVICE\": \"SECRET\"}'",
            );
        }
    }

    /// Tells in what a profile of the back ends of a Service falls short, names aside; gives whether
    /// it does not.
    pub(super) fn check_back_end(
        &self,
        service: &str,
        has_ca: bool,
        context: &mut Context<'_, '_>,
    ) -> bool {
        let is_kept = !self.refuse_opened_tls(context);
        if has_ca {
            let ca = context.keys.of("backend-ca-secret");
            let why = format!("{ca:?} asks to verify {service:?}");
            let fits = self.require("serverauth", "ENABLED", &why, context);
            return fits && is_kept && !self.is_refused();
        }
        if self.is("serverauth", "ENABLED") {
            context.findings.error(
                Code::CaRequired,
                &context.keys.of(self.side.annotation()),
                format!(
                    "the SSL profile {:?} asks to verify the certificate of {service:?}, but no CA \
                     to verify it with is named",
                    self.name
                ),
                format!(
                    "name one: ingress.citrix.com/backend-ca-secret: '{{\"{service}\": \
                     \"SECRET\"}}'"
                ),
            );
            return false;
        }
        is_kept && !self.is_refused()
    }

    /// Why back ends cannot be verified by this name, if that is so.
    pub(super) fn lacks_name(&self, wanted: &str) -> Option<(Code, String, String)> {
        let Content::Is(fields) = self.content else { return None };
        let found = text(fields, "commonname");
        let is_so = found.is_some_and(|found| found.eq_ignore_ascii_case(wanted));
        let shown = found.unwrap_or("not set");
        (!is_so).then(|| {
            let problem = format!(
                "the SSL profile {:?} has \"commonname\" as {shown}, and the back end is to be \
                 verified as {wanted}",
                self.name
            );
            let remedy =
                format!("name a profile that has {wanted}, or write the settings themselves");
            (Code::ProfileUnfit, problem, remedy)
        })
    }

    /// Refuses a profile that does not keep in TLS what comes so, or is for connections that are meant
    /// for others; gives whether it is one.
    fn refuse_opened_tls(&self, context: &mut Context<'_, '_>) -> bool {
        let Content::Is(fields) = self.content else { return false };
        let intercepts = self.is("sslinterception", "ENABLED");
        if intercepts {
            let why = "it opens connections that are meant for others";
            self.require("sslinterception", "DISABLED", why, context);
        }
        let Some(port) = fields.get("cleartextport") else { return intercepts };
        context.findings.error(
            Code::ProfileUnfit,
            &context.keys.of(self.side.annotation()),
            format!(
                "the SSL profile {:?} has \"cleartextport\" as {port}: what comes in TLS would go on \
                 in plain text",
                self.name
            ),
            "name a profile that does not have it, or write the settings themselves",
        );
        true
    }

    /// A resumed session goes on with a client certificate that was checked long ago.
    fn warn_of_resumed_sessions(&self, context: &mut Context<'_, '_>) {
        let mut fields = ["sessreuse", "sessionticket"].into_iter();
        let Some(field) = fields.find(|field| self.is(field, "ENABLED")) else { return };
        context.findings.warning(
            Code::SessionsResumed,
            &context.keys.of(self.side.annotation()),
            format!(
                "the SSL profile {:?} has {field:?} as ENABLED: a client whose CA is taken away can \
                 resume its session for a while",
                self.name
            ),
            "name a profile that has \"sessreuse\" and \"sessionticket\" as DISABLED, or write the \
             settings themselves",
        );
    }

    /// Whether a field has the value that it must have, which is told if not. What nobody has looked
    /// at shows when somebody does.
    fn require(&self, field: &str, wanted: &str, why: &str, context: &mut Context<'_, '_>) -> bool {
        let Content::Is(fields) = self.content else { return true };
        let found = text(fields, field);
        if found != Some(wanted) {
            context.findings.error(
                Code::ProfileUnfit,
                &context.keys.of(self.side.annotation()),
                format!(
                    "the SSL profile {:?} has {field:?} as {}, and must have it as {wanted}: {why}",
                    self.name,
                    found.unwrap_or("not set")
                ),
                "name a profile that has it so, or write the settings themselves",
            );
        }
        found == Some(wanted)
    }
}

/// Whether a name is built as controllers with this prefix name their SSL profiles, of whatever
/// cluster they are. The appliance does not mind case.
fn is_made_by_a_controller(name: &str, prefix: &str) -> bool {
    let is_word = |word: &str, length: usize| {
        let is_base32 = |b: u8| b.is_ascii_alphabetic() || (b'2'..=b'7').contains(&b);
        word.len() == length && word.bytes().all(is_base32)
    };
    let mut words = name.split('-');
    let is_marked = words.next().is_some_and(|word| word.eq_ignore_ascii_case(prefix))
        && words.next().is_some_and(|word| is_word(word, CLUSTER));
    let rest: Vec<&str> = words.collect();
    is_marked
        && match rest[..] {
            [digest] => is_word(digest, DIGEST),
            [ingress, digest] => is_word(ingress, INGRESS) && is_word(digest, DIGEST),
            _ => false,
        }
}

/// How long the parts of our names are.
const CLUSTER: usize = 5;
const INGRESS: usize = 10;
const DIGEST: usize = 20;

fn text<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.get(name).and_then(Value::as_text)
}

#[cfg(test)]
mod tests {
    use super::super::names;
    use super::*;
    use crate::model::{ClusterId, IngressId, Mark, ObjectKey};

    #[test]
    fn names_of_controllers_are_told_by_their_form() {
        for cluster in ["local", "another"] {
            let mark = Mark {
                prefix: "k8s".to_owned(),
                cluster: ClusterId::parse(cluster).expect("it is well-formed"),
            };
            let shared =
                Profile::front_end(&Fields::new()).expect("the defaults fit").shared_name(&mark);
            let ingress = IngressId::of(&ObjectKey::new("default", "web"));
            let own = mark.ingress_name(&ingress, &names::digest(&["a"], DIGEST));
            for name in [&shared, &own, &shared.to_ascii_uppercase()] {
                assert!(is_made_by_a_controller(name, "k8s"), "{name}");
                assert!(!is_made_by_a_controller(name, "k9s"), "{name}");
            }
        }
        for name in ["k8s-mine", "k8s-", "k8s", "strict", "k8s-local-strict", "k8s-ew7y4-x-y-z"] {
            assert!(!is_made_by_a_controller(name, "k8s"), "{name}");
        }
    }
}
