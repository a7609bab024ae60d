//! Where clients reach an Ingress, and what protects it there, as the appliance has it.

use std::collections::{BTreeMap, BTreeSet};

use super::certificates::Certkeys;
use crate::cluster::resources::report::{ClientAuthentication, FrontEnd};
use crate::model::{self, AcceptedCa, BackEndTransport, FrontEndId};
use crate::snapshot::ObservedRoute;

/// The front ends of these routes.
pub(super) fn front_ends(routes: &[ObservedRoute], certkeys: &Certkeys<'_>) -> Vec<FrontEnd> {
    let mut by_place: BTreeMap<FrontEndId, Vec<&ObservedRoute>> = BTreeMap::new();
    for route in routes {
        by_place.entry(route.front_end).or_default().push(route);
    }
    by_place.into_iter().map(|(place, routes)| front_end(place, &routes, certkeys)).collect()
}

fn front_end(place: FrontEndId, routes: &[&ObservedRoute], certkeys: &Certkeys<'_>) -> FrontEnd {
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
        client_authorities: accepted.into_iter().map(|ca| certkeys.subject(ca)).collect(),
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
