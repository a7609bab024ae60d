//! Addresses of front ends.

use std::net::IpAddr;
use std::str::FromStr;

use super::{ParseError, json};

/// An address that clients can connect to, in its one form, wherever it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vip(pub IpAddr);

impl FromStr for Vip {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse_vip(text).map(Self)
    }
}

/// Reads `frontend-ip`.
pub(super) fn parse_vip(text: &str) -> Result<IpAddr, ParseError> {
    json::refuse_typographic_quotes(text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(ParseError::Empty);
    }
    let Ok(vip) = text.parse::<IpAddr>() else {
        return Err(ParseError::NotAddress { value: text.to_owned() });
    };
    // One address, whichever way it is written: an IPv4 address may come inside of an IPv6 one.
    let vip = vip.to_canonical();
    match unusable(vip) {
        Some(what) => Err(ParseError::UnusableAddress { value: text.to_owned(), what }),
        None => Ok(vip),
    }
}

/// What kind of address it is, if it is one on which no client reaches a front end. One of loopback
/// is for trying things out: clients of a simulated appliance are on the same machine.
const fn unusable(vip: IpAddr) -> Option<&'static str> {
    let (broadcast, link_local) = match vip {
        IpAddr::V4(vip) => (vip.is_broadcast(), vip.is_link_local()),
        IpAddr::V6(vip) => (false, vip.is_unicast_link_local()),
    };
    if vip.is_unspecified() {
        Some("the unspecified address")
    } else if vip.is_multicast() {
        Some("a multicast address")
    } else if broadcast {
        Some("the broadcast address")
    } else if link_local {
        Some("a link-local address")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_are_read() {
        assert_eq!(parse_vip(" 192.0.2.10 ").unwrap().to_string(), "192.0.2.10");
        assert_eq!(parse_vip("2001:DB8::1").unwrap().to_string(), "2001:db8::1");
    }

    #[test]
    fn a_placeholder_is_quoted() {
        for text in ["A.B.C.D", "<VIP>", "x.x.x.x", "192.0.2.10:443", "192.0.2.0/24"] {
            let error = parse_vip(text).unwrap_err();
            assert_eq!(error.to_string(), format!("{text:?} is not an IP address"));
        }
        assert_eq!(parse_vip(""), Err(ParseError::Empty));
    }

    #[test]
    fn an_ipv4_address_inside_of_an_ipv6_one_is_that_ipv4_address() {
        assert_eq!(parse_vip("::ffff:192.0.2.10"), parse_vip("192.0.2.10"));
    }

    #[test]
    fn an_address_of_loopback_is_taken_for_trying_things_out() {
        assert_eq!(parse_vip("127.0.0.10").unwrap().to_string(), "127.0.0.10");
    }

    #[test]
    fn an_address_that_no_client_reaches_is_called_what_it_is() {
        for (text, what) in [
            ("0.0.0.0", "the unspecified address"),
            ("::", "the unspecified address"),
            ("224.0.0.1", "a multicast address"),
            ("ff02::1", "a multicast address"),
            ("255.255.255.255", "the broadcast address"),
            ("169.254.0.1", "a link-local address"),
            ("fe80::1", "a link-local address"),
        ] {
            let error = parse_vip(text).unwrap_err().to_string();
            assert_eq!(error, format!("{text:?} is {what}, which clients cannot connect to"));
        }
    }
}
