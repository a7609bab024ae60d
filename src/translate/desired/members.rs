//! The members of service groups.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::model::{BindingId, EntityId, Kind, Mark, Name, Role, State};
use crate::snapshot::Facts;

use super::super::names;
use super::super::services::Members;
use super::shared_comment;

/// The members of one service group.
pub(in crate::translate) struct Group {
    /// Those that it should have: servers and bindings.
    pub(in crate::translate) members: State,
    /// Those that are to be drained if it has them.
    pub(in crate::translate) draining: BTreeSet<BindingId>,
}

/// The members that a service group should have and not have.
pub(in crate::translate) fn group(
    group: &Name,
    members: &Members,
    mark: &Mark,
    facts: &Facts,
) -> Group {
    let foreign = |address: &IpAddr| facts.foreign_servers.get(address);
    let member = |(address, port): &(IpAddr, u16)| {
        let server = foreign(address).cloned().unwrap_or_else(|| names::server(mark, *address));
        BindingId::new(Kind::SERVICEGROUP_MEMBER, group.clone(), server, Role::Port(*port))
    };
    let Members { serving, draining } = members;
    let mut state = State::default();
    let comment = shared_comment(mark);
    for endpoint in serving {
        let (id, (address, _)) = (member(endpoint), endpoint);
        if foreign(address).is_none() {
            state.insert(
                EntityId::new(Kind::SERVER, id.child.clone()),
                [("ipaddress", address.to_string().into()), ("comment", comment.clone())],
            );
        }
        state.bind(id, []);
    }
    Group { members: state, draining: draining.iter().map(member).collect() }
}
