//! Which virtual server takes what is sent to an address.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::rules;
use crate::state::{Fields, State};

/// A virtual server that listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener<'a> {
    /// `csvserver` or `lbvserver`.
    pub(crate) kind: &'static str,
    pub(crate) name: &'a str,
    pub(crate) fields: &'a Fields,
}

/// The virtual server at this address and port, if one takes connections there.
pub(crate) fn at(state: &State, place: (IpAddr, u16)) -> Option<Listener<'_>> {
    addressed(state).find(|(other, _)| *other == place).map(|(_, listener)| listener)
}

/// Every address and port where a virtual server takes connections.
pub(crate) fn listeners(state: &State) -> BTreeSet<(IpAddr, u16)> {
    addressed(state).map(|(place, _)| place).collect()
}

fn addressed(state: &State) -> impl Iterator<Item = ((IpAddr, u16), Listener<'_>)> {
    let all = ["csvserver", "lbvserver"].into_iter().flat_map(move |kind| {
        state.objects(kind).map(move |(name, fields)| Listener { kind, name, fields })
    });
    all.filter_map(|listener| Some((rules::address(listener.fields)?, listener)))
        .filter(|(_, listener)| rules::takes_connections(state, listener.name, listener.fields))
}
