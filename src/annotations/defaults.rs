//! What front ends are like where no Ingress says it: the keys of a `ConfigMap`, as the vendor's
//! controller reads them.

use std::collections::BTreeMap;

use crate::diagnostic::{Code, Findings};
use crate::model::Fields;

use super::fields::FieldSet;
use super::json::{self, Node};
use super::{ParseError, ProfileChoice, Setting, SslSettings, ssl, tuning};

/// Defaults of front ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontEndDefaults {
    /// `FRONTEND_SSL_PROFILE`.
    pub ssl: Setting<SslSettings>,
    /// `FRONTEND_TCP_PROFILE`.
    pub tcpprofile: Setting<ProfileChoice<Fields>>,
    /// `FRONTEND_HTTP_PROFILE`.
    pub httpprofile: Setting<ProfileChoice<Fields>>,
}

const SSL: &str = "FRONTEND_SSL_PROFILE";
const TCP: &str = "FRONTEND_TCP_PROFILE";
const HTTP: &str = "FRONTEND_HTTP_PROFILE";
const SHAPE: (&str, &str) = (
    "either \"config\" or \"preconfigured\"",
    "settings below \"config\", such as config: {ws: ENABLED}",
);

impl FrontEndDefaults {
    /// Defaults that are not there, though somebody asked for them.
    pub const fn unreadable() -> Self {
        let (tcpprofile, httpprofile) = (Setting::Unreadable, Setting::Unreadable);
        Self { ssl: Setting::Unreadable, tcpprofile, httpprofile }
    }

    /// Reads the values of a `ConfigMap`. What is wrong with them goes to `findings`.
    pub fn read(data: &BTreeMap<String, String>, findings: &mut Findings) -> Self {
        let mut defaults = Self::default();
        for (key, text) in data {
            let read = match key.as_str() {
                SSL => defaults.ssl.take(ssl_profile(text)),
                TCP => defaults.tcpprofile.take(profile(text, &tuning::FRONT_END_TCP)),
                HTTP => defaults.httpprofile.take(profile(text, &tuning::FRONT_END_HTTP)),
                other => {
                    tell_unknown(other, findings);
                    continue;
                }
            };
            if let Err(error) = read {
                let remedy = error.remedy("config: {\"FIELD\": \"VALUE\"}");
                findings.error(error.code(), key, error.to_string(), remedy);
            }
        }
        defaults
    }
}

/// A key that is nearly one that is read.
fn tell_unknown(key: &str, findings: &mut Findings) {
    let nearest = crate::schema::nearest(key, [SSL, TCP, HTTP].into_iter());
    if let Some(nearest) = nearest {
        findings.warning(
            Code::AnnotationUnknown,
            key,
            format!("{key:?} is not known and has no effect"),
            format!("did you mean {nearest:?}?"),
        );
    }
}

fn ssl_profile(text: &str) -> Result<SslSettings, ParseError> {
    let ProfileChoice::Settings(node) = choice(text)? else {
        let (field, what) = ("preconfigured", "the defaults of SSL profiles");
        let advice = "write the settings as \"config\", or name the profile in \
                      ingress.citrix.com/frontend-sslprofile of each Ingress";
        return Err(ParseError::FieldNotAllowed { field, what, advice });
    };
    let settings = ssl::read(node, &ssl::FRONT_END)?;
    let demands =
        ["clientauth", "clientcert"].into_iter().find(|it| settings.fields.contains_key(it));
    demands.map_or(Ok(settings), |field| {
        let what = "the defaults of SSL profiles";
        let advice = "remove it: client certificates are demanded where an Ingress names a CA";
        Err(ParseError::FieldNotAllowed { field, what, advice })
    })
}

fn profile(text: &str, set: &'static FieldSet) -> Result<ProfileChoice<Fields>, ParseError> {
    match choice(text)? {
        ProfileChoice::Named(name) => Ok(ProfileChoice::Named(name)),
        ProfileChoice::Settings(node) => set.read(node).map(ProfileChoice::Settings),
    }
}

/// Reads YAML with `config` or `preconfigured`.
fn choice(text: &str) -> Result<ProfileChoice<Node>, ParseError> {
    let node: Node = serde_saphyr::from_str(text)
        .map_err(|_| ParseError::Shape { wanted: SHAPE.0, example: SHAPE.1 })?;
    let members = json::object(node, SHAPE, str::to_ascii_lowercase)?;
    let [(member, value)] = <[_; 1]>::try_from(members)
        .map_err(|_| ParseError::Shape { wanted: SHAPE.0, example: SHAPE.1 })?;
    match (member.to_ascii_lowercase().as_str(), value) {
        ("config", node @ Node::Object(_)) => Ok(ProfileChoice::Settings(node)),
        ("preconfigured", Node::Plain(serde_json::Value::String(name))) if !name.is_empty() => {
            Ok(ProfileChoice::Named(name))
        }
        _ => Err(ParseError::Shape { wanted: SHAPE.0, example: SHAPE.1 }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostic, ObjectRef};
    use crate::model::{ObjectKey, Value};

    fn read(pairs: &[(&str, &str)]) -> (FrontEndDefaults, Vec<Diagnostic>) {
        let key = ObjectKey::new("default", "nsic");
        let mut findings = Findings::about(ObjectRef { kind: "ConfigMap".to_owned(), key });
        let data = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let defaults = FrontEndDefaults::read(&data, &mut findings);
        (defaults, findings.into_diagnostics())
    }

    #[test]
    fn settings_and_names_are_read() {
        let (defaults, told) = read(&[
            (
                SSL,
                "config:\n  tls13: 'ENABLED'\n  hsts: 'ENABLED'\n  ciphers:\n  - TLS1.3-AES256-GCM-SHA384\n",
            ),
            (TCP, "config: {sack: ENABLED}"),
            (HTTP, "preconfigured: strict"),
            ("LOGLEVEL", "info"),
        ]);
        assert_eq!(told, []);
        let ssl = defaults.ssl.value().unwrap();
        assert_eq!(ssl.fields["hsts"], Value::from("ENABLED"));
        assert_eq!(ssl.ciphers, ["TLS1.3-AES256-GCM-SHA384"]);
        assert_eq!(defaults.httpprofile.value().unwrap().name(), Some("strict"));
        assert!(defaults.tcpprofile.value().unwrap().settings().is_some());
    }

    #[test]
    fn what_cannot_be_read_is_said_and_is_not_nothing() {
        for text in [
            "",
            "x",
            "config:",
            "config: []",
            "config: {tls14: ENABLED}",
            "a: {b: c}",
            "preconfigured: strict",
            "config: {clientauth: ENABLED}",
            "config: {hsts: perhaps}",
        ] {
            let (defaults, told) = read(&[(SSL, text)]);
            assert!(defaults.ssl.is_unreadable(), "{text}");
            assert_eq!(told.len(), 1, "{text} {told:?}");
        }
        let (_, told) = read(&[(SSL, "preconfigured: strict")]);
        let text = "\"preconfigured\" may not be set in the defaults of SSL profiles";
        assert_eq!(told[0].problem, text);
        let (_, told) = read(&[("FRONTEND_SSL_PROFIL", "config: {}")]);
        assert_eq!(told[0].remedy, "did you mean \"FRONTEND_SSL_PROFILE\"?");
    }
}
