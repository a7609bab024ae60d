//! A cluster of a size, and the appliance in front of it.

use nitro_ingress::observed::ObservedState;
use nitro_ingress::snapshot::Snapshot;

use crate::authority::Authority;
use crate::many::{Shape, crowd};

/// A cluster of so many Ingresses with ten endpoints each, which share fifty certificates, in front
/// of a new appliance.
pub(crate) fn cluster_of(ingresses: usize) -> Snapshot {
    let shape = Shape { ingresses, members: 10, certificates: 50 };
    let mut snapshot = crowd(shape, &Authority::new("bench")).0;
    snapshot.facts.default_profile = true;
    snapshot
}

/// An appliance on which nothing is but what we need of it.
pub(crate) fn new_appliance() -> ObservedState {
    let mut observed = ObservedState::default();
    observed.settings.default_profile = true;
    observed.settings.features =
        ["LB", "CS", "SSL", "RESPONDER", "REWRITE"].map(str::to_owned).into();
    observed
}
