//! Reads the appliance: what is ours, what is not, and what everybody shares.
//!
//! Reading takes one request for each kind of object and of binding, however many there are
//! (large lists come in pages). What comes of the answers is a pure function of them:
//! [`assemble`]. An answer that cannot be read is an error, never "nothing there".

mod reading;
mod world;
mod certificates;
mod owned;
mod protection;
mod facts;
mod unsaved;

use crate::model::{Kind, Mark};
use crate::nitro::{Client, Transport};
use crate::observed::{ApplianceSettings, ObservedState};
pub use reading::Reading;
use world::World;

/// Reads the whole appliance.
pub async fn observe<T: Transport>(
    client: &Client<T>,
    mark: &Mark,
) -> Result<ObservedState, Error> {
    let reading = Reading::take(client).await?;
    assemble(&reading, mark)
}

/// Makes sense of everything that was read.
pub fn assemble(reading: &Reading, mark: &Mark) -> Result<ObservedState, Error> {
    let world = World::new(reading, mark)?;
    let owned = owned::owned(&world, reading)?;
    let settings = settings(reading, &world)?;
    let facts = facts::facts(&world, &settings);
    Ok(ObservedState { owned, facts, settings })
}

fn settings(reading: &Reading, world: &World<'_>) -> Result<ApplianceSettings, Error> {
    let features = reading.list("nsfeature", "feature")?;
    let version = reading.text("nsversion", "version")?;
    let unsaved = reading.flag("nsconfig", "configchanged");
    let changes = reading.unsaved_changes.as_deref();
    Ok(ApplianceSettings {
        features: features.iter().map(|feature| feature.to_ascii_uppercase()).collect(),
        default_profile: reading.flag(Kind::SSLPARAMETER.name(), "defaultprofile"),
        unsaved,
        unsaved_is_ours: unsaved && changes.is_some_and(|text| unsaved::is_ours(text, world)),
        version,
    })
}

/// Why the appliance could not be observed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A request did not succeed.
    #[error("cannot read {kind}")]
    Read {
        /// The type that was asked for.
        kind: &'static str,
        /// Why.
        #[source]
        source: crate::nitro::Error,
    },
    /// An object lacks what every object of its type has.
    #[error("a {kind} without a usable {field:?} was read")]
    Row {
        /// Its type.
        kind: &'static str,
        /// What it lacks.
        field: &'static str,
    },
    /// The pages of a list are not pages of one list.
    #[error("the pages of all {kind} repeat themselves")]
    Pages {
        /// The type that was listed.
        kind: &'static str,
    },
}

impl Error {
    /// Whether it may go away by itself.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Read { source, .. } => source.is_retryable(),
            Self::Row { .. } => false,
            Self::Pages { .. } => true,
        }
    }

    /// A label for metrics, one of few.
    pub const fn category(&self) -> &'static str {
        match self {
            Self::Read { source, .. } => source.category(),
            Self::Row { .. } => "row",
            Self::Pages { .. } => "pages",
        }
    }
}
