//! Files of the appliance: they lie on its disk, so they are not part of what is saved or lost.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::code;
use crate::command::Refusal;
use crate::state::{Fields, State, text};

/// Directories of a fresh appliance; there is no way to make others over NITRO.
const DIRECTORIES: [&str; 8] = [
    "/flash/nsconfig",
    "/nsconfig",
    "/nsconfig/license",
    "/nsconfig/monitors",
    "/nsconfig/ssl",
    "/var/netscaler/ssl",
    "/var/nstmp",
    "/var/tmp",
];

/// The largest file that the appliance takes (documented).
const LARGEST: usize = 2 * 1024 * 1024;

/// Checks a file that is to be written.
pub(super) fn acceptable(state: &State, fields: &Fields) -> Result<(), Refusal> {
    let (location, name) = (location(fields), text(fields, "filename"));
    let encoding = fields.get("fileencoding").and_then(|value| value.as_str());
    if !is_directory(location) {
        return Err(Refusal::new(code::NO_DIR));
    }
    if name.contains('/') || [".", ".."].contains(&name) {
        return Err(Refusal::about(code::INVAL, "fileName"));
    }
    if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("BASE64")) {
        return Err(Refusal::new(code::FILEENC_NOTSUP));
    }
    let content = decode(fields).map_err(|_| Refusal::new(code::FILECONT_NOTSUP))?;
    if content.len() > LARGEST {
        return Err(Refusal::new(code::FBIG));
    }
    if state.file(location, name).is_some() {
        return Err(Refusal::new(code::ERR_FILEEXISTS));
    }
    Ok(())
}

/// Whether there is such a directory.
pub(crate) fn is_directory(location: &str) -> bool {
    DIRECTORIES.contains(&location)
}

/// The directory that is meant, without a slash at its end.
pub(crate) fn location(fields: &Fields) -> &str {
    text(fields, "filelocation").trim_end_matches('/')
}

/// Writes a file whose content was found to be right.
pub(super) fn put(state: &mut State, fields: &Fields) {
    let content = decode(fields).expect("the content was decoded when the command was judged");
    state.put_file(location(fields), text(fields, "filename"), content);
}

/// Removes a file.
pub(super) fn remove(state: &mut State, fields: &Fields) {
    state.remove_file(location(fields), text(fields, "filename"));
}

fn decode(fields: &Fields) -> Result<Vec<u8>, base64::DecodeError> {
    STANDARD.decode(text(fields, "filecontent"))
}
