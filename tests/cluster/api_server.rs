//! An API server and its etcd, alone on their machine: no kubelet, no scheduler, no controllers.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kube::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tempfile::TempDir;

use crate::access::{ADMIN, NOBODY, User};
use crate::authority::Authority;
use crate::leashed::{Folder, Leashed};
use crate::programs;
use crate::wait::try_wait_for;

/// What the servers of one run share.
#[derive(Debug)]
pub(crate) struct Cluster {
    // Dropped in this order: a server lingers if its etcd goes first.
    /// The API server for every test that leaves it as it is.
    pub(crate) server: ApiServer,
    etcd: Leashed,
    folder: TempDir,
    count: AtomicUsize,
}

/// An API server.
#[derive(Debug)]
pub(crate) struct ApiServer {
    /// Where it answers.
    pub(crate) url: String,
    /// The authority of its certificate, in PEM.
    pub(crate) ca: String,
    /// Where its files are: the socket of etcd, keys, tokens, logs.
    pub(crate) folder: PathBuf,
    /// Its name in there.
    pub(crate) name: String,
    port: u16,
    process: Mutex<Option<Leashed>>,
}

/// Sockets rather than ports, which others could take; they are files, relative to the folder.
const ETCD: &str = "unix://etcd:1";
const ETCD_PEERS: &str = "unix://etcd:2";

/// From start to ready takes two to five seconds.
const START: Duration = Duration::from_mins(1);

/// How often another port is tried.
const PORTS: usize = 5;

const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
";

impl Cluster {
    /// Starts etcd and the API server that tests share.
    pub(crate) async fn start() -> Result<Self, String> {
        let programs = (programs::find("etcd")?, programs::find("kube-apiserver")?);
        let folder = TempDir::with_prefix("nitro-ingress-cluster-").map_err(unprepared)?;
        let path = folder.path();
        let ca = write_files(path).map_err(unprepared)?;
        let arguments = [
            "--data-dir=etcd".to_owned(),
            "--unsafe-no-fsync".to_owned(),
            format!("--listen-client-urls={ETCD}"),
            format!("--advertise-client-urls={ETCD}"),
            format!("--listen-peer-urls={ETCD_PEERS}"),
            format!("--initial-advertise-peer-urls={ETCD_PEERS}"),
            format!("--initial-cluster=default={ETCD_PEERS}"),
        ];
        let etcd = Leashed::start("etcd", &programs.0, (path, Folder::Removed), &arguments)?;
        let server = ApiServer::start("shared", path, ca).await;
        let server = server.map_err(|why| format!("{why}\netcd: {}", etcd.log()))?;
        Ok(Self { server, etcd, folder, count: AtomicUsize::new(1) })
    }

    /// Another API server, which shares nothing with the first, for a test that does things to it.
    pub(crate) async fn own_server(&self) -> ApiServer {
        let name = format!("own-{}", self.count.fetch_add(1, Ordering::Relaxed));
        let ca = self.server.ca.clone();
        ApiServer::start(&name, self.folder.path(), ca).await.unwrap_or_else(|why| panic!("{why}"))
    }

    /// The process ids of etcd and the shared API server.
    pub(crate) fn pids(&self) -> [u32; 2] {
        let server = self.server.process.lock().unwrap();
        [self.etcd.pid, server.as_ref().expect("it runs").pid]
    }
}

impl ApiServer {
    async fn start(name: &str, folder: &Path, ca: String) -> Result<Self, String> {
        let mut tries = 0;
        loop {
            tries += 1;
            // Somebody else may take it before the server does.
            let listener = TcpListener::bind("127.0.0.1:0").map_err(unprepared)?;
            let port = listener.local_addr().map_err(unprepared)?.port();
            drop(listener);
            let server = Self {
                url: format!("https://127.0.0.1:{port}"),
                ca: ca.clone(),
                folder: folder.to_owned(),
                name: name.to_owned(),
                port,
                process: Mutex::new(None),
            };
            match server.run().await {
                Ok(()) => return Ok(server),
                Err(why) if why.contains("address already in use") && tries < PORTS => {}
                Err(why) => return Err(why),
            }
        }
    }

