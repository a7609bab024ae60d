//! Keeps one reconciler for each appliance that there is.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use kube::ResourceExt;
use tokio::select;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::appliance::Target;
use super::reconcile::Reconciler;
use super::schedule::Burst;
use super::world::World;
use super::{Given, unserved};
use crate::cluster::resources::netscaler::NetScaler;
use crate::fence::Fence;
use crate::policy::Policy;

/// Keeps one reconciler for each appliance.
pub(super) struct Keeper<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) fence: Fence,
    pub(super) policy: Policy,
    /// Our own namespace, in which credentials lie.
    pub(super) namespace: String,
    pub(super) given: Option<Given>,
}

/// A reconciler at work.
struct Running {
    stop: watch::Sender<bool>,
    target: watch::Sender<Target>,
    /// What it was made of, and why nothing may be written.
    made_of: (Option<NetScaler>, Option<String>),
}

impl Keeper<'_> {
    /// Starts and stops reconcilers as appliances come and go, until it is told to stop.
    pub(super) async fn keep(self, mut stop: std::pin::Pin<&mut impl Future<Output = ()>>) {
        let mut changed = self.world.changed.subscribe();
        let mut standing = self.world.lease.standing();
        let mut running: BTreeMap<String, Running> = BTreeMap::new();
        let mut tasks = JoinSet::new();
        // What is told of Ingresses without an appliance waits until it is quiet.
        let mut burst = Burst::default();
        burst.changed(Instant::now());
        loop {
            self.adapt(&mut running, &mut tasks);
            select! {
                biased;
                () = &mut stop => break,
                Ok(()) = changed.changed() => burst.changed(Instant::now()),
                Ok(()) = standing.changed() => burst.changed(Instant::now()),
                // What could not be told, or what others have changed, is told then.
                () = tokio::time::sleep(self.world.timing.look) => burst.changed(Instant::now()),
                // One that was told to stop has stopped, and another may take its place.
                Some(ended) = tasks.join_next() => {
                    drop(running.remove(&of_task(ended)));
                    burst.changed(Instant::now());
                }
                () = until(burst.quiet_at(&self.world.timing)) => {
                    burst = Burst::default();
                    let served = running.keys().map(String::as_str).collect();
                    select! {
                        () = &mut stop => break,
                        () = unserved::tell(self.world, &self.policy, &served) => {}
                    }
                }
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
        let wanted = self.wanted();
        for (name, one) in running.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
            if !one.stop.send_replace(true) {
                tracing::info!(appliance = name, "the NetScaler is gone; what it has stays");
            }
        }
        for (name, (target, object)) in wanted {
            let made_of = (object, target.refusal.clone());
            match running.get_mut(&name) {
                // One that ends is not begun again before it has ended.
                Some(one) if one.made_of == made_of || *one.stop.borrow() => {}
                Some(one) => {
                    one.target.send_replace(target);
                    one.made_of = made_of;
                }
                None => {
                    let (stop, stopped) = watch::channel(false);
                    let (sender, targets) = watch::channel(target.clone());
                    let fence = self.fence.branch();
                    let reconciler =
                        Reconciler::new(Arc::clone(self.world), name.clone(), target, fence);
                    tasks.spawn_local(reconciler.run(stopped, targets));
                    running.insert(name, Running { stop, target: sender, made_of });
                }
            }
        }
    }

    /// The appliances that are ours to serve, and what describes them. Of two at one address with one
    /// prefix the younger is not written to: each would take what the other has for left over.
    fn wanted(&self) -> BTreeMap<String, (Target, Option<NetScaler>)> {
        let ours = self.world.lease.key().to_string();
        let mut objects: Vec<NetScaler> = self
            .world
            .watches
            .netscalers
            .all()
            .map(|object| without_status(&object))
            .filter(|object| object.spec.controller.as_ref().is_none_or(|one| *one == ours))
            .collect();
        objects.sort_by_key(|one| (one.creation_timestamp().map(|time| time.0), one.name_any()));
        let given = self.given.as_ref().map(|given| Target::of_settings(given, &self.policy));
        let given = given.map(|target| (target, None));
        let described = objects.into_iter().map(|object| {
            (Target::of_object(&object, &self.policy, &self.namespace), Some(object))
        });
        let mut wanted: BTreeMap<String, (Target, Option<NetScaler>)> = BTreeMap::new();
        for (mut target, object) in given.into_iter().chain(described) {
            let rival = wanted.values().map(|(other, _)| other).find(|other| other.is_at(&target));
            target.refusal = rival.map(|rival| {
                format!(
                    "it has an address and the prefix of the appliance {:?}: remove one of the two, \
                     or make it anew with another prefix",
                    rival.name
                )
            });
            wanted.insert(target.name.clone(), (target, object));
        }
        wanted
    }
}

/// Waits until a moment; for ever if there is none.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
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
