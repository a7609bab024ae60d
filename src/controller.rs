//! The loop: what changes in the cluster reaches the appliances, and what became of it the cluster.
//!
//! One process serves any number of appliances, each with a [`reconcile`] loop of its own, over one
//! set of watches. It writes only while it holds the lease. It is the only module that knows both
//! worlds, and the only one that starts tasks that outlive a call, a watch of Secrets aside.

mod schedule;
mod watchful;
mod hosts;
pub mod approvals;
mod asked;
mod world;
mod appliance;
mod described;
mod tell;
mod reconcile;
mod unserved;
pub mod once;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};
use tokio::net::TcpListener;
use tokio::select;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet, LocalSet};

use crate::admin::{self, Health};
use crate::chain::chain;
use crate::cluster::connect::{self, Access, connect};
use crate::cluster::lease::{Lease, Standing};
use crate::cluster::resources::netscaler::NetScaler;
use crate::cluster::secrets::{Mode, Secrets};
use crate::cluster::status::Writer;
use crate::cluster::watch::{Listener, Scope, Watches};
use crate::fence::Fence;
use crate::metrics::Metrics;
use crate::model::{ClusterId, ObjectKey};
use crate::nitro::{Credentials, Trust};
use crate::policy::Policy;
use appliance::Target;
pub use appliance::Trouble;
use reconcile::Reconciler;
pub use schedule::Timing;
use world::World;

/// Everything that a controller is told at its start.
pub struct Options {
    /// Which cluster, and as whom.
    pub access: Access,
    /// What is watched.
    pub scope: Scope,
    /// How Secrets are read.
    pub secrets: Mode,
    /// The name of the lease, and its namespace unless it is our own.
    pub lease: (Option<String>, String),
    /// How long the lease lasts after each renewal.
    pub lease_duration: Duration,
    /// Who we are in the lease and in Events; no two processes are the same.
    pub identity: String,
    /// How long is waited for what.
    pub timing: Timing,
    /// Where health, readiness and metrics are.
    pub listen: SocketAddr,
    /// The id of the cluster; the uid of its namespace kube-system if none is given.
    pub cluster_id: Option<ClusterId>,
    /// What the operator decides.
    pub policy: Policy,
    /// The appliance of the settings, if they name one.
    pub appliance: Option<Given>,
}

/// An appliance that the settings name.
#[derive(Clone)]
pub struct Given {
    /// Its management addresses.
    pub endpoints: Vec<String>,
    /// Whose word is taken for who it is.
    pub trust: Trust,
    /// As whom we log in, read anew each time.
    pub credentials: Arc<dyn Fn() -> Result<Credentials, String> + Send + Sync>,
    /// Whether it is a CPX in our own pod.
    pub is_sidecar: bool,
}

