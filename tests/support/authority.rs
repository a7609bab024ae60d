//! Certificates for tests: an authority, what it issues, and the Secrets that hold them.

use std::fmt::Write as _;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

/// Somebody who issues certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key.
pub(crate) struct Issued {
    /// The certificate, in PEM.
    pub(crate) certificate: String,
    /// Its DER form.
    pub(crate) der: Vec<u8>,
    /// The key.
    pub(crate) key: KeyPair,
}

impl Authority {
    /// One of this name.
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its own certificate, in PEM.
    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for this host.
    pub(crate) fn issue(&self, host: &str) -> Issued {
        self.sign(CertificateParams::new(vec![host.to_owned()]).unwrap(), host)
    }

    /// A certificate for these hosts, named after the first.
    pub(crate) fn issue_for(&self, hosts: Vec<String>) -> Issued {
        let name = hosts[0].clone();
        self.sign(CertificateParams::new(hosts).unwrap(), &name)
    }

    /// A certificate for this host that is no longer valid.
    pub(crate) fn issue_expired(&self, host: &str) -> Issued {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2001, 1, 1);
        params.not_after = date_time_ymd(2002, 2, 3);
        self.sign(params, host)
    }

    fn sign(&self, mut params: CertificateParams, name: &str) -> Issued {
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Issued { certificate: certificate.pem(), der: certificate.der().to_vec(), key }
    }
}

/// A Secret with these texts.
pub(crate) fn secret(name: &str, values: &[(&str, &str)]) -> String {
    let mut text =
        format!("---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\nstringData:\n");
    for (key, value) in values {
        writeln!(text, "  {key}: |").unwrap();
        for line in value.lines() {
            writeln!(text, "    {line}").unwrap();
        }
    }
    text
}

/// The Secrets of the walkthrough.
pub(crate) fn walkthrough(authority: &Authority, issued: &Issued) -> String {
    let pair = [("tls.crt", issued.certificate.as_str()), ("tls.key", &issued.key.serialize_pem())];
    secret("tls-ca", &[("ca.crt", &authority.pem())]) + &secret("wildcard-secret", &pair)
}
