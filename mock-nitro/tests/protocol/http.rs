//! The server on loopback: what is on the wire, to the letter.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mock_nitro::fault::{Fault, Faults, Faulty};
use mock_nitro::server::{Server, tls};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::client::{Client, noon};

/// A journal that a test can read.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<u8>>>);

impl Journal {
    /// What was written.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Journal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn serve(faults: Faults, tls: Option<tokio_rustls::TlsAcceptor>) -> (String, Journal) {
    let journal = Journal::default();
    let shaky = Faulty::new(Client::new().appliance, faults);
    let server = Server::new(shaky, Some(Box::new(journal.clone())), noon);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(server.serve(listener, tls));
    (address, journal)
}

/// Sends a request over a connection and reads until the server closes it.
async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &str, body: &str) -> String {
    let request = format!(
        "{head} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Nitro-User: nsroot\r\n\
         X-Nitro-Pass: nsroot\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    // A reset is an answer too: an empty one.
    let _ended = tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
    String::from_utf8(answer).unwrap()
}

pub(crate) async fn ask(address: &str, head: &str, body: &str) -> String {
    talk(TcpStream::connect(address).await.unwrap(), head, body).await
}

#[tokio::test]
async fn status_lines_are_exact() {
    let (address, journal) = serve(Faults::none(), None).await;
    let server =
        r#"{"server":[{"name":"a","ipaddress":"192.0.2.1"},{"name":"a","ipaddress":"192.0.2.1"}]}"#;
    let update = r#"{"server":{"name":"a","domain":"a.example"}}"#;
    for (head, body, line) in [
        ("GET /nitro/v1/config/nsversion", "", "HTTP/1.1 200 OK\r\n"),
        (
            "POST /nitro/v1/config/login",
            r#"{"login":{"username":"nsroot","password":"nsroot"}}"#,
            "HTTP/1.1 201 Created\r\n",
        ),
        ("POST /nitro/v1/config/server", server, "HTTP/1.1 207 Multi Status\r\n"),
        ("PUT /nitro/v1/config/server/a", update, "HTTP/1.1 599 Netscaler specific error\r\n"),
        ("GET /nitro/v1/config//server/b%252Fc", "", "HTTP/1.1 404 Not Found\r\n"),
        (
            "POST /nitro/v1/config/lbvserver?warning=yes",
            r#"{"lbvserver":{"name":"v","servicetype":"HTTP"}}"#,
            "HTTP/1.1 209 X-NITRO-WARNING\r\n",
        ),
    ] {
        let answer = ask(&address, head, body).await;
        assert!(answer.starts_with(line), "{head}: {answer}");
    }
    let journal = journal.text();
    assert_eq!(journal.lines().count(), 6);
    assert!(
        journal.contains(r#""path":"/nitro/v1/config//server/b%252Fc","status":404"#),
        "{journal}"
    );
    assert!(journal.contains(r#""password":"***""#), "{journal}");
    assert!(journal.contains(r#""client":"127.0.0.1:"#), "{journal}");
}

#[tokio::test]
async fn a_lost_answer_ends_the_connection() {
    let faults = Faults::none().at(1, Fault::ResetBefore).at(2, Fault::ResetAfter);
    let (address, _) = serve(faults, None).await;
    let add =
        ("POST /nitro/v1/config/server", r#"{"server":{"name":"a","ipaddress":"192.0.2.1"}}"#);
    assert_eq!(ask(&address, add.0, add.1).await, "");
    assert_eq!(ask(&address, add.0, add.1).await, "");
    assert!(ask(&address, add.0, add.1).await.contains("273"), "the second one was carried out");
}

#[tokio::test]
async fn tls_clients_can_verify_the_certificate() {
    let identity = tls::self_signed(&[]).unwrap();
    let (address, _) = serve(Faults::none(), Some(tls::acceptor(&identity).unwrap())).await;
    let mut roots = rustls::RootCertStore::empty();
    let pem = identity.certificate.as_bytes();
    let certificate =
        <rustls_pki_types::CertificateDer<'_> as rustls_pki_types::pem::PemObject>::from_pem_slice(
            pem,
        );
    roots.add(certificate.unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(&address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, stream).await.unwrap();
    let answer = talk(stream, "GET /nitro/v1/config/nsversion", "").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}
