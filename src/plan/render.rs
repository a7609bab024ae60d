//! A plan in the forms in which people and tools read it. No form shows a secret: of a file only
//! its name appears.

mod blocks;
mod json;
mod nscli;
mod text;

use super::{HeldBack, Plan};
use crate::model::ClusterId;
pub use json::json;
pub use nscli::nscli;
pub(crate) use text::wrapped;
pub use text::{Style, text};

/// What stands above a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The cluster whose objects are planned.
    pub cluster: ClusterId,
    /// What the plan is for.
    pub appliance: Target,
}

/// The appliance that a plan is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// None: everything is planned as for an empty one.
    Offline,
    /// One that was read.
    Live {
        /// Where it is, without credentials.
        url: String,
        /// What it calls itself: version and build.
        version: String,
    },
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Offline => f.write_str("an empty appliance (offline)"),
            Self::Live { url, version } if version.is_empty() => f.write_str(url),
            // The rest of what an appliance says about itself is when it was built.
            Self::Live { url, version } => {
                write!(f, "{url} ({})", version.split(", Date").next().unwrap_or(version))
            }
        }
    }
}

/// The title of what is taken over.
const TAKEN_OVER: &str = "Taken over from somebody else";

/// What follows it.
const AFTER_TAKEOVER: &str = "The Ingresses that need these wait for the next plan, when what is \
                              bound to them is known.";

/// What a plan without ops says.
const fn nothing(plan: &Plan) -> &'static str {
    if plan.held_back.is_some() || !plan.unordered.is_empty() {
        "no other changes"
    } else {
        "no changes"
    }
}

fn unordered_title(plan: &Plan) -> String {
    format!("Left out: {} that wait for each other", counted(plan.unordered.len(), "command"))
}

const UNORDERED: &str = "There is no safe order for these, so what they are about stays as it is. This is a bug of \
                         nitro-ingress, please report it with this plan.";

impl HeldBack {
    fn title(&self) -> String {
        format!("Held back: {} until approved", counted(self.deletions.len(), "deletion"))
    }

    fn explanation(&self) -> [String; 2] {
        [
            "More vanished at once than is usual, so nothing of this is removed.".to_owned(),
            format!("If it is meant: --approve {}", self.digest),
        ]
    }
}

fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

#[cfg(test)]
mod tests;
