//! One look at the cluster for a command: what the controller would do, without doing any of it.
//!
//! It reads by the same watches, in the same scope, with the same policy as the controller, and
//! translates and plans as that does. It writes nowhere: its fence stays closed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::{Api, Client, ResourceExt};
use tokio::select;
use tokio::sync::watch::Sender;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::appliance::{Connection, Target, Trouble};
use super::asked::{Asked, Sources};
use super::described::policy_of;
use super::hosts::{self, Hosts};
use super::{Given, approvals};
use crate::chain::chain;
use crate::cluster::connect::{self, Access, connect};
use crate::cluster::resources::netscaler::NetScaler;
use crate::cluster::secrets::{Mode, Secrets};
use crate::cluster::watch::{Interrupted, Listener, Scope, Watches};
use crate::fence::Fence;
use crate::metrics::Metrics;
use crate::model::{ClusterId, ObjectKey};
use crate::observe::observe;
use crate::observed::ObservedState;
use crate::plan::render;
use crate::plan::{Plan, plan};
use crate::policy::Policy;
use crate::snapshot::{Facts, Snapshot};
use crate::translate::{Translation, appliance_of};

/// What a command is told about the cluster.
pub struct Options {
    /// Which cluster, and as whom.
    pub access: Access,
    /// What is read.
    pub scope: Scope,
    /// How Secrets are read.
    pub secrets: Mode,
    /// The name of the controller's lease, and its namespace unless it is our own.
    pub lease: (Option<String>, String),
    /// The id of the cluster; the uid of its namespace kube-system if none is given.
    pub cluster_id: Option<ClusterId>,
    /// What the operator decides.
    pub policy: Policy,
    /// The `NetScaler` object of the appliance that is meant, if it has one.
    pub netscaler: Option<String>,
}

/// A cluster that was read.
pub struct Cluster {
    client: Client,
    watches: Watches,
    secrets: Secrets,
    policy: Policy,
    /// The namespace of the lease and of credentials.
    namespace: String,
    lease: String,
    netscaler: Option<NetScaler>,
    /// The watches end with this.
    _tasks: JoinSet<()>,
}

/// What the controller would do.
pub struct Turn {
    /// What the cluster asks.
    pub snapshot: Snapshot,
    /// What it means.
    pub translation: Translation,
    /// What would change.
    pub plan: Plan,
    /// What was decided for the appliance.
    pub policy: Policy,
    /// The appliance that was read.
    pub appliance: render::Target,
    /// What a person should know beside it.
    pub warnings: Vec<String>,
}

/// Why the cluster, or the appliance that it names, cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to the API server.
    #[error(transparent)]
    Connect(#[from] connect::Error),
    /// Something cannot be listed.
    #[error(transparent)]
    Interrupted(#[from] Interrupted),
    /// The API server is too slow.
    #[error("the API server has not told everything within {} s", DEADLINE.as_secs())]
    Slow,
    /// An object cannot be read.
    #[error("cannot read {kind} {name:?}")]
    Read {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: kube::Error,
    },
    /// The cluster has no id.
    #[error(
        "the namespace kube-system has no usable uid: give the cluster an id with --cluster-id"
    )]
    NoUid,
    /// There is no such `NetScaler`.
    #[error("there is no NetScaler {0:?}: see kubectl get netscalers, and name one of them")]
    NoSuchNetScaler(String),
    /// There are several appliances, and none is meant.
    #[error("name the appliance: --appliance with one of {0}, or --nitro-url")]
    ApplianceUnclear(String),
    /// The credentials of the appliance are not known.
    #[error(
        "Secret \"{0}\" with the credentials of the appliance is not there, or may not be read: if \
         the controller is in another namespace, name it with --lease-namespace"
    )]
    NoCredentials(ObjectKey),
    /// The appliance cannot be read.
    #[error("cannot read the appliance at {endpoints}")]
    Appliance {
        /// Where it is.
        endpoints: String,
        /// Why.
        #[source]
        source: Trouble,
    },
}

impl Error {
    /// Whether it is the cluster that cannot be read.
    pub const fn is_of_cluster(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Interrupted(_)
            | Self::Slow
            | Self::NoUid
            | Self::Read { .. } => true,
            Self::NoSuchNetScaler(_)
            | Self::ApplianceUnclear(_)
            | Self::NoCredentials(_)
            | Self::Appliance { .. } => false,
        }
    }
}

