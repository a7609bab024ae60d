//! What the appliance shows of itself: the certificate of a certkey with those it is linked to.

use std::sync::Arc;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::CertificateDer;

use crate::rules;
use crate::state::State;
use crate::x509::Material;

/// Why a certkey cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("certkey {0:?} holds no certificate")]
    Empty(String),
    #[error("certkey {0:?} has no private key")]
    NoKey(String),
    /// The library signs with RSA from 2048 bits, P-256 and P-384 alone.
    #[error("the TLS library does not sign with the key of certkey {0:?}")]
    Key(String, #[source] rustls::Error),
}

/// A certkey with its chain, to be shown to clients or to servers: `SingleCertAndKey` of the library
/// shows the same to everyone. The library does not read the certificate.
pub(crate) fn identity(state: &State, certkey: &str) -> Result<Arc<CertifiedKey>, Unusable> {
    let name = || certkey.to_owned();
    let material = state.material(certkey).ok_or_else(|| Unusable::Empty(name()))?;
    let key = material.key().ok_or_else(|| Unusable::NoKey(name()))?;
    let key = any_supported_type(key).map_err(|error| Unusable::Key(name(), error))?;
    let chain = chain_of(state, certkey)
        .map(|material| CertificateDer::from(material.certificate.der().to_vec()))
        .collect();
    Ok(Arc::new(CertifiedKey::new(chain, key)))
}

/// A certkey and those above it, by their links.
fn chain_of<'a>(state: &'a State, certkey: &'a str) -> impl Iterator<Item = &'a Arc<Material>> {
    std::iter::successors(Some(certkey), |name| rules::issuer_of(state, name))
        .map_while(|name| state.material(name))
}