    /// Runs the program until it is ready.
    async fn run(&self) -> Result<(), String> {
        let program = programs::find("kube-apiserver")?;
        let folder = (self.folder.as_path(), Folder::Kept);
        let process = Leashed::start(&self.name, &program, folder, &self.arguments())?;
        *self.process.lock().unwrap() = Some(process);
        let client = self.client_with(ADMIN);
        let what = format!("the API server {:?}", self.name);
        let ready = try_wait_for(&what, START, async || {
            if let Err(ended) = self.with_process(Leashed::check) {
                return Ok(Err(ended));
            }
            let request = http::Request::get("/readyz").body(Vec::new()).expect("a valid request");
            client.request_text(request).await.map(|_ok| Ok(()))
        })
        .await;
        match ready {
            Ok(end) => end,
            Err(late) => Err(format!("{late}\n{}", self.with_process(|process| process.log()))),
        }
    }

    fn arguments(&self) -> Vec<String> {
        let Self { name, port, .. } = self;
        let mut arguments = vec![
            format!("--etcd-servers={ETCD}"),
            format!("--etcd-prefix=/{name}"),
            format!("--secure-port={port}"),
            format!("--audit-log-path={}", self.audit_log().display()),
        ];
        let others = [
            "--bind-address=127.0.0.1",
            // Without these two it wants a default route, and publishes the address of this machine.
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--tls-cert-file=server.crt",
            "--tls-private-key-file=server.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-account-key-file=accounts.crt",
            "--service-account-signing-key-file=accounts.key",
            "--token-auth-file=tokens.csv",
            "--authorization-mode=RBAC",
            "--audit-policy-file=audit.yaml",
            "--service-cluster-ip-range=10.0.0.0/24",
            "--allow-privileged=true",
            // Nobody makes the default ServiceAccount of a namespace here.
            "--disable-admission-plugins=ServiceAccount",
        ];
        arguments.extend(others.map(str::to_owned));
        arguments
    }

    fn with_process<T>(&self, act: impl FnOnce(&mut Leashed) -> T) -> T {
        act(self.process.lock().unwrap().as_mut().expect("the server runs"))
    }

    /// Where it writes who asked for what.
    pub(crate) fn audit_log(&self) -> PathBuf {
        self.folder.join(format!("{}.audit", self.name))
    }

    /// Lets it answer nobody, without closing a connection.
    pub(crate) fn pause(&self) {
        self.with_process(|process| process.signal("STOP"));
    }

    /// Ends a pause.
    pub(crate) fn resume(&self) {
        self.with_process(|process| process.signal("CONT"));
    }

    /// Kills it; what it holds stays in etcd.
    pub(crate) fn kill(&self) {
        *self.process.lock().unwrap() = None;
    }

    /// Starts it again after a kill, at the same address.
    pub(crate) async fn start_again(&self) {
        self.run().await.unwrap_or_else(|why| panic!("{why}"));
    }

    /// A client that may do everything. It belongs to the test that asks for it.
    pub(crate) fn client(&self) -> Client {
        self.client_with(ADMIN)
    }

    /// A client of this user.
    pub(crate) fn client_as(&self, user: &User) -> Client {
        self.client_with(&user.token)
    }

    fn client_with(&self, token: &str) -> Client {
        let mut config = kube::Config::new(self.url.parse().expect("a valid address"));
        let ca = CertificateDer::from_pem_slice(self.ca.as_bytes()).expect("a certificate");
        config.root_cert = Some(vec![ca.to_vec()]);
        config.auth_info.token = Some(token.to_owned().into());
        Client::try_from(config).unwrap()
    }
}

/// The files that every server of this run reads; gives the authority of their certificate.
fn write_files(folder: &Path) -> std::io::Result<String> {
    let authority = Authority::new("nitro-ingress tests");
    let server = authority.issue_for(vec!["127.0.0.1".to_owned(), "localhost".to_owned()]);
    let accounts = authority.issue("service accounts");
    fs::write(folder.join("authority.crt"), authority.pem())?;
    fs::write(folder.join("server.crt"), &server.certificate)?;
    fs::write(folder.join("server.key"), server.key.serialize_pem())?;
    fs::write(folder.join("accounts.crt"), &accounts.certificate)?;
    fs::write(folder.join("accounts.key"), accounts.key.serialize_pem())?;
    let users =
        [format!("{ADMIN},{ADMIN},{ADMIN},system:masters"), format!("{NOBODY},{NOBODY},{NOBODY}")];
    fs::write(folder.join("tokens.csv"), users.join("\n"))?;
    fs::write(folder.join("audit.yaml"), AUDIT_POLICY)?;
    Ok(authority.pem())
}

#[expect(clippy::needless_pass_by_value, reason = "map_err gives it away")]
fn unprepared(error: std::io::Error) -> String {
    format!("cannot prepare the servers: {error}")
}
