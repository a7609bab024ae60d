//! The labels that series carry, as types: a metric cannot be counted under others.

use std::fmt::Debug;

use prometheus_client::encoding::EncodeLabelSet;

/// The labels of one series.
pub(super) trait Labels:
    EncodeLabelSet + Clone + Ord + Debug + Send + Sync + 'static
{
    /// Their names.
    const NAMES: &'static [&'static str];

    /// The appliance that the series is about, if it is about one.
    fn appliance(&self) -> Option<&str>;
}

macro_rules! label_sets {
    (of an appliance: $($set:ident { $($label:ident: $type:ty),* })*) => {
        $(label_sets!(one $set [appliance: String $(, $label: $type)*] |set| Some(&set.appliance));)*
    };
    (of the controller: $($set:ident { $($label:ident: $type:ty),* })*) => {
        $(label_sets!(one $set [$($label: $type),*] |_| None);)*
    };
    (one $set:ident [$($label:ident: $type:ty),*] $own:expr) => {
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, EncodeLabelSet)]
        pub(super) struct $set { $(pub(super) $label: $type),* }

        impl Labels for $set {
            const NAMES: &'static [&'static str] = &[$(stringify!($label)),*];

            fn appliance(&self) -> Option<&str> {
                let own: fn(&Self) -> Option<&str> = $own;
                own(self)
            }
        }
    };
}

label_sets! {
    of an appliance:
    OfAppliance {}
    OfTurn { outcome: &'static str }
    OfStage { stage: &'static str }
    OfRequest { verb: &'static str, kind: &'static str, outcome: &'static str }
    OfEffect { effect: &'static str }
    OfState { state: &'static str }
    OfCertificate { usage: &'static str, certificate: String }
}

label_sets! {
    of the controller:
    None {}
    OfBuild { version: &'static str }
    OfWatch { kind: String }
}

/// The labels of what is told of an appliance as a whole.
pub(super) fn of(appliance: &str) -> OfAppliance {
    OfAppliance { appliance: appliance.to_owned() }
}
