//! A front end: one address, port and protocol, which is one csvserver.

use std::fmt;
use std::net::IpAddr;

/// What identifies a front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FrontEndId {
    /// The address that clients connect to.
    pub vip: IpAddr,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

/// What a front end speaks: `csvserver.servicetype`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Plain HTTP.
    Http,
    /// HTTP in TLS.
    Ssl,
}

impl Protocol {
    /// NITRO's word.
    pub const fn servicetype(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Ssl => "SSL",
        }
    }

    /// Reads NITRO's word; `None` for the types that we never make.
    pub fn parse(servicetype: &str) -> Option<Self> {
        match servicetype {
            "HTTP" => Some(Self::Http),
            "SSL" => Some(Self::Ssl),
            _ => None,
        }
    }
}

impl FrontEndId {
    /// The name of its csvserver, as the vendor's controller writes it:
    /// `<prefix>-<vip>_<port>_<type>`.
    pub fn csvserver(&self, prefix: &str) -> String {
        format!("{prefix}-{self}")
    }
}

impl fmt::Display for FrontEndId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vip, port, protocol } = self;
        write!(f, "{vip}_{port}_{}", protocol.servicetype().to_ascii_lowercase())
    }
}