/// How long is waited for everything that is there.
const DEADLINE: Duration = Duration::from_mins(1);

/// For whom Secrets are followed.
const WHO: &str = "once";

impl Cluster {
    /// Reads everything that is there.
    pub async fn read(options: Options) -> Result<Self, Error> {
        let Options { access, mut scope, secrets, lease, cluster_id, mut policy, netscaler } =
            options;
        let client = connect(&access).await?;
        policy.mark.cluster = match cluster_id {
            Some(id) => id,
            None => uid(&client).await?,
        };
        let netscaler = match netscaler {
            Some(name) => Some(find(&client, name).await?),
            None => None,
        };
        scope.own_resources = false;
        let (interrupted, mut tasks) = (Sender::new(None), JoinSet::new());
        let mut first = interrupted.subscribe();
        let told = Listener {
            changed: Sender::new(()),
            interrupted: Arc::new(move |one| drop(interrupted.send_replace(Some(one.clone())))),
        };
        let watches = Watches::start(&client, scope, &told, &mut tasks);
        select! {
            () = watches.synced() => {}
            Ok(one) = first.wait_for(Option::is_some) => {
                let one: Option<Interrupted> = one.clone();
                return Err(one.expect("it was waited for").into());
            }
            () = sleep(DEADLINE) => return Err(Error::Slow),
        }
        let namespace = lease.0.unwrap_or_else(|| client.default_namespace().to_owned());
        let secrets = Secrets::new(client.clone(), secrets, told);
        let lease = lease.1;
        Ok(Self { client, watches, secrets, policy, namespace, lease, netscaler, _tasks: tasks })
    }

    /// The objects that there are, without Secrets.
    pub fn objects(&self) -> Snapshot {
        self.sources().snapshot(Timestamp::now())
    }

    /// Means the appliance that the class of an Ingress names, unless one is meant already.
    pub async fn mean_that_of(&mut self, ingress: &ObjectKey) -> Result<(), Error> {
        let objects = self.objects();
        let found = objects.ingresses.get(ingress);
        let named = found.and_then(|ingress| appliance_of(&ingress.object, &objects));
        if let (None, Some(name)) = (&self.netscaler, named) {
            self.netscaler = Some(find(&self.client, name).await?);
        }
        Ok(())
    }

    /// What holds for the appliance that is meant.
    pub fn policy(&self) -> Policy {
        policy_of(self.netscaler.as_ref(), &self.policy)
    }

    /// What the cluster asks, as on an appliance that is ready for it.
    pub async fn snapshot(&self, policy: &Policy) -> Snapshot {
        let facts = Facts { default_profile: true, ..Facts::default() };
        let mut ready = ObservedState { facts, ..ObservedState::default() };
        let (mut snapshot, _) = self.translate(&mut ready, policy).await;
        snapshot.facts = ready.facts;
        snapshot
    }

    /// Reads the appliance and plans: that of the `NetScaler`, or else the given one, or else an
    /// empty one.
    pub async fn turn(&self, given: Option<&Given>) -> Result<Turn, Error> {
        let target = match (&self.netscaler, given) {
            (Some(object), _) => Target::of_object(object, &self.policy, &self.namespace),
            (None, Some(given)) => Target::of_settings(given, &self.policy),
            (None, None) => return self.offline().await,
        };
        let mut asked = Asked::new(WHO.to_owned());
        let secrets = target.secrets();
        asked.follow(self.sources(), secrets.clone()).await;
        if let Some(missing) = secrets.into_iter().find(|key| self.secrets.get(key).is_none()) {
            return Err(Error::NoCredentials(missing));
        }
        let endpoints = target.endpoints.join(", ");
        let turn = self.turn_of(target, &mut asked).await;
        turn.map_err(|source| Error::Appliance { endpoints, source })
    }

    async fn offline(&self) -> Result<Turn, Error> {
        let netscalers: Api<NetScaler> = Api::all(self.client.clone());
        // Where our custom resources are not installed there is none.
        if let Ok(all) = netscalers.list(&ListParams::default()).await
            && !all.items.is_empty()
        {
            let names: Vec<String> = all.items.iter().map(ResourceExt::name_any).collect();
            return Err(Error::ApplianceUnclear(names.join(", ")));
        }
        let (mut observed, policy) = (ObservedState::default(), self.policy());
        let (snapshot, translation) = self.translate(&mut observed, &policy).await;
        let plan = plan(&observed, &translation);
        let (appliance, warnings) = (render::Target::Offline, Vec::new());
        Ok(Turn { snapshot, translation, plan, policy, appliance, warnings })
    }

