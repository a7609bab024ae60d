//! Addresses of front ends.

use std::net::IpAddr;

use super::{IngressSettings, ParseError, json};

/// Reads `frontend-ip`.
pub(super) fn read_frontend_ip(
    text: &str,
    settings: &mut IngressSettings,
) -> Result<(), ParseError> {
    settings.frontend_ip.take(parse_vip(text))
}

fn parse_vip(text: &str) -> Result<IpAddr, ParseError> {
    json::refuse_typographic_quotes(text)?;
    let text = text.trim();
    if text.is_empty() {
        return Err(ParseError::Empty);
    }
    let Ok(vip) = text.parse::<IpAddr>() else {
        return Err(ParseError::NotAddress { value: text.to_owned() });
    };
    if vip.is_unspecified() || vip.is_multicast() {
        return Err(ParseError::UnusableAddress { value: text.to_owned() });
    }
    Ok(vip)
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
        assert!(matches!(parse_vip("0.0.0.0"), Err(ParseError::UnusableAddress { .. })));
    }
}
