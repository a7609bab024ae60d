//! TLS towards the back ends of one Service: profile, authorities, client certificate.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::annotations::{ProfileChoice, SslSettings};
use crate::diagnostic::Code;
use crate::model::{ObjectKey, Value};

use super::super::certificates::{Authorities, Served, ShownTo};
use super::super::front_end::Context;
use super::super::named::{self, Attached, Named, Side};
use super::super::names;
use super::super::profile::Profile;
use super::Asked;

/// TLS as it is asked for.
#[derive(Debug)]
pub(super) struct TlsText<'s> {
    profile: ProfileText<'s>,
    pub(super) authorities: Option<Rc<Authorities>>,
    client: Option<(ObjectKey, Rc<Served>)>,
}

/// The profile that is asked for.
#[derive(Debug)]
enum ProfileText<'s> {
    Settings(SslSettings),
    /// One of somebody else.
    Named(Named<'s>),
}

/// TLS towards one back end.
#[derive(Debug)]
pub(in crate::translate) struct BackEndTls {
    /// What tells it apart from others of its Service port.
    pub(in crate::translate) identity: String,
    pub(in crate::translate) profile: Attached,
    pub(in crate::translate) authorities: Option<Rc<Authorities>>,
    pub(in crate::translate) client: Option<Rc<Served>>,
}

impl<'s> TlsText<'s> {
    /// Reads it, and whether all of it can be had.
    pub(super) fn read<'a: 's>(
        asked: &Asked<'s>,
        service: &str,
        context: &mut Context<'_, 'a>,
    ) -> (Self, bool) {
        let (secret, ca) = (asked.secret.value(), asked.ca.value());
        let (profile, fits) = match asked.profile.value() {
            Some(ProfileChoice::Named(name)) => {
                let named = named::find(name, Side::BackEnd, context);
                let fits = named.check_back_end(service, ca.is_some(), context);
                (ProfileText::Named(named), fits)
            }
            Some(ProfileChoice::Settings(settings)) => {
                (ProfileText::Settings(settings.clone()), true)
            }
            None => (ProfileText::Settings(SslSettings::default()), true),
        };
        let authorities =
            ca.and_then(|name| context.authorities(name, &context.keys.of("backend-ca-secret")));
        let client = secret.and_then(|name| {
            context
                .served(name, ShownTo::BackEnds, &context.keys.of("backend-secret"))
                .map(|served| (context.secret(name), served))
        });
        let is_whole =
            fits && authorities.is_some() == ca.is_some() && client.is_some() == secret.is_some();
        (Self { profile, authorities, client }, is_whole)
    }
}

impl TlsText<'_> {
    /// TLS towards the back ends that show this name.
    pub(super) fn for_name(
        &self,
        name: Option<String>,
    ) -> Result<BackEndTls, (Code, String, String)> {
        let verifies = self.authorities.is_some();
        let settings = match &self.profile {
            ProfileText::Settings(settings) => settings,
            ProfileText::Named(named) => return self.by_named(named, name),
        };
        let mut fields = settings.fields.clone();
        let sends_name = fields.get("snienable").and_then(Value::as_text) == Some("ENABLED");
        if verifies {
            fields.insert("serverauth".to_owned(), "ENABLED".into());
        }
        let name = if verifies || sends_name {
            let name = name.ok_or_else(|| {
                let use_ = if verifies { "verify" } else { "name to the back end" };
                (
                    Code::BackEndNameRequired,
                    format!("there is no host to {use_}, since the rule has none or a wildcard"),
                    "give the name in ingress.citrix.com/backend-sslprofile as \"commonname\""
                        .to_owned(),
                )
            })?;
            fields.insert("commonname".to_owned(), name.as_str().into());
            Some(name)
        } else {
            None
        };
        let profile = Profile::back_end(&fields)
            .map_err(|error| (Code::FieldRefused, error.to_string(), error.remedy()))?
            .with_ciphers(&settings.ciphers);
        Ok(self.with(Attached::Made(profile), name.as_deref()))
    }

    fn with(&self, profile: Attached, name: Option<&str>) -> BackEndTls {
        BackEndTls {
            identity: self.identity(name),
            profile,
            authorities: self.authorities.clone(),
            client: self.client.as_ref().map(|(_, served)| Rc::clone(served)),
        }
    }

    /// The same by a profile of somebody else. Its name counts only where it is verified.
    fn by_named(
        &self,
        named: &Named<'_>,
        name: Option<String>,
    ) -> Result<BackEndTls, (Code, String, String)> {
        let attached = Attached::Named(named.name.to_owned());
        if self.authorities.is_none() {
            return Ok(self.with(attached, None));
        }
        let name = name.ok_or_else(|| {
            (
                Code::BackEndNameRequired,
                "there is no host to verify, since the rule has none or a wildcard".to_owned(),
                "write the settings themselves, with the name as \"commonname\"".to_owned(),
            )
        })?;
        match named.lacks_name(&name) {
            Some(refusal) => Err(refusal),
            None => Ok(self.with(attached, Some(&name))),
        }
    }

    /// What a back end is, apart from its Service port: the name, the CAs, whose client certificate
    /// it is shown, and the profile of somebody else. The content of the certificate is not part of
    /// it: it rotates in place. A profile that may have changed is left by moving to another back end.
    fn identity(&self, name: Option<&str>) -> String {
        let authorities = self.authorities.iter().flat_map(|one| &one.materials);
        let ids: BTreeSet<&str> =
            authorities.map(|material| material.certificate.id.as_str()).collect();
        let ids = ids.into_iter().collect::<Vec<_>>().join(",");
        let client = self.client.as_ref().map(|(secret, _)| secret.to_string());
        let (name, client) = (name.unwrap_or_default(), client.unwrap_or_default());
        let mut parts = vec!["SSL", name, &ids, &client];
        if let ProfileText::Named(named) = &self.profile {
            parts.push(named.name);
        }
        names::digest(&parts, 8)
    }
}
