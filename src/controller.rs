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
mod keeper;
pub mod once;

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
use crate::cluster::secrets::{Mode, Secrets};
use crate::cluster::status::Writer;
use crate::cluster::watch::{Listener, Scope, Watches};
use crate::fence::Fence;
use crate::metrics::Metrics;
use crate::model::{ClusterId, ObjectKey};
use crate::nitro::{Credentials, Trust};
use crate::policy::Policy;
pub use appliance::Trouble;
use keeper::Keeper;
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
    answer_probes(listen, (health.clone(), metrics.clone()), &mut tasks).await?;
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
        boxes: std::sync::Mutex::default(),
        metrics,
        health,
        client,
    });
    tracing::info!(cluster = %policy.mark.cluster, identity, "waiting for all watches");
    select! {
        () = world.watches.synced() => {
            tracing::info!("all watches have told everything that is there");
            world.health.ready();
            keep_going(&world, &mut tasks);
            let keeper = Keeper { world: &world, fence, policy, namespace, given: appliance };
            // Turns are computed on one thread, one at a time.
            let work = LocalSet::new();
            select! {
                () = work.run_until(Box::pin(keeper.keep(stop))) => {}
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

/// Answers probes and gives metrics from now on.
async fn answer_probes(
    listen: SocketAddr,
    measured: (Health, Metrics),
    tasks: &mut JoinSet<()>,
) -> Result<(), Error> {
    let listener =
        TcpListener::bind(listen).await.map_err(|source| Error::Listen { listen, source })?;
    tracing::info!(address = %listener.local_addr().unwrap_or(listen), "answering probes");
    tasks.spawn(admin::serve(listener, measured, std::future::pending()));
    Ok(())
}

/// Starts what goes on beside the turns, now that the cluster is seen: the lease, which nobody should
/// hold who sees nothing, and Secrets that no watch tells of.
fn keep_going(world: &Arc<World>, tasks: &mut JoinSet<()>) {
    let (leasing, reading) = (Arc::clone(world), Arc::clone(world));
    tasks.spawn(async move { leasing.lease.keep().await });
    tasks.spawn(async move { reading.secrets.refresh().await });
    tasks.spawn(count_leadership(Arc::clone(world)));
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