    async fn translate(
        &self,
        observed: &mut ObservedState,
        policy: &Policy,
    ) -> (Snapshot, Translation) {
        let others = BTreeSet::new();
        let mut asked = Asked::new(WHO.to_owned());
        asked.translate(self.sources(), &others, (observed, policy)).await
    }

    async fn turn_of(&self, mut target: Target, asked: &mut Asked) -> Result<Turn, Trouble> {
        // The fence is closed, so that nothing can be written; nobody looks at what is measured.
        let (metrics, fence) = (Metrics::new(), Fence::default());
        let connection = target.connect(&self.secrets, (&metrics, &fence)).await?;
        let turn = self.turn_on(&connection, &mut target, asked).await;
        connection.client.logout().await;
        turn
    }

    async fn turn_on(
        &self,
        connection: &Connection,
        target: &mut Target,
        asked: &mut Asked,
    ) -> Result<Turn, Trouble> {
        target.suit(connection).await?;
        let (notes, mut warnings) = self.notes().await;
        warnings.extend(self.stranger(connection, target, &notes));
        let mut approving = target.policy.clone();
        approving.consent.approved.extend(approvals::of(&notes));
        let mut observed = observe(&connection.client, &approving.mark).await?;
        let secrets = target.secrets();
        let asked = asked.translate(self.sources(), &secrets, (&mut observed, &approving));
        let (snapshot, translation) = asked.await;
        let plan = plan(&observed, &translation);
        let (url, version) = (connection.url.clone(), observed.settings.version);
        let (appliance, policy) = (render::Target::Live { url, version }, target.policy.clone());
        Ok(Turn { snapshot, translation, plan, policy, appliance, warnings })
    }

    /// What is said if other hardware than the controller knows is behind a connection.
    fn stranger(
        &self,
        connection: &Connection,
        target: &Target,
        notes: &BTreeMap<String, String>,
    ) -> Option<String> {
        let host = connection.host.as_ref().filter(|_| !target.is_sidecar)?;
        let mut known = match &self.netscaler {
            Some(object) => {
                let status = object.status.as_ref();
                let ids = status.map(|status| status.host_ids.as_slice()).unwrap_or_default();
                Hosts::parse(ids.iter().map(String::as_str))
            }
            None => Hosts::of_lease(notes),
        };
        let is_known = known.knows(&connection.url, host, connection.nodes)
            || approvals::of(notes).contains(&Hosts::approval(host));
        (!is_known).then(|| hosts::stranger(&connection.url, host))
    }

    /// The annotations of the `NetScaler`, or else of the lease, where approvals stand.
    async fn notes(&self) -> (BTreeMap<String, String>, Vec<String>) {
        if let Some(object) = &self.netscaler {
            return (object.annotations().clone(), Vec::new());
        }
        let (namespace, name) = (&self.namespace, &self.lease);
        let leases: Api<Lease> = Api::namespaced(self.client.clone(), namespace);
        match leases.get_opt(name).await {
            Ok(lease) => {
                (lease.map(|one| one.annotations().clone()).unwrap_or_default(), Vec::new())
            }
            Err(error) => {
                let error = chain(&error);
                let warning = format!(
                    "Lease {namespace}/{name} cannot be read, so approvals on it do not count \
                     here: {error}"
                );
                (BTreeMap::new(), vec![warning])
            }
        }
    }

    const fn sources(&self) -> Sources<'_> {
        let Self { client, watches, secrets, .. } = self;
        Sources { client, watches, secrets }
    }
}

/// The cluster id that a cluster has unless somebody gives it one.
async fn uid(client: &Client) -> Result<ClusterId, Error> {
    let (kind, name) = ("Namespace", "kube-system");
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = namespaces.get(name).await;
    let namespace =
        namespace.map_err(|source| Error::Read { kind, name: name.to_owned(), source })?;
    let id = namespace.uid().and_then(|uid| ClusterId::parse(&uid));
    id.ok_or(Error::NoUid)
}

async fn find(client: &Client, name: String) -> Result<NetScaler, Error> {
    let api: Api<NetScaler> = Api::all(client.clone());
    match api.get_opt(&name).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(Error::NoSuchNetScaler(name)),
        Err(source) => Err(Error::Read { kind: "NetScaler", name, source }),
    }
}
