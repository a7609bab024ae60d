//! Runs a strict NetScaler appliance on this machine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use mock_nitro::fault::{Faults, Faulty};
use mock_nitro::server::state_file::{self, StateFile};
use mock_nitro::server::{self, Server, tls};
use mock_nitro::{Appliance, DataPlane, Options, Placement, backend};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

/// A strict NetScaler appliance for tests and demos: the NITRO REST API without the hardware.
///
/// It refuses what an appliance refuses, with NITRO's own error codes, and forgets everything when
/// it ends, unless it has a file for its state.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLE, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    appliance: Settings,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Backend(BackendSettings),
}

/// Run a back end that answers each request with what it saw of it, as JSON
///
/// That is the request itself, and of TLS the version, the name that was asked for and the
/// certificate that was shown.
#[derive(Debug, Args)]
#[command(after_help = BACKEND_EXAMPLE)]
struct BackendSettings {
    /// Where to listen; port 0 takes any free port
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// Speak TLS with this certificate, and its chain, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key_file")]
    tls_cert_file: Option<PathBuf>,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    tls_key_file: Option<PathBuf>,
    /// Demand client certificates that lead to one of the CAs in this file, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    client_ca: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct Settings {
    /// Where to listen; port 0 takes any free port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9080")]
    listen: SocketAddr,
    /// Speak TLS, with a self-signed certificate unless one is given
    #[arg(long)]
    tls: bool,
    /// The certificate for TLS, in PEM
    #[arg(long, value_name = "FILE", requires = "tls", requires = "tls_key_file")]
    tls_cert_file: Option<PathBuf>,
    /// The private key of that certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert_file")]
    tls_key_file: Option<PathBuf>,
    /// Write the certificate here, so that clients can verify it
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_cert_out: Option<PathBuf>,
    /// Who may log in
    #[arg(long, value_name = "NAME", default_value = "nsroot")]
    username: String,
    /// With which password; better given by the environment, which other users cannot see
    #[arg(
        long,
        value_name = "TEXT",
        env = "MOCK_NITRO_PASSWORD",
        hide_env_values = true,
        default_value = "nsroot"
    )]
    password: String,
    /// Write every request here, one JSON object a line, secrets masked
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
    /// Whether the default SSL profile is enabled at the start; it cannot be disabled later
    #[arg(long, value_name = "STATE", default_value = "disabled")]
    default_profile: DefaultProfile,
    /// Keep configuration, files and certificates here, with their private keys, over restarts of
    /// this program; a file that is not there begins with a fresh appliance
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Carry traffic: open a listener for each enabled virtual server that has an address
    #[arg(long)]
    data_plane: bool,
    /// Let each of them listen on a port that is higher by this number
    #[arg(long, value_name = "NUMBER", default_value_t = 0, requires = "data_plane")]
    port_offset: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DefaultProfile {
    Enabled,
    Disabled,
}

const EXAMPLE: &str = "\
Example:
  mock-nitro --listen 127.0.0.1:9080 --journal journal.jsonl &
  curl -H 'X-NITRO-USER: nsroot' -H 'X-NITRO-PASS: nsroot' \\
    http://127.0.0.1:9080/nitro/v1/config/nsversion

  mock-nitro --data-plane --port-offset 8000 &
  # A vserver on port 443 of 127.0.0.10 listens on port 8443 of 127.0.0.10.

