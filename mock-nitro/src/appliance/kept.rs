//! The whole appliance as text, so that it survives the end of the program, and its digest.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::node::Configuration;
use super::{Appliance, Options};
use crate::state::{Foreign, Kept, KeptFiles, State};

/// Tells this text from what later versions may write.
const FORMAT: u32 = 1;

/// Sessions are not kept, as after a restart of the appliance. Files lie beside both configurations.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    format: u32,
    changed: bool,
    last_change: String,
    last_save: String,
    files: KeptFiles,
    running: Kept,
    saved: Kept,
}

/// Why a text is no appliance.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NotKept(#[from] Why);

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("it is not the JSON that this program writes: {0}")]
    Json(#[from] serde_json::Error),
    #[error("it has format {0}, and this program reads format {FORMAT}")]
    Format(u32),
    #[error("{0:?} is no time")]
    Time(String),
    #[error(transparent)]
    Content(#[from] Foreign),
}

impl Appliance {
    /// Everything that a restart of the program must not lose, in JSON: running and saved
    /// configuration, files, certificates. **It holds private keys and passwords.**
    pub fn to_kept(&self) -> String {
        let Configuration { running, saved, changed, last_change, last_save } =
            self.configuration();
        let whole = Whole {
            format: FORMAT,
            changed,
            last_change: last_change.to_string(),
            last_save: last_save.to_string(),
            files: running.to_kept_files(),
            running: running.to_kept(),
            saved: saved.to_kept(),
        };
        serde_json::to_string(&whole).expect("all keys are text")
    }

    /// The appliance that [`Appliance::to_kept`] wrote. Its default profile is as it was, whatever
    /// the options say.
    pub fn from_kept(options: Options, text: &str) -> Result<Self, NotKept> {
        Ok(Self::read(options, text)?)
    }

    fn read(options: Options, text: &str) -> Result<Self, Why> {
        #[derive(Deserialize)]
        struct Head {
            format: u32,
        }
        let Head { format } = serde_json::from_str(text)?;
        if format != FORMAT {
            return Err(Why::Format(format));
        }
        let kept: Whole = serde_json::from_str(text)?;
        let time = |text: String| text.parse::<Timestamp>().map_err(|_| Why::Time(text));
        let mut running = State::from_kept(kept.running)?;
        running.put_kept_files(&kept.files)?;
        let mut saved = State::from_kept(kept.saved)?;
        saved.take_files(&running);
        let mut appliance = Self::new(options);
        appliance.synchronise(Configuration {
            running,
            saved,
            changed: kept.changed,
            last_change: time(kept.last_change)?,
            last_save: time(kept.last_save)?,
        });
        Ok(appliance)
    }

    /// A digest of the running configuration and the files. It is the same for equal configurations,
    /// and another one if only a password or a private key differs.
    pub fn digest(&self) -> String {
        let all = (self.running.to_kept_files(), self.running.to_kept());
        format!("{:x}", Sha256::digest(serde_json::to_vec(&all).expect("all keys are text")))
    }
}