/// Why the controller could not begin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no way to the API server.
    #[error("there is no way to the cluster")]
    Connect(#[from] connect::Error),
    /// A watch, the lease or the port for probes has ended, which they never should.
    #[error("a part of the controller has ended; start it again")]
    Ended,
    /// The address for probes and metrics cannot be used.
    #[error("cannot listen on {listen}: choose another address with --listen")]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// No turn takes longer, however much there is to do.
const LONGEST_TURN: Duration = Duration::from_mins(15);

/// How long is waited before the API server is asked again at the start.
const PAUSE: Duration = Duration::from_secs(2);

/// Runs until it is told to stop; then finishes what is on its way, saves, logs out and gives the
/// lease up.
pub async fn run(options: Options, stop: impl Future<Output = ()>) -> Result<(), Error> {
    let Options {
        access,
        scope,
        secrets,
        lease,
        lease_duration,
        identity,
        timing,
        listen,
        cluster_id,
        mut policy,
        appliance,
    } = options;
    let client = connect(&access).await?;
    let metrics = Metrics::new();
    let health = Health::new(timing.longest_retry + LONGEST_TURN);
    let mut tasks = JoinSet::new();
    let listener =
        TcpListener::bind(listen).await.map_err(|source| Error::Listen { listen, source })?;
    tracing::info!(address = %listener.local_addr().unwrap_or(listen), "answering probes");
    let measured = (health.clone(), metrics.clone());
    tasks.spawn(admin::serve(listener, measured, std::future::pending()));
    let mut stop = std::pin::pin!(stop);
    policy.mark.cluster = select! {
        id = id_of(&client, cluster_id) => id,
        () = &mut stop => return Ok(()),
    };
    let namespace = lease.0.clone().unwrap_or_else(|| client.default_namespace().to_owned());
    let changed = watch::channel(()).0;
    let counted = metrics.clone();
    let told = Listener {
        changed: changed.clone(),
        interrupted: Arc::new(move |one| counted.watch_error(&one.kind)),
    };
    let fence = Fence::default();
    let world = Arc::new(World {
        watches: Watches::start(&client, scope, &told, &mut tasks),
        secrets: Secrets::new(client.clone(), secrets, told),
        writer: Writer::new(client.clone(), identity.clone()),
        lease: Lease::new(
            client.clone(),
            ObjectKey::new(namespace.as_str(), lease.1.as_str()),
            (identity.clone(), lease_duration),
            fence.clone(),
        ),
        timing,
        changed,
        metrics,
        health,
        client,
    });
    let (leasing, reading) = (Arc::clone(&world), Arc::clone(&world));
    tasks.spawn(async move { leasing.lease.keep().await });
    tasks.spawn(async move { reading.secrets.refresh().await });
    tasks.spawn(count_leadership(Arc::clone(&world)));
    tracing::info!(cluster = %policy.mark.cluster, identity, "waiting for all watches");
    select! {
        () = world.watches.synced() => {
            tracing::info!("all watches have told everything that is there");
            world.health.ready();
            let keeper = Keeper { world: &world, fence, policy, namespace, given: appliance };
            // Turns are computed on one thread, one at a time.
            let work = LocalSet::new();
            select! {
                () = work.run_until(keeper.keep(stop)) => {}
                Some(ended) = tasks.join_next() => return Err(ended_early(ended)),
            }
        }
        () = &mut stop => {}
        Some(ended) = tasks.join_next() => return Err(ended_early(ended)),
    }
    world.lease.release().await;
    tasks.shutdown().await;
    Ok(())
}

/// What must go on for ever has ended, and nothing is left but to start again.
fn ended_early(ended: Result<(), JoinError>) -> Error {
    match ended.map_err(JoinError::try_into_panic) {
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Ok(()) | Err(Err(_)) => Error::Ended,
    }
}

/// The id of the cluster: the given one, or else that of its first namespace. Without it nothing on
/// an appliance is ours.
async fn id_of(client: &Client, given: Option<ClusterId>) -> ClusterId {
    if let Some(id) = given {
        return id;
    }
    let namespaces: Api<Namespace> = Api::all(client.clone());
    loop {
        match namespaces.get("kube-system").await {
            Ok(namespace) => {
                let id = namespace.uid().and_then(|uid| ClusterId::parse(&uid));
                if let Some(id) = id {
                    return id;
                }
                tracing::error!("the namespace kube-system has no usable uid");
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "the namespace kube-system cannot be read");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Measures whether we may write.
async fn count_leadership(world: Arc<World>) {
    let mut standing = world.lease.standing();
    loop {
        let is_leader = matches!(*standing.borrow_and_update(), Standing::Leader { .. });
        world.metrics.leader(is_leader);
        if standing.changed().await.is_err() {
            return;
        }
    }
}

/// Keeps one reconciler for each appliance.
struct Keeper<'a> {
    world: &'a Arc<World>,
    fence: Fence,
    policy: Policy,
    /// Our own namespace, in which credentials lie.
    namespace: String,
    given: Option<Given>,
}

/// A reconciler at work.
struct Running {
    stop: watch::Sender<bool>,
    target: watch::Sender<Target>,
    /// What it was made of.
    made_of: Option<NetScaler>,
}

impl Keeper<'_> {
    /// Starts and stops reconcilers as appliances come and go, until it is told to stop.
    async fn keep(self, mut stop: std::pin::Pin<&mut impl Future<Output = ()>>) {
        let mut changed = self.world.changed.subscribe();
        let mut standing = self.world.lease.standing();
        let mut running: BTreeMap<String, Running> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        loop {
            self.adapt(&mut running, &mut tasks);
            let served = running.keys().map(String::as_str).collect();
            select! {
                () = &mut stop => break,
                () = unserved::tell(self.world, &self.policy, &served) => {}
            }
            select! {
                () = &mut stop => break,
                Ok(()) = changed.changed() => {}
                Ok(()) = standing.changed() => {}
                // One that was told to stop has stopped, and another may take its place.
                Some(ended) = tasks.join_next() => drop(running.remove(&of_task(ended))),
            }
        }
        for one in running.values() {
            one.stop.send_replace(true);
        }
        while let Some(ended) = tasks.join_next().await {
            of_task(ended);
        }
    }

    fn adapt(&self, running: &mut BTreeMap<String, Running>, tasks: &mut JoinSet<String>) {
        let objects = self.world.watches.netscalers.all();
        let objects = objects.map(|object| (object.name_any(), Some(without_status(&object))));
        let given = self.given.as_ref().map(|_| (String::new(), None));
        let wanted: BTreeMap<String, Option<NetScaler>> = objects.chain(given).collect();
        for (name, one) in running.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
            if !one.stop.send_replace(true) {
                tracing::info!(appliance = name, "the NetScaler is gone; what it has stays");
            }
        }
        for (name, object) in wanted {
            let Some(target) = self.target(object.as_ref()) else { continue };
            match running.get_mut(&name) {
                // One that ends is not begun again before it has ended.
                Some(one) if one.made_of == object || *one.stop.borrow() => {}
                Some(one) => {
                    one.target.send_replace(target);
                    one.made_of = object;
                }
                None => {
                    let (stop, stopped) = watch::channel(false);
                    let (sender, targets) = watch::channel(target.clone());
                    let fence = self.fence.branch();
                    let reconciler =
                        Reconciler::new(Arc::clone(self.world), name.clone(), target, fence);
                    tasks.spawn_local(reconciler.run(stopped, targets));
                    running.insert(name, Running { stop, target: sender, made_of: object });
                }
            }
        }
    }

    /// An appliance as its object describes it, or else as the settings do.
    fn target(&self, object: Option<&NetScaler>) -> Option<Target> {
        match object {
            Some(object) => Some(Target::of_object(object, &self.policy, &self.namespace)),
            None => Some(Target::of_settings(self.given.as_ref()?, &self.policy)),
        }
    }
}

/// The appliance whose reconciler has ended. One that panicked takes everything with it: whoever runs
/// us starts us again.
fn of_task(ended: Result<String, JoinError>) -> String {
    match ended {
        Ok(name) => name,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => error.to_string(),
        },
    }
}

/// What an appliance is made of: not what we write into it, nor annotations.
fn without_status(object: &NetScaler) -> NetScaler {
    let mut object = object.clone();
    object.status = None;
    object.metadata.annotations = None;
    object
}
