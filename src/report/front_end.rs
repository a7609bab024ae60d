//! Where clients reach an Ingress, and what protects it there, as the appliance has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::resources::report::{ClientAuthentication, FrontEnd};
use crate::model::{self, AcceptedCa, BackEndTransport, FrontEndId};
use crate::observed::ObservedState;
use crate::snapshot::ObservedRoute;

/// The front ends of these routes.
pub(super) fn front_ends(routes: &[ObservedRoute], observed: &ObservedState) -> Vec<FrontEnd> {
    let mut by_place: BTreeMap<FrontEndId, Vec<&ObservedRoute>> = BTreeMap::new();
    for route in routes {
        by_place.entry(route.front_end).or_default().push(route);
    }
    by_place.into_iter().map(|(place, routes)| front_end(place, &routes, observed)).collect()
}

fn front_end(place: FrontEndId, routes: &[&ObservedRoute], observed: &ObservedState) -> FrontEnd {
    // All routes of a front end have its demands.
    let demand = routes.iter().map(|route| route.protection.client_authentication).min();
    let (client_authentication, asks) = match demand {
        None | Some(model::ClientAuthentication::None) => (ClientAuthentication::Off, false),
        Some(model::ClientAuthentication::Optional) => (ClientAuthentication::Optional, true),
        Some(model::ClientAuthentication::Mandatory) => (ClientAuthentication::Mandatory, true),
    };
    let accepted: BTreeSet<&AcceptedCa> =
        routes.iter().flat_map(|route| &route.protection.accepted_cas).filter(|_| asks).collect();
    let back_ends = routes.iter().filter(|route| !route.answers);
    let back_ends = back_ends.map(|route| route.protection.back_end).min();
    FrontEnd {
        address: place.vip.to_string(),
        port: i32::from(place.port),
        protocol: place.protocol.servicetype().to_owned(),
        client_authentication,
        client_authorities: accepted.into_iter().map(|ca| subject(ca, observed)).collect(),
        back_ends: back_ends.map(|transport| {
            match transport {
                BackEndTransport::Plain => "Plain",
                BackEndTransport::Tls => "TLS",
                BackEndTransport::Verified => "Verified",
            }
            .to_owned()
        }),
    }
}

/// What an authority calls itself, or else what the appliance calls it.
fn subject(ca: &AcceptedCa, observed: &ObservedState) -> String {
    let certkeys = &observed.owned.certkeys;
    let (name, certkey) = match ca {
        AcceptedCa::Known(id) => {
            let known = certkeys.values().find(|one| one.content.as_ref() == Some(id));
            (id.to_string(), known)
        }
        AcceptedCa::Foreign(name) => (name.clone(), certkeys.get(name.as_str())),
    };
    let subject = certkey.map(|certkey| certkey.subject.trim().to_owned());
    subject.filter(|subject| !subject.is_empty()).unwrap_or(name)
}
