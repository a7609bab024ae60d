//! Connections to members.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::eval::Member;
use crate::state::State;

/// How long a member may take to answer a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection, with or without TLS.
pub(super) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// Connects to a member as its group or service says.
pub(super) async fn connect(_state: &State, member: &Member) -> io::Result<Box<dyn Io>> {
    let connecting = TcpStream::connect((member.address.as_str(), member.port));
    let stream = timeout(PATIENCE, connecting).await.map_err(|_| io::ErrorKind::TimedOut)??;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}
