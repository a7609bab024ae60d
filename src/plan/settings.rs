//! The settings block: what all tenants of the appliance share, changed before anything else and
//! only when the plan needs it.

use super::{Op, OpId};
use crate::model::{EntityId, Fields, Kind, State};
use crate::observed::{ApplianceSettings, ObservedState, Owned};
use crate::policy::{Consent, Saving};

/// The features that the kinds of a configuration need.
const FEATURES: &[(&str, &[Kind])] = &[
    ("LB", &[Kind::LBVSERVER, Kind::SERVICEGROUP]),
    ("CS", &[Kind::CSVSERVER]),
    ("SSL", &[Kind::SSLPROFILE, Kind::SSLCERTKEY, Kind::SSLVSERVER, Kind::SSLSERVICEGROUP]),
    ("RESPONDER", &[Kind::RESPONDERPOLICY]),
    ("REWRITE", &[Kind::REWRITEPOLICY]),
];

/// Changes to the appliance's own settings.
#[derive(Default)]
pub(super) struct Settings {
    /// In order; each needs the one before it.
    pub(super) ops: Vec<Op>,
    /// The op that everything else needs.
    features: Option<OpId>,
    /// The op that everything needs that depends on the default SSL profile.
    default_profile: Option<OpId>,
    /// Whether the appliance must be observed again before anything else.
    pub(super) end_the_plan: bool,
}

impl Settings {
    /// `desired` is what accepted Ingresses ask for: only they passed the guard of the default
    /// profile, so only they may have it enabled.
    pub(super) fn of(
        observed: &ObservedState,
        aim: &Owned,
        desired: &State,
        consent: &Consent,
    ) -> Self {
        let mut block = Self::default();
        let missing = missing_features(&observed.settings, &aim.state);
        if !missing.is_empty() {
            block.ops.push(Op::Enable { features: missing });
            block.features = Some(OpId(0));
        }
        // Also those who attach a profile of somebody else, which enabling would replace.
        let needs_profile = [Kind::SSLPROFILE, Kind::SSLVSERVER, Kind::SSLSERVICEGROUP]
            .iter()
            .any(|kind| desired.names(*kind).next().is_some());
        if needs_profile && !observed.settings.default_profile && may_save(observed, consent) {
            let entity = EntityId::new(Kind::SSLPARAMETER, "");
            let fields = Fields::from([("defaultprofile".to_owned(), "ENABLED".into())]);
            // Enabling cannot be undone: what was there before must survive a reboot.
            block.ops.push(Op::Save);
            block.ops.push(Op::Set { entity: entity.clone(), fields: fields.clone() });
            block.ops.push(Op::Verify { entity, fields });
            block.default_profile = Some(OpId(block.ops.len() - 1));
            block.end_the_plan = [Kind::SSLVSERVER, Kind::SSLSERVICEGROUP]
                .iter()
                .any(|kind| observed.owned.state.names(*kind).next().is_some());
        }
        block
    }

    /// What an op outside the block needs of it.
    pub(super) fn needed_by(&self, op: &Op) -> impl Iterator<Item = OpId> {
        let depends_on_profile = matches!(
            op.kind(),
            Some(
                Kind::SSLPROFILE
                    | Kind::SSLPROFILE_SSLCIPHER
                    | Kind::SSLPROFILE_ECCCURVE
                    | Kind::SSLVSERVER
                    | Kind::SSLSERVICEGROUP
            )
        );
        self.features.into_iter().chain(self.default_profile.filter(|_| depends_on_profile))
    }
}

/// Whether the configuration may be saved: unsaved changes of somebody else are theirs.
pub(super) fn may_save(observed: &ObservedState, consent: &Consent) -> bool {
    let settings = &observed.settings;
    match consent.saving {
        Saving::Own => !settings.unsaved || settings.unsaved_is_ours,
        Saving::All => true,
        Saving::Never => false,
    }
}

fn missing_features(settings: &ApplianceSettings, state: &State) -> Vec<String> {
    FEATURES
        .iter()
        .filter(|(feature, _)| !settings.features.contains(*feature))
        .filter(|(_, kinds)| kinds.iter().any(|kind| state.names(*kind).next().is_some()))
        .map(|(feature, _)| (*feature).to_owned())
        .collect()
}
