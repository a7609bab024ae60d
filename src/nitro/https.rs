//! Carries requests to a real appliance, over HTTPS.
//!
//! Credentials travel only after the appliance's certificate was verified, or to this very machine:
//! plain HTTP to any other is refused before anything is sent. Redirects are not followed and
//! proxies from the environment not used, so that nobody else sees a request.

use std::error::Error as StdError;
use std::io;
use std::iter;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::{Certificate, Method as HttpMethod, Url, redirect};

use super::transport::{HttpRequest, HttpResponse, Method, SendError, Transport};
use crate::model::Redacted;

/// The way to one appliance.
#[derive(Debug, Clone)]
pub struct Https {
    client: reqwest::Client,
    base: Url,
    is_unverified: bool,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those that this machine trusts.
    Platform,
    /// Those issued by these authorities, in PEM, and no others.
    Authorities(Vec<u8>),
    /// Any. Whoever stands between us and the appliance can read the password.
    Anybody,
}

/// Why there is no way to an appliance.
#[derive(Debug, thiserror::Error)]
pub enum HttpsError {
    /// The address cannot be read.
    #[error("{url:?} is not the address of an appliance: {reason}")]
    Address {
        /// As given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The password would travel in plain text.
    #[error("{url:?} is plain HTTP, and credentials are sent over HTTPS only, or to this machine")]
    PlainHttp {
        /// As given.
        url: String,
    },
    /// The authorities cannot be read.
    #[error("the certificates of the trusted authorities cannot be read: {reason}")]
    Authorities {
        /// What is wrong with them.
        reason: String,
    },
    /// Nobody is trusted, so no appliance could prove who it is.
    #[error("this machine trusts no authorities: install ca-certificates or give --nitro-ca-file")]
    NoAuthorities,
    /// The client could not be made.
    #[error("cannot set up HTTPS")]
    SetUp {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// No answer of an appliance is larger: thousands of objects of some kilobytes each.
const LARGEST_ANSWER: usize = 256 * 1024 * 1024;

impl Https {
    /// The way to the appliance at `url`, such as `https://192.0.2.2`.
    pub fn new(url: &str, trust: &Trust) -> Result<Self, HttpsError> {
        let base = parse(url)?;
        // reqwest takes the process's provider of cryptography; another one set before stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("nitro-ingress/", env!("CARGO_PKG_VERSION")));
        let builder = match trust {
            Trust::Authorities(pem) => builder.tls_certs_only(authorities(pem)?),
            // There is nobody to verify, on machines without authorities as well.
            Trust::Platform | Trust::Anybody if base.scheme() == "http" => {
                builder.tls_certs_only([])
            }
            Trust::Platform => builder,
            Trust::Anybody => builder.tls_danger_accept_invalid_certs(true),
        };
        let client = builder.build().map_err(|source| match trust {
            Trust::Platform if reason(&source).contains("No CA certificates") => {
                HttpsError::NoAuthorities
            }
            Trust::Platform | Trust::Authorities(_) | Trust::Anybody => {
                HttpsError::SetUp { source }
            }
        })?;
        let is_unverified = base.scheme() == "https" && *trust == Trust::Anybody;
        Ok(Self { client, base, is_unverified })
    }

    /// Whether an appliance is believed that proves nothing, though it could.
    pub const fn is_unverified(&self) -> bool {
        self.is_unverified
    }
}

impl Transport for Https {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let HttpRequest { method, target, headers, body, timeout } = request;
        let method = match method {
            Method::Get => HttpMethod::GET,
            Method::Post => HttpMethod::POST,
            Method::Put => HttpMethod::PUT,
            Method::Delete => HttpMethod::DELETE,
        };
        let url = format!("{}{target}", self.base.as_str().trim_end_matches('/'));
        let mut builder = self.client.request(method, url).timeout(timeout);
        for (name, value) in headers {
            builder = builder.header(name, value.reveal());
        }
        if let Some(body) = body {
            builder = builder.body(body.reveal().clone());
        }
        let mut response = builder.send().await.map_err(not_sent)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                return Err(SendError::NoAnswer { source: "the answer does not end".into() });
            }
        }
        Ok(HttpResponse { status, body: Redacted::new(body) })
    }

