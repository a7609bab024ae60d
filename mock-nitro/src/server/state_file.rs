//! A file that keeps the appliance while the program does not run.
//!
//! It is written anew after each change, beside itself, and takes the place of the old one at once:
//! whenever the program dies, one of the two is there, whole. Only its owner may read it, because it
//! holds private keys. The larger a configuration is, the longer each change takes.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::appliance::{Appliance, NotKept, Options};

/// The file of this path.
#[derive(Debug, Clone)]
pub struct StateFile(PathBuf);

/// Why a state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read. One that is not there can: it is that of a fresh appliance.
    #[error("cannot read state file {0:?}")]
    Read(PathBuf, #[source] io::Error),
    /// It holds no appliance.
    #[error("state file {0:?} is broken; mend it, or remove it to begin with a fresh appliance")]
    Broken(PathBuf, #[source] NotKept),
    /// It cannot be written.
    #[error("cannot write state file {0:?}")]
    Write(PathBuf, #[source] io::Error),
}

impl StateFile {
    /// A file that may be there or not.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// The appliance in the file. It is a fresh one if there is no such file.
    pub fn read(&self, options: Options) -> Result<Appliance, Error> {
        match fs::read_to_string(&self.0) {
            Ok(text) => Appliance::from_kept(options, &text)
                .map_err(|error| Error::Broken(self.0.clone(), error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Appliance::new(options)),
            Err(error) => Err(Error::Read(self.0.clone(), error)),
        }
    }

    /// Puts an appliance in its place.
    pub(super) fn write(&self, appliance: &Appliance) -> Result<(), Error> {
        self.replace(&appliance.to_kept()).map_err(|error| Error::Write(self.0.clone(), error))
    }

    fn replace(&self, text: &str) -> io::Result<()> {
        let mut name = self.0.clone().into_os_string();
        name.push(".new");
        let beside = PathBuf::from(name);
        // One that a crash left behind may have other permissions.
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.0)
    }
}
