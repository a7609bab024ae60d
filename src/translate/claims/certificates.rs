//! Certificates on a front end: one for each name, that of the oldest.

use std::collections::BTreeSet;

use crate::annotations::CertkeyRole;
use crate::diagnostic::Code;
use crate::model::{AcceptedCa, CertificateId, ClientAuthentication, FrontEndId, Host};
use crate::snapshot::ObservedRoute;

use super::super::reading::Reading;
use super::front::Conflict;
use super::{Front, Round};

/// A certificate, by its content or as a certkey of somebody else.
pub(in crate::translate) type Certificate = AcceptedCa;

/// A certificate that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::translate) struct Serving {
    /// Its place in the text of its Ingress.
    pub(in crate::translate) place: usize,
    /// To clients that ask for its names.
    pub(in crate::translate) is_named: bool,
    /// To clients that ask for nothing that others have.
    pub(in crate::translate) is_default: bool,
}

/// Who has a name on a front end, and with which certificates.
#[derive(Debug, Clone)]
pub(super) struct NameHolder {
    certificates: BTreeSet<Certificate>,
    holder: usize,
}

impl NameHolder {
    /// Whether it is this Ingress that has the name.
    pub(super) const fn is_of(&self, place: usize) -> bool {
        self.holder == place
    }
}

