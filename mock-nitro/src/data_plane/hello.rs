//! The first message of TLS, by which it is decided what becomes of the rest.

use std::io;
use std::time::Duration;

use rustls::server::{Accepted, AcceptedAlert, Acceptor};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest first message.
const LONGEST: usize = 64 * 1024;

/// Why there is no first message of TLS.
pub(super) enum Failure {
    /// The client went away, or says too little or too much.
    Gone,
    /// It speaks something else. It can be told so.
    NotTls(rustls::Error, AcceptedAlert),
}

/// Reads the first message of TLS. Everything that was read is in `read` as well.
pub(super) async fn hello(
    client: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
) -> Result<Accepted, Failure> {
    timeout(PATIENCE, unhurried(client, read)).await.unwrap_or(Err(Failure::Gone))
}

async fn unhurried(
    client: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
) -> Result<Accepted, Failure> {
    let gone = |_: io::Error| Failure::Gone;
    let mut acceptor = Acceptor::default();
    loop {
        let start = read.len();
        if client.read_buf(read).await.map_err(gone)? == 0 || read.len() > LONGEST {
            return Err(Failure::Gone);
        }
        acceptor.read_tls(&mut &read[start..]).map_err(gone)?;
        match acceptor.accept() {
            Ok(None) => {}
            Ok(Some(accepted)) => return Ok(accepted),
            Err((error, alert)) => return Err(Failure::NotTls(error, alert)),
        }
    }
}
