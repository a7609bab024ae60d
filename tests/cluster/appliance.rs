//! The appliance of a test: mock-nitro over HTTP, in a thread of its own, with its state at hand.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use jiff::Timestamp;
use mock_nitro::fault::{Fault, Faults, Faulty};
use mock_nitro::message::Request;
use mock_nitro::server::Server;
use mock_nitro::{Appliance, Hardware, JournalEntry, Options};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::running::runtime;

/// An appliance that answers.
pub(crate) struct Mock {
    /// Its management address.
    pub(crate) url: String,
    server: Server,
    address: SocketAddr,
    serving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Mock {
    /// A fresh one.
    pub(crate) fn start() -> Self {
        Self::with(Options::default())
    }

    /// A fresh one with these options, on hardware of its own.
    pub(crate) fn with(options: Options) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1000);
        let hardware = Hardware::numbered(NEXT.fetch_add(1, Ordering::Relaxed));
        let options = Options { now: Timestamp::now(), default_profile: true, hardware, ..options };
        let faulty = Faulty::new(Appliance::new(options), Faults::none());
        let server = Server::new(faulty, None, Timestamp::now);
        server.with(|node| node.appliance.journal_on());
        Self::of(server)
    }

    /// One node of what is served.
    pub(crate) fn of(server: Server) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let mut mock = Self { url: format!("http://{address}"), server, address, serving: None };
        mock.serve(listener);
        mock
    }

    /// Stops to listen: connections are refused.
    pub(crate) fn go_down(&mut self) {
        if let Some((stop, thread)) = self.serving.take() {
            stop.send(()).unwrap();
            thread.join().unwrap();
        }
    }

    /// Listens again at the same address.
    pub(crate) fn come_up(&mut self) {
        self.serve(std::net::TcpListener::bind(self.address).unwrap());
    }

    fn serve(&mut self, listener: std::net::TcpListener) {
        listener.set_nonblocking(true).unwrap();
        let (server, (stop, stopped)) = (self.server.clone(), oneshot::channel());
        let thread = thread::spawn(move || {
            runtime().block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                let told = async move { drop(stopped.await) };
                server.serve_until(listener, None, told).await.unwrap();
            });
        });
        self.serving = Some((stop, thread));
    }

    /// Does something with the appliance between two requests.
    pub(crate) fn act<T>(&self, act: impl FnOnce(&mut Faulty) -> T) -> T {
        self.server.with(act)
    }

    /// The other node of the pair takes over, and sessions go on.
    pub(crate) fn hand_over(&self) {
        self.server.hand_over();
    }

    /// The other node of the pair takes over.
    pub(crate) fn failover(&self) {
        self.server.failover();
    }

    /// Every request that was sent since the journal was last cleared.
    pub(crate) fn journal(&self) -> Vec<JournalEntry> {
        self.act(|node| node.appliance.journal().to_vec())
    }

    /// Forgets the requests so far.
    pub(crate) fn clear_journal(&self) {
        self.act(|node| node.appliance.clear_journal());
    }

    /// The requests that would change something.
    pub(crate) fn writes(&self) -> Vec<String> {
        let is_write = |entry: &&JournalEntry| {
            entry.method != "GET"
                && !["/login", "/logout", "/systemsession"]
                    .iter()
                    .any(|end| entry.path.ends_with(end))
                && entry.query.as_deref() != Some("action=diff")
        };
        let show = |entry: &JournalEntry| {
            let query = entry.query.as_deref().map(|query| format!("?{query}"));
            format!("{} {}{} {}", entry.method, entry.path, query.unwrap_or_default(), entry.body)
        };
        self.journal().iter().filter(is_write).map(show).collect()
    }

    /// How many sessions somebody has ended.
    pub(crate) fn ended_sessions(&self) -> usize {
        let is_end =
            |entry: &&JournalEntry| entry.method != "GET" && entry.path.ends_with("/systemsession");
        self.journal().iter().filter(is_end).count()
    }

    /// Sends a request as an administrator would, and gives status and body.
    pub(crate) fn by_hand(&self, method: &str, target: &str, body: &Value) -> String {
        let request = by_hand(method, target, body);
        let response = self.act(|node| node.appliance.handle(&request));
        format!("{} {}", response.status, String::from_utf8_lossy(&response.body))
    }

    /// Ends all sessions and opens as many as there may be, before anybody else can. How many those
    /// are.
    pub(crate) fn take_all_sessions(&self) -> usize {
        let body = json!({ "login": { "username": "nsroot", "password": "nsroot" } });
        let login = by_hand("POST", "login", &body);
        self.act(|node| {
            node.appliance.expire_sessions();
            (0..100).take_while(|_| node.appliance.handle(&login).status == 201).count()
        })
    }

    /// Lets every request take a while.
    pub(crate) fn slow_down(&self) {
        let latency = Fault::Latency(Duration::from_millis(200));
        self.act(|node| node.faults = Faults::always(latency));
    }

    /// Puts another box behind the same address, fresh from the factory.
    pub(crate) fn replace(&self, hardware: Hardware) {
        let options = Options {
            now: Timestamp::now(),
            default_profile: true,
            hardware,
            ..Options::default()
        };
        self.act(|node| {
            node.appliance = Appliance::new(options);
            node.appliance.handle(&own_address());
            node.appliance.clear_journal();
        });
    }

    /// Gives it an address of its own, as a CPX has one for everything.
    pub(crate) fn has_own_address(&self) {
        let answer = self.act(|node| node.appliance.handle(&own_address()));
        assert_eq!(answer.status, 201);
    }

    /// Takes a binding away as an administrator would.
    pub(crate) fn unbind_by_hand(&self, kind: &str, parent: &str, child: &[(&str, &Value)]) {
        let args = child.iter().map(|(field, value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            format!("{field}:{value}")
        });
        let args: Vec<String> = args.collect();
        let target = format!("{kind}/{parent}?args={}", args.join(","));
        let answer = self.by_hand("DELETE", &target, &Value::Null);
        assert!(answer.starts_with("200"), "{target}: {answer}");
    }

    /// The names of the objects of a type.
    pub(crate) fn names(&self, kind: &str) -> Vec<String> {
        let dump = self.act(|node| node.appliance.dump());
        let objects = dump["objects"][kind].as_object();
        objects.map(|all| all.keys().cloned().collect()).unwrap_or_default()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.go_down();
    }
}

/// A request of an administrator.
fn by_hand(method: &str, target: &str, body: &Value) -> Request {
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
    let headers = [("X-NITRO-USER", "nsroot"), ("X-NITRO-PASS", "nsroot")];
    Request {
        method: method.to_owned(),
        path: format!("/nitro/v1/config/{path}"),
        query: query.map(str::to_owned),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
    }
}

/// The address that an appliance has for itself.
pub(crate) const OWN_ADDRESS: &str = "192.0.2.99";

fn own_address() -> Request {
    let fields = json!({ "ipaddress": OWN_ADDRESS, "netmask": "255.255.255.0", "type": "NSIP" });
    by_hand("POST", "nsip", &json!({ "nsip": fields }))
}
