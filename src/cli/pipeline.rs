//! Turns of the pipeline over files: observe, translate, plan. Nothing is written here.

use std::io;

use clap::Args;

use super::input::{self, Manifests};
use super::screen::Screen;
use super::{Error, Surroundings};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model::IngressId;
use crate::nitro::{Client, Credentials, Https, Trust};
use crate::observe::observe;
use crate::observed::ObservedState;
use crate::plan::render::{Header, Target};
use crate::plan::{Plan, plan};
use crate::policy::Policy;
use crate::settings::{self, PurgeSettings, Settings};
use crate::snapshot::Snapshot;
use crate::translate::{Translation, translate};

/// What every command on files takes.
#[derive(Debug, Args)]
pub(super) struct Common {
    #[command(flatten)]
    pub(super) manifests: Manifests,

    /// Delete what the manifests do not hold: every Ingress of this cluster that is on the
    /// appliance and not in the input
    ///
    /// Without it, they stay as they are.
    #[arg(long, requires = "paths")]
    prune: bool,

    /// Let --prune delete everything: the manifests may hold no Ingress at all
    #[arg(long, requires = "prune")]
    allow_empty: bool,

    #[command(flatten)]
    pub(super) settings: Settings,
}

/// What stays the same from one turn to the next.
pub(super) struct Pipeline {
    snapshot: Snapshot,
    policy: Policy,
    appliance: Option<Appliance>,
}

/// An appliance to talk to.
pub(super) struct Appliance {
    pub(super) client: Client<Https>,
    url: String,
}

/// What one turn found out.
pub(super) struct Turn {
    pub(super) translation: Translation,
    pub(super) plan: Plan,
    pub(super) header: Header,
}

impl Pipeline {
    /// Reads manifests and settings, and says what it thinks of the former.
    pub(super) fn new(common: &Common, surroundings: &mut Surroundings<'_>) -> Result<Self, Error> {
        let Common { manifests, prune, allow_empty, settings } = common;
        let Surroundings { environment, now, stdin, screen } = surroundings;
        let policy = settings.policy(environment, *prune)?;
        let appliance = Appliance::of(settings.appliance(environment)?, screen)?;
        let input = input::read(manifests, *stdin, *now)?;
        screen.diagnostics(&input.diagnostics)?;
        if *prune && !allow_empty && input.snapshot.ingresses.is_empty() {
            return Err(Error::PruneEverything);
        }
        // What was passed over is on no list of what is there.
        let passed_over =
            |one: &&Diagnostic| one.code == Code::DocumentSkipped && one.object.kind == "Ingress";
        if let Some(ingress) = input.diagnostics.iter().find(passed_over).filter(|_| *prune) {
            return Err(Error::PrunePassedOver { ingress: ingress.object.to_string() });
        }
        Ok(Self { snapshot: input.snapshot, policy, appliance })
    }

    /// The same for a cluster of which nothing is to stay.
    pub(super) fn without_ingresses(
        settings: &PurgeSettings,
        surroundings: &mut Surroundings<'_>,
    ) -> Result<Self, Error> {
        let Surroundings { environment, now, screen, .. } = surroundings;
        let policy = settings.policy(environment)?;
        let appliance = Appliance::of(settings.appliance(environment)?, screen)?;
        Ok(Self { snapshot: Snapshot::empty(*now), policy, appliance })
    }

    /// What was planned already.
    pub(super) const fn planned(snapshot: Snapshot, policy: Policy) -> Self {
        Self { snapshot, policy, appliance: None }
    }

    /// The appliance, if one is named.
    pub(super) const fn appliance(&self) -> Option<&Appliance> {
        self.appliance.as_ref()
    }

    /// Observes the appliance and plans.
    pub(super) async fn turn(&mut self) -> Result<Turn, Error> {
        let (observed, target) = match &self.appliance {
            Some(appliance) => appliance.observe(&self.policy).await?,
            None => (ObservedState::default(), Target::Offline),
        };
        self.snapshot.facts = observed.facts.clone();
        let translation = translate(&self.snapshot, &self.policy);
        let plan = plan(&observed, &translation);
        let header = Header { cluster: self.policy.mark.cluster.clone(), appliance: target };
        Ok(Turn { translation, plan, header })
    }

    /// Ends the session, if there is one.
    pub(super) async fn close(&self) {
        if let Some(appliance) = &self.appliance {
            appliance.client.logout().await;
        }
    }

    /// Whether an Ingress is there.
    pub(super) fn holds(&self, translation: &Translation, id: &IngressId) -> bool {
        translation.ingresses.get(id).is_some_and(|key| self.snapshot.ingresses.contains_key(key))
    }

    /// Shows what is to be said about a plan, before it is shown.
    pub(super) fn comment(&self, turn: &Turn, screen: &mut Screen<'_>) -> io::Result<()> {
        screen.diagnostics(&turn.translation.diagnostics)?;
        let used = turn.plan.approved.as_ref();
        for digest in self.policy.consent.approved.iter().filter(|digest| Some(*digest) != used) {
            screen.warning(&format!("--approve {digest}: no deletions with this digest wait"))?;
        }
        Ok(())
    }

    /// Whether something that is asked for will not be so.
    pub(super) fn falls_short(&self, turn: &Turn) -> bool {
        let Turn { translation, plan, .. } = turn;
        plan.held_back.is_some()
            || !plan.unordered.is_empty()
            || translation.unmet.keys().any(|id| self.holds(translation, id))
            || translation.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }
}

/// Whom the client of the appliance believes.
pub(super) fn trust_of(trust: settings::Trust) -> Trust {
    match trust {
        settings::Trust::Platform => Trust::Platform,
        settings::Trust::Authorities(pem) => Trust::Authorities(pem),
        settings::Trust::Anybody => Trust::Anybody,
    }
}

impl Appliance {
    /// The appliance that settings name, if they name one.
    fn of(
        settings: Option<settings::Appliance>,
        screen: &mut Screen<'_>,
    ) -> Result<Option<Self>, Error> {
        let Some(settings) = settings else { return Ok(None) };
        let settings::Appliance { url, username, password, trust } = settings;
        let https = Https::new(&url, &trust_of(trust))?;
        if https.is_unverified() {
            screen.warning("the appliance's certificate is not verified (--nitro-insecure)")?;
        }
        let client = Client::new(https, Credentials::new(username, password));
        Ok(Some(Self { client, url }))
    }

    async fn observe(&self, policy: &Policy) -> Result<(ObservedState, Target), Error> {
        let observed = observe(&self.client, &policy.mark).await;
        let observed =
            observed.map_err(|source| Error::Observe { url: self.url.clone(), source })?;
        let version = observed.settings.version.clone();
        Ok((observed, Target::Live { url: self.url.clone(), version }))
    }
}
