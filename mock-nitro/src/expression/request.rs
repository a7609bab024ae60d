//! A request as a virtual server receives it.

use std::net::{IpAddr, Ipv4Addr};

use super::ClientCertificate;

/// A request that reaches an address of the appliance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The address that it is sent to.
    pub vip: IpAddr,
    /// The port that it is sent to.
    pub port: u16,
    /// Who sends it.
    pub client: IpAddr,
    /// The port that it is sent from.
    pub client_port: u16,
    /// The TLS that carries it.
    pub tls: Option<Tls>,
    /// The name that the client asks for when it opens TLS.
    pub sni: Option<String>,
    /// The certificate that the client shows.
    pub certificate: Option<ClientCertificate>,
    /// The method.
    pub method: String,
    /// The target of the request line: path and query, or a whole URL.
    pub url: String,
    /// The version of HTTP, for example `HTTP/1.1`.
    pub version: String,
    /// The Host header, with a port if the client wrote one.
    pub host_header: Option<String>,
    /// All other headers.
    pub headers: Vec<(String, String)>,
}

/// What client and appliance agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The number of the version on the wire: `0x0303` for TLS 1.2 (documented up to TLS 1.0).
    pub version: u16,
    /// The name of the cipher suite as the appliance writes it.
    pub cipher: String,
    /// The bits of its key.
    pub bits: u16,
}

impl Request {
    /// A GET of this path from this host, sent to an address as browsers send it: with the host as
    /// SNI.
    pub fn get(vip: IpAddr, port: u16, host: &str, path: &str) -> Self {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        Self {
            vip,
            port,
            client: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
            client_port: 40_000,
            tls: None,
            sni: Some(name.to_owned()),
            certificate: None,
            method: "GET".to_owned(),
            url: path.to_owned(),
            version: "HTTP/1.1".to_owned(),
            host_header: Some(host.to_owned()),
            headers: Vec::new(),
        }
    }

    /// The host with its port: of the URL if that is a whole one, else of the Host header (RFC 9112,
    /// 3.2.2; that the appliance does so is assumed).
    pub(crate) fn host(&self) -> &str {
        match self.split_url() {
            (Some(authority), _) => authority,
            (None, _) => self.host_header.as_deref().unwrap_or_default(),
        }
    }

    /// Path and query as they were sent. Nothing is decoded or put right in them: `%2f` is no
    /// slash, `//` no `/`, and `..` leads nowhere (assumed: no page says that policies see
    /// another path than the client sent).
    pub(crate) fn path_and_query(&self) -> &str {
        self.split_url().1
    }

    /// The path as it was sent.
    pub(crate) fn path(&self) -> &str {
        let all = self.path_and_query();
        all.split(['?', '#']).next().unwrap_or(all)
    }

    /// What follows the path.
    pub(crate) fn query(&self) -> &str {
        self.path_and_query().split_once('?').map_or("", |(_, query)| query)
    }

    pub(crate) fn split_url(&self) -> (Option<&str>, &str) {
        let Some((_, rest)) = self.url.split_once("://").filter(|_| !self.url.starts_with('/'))
        else {
            return (None, &self.url);
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        (Some(authority), if path.is_empty() { "/" } else { path })
    }

    /// The values of all headers of this name, in order.
    pub(super) fn header(&self, name: &str) -> Vec<&str> {
        let own = self.host_header.as_deref().filter(|_| name.eq_ignore_ascii_case("host"));
        let named = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).chain(own).collect()
    }
}
