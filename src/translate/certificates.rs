//! The certificates of Secrets: read once, however many Ingresses use them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::diagnostic::{Code, Findings};
use crate::model::ObjectKey;
use crate::snapshot::{Secret, Snapshot};
use crate::tls::{self, Certificate, Fault, Finding, KeyPair, Material};

/// A certificate with its key, as certkeys.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) pair: KeyPair,
    /// The leaf, then its chain.
    pub(super) materials: Vec<Material>,
}

/// Whom a certificate is shown to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ShownTo {
    /// Clients, who look for the name of a host in it.
    Clients,
    /// Back ends, to whom such names mean nothing.
    BackEnds,
}

/// Certificates to verify others against, as certkeys.
#[derive(Debug)]
pub(super) struct Authorities {
    pub(super) materials: Vec<Material>,
    findings: Vec<Finding>,
}

/// The Secrets of a snapshot as far as they were read.
pub(super) struct Certificates<'a> {
    snapshot: &'a Snapshot,
    /// The Secrets that were looked for.
    pub(super) wanted: BTreeSet<ObjectKey>,
    served: BTreeMap<ObjectKey, Result<Rc<Served>, Fault>>,
    authorities: BTreeMap<ObjectKey, Result<Rc<Authorities>, Fault>>,
}

impl<'a> Certificates<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Self {
        let (served, authorities) = (BTreeMap::new(), BTreeMap::new());
        Self { snapshot, wanted: BTreeSet::new(), served, authorities }
    }

    /// The certificate and key of a Secret. `field` is what names the Secret.
    pub(super) fn served(
        &mut self,
        key: &ObjectKey,
        shown_to: ShownTo,
        field: &str,
        findings: &mut Findings,
    ) -> Option<Rc<Served>> {
        let secret = self.secret(key, field, findings)?;
        let read = self.served.entry(key.clone()).or_insert_with(|| {
            let pair = tls::server_pair(&secret.data)?;
            let materials = pair.materials();
            Ok(Rc::new(Served { pair, materials }))
        });
        let served = read.clone().map_err(|fault| refuse(key, &fault, field, findings)).ok()?;
        let about_names = |finding: &&Finding| match finding {
            Finding::Version1 { .. } | Finding::CommonNameOnly { .. } => true,
            Finding::Unused { .. }
            | Finding::Expired { .. }
            | Finding::NotYetValid { .. }
            | Finding::ExpiresSoon { .. }
            | Finding::HostUncovered { .. } => false,
        };
        let found = served.pair.findings.iter();
        let found = found.filter(|one| shown_to == ShownTo::Clients || !about_names(one));
        self.tell(key, (found.cloned().collect(), &served.materials), field, findings);
        Some(served)
    }

    /// The authorities of a Secret.
    pub(super) fn authorities(
        &mut self,
        key: &ObjectKey,
        field: &str,
        findings: &mut Findings,
    ) -> Option<Rc<Authorities>> {
        let secret = self.secret(key, field, findings)?;
        let read = self.authorities.entry(key.clone()).or_insert_with(|| {
            let read = tls::authorities(&secret.data)?;
            let material = |certificate| Material { certificate, key: None, issuer: None };
            let materials = read.certificates.into_iter().map(material).collect();
            Ok(Rc::new(Authorities { materials, findings: read.findings }))
        });
        let read = read.clone().map_err(|fault| refuse(key, &fault, field, findings)).ok()?;
        self.tell(key, (read.findings.clone(), &read.materials), field, findings);
        Some(read)
    }

    fn secret(
        &mut self,
        key: &ObjectKey,
        field: &str,
        findings: &mut Findings,
    ) -> Option<&'a Secret> {
        if !self.wanted.contains(key) {
            self.wanted.insert(key.clone());
        }
        let Snapshot { secrets, unread_secrets, .. } = self.snapshot;
        let secret = secrets.get(key);
        if secret.is_none() {
            missing(key, unread_secrets.get(key), field, findings);
        }
        secret.map(Arc::as_ref)
    }

    fn tell(
        &self,
        key: &ObjectKey,
        (found, materials): (Vec<Finding>, &[Material]),
        field: &str,
        findings: &mut Findings,
    ) {
        let certificates = || materials.iter().map(|material| &material.certificate);
        let dates = certificates().filter_map(|one| one.check_dates(self.snapshot.now));
        for finding in found.into_iter().chain(dates) {
            let text = format!("in Secret \"{key}\", {finding}");
            match finding {
                Finding::Unused { .. } => {
                    findings.note(finding.code(), field, text, finding.remedy());
                }
                Finding::Expired { .. }
                | Finding::NotYetValid { .. }
                | Finding::ExpiresSoon { .. }
                | Finding::Version1 { .. }
                | Finding::CommonNameOnly { .. }
                | Finding::HostUncovered { .. } => {
                    findings.warning(finding.code(), field, text, finding.remedy());
                }
            }
        }
        certificates().for_each(|certificate| self.refuse_foreign(certificate, field, findings));
    }

    /// The appliance takes one content once. A certkey that is not ours is not ours to use.
    fn refuse_foreign(&self, certificate: &Certificate, field: &str, findings: &mut Findings) {
        let known = &self.snapshot.facts.foreign_certificates;
        let Some(foreign) = known.get(&certificate.issuer_serial) else { return };
        findings.error(
            Code::CertificateForeign,
            field,
            format!(
                "the certificate {:?} is installed on the appliance as certkey {:?}, which is not \
                 ours, and the appliance takes a certificate only once",
                certificate.subject, foreign.name
            ),
            format!(
                "remove the certkey {:?} from the appliance, or issue another certificate",
                foreign.name
            ),
        );
    }
}

fn missing(key: &ObjectKey, unread: Option<&String>, field: &str, findings: &mut Findings) {
    let (code, problem, remedy) = match unread {
        None => (
            Code::SecretMissing,
            format!("Secret \"{key}\" does not exist"),
            "create it, or name another",
        ),
        Some(reason) => (
            Code::SecretUnread,
            format!("Secret \"{key}\" could not be read: {reason}"),
            "let the controller's ServiceAccount read Secrets of this namespace, if that is why; \
             it is read again by itself",
        ),
    };
    findings.error(code, field, problem, remedy);
}

fn refuse(key: &ObjectKey, fault: &Fault, field: &str, findings: &mut Findings) {
    let problem = format!("Secret \"{key}\" cannot be used: {fault}");
    findings.error(fault.code(), field, problem, fault.remedy());
}
