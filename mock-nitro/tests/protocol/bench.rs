//! An appliance served over HTTP on loopback, for tests of its workbench.

use std::io::Write;

use mock_nitro::Appliance;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::Server;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::{Client, noon};
use crate::http;

/// A server on loopback.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) address: String,
}

impl Bench {
    pub(crate) async fn new() -> Self {
        Self::with(Client::new().appliance, Some(Box::new(std::io::sink()))).await
    }

    pub(crate) async fn with(appliance: Appliance, journal: Option<Box<dyn Write + Send>>) -> Self {
        let faulty = Faulty::new(appliance, Faults::none());
        Self::of(Server::new(faulty, journal, noon)).await
    }

    pub(crate) async fn of(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(server.clone().serve(listener, None));
        Self { server, address }
    }

    /// Asks for `METHOD operation` below `/mock/`, or for a path with a slash.
    pub(crate) async fn ask(&self, line: &str, body: &str) -> (u16, String) {
        let (method, target) = line.split_once(' ').unwrap();
        let path = match target.strip_prefix('/') {
            Some(path) => format!("/{path}"),
            None => format!("/mock/{target}"),
        };
        let answer = http::ask(&self.address, &format!("{method} {path}"), body).await;
        let status = answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        (status, answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned())
    }

    /// The same for what must succeed.
    pub(crate) async fn json(&self, line: &str, body: &str) -> Value {
        let (status, answer) = self.ask(line, body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        serde_json::from_str(&answer).unwrap()
    }

    /// Adds a server over NITRO, and says what the status was; 0 if there was no answer.
    pub(crate) async fn add(&self, name: &str) -> u16 {
        let body = json!({"server": {"name": name, "ipaddress": address_for(name)}});
        self.ask("POST /nitro/v1/config/server", &body.to_string()).await.0
    }

    pub(crate) async fn has(&self, name: &str) -> bool {
        self.ask(&format!("GET /nitro/v1/config/server/{name}"), "").await.0 == 200
    }

    pub(crate) async fn save(&self) {
        let line = "POST /nitro/v1/config/nsconfig?action=save";
        assert_eq!(self.ask(line, r#"{"nsconfig":{}}"#).await.0, 200);
    }
}

/// No two servers have the same address.
fn address_for(name: &str) -> String {
    let sum: u32 = name.bytes().map(u32::from).sum();
    format!("192.0.2.{}", sum % 256)
}

pub(crate) fn upload(name: &str, content: &str) -> String {
    use base64::Engine as _;
    let content = base64::engine::general_purpose::STANDARD.encode(content);
    json!({"systemfile": {
        "filename": name, "filelocation": "/nsconfig/ssl", "filecontent": content,
    }})
    .to_string()
}
