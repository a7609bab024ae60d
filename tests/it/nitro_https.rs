//! The client over the network: TLS, sessions, and what it refuses to do.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use mock_nitro::fault::{Fault, Faults, Faulty};
use mock_nitro::server::{Server, tls};
use mock_nitro::{Appliance, Options};
use nitro_ingress::model::Redacted;
use nitro_ingress::nitro::{
    Client, Code, Credentials, Error, HttpRequest, Https, Limits, Method, Request, SendError,
    Transport, Trust,
};
use nitro_ingress::observe::observe;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::fixture::mark;

/// An appliance on a port of its own, and its journal.
struct Served {
    address: SocketAddr,
    journal: Journal,
}

#[derive(Debug, Clone, Default)]
struct Journal(Arc<Mutex<Vec<u8>>>);

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Served {
    async fn start(identity: Option<&tls::Identity>, faults: Faults) -> Self {
        let journal = Journal::default();
        let appliance = Faulty::new(Appliance::new(Options::default()), faults);
        let clock = || Timestamp::UNIX_EPOCH;
        let server = Server::new(appliance, Some(Box::new(journal.clone())), clock);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = identity.map(|identity| tls::acceptor(identity).unwrap());
        tokio::spawn(server.serve(listener, acceptor));
        Self { address, journal }
    }

    fn lines(&self) -> Vec<String> {
        let journal = String::from_utf8(self.journal.0.lock().unwrap().clone()).unwrap();
        let entries = journal.lines().map(|line| serde_json::from_str(line).unwrap());
        entries
            .map(|entry: serde_json::Value| {
                let path = entry["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
                format!("{} {path} {}", entry["method"].as_str().unwrap(), entry["errorcode"])
            })
            .collect()
    }
}

fn client(url: &str, trust: &Trust, password: &str) -> Client<Https> {
    let credentials = Credentials::new("nsroot", Redacted::new(password.to_owned()));
    let limits = Limits { attempts: 1, ..Limits::default() };
    Client::new(Https::new(url, trust).unwrap(), credentials).with_limits(limits)
}

fn version() -> Request {
    Request::singleton("nsversion")
}

#[tokio::test]
async fn one_session_serves_all_requests_and_is_closed_at_the_end() {
    let served = Served::start(None, Faults::none()).await;
    let client = client(&format!("http://{}", served.address), &Trust::Platform, "nsroot");
    let observed = observe(&client, &mark()).await.unwrap();
    assert!(observed.settings.version.contains("NS14.1"));
    client.logout().await;
    client.logout().await;
    let lines = served.lines();
    let logins = lines.iter().filter(|line| line.ends_with("login 0")).count();
    let logouts = lines.iter().filter(|line| line.ends_with("logout 0")).count();
    assert_eq!((logins, logouts), (1, 1), "{lines:?}");
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_is_verified() {
    let identity = tls::self_signed(&[]).unwrap();
    let served = Served::start(Some(&identity), Faults::none()).await;
    let trust = Trust::Authorities(identity.certificate.clone().into_bytes());
    let client = client(&format!("https://{}", served.address), &trust, "nsroot");
    client.send(&version()).await.unwrap();
    assert_eq!(served.lines(), ["POST login 0", "GET nsversion 0"]);
}

#[tokio::test]
async fn nothing_is_sent_to_an_appliance_that_is_not_trusted() {
    let identity = tls::self_signed(&[]).unwrap();
    let served = Served::start(Some(&identity), Faults::none()).await;
    let other = tls::self_signed(&[]).unwrap().certificate.into_bytes();
    let url = format!("https://{}", served.address);
    for trust in [Trust::Authorities(other), Trust::Platform] {
        let error = client(&url, &trust, "canary").send(&version()).await.unwrap_err();
        let Error::NotSent { source: SendError::Untrusted { .. }, .. } = &error else {
            panic!("{error:?}")
        };
        assert!(!error.is_retryable());
        assert!(!format!("{error:?} {}", error.chain()).contains("canary"));
    }
    assert_eq!(served.lines(), Vec::<String>::new());
    client(&url, &Trust::Anybody, "nsroot").send(&version()).await.unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let made = rcgen::generate_simple_self_signed(["other.example".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let trust = Trust::Authorities(certificate.clone().into_bytes());
    let served = Served::start(Some(&tls::Identity { certificate, key }), Faults::none()).await;
    let url = format!("https://localhost:{}", served.address.port());
    let error = client(&url, &trust, "nsroot").send(&version()).await.unwrap_err();
    let chain = error.chain();
    assert!(chain.contains("localhost") && chain.contains("other.example"), "{chain}");
    assert_eq!(served.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let served = Served::start(None, Faults::none()).await;
    let credentials = Credentials::new("nsroot", Redacted::new("canary".to_owned()));
    let https = Https::new(&format!("http://{}", served.address), &Trust::Platform).unwrap();
    let error = Client::new(https, credentials).send(&version()).await.unwrap_err();
    assert!(matches!(error, Error::Login { code: Code::NO_SUCH_USER, .. }), "{error:?}");
    assert!(!format!("{error:?}").contains("canary"));
    assert_eq!(served.lines(), ["POST login 354"]);
}

#[tokio::test]
async fn an_expired_session_is_opened_anew_once() {
    let faults = Faults::none().at(3, Fault::SessionExpired);
    let served = Served::start(None, faults).await;
    let client = client(&format!("http://{}", served.address), &Trust::Platform, "nsroot");
    client.send(&version()).await.unwrap();
    client.send(&version()).await.unwrap();
    let expected =
        ["POST login 0", "GET nsversion 0", "GET nsversion 444", "POST login 0", "GET nsversion 0"];
    assert_eq!(served.lines(), expected);
}

#[tokio::test]
async fn a_connection_that_breaks_tells_what_is_known() {
    let faults = Faults::none().at(2, Fault::ResetAfter).at(3, Fault::Truncated);
    let served = Served::start(None, faults).await;
    let client = client(&format!("http://{}", served.address), &Trust::Platform, "nsroot");
    for _ in 0..2 {
        let error = client.send(&version()).await.unwrap_err();
        assert!(matches!(error, Error::NoAnswer { .. }), "{error:?}");
    }
    client.send(&version()).await.unwrap();
}

#[tokio::test]
async fn nobody_listening_means_that_nothing_was_sent() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = client(&format!("http://{address}"), &Trust::Platform, "nsroot");
    let error = client.send(&version()).await.unwrap_err();
    assert!(matches!(error, Error::NotSent { .. }) && error.is_retryable(), "{error:?}");
}

#[tokio::test]
async fn the_wrong_scheme_is_pointed_out() {
    let identity = tls::self_signed(&[]).unwrap();
    let plain = Served::start(None, Faults::none()).await;
    let https = client(&format!("https://{}", plain.address), &Trust::Anybody, "nsroot");
    let chain = https.send(&version()).await.unwrap_err().chain();
    assert!(chain.ends_with("cannot connect: it does not speak TLS on this port"), "{chain}");
    let encrypted = Served::start(Some(&identity), Faults::none()).await;
    let http = client(&format!("http://{}", encrypted.address), &Trust::Platform, "nsroot");
    let chain = http.send(&version()).await.unwrap_err().chain();
    assert!(chain.ends_with("if it speaks TLS: write https://"), "{chain}");
}

/// A server of one answer, which says whether a second request came.
async fn answer_once(answer: &'static str) -> (SocketAddr, tokio::task::JoinHandle<TcpListener>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _): (TcpStream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(answer.as_bytes()).await.unwrap();
        listener
    });
    (address, task)
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (address, task) = answer_once(answer).await;
    let error = client(&format!("http://{address}"), &Trust::Platform, "nsroot")
        .send(&version())
        .await
        .unwrap_err();
    assert!(error.chain().contains("302"), "{error:?}");
    let listener = task.await.unwrap();
    let second = tokio::time::timeout(Duration::from_millis(20), listener.accept()).await;
    assert!(second.is_err(), "nobody came for the second time");
}

#[tokio::test]
async fn an_answer_that_is_half_a_json_is_not_guessed_at() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{ \"errorcode\": 0, \"me";
    let (address, _task) = answer_once(answer).await;
    let client = client(&format!("http://{address}"), &Trust::Platform, "nsroot");
    let error = client.send(&version()).await.unwrap_err();
    assert!(error.chain().contains("JSON"), "{}", error.chain());
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_not_waited_for_without_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let request = HttpRequest {
        method: Method::Get,
        target: "/nitro/v1/config/nsversion".to_owned(),
        headers: Vec::new(),
        body: None,
        timeout: Duration::from_millis(20),
    };
    let error = Https::new(&url, &Trust::Platform).unwrap().send(request).await.unwrap_err();
    assert!(matches!(error, SendError::NoAnswer { .. }), "{error:?}");
}