impl Round<'_, '_, '_> {
    /// Claims the names of the certificates of an Ingress, and the default certificate. A
    /// certificate with a name that has another one is not served.
    pub(super) fn claim_certificates(
        &mut self,
        place: usize,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        let hosts = reading.routes.iter().filter_map(|route| route.matches.served_host()).cloned();
        let front = self.settled.fronts.get_mut(&front_end).expect("its Ingress has joined");
        front.hosts.extend(hosts);
        for (i, certificate) in reading.certificates.iter().enumerate() {
            let is_named = certificate.is_named && self.claim_names(place, i, (front_end, reading));
            let is_default =
                certificate.is_default && self.claim_default(place, i, (front_end, reading));
            if is_named || is_default {
                self.settled.certificates[place].push(Serving { place: i, is_named, is_default });
            }
        }
        self.claim_installed(place, front_end, reading);
        self.refuse_default(front_end, reading)?;
        self.refuse_unfit_profile(place, front_end, reading)?;
        self.require_certificates(front_end, reading)
    }

    /// The same for certkeys of somebody else.
    fn claim_installed(&mut self, place: usize, front_end: FrontEndId, reading: &Reading<'_>) {
        for (i, installed) in reading.front.installed().iter().enumerate() {
            let certificate = Certificate::Foreign(installed.name.clone());
            let front = self.settled.fronts.get_mut(&front_end).expect("its Ingress has joined");
            let taken = match installed.role {
                CertkeyRole::Ca => None,
                CertkeyRole::Default => {
                    let default = front.default.get_or_insert_with(|| (place, certificate.clone()));
                    (default.1 != certificate).then_some(default.0)
                }
                CertkeyRole::Sni => {
                    front.covers_unknown |= installed.names.is_none();
                    let names = installed.names.clone().unwrap_or_default();
                    let taken = names.iter().find_map(|name| {
                        let holder = front.names.get(name)?;
                        (!holder.certificates.contains(&certificate)).then_some(holder.holder)
                    });
                    for name in names.into_iter().filter(|_| taken.is_none()) {
                        let certificates = BTreeSet::from([certificate.clone()]);
                        let holder = NameHolder { certificates, holder: place };
                        front.names.entry(name).or_insert(holder);
                    }
                    taken
                }
            };
            let Some(holder) = taken else {
                self.settled.installed[place].push(i);
                continue;
            };
            let whose = if holder == place {
                "the Ingress has another certificate".to_owned()
            } else {
                let holder = &self.claimants[holder];
                let why = holder.goes_before(reading);
                format!("{}, {why}, has another certificate", holder.object())
            };
            self.settled.findings[place].warning(
                Code::CertificateTaken,
                &reading.keys.of("preconfigured-certkey"),
                format!(
                    "the certkey {:?} is not served: {whose} in its place on {front_end}",
                    installed.name
                ),
                "use the same certificate for one name, or another address",
            );
        }
    }

    /// Claims the names of one certificate; gives whether it has them.
    fn claim_names(
        &mut self,
        place: usize,
        i: usize,
        (front_end, reading): (FrontEndId, &Reading<'_>),
    ) -> bool {
        let certificate = &reading.certificates[i];
        let leaf = &certificate.served.pair.leaf;
        let front = self.settled.fronts.get_mut(&front_end).expect("its Ingress has joined");
        // Whoever claimed it first got all its names, and they stay with it.
        if front.claimed.contains(&leaf.id) {
            return true;
        }
        let known = Certificate::Known(leaf.id.clone());
        let taken = leaf.names.iter().find_map(|name| {
            let holder = front.names.get(name)?;
            (!holder.certificates.contains(&known)).then_some((name, holder.holder))
        });
        let Some((name, holder)) = taken else {
            for name in &leaf.names {
                let certificates = BTreeSet::from([known.clone()]);
                let holder = NameHolder { certificates, holder: place };
                front.names.entry(name.clone()).or_insert(holder);
            }
            front.claimed.insert(leaf.id.clone());
            return true;
        };
        let whose = if holder == place {
            "another entry of spec.tls has a certificate".to_owned()
        } else {
            let holder = &self.claimants[holder];
            let why = holder.goes_before(reading);
            format!("{}, {why}, has another certificate", holder.object())
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
        false
    }

    /// Claims the default certificate of a front end; gives whether it is this one.
    fn claim_default(
        &mut self,
        place: usize,
        i: usize,
        (front_end, reading): (FrontEndId, &Reading<'_>),
    ) -> bool {
        let certificate = &reading.certificates[i];
        let leaf = &certificate.served.pair.leaf;
        let front = self.settled.fronts.get_mut(&front_end).expect("its Ingress has joined");
        let known = Certificate::Known(leaf.id.clone());
        let (holder, id) = front.default.get_or_insert_with(|| (place, known.clone()));
        if *id == known {
            return true;
        }
        let whose = if *holder == place {
            "another entry of spec.tls without hosts is".to_owned()
        } else {
            let holder = &self.claimants[*holder];
            let why = holder.goes_before(reading);
            format!("that of {}, {why}, is", holder.object())
        };
        self.settled.findings[place].warning(
            Code::CertificateTaken,
            &certificate.field,
            format!(
                "the certificate {:?} is not the default one of {front_end}: {whose}",
                leaf.subject
            ),
            "give the entry its hosts, or use another address",
        );
        false
    }

    /// A client that names no host is let in by the default certificate and could then ask for any
    /// host, so there must be one only where client certificates are demanded.
    fn refuse_default(&self, front_end: FrontEndId, reading: &Reading<'_>) -> Result<(), Conflict> {
        let front = &self.settled.fronts[&front_end];
        let authenticates = front.settings.client_authentication() != ClientAuthentication::None;
        let Some((holder, _)) = &front.default else { return Ok(()) };
        if !authenticates || front.hosts.len() <= 1 {
            return Ok(());
        }
        let holder = self.claimants[*holder].object();
        let field = reading.certificates.iter().find(|one| one.is_default);
        Err(Conflict {
            code: Code::FrontEndConflict,
            field: field.map_or_else(|| "spec.rules".to_owned(), |one| one.field.clone()),
            problem: format!(
                "{front_end} demands client certificates and serves several hosts, and {holder} \
                 gives it a default certificate, with which a client need not say which host it \
                 wants"
            ),
            remedy: "give the entry of spec.tls its hosts, or use another address".to_owned(),
        })
    }

    /// An Ingress that brings no certificate needs that of an older one.
    fn require_certificates(
        &self,
        front_end: FrontEndId,
        reading: &Reading<'_>,
    ) -> Result<(), Conflict> {
        if !reading.certificates.is_empty() && reading.front.installed().is_empty() {
            return Ok(());
        }
        let mut routes = reading.routes.iter();
        let bare = routes.find_map(|route| {
            let host = route.matches.served_host()?;
            (!self.is_served(front_end, host)).then_some((host, route))
        });
        let Some((host, route)) = bare else { return Ok(()) };
        Err(Conflict {
            code: Code::CertificateHostUncovered,
            field: route.field.clone(),
            problem: match host {
                Host::Any => format!("{front_end} has no certificate to show to clients"),
                Host::Exact(_) | Host::Wildcard(_) => {
                    format!("no certificate on {front_end} covers the host \"{host}\"")
                }
            },
            remedy: "name a Secret with its certificate in spec.tls: one Secret can serve several \
                     Ingresses"
                .to_owned(),
        })
    }

    /// Whether a client that asks for this host is served a certificate for it.
    pub(super) fn is_served(&self, front_end: FrontEndId, host: &Host) -> bool {
        let Some(front) = self.settled.fronts.get(&front_end) else { return false };
        if front.default.is_some() || front.covers_unknown {
            return true;
        }
        let parent = match host {
            Host::Any => return !front.names.is_empty(),
            Host::Wildcard(suffix) => Some(suffix.as_str()),
            Host::Exact(name) if front.names.contains_key(name) => return true,
            Host::Exact(name) => name.split_once('.').map(|(_, parent)| parent),
        };
        parent.is_some_and(|parent| front.names.contains_key(&format!("*.{parent}")))
    }
}

impl Front {
    /// A bound route keeps the certificates that its clients are served, and so all their names and
    /// the place of the default certificate.
    pub(super) fn hold_certificates(&mut self, place: usize, route: &ObservedRoute) {
        // A route of any host has the default certificate, whose names are none of its own.
        let named = route.certificates.iter().filter(|_| route.matches.host != Host::Any);
        for (id, names) in named {
            for name in names {
                let holder = self
                    .names
                    .entry(name.clone())
                    .or_insert_with(|| NameHolder { certificates: BTreeSet::new(), holder: place });
                if holder.holder == place {
                    holder.certificates.insert(Certificate::Known(id.clone()));
                }
            }
        }
        // A default certificate beside another one for SNI is there for other hosts.
        let is_other = |id: &CertificateId| {
            let mut all = self.names.iter();
            all.any(|(name, held)| {
                route.matches.host.is_covered_by(name)
                    && !held.certificates.contains(&Certificate::Known(id.clone()))
            })
        };
        if let Some(id) = route.default_certificate.as_ref().filter(|id| !is_other(id)) {
            self.default.get_or_insert_with(|| (place, Certificate::Known(id.clone())));
        }
    }
}
