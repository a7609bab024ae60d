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
    /// Any bytes.
    Tcp,
    /// Any bytes in TLS.
    SslTcp,
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Http, Self::Ssl, Self::Tcp, Self::SslTcp];

    /// NITRO's word (documented).
    pub const fn servicetype(self) -> &'static str {
        match self {
            Self::Http => "HTTP",
            Self::Ssl => "SSL",
            Self::Tcp => "TCP",
            Self::SslTcp => "SSL_TCP",
        }
    }

    /// Reads NITRO's word; `None` for the types that we never make.
    pub fn parse(servicetype: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|protocol| protocol.servicetype() == servicetype)
    }

    /// Whether TLS ends here, so that it has certificates and a profile.
    pub const fn is_tls(self) -> bool {
        match self {
            Self::Ssl | Self::SslTcp => true,
            Self::Http | Self::Tcp => false,
        }
    }

    /// Whether requests can be told apart by host and path.
    pub const fn speaks_http(self) -> bool {
        match self {
            Self::Http | Self::Ssl => true,
            Self::Tcp | Self::SslTcp => false,
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