    async fn pause(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

fn parse(text: &str) -> Result<Url, HttpsError> {
    // What stands before an `@` may be a password, so it is not repeated.
    let shown =
        text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, end)| format!("...@{end}"));
    let wrong =
        |reason: &str| HttpsError::Address { url: shown.clone(), reason: reason.to_owned() };
    if shown != text {
        return Err(wrong("it holds credentials"));
    }
    if !text.contains("://") {
        return Err(wrong(&format!("write https://{text}")));
    }
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("only scheme, host and port may be given"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_loopback(host) => Ok(url),
        "http" => Err(HttpsError::PlainHttp { url: text.to_owned() }),
        _ => Err(wrong("it must start with https://")),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or(host == "localhost", |address| address.is_loopback())
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, HttpsError> {
    let wrong = |reason: String| HttpsError::Authorities { reason };
    let certificates = Certificate::from_pem_bundle(pem).map_err(|error| wrong(reason(&error)))?;
    if certificates.is_empty() {
        return Err(wrong("there is no certificate in PEM among them".to_owned()));
    }
    Ok(certificates)
}

/// What stopped a request before its answer began.
fn not_sent(error: reqwest::Error) -> SendError {
    let error = error.without_url();
    if let Some(reason) = distrust(&error) {
        return SendError::Untrusted { reason };
    }
    if error.is_connect() || error.is_builder() {
        return SendError::Connect { source: reason(&error).into() };
    }
    no_answer(error)
}

fn no_answer(error: reqwest::Error) -> SendError {
    SendError::NoAnswer { source: reason(&error.without_url()).into() }
}

/// What stopped a request, for people. The outer causes only tell through which layers of the
/// client the innermost one came.
fn reason(error: &reqwest::Error) -> String {
    let causes: Vec<_> = causes(error).collect();
    let is_no_tls = |cause: &&(dyn StdError + 'static)| {
        let no_tls = rustls::Error::InvalidMessage(rustls::InvalidMessage::InvalidContentType);
        cause.downcast_ref() == Some(&no_tls)
    };
    if causes.iter().any(is_no_tls) {
        return "it does not speak TLS on this port".to_owned();
    }
    let mut texts = causes.iter().rev().map(ToString::to_string);
    let innermost = texts.find(|text| !text.is_empty()).unwrap_or_default();
    // So the HTTP client names what is no HTTP: here an alert of TLS.
    if innermost == "invalid HTTP version parsed" {
        return "it does not speak HTTP on this port; if it speaks TLS: write https://".to_owned();
    }
    innermost
}

/// An error and what caused it, outermost first. An `io::Error` shows what it holds by `get_ref`
/// only; its `source` is already that of the inner one.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let outermost: &(dyn StdError + 'static) = error;
    iter::successors(Some(outermost), |&error| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.map_or_else(|| error.source(), |inner| Some(inner))
    })
}

/// What is wrong with the appliance's certificate, if that is what stopped the request.
fn distrust(error: &reqwest::Error) -> Option<String> {
    causes(error).find_map(|cause| {
        let rustls::Error::InvalidCertificate(problem) = cause.downcast_ref()? else { return None };
        Some(describe(problem))
    })
}

fn describe(problem: &rustls::CertificateError) -> String {
    use rustls::CertificateError::{BadSignature, UnknownIssuer};
    // A wrong signature is how an unknown issuer shows that has the name of a known one.
    if matches!(problem, UnknownIssuer | BadSignature) {
        return "its issuer is not among the trusted authorities".to_owned();
    }
    problem.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        for url in ["http://127.0.0.1:9080", "http://[::1]:80", "http://localhost", "https://a.b"] {
            assert!(Https::new(url, &Trust::Anybody).is_ok(), "{url}");
        }
        for url in ["http://192.0.2.2", "http://localhost.example", "http://127.0.0.1.example"] {
            let error = Https::new(url, &Trust::Platform).unwrap_err();
            assert!(matches!(error, HttpsError::PlainHttp { .. }), "{url}: {error}");
        }
    }

    #[test]
    fn an_address_is_scheme_host_and_port() {
        for (url, reason) in [
            ("192.0.2.2", "write https://192.0.2.2"),
            ("localhost:9080", "write https://localhost:9080"),
            ("nsroot:canary@192.0.2.2", "it holds credentials"),
            ("https://nsroot:canary@192.0.2.2:port", "it holds credentials"),
            ("ftp://192.0.2.2", "it must start with https://"),
            ("https://192.0.2.2/nitro/v1", "only scheme, host and port may be given"),
            ("https://nsroot:canary@192.0.2.2", "it holds credentials"),
        ] {
            let error = Https::new(url, &Trust::Platform).unwrap_err().to_string();
            assert!(error.ends_with(reason) && !error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn authorities_must_be_certificates() {
        let trust = Trust::Authorities(b"no PEM".to_vec());
        let error = Https::new("https://192.0.2.2", &trust).unwrap_err().to_string();
        assert!(error.contains("no certificate in PEM"), "{error}");
    }
}
