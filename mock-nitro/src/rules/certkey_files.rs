//! The files of a certkey: where they lie, and what is wrong with them.

use std::borrow::Cow;
use std::sync::Arc;

use super::refuse;
use crate::code;
use crate::command::Refusal;
use crate::state::{Fields, State, text};
use crate::x509::{self, Encoding, Fault, Material};

/// Where relative paths begin (documented).
const DIRECTORY: &str = "/nsconfig/ssl";

/// Forms that this appliance does not have: bundles, PKCS#12, keys in hardware.
pub(super) fn check_form(fields: &Fields) -> Result<(), Refusal> {
    if text(fields, "bundle") == "YES" {
        return refuse(code::SSL_BUNDLE_FAILED);
    }
    let in_hardware = fields.contains_key("fipskey") || fields.contains_key("hsmkey");
    if in_hardware || text(fields, "inform") == "PFX" {
        return refuse(code::NO_PERM_ON_PLATFORM);
    }
    Ok(())
}

/// Reads the files that the fields name, with the codes for what is wrong with them (their order
/// is assumed; 1647 and 1537 were seen from clients).
pub(super) fn load(state: &State, fields: &Fields) -> Result<Arc<Material>, Refusal> {
    let missing = || Refusal::new(code::SSL_DEFLOCATION);
    let certificate = file(state, text(fields, "cert")).ok_or_else(missing)?;
    let key = match text(fields, "key") {
        "" => None,
        path => Some(file(state, path).ok_or_else(missing)?),
    };
    let encoding = if text(fields, "inform") == "DER" { Encoding::Der } else { Encoding::Pem };
    x509::load(certificate, key.map(|key| key.as_slice()), encoding).map_err(|fault| {
        Refusal::new(match fault {
            Fault::Certificate => code::SSL_CERT,
            Fault::KeyType => code::SSL_CERTTYPE,
            Fault::Curve => code::SSL_ECDSA_CURVE_SUPPORT,
            Fault::Key => code::SSL_PKEY,
            Fault::Mismatch => code::SSL_NOMATCH,
            Fault::TooLarge => code::SSL_PKEY_SIZE,
            Fault::TooLargeCa => code::SSL_PKEY_SIZE_CA,
            Fault::TooSmall => code::SSL_PKEY_MINSIZE,
            Fault::OddSize => code::SSL_CERTKEY_SIZE64,
        })
    })
}

fn file<'a>(state: &'a State, path: &str) -> Option<&'a Arc<Vec<u8>>> {
    let (directory, name) = location(path);
    state.file(&directory, name)
}

/// A path is relative to the directory for certificates, or absolute (documented).
pub(super) fn location(path: &str) -> (Cow<'_, str>, &str) {
    match path.rsplit_once('/') {
        None => (DIRECTORY.into(), path),
        Some((directory, name)) if directory.starts_with('/') => (directory.into(), name),
        Some((directory, name)) => (format!("{DIRECTORY}/{directory}").into(), name),
    }
}
