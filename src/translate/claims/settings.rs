//! What is in effect on a front end towards clients in TLS, and whether an Ingress asks for the same.

use crate::annotations::Refusal;
use crate::model::{ClientAuthentication, Name, Value};

use super::super::front_end::FrontEndText;
use super::super::named::Attached;
use super::super::profile::Profile;

/// What is in effect on a front end.
#[derive(Debug, Clone)]
pub(in crate::translate) enum Settings {
    /// Nothing: plain HTTP.
    Plain,
    /// What the text of its holder says, and how it turns clients away if it demands certificates.
    Text(Profile, Refusal),
    /// A profile of somebody else that its holder names, and what the holder's text asks of it.
    Named(String, ClientAuthentication),
    /// What is bound, since the text of its holder is not understood.
    Bound(ClientAuthentication),
}

/// A setting that is not as it is asked for.
pub(super) struct Difference {
    pub(super) name: String,
    pub(super) held: String,
    pub(super) asked: String,
}

/// What stands for a profile of fields where another Ingress names one.
const FIELDS: &str = "a profile of settings";

impl Settings {
    /// What an Ingress gives a front end of its own.
    pub(super) fn of(text: &FrontEndText, terminates: bool) -> Self {
        match text.profile.as_ref().filter(|_| terminates) {
            Some(Attached::Made(profile)) => {
                Self::Text(profile.clone(), text.refusal.unwrap_or(Refusal::Handshake))
            }
            Some(Attached::Named(name)) => {
                let asked = text.client_authentication.unwrap_or(text.at_least);
                Self::Named(name.clone(), asked)
            }
            None => Self::Plain,
        }
    }

    /// What clients must show.
    pub(super) fn client_authentication(&self) -> ClientAuthentication {
        match self {
            Self::Plain => ClientAuthentication::None,
            Self::Named(_, known) | Self::Bound(known) => *known,
            Self::Text(_, Refusal::Http) => ClientAuthentication::Mandatory,
            Self::Text(profile, Refusal::Handshake) => {
                let is = |field, wanted| profile.value(field) == Some(Value::from(wanted));
                match (is("clientauth", "ENABLED"), is("clientcert", "Optional")) {
                    (false, _) => ClientAuthentication::None,
                    (true, true) => ClientAuthentication::Optional,
                    (true, false) => ClientAuthentication::Mandatory,
                }
            }
        }
    }

    /// How clients are turned away here, if certificates are demanded.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Plain | Self::Bound(_) => None,
            Self::Text(_, Refusal::Http) => Some(Refusal::Http),
            Self::Text(_, Refusal::Handshake) | Self::Named(..) => {
                let demand = self.client_authentication();
                (demand == ClientAuthentication::Mandatory).then_some(Refusal::Handshake)
            }
        }
    }

    /// Whether an Ingress wants clients turned away in another way, or let in. Where nobody is asked
    /// for a certificate, that is the difference.
    fn differs_in_refusal(&self, asked: &FrontEndText) -> Option<Difference> {
        let demand = self.client_authentication();
        if demand == ClientAuthentication::None {
            return None;
        }
        let held = self.refusal();
        if held == Some(Refusal::Http)
            && asked.client_authentication == Some(ClientAuthentication::Optional)
        {
            return Some(clientcert(demand, ClientAuthentication::Optional));
        }
        let wanted = asked.refusal.filter(|refusal| held != Some(*refusal))?;
        let word = |refusal: Option<Refusal>| refusal.map_or("nothing", refusal_word).to_owned();
        let (held, asked) = (word(held), word(Some(wanted)));
        Some(Difference { name: REFUSAL.to_owned(), held, asked })
    }

    /// The first setting that an Ingress asks for and that is not so. Who asks for nothing takes
    /// what there is.
    pub(super) fn differs_from(&self, asked: &FrontEndText) -> Option<Difference> {
        match self {
            Self::Plain => None,
            Self::Text(profile, refusal) => self
                .differs_in_refusal(asked)
                .or_else(|| differs_from_fields(profile, *refusal, asked)),
            Self::Named(name, known) => {
                self.differs_in_refusal(asked).or_else(|| differs_from_named(name, *known, asked))
            }
            Self::Bound(bound) => {
                let demand = asked.client_authentication.unwrap_or(*bound);
                let differs = asked.at_least != ClientAuthentication::None && demand != *bound;
                differs.then(|| clientcert(*bound, demand))
            }
        }
    }
}

fn differs_from_fields(
    profile: &Profile,
    refusal: Refusal,
    asked: &FrontEndText,
) -> Option<Difference> {
    if let Some(name) = asked.named() {
        return Some(of_profiles(FIELDS.to_owned(), format!("{name:?}")));
    }
    if !asked.ciphers.is_empty() && asked.ciphers != profile.ciphers() {
        return Some(Difference {
            name: "ciphers".to_owned(),
            held: profile.ciphers().join(", "),
            asked: asked.ciphers.join(", "),
        });
    }
    // Who does not say how, takes either way to turn clients away.
    let is_as_strict =
        |name: &Name| name == "clientcert" && refusal == Refusal::Http && asked.leaves_refusal_open;
    let differs = |(name, value): &(&Name, &Value)| {
        profile.value(name).as_ref() != Some(*value) && !is_as_strict(name)
    };
    let (name, value) = asked.fields.iter().find(differs)?;
    let held = profile.value(name).map_or_else(|| "nothing".to_owned(), |held| held.to_string());
    Some(Difference { name: name.to_string(), held, asked: value.to_string() })
}

/// What somebody else may change is not compared field by field: only what protects is, which was
/// read for the holder.
fn differs_from_named(
    held: &str,
    known: ClientAuthentication,
    asked: &FrontEndText,
) -> Option<Difference> {
    match asked.named() {
        Some(name) if name != held => {
            return Some(of_profiles(format!("{held:?}"), format!("{name:?}")));
        }
        None if asked.sets_more_than_client_authentication() => {
            return Some(of_profiles(format!("{held:?}"), FIELDS.to_owned()));
        }
        Some(_) | None => {}
    }
    let demand = asked.client_authentication.unwrap_or(asked.at_least);
    let differs = !asked.fields.is_empty() && demand != known;
    differs.then(|| clientcert(known, demand))
}

fn of_profiles(held: String, asked: String) -> Difference {
    Difference { name: "frontend-sslprofile".to_owned(), held, asked }
}

fn clientcert(held: ClientAuthentication, asked: ClientAuthentication) -> Difference {
    let (held, asked) = (word(held).to_owned(), word(asked).to_owned());
    Difference { name: "clientcert".to_owned(), held, asked }
}

/// The annotation.
pub(super) const REFUSAL: &str = "client-certificate-refusal";

const fn refusal_word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Handshake => "handshake",
        Refusal::Http => "http",
    }
}

/// As `clientcert` has it.
pub(super) const fn word(demand: ClientAuthentication) -> &'static str {
    match demand {
        ClientAuthentication::None => "nothing",
        ClientAuthentication::Optional => "Optional",
        ClientAuthentication::Mandatory => "Mandatory",
    }
}
