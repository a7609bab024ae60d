//! The sockets of the virtual servers.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinSet};

use super::{Endpoint, Plane, front, locked};
use crate::eval;
use crate::state::{State, Unopened};

/// All open sockets, by what the configuration calls their address.
pub(super) struct Listeners {
    runtime: Handle,
    open: BTreeMap<Endpoint, Listener>,
    unopened: Unopened,
}

/// One open socket. It is closed when this is dropped, not some time later, so that its address can
/// be taken again at once.
struct Listener {
    address: SocketAddr,
    socket: Socket,
    accepting: AbortHandle,
}

type Socket = Arc<Mutex<Option<TcpListener>>>;

impl Drop for Listener {
    fn drop(&mut self) {
        locked(&self.socket).take();
        // Its connections end with it.
        self.accepting.abort();
    }
}

impl Listeners {
    pub(super) fn new(runtime: Handle) -> Self {
        Self { runtime, open: BTreeMap::new(), unopened: Unopened::new() }
    }

    /// Where it listens for what is sent to this endpoint.
    pub(super) fn at(&self, endpoint: Endpoint) -> Option<SocketAddr> {
        self.open.get(&endpoint).map(|listener| listener.address)
    }

    /// Closes what the configuration does not have, opens what it has, and says what cannot be
    /// opened. What could not be opened before is tried again.
    pub(super) fn follow(&mut self, state: &State, plane: &Arc<Plane>) -> Unopened {
        let wanted = eval::listeners(state);
        let wanted = wanted.into_iter().map(|(vip, port)| Endpoint { vip, port });
        let wanted: BTreeSet<Endpoint> = wanted.collect();
        self.open.retain(|endpoint, _| wanted.contains(endpoint));
        let mut unopened = Unopened::new();
        for endpoint in wanted {
            if self.open.contains_key(&endpoint) {
                continue;
            }
            match self.listen(endpoint, plane) {
                Ok(listener) => {
                    self.open.insert(endpoint, listener);
                }
                Err(error) => {
                    let Endpoint { vip, port } = endpoint;
                    let at = plane.place(endpoint).unwrap_or_else(|| (vip, port).into());
                    let text = format!("cannot listen on {at}: {error}");
                    if self.unopened.get(&(vip, port)) != Some(&text) {
                        plane.log(&text);
                    }
                    unopened.insert((vip, port), text);
                }
            }
        }
        self.unopened.clone_from(&unopened);
        unopened
    }

    fn listen(&self, endpoint: Endpoint, plane: &Arc<Plane>) -> io::Result<Listener> {
        let at = plane.place(endpoint);
        let at = at.ok_or_else(|| io::Error::other("there are no such high ports"))?;
        let socket = StdListener::bind(at)?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let _in_runtime = self.runtime.enter();
        let socket: Socket = Arc::new(Mutex::new(Some(TcpListener::from_std(socket)?)));
        let accepting = accept(Arc::clone(&socket), endpoint, Arc::clone(plane));
        let accepting = self.runtime.spawn(accepting).abort_handle();
        Ok(Listener { address, socket, accepting })
    }
}

/// Takes connections until the socket is closed.
async fn accept(socket: Socket, endpoint: Endpoint, plane: Arc<Plane>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = next(&socket) => match accepted {
                None => return,
                Some(Ok((stream, peer))) => {
                    connections.spawn(front::serve(Arc::clone(&plane), endpoint, stream, peer));
                }
                // Too many open files, for example: it passes when some are closed.
                Some(Err(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// The next connection, or nothing once the socket is closed.
async fn next(socket: &Socket) -> Option<io::Result<(TcpStream, SocketAddr)>> {
    std::future::poll_fn(|context| match &*locked(socket) {
        None => Poll::Ready(None),
        Some(listener) => listener.poll_accept(context).map(Some),
    })
    .await
}
