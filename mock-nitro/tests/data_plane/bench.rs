//! An appliance that carries traffic, back ends behind it, and clients in front of it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::Timestamp;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::message::Request;
use mock_nitro::server::Server;
use mock_nitro::{Appliance, DataPlane, Options, Placement, backend};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::authority::{Authority, Identity};

/// How long anything here may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// An appliance with the address [`Bench::vip`], and everything that runs for a test.
pub(crate) struct Bench {
    pub(crate) server: Server,
    /// An address of loopback that no other test has.
    pub(crate) vip: IpAddr,
    pub(crate) log: Arc<Mutex<Vec<String>>>,
    tasks: JoinSet<()>,
}

/// An answer, as it stood on the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// What the back end saw.
    #[track_caller]
    pub(crate) fn seen(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// The values of a header.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .collect()
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU8 = AtomicU8::new(1);
        let vip = Ipv4Addr::new(127, 66, 0, NEXT.fetch_add(1, Ordering::Relaxed));
        let options = Options { default_profile: true, ..Options::default() };
        let faulty = Faulty::new(Appliance::new(options), Faults::none());
        let server = Server::new(faulty, None, Timestamp::now);
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let lines = Arc::clone(&log);
        let note = move |line: &str| lines.lock().unwrap().push(line.to_owned());
        let plane = DataPlane::new(
            Placement::Configured { port_offset: 0 },
            Timestamp::now,
            Box::new(note),
        );
        server.carry(plane);
        Self { server, vip: vip.into(), log, tasks: JoinSet::new() }
    }

    /// Sends NITRO commands that must succeed: method, path below `config/`, body.
    #[track_caller]
    pub(crate) fn configure(
        &self,
        commands: impl IntoIterator<Item = (&'static str, String, Value)>,
    ) {
        for (method, path, body) in commands {
            let (path, query) = match path.split_once('?') {
                Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
                None => (path, None),
            };
            let credentials = ["X-NITRO-USER", "X-NITRO-PASS"];
            let request = Request {
                method: method.to_owned(),
                path: format!("/nitro/v1/config/{path}"),
                query,
                headers: credentials.map(|name| (name.to_owned(), "nsroot".to_owned())).into(),
                body: if body.is_null() { Vec::new() } else { body.to_string().into_bytes() },
            };
            let response = self.server.with(|faulty| faulty.appliance.handle(&request));
            let text = String::from_utf8_lossy(&response.body).into_owned();
            assert!([200, 201].contains(&response.status), "{request:?}: {text}");
        }
    }

    /// Switches a feature on.
    pub(crate) fn enable(&self, feature: &str) {
        let body = json!({ "nsfeature": { "feature": [feature] } });
        self.configure([("POST", "nsfeature?action=enable".to_owned(), body)]);
    }

    /// Adds an object, or a binding.
    #[track_caller]
    pub(crate) fn add(&self, kind: &str, fields: &Value) {
        let method = if kind.ends_with("_binding") { "PUT" } else { "POST" };
        self.configure([(method, kind.to_owned(), json!({ kind: fields }))]);
    }

    /// A csvserver of this type at a port that the system finds free.
    pub(crate) async fn front(&self, servicetype: &str) -> u16 {
        let port = self.free_port().await;
        let fields = json!({
            "name": format!("front-{port}"), "servicetype": servicetype,
            "ipv46": self.vip.to_string(), "port": port,
        });
        self.add("csvserver", &fields);
        port
    }

    /// The address of no other test has many takers.
    pub(crate) async fn free_port(&self) -> u16 {
        TcpListener::bind((self.vip, 0)).await.unwrap().local_addr().unwrap().port()
    }

    /// An lbvserver `name` with a group of that name, whose members are new back ends.
    pub(crate) async fn back_end(
        &mut self,
        name: &str,
        servicetype: &str,
        members: usize,
    ) -> Vec<SocketAddr> {
        self.group(name, servicetype, servicetype);
        let mut addresses = Vec::new();
        for _ in 0..members {
            addresses.push(self.spawn(name, None).await);
        }
        addresses
    }

    fn group(&self, name: &str, balanced: &str, spoken: &str) {
        self.add("lbvserver", &json!({ "name": name, "servicetype": balanced }));
        self.add("servicegroup", &json!({ "servicegroupname": name, "servicetype": spoken }));
        let both = json!({ "name": name, "servicegroupname": name });
        self.add("lbvserver_servicegroup_binding", &both);
    }

    /// Starts a back end and makes it a member.
    async fn spawn(&mut self, group: &str, tls: Option<backend::Tls>) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.tasks.spawn(async { backend::serve(listener, tls).await.unwrap() });
        self.member(group, address);
        address
    }

    /// Binds a member to a group.
    pub(crate) fn member(&self, group: &str, address: SocketAddr) {
        let member = json!({
            "servicegroupname": group, "ip": address.ip().to_string(), "port": address.port(),
        });
        self.add("servicegroup_servicegroupmember_binding", &member);
    }

    /// Leads what a rule holds for to an lbvserver.
    pub(crate) fn route(&self, port: u16, priority: u32, rule: &str, lbvserver: &str) {
        let name = format!("p-{port}-{priority}");
        self.add("csaction", &json!({ "name": name, "targetlbvserver": lbvserver }));
        self.add("cspolicy", &json!({ "policyname": name, "rule": rule, "action": name }));
        let bound =
            json!({ "name": format!("front-{port}"), "policyname": name, "priority": priority });
        self.add("csvserver_cspolicy_binding", &bound);
    }

    /// Adds a file in `/nsconfig/ssl`.
    fn upload(&self, name: &str, content: &str) {
        let file = json!({
            "filename": name, "filelocation": "/nsconfig/ssl", "fileencoding": "BASE64",
            "filecontent": BASE64_STANDARD.encode(content),
        });
        self.add("systemfile", &file);
    }

    fn certkey(&self, name: &str, pem: &str, key: Option<&str>) {
        let mut certkey = json!({ "certkey": name, "cert": format!("{name}.crt") });
        self.upload(&format!("{name}.crt"), pem);
        if let Some(key) = key {
            self.upload(&format!("{name}.key"), key);
            certkey["key"] = format!("{name}.key").into();
        }
        self.add("sslcertkey", &certkey);
    }

    /// Gives a front end a profile of its own.
    pub(crate) fn profile(&self, port: u16, fields: &Value) {
        let mut profile = json!({ "name": format!("profile-{port}"), "sslprofiletype": "FrontEnd", "tls13": "ENABLED" });
        profile.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.add("sslprofile", &profile);
        let vserver = json!({ "vservername": format!("front-{port}"), "sslprofile": format!("profile-{port}") });
        self.configure([("PUT", "sslvserver".to_owned(), json!({ "sslvserver": vserver }))]);
    }

    /// Changes it.
    pub(crate) fn set_profile(&self, port: u16, fields: &Value) {
        let mut profile = json!({ "name": format!("profile-{port}") });
        profile.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.configure([("PUT", "sslprofile".to_owned(), json!({ "sslprofile": profile }))]);
    }

    /// Binds a certificate to a front end, in this role (`snicert`, or none: as the default one).
    pub(crate) fn certificate(&self, port: u16, name: &str, identity: &Identity, role: &str) {
        self.certkey(name, &identity.pem, Some(&identity.key));
        let mut binding = json!({ "vservername": format!("front-{port}"), "certkeyname": name });
        if !role.is_empty() {
            binding[role] = true.into();
        }
        self.add("sslvserver_sslcertkey_binding", &binding);
    }

    /// Lets a front end verify clients by a CA.
    pub(crate) fn authority(&self, port: u16, name: &str, authority: &Authority) {
        self.certkey(name, &authority.pem, None);
        let binding =
            json!({ "vservername": format!("front-{port}"), "certkeyname": name, "ca": true });
        self.add("sslvserver_sslcertkey_binding", &binding);
    }

    /// Lets a front end answer what a rule holds for with this status.
    pub(crate) fn respond(&self, port: u16, rule: &str, status: u16) {
        let name = format!("r-{port}-{status}");
        let target = format!("\"HTTP/1.1 {status} Refused\\r\\nContent-Length: 0\\r\\n\\r\\n\"");
        let action = json!({ "name": name, "type": "respondwith", "target": target });
        self.add("responderaction", &action);
        self.add("responderpolicy", &json!({ "name": name, "rule": rule, "action": name }));
        let bound =
            json!({ "name": format!("front-{port}"), "policyname": name, "priority": status });
        self.add("csvserver_responderpolicy_binding", &bound);
    }

    /// An lbvserver `name` with a group of that name in TLS, and one member.
    pub(crate) async fn back_end_tls(&mut self, name: &str, tls: backend::Tls) {
        self.group(name, "HTTP", "SSL");
        self.spawn(name, Some(tls)).await;
    }

    /// Lets a group show a certificate to its members.
    pub(crate) fn show(&self, group: &str, name: &str, identity: &Identity) {
        self.certkey(name, &identity.pem, Some(&identity.key));
        let binding = json!({ "servicegroupname": group, "certkeyname": name });
        self.add("sslservicegroup_sslcertkey_binding", &binding);
    }

    /// Lets a group verify its members by a CA.
    pub(crate) fn trust(&self, group: &str, name: &str, authority: &Authority) {
        self.certkey(name, &authority.pem, None);
        let binding = json!({ "servicegroupname": group, "certkeyname": name, "ca": true });
        self.add("sslservicegroup_sslcertkey_binding", &binding);
    }

    /// Gives a group a profile of its own.
    pub(crate) fn back_profile(&self, group: &str, fields: &Value) {
        let mut profile = json!({ "name": format!("back-{group}"), "sslprofiletype": "BackEnd" });
        profile.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.add("sslprofile", &profile);
        let of_group = json!({ "servicegroupname": group, "sslprofile": format!("back-{group}") });
        self.configure([(
            "PUT",
            "sslservicegroup".to_owned(),
            json!({ "sslservicegroup": of_group }),
        )]);
    }

    /// Changes it.
    pub(crate) fn set_back_profile(&self, group: &str, fields: &Value) {
        let mut profile = json!({ "name": format!("back-{group}") });
        profile.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        self.configure([("PUT", "sslprofile".to_owned(), json!({ "sslprofile": profile }))]);
    }

    /// Connects to the appliance.
    pub(crate) async fn connect(&self, port: u16) -> std::io::Result<TcpStream> {
        timeout(PATIENCE, TcpStream::connect((self.vip, port))).await.unwrap()
    }

    /// Sends a GET on a connection of its own.
    pub(crate) async fn get(&self, port: u16, host: &str, path: &str) -> Option<Answer> {
        let text = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        ask(self.connect(port).await.ok()?, &text).await
    }
}

/// Sends a text and reads the answer until the connection ends; nothing if none came.
pub(crate) async fn ask(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    text: &str,
) -> Option<Answer> {
    let mut read = Vec::new();
    let exchange = async {
        stream.write_all(text.as_bytes()).await?;
        stream.read_to_end(&mut read).await
    };
    // An error after the answer, such as one of a client that closes hastily, does not unsay it.
    let _ended = timeout(PATIENCE, exchange).await.unwrap();
    let text = String::from_utf8(read).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}
