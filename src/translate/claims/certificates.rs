//! Certificates on a front end: one for each name, that of the oldest.

use std::collections::BTreeSet;

use crate::diagnostic::Code;
use crate::model::{CertificateId, FrontEndId, Host};
use crate::snapshot::ObservedRoute;

use super::super::reading::Reading;
use super::{Front, Round};

/// Who has a name on a front end, and with which certificates.
#[derive(Debug)]
pub(super) struct NameHolder {
    certificates: BTreeSet<CertificateId>,
    holder: usize,
}

impl Round<'_, '_, '_> {
    /// Claims the names of the certificates of an Ingress. A certificate with a name that has
    /// another one is not served.
    pub(super) fn claim_certificates(
        &mut self,
        place: usize,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) {
        for (i, certificate) in reading.certificates.iter().enumerate() {
            let leaf = &certificate.served.pair.leaf;
            let front = self.settled.fronts.get_mut(&front_end).expect("its Ingress has joined");
            // Whoever claimed it first got all its names, and they stay with it.
            if front.claimed.contains(&leaf.id) {
                self.settled.certificates[place].push(i);
                continue;
            }
            let taken = leaf.names.iter().find_map(|name| {
                let holder = front.names.get(name)?;
                (!holder.certificates.contains(&leaf.id)).then_some((name, holder.holder))
            });
            let Some((name, holder)) = taken else {
                for name in &leaf.names {
                    let certificates = BTreeSet::from([leaf.id.clone()]);
                    let holder = NameHolder { certificates, holder: place };
                    front.names.entry(name.clone()).or_insert(holder);
                }
                front.claimed.insert(leaf.id.clone());
                self.settled.certificates[place].push(i);
                continue;
            };
            let whose = if holder == place {
                "another entry of spec.tls has a certificate".to_owned()
            } else {
                format!(
                    "{}, which is older, has another certificate",
                    self.claimants[holder].object()
                )
            };
            self.settled.findings[place].warning(
                Code::CertificateTaken,
                &certificate.field,
                format!(
                    "the certificate {:?} is not served: {whose} for {name:?} on {front_end}",
                    leaf.subject
                ),
                "use the same certificate for one name, or another address",
            );
        }
    }

    /// Whether a client that asks for this host is served a certificate for it.
    pub(super) fn is_served(&self, front_end: FrontEndId, host: &Host) -> bool {
        let Some(front) = self.settled.fronts.get(&front_end) else { return false };
        let parent = match host {
            Host::Any => return true,
            Host::Wildcard(suffix) => Some(suffix.as_str()),
            Host::Exact(name) if front.names.contains_key(name) => return true,
            Host::Exact(name) => name.split_once('.').map(|(_, parent)| parent),
        };
        parent.is_some_and(|parent| front.names.contains_key(&format!("*.{parent}")))
    }
}

impl Front {
    /// A bound route keeps the certificates that cover its host, and so all their names.
    pub(super) fn hold_name(&mut self, place: usize, route: &ObservedRoute) {
        for (id, names) in &route.certificates {
            for name in names {
                let holder = self
                    .names
                    .entry(name.clone())
                    .or_insert_with(|| NameHolder { certificates: BTreeSet::new(), holder: place });
                if holder.holder == place {
                    holder.certificates.insert(id.clone());
                }
            }
        }
    }
}
