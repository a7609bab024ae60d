//! The way to one appliance: which node, as whom, and whether it is the box that we know.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::watchful::Running;
use crate::chain::chain;
use crate::cluster::resources::netscaler::Drift;
use crate::cluster::secrets::Secrets;
use crate::fence::Fence;
use crate::metrics::{Metrics, NitroRequest};
use crate::model::{ObjectKey, Redacted};
use crate::nitro::{
    Class, Client, Credentials, Error, Exchange, Https, HttpsError, Request, Trust, row,
};
use crate::observe;
use crate::policy::Policy;

/// An appliance as somebody described it.
#[derive(Clone)]
pub(super) struct Target {
    /// The name of its `NetScaler`; empty for that of the settings.
    pub(super) name: String,
    /// Its management address, or those of both nodes of a pair.
    pub(super) endpoints: Vec<String>,
    /// Whose word is taken for who it is.
    pub(super) trust: Trust,
    /// As whom we log in.
    pub(super) credentials: CredentialSource,
    /// What may be done to it.
    pub(super) policy: Policy,
    /// What becomes of changes of others.
    pub(super) drift: Drift,
    /// Why nothing may be written to it, if that is so whatever it is.
    pub(super) refusal: Option<String>,
    /// Whether it lives and dies with us, as a CPX in our pod does: it is a new one each time.
    pub(super) is_sidecar: bool,
}

/// Where user and password come from. They are read anew for every connection.
#[derive(Clone)]
pub(super) enum CredentialSource {
    /// The settings of this process.
    Settings(Arc<dyn Fn() -> Result<Credentials, String> + Send + Sync>),
    /// A Secret.
    Secret(ObjectKey),
}

/// A node that we are logged in to, which is the primary if it has a peer.
pub(super) struct Connection {
    pub(super) client: Client<Https>,
    pub(super) url: String,
    /// What it is in its pair, in the appliance's word, or `Stand-alone`.
    pub(super) role: String,
    /// How many nodes there are behind it.
    pub(super) nodes: usize,
    /// The number of its hardware, if it tells.
    pub(super) host: Option<String>,
    /// What it was when we logged in.
    pub(super) running: Running,
    pub(super) credentials: Credentials,
}

/// Why an appliance cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It is not described well enough.
    #[error("{0}")]
    Target(String),
    /// There is no way to it.
    #[error("there is no way to it")]
    Way(#[from] HttpsError),
    /// A request failed.
    #[error(transparent)]
    Nitro(#[from] Error),
    /// It cannot be read.
    #[error(transparent)]
    Observe(#[from] observe::Error),
    /// None of the nodes says that it is the primary.
    #[error("none of {0} is the primary node of the pair")]
    NoPrimary(String),
}

impl Trouble {
    /// One word for conditions, of few.
    pub(super) const fn reason(&self) -> &'static str {
        match self {
            Self::Target(_) | Self::Way(_) => "Misconfigured",
            Self::Nitro(error) => reason_of(error),
            Self::Observe(observe::Error::Read { source, .. }) => reason_of(source),
            Self::Observe(_) => "Unreadable",
            Self::NoPrimary(_) => "NoPrimary",
        }
    }

    /// How long the first wait is at most before it is tried again.
    pub(super) const fn first_wait(&self) -> Duration {
        match self {
            Self::Target(_) | Self::Way(_) => Duration::from_secs(10),
            Self::Nitro(error) => first_wait(error),
            Self::Observe(observe::Error::Read { source, .. }) => first_wait(source),
            Self::Observe(_) => Duration::from_secs(30),
            Self::NoPrimary(_) => Duration::from_secs(2),
        }
    }

    /// Whether the appliance has ended our session.
    pub(super) fn is_session_loss(&self) -> bool {
        let error = match self {
            Self::Nitro(error) | Self::Observe(observe::Error::Read { source: error, .. }) => error,
            Self::Target(_) | Self::Way(_) | Self::Observe(_) | Self::NoPrimary(_) => return false,
        };
        matches!(error, Error::Refused { .. }) && error.class() == Class::Session
    }

    /// Whether nothing came back, so that there is no use in closing the session.
    pub(super) const fn is_silence(&self) -> bool {
        matches!(
            self,
            Self::Nitro(Error::NotSent { .. } | Error::NoAnswer { .. } | Error::Unavailable { .. })
                | Self::Observe(observe::Error::Read {
                    source: Error::NotSent { .. }
                        | Error::NoAnswer { .. }
                        | Error::Unavailable { .. },
                    ..
                })
        )
    }

    /// Whether user and password were refused.
    pub(super) const fn is_login(&self) -> bool {
        matches!(
            self,
            Self::Nitro(Error::Login { .. })
                | Self::Observe(observe::Error::Read { source: Error::Login { .. }, .. })
        )
    }
}

const fn reason_of(error: &Error) -> &'static str {
    match error {
        Error::NotSent { .. } | Error::NoAnswer { .. } => "Unreachable",
        Error::Unavailable { .. } => "Unavailable",
        Error::Fenced { .. } => "NotLeader",
        Error::NotPrimary { .. } => "NotPrimary",
        Error::Synchronising { .. } => "Synchronising",
        Error::Refused { .. } => "Refused",
        Error::Login { .. } => "LoginRefused",
        Error::Decode { .. } => "Unreadable",
    }
}

/// By class of error: what passes by itself is tried soon, what a person must mend is not.
pub(super) const fn first_wait(error: &Error) -> Duration {
    match error {
        Error::Login { .. } => Duration::from_secs(20),
        Error::Decode { .. } => Duration::from_secs(30),
        Error::NotSent { .. }
        | Error::NoAnswer { .. }
        | Error::Unavailable { .. }
        | Error::Fenced { .. }
        | Error::NotPrimary { .. }
        | Error::Synchronising { .. }
        | Error::Refused { .. } => match error.class() {
            Class::Transient | Class::Session => Duration::from_secs(1),
            Class::Busy | Class::Conflict | Class::InUse | Class::Missing => Duration::from_secs(2),
            Class::Denied | Class::Invalid | Class::Feature | Class::Capacity => {
                Duration::from_secs(30)
            }
        },
    }
}

