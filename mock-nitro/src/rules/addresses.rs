//! Addresses: whether one is one, and who holds which address and port.

use std::net::IpAddr;

use super::{refuse, refuse_about};
use crate::code;
use crate::command::Refusal;
use crate::state::{Fields, State, number, text};

/// The address of a virtual server that has none of its own (documented).
pub(super) const NONE: &str = "0.0.0.0";

/// Whether a text is an IPv4 or IPv6 address (documented, 1110).
pub(super) fn check_form(address: &str) -> Result<(), Refusal> {
    match address.parse::<IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => refuse(code::INVALIDIP),
    }
}

/// Whether two texts are the same address; IPv6 has many spellings.
pub(super) fn are_equal(one: &str, other: &str) -> bool {
    one == other
        || matches!((one.parse::<IpAddr>(), other.parse::<IpAddr>()), (Ok(one), Ok(other)) if one == other)
}

/// An address, port and traffic domain is held by one virtual server, of whatever type (273 with
/// these arguments was seen from users of the vendor's controller). A port that is redirected to
/// another vserver's is held as well (documented).
pub(super) fn check_free(
    state: &State,
    (kind, name): (&str, &str),
    fields: &Fields,
) -> Result<(), Refusal> {
    let address = text(fields, "ipv46");
    if address.is_empty() || are_equal(address, NONE) {
        return Ok(());
    }
    let domain = number(fields, "td").unwrap_or(0);
    let wanted: Vec<i64> = ports(fields).collect();
    let is_other = |other_kind: &str, other: &str| (other_kind, other) != (kind, name);
    for other_kind in ["csvserver", "lbvserver"] {
        let taken = state.objects(other_kind).any(|(other, held)| {
            is_other(other_kind, other)
                && are_equal(text(held, "ipv46"), address)
                && number(held, "td").unwrap_or(0) == domain
                && ports(held).any(|port| wanted.contains(&port))
        });
        if taken {
            return refuse_about(code::EXIST, "ipAddress, port");
        }
    }
    Ok(())
}

fn ports(fields: &Fields) -> impl Iterator<Item = i64> {
    ["port", "redirectfromport"].into_iter().filter_map(|field| number(fields, field))
}
