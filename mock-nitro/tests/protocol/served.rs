//! A server in the hands of a test, which changes and looks at the appliance while it is served.

use std::net::SocketAddr;

use mock_nitro::fault::{Fault, Faults, Faulty};
use mock_nitro::server::Server;
use mock_nitro::{Appliance, Hardware, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::{Client, noon};
use crate::http::ask;

const VERSION: &str = "GET /nitro/v1/config/nsversion";
const SERVER: &str = "GET /nitro/v1/config/server/a";
const ADD: (&str, &str) = ("POST server", r#"{"server":{"name":"a","ipaddress":"192.0.2.1"}}"#);

/// A server that runs until it is told to end.
struct Running {
    server: Server,
    address: SocketAddr,
    tell: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

impl Running {
    async fn start(server: Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, told) = oneshot::channel();
        let told = async { told.await.unwrap() };
        let ended = tokio::spawn(server.clone().serve_until(listener, None, told));
        Self { server, address, tell, ended }
    }

    async fn fresh() -> Self {
        let faulty = Faulty::new(Client::new().appliance, Faults::none());
        Self::start(Server::new(faulty, None, noon)).await
    }

    async fn status(&self, head: &str) -> u16 {
        let answer = ask(&self.address.to_string(), head, "").await;
        answer.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
    }
}

/// Asks over a connection that stays open. Whether there was an answer.
async fn is_answered(connection: &mut TcpStream) -> bool {
    let request = "GET /nitro/v1/config/nsversion HTTP/1.1\r\nHost: x\r\n\r\n";
    // A connection that is closed may take what is written, or not.
    let _written = connection.write_all(request.as_bytes()).await;
    connection.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0)
}

#[tokio::test]
async fn the_appliance_can_be_changed_by_hand_while_it_is_served() {
    let running = Running::fresh().await;
    let server = &running.server;
    assert_eq!(running.status(SERVER).await, 404);
    let mut client = Client::new();
    let add = client.request(ADD.0, ADD.1);
    server.with(|node| node.appliance.handle(&add));
    assert_eq!(running.status(SERVER).await, 200);
    server.with(|node| node.appliance.reboot());
    assert_eq!(running.status(SERVER).await, 404);
    let options = Options { hardware: Hardware::numbered(7), ..Options::default() };
    server.with(|node| node.appliance = Appliance::new(options));
    let hardware = ask(&running.address.to_string(), "GET /nitro/v1/config/nshardware", "").await;
    assert!(hardware.contains(r#""hostid": 7, "#), "{hardware}");
    server.with(|node| std::mem::swap(&mut node.appliance, &mut client.appliance));
    client.expect(&[("GET nshardware", "", "200 OK", r#""hostid": 7, "#)]);
}

#[tokio::test]
async fn the_journal_can_be_read_while_it_is_kept() {
    let running = Running::fresh().await;
    running.status(VERSION).await;
    running.server.with(|node| {
        assert!(node.appliance.journal().is_empty());
        node.appliance.journal_on();
        node.appliance.handle(&Client::new().request(ADD.0, ADD.1));
    });
    running.status(SERVER).await;
    let journal = running.server.with(|node| node.appliance.journal().to_vec());
    let methods: Vec<_> =
        journal.iter().map(|entry| (entry.method.as_str(), entry.client.is_some())).collect();
    assert_eq!(methods, [("POST", false), ("GET", true)]);
}

#[tokio::test]
async fn faults_come_and_go_while_it_is_served() {
    let running = Running::fresh().await;
    running.server.with(|node| node.faults = Faults::always(Fault::Unavailable));
    assert_eq!([running.status(VERSION).await, running.status(VERSION).await], [503, 503]);
    running.server.with(|node| node.faults = Faults::none());
    assert_eq!(running.status(VERSION).await, 200);
}

#[tokio::test]
async fn an_unreachable_appliance_drops_old_and_new_connections() {
    let running = Running::fresh().await;
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    assert!(is_answered(&mut connection).await);
    running.server.with(|node| node.faults = Faults::unreachable());
    assert!(!is_answered(&mut connection).await);
    assert_eq!(running.status(VERSION).await, 0);
    running.server.with(|node| node.faults = Faults::none());
    assert_eq!(running.status(VERSION).await, 200);
}

#[tokio::test]
async fn a_server_ends_when_it_is_told_to_and_can_be_served_again() {
    let running = Running::fresh().await;
    let mut connection = TcpStream::connect(running.address).await.unwrap();
    assert!(is_answered(&mut connection).await);
    running.server.with(|node| node.appliance.handle(&Client::new().request(ADD.0, ADD.1)));
    let Running { server, address, tell, ended } = running;
    tell.send(()).unwrap();
    ended.await.unwrap().unwrap();
    assert!(!is_answered(&mut connection).await);
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
    let again = Running::start(server).await;
    assert_eq!(again.status(SERVER).await, 200);
}

#[tokio::test]
async fn a_request_or_its_answer_is_held_while_others_are_answered() {
    for (fault, status) in [(Fault::HeldBefore, 404), (Fault::HeldAfter, 200)] {
        let running = Running::fresh().await;
        running.server.with(|node| node.faults = Faults::none().at_write(1, fault));
        let address = running.address.to_string();
        let (line, body) = ("POST /nitro/v1/config/server", ADD.1);
        let held = tokio::spawn(async move { ask(&address, line, body).await });
        while !running.server.with(|node| node.faults.are_holding()) {
            tokio::task::yield_now().await;
        }
        assert_eq!(running.status(SERVER).await, status);
        assert!(!held.is_finished());
        running.server.with(|node| node.faults = Faults::none());
        assert!(held.await.unwrap().contains(" 201 "));
        assert_eq!(running.status(SERVER).await, 200);
    }
}