Beside NITRO, on requests from this machine only:
  GET /mock/ui             the configuration as a page for people
  GET /mock/state          the running configuration as JSON, without secrets
  GET /mock/digest         its SHA-256, secrets included
  GET /mock/journal        the last requests, secrets masked; DELETE forgets them
  GET /mock/faults         what goes wrong; PUT a list instead, DELETE ends it
  GET /mock/clock          the time; PUT {\"now\": TIME} sets it, DELETE follows the machine's
  POST /mock/check/begin   mark the start of a transition
  POST /mock/check/end     list the unsafe states since then
  POST /mock/reboot        restart from the saved configuration
  POST /mock/failover      end all sessions, as when another node takes over
  POST /mock/reset         begin again: no configuration, files, sessions, journal, faults";

const BACKEND_EXAMPLE: &str = "\
Example:
  mock-nitro backend --listen 127.0.0.1:8443 --tls-cert-file server.crt --tls-key-file server.key \\
    --client-ca appliances-ca.crt";

/// Why the program could not start.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    #[error("cannot use file {0:?}")]
    File(PathBuf, #[source] io::Error),
    #[error(transparent)]
    State(#[from] state_file::Error),
    #[error("cannot speak TLS")]
    Tls(#[from] tls::Error),
    #[error("cannot wait for signals")]
    Signal(#[source] io::Error),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    #[error("the server ended")]
    Serve(#[source] io::Error),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Arguments { appliance, command } = Arguments::parse();
    let ended = match command {
        None => run(appliance).await,
        Some(Command::Backend(settings)) => run_backend(settings).await,
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = format!("error: {error}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                text.push_str(": ");
                text.push_str(&cause.to_string());
                source = cause.source();
            }
            // Nobody is left to tell if standard error is gone too.
            let _written = writeln!(io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: Settings) -> Result<(), Error> {
    let tls = tls(&settings)?;
    let Settings { listen, username, password, journal, default_profile, .. } = settings;
    let (data_plane, port_offset) = (settings.data_plane, settings.port_offset);
    let options = Options {
        username,
        password,
        default_profile: default_profile == DefaultProfile::Enabled,
        now: Timestamp::now(),
        ..Options::default()
    };
    let file = settings.state.map(StateFile::new);
    let appliance = match &file {
        Some(file) => file.read(options)?,
        None => Appliance::new(options),
    };
    let journal = journal.map(|path| match File::create(&path) {
        Ok(file) => Ok(Box::new(file) as Box<dyn Write + Send>),
        Err(error) => Err(Error::File(path, error)),
    });
    let faulty = Faulty::new(appliance, Faults::none());
    let server = Server::new(faulty, journal.transpose()?, Timestamp::now);
    server.with(|node| node.appliance.journal_last(server::RECENT));
    // Nobody is left to tell if standard error is gone.
    let log = |line: &str| drop(writeln!(io::stderr(), "{line}"));
    if let Some(file) = file {
        server.keep(file, Box::new(log))?;
    }
    if data_plane {
        let placement = Placement::Configured { port_offset };
        server.carry(DataPlane::new(placement, Timestamp::now, Box::new(log)));
    }
    let listener = announced(listen, ("mock-nitro", tls.is_some())).await?;
    until_told(server.serve(listener, tls)).await
}

async fn run_backend(settings: BackendSettings) -> Result<(), Error> {
    let BackendSettings { listen, tls_cert_file, tls_key_file, client_ca } = settings;
    let tls = match (tls_cert_file, tls_key_file) {
        (Some(certificate), Some(key)) => {
            let identity = tls::Identity { certificate: read(&certificate)?, key: read(&key)? };
            let authorities = client_ca.as_deref().map(read).transpose()?;
            Some(backend::Tls::new(&identity, authorities.as_deref())?)
        }
        _ => None,
    };
    let listener = announced(listen, ("the back end", tls.is_some())).await?;
    until_told(backend::serve(listener, tls)).await
}

/// Listens, and says where.
async fn announced(listen: SocketAddr, (who, tls): (&str, bool)) -> Result<TcpListener, Error> {
    let cannot_listen = |error| Error::Listen(listen, error);
    let listener = TcpListener::bind(listen).await.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    let scheme = if tls { "https" } else { "http" };
    writeln!(io::stdout(), "{who} listens on {scheme}://{address}").map_err(Error::Output)?;
    Ok(listener)
}

/// Serves until a signal says that it is enough.
async fn until_told(serving: impl Future<Output = io::Result<()>>) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Signal)?;
    tokio::select! {
        ended = serving => ended.map_err(Error::Serve),
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Error::Signal),
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::File(path.to_owned(), error))
}

fn tls(settings: &Settings) -> Result<Option<TlsAcceptor>, Error> {
    if !settings.tls {
        return Ok(None);
    }
    let identity = match (&settings.tls_cert_file, &settings.tls_key_file) {
        (Some(certificate), Some(key)) => {
            tls::Identity { certificate: read(certificate)?, key: read(key)? }
        }
        _ => tls::self_signed(&[settings.listen.ip().to_string()])?,
    };
    if let Some(path) = &settings.tls_cert_out {
        fs::write(path, &identity.certificate).map_err(|error| Error::File(path.clone(), error))?;
    }
    Ok(Some(tls::acceptor(&identity)?))
}
