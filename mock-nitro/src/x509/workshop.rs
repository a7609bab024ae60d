//! Makes CAs and certificates for tests: valid ones, changed by whoever asks for them.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber, date_time_ymd,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::{Certificate, Encoding, Material, load};

/// A certificate with its key, as a certkey holds them.
pub(crate) struct Made {
    pub(crate) material: Arc<Material>,
}

impl Made {
    pub(crate) fn certificate(&self) -> &Certificate {
        &self.material.certificate
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        self.certificate().der().to_vec()
    }
}

/// A CA.
pub(crate) struct Authority {
    pub(crate) made: Made,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn made(certificate: &rcgen::Certificate, key: &KeyPair) -> Made {
    let (certificate, key) = (certificate.pem(), key.serialize_pem());
    let material = load(certificate.as_bytes(), Some(key.as_bytes()), Encoding::Pem).unwrap();
    Made { material }
}

impl Authority {
    /// A root.
    pub(crate) fn new(name: &str) -> Self {
        Self::new_with(name, |_| ())
    }

    pub(crate) fn new_with(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = ca_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = made(&params.self_signed(&key).unwrap(), &key);
        Self { made, issuer: Issuer::new(params, key) }
    }

    /// A CA below this one.
    pub(crate) fn below(&self, name: &str) -> Self {
        self.below_with(name, |_| ())
    }

    pub(crate) fn below_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Self {
        let mut params = ca_params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let made = made(&params.signed_by(&key, &self.issuer).unwrap(), &key);
        Self { made, issuer: Issuer::new(params, key) }
    }

    /// Another certificate of the same name and key, and what is issued in its name.
    pub(crate) fn again_with(&self, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = ca_params(self.made.certificate().common_name.as_deref().unwrap());
        change(&mut params);
        let key = KeyPair::try_from(self.made.material.key().unwrap()).unwrap();
        let made = made(&params.self_signed(&key).unwrap(), &key);
        Self { made, issuer: Issuer::new(params, key) }
    }

    /// A certificate of somebody.
    pub(crate) fn leaf(&self, name: &str) -> Made {
        self.leaf_with(name, |_| ())
    }

    pub(crate) fn leaf_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Made {
        let mut params = params(name);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        made(&params.signed_by(&key, &self.issuer).unwrap(), &key)
    }

    /// A certificate that names this CA as its issuer, and is signed with its own key.
    pub(crate) fn copied_by(&self, name: &str) -> Made {
        let key = KeyPair::generate().unwrap();
        let copy = params(self.made.certificate().common_name.as_deref().unwrap());
        made(&params(name).signed_by(&key, &Issuer::new(copy, &key)).unwrap(), &key)
    }

    /// A list of what it revoked, in PEM, made in the first year and followed by another in the
    /// second.
    pub(crate) fn list(&self, revoked: &[&Made], years: (i32, i32)) -> String {
        self.list_with(revoked, years, |_| ())
    }

    pub(crate) fn list_with(
        &self,
        revoked: &[&Made],
        years: (i32, i32),
        change: impl FnOnce(&mut CertificateRevocationListParams),
    ) -> String {
        let revoked = revoked.iter().map(|made| RevokedCertParams {
            serial_number: serial(made.certificate()),
            revocation_time: date_time_ymd(years.0, 1, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let mut params = CertificateRevocationListParams {
            this_update: date_time_ymd(years.0, 1, 1),
            next_update: date_time_ymd(years.1, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        change(&mut params);
        params.signed_by(&self.issuer).unwrap().pem().unwrap()
    }
}

fn serial(certificate: &Certificate) -> SerialNumber {
    let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
    SerialNumber::from_slice(parsed.raw_serial())
}

/// Expired since 2020.
pub(crate) fn expired(params: &mut CertificateParams) {
    params.not_after = date_time_ymd(2020, 1, 1);
}

/// Not valid before 3000.
pub(crate) fn early(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(3000, 1, 1);
}

/// For one side of a connection.
pub(crate) fn only_for(side: ExtendedKeyUsagePurpose) -> impl FnOnce(&mut CertificateParams) {
    move |params| params.extended_key_usages = vec![side]
}