impl Target {
    /// Whether another has one of its addresses, and its prefix.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        let plain = |url: &str| url.trim_end_matches('/').to_ascii_lowercase();
        let is_shared = |url: &String| other.endpoints.iter().any(|one| plain(one) == plain(url));
        self.policy.mark.prefix == other.policy.mark.prefix && self.endpoints.iter().any(is_shared)
    }

    /// Logs in to the appliance: to the primary node, if there are two.
    pub(super) async fn connect(
        &self,
        secrets: &Secrets,
        (metrics, fence): (&Metrics, &Fence),
    ) -> Result<Connection, Trouble> {
        let credentials = self.credentials.read(secrets)?;
        let mut trouble = None;
        for url in &self.endpoints {
            match self.try_node(url, &credentials, (metrics, fence)).await {
                Ok(Some(connection)) => return Ok(connection),
                Ok(None) => tracing::info!(url, "it is the secondary node"),
                Err(error) => {
                    tracing::debug!(url, error = chain(&error), "it cannot be used");
                    trouble = Some(error);
                }
            }
        }
        Err(trouble.unwrap_or_else(|| Trouble::NoPrimary(self.endpoints.join(", "))))
    }

    /// Logs in to a node; `None` if it is not the primary.
    async fn try_node(
        &self,
        url: &str,
        credentials: &Credentials,
        (metrics, fence): (&Metrics, &Fence),
    ) -> Result<Option<Connection>, Trouble> {
        let https = Https::new(url, &self.trust)?;
        metrics.insecure(&self.name, https.is_unverified());
        let (metrics, name) = (metrics.clone(), self.name.clone());
        let client = Client::new(https, credentials.clone()).fenced(fence.clone());
        let client = client.observed_by(move |exchange| {
            let Exchange { method, kind, effect, outcome, duration } = *exchange;
            let (verb, effect) = (method.as_str(), effect.name());
            let request = NitroRequest { verb, effect, kind, outcome, duration };
            metrics.nitro_request(&name, &request);
        });
        let running = Running::read(&client).await?;
        let is_pair = running.nodes > 1;
        if running.is_secondary() {
            client.logout().await;
            return Ok(None);
        }
        let client = if is_pair { client.of_pair() } else { client };
        let role = if is_pair { "Primary" } else { "Stand-alone" }.to_owned();
        let (url, credentials) = (url.to_owned(), credentials.clone());
        let (host, nodes) = (running.host.clone(), running.nodes);
        Ok(Some(Connection { client, url, role, nodes, host, running, credentials }))
    }

    /// Takes in what only the appliance itself can say of it.
    pub(super) async fn suit(&mut self, connection: &Connection) -> Result<(), Trouble> {
        if self.is_sidecar && self.policy.default_vip.is_none() {
            self.policy.default_vip = connection.own_address().await?;
        }
        Ok(())
    }

    /// The objects whose content the way to the appliance depends on.
    pub(super) fn secrets(&self) -> BTreeSet<ObjectKey> {
        match &self.credentials {
            CredentialSource::Settings(_) => BTreeSet::new(),
            CredentialSource::Secret(key) => [key.clone()].into(),
        }
    }
}

impl CredentialSource {
    /// The credentials as they are now.
    pub(super) fn read(&self, secrets: &Secrets) -> Result<Credentials, Trouble> {
        match self {
            Self::Settings(read) => read().map_err(Trouble::Target),
            Self::Secret(key) => {
                let secret = secrets.get(key);
                let secret = secret.ok_or_else(|| {
                    Trouble::Target(format!("Secret \"{key}\" with the credentials is not there"))
                })?;
                let value = |name: &str| {
                    let bytes = secret.data.get(name).map(|value| value.reveal().clone());
                    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
                    text.filter(|text| !text.is_empty()).ok_or_else(|| {
                        Trouble::Target(format!("Secret \"{key}\" has no text under {name:?}"))
                    })
                };
                Ok(Credentials::new(value("username")?, Redacted::new(value("password")?)))
            }
        }
    }
}

impl Connection {
    /// Ends the sessions of others with our own user: whoever wrote before us must not go on.
    pub(super) async fn end_other_sessions(&self) -> Result<(), Trouble> {
        let sessions = self.client.send(&Request::sessions()).await?.rows;
        let others = sessions.iter().filter(|row| {
            row::shown(row, "username").as_deref() == Some(self.credentials.username.as_str())
                && !matches!(row::shown(row, "currentconn").as_deref(), Some("true" | "TRUE"))
        });
        for id in others.filter_map(|row| row::shown(row, "sid")) {
            match self.client.send(&Request::end_session(&id)).await {
                Ok(_) => tracing::info!(session = id, "ended the session of another controller"),
                // It is our own, or has ended (documented: 449, 452).
                Err(error) if error.code().is_some_and(|code| matches!(code.0, 449 | 452)) => (),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The appliance's own address, on which a CPX serves.
    async fn own_address(&self) -> Result<Option<std::net::IpAddr>, Trouble> {
        let rows = self.client.send(&Request::singleton("nsip")).await?.rows;
        let own = rows.iter().find(|row| row::shown(row, "type").as_deref() == Some("NSIP"));
        Ok(own.and_then(|row| row::shown(row, "ipaddress")?.parse().ok()))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("url", &self.url).finish_non_exhaustive()
    }
}
